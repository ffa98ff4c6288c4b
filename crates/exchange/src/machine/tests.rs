//! Each machine is walked through from its beginnings, by its own verbs, in every order: the steps that the code takes are those
//! of its table, and no others.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use agreement::{Period, Unit};
use async_trait::async_trait;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use ledger::Digest;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{MACHINES, Owner};
use crate::announcement::{Announcement, Matter, Said};
use crate::approval::{Approval, Scope};
use crate::authority::{Action, Actor, Person, Role, Warrant};
use crate::change::{Aggregate, Change};
use crate::check::application::{Application, Beginning, Ending as Ended};
use crate::check::line::Line;
use crate::check::{Channel, Outcome as Came};
use crate::decision::{Deciding, Decision};
use crate::entrusted::{Certificate, Entrusted};
use crate::flag::Flag;
use crate::ids::*;
use crate::leg::{Arrival, Leg, Of};
use crate::lookup::LookUp;
use crate::matches::{Evidence, Found, Grounds, Match};
use crate::node_key::NodeKey;
use crate::ports::{CallFault, Calling, Supplier};
use crate::retention::{Cause, Holding, KeepRule, LegalHold, Opening};
use crate::rival::{Fate, Rival};
use crate::run::{Kind, Pool, Run, Starting};
use crate::session::{Ending, Session, Signed};
use crate::set_up::SetUp;
use crate::trace::{Outcome, Rewash, Trace, Wash};

type Step = (&'static str, Option<&'static str>, &'static str);
/// A verb: what becomes of a thing by it; nothing where it says no.
type Verb<T> = (&'static str, Box<dyn Fn(T) -> Option<T>>);

/// So many verbs, one after the other, come to every state and back.
const DEEP: usize = 6;
const TODAY: Date = date(2026, 3, 2);

fn verb<T>(name: &'static str, does: impl Fn(T) -> Option<T> + 'static) -> Verb<T> {
    (name, Box::new(does))
}

/// As [`verb`], for one that gives a change or a refusal.
fn changes<T: Aggregate + Clone, E>(
    name: &'static str,
    does: impl Fn(T) -> Result<Change<T>, E> + 'static,
) -> Verb<T> {
    verb(name, move |thing| Some(does(thing).ok()?.state().clone()))
}

/// Every step that leads to another state, by whatever order of verbs, compared with the table of this name.
fn check<T: Clone + Serialize>(
    name: &str,
    beginnings: Vec<(&'static str, T)>,
    verbs: &[Verb<T>],
    state: impl Fn(&T) -> &'static str,
) {
    let text = |thing: &T| serde_json::to_string(thing).unwrap();
    let (mut steps, mut seen) = (BTreeSet::<Step>::new(), BTreeSet::new());
    let mut left = VecDeque::new();
    for (verb, thing) in beginnings {
        steps.insert((verb, None, state(&thing)));
        seen.insert(text(&thing));
        left.push_back((0, thing));
    }
    while let Some((deep, thing)) = left.pop_front() {
        for (verb, does) in verbs {
            let Some(next) = does(thing.clone()) else {
                continue;
            };
            let (from, to) = (state(&thing), state(&next));
            if from != to {
                steps.insert((verb, Some(from), to));
            }
            if deep < DEEP && seen.insert(text(&next)) {
                left.push_back((deep + 1, next));
            }
        }
    }
    let (_, table, _) = MACHINES.iter().find(|(n, _, _)| *n == name).unwrap();
    let table: BTreeSet<Step> = table.iter().map(|(v, f, t, _)| (*v, *f, *t)).collect();
    assert_eq!(steps, table, "{name}: what the code does, and its table");
}

fn person(staff: &str, role: Role) -> Person {
    let staff = StaffId::parse(staff).unwrap();
    Person { staff, role }
}
/// Somebody whose role may do it.
fn by(staff: &str, action: Action) -> Warrant {
    let roles = action.roles();
    person(staff, roles.last().unwrap()).may(action).unwrap()
}
fn hash() -> Digest {
    Digest::of(b"an agreement")
}
fn party(name: &str) -> PartyId {
    PartyId::parse(name).unwrap()
}
fn agreement() -> AgreementId {
    AgreementId::parse("no-contact").unwrap()
}
fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}
fn leg() -> Leg {
    let of = Of {
        run: RunId::parse("ask-2026-02").unwrap(),
        flow: FlowId::parse("ask").unwrap(),
        agreement: agreement(),
        hash: hash(),
        peer: party("hmrc"),
        route: RouteId::parse("sealed-exchange").unwrap(),
    };
    let file = Arrival {
        package: PackageId::parse("ho.ask-2026-02.ask.data.1").unwrap(),
        at: now(),
        bytes: hash(),
        reply_by: None,
        late: false,
    };
    Leg::receive(of, file).state().clone()
}

#[test]
fn each_table_names_roles_and_is_walked_through() {
    let source = include_str!("tests.rs");
    for (name, moves, _) in MACHINES {
        assert!(
            source.contains(&format!("check(\n        \"{name}\",")),
            "{name} is walked"
        );
        for (verb, _, _, owner) in *moves {
            assert!(!owner.says().is_empty(), "{name}: whose is {verb}");
        }
    }
    assert_eq!(Owner::May(Action::Approve).says(), "iao or siro");
}

// shows: APP-19
#[test]
fn approvals() {
    let scope = Scope {
        agreement: agreement(),
        hash: hash(),
        flow: FlowId::parse("ask").unwrap(),
        to: party("hmrc"),
        route: "sealed-exchange".into(),
        last: None,
        volume: 5,
        senior: None,
    };
    let asked = Approval::ask(scope.clone(), &by("o1", Action::AskApproval));
    let senior = || person("s1", Role::RiskOwner).may(Action::Approve).unwrap();
    check(
        "approval",
        vec![("ask", asked.state().clone())],
        &[
            changes("refer", move |a: Approval| a.refer("why", &senior())),
            changes("grant", move |a: Approval| a.grant(&senior())),
            changes("refuse", move |a: Approval| a.refuse("why", &senior())),
            changes("ask again", move |a: Approval| {
                a.ask_again(scope.clone(), &by("o1", Action::AskApproval))
            }),
        ],
        Approval::status,
    );
}

#[test]
fn runs() {
    let starting = Starting {
        id: RunId::parse("ask-2026-02").unwrap(),
        agreement: agreement(),
        hash: hash(),
        project: None,
        flow: FlowId::parse("ask").unwrap(),
        kind: Kind::Regular,
        on: TODAY,
        reply_by: None,
        pool: Pool::default(),
        reason: None,
    };
    let officer = || by("o1", Action::Run).actor();
    check(
        "run",
        vec![(
            "start",
            Run::start(starting, &by("o1", Action::Run)).state().clone(),
        )],
        &[
            changes("close", move |r: Run| r.closing(TODAY, &officer())),
            changes("files gone", |r: Run| r.closed(TODAY)),
        ],
        Run::status,
    );
}

// shows: FLAG-10
#[test]
fn flags() {
    let found = Found {
        run: RunId::parse("ask-2026-02").unwrap(),
        flow: FlowId::parse("ask").unwrap(),
        hash: hash(),
        row: 1,
        holding: HoldingId::parse("h1").unwrap(),
        subject: None,
        evidence: Evidence::Own(Grounds {
            solution: hash(),
            rule: Some(1),
            weight: 2500,
        }),
        ambiguous: false,
    };
    let found = Match::found(found, &Actor::Node).state().clone();
    let confirmed = found
        .confirm("why", &by("c1", Action::ReviewMatch))
        .unwrap();
    let reviewer = || by("c1", Action::ReviewMatch);
    let set = Flag::set("ISD HMRC Match", confirmed.state(), now(), &reviewer()).unwrap();
    check(
        "flag",
        vec![("set", set.state().clone())],
        &[
            changes("show", |f: Flag| f.shown(now())),
            changes("conclude", move |f: Flag| {
                f.conclude("how", now(), &reviewer())
            }),
            changes("lift", move |f: Flag| {
                f.lift("why", now(), &reviewer().actor())
            }),
            changes("recall", |f: Flag| {
                f.lift("recalled", now(), &Actor::Partner(party("hmrc")))
            }),
            changes("take away", |f: Flag| f.lifted(now())),
        ],
        Flag::status,
    );
}

// shows: REF-04, CHILD-06, S-04
#[test]
fn decisions() {
    let what = |waits| Deciding {
        name: "close".into(),
        about: "ask-2026-02/ask/1".into(),
        hash: hash(),
        outcome: None,
        waits,
        tells: BTreeSet::new(),
    };
    let decider = || by("c1", Action::Decide);
    let take = |waits| {
        let change = Decision::take(what(waits), "why", None, &decider()).unwrap();
        change.state().clone()
    };
    let again = |name, waits| {
        changes(name, move |d: Decision| {
            d.take_again(what(waits), "why", None, &decider())
        })
    };
    let second = |name, agrees| {
        changes(name, move |d: Decision| {
            d.second(agrees, "why", &by("s1", Action::Approve))
        })
    };
    check(
        "decision",
        vec![("take", take(false)), ("ask", take(true))],
        &[
            again("take", false),
            again("ask", true),
            second("agree", true),
            second("decline", false),
            changes("reopen", |d: Decision| d.reopen(&Actor::Node)),
        ],
        Decision::status,
    );
}

#[test]
fn set_ups() {
    let controllers = || ["ho", "dfe"].into_iter().map(party);
    let awaited = SetUp::awaited(&agreement(), hash(), "locate", controllers());
    let agree = |who: &'static str| {
        changes("agree", move |s: SetUp| {
            s.agree(&party(who), "minutes", now(), &by("o1", Action::Stand))
        })
    };
    check(
        "set-up",
        vec![("foresee", awaited)],
        &[agree("ho"), agree("dfe")],
        SetUp::status,
    );
}

/// What its callers ask before: whom a case run selects, who may leave, whose case may be closed.
// shows: S-24, MATCH-12
#[test]
fn traces() {
    let subject = SubjectId::parse("a".repeat(64)).unwrap();
    let told = |name, outcome| {
        verb(name, move |t: Trace| {
            let run = t.washes().last()?.run.clone();
            Some(t.told(&run, outcome))
        })
    };
    let select = |t: Trace| {
        let n = t.washes().len();
        if n == 2 || t.turn_of_case() == crate::trace::Turn::No {
            return None;
        }
        let wash = Wash {
            run: RunId::parse(format!("ask-2026-{n:02}")).unwrap(),
            flow: FlowId::parse("ask").unwrap(),
            row: 1,
            on: TODAY.checked_add((n as i32).months()).unwrap(),
            outcome: Outcome::Waiting,
        };
        let every = Period {
            count: 28,
            unit: Unit::Days,
        };
        Some(t.selected(wash, Some(Rewash { every, times: 1 })))
    };
    let partner = || Actor::Partner(party("hmrc"));
    check(
        "trace",
        vec![("come in sight", Trace::new(&agreement(), hash(), subject))],
        &[
            verb("select", select),
            told("answered", Outcome::Hit),
            told("answered", Outcome::NoHit),
            verb("leave the pool", |t: Trace| {
                t.may_leave().is_some().then(|| t.clone().left())
            }),
            verb("close", |t: Trace| {
                t.is_exhausted().then(|| t.clone().closed())
            }),
            verb("stop", move |t: Trace| {
                Some(t.stop("died", "yes", &partner()).state().clone())
            }),
            changes("restart", |t: Trace| {
                t.restart("why", &by("c1", Action::Verify).actor())
            }),
        ],
        |t| match t.status() {
            stands @ ("stopped" | "closed-not-located" | "left-the-pool") => stands,
            _ => "going",
        },
    );
}

#[test]
fn announcements() {
    let said = Said {
        matter: Matter::ThirdParty,
        text: "to the regulator".into(),
        done_at: None,
    };
    let officer = || by("o1", Action::Announce);
    let raised = Announcement::raise(&leg(), 1, said.clone(), (None, now()), &officer()).unwrap();
    let arrived = Announcement::arrived(&leg(), 1, said).unwrap();
    check(
        "announcement",
        vec![
            ("raise", raised.state().clone()),
            ("arrive", arrived.state().clone()),
        ],
        &[
            changes("tell", move |a: Announcement| a.tell(&officer())),
            changes("look", move |a: Announcement| {
                a.looked_at("a word", &officer())
            }),
        ],
        Announcement::status,
    );
}

fn opening(started: Option<Timestamp>) -> Opening {
    Opening {
        id: HoldingId::parse("h1").unwrap(),
        agreement: Some(hash()),
        what: "extract".into(),
        keeper: party("ho"),
        rows: 3,
        rule: KeepRule {
            event: "received".into(),
            after: Period::parse("28 days"),
            authority: "keep".into(),
        },
        controller: "ho".into(),
        owed_to: None,
        started,
    }
}

fn legal_hold() -> LegalHold {
    LegalHold {
        cause: Cause::Court,
        owner: StaffId::parse("d1").unwrap(),
        review: date(2027, 1, 1),
    }
}

/// The verbs of a set of values, and of what holds it.
fn of_holdings() -> Vec<Verb<Holding>> {
    let name = || HoldingId::parse("case-7").unwrap();
    let officer = || by("o1", Action::DestroyEarly).actor();
    let lead = || by("d1", Action::LegalHold);
    let discard = |held: bool| {
        move |h: Holding| {
            let change = (h.is_held() == held).then(|| h.discard(now(), &officer()))?;
            Some(change.ok()?.state().clone())
        }
    };
    let late = || now().checked_add(1000.hours()).unwrap();
    vec![
        changes("event", |h: Holding| h.happened(now(), &Actor::Node)),
        changes("give up", move |h: Holding| {
            h.give_up("why", now(), &officer())
        }),
        verb("discard", discard(false)),
        verb("discard under a hold", discard(true)),
        changes("fall due", move |h: Holding| h.fall_due(late())),
        changes("certify", move |h: Holding| h.destroyed(late(), None)),
        changes("hold", move |h: Holding| {
            h.hold(&name(), legal_hold(), "why", TODAY, &lead())
        }),
        changes("let go", move |h: Holding| {
            h.let_go(&name(), "why", &lead())
        }),
    ]
}

// shows: RET-01, RET-12
#[test]
fn holdings() {
    let open = |started| {
        Holding::open(opening(started), &Actor::Node)
            .unwrap()
            .state()
            .clone()
    };
    check(
        "holding",
        vec![("open", open(None)), ("open", open(Some(now())))],
        &of_holdings(),
        Holding::status,
    );
}

// shows: RET-13
#[test]
fn legal_holds() {
    let open = Holding::open(opening(None), &Actor::Node).unwrap();
    let name = HoldingId::parse("case-7").unwrap();
    let lead = by("d1", Action::LegalHold);
    let held = Holding::open_held(opening(None), &name, legal_hold(), "why", TODAY, &lead);
    check(
        "legal-hold",
        vec![
            ("open", open.state().clone()),
            ("open under a hold", held.unwrap().0.state().clone()),
        ],
        &of_holdings(),
        |h| if h.is_held() { "held" } else { "free" },
    );
}

// shows: RET-14
#[test]
fn what_is_entrusted() {
    let sent: Vec<Entrusted> = [false, true]
        .into_iter()
        .map(|keeps| {
            let mut text = serde_json::to_value(Entrusted::with(
                &leg(),
                "extract",
                opening(None).rule,
                keeps,
            ))
            .unwrap();
            text["rows"] = 2.into();
            serde_json::from_value(text).unwrap()
        })
        .collect();
    let happened = |sent: &Entrusted| sent.clone().happened(now()).unwrap();
    let mut beginnings: Vec<_> = sent.iter().map(|s| ("send", s.clone())).collect();
    beginnings.extend(sent.iter().map(|s| ("send", happened(s))));
    check(
        "entrusted",
        beginnings,
        &[
            verb("event", |s: Entrusted| {
                s.is_waiting().then(|| s.happened(now()).unwrap())
            }),
            verb("certify", |s: Entrusted| {
                Some(s.certified(&Certificate {
                    rows: 1,
                    at: now(),
                    authority: "keep".into(),
                }))
            }),
        ],
        Entrusted::status,
    );
    // Of whatever has been certified in part the rest is still asked for, unless the partner may keep it.
    let part = Certificate {
        rows: 1,
        at: now(),
        authority: "keep".into(),
    };
    let [strict, _] = sent.as_slice() else {
        panic!("both kinds")
    };
    let rest = strict.clone().certified(&part);
    assert!(rest.is_waiting() && happened(&rest).due().is_some());
}

#[test]
fn rivals() {
    let hold = |before: Option<Rival>| {
        let file = Arrival {
            package: PackageId::parse("ho.ask-2026-02.ask.data.1").unwrap(),
            at: now(),
            bytes: Digest::of(b"another"),
            reply_by: None,
            late: false,
        };
        Some(Rival::hold(&leg(), &file, before).ok()?.state().clone())
    };
    let say = |name, fate, staff| {
        changes(name, move |rival: Rival| {
            rival.say(fate, "looked at", &by(staff, Action::DecideHold))
        })
    };
    check(
        "rival",
        vec![("come", hold(None).unwrap())],
        &[
            say("take", Fate::Take, "o1"),
            say("take", Fate::Take, "o2"),
            say("refuse", Fate::Refuse, "o1"),
            say("refuse", Fate::Refuse, "o2"),
            verb("come", move |rival| hold(Some(rival))),
        ],
        Rival::status,
    );
}

/// Tables whose owners stand as words say those whom the table of `authority` lets do it.
#[test]
fn owners_in_words_are_those_who_may() {
    use crate::{alteration, assurance, incident};
    for (words, action) in [
        (alteration::OWNER, Action::Alter),
        (assurance::ASKS, Action::AskAssurance),
        (assurance::GIVES, Action::GiveAssurance),
        (incident::OWNER, Action::HandleIncident),
    ] {
        let by = |role: &str| {
            role.split(", ")
                .flat_map(|r| r.split(" or "))
                .map(str::to_owned)
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(
            by(words),
            by(&Owner::May(action).says()),
            "{}",
            action.as_str()
        );
    }
}

// shows: RTC-11
#[test]
fn applications() {
    let key = SubjectId::parse("b".repeat(64)).unwrap();
    let new = || Application::new(key.clone(), &party("ho"), &agreement(), hash());
    let op = |n: usize| OperationId::parse(format!("check:{n}")).unwrap();
    fn beginning<'a>(op: &'a OperationId, flow: &'a FlowId, channel: Channel) -> Beginning<'a> {
        Beginning {
            op,
            flow,
            channel,
            at: now(),
            within: SignedDuration::from_secs(2),
            asked_under: None,
            gateways: &[],
            lacking: &[],
            number: "GWF-1",
            reasons: String::new(),
        }
    }
    let flow = || FlowId::parse("check").unwrap();
    // One that is under way is ended before another begins (RTC-15), as the verb that begins one asks.
    let begin = move |channel| {
        move |a: Application| {
            if a.open().is_some() || a.checks().len() == 3 {
                return None;
            }
            let (op, flow) = (op(a.checks().len()), flow());
            let begun = a.begin(&beginning(&op, &flow, channel), &Actor::Node);
            Some(begun.unwrap().state().clone())
        }
    };
    let end = |name, own| {
        changes(name, move |a: Application| {
            let op = a.open().map_or_else(|| op(9), |c| c.op().clone());
            let ending = Ended {
                own,
                ..Ended::default()
            };
            a.end(&op, ending, &Actor::Node)
        })
    };
    let officer = by("o1", Action::Assign);
    let assigned = new().assign(&StaffId::parse("c1").unwrap(), true, &officer);
    let (first, way) = (op(0), flow());
    let none = beginning(&first, &way, Channel::Applicant);
    let ending = Ended {
        own: Some(Came::NotAttempted),
        ..Ended::default()
    };
    let none = new().without_call(&none, ending, &Actor::Node);
    check(
        "application",
        vec![
            ("assign", assigned.unwrap().state().clone()),
            ("check without a call", none.state().clone()),
            ("check", begin(Channel::Applicant)(new()).unwrap()),
        ],
        &[
            verb("check", begin(Channel::Applicant)),
            verb("check again", begin(Channel::Caseworker)),
            end("answer", Some(Came::NotFound)),
            end("give up", None),
        ],
        Application::status,
    );
}

struct Silent;

#[async_trait]
impl Supplier for Silent {
    async fn ask(&self, _: &[u8], _: SignedDuration) -> Result<Zeroizing<Vec<u8>>, CallFault> {
        Err(CallFault::Failed)
    }
}

// shows: RTC-19
#[test]
fn lines() {
    let route = RouteId::parse("call").unwrap();
    let calling = |failures| Calling {
        settings: hash(),
        supplier: Arc::new(Silent),
        within: SignedDuration::from_secs(2),
        failures,
        pause: SignedDuration::from_secs(60),
    };
    let after = move |worked, failures| {
        move |line: Line| Some(line.after(worked, &calling(failures), now())?.0)
    };
    let new = || Line::new(&route, &party("dwp"), "desk");
    check(
        "line",
        vec![
            ("first call", new()),
            ("first failure", after(false, 1)(new()).unwrap()),
        ],
        &[
            verb("fail", after(false, 2)),
            verb("answer", after(true, 2)),
        ],
        Line::status,
    );
}

// shows: AUD-06
#[test]
fn look_ups() {
    let made = ["shown", "nothing-held", "denied"].map(|outcome| {
        let look_up: LookUp = serde_json::from_value(serde_json::json!({
            "op": "look", "day": TODAY, "at": now(), "by": "c1", "role": "caseworker", "outcome": outcome, "review": null,
        }))
        .unwrap();
        ("look up", look_up)
    });
    let review = |name, concern| {
        changes(name, move |l: LookUp| {
            l.reviewed(concern, "why", now(), &by("a1", Action::AuditLookUps))
        })
    };
    check(
        "look-up",
        made.to_vec(),
        &[
            review("find in order", false),
            review("find of concern", true),
        ],
        LookUp::status,
    );
}

#[test]
fn sessions() {
    let signed = Signed {
        staff: StaffId::parse("c1").unwrap(),
        subject: hash(),
        signed_in: now(),
        opened: now(),
    };
    let open = Session::open(hash(), signed, &Actor::Node);
    let end = |name, why| {
        verb(name, move |s: Session| {
            Some(s.end(why, &Actor::Node)?.state().clone())
        })
    };
    check(
        "session",
        vec![("sign in", open.state().clone())],
        &[
            end("sign out", Ending::SignedOut),
            end("replace", Ending::Replaced),
            end("revoke", Ending::Revoked),
            end("lapse", Ending::Lapsed),
        ],
        Session::status,
    );
}

#[test]
fn the_node_key() {
    let owner = || by("s1", Action::ReplaceNodeKey);
    check(
        "node-key",
        vec![("come with the node", NodeKey::first("one".into()))],
        &[
            changes("replace", move |k: NodeKey| {
                k.replace("two".into(), "why", &owner())
            }),
            changes("replaced", move |k: NodeKey| k.replaced(now(), &owner())),
        ],
        NodeKey::status,
    );
}
