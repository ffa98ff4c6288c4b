"""Runs GoldenMatch once, with its probabilistic matching, the blocking rules of the Splink model and comparators that
are as near to it as GoldenMatch has. Without --own it trains on these; with --own it chooses everything itself.

    goldenmatch_job.py --model NAME --left L [--right R] --out PAIRS.parquet [--own]

GoldenMatch gives one best record of the right list for each of the left, and a score that is no probability.
"""

import argparse
import json
import resource

import duckdb
import goldenmatch
import pyarrow as pa
import pyarrow.parquet as pq

LATIN = "array_to_string(list_sort(string_split(trim(regexp_replace(upper(strip_accents(full_name)), '[^A-Z]+', ' ', 'g')), ' ')), ' ')"
WORDS = "string_split(trim(regexp_replace(upper(strip_accents(full_name)), '[^A-Z]+', ' ', 'g')), ' ')"
PREPARE = {
    "full-name": f"select id, {LATIN} as name_sorted, {WORDS}[1] as first_token, {WORDS}[-1] as last_token,"
    " date_of_birth, nino, postcode from {table}",
}


def words(field, *thresholds, often=False):
    levels = [1.0, *thresholds]
    return {"field": field, "scorer": "jaro_winkler", "levels": len(levels) + 1, "level_thresholds": levels, "tf_adjustment": often}


def digits(field, *thresholds):
    levels = [1.0, *thresholds]
    return {"field": field, "scorer": "levenshtein", "levels": len(levels) + 1, "level_thresholds": levels}


NAMES = [words("given_name", 0.92, 0.8, often=True), words("surname", 0.92, 0.8, often=True)]
MODELS = {
    "full-name": (
        [words("name_sorted", 0.92, 0.8, often=True), digits("date_of_birth", 0.9, 0.8), digits("nino", 0.88), digits("postcode", 0.8)],
        [["nino"], ["date_of_birth"], ["first_token", "last_token"], ["postcode"]],
    ),
    "parts": (
        [*NAMES, words("middle_name", 0.8), digits("date_of_birth", 0.9, 0.8), digits("postcode", 0.8), words("address", 0.9)],
        [["date_of_birth"], ["given_name", "surname"], ["postcode"]],
    ),
    "census": (
        [digits("given_name", 0.8, 0.6), digits("surname", 0.8, 0.6), words("middle_name", 0.8), digits("date_of_birth", 0.9, 0.8),
         digits("postcode", 0.8), words("address", 0.9)],
        [["surname"], ["given_name"], ["date_of_birth"], ["postcode"]],
    ),
    "febrl": (
        [*NAMES, digits("date_of_birth", 0.9, 0.8), digits("soc_sec_id", 0.85, 0.7), words("address_1", 0.9), digits("postcode", 0.75),
         words("suburb", 0.9)],
        [["soc_sec_id"], ["given_name"], ["surname"], ["date_of_birth"], ["postcode"]],
    ),
}


def config(name):
    fields, rules = MODELS[name]
    keys = [{"fields": rule} for rule in rules]
    return goldenmatch.GoldenMatchConfig.model_validate({
        "matchkeys": [{"name": "person", "type": "probabilistic", "fields": fields}],
        "blocking": {"strategy": "multi_pass", "keys": keys, "passes": keys},
    })


def run(args):
    def read(path):
        query = PREPARE.get(args.model, "select * from {table}").format(table=f"'{path}'")
        return duckdb.sql(query).to_arrow_table()

    left = read(args.left)
    chosen = None if args.own else config(args.model)
    if args.right:
        found = goldenmatch.match_df(left, read(args.right), config=chosen, exclude_columns=["id"])
        rows = found.matched
        left_id, right_id, score = (rows.column(n).to_pylist() for n in ("target_id", "ref_id", "__match_score__"))
    else:
        found = goldenmatch.dedupe_df(left, config=chosen, exclude_columns=["id"])
        ids = left.column("id").to_pylist()
        left_id, right_id, score = [], [], []
        for a, b, s in found.scored_pairs:
            left_id.append(ids[a])
            right_id.append(ids[b])
            score.append(s)
    pq.write_table(pa.table({"left_id": left_id, "right_id": right_id, "match_weight": score}), args.out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "peer": f"GoldenMatch {goldenmatch.__version__}",
        "cpu-seconds": {"all": round(used.ru_utime + used.ru_stime, 2)},
    }))


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--model", choices=MODELS, required=True)
    args.add_argument("--left", required=True)
    args.add_argument("--right")
    args.add_argument("--out", required=True)
    args.add_argument("--own", action="store_true")
    run(args.parse_args())


if __name__ == "__main__":
    main()
