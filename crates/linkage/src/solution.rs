//! A matching solution: a model with its trained numbers, used as one (MATCH-17).

use crate::engine::{Cases, Run, Source, SourceFault, Standing, Trained, score, strong_rule};
use crate::model::Model;

/// A model with the numbers that it was trained to.
#[derive(Clone, Debug)]
pub struct Solution {
    model: Model,
    trained: Trained,
}

/// A record of the master list that may be about the person of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The master list's handle of the record.
    pub master: String,
    /// Weight of evidence with the prior, in bits.
    pub weight: f64,
    /// What the evidence amounts to.
    pub standing: Standing,
    /// The first of the model's `strong` lines that holds, from 0; none where none does.
    pub rule: Option<usize>,
}

/// What was found for a case: nothing too is an answer (MATCH-02).
#[derive(Clone, Debug, PartialEq)]
pub struct Linked {
    /// The case's handle.
    pub case: String,
    /// Heaviest first.
    pub candidates: Vec<Candidate>,
}

impl Solution {
    /// A solution.
    ///
    /// # Errors
    /// [`SourceFault`] when the numbers are of another model.
    pub fn new(model: Model, trained: Trained) -> Result<Self, SourceFault> {
        trained.fits(&model)?;
        Ok(Self { model, trained })
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The trained numbers.
    pub fn trained(&self) -> &Trained {
        &self.trained
    }

    /// Looks for the people of a case list in a master list: one answer for each case, in the order of the case list
    /// (MATCH-01). The standing follows from the evidence; no candidate is confirmed.
    ///
    /// # Errors
    /// [`SourceFault`] when a list cannot be read.
    pub fn find(
        &self,
        cases: &dyn Source,
        master: &dyn Source,
        run: Run,
    ) -> Result<Vec<Linked>, SourceFault> {
        let cases = Cases::read(&self.model, cases)?;
        let scored = score(&self.model, &self.trained, None, &cases, master, run)?;
        let handles = (0_u32..).take(cases.len());
        let mut linked: Vec<Linked> = handles
            .map(|case| Linked {
                case: cases.handle(case).to_owned(),
                candidates: Vec::new(),
            })
            .collect();
        for pair in scored.pairs {
            if let Some(linked) = linked.get_mut(pair.case as usize) {
                linked.candidates.push(Candidate {
                    weight: pair.weight,
                    standing: pair.standing,
                    rule: strong_rule(&self.model, &pair),
                    master: pair.master.into(),
                });
            }
        }
        Ok(linked)
    }
}
