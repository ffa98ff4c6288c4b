//! Alterations: discussed, notified to the change control contact, agreed by both, and applied by nothing but a new version of the
//! agreement that is in force.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod school;

use exchange::alteration::{Alteration, State};
use exchange::authority::Person;
use exchange::ids::{AgreementId, PartyId};
use exchange::{Done, Node, Trouble};
use jiff::civil::date;
use school::*;

const NAME: &str = "dfe-demo/dfe/0001";
const TEXT: &str =
    "the census moves to another system in June: the columns of the return may change";

async fn discuss(node: &Node, name: &str, text: &str, who: &Person) -> Result<Done, Trouble> {
    let day = match name {
        "to-come" => date(2016, 4, 2),
        _ => date(2016, 3, 30),
    };
    node.discuss_alteration(&op(name), &agreement(), (text, day), who)
        .await
}

async fn take(node: &Node, name: &str, note: &str) -> Result<Done, Trouble> {
    node.take_alteration(&op(name), note, &officer()).await
}

async fn apply(node: &Node, name: &str, by: &AgreementId) -> Result<Done, Trouble> {
    node.apply_alteration(&op(name), NAME, by, &officer()).await
}

async fn stands(node: &Node) -> Alteration {
    node.find(NAME).await.unwrap().unwrap()
}

// shows: AGR-26
#[tokio::test]
async fn what_may_affect_an_agreement_is_discussed_notified_agreed_and_applied_by_its_new_version()
{
    let school = School::new(vec![Child::new(1).ground_a()]).await;
    school.on("2016-04-01");
    let (ho, dfe) = (&school.ho, &school.dfe);
    // Discussed, with what it is, on a day that was.
    for (name, text, who, rule) in [
        ("silent", " ", analyst(), "AGR-26"),
        ("to-come", TEXT, analyst(), "AGR-26"),
        ("role", TEXT, caseworker(), "SEC-09"),
    ] {
        assert_eq!(
            rules(&discuss(dfe, name, text, &who).await),
            [rule],
            "{name}"
        );
    }
    discuss(dfe, "discuss", TEXT, &analyst()).await.unwrap();
    assert_eq!(stands(dfe).await.state(), State::Discussed);
    let agree = async |node: &Node, name: &str, who: &Person| {
        node.agree_to_alteration(&op(name), NAME, who).await
    };
    // Nobody agrees to what was not notified, and whose it is has agreed by the notice.
    assert_eq!(rules(&agree(dfe, "own", &analyst()).await), ["AGR-26"]);

    // Notified: the paper is for the change control contact of the other party.
    let notify = async |name: &str| dfe.notify_alteration(&op(name), NAME, &analyst()).await;
    notify("notify").await.unwrap();
    assert_eq!(rules(&notify("twice").await), ["AGR-26"]);
    let of_dfe = PartyId::parse("dfe").unwrap();
    let contacts = dfe.change_control(&agreement(), &of_dfe).await.unwrap();
    let contacts: Vec<_> = contacts.into_values().flatten().collect();
    assert_eq!(contacts, ["agreements@ho.example"]);
    let notice = stands(dfe).await.note().unwrap().to_owned();
    let forged = notice.replace("June", "July");
    assert_eq!(rules(&take(ho, "forged", &forged).await), ["AGR-26"]);
    assert_eq!(rules(&take(dfe, "own-notice", &notice).await), ["AGR-26"]);
    take(ho, "take", &notice).await.unwrap();
    assert_eq!(rules(&take(ho, "take-twice", &notice).await), ["AGR-26"]);
    let here = stands(ho).await;
    assert_eq!(
        (here.state(), here.notice().text.as_str()),
        (State::Notified, TEXT)
    );

    // Not agreed, it is not applied.
    let new = AgreementId::parse("dfe-demo-2").unwrap();
    let old = text_of("dfe.yaml");
    let text = old.replace("agreement: dfe-demo\n", "agreement: dfe-demo-2\n");
    school.laid_too(&new, &text).await;
    assert_eq!(rules(&apply(ho, "early", &new).await), ["AGR-26", "AGR-21"]);
    assert_eq!(
        rules(&agree(ho, "agree-role", &caseworker()).await),
        ["SEC-09"]
    );
    agree(ho, "agree", &asset_owner()).await.unwrap();
    assert_eq!(
        rules(&agree(ho, "agree-twice", &asset_owner()).await),
        ["AGR-26"]
    );
    assert_eq!(stands(ho).await.state(), State::Agreed);
    assert_eq!(
        stands(dfe).await.state(),
        State::Notified,
        "each node has its own papers"
    );
    let home = PartyId::parse("ho").unwrap();
    let word = stands(ho).await.consents()[&home].clone().unwrap();
    assert_eq!(rules(&take(ho, "own-word", &word).await), ["AGR-26"]);
    take(dfe, "word", &word).await.unwrap();
    assert_eq!(rules(&take(dfe, "word-twice", &word).await), ["AGR-26"]);

    // Agreed, it is applied by no version that is not in force, nor by the old one.
    for node in [ho, dfe] {
        assert_eq!(stands(node).await.state(), State::Agreed);
        assert_eq!(rules(&apply(node, "old", &agreement()).await), ["AGR-26"]);
        assert_eq!(
            rules(&apply(node, "unsigned", &new).await),
            ["AGR-26", "AGR-21"]
        );
    }
    school.signed_too(&new).await;
    for node in [ho, dfe] {
        apply(node, "apply", &new).await.unwrap();
        assert_eq!(stands(node).await.applied(), Some(&new));
        assert_eq!(rules(&apply(node, "anew", &new).await), ["AGR-26"]);
    }

    // One that comes to nothing is withdrawn, with the reason.
    discuss(ho, "other", "another form of the list", &officer())
        .await
        .unwrap();
    let withdraw = async |name: &str, why: &str| {
        ho.withdraw_alteration(&op(name), "dfe-demo/ho/0001", why, &officer())
            .await
    };
    assert_eq!(rules(&withdraw("no-word", "").await), ["AGR-26"]);
    withdraw("withdraw", "the form stays").await.unwrap();
    assert_eq!(
        rules(&withdraw("again", "the form stays").await),
        ["AGR-26"]
    );
    school.settle().await;
    for (node, act, times) in [
        (dfe, "alteration.discussed", 1),
        (dfe, "alteration.notified", 1),
        (dfe, "alteration.agreed", 1),
        (dfe, "alteration.applied", 1),
        (ho, "alteration.received", 1),
        (ho, "alteration.agreed", 1),
        (ho, "alteration.applied", 1),
        (ho, "alteration.withdrawn", 1),
    ] {
        assert_eq!(school.acts(node, act).await, times, "{act}");
    }
}
