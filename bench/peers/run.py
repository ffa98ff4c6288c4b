"""Runs Concordat and its peers on the same lists, one job after another, and prints one table.

    run.py --concordat BIN [--febrl DIR] [--models DIR] [--worlds NAME ...] [--peers NAME ...] [--limit SECONDS] [--write]

Needs Python 3.11 and a package index; makes its own environments and lists in --work. Every job is a process of its
own: CPU time is user and system time of its process tree, as the kernel counts it. One file of JSON for each job goes
into --results. A job that is there already is run again. --write puts the tables, with the date, the versions and the
conditions of the run, between the marks in README.md and docs/benchmarks.md.
"""

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
# The kind of list decides the model; febrl3 is one list with repeats.
WORLDS = {
    "1m-100k": "full-name",
    "1m-100k-narrow": "narrow",
    "1m-10k": "full-name",
    "other-1m-100k": "parts",
    "census": "census",
    "febrl3": "febrl",
    "febrl4": "febrl",
}
# Lists that are those of another name, under another model.
SAME = {"1m-100k-narrow": "1m-100k"}
PEERS = {
    "splink": ["splink", "duckdb", "pandas", "pyarrow", "numpy"],
    # The same, with Splink's least sample to train on: a tenth of the pairs.
    "splink-quick": ["splink", "duckdb", "pandas", "pyarrow", "numpy"],
    "goldenmatch": ["goldenmatch"],
    # The same, left to choose its rules and comparators itself.
    "goldenmatch-own": ["goldenmatch"],
    "concordat": [],
}


# GoldenMatch did not end on the lists of a million within 600 s: it is run on them only where --peers asks for it.
SMALL = {"census", "febrl3", "febrl4"}
MARKS = "<!-- peers: written by bench/peers/run.py -->", "<!-- peers: end -->"
# The table of docs/benchmarks.md.
SHORT = ["list", "peer", "CPU s", "CPU ratio", "wall s", "peak MB", "RSS ratio", "best F1", "P .99", "R .99", "F1 .99", "R gap"]


def environment(work, peer):
    """The Python of a throw-away environment with the newest of what a peer needs."""
    home = work / "env" / peer.split("-")[0]
    if not (home / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([home / "bin/pip", "install", "--quiet", "--upgrade", *PEERS[peer]], check=True)
        (home / "done").touch()
    return home / "bin/python"


def lists(worlds, world):
    """The folder of a world's lists."""
    return worlds / SAME.get(world, world)


def make_worlds(args, python):
    worlds = args.work / "worlds"

    def make(name, script, *more):
        if not (worlds / name / "groups.parquet").exists():
            subprocess.run([python, HERE / script, "--out", worlds, *more], check=True)

    if {"1m-100k", "1m-100k-narrow", "1m-10k"} & set(args.worlds):
        make("1m-10k", "synth_world.py", "--concordat", args.concordat)
    if {"other-1m-100k", "census"} & set(args.worlds):
        make("census", "other_world.py")
    if {"febrl3", "febrl4"} & set(args.worlds):
        make("febrl4", "febrl_world.py", "--febrl", args.febrl)


def command(args, peer, world, out):
    model, folder = WORLDS[world], lists(args.work / "worlds", world)
    files = ["--left", folder / "left.parquet", "--out", out]
    right = folder / "right.parquet"
    if right.exists():
        files += ["--right", right]
    if peer == "concordat":
        what = "score" if right.exists() else "dedupe"
        return [args.concordat, "link", what, "--model", args.models / f"{model}.yaml", *files, "--json"]
    peer, _, how = peer.partition("-")
    return [environment(args.work, peer), HERE / f"{peer}_job.py", "--model", model, *files, *([f"--{how}"] if how else [])]


def measured(words, limit, log):
    """Runs a command; what it used, and what it said last on its output, if that is JSON."""
    load, start = os.getloadavg()[0], time.monotonic()
    with tempfile.TemporaryFile() as said, open(log, "wb") as errors, tempfile.TemporaryDirectory() as home:
        # A home of its own: no job learns from the one before.
        child = subprocess.Popen([str(w) for w in words], stdout=said, stderr=errors, env={**os.environ, "HOME": home})
        while True:
            done, status, used = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() - start > limit:
                child.kill()
                _, status, used = os.wait4(child.pid, 0)
                break
            time.sleep(0.05)
        wall = time.monotonic() - start
        said.seek(0)
        lines = said.read().decode().strip()
    child.returncode = os.waitstatus_to_exitcode(status)
    try:
        told = json.loads(lines) if lines.startswith("{") and "\n{" not in lines else json.loads(lines.splitlines()[-1])
    except (json.JSONDecodeError, IndexError):
        told = {}
    return {
        "exit": child.returncode,
        "over_limit": wall > limit,
        "cpu": round(used.ru_utime + used.ru_stime, 2),
        "wall": round(wall, 2),
        "peak_mb": round(used.ru_maxrss / 1024, 1),
        "load_before": round(load, 2),
        "told": told,
    }


def job(args, peer, world):
    out = args.work / "pairs" / f"{world}-{peer}.parquet"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    began = time.time()
    used = measured(command(args, peer, world, out), args.limit, out.with_suffix(".log"))
    return judge(args, {"world": world, "peer": peer, "began": round(began), **used})


def judge(args, result):
    world, peer = result["world"], result["peer"]
    out, python = args.work / "pairs" / f"{world}-{peer}.parquet", environment(args.work, "splink")
    if out.exists() and result["exit"] == 0:
        folder = lists(args.work / "worlds", world)
        dedupe = [] if (folder / "right.parquet").exists() else ["--dedupe"]
        judged = subprocess.run(
            [python, HERE / "evaluate.py", "--pairs", out, "--truth", folder / "truth.parquet", "--groups", folder / "groups.parquet", *dedupe],
            check=True, capture_output=True, text=True,
        )
        result["quality"] = json.loads(judged.stdout)
    args.results.mkdir(parents=True, exist_ok=True)
    (args.results / f"{world}-{peer}.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


COLUMNS = ["list", "peer", "CPU s", "prepare", "train", "block+score", "CPU ratio", "untrained", "wall s", "peak MB", "RSS ratio", "candidates",
           "best F1", "at p", "P .99", "R .99", "F1 .99", "F1 gap", "R gap", "F1 1:1"]


def row(result, base):
    """One line of the table. Ratios are to Concordat on the same lists, `untrained` that of the CPU time less training;
    gaps are between origins (states in FEBRL)."""
    if "quality" not in result:
        why = f"no end within {result['wall']:.0f} s" if result["over_limit"] else f"failed with {result['exit']}"
        return [result["world"], result["peer"], f"{result['cpu']:.1f}", *[""] * 5, f"{result['wall']:.0f}", f"{result['peak_mb']:.0f}", "", why,
                *[""] * 8]
    steps = result["told"].get("cpu-seconds") or {}
    score = [cpu for name, cpu in steps.items() if name.startswith(("block", "score"))]
    against = base if base and "quality" in base else None
    ratio = lambda of: f"{of(result) / of(against):.1f}" if against and of(against) else ""
    untrained = lambda r: r["cpu"] - (r["told"].get("cpu-seconds") or {}).get("train", 0)
    some = lambda value: f"{value:.1f}" if value is not None else ""
    quality, rules = result["quality"], result["told"].get("candidates") or []
    count = sum(rule["pairs"] for rule in rules)
    groups = quality.get("by_group") or {}
    groups = groups.get("origin") or groups.get("state")
    sure = quality["sure"]
    return [
        result["world"], result["peer"], f"{result['cpu']:.1f}", some(steps.get("read")), some(steps.get("train")),
        some(sum(score) if score else None), ratio(lambda r: r["cpu"]), ratio(untrained) if "train" in steps else "", f"{result['wall']:.0f}", f"{result['peak_mb']:.0f}", ratio(lambda r: r["peak_mb"]),
        f"{count:,}" if count else "", f"{quality['best']['f1']:.4f}", f"{quality['best']['threshold']:.3f}",
        *([f"{sure[k]:.4f}" for k in ("precision", "recall", "f1")] if sure else [""] * 3),
        *([f"{groups[k]['gap']:.4f}" for k in ("f1", "recall")] if groups else [""] * 2),
        f"{quality['one_to_one']['f1']:.4f}" if quality["one_to_one"] else "",
    ]


def table(results, columns=COLUMNS):
    base = {r["world"]: r for r in results if r["peer"] == "concordat"}
    lines = [COLUMNS, *(row(r, base.get(r["world"])) for r in results)]
    lines = [[cell for cell, name in zip(line, COLUMNS) if name in columns] for line in lines]
    width = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    show = lambda line: "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, width)) + " |"
    return "\n".join([show(lines[0]), "|" + "|".join("-" * (w + 2) for w in width) + "|", *map(show, lines[1:])])


def conditions(args, results):
    """When, with which versions and how busy the machine was, as sentences."""
    said = "import importlib.metadata as m, sys; print(', '.join(f'{p} {m.version(p)}' for p in sys.argv[1:]))"
    versions = []
    for peer, packages in {"splink": ["splink", "duckdb"], "goldenmatch": ["goldenmatch"]}.items():
        if any(result["peer"].startswith(peer) for result in results):
            words = [environment(args.work, peer), "-c", said, *packages]
            versions.append(subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip())
    version = subprocess.run([args.concordat, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    loads = [result["load_before"] for result in results]
    day = datetime.datetime.fromtimestamp(max(result["began"] for result in results), datetime.UTC)
    return (
        f"{day:%Y-%m-%d}; {', '.join([version, *versions])}, Python {sys.version_info.major}.{sys.version_info.minor}; "
        f"{os.cpu_count()} processors, load before a job {min(loads):.1f} to {max(loads):.1f}; one run of each job, one after another."
    )


def write(args, results):
    """Puts the tables between the marks of the two pages."""
    said = conditions(args, results)
    pages = {HERE / "README.md": COLUMNS, HERE.parent.parent / "docs/benchmarks.md": SHORT}
    for page, columns in pages.items():
        begin, end = MARKS
        text = page.read_text(encoding="utf-8")
        before, rest = text.split(begin)
        _, after = rest.split(end)
        page.write_text(f"{before}{begin}\n{said}\n\n{table(results, columns)}\n{end}{after}", encoding="utf-8")


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--concordat", default="concordat", help="the release binary")
    args.add_argument("--febrl", default=os.environ.get("FEBRL"), help="the folder of febrl3.csv and so on, or FEBRL")
    args.add_argument("--models", type=Path, default=HERE / "models", help="Concordat's models, one for each kind of list")
    args.add_argument("--work", type=Path, default=HERE / "work")
    args.add_argument("--results", type=Path, default=HERE / "results")
    args.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    args.add_argument("--peers", nargs="+", choices=PEERS, help="all, where it is not given; GoldenMatch on small lists alone")
    args.add_argument("--write", action="store_true", help="write the tables into README.md and docs/benchmarks.md")
    args.add_argument("--limit", type=float, default=600, help="seconds after which a job is ended")
    args.add_argument("--again", action="store_true", help="run nothing: judge the pairs that are there, print the table")
    args = args.parse_args()
    args.work, args.results = args.work.resolve(), args.results.resolve()
    of = lambda world: args.peers or [p for p in PEERS if world in SMALL or not p.startswith("goldenmatch")]
    if args.again:
        found = [args.results / f"{world}-{peer}.json" for world in args.worlds for peer in of(world)]
        tell(args, [judge(args, json.loads(path.read_text())) for path in found if path.exists()])
        return
    if (not args.peers or "concordat" in args.peers) and not shutil.which(args.concordat):
        sys.exit(f"{args.concordat} is not there: build it, or choose --peers without concordat")
    if not args.febrl:
        args.worlds = [world for world in args.worlds if not world.startswith("febrl")]
    make_worlds(args, environment(args.work, "splink"))
    results = []
    for world in args.worlds:
        for peer in of(world):
            print(f"{world}: {peer}", file=sys.stderr)
            results.append(job(args, peer, world))
    tell(args, results)


def tell(args, results):
    print(table(results))
    if args.write:
        write(args, results)


if __name__ == "__main__":
    main()
