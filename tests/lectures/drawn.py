"""What a figure of the lectures must show, as data: its counts, its nodes, its edges, its labels.

A figure is written in lines, each begun by what it lists; what it lists has blanks between:

    data           the texts in the nodes of this role; `text^caption` has a small line below
    edges          tail>head:label=number, with what there is of the two; nodes by their names
    dead pointed   the edges through which no derivative flows, and those that are pointed at
    notes          the lines of formulas below the picture
    groups         what stands above layers and in boxes, in order
    legend         what the legend explains
    values         name=forward|backward of all nodes with values, or with their name beside them

Texts are LaTeX without what is only for spacing, see `bare`; an empty text is `_`. What a figure
does not list it does not have, but for legends and values, which it may leave open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from symgraph.draw.picture import Picture
from symgraph.draw.view import ViewEdge, ViewNode

__all__ = ["Drawn", "bare", "shown"]

#: Lines that a figure may leave open.
OPEN = ("legend", "values")


@dataclass(frozen=True)
class Drawn:
    """A figure: how many nodes and edges the lecture has, and what its lines list."""

    name: str
    nodes: int
    edges: int
    lines: str

    @property
    def lists(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in filter(str.strip, self.lines.splitlines()):
            kind, *texts = line.split()
            found.setdefault(kind, []).extend(texts)
        return found


def bare(latex: str) -> str:
    """A label without what is only for spacing."""
    latex = re.sub(r"\\(left|right|mathrm|mathbf|text|operatorname)(?![A-Za-z])", "", latex)
    return re.sub(r"\\quad|\\[,;:!]|[{}\s]", "", latex)


def shown(picture: Picture) -> dict[str, list[str]]:
    """The lists of a picture."""
    view = picture.view
    names = {node.id: bare(node.alt or node.label) or "_" for node in view.nodes}
    found: dict[str, list[str]] = {}
    for node in view.nodes:
        found.setdefault(node.role, []).append(_text(node))
    ends = [f"{names[edge.tail]}>{names[edge.head]}" for edge in view.edges]
    found["edges"] = [_edge(edge, names) for edge in view.edges]
    found["dead"] = [end for end, edge in zip(ends, view.edges, strict=True) if edge.dead]
    found["pointed"] = [end for end, edge in zip(ends, view.edges, strict=True) if edge.highlight]
    found["notes"] = [bare(note) for note in view.notes]
    found["groups"] = [bare(group.label) or "_" for group in view.groups]
    found["legend"] = [entry.sample for entry in view.entries]
    found["values"] = [_values(node, names) for node in view.nodes if node.forward is not None]
    return {kind: texts for kind, texts in found.items() if texts}


def _text(node: ViewNode) -> str:
    caption = f"^{bare(node.caption)}" if node.caption else ""
    return f"{bare(node.label) or '_'}{caption}"


def _edge(edge: ViewEdge, names: Mapping[str, str]) -> str:
    label = f":{bare(edge.label)}" if edge.label else ""
    number = f"={bare(edge.value)}" if edge.value else ""
    return f"{names[edge.tail]}>{names[edge.head]}{label}{number}"


def _values(node: ViewNode, names: Mapping[str, str]) -> str:
    forward = bare(node.forward or "").rpartition("=")[2]
    return f"{names[node.id]}={forward}|{bare(node.backward or '')}"
