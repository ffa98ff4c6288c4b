//! The closed list of acts that an entry can be about. A name here is part of the ledger's format: it may be
//! added to, never changed.

use ledger::{Code, Entry, Fact};

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Act {
            $($(#[$doc])* $name,)*
        }

        impl Act {
            /// Every act.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The act as it stands in an entry.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

acts! {
    /// The node came to be.
    NodeOpened = "node.opened";
    /// The node key, under which the keys of values are sealed, is to be replaced.
    NodeKeyReplacing = "node-key.replacing";
    /// It is replaced, and the old one is destroyed.
    NodeKeyReplaced = "node-key.replaced";
    /// A person looked at a clock that had leapt, and vouches for what it shows.
    ClockConfirmed = "clock.confirmed";
    /// A partner's public keys were taken on.
    PartnerTrusted = "partner.trusted";
    /// A route was proposed, with its settings.
    RouteProposed = "route.proposed";
    /// Whoever runs a route gave assurances of it.
    RouteAssured = "route.assured";
    /// A route was approved for the data (SEC-07).
    RouteApproved = "route.approved";
    /// What this node laid on a route for parties without a node is to be taken away before the route is retired (RET-16).
    RouteClearing = "route.clearing";
    /// A route is used no more.
    RouteRetired = "route.retired";
    /// A checked agreement was laid on the table.
    AgreementLaid = "agreement.laid";
    /// A party signed it.
    AgreementSigned = "agreement.signed";
    /// A person said that controls of a framework are in place, on what evidence (SEC-03, SEC-04).
    ControlsStated = "controls.stated";
    /// An agreement was suspended, with the reason: nothing moves under it.
    AgreementSuspended = "agreement.suspended";
    /// A suspended agreement goes on.
    AgreementResumed = "agreement.resumed";
    /// A person did a review that the agreement promises again and again (SEC-10).
    ReviewDone = "review.done";
    /// A review of an agreement began.
    AgreementUnderReview = "agreement.under-review";
    /// The review is over, and the agreement goes on.
    AgreementReviewed = "agreement.reviewed";
    /// Notice was given: the agreement ends on a day.
    AgreementNotice = "agreement.notice";
    /// What came with a file is to be used, or was, for another purpose, or disclosed to a third party (LEG-24, LEG-25).
    AnnouncementRaised = "announcement.raised";
    /// The sender of the file was told of it.
    AnnouncementSent = "announcement.sent";
    /// The receiver of a file told of it.
    AnnouncementReceived = "announcement.received";
    /// A person at the sender of the file looked at it.
    AnnouncementLookedAt = "announcement.looked-at";
    /// Another party was asked for an assurance that it keeps what it undertook (AUD-02).
    AssuranceAsked = "assurance.asked";
    /// Another party asked for an assurance of this one.
    AssuranceRequested = "assurance.requested";
    /// A person gave it for this party, in a signed note.
    AssuranceGiven = "assurance.given";
    /// The signed assurance of another party came.
    AssuranceReceived = "assurance.received";
    /// An assurance is not waited for any more, with the reason.
    AssuranceDropped = "assurance.dropped";
    /// An alteration that may affect an agreement was discussed (AGR-26).
    AlterationDiscussed = "alteration.discussed";
    /// Notice of it was given, in a signed note.
    AlterationNotified = "alteration.notified";
    /// The notice of another party's alteration came.
    AlterationReceived = "alteration.received";
    /// A party agreed to an alteration, in a signed note.
    AlterationAgreed = "alteration.agreed";
    /// A new version of the agreement, with the alteration, is in force.
    AlterationApplied = "alteration.applied";
    /// It does not come to it, with the reason.
    AlterationWithdrawn = "alteration.withdrawn";
    /// An approval was asked for.
    ApprovalAsked = "approval.asked";
    /// An approval was given.
    ApprovalGranted = "approval.granted";
    /// An approval was refused, with the full reason (APP-18).
    ApprovalRefused = "approval.refused";
    /// An approval was referred to a higher level (APP-07).
    ApprovalReferred = "approval.referred";
    /// Records were extracted for a flow.
    LegPrepared = "leg.prepared";
    /// Every cell has its permit and every condition of the gate holds.
    LegValidated = "leg.validated";
    /// A person released the file to be sent.
    LegApproved = "leg.approved";
    /// The file was built and sealed: this entry carries the disclosure's root.
    LegSealed = "leg.sealed";
    /// The package is on the transport.
    LegSent = "leg.sent";
    /// The receiver has it.
    LegAccepted = "leg.accepted";
    /// The receiver refused it whole.
    LegRefusedThere = "leg.refused-there";
    /// A refused file was taken back for correction (RUN-10).
    LegReopened = "leg.reopened";
    /// The password of a locked file went on its own channel (SEC-06).
    PasswordSent = "password.sent";
    /// A locked file did not open with the password that was given.
    PasswordWrong = "password.wrong";
    /// A match that a file rests on was refuted before the file was sealed.
    LegPreparedAgain = "leg.prepared-again";
    /// The agreement ended before a sealed file could go: nothing of it left.
    LegTakenBack = "leg.taken-back";
    /// A package arrived and was moved to its restricted place (RUN-14).
    LegReceived = "leg.received";
    /// A second, different file came for a leg that has one: it is held unopened.
    RivalHeld = "rival.held";
    /// One person said what becomes of it; another must say so too.
    RivalSpokenOf = "rival.spoken-of";
    /// Two people let it take the place of the first.
    RivalTaken = "rival.taken";
    /// Two people refused it.
    RivalRefused = "rival.refused";
    /// A file that was held took the place of the first.
    LegReplaced = "leg.replaced";
    /// This node refused a file whole (RUN-09, RUN-11).
    LegRejected = "leg.rejected";
    /// A file's content is at fault: a person must decide.
    LegHeld = "leg.held";
    /// A person released a held file.
    LegReleased = "leg.released";
    /// A file's values are in the vault.
    LegLoaded = "leg.loaded";
    /// Matching was done.
    LegMatched = "leg.matched";
    /// The run is over at this node.
    LegClosed = "leg.closed";
    /// A person gave a file up before anything of it was used.
    LegAbandoned = "leg.abandoned";
    /// A run was started.
    RunStarted = "run.started";
    /// A run's work is done; its files are being destroyed.
    RunClosing = "run.closing";
    /// A run is over: its files are destroyed (RUN-21).
    RunClosed = "run.closed";
    /// A partner was told that rows it has must not be relied on (FLAG-08).
    RecallSent = "recall.sent";
    /// A partner told that rows this node has must not be relied on.
    RecallReceived = "recall.received";
    /// A package that is refused at the door.
    PackageRefused = "package.refused";
    /// A package that had arrived before.
    PackageRepeated = "package.repeated";
    /// A matching solution was tested, and the report signed (MATCH-17).
    SolutionTested = "solution.tested";
    /// A person put a tested matching solution to use.
    SolutionInUse = "solution.in-use";
    /// A matching solution is used no more.
    SolutionRetired = "solution.retired";
    /// A match came to be, as a candidate.
    MatchFound = "match.found";
    /// A person confirmed a match.
    MatchConfirmed = "match.confirmed";
    /// A person refuted a match.
    MatchRefuted = "match.refuted";
    /// A newer candidate about the same person took a match's place.
    MatchSuperseded = "match.superseded";
    /// A confirmed match told something that a person must look at.
    FindingMade = "finding.made";
    /// A person looked at a finding: it is so.
    FindingVerified = "finding.verified";
    /// A person looked at a finding: it is not so, or of no use.
    FindingDismissed = "finding.dismissed";
    /// A finding fell with its match.
    FindingWithdrawn = "finding.withdrawn";
    /// A named person took a decision (REF-04).
    DecisionTaken = "decision.taken";
    /// A decision was asked for, and waits for a senior person (CHILD-06).
    DecisionAsked = "decision.asked";
    /// A senior person agreed to a decision: it is taken.
    DecisionSeconded = "decision.seconded";
    /// A senior person did not agree to a decision.
    DecisionDeclined = "decision.declined";
    /// A person told somebody of a decision, as the agreement says.
    DecisionTold = "decision.told";
    /// A controller reviewed a process and agreed that it is set up (CHILD-05).
    SetUpAgreed = "set-up.agreed";
    /// A decision must be looked at again: what it rests on was recalled.
    DecisionReopened = "decision.reopened";
    /// A person's tracing stopped by itself; only a person restarts it (S-24).
    TracingStopped = "tracing.stopped";
    /// A person restarted it.
    TracingRestarted = "tracing.restarted";
    /// A person wrote down whether a fact is so of a record.
    FactWritten = "fact.written";
    /// The other party was told of a volume outside what the agreement expects, and agreed (RUN-16).
    VolumeAgreed = "volume.agreed";
    /// A senior person approved the circumstance of a case.
    CircumstanceApproved = "circumstance.approved";
    /// What a confirmed match told became part of the permanent record (RET-07).
    RecordPromoted = "record.promoted";
    /// Values were used for a purpose (LEG-23).
    ValuesUsed = "values.used";
    /// A person was looked up, or somebody tried to; what came of it is sealed (LOOKUP-03).
    PersonLookedUp = "person.looked-up";
    /// An auditor read what look-ups were made (LOOKUP-04).
    LookUpsRead = "look-ups.read";
    /// An auditor was given the queue of look-ups to be reviewed (AUD-06).
    LookUpsQueued = "look-ups.queued";
    /// An auditor said what they make of a look-up.
    LookUpReviewed = "look-up.reviewed";
    /// A flag was set for a confirmed match.
    FlagSet = "flag.set";
    /// A flag is shown in the case register.
    FlagShown = "flag.shown";
    /// A flag is to be taken away, with the reason (FLAG-08).
    FlagLifting = "flag.lifting";
    /// The case register no longer shows it.
    FlagLifted = "flag.lifted";
    /// What was begun because of a flag is concluded (FLAG-07).
    FlagConcluded = "flag.concluded";
    /// A call about one person begins; without any of its fields (C-49).
    CheckBegun = "check.begun";
    /// A check is over, with its outcome (RTC-14).
    CheckEnded = "check.ended";
    /// A call of another party was answered.
    CallAnswered = "call.answered";
    /// A member of staff works on an application from now on (PTY-12).
    CaseworkerAssigned = "caseworker.assigned";
    /// A member of staff works on it no longer.
    CaseworkerRemoved = "caseworker.removed";
    /// A caseworker of an application saw its months.
    MonthsSeen = "months.seen";
    /// Calls by a route do not work: the technical contact is to be told (RTC-19).
    LineDown = "line.down";
    /// They work again.
    LineRestored = "line.restored";
    /// Values came under a keep rule.
    HoldingOpened = "holding.opened";
    /// Rows of a file are kept apart from it, under a rule of their own.
    HoldingKeptApart = "holding.kept-apart";
    /// The event from which the keep rule counts has happened.
    HoldingEvent = "holding.event";
    /// A person said that values are still needed (RET-04).
    NeedConfirmed = "need.confirmed";
    /// This node co-signed a checkpoint of a partner's ledger.
    CheckpointWitnessed = "checkpoint.witnessed";
    /// A partner co-signed a checkpoint of this node's ledger.
    CheckpointCosigned = "checkpoint.cosigned";
    /// Destruction fell due.
    DestructionDue = "destruction.due";
    /// The key was destroyed: the certificate (RET-12).
    KeyDestroyed = "key.destroyed";
    /// A person suspended the destruction of values, with the reason (RET-13).
    LegalHoldPlaced = "legal-hold.placed";
    /// A person let the destruction go on.
    LegalHoldReleased = "legal-hold.released";
    /// A partner's certificate arrived (RET-14).
    DestructionConfirmed = "destruction.confirmed";
    /// An incident was raised under an agreement (INC-01), by a person or, for what came in, by the node.
    IncidentRaised = "incident.raised";
    /// A party's contact was told of an incident.
    IncidentNotified = "incident.notified";
    /// An incident spreads no further.
    IncidentContained = "incident.contained";
    /// An incident's extent and harm are known.
    IncidentAssessed = "incident.assessed";
    /// Who else is told of an incident, and what follows, is decided (INC-04).
    IncidentDecided = "incident.decided";
    /// What an incident lost is back, or cannot be.
    IncidentRecovered = "incident.recovered";
    /// An incident is closed.
    IncidentClosed = "incident.closed";
    /// A closed incident is open again.
    IncidentReopened = "incident.reopened";
    /// A person signed in to the service.
    SessionOpened = "session.opened";
    /// Their session is over: they signed out, signed in again, or somebody ended it.
    SessionEnded = "session.ended";
    /// A rule of the hub said no (AUD-07).
    Refused = "refused";
}

/// The name by which a proof finds an entry: the disclosure's root of a sealed file, the holding of a destroyed key.
/// Other entries are not looked for.
pub fn found_by(entry: &Entry) -> Option<String> {
    let named = [
        (Act::LegSealed, "disclosure"),
        (Act::KeyDestroyed, "holding"),
    ];
    let act = entry.act.as_str();
    let (_, name) = named.into_iter().find(|(a, _)| a.as_str() == act)?;
    match entry.facts.get(&Code::of(name))? {
        Fact::Digest(root) => Some(root.to_string()),
        Fact::Id(id) => Some(id.to_string()),
        Fact::Count(_) | Fact::Code(_) | Fact::Date(_) | Fact::At(_) => None,
    }
}

impl Act {
    pub(crate) fn code(self) -> Code {
        Code::of(self.as_str())
    }
}
