//! Pacts: an agreement on this node's table, with its signatures. In force means that every party has signed
//! the same canonical hash and the term runs on the day that is asked about; it is never a stored fact.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger::{Digest, Fact};
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::authority::{Actor, Warrant};
use crate::change::{Aggregate, Change, Record};
use crate::controls::{Checklist, Stating};
use crate::deadline::Deadline;
use crate::ids::{AgreementId, PartyId, ProjectId, SignerId};
use crate::refusal::Refusal;

/// What one signatory signed: the text of a C2SP signed note, so that each signature stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The party, or its unit, for which it was signed.
    pub signer: SignerId,
    /// The role or title of the signatory (PTY-16).
    pub role: String,
    /// The day of signing.
    pub date: Date,
}

const FIRST_LINE: &str = "concordat-signature/v2";

impl Signature {
    /// The text that is signed, as the agreement's annex holds it (docs/formats/agreement.md).
    pub fn text(&self, agreement: &AgreementId, hash: Digest) -> String {
        let Self { signer, role, date } = self;
        format!(
            "{FIRST_LINE}\nagreement {agreement}\nhash {hash}\nsigner {signer}\nrole {role}\ndate {date}\n"
        )
    }

    /// Reads a signature text that a note was opened to, for this agreement and hash.
    ///
    /// # Errors
    /// A refusal (AGR-21) when it is about anything else.
    pub fn read(text: &str, agreement: &AgreementId, hash: Digest) -> Result<Self, Refusal> {
        let other = || {
            Refusal::new(
                "AGR-21",
                "the signature is not about this agreement as it stands here",
            )
            .help("compare the hashes that `concordat check` prints on both sides")
        };
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
                .ok_or_else(other)
        };
        let signature = Self {
            signer: SignerId::parse(field("signer")?).map_err(|_| other())?,
            role: field("role")?.to_owned(),
            date: field("date")?.parse().map_err(|_| other())?,
        };
        // The text must be exactly the one that these values write: no line more, none less.
        if signature.text(agreement, hash) == text {
            Ok(signature)
        } else {
            Err(other())
        }
    }
}

/// How a signed agreement stands, apart from days and signatures (AGR-28).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As it was signed.
    Running,
    /// Its parties look at it; it runs on.
    UnderReview,
    /// Nothing moves under it; what was to be destroyed still is.
    Suspended,
}

/// What a person does with a signed agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Nothing more moves under it.
    Suspend,
    /// It goes on.
    Resume,
    /// A review begins.
    Review,
    /// The review is over.
    Reviewed,
}

impl Move {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Review => "review",
            Self::Reviewed => "reviewed",
        }
    }

    fn act(self) -> Act {
        match self {
            Self::Suspend => Act::AgreementSuspended,
            Self::Resume => Act::AgreementResumed,
            Self::Review => Act::AgreementUnderReview,
            Self::Reviewed => Act::AgreementReviewed,
        }
    }
}

/// From where to where each of them leads. Whatever is not here is refused.
pub const MOVES: &[(Move, Standing, Standing)] = &[
    (Move::Suspend, Standing::Running, Standing::Suspended),
    (Move::Suspend, Standing::UnderReview, Standing::Suspended),
    (Move::Resume, Standing::Suspended, Standing::Running),
    (Move::Review, Standing::Running, Standing::UnderReview),
    (Move::Reviewed, Standing::UnderReview, Standing::Running),
];

/// What is laid on the table.
#[derive(Clone, Debug)]
pub struct Laying {
    /// The agreement's name.
    pub id: AgreementId,
    /// This party's project that it comes out of (RUN-03).
    pub project: ProjectId,
    /// The hash of its canonical form.
    pub hash: Digest,
    /// The controls that it is kept under.
    pub controls: Checklist,
    /// The file as it was checked.
    pub source: String,
    /// The files of its umbrellas, as they were checked.
    pub umbrellas: Vec<String>,
    /// Who must sign, and in which role.
    pub signatories: BTreeMap<SignerId, String>,
    /// The first day of the term.
    pub from: Date,
    /// The last day of the term; none where it has no end.
    pub last: Option<Date>,
}

/// An agreement on this node's table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pact {
    id: AgreementId,
    /// None in agreements that were laid before projects were written down.
    #[serde(default)]
    project: Option<ProjectId>,
    hash: Digest,
    /// Asked for in full where an agreement was laid before there was a checklist.
    #[serde(default)]
    controls: Checklist,
    source: String,
    umbrellas: Vec<String>,
    signatories: BTreeMap<SignerId, String>,
    from: Date,
    last: Option<Date>,
    signatures: BTreeMap<SignerId, (Signature, String)>,
    /// When each review that it promises was done last, by its name.
    #[serde(default)]
    reviews: BTreeMap<String, Date>,
    standing: Standing,
    /// The last day, where notice was given.
    ends: Option<Date>,
    #[serde(skip)]
    version: u64,
}

impl Pact {
    /// Lays a checked agreement on the table.
    pub fn lay(laying: Laying, by: &Warrant) -> Change<Self> {
        let Laying {
            id,
            project,
            hash,
            controls,
            source,
            umbrellas,
            signatories,
            from,
            last,
        } = laying;
        let signatures = BTreeMap::new();
        let pact = Self {
            id,
            project: Some(project),
            hash,
            controls,
            source,
            umbrellas,
            signatories,
            from,
            last,
            signatures,
            reviews: BTreeMap::new(),
            standing: Standing::Running,
            ends: None,
            version: 0,
        };
        let mut record = pact.record(Act::AgreementLaid, &by.actor());
        if let Some(project) = &pact.project {
            record = record.id("project", project);
        }
        Change::new(pact, record)
    }

    /// Takes one signature; `note` is the signed note, already verified with the key of the signatory's party.
    ///
    /// # Errors
    /// A refusal when the signatory is not one of the agreement, signs in another role, or has signed (AGR-21,
    /// PTY-16).
    pub fn sign(
        mut self,
        signature: Signature,
        note: &str,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        let signer = signature.signer.clone();
        match self.signatories.get(&signer) {
            None => {
                return Err(Refusal::new(
                    "AGR-21",
                    format!("{signer} is no signatory of {}", self.id),
                ));
            }
            Some(role) if *role != signature.role => {
                return Err(Refusal::new(
                    "PTY-16",
                    format!("{} is signed for {signer} by its {role}", self.id),
                )
                .help(format!("sign with --role \"{role}\"")));
            }
            Some(_) => {}
        }
        if self.signatures.contains_key(&signer) {
            return Err(Refusal::new(
                "AGR-21",
                format!("{signer} has signed {} already", self.id),
            ));
        }
        let record = self
            .record(Act::AgreementSigned, by)
            .id("signer", &signer)
            .fact("date", Fact::Date(signature.date));
        self.signatures.insert(signer, (signature, note.to_owned()));
        Ok(Change::new(self, record))
    }

    /// A person says that controls of a framework are in place at this party, and on what evidence (SEC-03, SEC-04).
    ///
    /// # Errors
    /// As [`Checklist::state`].
    pub fn state_controls(
        mut self,
        what: &Stating<'_>,
        today: Date,
        by: &Warrant,
    ) -> Result<Change<Self>, Refusal> {
        let said = self.controls.state(what, today, by.staff())?;
        let mut record = self
            .record(Act::ControlsStated, &by.actor())
            .rule(what.framework.rule)
            .id("framework", what.framework.name)
            .text("version", what.version)
            .text("evidence", what.evidence);
        for control in said {
            record = record.fact(control, Fact::Date(what.on));
        }
        Ok(Change::new(self, record))
    }

    /// A person did a review that it promises, on `today` (SEC-10).
    ///
    /// # Errors
    /// A refusal without a word about it.
    pub fn review_done(
        mut self,
        name: &str,
        word: &str,
        today: Date,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        if word.trim().is_empty() {
            let what = "a review needs a word: where what came of it is written";
            return Err(Refusal::without_reason("SEC-10", what));
        }
        self.reviews.insert(name.to_owned(), today);
        let record = self
            .record(Act::ReviewDone, by)
            .rule("SEC-10")
            .id("review", name)
            .fact("on", Fact::Date(today))
            .text("word", word);
        Ok(Change::new(self, record))
    }

    /// A person suspends it, lets it go on, or reviews it, and says why.
    ///
    /// # Errors
    /// A refusal (AGR-28) from a standing that the table does not name, or without a reason.
    pub fn moved(mut self, what: Move, reason: &str, by: &Actor) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason(
                "AGR-28",
                "a change of how an agreement stands needs its reason",
            ));
        }
        let step =
            |(verb, from, _): &&(Move, Standing, Standing)| *verb == what && *from == self.standing;
        let Some((_, _, to)) = MOVES.iter().find(step) else {
            let here = MOVES.iter().filter(|(_, from, _)| *from == self.standing);
            let ways: Vec<_> = here.map(|(verb, _, _)| verb.name()).collect();
            return Err(
                Refusal::new("AGR-28", format!("{} is {}", self.id, self.status()))
                    .help(format!("from here: {}", ways.join(", "))),
            );
        };
        self.standing = *to;
        let record = self
            .record(what.act(), by)
            .rule("AGR-28")
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// Notice is given on `today`: its last day is `last`. No run starts any more; what runs goes on to that day.
    ///
    /// # Errors
    /// A refusal (AGR-28) when notice runs already, for a day that has passed or lies after its end, or without a
    /// reason.
    pub fn notice(
        mut self,
        last: Date,
        today: Date,
        reason: &str,
        by: &Actor,
    ) -> Result<Change<Self>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::without_reason("AGR-28", "notice needs its reason"));
        }
        if let Some(ends) = self.ends {
            return Err(
                Refusal::new("AGR-28", format!("{} ends on {ends} already", self.id))
                    .help("suspend it, where nothing more must move until then"),
            );
        }
        if last < today || self.last.is_some_and(|end| last > end) {
            return Err(
                Refusal::new("AGR-28", format!("{} cannot end on {last}", self.id))
                    .help("name a day from today to the last day of its term"),
            );
        }
        self.ends = Some(last);
        let record = self
            .record(Act::AgreementNotice, by)
            .rule("AGR-28")
            .fact("last", Fact::Date(last))
            .text("reason", reason);
        Ok(Change::new(self, record))
    }

    /// Where it is in its life on `day` (AGR-28). Before it is laid on a table it is a draft, in consultation: a file.
    pub fn stage(&self, day: Date) -> &'static str {
        if !self.missing().is_empty() {
            "awaiting-signature"
        } else if self.last.is_some_and(|last| last < day) {
            "expired"
        } else if self.ends.is_some_and(|last| last < day) {
            "terminated"
        } else if self.is_suspended() {
            "suspended"
        } else if day < self.from || !self.controls.is_complete() {
            "signed"
        } else if self.ends.is_some() {
            "terminating"
        } else if self.standing == Standing::UnderReview {
            "under-review"
        } else {
            "in-force"
        }
    }

    fn missing(&self) -> Vec<&SignerId> {
        let all = self.signatories.keys();
        all.filter(|p| !self.signatures.contains_key(*p)).collect()
    }

    /// Is it suspended?
    pub fn is_suspended(&self) -> bool {
        self.standing == Standing::Suspended
    }

    /// Does what comes in wait unopened: is it suspended, or its checklist of controls not complete?
    pub fn holds_off(&self) -> bool {
        self.is_suspended() || !self.controls.is_complete()
    }

    /// Is its last day, by its term or by notice, before `day`?
    pub fn has_ended(&self, day: Date) -> bool {
        self.end().is_some_and(|last| last < day)
    }

    fn end(&self) -> Option<Date> {
        self.last.into_iter().chain(self.ends).min()
    }

    /// Is it signed, and does it run on `day`, whether it is suspended or not?
    ///
    /// # Errors
    /// The refusals, all together: signatures missing (AGR-21), the term not begun (AGR-29) or over (AGR-28).
    pub fn runs(&self, day: Date) -> Result<(), Vec<Refusal>> {
        let mut no = Vec::new();
        let missing: Vec<_> = self.missing().iter().map(ToString::to_string).collect();
        if !missing.is_empty() {
            no.push(
                Refusal::new(
                    "AGR-21",
                    format!("{} is not signed by {}", self.id, missing.join(" and ")),
                )
                .help("no agreement in force, no run (AGR-01): have it signed"),
            );
        }
        if day < self.from {
            no.push(
                Refusal::new("AGR-29", format!("{} begins on {}", self.id, self.from))
                    .help("wait for that day"),
            );
        }
        if let Some(last) = self.end().filter(|last| *last < day) {
            no.push(
                Refusal::new("AGR-28", format!("{} ended on {last}", self.id))
                    .help("renew it: a run needs an agreement in force"),
            );
        }
        if no.is_empty() { Ok(()) } else { Err(no) }
    }

    /// Is it in force on `day`?
    ///
    /// # Errors
    /// The refusals, all together: those of [`Pact::runs`], controls of which nobody has said that they are in place (SEC-03,
    /// SEC-04), or that it is suspended (AGR-28).
    pub fn in_force(&self, day: Date) -> Result<(), Vec<Refusal>> {
        let mut no = self.runs(day).err().unwrap_or_default();
        no.extend(self.controls.refusals());
        if self.is_suspended() {
            no.push(
                Refusal::new("AGR-28", format!("{} is suspended", self.id))
                    .help("nothing moves until a person lets it go on: `concordat node stand`"),
            );
        }
        if no.is_empty() { Ok(()) } else { Err(no) }
    }

    /// May a run start under it on `day`?
    ///
    /// # Errors
    /// As [`Pact::in_force`], or that notice runs (AGR-28).
    pub fn may_start(&self, day: Date) -> Result<(), Vec<Refusal>> {
        self.in_force(day)?;
        match self.ends {
            Some(last) => Err(vec![
                Refusal::new(
                    "AGR-28",
                    format!("notice is given: {} ends on {last}", self.id),
                )
                .help("what runs goes on to its end; a new run needs another agreement"),
            ]),
            None => Ok(()),
        }
    }

    fn record(&self, act: Act, by: &Actor) -> Record {
        Record::new(act, by)
            .under(self.hash)
            .id("agreement", &self.id)
    }

    /// The agreement's name.
    pub fn id(&self) -> &AgreementId {
        &self.id
    }
    /// This party's project that it comes out of (RUN-03).
    pub fn project(&self) -> Option<&ProjectId> {
        self.project.as_ref()
    }
    /// The controls that it is kept under, and who said of which that it is in place.
    pub fn controls(&self) -> &Checklist {
        &self.controls
    }
    /// When a review that it promises was done last.
    pub fn reviewed(&self, name: &str) -> Option<Date> {
        self.reviews.get(name).copied()
    }
    /// The hash that is signed.
    pub fn hash(&self) -> Digest {
        self.hash
    }
    /// The file as it was checked.
    pub fn source(&self) -> &str {
        &self.source
    }
    /// The files of its umbrellas, as they were checked.
    pub fn umbrellas(&self) -> &[String] {
        &self.umbrellas
    }
    /// The last day of the term; none where it has no end.
    pub fn last(&self) -> Option<Date> {
        self.last
    }
    /// The role in which a signatory signs.
    pub fn signs_as(&self, signer: &SignerId) -> Option<&str> {
        self.signatories.get(signer).map(String::as_str)
    }
    /// The signatories of one party: the party itself, or its units.
    pub fn signatories_of<'a>(&'a self, party: &'a PartyId) -> impl Iterator<Item = &'a SignerId> {
        self.signatories
            .keys()
            .filter(move |signer| signer.party() == *party)
    }
    /// The signed notes so far, by signatory: the annex.
    pub fn annex(&self) -> impl Iterator<Item = (&SignerId, &str)> {
        self.signatures
            .iter()
            .map(|(signer, (_, note))| (signer, note.as_str()))
    }
}

impl Aggregate for Pact {
    const KIND: &'static str = "pact";
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn status(&self) -> &'static str {
        match self.standing {
            _ if !self.missing().is_empty() => "awaiting-signature",
            Standing::Suspended => "suspended",
            Standing::UnderReview => "under-review",
            Standing::Running if self.ends.is_some() => "terminating",
            Standing::Running => "signed",
        }
    }
    fn deadline(&self) -> Option<Deadline> {
        None
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}
