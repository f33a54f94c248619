"""Pictures: CPU seconds to SVG by size and engine, and crossings against dot."""

from __future__ import annotations

import random
import resource
import time

import symgraph as sg
from benchmarks.graphs import random_dag
from benchmarks.measure import Row
from symgraph.draw.engines import layout_dot
from symgraph.draw.layout import Engine, layout
from symgraph.draw.scene import Scene, crossings
from symgraph.draw.typesetting.typeset import ZiamathTypesetter
from symgraph.draw.view import View, ViewEdge, ViewNode
from symgraph.draw.writers.svg import svg

__all__ = ["collapsed", "crossings_against_dot", "lecture_graphs", "sizes"]

ENGINES: tuple[Engine, ...] = ("native", "dot")
_LABELS = (r"1-\tanh^2(z_{%d})", "w_{%d}", "%d.25", "h_{%d}(1-h_{%d})")


def _cpu() -> float:
    """CPU seconds of this process and of those it started, dot's among them."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _label(dice: random.Random) -> str:
    text = dice.choice(_LABELS)
    return text % tuple(dice.randrange(1000) for _ in range(text.count("%")))


def random_view(count: int, seed: int = 0, reach: int = 12) -> View:
    """Sums, products and tanh over leaves, 1.4 edges a node, every label another one."""
    dice = random.Random(seed)
    nodes, edges = [], []
    for k in range(count):
        arity = min(k, dice.choice((0, 1, 2, 2)))
        label = (f"x_{{{k}}}", r"\tanh", "+")[arity]
        values = (f"{dice.random():.4g}", f"{dice.random():.4g}")
        nodes.append(ViewNode(str(k), label, "op" if arity else "data", "", *values))
        for operand in range(arity):
            tail = k - dice.randint(1, min(k, reach))
            edges.append(ViewEdge(str(tail), str(k), operand, _label(dice)))
    return View(tuple(nodes), tuple(edges))


def chain(count: int) -> View:
    """A chain of sums that all take one leaf: all edges but the chain's are long."""
    nodes = [ViewNode("x", "x", "data"), *(ViewNode(str(k), "+") for k in range(count - 1))]
    edges = [ViewEdge(str(k - 1) if k else "x", str(k), 0, "1") for k in range(count - 1)]
    edges += [ViewEdge("x", str(k), 1, "1") for k in range(count - 1)]
    return View(tuple(nodes), tuple(edges))


def _drawn(view: View, engine: Engine) -> tuple[float, Scene]:
    """CPU seconds from the view to the SVG text, nothing typeset before."""
    typesetter = ZiamathTypesetter()
    typesetter.measure("x", 16.0)
    start = _cpu()
    scene = layout(view, typesetter, engine)
    svg(scene)
    return _cpu() - start, scene


def sizes() -> list[Row]:
    """Whole drawings of 10 to 10 000 nodes, values and labels included."""
    rows = []
    for count in (10, 100, 1_000, 3_000, 10_000):
        bound = 2.0 if count == 1_000 else None
        seconds, _ = _drawn(random_view(count), "native")
        rows.append(Row(f"draw {count} nodes, native", seconds, "s", bound, "CPU, every label new"))
        if count <= 1_000 and layout_dot.find():
            seconds, _ = _drawn(random_view(count), "dot")
            rows.append(Row(f"draw {count} nodes, dot", seconds, "s", None, "CPU"))
    for count in (300, 3_000):
        seconds, _ = _drawn(chain(count), "native")
        rows.append(Row(f"draw a chain of {count} sums of one leaf", seconds, "s", None, "CPU"))
    return rows


def collapsed() -> list[Row]:
    """What `sg.draw` makes by itself of a graph too large to be read, to the SVG text."""
    root, _ = random_dag(9_980)
    sg.draw(random_dag(20)[0]).svg()
    start = _cpu()
    picture = sg.draw(root)
    picture.svg()
    seconds = _cpu() - start
    note = f"CPU, {len(picture.view.nodes)} nodes shown"
    return [Row("draw 10000 nodes, collapsed", seconds, "s", 5.0, note)]


def lecture_graphs() -> list[Row]:
    """The slowest of the systems that come with symgraph, from the expression to the SVG text."""
    from symgraph import zoo
    from symgraph.network import load_network

    losses = {name: load_network(f"zoo:{name}") for name in zoo.names()}
    sg.draw(next(iter(losses.values()))).svg()
    slowest, which = 0.0, ""
    for name, loss in losses.items():
        start = _cpu()
        sg.draw(loss).svg()
        if _cpu() - start > slowest:
            slowest, which = _cpu() - start, name
    return [Row("draw a lecture graph", slowest, "s", 0.3, f"CPU, the slowest ({which})")]


def crossings_against_dot() -> list[Row]:
    """Crossings of the native engine as a share of dot's, over three graphs of each size."""
    if not layout_dot.find():
        return []
    rows = []
    for count in (30, 60, 120):
        views = [random_view(count, seed, reach=count // 3) for seed in range(3)]
        ours, theirs = (
            sum(crossings(_drawn(view, engine)[1]) for view in views) for engine in ENGINES
        )
        share = ours / max(1, theirs)
        note = f"{ours} to {theirs}"
        rows.append(Row(f"crossings of {count} nodes, native/dot", share, "x", 1.2, note))
    return rows
