-- One node's durable state. docs/data-model.md says what every column holds; none holds a personal value.
-- Instants are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE operations (
    op_id TEXT NOT NULL PRIMARY KEY,
    name  TEXT NOT NULL,
    at    INTEGER NOT NULL
) STRICT;

CREATE TABLE aggregates (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    status  TEXT NOT NULL,
    body    TEXT NOT NULL,
    due_at  INTEGER,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX aggregates_by_status ON aggregates (kind, status, id);
CREATE INDEX aggregates_due ON aggregates (due_at, kind, id) WHERE due_at IS NOT NULL;

CREATE TABLE entries (
    ord      INTEGER PRIMARY KEY AUTOINCREMENT,
    entry_id TEXT NOT NULL UNIQUE,
    op_id    TEXT NOT NULL REFERENCES operations (op_id),
    bytes    BLOB NOT NULL,
    idx      INTEGER UNIQUE,
    leaf     BLOB,
    CHECK ((idx IS NULL) = (leaf IS NULL))
) STRICT;
CREATE INDEX entries_pending ON entries (ord) WHERE idx IS NULL;
CREATE INDEX entries_unplaced ON entries (op_id) WHERE idx IS NULL;

CREATE TABLE head (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    frontier   TEXT,
    checkpoint TEXT NOT NULL,
    size       INTEGER NOT NULL,
    published  INTEGER NOT NULL CHECK (published <= size)
) STRICT;
INSERT INTO head (one, frontier, checkpoint, size, published) VALUES (1, NULL, '', 0, 0);

CREATE TABLE leases (
    name       TEXT NOT NULL PRIMARY KEY,
    holder     TEXT NOT NULL,
    held_until INTEGER NOT NULL
) STRICT;

CREATE TABLE items (
    holding    TEXT NOT NULL,
    name       TEXT NOT NULL,
    ciphertext BLOB NOT NULL,
    PRIMARY KEY (holding, name)
) STRICT;

CREATE TABLE packages (
    id    TEXT NOT NULL PRIMARY KEY,
    bytes BLOB
) STRICT;

CREATE TABLE outbox (
    ord          INTEGER PRIMARY KEY AUTOINCREMENT,
    effect_id    TEXT NOT NULL UNIQUE,
    op_id        TEXT NOT NULL REFERENCES operations (op_id),
    effect       TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('open', 'done')),
    lease_holder TEXT,
    lease_until  INTEGER,
    retry_at     INTEGER NOT NULL,
    attempts     INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox (ord) WHERE state = 'open';
CREATE INDEX outbox_by_operation ON outbox (op_id) WHERE state = 'open';
