//! The closed list of acts that an entry can be about. A name here is part of the ledger's format: it may be
//! added to, never changed.

use ledger::Code;

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
    /// A partner's public keys were taken on.
    PartnerTrusted = "partner.trusted";
    /// A checked agreement was laid on the table.
    AgreementLaid = "agreement.laid";
    /// A party signed it.
    AgreementSigned = "agreement.signed";
    /// An approval was asked for.
    ApprovalAsked = "approval.asked";
    /// An approval was given.
    ApprovalGranted = "approval.granted";
    /// An approval was refused, with the full reason (APP-18).
    ApprovalRefused = "approval.refused";
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
    /// A package arrived and was moved to its restricted place (RUN-14).
    LegReceived = "leg.received";
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
    /// A package that is refused at the door.
    PackageRefused = "package.refused";
    /// A package that had arrived before.
    PackageRepeated = "package.repeated";
    /// A match came to be, as a candidate.
    MatchFound = "match.found";
    /// A person confirmed a match.
    MatchConfirmed = "match.confirmed";
    /// A person refuted a match.
    MatchRefuted = "match.refuted";
    /// A flag was set for a confirmed match.
    FlagSet = "flag.set";
    /// A flag is shown in the case register.
    FlagShown = "flag.shown";
    /// Values came under a keep rule.
    HoldingOpened = "holding.opened";
    /// The event from which the keep rule counts has happened.
    HoldingEvent = "holding.event";
    /// Destruction fell due.
    DestructionDue = "destruction.due";
    /// The key was destroyed: the certificate (RET-12).
    KeyDestroyed = "key.destroyed";
    /// A partner's certificate arrived (RET-14).
    DestructionConfirmed = "destruction.confirmed";
    /// A rule of the hub said no (AUD-07).
    Refused = "refused";
}

impl Act {
    pub(crate) fn code(self) -> Code {
        Code::of(self.as_str())
    }
}
