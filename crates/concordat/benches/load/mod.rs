//! What the benchmark of the service is made of: the nodes, the bare handler beside them, whoever asks, and what the time of
//! an answer tells.

pub mod bare;
pub mod drive;
pub mod nodes;
pub mod told;
