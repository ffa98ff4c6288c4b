//! A server that does not answer: what is to be sent is tried again, each time after twice as long, and goes once.
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

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use common::*;
use exchange::file_name::FileName;
use exchange::ids::{PackageId, PartyId};
use exchange::leg::{Leg, State};
use exchange::ports::{Clock, Parts, PortFault, Transport};
use exchange::{Instance, Node, Settings};
use jiff::{SignedDuration, Timestamp};
use sim::VirtualClock;

/// A transport that takes nothing while it is down, and remembers when it was asked.
struct Down {
    inner: Arc<dyn Transport>,
    clock: Arc<VirtualClock>,
    is_down: AtomicBool,
    tries: Mutex<Vec<Timestamp>>,
}

#[async_trait]
impl Transport for Down {
    async fn put(
        &self,
        to: &PartyId,
        id: &PackageId,
        bytes: &mut dyn Parts,
    ) -> Result<(), PortFault> {
        self.tries.lock().unwrap().push(self.clock.now());
        if self.is_down.load(Ordering::SeqCst) {
            return Err(PortFault("the server does not answer".into()));
        }
        self.inner.put(to, id, bytes).await
    }
    async fn waiting(&self, me: &PartyId) -> Result<Vec<PackageId>, PortFault> {
        self.inner.waiting(me).await
    }
    async fn get(&self, me: &PartyId, id: &PackageId) -> Result<Option<Box<dyn Parts>>, PortFault> {
        self.inner.get(me, id).await
    }
    async fn remove(&self, me: &PartyId, id: &PackageId) -> Result<(), PortFault> {
        self.inner.remove(me, id).await
    }
    async fn lay(&self, to: &PartyId, name: &FileName, bytes: &[u8]) -> Result<(), PortFault> {
        self.inner.lay(to, name, bytes).await
    }
    async fn lying(&self, me: &PartyId) -> Result<Vec<FileName>, PortFault> {
        self.inner.lying(me).await
    }
    async fn fetch(&self, me: &PartyId, name: &FileName) -> Result<Option<Vec<u8>>, PortFault> {
        self.inner.fetch(me, name).await
    }
    async fn clear(&self, party: &PartyId, name: &FileName) -> Result<(), PortFault> {
        self.inner.clear(party, name).await
    }
}

/// The node of the Home Office with this in place of what carries its routes.
fn over(house: &House) -> (Node, Arc<Down>) {
    let mut ports = house.ho.ports().clone();
    let carrier = ports.routes.values_mut().next().unwrap();
    let down = Arc::new(Down {
        inner: carrier.transport.clone(),
        clock: house.clock.clone(),
        is_down: AtomicBool::new(true),
        tries: Mutex::default(),
    });
    carrier.transport = down.clone();
    let settings = Settings {
        party: house.ho.party().clone(),
        instance: Instance::held("ho-2".into(), ()),
        by_hand: Default::default(),
        quality: None,
        permanent: None,
        look_ups: Default::default(),
        backups: None,
        evidence: agreement::Period::parse("7 years").unwrap(),
    };
    let law = concordat::house::law().unwrap();
    (Node::new(settings, ports, law).unwrap(), down)
}

const SHORT: SignedDuration = SignedDuration::from_secs(30);
const LONG: SignedDuration = SignedDuration::from_mins(10);

#[tokio::test]
async fn what_cannot_be_sent_is_tried_after_twice_as_long_each_time_and_goes_once() {
    let house = House::new(None, None).await;
    house.sealed().await;
    let (ho, down) = over(&house);
    let begun = house.clock.now();
    let (hour, end) = (
        begun + SignedDuration::from_hours(1),
        begun + SignedDuration::from_hours(72),
    );
    let mut told = 0;
    while house.clock.now() < end {
        let worked = ho.work().await.unwrap();
        for fault in &worked.faults {
            assert!(fault.contains("the server does not answer"), "{fault}");
        }
        told += worked.faults.len();
        let step = if house.clock.now() < hour {
            SHORT
        } else {
            LONG
        };
        house.clock.set(house.clock.now() + step).unwrap();
    }
    let tries = down.tries.lock().unwrap().clone();
    assert_eq!(told, tries.len(), "each try is told, and once");
    assert_eq!(tries[0], begun);
    // Half a minute, doubled ten times: a little over eight and a half hours, and never longer.
    for (n, pair) in (0_u32..).zip(tries.windows(2)) {
        let wait = SHORT * (1 << n.min(10));
        let waited = pair[1].duration_since(pair[0]);
        let late = if n < 6 { SignedDuration::ZERO } else { LONG };
        assert!(waited >= wait && waited <= wait + late, "{n}: {waited:?}");
    }
    assert!((15..=20).contains(&tries.len()), "{}", tries.len());

    // The server answers again: the next try sends it, and there is no other.
    down.is_down.store(false, Ordering::SeqCst);
    for _ in 0..120 {
        assert_eq!(ho.work().await.unwrap().faults, Vec::<String>::new());
        house.clock.set(house.clock.now() + LONG).unwrap();
    }
    assert_eq!(down.tries.lock().unwrap().len(), tries.len() + 1);
    house.hmrc.work().await.unwrap();
    for (node, state) in [(&ho, State::Sent), (&house.hmrc, State::Loaded)] {
        let leg: Leg = node
            .find(&Leg::key_of(&run(), &ask()))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(leg.state(), state);
    }
}
