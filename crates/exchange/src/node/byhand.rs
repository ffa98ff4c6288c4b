//! Parties that have no node: their file is locked with a password that travels apart (SEC-06), a person hands it
//! over, says what the party said of it, and brings what it sends back. Gate, commitments and records are those of a
//! package; what a node would write in a letter, a person tells.

use agreement::{Flow, Plan};
use zeroize::Zeroizing;

use super::agreements::actor;
use super::outbound::{Commitment, format_of};
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Person};
use crate::change::{Batch, Record};
use crate::cover::Cover;
use crate::ids::{FlowId, OperationId, PartyId, RunId};
use crate::leg::{Leg, Sealing, State};
use crate::message::Kind;
use crate::password::Password;
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::rows;
use crate::table::FileFault;
use crate::trouble::Trouble;

/// A locked file on its way to whoever hands it over. It is nowhere else: lost, it is locked anew.
pub struct Locked {
    /// Its name, which begins with the marking.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its password, to be shown once.
    pub password: Password,
    /// The route on which the password travels.
    pub password_by: String,
    run: RunId,
    flow: FlowId,
}

impl Locked {
    pub(super) fn leg(&self) -> String {
        Leg::key_of(&self.run, &self.flow)
    }
}

/// What a party without a node said of a file.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// It has it, and it opens.
    Accepted,
    /// It refuses it, for this reason.
    Refused(&'a str),
}

impl Node {
    /// Has the party no node?
    pub fn is_by_hand(&self, party: &PartyId) -> bool {
        self.settings.by_hand.contains(party)
    }

    /// The route on which the password of a flow's file travels.
    ///
    /// # Errors
    /// A refusal (SEC-06) where the agreement names none, or the same, or none that this node has a channel for.
    pub(super) fn password_by(&self, plan: &Plan, flow: &Flow) -> Result<String, Refusal> {
        let refuse = |what: String, help: &str| Err(Refusal::new("SEC-06", what).help(help));
        let route = plan.routes.get(&flow.route);
        let Some(other) = route.and_then(|r| r.password_by.as_ref()) else {
            let what = format!(
                "{} has no node, and the agreement says no way for the password of a file by {}",
                flow.to, flow.route
            );
            return refuse(what, "write `password-by:` at the route");
        };
        if *other == flow.route {
            let what = format!("the password would go by {other}, as the file does");
            return refuse(what, "the agreement must name another route for it");
        }
        if !self.ports.channels.contains_key(other.as_str()) {
            let what = format!("this node has no channel for {other}, by which the password goes");
            return refuse(what, "set it under [channels] in node.toml");
        }
        Ok(other.to_string())
    }

    /// Locks the released file for a party without a node: the gate is asked again, as at a seal, and the same is
    /// committed to and recorded. Locked before and not handed over, it is locked anew under another password.
    ///
    /// # Errors
    /// [`Trouble`]; nothing has left then.
    pub async fn lock(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        who: &Person,
    ) -> Result<(Done, Locked), Trouble> {
        let mut locked = None;
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::Release)?;
                let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
                if !self.is_by_hand(leg.peer()) {
                    let what = format!("{} has a node: its files go in packages", leg.peer());
                    return Err(Refusal::new("SEC-06", what)
                        .help("`concordat run release` seals it")
                        .into());
                }
                // A package of before the party was set to be without a node may be on its way already.
                if let Some(package) = leg.package()
                    && self.ports.store.package(package, 0).await?.is_some()
                {
                    let what = format!("{flow} of {run} is sealed in a package, which goes");
                    return Err(Refusal::new("RUN-04", what).into());
                }
                let (_, plan, flow_plan) = self.flow(leg.agreement(), flow).await?;
                let file = leg.file() + u32::from(leg.state() == State::Sealed);
                let mut commitment = Commitment::of(self.disclosure_key(&leg).await?);
                let leaving = self.leaving(&leg, Some(&mut commitment)).await?;
                let password_by = self.password_by(&plan, &flow_plan)?;
                let (disclosure, roots) = commitment.done();
                let format = format_of(&flow_plan)?;
                let (project, reply_by) = self.stated(&plan, &flow_plan, run).await?;
                let cover = Cover::of(&plan, &flow_plan, &leg, format)
                    .stating(project.as_ref(), reply_by)
                    .to_come_back(&plan, &flow_plan);
                let mut writing = self.ports.forms.begin(format, &cover)?;
                let mut plain = Zeroizing::new(Vec::new());
                for page in rows::pages(leaving.rows.last()) {
                    self.page_into(&leg, &flow_plan, &leaving, &page, &mut *writing, &mut plain)
                        .await?;
                }
                writing.finish(&mut plain)?;
                let password = Password::draw(&*self.ports.entropy, op);
                let mut seed = Zeroizing::new([0; 32]);
                self.ports.entropy.fill(op, "lock", &mut *seed);
                let locks = &self.ports.locks;
                let bytes = locks.lock(format, &cover, &plain, &password, &seed)?;
                let sealing = Sealing {
                    package: self.manifest(&leg, Kind::Data, file, None)?.id,
                    numbers: leaving.rows.numbers().collect(),
                    cells: leaving.passed.cells,
                    without_gateway: leaving.passed.without_gateway,
                    withheld: leaving.passed.withheld.clone(),
                    disclosure,
                    ciphertext: ledger::Digest::of(&bytes),
                };
                let batch = Batch::new(op.clone(), "leg.lock");
                let batch = self
                    .remember_proofs(op, &leg, file, (&leaving, &roots), batch)
                    .await?;
                let batch = self
                    .put_anew(op, &leg, &flow_plan, &leaving.anew, batch)
                    .await?;
                let mut change = leaving.counted(leg.lock(sealing, &password_by, &by)?);
                let passed = &leaving.passed;
                for trace in self.not_sent(change.state(), &flow_plan, passed).await? {
                    change = change.along(&trace);
                }
                let done = self.commit(batch.and(change)?).await?;
                locked = Some(Locked {
                    name: locks.name(format, &cover),
                    bytes,
                    password,
                    password_by,
                    run: run.clone(),
                    flow: flow.clone(),
                });
                Ok(done)
            })
            .await?;
        let locked = locked.ok_or_else(|| {
            PortFault("this file was locked before, and its password is kept nowhere: give the command again".into())
        })?;
        self.covered().await?;
        Ok((done, locked))
    }

    /// The locked file lies where it is handed over: its password goes on its own channel, and both are recorded.
    ///
    /// # Errors
    /// [`Trouble`]: without its password the file tells nobody anything; it is locked anew.
    pub async fn handed_over(&self, locked: &Locked, who: &Person) -> Result<Done, Trouble> {
        let leg: Leg = self.need(&locked.leg()).await?;
        let (pact, _) = self.pact(leg.agreement()).await?;
        pact.in_force(crate::deadline::london_day(self.now())?)?;
        let channel = self.ports.channels.get(&locked.password_by);
        let channel = channel.ok_or_else(|| PortFault("the password's channel is gone".into()))?;
        channel
            .tell(leg.peer(), &locked.name, &locked.password)
            .await?;
        let op = OperationId::parse(format!(
            "hand-over:{}/{}/{}",
            locked.run,
            locked.flow,
            leg.file()
        ))?;
        let told = Record::new(Act::PasswordSent, &actor(who))
            .under(leg.hash())
            .rule("SEC-06")
            .id("run", leg.run())
            .id("flow", leg.flow())
            .id("to", leg.peer())
            .id("route", &locked.password_by);
        let batch = Batch::new(op, "leg.hand-over").and(leg.sent(self.now())?)?;
        self.commit(batch.note(told)).await
    }

    /// A person says what a party without a node said of the file that it got. What was laid out for it is taken away.
    ///
    /// # Errors
    /// [`Trouble`]: refused where the party has a node, which says it itself (RUN-04).
    pub async fn said_by_hand(
        &self,
        op: &OperationId,
        run: &RunId,
        flow: &FlowId,
        told: Told<'_>,
        who: &Person,
    ) -> Result<Done, Trouble> {
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::Run)?.actor();
                let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
                if !self.is_by_hand(leg.peer()) {
                    let what = format!(
                        "{} has a node, and says itself what it makes of a file",
                        leg.peer()
                    );
                    return Err(Refusal::new("RUN-04", what).into());
                }
                let change = match told {
                    Told::Accepted => {
                        let rows = leg.rows();
                        let (_, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
                        let reply_by = self.answer_by(&plan, &flow, run, self.now()).await?;
                        self.with_entrusted(leg.accepted(rows, reply_by, &by)?)
                            .await?
                    }
                    Told::Refused(reason) if reason.trim().is_empty() => {
                        return Err(Refusal::without_reason(
                            "RUN-09",
                            "a file is refused for a reason",
                        )
                        .into());
                    }
                    Told::Refused(reason) => {
                        // The reason is a person's text: it is sealed beside the entry, and not in the state.
                        let fault = FileFault {
                            rule: "RUN-09".into(),
                            row: None,
                            column: None,
                            what: "its receiver refuses it".into(),
                        };
                        leg.refused_there(fault, &by)?.saying(reason)
                    }
                };
                self.commit(Batch::new(op.clone(), "leg.said").and(change)?)
                    .await
            })
            .await?;
        // It has the file, or wants it no more.
        let leg: Leg = self.need(&Leg::key_of(run, flow)).await?;
        self.clear_laid(&leg).await?;
        Ok(done)
    }
}
