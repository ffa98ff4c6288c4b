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
use std::sync::Arc;

use async_trait::async_trait;
use concordat::house;
use exchange::cover::Cover;
use exchange::ids::HoldingId;
use exchange::leg::State;
use exchange::ports::{Forms, Parts, PortFault, Reading, VaultFault, Writing};
use exchange::retention::Holding;
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
