"""The figures of the lectures: as many nodes and edges as the lecture has, with its labels."""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter
from functools import cache, partial
from unittest import mock

from lectures.checks import add
from lectures.table import LECTURES
from symgraph import cli
from symgraph.draw.picture import Picture
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.zoo.figures import FIGURES

__all__ = ["made"]

BY_NAME = {figure.name: figure for figure in FIGURES}

#: Nodes and edges of a figure, as the lecture has them.
COUNTS = {
    "S0-10": (6, 8), "S0-14": (4, 3), "S0-15a": (4, 3), "S0-15b": (5, 4), "S0-16": (6, 8),
    "S0-18a": (4, 3), "S0-18b": (4, 3), "S0-19a": (3, 2), "S0-19b": (3, 2), "S0-19c": (3, 2),
    "S0-19d": (3, 2), "S0-19e": (2, 1), "S0-19f": (2, 1), "S0-20": (3, 2), "S0-21a": (9, 8),
    "S0-21b": (9, 8), "S0-22": (6, 5), "S0-23a": (16, 15), "S0-23b": (15, 15), "S0-24": (16, 15),
    "S0-26": (3, 3), "S0-30a": (10, 21), "S0-40b": (10, 9), "S4-08a": (5, 6), "S4-08b": (4, 5),
    "S4-13a": (8, 12), "S4-19": (7, 12), "S4-42": (5, 6), "S4-48": (7, 12), "S4-50a": (8, 9),
    "S0-45": (4, 3), "S3-05": (6, 9), "S3-07a": (4, 3), "S3-07b": (4, 3), "S4-03a": (3, 2),
    "S4-03b": (3, 2), "S4-09a": (6, 7), "S4-15": (9, 20), "S4-20a": (5, 6), "S4-23": (7, 12),
    "S4-30b": (9, 8), "S4-37": (5, 5), "S4-43": (9, 18), "S4-45": (10, 16), "S4-60": (16, 15),
    "S4-71b": (13, 12), "S4-72": (14, 18), "S4-73": (11, 10),
}  # fmt: skip

#: How many nodes of each role a figure has. A cell: layers, pointwise operations, joins; a mode:
#: what it reads, gives and keeps.
_LSTM = {"gate": 4, "pointwise": 5, "module": 1}
_GRU = {"gate": 3, "pointwise": 5, "module": 2}
_COUPLED = {"gate": 3, "pointwise": 6, "module": 1}
ROLES = {
    **dict.fromkeys(("S0-43", "S0-46", "S0-47", "S0-48", "S0-49a", "S0-50", "S2-02"), _LSTM),
    **dict.fromkeys(("S2-04a", "S2-04b", "S2-04c", "S2-04d", "S4-64", "S4-66"), _LSTM),
    **dict.fromkeys(("S0-51", "S2-06"), _COUPLED),
    **dict.fromkeys(("S0-52a", "S0-52b", "S2-07"), _GRU),
    "S0-30b": {"gate": 5, "frozen": 3},
    "S0-40a": {"input": 1, "state": 1, "output": 1},
    "S0-40b": {"input": 3, "state": 4, "output": 3},
    "S1-03": {"input": 11, "output": 11, "state": 15},
    "S2-01a": {"gate": 3, "pointwise": 0},
    "S2-01b": {name: 3 * count for name, count in _LSTM.items()},
    "S2-03": {name: 3 * count for name, count in _LSTM.items()},
    "S0-38a": {"cell": 16 + 4},
    "S0-38b": {"cell": 16 + 4},
    "S0-35": {"cell": 25 + 9 + 9},
    "S0-36": {"cell": 49 + 49 + 1},
    "S0-39a": {"data": 1, "gate": 1, "pointwise": 1, "output": 1},
    "S0-49b": {"input": 3, "module": 3},
    "S1-05a": {"parameter": 3 + 3},
    "S1-05c": {"parameter": 3 + 3 + 3},
    "S2-05": {name: 2 * count for name, count in _LSTM.items()},
    "S2-08": {"gate": 4 + 3, "pointwise": 5 + 5},
    "S4-20b": {"parameter": 6},
    "S4-44": {"gate": 5, "frozen": 3},
    "S4-48": {"off": 2},
    **{key: {"cell": 25 + 9 + 9} for key in ("S4-51a", "S4-51b", "S4-51c")},
    "S4-52": {"data": 1, "gate": 1, "pointwise": 1, "output": 1},
    **{key: {"cell": 16 + 4} for key in ("S4-53a", "S4-53b")},
    "S4-57": {"parameter": 1 + 2 + 3},
    "S4-67b": {"data": 3, "gate": 2},
    "S4-71a": {"input": 1, "state": 1, "output": 1},
    "S4-58a": {"input": 1, "output": 1, "state": 1},
    "S4-58b": {"input": 1, "output": 3, "state": 3},
    "S4-58c": {"input": 3, "output": 1, "state": 3},
    "S4-58d": {"input": 3, "output": 3, "state": 5},
    "S4-58e": {"input": 3, "output": 3, "state": 3},
    "S4-65": {"gate": 5, "pointwise": 5},
}


@cache
def made(name: str) -> Picture:
    """The picture that the command of a figure writes."""
    found: list[Picture] = []

    def keep(picture: Picture, path: object) -> None:
        found.append(picture)

    with mock.patch.object(Picture, "save", keep), contextlib.redirect_stdout(io.StringIO()):
        assert cli.main(BY_NAME[name].arguments("figure.svg")) == 0
    return found[0]


def bare(latex: str) -> str:
    """A label without what is only for spacing."""
    latex = re.sub(r"\\(left|right|mathrm|mathbf|text)(?![A-Za-z])", "", latex)
    return re.sub(r"\\[,;:!]|[{}\s]", "", latex)


def labels(name: str) -> list[str]:
    return [bare(i.source) for i in made(name).scene.items if i.layer == "label"]


def names(name: str, role: str) -> list[str]:
    """What stands in the nodes of a role."""
    return [bare(node.label) for node in made(name).view.nodes if node.role == role]


def is_drawn_without_a_blemish(name: str) -> None:
    picture = made(name)
    assert picture.view.nodes
    assert overlaps(picture.scene) == []
    assert edge_hits(picture.scene) == []


def has_the_nodes_and_edges_of_the_lecture(name: str) -> None:
    """They are counted in the graph that is written for Graphviz."""
    text = made(name).to_dot().source
    edges = re.findall(r"^\s*\S+ -[>-] \S+", text, re.MULTILINE)
    assert (len(made(name).view.nodes), len(edges)) == COUNTS[name]


def has_the_parts_of_the_lecture(name: str) -> None:
    found = Counter(node.role for node in made(name).view.nodes)
    assert {role: found[role] for role in ROLES[name]} == ROLES[name]


def _indexed(form: str, rows: int, columns: int) -> list[str]:
    """The entries of a matrix."""
    return [form.format(i, j) for i in range(1, rows + 1) for j in range(1, columns + 1)]


#: What stands on the edges of a figure.
LABELS = {
    "S0-14": ["w_1", "w_2", "w_3"],
    "S0-15a": ["w_1", "w_2", "w_3"],
    "S0-19a": ["1", "1"],
    "S0-19b": ["1", "-1"],
    "S0-19c": ["in_2", "in_1"],
    "S0-19d": ["1[in_1>in_2]", "1[in_1<in_2]"],
    "S0-19e": ["out(1-out)"],
    "S0-19f": ["2in"],
    "S0-18a": [rf"\frac\partialout\partialin_{k}" for k in (1, 2, 3)],
    "S0-18b": ["2", "in_3=3", "in_2=2"],
    "S0-20": ["out=1.904", r"\cos(in)=0.7648"],
    "S0-22": ["2residual", "1", "-1", r"\phi(x)", "W"],
    "S0-21a": ["1[margin<1]", "1[margin>1]", "1", "-1", "y", "score", r"\phi(x)", "W"],
    "S0-26": ["h=0.9526", "x=3", "h(1-h)=0.04518"],
    "S0-40b": ["U", "W", "V"] * 3,
    **{key: [*_indexed("v_{0},{1}", 2, 3), "w_1", "w_2"] for key in ("S0-10", "S0-16")},
    "S3-05": [*_indexed("w_1-{1}{0}", 3, 2), "w_2-1", "w_2-2", "w_2-3"],
    "S4-03a": ["1", "1"],
    "S4-03b": ["1", "1"],
    "S4-08a": ["1", "1", "1", "1", "1", "-1"],
    "S4-08b": ["1", "1", "1", "1", "-2"],
    "S4-09a": ["1", "1", "-1", "-1", "1", "1", "1"],
    "S4-13a": ["-5", "-1.2", "1.2", "1.2", "2", "5", "-1", "-1", "-1", "1", "1", "1"],
    "S4-15": [*_indexed("w_{0}{1}^(1)", 4, 3), *_indexed("w_{0}{1}^(2)", 2, 4)],
    "S4-19": [rf"w_{to}{of}" for to in "ABC" for of in (r"\lambda", r"\Omega")]
    + [rf"w_{to}{of}" for to in (r"\alpha", r"\beta") for of in "ABC"],
    "S4-20a": [f"w_{k}" for k in range(1, 7)],
    "S4-42": _indexed("w_{0}{1}", 3, 2),
    "S4-50a": ["w_1", "w_2", "w_3"] * 3,
    "S4-60": ["U", "W", "V", "U_d", "W_d"] * 3,
    "S4-72": ["U", "U_g", "W", "W_g", "V", "V"] * 3,
    "S4-73": ["I", *["U", "W", "V"] * 3],
}


def has_the_labels_of_the_lecture(name: str) -> None:
    assert Counter(labels(name)) == Counter(LABELS[name])


def _add_all() -> None:
    checks = (
        ("", None, is_drawn_without_a_blemish),
        (" counted", COUNTS, has_the_nodes_and_edges_of_the_lecture),
        (" parts", ROLES, has_the_parts_of_the_lecture),
        (" labelled", LABELS, has_the_labels_of_the_lecture),
    )
    for figure in FIGURES:
        if "draw" not in LECTURES[figure.row].verbs or not figure.is_drawn:
            continue
        for what, of, run in checks:
            if of is None or figure.name in of:
                add(figure.row, "draw", f"{figure.name}{what}", partial(run, figure.name))


_add_all()
