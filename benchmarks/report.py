"""RESULTS.md and its picture, from what results.json holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.sizes import sizes_table

__all__ = ["contest_table", "load", "row_table", "save"]

#: The columns of the large table: what is timed, and its heading.
COLUMNS = {
    "symgraph call": "symgraph", "symgraph loop": "steps inside",
    "symgraph-numpy call": "NumPy target", "numpy call": "NumPy by hand", "torch call": "torch",
    "jax call": "JAX", "jax loop": "JAX, loop inside",
}  # fmt: skip


def load(folder: Path) -> dict[str, Any]:
    """What was measured so far: rows by case, contests by key."""
    path = folder / "results.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {"machine": "", "cases": {}, "contests": {}, "sizes": {}} | found


def save(results: dict[str, Any], folder: Path) -> None:
    """Write results.json, RESULTS.md and results.svg."""
    contests = list(results["contests"].values())
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(text, encoding="utf-8")
    rows = [row for case in results["cases"].values() for row in case]
    parts = [
        "# Results",
        "Written by `make bench`: medians, every system in a process of its own, no `OPENBLAS_*`.",
        results["machine"],
    ]
    if contests:
        parts += [INTRODUCTION, contest_table(contests), _remarks(contests)]
        if _chart(contests, folder / "results.svg"):
            parts.append("![Best peer by symgraph, floors and reaches](results.svg)")
        if (folder / "PROFILES.md").exists():
            parts.append("What bounds the steps that miss their floor: [PROFILES.md](PROFILES.md).")
    sizes = [row for found in results["sizes"].values() for row in found]
    if sizes:
        held = [row for row in sizes if row["least"] is not None]
        beside = [row for row in sizes if row["least"] is None]
        parts += [SIZES, sizes_table(held)] if held else []
        parts += [DOUBLES, sizes_table(beside)] if beside else []
    if rows:
        parts += ["## Other figures", row_table(rows)]
    (folder / "RESULTS.md").write_text("\n\n".join(filter(None, parts)) + "\n", encoding="utf-8")


INTRODUCTION = """## The compiler against its peers

Microseconds of CPU time of one training step (forward, backward, update), or of the values and the
Jacobian of formulas, on one pinned core. All systems compute the same from the same start: losses
and parameters after 5 steps are first held against torch in float64, formulas against complex steps
(losses within 1e-4 and parameters within 2 % of their change in float32, 1e-9 in float64). Then
they take turns; the ratio is the best peer's time by symgraph's in the same round, with the least
and the most of all rounds."""


SIZES = """## Other sizes and activations

The same workloads changed: widths and lengths (channels of LeNet, words and features of word
vectors) times a factor, prime sizes, more layers, other activations. Each ratio must be at least
0.8 of the workload's floor. Times are microseconds a step, from three rounds."""

DOUBLES = """## In float64

Ratios beside those of float32, without a bound."""


def contest_table(contests: Sequence[dict[str, Any]]) -> str:
    """One line for each goal of each contest."""
    speed = ["GFLOP/s", "of peak"]
    head = ["workload", *COLUMNS.values(), "others", *speed]
    head += ["best peer", "ratio", "floor", "reach"]
    lines = [_line(head), _line(["---"] + ["---:"] * (len(head) - 1))]
    for one in contests:
        times = {name: _micro(spread["median"]) for name, spread in one["times"].items()}
        others = [f"{n.removesuffix(' call')} {t}" for n, t in times.items() if n not in COLUMNS]
        cells = [_title(one), *(times.get(name, "") for name in COLUMNS), ", ".join(others)]
        cells += _speed(one)
        for goal in one["goals"] or [{}]:
            lines.append(_line([*cells, *_verdict(goal)]))
            cells = [f"{one['title']}: the same"] + [""] * (len(COLUMNS) + 3)
    return "\n".join(lines)


def _title(one: dict[str, Any]) -> str:
    notes = [f"{size} {value}" for size, value in one["sizes"].items()]
    notes += [one["dtype"]] if one["dtype"] != "float32" else []
    notes += [f"sizes x{one['scale']:g}"] if one["scale"] != 1 else []
    notes += [f"{one['cores']} threads"] if one["cores"] != 1 else []
    return f"{one['title']} ({', '.join(notes)})" if notes else str(one["title"])


def _verdict(goal: dict[str, Any]) -> list[str]:
    if not goal.get("best"):
        return ["", "", *(f"{goal[k]:g}" if k in goal else "" for k in ("floor", "reach"))]
    ratio = f"{goal['ratio']:.3g} ({goal['low']:.3g} to {goal['high']:.3g})"
    if goal["ratio"] < goal["floor"]:
        ratio += " MISSED"
    title = f"{goal['best']}, {goal['title']}" if goal["title"] else goal["best"]
    return [title, ratio, f"{goal['floor']:g}", f"{goal['reach']:g}"]


def _micro(seconds: float) -> str:
    """Microseconds with three digits."""
    value = seconds * 1e6
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _speed(one: dict[str, Any]) -> list[str]:
    """Of symgraph's matrix products: their speed, and the share of the peak of the core."""
    ours = one["times"].get("symgraph call") or one["times"].get("symgraph-numpy call")
    if not (ours and one["flops"]):
        return ["", ""]
    share = one["of_peak"]
    of_peak = f"{share['median']:.0%}" if share else ""
    return [f"{one['flops'] / ours['median'] / 1e9:.0f}", of_peak]


def _remarks(contests: Sequence[dict[str, Any]]) -> str:
    """Who took no part and why."""
    return "\n".join(
        f"- {_title(one)}: {name} {why}." for one in contests for name, why in one["absent"].items()
    )


def row_table(rows: Sequence[dict[str, Any]]) -> str:
    """Single figures with their bounds."""
    lines = ["| what | measured | bound | |", "|---|---:|---:|---|"]
    for row in rows:
        value, bound, unit = row["value"], row["bound"], row["unit"]
        least = row.get("least", False)
        within = limit = ""
        if bound is not None:
            within = "ok" if (value >= bound if least else value <= bound) else "MISSED"
            limit = f"{'at least ' if least else ''}{bound:g} {unit}"
        remark = " ".join(part for part in (within, row["note"]) if part)
        lines.append(f"| {row['name']} | {value:.3g} {unit} | {limit} | {remark} |")
    return "\n".join(lines)


def _chart(contests: Sequence[dict[str, Any]], path: Path) -> bool:
    """The ratios as bars, with floors and reaches; False without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("svg")
    from matplotlib import pyplot

    bars = [(f"{_title(c)} {g['title']}", g) for c in contests for g in c["goals"] if g["best"]]
    if not bars:
        return False
    figure, axes = pyplot.subplots(figsize=(9, 1 + 0.28 * len(bars)), layout="constrained")
    for place, (_, goal) in enumerate(reversed(bars)):
        met = goal["ratio"] >= goal["floor"]
        color = "tab:green" if met else "tab:orange"
        axes.barh(place, goal["ratio"] - 1, left=1, color=color, height=0.6)
        for name, style in (("floor", "-"), ("reach", ":")):
            axes.plot([goal[name]] * 2, [place - 0.4, place + 0.4], "k" + style, linewidth=1.5)
    axes.set_yticks(range(len(bars)), [title for title, _ in reversed(bars)], fontsize=8)
    axes.set_xscale("log")
    axes.axvline(1, color="gray", linewidth=0.5)
    axes.set_xlabel("best peer / symgraph; solid: floor, dotted: reach")
    with matplotlib.rc_context({"svg.hashsalt": "results"}):
        figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return True
