//! The trail of an exchange: what shows an outsider how it was tested, tried, justified, agreed, evaluated and reviewed, out of
//! this node's ledger (AUD-04).

use std::collections::{BTreeMap, BTreeSet};

use ledger::trail::{Item, SCHEMA, Trail};
use ledger::{Checkpoint, Code, CommitKey, Digest, Entry};

use super::Node;
use crate::act::Act;
use crate::deadline::london_day;
use crate::ids::{AgreementId, HoldingId};
use crate::pact::Pact;
use crate::ports::{PortFault, VaultFault};
use crate::refusal::Refusal;
use crate::solution::Solution;
use crate::trouble::Trouble;

/// How many entries are read at once.
const AT_ONCE: u64 = 1_000;

/// What an act is in a trail, whatever agreement it was done under.
const KINDS: &[(Act, &str)] = &[
    (Act::SolutionTested, TESTING),
    (Act::SolutionInUse, TESTING),
    (Act::SolutionRetired, TESTING),
    (Act::AgreementLaid, AGREEMENT),
    (Act::AgreementSigned, AGREEMENT),
    (Act::ControlsStated, AGREEMENT),
    (Act::AgreementNotice, AGREEMENT),
    (Act::AgreementSuspended, AGREEMENT),
    (Act::AgreementResumed, AGREEMENT),
    (Act::AlterationDiscussed, AGREEMENT),
    (Act::AlterationNotified, AGREEMENT),
    (Act::AlterationReceived, AGREEMENT),
    (Act::AlterationAgreed, AGREEMENT),
    (Act::AlterationApplied, AGREEMENT),
    (Act::AlterationWithdrawn, AGREEMENT),
    (Act::ApprovalAsked, JUSTIFICATION),
    (Act::ApprovalGranted, JUSTIFICATION),
    (Act::ApprovalRefused, JUSTIFICATION),
    (Act::ApprovalReferred, JUSTIFICATION),
    (Act::VolumeAgreed, JUSTIFICATION),
    (Act::CircumstanceApproved, JUSTIFICATION),
    (Act::SetUpAgreed, JUSTIFICATION),
    (Act::LegPrepared, QUALITY),
    (Act::LegLoaded, QUALITY),
    (Act::LegMatched, EVALUATION),
    (Act::RunClosed, EVALUATION),
    (Act::ReviewDone, REVIEW),
    (Act::AgreementUnderReview, REVIEW),
    (Act::AgreementReviewed, REVIEW),
    (Act::AssuranceGiven, REVIEW),
    (Act::AssuranceReceived, REVIEW),
];

/// The signed test of a matching solution, and its use.
const TESTING: &str = "testing";
/// A run of an agreement that is a proof of concept.
const PILOT: &str = "pilot";
/// The agreement, who signed it, its controls and what altered it. Its text says why it is lawful and proportionate.
const AGREEMENT: &str = "agreement";
/// Who gave leave for how much, and why.
const JUSTIFICATION: &str = "justification";
/// For which day the sources of a file stood, and what was said of their quality.
const QUALITY: &str = "quality";
/// What came of matching, and of a run.
const EVALUATION: &str = "evaluation";
/// Reviews, and assurances.
const REVIEW: &str = "review";

/// The label of who did it: it stays sealed.
const WHO: &str = "who";

impl Node {
    /// The trail of these agreements. Where one of them is a proof of concept, its runs are the pilot.
    ///
    /// The texts of the entries are opened, but for who did it: reasons and words that name nobody. Of a year whose texts were
    /// destroyed they stay closed.
    ///
    /// Testing is needed of a party that matches, leave of one that an agreement asks for it, and there a pilot where one
    /// of the agreements is a proof of concept; the other kinds of every party.
    ///
    /// # Errors
    /// [`Trouble`]: refused (AUD-04) before the ledger has a checkpoint.
    pub async fn trail(&self, of: &[AgreementId]) -> Result<Trail, Trouble> {
        let mut agreements = BTreeMap::new();
        let mut pilots = BTreeSet::new();
        let mut notes = Vec::new();
        let mut asks = false;
        for id in of {
            let (pact, plan) = self.pact(id).await?;
            agreements.insert(pact.hash(), plan.canonical().to_owned());
            let starts = plan.approvals.contains_key(self.party());
            if starts && plan.stage == Some(agreement::Stage::ProofOfConcept) {
                pilots.insert(pact.hash());
            }
            asks |= starts;
            notes.extend(pact.annex().map(|(_, note)| note.to_owned()));
        }
        let matches = self.ports.matching.is_some();
        if matches {
            let all = self.all::<Solution>().await?;
            notes.extend(all.iter().map(|s| s.note().to_owned()));
        }
        let checkpoint = self.ports.store.head().await?.checkpoint;
        if checkpoint.is_empty() {
            let what = "the ledger has no checkpoint yet";
            return Err(Refusal::new("AUD-04", what)
                .help("`concordat node work`")
                .into());
        }
        let size = Checkpoint::open(&checkpoint, &self.own_key()?)
            .map_err(|e| PortFault(e.to_string()))?
            .size;
        let mut items = Vec::new();
        let mut from = 0;
        while from < size {
            let to = size.min(from + AT_ONCE);
            for (index, (bytes, _)) in (from..to).zip(self.ports.store.leaves(from, to).await?) {
                let entry = Entry::parse(&bytes).map_err(|e| PortFault(e.to_string()))?;
                let Some(kind) = kind_of(&entry, &agreements, &pilots) else {
                    continue;
                };
                items.push(self.item(kind, (index, size), entry, bytes).await?);
            }
            from = to;
        }
        let justification = asks.then_some(JUSTIFICATION);
        let testing = matches.then_some(TESTING);
        let pilot = (!pilots.is_empty()).then_some(PILOT);
        let always = [AGREEMENT, QUALITY, EVALUATION, REVIEW];
        let here = [testing, pilot, justification].into_iter().flatten();
        let needed = here.chain(always);
        Ok(Trail {
            schema: SCHEMA.to_owned(),
            checkpoint,
            agreements,
            needed: needed.map(Code::of).collect(),
            items,
            notes,
        })
    }

    async fn item(
        &self,
        kind: &'static str,
        (index, size): (u64, u64),
        entry: Entry,
        bytes: Vec<u8>,
    ) -> Result<Item, Trouble> {
        let nodes =
            ledger::tree::inclusion_stretches(size, index).map_err(|e| PortFault(e.to_string()))?;
        Ok(Item {
            kind: Code::of(kind),
            index,
            path: self.path(&nodes).await?,
            texts: self.opened_texts(&entry).await?,
            entry: String::from_utf8(bytes).map_err(|e| PortFault(e.to_string()))?,
        })
    }

    /// The texts of an entry, opened, but for who did it.
    async fn opened_texts(
        &self,
        entry: &Entry,
    ) -> Result<BTreeMap<Code, ledger::Opening>, Trouble> {
        let mut texts = BTreeMap::new();
        if entry.sealed.keys().all(|label| label.as_str() == WHO) {
            return Ok(texts);
        }
        let year = london_day(entry.at)?.year();
        let holding = HoldingId::parse(format!("evidence-{year}"))?;
        let name = format!("entry/{}", entry.id);
        let Some(sealed) = self.ports.store.item(&holding, &name).await? else {
            return Ok(texts);
        };
        let plain = match self.ports.vault.open(&holding, &name, &sealed).await {
            Ok(plain) => plain,
            Err(VaultFault::Destroyed(_)) => return Ok(texts),
            Err(fault) => return Err(fault.into()),
        };
        let said: BTreeMap<String, String> = serde_json::from_slice(&plain)
            .map_err(|_| PortFault("the texts of an entry are damaged".into()))?;
        let key: CommitKey = self.evidence_key(&holding).await?;
        for label in entry.sealed.keys().filter(|label| label.as_str() != WHO) {
            if let Some(text) = said.get(label.as_str()) {
                texts.insert(label.clone(), key.open(&entry.id, label, text.as_bytes()));
            }
        }
        Ok(texts)
    }
}

/// What an entry is in a trail of these agreements; none where it is nothing of it.
fn kind_of(
    entry: &Entry,
    agreements: &BTreeMap<Digest, String>,
    pilots: &BTreeSet<Digest>,
) -> Option<&'static str> {
    if entry
        .agreement
        .is_some_and(|h| !agreements.contains_key(&h))
    {
        return None;
    }
    let act = entry.act.as_str();
    if act == Act::RunStarted.as_str() {
        return entry
            .agreement
            .filter(|h| pilots.contains(h))
            .map(|_| PILOT);
    }
    let (_, kind) = KINDS.iter().find(|(a, _)| a.as_str() == act)?;
    // What belongs to no agreement belongs to every one: how this party matches.
    (entry.agreement.is_some() || *kind == TESTING).then_some(*kind)
}

/// The agreements of a project, in order of their names.
///
/// # Errors
/// A refusal (AUD-04) where the project has none here.
pub fn of_project(
    pacts: &[Pact],
    project: &crate::ids::ProjectId,
) -> Result<Vec<AgreementId>, Refusal> {
    let mine = pacts.iter().filter(|p| p.project() == Some(project));
    let mine: Vec<AgreementId> = mine.map(|p| p.id().clone()).collect();
    if mine.is_empty() {
        let what = format!("no agreement was laid here for the project {project}");
        return Err(Refusal::new("AUD-04", what).help("`concordat node status` lists them"));
    }
    Ok(mine)
}
