//! Machine: what moves a thing from which state to which, and whose that step is, as one table for each kind of thing. The
//! tables are what docs/exchange.md draws; that the code permits just these steps is tested for each, over its own verbs.

#[cfg(test)]
mod tests;

use crate::authority::{Action, Role};
use crate::{
    announcement, approval, check, decision, entrusted, flag, lookup, node_key, retention, rival,
    run, session, set_up, trace,
};

/// Whose a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Whoever's role may do this.
    May(Action),
    /// The person, or their program, whom the thing is of.
    Own,
    /// The node, as a part of another act.
    Node,
    /// The node, when the time has come.
    Clock,
    /// The party at the other end, by a message.
    Partner,
}

impl Owner {
    /// Who that is, in words; the roles are those of the table of `authority`.
    pub fn says(self) -> String {
        match self {
            Self::Own => "whose it is".to_owned(),
            Self::Node => "node".to_owned(),
            Self::Clock => "node, in time".to_owned(),
            Self::Partner => "partner".to_owned(),
            Self::May(action) => {
                let roles: Vec<&str> = action.roles().map(Role::as_str).collect();
                match roles.split_last() {
                    Some((last, rest)) if !rest.is_empty() => {
                        format!("{} or {last}", rest.join(", "))
                    }
                    _ => roles.concat(),
                }
            }
        }
    }
}

/// A step: the verb, from which state, none where the thing comes into being, to which, whose.
pub type Move = (&'static str, Option<&'static str>, &'static str, Owner);

/// A kind of thing: its name, its steps, and the states that are meant to be ends.
pub type Machine = (&'static str, &'static [Move], &'static [&'static str]);

/// Every machine whose table is one of names. Those of files, matches, findings, solutions, routes, incidents and of how an
/// agreement stands are beside their states.
pub const MACHINES: &[Machine] = &[
    ("approval", approval::MOVES, &[]),
    ("run", run::MOVES, &["closed"]),
    ("rival", rival::MOVES, &[]),
    ("flag", flag::MOVES, &["lifted"]),
    ("decision", decision::MOVES, &[]),
    ("set-up", set_up::MOVES, &["set-up"]),
    ("trace", trace::MOVES, &[]),
    ("announcement", announcement::MOVES, &["told", "looked-at"]),
    ("holding", retention::MOVES, &["destroyed"]),
    ("legal-hold", retention::LEGAL_HOLD_MOVES, &[]),
    ("entrusted", entrusted::MOVES, &["destroyed"]),
    ("application", check::application::MOVES, &[]),
    ("line", check::line::MOVES, &[]),
    ("look-up", lookup::record::MOVES, &["in-order", "concern"]),
    ("session", session::MOVES, &["ended"]),
    ("node-key", node_key::MOVES, &[]),
];
