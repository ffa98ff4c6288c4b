//! A node that answers calls out of an index of its own list: whom it finds, and what the index tells without the node's key.
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

use std::path::Path;
use std::sync::Arc;

use concordat::calling::Records;
use concordat::house;
use concordat::records::{Columns, Indexed, index};
use exchange::Node;
use exchange::check::{Caller, Outcome};
use sim::{SeededEntropy, VirtualClock};

/// The node key of these tests' supplier, as `house::init` makes it anew each time.
fn key(home: &Path) -> [u8; 32] {
    let text = std::fs::read_to_string(home.join("keys/node.key")).unwrap();
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).unwrap();
    key
}

fn columns() -> Columns {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/dwp-records.toml");
    Columns::read(Path::new(path)).unwrap()
}

const HEAD: &str = "reference,full_name,former_names,date_of_birth,nino,benefits,died\n";
/// A benefit that goes on; a name that changed; a number that two people have, one of them twice; one that says nothing.
const LIST: &str = "\
b1,CANARYANN MARIE STONE,,1980-02-29,QQ200001A,2013-01-01/.. universal-credit,
b2,Canarybea Hill,Canarybea Field,1975-05-05,QQ 20 00 02 A,2013-01-01/2018-06-30 jobseekers|2019-10-01/.. carers,
b3,Canarycal Wood,,1960-01-02,QQ200003A,2013-01-01/.. esa,
b4,Canarydot Lake,,1991-03-04,QQ200003A,2013-01-01/.. esa,
b5,Canarydot Lake,,1991-03-04,QQ200003A,2013-01-01/.. housing-benefit,
b6,Canaryeve Moor,,1970-07-07,QQ200004A,,
b7,Canaryfay Dale,,1970-07-07,,2013-01-01/.. esa,
";

async fn made(home: &Path, list: &str) -> Result<Indexed, concordat::Fail> {
    let path = home.join("list.csv");
    std::fs::write(&path, format!("{HEAD}{list}")).unwrap();
    let entropy = Arc::new(SeededEntropy::new("records"));
    let with = (&key(home), entropy as Arc<dyn exchange::ports::Entropy>);
    // Tried first, it says the same, and nothing is made.
    let stood = home.join("records.db").exists();
    let tried = concordat::records::survey(&path, &columns(), |_| {});
    assert_eq!(home.join("records.db").exists(), stood);
    let done = index(&path, &columns(), &home.join("records.db"), with, |_| {}).await;
    assert_eq!(tried.ok(), done.as_ref().ok().copied());
    std::fs::remove_file(path).unwrap();
    done
}

/// Two nodes, of which one answers the other out of this list.
struct Two {
    dir: tempfile::TempDir,
    ho: Node,
    _dwp: Node,
}

impl Two {
    async fn new(list: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::new("2020-02-29T12:00:00Z".parse().unwrap()));
        let mut nodes = Vec::new();
        for who in ["ho", "dwp"] {
            let home = dir.path().join(who);
            let mut config = call::config(who, 5);
            if who == "dwp" {
                config.calls.records = Some(Records::Index("records.db".into()));
            }
            house::init(&home, &config).unwrap();
            if who == "dwp" {
                let done = made(&home, list).await.unwrap();
                assert_eq!((done.records, done.without_number), (6, 1));
            }
            let entropy = Arc::new(SeededEntropy::new(who));
            let node = house::open(&home, clock.clone(), entropy).await;
            nodes.push(node.unwrap());
        }
        let dwp = nodes.pop().unwrap();
        let ho = nodes.pop().unwrap();
        call::agreed(&ho, &dwp, &call::source()).await;
        Self { dir, ho, _dwp: dwp }
    }

    async fn outcome(&self, n: usize, (name, born, nino): (&str, &str, &str)) -> Outcome {
        let mut request = call::request(&format!("r{n}"), name, nino);
        request.application = format!("GWF-CANARY-{n}").into();
        let born = zeroize::Zeroizing::new(born.to_owned());
        request.details.insert("date_of_birth".into(), born);
        request.details.remove("other_names");
        let checked = self.ho.check(&request, &Caller::Applicant).await;
        checked.unwrap().outcome
    }
}

// shows: RTC-14, SEC-02
#[tokio::test]
async fn a_person_is_found_by_number_birth_and_name_together_and_nobody_else_is() {
    use Outcome::{Ambiguous, NotFound, WithData};
    let two = Two::new(LIST).await;
    let cases = [
        // As the list has them, with fewer words, capitals or not, and nearly alike.
        (("Canaryann Stone", "1980-02-29", "QQ200001A"), WithData),
        (("canaryann stome", "1980-02-29", "QQ200001A"), WithData),
        // A name of before, and one that is in neither.
        (("Canarybea Field", "1975-05-05", "QQ200002A"), WithData),
        (("Canarybea Hill", "1975-05-05", "QQ200002A"), WithData),
        (("Canarybea Brook", "1975-05-05", "QQ200002A"), NotFound),
        (("Other Person", "1975-05-05", "QQ200002A"), NotFound),
        // Each of the three alone finds nobody.
        (("Canaryann Stone", "1980-02-28", "QQ200001A"), NotFound),
        (("Canaryann Stone", "1980-02-29", "QQ200009A"), NotFound),
        // A number of several people tells of the one who is meant, and where two records could be, of none.
        (("Canarycal Wood", "1960-01-02", "QQ200003A"), WithData),
        (("Canarydot Lake", "1991-03-04", "QQ200003A"), Ambiguous),
        // A record without a period is one that shows nothing.
        (("Canaryeve Moor", "1970-07-07", "QQ200004A"), NotFound),
    ];
    for (n, (who, expect)) in cases.into_iter().enumerate() {
        assert_eq!(two.outcome(n, who).await, expect, "{n}");
    }
    let canaries = ["anary", "ANARY", "QQ20", "1980-02-29", "universal-credit"];
    let canaries = canaries.map(str::to_owned);
    let found = call::found_in(&two.dir.path().join("dwp"), &canaries);
    // The agreement's own text names the benefits.
    let theirs = |hit: &&String| !hit.starts_with("universal-credit");
    assert_eq!(
        found.iter().filter(theirs).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    let index = std::fs::read(two.dir.path().join("dwp/records.db")).unwrap();
    assert!(!index.windows(16).any(|w| w == b"universal-credit"));
}

// shows: SEC-02
#[tokio::test]
async fn a_node_does_not_open_with_an_index_of_another_key_or_none() {
    let dir = tempfile::tempdir().unwrap();
    let open = async |home: &Path| {
        let clock = Arc::new(VirtualClock::new("2020-02-29T12:00:00Z".parse().unwrap()));
        let entropy = Arc::new(SeededEntropy::new("dwp"));
        let node = house::open(home, clock, entropy).await;
        node.map(|_| ()).map_err(|fail| format!("{fail:?}"))
    };
    let [one, two] = ["one", "two"].map(|name| dir.path().join(name));
    for home in [&one, &two] {
        let mut config = call::config("dwp", 5);
        config.calls.records = Some(Records::Index("records.db".into()));
        house::init(home, &config).unwrap();
    }
    let why = open(&one).await.unwrap_err();
    assert!(why.contains("residence index"), "{why}");
    made(&one, LIST).await.unwrap();
    open(&one).await.unwrap();
    std::fs::copy(one.join("records.db"), two.join("records.db")).unwrap();
    let why = open(&two).await.unwrap_err();
    assert!(why.contains("another node key"), "{why}");
}

#[tokio::test]
async fn a_list_with_a_fault_makes_no_index_and_is_told_by_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("dwp");
    house::init(&home, &call::config("dwp", 5)).unwrap();
    made(&home, LIST).await.unwrap();
    let before = std::fs::read(home.join("records.db")).unwrap();
    for (line, column) in [
        ("c1,Canary Ann,,1980-02-30,QQ200001A,,", "date_of_birth"),
        ("c1,Canary Ann,,1980-02-29,QQ20000A,,", "nino"),
        (
            "c1,Canary Ann,,1980-02-29,QQ200001A,esa since CANARY,",
            "benefits",
        ),
    ] {
        let fault = made(&home, &format!("{LIST}{line}\n")).await.unwrap_err();
        let why = format!("{fault:?}");
        assert!(why.contains("record 8") && why.contains(column), "{why}");
        assert!(!why.contains("anary") && !why.contains("QQ20"), "{why}");
        assert_eq!(std::fs::read(home.join("records.db")).unwrap(), before);
    }
}
