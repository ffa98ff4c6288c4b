//! Alterations that may affect an agreement: discussed, notified to the change control contacts, agreed, and applied by a new
//! version of the agreement that is in force here (AGR-26).

use std::collections::{BTreeMap, BTreeSet};

use agreement::Plan;
use jiff::civil::Date;

use super::agreements::actor;
use super::papers::is_by;
use super::{Done, Node};
use crate::alteration::{Alteration, Consent, Notice};
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::deadline::london_day;
use crate::ids::{AgreementId, OperationId, PartyId, SignerId};
use crate::paper::Paper as _;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

const RULE: &str = "AGR-26";

impl Node {
    /// A person writes down that an alteration of this party was discussed with the others at the level of business as usual.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn discuss_alteration(
        &self,
        op: &OperationId,
        id: &AgreementId,
        (text, discussed): (&str, Date),
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Alter)?;
            let (pact, plan, today) = self.signed(id, RULE).await?;
            let prefix = format!("{id}/{}/", self.party());
            let before: Vec<Alteration> = self.under(&prefix).await?;
            let number = before.iter().map(|a| a.notice().number).max().unwrap_or(0) + 1;
            let notice = Notice {
                agreement: id.clone(),
                hash: pact.hash(),
                party: self.party().clone(),
                number,
                text: text.to_owned(),
                discussed,
            };
            let others = others(&plan, self.party());
            let change = Alteration::discussed(notice, others, today, &by)?;
            self.commit(Batch::new(op.clone(), "alteration.discuss").and(change)?)
                .await
        })
        .await
    }

    /// A person gives notice of it; the signed notice is then [`Alteration::note`], to be handed to
    /// [`Node::change_control`].
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn notify_alteration(
        &self,
        op: &OperationId,
        key: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Alter)?;
            let alteration: Alteration = self.need(key).await?;
            let note = self.ports.signer.sign_note(&alteration.notice().text()?)?;
            let change = alteration.notify(note, &by)?;
            self.commit(Batch::new(op.clone(), "alteration.notify").and(change)?)
                .await
        })
        .await
    }

    /// A person agrees for this party to another's alteration; the signed word is then in [`Alteration::consents`].
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn agree_to_alteration(
        &self,
        op: &OperationId,
        key: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Alter)?;
            let alteration: Alteration = self.need(key).await?;
            let consent = Consent {
                to: alteration.notice().clone(),
                party: self.party().clone(),
                role: by.role().as_str().to_owned(),
                on: london_day(self.now())?,
            };
            let note = self.ports.signer.sign_note(&consent.text()?)?;
            let change = alteration.agree(&consent, note, &by.actor())?;
            self.commit(Batch::new(op.clone(), "alteration.agree").and(change)?)
                .await
        })
        .await
    }

    /// Takes the paper that a partner handed over: the notice of its alteration, or its word that it agrees to one.
    ///
    /// # Errors
    /// [`Trouble`]: refused (AGR-26) unless it is by the trusted key of the party that it names, and about an agreement and an
    /// alteration as they stand here.
    pub async fn take_alteration(
        &self,
        op: &OperationId,
        note: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            who.may(Action::Alter)?;
            let opened = self.opened_note(note, RULE).await?;
            let batch = Batch::new(op.clone(), "alteration.take");
            if let Some(notice) = Notice::read(&opened.text) {
                let (pact, plan, _) = self.signed(&notice.agreement, RULE).await?;
                let others = others(&plan, &notice.party);
                let fits = is_by(&opened, &notice.party)
                    && notice.hash == pact.hash()
                    && others.contains(self.party());
                if !fits {
                    return Err(other().into());
                }
                let key = Alteration::key_of(&notice);
                if self.find::<Alteration>(&key).await?.is_some() {
                    let what = format!("the notice of {key} was taken before");
                    let help = "`concordat alteration list` says how far it has come";
                    return Err(Refusal::new(RULE, what).help(help).into());
                }
                let change = Alteration::came(notice, others, note.to_owned())?;
                return self.commit(batch.and(change)?).await;
            }
            let consent = Consent::read(&opened.text)
                .filter(|consent| is_by(&opened, &consent.party) && consent.party != *self.party())
                .ok_or_else(other)?;
            let alteration: Alteration = self.need(&Alteration::key_of(&consent.to)).await?;
            let by = Actor::Partner(consent.party.clone());
            let change = alteration.agree(&consent, note.to_owned(), &by)?;
            self.commit(batch.and(change)?).await
        })
        .await
    }

    /// A person says by which new version of the agreement it is applied.
    ///
    /// # Errors
    /// [`Trouble`]: refused (AGR-26) for an agreement that is the old one, has other parties, or is not in force here.
    pub async fn apply_alteration(
        &self,
        op: &OperationId,
        key: &str,
        new: &AgreementId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Alter)?;
            let alteration: Alteration = self.need(key).await?;
            let (_, old) = self.pact(&alteration.notice().agreement).await?;
            let (pact, plan) = self.pact(new).await?;
            let same = plan.parties.keys().eq(old.parties.keys());
            if pact.hash() == alteration.notice().hash || !same {
                let what = format!("{new} is no new version of {}", old.agreement);
                let help = "lay the new text under its own name, between the same parties, and have it signed";
                return Err(Refusal::new(RULE, what).help(help).into());
            }
            let mut no = pact.in_force(london_day(self.now())?).err().unwrap_or_default();
            if !no.is_empty() {
                let what = format!("{new} is not in force here: nothing is altered yet");
                let help = "what else is refused here says why";
                no.insert(0, Refusal::new(RULE, what).help(help));
                return Err(no.into());
            }
            let change = alteration.apply((new, pact.hash()), &by)?;
            self.commit(Batch::new(op.clone(), "alteration.apply").and(change)?)
                .await
        })
        .await
    }

    /// It does not come to it, at this node: a person tells the others.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn withdraw_alteration(
        &self,
        op: &OperationId,
        key: &str,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Alter)?;
            let alteration: Alteration = self.need(key).await?;
            let change = alteration.withdraw(reason, &by)?;
            self.commit(Batch::new(op.clone(), "alteration.withdraw").and(change)?)
                .await
        })
        .await
    }

    /// The change control contact of each party that signs but `party`, as the agreement's annex has it: where it names none, the contact
    /// for business as usual; none where that is open too.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn change_control(
        &self,
        id: &AgreementId,
        party: &PartyId,
    ) -> Result<BTreeMap<PartyId, Option<String>>, Trouble> {
        let (_, plan) = self.pact(id).await?;
        let contact = |party: &PartyId| {
            let all = plan.contacts.get(party)?;
            all.get("change-control")
                .or_else(|| all.get("business"))
                .cloned()
        };
        let others = others(&plan, party).into_iter();
        Ok(others
            .map(|party| (party.clone(), contact(&party)))
            .collect())
    }
}

/// The parties that sign the agreement, but `party`: whoever only acts for one of them agrees to nothing.
fn others(plan: &Plan, party: &PartyId) -> Vec<PartyId> {
    let all: BTreeSet<PartyId> = plan.signers.keys().map(SignerId::party).collect();
    all.into_iter().filter(|p| p != party).collect()
}

fn other() -> Refusal {
    let what = "this is no notice of an alteration and no consent to one, of an agreement as it stands here";
    Refusal::new(RULE, what)
        .help("compare the hashes that `concordat node status` prints on both sides, and ask for the paper again")
}
