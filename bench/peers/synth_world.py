"""Makes two flat lists out of the synthetic world: the case register (left) and the tax authority's list (right).

    synth_world.py --concordat BIN --out DIR      writes DIR/1m-100k and DIR/1m-10k

Each list is as it stands on the first day of the exchange: records and homes that begin later are not in it.
Who is who goes into truth.parquet and groups.parquet and nowhere else.
"""

import argparse
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import duckdb
import pandas

PEOPLE = 1_830_000
RIGHT = 1_000_000
LEFT = {"1m-100k": 100_000, "1m-10k": 10_000}
DAY = "2016-03-18"

REGISTER = f"""
    select p.cid_person_id as id, p.full_name, p.date_of_birth, p.nino, h.addresses
    from persons p
    left join homes h on h.cid_person_id = p.cid_person_id
        and h.valid_from <= '{DAY}' and (h.valid_until is null or '{DAY}' < h.valid_until)
    where p.opened <= '{DAY}'
"""

# Dated values are joined by '|' and read 'FROM/UNTIL lines, postcode'. The last is the latest that is known.
FLAT = f"""
    with held as (
        select *, [regexp_replace(a, '^\\S+ ', '') for a in string_split(addresses, '|') if a[1:10] <= '{DAY}'] as homes
        from raw
    )
    select id, full_name, former_names, date_of_birth, nino,
        regexp_extract(homes[-1], ', ([^,]+)$', 1) as postcode,
        regexp_replace(homes[-1], ', [^,]+$', '') as address_line,
        nullif(array_to_string(list_distinct([regexp_extract(a, ', ([^,]+)$', 1) for a in homes]), ';'), '') as postcodes
    from held
"""


def lists(db, source):
    with sqlite3.connect(source / "ho/register.db") as register:
        people = pandas.read_sql(REGISTER, register)
    db.sql("create table raw as select *, null::varchar as former_names from people")
    db.sql(f"create table left_all as {FLAT}")
    db.sql(f"""create or replace table raw as
        select reference as id, full_name, replace(former_names, '|', ';') as former_names,
            date_of_birth, nino, addresses
        from '{source}/hmrc/master.parquet' where begins <= '{DAY}'""")
    db.sql(f"create table right_all as {FLAT}")
    db.sql(f"create table who as from '{source}/truth.parquet'")


def write(db, out, people):
    out.mkdir(parents=True, exist_ok=True)

    def copy(name, query):
        db.sql(f"copy ({query}) to '{out}/{name}.parquet' (format parquet, compression zstd)")

    # A draw that follows from the key alone, and an order that tells nothing.
    copy("left", f"from left_all order by md5(id) limit {people}")
    copy("right", f"from right_all order by md5(id) limit {RIGHT}")
    copy("truth", f"""select l.id as left_id, r.id as right_id
        from who join '{out}/left.parquet' l on l.id = register_key join '{out}/right.parquet' r on r.id = hmrc_reference
        order by all""")
    copy("groups", f"""select l.id as left_id, origin, sex, birth_year, birth_year[1:3] || '0s' as born
        from who join '{out}/left.parquet' l on l.id = register_key order by all""")
    count = {n: db.sql(f"select count(*) from '{out}/{n}.parquet'").fetchall()[0][0] for n in ("left", "right", "truth")}
    assert count["left"] == people and count["right"] == RIGHT, count
    print(out.name, count)


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--concordat", default="concordat")
    args.add_argument("--source", type=Path, help="the folder of a world of this size that is there already")
    args.add_argument("--out", type=Path, required=True)
    args = args.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        source = args.source or Path(temporary) / "world"
        if not args.source:
            subprocess.run(
                [args.concordat, "synth", "--people", str(PEOPLE), "--seed", "7", "--out", source], check=True
            )
        db = duckdb.connect()
        db.sql("set threads = 2")
        lists(db, source)
        for name, people in LEFT.items():
            write(db, args.out / name, people)


if __name__ == "__main__":
    main()
