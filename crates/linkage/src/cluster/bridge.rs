//! Connected components and their bridges, by one walk in depth (Tarjan 1974).

/// Records by number, each with its neighbours.
pub(super) struct Graph {
    near: Vec<Vec<usize>>,
}

/// What the walk knows of a record.
#[derive(Clone, Copy, Default)]
struct Met {
    /// When it was met, from 1; 0 where it was not.
    at: usize,
    /// The earliest record that it reaches by one link besides the walk's own.
    low: usize,
    /// How many records the walk met from it on.
    below: usize,
    /// How many of its neighbours the walk has tried.
    tried: usize,
}

impl Graph {
    /// Each link stands once.
    pub(super) fn new(records: usize, links: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut near = vec![Vec::new(); records];
        for (a, b) in links {
            for (one, other) in [(a, b), (b, a)] {
                if let Some(near) = near.get_mut(one) {
                    near.push(other);
                }
            }
        }
        Self { near }
    }

    /// The records of each component, in order, and how many bridges part it in two sides of two or more.
    pub(super) fn components(&self) -> Vec<(Vec<usize>, u64)> {
        let mut met = vec![Met::default(); self.near.len()];
        let mut found = Vec::new();
        for start in 0..self.near.len() {
            if met.get(start).is_some_and(|m| m.at == 0) {
                let (mut members, sides) = self.walk(start, &mut met);
                let all = members.len();
                let bridges = sides.iter().filter(|n| **n > 1 && all - **n > 1);
                members.sort_unstable();
                found.push((members, bridges.count() as u64));
            }
        }
        found
    }

    /// The records that one reaches, and for each bridge how many lie beyond it.
    fn walk(&self, start: usize, met: &mut [Met]) -> (Vec<usize>, Vec<usize>) {
        let (mut members, mut sides) = (Vec::new(), Vec::new());
        let mut path: Vec<usize> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(record) = next.take() {
                members.push(record);
                path.push(record);
                if let Some(m) = met.get_mut(record) {
                    let at = members.len();
                    *m = Met {
                        at,
                        low: at,
                        below: 1,
                        tried: 0,
                    };
                }
            }
            let Some(&record) = path.last() else {
                return (members, sides);
            };
            let before = path.len().checked_sub(2).and_then(|n| path.get(n)).copied();
            let (Some(mine), Some(near)) = (met.get(record).copied(), self.near.get(record)) else {
                return (members, sides);
            };
            match near.get(mine.tried) {
                Some(other) => {
                    let at = met.get(*other).map_or(0, |m| m.at);
                    if at == 0 {
                        next = Some(*other);
                    }
                    if let Some(m) = met.get_mut(record) {
                        m.tried += 1;
                        if at != 0 && Some(*other) != before {
                            m.low = m.low.min(at);
                        }
                    }
                }
                None => {
                    path.pop();
                    if let Some(m) = before.and_then(|b| met.get_mut(b)) {
                        m.low = m.low.min(mine.low);
                        m.below += mine.below;
                        if mine.low > m.at {
                            sides.push(mine.below);
                        }
                    }
                }
            }
        }
    }
}
