//! A party that has no node: its file is locked, the password goes another way, and what it sends back is opened,
//! refused, held or loaded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod common;
mod office;

use std::path::PathBuf;

use common::*;
use exchange::approval::Approval;
use exchange::change::Aggregate as _;
use exchange::cover::Cover;
use exchange::leg::{Leg, State};
use exchange::pact::Move;
use exchange::password::Password;
use exchange::route::Route;
use exchange::table::{Format, Table};
use exchange::{Brought, Node, Told, Trouble, inward};
use ledger::{Code, Entry, Fact};
use zeroize::Zeroizing;

/// The agreement with a way for files by hand: the same workbook comes back, with what was found.
fn text() -> String {
    let mut text = source();
    for (from, to) in [
        // The commands below run on the machine's clock.
        (
            "term: { from: 2026-01-01, for: 24 months,",
            "term: { from: 2026-01-01, for: 600 months,",
        ),
        (
            "  sealed-exchange: { kind: sealed,",
            "  upload: { kind: transfer, state: approved, text: a file transfer system, encrypted: yes, password-by: separate-email }\n  separate-email: { kind: email, state: approved, text: apart from the file }\n  sealed-exchange: { kind: sealed,",
        ),
        (
            "    as: xlsx\n    route: sealed-exchange",
            "    as: xlsx\n    route: upload",
        ),
        (
            "    as: csv\n    route: sealed-exchange",
            "    as: xlsx\n    route: upload",
        ),
        (
            "    answers: { flow: ask,",
            "    answers: { flow: ask, same-file: yes,",
        ),
        (
            "      date_of_birth:  { copy-of: extract.date_of_birth }\n",
            "      date_of_birth:  { copy-of: extract.date_of_birth }\n      nino:           { copy-of: extract.nino }\n      postcode:       { copy-of: extract.postcode }\n",
        ),
        (
            "  sealed-exchange: { kind: sealed, state: approved, text: packages sealed to the recipient's key }\n",
            "",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    text
}

struct ByHand {
    house: House,
    node: Node,
}

impl ByHand {
    /// The question is released, and HMRC has no node that files could go to.
    async fn new() -> Self {
        let house = House::new(None, None).await;
        house.agreed_on(&text()).await;
        let path = house.home("ho").join("node.toml");
        let toml = std::fs::read_to_string(&path).unwrap();
        let folder = "[routes.sealed-exchange]\ndirectory = \"../transport\"";
        assert!(toml.contains(folder), "{toml}");
        let toml = toml.replace(folder, "[routes]\nupload = \"by-hand\"");
        let toml = format!(
            "by_hand = [\"hmrc\"]\n{toml}\n[channels]\nseparate-email = {{ folder = \"../mail\" }}\n"
        );
        std::fs::write(&path, toml).unwrap();
        let node = reopened(&house, "ho").await;
        routes::approved(&node).await;
        house.at("2026-02-02T09:00:00Z");
        node.start(&op("prepare"), &start(), &officer())
            .await
            .unwrap();
        node.validate(&op("validate"), &run(), &ask())
            .await
            .unwrap();
        node.release(&op("release"), &run(), &ask(), &officer())
            .await
            .unwrap();
        Self { house, node }
    }

    /// The file as HMRC has it, with its password.
    async fn exported(&self) -> (String, Vec<u8>, String) {
        let (_, locked) = self
            .node
            .lock(&op("lock"), &run(), &ask(), &officer())
            .await
            .unwrap();
        self.node.handed_over(&locked, &officer()).await.unwrap();
        let password = locked.password.reveal().to_owned();
        (locked.name, locked.bytes, password)
    }

    async fn leg(&self, flow: &exchange::ids::FlowId) -> Leg {
        self.node
            .find(&Leg::key_of(&run(), flow))
            .await
            .unwrap()
            .unwrap()
    }

    fn brought(bytes: &[u8], password: &str) -> Brought {
        Brought {
            agreement: agreement(),
            run: run(),
            flow: reply(),
            bytes: bytes.to_vec(),
            password: Password::given(password.into()).unwrap(),
            as_of: None,
            nil: None,
        }
    }

    async fn bring(&self, bytes: &[u8], password: &str) -> Result<Vec<Entry>, Trouble> {
        self.node
            .bring(&Self::brought(bytes, password), &officer())
            .await
    }

    /// What HMRC sees in the file, with the columns that it fills in.
    async fn seen(&self, bytes: &[u8], password: &str) -> Table {
        let (_, plan) = self.node.agreement(&agreement()).await.unwrap();
        let shape = inward::shape(plan.flow(&reply()).unwrap());
        let password = Password::given(password.into()).unwrap();
        let locks = &self.node.ports().locks;
        locks
            .open(Format::Xlsx, &shape, bytes, &password)
            .await
            .unwrap()
            .unwrap()
    }

    /// A table as HMRC would send it, locked.
    fn locked(&self, table: &Table, password: &str) -> Vec<u8> {
        let ports = self.node.ports();
        let cover = Cover::plain(&table.columns);
        let file = ports.forms.write(Format::Xlsx, &cover, table).unwrap();
        let password = Password::given(password.into()).unwrap();
        let seed = Zeroizing::new([3; 32]);
        ports
            .locks
            .lock(Format::Xlsx, &cover, &file, &password, &seed)
            .unwrap()
    }

    /// HMRC's answer: nobody is found but the first, who is at a new address.
    async fn answer(&self, bytes: &[u8], password: &str) -> Table {
        let mut table = self.seen(bytes, password).await;
        let at = |name: &str| table.columns.iter().position(|c| c == name).unwrap();
        let (matched, postcode) = (at("matched"), at("contact_postcode"));
        for (n, row) in table.rows.iter_mut().enumerate() {
            row[matched] = if n == 0 { "matched" } else { "not-matched" }.into();
            if n == 0 {
                row[postcode] = "ZZ9 9ZZ".into();
            }
        }
        table
    }

    fn mail(&self) -> PathBuf {
        self.house.dir.path().join("mail")
    }
}

fn acts(done: &[Entry]) -> Vec<&str> {
    done.iter().map(|e| e.act.as_str()).collect()
}

#[tokio::test]
async fn a_file_that_was_locked_before_its_agreement_was_suspended_is_not_laid_out() {
    let by_hand = ByHand::new().await;
    let node = &by_hand.node;
    let (_, locked) = node
        .lock(&op("lock"), &run(), &ask(), &officer())
        .await
        .unwrap();
    let home = by_hand.house.home("ho");
    let lying = || {
        files(&home)
            .into_iter()
            .filter(|f| f.ends_with(&locked.name))
    };
    let owner = person("r1", exchange::authority::Role::RiskOwner);
    for (what, laid) in [(Move::Suspend, 0), (Move::Resume, 1)] {
        let (name, id) = (op(&format!("stand-{laid}")), agreement());
        let stood = node.stand(&name, &id, what, "a loss is looked into", &owner);
        stood.await.unwrap();
        assert_eq!(node.lay_out(&locked).await.is_ok(), laid == 1);
        assert_eq!(lying().count(), laid);
    }
}

// shows: SEC-06, SEC-13, RUN-03
#[tokio::test]
async fn the_file_is_locked_and_its_password_goes_another_way_and_is_kept_nowhere() {
    let by_hand = ByHand::new().await;
    assert_eq!(
        rules(&by_hand.node.seal(&op("seal"), &run(), &ask()).await),
        ["SEC-06"],
        "a package would go to nobody"
    );
    let (done, locked) = by_hand
        .node
        .lock(&op("lock"), &run(), &ask(), &officer())
        .await
        .unwrap();
    assert_eq!(acts(&done), ["leg.sealed"]);
    let sealed = &done[0];
    let fact = |name: &str| sealed.facts.iter().any(|(n, _)| n.as_str() == name);
    assert!(fact("disclosure") && fact("ciphertext") && fact("password-by"));
    assert!(
        locked
            .name
            .starts_with("official-sensitive-ask-2026-02-ask"),
        "{}",
        locked.name
    );
    // It was never handed over: it is locked anew, under another password.
    let (_, again) = by_hand
        .node
        .lock(&op("lock-again"), &run(), &ask(), &officer())
        .await
        .unwrap();
    assert_ne!(locked.password.reveal(), again.password.reveal());
    assert_eq!(by_hand.leg(&ask()).await.file(), 2);
    let done = by_hand.node.handed_over(&again, &officer()).await.unwrap();
    assert_eq!(acts(&done), ["leg.sent", "password.sent"]);
    let mail = std::fs::read_to_string(
        by_hand
            .mail()
            .join("hmrc")
            .join(format!("{}.txt", again.name)),
    );
    let mail = mail.unwrap();
    assert!(mail.contains(again.password.reveal()) && !mail.contains(locked.password.reveal()));
    // Nothing that the node ever wrote has it.
    for path in files(&by_hand.house.home("ho")) {
        let bytes = std::fs::read(&path).unwrap();
        for secret in [&locked, &again].map(|l| l.password.reveal()) {
            for form in [secret.to_owned(), secret.replace('-', "")] {
                assert!(
                    !bytes.windows(form.len()).any(|w| w == form.as_bytes()),
                    "{path:?}"
                );
            }
        }
    }
    // Its first sheet says out of which project it comes.
    let opened = office_crypto::decrypt_from_bytes(again.bytes.clone(), again.password.reveal());
    let cover = part(&opened.unwrap(), "xl/sharedStrings.xml");
    assert!(cover.contains(">Project<") && cover.contains(">contact-2026<"));
    let table = by_hand.seen(&again.bytes, again.password.reveal()).await;
    assert_eq!(
        table.columns.len(),
        10,
        "seven that were sent and three to fill in"
    );
    assert_eq!(table.rows.len() as u64, by_hand.leg(&ask()).await.rows());
}

// shows: APP-08
#[tokio::test]
async fn whoever_counted_before_a_file_was_locked_counts_again() {
    let by_hand = ByHand::new().await;
    let key = Approval::key_of(&agreement(), &ask());
    let approval = async || by_hand.node.find::<Approval>(&key).await.unwrap().unwrap();
    let before = approval().await.version();
    by_hand.exported().await;
    assert_eq!(approval().await.version(), before + 1);
}

// shows: SEC-06
#[tokio::test]
async fn without_another_way_for_the_password_nothing_is_locked() {
    let by_hand = ByHand::new().await;
    let mut ports = by_hand.node.ports().clone();
    ports.channels.clear();
    let settings = exchange::Settings {
        party: by_hand.node.party().clone(),
        instance: exchange::Instance::held("ho-2".into(), ()),
        by_hand: [exchange::ids::PartyId::parse("hmrc").unwrap()].into(),
        quality: None,
        permanent: None,
        look_ups: Default::default(),
        backups: None,
        evidence: agreement::Period::parse("7 years").unwrap(),
    };
    let law = concordat::house::law().unwrap();
    let bare = Node::new(settings, ports, law).unwrap();
    let refused = bare.lock(&op("lock"), &run(), &ask(), &officer()).await;
    assert_eq!(rules(&refused.map(|(done, _)| done)), ["SEC-06"]);
    // A channel that puts passwords where files travel is none.
    let path = by_hand.house.home("ho").join("node.toml");
    let toml = std::fs::read_to_string(&path).unwrap();
    let toml = toml.replace("../mail", "../transport/hmrc").replace(
        "[routes]\n",
        "[routes]\nfolder = { directory = \"../transport\" }\n",
    );
    std::fs::write(&path, toml).unwrap();
    let entropy = std::sync::Arc::new(sim::SeededEntropy::new("again"));
    let home = by_hand.house.home("ho");
    let opened = concordat::house::open(&home, by_hand.house.clock.clone(), entropy).await;
    assert!(format!("{:?}", opened.err().unwrap()).contains("SEC-06"));
}

// shows: EXCH-DFE-16, RUN-11
#[tokio::test]
async fn the_same_file_comes_back_and_is_loaded_once() {
    let by_hand = ByHand::new().await;
    let (_, bytes, password) = by_hand.exported().await;
    by_hand
        .node
        .said_by_hand(&op("said"), &run(), &ask(), Told::Accepted, &officer())
        .await
        .unwrap();
    assert_eq!(by_hand.leg(&ask()).await.state(), State::Accepted);
    let answer = by_hand.answer(&bytes, &password).await;
    let back = by_hand.locked(&answer, &password);
    let done = by_hand.bring(&back, &password).await.unwrap();
    assert_eq!(by_hand.leg(&reply()).await.state(), State::Loaded);
    assert!(acts(&done).contains(&"leg.loaded"), "{:?}", acts(&done));
    // Once more is no second time.
    assert_eq!(by_hand.bring(&back, &password).await.unwrap(), []);
    let mut other = answer.clone();
    let last = other.columns.len() - 1;
    other.rows[0][last] = "ZZ1 1ZZ".into();
    let other = by_hand.locked(&other, &password);
    assert_eq!(rules(&by_hand.bring(&other, &password).await), ["RUN-04"]);
}

// shows: SEC-06
#[tokio::test]
async fn five_wrong_passwords_refuse_the_file_and_one_without_is_refused_at_once() {
    let by_hand = ByHand::new().await;
    let (_, bytes, password) = by_hand.exported().await;
    let answer = by_hand.answer(&bytes, &password).await;
    let back = by_hand.locked(&answer, &password);
    for n in 1..=5 {
        assert_eq!(
            rules(&by_hand.bring(&back, &format!("wrong {n}")).await),
            ["SEC-06"]
        );
        let state = if n < 5 {
            State::Received
        } else {
            State::Rejected
        };
        assert_eq!(by_hand.leg(&reply()).await.state(), state, "after {n}");
    }
    assert_eq!(
        rules(&by_hand.bring(&back, &password).await),
        ["RUN-17"],
        "too late"
    );
    let cover = Cover::plain(&answer.columns);
    let open = by_hand
        .node
        .ports()
        .forms
        .write(Format::Xlsx, &cover, &answer)
        .unwrap();
    by_hand.bring(&open, &password).await.unwrap();
    let leg = by_hand.leg(&reply()).await;
    assert_eq!(leg.state(), State::Rejected);
    assert!(leg.fault().unwrap().what.contains("has no password"));
    let anew = by_hand.locked(&answer, "another password");
    by_hand.bring(&anew, "another password").await.unwrap();
    assert_eq!(by_hand.leg(&reply()).await.state(), State::Loaded);
}

// shows: SEC-06
#[tokio::test]
async fn a_wrong_password_and_a_damaged_file_are_one_answer() {
    let mut told = Vec::new();
    for is_damaged in [false, true] {
        let by_hand = ByHand::new().await;
        let (_, bytes, password) = by_hand.exported().await;
        let mut back = by_hand.locked(&by_hand.answer(&bytes, &password).await, &password);
        let middle = back.len() / 2;
        back[middle] ^= u8::from(is_damaged);
        let tried = if is_damaged {
            &password
        } else {
            "not this one"
        };
        let refused = by_hand.bring(&back, tried).await.unwrap_err();
        let leg = by_hand.leg(&reply()).await;
        told.push((
            format!("{refused:?}"),
            leg.state(),
            leg.tries(),
            leg.fault().cloned(),
        ));
    }
    assert_eq!(told[0], told[1]);
}

// shows: EXCH-DFE-16, RUN-09, RUN-11, MATCH-04
#[tokio::test]
async fn a_file_that_is_not_the_same_is_held_or_refused_and_an_annotated_copy_says_why() {
    let by_hand = ByHand::new().await;
    let (_, bytes, password) = by_hand.exported().await;
    let answer = by_hand.answer(&bytes, &password).await;
    /// What is done to the file, and the state, rule, row and column that come of it.
    type Case = (
        fn(&mut Table),
        State,
        &'static str,
        Option<u64>,
        Option<&'static str>,
    );
    let cases: [Case; 5] = [
        (
            |t| t.rows[1][6] = "ZZ9 8ZZ".into(),
            State::Held,
            "MATCH-04",
            Some(3),
            Some("postcode"),
        ),
        (
            |t| {
                let mut row = t.rows[0].clone();
                row[0] = "ho.never-sent".into();
                t.rows.push(row);
            },
            State::Held,
            "RUN-11",
            None,
            None,
        ),
        (
            |t| {
                t.rows.pop();
            },
            State::Held,
            "MATCH-02",
            None,
            None,
        ),
        (
            |t| {
                t.columns.push("employer".into());
                t.rows.iter_mut().for_each(|row| row.push("x".into()));
            },
            State::Rejected,
            "RUN-07",
            Some(1),
            Some("employer"),
        ),
        (
            |t| t.rows[2][7] = "perhaps".into(),
            State::Rejected,
            "RUN-09",
            Some(4),
            Some("matched"),
        ),
    ];
    for (n, (meddle, state, rule, row, column)) in cases.into_iter().enumerate() {
        let mut table = answer.clone();
        meddle(&mut table);
        let back = by_hand.locked(&table, &password);
        by_hand.bring(&back, &password).await.unwrap();
        let leg = by_hand.leg(&reply()).await;
        let fault = leg.fault().unwrap().clone();
        assert_eq!(leg.state(), state, "{n}: {fault}");
        let told = (fault.rule.as_str(), fault.row, fault.column.as_deref());
        assert_eq!(told, (rule, row, column), "{n}");
        let brought = ByHand::brought(&back, &password);
        let (name, copy) = by_hand
            .node
            .annotated(&brought, &officer())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(name, "official-sensitive-ask-2026-02-reply-annotated.xlsx");
        let opened = office_crypto::decrypt_from_bytes(copy, &password).unwrap();
        let text = part(&opened, "xl/comments1.xml");
        assert!(text.contains(&format!("rule {rule}")), "{n}: {text}");
        if leg.state() == State::Held {
            let op = op(&format!("refuse-{n}"));
            by_hand
                .node
                .refuse_held(&op, &run(), &reply(), "not the same", &officer())
                .await
                .unwrap();
        }
    }
    let back = by_hand.locked(&answer, &password);
    by_hand.bring(&back, &password).await.unwrap();
    assert_eq!(by_hand.leg(&reply()).await.state(), State::Loaded);
}

fn part(workbook: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    let part = archive.by_name(name).unwrap();
    std::io::read_to_string(part).unwrap()
}

// shows: SEC-06, EXCH-DFE-16
#[tokio::test]
async fn libreoffice_opens_the_file_fills_it_in_and_what_it_stores_is_loaded() {
    use office::Edit;
    let by_hand = ByHand::new().await;
    let (name, bytes, password) = by_hand.exported().await;
    let folder = tempfile::tempdir().unwrap();
    let sent = folder.path().join(&name);
    std::fs::write(&sent, &bytes).unwrap();
    let rows = by_hand.leg(&ask()).await.rows();
    let filled: Vec<Edit> = (1..=rows as u32)
        .map(|row| Edit::set(row, 7, "not-matched"))
        .collect();
    let spoilt = [
        (Edit::HideColumn { column: 1 }, "hidden column"),
        (Edit::HideRow { row: 2 }, "hidden row"),
        (
            Edit::HideSheet {
                name: "Contents".into(),
            },
            "hidden sheet",
        ),
        (
            Edit::AddSheet {
                name: "Notes".into(),
            },
            "another sheet",
        ),
        (
            Edit::Formula {
                row: 1,
                column: 7,
                text: "=1+1".into(),
            },
            "formula",
        ),
    ];
    for (edit, words) in spoilt {
        let back = folder.path().join("spoilt.xlsx");
        let edits = [filled.as_slice(), &[edit]].concat();
        office::through(&sent, &back, &password, &edits);
        let back = std::fs::read(&back).unwrap();
        by_hand.bring(&back, &password).await.unwrap();
        let leg = by_hand.leg(&reply()).await;
        let fault = leg.fault().unwrap().to_string();
        assert!(
            leg.state() == State::Rejected && fault.contains(words),
            "{words}: {fault}"
        );
    }
    // A row more is no fault of form: a person decides.
    let mut more = filled.clone();
    let first = by_hand.seen(&bytes, &password).await.rows[0].clone();
    for (column, cell) in (0..).zip(&first) {
        more.push(Edit::set(rows as u32 + 1, column, cell));
    }
    more.push(Edit::set(rows as u32 + 1, 0, "ho.never-sent"));
    more.push(Edit::set(rows as u32 + 1, 7, "not-matched"));
    let back = folder.path().join("more.xlsx");
    office::through(&sent, &back, &password, &more);
    by_hand
        .bring(&std::fs::read(&back).unwrap(), &password)
        .await
        .unwrap();
    assert_eq!(by_hand.leg(&reply()).await.state(), State::Held);
    by_hand
        .node
        .refuse_held(
            &op("refuse"),
            &run(),
            &reply(),
            "a row too many",
            &officer(),
        )
        .await
        .unwrap();
    let back = folder.path().join("back.xlsx");
    let saw = office::through(&sent, &back, &password, &filled);
    assert_eq!(
        saw.sheets,
        [("Contents".to_owned(), true), ("Records".to_owned(), true)]
    );
    assert_eq!(saw.records.len() as u64, rows + 1);
    assert!(
        saw.records
            .iter()
            .flatten()
            .all(|(_, kind)| kind != "formula" && kind != "number")
    );
    by_hand
        .bring(&std::fs::read(&back).unwrap(), &password)
        .await
        .unwrap();
    assert_eq!(by_hand.leg(&reply()).await.state(), State::Loaded);
}

/// What a command of the Home Office's officer says; its standard input is this line.
fn command(by_hand: &ByHand, args: &[&str], line: &str) -> String {
    command_as(by_hand, args, "o1:data-sharing-officer", line)
}

/// As [`command`], of somebody else.
fn command_as(by_hand: &ByHand, args: &[&str], who: &str, line: &str) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(args)
        .args(["--dir", "ho", "--as", who])
        .current_dir(by_hand.house.dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that is refused may not read it.
    let _ = writeln!(stdin, "{line}");
    drop(stdin);
    let out = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

// shows: SEC-06, EXCH-DFE-16
#[tokio::test]
async fn by_commands_the_file_lies_where_a_person_takes_it_and_the_answer_where_it_is_found() {
    let by_hand = ByHand::new().await;
    let (of, name) = (
        ["ask-2026-02", "ask"],
        "official-sensitive-ask-2026-02-ask.xlsx",
    );
    let desk = by_hand.house.home("ho").join("by-hand");
    let tried = command(
        &by_hand,
        &[&["run", "export"], &of[..], &["--dry-run"]].concat(),
        "",
    );
    assert!(
        tried.contains("is locked for hmrc") && !tried.contains("kept nowhere"),
        "{tried}"
    );
    assert!(!desk.exists());
    let said = command(&by_hand, &[&["run", "export"], &of[..]].concat(), "");
    let shown = said
        .split("kept nowhere: ")
        .nth(1)
        .unwrap_or_else(|| panic!("{said}"));
    let password = shown.split_whitespace().next().unwrap();
    let bytes = std::fs::read(desk.join("hmrc").join(name)).unwrap();
    command(&by_hand, &[&["run", "said"], &of[..]].concat(), "");
    assert!(files(&desk).is_empty(), "they have it");
    let bring = |more: &[&str], password: &str| {
        let args = [&["run", "bring", "reply", "--run", "ask-2026-02"], more].concat();
        command(&by_hand, &args, password)
    };
    let said = bring(&[], password);
    assert!(said.contains("no file lies there"), "{said}");
    let good = by_hand.answer(&bytes, password).await;
    let answer = by_hand.locked(&good, password);
    let ours = desk.join("ho");
    std::fs::create_dir_all(&ours).unwrap();
    let mut bad = good;
    bad.rows[2][7] = "perhaps".into();
    std::fs::write(ours.join("bad.xlsx"), by_hand.locked(&bad, password)).unwrap();
    let said = bring(&["--annotated"], password);
    let copy = "official-sensitive-ask-2026-02-reply-annotated.xlsx";
    assert!(
        said.contains("it is rejected") && said.contains(copy),
        "{said}"
    );
    assert_eq!(files(&desk), [desk.join("hmrc").join(copy)]);
    std::fs::write(ours.join("answer.xlsx"), &answer).unwrap();
    std::fs::write(ours.join("another.xlsx"), b"something else").unwrap();
    let said = bring(&[], password);
    assert!(
        said.contains("--lying: another.xlsx, answer.xlsx"),
        "{said}"
    );
    let said = bring(&["--lying", "../answer.xlsx"], password);
    assert!(said.contains("a name has letters"), "{said}");
    let said = bring(&["--lying", "answer.xlsx"], "not this one");
    assert!(said.contains("4 tries are left"), "{said}");
    assert!(ours.join("answer.xlsx").exists(), "it is opened yet");
    let said = bring(&["--lying", "answer.xlsx"], password);
    assert!(said.contains("it is loaded"), "{said}");
    assert_eq!(files(&desk), [ours.join("another.xlsx")]);
    // Another file for a leg that is loaded is not taken, and stays for somebody to look at.
    let said = bring(&[], password);
    assert!(said.contains("RUN-"), "{said}");
    assert_eq!(files(&desk), [ours.join("another.xlsx")]);
}

/// The files below a folder, in order of their paths.
fn lying(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut all = files(folder);
    all.sort();
    all
}

/// What the ledger says of the end of routes, whether it has a place or waits for one.
async fn ends(node: &Node) -> Vec<Entry> {
    let store = &node.ports().store;
    let placed = store.leaves(0, u64::from(u32::MAX)).await.unwrap();
    let waiting = store.pending(999).await.unwrap();
    let placed = placed.into_iter().map(|(bytes, _)| bytes);
    let all = placed.chain(waiting.into_iter().map(|entry| entry.bytes));
    let all = all.map(|bytes| Entry::parse(&bytes).unwrap());
    let of_it = |e: &Entry| ["route.clearing", "route.retired"].contains(&e.act.as_str());
    all.filter(of_it).collect()
}

// shows: RUN-13, RET-16
#[tokio::test]
async fn what_lies_on_a_route_is_taken_in_or_away_before_it_is_retired() {
    let by_hand = ByHand::new().await;
    let desk = by_hand.house.home("ho").join("by-hand");
    let retire = |more: &[&str]| {
        let args = ["route", "retire", "upload", "--reason", "it closes"];
        let mut args = args.to_vec();
        args.extend(more);
        command_as(&by_hand, &args, "r1:siro", "")
    };
    command(&by_hand, &["run", "export", "ask-2026-02", "ask"], "");
    let ours = desk.join("hmrc/official-sensitive-ask-2026-02-ask.xlsx");
    assert_eq!(files(&desk), std::slice::from_ref(&ours));
    // What lies there for this node is named, and taken away by nobody: nothing is done.
    let theirs = desk.join("ho/answer.xlsx");
    std::fs::create_dir_all(desk.join("ho")).unwrap();
    std::fs::write(&theirs, b"an answer").unwrap();
    let said = retire(&[]);
    assert!(
        said.contains("RUN-13") && said.contains("answer.xlsx") && said.contains("run bring"),
        "{said}"
    );
    assert_eq!(lying(&desk), [ours.clone(), theirs.clone()]);
    let route = async || by_hand.node.find::<Route>("upload").await.unwrap().unwrap();
    assert_eq!(route().await.state().name(), "approved");

    // Another file of that party's stays as well: the node knows its own.
    std::fs::remove_file(&theirs).unwrap();
    let other = desk.join("hmrc/another.xlsx");
    std::fs::write(&other, b"of somebody else").unwrap();
    let tried = retire(&["--dry-run"]);
    assert!(tried.contains("is retired"), "{tried}");
    assert_eq!(lying(&desk), [other.clone(), ours.clone()]);
    let said = retire(&[]);
    assert!(
        said.contains(ours.file_name().unwrap().to_str().unwrap()),
        "{said}"
    );
    assert_eq!(files(&desk), [other]);
    assert_eq!(route().await.state().name(), "retired");
    let ended = ends(&by_hand.node).await;
    assert_eq!(acts(&ended), ["route.clearing", "route.retired"]);
    assert_eq!(ended[0].facts[&Code::of("files")], Fact::Count(1));
    assert_eq!(ended[1].facts.get(&Code::of("what-lies-there")), None);
}

// shows: RUN-13
#[tokio::test]
async fn a_route_whose_place_must_not_be_asked_is_retired_at_once() {
    let by_hand = ByHand::new().await;
    let desk = by_hand.house.home("ho").join("by-hand");
    command(&by_hand, &["run", "export", "ask-2026-02", "ask"], "");
    let lies = files(&desk);
    // The place does not answer.
    std::fs::rename(&desk, desk.with_extension("away")).unwrap();
    std::fs::write(&desk, b"no folder").unwrap();
    let args = ["route", "retire", "upload", "--reason", "a leak"];
    let said = command_as(&by_hand, &args, "r1:siro", "");
    assert!(said.contains("--leave"), "{said}");
    let said = command_as(&by_hand, &[&args[..], &["--leave"]].concat(), "r1:siro", "");
    assert!(
        said.contains("is retired") && said.contains("is left"),
        "{said}"
    );
    std::fs::remove_file(&desk).unwrap();
    std::fs::rename(desk.with_extension("away"), &desk).unwrap();
    assert_eq!(files(&desk), lies);
    let ended = ends(&by_hand.node).await;
    assert_eq!(acts(&ended), ["route.retired"]);
    let left = Fact::Code(Code::of("left"));
    assert_eq!(ended[0].facts[&Code::of("what-lies-there")], left);
}

#[test]
fn injected_text_is_inert_in_libreoffice_and_comes_back_unchanged() {
    let nasty = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        "\t=1",
        "'",
        "''=1",
        "'t Hooft",
        "007",
        "1e5",
        "2026-01-01",
        " lead",
        "trail ",
        "a\"b",
        "<r><t>x</t></r>",
        "\u{ff1d}1",
        "TRUE",
        "1,5",
    ];
    let columns = vec!["ref".to_owned(), "text".to_owned()];
    let rows: Vec<Vec<String>> = nasty
        .iter()
        .enumerate()
        .map(|(n, text)| vec![format!("r{n}"), (*text).to_owned()])
        .collect();
    let table = Table { columns, rows };
    let cover = Cover::plain(&table.columns);
    let file = courier::workbook::write(&cover, &table).unwrap();
    let (password, seed) = ("pass word", Zeroizing::new([3; 32]));
    let forms = courier::ConfinedForms::new("never-started");
    let given = Password::given(password.into()).unwrap();
    use exchange::ports::Locks;
    let bytes = forms
        .lock(Format::Xlsx, &cover, &file, &given, &seed)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (
        folder.path().join("from.xlsx"),
        folder.path().join("to.xlsx"),
    );
    std::fs::write(&from, bytes).unwrap();
    let saw = office::through(&from, &to, password, &[]);
    for (row, seen) in table.rows.iter().zip(&saw.records[1..]) {
        assert_eq!(
            (seen[1].0.as_str(), seen[1].1.as_str()),
            (row[1].as_str(), "text")
        );
    }
    let shape = exchange::table::Shape {
        sheet: inward::SHEET.into(),
        columns: table.columns.clone(),
        max_rows: 100,
    };
    let back = std::fs::read(&to).unwrap();
    let read = courier::reader::open(Format::Xlsx, &shape, &back, &given).unwrap();
    assert!(read == table, "{:?} {:?}", read.rows, table.rows);
}
