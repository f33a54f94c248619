"""Abstract functions in expressions: f(net) without saying what f is, and f put in or taken out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy

from symgraph.abstract import Abstract, abstract, concrete
from symgraph.build.coerce import as_node
from symgraph.build.pointwise import apply
from symgraph.errors import (
    KindError,
    NameClashError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)
from symgraph.node import Node
from symgraph.ops import Map, Scan, Trace
from symgraph.ops.body import Body
from symgraph.ops.leaves import Fill, var
from symgraph.ops.let import is_naming
from symgraph.ops.map import map_node
from symgraph.scalar import NUMPY, functions, slot
from symgraph.template import function_name, template
from symgraph.walks import topological

__all__ = ["AbstractFunction", "abstracted", "exchanged", "function", "instantiate"]

#: Words and letters that already mean something in a printed formula.
_TAKEN = frozenset(
    "d I D σ Σ Π diag tr trace det logdet sum prod max min mean softmax log_softmax logsumexp kron "
    "ones onehot sqrt norm and or not axis inv".split()
)


_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


class AbstractFunction:
    """A function that is known by its name only; made by `function`."""

    def __init__(self, name: str, arity: int) -> None:
        self.name = name
        self.arity = arity

    def __call__(self, *xs: Any) -> Node:
        """The function entry by entry, with broadcasting."""
        if len(xs) != self.arity:
            raise ShapeError(
                f"function {self.name!r} has {self.arity} operands and was given {len(xs)}. "
                f"Give {self.arity}, or declare sg.function({self.name!r}, {len(xs)})."
            )
        body = abstract(self.name, (0,) * self.arity)
        return apply(body(*(slot(k) for k in range(self.arity))), *xs)

    def __repr__(self) -> str:
        return f"function({self.name!r}, {self.arity})"


def function(name: str, arity: int = 1) -> AbstractFunction:
    """A function without a formula, used entry by entry: derivatives print f', f'', ∂₁g.

    It cannot be evaluated or compiled until `instantiate` puts a function in its place.
    Raises NameClashError for the name of a function that has a formula, UnknownNameError for a name
    that is no word.

    >>> import symgraph as sg
    >>> f, x = sg.function("f"), sg.input("x")
    >>> print(sg.grad(f(2 * x), x))
    2*f'(2*x)
    """
    if not isinstance(name, str) or not name.translate(_SUBSCRIPTS).isidentifier():
        raise UnknownNameError(
            f"function: {name!r} is not a name; write a word such as 'f' or 'φ', without primes."
        )
    if name in functions or name in NUMPY or name in _TAKEN:
        raise NameClashError(
            f"function: {name!r} has a meaning already. Choose another name, such as 'f'."
        )
    if arity < 1:
        raise ShapeError(f"function {name!r}: it has {arity} operands; give one or more.")
    return AbstractFunction(name, arity)


def instantiate(expr: Any, instances: Mapping[str, Callable[..., Any]]) -> Node:
    """The expression with functions in the place of abstract ones, in loops too.

    `instances`: by name a function of nodes that works entry by entry, such as `sg.tanh` or
    `lambda x: x / (1 + sg.exp(-x))`.
    Raises UnknownNameError for an abstract function that does not occur, UnsupportedError for an
    instance that does not work entry by entry.

    >>> import symgraph as sg
    >>> f, x = sg.function("f"), sg.input("x")
    >>> print(sg.instantiate(f(x) + 1, {"f": sg.tanh}))
    tanh(x) + 1
    """
    root = as_node(expr, "instantiate")
    arities: dict[str, int] = {}

    def found(body: Any) -> Any:
        arities.update({one.base: one.arity for one in body.atoms(Abstract)})
        return body

    exchanged([root], found)
    for name in instances:
        if name not in arities:
            known = ", ".join(sorted(arities)) or "none"
            raise UnknownNameError(
                f"instantiate: no abstract function is called {name!r}; there is {known}."
            )
    bodies = {name: _body(name, given, arities[name]) for name, given in instances.items()}
    return exchanged([root], lambda body: concrete(body, bodies))[root]


def _body(name: str, given: Callable[..., Any], arity: int) -> Any:
    """The SymPy formula of a function of nodes."""
    if not callable(given):
        raise KindError(f"instantiate: {name!r} is {given!r}; give a function such as sg.tanh.")
    places = [var(f"_{k}", (), "local", "real", {}) for k in range(arity)]
    value = as_node(given(*places), "instantiate")
    formula: dict[Node, Any] = {place: slot(k) for k, place in enumerate(places)}
    for node in topological([value]):
        if node in formula:
            continue
        if isinstance(node, Fill):
            formula[node] = node.value
        elif is_naming(node):
            formula[node] = formula[node.args[0]]
        elif isinstance(node, Map):
            rule = {slot(k): formula[arg] for k, arg in enumerate(node.args)}
            formula[node] = node.template.expr.xreplace(rule)
        else:
            raise UnsupportedError(
                f"instantiate: the instance of {name!r} contains {type(node).__name__}, which does "
                "not work entry by entry. Use arithmetic and functions such as sg.tanh."
            )
    return formula[value]


def abstracted(
    roots: Sequence[Node], names: Mapping[str, Any]
) -> tuple[dict[Node, Node], dict[str, str]]:
    """Nodes with abstract functions in the place of known ones, and the known one of each name.

    `names`: {"f": "tanh"} or {"f": sg.tanh} calls tanh f.
    Raises UnknownNameError where the known function does not occur, KindError for anything but a
    mapping of names to functions.
    """
    if not names:
        below = topological(roots)
        return dict(zip(below, below, strict=True)), {}
    if not isinstance(names, Mapping):
        raise KindError(f'derive: abstract={names!r}; write names for functions, {{"f": "tanh"}}.')
    known = {name: _known(name, given) for name, given in names.items()}
    ours = {spelling: function(name) for name, spelling in known.items()}
    met: set[str] = set()

    def turned(body: Any) -> Any:
        while True:  # tanh(tanh(x)): the outer one is exchanged with its argument as it was
            calls = [one for one in body.atoms(sympy.Function) if function_name(one) in ours]
            calls = [one for one in calls if len(one.args) == 1]
            if not calls:
                return body
            met.update(function_name(one) for one in calls)
            rule = {one: abstract(ours[function_name(one)].name, (0,))(*one.args) for one in calls}
            body = body.xreplace(rule)

    images = exchanged(roots, turned)
    for name, spelling in known.items():
        if spelling not in met:
            raise UnknownNameError(
                f"derive: abstract={{{name!r}: {spelling!r}}}, and no {spelling} of one operand "
                "occurs in the expression. Name a function that does, such as 'tanh'."
            )
    return images, known


def _known(name: str, given: Any) -> str:
    """The name of a known function that is given by its name or as itself."""
    found = given if isinstance(given, str) else getattr(given, "__name__", None)
    if not isinstance(found, str):
        raise KindError(
            f"derive: abstract={{{name!r}: {given!r}}}; give a function such as 'tanh' or sg.tanh."
        )
    return found


def exchanged(roots: Sequence[Node], change: Callable[[Any], Any]) -> dict[Node, Node]:
    """For each node below the roots, and in the bodies of loops, the one with changed formulas."""
    image: dict[Node, Node] = {}
    for node in topological(roots):
        if node in image:
            continue
        args = tuple(image[arg] for arg in node.args)
        params = node.params
        if isinstance(node, Map):
            body = change(node.template.expr)
            if body != node.template.expr:
                image[node] = map_node(template(body, len(args)), args)
                continue
        elif isinstance(node, Scan):
            inner = exchanged(node.body.nexts, change)
            nexts = tuple(inner[one] for one in node.body.nexts)
            params = (Body(*node.body[:3], nexts), *params[1:])
        elif isinstance(node, Trace):
            params = (exchanged([node.inner], change)[node.inner],)
        same = args == node.args and params == node.params
        image[node] = node if same else node.rebuild(params, args)
    return image
