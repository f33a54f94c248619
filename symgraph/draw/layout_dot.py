"""Layout by Graphviz' dot: we give it boxes of fixed size, it gives back places and splines.

No text of a user reaches dot: nodes and edges carry generated ids, labels are empty tables of the
right size.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from collections.abc import Collection
from typing import Any

from symgraph.draw.geometry import Curve, Point, Rect, crossings
from symgraph.draw.plan import Extent, Places, Plan
from symgraph.draw.ranks import assign
from symgraph.errors import DrawError

__all__ = ["TIMEOUT", "find", "place"]

TIMEOUT = 20.0

# Graphviz measures nodes in inches and everything else in points.
_POINTS = 72.0
_LABEL_GAP = 6.0
# Up to here a second run that forces the order of the operands is worth its time.
_ORDERED = 120


def find() -> str | None:
    """The dot program, or None."""
    return shutil.which("dot")


@functools.cache
def _version(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "-V"], capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    found = re.search(r"version (\d[\w.]*)", done.stderr + done.stdout)
    return found.group(1) if found else "unknown"


def place(plan: Plan, reserved: Collection[int] = (), timeout: float = TIMEOUT) -> Places:
    """Place a plan with dot; the nodes in `reserved` get room for their values too.

    Raises DrawError when dot is not installed, fails, or takes longer than `timeout` seconds.
    """
    program = find()
    if program is None:
        raise DrawError(
            "engine 'dot' was asked for and the program dot is not on the PATH. "
            "Install Graphviz, or write engine='native'."
        )
    ranks = tuple(assign(len(plan.shapes), plan.edges))
    answers = []
    for ordered in (True, False) if len(plan.shapes) <= _ORDERED else (False,):
        source = _source(plan, reserved, ordered)
        try:
            answers.append(_read(plan, _run(program, source, timeout)))
        except DrawError:
            # dot fails on some graphs where the order of the operands is forced.
            if not ordered:
                raise
    # The first of the best: operands in their order where that costs no crossing.
    _, centres, curves, labels = min(answers, key=lambda answer: answer[0])
    return Places(centres, curves, labels, ranks, "dot", _version(program))


def _source(plan: Plan, reserved: Collection[int], ordered: bool) -> str:
    import graphviz

    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": plan.direction,
            "nodesep": "0.35",
            "ranksep": "0.55" if not any(plan.labels) else "0.3",
            **({"ordering": "in"} if ordered else {}),
        },
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowhead": "none", "headclip": "false", "tailclip": "false"},
    )
    for index, shape in enumerate(plan.shapes):
        extent = _symmetric(plan.rooms[index]) if index in reserved else shape
        graph.node(
            f"n{index}",
            width=f"{(extent.left + extent.right) / _POINTS:.4f}",
            height=f"{(extent.up + extent.down) / _POINTS:.4f}",
        )
    by_operand = sorted(
        range(len(plan.edges)), key=lambda k: (plan.edges[k][1], plan.operands[k], k)
    )
    for k in by_operand:
        tail, head = plan.edges[k]
        label = plan.labels[k]
        attributes = {"id": f"e{k}"}
        if label is not None:
            attributes["label"] = _table(label[0] + _LABEL_GAP, label[1] + 2.0)
        graph.edge(f"n{tail}", f"n{head}", **attributes)
    return str(graph.source)


def _symmetric(room: Extent) -> Extent:
    wide, tall = max(room.left, room.right), max(room.up, room.down)
    return Extent(wide, wide, tall, tall)


def _table(width: float, height: float) -> str:
    """An HTML label without content that takes exactly this much room."""
    size = f'FIXEDSIZE="TRUE" WIDTH="{int(width) + 1}" HEIGHT="{int(height) + 1}"'
    return (
        f'<<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" {size}>'
        f"<TR><TD {size}></TD></TR></TABLE>>"
    )


def _run(program: str, source: str, timeout: float) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [program, "-Tjson0"],
            input=source,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DrawError(
            f"dot took longer than {timeout:g} s and was stopped. Write engine='native'."
        ) from error
    except OSError as error:
        raise DrawError(f"dot cannot be run ({error}). Write engine='native'.") from error
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
        raise DrawError(f"dot failed: {reason[:200]}. Write engine='native'.") from error
    return answer


_Answer = tuple[int, tuple[Point, ...], tuple[Curve, ...], tuple[Rect | None, ...]]


def _read(plan: Plan, answer: dict[str, Any]) -> _Answer:
    """Crossings, centres, curves and labels from dot's answer; dot's y axis points up."""
    centres: list[Point] = [(0.0, 0.0)] * len(plan.shapes)
    curves: list[Curve] = [()] * len(plan.edges)
    labels: list[Rect | None] = [None] * len(plan.edges)
    try:
        for node in answer.get("objects", ()):
            centres[int(node["name"][1:])] = _point(node["pos"])
        for edge in answer.get("edges", ()):
            k = int(edge["id"][1:])
            curves[k] = tuple(_point(text) for text in edge["pos"].split())
            label = plan.labels[k]
            if label is not None:
                labels[k] = _label(_point(edge["lp"]), label)
    except (KeyError, ValueError, IndexError) as error:
        raise DrawError(f"dot's answer lacks {error}. Write engine='native'.") from error
    if any(len(curve) < 4 for curve in curves):
        raise DrawError("dot's answer lacks an edge. Write engine='native'.")
    return crossings(curves), tuple(centres), tuple(curves), tuple(labels)


def _point(text: str) -> Point:
    x, y = text.split(",")
    return (float(x), -float(y))


def _label(centre: Point, size: tuple[float, float]) -> Rect:
    (x, y), (width, height) = centre, size
    left = x - width / 2 + _LABEL_GAP / 2
    return Rect(left, y - height / 2, left + width, y + height / 2)
