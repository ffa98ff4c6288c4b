//! The caller of one request: who they are, and what they may see of what there is.

use exchange::authority::{Actor, Person};
use exchange::ids::{OperationId, StaffId};
use jiff::Timestamp;
use ledger::Digest;

use crate::access::{AUDITOR, Known};
use crate::app::{App, Entrance};
use crate::permission::{Attributes, Deed, Principal, Resource};
use crate::problem::{BAD_CERTIFICATE, BAD_TOKEN, DENIED, FAULT, NO_TOKEN, NOT_FOUND, Problem};
use crate::session::Current;
use crate::token;

/// For so many seconds a sign-in counts as recent.
const RECENT: i64 = 300;

/// Did somebody who signed in at that second since 1970 do so a short while ago?
pub(crate) fn is_recent(signed_in: i64, now: Timestamp) -> bool {
    now.as_second() - signed_in <= RECENT
}

/// The requirements that the policies name.
const RULES: [&str; 6] = ["SEC-09", "SEC-11", "PTY-08", "PTY-09", "PTY-11", "PTY-17"];

/// What is known of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Its address.
    pub(crate) from: std::net::SocketAddr,
    /// The digest of its client certificate, which TLS has verified.
    pub(crate) certificate: Option<Digest>,
}

/// How a caller shows who they are.
pub(crate) enum Shown<'a> {
    /// By an access token, or by nothing.
    Token(Option<&'a str>),
    /// By a session.
    Session(Box<Current>),
}

/// Who asks, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// What limits and idempotency keys belong to: never logged.
    pub(crate) name: String,
    pub(crate) principal: Principal,
    /// The person who acts; none for programs and auditors.
    person: Option<Person>,
    deed: Deed,
    /// The id of the request.
    request: String,
}

/// The id of a request, as the log has it.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

impl Caller {
    /// Who shows this, on this connection.
    pub(crate) fn find(
        app: &App,
        shown: Shown<'_>,
        peer: Peer,
        deed: Deed,
        id: RequestId,
    ) -> Result<Self, Problem> {
        let now = app.node.ports().clock.now();
        let bearer = match shown {
            _ if deed == Deed::AnswerCall => return Self::node(app, peer, deed, id.0),
            Shown::Session(current) => {
                let signed_in = Some(current.signed.signed_in.as_second());
                return Self::person(&current.known, signed_in, now, deed, id);
            }
            Shown::Token(bearer) => bearer.ok_or(NO_TOKEN)?,
        };
        let request = id.0.clone();
        match &app.entrance {
            Entrance::Local { person, secret } => {
                // Digests are compared, so that the time tells nothing of the secret.
                if Digest::of(bearer.as_bytes()) != *secret {
                    return Err(BAD_TOKEN.into());
                }
                Ok(Self::local(app, person.clone(), deed, request))
            }
            Entrance::Tokens(list) => {
                let list = list.read().map_err(|_| FAULT)?.clone();
                let claims = token::check(bearer, &list, peer.certificate, now).map_err(|bad| {
                    tracing::warn!(target: crate::log::TARGET, code = ?bad, "a token was refused");
                    BAD_TOKEN
                })?;
                let key = (claims.issuer, claims.subject);
                if let Some(known) = list.people.get(&key) {
                    return Self::person(known, claims.signed_in, now, deed, id);
                }
                // A token of a program for itself names the client as its subject (RFC 9068, section 5).
                let program = list.programs.get(&key).filter(|_| claims.client == key.1);
                let program = program.ok_or(BAD_TOKEN)?;
                Ok(Self {
                    name: format!("system {} {}", key.0, key.1),
                    principal: Principal {
                        party: program.party.clone(),
                        agreements: program.agreements.clone(),
                        person: None,
                    },
                    person: None,
                    deed,
                    request,
                })
            }
        }
    }

    /// The node of another party is known by its client certificate alone.
    fn node(app: &App, peer: Peer, deed: Deed, request: String) -> Result<Self, Problem> {
        let Entrance::Tokens(list) = &app.entrance else {
            return Err(BAD_CERTIFICATE.into());
        };
        let list = list.read().map_err(|_| FAULT)?;
        let party = peer.certificate.and_then(|shown| list.nodes.get(&shown));
        let party = party.ok_or(BAD_CERTIFICATE)?;
        Ok(Self {
            name: format!("node {party}"),
            principal: Principal {
                party: party.clone(),
                agreements: None,
                person: None,
            },
            person: None,
            deed,
            request,
        })
    }

    /// This person of the list, who signed in at that second since 1970.
    pub(crate) fn person(
        known: &Known,
        signed_in: Option<i64>,
        now: Timestamp,
        deed: Deed,
        RequestId(request): RequestId,
    ) -> Result<Self, Problem> {
        let today = exchange::deadline::london_day(now).map_err(|_| FAULT)?;
        let attributes = Attributes {
            role: known.role.map_or(AUDITOR, |role| role.as_str()),
            clearance: known.clearance,
            authorised: known.authorised,
            trained: today <= known.trained_until,
            current: known.until.is_none_or(|last| today <= last),
            recent: signed_in.is_some_and(|at| is_recent(at, now)),
            teams: known.teams.clone(),
        };
        Ok(Self {
            name: format!("staff {}", known.staff),
            principal: Principal {
                party: known.party.clone(),
                agreements: known.agreements.clone(),
                person: Some(attributes),
            },
            person: known.role.map(|role| as_person(&known.staff, role)),
            deed,
            request,
        })
    }

    /// Whoever can read the node's keys is believed, as on the command line.
    fn local(app: &App, person: Person, deed: Deed, request: String) -> Self {
        let attributes = Attributes {
            role: person.role.as_str(),
            clearance: agreement::Clearance::Dv,
            authorised: true,
            trained: true,
            current: true,
            recent: true,
            teams: ["matching".to_owned()].into(),
        };
        Self {
            name: "local".into(),
            principal: Principal {
                party: app.node.party().clone(),
                agreements: None,
                person: Some(attributes),
            },
            person: Some(person),
            deed,
            request,
        }
    }

    /// What they are, for the log: never who.
    pub(crate) fn kind(&self) -> &'static str {
        self.principal.person.as_ref().map_or("system", |p| p.role)
    }

    /// The person who acts.
    pub(crate) fn acts(&self) -> Result<&Person, Problem> {
        self.person.as_ref().ok_or_else(|| DENIED.into())
    }

    /// An operation of this one request.
    pub(crate) fn operation(&self, verb: &str) -> Result<OperationId, Problem> {
        OperationId::parse(format!("api/{verb}/{}", self.request)).map_err(|_| FAULT.into())
    }

    /// May they do this to anything at all that could be theirs? Asked before anything is looked for, and answered with
    /// every rule that says no.
    pub(crate) fn may_at_all(&self, app: &App) -> Result<(), Problem> {
        let resource = if self.deed.is_of_node() {
            Resource::Node
        } else {
            let id = match &self.principal.agreements {
                Some(some) => some.first().cloned().ok_or(DENIED)?,
                None => exchange::ids::AgreementId::parse("any").map_err(|_| FAULT)?,
            };
            Resource::Agreement {
                id,
                clearance: agreement::Clearance::None,
                direct: true,
            }
        };
        self.ask(app, &resource)
    }

    /// May they do it to this? What is not theirs answers as what is not there: the rule would tell that it is, and
    /// goes to the ledger alone.
    pub(crate) async fn may(&self, app: &App, resource: &Resource) -> Result<(), Problem> {
        match self.ask(app, resource) {
            Err(no) if no.kind == DENIED => {
                self.record(app, &no).await?;
                Err(NOT_FOUND.into())
            }
            answer => answer,
        }
    }

    /// Would they be let through? Asked of the items of a list, where leaving one out is no refusal.
    pub(crate) fn sees(&self, app: &App, resource: &Resource) -> bool {
        self.ask(app, resource).is_ok()
    }

    /// Writes down which rules kept them out, before they are told (AUD-07). An auditor acts in no role of the node: the
    /// log alone has theirs.
    pub(crate) async fn record(&self, app: &App, no: &Problem) -> Result<(), Problem> {
        let actor = match (&self.person, &self.principal.person) {
            (Some(person), _) => Actor::Person(person.clone()),
            (None, None) => Actor::Partner(self.principal.party.clone()),
            (None, Some(_)) => return Ok(()),
        };
        let rules = no.rules.iter().filter_map(|said| {
            let rule = RULES.iter().find(|rule| **rule == said.rule)?;
            Some((*rule, said.what.as_str()))
        });
        let rules: Vec<_> = rules.collect();
        let op = self.operation("denied")?;
        Ok(app.node.deny(&op, &actor, &rules).await?)
    }

    fn ask(&self, app: &App, resource: &Resource) -> Result<(), Problem> {
        let party = app.node.party();
        app.permissions
            .ask(party, &self.principal, self.deed, resource)
    }
}

fn as_person(staff: &StaffId, role: exchange::authority::Role) -> Person {
    Person {
        staff: staff.clone(),
        role,
    }
}
