//! `concordat serve`: the node as a service, with its worker. Needs `access.toml` and `tls/` in the node's directory, or
//! serves one person on this machine (`--local`).

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use exchange::authority::Person;
use exchange::ports::PortFault;
use exchange::{Node, Trouble};
use ledger::Digest;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use web::{Access, App, Bound, Entrance, Lists, Overview, Tls, Traces, Waiting};
use zeroize::Zeroizing;

use super::acting::{At, person};
use super::{due, report};
use crate::fail::Fail;
use crate::house::Config;
use crate::sign_in::Provider;
use crate::{house, os, say, staff};

/// The pause between two rounds of the worker.
const PAUSE: Duration = Duration::from_secs(5);
/// What is begun at the end has a little longer than the service gives its requests.
const FAREWELL: Duration = Duration::from_secs(35);

/// Arguments of `serve`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat serve --dir ho --listen 127.0.0.1:8443 --local o1:data-sharing-officer"
)]
pub(crate) struct Args {
    /// Where callers ask. With TLS (tls/server.pem, tls/server.key, and tls/clients.pem for client certificates) unless
    /// --local is given.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where operators ask /livez, /readyz and /metrics, without TLS: an address that only they reach.
    #[arg(long, default_value = "127.0.0.1:9464")]
    operate: SocketAddr,
    /// Serve one person on this machine alone, by the secret in keys/serve.token: for a demonstration.
    #[arg(long, value_name = "STAFF:ROLE", value_parser = person)]
    local: Option<Person>,
    /// How often one caller may ask in a minute, at once or spread.
    #[arg(long, value_name = "N", default_value = "600")]
    per_minute: NonZeroU32,
    #[command(flatten)]
    at: At,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    // Verbs seal and compare for a while: on threads of their own, so that the probes answer meanwhile.
    std::thread::scope(|scope| {
        let gone = |_| Err(Fail::fault("the service ended by a defect".into()));
        scope.spawn(|| threads(args)).join().unwrap_or_else(gone)
    })
}

fn threads(args: &Args) -> Result<(), Fail> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.enable_all().build();
    let runtime = runtime.map_err(|e| Fail::fault(format!("no threads to serve with: {e}")))?;
    runtime.block_on(start(args))
}

async fn start(args: &Args) -> Result<(), Fail> {
    let dir = &args.at.dir;
    let config = Config::read(dir)?;
    let traces = config
        .traces
        .map(|at| Traces::to(at, config.party.as_str()));
    let traces = traces.transpose().map_err(|e| Fail::fault(e.to_string()))?;
    web::log_to(std::io::stderr(), traces.as_ref());
    let node = Arc::new(args.at.node().await?);
    let (entrance, tls) = match &args.local {
        Some(person) => (local(dir, person, args.listen)?, None),
        None => {
            let list = RwLock::new(Arc::new(access(dir, &node)?));
            (Entrance::Tokens(list), Some(certificates(dir)?))
        }
    };
    let overview = Arc::new(Program {
        dir: dir.to_owned(),
        node: node.clone(),
    });
    let app = App::new(node.clone(), overview, entrance, args.per_minute)
        .map_err(|e| Fail::fault(e.to_string()))?;
    let provider = Arc::new(Provider::of(dir)?);
    if let Some(key) = app.key_of_sign_in() {
        // A key that cannot be used is told now, not to the first who signs in.
        let key = web::Provider::key(&*provider, &key);
        key.map_err(|e| Fail::usage(e.to_string()))?;
    }
    app.signs_in_by(provider);
    app.refresh(Ok(lists(dir, &node)?));
    let bound = vec![
        Bound {
            listener: listen(args.listen).await?,
            tls,
            router: web::router(&app),
        },
        Bound {
            listener: listen(args.operate).await?,
            tls: None,
            router: web::operating(&app),
        },
    ];
    let addresses: Vec<_> = bound
        .iter()
        .map(|one| one.listener.local_addr())
        .collect::<Result<_, _>>()
        .map_err(|e| Fail::fault(e.to_string()))?;
    let [listening, operating] = addresses.as_slice() else {
        return Err(Fail::fault("an address is missing".into()));
    };
    if args.at.json {
        say(json!({ "listening": listening, "operating": operating }));
    } else {
        say(format!(
            "{} serves on {listening}; operators ask on {operating}. An interruption ends it when what was begun is done.",
            node.party()
        ));
    }
    let (end, mut ending) = watch::channel(false);
    let worker = tokio::spawn(work(dir.clone(), app.clone(), node, end.subscribe()));
    tokio::spawn(interrupted(end));
    let stop = async move {
        let _ = ending.wait_for(|end| *end).await;
    };
    web::serve(app, bound, stop).await;
    // A round that is not done by then is abandoned as by a crash: its effects are leased again later.
    let _ = tokio::time::timeout(FAREWELL, worker).await;
    if let Some(traces) = traces {
        traces.end().await;
    }
    Ok(())
}

async fn listen(at: SocketAddr) -> Result<TcpListener, Fail> {
    let bound = TcpListener::bind(at).await;
    bound.map_err(|e| Fail::fault(format!("{at} cannot be listened on: {e}")))
}

/// Tells `end` when the process is asked to end.
async fn interrupted(end: watch::Sender<bool>) {
    let both = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    if let (Ok(mut terminate), Ok(mut interrupt)) = both {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        let _ = end.send(true);
    }
}

/// The worker's rounds, and the list of who is known as it stands now.
async fn work(
    dir: std::path::PathBuf,
    app: Arc<App>,
    node: Arc<Node>,
    mut ending: watch::Receiver<bool>,
) {
    while !*ending.borrow() {
        let faults = match node.work().await {
            Ok(worked) => worked.faults,
            Err(trouble) => vec![trouble.to_string()],
        };
        app.worked(&faults);
        app.refresh(lists(&dir, &node).map_err(|fail| fail.text));
        let _ = tokio::time::timeout(PAUSE, ending.changed()).await;
    }
}

pub(super) const ACCESS: &str = "access.toml";

/// Who is known to the node.
pub(super) fn access(dir: &Path, node: &Node) -> Result<Access, Fail> {
    let path = dir.join(ACCESS);
    let text = std::fs::read_to_string(&path).map_err(|e| {
        Fail::usage(format!(
            "{}: {e}; write who may use the service (docs/api.md), or serve one person with --local",
            path.display()
        ))
    })?;
    let beside = |name: &str| {
        let path = dir.join(name);
        std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))
    };
    Access::read(&text, node.party(), beside).map_err(|e| Fail::usage(e.to_string()))
}

/// The lists of the node's directory, as they stand now.
fn lists(dir: &Path, node: &Node) -> Result<Lists, Fail> {
    let access = match dir.join(ACCESS).exists() {
        true => Some(access(dir, node)?),
        false => None,
    };
    let askers = staff::read(dir)?.staff;
    Ok(Lists { access, askers })
}

fn certificates(dir: &Path) -> Result<Tls, Fail> {
    let read = |name: &str| {
        let path = dir.join("tls").join(name);
        std::fs::read(&path).map_err(|e| Fail::at(&path, &e))
    };
    let key = courier::keys::read(&dir.join("tls/server.key"));
    let key = key.map_err(|e| Fail::usage(e.to_string()))?;
    Tls::new(&read("server.pem")?, key.as_bytes(), &read("clients.pem")?)
        .map_err(|e| Fail::usage(format!("tls/: {e}")))
}

/// The single-user mode: a new secret each time, where the node's keys are.
fn local(dir: &Path, person: &Person, listen: SocketAddr) -> Result<Entrance, Fail> {
    if !listen.ip().is_loopback() {
        return Err(Fail::usage(format!(
            "{listen} is reached from other machines, and --local serves this one alone: listen on 127.0.0.1"
        )));
    }
    let mut bytes = Zeroizing::new([0; 32]);
    os::random(&mut *bytes);
    let secret = Zeroizing::new(hex::encode(*bytes));
    let path = dir.join("keys/serve.token");
    if path.exists() {
        std::fs::remove_file(&path).map_err(|e| Fail::at(&path, &e))?;
    }
    house::private(&path, secret.as_bytes())?;
    Ok(Entrance::Local {
        person: person.clone(),
        secret: Digest::of(secret.as_bytes()),
    })
}

/// What the program tells of its node as a whole.
struct Program {
    dir: std::path::PathBuf,
    node: Arc<Node>,
}

#[async_trait]
impl Overview for Program {
    async fn due(&self) -> Result<Vec<Waiting>, Trouble> {
        let items = due::all(&self.dir, &self.node).await.map_err(trouble)?;
        let told = items.into_iter().map(|item| Waiting {
            on: item.on,
            what: item.what,
            whose: item.whose,
            then: item.then,
        });
        Ok(told.collect())
    }

    async fn report(&self) -> Result<Value, Trouble> {
        report::as_json(&self.node).await.map_err(trouble)
    }
}

fn trouble(fail: Fail) -> Trouble {
    PortFault(fail.text).into()
}
