//! How a command ends: 0 done, 1 the answer is no (faults found, a rule refused, a proof failed), 2 wrong use,
//! 3 something outside did not work.

use std::path::Path;
use std::process::ExitCode;

use exchange::Trouble;
use exchange::ports::PortFault;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Fail {
    code: u8,
    /// For the person at the terminal.
    pub(crate) text: String,
}

impl Fail {
    /// The answer is no.
    pub(crate) fn no(text: impl Into<String>) -> Self {
        Self {
            code: 1,
            text: text.into(),
        }
    }
    /// Wrong use.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self {
            code: 2,
            text: text.into(),
        }
    }
    /// Something outside did not work.
    pub(crate) fn fault(text: String) -> Self {
        Self { code: 3, text }
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
            Trouble::Refused(_) => Self::no(trouble.to_string()),
            Trouble::Fault(fault) => fault.into(),
        }
    }
}
