"""What is read of a loop, by name: the last state h_T, the states h_t of all times."""

from __future__ import annotations

from symgraph.node import Node
from symgraph.notation.sequences import Moment, Timed
from symgraph.notation.tree import Sort
from symgraph.ops import Final, Let, Scan, Trace
from symgraph.printing import Format, Style
from symgraph.shapes import Dim

__all__ = ["result_name", "span_of"]


def result_name(node: Node, sort: Sort) -> Timed | None:
    """h_T for the last state, h_t for a state or a named value of all times; None for others."""
    if isinstance(node, Final):
        scan = node.scan
        last = Moment("", 1) if scan.backwards else _moment(scan.length)
        return Timed(_state_name(scan, node.state), sort, last)
    if not isinstance(node, Trace):
        return None
    body, inner = node.scan.body, node.inner
    if inner in body.states:
        before = Moment("t", 1 if node.scan.backwards else -1)
        return Timed(_state_name(node.scan, body.states.index(inner)), sort, before)
    if inner in body.nexts:
        return Timed(_state_name(node.scan, body.nexts.index(inner)), sort, Moment("t"))
    if isinstance(inner, Let) and inner.let_name:
        return Timed(inner.let_name, sort, Moment("t"))
    return None


def span_of(node: Trace, style: Style) -> str:
    """The times of a value that is read at every step: t = 1, …, T."""
    length = node.scan.length
    last = Format(style).number(length).text if isinstance(length, int) else str(length)
    dots = {"text": "...", "unicode": "…", "latex": r"\dots"}[style]
    return f"t = 1, {dots}, {last}"


def _moment(length: Dim) -> Moment:
    return Moment("", length) if isinstance(length, int) else Moment(str(length))


def _state_name(scan: Scan, number: int) -> str:
    """The name that the user gave to the new state, else that of the state."""
    following = scan.body.nexts[number]
    if isinstance(following, Let) and following.let_name:
        return following.let_name
    return str(scan.body.states[number].params[0])
