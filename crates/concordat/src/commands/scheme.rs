//! What a residence scheme asks of a node: the load model of its volume (RPT-10), and how far the checks serve its aims
//! (EXCH-EUSS-11). The model is arithmetic of inputs that are stated and printed; nothing of it is measured here.

use exchange::Share;
use exchange::ids::AgreementId;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use super::acting::{self, At, Said};
use crate::fail::Fail;

/// Entries that one check leaves at most in the ledger of the party that asks: begun, its months kept, ended. A test counts them.
const ENTRIES_HERE: f64 = 3.0;
/// Entries that one call leaves in the ledger of a supplier.
const ENTRIES_THERE: f64 = 1.0;

/// Arguments of `residence load`.
#[derive(clap::Args, Serialize)]
#[command(
    after_help = "Example: concordat residence load --from 2019-03-30 --until 2021-06-30 --capacity 57\n\nThe capacity is checks a second from end to end, as `cargo bench -p concordat --bench service` measures it on the machine that is to bear them (docs/benchmarks.md)."
)]
pub(super) struct Load {
    /// How many people apply over the scheme.
    #[arg(long, value_name = "N", default_value_t = 3_600_000)]
    applicants: u32,
    /// The first day on which applications come.
    #[arg(long, value_name = "DAY")]
    from: Date,
    /// The last.
    #[arg(long, value_name = "DAY")]
    until: Date,
    /// Checks for each applicant: that of the application, and how often a caseworker has one made again.
    #[arg(long, value_name = "N", default_value_t = 1.2)]
    checks: f64,
    /// Departments that each check calls.
    #[arg(long, value_name = "N", default_value_t = 2)]
    suppliers: u8,
    /// How many times the mean day the busiest day is, such as the last before a deadline.
    #[arg(long, value_name = "TIMES", default_value_t = 10.0)]
    busiest_day: f64,
    /// The share of the busiest day's checks that its busiest hour has.
    #[arg(long, value_name = "SHARE", default_value_t = 0.15)]
    busiest_hour: f64,
    /// Checks a second that the machine bears, as measured on it.
    #[arg(long, value_name = "N")]
    capacity: f64,
    /// Print the answer as JSON.
    #[arg(long)]
    #[serde(skip)]
    json: bool,
}

/// What the inputs come to.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Model {
    /// Checks over the scheme.
    checks: f64,
    /// Days of the scheme.
    days: i32,
    /// Checks on a mean day.
    mean_day: f64,
    /// Checks on the busiest day.
    busiest_day: f64,
    /// Checks a second in its busiest hour.
    a_second: f64,
    /// Calls a second that go out then; each department answers its share of them.
    calls_a_second: f64,
    /// Entries over the scheme: at the party that asks, and at each supplier.
    entries: [f64; 2],
    /// The part of the capacity that the busiest hour takes.
    used: f64,
    /// Does the machine bear the busiest hour?
    is_borne: bool,
}

impl Load {
    fn model(&self) -> Result<Model, Fail> {
        let days = (self.until - self.from).get_days() + 1;
        let positive = [
            self.checks,
            self.busiest_day,
            self.busiest_hour,
            self.capacity,
        ];
        let sound = days > 0
            && self.busiest_hour <= 1.0
            && positive.iter().all(|n| n.is_finite() && *n > 0.0);
        if !sound {
            return Err(Fail::usage(
                "the days follow each other, every number is above 0, and an hour has at most the whole of its day",
            ));
        }
        let checks = f64::from(self.applicants) * self.checks;
        let mean_day = checks / f64::from(days);
        let busiest_day = mean_day * self.busiest_day;
        let a_second = busiest_day * self.busiest_hour / 3600.0;
        let used = a_second / self.capacity;
        Ok(Model {
            checks,
            days,
            mean_day,
            busiest_day,
            a_second,
            calls_a_second: a_second * f64::from(self.suppliers),
            entries: [checks * ENTRIES_HERE, checks * ENTRIES_THERE],
            used,
            is_borne: used <= 1.0,
        })
    }
}

pub(super) fn load(args: &Load) -> Result<(), Fail> {
    let model = args.model()?;
    if args.json {
        crate::say(serde_json::to_string_pretty(
            &json!({ "inputs": args, "model": model }),
        )?);
        return Ok(());
    }
    let Load {
        applicants,
        from,
        until,
        checks,
        suppliers,
        ..
    } = args;
    crate::say(format!(
        "{applicants} applicants from {from} to {until}, {checks} checks each, {suppliers} departments called by each check:"
    ));
    crate::say(format!(
        "  {:.0} checks in {} days: {:.0} on a mean day, {:.0} on the busiest, which is {} times that",
        model.checks, model.days, model.mean_day, model.busiest_day, args.busiest_day
    ));
    crate::say(format!(
        "  {:.2} checks a second in its busiest hour, with {:.0} % of the day; {:.2} calls a second go out to the departments",
        model.a_second,
        args.busiest_hour * 100.0,
        model.calls_a_second
    ));
    let [here, there] = model.entries;
    crate::say(format!(
        "  {here:.0} entries at most in the ledger of the party that asks, {there:.0} in that of each department"
    ));
    crate::say(format!(
        "  {:.1} % of the {} checks a second that the machine bears: {}",
        model.used * 100.0,
        args.capacity,
        if model.is_borne {
            "it is borne"
        } else {
            "it is NOT borne"
        }
    ));
    Ok(())
}

pub(super) async fn aims(agreement: Option<&AgreementId>, at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let aims = node.check_aims(&id).await?;
    let line = |what: &str, share: Share| format!("  {what}: {} of {}", share.count, share.of);
    Ok(Said::shown(format!(
        "The aims of {id}, by the checks that are finished:"
    ))
    .line(line(
        "less paper: applications that needed no further evidence",
        aims.less_paper,
    ))
    .line(line(
        "less time: applications that no caseworker had checked again",
        aims.less_time,
    ))
    .line(line(
        "less fraud and error: checks that a person has to look at",
        aims.less_fraud,
    ))
    .line(line(
        "an easier path: checks that worked, whatever they found",
        aims.easier_path,
    ))
    .with("aims", json!(aims)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme() -> Load {
        Load {
            applicants: 3_600_000,
            from: jiff::civil::date(2019, 3, 30),
            until: jiff::civil::date(2021, 6, 30),
            checks: 1.2,
            suppliers: 2,
            busiest_day: 10.0,
            busiest_hour: 0.15,
            capacity: 57.0,
            json: false,
        }
    }

    // shows: RPT-10
    #[test]
    fn the_design_capacity_is_worked_out_of_stated_inputs() {
        let model = scheme().model().unwrap();
        // By hand: 4,320,000 checks in 824 days; 52,427 on the busiest, 7,864 in its busiest hour.
        assert_eq!(model.days, 824);
        assert!((model.checks - 4_320_000.0).abs() < 0.5);
        assert!((model.busiest_day - 52_427.2).abs() < 0.1, "{model:?}");
        assert!((model.a_second - 2.1845).abs() < 0.0001, "{model:?}");
        assert!((model.entries[0] - 12_960_000.0).abs() < 0.5);
        assert!((model.calls_a_second / model.a_second - 2.0).abs() < 1e-9);
        assert!(model.is_borne && (model.used - 0.0383).abs() < 0.0001);
        // Twice the people are twice the load; a machine that bears less than the busiest hour is told.
        let twice = Load {
            applicants: 7_200_000,
            ..scheme()
        };
        assert!((twice.model().unwrap().a_second / model.a_second - 2.0).abs() < 1e-9);
        let small = Load {
            capacity: 2.0,
            ..scheme()
        };
        assert!(!small.model().unwrap().is_borne);
        for wrong in [
            Load {
                until: jiff::civil::date(2019, 3, 29),
                ..scheme()
            },
            Load {
                capacity: 0.0,
                ..scheme()
            },
            Load {
                busiest_hour: 1.1,
                ..scheme()
            },
            Load {
                checks: f64::NAN,
                ..scheme()
            },
        ] {
            assert!(wrong.model().is_err());
        }
    }
}
