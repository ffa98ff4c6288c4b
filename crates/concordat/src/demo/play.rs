//! Playing the steps: what each person of the demonstration does. Their words follow from the nodes' states alone, so
//! that a step that was cut short is played to the same end.

use agreement::Library;
use exchange::authority::{Person, Role};
use exchange::controls::{FRAMEWORKS, Stating};
use exchange::decision::Decision;
use exchange::finding::{Finding, Kind, State as FindingState};
use exchange::ids::{AgreementId, HoldingId, ProjectId, SignerId};
use exchange::leg::Leg;
use exchange::matches::{Match, Standing};
use exchange::retention::{Holding, NEED_REVIEWED};
use exchange::{About, Deciding, Node, Start, Trouble, Verdict, Word};

use super::cast::{analyst, caseworker, flow_id, officer, op, person, run_id};
use super::hands::Orders;
use super::script::{Spoil, Step, What, Who};
use super::stage::Stage;
use crate::fail::Fail;

const AGREEMENT: &str = include_str!("../../../../agreements/demo/no-contact.yaml");
const UMBRELLAS: [&str; 3] = [
    include_str!("../../../../agreements/mou-u-d.yaml"),
    include_str!("../../../../agreements/mou-u-a.yaml"),
    include_str!("../../../../agreements/demo/mou-ho-dwp.yaml"),
];
const NAME: &str = "no-contact-demo";
const FLAG: &str = "ISD HMRC Match";
const SIGNERS: [(Who, &str); 4] = [
    (Who::Ho, "ho"),
    (Who::Hmrc, "hmrc.ris"),
    (Who::Hmrc, "hmrc.benefits-credits"),
    (Who::Dwp, "dwp"),
];

/// The agreement that the demonstration runs.
fn agreement() -> Result<AgreementId, Fail> {
    AgreementId::parse(NAME).map_err(|e| Fail::fault(e.to_string()))
}

fn project() -> Result<ProjectId, Fail> {
    ProjectId::parse("no-contact-2016").map_err(|e| Fail::fault(e.to_string()))
}

/// The memorandum that is signed, as a page.
pub(super) fn memorandum() -> Result<String, Fail> {
    let law = crate::house::law()?;
    let beside = UMBRELLAS.iter().map(|text| ("umbrella", text.as_bytes()));
    let library = Library::read(beside, &law);
    let (memo, _) = agreement::render::memorandum(NAME, AGREEMENT.as_bytes(), &law, &library);
    memo.map(|m| m.html())
        .ok_or_else(|| Fail::fault("the agreement of the demonstration has a fault".into()))
}

/// Its text, and those of its umbrellas.
fn texts() -> (&'static str, Vec<String>) {
    (AGREEMENT, UMBRELLAS.map(str::to_owned).into())
}

impl Stage {
    /// Plays a step and gives what the rules refused in it.
    pub(super) async fn play(&self, step: &Step) -> Result<Vec<String>, Fail> {
        let done = self.act(&step.what).await;
        match (done, expects_refusal(&step.what)) {
            (Ok(_), false) => Ok(Vec::new()),
            (Err(Fault::Trouble(Trouble::Refused(refusals))), true) => {
                Ok(refusals.iter().map(ToString::to_string).collect())
            }
            (Ok(_), true) => Err(Fail::fault(format!(
                "{:?} was to be refused, and was not",
                step.what
            ))),
            (Err(Fault::Trouble(trouble)), _) => {
                Err(Fail::fault(format!("{:?}: {trouble}", step.what)))
            }
            (Err(Fault::Fail(fail)), _) => Err(fail),
        }
    }

    async fn act(&self, what: &What) -> Result<(), Fault> {
        match what {
            What::Open => self.open().await?,
            What::Lay => self.lay().await?,
            What::Sign => self.sign().await?,
            What::Solutions => self.solutions().await?,
            What::TooEarly => {
                self.start("once-too-early", "once", None).await?;
            }
            What::Ask { flow, volume } => {
                let node = self.node(Who::Ho)?;
                let op = op(format!("ask-approval/{flow}/{volume}"))?;
                let officer = officer()?;
                node.ask_approval(&op, &agreement()?, &flow_id(flow)?, *volume, &officer)
                    .await?;
            }
            What::WrongApprover { flow } => {
                self.approve(flow, "wrong", Role::AssetOwner).await?;
            }
            What::Approve { flow } => self.approve(flow, "right", Role::RiskOwner).await?,
            What::Start { run, flow, at_most } => self.start(run, flow, *at_most).await?,
            What::Send { node, run, flow } => self.send(*node, run, flow, None).await?,
            What::SendSpoilt {
                node,
                run,
                flow,
                how,
            } => self.send(*node, run, flow, Some(*how)).await?,
            What::SendRefused { run, flow } => {
                let op = op(format!("{run}/{flow}/validate/too-many"))?;
                let node = self.node(Who::Ho)?;
                node.validate(&op, &run_id(run)?, &flow_id(flow)?).await?;
            }
            What::Reopen { node, run, flow } => {
                let op = op(format!("{run}/{flow}/reopen"))?;
                let node = self.node(*node)?;
                node.reopen(&op, &run_id(run)?, &flow_id(flow)?, &officer()?)
                    .await?;
            }
            What::RefuseHeld { run, flow } => {
                let op = op(format!("{run}/{flow}/refuse-held"))?;
                let reason = "a cell was changed; the sender was asked and sends it again";
                let node = self.node(Who::Ho)?;
                node.refuse_held(&op, &run_id(run)?, &flow_id(flow)?, reason, &officer()?)
                    .await?;
            }
            What::Match { node, run, flow } => {
                let op = op(format!("{run}/{flow}/match"))?;
                let node = self.node(*node)?;
                node.match_rows(&op, &run_id(run)?, &flow_id(flow)?, &analyst()?)
                    .await?;
            }
            What::Review { node, run, flow } => {
                let who = if *node == Who::Ho {
                    caseworker()?
                } else {
                    analyst()?
                };
                review(self.node(*node)?, run, flow, &who).await?;
            }
            What::Next { node, run, flow } => {
                let op = op(format!("{run}/{flow}/prepare"))?;
                let node = self.node(*node)?;
                let (id, flow) = (agreement()?, flow_id(flow)?);
                node.prepare_next(&op, &id, &flow, &run_id(run)?, &officer()?)
                    .await?;
            }
            What::Verify { run } => verify(self.node(Who::Ho)?, run).await?,
            What::Flag { run } => flag(self.node(Who::Ho)?, run).await?,
            What::Decide { run } => decide(self.node(Who::Dwp)?, run).await?,
            What::Complete { node, run } => {
                let op = op(format!("{run}/complete"))?;
                let node = self.node(*node)?;
                node.complete_matching(&op, &run_id(run)?, &analyst()?)
                    .await?;
            }
            What::Close { run } => {
                let op = op(format!("{run}/close"))?;
                let node = self.node(Who::Ho)?;
                node.close_run(&op, &run_id(run)?, &officer()?).await?;
            }
            What::Refute { run } => {
                refute(self.node(Who::Hmrc)?, self.node(Who::Dwp)?, run).await?
            }
            What::Renew { month } => self.renew(month).await?,
            What::Prove { run, flow } => self.prove_cell(&run_id(run)?, &flow_id(flow)?).await?,
        }
        Ok(())
    }

    async fn open(&self) -> Result<(), Fault> {
        for (_, node) in self.nodes() {
            node.open(&op("open")?).await?;
            approve_routes(node).await?;
        }
        for (who, node) in self.nodes() {
            for (_, other) in self.nodes().filter(|(w, _)| *w != who) {
                let op = op(format!("trust/{}", other.party()))?;
                node.trust(&op, other.ports().signer.card(), &officer()?)
                    .await?;
            }
        }
        Ok(())
    }

    async fn lay(&self) -> Result<(), Fault> {
        let (source, umbrellas) = texts();
        let (id, project) = (agreement()?, project()?);
        for (_, node) in self.nodes() {
            node.lay(
                &op("lay")?,
                (&id, &project),
                source,
                &umbrellas,
                &officer()?,
            )
            .await?;
            state_controls(node, &id).await?;
        }
        Ok(())
    }

    async fn sign(&self) -> Result<(), Fault> {
        let (id, day) = (agreement()?, jiff::civil::date(2016, 3, 7));
        for (who, name) in SIGNERS {
            let signer = SignerId::parse(name).map_err(|e| Fail::fault(e.to_string()))?;
            let node = self.node(who)?;
            let signatory = person("s1", Role::Signatory)?;
            node.sign(&op(format!("sign/{name}"))?, &id, &signer, day, &signatory)
                .await?;
            let note = node.signature(&id, &signer).await?.unwrap_or_default();
            for (_, other) in self.nodes().filter(|(w, _)| *w != who) {
                let op = op(format!("take/{name}"))?;
                other.take_signature(&op, &id, &note, &officer()?).await?;
            }
        }
        Ok(())
    }

    async fn solutions(&self) -> Result<(), Fault> {
        for who in [Who::Hmrc, Who::Dwp] {
            let node = self.node(who)?;
            let report = self.test_report(who)?;
            node.test_solution(&op("solution/test")?, &report, &analyst()?)
                .await?;
            let owner = person("i1", Role::AssetOwner)?;
            node.use_solution(&op("solution/use")?, &owner).await?;
        }
        Ok(())
    }

    async fn approve(&self, flow: &str, which: &str, role: Role) -> Result<(), Fault> {
        let node = self.node(Who::Ho)?;
        let (id, flow_id) = (agreement()?, flow_id(flow)?);
        let key = exchange::approval::Approval::key_of(&id, &flow_id);
        let approval = node.find::<exchange::approval::Approval>(&key).await?;
        let version = approval.map_or(0, |a| exchange::change::Aggregate::version(&a));
        let mut name = format!("approve/{flow}/{which}/{version}");
        // A step that is played again finds the approval one version on.
        let before = format!("approve/{flow}/{which}/{}", version.saturating_sub(1));
        let store = &node.ports().store;
        let was_done = store.done(&op(before.clone())?).await;
        if was_done.map_err(|e| Fail::fault(e.to_string()))? {
            name = before;
        }
        let who = person("r1", role)?;
        node.approve(&op(name)?, &id, &flow_id, &who).await?;
        Ok(())
    }

    async fn start(&self, run: &str, flow: &str, at_most: Option<u64>) -> Result<(), Fault> {
        let start = Start {
            agreement: agreement()?,
            flow: flow_id(flow)?,
            run: run_id(run)?,
            at_most,
            reason: None,
            reply_by: None,
        };
        let node = self.node(Who::Ho)?;
        node.start(&op(format!("{run}/start"))?, &start, &officer()?)
            .await?;
        Ok(())
    }

    /// Validates, releases and seals the present file of a leg.
    async fn send(&self, who: Who, run: &str, flow: &str, how: Option<Spoil>) -> Result<(), Fault> {
        let node = self.node(who)?;
        let (run_id, flow_id) = (run_id(run)?, flow_id(flow)?);
        let leg: Option<Leg> = node.find(&Leg::key_of(&run_id, &flow_id)).await?;
        let file = leg.map_or(1, |l| l.file());
        let name = |verb: &str| op(format!("{run}/{flow}/{verb}/{file}"));
        let by = officer()?;
        node.validate(&name("validate")?, &run_id, &flow_id).await?;
        node.release(&name("release")?, &run_id, &flow_id, &by)
            .await?;
        let hands = self.hands(who)?;
        hands.order(Orders {
            spoil: how,
            copy: self.left(run, flow)?,
        });
        let sealed = node.seal(&name("seal")?, &run_id, &flow_id).await;
        hands.order(Orders::default());
        sealed?;
        Ok(())
    }

    /// Of the rows that are kept while they are needed and whose year is nearly over, two in three are still needed.
    async fn renew(&self, month: &str) -> Result<(), Fault> {
        let node = self.node(Who::Ho)?;
        let now = node.ports().clock.now();
        let soon = now
            .checked_add(jiff::SignedDuration::from_hours(31 * 24))
            .map_err(|e| Fail::fault(e.to_string()))?;
        let kept: Vec<Holding> = node.in_state("counting").await?;
        let due = |h: &&Holding| {
            h.rule().event == NEED_REVIEWED && h.due().is_some_and(|due| now < due && due <= soon)
        };
        let needed: Vec<HoldingId> = kept
            .iter()
            .filter(due)
            .enumerate()
            .filter(|(n, _)| n % 3 != 2)
            .map(|(_, h)| h.id().clone())
            .collect();
        if !needed.is_empty() {
            let op = op(format!("{month}/needed"))?;
            node.still_needed_each(&op, &needed, "the case is open", &caseworker()?)
                .await?;
        }
        Ok(())
    }
}

/// Does the step show a rule saying no?
fn expects_refusal(what: &What) -> bool {
    matches!(
        what,
        What::TooEarly | What::WrongApprover { .. } | What::SendRefused { .. }
    )
}

/// Every route that is set up at a node is proposed, assured and approved.
pub(super) async fn approve_routes(node: &Node) -> Result<(), Fault> {
    for route in node.ports().routes.keys() {
        let step = |verb: &str| op(format!("{verb}-route/{route}"));
        let assures = person("i1", Role::AssetOwner)?;
        let approves = person("r1", Role::RiskOwner)?;
        node.propose_route(&step("propose")?, route, &officer()?)
            .await?;
        node.assure_route(&step("assure")?, route, "the terms of its host", &assures)
            .await?;
        node.approve_route(&step("approve")?, route, "accredited", &approves)
            .await?;
    }
    Ok(())
}

/// The information asset owner says that every control which an agreement is kept under is in place.
pub(super) async fn state_controls(node: &Node, id: &AgreementId) -> Result<(), Fault> {
    let (pact, _) = node.agreement(id).await?;
    let owner = person("i1", Role::AssetOwner)?;
    for framework in &FRAMEWORKS {
        let asked: Vec<String> = pact
            .controls()
            .items()
            .filter_map(|(key, _)| key.strip_prefix(framework.name)?.strip_prefix('.'))
            .map(str::to_owned)
            .collect();
        if asked.is_empty() {
            continue;
        }
        let what = Stating {
            framework,
            controls: &asked,
            version: "April 2014",
            evidence: "the demonstration has no premises and no people",
            on: exchange::deadline::london_day(node.ports().clock.now()).map_err(Fail::from)?,
        };
        let op = op(format!("controls/{}", framework.name))?;
        node.state_controls(&op, id, &what, &owner).await?;
    }
    Ok(())
}

/// Decides every open match of a file: what is strong is confirmed, the rest refuted.
pub(super) async fn review(node: &Node, run: &str, flow: &str, who: &Person) -> Result<(), Fault> {
    let found = node.under::<Match>(&format!("{run}/{flow}/")).await?;
    let words: Vec<Word> = found
        .iter()
        .filter(|m| m.standing().is_open())
        .map(|m| {
            let sure = m.evidence().is_strong() && m.standing() == Standing::Candidate;
            let (verdict, reason) = if sure {
                (Verdict::Confirm, "what identifies the person agrees")
            } else {
                (Verdict::Refute, "the evidence does not carry it")
            };
            Word {
                row: m.row(),
                verdict,
                reason: reason.to_owned(),
            }
        })
        .collect();
    if words.is_empty() {
        return Ok(());
    }
    let op = op(format!("{run}/{flow}/review"))?;
    node.review(&op, (&run_id(run)?, &flow_id(flow)?), &words, who)
        .await?;
    Ok(())
}

/// The caseworker looks at what the run's matches tell: of three contact details two prove to be so.
pub(super) async fn verify(node: &Node, run: &str) -> Result<(), Fault> {
    let all: Vec<Finding> = node.under(&format!("{run}/")).await?;
    let open = all
        .iter()
        .filter(|f| f.state() == FindingState::ToVerify && f.kind() != Kind::ThirdParty);
    let words: Vec<(String, bool, String)> = open
        .enumerate()
        .map(|(n, finding)| {
            let so = n % 3 != 2 || finding.kind() == Kind::Death;
            let reason = if so {
                "a letter was answered"
            } else {
                "a letter came back"
            };
            let key = exchange::change::Aggregate::key(finding);
            (key, so, reason.to_owned())
        })
        .collect();
    if !words.is_empty() {
        let op = op(format!("{run}/verify"))?;
        node.verify_each(&op, &words, &caseworker()?).await?;
    }
    Ok(())
}

/// The caseworker flags the people of HMRC's confirmed matches.
async fn flag(node: &Node, run: &str) -> Result<(), Fault> {
    let found = node.under::<Match>(&format!("{run}/hmrc-reply/")).await?;
    let rows: Vec<u64> = found
        .iter()
        .filter(|m| m.standing() == Standing::Confirmed)
        .map(Match::row)
        .collect();
    if !rows.is_empty() {
        let op = op(format!("{run}/flags"))?;
        let of = (&run_id(run)?, &flow_id("hmrc-reply")?);
        node.set_flags(&op, of, &rows, FLAG, &caseworker()?).await?;
    }
    Ok(())
}

/// A decision maker decides about the benefit of every third confirmed person: software decides about none.
async fn decide(node: &Node, run: &str) -> Result<(), Fault> {
    let key = Leg::key_of(&run_id(run)?, &flow_id("confirm")?);
    let Some(leg) = node.find::<Leg>(&key).await? else {
        return Ok(());
    };
    for row in leg.numbers().into_iter().step_by(3) {
        let deciding = Deciding {
            agreement: agreement()?,
            decision: "change-benefit".into(),
            about: About::Row(run_id(run)?, flow_id("confirm")?, row),
            outcome: None,
            reason: "there is no right to public funds".into(),
        };
        let op = op(format!("{run}/decide/{row}"))?;
        let who = person("d1", Role::DecisionMaker)?;
        node.decide(&op, &deciding, &who).await?;
    }
    Ok(())
}

/// HMRC's analyst finds that a match of a run that went on to DWP was another person's: one that DWP decided about, so
/// that it shows how far undoing goes.
async fn refute(hmrc: &Node, dwp: &Node, run: &str) -> Result<(), Fault> {
    let key = Leg::key_of(&run_id(run)?, &flow_id("forward")?);
    let Some(forwarded) = hmrc.find::<Leg>(&key).await? else {
        return Ok(());
    };
    let prefix = format!("change-benefit/{run}/");
    let decided = dwp.under::<Decision>(&prefix).await?;
    let place = decided
        .iter()
        .find_map(|d| d.about().rsplit('/').next()?.parse().ok())
        .unwrap_or(1);
    let Some(row) = forwarded.number_at(place) else {
        return Ok(());
    };
    let op = op(format!("{run}/refute"))?;
    let of = (&run_id(run)?, &flow_id(starts_with(run))?, row);
    let reason = "another person of the same name and day of birth";
    hmrc.refute(&op, of, reason, &analyst()?).await?;
    Ok(())
}

/// The flow that a run of this name starts with.
fn starts_with(run: &str) -> &str {
    run.split('-').next().unwrap_or(run)
}

pub(super) enum Fault {
    Trouble(Trouble),
    Fail(Fail),
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Fault> for Fail {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Trouble(trouble) => trouble.into(),
            Fault::Fail(fail) => fail,
        }
    }
}

impl From<Fail> for Fault {
    fn from(fail: Fail) -> Self {
        Self::Fail(fail)
    }
}
