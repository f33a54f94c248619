"""Functions without a formula: f, of which only f', f'' and ∂₁f are known by name.

They are differentiated and printed like any other; they have values only where an instance is put
in their place. `smooth_instances` gives all of them random smooth ones, so that a formula with f in
it can be held against a difference quotient.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, ClassVar

import sympy

from symgraph.errors import UnsupportedError
from symgraph.printing import Format, Piece, Style, latex_name, unicode_name
from symgraph.scalar import Pointwise, slot

__all__ = ["Abstract", "abstract", "concrete", "smooth", "smooth_instances", "spelled"]

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
#: More primes than these are counted.
_MOST_PRIMES = 3

_instances: ContextVar[Callable[[str, int], Any] | None] = ContextVar("instances", default=None)


class Abstract(Pointwise):
    """An abstract function or one of its partial derivatives; made by `abstract`."""

    #: The function's own name, and how often it is differentiated by each operand.
    base: ClassVar[str]
    orders: ClassVar[tuple[int, ...]]

    def fdiff(self, argindex: int = 1) -> Any:
        orders = list(self.orders)
        orders[argindex - 1] += 1
        return abstract(self.base, tuple(orders))(*self.args)

    def meant(self) -> Any:
        instances = _instances.get()
        if instances is None:
            raise UnsupportedError(
                f"function {self.base!r} is abstract and has no values. Put a function in its "
                f"place, for example sg.instantiate(expr, {{{self.base!r}: sg.tanh}})."
            )
        return _instance(instances(self.base, self.arity), self)

    def computed(self) -> Any:
        return self.meant()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _applied, (self.base, self.orders, self.args)


def _applied(base: str, orders: tuple[int, ...], args: tuple[Any, ...]) -> Any:
    return abstract(base, orders)(*args)


@lru_cache(maxsize=4096)
def abstract(name: str, orders: tuple[int, ...]) -> type[Abstract]:
    """The abstract function of a name, differentiated `orders[k]` times by operand k.

    >>> f = abstract("f", (0,))
    >>> f(2 * slot(0)).diff(slot(0))
    2*f'(2*_0)
    """

    def write(fmt: Format, xs: Sequence[Piece]) -> Piece:
        inner = fmt.parens(", ".join(x.text for x in xs))
        return Piece(spelled(name, orders, fmt.style) + inner)

    title = spelled(name, orders, "text")
    body: dict[str, Any] = {
        "nargs": len(orders), "arity": len(orders), "title": title, "result": "real",
        "latex_title": spelled(name, orders, "latex"), "base": name, "orders": orders,
        "lowering": None, "partials": (), "by_output": None, "writer": staticmethod(write),
    }  # fmt: skip
    made: type[Abstract] = type(title, (Abstract,), body)
    return made


def spelled(name: str, orders: Sequence[int], style: Style) -> str:
    """f, f', f''; with several operands ∂₁g, ∂₁₂g (in text D1g, D12g).

    >>> spelled("f", (2,), "text"), spelled("g", (1, 1), "unicode"), spelled("g", (0, 1), "latex")
    ("f''", '∂₁₂g', '\\\\partial_{2} g')
    """
    shown = {"text": name, "unicode": unicode_name(name), "latex": latex_name(name)}[style]
    if not any(orders):
        return shown
    if len(orders) == 1:
        if orders[0] <= _MOST_PRIMES:
            return shown + "'" * orders[0]
        return f"{shown}^{{({orders[0]})}}" if style == "latex" else f"{shown}^({orders[0]})"
    places = "".join(str(k) * n for k, n in enumerate(orders, 1))
    if style == "latex":
        return rf"\partial_{{{places}}} {shown}"
    return f"D{places}{shown}" if style == "text" else f"∂{places.translate(_LOWERED)}{shown}"


def concrete(expr: Any, bodies: Mapping[str, Any]) -> Any:
    """A formula with functions in the place of abstract ones: SymPy over slots, by name."""
    while True:  # f(g(x)): what is put in for f has its argument as it was
        calls = [one for one in expr.atoms(Abstract) if one.base in bodies]
        if not calls:
            return expr
        expr = expr.xreplace({one: _instance(bodies[one.base], one) for one in calls})


def _instance(body: Any, call: Abstract) -> Any:
    """The body, differentiated as the function is, at the function's arguments."""
    partial = sympy.sympify(body)
    for k, order in enumerate(call.orders):
        for _ in range(order):
            partial = partial.diff(slot(k))
    return partial.xreplace({slot(k): arg for k, arg in enumerate(call.args)})


@lru_cache(maxsize=4096)
def smooth(name: str, arity: int, seed: int = 0) -> Any:
    """A random smooth function as a SymPy formula over slots, the same for the same arguments.

    With an even seed its values are positive, so that it has a logarithm and a root.
    """
    numbers = random.Random(zlib.crc32(f"{name}/{arity}/{seed}".encode()))
    total: Any = sympy.Float(0 if seed % 2 else 2.5)
    for _ in range(2):
        angle: Any = sympy.Float(round(numbers.uniform(-1, 1), 3))
        for k in range(arity):
            angle += sympy.Float(round(numbers.uniform(0.4, 1.1), 3)) * slot(k)
        total += sympy.Float(round(numbers.uniform(0.5, 1.1), 3)) * sympy.sin(angle)
    return total


@contextmanager
def smooth_instances(seed: int = 0) -> Iterator[None]:
    """Within it every abstract function has the values of a random smooth one."""
    token = _instances.set(lambda name, arity: smooth(name, arity, seed))
    try:
        yield
    finally:
        _instances.reset(token)
