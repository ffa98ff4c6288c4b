"""Makes flat lists out of FEBRL 3 (one list with repeats) and FEBRL 4 (two lists).

    febrl_world.py --febrl DIR --out DIR      writes OUT/febrl3 and OUT/febrl4

`rec_id` says who is who, so every record gets another id and another place. Birth dates get hyphens and nothing else:
those that are no dates stay so.
"""

import argparse
import os
from itertools import combinations
from pathlib import Path

import pandas
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ["given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state",
           "date_of_birth", "soc_sec_id"]


def read(path, letter, seed):
    rows = pandas.read_csv(path, dtype=str, skipinitialspace=True, keep_default_na=False)
    rows = rows.apply(lambda column: column.str.strip()).replace({"": None}).sample(frac=1, random_state=seed)
    rows["id"] = [f"{letter}{at:05}" for at in range(len(rows))]
    born = rows["date_of_birth"]
    rows["date_of_birth"] = born.where(born.isna() | (born.str.len() != 8), born.str[:4] + "-" + born.str[4:6] + "-" + born.str[6:])
    return rows.reset_index(drop=True)


def save(out, name, frame):
    out.mkdir(parents=True, exist_ok=True)
    columns = {c: pa.array([None if pandas.isna(v) else v for v in frame[c]], pa.string()) for c in frame.columns}
    pq.write_table(pa.table(columns), out / f"{name}.parquet")


def world(out, left, right, truth):
    save(out, "left", left[["id", *COLUMNS]])
    if right is not None:
        save(out, "right", right[["id", *COLUMNS]])
    save(out, "truth", truth)
    groups = left[["id", "state"]].rename(columns={"id": "left_id"})
    save(out, "groups", groups)
    print(out.name, {"left": len(left), "right": 0 if right is None else len(right), "truth": len(truth)})


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--febrl", type=Path, default=os.environ.get("FEBRL"), help="the folder of febrl3.csv and so on, or FEBRL")
    args.add_argument("--out", type=Path, required=True)
    args = args.parse_args()
    three = read(args.febrl / "febrl3.csv", "A", 3)
    pairs = [pair for _, ids in three.groupby("cluster")["id"] for pair in combinations(sorted(ids), 2)]
    world(args.out / "febrl3", three, None, pandas.DataFrame(pairs, columns=["left_id", "right_id"]))
    left, right = read(args.febrl / "febrl4a.csv", "A", 4), read(args.febrl / "febrl4b.csv", "B", 5)
    truth = left.merge(right, on="cluster")[["id_x", "id_y"]].set_axis(["left_id", "right_id"], axis=1)
    world(args.out / "febrl4", left, right, truth)


if __name__ == "__main__":
    main()
