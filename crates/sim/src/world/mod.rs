//! The world of the exchanges of four departments: a population in households, and what the Home Office's case
//! register, the tax authority's list, the benefits department's list and the school census hold of it, each with
//! errors of its own. `docs/synthetic-world.md` has the assumptions and the rates.
//!
//! Everything about a person follows from the seed and the person's index: nothing here holds the population,
//! and the files are written as they are drawn. Never draws an identifier that a real person could hold, and
//! never lets a list tell which record of another list is the same person: only `truth.parquet` does, which is
//! for measuring.

mod answers;
mod benefits;
mod cases;
mod columns;
mod dated;
mod files;
mod flat;
mod homes;
mod household;
mod master;
mod naming;
mod pupils;
mod recorded;
mod reference;
mod register;
mod rows;
mod schooling;
mod states;
mod taxes;
mod truth;

use jiff::civil::{Date, date};

use crate::draw::Lot;

pub use benefits::BenefitRecord;
pub use cases::{Case, Grounds};
pub use files::Summary;
pub use flat::flat;
pub use homes::Home;
pub use household::{Household, Together};
pub use master::WorldMaster;
pub use naming::Name;
pub use pupils::PupilRecord;
pub use register::WorldRegister;
pub use schooling::Schooling;
pub use states::{Held, State};
pub use taxes::TaxRecord;
pub use truth::Truth;

/// The day on which the exchange begins: the states of the register are drawn for it.
pub const FIRST_DAY: Date = date(2016, 3, 18);

/// The last day on which something happens to anybody.
pub const LAST_DAY: Date = date(2018, 3, 17);

/// A population and the lists that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    seed: u64,
    people: u64,
    lot: Lot,
}

impl World {
    /// The world of `seed` with the people 0 to `people` - 1. A person is the same in a smaller world of the
    /// same seed.
    pub fn new(seed: u64, people: u64) -> Self {
        Self {
            seed,
            people,
            lot: Lot::world(seed),
        }
    }

    /// How many people there are.
    pub const fn people(&self) -> u64 {
        self.people
    }
}
