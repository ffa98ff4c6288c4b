//! Rates of counts, each with its 95 % interval.

use serde::Serialize;

/// The normal distribution's .975 quantile.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// A rate with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// The rate, from 0 to 1.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

/// `part` of `whole` with Wilson's interval (Wilson 1927; Brown, Cai and DasGupta 2001 recommend it also for small
/// counts); none of nothing (MATCH-16).
pub fn wilson(part: u64, whole: u64) -> Option<Rate> {
    (whole > 0).then(|| around(part as f64 / whole as f64, whole as f64))
}

/// Wilson's interval around a proportion that is worth `n` independent draws.
pub(super) fn around(value: f64, n: f64) -> Rate {
    let z2 = Z * Z;
    let centre = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
    Rate {
        value,
        // Where everything or nothing is right, rounding must not leave the rate outside its interval.
        low: (centre - half).clamp(0.0, value),
        high: (centre + half).clamp(value, 1.0),
    }
}

/// F1 of links and true pairs: 2 right / (links + true pairs). Its interval is Wilson's for F* = right / (right + false +
/// missed), of which F1 = 2 F* / (1 + F*) is a rising function (Hand, Christen and Kirielle 2021, "F*: an interpretable
/// transformation of the F-measure").
pub fn f1(right: u64, wrong: u64, missed: u64) -> Option<Rate> {
    let star = wilson(right, right + wrong + missed)?;
    let rising = |f: f64| 2.0 * f / (1.0 + f);
    Some(Rate {
        value: rising(star.value),
        low: rising(star.low),
        high: rising(star.high),
    })
}
