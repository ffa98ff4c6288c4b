//! The exchange with the Department for Education between two nodes, on the virtual clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "common/looking.rs"]
mod looking;
mod school;

use exchange::authority::Person;
use exchange::change::Aggregate;
use exchange::finding::{Finding, Kind};
use exchange::ids::PartyId;
use exchange::leg::State;
use exchange::{About, Case, Deciding, MASKED, WrittenRow};
use school::*;

const APRIL: &str = "monthly-2016-04";

/// Two of ground A, one of them at two schools; two of ground B, one of them at school; one of neither ground.
fn five() -> Vec<Child> {
    let twice = [
        ("address", "1 Ropewalk, Fennowby|2 Heron Close, Fennowby"),
        ("post_code", "ZZ1 1AA|ZZ2 2BB"),
        ("census_date", "2011-01-20|2016-01-21"),
        ("school_number", "ZZ/2001|ZZ/4001"),
        (
            "school_name",
            "Ropewalk Primary School|Ferry Steps High School",
        ),
        ("school_post_code", "ZZ3 3DD|ZZ4 4EE"),
        ("earliest_date", "2010-10-07|2015-10-01"),
        ("latest_date", "2015-05-21|2016-01-21"),
        ("adopted_from_care", "no|no"),
        ("former_surname", "Former"),
    ];
    vec![
        Child::new(1).ground_a().at_school(&twice),
        Child::new(2).ground_a(),
        Child::new(3)
            .ground_b()
            .at_school(&[("adopted_from_care", "yes")]),
        Child::new(4).ground_a().fact("open_breach", "no"),
        Child::new(5).ground_b(),
    ]
}

// shows: EXCH-DFE-16, EXCH-DFE-17, EXCH-DFE-13, EXCH-DFE-14, EXCH-DFE-25, CHILD-03, RUN-16, AUD-05, LEG-16
#[tokio::test]
async fn a_month_goes_out_with_its_template_and_the_same_rows_come_back_with_what_was_found() {
    let school = School::new(five()).await;
    school.on("2016-04-01");
    school.start(APRIL).await.unwrap();
    assert_eq!(school.leg(&school.ho, APRIL, "monthly").await.rows(), 4);

    // Neither the template is written nor DfE told of so small a file: both are said together.
    let sent = school.send(&school.ho, APRIL, "monthly").await;
    assert_eq!(rules(&sent), ["RUN-16", "RUN-05"]);

    // Of the two whose ground asks for it one is picked to be checked by hand; the other does not leave.
    school.picked(APRIL, &[3]).await.unwrap();
    school.noticed(APRIL).await;
    let early = school.send(&school.ho, APRIL, "notice-out").await;
    assert_eq!(rules(&early), ["RUN-05"]);
    let sent = school.send(&school.ho, APRIL, "monthly").await;
    assert_eq!(rules(&sent), ["RUN-16"]);
    school.told_of_volume(APRIL, "monthly").await.unwrap();
    school.send(&school.ho, APRIL, "monthly").await.unwrap();
    let sent = school.leg(&school.ho, APRIL, "monthly").await;
    assert_eq!((sent.rows(), sent.withheld()), (3, &[4][..]));
    school.send(&school.ho, APRIL, "manual").await.unwrap();
    school.send(&school.ho, APRIL, "notice-out").await.unwrap();
    for by in ["monthly", "manual", "notice-out"] {
        assert_eq!(
            school.state(&school.dfe, APRIL, by).await,
            State::Loaded,
            "{by}"
        );
    }

    // The counts are of what left, ground by ground; the file has no ground.
    let notice = school.row(&school.dfe, APRIL, "notice-out", 1).await;
    let told = |field: &str| notice[&format!("notice.{field}")].clone();
    assert_eq!(told("kind"), "monthly");
    assert_eq!(told("file_name"), "official-monthly-2016-04-monthly.xlsx");
    assert_eq!(told("record_count"), "3");
    assert_eq!(told("ground_a_count"), "2");
    assert_eq!(told("ground_b_count"), "1");
    assert_eq!(told("password_channel"), "separate-email");
    assert!(told("reply_to").contains("data-sharing@ho.example"));
    assert!(!notice.contains_key("notice.circumstance"));

    // DfE looks; the child who was named needs section 7, written down case by case.
    school.on("2016-04-08");
    school.matched(APRIL, "monthly").await;
    school.reply(APRIL).await.unwrap();
    let bare = school.send(&school.dfe, APRIL, "reply").await;
    assert_eq!(rules(&bare), ["RUN-05", "MATCH-02"]);
    school.noted_back(APRIL).await;
    let fact = agreement::FactId::parse("wellbeing_necessity").unwrap();
    let (april, monthly) = (run(APRIL), flow("monthly"));
    let of = (&april, &monthly, 3);
    let silent = school
        .dfe
        .write_fact(&op("silent"), of, (&fact, true), " ", &analyst())
        .await;
    assert_eq!(rules(&silent), ["LEG-01"]);
    school.necessary(APRIL, "monthly", 3).await.unwrap();
    school.send(&school.dfe, APRIL, "reply").await.unwrap();
    assert_eq!(
        school.state(&school.ho, APRIL, "reply").await,
        State::Loaded
    );

    // The same three rows, with what was found of the two who are at school.
    let row = async |n| school.row(&school.ho, APRIL, "reply", n).await;
    let first = row(1).await;
    assert_eq!(first["outcome.matched"], "matched");
    assert_eq!(first["pupil.former_surname"], "Former");
    // The older address lies more than five years before the request; both schools are told.
    assert_eq!(first["pupil-address.address"], "2 Heron Close, Fennowby");
    assert_eq!(first["pupil-address.census_date"], "2016-01-21");
    assert_eq!(first["schooling.school_number"], "ZZ/2001|ZZ/4001");
    assert!(!first.contains_key("schooling.nationality"));
    let second = row(2).await;
    assert_eq!(second["outcome.matched"], "not-matched");
    assert!(
        second
            .keys()
            .all(|k| k.starts_with("echo.") || k.starts_with("outcome."))
    );
    assert_eq!(second["echo.cid_per_id"], "C00000002");
    let third = row(3).await;
    assert_eq!(third["schooling.adopted_from_care"], "yes");
    assert!(!third.contains_key("pupil.former_surname"));

    // Without the template that comes back the run is not over.
    school
        .reviewed(&school.ho, APRIL, "reply", &caseworker())
        .await;
    assert_eq!(rules(&school.close(APRIL).await), ["RUN-21"]);
    assert!(rules(&school.complete(APRIL).await).contains(&"RUN-21"));
    school.send(&school.dfe, APRIL, "note-back").await.unwrap();
    let note = school.row(&school.ho, APRIL, "note-back", 1).await;
    assert_eq!(note["result-note.matched_count"], "2");
    assert_eq!(note["result-note.unmatched_count"], "1");
    school.complete(APRIL).await.unwrap();
    school.settle().await;
    school.close(APRIL).await.unwrap();

    // The addresses that HO did not know wait for somebody to look.
    let findings = school
        .ho
        .under::<Finding>(&format!("{APRIL}/"))
        .await
        .unwrap();
    let contacts = findings.iter().filter(|f| f.kind() == Kind::Contact);
    assert_eq!(contacts.count(), 2);
}

// shows: EXCH-DFE-09
#[tokio::test]
async fn at_most_fifty_of_the_file_are_checked_by_hand_each_with_its_reason() {
    let school = School::new((1..=52).map(|n| Child::new(n).ground_b()).collect()).await;
    school.on("2016-04-01");
    school.start(APRIL).await.unwrap();
    let fifty_one: Vec<u64> = (1..=51).collect();
    assert_eq!(rules(&school.picked(APRIL, &fifty_one).await), ["RUN-16"]);
    assert_eq!(rules(&school.picked(APRIL, &[53]).await), ["EXCH-DFE-09"]);
    assert_eq!(rules(&school.picked(APRIL, &[1, 1]).await), ["EXCH-DFE-09"]);
    school.picked(APRIL, &fifty_one[..50]).await.unwrap();
    school.noticed(APRIL).await;
    school.told_of_volume(APRIL, "monthly").await.unwrap();
    school.send(&school.ho, APRIL, "monthly").await.unwrap();
    // Who is on no list waits for another month.
    let sent = school.leg(&school.ho, APRIL, "monthly").await;
    assert_eq!((sent.rows(), sent.withheld()), (50, &[51, 52][..]));
    school.send(&school.ho, APRIL, "manual").await.unwrap();

    // In May the two are asked about; a list without reasons does not leave.
    let may = "monthly-2016-05";
    school.on("2016-05-03");
    school.start(may).await.unwrap();
    let pick = |n| WrittenRow {
        of: Some(n),
        ..WrittenRow::default()
    };
    let silent = school
        .write(&school.ho, may, "manual", vec![pick(1), pick(2)])
        .await;
    silent.unwrap();
    school.noticed(may).await;
    school.told_of_volume(may, "monthly").await.unwrap();
    school.send(&school.ho, may, "monthly").await.unwrap();
    let sent = school.send(&school.ho, may, "manual").await;
    assert_eq!(rules(&sent), ["RUN-05", "RUN-05"]);
}

fn case(circumstance: &str, text: &str, people: &[&str]) -> Case {
    Case {
        circumstance: circumstance.into(),
        text: text.into(),
        people: people.iter().map(|p| (*p).to_owned()).collect(),
    }
}

// shows: EXCH-DFE-11, CHILD-04
#[tokio::test]
async fn one_case_is_asked_about_in_a_circumstance_that_the_form_says() {
    const CASE: &str = "case-2016-04-a";
    let school = School::new(five()).await;
    school.on("2016-04-04");
    let start = starting(CASE, "ad-hoc");
    let bare = school.ho.start(&op("bare"), &start, &officer()).await;
    assert_eq!(rules(&bare), ["EXCH-DFE-11"]);
    for (n, wrong) in [
        case("imminent-physical-risk", " ", &["C00000003"]),
        case("curiosity", "somebody would like to know", &["C00000003"]),
        case("imminent-physical-risk", "a threat was made", &[]),
    ]
    .iter()
    .enumerate()
    {
        let op = op(format!("wrong-{n}"));
        let refused = school.ho.start_case(&op, &start, wrong, &officer()).await;
        assert_eq!(rules(&refused), ["EXCH-DFE-11"], "{n}");
    }
    // Neither ground: nobody is asked about, whatever the circumstance.
    let other = case(
        "imminent-physical-risk",
        "a threat was made",
        &["C00000004"],
    );
    let refused = school
        .ho
        .start_case(&op("four"), &start, &other, &officer())
        .await;
    assert_eq!(rules(&refused), ["RUN-20"]);

    let risk = case(
        "imminent-physical-risk",
        "a threat was made",
        &["C00000003"],
    );
    school
        .ho
        .start_case(&op("three"), &start, &risk, &officer())
        .await
        .unwrap();
    school.noticed(CASE).await;
    school.send(&school.ho, CASE, "ad-hoc").await.unwrap();
    school.send(&school.ho, CASE, "notice-out").await.unwrap();
    let notice = school.row(&school.dfe, CASE, "notice-out", 1).await;
    assert_eq!(notice["notice.kind"], "ad-hoc");
    assert_eq!(
        notice["notice.circumstance"],
        "imminent-physical-risk: a threat was made"
    );
    assert_eq!(notice["notice.ground_b_count"], "1");

    // The file names the record by having it: with section 7 written down it is answered.
    school.matched(CASE, "ad-hoc").await;
    school.necessary(CASE, "ad-hoc", 1).await.unwrap();
    school.answered(CASE).await;
    let row = school.row(&school.ho, CASE, "reply", 1).await;
    assert_eq!(row["outcome.matched"], "matched");
    school.complete(CASE).await.unwrap();
    school.settle().await;
    school.close(CASE).await.unwrap();
    // Asked about again in another case: what was told before stands in nobody's way.
    let again = starting("case-2016-04-b", "ad-hoc");
    school
        .ho
        .start_case(&op("again"), &again, &risk, &officer())
        .await
        .unwrap();
}

// shows: EXCH-DFE-11
#[tokio::test]
async fn another_circumstance_waits_for_the_senior_information_risk_owner() {
    const CASE: &str = "case-2016-04-a";
    let school = School::new(five()).await;
    school.on("2016-04-04");
    let other = case("other", "a court has asked", &["C00000001"]);
    let start = starting(CASE, "ad-hoc");
    school
        .ho
        .start_case(&op("start"), &start, &other, &officer())
        .await
        .unwrap();
    school.noticed(CASE).await;
    let sent = school.send(&school.ho, CASE, "ad-hoc").await;
    assert_eq!(rules(&sent), ["EXCH-DFE-11"]);
    let approve = async |name: &str, who| {
        let (run, flow) = (run(CASE), flow("ad-hoc"));
        let why = "the court's order is there";
        school
            .ho
            .approve_circumstance(&op(name), &run, &flow, why, &who)
            .await
    };
    assert_eq!(
        rules(&approve("owner", asset_owner()).await),
        ["EXCH-DFE-11"]
    );
    approve("senior", risk_owner()).await.unwrap();
    school.send(&school.ho, CASE, "ad-hoc").await.unwrap();
    assert_eq!(school.acts(&school.ho, "circumstance.approved").await, 1);
}

/// A month that was answered and decided, with the third child checked by hand.
async fn decided() -> School {
    let school = School::new(five()).await;
    school.on("2016-08-31");
    school.asked(APRIL, &[3]).await;
    school.matched(APRIL, "monthly").await;
    school.necessary(APRIL, "monthly", 3).await.unwrap();
    school.answered(APRIL).await;
    school
}

fn promoting(row: u64) -> Deciding {
    Deciding {
        agreement: agreement(),
        decision: "promote".into(),
        about: About::Row(run(APRIL), flow("reply"), row),
        outcome: None,
        reason: "the address was verified".into(),
    }
}

// shows: RET-05, RET-06, RET-07, LEG-26, CHILD-02
#[tokio::test]
async fn the_request_goes_after_four_weeks_the_answer_after_six_months_and_a_promoted_record_stays()
{
    let school = decided().await;
    let (ho, dfe) = (&school.ho, &school.dfe);
    school.complete(APRIL).await.unwrap();
    school.settle().await;
    let status = async |node, id: &str| school.holding(node, id).await.status();
    let request = format!("{APRIL}/monthly.1/request");
    school.on("2016-09-27");
    school.settle().await;
    assert_eq!(status(dfe, &request).await, "counting");
    school.on("2016-09-28");
    school.settle().await;
    assert_eq!(status(dfe, &request).await, "destroyed");

    // A child's record moves only after somebody said how the child's interests were considered.
    let silent = ho.decide(&op("silent"), &promoting(1), &caseworker()).await;
    assert_eq!(rules(&silent), ["CHILD-02"]);
    let considered = "contact serves the child, and nothing else follows from it";
    ho.decide_considering(&op("promote"), &promoting(1), considered, &caseworker())
        .await
        .unwrap();
    let kept = format!("{APRIL}/reply.1/kept/000001");
    assert_eq!(school.holding(ho, &kept).await.controller(), "ho");
    let pupil = format!("{APRIL}/reply.1/pupil");
    assert_eq!(school.holding(ho, &pupil).await.controller(), "dfe");
    school.settle().await;
    assert_eq!(school.acts(ho, "record.promoted").await, 1);

    // Received on 31 August: the last day of February is the corresponding day.
    school.on("2017-02-27");
    school.settle().await;
    assert_eq!(status(ho, &pupil).await, "counting");
    school.on("2017-02-28");
    let late = ho
        .decide_considering(&op("late"), &promoting(3), considered, &caseworker())
        .await;
    assert_eq!(rules(&late), ["RET-07"]);
    school.settle().await;
    assert_eq!(status(ho, &pupil).await, "destroyed");
    assert_eq!(status(ho, &kept).await, "counting");
    let purpose = agreement::PurposeId::parse("locate").unwrap();
    let of = (&run(APRIL), &flow("reply"), 1);
    let (_, values) = ho
        .use_row(&op("use"), of, &purpose, &caseworker())
        .await
        .unwrap();
    assert_eq!(values["address"], "2 Heron Close, Fennowby");
    school.on("2027-02-26");
    school.settle().await;
    assert_eq!(status(ho, &kept).await, "destroyed");
}

// shows: CHILD-07, EXCH-DFE-20
#[tokio::test]
async fn adopted_from_care_is_masked_until_somebody_says_why_it_must_be_seen() {
    let school = decided().await;
    let (run, reply) = (run(APRIL), flow("reply"));
    let of = (&run, &reply, 3);
    let purpose = |p| agreement::PurposeId::parse(p).unwrap();
    let ho = &school.ho;
    let (_, seen) = ho
        .use_row(&op("a"), of, &purpose("welfare"), &caseworker())
        .await
        .unwrap();
    assert_eq!(seen["adopted_from_care"], MASKED);
    assert_eq!(seen["school_number"], "ZZ/4001");
    let silent = ho
        .use_sensitive_row(&op("b"), of, &purpose("welfare"), " ", &caseworker())
        .await;
    assert_eq!(rules(&silent), ["CHILD-07"]);
    let why = "the placement must not be given away in a letter";
    let (_, seen) = ho
        .use_sensitive_row(&op("c"), of, &purpose("welfare"), why, &caseworker())
        .await
        .unwrap();
    assert_eq!(seen["adopted_from_care"], "yes");
    // What was received finds people, and serves nothing else.
    let other = ho
        .use_row(&op("d"), of, &purpose("audit"), &caseworker())
        .await;
    assert_eq!(rules(&other), ["LEG-23"]);
}

// shows: CHILD-07
#[tokio::test]
async fn a_look_up_masks_adopted_from_care_until_somebody_says_why_it_must_be_seen() {
    let school = decided().await;
    let node = looking::node(
        &school.dir.path().join("ho"),
        school.clock.clone(),
        school.cases.clone(),
    )
    .await;
    let asker = looking::asker("c1", &["welfare"]);
    let seen = async |name: &str, unmask: Option<&str>| {
        let mut request = looking::request("C00000003", "welfare");
        request.unmask = unmask.map(str::to_owned);
        let looked = node.look_up(&op(name), &asker, &request).await.unwrap();
        serde_json::to_value(&looked.answer).unwrap()
    };
    let cell = |answer: &serde_json::Value| {
        let cells = answer["held"][0]["cells"].as_array().unwrap();
        let care = cells
            .iter()
            .find(|c| c["field"] == "schooling.adopted_from_care");
        let care = care.unwrap_or_else(|| panic!("{cells:?}"));
        (
            care["value"].as_str().unwrap().to_owned(),
            care["masked"].as_bool().unwrap(),
        )
    };
    assert_eq!(cell(&seen("a", None).await), (MASKED.to_owned(), true));
    let why = "the placement must not be given away in a letter";
    assert_eq!(cell(&seen("b", Some(why)).await), ("yes".to_owned(), false));
    let silent = seen("c", Some(" ")).await;
    assert_eq!(silent["refused"][0]["rule"], "CHILD-07");
}

// shows: EXCH-DFE-24
#[tokio::test]
async fn a_follow_up_is_one_of_four_and_none_by_default() {
    let school = decided().await;
    let follow = |outcome: Option<&str>| Deciding {
        decision: "follow-up".into(),
        outcome: outcome.map(str::to_owned),
        ..promoting(1)
    };
    let considered = "the child is at school and known to the teachers";
    let decide = async |name: &str, what: Deciding| {
        let who = caseworker();
        school
            .ho
            .decide_considering(&op(name), &what, considered, &who)
            .await
    };
    assert_eq!(rules(&decide("none", follow(None)).await), ["REF-04"]);
    assert_eq!(
        rules(&decide("fifth", follow(Some("ignore"))).await),
        ["REF-04"]
    );
    decide("first", follow(Some("contact"))).await.unwrap();
    // Nobody was found of the second row: nothing follows.
    let unmatched = Deciding {
        about: About::Row(run(APRIL), flow("reply"), 2),
        ..follow(Some("contact"))
    };
    assert_eq!(rules(&decide("second", unmatched).await), ["MATCH-06"]);
}

// shows: EXCH-DFE-23
#[tokio::test]
async fn a_feedback_for_each_quarter_has_the_ten_aims_as_its_headings() {
    let school = School::new(vec![Child::new(1).ground_a()]).await;
    school.on("2016-06-30");
    let (_, plan) = school.ho.agreement(&agreement()).await.unwrap();
    let form = plan.file(&flow("quarterly")).unwrap();
    let agreement::FieldType::OneOf(aims) = &form.columns[0].field_type else {
        panic!("the aims are a list");
    };
    assert_eq!(aims.len(), 10);
    let row = |aim: &str| WrittenRow {
        of: None,
        values: values(&[
            ("aim", aim),
            ("useful", "three families are in contact again"),
        ]),
    };
    let ten: Vec<WrittenRow> = aims.iter().map(|aim| row(aim)).collect();
    let quarter = "feedback-2016-q2";
    school
        .write(&school.ho, quarter, "quarterly", ten.clone())
        .await
        .unwrap();
    school.send(&school.ho, quarter, "quarterly").await.unwrap();
    let loaded = school.leg(&school.dfe, quarter, "quarterly").await;
    assert_eq!((loaded.state(), loaded.rows()), (State::Loaded, 10));
    // One for each quarter; a heading that is none of the ten does not leave.
    let twice = school
        .write(&school.ho, "feedback-again", "quarterly", ten)
        .await;
    assert_eq!(rules(&twice), ["RUN-02"]);
    school.on("2016-07-01");
    let next = "feedback-2016-q3";
    school
        .write(&school.ho, next, "quarterly", vec![row("other")])
        .await
        .unwrap();
    let sent = school.send(&school.ho, next, "quarterly").await;
    assert_eq!(rules(&sent), ["RUN-05"]);
}

const CONSIDERED: &str = "the child is at school and known to the teachers";

/// Gives a command in the directory of the nodes; what it printed.
fn concordat(school: &School, args: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_concordat"));
    let out = command.args(args).current_dir(school.dir.path()).output();
    let out = out.unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

// shows: CHILD-05, S-13
#[tokio::test]
async fn telling_of_a_vulnerable_child_is_off_until_both_have_reviewed_it_and_then_a_task() {
    let school = decided().await;
    let what = Deciding {
        decision: "notify-minors".into(),
        ..promoting(1)
    };
    let decide = async |name: &str| {
        let (op, who) = (op(name), caseworker());
        let decided = school.ho.decide_considering(&op, &what, CONSIDERED, &who);
        decided.await
    };
    assert_eq!(rules(&decide("early").await), ["CHILD-05"]);
    let agree = async |name: &str, party: &str, why: &str| {
        let (op, id) = (op(name), agreement());
        let party = PartyId::parse(party).unwrap();
        let who = officer();
        let agreed = school
            .ho
            .agree_set_up(&op, &id, "notify-minors", &party, why, &who);
        agreed.await
    };
    let minutes = "minutes of the joint review, 3 June";
    assert_eq!(rules(&agree("silent", "ho", " ").await), ["CHILD-05"]);
    // Whoever only carries decides nothing of it.
    assert_eq!(rules(&agree("sda", "sda", minutes).await), ["CHILD-05"]);
    agree("ho", "ho", minutes).await.unwrap();
    assert_eq!(rules(&agree("twice", "ho", minutes).await), ["CHILD-05"]);
    // One of the two is not both.
    assert_eq!(rules(&decide("half").await), ["CHILD-05"]);
    let due = concordat(&school, &["due", "--dir", "ho"]);
    assert!(due.contains("dfe has not agreed to notify-minors"), "{due}");
    agree("dfe", "dfe", minutes).await.unwrap();
    decide("notify").await.unwrap();
    // Nothing went by itself: somebody has to tell them, and it is said whose that is.
    let key = format!("notify-minors/{APRIL}/reply/000001");
    let due = concordat(&school, &["due", "--dir", "ho"]);
    let task = format!("ho caseworker: dfe is to be told of the decision {key}");
    assert!(due.contains(&task), "{due}");
    let others = [("ho", caseworker(), "REF-04"), ("dfe", officer(), "SEC-09")];
    for (to, who, rule) in others {
        let op = op(format!("told-{to}"));
        let told = school.ho.told_of_decision(&op, &key, to, &who).await;
        assert_eq!(rules(&told), [rule]);
    }
    let told = async |name: &str| {
        let (op, who) = (op(name), caseworker());
        school.ho.told_of_decision(&op, &key, "dfe", &who).await
    };
    told("told").await.unwrap();
    assert_eq!(rules(&told("again").await), ["REF-04"]);
    let due = concordat(&school, &["due", "--dir", "ho"]);
    assert!(!due.contains("is to be told"), "{due}");
    school.settle().await;
    assert_eq!(school.acts(&school.ho, "set-up.agreed").await, 2);
    assert_eq!(school.acts(&school.ho, "decision.told").await, 1);
}

// shows: CHILD-06, S-13
#[tokio::test]
async fn a_child_is_referred_only_with_the_word_of_another_senior_person() {
    let school = decided().await;
    let refer = |outcome: &str| Deciding {
        decision: "refer".into(),
        outcome: Some(outcome.into()),
        ..promoting(1)
    };
    let decide = async |name: &str, outcome: &str| {
        let (op, what, who) = (op(name), refer(outcome), caseworker());
        let decided = school.ho.decide_considering(&op, &what, CONSIDERED, &who);
        decided.await
    };
    // What would only take a service away is nothing that it can come to.
    assert_eq!(rules(&decide("bare", "benefit-ended").await), ["REF-04"]);
    decide("refer", "safeguarding").await.unwrap();
    assert_eq!(rules(&decide("again", "safeguarding").await), ["REF-04"]);
    let key = format!("refer/{APRIL}/reply/000001");
    let due = concordat(&school, &["due", "--dir", "ho"]);
    assert!(
        due.contains(&format!("{key} waits for a senior person")),
        "{due}"
    );
    assert!(!due.contains("nrpf-connect"), "{due}");
    let early = school
        .ho
        .told_of_decision(&op("early"), &key, "nrpf-connect", &caseworker())
        .await;
    assert_eq!(rules(&early), ["REF-04"]);
    let about = About::Row(run(APRIL), flow("reply"), 1);
    let second = async |name: &str, agrees: bool, why: &str, who| {
        let (op, id) = (op(name), agreement());
        let of = (&id, "refer");
        let word = school
            .ho
            .second_decision(&op, of, &about, (agrees, why), &who);
        word.await
    };
    let why = "the referral helps the child";
    for (name, who, rule) in [
        ("caseworker", caseworker(), "SEC-09"),
        ("owner", asset_owner(), "CHILD-06"),
    ] {
        assert_eq!(rules(&second(name, true, why, who).await), [rule]);
    }
    // Whoever asked for it does not agree to it too, in whatever role.
    let same = Person {
        staff: caseworker().staff,
        ..risk_owner()
    };
    assert_eq!(rules(&second("same", true, why, same).await), ["CHILD-06"]);
    let silent = second("silent", true, " ", risk_owner()).await;
    assert_eq!(rules(&silent), ["CHILD-06"]);
    second("no", false, "ask the school first", risk_owner())
        .await
        .unwrap();
    let late = second("late", true, why, risk_owner()).await;
    assert_eq!(rules(&late), ["CHILD-06"]);
    decide("anew", "safeguarding").await.unwrap();
    second("yes", true, why, risk_owner()).await.unwrap();
    let due = concordat(&school, &["due", "--dir", "ho"]);
    assert!(due.contains("nrpf-connect is to be told"), "{due}");
    school.settle().await;
    let acts = ["decision.asked", "decision.declined", "decision.seconded"];
    for (act, times) in acts.into_iter().zip([2, 1, 1]) {
        assert_eq!(school.acts(&school.ho, act).await, times, "{act}");
    }
}

// shows: CHILD-06
#[tokio::test]
async fn a_referral_that_waits_falls_with_its_match() {
    let school = decided().await;
    let what = Deciding {
        decision: "refer".into(),
        outcome: Some("duty-of-care".into()),
        ..promoting(1)
    };
    let ho = &school.ho;
    ho.decide_considering(&op("refer"), &what, CONSIDERED, &caseworker())
        .await
        .unwrap();
    let (run, flow) = (run(APRIL), flow("reply"));
    ho.refute(
        &op("refute"),
        (&run, &flow, 1),
        "another child of that name",
        &caseworker(),
    )
    .await
    .unwrap();
    let about = About::Row(run.clone(), flow.clone(), 1);
    let id = agreement();
    let late = ho
        .second_decision(
            &op("late"),
            (&id, "refer"),
            &about,
            (true, "it helps the child"),
            &risk_owner(),
        )
        .await;
    assert_eq!(rules(&late), ["MATCH-06"]);
    let due = concordat(&school, &["due", "--dir", "ho"]);
    assert!(due.contains("is open again"), "{due}");
}
