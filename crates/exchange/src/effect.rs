//! Effects: what lies outside the node. The intent is recorded first, the doing is idempotent by its id, and
//! the completion is recorded after.

use serde::{Deserialize, Serialize};

use crate::ids::{EffectId, HoldingId, OperationId, PackageId, PartyId, RouteId};

/// One thing to be done outside the node. It names people only as a row of a holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// Send a package by a route.
    Publish {
        /// The package.
        package: PackageId,
        /// Its recipient.
        to: PartyId,
        /// The route that the agreement names.
        route: RouteId,
    },
    /// Take a received package away from where it lay.
    TakeAway {
        /// The package.
        package: PackageId,
        /// The route that it came by.
        route: RouteId,
    },
    /// Show a flag in the case register, on the person of a row (FLAG-02).
    ShowFlag {
        /// The flag.
        flag: String,
        /// The holding that has the row.
        holding: HoldingId,
        /// The row's item name.
        item: String,
    },
    /// Take a flag away from the case register, which knows it by its name alone (FLAG-08).
    LiftFlag {
        /// The flag.
        flag: String,
    },
    /// Destroy a holding's key.
    DestroyKey {
        /// The holding.
        holding: HoldingId,
    },
}

impl Effect {
    /// Can the completions of these two stand in one record's transaction? Flags and keys are many of one operation.
    pub fn goes_with(&self, next: &Self) -> bool {
        matches!(
            (self, next),
            (Self::ShowFlag { .. }, Self::ShowFlag { .. })
                | (Self::LiftFlag { .. }, Self::LiftFlag { .. })
                | (Self::DestroyKey { .. }, Self::DestroyKey { .. })
        )
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
