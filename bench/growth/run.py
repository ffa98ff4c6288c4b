"""Links one case list with master lists that grow tenfold, and prints what drawing and linking each took.

    run.py --concordat BIN [--work DIR] [--to N]

The lists are those of `concordat synth` as they are written: the first 10,000 people of the case register of a small
world, and the tax authority's master list of larger and larger ones. A person is the same in a smaller world of the
same seed, so the cases are in all of them. Needs Python 3.11 and nothing else. Each list is removed when it was linked.
"""

import argparse
import csv
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
SEED = "7"
CASES = 10_000
# About so many people are drawn for each record of the tax authority's list.
PEOPLE_A_RECORD = 1.83
COLUMNS = ["records", "synth CPU s", "wall s", "peak MB", "link CPU s", "wall s", "peak MB", "pairs looked at", "CPU µs a record"]


def measured(words):
    """Runs a command; what it said, and its CPU time, wall time and peak memory as the kernel counts them."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen([str(w) for w in words], stdout=said)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{words[1]} ended with {child.returncode}")
        wall = time.monotonic() - start
        said.seek(0)
        told = json.loads(said.read())
    return told, used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


def synth(concordat, records, out):
    return measured([concordat, "synth", "--people", round(records * PEOPLE_A_RECORD), "--seed", SEED, "--out", out, "--json"])


def write_cases(world, path):
    query = "select cid_person_id, full_name, date_of_birth, nino from persons order by cid_person_id limit ?"
    with sqlite3.connect(world / "ho/register.db") as register, open(path, "w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "full_name", "date_of_birth", "nino"])
        rows.writerows(register.execute(query, (CASES,)))


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--concordat", default="concordat", help="the release binary")
    args.add_argument("--work", type=Path, default=HERE / "work")
    args.add_argument("--to", type=int, default=1_000_000, help="how many records the longest list has: 10^5, 10^6 and so on")
    args = args.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    world, cases = args.work / "world", args.work / "cases.csv"
    lines = []
    for records in itertools.takewhile(lambda n: n <= args.to, (10**n for n in itertools.count(5))):
        shutil.rmtree(world, ignore_errors=True)
        _, *drawn = synth(args.concordat, records, world)
        if not lines:
            write_cases(world, cases)
        told, *linked = measured([
            args.concordat, "link", "score", "--left", cases, "--right", world / "hmrc/master.parquet",
            "--model", HERE / "model.yaml", "--out", args.work / "pairs.parquet", "--json",
        ])
        looked_at = sum(rule["pairs"] for rule in told["candidates"])
        each = 1e6 * linked[0] / told["records"]
        lines.append([f"{told['records']:,}", *(f"{n:.1f}" for n in drawn + linked), f"{looked_at:,}", f"{each:.1f}"])
    shutil.rmtree(world, ignore_errors=True)
    for line in [COLUMNS, ["-" * len(c) for c in COLUMNS], *lines]:
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
