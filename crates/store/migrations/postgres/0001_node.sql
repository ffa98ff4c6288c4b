-- One node's durable state. docs/data-model.md says what every column holds; none holds a personal value.
-- Instants are microseconds since 1970-01-01T00:00:00Z.
-- Texts sort by byte (COLLATE "C"), as they do in SQLite.

CREATE TABLE operations (
    op_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name  TEXT COLLATE "C" NOT NULL,
    at    BIGINT NOT NULL
);

CREATE TABLE aggregates (
    kind    TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    status  TEXT COLLATE "C" NOT NULL,
    body    TEXT COLLATE "C" NOT NULL,
    due_at  BIGINT,
    PRIMARY KEY (kind, id)
);
CREATE INDEX aggregates_by_status ON aggregates (kind, status, id);
CREATE INDEX aggregates_due ON aggregates (due_at, kind, id) WHERE due_at IS NOT NULL;

CREATE TABLE entries (
    ord      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id TEXT COLLATE "C" NOT NULL UNIQUE,
    op_id    TEXT COLLATE "C" NOT NULL REFERENCES operations (op_id),
    bytes    BYTEA NOT NULL,
    idx      BIGINT UNIQUE,
    leaf     BYTEA,
    CHECK ((idx IS NULL) = (leaf IS NULL))
);
CREATE INDEX entries_pending ON entries (ord) WHERE idx IS NULL;
CREATE INDEX entries_unplaced ON entries (op_id) WHERE idx IS NULL;

CREATE TABLE head (
    one        BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    frontier   TEXT COLLATE "C",
    checkpoint TEXT COLLATE "C" NOT NULL,
    size       BIGINT NOT NULL,
    published  BIGINT NOT NULL CHECK (published <= size)
);
INSERT INTO head (one, frontier, checkpoint, size, published) VALUES (1, NULL, '', 0, 0);

CREATE TABLE leases (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder     TEXT COLLATE "C" NOT NULL,
    held_until BIGINT NOT NULL
);

CREATE TABLE items (
    holding    TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    ciphertext BYTEA NOT NULL,
    PRIMARY KEY (holding, name)
);

CREATE TABLE packages (
    id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bytes BYTEA
);

CREATE TABLE outbox (
    ord          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    effect_id    TEXT COLLATE "C" NOT NULL UNIQUE,
    op_id        TEXT COLLATE "C" NOT NULL REFERENCES operations (op_id),
    effect       TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'done')),
    lease_holder TEXT COLLATE "C",
    lease_until  BIGINT,
    retry_at     BIGINT NOT NULL,
    attempts     BIGINT NOT NULL
);
CREATE INDEX outbox_open ON outbox (ord) WHERE state = 'open';
CREATE INDEX outbox_by_operation ON outbox (op_id) WHERE state = 'open';
