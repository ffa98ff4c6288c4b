//! Why a use of the node came to nothing: rules said no, or something outside did not work.

use crate::ids::BadId;
use crate::ports::{PortFault, StoreFault, VaultFault};
use crate::refusal::Refusal;

/// Why a use of the node came to nothing.
#[derive(Debug)]
pub enum Trouble {
    /// Rules said no; all of them together (RUN-05), recorded in the ledger (AUD-07).
    Refused(Vec<Refusal>),
    /// Something outside the domain did not work; trying again may help.
    Fault(PortFault),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusals) => {
                let lines: Vec<_> = refusals.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
            Self::Fault(fault) => write!(f, "{fault}"),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<Vec<Refusal>> for Trouble {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self::Refused(refusals)
    }
}

impl From<PortFault> for Trouble {
    fn from(fault: PortFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreFault> for Trouble {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::NoHolding(_) => {
                Self::Refused(vec![Refusal::new("RET-01", fault.to_string())])
            }
            StoreFault::Conflict { .. } => Self::Fault(PortFault(fault.to_string())),
            StoreFault::Port(fault) => Self::Fault(fault),
        }
    }
}

impl From<VaultFault> for Trouble {
    fn from(fault: VaultFault) -> Self {
        match fault {
            VaultFault::Destroyed(_) => {
                Self::Refused(vec![Refusal::new("RET-12", fault.to_string())])
            }
            VaultFault::Missing(_) | VaultFault::Altered(_) => {
                Self::Fault(PortFault(fault.to_string()))
            }
            VaultFault::Port(fault) => Self::Fault(fault),
        }
    }
}

impl From<BadId> for Trouble {
    fn from(bad: BadId) -> Self {
        Self::Fault(PortFault(bad.to_string()))
    }
}

impl From<ledger::NameFault> for Trouble {
    fn from(bad: ledger::NameFault) -> Self {
        Self::Fault(PortFault(bad.to_string()))
    }
}
