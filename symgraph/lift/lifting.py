"""How parts of a SymPy expression become nodes: one rule for each of its types."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import sympy

from symgraph.build import declare
from symgraph.errors import NameClashError, UnsupportedError
from symgraph.garbage import uncollected
from symgraph.node import Node
from symgraph.node_symbol import NodeSymbol
from symgraph.shapes import as_shape
from symgraph.sympy_functions import CODE_FUNCTIONS

__all__ = [
    "RULES",
    "Condition",
    "Lifting",
    "Plan",
    "Rule",
    "alone",
    "application",
    "leaf",
    "parts_of",
    "rule",
]

_FIX = (
    "Write it with +, *, powers, comparisons, Piecewise, elementary functions or matrix products."
)


class Plan(NamedTuple):
    """How one part becomes a node: its own parts first, then `build` of their nodes."""

    parts: Sequence[Any]
    build: Callable[..., Node]


class Condition:
    """A part that is asked for as a boolean, so that a symbol in its place is a boolean input."""

    def __init__(self, expr: Any) -> None:
        self.expr = expr


Rule = Callable[[Any, "Lifting"], Plan]
#: By type: what the modules beside this one register.
RULES: dict[type, Rule] = {}


class Lifting:
    """One expression being turned into a node: where it is for, and its symbols so far."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._symbols: dict[str, Any] = {}

    @uncollected
    def run(self, root: Any) -> Node:
        """Parts before wholes, on a stack: expressions may be deeper than Python can recurse."""
        done: dict[int, Node] = {}
        plans: dict[int, tuple[Any, Plan]] = {}  # keeps every part alive, so that its id stays
        stack = [root]
        while stack:
            part = stack[-1]
            if id(part) not in plans:
                plans[id(part)] = (part, self._plan(part))
            plan = plans[id(part)][1]
            missing = [p for p in plan.parts if id(p) not in done]
            if missing and id(part) not in done:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if id(part) not in done:
                done[id(part)] = plan.build(*[done[id(p)] for p in plan.parts])
        return done[id(root)]

    def _plan(self, part: Any) -> Plan:
        if isinstance(part, Node):
            return leaf(part)
        if isinstance(part, Condition):
            symbol = isinstance(part.expr, sympy.Symbol) and not isinstance(part.expr, NodeSymbol)
            return leaf(self.variable(part.expr, "boolean")) if symbol else alone(part.expr)
        for cls in type(part).__mro__:
            found = RULES.get(cls)
            if found is not None:
                return found(part, self)
        made = CODE_FUNCTIONS.get(type(part).__name__)
        if made is None or not type(part).__module__.startswith("sympy.codegen."):
            raise self.refused(part)
        return Plan(part.args, made)

    def variable(self, symbol: Any, kind: str, shape: Any = ()) -> Node:
        """The input of a symbol's name.

        Raises NameClashError when another symbol of the expression has the name.
        """
        name = str(symbol.name)
        if self._symbols.setdefault(name, symbol) != symbol:
            raise NameClashError(
                f"{self.where}: two different SymPy symbols are called {name!r} (they differ in "
                "type or assumptions). Give each its own name, or make the symbol once."
            )
        return declare.input(name, as_shape(shape, f"{self.where}: {name}"), kind)

    def refused(self, part: Any, reason: str = "", fix: str = _FIX) -> UnsupportedError:
        """The error that names the part, why it is refused and the way out."""
        because = reason or "has no counterpart here"
        return UnsupportedError(f"{self.where}: {_shown(part)} {because}. {fix}")


def _shown(part: Any) -> str:
    """The part with its type; only its type when it is too deep to be written."""
    name = type(part).__name__
    is_short = sum(1 for _ in itertools.islice(parts_of(part), 50)) < 50
    return f"{part} ({name})" if is_short else f"a {name}"


def parts_of(expr: Any) -> Iterator[Any]:
    """The expression and all that it is made of."""
    stack = [expr]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(getattr(part, "args", ()))


def leaf(node: Node) -> Plan:
    """A part without parts."""
    return Plan((), lambda: node)


def alone(expr: Any) -> Plan:
    """What stands for another part."""
    return Plan((expr,), lambda x: x)


def rule(*classes: type) -> Callable[[Rule], Rule]:
    """Register how expressions of these types become nodes; the nearest type above counts."""

    def register(plan: Rule) -> Rule:
        for cls in classes:
            RULES[cls] = plan
        return plan

    return register


def application(build: Callable[..., Node]) -> Rule:
    """The rule of a function that takes the nodes of all arguments."""
    return lambda expr, lifting: Plan(expr.args[:2] if expr.is_Relational else expr.args, build)
