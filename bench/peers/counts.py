"""Counts the pairs that blocking rules bring together, by Splink and by Concordat, and ends with 1 where they differ.

    counts.py --concordat BIN --worlds DIR [NAME ...]

For the lists that `run.py` made in DIR (`work/worlds`). The rules are those of Splink's models, taken one, two, three
and so on; each pair counts once. Columns that Splink's models make beforehand (of `1m-*` the first and last word) are
made for both. Concordat reads each column as plain text, so that its keys are the same equalities;
Splink gets the values in the same standard form: small letters without accents and apostrophes, one blank for the rest.
Run with the Python of Splink's environment (`work/env/splink/bin/python`).
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import splink.comparison_library as compare
from splink import DuckDBAPI, Linker, SettingsCreator

from run import WORLDS, lists
from splink_models import MODELS, rule


def prepared(folder, model, out):
    """The columns that the model's rules ask about, of each list, as files."""
    columns = sorted({column for columns in model.rules for column in columns})
    made = []
    for path in (folder / "left.parquet", folder / "right.parquet"):
        if path.exists():
            made.append(out / path.name)
            made_before = model.prepare.format(table=f"'{path}'")
            duckdb.sql(f"copy (select id, {', '.join(columns)} from ({made_before})) to '{made[-1]}' (format parquet)")
    return made


def standard(column):
    plain = f"regexp_replace(strip_accents(lower({column})), '[''’`´]', '', 'g')"
    return f"nullif(trim(regexp_replace({plain}, '[^a-z0-9]+', ' ', 'g')), '') as {column}"


def by_splink(files, rules):
    db = duckdb.connect()
    api = DuckDBAPI(db)
    columns = {column for columns in rules for column in columns}
    for n, path in enumerate(files):
        db.sql(f"create table list_{n} as select id, {', '.join(map(standard, columns))} from '{path}'")
    settings = SettingsCreator(
        link_type="link_only" if len(files) == 2 else "dedupe_only",
        unique_id_column_name="id",
        comparisons=[compare.ExactMatch(rules[0][0])],
        blocking_rules_to_generate_predictions=[rule(columns) for columns in rules],
    )
    linker = Linker([api.register(f"list_{n}", dataset_display_name=f"table_{n}") for n in range(len(files))], settings)
    blocked = linker.inference.compute_blocked_pairs_for_predict()
    [(count,)] = db.sql(f"select count(*) from {blocked.physical_name}").fetchall()
    return count


def by_concordat(concordat, files, rules):
    columns = sorted({column for columns in rules for column in columns})
    model = {
        "linkage": 1,
        "name": "counts",
        "id": "id",
        "columns": {column: {"kind": "text", "from": column} for column in columns},
        "blocking": list(rules),
        "comparisons": {column: ["same"] for column in columns},
        "decide": {"review": 0.5},
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(model, file)
        file.flush()
        words = [concordat, "link", "profile", "--model", file.name, "--json"]
        for side, path in zip(("--left", "--right"), files):
            words += [side, path]
        told = subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True)
    return int(json.loads(told.stdout)["model"]["pairs"])


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--concordat", default="concordat", help="the binary")
    args.add_argument("--worlds", type=Path, required=True)
    args.add_argument("names", nargs="*", metavar="NAME", help="of " + ", ".join(WORLDS))
    args = args.parse_args()
    logging.basicConfig(level=logging.ERROR, force=True)
    differ = False
    print("| list | rules | Splink | Concordat |\n|---|---|---|---|")
    for name in args.names or WORLDS:
        model = MODELS[WORLDS[name]]
        with tempfile.TemporaryDirectory() as folder:
            files = prepared(lists(args.worlds, name), model, Path(folder))
            for many in range(1, len(model.rules) + 1):
                rules = model.rules[:many]
                counts = by_splink(files, rules), by_concordat(args.concordat, files, rules)
                differ |= counts[0] != counts[1]
                shown = "; ".join(" + ".join(columns) for columns in rules)
                print(f"| {name} | {shown} | {counts[0]:,} | {counts[1]:,} |", flush=True)
    sys.exit(differ)


if __name__ == "__main__":
    main()
