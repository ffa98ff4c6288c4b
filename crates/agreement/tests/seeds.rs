//! The instruments of the source documents: what their files configure, which gaps they list, and how many permits
//! they compile to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::fmt::Write as _;

use agreement::{
    AsIf, Column, DecisionId, Ends, FactId, FieldType, Flow, Form, Many, Minted, Outcome, Per,
    Plan, Present, RouteKind, Schedule, Truth, Unit, Window,
};
use common::{agreement, day, facts, field, filled, flow, golden, party};

const ALL: [&str; 7] = [
    "contact-thread",
    "dfe-annex-5",
    "euss-check",
    "ho-dfe-umbrella",
    "mou-u-a",
    "mou-u-d",
    "no-contact",
];

fn columns(plan: &Plan, id: &str) -> Vec<String> {
    plan.flows[&flow(id)]
        .columns
        .iter()
        .map(|c| c.name.to_string())
        .collect()
}

fn column<'a>(plan: &'a Plan, of: &str, name: &str) -> &'a Column {
    let columns = &plan.flows[&flow(of)].columns;
    columns.iter().find(|c| c.name.as_str() == name).unwrap()
}

fn gates(plan: &Plan, of: &str) -> Vec<String> {
    let mut all: Vec<String> = plan
        .permits()
        .to(agreement::Act::Disclose)
        .filter(|p| p.flow.as_ref() == Some(&flow(of)))
        .map(|p| p.gateway.as_ref().unwrap().to_string())
        .collect();
    all.sort();
    all.dedup();
    all
}

fn purposes(plan: &Plan) -> Vec<&str> {
    plan.purposes.keys().map(|p| p.as_str()).collect()
}

fn holds(plan: &Plan, condition: &str, record: &[(&str, &str)], on: &str) -> Truth {
    let id = agreement::ConditionId::parse(condition).unwrap();
    plan.holds(&id, &facts(record), day(on))
}

const LINKS: [&str; 5] = [
    "dash_reference",
    "dash_source",
    "cid_person_id",
    "full_name",
    "date_of_birth",
];

/// The checker says of each instrument exactly the gaps that are known.
#[test]
fn the_instruments_have_exactly_the_gaps_that_they_list() {
    let (law, mut out) = (common::law(), String::new());
    let library = common::library_of("../../agreements");
    for name in ALL {
        let checked = agreement::check(name, agreement(name).as_bytes(), &law, &library);
        for d in &checked.diagnostics {
            let help = d.help.as_deref().unwrap_or_default();
            writeln!(
                out,
                "{name}: {}[{}] {}; {help}",
                d.severity, d.rule, d.message
            )
            .unwrap();
        }
        assert!(checked.plan.is_some(), "{name}");
    }
    golden("gaps", &out);
}

/// The counts that docs/language/permits.md explains beside those made by hand.
#[test]
fn the_permits_are_as_many_as_were_counted() {
    let counts = |name: &str, as_if| {
        let library = common::library_of("../../agreements");
        let text = agreement(name);
        let checked =
            agreement::check_as_if(name, text.as_bytes(), &common::law(), &library, as_if);
        checked.plan.unwrap().counts()[0]
    };
    assert_eq!(counts("no-contact", AsIf::Filled), 168);
    assert_eq!(counts("no-contact", AsIf::InForce), 108);
    assert_eq!(counts("dfe-annex-5", AsIf::Filled), 109);
    assert_eq!(counts("euss-check", AsIf::Filled), 30);
    assert_eq!(counts("contact-thread", AsIf::Written), 53);
    for name in ALL.into_iter().filter(|n| *n != "contact-thread") {
        assert_eq!(
            counts(name, AsIf::Written),
            0,
            "{name} is stopped by its gaps"
        );
    }
}

#[test]
fn every_permit_is_as_it_was_reviewed() {
    for name in ["no-contact", "dfe-annex-5", "euss-check"] {
        let mut out = String::new();
        for p in filled(&agreement(name))
            .permits()
            .to(agreement::Act::Disclose)
        {
            let names = |all: &mut dyn Iterator<Item = String>| all.collect::<Vec<_>>().join("+");
            writeln!(
                out,
                "{} | {} > {} | for {} | when {} | {:?} | {}",
                p.id,
                p.from,
                p.to,
                names(&mut p.purposes.iter().map(ToString::to_string)),
                names(&mut p.when.iter().map(ToString::to_string)),
                p.scope,
                p.dates
            )
            .unwrap();
        }
        golden(&format!("{name}.permits"), &out);
    }
}

// shows: EXCH-HMRC-01, LEG-11, LEG-12, LEG-13, LEG-14
#[test]
fn no_contact_has_its_purposes_and_the_printed_gateways() {
    let plan = filled(&agreement("no-contact"));
    assert_eq!(purposes(&plan), ["benefits", "contact", "tracing"]);
    assert_eq!(
        gates(&plan, "hmrc-reply"),
        [
            "crca-2005-s18",
            "iana-2006-s36",
            "ukba-2007-s40",
            "ukba-2007-s41a"
        ]
    );
    assert_eq!(
        gates(&plan, "ask"),
        ["bcia-2009-s21", "common-law-crown", "iana-2006-s36"]
    );
    assert_eq!(
        gates(&plan, "confirm"),
        ["bcia-2009-s21", "iana-2006-s36", "ssaa-1992-s122b"]
    );
    assert_eq!(gates(&plan, "dwp-reply"), ["iaa-1999-s20"]);
    assert_eq!(gates(&plan, "forward"), ["ssaa-1992-s122"]);
    let reply = plan
        .permits()
        .find("dwp-reply/dwp-found.benefits/migrant/iaa-1999-s20")
        .unwrap();
    assert!(reply.with.iter().any(|w| w.as_str() == "isi-order-2008"));
    // What the Home Office tells the benefits department serves fraud and checking alone.
    let confirm = plan
        .permits()
        .find("confirm/status.right_to_work/migrant/ssaa-1992-s122b")
        .unwrap();
    assert_eq!(
        confirm
            .purposes
            .iter()
            .map(|p| p.as_str())
            .collect::<Vec<_>>(),
        ["benefits"]
    );
    // A record in Northern Ireland has no gateway to the benefits department.
    let lives = |nation| {
        holds(
            &plan,
            "great-britain",
            &[("lives_in", nation)],
            "2016-05-01",
        )
    };
    assert_eq!(lives("scotland"), Truth::True);
    assert_eq!(lives("northern-ireland"), Truth::False);
    assert_eq!(
        holds(&plan, "great-britain", &[], "2016-05-01"),
        Truth::Unknown
    );
}

// shows: EXCH-HMRC-02, EXCH-HMRC-03
#[test]
fn who_is_asked_about_and_the_one_run_for_those_before_2008() {
    let plan = filled(&agreement("no-contact"));
    let record = |last: &'static str, ended: &'static str| {
        [
            ("in_pool", "yes"),
            ("last_contact", last),
            ("dead", "no"),
            ("status_ended", ended),
        ]
    };
    let on = "2016-05-01";
    let is = |condition, last, ended| holds(&plan, condition, &record(last, ended), on);
    assert_eq!(is("post-2008", "2015-11-01", "2010-01-01"), Truth::True);
    assert_eq!(
        is("post-2008", "2015-11-02", "2010-01-01"),
        Truth::False,
        "five months and thirty days"
    );
    assert_eq!(is("pre-2008", "2015-01-01", "2007-12-31"), Truth::True);
    assert_eq!(is("pre-2008", "2015-01-01", "2008-01-01"), Truth::False);
    assert_eq!(is("post-2008", "2015-01-01", "2008-01-01"), Truth::True);
    let once = plan.flows[&flow("once")].when.as_ref().unwrap();
    assert!(matches!(once.schedule, Schedule::Once { month } if month == day("2016-02-01")));
    assert!(
        once.not_before.is_some(),
        "it waits for the first day of the term (C-12)"
    );
}

// shows: EXCH-HMRC-04, EXCH-HMRC-05, EXCH-HMRC-06
#[test]
fn the_list_goes_every_month_and_what_was_not_found_goes_again() {
    let plan = filled(&agreement("no-contact"));
    let ask = &plan.flows[&flow("ask")];
    let when = &ask.when.as_ref().unwrap().schedule;
    assert!(
        matches!(when, Schedule::Every { every: agreement::Frequency::Month, from } if *from == day("2016-04-01"))
    );
    let again = ask.again.as_ref().unwrap();
    assert_eq!(
        (again.outcome, again.every.to_string().as_str(), again.times),
        (Outcome::NoHit, "6 months", 4)
    );
    let then = again.then.clone().unwrap();
    assert_eq!(then, DecisionId::parse("close-not-located").unwrap());
    let close = &plan.decisions[&then];
    assert_eq!(close.by.to_string(), "ho.caseworker");
    assert_eq!(close.after.again, Some(flow("ask")));
}

// shows: EXCH-HMRC-07, EXCH-HMRC-08
#[test]
fn thirteen_fields_go_to_revenue_after_the_two_of_the_tool() {
    let plan = filled(&agreement("no-contact"));
    let sent = columns(&plan, "ask");
    assert_eq!(
        sent,
        [
            "dash_reference",
            "dash_source",
            "cid_person_id",
            "full_name",
            "date_of_birth",
            "port_reference",
            "ho_reference",
            "title",
            "nationality",
            "addresses",
            "email_primary",
            "email_other",
            "mobile",
            "nino",
        ]
    );
    assert_eq!(columns(&plan, "once"), sent);
    for held in ["email_primary", "email_other", "nino"] {
        assert_eq!(
            column(&plan, "ask", held).present,
            Present::IfHeld,
            "{held}"
        );
    }
    let addresses = column(&plan, "ask", "addresses");
    assert_eq!(addresses.many, Many::All);
    assert_eq!(
        addresses.field_type.name(),
        "dated-address",
        "each has its first and its last day"
    );
    let window: &Window = addresses.window.as_ref().unwrap();
    let all = |texts: &[&str]| -> Vec<_> {
        texts
            .iter()
            .map(|t| agreement::DatedAddress::parse(t).unwrap())
            .collect()
    };
    let held = all(&[
        "2000-01-01/2011-04-30 1 Old Street",
        "2011-05-01/.. 2 New Street",
    ]);
    assert_eq!(window.addresses(&held, day("2016-05-01")), [&held[1]]);
    assert_eq!(
        window.addresses(&held[..1], day("2016-05-01")),
        [&held[0]],
        "the last known, if that is all"
    );
}

// shows: EXCH-HMRC-09, RUN-12, RUN-13
#[test]
fn each_leg_has_its_form_and_its_approved_route() {
    let plan = filled(&agreement("no-contact"));
    let form = |id: &str| plan.flows[&flow(id)].form;
    assert_eq!(form("ask"), Some(Form::Xlsx));
    assert_eq!(form("forward"), Some(Form::Csv));
    assert_eq!(
        filled(&agreement("dfe-annex-5")).flows[&flow("monthly")].form,
        Some(Form::Xlsx)
    );
    assert_eq!(
        filled(&agreement("euss-check")).flows[&flow("check")].form,
        Some(Form::Call)
    );
    let route = plan.flows[&flow("ask")].route.clone();
    assert_eq!(route.as_str(), "gsi-email");
    assert_eq!(plan.routes[&route].kind, RouteKind::Email);
}

// shows: EXCH-HMRC-10, EXCH-HMRC-11, MATCH-03
#[test]
fn revenue_answers_every_row_with_the_five_link_fields() {
    let plan = filled(&agreement("no-contact"));
    let back = columns(&plan, "hmrc-reply");
    assert_eq!(back, [&LINKS[..], &["matched", "record_extract"]].concat());
    let answers = plan.flows[&flow("hmrc-reply")].answers.clone().unwrap();
    assert_eq!(
        answers
            .pairs_on
            .iter()
            .map(|c| c.as_str())
            .collect::<Vec<_>>(),
        LINKS
    );
    assert_eq!(answers.rows, agreement::RowCover::EveryRow);
    let window = column(&plan, "hmrc-reply", "record_extract")
        .window
        .clone()
        .unwrap();
    assert!(
        window.covers(Some(day("2015-04-06")), day("2016-05-01")),
        "the tax year before the present one"
    );
    assert!(!window.covers(Some(day("2015-04-05")), day("2016-05-01")));
    // Only what came from no third party, or what that one allows to go on.
    assert_eq!(
        holds(
            &plan,
            "ours-to-give",
            &[("from_third_party", "yes")],
            "2016-05-01"
        ),
        Truth::Unknown
    );
    let allowed = [("from_third_party", "yes"), ("disclosure_allowed", "yes")];
    assert_eq!(
        holds(&plan, "ours-to-give", &allowed, "2016-05-01"),
        Truth::True
    );
    // Nobody has itemised the extract: none of it can move yet.
    let library = common::library_of("../../agreements");
    let text = agreement("no-contact");
    let now = agreement::check_as_if(
        "x",
        text.as_bytes(),
        &common::law(),
        &library,
        AsIf::InForce,
    )
    .plan
    .unwrap();
    assert_eq!(
        columns(&now, "hmrc-reply"),
        [&LINKS[..], &["matched"]].concat()
    );
}

// shows: EXCH-HMRC-12
#[test]
fn what_revenue_passes_on_has_a_number_and_so_many_addresses() {
    let plan = filled(&agreement("no-contact"));
    let case = [&LINKS[..], &["nino", "addresses", "emails", "mobiles"]].concat();
    assert_eq!(columns(&plan, "forward"), case);
    assert!(column(&plan, "forward", "nino").required());
    assert_eq!(column(&plan, "forward", "addresses").many, Many::UpTo(5));
    assert_eq!(column(&plan, "forward", "emails").many, Many::UpTo(4));
    assert_eq!(column(&plan, "forward", "mobiles").many, Many::UpTo(4));
    assert_eq!(
        plan.flows[&flow("forward")].only.as_ref().unwrap().as_str(),
        "traced"
    );
    let mobiles = column(&plan, "forward", "mobiles");
    let four = ["07700900001"; 4].map(str::to_owned);
    assert!(mobiles.accepts(&agreement::join(&four)));
    assert!(!mobiles.accepts(&agreement::join(&[&four[..], &four[..1]].concat())));
}

// shows: EXCH-HMRC-13, EXCH-HMRC-14, EXCH-HMRC-15
#[test]
fn the_benefits_department_answers_where_a_benefit_is_in_payment() {
    let plan = filled(&agreement("no-contact"));
    let reply = &plan.flows[&flow("dwp-reply")];
    assert_eq!(reply.only.as_ref().unwrap().as_str(), "paid");
    let asked = |paid| [("received:forward", "yes"), ("benefit_in_payment", paid)];
    assert_eq!(
        holds(&plan, "paid", &asked("yes"), "2016-05-01"),
        Truth::True
    );
    assert_eq!(
        holds(&plan, "paid", &asked("no"), "2016-05-01"),
        Truth::False
    );
    let answers = reply.answers.as_ref().unwrap();
    assert_eq!(answers.rows, agreement::RowCover::RowsWithContent);
    assert_eq!(answers.others, Some(agreement::Others::NilCount));
    let found = [
        "benefits",
        "receives_as",
        "address_same_as",
        "address",
        "phone_same_as",
        "phone",
        "died",
    ];
    let all = [&LINKS[..], &found, &["personal_details"]].concat();
    assert_eq!(columns(&plan, "dwp-reply"), all);
    let kinds = &column(&plan, "dwp-reply", "receives_as").field_type;
    assert_eq!(
        *kinds,
        FieldType::OneOf(["both", "customer", "partner"].map(str::to_owned).to_vec())
    );
    let partner = column(&plan, "dwp-reply", "personal_details");
    assert_eq!(
        partner.about.iter().map(|k| k.as_str()).collect::<Vec<_>>(),
        ["partner"]
    );
}

// shows: PTY-01, PTY-02
#[test]
fn the_parties_name_their_units_and_what_is_in_scope() {
    let text = agreement("no-contact");
    for unit in [
        "unit: Removals Casework",
        "Interventions and Sanctions Directorate",
        "unit: RIS Data Analytics Team",
        "Benefits and Credits",
        "unit: Data and Analytics",
        "Operation Directorates",
    ] {
        assert!(text.contains(unit), "{unit}");
    }
    let scope = |name: &str| filled(&agreement(name)).parties[&party("ho")].scope.clone();
    assert_eq!(
        scope("dfe-annex-5"),
        [
            "Border Force",
            "Immigration Enforcement",
            "UK Visas and Immigration"
        ]
    );
    assert_eq!(
        scope("euss-check"),
        ["border, immigration and passport functions"]
    );
    let euss = filled(&agreement("euss-check"));
    assert_eq!(
        euss.parties[&party("dwp")].unit,
        "Digital Cross Boundary Team"
    );
    assert!(euss.parties[&party("dwp")].no_staff);
}

// shows: EXCH-DFE-01, EXCH-DFE-02
#[test]
fn each_purpose_of_the_annex_serves_one_of_the_umbrellas_four() {
    let umbrella = filled(&agreement("ho-dfe-umbrella"));
    assert_eq!(
        purposes(&umbrella),
        [
            "education-and-wellbeing",
            "national-security",
            "prevent-detect-crime",
            "protect-child"
        ]
    );
    let annex = filled(&agreement("dfe-annex-5"));
    for (id, purpose) in &annex.purposes {
        let serves = purpose.umbrella.as_ref().unwrap();
        assert!(umbrella.purposes.contains_key(serves), "{id}");
    }
    let aims = &column(&annex, "quarterly", "aim").field_type;
    assert!(matches!(aims, FieldType::OneOf(all) if all.len() == 10));
}

// shows: EXCH-DFE-03, EXCH-DFE-05, LEG-15
#[test]
fn ground_a_needs_all_of_its_terms_and_the_open_breach() {
    let plan = filled(&agreement("dfe-annex-5"));
    let terms = [
        ("contact_lost", "yes"),
        ("offence_suspected", "ia-1971-s24"),
        ("believed_in_uk", "yes"),
        ("open_breach", "yes"),
    ];
    for mask in 0_u8..16 {
        let some: Vec<(&str, &str)> = terms
            .iter()
            .enumerate()
            .filter(|(i, _)| mask & (1 << i) != 0)
            .map(|(_, t)| *t)
            .collect();
        let held = holds(&plan, "ground-a", &some, "2016-05-01");
        assert_eq!(held == Truth::True, mask == 15, "{some:?}");
    }
    let theft = [terms[0], ("offence_suspected", "theft"), terms[2], terms[3]];
    let offences = &plan.facts[&FactId::parse("offence_suspected").unwrap()].field_type;
    assert!(!offences.accepts(theft[1].1));
}

// shows: EXCH-DFE-04
#[test]
fn ground_b_is_for_unaccompanied_minors() {
    let plan = filled(&agreement("dfe-annex-5"));
    let ground = |minor, born| {
        let record = [
            ("unaccompanied_minor", minor),
            ("born", born),
            ("contact_lost", "yes"),
            ("wellbeing_concern", "yes"),
        ];
        holds(&plan, "ground-b", &record, "2016-05-01")
    };
    assert_eq!(ground("yes", "2005-02-28"), Truth::True);
    assert_eq!(ground("yes", "1998-05-01"), Truth::False, "grown up today");
    assert_eq!(ground("no", "2005-02-28"), Truth::False);
    let fact = &plan.facts[&FactId::parse("unaccompanied_minor").unwrap()];
    assert_eq!(
        fact.of.iter().map(|k| k.as_str()).collect::<Vec<_>>(),
        ["child"],
        "an adult can have no such fact"
    );
}

// shows: EXCH-DFE-06, EXCH-DFE-07
#[test]
fn nine_fields_go_to_the_department_for_education_and_no_reason() {
    let plan = filled(&agreement("dfe-annex-5"));
    let nine = [
        "surname",
        "middle_name",
        "forename",
        "address",
        "post_code",
        "gender",
        "date_of_birth",
        "nationality",
        "cid_per_id",
    ];
    assert_eq!(columns(&plan, "monthly"), nine);
    assert_eq!(columns(&plan, "ad-hoc"), nine);
    let optional: Vec<&str> = nine
        .into_iter()
        .filter(|c| !column(&plan, "monthly", c).required())
        .collect();
    assert_eq!(optional, ["middle_name", "gender"]);
    // The column cannot come back by mistake.
    let reason =
        "      reason_for_check: { type: text, class: personal, why: decides }\n    never:";
    let text = agreement("dfe-annex-5").replacen("    never:", reason, 1);
    let checked = common::check(&text);
    assert!(checked.diagnostics.iter().any(|d| d.rule == "LANG-16"));
}

// shows: EXCH-DFE-08, RUN-16
#[test]
fn the_monthly_check_has_1200_to_1800_records_or_leave_for_another_number() {
    let plan = filled(&agreement("dfe-annex-5"));
    let volume = plan.flows[&flow("monthly")].volume.clone().unwrap();
    assert_eq!(
        (volume.least, volume.most, volume.beyond),
        (Some(1200), 1800, Some(party("dfe")))
    );
}

// shows: EXCH-DFE-09
#[test]
fn at_most_fifty_of_a_monthly_file_are_checked_by_hand() {
    let plan = filled(&agreement("dfe-annex-5"));
    let manual = &plan.flows[&flow("manual")];
    let volume = manual.volume.clone().unwrap();
    assert_eq!((volume.most, volume.per), (50, Per::Flow(flow("monthly"))));
    assert_eq!(manual.follows.as_ref().unwrap().flows, [flow("monthly")]);
    assert!(column(&plan, "manual", "reason").required());
}

// shows: EXCH-DFE-10
#[test]
fn the_annex_never_says_bulk() {
    let text =
        agreement("dfe-annex-5").replace("title: Locating", "title: Bulk checking and locating");
    let checked = common::check(&text);
    assert!(
        checked.diagnostics.iter().any(|d| d.rule == "LANG-25"),
        "{:?}",
        checked.diagnostics
    );
}

// shows: EXCH-DFE-11
#[test]
fn an_ad_hoc_request_names_its_circumstance() {
    let plan = filled(&agreement("dfe-annex-5"));
    let when = plan.flows[&flow("ad-hoc")].when.clone().unwrap();
    let Schedule::OnDemand {
        circumstances,
        other,
    } = when.schedule
    else {
        panic!("on demand")
    };
    let names: Vec<&str> = circumstances.iter().map(|c| c.as_str()).collect();
    assert_eq!(
        names,
        ["imminent-physical-risk", "national-security", "other"]
    );
    assert_eq!(
        other,
        [agreement::Extra::Text, agreement::Extra::SeniorApproval]
    );
}

// shows: EXCH-DFE-12
#[test]
fn the_department_for_education_reads_its_census_alone() {
    let plan = filled(&agreement("dfe-annex-5"));
    let reads: Vec<&str> = plan.parties[&party("dfe")]
        .reads
        .iter()
        .map(|s| s.as_str())
        .collect();
    assert_eq!(reads, ["school-census"]);
}

// shows: EXCH-DFE-13, EXCH-DFE-14
#[test]
fn what_comes_back_about_a_pupil() {
    let plan = filled(&agreement("dfe-annex-5"));
    let back = columns(&plan, "reply-found");
    let person = [
        "surname",
        "forename",
        "middle_name",
        "former_surname",
        "preferred_surname",
    ];
    let address = ["address", "post_code", "census_date"];
    let school = [
        "school_number",
        "school_name",
        "school_post_code",
        "earliest_date",
        "latest_date",
        "adopted_from_care",
    ];
    // Nationality is off until it is collected.
    assert_eq!(back, [&person[..], &address, &school].concat());
    let window = column(&plan, "reply-found", "address")
        .window
        .clone()
        .unwrap();
    assert_eq!(window.by.as_ref().unwrap().as_str(), "census_date");
    assert!(window.covers(Some(day("2011-05-01")), day("2016-05-01")));
    assert!(!window.covers(Some(day("2011-04-30")), day("2016-05-01")));
}

// shows: EXCH-DFE-15
#[test]
fn the_struck_dates_do_not_come_back() {
    let text = agreement("dfe-annex-5");
    let field = "      census_date: { type: date, class: personal, why: answers }\n";
    assert!(text.contains(field));
    let back = text.replace(
        field,
        &format!("{field}      from_date: {{ type: date, class: personal, why: answers }}\n"),
    );
    assert!(
        common::check(&back)
            .diagnostics
            .iter()
            .any(|d| d.rule == "LANG-16")
    );
}

// shows: EXCH-DFE-16
#[test]
fn the_same_file_comes_back_with_a_row_for_every_row() {
    let plan = filled(&agreement("dfe-annex-5"));
    let answers = plan.flows[&flow("reply")].answers.clone().unwrap();
    assert!(answers.same_file);
    assert_eq!(answers.rows, agreement::RowCover::EveryRow);
    let sent = columns(&plan, "monthly");
    assert_eq!(
        columns(&plan, "reply"),
        [sent, vec!["matched".to_owned()]].concat()
    );
}

// shows: EXCH-DFE-17
#[test]
fn with_each_file_goes_its_notice_and_with_each_answer_its_note() {
    let plan = filled(&agreement("dfe-annex-5"));
    let needs = |id: &str| -> Vec<_> {
        plan.flows[&flow(id)]
            .needs
            .iter()
            .map(|n| n.flow.to_string())
            .collect()
    };
    assert!(needs("monthly").contains(&"notice-out".to_owned()));
    assert!(needs("ad-hoc").contains(&"notice-out".to_owned()));
    assert_eq!(needs("reply"), ["note-back"]);
    assert!(
        columns(&plan, "notice-out").iter().all(|c| c != "password"),
        "the password is never a field"
    );
}

// shows: EXCH-DFE-18, SEC-07
#[test]
fn only_key_to_success_carries_the_files() {
    let plan = filled(&agreement("dfe-annex-5"));
    for id in ["monthly", "manual", "ad-hoc", "reply", "reply-found"] {
        assert_eq!(
            plan.flows[&flow(id)].route.as_str(),
            "key-to-success",
            "{id}"
        );
    }
    let other = agreement("dfe-annex-5").replace(
        "key-to-success:      { kind: transfer, state: approved",
        "key-to-success:      { kind: transfer, state: assured",
    );
    assert!(
        common::check(&other)
            .diagnostics
            .iter()
            .any(|d| d.rule == "SEC-07")
    );
}

// shows: EXCH-DFE-19
#[test]
fn answers_are_due_in_ten_and_five_working_days() {
    let plan = filled(&agreement("dfe-annex-5"));
    let due = |what: &str| {
        plan.clocks
            .iter()
            .find(|c| c.what.contains(what))
            .unwrap()
            .within
            .unwrap()
    };
    let (monthly, ad_hoc) = (due("monthly"), due("ad hoc"));
    assert_eq!((monthly.count, monthly.unit), (10, Unit::WorkingDays));
    assert_eq!((ad_hoc.count, ad_hoc.unit), (5, Unit::WorkingDays));
}

// shows: LEG-16
#[test]
fn a_welfare_case_leaves_record_by_record_and_only_with_its_reason() {
    let plan = filled(&agreement("dfe-annex-5"));
    let permit = plan
        .permits()
        .find("reply-found/pupil.surname/child/cypa-2008-s7")
        .unwrap();
    assert_eq!(permit.scope, agreement::Scope::OneRecord);
    assert!(permit.when.iter().any(|c| c.as_str() == "needed"));
    let told = [("told:ho.ground-b", "yes")];
    assert_eq!(
        holds(&plan, "needed", &told, "2016-05-01"),
        Truth::Unknown,
        "without the reason it is unknown"
    );
}

// shows: LEG-26
#[test]
fn each_exchange_says_when_the_receiver_becomes_controller() {
    use agreement::{Passes, UntilThen};
    let of = |name: &str, dataset: &str| {
        let plan = filled(&agreement(name));
        let c = plan
            .controllers_of(&agreement::DatasetId::parse(dataset).unwrap())
            .unwrap();
        (c.passes, c.until_then)
    };
    assert_eq!(
        of("no-contact", "hmrc-found"),
        (Passes::OnReceipt, UntilThen::Sender)
    );
    assert_eq!(
        of("dfe-annex-5", "pupil"),
        (Passes::OnPromotion, UntilThen::Sender)
    );
    assert_eq!(
        of("euss-check", "periods"),
        (Passes::OnReceipt, UntilThen::InCommon)
    );
}

// shows: EXCH-EUSS-01, LEG-18
#[test]
fn the_residence_check_serves_one_purpose_on_its_two_bases() {
    let plan = filled(&agreement("euss-check"));
    assert_eq!(purposes(&plan), ["residence"]);
    assert_eq!(gates(&plan, "check"), ["common-law-crown"]);
    assert_eq!(gates(&plan, "answer"), ["iaa-1999-s20"]);
    let answer = plan
        .permits()
        .find("answer/periods.benefit_type/applicant/iaa-1999-s20")
        .unwrap();
    assert_eq!(
        answer.limbs.iter().map(|l| l.as_str()).collect::<Vec<_>>(),
        ["a", "dd"]
    );
    assert_eq!(
        agreement("euss-check")
            .matches("lawful-basis: gdpr-6-1-e")
            .count(),
        2
    );
}

// shows: EXCH-EUSS-03, RTC-07
#[test]
fn fourteen_benefit_types_and_no_other() {
    let plan = filled(&agreement("euss-check"));
    let kind = &column(&plan, "answer", "benefit_type").field_type;
    assert!(matches!(kind, FieldType::OneOf(all) if all.len() == 14));
    assert!(kind.accepts("universal-credit") && !kind.accepts("child-benefit"));
}

// shows: RTC-02
#[test]
fn what_is_asked_with_and_without_a_number() {
    let plan = filled(&agreement("euss-check"));
    let asked = [
        "correlation_id",
        "forename",
        "surname",
        "other_names",
        "date_of_birth",
        "nino",
    ];
    assert_eq!(columns(&plan, "check"), asked);
    assert!(!column(&plan, "check", "nino").required());
    let declared = [("declared", "yes"), ("details.nino", "QQ123456C")];
    assert_eq!(
        holds(&plan, "may-check", &declared, "2025-05-01"),
        Truth::True
    );
    assert_eq!(
        holds(&plan, "may-check", &declared[..1], "2025-05-01"),
        Truth::False,
        "no number, no call"
    );
}

// shows: RTC-03, RTC-04
#[test]
fn six_fields_come_back_under_a_pseudonym() {
    let plan = filled(&agreement("euss-check"));
    let back = columns(&plan, "answer");
    assert_eq!(
        back,
        [
            "correlation_id",
            "start_date",
            "end_date",
            "benefit_type",
            "date_of_death",
            "gone_abroad"
        ]
    );
    for never in ["nino", "name", "date_of_birth"] {
        let line = "      start_date:     { type: date, class: personal, why: derives }\n";
        let text = agreement("euss-check");
        assert!(text.contains(line));
        let text = text.replace(
            line,
            &format!("{line}      {never}: {{ type: text, class: personal, why: derives }}\n"),
        );
        assert!(
            common::check(&text)
                .diagnostics
                .iter()
                .any(|d| d.rule == "LANG-16"),
            "{never}"
        );
    }
}

// shows: RTC-05
#[test]
fn the_identifier_is_made_anew_for_each_call_and_lives_in_memory() {
    let plan = filled(&agreement("euss-check"));
    assert_eq!(
        column(&plan, "check", "correlation_id").minted,
        Some(Minted::PerCall)
    );
    assert!(plan.flows[&flow("answer")].answers.as_ref().unwrap().once);
    let details = agreement::DatasetId::parse("details").unwrap();
    assert!(
        plan.keep_rules(&details, &party("ho"))
            .all(|k| k.memory_only)
    );
}

// shows: RTC-06
#[test]
fn seven_tax_years_at_the_check() {
    let plan = filled(&agreement("euss-check"));
    let window = column(&plan, "answer", "benefit_type")
        .window
        .clone()
        .unwrap();
    assert!(window.covers(Some(day("2018-04-06")), day("2025-04-05")));
    assert!(!window.covers(Some(day("2018-04-05")), day("2025-04-05")));
    assert!(
        window.covers(None, day("2025-04-05")),
        "what goes on reaches the present"
    );
}

// shows: REV-01, REV-02, REV-03
#[test]
fn terms_and_reviews_are_those_of_the_documents() {
    let no_contact = filled(&agreement("no-contact"));
    let term = no_contact.term.unwrap();
    assert_eq!(
        (term.from, term.last),
        (day("2016-03-18"), Some(day("2018-03-17")))
    );
    assert_eq!(no_contact.life.reviews, [day("2017-03-18")]);
    let dfe = filled(&agreement("dfe-annex-5"));
    assert_eq!(dfe.term.unwrap().last, None);
    assert_eq!(dfe.life.review_every.to_string(), "12 months");
    let euss = filled(&agreement("euss-check"));
    assert_eq!(euss.term.unwrap().last, Some(day("2026-03-31")));
    assert_eq!(euss.life.review_stop.unwrap().to_string(), "24 months");
}

// shows: REV-07, REV-08
#[test]
fn notice_runs_to_the_corresponding_day() {
    let dfe = filled(&agreement("dfe-annex-5"));
    assert_eq!(
        dfe.life.ends_by_notice(day("2026-01-31")),
        Some(day("2026-02-28"))
    );
    assert_eq!(dfe.life.stop_at_once, [agreement::AtOnce::Breach]);
    let euss = filled(&agreement("euss-check"));
    assert_eq!(
        euss.life.ends_by_notice(day("2025-11-30")),
        Some(day("2026-02-28"))
    );
    assert_eq!(euss.life.stop_at_once, [agreement::AtOnce::SeriousBreach]);
}

// shows: RET-11
#[test]
fn what_came_back_is_kept_until_its_own_day() {
    let dfe = filled(&agreement("dfe-annex-5"));
    let ends = |dataset: &str, at: &str| {
        let dataset = agreement::DatasetId::parse(dataset).unwrap();
        let at = party(at);
        let rule = dfe
            .keep_rules(&dataset, &at)
            .find(|k| k.place == agreement::Place::Received)
            .unwrap()
            .clone();
        match rule.ends {
            Ends::After { period, .. } => period.to_string(),
            Ends::Until(_) | Ends::NeedReviewed { .. } | Ends::Open => panic!("{dataset}"),
        }
    };
    assert_eq!(ends("request", "dfe"), "4 weeks");
    assert_eq!(ends("pupil", "ho"), "6 months");
}

/// The register of an umbrella has a row for each direction (AGR-06, AGR-07).
// shows: AGR-06, AGR-07
#[test]
fn the_umbrella_lists_its_process_agreements_by_direction() {
    let library = common::library_of("../../agreements");
    let text = agreement("ho-dfe-umbrella");
    let (memo, _) = agreement::render::memorandum("x", text.as_bytes(), &common::law(), &library);
    let memo = memo.unwrap();
    let register = memo.clauses().find(|c| c.id == "register").unwrap();
    let shown = serde_json::to_string(&register.blocks).unwrap();
    for part in [
        "Home Office to Department for Education",
        "the common law power of the Crown",
        "Home Office Removals Casework",
        "Department for Education to Home Office",
        "section 29(3)",
        "section 7 of the Children and Young Persons Act 2008",
        "National Pupil Database and Transparency Team",
        "dfe-annex-5",
        "regular",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

/// Nothing of the fields that documents name is looked up under another name.
#[test]
fn copies_lead_back_to_what_was_sent_first() {
    let plan = filled(&agreement("no-contact"));
    let reply: &Flow = &plan.flows[&flow("dwp-reply")];
    for column in reply.columns.iter().take(5) {
        assert_eq!(column.origins, [field(&format!("extract.{}", column.name))]);
    }
    assert_eq!(
        column(&plan, "forward", "emails").origins,
        [field("extract.email_primary"), field("extract.email_other")]
    );
    assert!(matches!(
        column(&plan, "dwp-reply", "address").present,
        Present::UnlessKnown(_)
    ));
}

// shows: EXCH-HMRC-18, EXCH-HMRC-19, EXCH-HMRC-20
#[test]
fn no_contact_says_what_it_is_for_and_what_nobody_has_settled() {
    let plan = filled(&agreement("no-contact"));
    let signed: serde_json::Value = serde_json::from_str(plan.canonical()).unwrap();
    let signed = &signed["agreement"];
    let benefits = signed["benefits"].as_object().unwrap();
    assert_eq!(benefits.len(), 8);
    for (name, benefit) in benefits {
        let by = &benefit["measured-by"];
        assert!(
            !by.is_null(),
            "{name} has a measure, or says that it is not measured"
        );
    }
    let lines = signed["proportionality"].as_object().unwrap().values();
    let of_reply = |line: &&serde_json::Value| line["flows"].to_string().contains("hmrc-reply");
    let line = lines.into_iter().find(of_reply).unwrap();
    for part in ["aim", "necessity", "least-data"] {
        assert!(!line[part].is_null(), "{part}");
    }
    let contacts = plan
        .gaps
        .iter()
        .find(|(id, _)| id.as_str() == "contacts")
        .unwrap();
    assert_eq!(
        contacts.1.open_at,
        ["contacts.ho", "contacts.hmrc", "contacts.dwp"]
    );
    let signatures = plan
        .gaps
        .iter()
        .find(|(id, _)| id.as_str() == "signatures")
        .unwrap();
    assert_eq!(signatures.1.open_at.len(), 3);
}

// shows: CHILD-01, S-13
#[test]
fn childrens_welfare_is_a_purpose_apart_from_the_offence_in_the_agreement_with_education() {
    let plan = filled(&agreement("dfe-annex-5"));
    let law = common::law();
    let welfare = plan
        .purposes
        .iter()
        .find(|(id, _)| id.as_str() == "welfare");
    let stands_on = &welfare.unwrap().1.law;
    assert_eq!(
        stands_on.iter().map(|l| l.as_str()).collect::<Vec<_>>(),
        ["child-wellbeing"]
    );
    assert_eq!(stands_on.iter().flat_map(|l| law.guidance(l)).count(), 2);
    // Only the welfare ground opens the gateway to a child's well-being, and it serves no other purpose.
    for permit in plan.permits().to(agreement::Act::Disclose) {
        let gate = permit.gateway.as_ref().map(ToString::to_string);
        let purposes: Vec<&str> = permit.purposes.iter().map(|p| p.as_str()).collect();
        if gate.as_deref() == Some("cypa-2008-s7") {
            assert_eq!(purposes, ["welfare"], "{permit:?}");
        }
    }
    // The memorandum prints the guidance beside the purpose.
    let text = agreement("dfe-annex-5");
    let (memo, _) =
        agreement::render::memorandum("dfe.yaml", text.as_bytes(), &law, &common::library());
    assert!(
        memo.unwrap()
            .markdown()
            .contains("welfare: Working together to safeguard children")
    );
}
