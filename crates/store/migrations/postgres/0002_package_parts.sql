-- How a large package goes on after the bytes in `packages`: parts of about a megabyte, counted from 1.
CREATE TABLE package_parts (
    id    TEXT COLLATE "C" NOT NULL REFERENCES packages (id),
    part  BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (id, part)
);
