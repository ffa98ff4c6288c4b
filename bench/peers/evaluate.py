"""Measures scored pairs against the truth. The same measure for every peer.

    evaluate.py --pairs PAIRS.parquet --truth TRUTH.parquet [--groups GROUPS.parquet] [--dedupe]

A pair that was not found counts as missed, whether it was never a candidate or scored too low. Thresholds are on
match_probability; where a peer has none, on its own score, and then there is no measure at p >= .99. Groups are those
of the left record.
"""

import argparse
import json

import duckdb

SURE = 0.99
# A group with fewer true pairs has rates too rough to compare.
LEAST_PAIRS = 200


def rates(right, found, true):
    precision = right / found if found else 0.0
    recall = right / true if true else 0.0
    f1 = 2 * right / (found + true) if found + true else 0.0
    return {"precision": round(precision, 5), "recall": round(recall, 5), "f1": round(f1, 5)}


def load(pairs, truth, dedupe):
    db = duckdb.connect()
    db.sql("set threads = 2")
    names = {row[0] for row in db.sql(f"describe from '{pairs}'").fetchall()}
    score = "match_probability" if "match_probability" in names else "match_weight"
    sides = "least(left_id, right_id) as left_id, greatest(left_id, right_id) as right_id" if dedupe else "left_id, right_id"
    db.sql(f"create table truth as select distinct {sides} from '{truth}'")
    # One pair counts once, with its best score, should a peer tell it twice.
    db.sql(f"""create table scored as
        select left_id, right_id, max(score) as score, bool_or(t.left_id is not null) as good
        from (select {sides}, {score}::double as score from '{pairs}') p left join truth t using (left_id, right_id)
        group by left_id, right_id""")
    return db, score


def best(db, true, scored="scored"):
    # Cut only between different scores: pairs of one score stand and fall together.
    row = db.sql(f"""
        with steps as (select score, count(*) as found, count(*) filter (good) as good from {scored} group by score),
            cut as (select score, sum(found) over w as found, sum(good) over w as good from steps
                window w as (order by score desc))
        select score, found::bigint, good::bigint from cut order by 2.0 * good / (found + {true}) desc, score desc limit 1
    """).fetchall()
    score, found, good = row[0] if row else (1.0, 0, 0)
    return {"threshold": score, "links": found, **rates(good, found, true)}


def one_to_one(db, true):
    """The best where a record has one partner at most: pairs that are the best of both their records."""
    first = "row_number() over (partition by {0} order by score desc, {1}) = 1"
    db.sql(f"""create table alone as from scored
        qualify {first.format('left_id', 'right_id')} and {first.format('right_id', 'left_id')}""")
    return best(db, true, "alone")


def at(db, threshold, true):
    found, good = db.sql(f"select count(*), count(*) filter (good) from scored where score >= {threshold}").fetchall()[0]
    return {"threshold": threshold, "links": found, **rates(good, found, true)}


def by_group(db, groups, threshold):
    out = {}
    columns = [row[0] for row in db.sql(f"describe from '{groups}'").fetchall()]
    for column in columns:
        if column in ("left_id", "birth_year"):
            continue
        rows = db.sql(f"""
            with g as (select left_id, {column} as g from '{groups}'),
                t as (select g, count(*) as n from truth join g using (left_id) group by g),
                s as (select g, count(*) as found, count(*) filter (good) as good
                    from scored join g using (left_id) where score >= {threshold} group by g)
            select g, coalesce(good, 0), coalesce(found, 0), n from t left join s using (g)
            where n >= {LEAST_PAIRS} order by g""").fetchall()
        if not rows:
            continue
        measured = {g: {"pairs": n, **rates(good, found, n)} for g, good, found, n in rows}

        def gap(rate):
            worst = min(measured, key=lambda g: measured[g][rate])
            top = max(measured, key=lambda g: measured[g][rate])
            return {"gap": round(measured[top][rate] - measured[worst][rate], 5), "worst": worst, "best": top}

        out[column] = {"groups": measured, "f1": gap("f1"), "recall": gap("recall")}
    return out


def evaluate(pairs, truth, groups=None, dedupe=False):
    db, score = load(pairs, truth, dedupe)
    true = db.sql("select count(*) from truth").fetchall()[0][0]
    scored, found = db.sql("select count(*), count(*) filter (good) from scored").fetchall()[0]
    top = best(db, true)
    sure = at(db, SURE, true) if score == "match_probability" else None
    out = {
        "score": score,
        "true_pairs": true,
        "pairs_written": scored,
        "true_pairs_written": found,
        "best": top,
        "sure": sure,
        "one_to_one": None if dedupe else one_to_one(db, true),
    }
    if groups:
        out["by_group"] = by_group(db, groups, (sure or top)["threshold"])
    return out


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--pairs", required=True)
    args.add_argument("--truth", required=True)
    args.add_argument("--groups")
    args.add_argument("--dedupe", action="store_true")
    args = args.parse_args()
    print(json.dumps(evaluate(args.pairs, args.truth, args.groups, args.dedupe), indent=1))


if __name__ == "__main__":
    main()
