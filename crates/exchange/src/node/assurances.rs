//! Assurances between the parties of an agreement: asked for, given and received as papers (AUD-02).

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::agreements::actor;
use super::papers::is_by;
use super::{Done, Node};
use crate::assurance::{Asked, Assurance, Assured};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::deadline::london_day;
use crate::ids::{AgreementId, OperationId, PartyId};
use crate::paper::Paper as _;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

const RULE: &str = "AUD-02";

/// What somebody asks another party to assure.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The agreement.
    pub agreement: AgreementId,
    /// Who is to give it.
    pub giver: PartyId,
    /// The first day that it is about.
    pub from: Date,
    /// The last day that it is about.
    pub until: Date,
    /// The day by which it is to be given.
    pub by: Date,
}

impl Node {
    /// A person asks another party for an assurance; the signed request is then [`Assurance::paper`].
    ///
    /// # Errors
    /// [`Trouble`]: refused (AUD-02) for who is no other party of it, an agreement that is not signed, or has no undertakings.
    pub async fn ask_assurance(
        &self,
        op: &OperationId,
        asking: Asking,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::AskAssurance)?;
            let (pact, plan, today) = self.signed(&asking.agreement, RULE).await?;
            let (id, giver) = (&asking.agreement, &asking.giver);
            if giver == self.party() || !plan.parties.contains_key(giver) {
                let what = format!("{giver} is no other party of {id}");
                let help = "ask a party of the agreement; its umbrella is an agreement of its own";
                return Err(Refusal::new(RULE, what).help(help).into());
            }
            if plan.undertakings.is_empty() {
                let what = format!("{id} has no undertakings in words");
                let help = "ask under the agreement that has them, such as its umbrella";
                return Err(Refusal::new(RULE, what).help(help).into());
            }
            let before: Vec<Assurance> = self
                .under(&format!("{id}/{}/{giver}/", self.party()))
                .await?;
            let number = before.iter().map(|a| a.asked().number).max().unwrap_or(0) + 1;
            let asked = Asked {
                agreement: id.clone(),
                hash: pact.hash(),
                asker: self.party().clone(),
                giver: giver.clone(),
                number,
                from: asking.from,
                until: asking.until,
                by: asking.by,
            };
            let note = self.ports.signer.sign_note(&asked.text()?)?;
            let change = Assurance::ask(asked, note, today, &by)?;
            self.commit(Batch::new(op.clone(), "assurance.ask").and(change)?)
                .await
        })
        .await
    }

    /// A person gives an assurance for this party, and says what was not kept; the signed note is then
    /// [`Assurance::paper`].
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn give_assurance(
        &self,
        op: &OperationId,
        key: &str,
        not_kept: BTreeMap<String, String>,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::GiveAssurance)?;
            let assurance: Assurance = self.need(key).await?;
            let (_, plan) = self.pact(&assurance.asked().agreement).await?;
            let assured = Assured {
                asked: assurance.asked().clone(),
                undertakings: plan.undertakings.clone(),
                not_kept,
                role: by.role().as_str().to_owned(),
                on: london_day(self.now())?,
            };
            let note = self.ports.signer.sign_note(&assured.text()?)?;
            let change = assurance.give(assured, note, &by)?;
            self.commit(Batch::new(op.clone(), "assurance.give").and(change)?)
                .await
        })
        .await
    }

    /// Takes the paper that a partner handed over: a request, which is a task from now on, or an assurance that was asked for.
    ///
    /// # Errors
    /// [`Trouble`]: refused (AUD-02) unless it is by the trusted key of the party that it names, and about an agreement as it
    /// stands here.
    pub async fn take_assurance(
        &self,
        op: &OperationId,
        note: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            who.may(Action::AskAssurance)?;
            let opened = self.opened_note(note, RULE).await?;
            let batch = Batch::new(op.clone(), "assurance.take");
            if let Some(asked) = Asked::read(&opened.text) {
                let (pact, ..) = self.signed(&asked.agreement, RULE).await?;
                let fits = is_by(&opened, &asked.asker)
                    && asked.giver == *self.party()
                    && asked.hash == pact.hash();
                if !fits {
                    return Err(other().into());
                }
                if self
                    .find::<Assurance>(&Assurance::key_of(&asked))
                    .await?
                    .is_some()
                {
                    let what = "this request was taken before";
                    let help = "`concordat assurance list` says how far it has come";
                    return Err(Refusal::new(RULE, what).help(help).into());
                }
                let change = Assurance::to_give(asked, note.to_owned());
                return self.commit(batch.and(change)?).await;
            }
            let assured = Assured::read(&opened.text).ok_or_else(other)?;
            let assurance: Assurance = self.need(&Assurance::key_of(&assured.asked)).await?;
            let (_, plan) = self.pact(&assured.asked.agreement).await?;
            let fits = is_by(&opened, &assured.asked.giver)
                && assured.asked == *assurance.asked()
                && assured.undertakings == plan.undertakings;
            if !fits {
                return Err(other().into());
            }
            let change = assurance.receive(assured, note.to_owned())?;
            self.commit(batch.and(change)?).await
        })
        .await
    }

    /// An assurance is not waited for any more, at this end: a person tells the other.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn drop_assurance(
        &self,
        op: &OperationId,
        key: &str,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::AskAssurance)?;
            let assurance: Assurance = self.need(key).await?;
            let change = assurance.drop(reason, &by)?;
            self.commit(Batch::new(op.clone(), "assurance.drop").and(change)?)
                .await
        })
        .await
    }
}

fn other() -> Refusal {
    let what = "this is no request to this party and no assurance that it asked for, of an agreement as it stands here";
    Refusal::new(RULE, what)
        .help("compare the hashes that `concordat node status` prints on both sides, and ask for the paper again")
}
