"""Runs Splink once: reads left.parquet and right.parquet (left alone to dedupe), trains, and writes the scored pairs.

    splink_job.py --model NAME --left L [--right R] --out PAIRS.parquet [--quick]

Prints one line of JSON: seconds of CPU by step, and the pairs that each rule adds to those before it.
"""

import argparse
import json
import logging
import resource

import duckdb
import splink
from splink import DuckDBAPI, Linker, SettingsCreator

from splink_models import MODELS, rule

# Pairs below are not written: no measure that is reported is taken there.
LEAST = 0.01


class Steps:
    def __init__(self):
        self.done = {}
        self.last = self.now()

    def now(self):
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    def end(self, name):
        now = self.now()
        self.done[name] = round(now - self.last, 2)
        self.last = now


def run(args):
    model = MODELS[args.model]
    steps = Steps()
    db = duckdb.connect()
    db.sql("set threads = 2")
    db.sql("set enable_progress_bar = false")
    db.sql(f"set temp_directory = '{args.out}.tmp'")
    files = {"a": args.left, "b": args.right} if args.right else {"a": args.left}
    for name, path in files.items():
        db.sql(f"create table {name} as " + model.prepare.format(table=f"'{path}'"))
    steps.end("read")

    api = DuckDBAPI(db)
    settings = SettingsCreator(
        link_type="link_only" if args.right else "dedupe_only",
        unique_id_column_name="id",
        comparisons=model.comparisons,
        blocking_rules_to_generate_predictions=[rule(columns) for columns in model.rules],
        retain_matching_columns=False,
    )
    linker = Linker([api.register(name, dataset_display_name=f"list_{name}") for name in files], settings)
    linker.training.estimate_probability_two_random_records_match(
        [rule(columns) for columns in model.sure], recall=model.sure_recall
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6 if args.quick else model.max_pairs, seed=1)
    for columns in model.train:
        linker.training.estimate_parameters_using_expectation_maximisation(rule(columns))
    steps.end("train")

    blocked = linker.inference.compute_blocked_pairs_for_predict()
    steps.end("block")
    pairs = linker.inference.predict(threshold_match_probability=LEAST)
    db.sql(f"""copy (
        select id_l as left_id, id_r as right_id, match_weight, match_probability from {pairs.physical_name}
    ) to '{args.out}' (format parquet)""")
    steps.end("score and write")

    found = dict(db.sql(f"select match_key::int, count(*) from {blocked.physical_name} group by 1 order by 1").fetchall())
    if args.save_model:
        linker.misc.save_model_to_json(args.save_model, overwrite=True)
    print(json.dumps({
        "peer": f"Splink {splink.__version__}, DuckDB {duckdb.__version__}",
        "cpu-seconds": steps.done,
        "candidates": [{"rule": " + ".join(columns), "pairs": found.get(n, 0)} for n, columns in enumerate(model.rules)],
    }))


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--model", choices=MODELS, required=True)
    args.add_argument("--left", required=True)
    args.add_argument("--right")
    args.add_argument("--out", required=True)
    args.add_argument("--quick", action="store_true", help="train on a tenth of the random pairs")
    args.add_argument("--save-model")
    logging.basicConfig(level=logging.WARNING)
    run(args.parse_args())


if __name__ == "__main__":
    main()
