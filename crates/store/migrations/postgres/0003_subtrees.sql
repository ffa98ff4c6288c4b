-- The roots of the complete subtrees of 256^level entries: what the tiles above the lowest are made of, so that
-- publishing never reads the tree again from its leaves.
CREATE TABLE subtrees (
    level BIGINT NOT NULL CHECK (level >= 1),
    idx   BIGINT NOT NULL,
    root  BYTEA NOT NULL,
    PRIMARY KEY (level, idx)
);
