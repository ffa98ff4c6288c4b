//! Where SQLite and PostgreSQL differ: how a writing transaction begins and which rows it locks while it looks
//! at them. SQLite has one writer at a time and needs no row locks; on PostgreSQL each look that a later
//! statement relies on holds its rows. Everything else is one SQL text for both.

/// The statements that are not the same in both databases.
pub struct Dialect {
    /// Begins a transaction that writes.
    pub(crate) begin: &'static str,
    /// A holding's state ($1: its id), unchanged until the transaction ends.
    pub(crate) holding: &'static str,
    /// Is the lease `sequencer` held by $1 at $2? Held until the transaction ends.
    pub(crate) sequencer: &'static str,
    /// The head's size, unchanged by others until the transaction ends.
    pub(crate) size: &'static str,
    /// The effects that $1 may lease at $2, at most $3, in order of insertion; those that another process is
    /// leasing at this moment are passed over.
    pub(crate) leasable: &'static str,
}

macro_rules! dialect {
    (begin: $begin:literal, share: $share:literal, update: $update:literal, skip: $skip:literal) => {
        Dialect {
            begin: $begin,
            holding: concat!("SELECT status FROM aggregates WHERE kind = 'holding' AND id = $1", $share),
            sequencer: concat!(
                "SELECT holder FROM leases WHERE name = 'sequencer' AND holder = $1 AND held_until > $2",
                $update
            ),
            size: concat!("SELECT size FROM head WHERE one = 1", $update),
            leasable: concat!(
                "SELECT effect_id, op_id, effect, attempts FROM outbox WHERE state = 'open' \
                 AND retry_at <= $2 AND (lease_until IS NULL OR lease_until <= $2 OR lease_holder = $1) \
                 AND NOT EXISTS (SELECT 1 FROM entries \
                 WHERE entries.op_id = outbox.op_id AND entries.idx IS NULL) \
                 ORDER BY ord LIMIT $3",
                $skip
            ),
        }
    };
}

pub(crate) const SQLITE: Dialect =
    dialect! { begin: "BEGIN IMMEDIATE", share: "", update: "", skip: "" };

pub(crate) const POSTGRES: Dialect = dialect! {
    begin: "BEGIN ISOLATION LEVEL READ COMMITTED",
    share: " FOR SHARE",
    update: " FOR UPDATE",
    skip: " FOR UPDATE OF outbox SKIP LOCKED"
};
