//! Reads and writes what crosses a border: workbooks, csv, sealed packages, transports, keys.
//!
//! The only place where a partner's bytes are parsed, and then in a confined child process
//! ([`confined::ConfinedForms`]). It never decides whether something may leave or be used, never reads a
//! clock, never writes a value in clear to a disk, and no error of it holds a cell's value or a key.

pub mod channel;
pub mod confined;
pub mod csv;
pub mod directory;
pub mod keys;
pub mod limits;
pub mod package;
pub mod reader;
pub mod remote;
pub mod sealer;
pub mod spool;
pub mod workbook;

mod annotated;
mod cells;
mod csvw;
mod drain;
mod durable;
mod fault;
mod header;
mod locked;
mod locks;
mod opening;
mod xlsx;

pub use channel::{FolderChannel, MailChannel};
pub use confined::ConfinedForms;
pub use directory::{DirectoryShelf, DirectoryTransport};
pub use keys::{Keys, KeysFault};
pub use remote::Remote;
pub use remote::calls::{CallPlace, Https};
pub use remote::egress::{Allowed, Egress};
pub use remote::form::post_form;
pub use remote::sftp::SftpPlace;
pub use remote::webdav::WebDavPlace;
pub use sealer::AgeSealer;
pub use spool::DirectorySpool;
