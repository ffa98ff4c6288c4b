//! The domain: agreements in force, runs and their legs, matches, flags, retention. State machines, authority
//! and the ports they need. Never reads a clock, draws randomness, or touches a file, a network or a database:
//! those come in through [`ports`].

pub mod act;
pub mod alteration;
pub mod announcement;
pub mod approval;
pub mod assurance;
pub mod authority;
pub mod bulk;
pub mod change;
pub mod check;
pub mod compose;
pub mod controls;
pub mod cosigning;
pub mod cover;
pub mod deadline;
pub mod decision;
pub mod effect;
pub mod entrusted;
pub mod file_name;
pub mod finding;
pub mod flag;
pub mod gate;
pub mod ids;
pub mod incident;
pub mod inward;
pub mod leg;
pub mod lookup;
pub mod machine;
pub mod matches;
pub mod message;
pub mod node;
pub mod node_key;
pub mod pact;
pub mod paper;
pub mod partner;
pub mod password;
pub mod ports;
pub mod refusal;
pub mod retention;
pub mod rival;
pub mod route;
pub mod rows;
pub mod run;
pub mod select;
pub mod session;
pub mod set_up;
pub mod solution;
pub mod sorting;
pub mod table;
pub mod together;
pub mod trace;
pub mod trouble;
pub mod value_use;

pub use node::{
    About, Aims, Asked, Asking, Awaited, Brought, Case, Deciding, Done, Doubt, Instance, Locked,
    MASKED, Node, Ports, Proven, Raised, Review, Settings, Share, Start, Told, Verdict, Waits,
    Word, Worked, Written, WrittenRow, of_project,
};
pub use trouble::Trouble;
