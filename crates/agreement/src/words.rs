//! The closed lists of words of the language: each list once, read, published and printed from here.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::grammar::{Book, Written, one_of, word};
use crate::log::Log;
use document::Node;

/// Declares closed lists of words, each word with its name in the file; `[RULE]` is the rule that another word
/// breaks.
macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident $([$rule:literal])? { $($(#[doc = $vdoc:literal])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $name { $($(#[doc = $vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every word of the list.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];

            /// What each word means.
            pub const MEANINGS: &'static [(&'static str, &'static str)] =
                &[$(($word, concat!($($vdoc),*))),*];

            /// The word, as an agreement writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Written for $name {
            fn read(node: &Node, log: &Log) -> Option<Self> {
                word(node, log, Self::ALL, words!(@rule $($rule)?))
            }
            fn schema(book: &mut Book) -> Json {
                book.define(concat!("word-", stringify!($name)), |_| {
                    let each: Vec<Json> = Self::MEANINGS.iter()
                        .map(|(word, means)| json!({ "const": word, "description": means.trim() }))
                        .collect();
                    json!({ "oneOf": each, "description": concat!($($doc),*).trim() })
                })
            }
            fn words() -> String {
                one_of(&[$($word),*])
            }
        }
    )*

        /// Every closed list: its name, what it is, and its words with their meanings.
        pub(crate) const LISTS: &[(&str, &str, &[(&str, &str)])] = &[
            $((stringify!($name), concat!($($doc),*), $name::MEANINGS)),*
        ];
    };
    (@rule) => { crate::rules::WORD };
    (@rule $rule:literal) => { $rule };
}

words! {
    /// What an agreement is (AGR-02).
    Kind ["AGR-02"] {
        /// What two or more parties agree for all their exchanges; it lets nothing move.
        Umbrella = "umbrella",
        /// A process memorandum: one exchange.
        Process = "process",
        /// A data usage agreement: one exchange that happens once, with HM Revenue and Customs.
        Dua = "dua",
    }
    /// How far an exchange has come.
    Stage {
        /// It is tried out.
        ProofOfConcept = "proof-of-concept",
        /// It is done for good.
        Regular = "regular",
    }
    /// The protective marking.
    Marking {
        /// Official.
        Official = "official",
        /// Official, and to be handled as sensitive.
        OfficialSensitive = "official-sensitive",
    }
    /// What a party is to the data.
    Control {
        /// It decides why and how the data is used.
        Controller = "controller",
        /// It acts for a controller, and has no leave of its own.
        Processor = "processor",
    }
    /// What a processor does for its controller.
    Does {
        /// It carries what it cannot read.
        Carry = "carry",
        /// It stores for its controller.
        Store = "store",
        /// It matches, or works in another way, for its controller.
        Work = "work",
    }
    /// A level of clearance of staff.
    Clearance {
        /// None.
        None = "none",
        /// Baseline personnel security standard.
        Bpss = "bpss",
        /// Counter-terrorist check.
        Ctc = "ctc",
        /// Security check.
        Sc = "sc",
        /// Developed vetting.
        Dv = "dv",
    }
    /// Who gives leave for a volume (APP-03).
    Level {
        /// The information asset owner.
        Iao = "iao",
        /// The senior information risk owner.
        Siro = "siro",
    }
    /// The kind of an impact assessment.
    Impact {
        /// Privacy impact assessment.
        Pia = "pia",
        /// Data protection impact assessment.
        Dpia = "dpia",
        /// Equality impact assessment.
        Equality = "equality",
    }
    /// How an assessment stands.
    Assessed {
        /// It is done.
        Done = "done",
        /// It is not needed; the reason is written.
        NotNeeded = "not-needed",
        /// It is still to be done.
        Due = "due",
    }
    /// How a route carries.
    RouteKind {
        /// Email within a secure network.
        Email = "email",
        /// A file transfer system.
        Transfer = "transfer",
        /// The hub's own sealed packages.
        Sealed = "sealed",
        /// Software to software.
        Api = "api",
        /// Post.
        Post = "post",
        /// A portable device.
        Portable = "portable",
        /// A person of one party looks into a system of the other.
        DirectAccess = "direct-access",
    }
    /// How far a route has come (C-18).
    RouteState {
        /// Somebody wants it.
        Proposed = "proposed",
        /// Somebody was assured of it, which is not enough to use it.
        Assured = "assured",
        /// It may be used for this data.
        Approved = "approved",
        /// It may be used no longer.
        Retired = "retired",
    }
    /// The form of a flow's file (RUN-12).
    Form ["RUN-12"] {
        /// A workbook.
        Xlsx = "xlsx",
        /// Comma-separated values.
        Csv = "csv",
        /// A form that people fill in and read.
        Form = "form",
        /// A letter to a person.
        Letter = "letter",
        /// A question and its answer between programs.
        Call = "call",
    }
    /// May the cell be empty?
    Presence {
        /// Never.
        Always = "always",
        /// Where the sender does not hold it.
        IfHeld = "if-held",
    }
    /// The class of a field (LEG-22).
    Class ["LEG-22"] {
        /// Personal data.
        Personal = "personal",
        /// Special category data, or data to be handled like it; needs a handling reason.
        Sensitive = "sensitive",
        /// A handle of the exchange itself, about nobody outside it.
        Reference = "reference",
        /// Data from which nobody can be told.
        DePersonalised = "de-personalised",
        /// Not about a person.
        None = "none",
    }
    /// Why a field is sent (LEG-20).
    Why ["LEG-20"] {
        /// It tells who is meant.
        Identifies = "identifies",
        /// It ties an answer to its question.
        Links = "links",
        /// The receiver compares it with its own.
        Compares = "compares",
        /// It is what was asked for.
        Answers = "answers",
        /// A person decides with it.
        Decides = "decides",
        /// Something is calculated out of it.
        Derives = "derives",
        /// It governs the exchange.
        Governs = "governs",
        /// It measures how useful the exchange is.
        Evaluates = "evaluates",
    }
    /// The type of a field or a fact: the form of its text.
    TypeName {
        /// A person's name, in any script: a line of up to 200 characters.
        Name = "name",
        /// A line of up to 1,000 characters.
        Text = "text",
        /// Up to 64 of letters, digits and `- / _ .`.
        Reference = "reference",
        /// Up to 32 of letters, digits, `-` and `_`.
        Code = "code",
        /// A day that exists, as `2026-01-31`.
        Date = "date",
        /// A month, as `2026-01`.
        Month = "month",
        /// A year, as `2026`.
        Year = "year",
        /// An instant, as `2026-01-31T12:00:00Z`.
        Timestamp = "timestamp",
        /// A National Insurance number without spaces; the suffix letter may be missing.
        Nino = "nino",
        /// A postcode in capitals with one space.
        Postcode = "postcode",
        /// `yes` or `no`.
        Truth = "truth",
        /// A postal address in one line of up to 500 characters.
        Address = "address",
        /// An address with the days of its use, as `2014-05-01/2016-03-31 1 High Street`; `..` for a day that is not known.
        DatedAddress = "dated-address",
        /// An email address.
        Email = "email",
        /// A telephone number: perhaps `+`, then 7 to 15 digits with single spaces between.
        Phone = "phone",
        /// A count: digits without a leading nought, up to 999,999,999.
        Count = "count",
        /// An amount of money in pounds: digits, a full stop and two digits.
        Amount = "amount",
        /// A country or nationality, as three capital letters.
        Country = "country",
        /// A nation of the United Kingdom.
        Nation = "nation",
        /// The outcome of matching one record (MATCH-01).
        MatchOutcome = "match-outcome",
        /// A contact point of an official: a line of up to 200 characters.
        Contact = "contact",
        /// One of the `values` that stand beside it.
        OneOf = "one-of",
        /// One of the codes of the catalogue's `list` that stands beside it.
        Listed = "listed",
        /// Which value of the fields in `values`: the field's name, a stroke and the number of the value.
        WhichOf = "which-of",
    }
    /// A nation of the United Kingdom.
    Nation {
        /// England.
        England = "england",
        /// Wales.
        Wales = "wales",
        /// Scotland.
        Scotland = "scotland",
        /// Northern Ireland.
        NorthernIreland = "northern-ireland",
    }
    /// Who makes a value, and for what.
    Minted {
        /// The exchange, for each record.
        PerRecord = "per-record",
        /// The exchange, for each call.
        PerCall = "per-call",
    }
    /// How a fact is recorded.
    Recorded {
        /// As a text that gives the reasons.
        Text = "text",
        /// As a choice.
        Choice = "choice",
    }
    /// How one party tells another that a condition holds.
    Told {
        /// One statement for all that is sent.
        Statement = "statement",
        /// By naming the record.
        NamedRecord = "named-record",
    }
    /// The moment at which a window is measured.
    Moment {
        /// When the flow is sent.
        Sent = "sent",
        /// When the question was sent that is answered.
        Requested = "requested",
        /// When a check is made.
        Checked = "checked",
        /// When the file arrives.
        Received = "received",
    }
    /// What stands instead of what lies outside a window.
    Fallback {
        /// The last one known, where all lie outside.
        LastKnown = "last-known",
    }
    /// How much one use of a gateway covers.
    Scope {
        /// A file of records.
        Batch = "batch",
        /// One record at a time, each documented (LEG-16).
        OneRecord = "one-record",
    }
    /// When a line of a basis may be relied on at all.
    OnlyIf {
        /// Only where no line above it covers the cell.
        NoLineAbove = "no-line-above",
    }
    /// How often a flow runs.
    Frequency {
        /// Once a day.
        Day = "day",
        /// Once a week.
        Week = "week",
        /// Once a month.
        Month = "month",
        /// Once a quarter.
        Quarter = "quarter",
        /// Once a year.
        Year = "year",
    }
    /// What a run waits for.
    NotBefore {
        /// For the first day of the term.
        Term = "term",
    }
    /// What else is asked of an unforeseen circumstance.
    Extra {
        /// A text that says what it is.
        Text = "text",
        /// The approval of a senior person.
        SeniorApproval = "senior-approval",
    }
    /// Which rows an answer has (MATCH-02).
    RowCover {
        /// One for every row that was asked.
        EveryRow = "every-row",
        /// One for some of the rows that were asked.
        RowsSent = "rows-sent",
        /// One or more for the rows where there is something to say.
        RowsWithContent = "rows-with-content",
    }
    /// How an answer shows the rows without content.
    Others {
        /// By their number.
        NilCount = "nil-count",
        /// By a row that says so.
        NilRow = "nil-row",
        /// By one constant answer.
        NotFound = "not-found",
    }
    /// What came of a row.
    Outcome {
        /// Nothing was found for it.
        NoHit = "no-hit",
        /// Something was found for it.
        Hit = "hit",
    }
    /// Where a match stands (MATCH-06).
    MatchIs {
        /// A person confirmed it.
        Confirmed = "confirmed",
        /// There is none.
        None = "none",
    }
    /// Which copy a keep rule is about.
    Place {
        /// What the party prepared to send.
        Staging = "staging",
        /// What the party received, or made.
        Received = "received",
    }
    /// Where a copy may be at all.
    OnlyIn {
        /// In the memory of a running program and on no disk.
        Memory = "memory",
    }
    /// What happens when a keeping ends.
    Then {
        /// The key of the dataset is destroyed, with a certificate (RET-12).
        Destroy = "destroy",
    }
    /// Is a clock a duty or an aim?
    Force {
        /// A duty.
        Must = "must",
        /// An aim.
        Aim = "aim",
    }
    /// What happens when a clock has run out.
    ClockThen {
        /// It goes to the next level of contacts.
        Escalate = "escalate",
    }
    /// An event that time is counted from, or that ends a time.
    Event {
        /// The sender's file has gone.
        Sent = "sent",
        /// The receiver has the file.
        Received = "received",
        /// The receiver can use what the file brought.
        Loaded = "loaded",
        /// The party that matches declared the matching complete (RET-02).
        MatchingComplete = "matching-complete",
        /// The run is closed.
        RunClosed = "run-closed",
        /// The call was answered.
        Answered = "answered",
        /// What is derived from the answers of the call has been calculated.
        Calculated = "calculated",
        /// Something derived was made.
        Created = "created",
        /// A decision was taken.
        Decided = "decided",
        /// A person left the pool.
        PoolLeft = "pool-left",
        /// A review was held.
        Reviewed = "reviewed",
        /// The agreement ended.
        Ended = "ended",
        /// It happened.
        Happened = "happened",
        /// A party came to know of it.
        Aware = "aware",
        /// A party was told of it.
        Reported = "reported",
        /// It went to the next level.
        Escalated = "escalated",
        /// A case, an account or a membership was closed.
        Closed = "closed",
    }
    /// Who becomes controller of what is received, and when (LEG-26).
    Passes {
        /// The receiver, when it has it.
        OnReceipt = "on-receipt",
        /// The receiver, when it becomes a part of its permanent record.
        OnPromotion = "on-promotion",
        /// Nobody: the sender stays controller.
        Never = "never",
    }
    /// Who is controller before that.
    UntilThen {
        /// The sender.
        Sender = "sender",
        /// Both in common.
        InCommon = "in-common",
    }
    /// When an agreement takes effect (AGR-21).
    Effect {
        /// When every signatory has signed.
        AllSigned = "all-signed",
    }
    /// How an agreement is changed (AGR-18).
    Amend {
        /// By writing that every party consents to.
        InWritingByAll = "in-writing-by-all",
    }
    /// What ends an agreement at once.
    AtOnce {
        /// A breach of it by the other party.
        Breach = "breach",
        /// A significant or serious breach of it.
        SeriousBreach = "serious-breach",
    }
    /// What stays in force after an agreement has ended (AGR-20).
    Survives {
        /// Keeping and destroying.
        Retention = "retention",
        /// Security.
        Security = "security",
        /// Incidents.
        Incidents = "incidents",
        /// Information rights.
        Rights = "rights",
        /// Audit.
        Audit = "audit",
    }
    /// How information is asked for (AGR-11).
    AskedIn {
        /// In writing.
        Writing = "writing",
        /// By the program that the agreement names.
        Software = "software",
    }
    /// What an umbrella asks of each process agreement under it (AGR-05).
    Asks {
        /// The benefits to the parties.
        Benefits = "benefits",
        /// The business owner at each party.
        Owners = "owners",
        /// The level of approval that was given.
        Approval = "approval",
        /// A purpose of the umbrella for each purpose.
        UmbrellaPurpose = "umbrella-purpose",
    }
}

impl Class {
    /// How strictly it is guarded; a copy of several fields is of the strictest class of all.
    pub(crate) fn strictness(self) -> u8 {
        match self {
            Self::None => 0,
            Self::DePersonalised => 1,
            Self::Reference => 2,
            Self::Personal => 3,
            Self::Sensitive => 4,
        }
    }
}
