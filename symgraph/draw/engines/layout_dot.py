"""Layout by Graphviz' dot: we give it boxes of fixed size, it gives back places and splines.

No text of a user reaches dot: nodes and edges carry generated ids, labels are empty tables of the
right size.

Places differ between versions of Graphviz. The best coordinates along a rank are mostly not unique
(a sum of distances has a whole interval of medians), and which ones come out depends on the pivots
of dot's network simplex, also where the order in the ranks is given. Weights that would make them
unique put every sum of two above one of its operands. So the version of dot goes with the picture.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symgraph.draw.engines.chart import GROUP_PAD
from symgraph.draw.engines.groups import NOWHERE, Tree
from symgraph.draw.engines.layout_native import operand_order
from symgraph.draw.engines.ranks import assign
from symgraph.draw.engines.routes import conflicts, refine
from symgraph.draw.engines.ways import Routes
from symgraph.draw.geometry import Curve, Point, Rect, crossings
from symgraph.draw.plan import TITLE_INSET, Places, Plan
from symgraph.errors import DrawError

if TYPE_CHECKING:
    import graphviz

__all__ = ["TIMEOUT", "find", "place"]

TIMEOUT = 20.0

# Graphviz measures nodes in inches and everything else in points.
_POINTS = 72.0
_LABEL_GAP = 6.0
_CLUSTER = re.compile(r"cluster_(\d+)", re.ASCII)
# Up to here shortcuts are worth their time, and a second run that forces the order of the operands.
_REFINED, _ORDERED = 300, 120


def find() -> str | None:
    """The dot program, or None."""
    return shutil.which("dot")


@functools.cache
def _version(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "-V"], capture_output=True, encoding="utf-8", errors="replace",
            timeout=TIMEOUT, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    found = re.search(r"version (\d[\w.]*)", done.stderr + done.stdout)
    return found.group(1) if found else "unknown"


def place(plan: Plan, timeout: float = TIMEOUT) -> Places:
    """Place a plan with dot.

    Raises DrawError when dot is not installed, fails, or takes longer than `timeout` seconds.
    """
    program = find()
    if program is None:
        raise DrawError(
            "engine 'dot' was asked for and the program dot is not on the PATH. "
            "Install Graphviz, or write engine='native'."
        )
    ranks = tuple(assign(len(plan.shapes), plan.edges))
    answers = [_read(plan, _run(program, _source(plan), timeout))]
    if _within(plan, _ORDERED):
        # dot fails on some graphs when the order of the operands is forced.
        with contextlib.suppress(DrawError):
            forced = _source(plan, operand_order(plan))
            answers.insert(0, _read(plan, _run(program, forced, timeout)))
    # The first of the best: operands in their order where that costs no crossing.
    routes, boxes = answers[0]
    if _within(plan, _REFINED):
        answers.sort(key=lambda answer: crossings(answer[0].curves))
        for answer in answers:
            routes, boxes = refine(*answer), answer[1]
            if not conflicts(routes):
                break
    return Places(
        routes.centres,
        tuple(routes.curves),
        tuple(routes.labels),
        ranks,
        "dot",
        _version(program),
        boxes,
    )


def _within(plan: Plan, nodes: int) -> bool:
    return len(plan.shapes) <= nodes and len(plan.edges) <= 2 * nodes


def _source(plan: Plan, order: Sequence[int] | None = None) -> str:
    """The graph in the DOT language; with `order` the edges enter their heads in this order."""
    import graphviz

    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": plan.direction,
            "nodesep": "0.3",
            "ranksep": "0.3" if any(plan.labels) else "0.6",
            **({} if order is None else {"ordering": "in"}),
        },
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowhead": "none", "headclip": "false", "tailclip": "false"},
    )
    inside = _clusters(plan, graph)
    homes = Tree(plan.groups, len(plan.shapes)).home
    for index, room in enumerate(plan.rooms):
        # dot centres a box on its node, so the room for values has to be kept on both sides.
        wide, tall = 2 * max(room.left, room.right), 2 * max(room.up, room.down)
        owner = inside[homes[index]] if homes[index] != NOWHERE else graph
        owner.node(f"n{index}", width=f"{wide / _POINTS:.4f}", height=f"{tall / _POINTS:.4f}")
    # A subgraph is taken over as it stands: the inner ones go first.
    for g in reversed(range(len(plan.groups))):
        parent = plan.groups[g].parent
        (graph if parent is None else inside[parent]).subgraph(inside[g])
    for k in range(len(plan.edges)) if order is None else order:
        tail, head = plan.edges[k]
        label = plan.labels[k]
        attributes = {"id": f"e{k}"}
        if label is not None:
            attributes["label"] = _table(label[0] + _LABEL_GAP, label[1] + 2.0)
        graph.edge(f"n{tail}", f"n{head}", **attributes)
    return str(graph.source)


def _clusters(plan: Plan, graph: graphviz.Digraph) -> list[graphviz.Digraph]:
    """An empty cluster for each group, with room for its title."""
    found = []
    for g, group in enumerate(plan.groups):
        wide, tall = group.title
        label = _table(wide + 2 * TITLE_INSET, tall + TITLE_INSET / 2) if wide else ""
        cluster = type(graph)(
            name=f"cluster_{g}",
            graph_attr={
                "label": label,
                "labeljust": "l",
                # dot turns the picture, and this with it.
                "labelloc": "b" if plan.direction == "BT" else "t",
                "margin": f"{GROUP_PAD:g}",
            },
        )
        found.append(cluster)
    return found


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
            encoding="utf-8",
            errors="replace",
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


def _read(plan: Plan, answer: dict[str, Any]) -> tuple[Routes, tuple[Rect, ...]]:
    """The routes and the boxes of the groups in dot's answer, whose y axis points up."""
    centres: list[Point] = [(0.0, 0.0)] * len(plan.shapes)
    curves: list[Curve] = [()] * len(plan.edges)
    labels: list[Rect | None] = [None] * len(plan.edges)
    boxes = [Rect(0.0, 0.0, 0.0, 0.0)] * len(plan.groups)
    try:
        for node in answer.get("objects", ()):
            cluster = _CLUSTER.fullmatch(node["name"])
            if cluster is None:
                centres[int(node["name"][1:])] = _point(node["pos"])
            elif "bb" in node:
                left, low, right, high = map(float, node["bb"].split(","))
                boxes[int(cluster.group(1))] = Rect(left, -high, right, -low)
        for edge in answer.get("edges", ()):
            k = int(edge["id"][1:])
            curves[k] = tuple(_point(text) for text in edge["pos"].split())
            label = plan.labels[k]
            if label is not None:
                labels[k] = _label(_point(edge["lp"]), label)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        reason = f"dot's answer cannot be read ({error!r}). Write engine='native'."
        raise DrawError(reason) from error
    if any(len(curve) < 4 for curve in curves):
        raise DrawError("dot's answer cannot be read (an edge is missing). Write engine='native'.")
    sides = [0 if label is None else 1 for label in labels]
    choices: list[tuple[Curve, ...]] = [(curve,) for curve in curves]
    return Routes(plan, tuple(centres), choices, labels, sides), tuple(boxes)


def _point(text: str) -> Point:
    x, y = text.split(",")
    return (float(x), -float(y))


def _label(centre: Point, size: tuple[float, float]) -> Rect:
    (x, y), (width, height) = centre, size
    left = x - width / 2 + _LABEL_GAP / 2
    return Rect(left, y - height / 2, left + width, y + height / 2)
