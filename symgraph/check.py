"""Derivatives held against two independent ones: difference quotients and dual numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.build.coerce import as_node
from symgraph.dual import Dual, DualRun
from symgraph.errors import GradientError, UnknownNameError
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.facts import is_symmetric
from symgraph.grad import grad
from symgraph.node import Node
from symgraph.ops import Let, Scan, Var
from symgraph.ops.body import local
from symgraph.sample import Sample, draw
from symgraph.walks import topological, variables

__all__ = ["Check", "CheckRow", "check"]

Array = NDArray[Any]

#: Largest accepted relative differences |a - b| / (1 + |b|).
DUAL_TOLERANCE = 1e-9
DIFFERENCE_TOLERANCE = 1e-6
#: Steps of the difference quotients: a smaller one where a larger one may cross a kink.
STEPS = (1e-3, 3e-5, 1e-6)
#: Quotients with the smallest step may straddle a kink that is closer than this.
TOO_CLOSE = 10 * STEPS[-1]
#: So many values are drawn, where some are not given, until none lies at a kink.
DRAWS = 4


@dataclass(frozen=True)
class CheckRow:
    """The entry of one variable at which the derivatives differ most.

    `entries` of the variable were compared, `difference` is the largest relative difference of the
    symbolic derivative to the other two.
    """

    name: str
    shape: tuple[int, ...]
    entries: int
    index: tuple[int, ...]
    symbolic: float
    quotient: float
    dual: float
    difference: float
    ok: bool


@answering
@dataclass(frozen=True)
class Check:
    """The comparison, one row a variable; `ok` when every row agrees.

    `nearest_kink` is how far the values were from a kink, where quotients mean nothing; `step` the
    smallest step that quotients needed, `seed` that of the values.
    """

    rows: tuple[CheckRow, ...]
    nearest_kink: float
    step: float = STEPS[0]
    seed: int = 0

    @property
    def ok(self) -> bool:
        """Whether all derivatives agree."""
        return all(row.ok for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        rows = [
            {**asdict(row), "shape": list(row.shape), "index": list(row.index)} for row in self.rows
        ]
        near = None if np.isinf(self.nearest_kink) else self.nearest_kink
        more = {"nearest_kink": near, "step": self.step, "seed": self.seed}
        return {"ok": self.ok, "rows": rows, **more}

    def __str__(self) -> str:
        lines: list[tuple[str, ...]] = [
            ("variable", "entry", "symbolic", "quotient", "dual", "difference", "")
        ]
        for row in self.rows:
            entry = f"[{', '.join(map(str, row.index))}]" if row.index else ""
            numbers = (f"{x:.9g}" for x in (row.symbolic, row.quotient, row.dual))
            verdict = "ok" if row.ok else "DIFFERS"
            name = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in row.name)
            lines.append((name, entry, *numbers, f"{row.difference:.1e}", verdict))
        wide = [max(len(line[k]) for line in lines) for k in range(7)]
        texts = [
            f"{line[0]:<{wide[0]}}  {line[1]:<{wide[1]}}  "
            + "  ".join(f"{line[k]:>{wide[k]}}" for k in range(2, 6))
            + f"  {line[6]}"
            for line in lines
        ]
        return "\n".join([*(text.rstrip() for text in texts), self._verdict()])

    def _verdict(self) -> str:
        count = sum(row.entries for row in self.rows)
        worst = max((row.difference for row in self.rows), default=0.0)
        if self.ok:
            agreed = f"agree: {count} entries, largest relative difference {worst:.1e}"
            if self.step == STEPS[0]:
                return agreed
            return (
                f"{agreed}; with steps down to {self.step:.0e}, as a kink is only "
                f"{self.nearest_kink:.1e} away"
            )
        bad = ", ".join(row.name for row in self.rows if not row.ok)
        if self.nearest_kink < TOO_CLOSE:
            return (
                f"DIFFER in {bad}; a kink is only {self.nearest_kink:.1e} away, where difference "
                "quotients mean nothing. Give other values."
            )
        return f"DIFFER in {bad}: largest relative difference {worst:.1e}"


def check(
    expr: Any,
    wrt: Any = None,
    values: Mapping[Any, Any] | None = None,
    seed: int = 0,
    entries: int = 12,
) -> Check:
    """Compare the symbolic gradient with difference quotients and with dual numbers.

    `wrt`: a node, a name or several (default: all real variables). `values`: arrays by name or
    node; what is missing is drawn at random from `seed`, away from kinks, and drawn anew from the
    next seeds where it lies at one. Of an array at most `entries` entries are compared. An
    expression with many entries is summed up with random weights first. A `stop_gradient` counts as
    a constant.
    Quotients are central, with two steps extrapolated (Richardson 1911); near a kink, where they
    differ, they are taken again with smaller steps.
    Raises GradientError for an expression that is not real, UnknownNameError for a name that does
    not occur, NonFiniteError when no finite value is found.

    >>> import symgraph as sg
    >>> w, x = sg.parameter("w", 2), sg.input("x", 2)
    >>> report = sg.check(sg.tanh(w @ x), values={"w": [1.0, 0.5], "x": [0.2, -0.4]})
    >>> report.ok, [row.name for row in report.rows]
    (True, ['w', 'x'])
    """
    root = as_node(expr, "check")
    if root.kind != "real":
        raise GradientError(f"check: the expression is {root.kind}; only real ones have gradients.")
    sources = _sources(root, wrt)
    given, dims = bind_values([root], values or {})
    found = _check_at(root, sources, draw([root], seed, given, dims), seed, entries)
    is_drawn = any(variable not in given for variable in variables([root]))
    for other in range(seed + 1, seed + DRAWS if is_drawn else seed):
        if found.ok or found.nearest_kink >= TOO_CLOSE:
            break
        found = _check_at(root, sources, draw([root], other, given, dims), other, entries)
    return found


def _check_at(
    root: Node, sources: Sequence[Node], sample: Sample, seed: int, entries: int
) -> Check:
    """The comparison at one point."""
    compared = _Compared(root, sample, seed)
    weights = local(root, "weights")
    gradients = grad(root, sources, cotangent=weights) if sources else []
    given = {**sample.values, weights: compared.weights}
    found = evaluate_above(gradients, given, sample.dims)
    rows = [
        compared.row(source, np.asarray(found[gradient], dtype=float), entries)
        for source, gradient in zip(sources, gradients, strict=True)
    ]
    return Check(tuple(rows), sample.nearest_kink, compared.step, seed)


def _sources(root: Node, wrt: Any) -> list[Node]:
    leaves = [node for node in topological([root]) if isinstance(node, Var)]
    if wrt is None:
        return [leaf for leaf in leaves if leaf.kind == "real"]
    named = {leaf.name: leaf for leaf in leaves}
    chosen: list[Node] = []
    for one in wrt if isinstance(wrt, (list, tuple)) else [wrt]:
        key = one.name if isinstance(one, sympy.Symbol) else one
        node = named.get(key) if isinstance(key, str) else as_node(key, "check")
        if node not in leaves:
            names = ", ".join(named)
            raise UnknownNameError(
                f"check: {one} is no variable of the expression; its variables are {names}."
            )
        assert node is not None
        chosen.append(node)
    return chosen


class _Compared:
    """One point at which an expression is moved along single entries."""

    def __init__(self, root: Node, sample: Sample, seed: int) -> None:
        self._root = root
        self._values = dict(sample.values)
        self._dims = sample.dims
        self._random = np.random.default_rng(seed + 1)
        self._order = topological([root])
        base = evaluate_above([root], sample.values, sample.dims)
        still = {node: Dual(x, np.zeros(np.shape(x))) for node, x in sample.values.items()}
        self._duals = DualRun([root], still, sample.dims).found
        self._base = base
        # What stops the gradient stays where it is while the variables move.
        self._held = {
            node: base[node]
            for node in self._order
            if isinstance(node, Let) and node.stops and node in base
        }
        shape = np.shape(base[root])
        #: The cotangent by which the expression becomes one number.
        self.weights: Array = self._random.uniform(0.5, 1.5, shape) if shape else np.ones(())
        self._size = abs(float(np.sum(self.weights * base[root])))
        self._comparable = not _stops_in_a_loop(root)
        self._has_kinks = np.isfinite(sample.nearest_kink)
        #: The smallest step that was needed.
        self.step = STEPS[0]

    def row(self, source: Node, gradient: Array, entries: int) -> CheckRow:
        """The worst of the chosen entries of one variable."""
        places = list(np.ndindex(gradient.shape))
        if len(places) > entries:
            chosen = self._random.choice(len(places), entries, replace=False)
            places = [places[i] for i in sorted(chosen)]
        name: str = source.params[0]
        worst: CheckRow | None = None
        moving = self._moving(source)
        for index in places:
            symbolic = float(gradient[index])
            dual = self._dual(source, index, moving)
            # Subtracting two values of size s leaves an error of about s times the rounding.
            allowed = DIFFERENCE_TOLERANCE * (1 + self._size / (1 + abs(symbolic)))
            quotient = dual
            if self._comparable:
                quotient = self._agreeing(source, index, symbolic, allowed, moving)
            by_dual, by_quotient = _difference(symbolic, dual), _difference(symbolic, quotient)
            ok = by_dual <= DUAL_TOLERANCE and by_quotient <= allowed
            difference = max(by_dual, by_quotient)
            row = CheckRow(
                name, gradient.shape, len(places), index, symbolic, quotient, dual, difference, ok
            )
            if worst is None or (worst.ok, -worst.difference) > (row.ok, -row.difference):
                worst = row
        if worst is None:  # an array without entries
            return CheckRow(name, gradient.shape, 0, (), 0.0, 0.0, 0.0, 0.0, True)
        return worst

    def _moving(self, source: Node) -> set[Node]:
        """The nodes whose values change with a variable; all others are computed once."""
        moving = {source}
        for node in self._order:
            if not moving.isdisjoint(node.args):
                moving.add(node)
        return moving

    def _dual(self, source: Node, index: tuple[int, ...], moving: Collection[Node]) -> float:
        given = {node: dual for node, dual in self._duals.items() if node not in moving}
        direction = np.zeros(np.shape(self._values[source]))
        for place in _moved_with(source, index):
            direction[place] = 1.0
        given[source] = Dual(self._values[source], direction)
        run = DualRun([self._root], given, self._dims)
        return float(np.sum(self.weights * run[self._root].rate))

    def _agreeing(
        self,
        source: Node,
        index: tuple[int, ...],
        symbolic: float,
        allowed: float,
        moving: Collection[Node],
    ) -> float:
        """The quotient with the largest step that agrees; that with the first if none does."""
        first = self._quotient(source, index, STEPS[0], moving)
        if _difference(symbolic, first) <= allowed or not self._has_kinks:
            return first
        for step in STEPS[1:]:
            quotient = self._quotient(source, index, step, moving)
            if _difference(symbolic, quotient) <= allowed:
                self.step = min(self.step, step)
                return quotient
        return first

    def _quotient(
        self, source: Node, index: tuple[int, ...], step: float, moving: Collection[Node]
    ) -> float:
        """Central differences with steps h and h/2, the error of order h² removed."""
        h = step * max(1.0, abs(float(self._values[source][index])))
        still = {node: value for node, value in self._base.items() if node not in moving}
        known = still | self._held
        wide, narrow = (
            (self._at(source, index, by, known) - self._at(source, index, -by, known)) / (2 * by)
            for by in (h, h / 2)
        )
        return (4 * narrow - wide) / 3

    def _at(
        self, source: Node, index: tuple[int, ...], step: float, known: Mapping[Node, Any]
    ) -> float:
        """The number with one entry moved, and with the known values of all that stays."""
        moved = np.array(self._values[source], dtype=float)
        for place in _moved_with(source, index):
            moved[place] += step
        found = evaluate_above([self._root], {**known, source: moved}, self._dims)
        return float(np.sum(self.weights * found[self._root]))


def _moved_with(source: Node, index: tuple[int, ...]) -> set[tuple[int, ...]]:
    """The entries that move with one entry: in a symmetric matrix X_ij and X_ji."""
    return {index, index[::-1]} if is_symmetric(source) else {index}


def _difference(a: float, b: float) -> float:
    """|a - b| relative to 1 + |b|; infinite where one is not a number."""
    difference = abs(a - b) / (1 + abs(b))
    return difference if np.isfinite(difference) else float("inf")


def _stops_in_a_loop(root: Node) -> bool:
    """Whether a loop's body stops gradients: its values cannot be held from outside."""
    return any(
        isinstance(inner, Let) and inner.stops
        for scan in topological([root])
        if isinstance(scan, Scan)
        for inner in topological(scan.body.nexts)
    )
