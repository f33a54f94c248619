"""Mantissas and exponents of values that pass from one loop over time to another.

The reverse of a loop reads what the loop recorded. Where that is a mantissa times an exponential,
the reverse loop reads the records of both instead, and the value itself need not be recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgraph.codegen.passes import Rewritten, everything, rebuilt, rebuilt_trace
from symgraph.codegen.shift.exponents import Atom, Exponents, Term
from symgraph.node import Node
from symgraph.ops.body import Body, local
from symgraph.ops.einsum import widen
from symgraph.ops.loop import Scan, Trace
from symgraph.walks import reachable

__all__ = ["LoopTerms", "without_idle_sequences"]


class LoopTerms:
    """Terms of records, and of the local variables that read them."""

    def __init__(self, roots: Sequence[Node], exponents: Exponents) -> None:
        self._exponents = exponents
        #: The operand that a local variable of a loop reads step by step; None for several.
        self.operands: dict[Node, Node | None] = {}
        self._beside: dict[Node, Sequence[Node]] = {}  # all that its loop reads step by step
        self._fresh: dict[Node, list[tuple[Node, Node]]] = {}  # by the local variable it is for
        self._local: dict[tuple[Node, Node], Node] = {}  # by one of the same loop, and operand
        for node in everything(roots):
            if isinstance(node, Scan):
                body, first = node.body, len(node.body.states)
                for k, place in enumerate(body.locals):
                    timed = first <= k < first + len(body.sequences)
                    known = place in self.operands
                    self.operands[place] = node._args[k] if timed and not known else None
                    self._beside[place] = body.sequences

    def recorded(self, term: Term, node: Node, loop: Node) -> Term:
        """A term of the body of a loop as one of the record `node` of its value."""
        atoms = {atom: self._record(atom, node.ndim - 1, loop) for atom in term.scale}
        for noted in filter(None, (self._exponents.noted(atom.base) for atom in term.scale)):
            peak, *parts = [self._record(a, len(a.axes), loop) for a in (noted[0], *noted[1])]
            self._exponents.note(peak, parts)
        mantissa = term.mantissa
        if mantissa is not None:
            mantissa = Trace.rebuild((widen(mantissa, node.shape[1:]),), (loop,))
        return Term(mantissa, {atoms[atom]: k for atom, k in term.scale.items()})

    def read(self, term: Term, place: Node, image: Mapping[Node, Node]) -> Term | None:
        """A term of what is read step by step as one of the local variable that reads it."""
        for other in self._beside[place]:
            operand = self.operands[other]
            if operand is not None:
                self._local.setdefault((place, image[operand]), other)
        if any(atom.axes[:1] != (0,) for atom in term.scale):
            return None
        made: list[tuple[Node, Node]] = []
        atoms = {atom: self._step(atom, place, made) for atom in term.scale}
        for noted in filter(None, (self._exponents.noted(atom.base) for atom in term.scale)):
            if all(a.axes[:1] == (0,) for a in (noted[0], *noted[1])):
                peak, *parts = [self._step(a, place, made) for a in (noted[0], *noted[1])]
                self._exponents.note(peak, parts)
        mantissa = term.mantissa
        if mantissa is not None:
            operand = self.operands[place]
            assert operand is not None
            mantissa = self._stepwise(widen(mantissa, operand.shape), place, made)
        self._fresh[place] = made
        return Term(mantissa, {atoms[atom]: k for atom, k in term.scale.items()})

    def rebuilt(self, node: Node, args: tuple[Node, ...], image: Mapping[Node, Node]) -> Node:
        """A loop on other operands, with its body as it has become."""
        body: Body
        body, length, backwards = node.params
        more = {one: of for place in body.sequences for one, of in self._fresh.get(place, ())}
        nexts = tuple([image[following] for following in body.nexts])
        stop = len(body.states) + len(body.sequences)
        made = body._replace(nexts=nexts, sequences=(*body.sequences, *more))
        return Scan.rebuild((made, length, backwards), (*args[:stop], *more.values(), *args[stop:]))

    def _record(self, atom: Atom, rank: int, loop: Node) -> Atom:
        axes = tuple(axis + 1 if axis >= 0 else -1 for axis in atom.axes)
        return Atom(Trace.rebuild((atom.base,), (loop,)), (0, *(-1,) * (rank - len(axes)), *axes))

    def _step(self, atom: Atom, place: Node, made: list[tuple[Node, Node]]) -> Atom:
        axes = tuple(axis - 1 if axis >= 0 else -1 for axis in atom.axes[1:])
        return Atom(self._stepwise(atom.base, place, made), axes)

    def _stepwise(self, operand: Node, place: Node, made: list[tuple[Node, Node]]) -> Node:
        """A local variable, in the loop of another, that reads an operand."""
        found = self._local.get((place, operand))
        if found is None:
            found = local(operand, f"e{len(self._local)}", drop=1)
            for other in self._beside[place]:
                self._local[other, operand] = found
            made.append((found, operand))
        return found


def without_idle_sequences(roots: Sequence[Node]) -> Rewritten:
    """Every loop without the operands that it reads step by step and does not use."""
    inner: dict[Node, list[Node]] = {}
    for node in everything(roots):
        if type(node) is Trace:
            inner.setdefault(node._args[0], []).append(node.inner)

    image: dict[Node, Node] = {}
    for node in everything(roots):
        args = tuple([image[arg] for arg in node._args])
        if isinstance(node, Scan):
            body, length, backwards = node.params
            used = reachable([*body.nexts, *inner.get(node, ())])
            first, stop = len(body.states), len(body.states) + len(body.sequences)
            kept = [k for k, place in enumerate(body.sequences) if place in used]
            made = body._replace(
                nexts=tuple([image[following] for following in body.nexts]),
                sequences=tuple([body.sequences[k] for k in kept]),
            )
            timed = [args[first + k] for k in kept]
            operands = (*args[:first], *timed, *args[stop:])
            image[node] = Scan.rebuild((made, length, backwards), operands)
        elif type(node) is Trace:
            image[node] = rebuilt_trace(node, args, image)
        else:
            image[node] = rebuilt(node, args)
    return Rewritten([image[root] for root in roots], image)
