//! Files of several pages: what comes in is what left, in either form, or nothing at all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod town;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use concordat::house;
use exchange::cover::Cover;
use exchange::ids::HoldingId;
use exchange::leg::State;
use exchange::ports::{
    Filling, Forms, Parts, PortFault, Reading, Spool, Spooled, VaultFault, Writing,
};
use exchange::retention::Holding;
use exchange::select;
use exchange::sorting::{Place, Room, Sorting};
use exchange::table::{Format, Gathering, Shape};
use exchange::{Node, Settings};
use town::*;

const RUN: &str = "ask-2016-04";
const PEOPLE: u32 = 1_234;

/// People some of whose values are hard to write in a file.
fn people() -> Vec<Migrant> {
    let named = |n: u32| {
        let migrant = Migrant::new(n);
        match n % 97 {
            1 => migrant.value("mobile", &format!("+44 7700 900{:03}", n % 1000)),
            2 => migrant.value("full_name", &format!("O'Example, \"Person\" {n}")),
            3 => migrant.value("full_name", &format!("=Example Ōkafor {n}")),
            _ => migrant,
        }
    };
    (1..=PEOPLE).map(named).collect()
}

async fn town_with(form: &str) -> Town {
    let source = source().replace("as: xlsx", &format!("as: {form}"));
    let town = Town::under(people(), source).await;
    town.laid().await;
    town.signed().await;
    town.approved("ask", 10_000).await;
    town.on("2016-04-04");
    town
}

/// The values of a node's rows, by dataset and number.
async fn rows(town: &Town, node: &Node) -> BTreeMap<(String, String), String> {
    let leg = town.leg(node, RUN, "ask").await;
    let mut all = BTreeMap::new();
    for holding in leg.holdings() {
        let what: Holding = node.find(holding.as_str()).await.unwrap().unwrap();
        assert_eq!(what.rows(), u64::from(PEOPLE));
        let ports = node.ports();
        let items = ports.store.items(holding, "row/").await.unwrap();
        let plain = ports.vault.open_many(holding, &items).await.unwrap();
        for ((name, _), plain) in items.into_iter().zip(plain) {
            let text = String::from_utf8(plain.to_vec()).unwrap();
            all.insert((what.what().to_owned(), name), text);
        }
    }
    all
}

// A workbook is read as a whole, a csv file row by row: they say the same.
#[tokio::test]
async fn what_is_loaded_is_what_left_in_either_form() {
    for form in ["csv", "xlsx"] {
        let town = town_with(form).await;
        town.asked(RUN, "ask").await;
        assert_eq!(town.state(&town.hmrc, RUN, "ask").await, State::Loaded);
        let sent = rows(&town, &town.ho).await;
        assert_eq!(sent.len() % usize::try_from(PEOPLE).unwrap(), 0);
        assert!(rows(&town, &town.hmrc).await == sent, "{form}");
        assert_eq!(town.in_clear(), Vec::<String>::new(), "{form}");
    }
}

/// A writer of files that writes no date in the last row.
struct LastRow(Arc<dyn Forms>);

#[async_trait]
impl Forms for LastRow {
    fn begin(&self, format: Format, cover: &Cover) -> Result<Box<dyn Writing>, PortFault> {
        let (inner, cover) = (self.0.clone(), cover.clone());
        Ok(Box::new(Gathering::new(
            &cover.names(),
            move |mut table| {
                let born = table.columns.iter().position(|c| c == "date_of_birth");
                table.rows.last_mut().unwrap()[born.unwrap()] = "tomorrow".into();
                inner.write(format, &cover, &table)
            },
        )))
    }
    async fn read(
        &self,
        format: Format,
        shape: &Shape,
        file: Box<dyn Parts>,
    ) -> Result<Box<dyn Reading>, PortFault> {
        self.0.read(format, shape, file).await
    }
}

// shows: RUN-09
#[tokio::test]
async fn a_fault_in_the_last_row_refuses_all_and_leaves_nothing() {
    let mut town = town_with("csv").await;
    let mut ports = town.ho.ports().clone();
    ports.forms = Arc::new(LastRow(ports.forms));
    let settings = Settings {
        party: town.ho.party().clone(),
        instance: exchange::Instance::held("ho".into(), ()),
        quality: None,
        backups: None,
        by_hand: Default::default(),
        permanent: None,
        look_ups: Default::default(),
        evidence: agreement::Period::parse("7 years").unwrap(),
    };
    town.ho = Node::new(settings, ports, house::law().unwrap()).unwrap();
    town.asked(RUN, "ask").await;

    let leg = town.leg(&town.hmrc, RUN, "ask").await;
    assert_eq!(leg.state(), State::Rejected);
    let fault = leg.fault().unwrap();
    let place = (fault.row, fault.column.as_deref());
    assert_eq!(place, (Some(u64::from(PEOPLE) + 1), Some("date_of_birth")));
    assert!(leg.holdings().is_empty());
    let sent = town.leg(&town.ho, RUN, "ask").await;
    assert_eq!(sent.state(), State::RefusedThere);
    // The holdings are called alike at both ends, and at this end there are none, with no item and no key.
    let ports = town.hmrc.ports();
    for holding in sent.holdings() {
        let id: &HoldingId = holding;
        let none: Option<Holding> = town.hmrc.find(id.as_str()).await.unwrap();
        assert!(none.is_none());
        assert_eq!(ports.store.items(id, "").await, Ok(Vec::new()));
        let key = ports.vault.derive(id, "any").await;
        assert_eq!(key.err(), Some(VaultFault::Destroyed(id.clone())));
    }
    let package = leg.package().unwrap();
    assert_eq!(ports.store.package(package, 0).await, Ok(None));
    assert_eq!(ports.store.package(package, 1).await, Ok(None));
}

// Whoever was selected by one run in between is not selected by another.
#[tokio::test]
async fn of_two_starts_at_once_one_stands() {
    let town = town_with("csv").await;
    let both = [starting("ask-a", "ask"), starting("ask-b", "ask")];
    let [one, other] = both.map(|mut start| {
        start.reason = Some("two officers at once".into());
        start
    });
    let (a, b) = (op("a/start"), op("b/start"));
    let officer = officer();
    let (a, b) = tokio::join!(
        town.ho.start(&a, &one, &officer),
        town.ho.start(&b, &other, &officer)
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let runs: Vec<exchange::run::Run> = town.ho.all().await.unwrap();
    assert_eq!(runs.len(), 1);
    let pool = town.ho.pool(&agreement()).await.unwrap();
    assert_eq!(pool.get("waiting"), Some(&u64::from(PEOPLE)));
}

/// A spool that remembers what was put into it.
struct Seen<'a> {
    inner: &'a dyn Spool,
    bytes: Arc<Mutex<Vec<u8>>>,
}

struct SeenFilling(Box<dyn Filling>, Arc<Mutex<Vec<u8>>>);

#[async_trait]
impl Spool for Seen<'_> {
    async fn begin(&self) -> Result<Box<dyn Filling>, PortFault> {
        let filling = self.inner.begin().await?;
        Ok(Box::new(SeenFilling(filling, self.bytes.clone())))
    }
}

#[async_trait]
impl Filling for SeenFilling {
    async fn push(&mut self, sealed: &[u8]) -> Result<(), PortFault> {
        self.1.lock().unwrap().extend_from_slice(sealed);
        self.0.push(sealed).await
    }
    async fn done(self: Box<Self>) -> Result<Spooled, PortFault> {
        self.0.done().await
    }
}

#[tokio::test]
async fn what_does_not_fit_in_memory_is_sorted_in_the_spool_and_nothing_of_it_is_there_in_clear() {
    let town = Town::new(Vec::new()).await;
    let (vault, op) = (&*town.ho.ports().vault, op("sort"));
    let room = Room {
        sorted: 7,
        page: 3,
        merged: 2,
    };
    for many in [0, 1, 6, 7, 8, 14, 29, 200] {
        let holding = HoldingId::parse(format!("sorted/{many}")).unwrap();
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let spool = Seen {
            inner: &*town.ho.ports().spool,
            bytes: bytes.clone(),
        };
        let place = Place {
            spool: &spool,
            vault,
            holding: &holding,
            op: &op,
            name: "people",
        };
        let mut sorting = Sorting::begin(place, room);
        let one = |n: u64| (n * n * 7_919 % 31, format!("clear{}", n * 613 % 97));
        let mut all: Vec<(u64, String)> = (0..many).map(one).collect();
        for one in &all {
            sorting.push(one.clone()).await.unwrap();
        }
        let mut sorted = sorting.sorted().await.unwrap();
        let mut got = Vec::new();
        while let Some(one) = sorted.next().await.unwrap() {
            got.push(one);
        }
        all.sort();
        assert_eq!(got, all, "{many}");
        let bytes = bytes.lock().unwrap().clone();
        assert!(!bytes.windows(5).any(|w| w == b"clear"));
        // Where all of it fits, no key is made and nothing is written.
        let key = vault.derive(&holding, "any").await;
        assert_eq!((key.is_ok(), bytes.is_empty()), (many >= 7, many < 7));
    }
}

// More people than are sorted in memory, against the plain definition.
// shows: EXCH-HMRC-04
#[tokio::test]
async fn many_are_asked_about_in_the_order_in_which_few_would_be() {
    let many = u32::try_from(Room::NODE.sorted).unwrap() + 100;
    let day = |n: u32| format!("20{:02}-{:02}-01", 9 + n % 5, 1 + n * 7 % 12);
    let person = |n: u32| Migrant::new(n).fact("last_contact", Some(&day(n)));
    let people: Vec<Migrant> = (1..=many).map(person).collect();
    let town = Town::under(people.clone(), source()).await;
    town.laid().await;
    town.signed().await;
    town.approved("ask", 10_000).await;
    town.on("2016-04-04");
    let start = starting(RUN, "ask");
    town.ho
        .start(&op("start"), &start, &officer())
        .await
        .unwrap();

    let (_, plan) = town.ho.agreement(&agreement()).await.unwrap();
    let only = plan.flow(&flow("ask")).unwrap().only.as_ref();
    let since = |m: &Migrant| select::since(&plan, only, &m.register.facts);
    let mut plain: Vec<_> = people.iter().map(|m| (since(m), m.key.clone())).collect();
    plain.sort();
    let leg = town.leg(&town.ho, RUN, "ask").await;
    let holding = &leg.holdings()[0];
    let items = town.ho.ports().store.items(holding, "row/").await.unwrap();
    let rows = town
        .ho
        .ports()
        .vault
        .open_many(holding, &items)
        .await
        .unwrap();
    let person = |row: &[u8]| {
        let row: BTreeMap<String, String> = serde_json::from_slice(row).unwrap();
        row["cid_person_id"].clone()
    };
    let asked: Vec<String> = rows.iter().map(|row| person(row)).collect();
    let plain: Vec<String> = plain.into_iter().map(|(_, key)| key).collect();
    assert!(asked == plain);
}
