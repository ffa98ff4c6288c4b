//! One residence check with two suppliers, each under an agreement of its own: who is asked what, what their answers come to
//! together, and what is said where one of them does not answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod call;
mod common;

use std::collections::BTreeSet;

use call::{Counter, Fault, canaries, found_in};
use common::{caseworker, op, rules};
use exchange::Trouble;
use exchange::authority::Role;
use exchange::change::Aggregate as _;
use exchange::check::line::Line;
use exchange::check::{Caller, Checked, Guidance, Outcome, Request, Shown, Silence};
use exchange::ids::{AgreementId, FlowId, PartyId};
use exchange::pact::Move;
use exchange::retention::Holding;
use ledger::Entry;
use serde_json::Value;

const CHANGED: (&str, &str) = ("Test Changed", "QQ100012A");
const WORKER: (&str, &str) = ("Test Worker", "QQ100011A");
const FOUND: (&str, &str) = ("Test Found", "QQ100001A");

/// A request whose declaration names both departments.
fn request(name: &str, (person, nino): (&str, &str)) -> Request {
    let mut request = call::request(name, person, nino);
    let names = &mut request.declaration.as_mut().unwrap().names;
    names.push(PartyId::parse("hmrc").unwrap());
    request
}

fn of_another(name: &str, person: (&str, &str)) -> Request {
    let mut request = request(name, person);
    request.application = format!("GWF-CANARY-{name}").into();
    request
}

async fn told(counter: &Counter, request: &Request) -> Checked {
    let told = counter.ho.check(request, &Caller::Applicant).await;
    told.unwrap()
}

fn staff() -> Caller {
    Caller::Staff(caseworker())
}

fn refused(result: Result<Checked, Trouble>) -> Vec<&'static str> {
    rules(&result.map(|_| Vec::new()))
}

/// Who did not answer, and why.
fn silent(told: &Checked) -> Vec<(&str, Option<&str>, Silence)> {
    let each = told.unanswered.iter();
    each.map(|one| {
        let supplier = one.supplier.as_ref().map(PartyId::as_str);
        (one.agreement.as_str(), supplier, one.why)
    })
    .collect()
}

async fn shown(counter: &Counter, id: &AgreementId, name: &str) -> Vec<Shown> {
    let (of, all) = ((id, call::NUMBER), BTreeSet::new());
    let seen = counter.ho.months(&op(name), of, &caseworker(), &all).await;
    seen.unwrap().1
}

/// How many months of the longest view are `yes`, `no` and `unknown`.
fn count(shown: &Shown) -> [usize; 3] {
    let each = &shown.views[0].each;
    ["yes", "no", "unknown"].map(|word| each.iter().filter(|(_, said)| said == word).count())
}

/// What an entry says, but for what is drawn: its act, its agreement and its facts.
fn profile(entries: &[Entry]) -> Vec<String> {
    let line = |e: &Entry| {
        let facts: Vec<_> = e.facts.keys().map(ToString::to_string).collect();
        let sealed: Vec<_> = e.sealed.keys().map(ToString::to_string).collect();
        format!("{} [{}] ({})", e.act, facts.join(" "), sealed.join(" "))
    };
    entries.iter().map(line).collect()
}

fn asked(question: &[u8]) -> Value {
    serde_json::from_slice(question).unwrap()
}

// shows: EXCH-EUSS-10, RTC-03, RTC-05, RTC-08, RTC-20, RET-10
#[tokio::test]
async fn both_are_asked_at_once_for_what_their_own_agreement_names_and_answer_one_table() {
    let counter = Counter::with_tax().await;
    let [dwp, hmrc] = counter.hands();
    // Neither answers before the other is asked.
    dwp.meets(hmrc);
    let told = told(&counter, &request("r1", CHANGED)).await;
    assert_eq!(
        (told.outcome, told.guidance),
        (Outcome::WithData, Guidance::NothingMore)
    );
    assert_eq!(silent(&told), []);
    let sent = [dwp, hmrc].map(|hand| asked(&hand.log()[0].0));
    for (n, id) in [call::agreement(), call::tax_agreement()]
        .iter()
        .enumerate()
    {
        let (pact, _) = counter.ho.agreement(id).await.unwrap();
        assert_eq!(sent[n]["agreement"], pact.hash().to_string());
    }
    let fields = sent.each_ref().map(|question| {
        let details = question["details"].as_object().unwrap();
        details.keys().cloned().collect::<Vec<_>>().join(" ")
    });
    assert_eq!(
        fields,
        [
            "correlation_id date_of_birth forename nino other_names surname",
            "correlation_id date_of_birth forename nino surname"
        ]
    );
    let ids = sent.map(|question| question["details"]["correlation_id"].clone());
    assert_ne!(ids[0], ids[1]);
    // One table, kept no longer than the stricter of the two agreements lets.
    let months = counter.kept_months(0).await;
    assert!(months.values().all(|truth| truth == "yes"));
    let held: Vec<Holding> = counter.ho.all().await.unwrap();
    let held: Vec<&Holding> = held.iter().filter(|h| h.what() == "months").collect();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].due().unwrap().to_string(), "2032-01-05T00:00:00Z");

    let entries = counter.entries("ho", "check:r1").await;
    assert_eq!(
        profile(&entries),
        [
            "check.begun [channel flow gateway] (application)",
            "check.begun [channel flow gateway] (application)",
            "holding.opened [due holding rows what] ()",
            "check.ended [channel flow outcome rules] ()",
            "check.ended [channel flow outcome] ()",
        ]
    );
    let under: Vec<_> = entries.iter().map(|e| e.agreement).collect();
    assert_eq!((under[0], under[1]), (under[3], under[4]));
    assert_ne!(under[0], under[1]);
    for who in ["dwp", "hmrc"] {
        assert_eq!(counter.entries(who, "answer:").await.len(), 1, "{who}");
    }
    // One alone would have shown less.
    let alone = Counter::under_this_clock().await;
    self::told(&alone, &request("r1", CHANGED)).await;
    alone.assigned().await;
    let seen = shown(&alone, &call::agreement(), "look").await;
    assert_eq!(count(&seen[0]), [24, 0, 36]);
}

// shows: EXCH-EUSS-10
#[tokio::test]
async fn the_tax_side_is_asked_nothing_until_its_agreement_is_in_force_and_its_route_configured() {
    let id = "euss-check-hmrc";
    let supplier = Some("hmrc");
    let counter = Counter::before_tax(true).await;
    let mut n = 0;
    let mut silence = async || {
        n += 1;
        let told = told(&counter, &of_another(&format!("r{n}"), CHANGED)).await;
        assert_eq!(told.outcome, Outcome::WithData);
        let all = silent(&told);
        let all: Vec<_> = all
            .iter()
            .map(|(a, s, w)| (*a == id, s.is_some(), *w))
            .collect();
        (all, counter.tax().hand.calls())
    };
    let not_in_force = Silence::NotInForce;
    assert_eq!(silence().await, (vec![(true, false, not_in_force)], 0));
    counter.lay_tax(&call::tax_source()).await;
    assert_eq!(silence().await, (vec![(true, true, not_in_force)], 0));
    counter.sign_tax().await;
    assert_eq!(silence().await, (vec![], 1));
    let officer = common::person("o1", Role::DataSharingOfficer);
    let stand = async |name: &str, what: Move| {
        let id = call::tax_agreement();
        let stood = counter
            .ho
            .stand(&op(name), &id, what, "a leak", &officer)
            .await;
        stood.unwrap();
    };
    stand("suspend", Move::Suspend).await;
    assert_eq!(silence().await, (vec![(true, true, not_in_force)], 1));
    stand("resume", Move::Resume).await;
    assert_eq!(silence().await, (vec![], 2));
    let owner = common::person("r1", Role::RiskOwner);
    let route = exchange::ids::RouteId::parse("hmrc-api").unwrap();
    let retired = counter
        .ho
        .retire_route(&op("retire"), &route, "a leak", false, &owner)
        .await;
    retired.unwrap();
    assert_eq!(
        silence().await,
        (vec![(true, true, Silence::NotConfigured)], 2)
    );

    let counter = Counter::before_tax(false).await;
    counter.lay_tax(&call::tax_source()).await;
    counter.sign_tax().await;
    let told = self::told(&counter, &request("r1", CHANGED)).await;
    assert_eq!(silent(&told), [(id, supplier, Silence::NotConfigured)]);
    assert_eq!(counter.tax().hand.calls(), 0);
}

// shows: EXCH-EUSS-10, LEG-23, RTC-12, S-11
#[tokio::test]
async fn what_only_one_agreement_says_is_not_put_together() {
    let elsewhere = ", { agreement: euss-check-demo, dataset: periods, present: if-held }";
    let other = "not-policy-1.0123456789abcdef";
    for (from, to) in [
        (elsewhere, ""),
        (elsewhere, &elsewhere.replace("periods", "details")),
        ("seen-by", "about: applicant\n    seen-by"),
        (call::version().as_str(), other),
    ] {
        let text = match from {
            "seen-by" => {
                call::tax_source().replace("started-by: applicant", "started-by: ho.caseworker")
            }
            _ => call::tax_source().replace(from, to),
        };
        assert_ne!(text, call::tax_source());
        let counter = Counter::with_tax_under(&text).await;
        let told = told(&counter, &request("r1", CHANGED)).await;
        let supplier = None;
        assert_eq!(
            silent(&told),
            [("euss-check-hmrc", supplier, Silence::NotAgreed)]
        );
        assert_eq!(counter.tax().hand.calls(), 0);
    }
}

// shows: RTC-08, RTC-11, RTC-14, RTC-16
#[tokio::test]
async fn months_of_whoever_does_not_answer_are_unknown_and_the_check_says_who() {
    let counter = Counter::with_tax().await;
    counter.assigned().await;
    let garbage = Some(Fault::Garbage);
    let other = Some(Fault::Replace("start_date", "amount"));
    let (late, down) = (Some(Fault::Late), Some(Fault::Unreachable));
    let (dwp, hmrc) = ("dwp", "hmrc");
    use Outcome::{NotFound, Unsuccessful, WithData};
    let nobody = ("Test Nobody", "QQ100099A");
    for (n, (who, [of_dwp, of_hmrc], outcome, not)) in [
        (CHANGED, [None, garbage], WithData, vec![hmrc]),
        (CHANGED, [other, None], WithData, vec![dwp]),
        (CHANGED, [late, None], WithData, vec![dwp]),
        (CHANGED, [None, down], WithData, vec![hmrc]),
        (WORKER, [down, None], WithData, vec![dwp]),
        (WORKER, [None, other], Unsuccessful, vec![hmrc]),
        (CHANGED, [down, garbage], Unsuccessful, vec![dwp, hmrc]),
        (nobody, [None, None], NotFound, vec![]),
        (nobody, [late, None], Unsuccessful, vec![dwp]),
    ]
    .into_iter()
    .enumerate()
    {
        for hand in counter.hands() {
            hand.fault(None);
        }
        // The lines are as good as new.
        told(&counter, &of_another(&format!("new{n}"), nobody)).await;
        for (hand, fault) in counter.hands().into_iter().zip([of_dwp, of_hmrc]) {
            hand.fault(fault);
        }
        let told = told(&counter, &of_another(&format!("r{n}"), who)).await;
        assert_eq!((n, told.outcome), (n, outcome));
        let silent: Vec<_> = silent(&told)
            .into_iter()
            .map(|(_, who, _)| who.unwrap())
            .collect();
        assert_eq!((n, silent), (n, not));
        assert_eq!(
            told.guidance == Guidance::NothingMore,
            (n, outcome) == (4, WithData)
        );
    }
    for hand in counter.hands() {
        hand.fault(None);
    }
    counter.tax().hand.fault(garbage);
    told(&counter, &request("shown", CHANGED)).await;
    let seen = shown(&counter, &call::agreement(), "look").await;
    assert_eq!(count(&seen[0]), [24, 0, 36]);
    // What is kept has two words alone.
    counter.kept_months(5).await;
    let entries = counter.entries("ho", "check:shown").await;
    assert_eq!(
        profile(&entries)[3..],
        [
            "check.ended [channel flow outcome rules unanswered] ()",
            "check.ended [channel flow outcome] ()",
        ]
    );
}

// shows: RTC-19
#[tokio::test]
async fn each_line_goes_down_by_itself() {
    let counter = Counter::with_tax().await;
    counter.tax().hand.fault(Some(Fault::Unreachable));
    for n in 0..5 {
        let told = told(&counter, &of_another(&format!("o{n}"), FOUND)).await;
        assert_eq!(
            (told.outcome, told.unanswered.len()),
            (Outcome::WithData, 1)
        );
    }
    assert_eq!(counter.hands().map(call::Meddling::calls), [5, 3]);
    let lines: Vec<Line> = counter.ho.all().await.unwrap();
    let lines: Vec<_> = lines
        .iter()
        .map(|l| (l.supplier().as_str(), l.status()))
        .collect();
    assert_eq!(
        lines,
        [("hmrc", "down")],
        "nothing is known of one that works"
    );
    // Whom the request names is down too: the other is asked all the same.
    let counter = Counter::with_tax().await;
    counter.fault(Some(Fault::Unreachable));
    for n in 0..4 {
        let told = told(&counter, &of_another(&format!("p{n}"), WORKER)).await;
        assert_eq!(told.outcome, Outcome::WithData);
    }
    assert_eq!(counter.hands().map(call::Meddling::calls), [3, 4]);
    let entries = counter.entries("ho", "check:p3").await;
    assert_eq!(
        profile(&entries),
        [
            "check.begun [channel flow] (application)",
            "check.begun [channel flow gateway] (application)",
            "holding.opened [due holding rows what] ()",
            "check.ended [channel flow outcome rules together unanswered] ()",
            "check.ended [channel flow outcome] ()",
        ]
    );
}

// shows: RTC-02, RTC-18
#[tokio::test]
async fn a_department_that_the_declaration_does_not_name_is_not_asked() {
    let counter = Counter::with_tax().await;
    let told_dwp = told(&counter, &call::request("d1", FOUND.0, FOUND.1)).await;
    assert_eq!(told_dwp.outcome, Outcome::WithData);
    let not_asked = Silence::NotAttempted;
    assert_eq!(
        silent(&told_dwp),
        [("euss-check-hmrc", Some("hmrc"), not_asked)]
    );
    let mut one = of_another("d2", WORKER);
    one.declaration.as_mut().unwrap().names = vec![PartyId::parse("hmrc").unwrap()];
    let told_hmrc = told(&counter, &one).await;
    assert_eq!(told_hmrc.outcome, Outcome::WithData);
    assert_eq!(told_hmrc.lacking, ["declared"]);
    assert_eq!(
        silent(&told_hmrc),
        [("euss-check-demo", Some("dwp"), not_asked)]
    );
    assert_eq!(counter.hands().map(call::Meddling::calls), [1, 1]);
    let mut none = of_another("d3", WORKER);
    none.details.remove("nino");
    let told_none = told(&counter, &none).await;
    assert_eq!(told_none.outcome, Outcome::NotAttempted);
    assert_eq!(told_none.unanswered.len(), 2);
    assert_eq!(counter.hands().map(call::Meddling::calls), [1, 1]);
    // A value that none of them names goes to nobody.
    let mut more = of_another("d4", WORKER);
    more.details
        .insert("employer".into(), "x".to_owned().into());
    let no = counter.ho.check(&more, &Caller::Applicant).await;
    assert_eq!(refused(no), ["RTC-02"]);
}

// shows: RTC-15, RTC-17
#[tokio::test]
async fn a_check_again_asks_whoever_failed_and_each_condition_is_that_of_its_own_agreement() {
    let counter = Counter::with_tax().await;
    let tax = call::tax_agreement();
    counter.tax().hand.fault(Some(Fault::Garbage));
    told(&counter, &request("first", CHANGED)).await;
    counter.tax().hand.fault(None);
    // Asked for under the other agreement, it was made already.
    let mut twice = request("twice", CHANGED);
    twice.agreement = tax.clone();
    let no = counter.ho.check(&twice, &Caller::Applicant).await;
    assert_eq!(refused(no), ["RTC-15"]);
    let mut same = request("first", CHANGED);
    same.agreement = tax.clone();
    let no = counter.ho.check(&same, &Caller::Applicant).await;
    assert_eq!(refused(no), ["RTC-02"]);
    let again = |name: &str, id: &AgreementId| {
        let mut again = request(name, CHANGED);
        again.agreement = id.clone();
        again.flow = FlowId::parse("recheck").unwrap();
        again.facts = call::reasons(&["match_possible", "helps_applicant"]);
        again
    };
    counter.assigned().await;
    let no = counter
        .ho
        .check(&again("a1", &call::agreement()), &staff())
        .await;
    assert_eq!(refused(no), ["RTC-15"]);
    let no = counter.ho.check(&again("a2", &tax), &staff()).await;
    assert_eq!(refused(no), ["PTY-12"]);
    counter.assigned_under(&tax).await;
    let told = counter
        .ho
        .check(&again("a3", &tax), &staff())
        .await
        .unwrap();
    assert_eq!(told.outcome, Outcome::WithData);
    let not_asked = Silence::NotAttempted;
    assert_eq!(silent(&told), [("euss-check-demo", Some("dwp"), not_asked)]);
    assert_eq!(counter.hands().map(call::Meddling::calls), [1, 2]);
    let seen = shown(&counter, &tax, "look").await;
    assert_eq!(seen.len(), 2);
    assert_eq!(count(&seen[1]), [36, 0, 24]);

    let sponsor = |name: &str, facts: &[&str]| {
        let mut sponsor = request(name, CHANGED);
        sponsor.flow = FlowId::parse("sponsor-check").unwrap();
        sponsor.facts = call::reasons(facts);
        sponsor
    };
    let no = counter
        .ho
        .check(&sponsor("s1", &["non_eea"]), &staff())
        .await;
    assert_eq!(refused(no), ["RTC-17"]);
    let whole = sponsor("s2", &["non_eea", "documents_fail"]);
    let told = counter.ho.check(&whole, &staff()).await.unwrap();
    assert_eq!((told.outcome, silent(&told)), (Outcome::WithData, vec![]));
    assert_eq!(counter.hands().map(call::Meddling::calls), [2, 3]);
}

// shows: LEG-23, PTY-12, RET-10
#[tokio::test]
async fn months_of_two_agreements_need_the_leave_of_both() {
    let text = call::tax_source().replace("before: 2036-04-01", "before: 2028-04-01");
    let counter = Counter::with_tax_under(&text).await;
    counter.assigned().await;
    told(&counter, &request("r1", CHANGED)).await;
    let (id, tax) = (call::agreement(), BTreeSet::from([call::tax_agreement()]));
    let of = (&id, call::NUMBER);
    let seen = counter
        .ho
        .months(&op("closed"), of, &caseworker(), &tax)
        .await;
    let (_, seen) = seen.unwrap();
    assert_eq!(
        (seen[0].views.len(), &seen[0].withheld),
        (0, &tax.first().cloned())
    );
    let mut closed = of_another("closed", CHANGED);
    closed.closed = tax;
    let told = told(&counter, &closed).await;
    assert_eq!(
        silent(&told),
        [("euss-check-hmrc", None, Silence::NotPermitted)]
    );
    assert_eq!(counter.tax().hand.calls(), 1);
    counter.at("2028-03-31T12:00:00Z");
    let seen = shown(&counter, &call::agreement(), "before").await;
    assert_eq!((count(&seen[0]), &seen[0].withheld), ([60, 0, 0], &None));
    counter.at("2028-04-01T12:00:00Z");
    let seen = shown(&counter, &call::agreement(), "after").await;
    assert_eq!((seen[0].views.len(), seen[0].kept.is_some()), (0, false));
    assert_eq!(seen[0].withheld, Some(call::tax_agreement()));
    assert_eq!(seen[0].outcome, Some(Outcome::WithData));
}

// shows: RTC-10, RTC-11, RET-08, S-10
#[tokio::test]
async fn no_value_of_either_call_is_in_any_file_however_the_check_ends() {
    let counter = Counter::with_tax().await;
    for (n, (who, faults)) in [
        (CHANGED, [None, None]),
        (WORKER, [Some(Fault::Late), None]),
        (CHANGED, [None, Some(Fault::Garbage)]),
        (("Test Payroll", "QQ100013A"), [None, None]),
    ]
    .into_iter()
    .enumerate()
    {
        for (hand, fault) in counter.hands().into_iter().zip(faults) {
            hand.fault(fault);
        }
        told(&counter, &of_another(&format!("s{n}"), who)).await;
    }
    // One has answered and the other never does, when the process stops.
    counter.fault(None);
    counter.tax().hand.fault(Some(Fault::Never));
    let cut = of_another("cut", CHANGED);
    {
        let mut check = Box::pin(counter.ho.check(&cut, &Caller::Applicant));
        let short = std::time::Duration::from_millis(50);
        let answered = counter.log().len();
        while counter.log().len() == answered {
            assert!(tokio::time::timeout(short, &mut check).await.is_err());
        }
    }
    let again = counter.ho.check(&cut, &Caller::Applicant).await;
    assert_eq!(refused(again), ["RTC-11"]);
    counter.at("2026-01-05T12:00:00Z");
    let done = counter.ho.work().await.unwrap().entries;
    let ended = "check.ended [channel flow outcome] ()".to_owned();
    let ended = profile(&done).into_iter().filter(|line| *line == ended);
    assert_eq!(ended.count(), 2);
    assert_eq!(told(&counter, &cut).await.outcome, Outcome::Unsuccessful);
    for node in [&counter.ho, &counter.dwp, &counter.tax().node] {
        node.work().await.unwrap();
    }
    let canaries = canaries(&counter);
    assert_eq!(
        found_in(counter.dir.path(), &canaries),
        Vec::<String>::new()
    );
    let held: Vec<Holding> = counter.tax().node.all().await.unwrap();
    assert!(held.iter().all(|h| h.what() == "evidence"));
    let state = counter.ho.snapshot().await.unwrap();
    let state = serde_json::to_string(&state).unwrap();
    assert!(canaries.iter().all(|canary| !state.contains(canary)));
}

/// An entry in words, but for names that follow from a node's own key, which is drawn outside the world.
fn in_words(who: &str, entry: &Entry) -> String {
    let text = format!(
        "{who} {} {} {} {:?}",
        entry.id, entry.act, entry.at, entry.facts
    );
    let words = text.split_inclusive(|c: char| !c.is_ascii_hexdigit());
    let keyed = |word: &&str| word.len() < 64;
    words.filter(keyed).collect()
}

// The same world twice: which of the two answers first does not tell in any entry.
#[tokio::test(flavor = "multi_thread")]
async fn one_seed_gives_the_same_entries_with_two_suppliers() {
    let lived = async || {
        let counter = Counter::with_tax().await;
        for (n, (who, fault)) in [
            (CHANGED, None),
            (WORKER, Some(Fault::Garbage)),
            (FOUND, Some(Fault::Unreachable)),
        ]
        .into_iter()
        .enumerate()
        {
            counter.tax().hand.fault(fault);
            told(&counter, &of_another(&format!("t{n}"), who)).await;
        }
        let mut all = Vec::new();
        for who in ["ho", "dwp", "hmrc"] {
            let entries = counter.entries(who, "").await;
            all.extend(entries.iter().map(|entry| in_words(who, entry)));
        }
        let id = |(question, _): (Vec<u8>, String)| {
            asked(&question)["details"]["correlation_id"].to_string()
        };
        let asked = counter.hands().map(call::Meddling::log);
        let asked = asked.map(|log| log.into_iter().map(id).collect::<Vec<_>>());
        (all, asked)
    };
    let (one, other) = (lived().await, lived().await);
    assert!(one.0.len() > 40);
    assert_eq!(one, other);
}
