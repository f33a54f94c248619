"""Finding the uses of a value: in the graph, at every step of a loop, behind a loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.errors import NonFiniteError
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.explain.derivation import Derivation, Equation
from symgraph.explain.derive import derive
from symgraph.explain.naming import Naming
from symgraph.explore.overtime import (
    readers_in_step,
    shares_in_loop,
    shares_of_stack,
    timed_nodes,
    uses_a_step,
)
from symgraph.grad import adjoints, grad
from symgraph.node import Node
from symgraph.notation.sequences import OverTime
from symgraph.notation.tree import Formula, Name, walk
from symgraph.notation.write import write
from symgraph.ops import Let, Scan
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare, is_naming
from symgraph.ops.sweep import reverse
from symgraph.printing import Style
from symgraph.sample import draw
from symgraph.shapes import Dim, bind_dim, dim_symbols
from symgraph.walks import reachable

__all__ = ["Search", "Use", "as_count"]

Array = NDArray[Any]

#: Lengths that stand for an open one when the steps that count are counted.
LENGTHS = (4, 5)
#: A step counts when it has a share at one of so many random points.
SEEDS = (0, 1, 2)
#: Smaller numbers may be what is left of a product that underflows.
TINY = 1e-200
#: In larger graphs the shares are not written as formulas.
MOST_EDGES = 4000


@dataclass(frozen=True)
class Use:
    """One place where the value is used.

    `site` is the named value there, `formula` its share of the gradient, `count` how often that
    share is there: once, or at every step of a loop. `value` is the share in numbers; over a loop
    it has time as first axis, as `over_time` tells.
    """

    site: Formula | None
    formula: Formula | None
    count: Dim
    over_time: bool
    length: Dim
    value: Array | None

    def place(self, style: Style = "unicode") -> str:
        """Where the use is: net₁, or net_t with its range."""
        name = "…" if self.site is None else write(self.site, style)
        if not self.over_time:
            return name
        dots = {"text": "...", "unicode": "…", "latex": r"\dots"}[style]
        return f"{name}, t = 1, {dots}, {self.length}"


class _Share(NamedTuple):
    """What one use gives to the gradient; `length` where time is the first axis.

    `times`: how often it is used there, in a loop inside of the step.
    """

    head: Node
    operand: int
    node: Node
    site: Formula | None
    length: Dim | None
    times: Dim = 1


class Search:
    """The uses of one value on the way to one root."""

    def __init__(self, root: Node, source: Node) -> None:
        self.root, self.source = root, bare(source)
        self._gradient = grad(root, self.source)
        self._found = adjoints(root, [self.source])
        self.naming = Naming(root, [self.source], None, 1)
        self._shares = list(self._searched())

    def gradient(self, values: Mapping[Any, Any] | None) -> Array | None:
        """The gradient in numbers."""
        return None if values is None else self._numbers([self._gradient], values)[0]

    def _numbers(self, nodes: Sequence[Node], values: Mapping[Any, Any]) -> list[Array]:
        known, dims = bind_values([self.root], values)
        found = evaluate_above([self.root], known, dims)
        found = evaluate_above(nodes, found, dims)
        return [np.asarray(found[node]) for node in nodes]

    # --- what there is ------------------------------------------------------------------------

    def _edges(self) -> Iterator[tuple[Node, int]]:
        """The edges into the value along which something flows, in the order of evaluation."""
        place = {node: k for k, node in enumerate(self.naming.forward.order)}
        edges = [
            (node, k)
            for node, k in self._found.contribution
            if bare(node.args[k]) is self.source and not is_naming(node)
        ]
        return iter(sorted(edges, key=lambda edge: (place[edge[0]], edge[1])))

    def _searched(self) -> Iterator[_Share]:
        timed = timed_nodes(self.naming.forward.order)
        for node, k in self._edges():
            if isinstance(node, Scan):
                yield from self._in_loop(node, k)
                continue
            site = self._site(node)
            if node in timed and bare(node.args[k]) not in timed:
                ct = self._found.cotangent[node]
                stacked = shares_of_stack(node, k, ct, timed[node])
                if stacked is not None:
                    yield _Share(node, k, stacked, site, timed[node])
                    continue
            yield _Share(node, k, self._found.contribution[node, k], site, None)

    def _in_loop(self, scan: Scan, k: int) -> Iterator[_Share]:
        shares = shares_in_loop(scan, k, self._found)
        if not shares:
            yield _Share(scan, k, self._found.contribution[scan, k], None, None)
            return
        place = scan.body.locals[k]
        readers = readers_in_step(scan, place)
        known = [(_site_in_step(scan, node), uses_a_step(node, place)) for node in readers]
        if len(known) != len(shares):
            known = [(None, 1)] * len(shares)
        for share, (site, times) in reversed(list(zip(shares, known, strict=True))):
            yield _Share(scan, k, share, site, scan.length, times)

    def _site(self, node: Node) -> Formula | None:
        """The next named value above a use to which only one way leads."""
        naming = self.naming
        above = node
        while naming.forward.name(above) is None:
            users = [user for user in naming.users.get(above, []) if not is_naming(user)]
            if len(users) != 1 or users[0].is_loop:
                return naming.reference(node)
            above = bare(users[0])
        return naming.forward.name(above)

    # --- how often ----------------------------------------------------------------------------

    def count(self) -> Dim:
        """How often the value is used."""
        return as_count(sum(counted for counted in self._counts()))

    def _counts(self) -> list[Dim]:
        """How often each use is there."""
        steps = zip(self._shares, self._steps_that_count(), strict=True)
        return [as_count(share.times * count) for share, count in steps]

    def _steps_that_count(self) -> list[Dim]:
        lengths = [share.length for share in self._shares]
        free = sorted(dim_symbols([n for n in lengths if n is not None]), key=str)
        if all(length is None for length in lengths):
            return [1] * len(lengths)
        if not free:
            return list(self._counted({}))
        first, second = (self._counted(dict.fromkeys(free, n)) for n in LENGTHS)
        return [
            1 if length is None else _line(length, free, one, two)
            for length, one, two in zip(lengths, first, second, strict=True)
        ]

    def _counted(self, sizes: Mapping[sympy.Symbol, int]) -> list[int]:
        """The steps with a share that is not zero, at random points.

        What underflows counts: a share at the far end of a long loop is small, not missing.
        """
        largest: list[Any] = [0.0] * len(self._shares)
        for values, dims in self._points(sizes):
            found = evaluate_above([self.root], values, dims)
            found = evaluate_above([share.node for share in self._shares], found, dims)
            for k, share in enumerate(self._shares):
                value = np.abs(np.asarray(found[share.node]))
                largest[k] = np.fmax(largest[k], np.max(value, axis=tuple(range(1, value.ndim))))
            if all(np.all(one > TINY) for one in largest):
                break
        return [
            1 if share.length is None else self._not_zero(share.length, sizes, steps)
            for share, steps in zip(self._shares, largest, strict=True)
        ]

    def _not_zero(self, length: Dim, sizes: Mapping[sympy.Symbol, int], steps: Any) -> int:
        whole = bind_dim(length, sizes)
        faint = np.all(steps == 0) or np.min(steps[steps > 0]) < TINY
        return whole if faint else int(np.sum(steps > 0))

    def _points(
        self, sizes: Mapping[sympy.Symbol, int]
    ) -> Iterator[tuple[dict[Node, Array], dict[sympy.Symbol, int]]]:
        """Random points, each also with all its numbers near 1 or -1, which long products bear."""
        for seed in SEEDS:
            try:
                sample = draw([self.root], seed, dims=sizes)
            except NonFiniteError:
                return
            yield sample.values, sample.dims
            near = {
                node: np.sign(x) * np.exp(0.1 * np.tanh(x)) if node.kind == "real" else x
                for node, x in sample.values.items()
            }
            yield near, sample.dims

    # --- with formulas and numbers ------------------------------------------------------------

    def uses(self, values: Mapping[Any, Any] | None) -> list[Use]:
        """Every use with its share, in numbers where values are given."""
        numbers: Sequence[Array | None] = [None] * len(self._shares)
        if values is not None and self._shares:
            numbers = self._numbers([share.node for share in self._shares], values)
        formulas = self._formulas()
        return [
            Use(
                share.site,
                formulas.get((share.head, share.operand)),
                count,
                share.length is not None,
                1 if share.length is None else share.length,
                value,
            )
            for share, count, value in zip(self._shares, self._counts(), numbers, strict=True)
        ]

    def definitions(self, uses: Sequence[Use]) -> list[Equation]:
        """What the names in the shares mean, and the names in that."""
        if any(use.formula is not None and use.over_time for use in uses):
            return [*self._over_time.names] if self._over_time is not None else []
        known = dict(self.naming.reader.definitions)
        needed = [use.formula for use in uses if use.formula is not None]
        found: set[Formula] = set()
        while needed:
            for one in walk(needed.pop()):
                if isinstance(one, Name) and one in known and one not in found:
                    found.add(one)
                    needed.append(known[one])
        return [Equation(name, formula) for name, formula in known.items() if name in found]

    @cached_property
    def _over_time(self) -> Derivation | None:
        """The derivation of a recurrence, whose result is a sum over time with one term a use."""
        if len(self._shares) != 1 or self._shares[0].length is None:
            return None
        made = derive(self.root, self.source)
        return made if isinstance(made.result.right, OverTime) else None

    def _formulas(self) -> dict[tuple[Node, int], Formula]:
        """The shares of edges of the graph, in the names of a derivation."""
        if self._over_time is not None:
            whole = self._over_time.result.right
            assert isinstance(whole, OverTime)
            return {(share.head, share.operand): whole.x for share in self._shares}
        if len(self._found.contribution) > MOST_EDGES:
            return {}
        naming = self.naming
        seed = fill(1, (), "real")
        swept = reverse({self.root: seed}, {self.source}, naming.rename)
        return {
            (share.head, share.operand): naming.fitted(
                swept.contribution[share.head, share.operand], self.source
            )
            for share in self._shares
            if share.length is None and not share.head.is_loop
        }


def as_count(count: Any) -> Dim:
    """A whole number as such, an expression in open lengths as it is."""
    number = sympy.sympify(count)
    return int(number) if number.is_Integer else number


def _line(length: Dim, free: Sequence[sympy.Symbol], one: int, two: int) -> Dim:
    """The count as a + b · length, from two lengths."""
    first, second = (bind_dim(length, dict.fromkeys(free, n)) for n in LENGTHS)
    slope = sympy.Rational(two - one, second - first) if second != first else sympy.Integer(0)
    return as_count(slope * length + (one - slope * first))


def _site_in_step(scan: Scan, node: Node) -> Formula | None:
    """As the site of a use, in the step of a loop: net_t."""
    body = scan.body
    inside = reachable(body.nexts)
    above = node
    while True:
        users = [user for user in inside if any(bare(arg) is above for arg in user.args)]
        named = [user.let_name for user in users if isinstance(user, Let) and user.let_name]
        if named:
            return Name(f"{named[0]}_t")
        if above in body.nexts:
            return Name(f"{body.states[body.nexts.index(above)].params[0]}_t")
        if len(users) != 1 or users[0].is_loop:
            return None
        above = bare(users[0])
