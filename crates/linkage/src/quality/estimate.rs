//! Precision and recall from a judged sample.

use serde::{Deserialize, Serialize};

use super::interval::{Rate, around};
use super::sample::Stratum;

/// What a person says of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Of one person.
    Same,
    /// Of two people.
    Different,
    /// It cannot be told from what the sheet has.
    Unsure,
}

/// An estimate and what becomes of it when what nobody was sure of is counted either way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounded {
    /// Without the unsure; none where there is nothing to divide by.
    pub rate: Option<Rate>,
    /// With every unsure judgement counted so that the rate is lowest.
    pub at_worst: Option<Rate>,
    /// And highest.
    pub at_best: Option<Rate>,
}

/// What a threshold comes to, as a sample tells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// From which probability a pair is a link.
    pub threshold: f64,
    /// Links, counted.
    pub links: u64,
    /// Of the links, those of one person.
    pub precision: Bounded,
    /// Of the scored pairs of one person, those that are links. What blocking lost is not seen.
    pub recall: Bounded,
}

/// One stratum: how many pairs, how many of them judged, how many of these of one person.
#[derive(Clone, Copy)]
struct Told {
    pairs: f64,
    judged: f64,
    same: f64,
    link: bool,
}

impl Told {
    /// Estimated pairs of one person (Horvitz and Thompson 1952: each judged pair stands for pairs / judged).
    fn total(self) -> f64 {
        self.pairs * self.same / self.judged
    }
    /// The share of one person, drawn towards a half by one judgement, so that a stratum in which all judgements are
    /// alike does not pass for certain.
    fn smoothed(self) -> f64 {
        (self.same + 0.5) / (self.judged + 1.0)
    }
    /// The variance of the estimated total, with the correction for a finite stratum (Cochran 1977, section 5.7).
    fn variance(self) -> f64 {
        let p = self.smoothed();
        let unseen = 1.0 - self.judged / self.pairs;
        self.pairs * self.pairs * unseen * p * (1.0 - p) / self.judged
    }
}

/// Estimates at each threshold; these are thresholds at which the sample's bands begin. `judged` has the stratum of
/// each judged pair.
///
/// # Errors
/// The first stratum, from 0, in which nothing was judged `same` or `different`.
pub fn estimate(
    strata: &[Stratum],
    judged: &[(usize, Judgement)],
    thresholds: &[f64],
) -> Result<Vec<Estimate>, usize> {
    let mut counts = vec![[0_u64; 3]; strata.len()];
    for (stratum, judgement) in judged {
        if let Some([same, different, unsure]) = counts.get_mut(*stratum) {
            match judgement {
                Judgement::Same => *same += 1,
                Judgement::Different => *different += 1,
                Judgement::Unsure => *unsure += 1,
            }
        }
    }
    if let Some(empty) = counts
        .iter()
        .position(|[same, different, _]| same + different == 0)
    {
        return Err(empty);
    }
    let at = |threshold: &f64| {
        // What the unsure are taken for, by whether their stratum is above the threshold: left out, same or different.
        let told = |unsure_as: fn(bool) -> Option<bool>| -> Vec<Told> {
            let each = strata.iter().zip(&counts);
            each.map(|(stratum, [same, different, unsure])| {
                let link = stratum.from >= *threshold;
                let (more, less) = match unsure_as(link) {
                    None => (0, 0),
                    Some(true) => (*unsure, 0),
                    Some(false) => (0, *unsure),
                };
                Told {
                    pairs: stratum.pairs as f64,
                    judged: (same + different + more + less) as f64,
                    same: (same + more) as f64,
                    link,
                }
            })
            .collect()
        };
        Estimate {
            threshold: *threshold,
            links: strata
                .iter()
                .filter(|s| s.from >= *threshold)
                .map(|s| s.pairs)
                .sum(),
            precision: Bounded {
                rate: precision(&told(|_| None)),
                at_worst: precision(&told(|_| Some(false))),
                at_best: precision(&told(|_| Some(true))),
            },
            // Recall falls with an unsure pair that is a match below the threshold.
            recall: Bounded {
                rate: recall(&told(|_| None)),
                at_worst: recall(&told(|link| Some(!link))),
                at_best: recall(&told(Some)),
            },
        }
    };
    Ok(thresholds.iter().map(at).collect())
}

fn precision(told: &[Told]) -> Option<Rate> {
    let links = || told.iter().filter(|t| t.link);
    let all: f64 = links().map(|t| t.pairs).sum();
    let right: f64 = links().map(|t| t.total()).sum();
    let smoothed: f64 = links().map(|t| t.pairs * t.smoothed()).sum();
    let variance: f64 = links().map(|t| t.variance()).sum();
    (all > 0.0).then(|| interval(right / all, smoothed / all, variance / (all * all)))
}

/// A ratio of two estimated totals; its variance by linearisation (Cochran 1977, section 6.11).
fn recall(told: &[Told]) -> Option<Rate> {
    let all: f64 = told.iter().map(|t| t.total()).sum();
    let right: f64 = told.iter().filter(|t| t.link).map(|t| t.total()).sum();
    if all <= 0.0 {
        return None;
    }
    let value = right / all;
    let smoothed_all: f64 = told.iter().map(|t| t.pairs * t.smoothed()).sum();
    let links = told.iter().filter(|t| t.link);
    let smoothed = links.map(|t| t.pairs * t.smoothed()).sum::<f64>() / smoothed_all;
    let variance = told.iter().map(|t| {
        let pull = f64::from(t.link) - value;
        pull * pull * t.variance()
    });
    let variance = variance.sum::<f64>() / (all * all);
    Some(interval(value, smoothed, variance))
}

/// Wilson's interval with the number of independent draws that would have this variance (Korn and Graubard 1998).
fn interval(value: f64, smoothed: f64, variance: f64) -> Rate {
    let draws = smoothed * (1.0 - smoothed) / variance;
    if variance > 0.0 && draws.is_finite() && draws > 0.0 {
        around(value, draws)
    } else {
        // Everything was judged.
        Rate {
            value,
            low: value,
            high: value,
        }
    }
}
