//! `concordat node`: setting a node up, and its worker.

use std::path::{Path, PathBuf};
use std::time::Duration;

use agreement::{Library, Period};
use clap::Subcommand;
use exchange::Node;
use exchange::change::Aggregate as _;
use exchange::ids::{AgreementId, PartyId, ProjectId, RouteId, SignerId};
use exchange::pact::{Move, Pact};
use exchange::ports::PartyCard;
use ledger::Digest;
use serde_json::json;

use super::acting::{
    self, Acting, At, Said, Working, agreement_id, brief, op, project_id, route_id, show,
    signer_id, tell,
};
use super::shelf::read;
use super::status;
use super::{controls, rekey, second};
use crate::carrying;
use crate::fail::Fail;
use crate::house::{self, Config};

/// Arguments of `node`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat node init --dir ho --party ho --route sealed-exchange")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a node: its directory, its configuration, its keys, its ledger.
    Init(Box<Init>),
    /// Print the public keys that partners take on.
    #[command(after_help = "Example: concordat node card --dir ho > ho-card.json")]
    Card(At),
    /// Take on a partner's public keys.
    #[command(
        after_help = "Example: concordat node trust hmrc-card.json --as o1:data-sharing-officer"
    )]
    Trust {
        /// The partner's card file.
        card: PathBuf,
        #[command(flatten)]
        by: Acting,
    },
    /// Do everything that needs no person: send, receive, open, destroy what is due, publish the ledger.
    #[command(after_help = "Example: concordat node work --watch 10")]
    Work {
        /// Go on, with a pause of so many seconds, until the program is stopped.
        #[arg(long, value_name = "SECONDS")]
        watch: Option<u64>,
        #[command(flatten)]
        working: Working,
    },
    /// Lay an agreement on the table, to be signed.
    #[command(
        after_help = "Example: concordat node lay contact-thread.yaml --umbrella mou-u-d.yaml --project contact-2026 --as o1:data-sharing-officer"
    )]
    Lay {
        /// The agreement's file.
        file: PathBuf,
        /// The project of this party that the agreement comes out of; each of its runs states it.
        #[arg(long, value_parser = project_id)]
        project: ProjectId,
        /// The files of the agreements that it stands under.
        #[arg(long, num_args = 1..)]
        umbrella: Vec<PathBuf>,
        #[command(flatten)]
        by: Acting,
    },
    /// Sign an agreement for this party.
    #[command(after_help = "Example: concordat node sign --as s1:signatory")]
    Sign {
        /// The agreement. [default: the only one on the table]
        #[arg(value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        /// The signatory, where the party has several.
        #[arg(long, value_parser = signer_id)]
        signer: Option<SignerId>,
        #[command(flatten)]
        by: Acting,
    },
    /// Take a partner's signature.
    #[command(
        after_help = "Example: concordat node take-signature hmrc/signatures/contact-thread.hmrc.note --as o1:data-sharing-officer"
    )]
    TakeSignature {
        /// The signed note, as `node sign` wrote it on the partner's node.
        file: PathBuf,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        #[command(flatten)]
        by: Acting,
    },
    /// Suspend an agreement, let it go on, begin a review or end it.
    #[command(
        after_help = "Example: concordat node stand suspend --reason \"a loss is being looked into\" --as r1:siro"
    )]
    Stand {
        /// What becomes of it.
        #[arg(value_enum)]
        what: Standing,
        /// The agreement. [default: the only one on the table]
        #[arg(value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Vouch for the machine's clock, after it leapt or the machine was off for days: until then nothing is destroyed.
    #[command(
        after_help = "Example: concordat node clock --reason \"the machine was moved; compared with the speaking clock\" --as r1:siro"
    )]
    Clock {
        /// What it was compared with, and why it had leapt.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Replace the node key, under which the keys of values are sealed; the old one is destroyed. The node must stand still.
    Rekey(Box<rekey::Rekey>),
    /// Write down that a controller reviewed a process that the agreement foresees, and agreed that it is set up.
    SetUp(Box<second::SetUp>),
    /// Say that controls of a framework are in place here, and on what evidence. Without them the agreement is not in force.
    Control(Box<controls::Control>),
    /// List the controls that an agreement is kept under, and who said of which that it is in place.
    Checklist(controls::Checklist),
    /// Say that a review which an agreement promises was done: the next is counted from today.
    Reviewed(Box<controls::Reviewed>),
    /// Give notice of an agreement's end: no run starts any more, and what runs goes on until then.
    #[command(
        after_help = "Example: concordat node notice --reason \"the pilot is over\" --as r1:siro"
    )]
    Notice {
        /// The agreement. [default: the only one on the table]
        #[arg(value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        /// Its last day. [default: the earliest that the agreement allows]
        #[arg(long)]
        last: Option<jiff::civil::Date>,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Say where the node stands: partners, agreements, runs, what waits.
    #[command(after_help = "Example: concordat node status --dir ho")]
    Status(At),
}

/// What becomes of an agreement.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Standing {
    /// Nothing moves under it any more.
    Suspend,
    /// It goes on.
    Resume,
    /// A review begins; it runs on.
    Review,
    /// The review is over.
    Reviewed,
}

#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat node init --dir ho --party ho --transport exchange --route sealed-exchange --register register.db"
)]
struct Init {
    /// The party that the node is, as agreements name it.
    #[arg(long)]
    party: String,
    /// The database: sqlite:PATH in the node's directory, or postgres://…
    #[arg(long, default_value = "sqlite:node.db")]
    store: String,
    /// The directory in which packages wait for each party. [default: `transport` beside the node's directory]
    #[arg(long)]
    transport: Option<PathBuf>,
    /// A route that the directory carries, by its name in agreements; may be given several times. It carries when it is
    /// approved: `concordat route`. Servers are written in node.toml.
    #[arg(long, value_parser = route_id)]
    route: Vec<RouteId>,
    /// The case register, where this party has one: a file, or world:FILE for one that `synth` made.
    #[arg(long, value_name = "FILE")]
    register: Option<String>,
    /// The master list, where this party matches: a file, or world:FILE for one that `synth` made.
    #[arg(long, value_name = "FILE")]
    master: Option<String>,
    /// The folder of the matching solution, where this party matches: model.yaml and trained.json.
    #[arg(long, value_name = "FOLDER")]
    solution: Option<PathBuf>,
    /// What whoever receives a file of this party must know of the quality of its sources.
    #[arg(long)]
    quality: Option<String>,
    /// How long after the end of a year the sealed texts of ledger entries are kept.
    #[arg(long, default_value = "7 years")]
    evidence: String,
    /// How long a copy in a backup of this node outlives a destruction at most, such as "35 days": each certificate
    /// states it.
    #[arg(long, value_name = "PERIOD")]
    backups: Option<String>,
    /// Where the node key is: env:NAME for a variable with 64 hex digits. [default: keys/node.key, which is made]
    #[arg(long, value_name = "PLACE")]
    node_key: Option<String>,
    /// How long this party keeps what becomes part of its permanent record, by its own schedule, such as `10 years`.
    #[arg(long)]
    permanent: Option<String>,
    #[command(flatten)]
    working: Working,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Init(args) => tell(&args.working, init(args).await),
        What::Card(at) => card(at).await,
        What::Trust { card, by } => tell(&by.working, trust(card, by).await),
        What::Work { watch, working } => work(*watch, working).await,
        What::Lay {
            file,
            project,
            umbrella,
            by,
        } => tell(&by.working, lay(file, project, umbrella, by).await),
        What::Sign {
            agreement,
            signer,
            by,
        } => tell(
            &by.working,
            sign(agreement.as_ref(), signer.as_ref(), by).await,
        ),
        What::TakeSignature {
            file,
            agreement,
            by,
        } => tell(&by.working, take(file, agreement.as_ref(), by).await),
        What::Stand {
            what,
            agreement,
            reason,
            by,
        } => tell(
            &by.working,
            stand(*what, agreement.as_ref(), reason, by).await,
        ),
        What::Clock { reason, by } => tell(&by.working, clock(reason, by).await),
        What::Rekey(args) => tell(&args.by.working, rekey::rekey(args).await),
        What::SetUp(args) => tell(&args.by.working, second::set_up(args).await),
        What::Control(args) => tell(&args.by.working, controls::state(args).await),
        What::Checklist(args) => show(&args.at, controls::list(args).await),
        What::Reviewed(args) => tell(&args.by.working, controls::reviewed(args).await),
        What::Notice {
            agreement,
            last,
            reason,
            by,
        } => tell(
            &by.working,
            notice(agreement.as_ref(), *last, reason, by).await,
        ),
        What::Status(at) => show(at, status::node(at).await),
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Fail> {
    std::path::absolute(path).map_err(|e| Fail::at(path, &e))
}

/// A register or list as `node.toml` names it: the path is found from anywhere.
fn source(text: &str) -> Result<String, Fail> {
    let (kind, path) = match text.strip_prefix("world:") {
        Some(path) => ("world:", path),
        None => ("", text),
    };
    Ok(format!("{kind}{}", absolute(Path::new(path))?.display()))
}

async fn init(args: &Init) -> Result<Said, Fail> {
    let dir = &args.working.at.dir;
    let party = PartyId::parse(&args.party).map_err(|e| Fail::usage(e.to_string()))?;
    let period = |text: &str| {
        let no = || {
            Fail::usage(format!(
                "{text} is no length of time: write 7 years, or 35 days"
            ))
        };
        Period::parse(text).ok_or_else(no)
    };
    let folder = match &args.transport {
        Some(path) => absolute(path)?,
        None => "../transport".into(),
    };
    let config = Config {
        party: party.clone(),
        store: args.store.clone(),
        evidence: period(&args.evidence)?,
        node_key: args.node_key.clone(),
        backups: args.backups.as_deref().map(period).transpose()?,
        permanent: args.permanent.as_deref().map(period).transpose()?,
        traces: None,
        quality: args.quality.clone(),
        by_hand: Default::default(),
        calls: Default::default(),
        channels: Default::default(),
        register: args.register.as_deref().map(source).transpose()?,
        master: args.master.as_deref().map(source).transpose()?,
        solution: args.solution.as_deref().map(absolute).transpose()?,
        egress: Vec::new(),
        routes: carrying::by_directory(args.route.iter(), folder),
    };
    let what = format!("The node of {party} stands in {}.", dir.display());
    if args.working.dry_run {
        return Ok(Said::shown(what).line(
            "  node.toml, keys/, node.db, ledger/, card.json are made where they do not stand",
        ));
    }
    if dir.join("node.toml").exists() {
        let stands = Config::read(dir)?;
        if stands.party != party {
            return Err(Fail::usage(format!(
                "{} is the node of {} already",
                dir.display(),
                stands.party
            )));
        }
    }
    house::init(dir, &config)?;
    let node = args.working.node().await?;
    let done = node.open(&op("node", "open")?).await?;
    let file = dir.join("card.json");
    let card = node.ports().signer.card();
    house::whole(&file, serde_json::to_string_pretty(&card)?.as_bytes())?;
    let mut said = Said::did(what, done)
        .line(format!(
            "  its public keys, to hand to partners: {}",
            file.display()
        ))
        .line(format!(
            "  their fingerprint, to be compared: {}",
            print(&card)
        ))
        .with("card", json!(card))
        .with("fingerprint", json!(print(&card)));
    said = said.next(match config.routes.is_empty() {
        true => "no route is set up, so nothing can be sent: write `routes` in node.toml",
        false => {
            "`concordat route propose ROUTE`: nothing is sent or received before it is approved"
        }
    });
    Ok(said
        .next("hand the card to each partner, take on theirs with `concordat node trust CARD`, and compare the fingerprints by telephone")
        .next("`concordat node lay FILE`")
        .undo(format!(
            "as long as nothing was signed, remove {}; keep a copy of keys/ elsewhere: lost keys cannot be made again",
            dir.display()
        )))
}

async fn stand(
    what: Standing,
    agreement: Option<&AgreementId>,
    reason: &str,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let what = match what {
        Standing::Suspend => Move::Suspend,
        Standing::Resume => Move::Resume,
        Standing::Review => Move::Review,
        Standing::Reviewed => Move::Reviewed,
    };
    // Each time is another act: how often the agreement has changed tells them apart.
    let pact: Option<Pact> = node.find(id.as_str()).await?;
    let changes = pact.map_or(0, |pact| pact.version());
    let op = op("stand", format!("{id}/{}/{changes}", what.name()))?;
    let done = node.stand(&op, &id, what, reason, &by.who).await?;
    let said = Said::did(format!("{id}: {}.", what.name()), done)
        .next("tell the other parties: the hub tells them nothing of it");
    Ok(match what {
        Move::Suspend => said.undo("`concordat node stand resume`"),
        Move::Review => said.undo("`concordat node stand reviewed`"),
        Move::Resume => said.undo("`concordat node stand suspend`"),
        Move::Reviewed => said.undo("`concordat node stand review`"),
    })
}

async fn clock(reason: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let shows = node.ports().clock.now();
    // Each leap is another one.
    let op = op("clock.confirm", shows.as_millisecond())?;
    let done = node.confirm_clock(&op, reason, &by.who).await?;
    let what = format!("The clock shows {shows}, and that is so: what is due falls due again.");
    Ok(Said::did(what, done).next("`concordat node work` destroys what is due"))
}

async fn notice(
    agreement: Option<&AgreementId>,
    last: Option<jiff::civil::Date>,
    reason: &str,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let op = op("notice", &id)?;
    let done = node.give_notice(&op, &id, last, reason, &by.who).await?;
    Ok(
        Said::did(format!("Notice of the end of {id} is given."), done)
            .next("tell the other parties in writing: the hub tells them nothing of it")
            .undo("notice stands; a new agreement can be laid and signed"),
    )
}

/// A fingerprint of a card that two people can read to each other.
fn print(card: &PartyCard) -> String {
    let digest = Digest::of(format!("{}\n{}", card.verifier, card.sealing).as_bytes()).to_string();
    let digits: Vec<char> = digest.chars().take(24).collect();
    let parts: Vec<String> = digits.chunks(4).map(|c| c.iter().collect()).collect();
    parts.join(" ")
}

async fn card(at: &At) -> Result<(), Fail> {
    let card = at.node().await?.ports().signer.card();
    crate::say(serde_json::to_string_pretty(&card)?);
    Ok(())
}

async fn trust(path: &Path, by: &Acting) -> Result<Said, Fail> {
    let card: PartyCard = serde_json::from_slice(&read(path)?).map_err(|e| {
        Fail::usage(format!(
            "{} is no card: line {} (`concordat node card` prints one)",
            path.display(),
            e.line()
        ))
    })?;
    let node = by.working.node().await?;
    let party = card.party.clone();
    let fingerprint = print(&card);
    let done = node.trust(&op("trust", &party)?, card, &by.who).await?;
    Ok(
        Said::did(format!("The public keys of {party} were taken on."), done)
            .line(format!("  their fingerprint: {fingerprint}"))
            .with("fingerprint", json!(fingerprint))
            .next("compare the fingerprint with the partner by telephone before anything is signed")
            .next("`concordat node lay FILE`")
            .undo("keys that stand are not replaced here: a partner with new keys is a new node"),
    )
}

async fn work(watch: Option<u64>, working: &Working) -> Result<(), Fail> {
    let node = working.node().await?;
    let Some(seconds) = watch.filter(|_| !working.dry_run) else {
        return tell(working, round(&node).await);
    };
    loop {
        match node.work().await {
            Ok(worked) => {
                for e in &worked.entries {
                    crate::say(format!("{} {} {}", e.at, e.act, e.id));
                }
                worked
                    .faults
                    .iter()
                    .for_each(|f| crate::say(format!("fault, will be tried again: {f}")));
            }
            Err(trouble) => crate::say(format!("fault, will be tried again: {trouble}")),
        }
        tokio::time::sleep(Duration::from_secs(seconds.max(1))).await;
    }
}

/// One round of the worker.
pub(super) async fn round(node: &Node) -> Result<Said, Fail> {
    let worked = node.work().await?;
    let what = if worked.busy || !worked.entries.is_empty() {
        "The worker did what was to do."
    } else {
        "There was nothing to do."
    };
    let open = node.ports().store.open_effects().await?;
    let mut said = Said::did(what, worked.entries)
        .worked()
        .with("faults", json!(worked.faults))
        .with("open_effects", json!(open));
    for fault in &worked.faults {
        said = said.line(format!("  did not work, and will be tried again: {fault}"));
    }
    if open > 0 {
        said = said.line(format!(
            "  {open} effects outside the node are not done yet"
        ));
    }
    Ok(said.next("`concordat run status` says what waits for a person"))
}

async fn lay(
    path: &Path,
    project: &ProjectId,
    umbrellas: &[PathBuf],
    by: &Acting,
) -> Result<Said, Fail> {
    let text = |path: &PathBuf| {
        String::from_utf8(read(path)?)
            .map_err(|_| Fail::usage(format!("{} is not text in UTF-8", path.display())))
    };
    let source = text(&path.to_path_buf())?;
    let umbrellas = umbrellas
        .iter()
        .map(text)
        .collect::<Result<Vec<_>, Fail>>()?;
    let law = house::law()?;
    let beside = umbrellas.iter().map(|text| ("umbrella", text.as_bytes()));
    let library = Library::read(beside, &law);
    let name = path.display().to_string();
    let checked = agreement::check(&name, source.as_bytes(), &law, &library);
    let Some(plan) = checked.plan else {
        return Err(Fail::no(format!(
            "{name} has faults: `concordat check {name}` lists them"
        )));
    };
    let node = by.working.node().await?;
    let id = plan.agreement.clone();
    let done = node
        .lay(
            &op("lay", &id)?,
            (&id, project),
            &source,
            &umbrellas,
            &by.who,
        )
        .await?;
    let [disclose, use_, keep] = plan.counts();
    Ok(Said::did(format!("{id} lies on the table."), done)
        .line(format!("  hash {}", plan.hash()))
        .line(format!(
            "  {disclose} permits to disclose, {use_} to use, {keep} to keep"
        ))
        .with("agreement", json!(id))
        .with("hash", json!(plan.hash().to_string()))
        .next("each party compares the hash, and signs: `concordat node sign --as STAFF:signatory`")
        .undo("without signatures it lets nothing move; another text needs another name"))
}

async fn sign(
    agreement: Option<&AgreementId>,
    signer: Option<&SignerId>,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let signer = match signer {
        Some(signer) => signer.clone(),
        None => only_signer(&node, &id).await?,
    };
    let day = exchange::deadline::london_day(node.ports().clock.now())?;
    let done = node
        .sign(
            &op("sign", format!("{id}/{signer}"))?,
            &id,
            &signer,
            day,
            &by.who,
        )
        .await?;
    let mut said = Said::did(format!("{signer} has signed {id}."), done);
    let note = node.signature(&id, &signer).await?;
    if let Some(note) = note.filter(|_| !by.working.dry_run) {
        let folder = by.working.at.dir.join("signatures");
        std::fs::create_dir_all(&folder).map_err(|e| Fail::at(&folder, &e))?;
        let file = folder.join(format!("{id}.{signer}.note"));
        house::whole(&file, note.as_bytes())?;
        said = said
            .line(format!("  the signature: {}", file.display()))
            .with("file", json!(file));
    }
    Ok(said
        .next("hand the signature to each partner, who takes it with `concordat node take-signature FILE`")
        .undo("a signature is not taken back here: the agreement's own notice or stop clause ends it"))
}

async fn only_signer(node: &Node, id: &AgreementId) -> Result<SignerId, Fail> {
    let (pact, _) = node.agreement(id).await?;
    let mut mine: Vec<_> = pact.signatories_of(node.party()).cloned().collect();
    match (mine.pop(), mine.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(Fail::usage(format!(
            "{} has several signatories: name one with --signer",
            node.party()
        ))),
        (None, _) => {
            Ok(SignerId::parse(node.party().as_str()).map_err(|e| Fail::usage(e.to_string()))?)
        }
    }
}

async fn take(path: &Path, agreement: Option<&AgreementId>, by: &Acting) -> Result<Said, Fail> {
    let note = String::from_utf8(read(path)?)
        .map_err(|_| Fail::usage(format!("{} is no signature", path.display())))?;
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let op = op("take-signature", format!("{id}/{}", brief(&note)))?;
    let done = node.take_signature(&op, &id, &note, &by.who).await?;
    let pact: Option<Pact> = node.find(id.as_str()).await?;
    let said = Said::did(format!("The signature under {id} was taken."), done);
    let day = exchange::deadline::london_day(node.ports().clock.now())?;
    Ok(match pact.map(|p| p.in_force(day)) {
        Some(Ok(())) => said.next(
            "the agreement is in force: `concordat approve ask FLOW --volume N`, then `concordat run start`",
        ),
        Some(Err(open)) => open
            .iter()
            .fold(said, |said, refusal| said.next(refusal.what.clone())),
        None => said,
    }
    .undo("a signature is not taken back here: the agreement's own notice or stop clause ends it"))
}
