//! The engine: the case list is indexed, the master list streams past it. Values of the case list alone are
//! interned, so memory follows the case list.

mod bands;
mod by_rule;
pub(crate) mod cases;
pub(crate) mod compare;
mod decide;
mod distinct;
pub(crate) mod encode;
mod equal;
mod estimate;
pub(crate) mod frequency;
mod handful;
pub(crate) mod intern;
pub(crate) mod keys;
mod labels;
pub(crate) mod pairs;
mod random;
pub(crate) mod scan;
pub(crate) mod score;
pub(crate) mod seek;
pub(crate) mod source;
pub(crate) mod train;
pub(crate) mod trained;
mod weighing;

pub use cases::Cases;
pub(crate) use decide::strong_rule;
pub use labels::Labels;
pub use random::Basis;
pub use scan::Run;
pub use score::{Pair, Scored, Standing, score};
pub use source::{Batch, Source, SourceFault};
pub use train::{RuleTraining, Training, train, train_on_labels};
pub use trained::{Trained, TrainedLevel, TrainedUnit};
