//! Nodes driven by the command line alone, as their people drive them, on the machine's own clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sim::{master::Master, register::Register};

const PEOPLE: usize = 40;
const RUN: &str = "ask-1";
const OFFICER: &[&str] = &["--as", "o1:data-sharing-officer"];
const ANALYST: &[&str] = &["--as", "a1:analyst"];
const CASEWORKER: &[&str] = &["--as", "c1:caseworker"];

/// Three parties' directories, and what lies beside them.
struct Desk {
    dir: tempfile::TempDir,
    /// All that any command printed.
    told: RefCell<String>,
}

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

impl Desk {
    /// The Home Office with a case register, HMRC with a master list, DWP with neither; no node yet.
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let register = Register {
            seed: 7,
            size: PEOPLE,
            as_of: jiff::civil::date(2026, 1, 5),
        };
        register
            .write(&dir.path().join("register.db"))
            .await
            .unwrap();
        let master = Master {
            seed: 7,
            register_size: PEOPLE as u64,
            strangers: 60,
        };
        master.write(&dir.path().join("master.db")).await.unwrap();
        let agreements = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements");
        let read = |name: &str| std::fs::read_to_string(agreements.join(name)).unwrap();
        // A term that this test does not outlive.
        let source = read("contact-thread.yaml");
        let long = source.replace("for: 24 months, review", "for: 1200 months, review");
        assert_ne!(source, long);
        std::fs::write(dir.path().join("contact-thread.yaml"), long).unwrap();
        std::fs::write(dir.path().join("mou-u-d.yaml"), read("mou-u-d.yaml")).unwrap();
        Self {
            dir,
            told: RefCell::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn out(&self, who: &str, parts: &[&[&str]]) -> Output {
        let out = Command::new(env!("CARGO_BIN_EXE_concordat"))
            .args(parts.concat())
            .args(["--dir", &self.at(who)])
            .output()
            .unwrap();
        self.told.borrow_mut().push_str(&text(&out));
        out
    }

    /// Gives a command that must be done.
    fn does(&self, who: &str, parts: &[&[&str]]) -> Value {
        let out = self.out(who, &[parts, &[&["--json"]]].concat());
        assert_eq!(out.status.code(), Some(0), "{parts:?}: {}", text(&out));
        let told: Value =
            serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{parts:?}: {e}"));
        if told["entries"].is_array() {
            let next = told["next"].is_array() || told["undo"].is_string();
            assert!(
                next,
                "{parts:?} says what is next, or how it is undone: {told}"
            );
        }
        told
    }

    /// Gives a command that must be refused: the rules.
    fn refused(&self, who: &str, parts: &[&[&str]]) -> Vec<String> {
        let out = self.out(who, &[parts, &[&["--json"]]].concat());
        assert_eq!(out.status.code(), Some(1), "{parts:?}: {}", text(&out));
        let told: Value = serde_json::from_slice(&out.stdout).unwrap();
        let rules = told["refused"].as_array().unwrap().iter();
        rules
            .map(|r| r["rule"].as_str().unwrap().to_owned())
            .collect()
    }

    fn state(&self, who: &str) -> Value {
        let status = self.does(who, &[&["node", "status"]]);
        serde_json::json!([status["state"], status["ledger"]])
    }

    /// Lets the workers of both nodes work until nothing is left to do.
    fn settle(&self) {
        for _ in 0..4 {
            for who in ["ho", "hmrc"] {
                let worked = self.does(who, &[&["node", "work"]]);
                assert_eq!(worked["faults"], serde_json::json!([]), "{who}");
            }
        }
    }

    fn init(&self) {
        let (register, master) = (self.at("register.db"), self.at("master.db"));
        let route = ["--route", "sealed-exchange"];
        let init = |who: &str, more: &[&str]| {
            self.does(who, &[&["node", "init", "--party", who], &route, more]);
        };
        init("ho", &["--register", &register]);
        let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/hmrc");
        init("hmrc", &["--master", &master, "--solution", models]);
        init("dwp", &[]);
        for who in ["ho", "hmrc"] {
            let step = |step: &[&str]| {
                let route = ["route", step[0], "sealed-exchange"];
                self.does(who, &[&route, &step[1..]]);
            };
            step(&["propose", "--as", "o1:data-sharing-officer"]);
            step(&["assure", "--reason", "its terms", "--as", "i1:iao"]);
            step(&["approve", "--reason", "accredited", "--as", "r1:siro"]);
        }
    }

    /// The agreement in force at both nodes, and the approval.
    fn agreed(&self) {
        self.init();
        let (file, umbrella) = (self.at("contact-thread.yaml"), self.at("mou-u-d.yaml"));
        for (who, other, by) in [("ho", "hmrc", OFFICER), ("hmrc", "ho", ANALYST)] {
            let card = self.at(&format!("{other}/card.json"));
            self.does(who, &[&["node", "trust", &card], by]);
            let project = ["--project", "contact-2026"];
            let lay = ["node", "lay", &file, "--umbrella", &umbrella];
            let lay = [&lay[..], &project].concat();
            self.does(who, &[&lay, by]);
            self.does(who, &[&["node", "sign", "--as", "s1:signatory"]]);
            for framework in ["spf", "gsc"] {
                let control = ["node", "control", framework, "--edition", "April 2014"];
                let rest = ["--evidence", "statement 12", "--as", "i1:iao"];
                self.does(who, &[&control, &rest]);
            }
        }
        for (who, other, by) in [("ho", "hmrc", OFFICER), ("hmrc", "ho", ANALYST)] {
            let note = self.at(&format!("{other}/signatures/contact-thread.{other}.note"));
            self.does(who, &[&["node", "take-signature", &note], by]);
        }
        let report = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../models/hmrc/quality.json"
        );
        assert_eq!(
            self.refused("hmrc", &[&["solution", "use", "--as", "i1:iao"]]),
            ["MATCH-17"]
        );
        self.does("hmrc", &[&["solution", "test", report], ANALYST]);
        self.does("hmrc", &[&["solution", "use", "--as", "i1:iao"]]);
        let solutions = self.does("hmrc", &[&["solution", "status"]]);
        assert_eq!(solutions["solutions"][0]["state"], "in-use");
        self.does(
            "ho",
            &[&["approve", "ask", "ask", "--volume", "100"], OFFICER],
        );
        self.does("ho", &[&["approve", "grant", "ask", "--as", "i1:iao"]]);
        self.settle();
    }

    /// A sealed file does not go while its agreement is suspended, and people are told so.
    fn held_back(&self) {
        let why = ["--reason", "a loss is being looked into"];
        self.does("ho", &[&["node", "stand", "suspend"], &why, OFFICER]);
        self.settle();
        let file = self.does("ho", &[&["run", "status", RUN]])["files"][0].clone();
        assert_eq!(file["state"], "sealed");
        for (command, tells) in [
            ("due", "ask-1 is sealed and held back"),
            ("doctor", "does not go"),
        ] {
            let told = text(&self.out("ho", &[&[command]]));
            assert!(told.contains(tells), "{told}");
        }
        self.does("ho", &[&["node", "stand", "resume"], &why, OFFICER]);
    }

    /// The question is sent, matched, decided, and answered.
    fn answered(&self) {
        self.does("ho", &[&["run", "start", "ask", "--run", RUN], OFFICER]);
        self.does("ho", &[&["run", "release", RUN, "ask"], OFFICER]);
        self.held_back();
        self.settle();
        self.does("hmrc", &[&["run", "match", RUN, "ask"], ANALYST]);
        self.decided("hmrc", "ask", ANALYST);
        self.does("hmrc", &[&["run", "next", "reply", "--run", RUN], ANALYST]);
        self.does("hmrc", &[&["run", "release", RUN, "reply"], ANALYST]);
        self.settle();
    }

    /// Confirms what is strong and refutes the rest; the confirmed rows.
    fn decided(&self, who: &str, flow: &str, by: &[&str]) -> Vec<u64> {
        let list = self.does(who, &[&["review", "list", RUN, flow, "--open"]]);
        let (mut sure, mut unsure) = (Vec::new(), Vec::new());
        for found in list["matches"].as_array().unwrap() {
            let is_sure = found["strong"] == true && found["standing"] == "candidate";
            let rows = if is_sure { &mut sure } else { &mut unsure };
            rows.push(found["row"].as_u64().unwrap());
        }
        for (verb, rows) in [("confirm", &sure), ("refute", &unsure)] {
            if !rows.is_empty() {
                let rows: Vec<_> = rows.iter().map(ToString::to_string).collect();
                let rows = rows.join(",");
                self.does(
                    who,
                    &[
                        &["review", verb, RUN, flow, &rows, "--reason", "looked at"],
                        by,
                    ],
                );
            }
        }
        sure
    }
}

/// A loss under the agreement: it is suspended at once, both contacts are told, and nobody closes it before all is said.
fn a_loss_is_raised_told_and_closed(desk: &Desk) {
    let raise = ["incident", "raise", "inc-1", "contact-thread", "--suspend"];
    let of = ["--category", "loss", "--aware", "2020-01-03T18:00:00Z"];
    let what = ["--what", "a workbook was left on a train"];
    let no_such = [&raise[..], &of, &what, &["--run", "ask-9"], OFFICER];
    assert_eq!(desk.refused("ho", &no_such), ["INC-01"]);
    // A caseworker may raise an incident, and not suspend the agreement with it.
    let loss = [&raise[..], &of, &what, &["--run", RUN]];
    let by = |who: &'static [&'static str]| [&loss[..], &[who]].concat();
    assert_eq!(desk.refused("ho", &by(CASEWORKER)), ["SEC-09"]);
    desk.does("ho", &by(OFFICER));
    let due = desk.does("ho", &[&["due"]]).to_string();
    for party in ["ho", "hmrc"] {
        let late = format!("the notice of inc-1 to {party} by 2020-01-04T18:00:00Z is LATE");
        assert!(due.contains(&late), "{due}");
        desk.does("ho", &[&["incident", "notify", "inc-1", party], OFFICER]);
    }
    assert!(due.contains("incidents@hmrc.example"), "{due}");
    let why = ["--reason", "the workbook is back"];
    let close = ["incident", "close", "inc-1"];
    assert_eq!(desk.refused("ho", &[&close, &why, OFFICER]), ["INC-13"]);
    let step = |verb: &str| desk.does("ho", &[&["incident", verb, "inc-1"], &why, OFFICER]);
    step("contain");
    step("assess");
    let decide = [
        "incident",
        "decide",
        "inc-1",
        "--regulator",
        "no: nobody read it",
        "--subjects",
        "no: there is no risk to them",
        "--advice",
        "yes: counsel was asked",
        "--discipline",
        "no: an accident",
    ];
    desk.does("ho", &[&decide, OFFICER]);
    step("recover");
    step("close");
    let list = desk.does("ho", &[&["incident", "list"]]);
    assert_eq!(list["incidents"][0]["state"], "closed");
    assert_eq!(list["incidents"][0]["notices"]["hmrc"]["is_late"], true);
    step("reopen");
    let due = desk.does("ho", &[&["due"]]).to_string();
    assert!(due.contains("the incident inc-1 is notified"), "{due}");
}

// shows: RET-12
#[tokio::test]
async fn three_directories_and_one_whole_run_by_commands_alone() {
    let desk = Desk::new().await;
    desk.agreed();
    desk.answered();
    // As people see it, too: for the search below.
    for parts in [
        ["review", "list", RUN, "reply"].as_slice(),
        &["run", "status"],
        &["due"],
        &["report"],
    ] {
        assert!(desk.out("ho", &[parts]).status.success());
    }
    let confirmed = desk.decided("ho", "reply", CASEWORKER);
    assert!(!confirmed.is_empty(), "somebody was found");
    let first = confirmed[0].to_string();
    let flag = ["--flag", "ISD HMRC Match"];
    desk.does(
        "ho",
        &[&["review", "flag", RUN, "reply", &first], &flag, CASEWORKER],
    );
    let decide = [
        "review",
        "decide",
        "use-contact",
        "--run",
        RUN,
        "--flow",
        "reply",
        "--row",
        &first,
    ];
    desk.does("ho", &[&decide, &["--reason", "verified"], CASEWORKER]);
    desk.settle();
    let list = desk.does("ho", &[&["review", "list", RUN, "reply"]]);
    assert_eq!(list["as_of"].as_str().map(str::len), Some(10));
    assert!(list.get("quality").is_some());
    let rows = list["matches"].as_array().unwrap();
    let flagged = rows.iter().find(|m| m["row"] == confirmed[0]).unwrap();
    assert_eq!(flagged["flags"][0]["state"], "applied");
    let lift = [
        "review",
        "lift",
        RUN,
        "reply",
        &first,
        "--reason",
        "leave was granted",
    ];
    let conclude = [
        "review",
        "conclude",
        RUN,
        "reply",
        &first,
        "--reason",
        "the person left the country",
    ];
    desk.does("ho", &[&conclude, &flag, CASEWORKER]);
    let report = desk.does("ho", &[&["report"]]);
    assert!(
        report.to_string().contains("ISD HMRC Match concluded"),
        "{report}"
    );
    desk.does("ho", &[&lift, &flag, CASEWORKER]);
    let why = ["--reason", "a loss is being looked into"];
    let stands = |stage: &str| {
        let status = desk.does("ho", &[&["node", "status"]]);
        assert_eq!(status["agreements"][0]["stage"], stage);
    };
    // A move that is made again is made, however soon.
    for (verb, stage) in [
        ("suspend", "suspended"),
        ("resume", "in-force"),
        ("suspend", "suspended"),
        ("resume", "in-force"),
    ] {
        desk.does("ho", &[&["node", "stand", verb], &why, OFFICER]);
        stands(stage);
    }
    a_loss_is_raised_told_and_closed(&desk);
    stands("suspended");
    desk.does("ho", &[&["node", "stand", "resume"], &why, OFFICER]);
    desk.settle();

    desk.does("hmrc", &[&["run", "complete", RUN], ANALYST]);
    desk.does("ho", &[&["run", "close", RUN], OFFICER]);
    desk.settle();
    for (who, files) in [("ho", 1), ("hmrc", 3)] {
        let status = desk.does(who, &[&["run", "status", RUN]]);
        for file in status["files"].as_array().unwrap() {
            assert_eq!(file["state"], "closed", "{who}");
        }
        let verified = Command::new(env!("CARGO_BIN_EXE_concordat"))
            .args(["verify", &desk.at(&format!("{who}/ledger"))])
            .output()
            .unwrap();
        let told = text(&verified);
        assert!(verified.status.success(), "{told}");
        let destroyed = told
            .lines()
            .find(|l| l.ends_with(" key.destroyed"))
            .unwrap();
        let count: u64 = destroyed
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(count, files, "{who}: {told}");
    }
    // The third party's node stands by itself: nothing of the run is there.
    let status = desk.does("dwp", &[&["node", "status"]]);
    assert_eq!(status["files"], serde_json::json!([]));
    // No command printed a value of a person.
    let values = values(&desk).await;
    assert!(values.len() > 100, "the search looks for something");
    let told = desk.told.borrow().clone();
    let found: Vec<_> = values.iter().filter(|v| told.contains(*v)).collect();
    assert_eq!(found, Vec::<&String>::new());
    // Given again after the end, each command says that it was done.
    let again = desk.does("ho", &[&["run", "close", RUN], OFFICER]);
    assert_eq!(again["done_before"], true);
}

// shows: AUD-07, SEC-03, SEC-04, SEC-09
#[tokio::test]
async fn a_refusal_is_shown_with_its_way_out() {
    let desk = Desk::new().await;
    desk.init();
    let start = ["run", "start", "ask", "--run", RUN];
    let nothing = desk.out("ho", &[&start, OFFICER]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(text(&nothing).contains("node lay"), "{}", text(&nothing));
    desk.does(
        "ho",
        &[
            &[
                "node",
                "lay",
                &desk.at("contact-thread.yaml"),
                "--umbrella",
                &desk.at("mou-u-d.yaml"),
                "--project",
                "contact-2026",
            ],
            OFFICER,
        ],
    );
    let out = desk.out("ho", &[&start, OFFICER]);
    assert_eq!(out.status.code(), Some(1));
    let told = text(&out);
    assert!(
        told.contains("refused (AGR-21)") && told.contains("have it signed"),
        "{told}"
    );
    // Nor before somebody has said that every control is in place, with the evidence.
    assert!(
        told.contains("refused (SEC-03)") && told.contains("refused (SEC-04)"),
        "{told}"
    );
    let control = ["node", "control", "spf", "--edition", "April 2014"];
    let evidence = ["--evidence", "statement 12"];
    let one = ["--control", "handling"];
    assert_eq!(
        desk.refused("ho", &[&control, &evidence, OFFICER]),
        ["SEC-09"]
    );
    desk.does("ho", &[&control, &evidence, &one, &["--as", "i1:iao"]]);
    let list = desk.does("ho", &[&["node", "checklist"]]);
    assert_eq!(list["complete"], false);
    for item in list["controls"].as_array().unwrap() {
        let by = if item["control"] == "spf.handling" {
            "i1".into()
        } else {
            Value::Null
        };
        assert_eq!(item["by"], by, "{item}");
    }
    let status = desk.does("ho", &[&["node", "status"]]);
    let why = status["agreements"][0]["why_not"].to_string();
    assert!(
        why.contains("transfer, storage, access, destruction"),
        "{why}"
    );
    assert!(told.contains("To appeal"), "{told}");
    assert_eq!(desk.refused("ho", &[&start, CASEWORKER]), ["SEC-09"]);
    // It stands in the ledger.
    desk.does("ho", &[&["node", "work"]]);
    let out = Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(["verify", &desk.at("ho/ledger"), "--json"])
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(
        told["acts"]["refused"], 5,
        "each of them, also within one second"
    );
    // Wrong use is another answer.
    let out = desk.out("ho", &[&start, &["--as", "o1:king"]]);
    assert_eq!(out.status.code(), Some(2));
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let desk = Desk::new().await;
    desk.agreed();
    let before = desk.state("ho");
    let keys = std::fs::read_dir(desk.path("ho/keys/vault"))
        .unwrap()
        .count();
    let dry = ["--dry-run"];
    let start = ["run", "start", "ask", "--run", RUN];
    let told = desk.does("ho", &[&start, OFFICER, &dry]);
    assert_eq!(told["dry_run"], true);
    let selected = told["rows"].as_u64().unwrap();
    assert!(selected > 0);
    assert_eq!(desk.refused("ho", &[&start, CASEWORKER, &dry]), ["SEC-09"]);
    assert_eq!(desk.state("ho"), before);
    assert_eq!(
        std::fs::read_dir(desk.path("ho/keys/vault"))
            .unwrap()
            .count(),
        keys
    );

    desk.does("ho", &[&start, OFFICER]);
    let before = desk.state("ho");
    let release = ["run", "release", RUN, "ask"];
    // Three steps, each on the last one's outcome, and nothing stands.
    let told = desk.does("ho", &[&release, OFFICER, &dry]);
    assert_eq!(told["rows"].as_u64(), Some(selected));
    assert!(
        told["columns"].to_string().contains("extract.nino"),
        "{told}"
    );
    assert_eq!(
        desk.refused("ho", &[&release, CASEWORKER, &dry]),
        ["SEC-09"]
    );
    assert_eq!(desk.state("ho"), before);
    desk.does("ho", &[&release, OFFICER]);

    // What waits to be received is not taken.
    desk.does("ho", &[&["node", "work"]]);
    let before = desk.state("hmrc");
    let told = desk.does("hmrc", &[&["node", "work"], &dry]);
    assert!(told["entries"].to_string().contains("leg.loaded"), "{told}");
    assert_eq!(desk.state("hmrc"), before);
    desk.settle();
    let status = desk.does("hmrc", &[&["run", "status", RUN]]);
    assert_eq!(status["files"][0]["state"], "loaded");
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_nothing_behind() {
    let desk = Desk::new().await;
    desk.agreed();
    let start = |run: &str, more: &[&str]| {
        desk.does(
            "ho",
            &[&["run", "start", "ask", "--run", run], more, OFFICER],
        )["rows"]
            .clone()
    };
    let rows = start(RUN, &[]);
    let abandon = ["run", "abandon", RUN, "ask", "--reason"];
    assert_eq!(desk.refused("ho", &[&abandon, &[" "], OFFICER]), ["RUN-04"]);
    desk.does("ho", &[&abandon, &["selected by mistake"], OFFICER]);
    desk.settle();
    let status = desk.does("ho", &[&["run", "status"]]);
    assert_eq!(status["files"][0]["state"], "closed");
    let out = desk.out("ho", &[&["run", "status"]]);
    assert!(text(&out).contains("run ask-1 (closed, "), "{}", text(&out));
    // Whoever was selected was not asked: it is their turn again.
    assert_eq!(
        start("ask-2", &["--reason", "the first was given up"]),
        rows
    );
}

/// The register's values that are long enough to be told apart.
async fn values(desk: &Desk) -> Vec<String> {
    use exchange::ports::CaseRegister;
    let register = sim::departments::OpenRegister::open(&desk.path("register.db"))
        .await
        .unwrap();
    let facts = register.facts(None, 1_000).await.unwrap();
    let people: Vec<String> = facts.into_iter().map(|(person, _)| person).collect();
    let records = register.records(&people).await.unwrap();
    let values = records.into_values().flat_map(|r| r.values);
    values
        .filter(|(field, value)| field != "dash_source" && value.len() >= 6)
        .map(|(_, value)| value)
        .collect()
}

// shows: RUN-05
#[tokio::test]
async fn every_failing_condition_of_a_file_is_shown_at_once() {
    let desk = Desk::new().await;
    desk.agreed();
    desk.does("ho", &[&["run", "start", "ask", "--run", RUN], OFFICER]);
    // The approval is asked for anew and the route is no longer approved.
    desk.does(
        "ho",
        &[&["approve", "ask", "ask", "--volume", "1"], OFFICER],
    );
    let config = desk.path("ho/node.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("sealed-exchange", "post")).unwrap();
    let release = ["run", "release", RUN, "ask"];
    let all = ["RUN-13", "APP-03"];
    assert_eq!(
        desk.refused("ho", &[&release, OFFICER, &["--dry-run"]]),
        all
    );
    assert_eq!(desk.refused("ho", &[&release, OFFICER]), all);
    let status = desk.does("ho", &[&["run", "status", RUN]]);
    assert_eq!(status["files"][0]["state"], "prepared");
}

// shows: MATCH-16
#[tokio::test]
async fn the_report_has_the_hit_rate_of_each_data_set() {
    let desk = Desk::new().await;
    desk.agreed();
    let sets = |who: &str| desk.does(who, &[&["report"]])["agreements"][0]["data_sets"].clone();
    let none = sets("ho");
    assert_eq!(none[0]["name"], "hmrc-found");
    assert_eq!(none[0]["sent"], 0);
    assert_eq!(none[0]["hit_rate"], "not applicable");

    desk.answered();
    let list = desk.does("ho", &[&["review", "list", RUN, "reply"]]);
    let matched = list["matches"].as_array().unwrap().len() as u64;
    let some = sets("ho");
    let sent = some[0]["sent"].as_u64().unwrap();
    assert!(0 < matched && matched < sent, "{matched} of {sent}");
    assert_eq!(some[0]["matched"].as_u64(), Some(matched));
    let rate = format!("{:.1} %", matched as f64 * 100.0 / sent as f64);
    assert_eq!(some[0]["hit_rate"], rate.as_str());
    let volume = &desk.does("ho", &[&["report"]])["agreements"][0]["volumes"]["ask"];
    assert_eq!(volume["in_12_months"].as_u64(), Some(sent));
    assert_eq!(volume["approved"], 100);
    // Whom a person refutes was not found.
    desk.does(
        "ho",
        &[
            &[
                "review",
                "refute",
                RUN,
                "reply",
                &list["matches"][0]["row"].to_string(),
            ],
            &["--reason", "a namesake"],
            CASEWORKER,
        ],
    );
    assert_eq!(sets("ho")[0]["matched"].as_u64(), Some(matched - 1));
    // At HMRC it is its own records that were asked.
    assert_eq!(sets("hmrc")[0]["name"], "own records");
    assert_eq!(sets("hmrc")[0]["sent"].as_u64(), Some(sent));

    let page = desk.at("report.html");
    desk.does("ho", &[&["report", "--html", &page]]);
    let page = std::fs::read_to_string(page).unwrap();
    for part in [
        "role=\"img\"",
        "<desc id=",
        "hmrc-found (hmrc)",
        "scope=\"col\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // A refusal is counted with the agreement that it is about.
    desk.refused("ho", &[&["run", "close", RUN], OFFICER]);
    let report = desk.does("ho", &[&["report"]]);
    let refusals = &report["agreements"][0]["refusals"];
    assert!(refusals["RUN-21"].as_u64() >= Some(1), "{refusals}");
}

#[tokio::test]
async fn what_is_due_is_told_and_what_is_not_needed_goes_early() {
    let desk = Desk::new().await;
    desk.agreed();
    desk.does("ho", &[&["run", "start", "ask", "--run", RUN], OFFICER]);
    let destroy = |holding: &str| vec!["destroy".to_owned(), "--holding".into(), holding.into()];
    let reason = ["--reason", "not needed any more"];
    let extract = destroy("ask-1/ask.1/extract");
    let extract: Vec<&str> = extract.iter().map(String::as_str).collect();
    // A file that is still to be sent is given up, not emptied.
    assert_eq!(
        desk.refused("ho", &[&extract, &reason, CASEWORKER]),
        ["RET-01"]
    );
    desk.does("ho", &[&["run", "release", RUN, "ask"], OFFICER]);
    desk.settle();
    desk.does("hmrc", &[&["run", "match", RUN, "ask"], ANALYST]);
    desk.decided("hmrc", "ask", ANALYST);
    desk.does("hmrc", &[&["run", "next", "reply", "--run", RUN], ANALYST]);
    desk.does("hmrc", &[&["run", "release", RUN, "reply"], ANALYST]);
    desk.settle();

    let due = desk.does("ho", &[&["due"]]);
    let items = due["items"].as_array().unwrap();
    let about = |name: &str| {
        let named = |i: &&Value| i["about"][0] == name;
        items
            .iter()
            .find(named)
            .unwrap_or_else(|| panic!("{name}: {due}"))
    };
    let today: jiff::civil::Date = due["today"].as_str().unwrap().parse().unwrap();
    let returned = about("ask-1/reply.1/hmrc-found");
    let on = today.checked_add(jiff::Span::new().days(28)).unwrap();
    assert_eq!(returned["on"], on.to_string());
    let waiting = about("ask-1/ask.1/extract");
    assert!(waiting["then"].as_str().unwrap().contains("run-closed"));
    let soon = desk.does("ho", &[&["due", "--until", &today.to_string()]]);
    assert!(!soon.to_string().contains("hmrc-found"), "{soon}");
    assert!(
        soon.to_string().contains("matches are not decided"),
        "{soon}"
    );

    // Nothing is due; what waits is told.
    let told = desk.does("ho", &[&["destroy"]]);
    assert_eq!(told["due"], 0);
    assert_eq!(told["waiting"][0]["about"][0], "ask-1/ask.1/extract");
    // By a person's word it goes early, and only by the word of one who may.
    let found = ["destroy", "--holding", "ask-1/reply.1/hmrc-found"];
    let before = desk.state("ho");
    desk.does("ho", &[&found, &reason, CASEWORKER, &["--dry-run"]]);
    assert_eq!(desk.state("ho"), before);
    assert_eq!(
        desk.refused("ho", &[&found, &reason, &["--as", "i1:iao"]]),
        ["SEC-09"]
    );
    desk.does("ho", &[&found, &reason, CASEWORKER]);
    desk.settle();
    let due = desk.does("ho", &[&["due"]]);
    assert!(!due.to_string().contains("hmrc-found"), "{due}");
    let mut evidence = due["items"].as_array().unwrap().iter();
    let evidence = evidence
        .find_map(|i| {
            let about = i["about"][0].as_str()?;
            about.starts_with("evidence-").then_some(about)
        })
        .unwrap();
    let never = ["destroy", "--holding", evidence];
    assert_eq!(desk.refused("ho", &[&never, &reason, OFFICER]), ["RET-01"]);
}

#[tokio::test]
async fn the_doctor_finds_what_is_broken() {
    let desk = Desk::new().await;
    desk.agreed();
    let lines = |code: i32| {
        let out = desk.out("ho", &[&["doctor", "--json"]]);
        assert_eq!(out.status.code(), Some(code), "{}", text(&out));
        let told: Value = serde_json::from_slice(&out.stdout).unwrap();
        let broken = told
            .as_array()
            .unwrap()
            .iter()
            .filter(|l| l["is"] == "broken");
        let broken: Vec<String> = broken
            .map(|l| {
                format!(
                    "{} {}",
                    l["part"].as_str().unwrap(),
                    l["what"].as_str().unwrap()
                )
            })
            .collect();
        broken
    };
    assert_eq!(lines(0), Vec::<String>::new());

    let key = desk.path("ho/keys/signing.key");
    let mode =
        |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    let found = lines(1);
    assert!(
        found[0].starts_with("keys ") && found[0].contains("signing.key"),
        "{found:?}"
    );
    let told = text(&desk.out("ho", &[&["doctor"]]));
    assert!(told.contains("chmod"), "the way out is told: {told}");
    mode(0o600);
    assert_eq!(lines(0), Vec::<String>::new());

    // A key that comes back from a copy after its certificate was written.
    desk.does("ho", &[&["run", "start", "ask", "--run", RUN], OFFICER]);
    let vault = desk.path("ho/keys/vault");
    let files = |dir: &Path| -> Vec<PathBuf> {
        let all = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
        all.filter(|p| p.is_file()).collect()
    };
    let copies: Vec<(PathBuf, Vec<u8>)> = files(&vault)
        .into_iter()
        .map(|p| (p.clone(), std::fs::read(p).unwrap()))
        .collect();
    let abandon = ["run", "abandon", RUN, "ask", "--reason", "by mistake"];
    desk.does("ho", &[&abandon, OFFICER]);
    desk.settle();
    assert_eq!(lines(0), Vec::<String>::new());
    for file in files(&vault) {
        std::fs::remove_file(file).unwrap();
    }
    for (path, bytes) in copies {
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let found = lines(1);
    assert!(
        found[0].starts_with("vault the key of ask-1/ask.1/extract"),
        "{found:?}"
    );

    // A published entry that was changed.
    let checkpoint = desk.path("ho/ledger/checkpoint");
    std::fs::write(&checkpoint, "another\n").unwrap();
    let found = lines(1);
    assert!(found[0].starts_with("ledger NOT VERIFIED"), "{found:?}");
}

// shows: LOOKUP-03, LOOKUP-04
#[tokio::test]
async fn somebody_is_looked_up_and_the_look_ups_are_audited_by_commands_alone() {
    use sqlx::{Connection, Row};
    let desk = Desk::new().await;
    desk.agreed();
    desk.answered();
    let first = desk.decided("ho", "reply", CASEWORKER)[0].to_string();
    let flag = [
        "review",
        "flag",
        RUN,
        "reply",
        &first,
        "--flag",
        "ISD HMRC Match",
    ];
    desk.does("ho", &[&flag, CASEWORKER]);
    desk.settle();
    let mut db = sqlx::SqliteConnection::connect(&desk.at("register.db"))
        .await
        .unwrap();
    let flagged = sqlx::query("select cid_person_id from flags")
        .fetch_one(&mut db)
        .await;
    let flagged: String = flagged.unwrap().get(0);
    // The register has one case of each person.
    let case = flagged.replace('C', "K");

    let look = [
        "lookup",
        "--case",
        &case,
        "--reason",
        "a letter came back",
        "--as",
    ];
    let person = ["--person", &flagged];
    // Without a list of staff nobody looks anybody up.
    let out = desk.out("ho", &[&look, &["c1"], &person]);
    assert_eq!(out.status.code(), Some(2), "{}", text(&out));
    let due = desk.does("ho", &[&["due"]]);
    let today = due["today"].as_str().unwrap().to_owned();
    // Midnight may come while this runs.
    let day: jiff::civil::Date = today.parse().unwrap();
    let tomorrow = day.tomorrow().unwrap().to_string();
    let staff = |member: &str, until: &str| {
        format!(
            "[[staff]]\nperson = {{ staff = \"{member}\", role = \"caseworker\" }}\nparty = \"ho\"\nunit = \"casework\"\n\
             team = \"north\"\nclearance = \"sc\"\nauthorised = true\ntrained-until = \"{until}\"\n\
             purposes = [\"contact\"]\ncases = [\"{case}\"]\n"
        )
    };
    let rules = "[look-up]\nclearance = \"sc\"\nteams = { casework = [\"north\"] }\n";
    let all = [rules, &staff("c1", &tomorrow), &staff("c2", "2025-01-01")].concat();
    std::fs::write(desk.path("ho/staff.toml"), all).unwrap();
    let shown = desk.does("ho", &[&look, &["c1"], &person]);
    assert_eq!(shown["answer"], "shown");
    let held = &shown["held"][0];
    assert_eq!(held["source"], "hmrc");
    assert!(held["received"].as_str().unwrap() <= today.as_str());
    assert_eq!(held["flags"][0], "ISD HMRC Match");
    assert!(
        held["cells"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["field"] == "hmrc-found.matched")
    );
    // The reference may come by the standard input; a shell keeps what is typed.
    let mut child = Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(look)
        .args(["c1", "--dir", &desk.at("ho")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let line = format!("{flagged}\n");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), line.as_bytes()).unwrap();
    let told = text(&child.wait_with_output().unwrap());
    for part in [
        "From hmrc under contact-thread",
        "may be used for: contact, tracing",
        "flag: ISD HMRC Match",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let nothing = desk.does("ho", &[&look, &["c1", "--person", "C99999999"]]);
    assert_eq!(nothing, serde_json::json!({ "answer": "nothing" }));
    assert_eq!(desk.refused("ho", &[&look, &["c2"], &person]), ["PTY-17"]);

    let period = ["--from", &today, "--to", &tomorrow, "--as"];
    let auditor = "u1:access-auditor";
    let read = desk.does(
        "ho",
        &[&["audit", "lookups", "--user", "c1"], &period, &[auditor]],
    );
    let read = read["look_ups"].as_array().unwrap();
    let outcomes: Vec<_> = read
        .iter()
        .map(|l| l["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["shown", "shown", "nothing-held"]);
    assert_eq!(read[0]["texts"]["person"], flagged.as_str());
    let no = desk.refused("ho", &[&["audit", "lookups"], &period, &["c1:caseworker"]]);
    assert_eq!(no, ["SEC-09"]);
    let queue = desk.does("ho", &[&["audit", "queue"], &period, &[auditor]]);
    let queue = &queue["queue"];
    // The case explains two, and a colleague's work the third; of the last it is not the case.
    assert_eq!(
        (&queue["explained"], &queue["unexplained"]),
        (&3.into(), &1.into())
    );
    let why = queue["queued"][0]["why"].to_string();
    assert!(why.contains("is not this person's"), "{why}");
    let drawn = queue["queued"][1]["why"].to_string();
    assert!(drawn.contains("drawn at random"), "{drawn}");
    let id = queue["queued"][0]["look-up"]["id"].as_str().unwrap();
    let review = [
        "audit",
        "review",
        id,
        "--concern",
        "--reason",
        "no case",
        "--as",
    ];
    desk.does("ho", &[&review, &[auditor]]);
    assert_eq!(
        desk.refused("ho", &[&review, &["u2:access-auditor"]]),
        ["AUD-06"]
    );
    desk.settle();
    let verified = Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(["verify", &desk.at("ho/ledger")])
        .output()
        .unwrap();
    assert!(
        text(&verified).contains(" person.looked-up"),
        "{}",
        text(&verified)
    );
}

// shows: RUN-03
#[tokio::test]
async fn a_run_states_its_project_and_the_day_of_the_answer_to_both_sides() {
    let desk = Desk::new().await;
    desk.agreed();
    let start = ["run", "start", "ask", "--run", RUN];
    let by = |day: &'static str| ["--reply-by", day];
    // A day that is over is no day for an answer.
    let over = desk.refused("ho", &[&start, &by("2020-01-31"), OFFICER]);
    assert_eq!(over, ["RUN-03"]);
    let day = "2100-02-26";
    desk.does("ho", &[&start, &by(day), OFFICER]);
    desk.does("ho", &[&["run", "release", RUN, "ask"], OFFICER]);
    desk.settle();

    let told = desk.does("ho", &[&["run", "status", RUN]]);
    let stated = &told["runs"][0];
    for (name, value) in [
        ("agreement", "contact-thread"),
        ("project", "contact-2026"),
        ("kind", "ad-hoc-transfer"),
        ("flow", "ask"),
        ("route", "sealed-exchange"),
        ("sender", "ho"),
        ("receiver", "hmrc"),
        ("reply_by", day),
    ] {
        assert_eq!(stated[name], value, "{name}: {stated}");
    }
    assert!(stated["records"].as_u64().unwrap() > 0, "{stated}");
    let contact = stated["contact"].as_str().unwrap();
    assert!(contact.contains("data-analytics@hmrc.example"), "{stated}");
    let status = desk.does("ho", &[&["node", "status"]]);
    assert_eq!(stated["version"], status["agreements"][0]["hash"]);
    assert_eq!(status["runs"][0], *stated);
    let words = text(&desk.out("ho", &[&["run", "status", RUN]]));
    let line = format!("project contact-2026; the answer by {day}");
    assert!(words.contains(&line), "{words}");

    // Whoever has the file knows it too, and owes the answer until then.
    let there = desk.does("hmrc", &[&["run", "status", RUN]]);
    assert_eq!(there["runs"][0]["project"], "contact-2026");
    assert_eq!(there["files"][0]["reply_by"], day);
    for (who, then) in [("ho", "ask the partner"), ("hmrc", "run release")] {
        let due = desk.does(who, &[&["due"]]);
        let items = due["items"].as_array().unwrap();
        let answer = items.iter().find(|i| i["on"] == day);
        let answer = answer.unwrap_or_else(|| panic!("{who}: {due}"));
        assert!(answer["then"].as_str().unwrap().contains(then), "{answer}");
    }
}

// shows: SEC-10
#[tokio::test]
async fn a_review_of_risks_is_in_the_due_list_until_it_is_done_and_then_for_its_next_day() {
    let desk = Desk::new().await;
    desk.agreed();
    let review = || {
        let due = desk.does("ho", &[&["due"]]);
        let items = due["items"].as_array().unwrap();
        let of_risks = |i: &&Value| i["what"].as_str().unwrap().contains("the review risks of");
        let review = items.iter().find(of_risks).unwrap().clone();
        let today: jiff::civil::Date = due["today"].as_str().unwrap().parse().unwrap();
        (review, today)
    };
    let (before, _) = review();
    let told = before["what"].as_str().unwrap();
    assert!(told.contains("never done yet"), "{before}");
    let reviewed = [
        "node",
        "reviewed",
        "risks",
        "--reason",
        "minutes of the board",
    ];
    assert_eq!(desk.refused("ho", &[&reviewed, CASEWORKER]), ["SEC-09"]);
    desk.does("ho", &[&reviewed, &["--as", "r1:siro"]]);
    let (after, today) = review();
    let told = after["what"].as_str().unwrap();
    assert!(told.contains(&format!("last done on {today}")), "{after}");
    let on: jiff::civil::Date = after["on"].as_str().unwrap().parse().unwrap();
    assert!(on > today && !told.contains("OVERDUE"), "{after}");
}

// shows: AUD-02
#[tokio::test]
async fn an_assurance_is_asked_given_and_verified_by_commands_alone() {
    let desk = Desk::new().await;
    desk.agreed();
    let days = ["--from", "2026-01-01", "--until", "2026-06-30"];
    let ask = ["assurance", "ask", "hmrc", "--by", "2199-01-01"];
    let asked = desk.does("ho", &[&ask, &days, OFFICER]);
    let due = |who: &str| {
        desk.does(who, &[&["due", "--until", "2199-01-01"]])
            .to_string()
    };
    assert!(due("ho").contains("the assurance of hmrc under contact-thread"));
    let taken = desk.does(
        "hmrc",
        &[
            &["assurance", "take", asked["file"].as_str().unwrap()],
            ANALYST,
        ],
    );
    let name = taken["name"].as_str().unwrap();
    assert!(due("hmrc").contains("ho asks for an assurance under contact-thread"));
    let give = ["assurance", "give", name, "--as", "i1:iao"];
    let late = ["--not-kept", "security=a workbook was destroyed late"];
    let given = desk.does("hmrc", &[&give, &late]);
    assert!(!due("hmrc").contains("assurance"));
    let file = given["file"].as_str().unwrap();
    let told = desk.does("ho", &[&["assurance", "take", file], OFFICER]);
    assert_eq!(
        told["not_kept"]["security"],
        "a workbook was destroyed late"
    );
    assert!(!due("ho").contains("assurance"));
    let list = desk.does("ho", &[&["assurance", "list"]]);
    assert_eq!(list["assurances"][0]["state"], "received");
    assert!(list["undertakings"]["contact-thread"]["performance"].is_string());
    // Anybody checks it with the party's public key, and with no other.
    let verified = |by: &str| {
        let card = std::fs::read_to_string(desk.path(by).join("card.json")).unwrap();
        let card: Value = serde_json::from_str(&card).unwrap();
        let key = desk.path(&format!("{by}.key"));
        std::fs::write(&key, card["verifier"].as_str().unwrap()).unwrap();
        let mut verify = Command::new(env!("CARGO_BIN_EXE_concordat"));
        let verify = verify.args(["verify", file, "--note", "--key"]).arg(key);
        verify.output().unwrap()
    };
    let out = verified("hmrc");
    assert!(out.status.success(), "{}", text(&out));
    assert!(text(&out).contains("a workbook was destroyed late"));
    assert_eq!(verified("ho").status.code(), Some(1));
}

// shows: AGR-26, AUD-04
#[tokio::test]
async fn an_alteration_goes_its_way_and_the_trail_has_it_by_commands_alone() {
    let desk = Desk::new().await;
    desk.agreed();
    let what = [
        "--text",
        "the list of records moves to another system in June",
    ];
    let discuss = ["alteration", "discuss"];
    let discussed = desk.does("hmrc", &[&discuss, &what, ANALYST]);
    let name = discussed["name"].as_str().unwrap();
    let of = |verb: &'static str| ["alteration", verb, name];
    let due = |who: &str| desk.does(who, &[&["due"]]).to_string();
    assert!(due("hmrc").contains("the alteration contact-thread/hmrc/0001 is discussed"));
    let notified = desk.does("hmrc", &[&of("notify"), ANALYST]);
    // The annex names no contact for change control: the one for business as usual is told.
    let next = notified["next"].to_string();
    assert!(next.contains("hand the file to ho: "), "{next}");
    assert!(next.contains("@home-office.example"), "{next}");
    let file = notified["file"].as_str().unwrap();
    desk.does("ho", &[&["alteration", "take", file], OFFICER]);
    assert!(due("ho").contains("`concordat alteration agree contact-thread/hmrc/0001`"));
    let agreed = desk.does("ho", &[&of("agree"), OFFICER]);
    let file = agreed["file"].as_str().unwrap();
    let taken = desk.does("hmrc", &[&["alteration", "take", file], ANALYST]);
    assert_eq!(taken["state"], "agreed");
    // Laid and not signed, the new version applies nothing.
    let old = std::fs::read_to_string(desk.path("contact-thread.yaml")).unwrap();
    let new = old.replace(
        "agreement: contact-thread\n",
        "agreement: contact-thread-2\n",
    );
    assert_ne!(old, new);
    std::fs::write(desk.path("contact-thread-2.yaml"), new).unwrap();
    let (file, umbrella) = (desk.at("contact-thread-2.yaml"), desk.at("mou-u-d.yaml"));
    let lay = ["node", "lay", &file, "--umbrella", &umbrella];
    desk.does("ho", &[&lay, &["--project", "contact-2026"], OFFICER]);
    let apply = |by: &'static str| [&of("apply")[..], &["--by", by]].concat();
    let refused = desk.refused("ho", &[&apply("contact-thread-2"), OFFICER]);
    assert_eq!(refused[..2], ["AGR-26", "AGR-21"]);
    assert_eq!(
        desk.refused("ho", &[&apply("contact-thread"), OFFICER]),
        ["AGR-26"]
    );
    let list = desk.does("ho", &[&["alteration", "list"]]);
    assert_eq!(list["alterations"][0]["state"], "agreed");
    let why = ["--reason", "the old system stays"];
    desk.does("ho", &[&of("withdraw"), &why, OFFICER]);
    assert!(!due("ho").contains("alteration"));

    // The trail is a file, which the ledger's key checks; what is missing is told: of a proof of concept, also its runs.
    desk.settle();
    let out = desk.at("trail.json");
    let project = ["--project", "contact-2026"];
    let trail = desk.does("ho", &[&["trail", "--out", &out], &project]);
    assert_eq!(
        trail["missing"],
        serde_json::json!(["pilot", "quality", "evaluation", "review"])
    );
    assert!(trail["kinds"]["agreement"].as_u64().unwrap() > 8);
    let verified = |key: &str| {
        let mut verify = Command::new(env!("CARGO_BIN_EXE_concordat"));
        let verify = verify.args(["verify", &out, "--trail", "--key", &desk.at(key)]);
        verify.output().unwrap()
    };
    let incomplete = verified("ho/ledger/key");
    assert_eq!(incomplete.status.code(), Some(1));
    let told = text(&incomplete);
    assert!(
        told.contains("trail verified") && told.contains("NOT COMPLETE"),
        "{told}"
    );
    let other = text(&verified("hmrc/ledger/key"));
    assert!(other.contains("NOT VERIFIED"), "{other}");
    let no_such = ["trail", "--project", "other", "--out", &out];
    assert_eq!(desk.refused("ho", &[&no_such]), ["AUD-04"]);
}
