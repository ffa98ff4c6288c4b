//! `concordat audit evaluate`: how the triage of look-ups orders simulated logs. It says nothing of real people.

use linkage::quality::Rate;
use serde_json::json;
use sim::look_ups::{Department, Measured, measured};

use crate::fail::Fail;
use crate::say;

/// How much of the queue an auditor is taken to look at, in percent of all look-ups.
const FIRST: u64 = 5;

pub(super) fn evaluate(
    departments: impl Iterator<Item = Department>,
    without_cases: bool,
    as_json: bool,
) -> Result<(), Fail> {
    let mut all = Measured::default();
    for department in departments {
        let log = department.log()?;
        let log = if without_cases {
            log.without_cases()
        } else {
            log
        };
        all = all.and(&measured(&log, FIRST)?);
    }
    let (Some(found), Some(explained)) = (all.found(), all.explained()) else {
        return Err(Fail::usage("name at least one log, one team and one day"));
    };
    if as_json {
        let kinds = all.planted.iter().map(|(snoop, (planted, found))| {
            json!({ "kind": snoop.words(), "planted": planted, "found": found })
        });
        let told = json!({
            "look_ups": all.look_ups, "first_percent": FIRST, "found": found, "explained": explained,
            "kinds": kinds.collect::<Vec<_>>(),
            "alerts": { "all": all.alerts.0, "with_cause": all.alerts.1 },
        });
        say(serde_json::to_string_pretty(&told)?);
        return Ok(());
    }
    say(format!("{} look-ups, simulated.", all.look_ups));
    say(format!(
        "  planted look-ups in the first {FIRST} % of the queue: {}",
        rate(found)
    ));
    say(format!(
        "  honest look-ups that work explains: {}",
        rate(explained)
    ));
    say(format!(
        "  alerts: {}, of them with cause: {}",
        all.alerts.0, all.alerts.1
    ));
    for (snoop, (planted, found)) in &all.planted {
        say(format!(
            "  {found:>5} of {planted:>5} found: {}",
            snoop.words()
        ));
    }
    Ok(())
}

fn rate(rate: Rate) -> String {
    let percent = |part: f64| format!("{:.1}", 100.0 * part);
    format!(
        "{} % ({} to {} %)",
        percent(rate.value),
        percent(rate.low),
        percent(rate.high)
    )
}
