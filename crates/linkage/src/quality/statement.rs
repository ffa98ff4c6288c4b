//! The quality statement: what may be shared of a measurement, in the form that an authority signs before the model is
//! used (MATCH-17).

use serde::Serialize;

use super::clusters::ClusterFigures;
use super::lists::Lists;
use super::measure::{Cut, FIXED, GroupColumn, Quality, StandingCounts};
use super::shown::{Cell, Shown, ShownRate, blocks, ladder, rounded, share_out, wide_blocks};

/// The form of the statement, with its version.
pub const SCHEMA: &str = "concordat-linkage-quality/1";

/// That of a statement about one list. What links two lists is not tested by it, so it is no test report (MATCH-17).
pub const SCHEMA_OF_ONE: &str = "concordat-linkage-quality-of-one-list/1";

/// A group with fewer true pairs says too little to be held against another.
const LEAST_TRUE: u64 = 30;

/// What was measured, as the caller knows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct About {
    /// The day of the statement.
    pub date: String,
    /// The model's name.
    pub model: String,
    /// SHA-256 of the model's file.
    pub model_sha256: String,
    /// SHA-256 of the file of trained numbers, where one is given.
    pub trained_sha256: Option<String>,
    /// Records of the case list, or of the only one.
    pub left_records: u64,
    /// Records of the master list; none of one list.
    pub right_records: Option<u64>,
    /// The probability from which a pair counts as a link.
    pub link: f64,
    /// That below which no pair is written.
    pub review: f64,
}

/// A quality statement. No count from 1 to 4 stands in it or can be worked out of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// [`SCHEMA`] or [`SCHEMA_OF_ONE`].
    pub schema: &'static str,
    about: About,
    true_pairs: u64,
    headline_gap: Option<Headline>,
    link: PointShown,
    best: PointShown,
    lost: Lost,
    people: PeopleShown,
    standings: Vec<StandingShown>,
    groups: Vec<ColumnShown>,
    calibration: Calibration,
    points: Vec<PointShown>,
    roc: Vec<Roc>,
    clusters: Option<ClustersShown>,
}

/// The greatest gap in recall between groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Headline {
    column: String,
    #[serde(flatten)]
    gap: Gap,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct PointShown {
    probability: f64,
    /// Bits; null at a probability of 0 or 1.
    weight: Option<f64>,
    #[serde(flatten)]
    figures: Figures,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Figures {
    true_links: Shown,
    false_links: Shown,
    missed: Shown,
    precision: Option<ShownRate>,
    recall: Option<ShownRate>,
    f1: Option<ShownRate>,
}

impl Figures {
    fn of(right: Shown, wrong: Shown, all: u64) -> Self {
        Self {
            true_links: right,
            false_links: wrong,
            missed: Shown::exactly(all).less(right),
            precision: ShownRate::share(right, wrong),
            recall: ShownRate::recall(right, all),
            f1: ShownRate::f1(right, wrong, all),
        }
    }
}

/// Where true pairs are lost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Lost {
    /// No blocking rule brings them together; null where that was not found out.
    by_blocking: Option<Shown>,
    /// Brought together and scored too low to be written; null likewise.
    below_review: Option<Shown>,
    /// Not among the scored pairs for either reason.
    not_written: Shown,
    /// Scored, and below the link threshold.
    below_link: Shown,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct PeopleShown {
    records: u64,
    linked_rightly: Shown,
    linked_wrongly: Shown,
    linked_to_a_stranger: Shown,
    missed: Shown,
    rightly_alone: Shown,
    linked_to_several: Shown,
    /// Linked records of all.
    hit_rate: Option<ShownRate>,
    /// What the probabilities promise.
    expected_hit_rate: f64,
    /// Records that are linked to somebody else, of all that are linked.
    harmed: Option<ShownRate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct StandingShown {
    standing: crate::Standing,
    of_one_person: Shown,
    of_two: Shown,
    precision: Option<ShownRate>,
    /// Of all true pairs.
    recall: Option<ShownRate>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct ColumnShown {
    column: String,
    groups: Vec<GroupShown>,
    gaps: Gaps,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct GroupShown {
    group: String,
    records: Shown,
    true_pairs: Shown,
    /// Null where the true pairs are too few to be told.
    figures: Option<Figures>,
    /// False links for each 1,000 records.
    false_links_per_1000: Option<[f64; 2]>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Gaps {
    precision: Option<Gap>,
    recall: Option<Gap>,
    f1: Option<Gap>,
}

/// Largest minus smallest among groups with at least 30 true pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Gap {
    from: f64,
    to: f64,
    largest: String,
    smallest: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Calibration {
    tenths: Vec<Tenth>,
    /// The mean difference of predicted and observed, weighed by pairs: at least and at most.
    expected_error: Option<[f64; 2]>,
    /// Null where a small count could be worked out of it.
    brier: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Tenth {
    from: f64,
    of_one_person: Shown,
    of_two: Shown,
    /// The mean probability; null where the pairs are too few.
    predicted: Option<f64>,
    observed: Option<ShownRate>,
}

/// An operating point over the scored pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Roc {
    /// Of the scored pairs of two people, those that are links.
    false_share: f64,
    recall: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct ClustersShown {
    clusters: Shown,
    people: Shown,
    exact: Shown,
    split: Shown,
    merged: Shown,
    #[serde(flatten)]
    pairs: Figures,
}

impl Statement {
    /// What may be shared of a measurement.
    pub fn of(about: About, quality: &Quality, clusters: Option<&ClusterFigures>) -> Self {
        let rungs = Rungs::of(quality);
        let shown = |cut: Cut| rungs.point(quality, cut);
        let groups: Vec<ColumnShown> = quality
            .groups
            .iter()
            .map(|column| column_shown(column, quality, &shown(quality.link.cut).figures))
            .collect();
        Self {
            schema: match quality.lists {
                Lists::One => SCHEMA_OF_ONE,
                Lists::Two => SCHEMA,
            },
            about,
            true_pairs: quality.true_pairs,
            headline_gap: headline(&groups),
            link: shown(quality.link.cut),
            best: shown(quality.best.cut),
            lost: rungs.lost(quality),
            people: people(quality),
            standings: standings(&quality.standings, quality.true_pairs),
            groups,
            calibration: calibration(quality, &rungs),
            points: quality.points.iter().map(|p| shown(p.cut)).collect(),
            roc: rungs.roc(quality),
            clusters: clusters.map(|c| clusters_shown(c, quality.true_pairs)),
        }
    }
}

/// Right and wrong links at every operating point, as they may be told beside one another.
struct Rungs {
    /// Beyond the points: what blocking reached where that is known, and all true pairs.
    right: Vec<Shown>,
    wrong: Vec<Shown>,
}

impl Rungs {
    fn of(quality: &Quality) -> Self {
        let points = quality.points.iter();
        let mut right: Vec<u64> = points.clone().map(|p| p.counts.right).collect();
        right.extend(quality.reached);
        right.push(quality.true_pairs);
        let wrong: Vec<u64> = points.map(|p| p.counts.wrong).collect();
        Self {
            right: ladder(&right),
            wrong: ladder(&wrong),
        }
    }

    fn at(&self, quality: &Quality, cut: Cut) -> (Shown, Shown) {
        let at = quality.points.iter().position(|p| p.cut == cut);
        let of = |rungs: &[Shown]| at.and_then(|at| rungs.get(at)).copied();
        let none = Shown::of(0);
        (
            of(&self.right).unwrap_or(none),
            of(&self.wrong).unwrap_or(none),
        )
    }

    fn point(&self, quality: &Quality, cut: Cut) -> PointShown {
        let (right, wrong) = self.at(quality, cut);
        let odds = (cut.probability / (1.0 - cut.probability)).log2();
        let weight = if cut.weight.is_finite() {
            cut.weight
        } else {
            odds
        };
        PointShown {
            probability: rounded(cut.probability),
            weight: weight.is_finite().then(|| rounded(weight)),
            figures: Figures::of(right, wrong, quality.true_pairs),
        }
    }

    fn lost(&self, quality: &Quality) -> Lost {
        let all = Shown::exactly(quality.true_pairs);
        let (written, _) = self.at(quality, Cut::at(0.0));
        let (linked, _) = self.at(quality, quality.link.cut);
        let reached = self.right.get(quality.points.len()).copied();
        let reached = quality.reached.and(reached);
        Lost {
            by_blocking: reached.map(|r| all.less(r)),
            below_review: reached.map(|r| r.less(written)),
            not_written: all.less(written),
            below_link: written.less(linked),
        }
    }

    /// Points of which everything is told.
    fn roc(&self, quality: &Quality) -> Vec<Roc> {
        let all = self
            .wrong
            .last()
            .and_then(|all| all.exact())
            .filter(|all| *all > 0);
        let point = |(right, wrong): (&Shown, &Shown)| {
            Some(Roc {
                false_share: rounded(wrong.exact()? as f64 / all? as f64),
                recall: rounded(right.exact()? as f64 / quality.true_pairs as f64),
            })
        };
        self.right
            .iter()
            .zip(&self.wrong)
            .filter_map(point)
            .collect()
    }
}

fn people(quality: &Quality) -> PeopleShown {
    let (records, counts) = (quality.records, quality.people);
    let all = [
        counts.right,
        counts.wrong,
        counts.strangers,
        counts.missed,
        counts.rightly_alone,
    ];
    let (shown, several) = match quality.lists {
        Lists::One => (wide_blocks(&all), Shown::wide_block(counts.several)),
        Lists::Two => (blocks(&all), Shown::block(counts.several)),
    };
    let at = |n: usize| shown.get(n).copied().unwrap_or(Shown::of(0));
    let harmed = at(1).plus(at(2));
    PeopleShown {
        records,
        linked_rightly: at(0),
        linked_wrongly: at(1),
        linked_to_a_stranger: at(2),
        missed: at(3),
        rightly_alone: at(4),
        linked_to_several: several,
        hit_rate: ShownRate::recall(at(0).plus(harmed), records),
        expected_hit_rate: rounded(quality.expected_hits),
        harmed: ShownRate::share(harmed, at(0)),
    }
}

fn standings(counts: &[StandingCounts], true_pairs: u64) -> Vec<StandingShown> {
    let of = |count: fn(&StandingCounts) -> u64| {
        let counts: Vec<u64> = counts.iter().map(count).collect();
        blocks(&counts)
    };
    let each = counts.iter().zip(of(|c| c.right)).zip(of(|c| c.wrong));
    each.map(|((counts, right), wrong)| StandingShown {
        standing: counts.standing,
        of_one_person: right,
        of_two: wrong,
        precision: ShownRate::share(right, wrong),
        recall: ShownRate::recall(right, true_pairs),
    })
    .collect()
}

fn column_shown(column: &GroupColumn, quality: &Quality, link: &Figures) -> ColumnShown {
    let groups = &column.groups;
    let all_of = |whole: u64, count: &dyn Fn(&super::GroupCounts) -> u64| {
        let cells: Vec<Cell> = groups
            .iter()
            .map(|g| Cell {
                count: count(g),
                of: None,
            })
            .collect();
        share_out(Shown::exactly(whole), &cells)
    };
    let records = all_of(quality.records, &|g| g.records);
    let truths = all_of(quality.true_pairs, &|g| g.counts.right + g.counts.missed);
    let missed: Vec<Cell> = groups
        .iter()
        .zip(&truths)
        .map(|(g, truth)| Cell {
            count: g.counts.missed,
            of: truth.exact(),
        })
        .collect();
    let missed = share_out(link.missed, &missed);
    let wrong: Vec<Cell> = groups
        .iter()
        .map(|g| Cell {
            count: g.counts.wrong,
            of: None,
        })
        .collect();
    let wrong = share_out(link.false_links, &wrong);
    let told = groups
        .iter()
        .zip(records)
        .zip(truths)
        .zip(missed.iter().zip(wrong));
    let groups: Vec<GroupShown> = told
        .map(|(((group, records), truth), (missed, wrong))| {
            let right = truth.less(*missed);
            let figures = truth.exact().filter(|n| *n >= 10);
            let per_1000 = |wrong: u64, of: u64| rounded(wrong as f64 * 1000.0 / of as f64);
            let rate = |of: u64| [per_1000(wrong.from, of), per_1000(wrong.to, of)];
            GroupShown {
                group: group.group.clone(),
                records,
                true_pairs: truth,
                figures: figures.map(|all| Figures::of(right, wrong, all)),
                false_links_per_1000: records.exact().filter(|n| *n > 0).map(rate),
            }
        })
        .collect();
    ColumnShown {
        column: column.column.clone(),
        gaps: Gaps {
            precision: gap(&groups, |f| f.precision),
            recall: gap(&groups, |f| f.recall),
            f1: gap(&groups, |f| f.f1),
        },
        groups,
    }
}

fn gap(groups: &[GroupShown], rate: impl Fn(&Figures) -> Option<ShownRate>) -> Option<Gap> {
    let enough = |g: &&GroupShown| g.true_pairs.exact().is_some_and(|n| n >= LEAST_TRUE);
    let rates = groups.iter().filter(enough).filter_map(|g| {
        let rate = g.figures.as_ref().and_then(&rate)?;
        Some((g.group.as_str(), rate))
    });
    let by_middle =
        |a: &(&str, ShownRate), b: &(&str, ShownRate)| a.1.middle().total_cmp(&b.1.middle());
    if rates.clone().count() < 2 {
        return None;
    }
    let largest = rates.clone().max_by(by_middle)?;
    let smallest = rates.min_by(by_middle)?;
    Some(Gap {
        from: rounded((largest.1.from - smallest.1.to).max(0.0)),
        to: rounded((largest.1.to - smallest.1.from).max(0.0)),
        largest: largest.0.to_owned(),
        smallest: smallest.0.to_owned(),
    })
}

fn headline(groups: &[ColumnShown]) -> Option<Headline> {
    let gaps = groups.iter().filter_map(|column| {
        Some(Headline {
            column: column.column.clone(),
            gap: column.gaps.recall.clone()?,
        })
    });
    gaps.max_by(|a, b| (a.gap.from + a.gap.to).total_cmp(&(b.gap.from + b.gap.to)))
}

fn calibration(quality: &Quality, rungs: &Rungs) -> Calibration {
    let mut edges: Vec<f64> = FIXED.iter().copied().filter(|p| *p <= 0.9).collect();
    edges.sort_by(f64::total_cmp);
    let above: Vec<(Shown, Shown)> = edges
        .iter()
        .map(|edge| rungs.at(quality, Cut::at(*edge)))
        .chain([(Shown::exactly(0), Shown::exactly(0))])
        .collect();
    let mut tenths = Vec::new();
    let (mut least, mut most) = (0.0, 0.0);
    let mut all_told = true;
    for ((edge, bin), step) in edges.iter().zip(&quality.bins).zip(above.windows(2)) {
        let [(right, wrong), (right_above, wrong_above)] = step else {
            continue;
        };
        let (right, wrong) = (right.less(*right_above), wrong.less(*wrong_above));
        // |right - pairs * predicted| is linear in both counts: its ends are at the ends of their ranges.
        let off = |right: u64, wrong: u64| {
            right as f64 * (1.0 - bin.predicted) - wrong as f64 * bin.predicted
        };
        let (one, other) = (off(right.to, wrong.from), off(right.from, wrong.to));
        most += one.abs().max(other.abs());
        if one.signum() == other.signum() {
            least += one.abs().min(other.abs());
        }
        let told = right.exact().is_some() && wrong.exact().is_some();
        all_told &= told;
        tenths.push(Tenth {
            from: *edge,
            of_one_person: right,
            of_two: wrong,
            predicted: (right.from + wrong.from >= 5).then(|| rounded(bin.predicted)),
            observed: ShownRate::share(right, wrong),
        });
    }
    let (right, wrong) = rungs.at(quality, Cut::at(0.0));
    let (fewest, greatest) = (right.from + wrong.from, right.to + wrong.to);
    Calibration {
        tenths,
        expected_error: (fewest > 0).then(|| {
            let most = (most / fewest as f64).min(1.0);
            [rounded(least / greatest as f64), rounded(most)]
        }),
        brier: quality.brier.filter(|_| all_told).map(rounded),
    }
}

fn clusters_shown(figures: &ClusterFigures, true_pairs: u64) -> ClustersShown {
    let right = Shown::block(figures.pairs.right);
    let wrong = Shown::block(figures.pairs.wrong);
    ClustersShown {
        clusters: Shown::block(figures.clusters),
        people: Shown::block(figures.people),
        exact: Shown::block(figures.exact),
        split: Shown::block(figures.split),
        merged: Shown::block(figures.merged),
        pairs: Figures::of(right, wrong, true_pairs),
    }
}
