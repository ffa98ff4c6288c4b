//! The engine: the case list is indexed, the master list streams past it. Values of the case list alone are
//! interned, so memory follows the case list.

mod cases;
mod compare;
mod decide;
mod encode;
mod estimate;
mod frequency;
mod intern;
mod keys;
mod pairs;
mod random;
mod scan;
mod score;
mod source;
mod train;
mod trained;

pub use cases::Cases;
pub(crate) use decide::strong_rule;
pub use scan::Run;
pub use score::{Pair, Scored, Standing, score};
pub use source::{Batch, Source, SourceFault};
pub use train::{RuleTraining, Training, train};
pub use trained::{Trained, TrainedLevel, TrainedUnit};
