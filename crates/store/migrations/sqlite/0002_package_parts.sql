-- How a large package goes on after the bytes in `packages`: parts of about a megabyte, counted from 1.
CREATE TABLE package_parts (
    id    TEXT NOT NULL REFERENCES packages (id),
    part  INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (id, part)
) STRICT;
