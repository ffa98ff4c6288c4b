//! The exchange with a Department for Education that has no node: locked workbooks over a WebDAV server, the password by
//! another way, and people with a spreadsheet program; two months on the virtual clock.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod office;
mod school;
#[path = "../../courier/tests/servers/mod.rs"]
mod servers;

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use concordat::carrying::Carrying;
use concordat::house::{self, Config, Way};
use exchange::authority::{Person, Role};
use exchange::change::Aggregate;
use exchange::cover::Cover;
use exchange::ids::{PartyId, RouteId, StaffId};
use exchange::leg::State;
use exchange::password::Password;
use exchange::ports::PortFault;
use exchange::table::{Format, Table};
use exchange::{Brought, Node, Told, inward};
use office::Edit;
use school::*;
use servers::Served;
use sim::SeededEntropy;
use zeroize::Zeroizing;

/// The Home Office with its node, and the department's people with a WebDAV client and a spreadsheet program.
struct ByHand {
    school: School,
    dav: Served,
}

/// A file as the department's people have it.
struct Got {
    name: String,
    path: PathBuf,
    password: String,
}

/// Two of ground A, and one of ground B.
fn three(from: u32) -> Vec<Child> {
    vec![
        Child::new(from).ground_a(),
        Child::new(from + 1).ground_a(),
        Child::new(from + 2).ground_b(),
    ]
}

fn route(name: &str) -> RouteId {
    RouteId::parse(name).unwrap()
}

impl ByHand {
    async fn new() -> Self {
        let (dav, mut school) = (servers::webdav(), School::new(three(1)).await);
        let home = school.dir.path().join("ho");
        let path = home.join("node.toml");
        let mut config: Config = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        config.by_hand = [PartyId::parse("dfe").unwrap()].into();
        config.channels = [("separate-email".to_owned(), Way::Folder("../mail".into()))].into();
        config.egress = vec![courier::Allowed {
            host: "127.0.0.1".into(),
            port: dav.port,
            addresses: vec!["127.0.0.1".parse().unwrap()],
        }];
        let key_to_success = Carrying::Webdav(dav.webdav(dav.port));
        config.routes = [
            (route("key-to-success"), key_to_success),
            (route("email-npd-mailbox"), Carrying::ByHand),
            (route("email-named-contact"), Carrying::ByHand),
        ]
        .into();
        std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
        let entropy = Arc::new(SeededEntropy::new("school/ho/by-hand"));
        let (settings, mut ports) = house::compose(&home, school.clock.clone(), entropy)
            .await
            .unwrap();
        ports.register = Some(school.cases.clone());
        school.ho = Node::new(settings, ports, house::law().unwrap()).unwrap();
        for name in config.routes.keys() {
            approved_anew(&school.ho, name).await;
        }
        Self { school, dav }
    }

    fn ho(&self) -> &Node {
        &self.school.ho
    }

    /// Lets the one node work until nothing is left to do.
    async fn settle(&self) {
        loop {
            let worked = self.ho().work().await.unwrap();
            assert_eq!(worked.faults, Vec::<String>::new());
            if !worked.busy {
                return;
            }
        }
    }

    /// Releases a file, locks it, lays it out on its route and sends its password.
    async fn exported(&self, name: &str, by: &str) -> Result<String, exchange::Trouble> {
        let (ho, run, flow) = (self.ho(), run(name), flow(by));
        let step = |verb: &str| {
            op(format!(
                "{name}/{by}/{verb}/{}",
                self.school.clock.now_text()
            ))
        };
        ho.validate(&step("validate"), &run, &flow).await?;
        ho.release(&step("release"), &run, &flow, &officer())
            .await?;
        let (_, locked) = ho.lock(&step("lock"), &run, &flow, &officer()).await?;
        ho.lay_out(&locked).await?;
        ho.handed_over(&locked, &officer()).await?;
        self.settle().await;
        Ok(locked.name)
    }

    /// The client of the department's people, at the server's `from` or `to`, which begins with `:webdav:`.
    fn client(&self, from: &str, to: &str) {
        let obscured = Command::new("rclone")
            .args(["obscure", servers::PASSWORD])
            .output();
        let obscured = String::from_utf8(obscured.unwrap().stdout).unwrap();
        let done = Command::new("rclone")
            .args([
                "copyto",
                from,
                to,
                "--config",
                "",
                "--webdav-vendor",
                "other",
            ])
            .arg("--webdav-url")
            .arg(format!("https://127.0.0.1:{}/dav", self.dav.port))
            .args(["--webdav-user", "ho", "--webdav-pass", obscured.trim()])
            .arg("--ca-cert")
            .arg(self.dav.at("ca.pem"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{from} {to}: {said}");
    }

    /// The department's people take a file from the server, and its password from their post.
    fn got(&self, name: &str) -> Got {
        let path = self.school.dir.path().join("dfe-desk").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.client(&format!(":webdav:dfe/{name}"), path.to_str().unwrap());
        Got {
            name: name.to_owned(),
            path,
            password: self.told(name),
        }
    }

    /// The password that the other way brought.
    fn told(&self, name: &str) -> String {
        let mail = self
            .school
            .dir
            .path()
            .join("mail/dfe")
            .join(format!("{name}.txt"));
        let mail = std::fs::read_to_string(mail).unwrap();
        let lines: Vec<&str> = mail
            .lines()
            .filter_map(|l| l.strip_prefix("    "))
            .collect();
        assert_eq!(lines[0], name);
        lines[1].to_owned()
    }

    /// The department's people put bytes back over WebDAV.
    fn put_back(&self, name: &str, bytes: &[u8]) {
        let path = self.school.dir.path().join("dfe-desk/back");
        std::fs::write(&path, bytes).unwrap();
        self.client(path.to_str().unwrap(), &format!(":webdav:ho/{name}"));
    }

    /// The one file that lies there is fetched, brought with this password, and taken away.
    async fn brought(&self, name: &str, by: &str, password: &str) -> (State, String) {
        let (ho, id, flow) = (self.ho(), agreement(), flow(by));
        let lying = ho.lying(&id, &flow).await.unwrap();
        assert_eq!(lying.len(), 1, "{lying:?}");
        let brought = Brought {
            bytes: ho.fetch(&id, &flow, &lying[0]).await.unwrap(),
            agreement: id,
            run: run(name),
            flow,
            password: Password::given(password.into()).unwrap(),
            as_of: None,
            nil: None,
        };
        ho.bring(&brought, &officer()).await.unwrap();
        ho.take_away(&brought, &lying[0]).await.unwrap();
        self.settle().await;
        assert_eq!(
            ho.lying(&brought.agreement, &brought.flow).await.unwrap(),
            []
        );
        let leg = self.school.leg(ho, name, by).await;
        (
            leg.state(),
            leg.fault().map_or_else(String::new, ToString::to_string),
        )
    }

    /// A month as far as the request, the list and the template are with the department, which has said so.
    async fn asked(&self, name: &str) -> Got {
        let school = &self.school;
        school.start(name).await.unwrap();
        school.picked(name, &[3]).await.unwrap();
        school.noticed(name).await;
        school.told_of_volume(name, "monthly").await.unwrap();
        let file = self.exported(name, "monthly").await.unwrap();
        let got = self.got(&file);
        for by in ["manual", "notice-out"] {
            self.exported(name, by).await.unwrap();
        }
        for by in ["monthly", "manual", "notice-out"] {
            let (said, run, flow) = (op(format!("{name}/{by}/said")), run(name), flow(by));
            let (ho, who) = (self.ho(), officer());
            ho.said_by_hand(&said, &run, &flow, Told::Accepted, &who)
                .await
                .unwrap();
        }
        got
    }

    /// What the file shows with the columns that are to be filled in.
    async fn seen(&self, got: &Got) -> Table {
        let (_, plan) = self.ho().agreement(&agreement()).await.unwrap();
        let shape = inward::shape(&plan.file(&flow("reply")).unwrap());
        let password = Password::given(got.password.clone()).unwrap();
        let bytes = std::fs::read(&got.path).unwrap();
        let locks = &self.ho().ports().locks;
        locks
            .open(Format::Xlsx, &shape, &bytes, &password)
            .await
            .unwrap()
            .unwrap()
    }

    fn lock(&self, format: Format, file: &[u8], password: &str) -> Result<Vec<u8>, PortFault> {
        let cover = Cover {
            name: format!("answer.{format}"),
            ..Cover::plain(&[])
        };
        let seed = Zeroizing::new([3; 32]);
        let password = Password::given(password.into()).unwrap();
        self.ho()
            .ports()
            .locks
            .lock(format, &cover, file, &password, &seed)
    }

    /// The returned half of the template, filled in and locked, as somebody saves it from a mail into the node's folder.
    async fn note_back(&self, name: &str, password: &str) -> (State, String) {
        let columns = ["matched_count", "unmatched_count", "how_it_went"]
            .map(str::to_owned)
            .to_vec();
        let rows = vec![
            ["1", "2", "all could be looked for"]
                .map(str::to_owned)
                .to_vec(),
        ];
        let table = Table { columns, rows };
        let cover = Cover::plain(&table.columns);
        let plain = self
            .ho()
            .ports()
            .forms
            .write(Format::Csv, &cover, &table)
            .unwrap();
        let folder = self.school.dir.path().join("ho/by-hand/ho");
        std::fs::create_dir_all(&folder).unwrap();
        let locked = self.lock(Format::Csv, &plain, password).unwrap();
        std::fs::write(folder.join("template (1).zip"), locked).unwrap();
        self.brought(name, "note-back", password).await
    }

    /// Every cell that was sent is as it was sent, and each row is there once.
    async fn same_rows(&self, name: &str) {
        let (ho, school) = (self.ho(), &self.school);
        let (out, back) = (
            school.leg(ho, name, "monthly").await,
            school.leg(ho, name, "reply").await,
        );
        assert_eq!((out.rows(), back.rows()), (3, 3));
        for n in 1..=3 {
            let sent = school.row(ho, name, "monthly", n).await;
            let come = school.row(ho, name, "reply", n).await;
            let of = |all: &std::collections::BTreeMap<String, String>, set: &str| {
                let own =
                    |(k, v): (&String, &String)| Some((k.strip_prefix(set)?.to_owned(), v.clone()));
                all.iter().filter_map(own).collect::<Vec<_>>()
            };
            assert_eq!(of(&sent, "request."), of(&come, "echo."), "row {n}");
        }
    }
}

/// Other settings under a known name are another route.
async fn approved_anew(node: &Node, name: &RouteId) {
    let person = |staff: &str, role| Person {
        staff: StaffId::parse(staff).unwrap(),
        role,
    };
    let step = |verb: &str| op(format!("{verb}-anew/{name}"));
    node.propose_route(&step("propose"), name, &officer())
        .await
        .unwrap();
    let owner = person("i1", Role::AssetOwner);
    node.assure_route(&step("assure"), name, "the terms of its host", &owner)
        .await
        .unwrap();
    let owner = person("r1", Role::RiskOwner);
    node.approve_route(&step("approve"), name, "accredited", &owner)
        .await
        .unwrap();
}

fn loaded() -> (State, String) {
    (State::Loaded, String::new())
}

/// What the department found: the first child, at one school; of the others it says that there is nobody.
fn fill(table: &mut Table) {
    let found = [
        ("matched", "matched"),
        ("pupil_surname", "Found"),
        ("pupil_forename", "Anew"),
        ("pupil_address_address", "2 Heron Close, Fennowby"),
        ("pupil_address_post_code", "ZZ2 2BB"),
        ("census_date", "2016-01-21"),
        ("school_number", "ZZ/4001"),
        ("school_name", "Ferry Steps High School"),
        ("school_post_code", "ZZ4 4EE"),
        ("earliest_date", "2015-10-01"),
        ("latest_date", "2016-01-21"),
        ("adopted_from_care", "no"),
    ];
    let at = |name: &str| {
        let found = table.columns.iter().position(|c| c == name);
        found.unwrap_or_else(|| panic!("{name}: {:?}", table.columns))
    };
    let places: Vec<(usize, &str)> = found
        .iter()
        .map(|(name, value)| (at(name), *value))
        .collect();
    let matched = places[0].0;
    for (n, row) in table.rows.iter_mut().enumerate() {
        row[matched] = "not-matched".into();
        if n == 0 {
            places
                .iter()
                .for_each(|(c, value)| row[*c] = (*value).into());
        }
    }
}

/// The table as a workbook that somebody else's library writes.
fn workbook(table: &Table, hidden: bool) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet().set_name(inward::SHEET).unwrap();
    let lines = std::iter::once(&table.columns).chain(&table.rows);
    for (r, line) in lines.enumerate() {
        for (c, cell) in line.iter().enumerate() {
            sheet.write_string(r as u32, c as u16, cell).unwrap();
        }
    }
    if hidden {
        book.add_worksheet()
            .set_name("Notes")
            .unwrap()
            .set_hidden(true);
    }
    book.save_to_buffer().unwrap()
}

/// The same workbook with a macro's part in it.
fn with_macro(book: Vec<u8>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new_append(Cursor::new(book)).unwrap();
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("xl/vbaProject.bin", options).unwrap();
    archive
        .write_all(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 a macro")
        .unwrap();
    archive.finish().unwrap().into_inner()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

// shows: EXCH-DFE-16, EXCH-DFE-18, SEC-06, RET-16
#[tokio::test]
async fn two_months_go_over_webdav_to_people_with_a_spreadsheet_program_and_come_back() {
    let by_hand = ByHand::new().await;
    let (school, ho) = (&by_hand.school, by_hand.ho());
    let mut passwords = Vec::new();
    for (name, sent, back, more) in [
        ("monthly-2016-04", "2016-04-01", "2016-04-12", 1),
        ("monthly-2016-05", "2016-05-03", "2016-05-12", 4),
    ] {
        school.on(sent);
        // Whoever was answered about is not asked about again in the next month; others were lost since.
        let lost = three(more).into_iter().map(|c| (c.key, c.register));
        school.cases.0.lock().unwrap().extend(lost);
        let got = by_hand.asked(name).await;
        assert_eq!(got.name, format!("official-{name}-monthly.xlsx"));
        // What they have is nowhere else any more, and what it says is on the server nowhere in clear.
        assert!(files(&by_hand.dav.post()).is_empty());
        assert!(files(&school.dir.path().join("ho/by-hand")).is_empty());

        // Somebody opens it in LibreOffice with the password, fills it in and stores it.
        let mut table = by_hand.seen(&got).await;
        let before = table.clone();
        fill(&mut table);
        let cells = table.rows.iter().zip(&before.rows).enumerate();
        let edits: Vec<Edit> = cells
            .flat_map(|(r, (new, old))| {
                let changed = new.iter().zip(old).enumerate().filter(|(_, (a, b))| a != b);
                changed.map(move |(c, (text, _))| Edit::set(r as u32 + 1, c as u32, text))
            })
            .collect();
        let stored = got.path.with_file_name("stored.xlsx");
        office::through(&got.path, &stored, &got.password, &edits);
        school.on(back);
        by_hand.put_back(&got.name, &std::fs::read(&stored).unwrap());
        assert_eq!(
            by_hand.brought(name, "reply", &got.password).await,
            loaded()
        );
        by_hand.same_rows(name).await;
        let first = school.row(ho, name, "reply", 1).await;
        assert_eq!(first["outcome.matched"], "matched");
        assert_eq!(first["pupil-address.address"], "2 Heron Close, Fennowby");
        let second = school.row(ho, name, "reply", 2).await;
        assert_eq!(second["outcome.matched"], "not-matched");

        // The template comes back in an archive, and the run is over.
        school.reviewed(ho, name, "reply", &caseworker()).await;
        assert_eq!(rules(&school.close(name).await), ["RUN-21"]);
        let template = format!("official-{name}-notice-out.csv.zip");
        let password = by_hand.told(&template);
        assert_eq!(by_hand.note_back(name, &password).await, loaded());
        // A copy that could not be taken away when they said that they had it goes with the values.
        let left = by_hand.dav.post().join("dfe").join(&got.name);
        std::fs::copy(&got.path, &left).unwrap();
        let copy = format!("ho/by-hand/dfe/official-{name}-reply-annotated.xlsx");
        let copy = school.dir.path().join(copy);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(&got.path, &copy).unwrap();
        school.close(name).await.unwrap();
        by_hand.settle().await;
        assert!(!left.exists() && !copy.exists());
        let request = school
            .holding(ho, &format!("{name}/monthly.1/request"))
            .await;
        assert_eq!(request.status(), "destroyed");
        passwords.extend([got.password, password]);
    }
    // When the answers' time is over nothing that anybody could open is left, and no value stands in clear.
    school.on("2016-12-01");
    by_hand.settle().await;
    let known: Vec<String> = three(1)
        .into_iter()
        .chain(three(4))
        .flat_map(|c| c.register.values.into_values())
        .filter(|value| value.len() > 6)
        .chain(["2 Heron Close, Fennowby".to_owned(), "ZZ/4001".to_owned()])
        .collect();
    let kept = files(&school.dir.path().join("ho"));
    for path in kept.iter().chain(&files(&by_hand.dav.post())) {
        let name = path.to_str().unwrap();
        assert!(
            !name.ends_with(".xlsx") && !name.ends_with(".zip"),
            "{name}"
        );
        let bytes = std::fs::read(path).unwrap();
        for value in &known {
            let has = bytes.windows(value.len()).any(|w| w == value.as_bytes());
            assert!(!has, "{value} in {name}");
        }
    }
    // Four files, four passwords, none of which the node or the server has.
    passwords.sort();
    passwords.dedup();
    assert_eq!(passwords.len(), 4);
    let home = school.dir.path().join("ho");
    for path in files(&home).into_iter().chain(files(&by_hand.dav.post())) {
        let bytes = std::fs::read(&path).unwrap();
        for password in &passwords {
            let has = bytes
                .windows(password.len())
                .any(|w| w == password.as_bytes());
            assert!(!has, "{}", path.display());
        }
    }
}

// shows: EXCH-DFE-16, RUN-09, RUN-11, MATCH-02, MATCH-04
#[tokio::test]
async fn what_is_not_the_same_file_is_held_or_refused_with_its_reason() {
    let april = "monthly-2016-04";
    let by_hand = ByHand::new().await;
    by_hand.school.on("2016-04-01");
    let got = by_hand.asked(april).await;
    let mut answer = by_hand.seen(&got).await;
    fill(&mut answer);
    let good = workbook(&answer, false);
    let meddled = |meddle: fn(&mut Table)| {
        let mut table = answer.clone();
        meddle(&mut table);
        workbook(&table, false)
    };
    let cases = [
        (
            meddled(|t| t.rows[1][0] = "Other".into()),
            State::Held,
            "MATCH-04",
            "surname",
        ),
        (
            meddled(|t| drop(t.rows.pop())),
            State::Held,
            "MATCH-02",
            "are not answered",
        ),
        (
            meddled(|t| {
                let mut row = t.rows[1].clone();
                row[8] = "C99999999".into();
                t.rows.push(row);
            }),
            State::Held,
            "RUN-11",
            "not asked for",
        ),
        (
            meddled(|t| {
                t.columns.push("ethnicity".into());
                t.rows.iter_mut().for_each(|row| row.push("x".into()));
            }),
            State::Rejected,
            "RUN-07",
            "ethnicity",
        ),
        (
            workbook(&answer, true),
            State::Rejected,
            "RUN-09",
            "hidden sheet",
        ),
        (with_macro(good.clone()), State::Rejected, "RUN-09", "macro"),
    ];
    for (n, (book, state, rule, words)) in cases.into_iter().enumerate() {
        let locked = by_hand.lock(Format::Xlsx, &book, &got.password).unwrap();
        by_hand.put_back("answer.xlsx", &locked);
        let (came_to, fault) = by_hand.brought(april, "reply", &got.password).await;
        assert_eq!(came_to, state, "{n}: {fault}");
        let says = format!("(rule {rule})");
        assert!(
            fault.contains(words) && fault.contains(&says),
            "{n}: {fault}"
        );
        if state == State::Held {
            let (op, run, flow) = (op(format!("refuse-{n}")), run(april), flow("reply"));
            let (ho, who) = (by_hand.ho(), officer());
            ho.refuse_held(&op, &run, &flow, "not the same", &who)
                .await
                .unwrap();
        }
    }
    let locked = by_hand.lock(Format::Xlsx, &good, &got.password).unwrap();
    by_hand.put_back("answer.xlsx", &locked);
    assert_eq!(
        by_hand.brought(april, "reply", &got.password).await,
        loaded()
    );
    by_hand.same_rows(april).await;
}
