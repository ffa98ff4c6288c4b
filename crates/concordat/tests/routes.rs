//! Nothing goes by a route that is not approved, nothing is taken from one, and what comes by another route than the
//! agreement names is refused; over folders, and over real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "../../courier/tests/servers/mod.rs"]
mod servers;
mod town;

use std::sync::Arc;

use concordat::carrying::Carrying;
use concordat::house::{self, Config};
use courier::DirectoryTransport;
use exchange::authority::Role;
use exchange::ids::RouteId;
use exchange::leg::State;
use exchange::ports::{Carrier, Transport};
use exchange::{Node, Ports, Settings, Trouble};
use ledger::{Digest, Fact};
use sim::SeededEntropy;
use town::{Migrant, Town, flow, officer, op, person, rules, run, starting};

const APRIL: &str = "ask-2016-04";

fn route(name: &str) -> RouteId {
    RouteId::parse(name).unwrap()
}

async fn ready() -> Town {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]), Migrant::new(2)]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town
}

/// The question is prepared, and passes the gate.
async fn prepared(town: &Town) {
    let start = starting(APRIL, "ask");
    town.ho
        .start(&op("start"), &start, &officer())
        .await
        .unwrap();
}

async fn validated(town: &Town, name: &str) -> Result<Vec<ledger::Entry>, Trouble> {
    let (april, ask) = (run(APRIL), flow("ask"));
    town.ho.validate(&op(name), &april, &ask).await
}

async fn sent(town: &Town) {
    let (april, ask) = (run(APRIL), flow("ask"));
    town.ho
        .release(&op("release"), &april, &ask, &officer())
        .await
        .unwrap();
    town.ho.seal(&op("seal"), &april, &ask).await.unwrap();
}

async fn retired(node: &Node, name: &str) {
    let (retire, owner) = (op("retire"), person("r1", Role::RiskOwner));
    node.retire_route(&retire, &route(name), "replaced", false, &owner)
        .await
        .unwrap();
}

/// The same node with other ports.
fn with(node: &Node, change: impl FnOnce(&mut Ports)) -> Node {
    let mut ports = node.ports().clone();
    change(&mut ports);
    let settings = Settings {
        party: node.party().clone(),
        instance: exchange::Instance::held(format!("{}-1", node.party()), ()),
        backups: None,
        by_hand: Default::default(),
        quality: None,
        permanent: None,
        look_ups: Default::default(),
        evidence: agreement::Period::parse("7 years").unwrap(),
    };
    Node::new(settings, ports, house::law().unwrap()).unwrap()
}

// shows: SEC-01, SEC-07, RUN-13
#[tokio::test]
async fn only_an_approved_route_sends() {
    let town = ready().await;
    let (ho, gsi) = (&town.ho, route("gsi-email"));
    prepared(&town).await;
    retired(ho, "gsi-email").await;
    assert_eq!(rules(&validated(&town, "retired").await), ["RUN-13"]);
    ho.propose_route(&op("propose"), &gsi, &officer())
        .await
        .unwrap();
    assert_eq!(rules(&validated(&town, "proposed").await), ["SEC-07"]);
    let (iao, siro) = (
        person("i1", Role::AssetOwner),
        person("r1", Role::RiskOwner),
    );
    ho.assure_route(&op("assure"), &gsi, "its terms", &iao)
        .await
        .unwrap();
    assert_eq!(rules(&validated(&town, "assured").await), ["SEC-07"]);
    let own = ho.approve_route(&op("own"), &gsi, "accredited", &iao).await;
    assert_eq!(
        rules(&own),
        ["SEC-07"],
        "who assured it does not approve it"
    );
    let officers = ho
        .approve_route(&op("officer"), &gsi, "accredited", &officer())
        .await;
    assert_eq!(rules(&officers), ["SEC-09"]);
    ho.approve_route(&op("approve"), &gsi, "accredited", &siro)
        .await
        .unwrap();
    validated(&town, "approved").await.unwrap();

    // Retired after the seal, it stays sealed, and nothing lies anywhere.
    sent(&town).await;
    ho.retire_route(&op("again"), &gsi, "replaced", false, &siro)
        .await
        .unwrap();
    let worked = ho.work().await.unwrap();
    assert!(worked.faults[0].contains("RUN-13"), "{:?}", worked.faults);
    assert_eq!(town.state(ho, APRIL, "ask").await, State::Sealed);
    assert!(!town.home("transport").join("hmrc").exists());
    for act in ["route.proposed", "route.assured", "route.approved"] {
        assert!(town.acts(ho, act).await >= 1, "{act}");
    }
}

// shows: SEC-01, RUN-13
#[tokio::test]
async fn settings_that_were_not_approved_carry_nothing() {
    let town = ready().await;
    prepared(&town).await;
    let moved = with(&town.ho, |ports| {
        for carrier in ports.routes.values_mut() {
            carrier.settings = Digest::of(b"another server");
        }
    });
    let validate = moved
        .validate(&op("validate"), &run(APRIL), &flow("ask"))
        .await;
    assert_eq!(rules(&validate), ["RUN-13"]);
    validated(&town, "as-approved").await.unwrap();
    sent(&town).await;
    while town.ho.work().await.unwrap().busy {}
    // Nor does the receiver take it from elsewhere.
    let elsewhere = with(&town.hmrc, |ports| {
        for carrier in ports.routes.values_mut() {
            carrier.settings = Digest::of(b"another server");
        }
    });
    while elsewhere.work().await.unwrap().busy {}
    assert_eq!(town.acts(&town.hmrc, "leg.received").await, 0);
    town.settle().await;
    assert_eq!(town.acts(&town.hmrc, "leg.received").await, 1);
}

// shows: SEC-01
#[tokio::test]
async fn what_comes_by_another_route_is_refused() {
    let town = ready().await;
    prepared(&town).await;
    validated(&town, "validate").await.unwrap();
    sent(&town).await;
    while town.ho.work().await.unwrap().busy {}
    let post = town.home("transport").join("hmrc");
    let file = std::fs::read_dir(&post).unwrap().next().unwrap();
    let file = file.unwrap().path();
    let other = town.home("other").join("hmrc");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::rename(&file, other.join(file.file_name().unwrap())).unwrap();
    // The other route is approved too, and leads elsewhere.
    let hmrc = with(&town.hmrc, |ports| {
        let transport = Arc::new(DirectoryTransport::new(town.home("other")));
        let carrier = Carrier {
            settings: Digest::of(b"elsewhere"),
            transport: transport as Arc<dyn Transport>,
        };
        ports.routes.insert(route("sealed"), carrier);
    });
    let (sealed, officer) = (route("sealed"), officer());
    hmrc.propose_route(&op("anew"), &sealed, &officer)
        .await
        .unwrap();
    let (iao, siro) = (
        person("i1", Role::AssetOwner),
        person("r1", Role::RiskOwner),
    );
    hmrc.assure_route(&op("assure"), &sealed, "its terms", &iao)
        .await
        .unwrap();
    hmrc.approve_route(&op("approve"), &sealed, "accredited", &siro)
        .await
        .unwrap();
    while hmrc.work().await.unwrap().busy {}
    assert_eq!(town.acts(&hmrc, "leg.received").await, 0);
    let entries = town.entries(&hmrc).await;
    let refused: Vec<_> = entries
        .iter()
        .filter(|e| e.act.as_str() == "package.refused")
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].rule.as_ref().unwrap().as_str(), "SEC-01");
    assert!(refused[0].facts.values().any(|f| matches!(f, Fact::Id(_))));
    assert!(!other.join(file.file_name().unwrap()).exists());
}

/// One route over OpenSSH's server, the other over a WebDAV server; the settings stand in node.toml as an operator writes
/// them.
// shows: EXCH-DFE-18, SEC-01
#[tokio::test]
async fn files_and_receipts_go_over_real_servers() {
    let (ssh, dav) = (servers::sshd(), servers::webdav());
    let mut town = Town::new(vec![Migrant::new(1).taxed(&[]), Migrant::new(2)]).await;
    let place = |port| courier::Allowed {
        host: "127.0.0.1".into(),
        port,
        addresses: vec!["127.0.0.1".parse().unwrap()],
    };
    let all = town::PARTIES.map(|who| town.home(who));
    let mut nodes = Vec::new();
    for (home, node) in all.iter().zip([&town.ho, &town.hmrc, &town.dwp]) {
        let path = home.join("node.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut config: Config = toml::from_str(&text).unwrap();
        config.egress = vec![place(ssh.port), place(dav.port)];
        config.routes = [
            (route("gsi-email"), Carrying::Sftp(ssh.sftp(ssh.port))),
            (route("sealed"), Carrying::Webdav(dav.webdav(dav.port))),
        ]
        .into();
        std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
        let entropy = Arc::new(SeededEntropy::new("anew"));
        let (_, read) = house::compose(home, town.clock.clone(), entropy)
            .await
            .unwrap();
        nodes.push(with(node, |ports| ports.routes = read.routes));
    }
    town.dwp = nodes.pop().unwrap();
    town.hmrc = nodes.pop().unwrap();
    town.ho = nodes.pop().unwrap();
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    assert_eq!(town.state(&town.hmrc, APRIL, "ask").await, State::Loaded);
    assert_eq!(town.state(&town.ho, APRIL, "ask").await, State::Accepted);
    let lie = |party: &str| std::fs::read_dir(ssh.post().join(party)).unwrap().count();
    assert_eq!((lie("hmrc"), lie("ho")), (1, 1), "each left its mark alone");
    assert!(town.in_clear().is_empty());
    assert!(!town.home("transport").exists());
    // The password stands in its own file, and in none of the nodes'.
    for home in all {
        for file in walk(&home) {
            let bytes = std::fs::read(&file).unwrap();
            let secret = servers::PASSWORD.as_bytes();
            let found = bytes.windows(secret.len()).any(|w| w == secret);
            assert!(!found, "{}", file.display());
        }
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(walk(&path));
        } else {
            all.push(path);
        }
    }
    all
}
