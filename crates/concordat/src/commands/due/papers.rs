//! What waits of the papers between parties: assurances (AUD-02) and alterations (AGR-26).

use exchange::Node;
use exchange::alteration::{self, Alteration};
use exchange::assurance::{Assurance, State as AssuranceState};
use exchange::change::Aggregate as _;
use exchange::deadline::london_day;

use super::Item;
use crate::commands::alteration::way_on;
use crate::fail::Fail;

/// Alterations that somebody is to move on (AGR-26).
pub(super) async fn alterations(node: &Node) -> Result<Vec<Item>, Fail> {
    let whose = format!("{} {}", node.party(), alteration::OWNER);
    let mut all = Vec::new();
    for alteration in node.all::<Alteration>().await? {
        use alteration::State::{Applied, Withdrawn};
        if matches!(alteration.state(), Applied | Withdrawn) {
            continue;
        }
        let (key, state) = (alteration.key(), alteration.status());
        let what = format!("the alteration {key} is {state}");
        let then = way_on(node, &alteration);
        all.push(Item::new(None, &whose, what, then).about(vec![key]));
    }
    Ok(all)
}

/// Assurances that are to be given, or to come (AUD-02).
pub(super) async fn assurances(node: &Node) -> Result<Vec<Item>, Fail> {
    let today = london_day(node.ports().clock.now())?;
    let party = node.party();
    let mut all = Vec::new();
    for assurance in node.all::<Assurance>().await? {
        let (asked, key) = (assurance.asked(), assurance.key());
        let late = if assurance.is_late(today) {
            " is LATE"
        } else {
            ""
        };
        let days = format!("{} to {}", asked.from, asked.until);
        let (whose, what, then) = match assurance.state() {
            AssuranceState::ToGive => (
                format!("{party} iao or siro"),
                format!(
                    "{} asks for an assurance under {} for {days}{late}",
                    asked.asker, asked.agreement
                ),
                format!("`concordat assurance give {key}`"),
            ),
            AssuranceState::Asked => (
                format!("{party} data-sharing-officer"),
                format!(
                    "the assurance of {} under {} for {days}{late}",
                    asked.giver, asked.agreement
                ),
                "ask the partner when it is late; `concordat assurance take FILE` when it comes"
                    .to_owned(),
            ),
            AssuranceState::Given | AssuranceState::Received | AssuranceState::Dropped => continue,
        };
        all.push(Item::new(Some(asked.by), &whose, what, then).about(vec![key]));
    }
    Ok(all)
}
