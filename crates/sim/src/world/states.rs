//! What the case register says of a person as the days go by.

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan};

use super::homes::known_homes;
use super::recorded::joined;
use super::truth::{GROWN_UP, Truth};
use super::{FIRST_DAY, LAST_DAY};
use crate::draw::Lot;

/// What the register says of a person from a day on. None is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The first day.
    pub from: Date,
    /// Whether the person is in the pool.
    pub in_pool: Option<bool>,
    /// The day of the last contact.
    pub last_contact: Option<Date>,
    /// The day on which the right to remain ended.
    pub status_ended: Option<Date>,
    /// Whether the person is known to have died.
    pub dead: Option<bool>,
    /// The immigration status, as a code.
    pub status: Option<&'static str>,
    /// Whether the person may work.
    pub work: Option<bool>,
    /// Whether the person may have public funds.
    pub funds: Option<bool>,
}

/// The addresses that the register holds from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The first day.
    pub from: Date,
    /// Dated addresses, joined.
    pub addresses: Option<String>,
    /// The latest address's postcode.
    pub postcode: Option<String>,
}

const LOST: [&str; 4] = [
    "leave-expired",
    "refused",
    "appeal-exhausted",
    "removal-directed",
];
const HERE: [&str; 4] = ["limited-leave", "settled", "application-pending", "granted"];

/// What may happen to a case after the first day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Regained,
    Departed,
    Granted,
    Lost,
    Died,
}

/// What the register says of this person, oldest first: a first state, and what one event and a death change.
pub(crate) fn states(lot: Lot, truth: &Truth, opened: Date) -> Vec<State> {
    let as_of = opened.max(FIRST_DAY);
    let first = first_state(lot, truth, opened, as_of);
    let mut events = Vec::new();
    let day = lot.day("event", as_of + 1.day(), LAST_DAY);
    let event = match (truth.pool, lot.number("what happens", 1000)) {
        (true, 0..60) => Some(Event::Regained),
        (true, 60..110) => Some(Event::Departed),
        (true, 110..150) => Some(Event::Granted),
        (false, 0..70) if truth.born <= GROWN_UP => Some(Event::Lost),
        (_, _) => None,
    };
    events.extend(event.map(|event| (day, event)));
    let learns = lot.chance("learns of a death", 600);
    events.extend(truth.died.filter(|_| learns).map(|day| (day, Event::Died)));
    // Nothing else happens to the dead, and what happened before the first state is in it.
    events.retain(|(day, event)| {
        *day > as_of && (*event == Event::Died || truth.died.is_none_or(|died| *day < died))
    });
    events.sort_by_key(|(day, _)| *day);
    let mut all = vec![first];
    for (day, event) in events {
        let Some(mut state) = all.last().cloned() else {
            break;
        };
        state.from = day;
        happen(lot, &mut state, event);
        all.push(state);
    }
    all
}

fn first_state(lot: Lot, truth: &Truth, opened: Date, as_of: Date) -> State {
    let six_months_before = before(as_of, 6.months());
    let ended = if lot.chance("ended before 2008", 300) {
        lot.day("status ended", date(1998, 1, 1), date(2007, 12, 31))
    } else {
        lot.day("status ended", date(2008, 1, 1), before(as_of, 7.months()))
    };
    let ended = ended.max(truth.born);
    let long_ago = !lot.chance("seen lately", 160);
    let (ended, seen, in_pool, status) = if truth.pool {
        let seen = if long_ago {
            let lately = before(six_months_before, 36.months());
            // Most of the lost were last seen in the three years before they were.
            let from = if lot.chance("seen in three years", 600) {
                lately.max(ended)
            } else {
                ended
            };
            lot.day(
                "last contact",
                from.min(six_months_before),
                six_months_before,
            )
        } else {
            lot.day("last contact", six_months_before + 1.day(), as_of)
        };
        let known = lot.chance("end known", 970);
        let yes = lot.chance("pool known", 980).then_some(true);
        (
            Some(ended).filter(|_| known),
            seen,
            yes,
            lot.pick("status", &LOST),
        )
    } else {
        let seen = lot.day("last contact", before(as_of, 24.months()), as_of);
        let had = lot.chance("had status before", 150);
        let no = lot.chance("pool known", 970).then_some(false);
        (
            Some(ended).filter(|_| had),
            seen,
            no,
            lot.pick("status", &HERE),
        )
    };
    let dead = truth.died.is_some_and(|died| died <= as_of);
    let dead = dead && lot.chance("learns of a death", 600);
    State {
        from: opened,
        in_pool,
        last_contact: lot.chance("contact known", 960).then_some(seen),
        status_ended: ended,
        dead: (dead || lot.chance("death known", 970)).then_some(dead),
        status: status.filter(|_| lot.chance("status known", 980)),
        work: lot.chance("work known", 970).then_some(!truth.pool),
        funds: lot
            .chance("funds known", 970)
            .then_some(!truth.pool && lot.chance("funds", 500)),
    }
}

fn happen(lot: Lot, state: &mut State, event: Event) {
    let day = state.from;
    match event {
        Event::Regained => state.last_contact = Some(day),
        Event::Departed => {
            state.in_pool = Some(false);
            state.status = Some("departed");
        }
        Event::Granted => {
            state.in_pool = Some(false);
            state.status = Some("granted");
            state.status_ended = None;
            state.work = Some(true);
            state.funds = Some(lot.chance("funds granted", 500));
        }
        Event::Lost => {
            let ended = lot.day("lost status", before(day, 12.months()), day);
            state.in_pool = Some(true);
            state.status_ended = Some(ended);
            state.last_contact = Some(lot.day("lost contact", before(day, 10.months()), day));
            state.status = lot.pick("lost", &LOST);
            state.work = Some(false);
            state.funds = Some(false);
        }
        Event::Died => state.dead = Some(true),
    }
}

/// The addresses as far as the register knew them at the last contact, and again when contact is regained.
pub(crate) fn homes(lot: Lot, truth: &Truth, states: &[State]) -> Vec<Held> {
    let mut all: Vec<Held> = Vec::new();
    let mut told = None;
    for state in states {
        let seen = state.last_contact.unwrap_or(date(2013, 1, 1));
        if told == Some(seen) {
            continue;
        }
        told = Some(seen);
        let known = known_homes(&truth.homes, seen);
        let unknown_start = lot.chance("start unknown", 60);
        let dated = (0..).zip(&known).map(|(n, home)| {
            let mut dated = home.dated();
            dated.from = dated.from.filter(|_| n > 0 || !unknown_start);
            dated
        });
        all.push(Held {
            from: state.from,
            addresses: joined(dated),
            postcode: known.last().map(|home| home.address.postcode.clone()),
        });
    }
    all
}

fn before(day: Date, span: Span) -> Date {
    day.checked_sub(span).unwrap_or(day)
}
