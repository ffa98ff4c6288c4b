//! Combine: what the suppliers of one check were heard to say, put together before anything is worked out (RTC-08). A pure
//! function. Whoever did not answer takes no month away, and gives none: their months are unknown (RTC-16).

use jiff::civil::Date;

use super::months::{Month, Period, Periods, Rules, table};
use super::wire::Breach;
use super::{Outcome, Silence};

/// What was heard of one supplier.
pub(crate) enum Heard {
    /// A record, with the periods of each of its datasets that count.
    Found(Vec<Periods>),
    /// No record, or none in the window.
    NotFound,
    /// More than one record could be meant.
    Ambiguous,
    /// It did not work, or the line is down; or the answer departed from the agreement.
    Failed(Option<Breach>),
    /// Nothing was asked: the agreement's condition is not true.
    NotAsked,
}

/// What came of all of them together.
pub(crate) struct Combined {
    pub(crate) outcome: Outcome,
    /// The months; none where no record was found, or the records do not speak with one voice.
    pub(crate) months: Vec<Month>,
}

impl Heard {
    /// What came of this supplier's own call, where all together came to `whole`.
    pub(crate) fn own(&self, whole: Outcome) -> Outcome {
        match self {
            Self::Found(_) => whole,
            Self::NotFound => Outcome::NotFound,
            Self::Ambiguous => Outcome::Ambiguous,
            Self::Failed(_) => Outcome::Unsuccessful,
            Self::NotAsked => Outcome::NotAttempted,
        }
    }

    /// Why nothing is known of the months that it could have shown, where that is so.
    pub(crate) fn silence(&self) -> Option<Silence> {
        match self {
            Self::Found(_) | Self::NotFound => None,
            Self::Ambiguous => Some(Silence::Ambiguous),
            Self::Failed(_) => Some(Silence::Unsuccessful),
            Self::NotAsked => Some(Silence::NotAttempted),
        }
    }

    /// How the answer departed from the agreement, where it did.
    pub(crate) fn breach(&self) -> Option<Breach> {
        match self {
            Self::Failed(breach) => *breach,
            Self::Found(_) | Self::NotFound | Self::Ambiguous | Self::NotAsked => None,
        }
    }
}

/// The months that all together show. One record is enough for months; without one, a supplier that could mean several
/// people or did not work keeps the check from being complete.
pub(crate) fn combine(rules: &Rules, heard: &[Heard], applied: Date, on: Date) -> Combined {
    let without = |outcome| Combined {
        outcome,
        months: Vec::new(),
    };
    let found = heard.iter().filter_map(|one| match one {
        Heard::Found(periods) => Some(periods),
        Heard::NotFound | Heard::Ambiguous | Heard::Failed(_) | Heard::NotAsked => None,
    });
    let mut found = found.peekable();
    if found.peek().is_some() {
        let sources: Vec<&[Period]> = found.flatten().map(|all| all.as_slice()).collect();
        return match table(rules, &sources, applied, on) {
            Ok(months) => Combined {
                outcome: Outcome::WithData,
                months,
            },
            Err(_) => without(Outcome::Ambiguous),
        };
    }
    let came = |outcome: Outcome| heard.iter().any(|one| one.own(outcome) == outcome);
    let order = [Outcome::Ambiguous, Outcome::Unsuccessful, Outcome::NotFound];
    without(
        order
            .into_iter()
            .find(|o| came(*o))
            .unwrap_or(Outcome::NotAttempted),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::months::tests::{APPLIED, period, rules};
    use jiff::civil::date;
    use proptest::prelude::*;

    fn october() -> Heard {
        let october = period(date(2019, 10, 1), Some(date(2019, 10, 31)));
        Heard::Found(vec![Periods::new(vec![october])])
    }

    fn heard(kind: u8) -> Heard {
        match kind {
            0 | 1 => october(),
            2 => Heard::NotFound,
            3 => Heard::Ambiguous,
            4 => Heard::Failed(None),
            _ => Heard::NotAsked,
        }
    }

    fn outcome(heard: &[Heard]) -> Outcome {
        combine(&rules(31), heard, APPLIED, APPLIED).outcome
    }

    // shows: RTC-08, RTC-14
    #[test]
    fn one_record_is_enough_and_without_one_what_failed_is_told() {
        use Heard::{Ambiguous, Failed, NotAsked, NotFound};
        for (heard, expect) in [
            (vec![october(), Failed(None)], Outcome::WithData),
            (vec![Ambiguous, october()], Outcome::WithData),
            (vec![NotFound, october()], Outcome::WithData),
            (vec![NotAsked, october()], Outcome::WithData),
            (vec![Ambiguous, Failed(None)], Outcome::Ambiguous),
            (vec![NotFound, Ambiguous], Outcome::Ambiguous),
            (vec![NotFound, Failed(None)], Outcome::Unsuccessful),
            (vec![NotAsked, Failed(None)], Outcome::Unsuccessful),
            (vec![NotFound, NotFound], Outcome::NotFound),
            (vec![NotAsked, NotFound], Outcome::NotFound),
            (vec![NotAsked, NotAsked], Outcome::NotAttempted),
        ] {
            assert_eq!(outcome(&heard), expect);
        }
    }

    proptest! {
        // shows: RTC-08, RTC-16
        #[test]
        fn no_order_and_no_silent_supplier_changes_a_month(
            mut kinds in prop::collection::vec(0..6u8, 1..4),
        ) {
            let of = |kinds: &[u8]| {
                let all: Vec<Heard> = kinds.iter().copied().map(heard).collect();
                combine(&rules(31), &all, APPLIED, APPLIED)
            };
            let all = of(&kinds);
            kinds.reverse();
            let back = of(&kinds);
            prop_assert_eq!((all.outcome, &all.months), (back.outcome, &back.months));
            if all.outcome == Outcome::WithData {
                kinds.retain(|kind| heard(*kind).silence().is_none());
                prop_assert_eq!(&of(&kinds).months, &all.months);
            } else {
                prop_assert!(all.months.is_empty());
            }
        }
    }
}
