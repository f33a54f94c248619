"""The same contests at other sizes and with other activations: nothing is keyed to a workload.

Widths, lengths and numbers of points are halved, doubled and made four times as large; widths and
batches are prime; nets are deeper. Each ratio must stay within SHARE of its floor. In float64
ratios stand beside those of float32, without a bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from benchmarks.compiler import CONTESTS
from benchmarks.contest import Contest, Options, compete

__all__ = ["Change", "chosen", "sizes_table", "varied"]

#: How much of a floor must be left where a workload is changed.
SHARE = 0.8
#: The peers that can be the fastest.
PEERS = ("numpy", "torch", "jax")


class Change(NamedTuple):
    """What is changed, in words, and how."""

    title: str
    scale: float = 1.0
    dtype: str = "float32"
    sizes: Mapping[str, Any] = MappingProxyType({})


def _activations(*names: str) -> tuple[Change, ...]:
    return tuple(Change(name, sizes={"activation": name}) for name in names)


HALF, TWICE, FOURFOLD = (Change(f"x{factor:g}", factor) for factor in (0.5, 2, 4))
SCALED = (HALF, TWICE, FOURFOLD)
DOUBLE = Change("float64", dtype="float64")
#: By the start of a contest's key. Sizes are the fields of its workload.
CHANGES: dict[str, tuple[Change, ...]] = {
    "w1": (*SCALED, DOUBLE),
    "w2-": (
        *SCALED,
        Change("61-131-67-11", sizes={"inputs": 61, "hidden": (131, 67), "classes": 11}),
        Change("six hidden layers", sizes={"hidden": (128, 64) * 3}),
        *_activations("tanh", "sigmoid", "softplus", "gelu"),
        DOUBLE,
    ),
    "w2l": (
        *SCALED,
        Change("787-509-257", sizes={"inputs": 787, "hidden": (509, 257)}),
        *_activations("sigmoid", "elu"),
        DOUBLE,
    ),
    "w3-": (
        *SCALED,
        Change("hidden 97, 31 steps", sizes={"hidden": 97, "steps": 31}),
        Change("100 steps", sizes={"steps": 100}),
        Change("vocabulary 257", sizes={"words": 257}),
        *_activations("relu", "sigmoid", "softplus"),
        DOUBLE,
    ),
    "w3l": (HALF, TWICE, DOUBLE),
    "w4": (
        *SCALED,
        Change("67 to 127, 53 steps", sizes={"inputs": 67, "hidden": 127, "steps": 53}),
        Change("200 steps", sizes={"steps": 200}),
        DOUBLE,
    ),
    "w5": (
        *SCALED,
        Change("channels 7 and 17", sizes={"channels": (7, 17)}),
        Change("images 30x30, windows 3x3", sizes={"side": 30, "window": 3}),
        Change("batch 31", sizes={"batch": 31}),
        Change("batch 128", sizes={"batch": 128}),
        *_activations("tanh", "sigmoid", "softplus", "elu", "gelu"),
        DOUBLE,
    ),
    "w6-": (
        *SCALED,
        Change("5003 words, 67 features", sizes={"words": 5003, "features": 67}),
        DOUBLE,
    ),
    "w6s": (
        *SCALED,
        Change("1009 words, 53 features", sizes={"words": 1009, "features": 53}),
        Change("batch 127", sizes={"batch": 127}),
        DOUBLE,
    ),
    "w7-lj": (HALF, TWICE),
    "w7-mixture": (HALF, TWICE),
}  # fmt: skip


def chosen(only: Sequence[str]) -> Iterator[tuple[Contest, Change]]:
    """Contests with a change each, by how their keys start."""
    for contest in CONTESTS:
        if not only or contest.key.startswith(tuple(only)):
            for start, changes in CHANGES.items():
                if contest.key.startswith(start) and contest.goals:
                    yield from ((contest, change) for change in changes)


def varied(contest: Contest, change: Change, rounds: int) -> list[dict[str, Any]]:
    """For each goal: the change, the best peer with the ratio to it, and the least it may be."""
    peers = tuple(one for one in contest.peers if one in PEERS)
    goals = tuple(goal for goal in contest.goals if not goal.system)
    told = replace(contest, peers=peers, goals=goals, ours=("symgraph",))
    options = Options(change.scale, change.dtype, rounds, sizes=change.sizes)
    found = compete(told, options)
    return [
        {
            "title": _joined(contest.title, goal["title"]), "change": change.title,
            "least": None if change.dtype == "float64" else SHARE * goal["floor"],
            "seconds": found["times"].get(goal["ours"], {}).get("median"),
            "absent": found["absent"],
            **{name: goal.get(name) for name in ("best", "ratio", "low", "high")},
        }
        for goal in found["goals"]
    ]  # fmt: skip


def _joined(title: str, part: str) -> str:
    return f"{title}: {part}" if part else title


def sizes_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line for each ratio, the changes of one workload below one another."""
    lines = [
        "| workload | change | symgraph | best peer | ratio | at least | |",
        "| --- | --- | ---: | --- | ---: | ---: | --- |",
    ]
    for row in rows:
        if row["ratio"] is None:
            why = "; ".join(f"{name} {reason}" for name, reason in row["absent"].items())
            lines.append(f"| {row['title']} | {row['change']} | | {why} | | | not measured |")
            continue
        least, ratio = row["least"], f"{row['ratio']:.3g} ({row['low']:.3g} to {row['high']:.3g})"
        verdict = "" if least is None else "ok" if row["ratio"] >= least else "MISSED"
        lines.append(
            f"| {row['title']} | {row['change']} | {row['seconds'] * 1e6:.3g} | {row['best']} | "
            f"{ratio} | {'' if least is None else f'{least:.3g}'} | {verdict} |"
        )
    return "\n".join(lines)
