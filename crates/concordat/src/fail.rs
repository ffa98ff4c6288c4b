//! How a command ends: 0 done, 1 the answer is no (faults found, a rule refused, a proof failed), 2 wrong use,
//! 3 something outside did not work.

use std::path::Path;
use std::process::ExitCode;

use exchange::Trouble;
use exchange::ids::BadId;
use exchange::ports::{PortFault, StoreFault};
use exchange::refusal::Refusal;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Fail {
    code: u8,
    /// For the person at the terminal.
    pub(crate) text: String,
    /// The rules that said no, for programs.
    pub(crate) refusals: Vec<Refusal>,
}

impl Fail {
    fn new(code: u8, text: String) -> Self {
        Self {
            code,
            text,
            refusals: Vec::new(),
        }
    }
    /// The answer is no.
    pub(crate) fn no(text: impl Into<String>) -> Self {
        Self::new(1, text.into())
    }
    /// Wrong use.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(2, text.into())
    }
    /// Something outside did not work.
    pub(crate) fn fault(text: String) -> Self {
        Self::new(3, text)
    }
    /// A file could not be read or written.
    pub(crate) fn at(path: &Path, error: &std::io::Error) -> Self {
        Self::fault(format!("{}: {error}", path.display()))
    }
    /// As the process's exit code.
    pub(crate) fn exit(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<PortFault> for Fail {
    fn from(fault: PortFault) -> Self {
        Self::fault(fault.to_string())
    }
}

impl From<Trouble> for Fail {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(ref refusals) => Self {
                refusals: refusals.clone(),
                ..Self::no(trouble.to_string())
            },
            Trouble::Fault(fault) => fault.into(),
        }
    }
}

impl From<StoreFault> for Fail {
    fn from(fault: StoreFault) -> Self {
        Self::fault(fault.to_string())
    }
}

impl From<BadId> for Fail {
    fn from(bad: BadId) -> Self {
        Self::usage(bad.to_string())
    }
}

impl From<serde_json::Error> for Fail {
    fn from(error: serde_json::Error) -> Self {
        Self::fault(error.to_string())
    }
}
