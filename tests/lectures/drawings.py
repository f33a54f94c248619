"""The figures of the lectures: as many nodes and edges as the lecture has, with its labels."""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from functools import cache, partial
from unittest import mock

from lectures.checks import add
from lectures.drawn import OPEN, Drawn, shown
from lectures.figures_of_blocks import BLOCKS
from lectures.figures_of_cells import CELLS
from lectures.figures_of_graphs import GRAPHS
from lectures.figures_of_layers import LAYERS
from lectures.figures_over_time import OVER_TIMES
from lectures.table import LECTURES
from symgraph import cli
from symgraph.draw.picture import Picture
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.zoo.figures import FIGURES

__all__ = ["BY_NAME", "DRAWN", "made"]

BY_NAME = {figure.name: figure for figure in FIGURES if figure.is_drawn}

DRAWN: tuple[Drawn, ...] = (*GRAPHS, *LAYERS, *CELLS, *OVER_TIMES, *BLOCKS)


@cache
def made(name: str) -> Picture:
    """The picture that the command of a figure writes."""
    found: list[Picture] = []

    def keep(picture: Picture, path: object) -> None:
        found.append(picture)

    with mock.patch.object(Picture, "save", keep), contextlib.redirect_stdout(io.StringIO()):
        assert cli.main(BY_NAME[name].arguments("figure.svg")) == 0
    return found[0]


def is_drawn_without_a_blemish(one: Drawn) -> None:
    """With all its labels set in type, and with nothing above anything else."""
    picture = made(one.name)
    labels = [edge for edge in picture.view.edges if edge.label is not None]
    assert sum(item.layer == "label" for item in picture.scene.items) == len(labels)
    assert overlaps(picture.scene) == []
    assert edge_hits(picture.scene) == []


def has_the_nodes_and_edges_of_the_lecture(one: Drawn) -> None:
    """They are counted in the graph that is written for Graphviz."""
    text = made(one.name).to_dot().source
    edges = re.findall(r"^\s*\S+ -[>-] \S+", text, re.MULTILINE)
    nodes = re.findall(r"^\s*\w+ \[label=", text, re.MULTILINE)
    assert (len(nodes), len(edges)) == (one.nodes, one.edges)


def has_the_labels_of_the_lecture(one: Drawn) -> None:
    """Every text stands where it belongs: in its node, at its edge, beside, below and above."""
    wanted, found = one.lists, shown(made(one.name))
    for kind in {*wanted, *found}:
        if kind in wanted or kind not in OPEN:
            assert Counter(found.get(kind, ())) == Counter(wanted.get(kind, ())), kind


def _add_all() -> None:
    checks = (
        ("", is_drawn_without_a_blemish),
        (" counted", has_the_nodes_and_edges_of_the_lecture),
        (" labelled", has_the_labels_of_the_lecture),
    )
    for one in DRAWN:
        for what, run in checks:
            row = BY_NAME[one.name].row
            assert "draw" in LECTURES[row].verbs
            add(row, "draw", f"{one.name}{what}", partial(run, one))


_add_all()
