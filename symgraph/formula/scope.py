"""The variables and named values of a formula while it is turned into nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import sympy

from symgraph.abstract import abstract
from symgraph.build.abstract import function
from symgraph.build.arithmetic import apply
from symgraph.build.coerce import as_node
from symgraph.build.declare import input, let, parameter
from symgraph.errors import FormulaError, KindError, UnknownNameError
from symgraph.formula.declared import Declarations
from symgraph.formula.names import key_of
from symgraph.node import Node
from symgraph.ops.leaves import fill
from symgraph.scalar import slot
from symgraph.shapes import as_dim, as_shape

__all__ = ["Scope"]


class Scope:
    """What the names of a formula mean: declared variables, named values, sizes."""

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.values: dict[str, Node] = {}
        self.sizes = {key: as_dim(name) for key, name in declared.sizes().items()}
        self.to_come = set(declared.later)
        self.arities: dict[str, int] = {}

    def find(self, name: str) -> Node:
        """The value of a name: declared, given in a line, a size, π, or a number not declared."""
        key = key_of(name)
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
