"""Measure everything, or what is named, each in a process of its own; write RESULTS.md anew.

python -m benchmarks                                    everything
python -m benchmarks graphs numpy_target                the cases of these modules
python -m benchmarks compiler --only w2 w5              contests by the start of their key
python -m benchmarks sizes --only w5 --rounds 3         the same at other sizes (an hour in all)
python -m benchmarks compiler --only w4-32 --dtype float64 --scale 0.5 --size activation=tanh
python -m benchmarks profile                            PROFILES.md: steps that miss their floor
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CASES = (
    "graphs:creation",
    "graphs:scalar_dag",
    "derivations:networks_of_the_lectures",
    "drawing:lecture_graphs",
    "drawing:sizes",
    "drawing:collapsed",
    "drawing:crossings_against_dot",
    "numpy_target:first_result",
    "numpy_target:mlp_step",
    "numpy_target:xor_step",
    "numpy_target:residual_net",
    "explorer:page_of_2000_nodes",
    "peak:fma",
    "guards:call_overhead",
    "guards:gradient_by_forward",
    "growth:growth_with_depth",
    "guards:two_threads",
    "workers:two_threads",
    "workers:two_processes",
    "latency:first_results",
    "memory:above_numpy",
)


def run(case: str) -> list[dict[str, Any]]:
    """The rows of one case, measured in a fresh process; none when that fails."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--case", case],
        env=environment,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        print(f"{case} could not be measured", file=sys.stderr)
        return []
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def measured(case: str) -> str:
    """The rows of one case as JSON, measured in this process."""
    module, _, function = case.partition(":")
    rows = getattr(importlib.import_module(f"benchmarks.{module}"), function)()
    return json.dumps([row._asdict() for row in rows])


def contests(told: argparse.Namespace, results: dict[str, Any]) -> None:
    """Run the chosen contests; variations of sizes and types stand beside the plain ones."""
    from benchmarks.compiler import CONTESTS
    from benchmarks.contest import Options, compete
    from benchmarks.report import contest_table, save

    sizes = {name: _size(text) for name, text in (one.split("=", 1) for one in told.size)}
    options = Options(told.scale, told.dtype, told.rounds or 9, told.threads, sizes)
    changed = [f"x{told.scale:g}"] if told.scale != 1 else []
    changed += [told.dtype] if told.dtype != "float32" else []
    changed += [f"{told.threads} threads"] if told.threads != 1 else []
    changed += told.size
    for contest in CONTESTS:
        if told.only and not contest.key.startswith(tuple(told.only)):
            continue
        print(f"measuring {contest.title}", file=sys.stderr)
        found = compete(contest, options)
        print(contest_table([found]))
        results["contests"][" ".join([contest.key, *changed])] = found
        results["contests"] = dict(sorted(results["contests"].items(), key=_place))
        save(results, told.into)


def _size(text: str) -> Any:
    """A number or several, or a name such as that of an activation."""
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        return text
    return numbers if len(numbers) > 1 else numbers[0]


def other_sizes(told: argparse.Namespace, results: dict[str, Any]) -> None:
    """Run the chosen contests at other sizes."""
    from benchmarks.report import save
    from benchmarks.sizes import chosen, sizes_table, varied

    places = [f"{contest.key} {change.title}" for contest, change in chosen(())]
    for contest, change in chosen(told.only):
        key = f"{contest.key} {change.title}"
        print(f"measuring {contest.title}: {change.title}", file=sys.stderr)
        rows = varied(contest, change, told.rounds or 3)
        print(sizes_table(rows), flush=True)
        known = results["sizes"] | {key: rows}
        results["sizes"] = {place: known[place] for place in places if place in known}
        save(results, told.into)


def profiles(told: argparse.Namespace, results: dict[str, Any]) -> None:
    """What bounds the steps that are asked for, or that miss their floor."""
    from benchmarks.profile import missed, write
    from benchmarks.report import save

    try:
        write(missed(results, told.only), results, told.into, told.only)
    except RuntimeError as error:
        print(error, file=sys.stderr)
    save(results, told.into)


def _place(item: tuple[str, Any]) -> tuple[bool, int]:
    """Variations after all that is plain, each in the order of the contests."""
    from benchmarks.compiler import CONTESTS

    key, _, changed = item[0].partition(" ")
    return bool(changed), [one.key for one in CONTESTS].index(key)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", help="'compiler', 'sizes', 'profile', or modules of cases"
    )
    parser.add_argument("--only", nargs="*", default=[], help="how the keys of contests start")
    parser.add_argument("--scale", type=float, default=1, help="multiplies widths and lengths")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument(
        "--size", action="append", default=[], help="such as activation=tanh or channels=8,32"
    )
    parser.add_argument("--rounds", type=int, default=0, help="9, or 3 for sizes")
    parser.add_argument("--threads", type=int, default=1)
    here = Path(__file__).parent
    parser.add_argument("--into", type=Path, default=here, help="the folder of the results")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    told = arguments()
    if told.case:
        print(measured(told.case))
        return 0
    from benchmarks.measure import machine
    from benchmarks.report import load, row_table, save

    results = load(told.into) | {"machine": machine()}
    for case in CASES:
        if not told.modules or case.partition(":")[0] in told.modules:
            print(f"measuring {case}", file=sys.stderr)
            results["cases"][case] = run(case)
            print(row_table(results["cases"][case]))
            save(results, told.into)
    if not told.modules or "compiler" in told.modules:
        contests(told, results)
    if not told.modules or "sizes" in told.modules:
        other_sizes(told, results)
    if not told.modules or "profile" in told.modules:
        profiles(told, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
