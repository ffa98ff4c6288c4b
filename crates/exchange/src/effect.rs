//! Effects: what lies outside the node. The intent is recorded first, the doing is idempotent by its id, and
//! the completion is recorded after.

use serde::{Deserialize, Serialize};

use crate::ids::{EffectId, HoldingId, OperationId, PackageId, PartyId};

/// What a register is asked to do about one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RegisterAct {
    /// Show a flag, by its exact name (FLAG-03).
    SetFlag {
        /// The flag's name.
        name: String,
        /// The hub's own name of this flag on this person.
        flag: String,
    },
    /// Take a flag away (FLAG-08).
    LiftFlag {
        /// The flag's name.
        name: String,
        /// The hub's own name of this flag on this person.
        flag: String,
    },
    /// Enter a line in the record of what was done (FLAG-02).
    Note {
        /// What was done, in words that name nobody.
        what: String,
    },
}

/// One thing to be done outside the node. It names people only as a row of a holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// Put a package on the transport.
    Publish {
        /// The package.
        package: PackageId,
        /// Its recipient.
        to: PartyId,
    },
    /// Take a received package off the transport.
    TakeAway {
        /// The package.
        package: PackageId,
    },
    /// Do something in the case register about the person of a row.
    Register {
        /// The flag that this shows or takes away; none for a line of what was done.
        flag: Option<String>,
        /// The holding that has the row.
        holding: HoldingId,
        /// The row's item name.
        item: String,
        /// What to do.
        act: RegisterAct,
    },
    /// Destroy a holding's key.
    DestroyKey {
        /// The holding.
        holding: HoldingId,
    },
}

impl Effect {
    /// Can the completions of these two stand in one record's transaction? Flags that are shown, and keys that are
    /// destroyed, are many of one operation.
    pub fn goes_with(&self, next: &Self) -> bool {
        let shows = |e: &Self| {
            matches!(
                e,
                Self::Register {
                    act: RegisterAct::SetFlag { .. },
                    ..
                }
            )
        };
        let destroys = |e: &Self| matches!(e, Self::DestroyKey { .. });
        (shows(self) && shows(next)) || (destroys(self) && destroys(next))
    }
}

/// An effect that this worker holds for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedEffect {
    /// Its id: `<operation>/e<n>`.
    pub id: EffectId,
    /// The operation that intended it.
    pub op: OperationId,
    /// What to do.
    pub effect: Effect,
    /// How often it was tried before.
    pub attempts: u32,
}
