"""Formulas of one exponential that overflow or lose digits as written, and what becomes of them.

    exp(x)/(1 + exp(x)), and its slopes     σ(x), σ'(x), ...
    (exp(2x) - 1)/(exp(2x) + 1)             tanh(x)
    x³/(exp(x) - 1), its slopes             by exp(-|x|) and expm1(-|x|)
    slopes of log(1 - 1/(1 + exp(-x)))      -σ(x): what stands above and below cancels

A pass. Maps of one exponential are followed as quotients of polynomials in it, with exact
coefficients. What others read of them is tried out, as written and in a form that cannot overflow,
at numbers from a thousandth to 1600: only where these differ it is written anew.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from symgraph.codegen.passes import (
    Rewritten,
    bodies,
    everything,
    rebuilt,
    rebuilt_scan,
    rebuilt_trace,
    unchanged,
)
from symgraph.codegen.shift.formulas import has_exponential, in_exponents
from symgraph.codegen.shift.structure import Entry, Structure, structure
from symgraph.node import Node
from symgraph.ops.leaves import Fill
from symgraph.ops.loop import Trace
from symgraph.ops.map import Map

__all__ = ["cancel_exponentials"]

_ONE = Fraction(1)


def cancel_exponentials(roots: Sequence[Node]) -> Rewritten:
    """The roots with such formulas written anew."""
    if not any(map(has_exponential, bodies(roots))):
        return unchanged(roots)
    found = _Reading(roots).replaced(roots)
    return _with(roots, found) if found else unchanged(roots)


class _Place(NamedTuple):
    """A structure, and the nodes that are its atoms."""

    of: Structure
    atoms: tuple[Node, ...]


def _with(roots: Sequence[Node], found: Mapping[Node, _Place]) -> Rewritten:
    """The roots with these nodes written anew."""
    image: dict[Node, Node] = {}
    for node in everything(roots):
        args = tuple([image[arg] for arg in node._args])
        args = node._args if all(map(operator.is_, args, node._args)) else args
        if node.is_loop:
            image[node] = rebuilt_scan(node, args, image)
        elif type(node) is Trace:
            image[node] = rebuilt_trace(node, args, image)
        else:
            image[node] = plain = rebuilt(node, args)
            if node in found:
                of, atoms = found[node]
                made = of.form.node([image[one] for one in atoms].__getitem__)
                if made.shape == plain.shape and made.kind == plain.kind:
                    image[node] = made
    return Rewritten([image[root] for root in roots], image)


class _Reading:
    """Which nodes are quotients of polynomials in one exponential."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self.known: dict[Node, _Place] = {}
        for node in everything(roots):
            if type(node) is Map and node.kind == "real":
                body = node.params[0]
                if has_exponential(body) or any(arg in self.known for arg in node._args):
                    place = self._read(node)
                    if place.of.ratio is not None:
                        self.known[node] = place

    def _read(self, node: Node) -> _Place:
        """The structure of a Map, whose atoms are numbered as they are met."""
        atoms: dict[Node, int] = {}
        exponents = in_exponents(node.params[0])
        entries = []
        for k, arg in enumerate(node._args):
            known = self.known.get(arg)
            if known is not None and k not in exponents:
                places = tuple([atoms.setdefault(one, len(atoms)) for one in known.atoms])
                entries.append(Entry(known.of, places, _ONE))
            elif type(arg) is Fill and _is_number(arg):
                entries.append(Entry(None, (), Fraction(arg.value)))
            else:
                base, factor = _multiple(arg) if k in exponents else (arg, _ONE)
                entries.append(Entry(None, (atoms.setdefault(base, len(atoms)),), factor))
        return _Place(structure(node.params[0], tuple(entries)), tuple(atoms))

    def replaced(self, roots: Sequence[Node]) -> dict[Node, _Place]:
        """The nodes that others read, where they are not right as they are written."""
        found: dict[Node, _Place] = {}
        for node in self._wanted(roots):
            place = self.known.get(node)
            while place is not None and place.of.passes is not None:
                node = node._args[place.of.passes]
                place = self.known.get(node)
            if place is None or node in found:
                continue
            ratio = place.of.ratio
            if ratio is not None and ratio.joined and place.of.is_wrong:
                found[node] = place
        return found

    def _wanted(self, roots: Sequence[Node]) -> dict[Node, None]:
        """Roots, and operands of all that is no such quotient itself."""
        found = dict.fromkeys(roots)
        for node in everything(roots):
            if node.is_loop:
                found.update(dict.fromkeys(node.params[0].nexts))
            if type(node) is Trace:
                found[node.inner] = None
            if node not in self.known:
                found.update(dict.fromkeys(node._args))
        return found


def _multiple(node: Node) -> tuple[Node, Fraction]:
    """A node as a number times another."""
    factor = _ONE
    while type(node) is Map and node.kind == "real":
        moving = [k for k, arg in enumerate(node._args) if type(arg) is not Fill]
        if len(moving) != 1 or not all(_is_number(a) for a in node._args if type(a) is Fill):
            break
        entries = [
            Entry(None, (0,), _ONE) if k == moving[0] else Entry(None, (), Fraction(arg.value))
            for k, arg in enumerate(node._args)
        ]
        k = structure(node.params[0], tuple(entries)).multiple
        if not k:
            break
        node, factor = node._args[moving[0]], factor * k
    return node, factor


def _is_number(node: Node) -> bool:
    return isinstance(node.value, (int, float)) and math.isfinite(node.value)
