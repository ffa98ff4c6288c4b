//! The stage: the two nodes, their people, and how each scene is played.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use courier::DirectoryShelf;
use exchange::authority::{Person, Role};
use exchange::ids::{AgreementId, FlowId, OperationId, PartyId, RunId, SignerId, StaffId};
use exchange::matches::{Match, Standing};
use exchange::{Node, Start, Trouble};
use ledger::{Entry, Fact};
use sim::{SeededEntropy, VirtualClock, master::Master, register::Register};

use super::Args;
use super::scenes::{RUN, SCENES, Scene, What};
use crate::fail::Fail;
use crate::house::{self, Config};

/// Whose node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Ho,
    Hmrc,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Ho => "ho",
            Self::Hmrc => "hmrc",
        }
    }
}

const BUILT_IN: &str = include_str!("../../../../agreements/contact-thread.yaml");
const UMBRELLA: &str = include_str!("../../../../agreements/mou-u-d.yaml");
/// The file with the proof of a cell.
pub(super) const CELL: &str = "proof-of-a-cell.json";
/// The file with the proof of a destruction.
pub(super) const CERTIFICATE: &str = "proof-of-a-destruction.json";
const FLAG: &str = "ISD HMRC Match";

/// The two nodes and the world around them.
pub(super) struct Stage {
    dir: PathBuf,
    clock: Arc<VirtualClock>,
    ho: Node,
    hmrc: Node,
    source: String,
}

impl Stage {
    pub(super) async fn set(args: &Args) -> Result<Self, Fail> {
        let dir = args.dir.clone();
        let first = SCENES.first().map(|s| s.at).unwrap_or_default();
        let start = first
            .parse()
            .map_err(|_| Fail::fault("the first scene has no time".into()))?;
        let clock = Arc::new(VirtualClock::new(start));
        world(&dir, args).await?;
        let mut nodes = Vec::new();
        for who in [Who::Ho, Who::Hmrc] {
            let home = dir.join(who.name());
            house::init(&home, &config(who, args)?)?;
            let entropy = Arc::new(SeededEntropy::new(format!("{}/{}", args.seed, who.name())));
            nodes.push(house::open(&home, clock.clone(), entropy).await?);
        }
        let (Some(hmrc), Some(ho)) = (nodes.pop(), nodes.pop()) else {
            return Err(Fail::fault("two nodes make an exchange".into()));
        };
        let source = match &args.agreement {
            Some(path) => std::fs::read_to_string(path).map_err(|e| Fail::at(path, &e))?,
            None => BUILT_IN.to_owned(),
        };
        Ok(Self {
            dir,
            clock,
            ho,
            hmrc,
            source,
        })
    }

    pub(super) fn nodes(&self) -> [&Node; 2] {
        [&self.ho, &self.hmrc]
    }

    pub(super) fn node(&self, who: Who) -> &Node {
        match who {
            Who::Ho => &self.ho,
            Who::Hmrc => &self.hmrc,
        }
    }

    pub(super) fn ledger(&self, node: &Node) -> DirectoryShelf {
        DirectoryShelf::new(self.dir.join(node.party().as_str()).join("ledger"))
    }

    pub(super) fn home(&self, who: Who) -> PathBuf {
        self.dir.join(who.name())
    }

    pub(super) fn clock_to(&self, at: &str) -> Result<(), Fail> {
        let at = at
            .parse()
            .map_err(|_| Fail::fault("a scene has no time".into()))?;
        self.clock.set(at).map_err(|e| Fail::fault(e.to_string()))
    }

    /// Was the scene's own operation done?
    pub(super) async fn is_done(&self, scene: &Scene) -> Result<bool, Fail> {
        let Some(op) = scene.op else {
            // Made of several operations or of time alone: done when a later one is.
            let at = SCENES
                .iter()
                .position(|s| s.what == scene.what)
                .unwrap_or_default();
            return self.reached(SCENES.get(at + 1)).await;
        };
        let mut op = op.to_owned();
        if matches!(scene.what, What::TooEarly | What::ApproveOneself) {
            let at: jiff::Timestamp = scene
                .at
                .parse()
                .map_err(|_| Fail::fault("no time".into()))?;
            op = format!("{op}:no:{}", at.as_millisecond());
        }
        let op = OperationId::parse(op).map_err(|e| Fail::fault(e.to_string()))?;
        let done = self.node(scene.node).ports().store.done(&op).await;
        done.map_err(|e| Fail::fault(e.to_string()))
    }

    /// Has the story come to this scene, or past it?
    pub(super) async fn reached(&self, scene: Option<&Scene>) -> Result<bool, Fail> {
        let Some(scene) = scene else {
            return Ok(false);
        };
        let from = SCENES
            .iter()
            .position(|s| s.what == scene.what)
            .unwrap_or_default();
        for later in SCENES.iter().skip(from).filter(|s| s.op.is_some()) {
            if Box::pin(self.is_done(later)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets both nodes work until nothing is left to do at this moment.
    pub(super) async fn settle(&self, faults: &mut Vec<String>) -> Result<Vec<Entry>, Fail> {
        let mut all = Vec::new();
        loop {
            let mut busy = false;
            for node in self.nodes() {
                let worked = node.work().await?;
                busy |= worked.busy;
                all.extend(worked.entries);
                faults.extend(worked.faults);
            }
            if !busy {
                return Ok(all);
            }
        }
    }

    /// Leaves the proof that a cell left, and under which permit, to be checked by anybody. A cell that says
    /// nothing about a person: the proof holds its value.
    pub(super) async fn prove_cell(&self) -> Result<(), Fail> {
        let (run, ask) = (RunId::parse(RUN), FlowId::parse("ask"));
        let (Ok(run), Ok(ask)) = (run, ask) else {
            return Err(Fail::fault("no such run".into()));
        };
        self.leave(
            CELL,
            &self
                .ho
                .prove_cell(&run, &ask, 1, "dash_source")
                .await?
                .proof,
        )
    }

    /// Leaves the proof that the ledger has the certificate of a destruction.
    pub(super) async fn prove_destruction(&self) -> Result<(), Fail> {
        let holding = format!("{RUN}/ask.1/extract");
        self.leave(CERTIFICATE, &self.ho.prove_destroyed(&holding).await?.proof)
    }

    fn leave(&self, name: &str, proof: &ledger::Proof) -> Result<(), Fail> {
        let json = serde_json::to_vec_pretty(proof).map_err(|e| Fail::fault(e.to_string()))?;
        house::whole(&self.dir.join(name), &json)
    }

    pub(super) async fn snapshot(&self) -> Result<String, Fail> {
        let mut all = std::collections::BTreeMap::new();
        for node in self.nodes() {
            all.insert(node.party().to_string(), node.snapshot().await?);
        }
        serde_json::to_string_pretty(&all).map_err(|e| Fail::fault(e.to_string()))
    }

    /// Plays a scene: the entries that now stand, and what the rules refused. Refusals are part of the story
    /// and stand in the ledger.
    pub(super) async fn play(&self, scene: &Scene) -> Result<(Vec<Entry>, Vec<String>), Fail> {
        match self.act(scene).await {
            Ok(entries) => Ok((entries, Vec::new())),
            Err(Trouble::Refused(refusals))
                if matches!(scene.what, What::TooEarly | What::ApproveOneself) =>
            {
                Ok((
                    Vec::new(),
                    refusals.iter().map(ToString::to_string).collect(),
                ))
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    async fn act(&self, scene: &Scene) -> Result<Vec<Entry>, Trouble> {
        let node = self.node(scene.node);
        let op = OperationId::parse(scene.op.unwrap_or("none"))?;
        let id = AgreementId::parse("contact-thread").map_err(bad)?;
        let ask = FlowId::parse("ask").map_err(bad)?;
        let reply = FlowId::parse("reply").map_err(bad)?;
        let run = RunId::parse(RUN)?;
        let officer = person("o1", Role::DataSharingOfficer)?;
        let analyst = person("a1", Role::Analyst)?;
        match scene.what {
            What::OpenHo | What::OpenHmrc => node.open(&op).await,
            What::HoTrusts => {
                node.trust(&op, self.hmrc.ports().signer.card(), &officer)
                    .await
            }
            What::HmrcTrusts => {
                node.trust(&op, self.ho.ports().signer.card(), &analyst)
                    .await
            }
            What::HoLays => {
                node.lay(&op, &id, &self.source, &[UMBRELLA.to_owned()], &officer)
                    .await
            }
            What::HmrcLays => {
                node.lay(&op, &id, &self.source, &[UMBRELLA.to_owned()], &analyst)
                    .await
            }
            What::HoSigns | What::HmrcSigns => {
                let day = scene
                    .at
                    .get(..10)
                    .unwrap_or_default()
                    .parse()
                    .map_err(bad)?;
                node.sign(
                    &op,
                    &id,
                    &signer(node)?,
                    day,
                    &person("s1", Role::Signatory)?,
                )
                .await
            }
            What::HoTakes => self.take(node, &self.hmrc, &op, &id, &officer).await,
            What::HmrcTakes => self.take(node, &self.ho, &op, &id, &analyst).await,
            What::Ask => node.ask_approval(&op, &id, &ask, 50, &officer).await,
            What::ApproveOneself => node.approve(&op, &id, &ask, &officer).await,
            What::Approve => {
                node.approve(&op, &id, &ask, &person("i1", Role::AssetOwner)?)
                    .await
            }
            What::TooEarly | What::Prepare => {
                let start = Start {
                    agreement: id,
                    flow: ask,
                    run,
                    at_most: None,
                    reason: None,
                };
                node.start(&op, &start, &officer).await
            }
            What::Validate => node.validate(&op, &run, &ask).await,
            What::Release => node.release(&op, &run, &ask, &officer).await,
            What::Seal => node.seal(&op, &run, &ask).await,
            What::Match => node.match_rows(&op, &run, &ask, &analyst).await,
            What::AnalystReviews => self.review(node, &run, &ask, &analyst, None).await,
            What::Answer => node.prepare_next(&op, &id, &reply, &run, &analyst).await,
            What::ValidateAnswer => node.validate(&op, &run, &reply).await,
            What::ReleaseAnswer => node.release(&op, &run, &reply, &analyst).await,
            What::SealAnswer => node.seal(&op, &run, &reply).await,
            What::MatchingComplete => node.complete_matching(&op, &run, &analyst).await,
            What::CaseworkerReviews => {
                self.review(
                    node,
                    &run,
                    &reply,
                    &person("c1", Role::Caseworker)?,
                    Some(FLAG),
                )
                .await
            }
            What::CloseRun => node.close_run(&op, &run, &officer).await,
            What::DayBefore | What::DayDue => Ok(Vec::new()),
        }
    }

    async fn take(
        &self,
        node: &Node,
        from: &Node,
        op: &OperationId,
        id: &AgreementId,
        who: &Person,
    ) -> Result<Vec<Entry>, Trouble> {
        let note = from
            .signature(id, &signer(from)?)
            .await?
            .unwrap_or_default();
        node.take_signature(op, id, &note, who).await
    }

    /// Decides every open match of a flow: weak and ambiguous ones are refuted, strong ones confirmed, but for
    /// the last where flags are set: somebody must be told that a match can be wrong.
    async fn review(
        &self,
        node: &Node,
        run: &RunId,
        flow: &FlowId,
        who: &Person,
        flag: Option<&str>,
    ) -> Result<Vec<Entry>, Trouble> {
        let mut all = Vec::new();
        let found: Vec<Match> = node
            .all::<Match>()
            .await?
            .into_iter()
            .filter(|m| m.run() == run && m.flow() == flow)
            .collect();
        let last = found
            .iter()
            .map(Match::row)
            .max()
            .filter(|_| flag.is_some());
        for m in &found {
            let of = (run, flow, m.row());
            let sure = m.evidence().is_strong() && m.standing() != Standing::Ambiguous;
            let refute = Some(m.row()) == last || !sure;
            let verb = if refute { "refute" } else { "confirm" };
            let op = OperationId::parse(format!("{verb}-{flow}-{}", m.row()))?;
            all.extend(if refute {
                node.refute(&op, of, "the evidence does not carry it", who)
                    .await?
            } else {
                node.confirm(&op, of, "name, date of birth and number agree", who)
                    .await?
            });
            if let (false, Some(flag)) = (refute, flag) {
                let op = OperationId::parse(format!("flag-{flow}-{}", m.row()))?;
                all.extend(node.set_flag(&op, of, flag, who).await?);
            }
        }
        Ok(all)
    }
}

/// A fact in few words.
pub(super) fn short(fact: &Fact) -> String {
    match fact {
        Fact::Count(n) => n.to_string(),
        Fact::Code(code) => code.to_string(),
        Fact::Digest(d) => d.to_string().chars().take(12).collect(),
        Fact::Date(date) => date.to_string(),
        Fact::At(at) => at.to_string(),
        Fact::Id(id) => id.to_string(),
    }
}

/// The signatory of a node's party.
fn signer(node: &Node) -> Result<SignerId, Trouble> {
    SignerId::parse(node.party().as_str()).map_err(bad)
}

fn person(staff: &str, role: Role) -> Result<Person, Trouble> {
    Ok(Person {
        staff: StaffId::parse(staff)?,
        role,
    })
}

fn bad(e: impl std::fmt::Display) -> Trouble {
    Trouble::Fault(exchange::ports::PortFault(e.to_string()))
}

fn config(who: Who, args: &Args) -> Result<Config, Fail> {
    Ok(Config {
        party: PartyId::parse(who.name()).map_err(|e| Fail::fault(e.to_string()))?,
        store: args.store.get(who as usize).cloned().unwrap_or_default(),
        transport: "../transport".into(),
        routes: vec!["sealed-exchange".into()],
        evidence: agreement::Period::parse("7 years")
            .ok_or_else(|| Fail::fault("no period".into()))?,
        register: (who == Who::Ho).then(|| "register.db".into()),
        master: (who == Who::Hmrc).then(|| "master.db".into()),
    })
}

/// Writes the synthetic case register and master list, each whole or not at all.
async fn world(dir: &Path, args: &Args) -> Result<(), Fail> {
    let register = dir.join("ho/register.db");
    if !register.exists() {
        let new = fresh(&register)?;
        let as_of = jiff::civil::Date::new(2026, 1, 5).map_err(|e| Fail::fault(e.to_string()))?;
        let made = Register {
            seed: args.seed,
            size: args.people,
            as_of,
        };
        made.write(&new)
            .await
            .map_err(|e| Fail::fault(e.to_string()))?;
        std::fs::rename(&new, &register).map_err(|e| Fail::at(&register, &e))?;
    }
    let master = dir.join("hmrc/master.db");
    if !master.exists() {
        let new = fresh(&master)?;
        let made = Master {
            seed: args.seed,
            register_size: args.people as u64,
            strangers: 500,
        };
        made.write(&new)
            .await
            .map_err(|e| Fail::fault(e.to_string()))?;
        std::fs::rename(&new, &master).map_err(|e| Fail::at(&master, &e))?;
    }
    Ok(())
}

fn fresh(path: &Path) -> Result<PathBuf, Fail> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|e| Fail::at(parent, &e))?;
    }
    let new = path.with_extension("new");
    if new.exists() {
        std::fs::remove_file(&new).map_err(|e| Fail::at(&new, &e))?;
    }
    Ok(new)
}
