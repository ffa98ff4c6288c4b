//! Laying agreements on the table, taking on partners' keys, signing.

use agreement::Plan;
use jiff::civil::Date;
use ledger::{Digest, VerifierKey};

use super::papers::is_by;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::controls::{Checklist, Stating};
use crate::ids::{AgreementId, OperationId, PartyId, ProjectId, SignerId};
use crate::pact::{Laying, Move, Pact, Signature};
use crate::partner::Partner;
use crate::ports::{PartyCard, PortFault};
use crate::refusal::Refusal;
use crate::trouble::Trouble;

impl Node {
    /// Opens the node's ledger with its first entry.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn open(&self, op: &OperationId) -> Result<Done, Trouble> {
        self.recorded(op, &Actor::Node, async {
            let change = Partner::own(self.ports.signer.card());
            self.commit(Batch::new(op.clone(), "node.open").and(change)?)
                .await
        })
        .await
    }

    /// Takes on a partner's public keys. Comparing them with the partner over another channel is the
    /// person's part.
    ///
    /// # Errors
    /// [`Trouble`]; a partner's keys cannot be replaced here.
    pub async fn trust(
        &self,
        op: &OperationId,
        card: PartyCard,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::LayAgreement)?;
            VerifierKey::parse(&card.verifier).map_err(|_| {
                Refusal::new(
                    "SEC-01",
                    format!("the verifier key of {} is malformed", card.party),
                )
            })?;
            if self.find::<Partner>(card.party.as_str()).await?.is_some() {
                return Err(Refusal::new(
                    "SEC-01",
                    format!("the keys of {} stand already", card.party),
                )
                .into());
            }
            self.commit(Batch::new(op.clone(), "partner.trust").and(Partner::trust(card, &by))?)
                .await
        })
        .await
    }

    /// A person suspends an agreement here, lets it go on, or reviews it, and says why. Nothing moves under a suspended
    /// one: no run starts, no file is sealed, and what comes in waits. Retention goes on (REV-10).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn stand(
        &self,
        op: &OperationId,
        id: &AgreementId,
        what: Move,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Stand)?.actor();
            let (pact, _) = self.pact(id).await?;
            let change = pact.moved(what, reason, &by)?;
            self.commit(Batch::new(op.clone(), "agreement.stand").and(change)?)
                .await
        })
        .await
    }

    /// A person says that controls of a framework are in place at this party, and on what evidence. The agreement is in force
    /// here once all of them are said (SEC-03, SEC-04).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn state_controls(
        &self,
        op: &OperationId,
        id: &AgreementId,
        what: &Stating<'_>,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::StateControls)?;
            let (pact, _) = self.pact(id).await?;
            let today = crate::deadline::london_day(self.now())?;
            let change = pact.state_controls(what, today, &by)?;
            self.commit(Batch::new(op.clone(), "controls.state").and(change)?)
                .await
        })
        .await
    }

    /// A person gives notice: the agreement ends after the time that it says, or on `last` where that is later.
    ///
    /// # Errors
    /// [`Trouble`]: refused where the agreement does not say how one party withdraws (AGR-28).
    pub async fn give_notice(
        &self,
        op: &OperationId,
        id: &AgreementId,
        last: Option<Date>,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Stand)?.actor();
            let (pact, plan) = self.pact(id).await?;
            let today = crate::deadline::london_day(self.now())?;
            let earliest = plan.life.ends_by_notice(today).ok_or_else(|| {
                Refusal::new(
                    "AGR-28",
                    format!("{id} does not say how one party withdraws"),
                )
                .help("suspend it, and agree with the other parties on its end")
            })?;
            if let Some(end) = pact.last().filter(|end| earliest > *end) {
                let what = format!("{id} ends by itself on {end}, before notice could end it");
                let way = "suspend it where nothing must move until then";
                return Err(Refusal::new("AGR-28", what).help(way).into());
            }
            let last = last.unwrap_or(earliest);
            if last < earliest {
                let what = format!("{id} ends by notice on {earliest} at the earliest");
                let way =
                    "name that day or a later one; suspend it where nothing must move until then";
                return Err(Refusal::new("AGR-28", what).help(way).into());
            }
            let change = pact.notice(last, today, reason, &by)?;
            self.commit(Batch::new(op.clone(), "agreement.notice").and(change)?)
                .await
        })
        .await
    }

    /// Checks an agreement's file, with the files of its umbrellas, and lays it on the table, for a project of this party.
    ///
    /// # Errors
    /// [`Trouble`]: refused while the file has faults or one of that name stands (AGR-25).
    pub async fn lay(
        &self,
        op: &OperationId,
        (id, project): (&AgreementId, &ProjectId),
        source: &str,
        umbrellas: &[String],
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::LayAgreement)?;
            let plan = self.plan(id, source, umbrellas)?;
            if plan.agreement != *id {
                return Err(Refusal::new(
                    "AGR-25",
                    format!("the file calls itself {}, not {id}", plan.agreement),
                )
                .into());
            }
            if self.find::<Pact>(id.as_str()).await?.is_some() {
                return Err(
                    Refusal::new("AGR-25", format!("{id} lies on the table already")).into(),
                );
            }
            let stops: Vec<_> = plan.stopped_by().iter().map(ToString::to_string).collect();
            let (Some(term), true) = (plan.term, stops.is_empty()) else {
                return Err(Refusal::new(
                    "AGR-04",
                    format!("open gaps stop {id}: {}", stops.join(", ")),
                )
                .help("have their owners close them, or give a dated waiver")
                .into());
            };
            let laying = Laying {
                id: id.clone(),
                project: project.clone(),
                hash: Digest(*plan.hash().as_bytes()),
                controls: checklist(&plan),
                source: source.to_owned(),
                umbrellas: umbrellas.to_vec(),
                signatories: plan.signers.clone(),
                from: term.from,
                last: term.last,
            };
            self.commit(Batch::new(op.clone(), "agreement.lay").and(Pact::lay(laying, &by))?)
                .await
        })
        .await
    }

    /// Signs for this node's party, or for one of its units; the signed note is then found with
    /// [`Node::signature`].
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn sign(
        &self,
        op: &OperationId,
        id: &AgreementId,
        signer: &SignerId,
        day: Date,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Sign)?;
            let (pact, _) = self.pact(id).await?;
            let role = pact
                .signs_as(signer)
                .filter(|_| signer.party() == *self.party());
            let Some(role) = role else {
                return Err(Refusal::new(
                    "AGR-21",
                    format!("{signer} is no signatory of {id} for {}", self.party()),
                )
                .into());
            };
            let signature = Signature {
                signer: signer.clone(),
                role: role.to_owned(),
                date: day,
            };
            let note = self
                .ports
                .signer
                .sign_note(&signature.text(id, pact.hash()))?;
            let change = pact.sign(signature, &note, &by.actor())?;
            self.commit(Batch::new(op.clone(), "agreement.sign").and(change)?)
                .await
        })
        .await
    }

    /// Takes a partner's signature, as [`Node::signature`] gave it on the partner's node.
    ///
    /// # Errors
    /// [`Trouble`]: refused unless it is by the trusted key of the party it names, over this very hash.
    pub async fn take_signature(
        &self,
        op: &OperationId,
        id: &AgreementId,
        note: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            who.may(Action::LayAgreement)?;
            let (pact, _) = self.pact(id).await?;
            let opened = self.opened_note(note, "AGR-21").await?;
            let signature = Signature::read(&opened.text, id, pact.hash())?;
            if !is_by(&opened, &signature.signer.party()) {
                return Err(Refusal::new(
                    "AGR-21",
                    "the signature names one party and is by another",
                )
                .into());
            }
            let by = Actor::Partner(signature.signer.party());
            let change = pact.sign(signature, note, &by)?;
            self.commit(Batch::new(op.clone(), "agreement.signature").and(change)?)
                .await
        })
        .await
    }

    /// The signed note of a signatory in the agreement's annex, if it has signed.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn signature(
        &self,
        id: &AgreementId,
        signer: &SignerId,
    ) -> Result<Option<String>, Trouble> {
        let (pact, _) = self.pact(id).await?;
        Ok(pact
            .annex()
            .find(|(s, _)| *s == signer)
            .map(|(_, note)| note.to_owned()))
    }

    pub(super) async fn cards(&self) -> Result<Vec<PartyCard>, Trouble> {
        Ok(self
            .all::<Partner>()
            .await?
            .into_iter()
            .map(|p| p.card().clone())
            .collect())
    }

    pub(super) async fn card_of(&self, party: &PartyId) -> Result<PartyCard, Trouble> {
        let partner = self.find::<Partner>(party.as_str()).await?;
        partner.map(|p| p.card().clone()).ok_or_else(|| {
            Refusal::new("SEC-01", format!("the keys of {party} are not taken on"))
                .help("take on the partner's card first")
                .into()
        })
    }
}

/// The controls that an agreement is kept under, by who its parties are.
fn checklist(plan: &Plan) -> Checklist {
    let bodies = plan.parties.values().filter_map(|p| p.body.as_ref());
    let bodies: Vec<&str> = bodies.map(|body| body.as_str()).collect();
    Checklist::with(&bodies)
}

pub(super) fn actor(who: &Person) -> Actor {
    Actor::Person(who.clone())
}

pub(super) fn key(card: &PartyCard) -> Result<VerifierKey, PortFault> {
    VerifierKey::parse(&card.verifier)
        .map_err(|_| PortFault(format!("the verifier key of {} is malformed", card.party)))
}
