//! Where SQLite and PostgreSQL differ: how a writing transaction begins and which rows it locks while it looks
//! at them. SQLite has one writer at a time and needs no row locks; on PostgreSQL each look that a later
//! statement relies on holds its rows. Many rows go in one statement, as a JSON array of arrays in `$1`, which each
//! database takes apart in its own way. Everything else is one SQL text for both.

/// The statements that are not the same in both databases.
pub struct Dialect {
    /// Begins a transaction that writes.
    pub(crate) begin: &'static str,
    /// A holding's state ($1: its id), unchanged until the transaction ends.
    pub(crate) holding: &'static str,
    /// The head, unchanged by others until the transaction ends.
    pub(crate) head: &'static str,
    /// The effects that $1 may lease at $2, at most $3, in order of insertion; those that another process is
    /// leasing at this moment are passed over.
    pub(crate) leasable: &'static str,
    /// Holds the aggregates `[kind, id]` of $1, in their order, where the database locks rows.
    pub(crate) hold: Option<&'static str>,
    /// Inserts the operations `[id, name, at]` of $1 that are not there, in order of their ids, and gives those.
    pub(crate) insert_operations: &'static str,
    /// Inserts the aggregates `[kind, id, status, body, due]` of $1 that are not there, and gives those.
    pub(crate) insert_aggregates: &'static str,
    /// Moves the aggregates `[kind, id, version, status, body, due]` of $1 that have that version, and gives those.
    pub(crate) update_aggregates: &'static str,
    /// The aggregates of kind $2 with the ids `[id]` of $1.
    pub(crate) load_many: &'static str,
    /// Inserts the entries `[id, bytes in hex, found by, operation]` of $1, in their order.
    pub(crate) insert_entries: &'static str,
    /// Puts the items `[holding, name, ciphertext in hex]` of $1.
    pub(crate) put_items: &'static str,
    /// Inserts the effects `[id, effect]` of $1 for operation $2, to be tried from $3, in their order.
    pub(crate) insert_effects: &'static str,
    /// Leases the effects `[id]` of $1 to $2 until $3.
    pub(crate) lease_effects: &'static str,
    /// Gives the entries `[id, index, leaf in hex]` of $1 their places.
    pub(crate) place_entries: &'static str,
}

macro_rules! dialect {
    (
        begin: $begin:literal, share: $share:literal, update: $update:literal, skip: $skip:literal,
        each: $each:literal, bytes: $bytes:literal, hex: $hex:literal, hold: $hold:expr,
        unplaced: $unplaced:literal
    ) => {
        Dialect {
            begin: $begin,
            holding: concat!("SELECT status FROM aggregates WHERE kind = 'holding' AND id = $1", $share),
            head: concat!("SELECT frontier, checkpoint, published FROM head WHERE one = 1", $update),
            leasable: concat!(
                "SELECT effect_id, op_id, effect, attempts FROM outbox WHERE state = 'open' \
                 AND retry_at <= $2 AND (lease_until IS NULL OR lease_until <= $2 OR lease_holder = $1) \
                 AND NOT EXISTS (SELECT 1 FROM entries", $unplaced, " \
                 WHERE entries.op_id = outbox.op_id AND entries.idx IS NULL) \
                 ORDER BY ord LIMIT $3",
                $skip
            ),
            hold: $hold,
            insert_operations: concat!(
                "INSERT INTO operations (op_id, name, at) SELECT r.value ->> 0, r.value ->> 1, \
                 CAST(r.value ->> 2 AS BIGINT) FROM ", $each,
                " WHERE true ORDER BY r.value ->> 0 ON CONFLICT (op_id) DO NOTHING RETURNING op_id"
            ),
            insert_aggregates: concat!(
                "INSERT INTO aggregates (kind, id, version, status, body, due_at, subject) \
                 SELECT r.value ->> 0, r.value ->> 1, 1, r.value ->> 2, r.value ->> 3, \
                 CAST(r.value ->> 4 AS BIGINT), r.value ->> 5 FROM ", $each,
                " WHERE true ORDER BY r.key ON CONFLICT (kind, id) DO NOTHING \
                 RETURNING kind, id"
            ),
            update_aggregates: concat!(
                "UPDATE aggregates SET version = aggregates.version + 1, status = n.status, \
                 body = n.body, due_at = n.due, subject = n.subject FROM (SELECT r.value ->> 0 AS kind, \
                 r.value ->> 1 AS id, CAST(r.value ->> 2 AS BIGINT) AS version, \
                 r.value ->> 3 AS status, r.value ->> 4 AS body, \
                 CAST(r.value ->> 5 AS BIGINT) AS due, r.value ->> 6 AS subject FROM ", $each,
                ") AS n WHERE aggregates.kind = n.kind AND aggregates.id = n.id \
                 AND aggregates.version = n.version RETURNING aggregates.kind, aggregates.id"
            ),
            load_many: concat!(
                "SELECT id, version, status, body FROM aggregates WHERE kind = $2 \
                 AND id IN (SELECT r.value ->> 0 FROM ", $each, ") ORDER BY id"
            ),
            insert_entries: concat!(
                "INSERT INTO entries (entry_id, op_id, bytes, found_by) SELECT r.value ->> 0, \
                 r.value ->> 3, ",
                $bytes, "(r.value ->> 1", $hex, "), r.value ->> 2 FROM ", $each, " ORDER BY r.key"
            ),
            put_items: concat!(
                "INSERT INTO items (holding, name, ciphertext) SELECT r.value ->> 0, r.value ->> 1, ",
                $bytes, "(r.value ->> 2", $hex, ") FROM ", $each,
                " WHERE true ORDER BY r.key ON CONFLICT (holding, name) \
                 DO UPDATE SET ciphertext = excluded.ciphertext"
            ),
            insert_effects: concat!(
                "INSERT INTO outbox (effect_id, op_id, effect, state, retry_at, attempts) \
                 SELECT r.value ->> 0, $2, r.value ->> 1, 'open', $3, 0 FROM ", $each,
                " ORDER BY r.key"
            ),
            lease_effects: concat!(
                "UPDATE outbox SET lease_holder = $2, lease_until = $3 \
                 WHERE effect_id IN (SELECT r.value ->> 0 FROM ", $each, ")"
            ),
            // The plus keeps SQLite from looking for all rows without a place, once for each entry.
            place_entries: concat!(
                "UPDATE entries SET idx = n.idx, leaf = n.leaf FROM (SELECT r.value ->> 0 AS id, \
                 CAST(r.value ->> 1 AS BIGINT) AS idx, ", $bytes, "(r.value ->> 2", $hex,
                ") AS leaf FROM ", $each,
                ") AS n WHERE entries.entry_id = n.id AND +entries.idx IS NULL"
            ),
        }
    };
}

pub(crate) const SQLITE: Dialect = dialect! {
    begin: "BEGIN IMMEDIATE",
    share: "",
    update: "",
    skip: "",
    each: "json_each($1) AS r",
    bytes: "unhex",
    hex: "",
    hold: None,
    unplaced: " INDEXED BY entries_unplaced"
};

pub(crate) const POSTGRES: Dialect = dialect! {
    begin: "BEGIN ISOLATION LEVEL READ COMMITTED",
    share: " FOR SHARE",
    update: " FOR UPDATE",
    skip: " FOR UPDATE OF outbox SKIP LOCKED",
    each: "json_array_elements(CAST($1 AS json)) WITH ORDINALITY AS r(value, key)",
    bytes: "decode",
    hex: ", 'hex'",
    hold: Some(
        "SELECT a.id FROM aggregates AS a, \
         json_array_elements(CAST($1 AS json)) AS r(value) \
         WHERE a.kind = r.value ->> 0 AND a.id = r.value ->> 1 \
         ORDER BY a.kind, a.id FOR UPDATE OF a"
    ),
    unplaced: ""
};
