"""The variables and named values of a formula while it is turned into nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import sympy

from symgraph.abstract import abstract
from symgraph.build.abstract import function
from symgraph.build.coerce import as_node
from symgraph.build.declare import input, let, parameter
from symgraph.build.pointwise import apply
from symgraph.errors import FormulaError, KindError, UnknownNameError
from symgraph.formula.declared import Declarations
from symgraph.formula.names import key_of
from symgraph.formula.times import at_time
from symgraph.formula.tree import SumOver
from symgraph.node import Node
from symgraph.ops.leaves import fill
from symgraph.scalar import slot
from symgraph.shapes import Dim, as_dim, as_shape

__all__ = ["Scope"]


class Scope:
    """What the names of a formula mean: declared variables, named values, sizes."""

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.values: dict[str, Node] = {}
        self.sizes = {key: as_dim(name) for key, name in declared.sizes().items()}
        self.to_come = set(declared.later)
        self.arities: dict[str, int] = {}
        self.sums: dict[SumOver, Node] = {}
        self.now: dict[str, Callable[[], Node]] = {}
        self.over: dict[str, str] = {}

    def find(self, name: str) -> Node:
        """The value of a name: declared, given in a line, a size, π, or a number not declared."""
        key = key_of(name)
        if key in self.now:
            return self.now[key]()
        if key in self.over:
            raise UnknownNameError(
                f"{name!r} has a value at every time. Write {self.over[key]} for the last one, "
                "or a sum over all, as Σ_t."
            )
        if key not in self.values:
            self.values[key] = self._made(name, key)
        return self.values[key]

    def _made(self, name: str, key: str) -> Node:
        facts = dict(self.declared.facts.get(key, {}))
        is_declared = key in self.declared.facts
        if key in self.to_come and not is_declared:
            raise UnknownNameError(f"{name!r} gets its value only in a later line. Move that up.")
        if not is_declared and key in self.sizes:
            return fill(self.sizes[key])
        if not is_declared and key == "π":
            return as_node(sympy.pi)
        spelled = self.declared.spelling.setdefault(key, name)
        shape, role = as_shape(facts.pop("shape", ())), facts.pop("role", "input")
        if role == "parameter":
            if facts.pop("kind", "real") != "real":
                raise KindError(f"{name!r} is no real number, so that no derivative by it exists.")
            return parameter(spelled, shape, **facts)
        return input(spelled, shape, **facts)

    @contextmanager
    def at(self, values: dict[str, Callable[[], Node]]) -> Iterator[None]:
        """At one time of a recurrence, where further names have values."""
        before, self.now = self.now, values
        try:
            yield
        finally:
            self.now = before

    def ended(self, name: str, last: str, value: Node) -> None:
        """Behind a recurrence s_t has no value, and s_T the last one."""
        self.to_come.discard(key_of(name))
        self.over[key_of(name)] = last
        self.values[key_of(last)] = value

    def sequence(self, name: str, letter: str, length: Dim) -> Node:
        """The sequence of which x_t is one entry: declared so, or as a whole."""
        if key_of(name) in self.declared.facts:
            return self.find(name)
        facts = dict(self.declared.facts.get(key_of(at_time(name, letter)), {}))
        shape, role = as_shape(facts.pop("shape", ())), facts.pop("role", "input")
        make: Callable[..., Node] = parameter if role == "parameter" else input
        return make(name, (length, *shape), **facts)

    def is_known(self, name: str) -> bool:
        """Whether a name is declared, has a value or is that of a size."""
        key = key_of(name)
        return key in self.declared.facts or key in self.declared.later or key in self.sizes

    def define(self, name: str, value: Node) -> Node:
        """A value of the formula under its name."""
        key = key_of(name)
        self.to_come.discard(key)
        self.values[key] = let(name, value)
        return self.values[key]

    def function(self, name: str) -> Callable[..., Node] | None:
        """A function of the user's own, which stays abstract, or a derivative f' of one."""
        base = name.rstrip("'")
        if base not in self.declared.abstract:
            return None
        return partial(self._applied, base, len(name) - len(base))

    def _applied(self, name: str, primes: int, *xs: Node) -> Node:
        arity = self.arities.setdefault(name, len(xs))
        if primes and arity == 1 == len(xs):
            return apply(abstract(name, (primes,))(slot(0)), *xs)
        if primes:
            raise FormulaError(f"function {name!r}: only a function of one operand has primes.")
        return function(name, arity)(*xs)
