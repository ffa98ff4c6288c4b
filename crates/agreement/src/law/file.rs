//! The files of the law catalogue as they are written.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::grammar::{Book, Day, Named, Number, Rows, Set, Written, Yes, constructs};
use crate::ids::{
    BodyId, DutyId, GatewayId, InstrumentId, KindId, LabelId, LegalPurpose, LimbId, RegimeId,
    RegisterId,
};
use crate::log::Log;
use crate::period::Period;
use crate::words::{Impact, Kind, Level, Nation, Scope};
use document::{Node, Value};

constructs! {
    /// A file of the law catalogue; what stands in which file does not matter.
    LawFile = "file of the law catalogue" {
        /// The kinds of body.
        may kinds = "kinds": Named<KindId, KindRow>;
        /// The bodies that can be parties.
        may bodies = "bodies": Named<BodyId, BodyRow>;
        /// Registers of bodies and of areas.
        may registers = "registers": Named<RegisterId, RegisterRow>;
        /// The purposes that the law names.
        may purposes = "purposes": Named<LegalPurpose, String>;
        /// The statutory guidance under which a purpose is served.
        may guidance = "guidance": Named<LegalPurpose, Set<String>>;
        /// What gateways are read with.
        may instruments = "instruments": Named<InstrumentId, InstrumentRow>;
        /// The gateways.
        may gateways = "gateways": Named<GatewayId, GatewayRow>;
        /// The data protection regimes.
        may regimes = "regimes": Named<RegimeId, RegimeRow>;
        /// Where data may go without an adequacy assessment, and since when.
        may adequacy = "adequacy": Rows<AdequacyRow>;
        /// Bank holidays.
        may calendars = "calendars": Named<LabelId, CalendarRow>;
        /// Whose leave a volume needs.
        may approvals = "approvals": Named<LabelId, ApprovalRow>;
        /// Lists of codes.
        may codes = "codes": Named<LabelId, CodesRow>;
        /// Duties that decisions must consider.
        may duties = "duties": Named<DutyId, DutyRow>;
        /// What each kind of agreement asks of its parties.
        may agreements = "agreements": Named<LabelId, AgreementRow>;
        /// Clauses that agreements may print.
        may clauses = "clauses": Named<LabelId, String>;
        /// Titles of signatories, by level of seniority.
        may grades = "grades": Rows<GradeRow>;
    }

    /// A kind of body.
    KindRow = "kind of body" {
        /// What it is.
        need title = "title": String;
        /// It shares under a commercial contract and not under a memorandum.
        may commercial = "commercial": Yes;
        /// Its bodies can be parties as processors only.
        may processor_only = "processor-only": Yes;
    }

    /// A body that can be a party.
    BodyRow = "body" {
        /// Its name, for people.
        need title = "title": String;
        /// Its kind.
        need kind = "kind": KindId;
        /// Its country.
        need country = "country": LabelId;
        /// The body that it is a part of.
        may part_of = "part-of": BodyId;
        /// Its own rule about approvals.
        may approvals = "approvals": LabelId;
    }

    /// A register of bodies or of areas.
    RegisterRow = "register" {
        /// What it lists.
        need title = "title": String;
        /// The kind of its bodies, where it lists bodies.
        may kind = "kind": KindId;
        /// Its versions.
        need versions = "versions": Rows<RegisterVersion>;
    }

    /// A version of a register.
    RegisterVersion = "version" {
        /// The day from which it holds.
        need date = "date": Day;
        /// Its members.
        need members = "members": Set<LabelId>;
    }

    /// A provision that a gateway is read with.
    InstrumentRow = "instrument" {
        /// The citation.
        need cites = "cites": String;
        /// The days on which it is in force.
        may effective = "effective": Effective;
    }

    /// Days on which something is in force.
    Effective = "effective" {
        /// The first day.
        may from = "from": Day;
        /// The last day.
        may until = "until": Day;
    }

    /// A gateway.
    GatewayRow = "gateway" {
        /// The citation.
        need cites = "cites": String;
        /// The ways it opens.
        need ways = "ways": Rows<WayRow>;
        /// The nations of the United Kingdom that it reaches; without it, all.
        may territory = "territory": Set<Nation>;
        /// How much one use covers; without it, a file.
        may scope = "scope": Scope;
        /// The agreement must say why it is relied on.
        may needs_why = "needs-why": Yes;
        /// What it is always read with.
        may read_with = "read-with": Set<InstrumentId>;
        /// What an agreement may name as read with it.
        may may_be_with = "may-be-with": Set<InstrumentId>;
        /// Its limbs, and the purposes that each serves.
        may limbs = "limbs": Named<LimbId, Set<LegalPurpose>>;
        /// The register of areas, one of which each use is for.
        may areas = "areas": RegisterId;
        /// What must be known of a record.
        may only_where = "only-where": OnlyWhere;
        /// Each use is documented by who discloses.
        may documented = "documented": Yes;
        /// It is only for data that is about nobody.
        may non_personal = "non-personal": Yes;
        /// What it asks of those who use it, in words.
        may conditions = "conditions": Set<String>;
        /// The days on which it is in force.
        may effective = "effective": Effective;
        /// Who compared the entry with the law, and when.
        may verified = "verified": Verified;
        /// Legal questions that are open.
        may checks = "checks": Set<String>;
        /// The requirement behind its territory, area or scope; without it, LEG-01.
        may rule = "rule": RuleId;
    }

    /// What must be known of a record for which a gateway is used.
    OnlyWhere = "only-where" {
        /// A fact has one of these values.
        need values = "values": Set<String>;
        /// The requirement.
        need rule = "rule": RuleId;
    }

    /// Who compared an entry with the law.
    Verified = "verified" {
        /// Who.
        need by = "by": String;
        /// On which day.
        need on = "on": Day;
    }

    /// A way that a gateway opens.
    WayRow = "way" {
        /// Who may send: `any`, bodies, or kinds of body.
        need from = "from": Who;
        /// Who may receive.
        need to = "to": Who;
        /// The closed list of purposes.
        need purposes = "purposes": Set<LegalPurpose>;
        /// Who may not send after all, or what may not be sent.
        may except = "except": Rows<ExceptRow>;
    }

    /// An exception from a way.
    ExceptRow = "exception" {
        /// Who may not send.
        need from = "from": Who;
        /// Only this kind of information.
        may information = "information": LabelId;
        /// The gateway that serves instead.
        may instead = "instead": GatewayId;
        /// The requirement.
        need rule = "rule": RuleId;
    }

    /// A data protection regime.
    RegimeRow = "regime" {
        /// Its name, for people.
        need title = "title": String;
        /// The days on which it is in force.
        need effective = "effective": Effective;
        /// Within which time a request for access is answered.
        need access = "access-request": Period;
        /// Its principles.
        need principles = "principles": Named<LabelId, String>;
        /// Its exemptions.
        need exemptions = "exemptions": Named<LabelId, String>;
        /// The impact assessment that it knows.
        need impact = "impact": Impact;
        /// Every controller must have that assessment, or say that it is due.
        may impact_needed = "impact-needed": Yes;
        /// Its conditions for processing; each controller names one.
        may lawful_bases = "lawful-bases": Named<InstrumentId, String>;
        /// What is open about it.
        may checks = "checks": Set<String>;
    }

    /// Where data may go without an adequacy assessment, from a day on.
    AdequacyRow = "adequacy list" {
        /// The days on which the list holds.
        need effective = "effective": Effective;
        /// Countries of the area within which no assessment is needed.
        need area = "area": Set<LabelId>;
        /// Countries outside it that need none either.
        need exempt = "exempt": Set<LabelId>;
        /// Countries that always need one.
        need always = "always": Set<LabelId>;
        /// What is open about it.
        may checks = "checks": Set<String>;
    }

    /// Bank holidays, and the days for which the list is complete.
    CalendarRow = "calendar" {
        /// What it is.
        need title = "title": String;
        /// The first day for which it is complete.
        need from = "from": Day;
        /// The last day for which it is complete.
        need until = "until": Day;
        /// The holidays.
        need holidays = "holidays": Set<Day>;
    }

    /// Whose leave a volume needs (APP-03).
    ApprovalRow = "approvals" {
        /// What it is.
        need title = "title": String;
        /// The number of records over which the higher level is needed.
        need over = "over": Number<100_000_000>;
        /// The time over which they are counted.
        need within = "within": Period;
        /// The level for more.
        need above = "above": Level;
        /// The level for as many or fewer.
        need below = "below": Level;
    }

    /// A list of codes.
    CodesRow = "codes" {
        /// What they stand for.
        need title = "title": String;
        /// The codes.
        need values = "values": Named<LabelId, CodeRow>;
    }

    /// A code.
    CodeRow = "code" {
        /// The name that the documents print.
        need printed = "printed": String;
        /// The official name.
        need official = "official": String;
    }

    /// A duty that decisions must consider.
    DutyRow = "duty" {
        /// The citation.
        need cites = "cites": String;
        /// The bodies that it binds.
        need binds = "binds": Set<BodyId>;
        /// It is about people under 18.
        may minors = "minors": Yes;
        /// The days on which it is in force.
        may effective = "effective": Effective;
        /// The requirement.
        need rule = "rule": RuleId;
    }

    /// What a kind of agreement asks of its parties.
    AgreementRow = "kind of agreement" {
        /// The kind.
        need kind = "kind": Kind;
        /// A body that must be one of its parties.
        need with = "with": BodyId;
        /// The requirement.
        need rule = "rule": RuleId;
    }

    /// A level of seniority.
    GradeRow = "grade" {
        /// Its titles.
        need titles = "titles": Set<String>;
    }
}

/// The id of a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct RuleId(pub(crate) String);

impl Written for RuleId {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let text = String::read(node, log)?;
        let form = text.split_once('-').is_some_and(|(area, n)| {
            area.bytes().all(|b| b.is_ascii_uppercase()) && n.bytes().all(|b| b.is_ascii_digit())
        });
        if !form {
            log.fault(
                crate::rules::WORD,
                node.span,
                "a requirement is written as LEG-01",
            );
            return None;
        }
        Some(Self(text))
    }

    fn schema(_: &mut Book) -> Json {
        json!({ "type": "string", "pattern": "^[A-Z]+-[0-9]+$" })
    }

    fn words() -> String {
        "a requirement, `LEG-01`".to_owned()
    }
}

/// Who stands at one end of a way: any body, or those named by body or by kind.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Any,
    Named(Set<LabelId>),
}

impl Serialize for Who {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => "any".serialize(to),
            Self::Named(names) => names.serialize(to),
        }
    }
}

impl Written for Who {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        if matches!(&node.value, Value::Text { text, .. } if text == "any") {
            return Some(Self::Any);
        }
        Set::read(node, log).map(Self::Named)
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [{ "const": "any" }, Set::<LabelId>::schema(book)] })
    }

    fn words() -> String {
        "`any`, or bodies and kinds of body".to_owned()
    }
}
