"""Formulas that lose digits or overflow, as formulas of the same value that do not.

    log(1 + u)                   log1p(u)
    exp(x) - 1                   expm1(x)
    1 - x², x² - 1               (1 - x) (1 + x), (x - 1) (x + 1)
    1 - tanh(x)², σ(x) (1 - σ(x))    tanh'(x), σ'(x), of the exponentials themselves
    log(1 + exp(x))              softplus(x)
    log(σ(x)), log(1 - σ(x))     -softplus(-x), -softplus(x)
    exp(x)/(1 + exp(x))          σ(x)
    σ'(x)/σ(x)                   σ(-x), and all other products in which factors cancel
    sqrt(1 + x²)                 |x| where x² is too large, as in the slope of arcsinh

In any product the rules of σ hold: exp(x), 1 + exp(x), σ(x), 1 - σ(x) and σ'(x) are powers of
σ(x) and σ(-x), whose exponents add.

Left as written, since every entry would pay for it: sqrt(x² + y²) and norms, which need numbers
whose squares are finite and not 0 (1e-150 to 1e150); x² exp(-x²/2), the second slope of gelu, which
is NaN from 1e154; and p - 1 in the slope of a cross-entropy, whose error is one of p.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from symgraph.codegen.basic import basic, body_of, op_of
from symgraph.node import Node
from symgraph.ops.leaves import Fill, fill
from symgraph.ops.map import Map
from symgraph.scalar import dsigmoid, dtanh, sigmoid, slot, softplus
from symgraph.template import Template, template

__all__ = ["Stable"]

_SIGMOID, _SLOPE = template(sigmoid(slot(0)), 1), template(dsigmoid(slot(0)), 1)
_SOFTPLUS, _TANH_SLOPE = template(softplus(slot(0)), 1), template(dtanh(slot(0)), 1)

_MINUS_ONE = fill(-1.0)

#: Exponents of σ(x) and σ(-x) by x.
_Powers = dict[Node, tuple[int, int]]


#: What has a finite square in float32 too, beside which 1 is nothing.
_LARGE = 2.0**60

#: Products of more factors are not looked into, so that long ones cost no more a factor.
_MOST_FACTORS = 12


class _Product(NamedTuple):
    """Other factors, above (1) or below (-1) the line, times powers of sigmoids."""

    rest: tuple[tuple[Node, int], ...]
    powers: _Powers


class Stable:
    """Looks at one basic operation after the other, operands first.

    `lowered` makes the node of a template of one operand.
    """

    def __init__(self, lowered: Callable[[Template, tuple[Node, ...]], Node]) -> None:
        self._lowered = lowered
        self._products: dict[Node, _Product] = {}
        self._bases: set[Node] = set()
        rules: dict[str, Callable[[Node], Node]] = {
            "add": self._sum, "subtract": self._difference, "log": self._log,
            "divide": self._quotient, "multiply": self._multiple, "square": self._square,
            "negative": self._negative, "sqrt": self._root,
        }  # fmt: skip
        self._rules = {body_of(op): rule for op, rule in rules.items()}

    def settled(self, node: Node) -> Node:
        """The operation, or what has its value with all its digits."""
        rule = self._rules.get(node.params[0]) if type(node) is Map else None
        return node if rule is None or node.kind != "real" else rule(node)

    # --- sums ---------------------------------------------------------------------------------

    def _sum(self, node: Node) -> Node:
        a, b = node._args
        u = b if _is_one(a) else a if _is_one(b) else None
        if u is not None and op_of(u) == "exp" and not _is_decay(u._args[0]):
            self._note(node, (), _power_of(u._args[0], 0, -1))
        return node

    def _difference(self, node: Node) -> Node:
        a, b = node._args
        if type(a) is not Fill and type(b) is not Fill:
            return node
        if _is_one(b) and op_of(a) == "exp":
            return _like(basic("expm1", a._args[0]), node)
        if _is_one(a) and op_of(b) == "square" and op_of(b._args[0]) in ("tanh", "tanh_of"):
            return _like(self._made(_TANH_SLOPE, b._args[0]._args[0]), node)
        for one, other, sign in ((a, b, 1), (b, a, -1)):
            if _is_one(one) and op_of(other) == "square":
                (x,) = other._args
                first = basic("subtract", *((fill(1.0), x) if sign > 0 else (x, fill(1.0))))
                return _like(basic("multiply", first, basic("add", fill(1.0), x)), node)
        share = self._products.get(b)
        if _is_one(a) and share is not None and not share.rest and len(share.powers) == 1:
            ((x, (p, q)),) = share.powers.items()
            if (p, q) in ((1, 0), (0, 1)):
                self._note(node, (), {x: (q, p)})
        return node

    def _log(self, node: Node) -> Node:
        (u,) = node._args
        product = self._products.get(u)
        if product is not None and not product.rest:
            found: Node | None = None
            for x, exponents in product.powers.items():
                for k, of in zip(exponents, (basic("negative", x), x), strict=True):
                    if k:
                        term = basic("multiply", fill(-float(k)), self._made(_SOFTPLUS, of))
                        found = term if found is None else basic("add", found, term)
            return node if found is None else _like(found, node)
        other = _beside_one(u)
        if other is not None:
            return _like(basic("log1p", other), node)
        if op_of(u) == "subtract" and _is_one(u._args[0]):
            return _like(basic("log1p", basic("negative", u._args[1])), node)
        return node

    def _root(self, node: Node) -> Node:
        """sqrt(c + x²) as the larger of |x| and of the root for an x whose square is finite."""
        other = _beside_constant(node._args[0])
        if other is None or op_of(other) != "square" or other.kind != "real":
            return node
        size = basic("abs", other._args[0])
        square = basic("square", basic("minimum", size, fill(_LARGE)))
        one = next(arg for arg in node._args[0]._args if arg is not other)
        return _like(basic("maximum", size, basic("sqrt", basic("add", one, square))), node)

    # --- products -----------------------------------------------------------------------------

    def _quotient(self, node: Node) -> Node:
        for form, powers in ((_sigmoid_of, (1, 0)), (_slope_of, (1, 1))):
            x = form(node)
            if x is not None:
                self._note(node, (), _power_of(x, *powers))
                return node
        return self._joined(node, -1)

    def _multiple(self, node: Node) -> Node:
        return self._joined(node, 1)

    def _square(self, node: Node) -> Node:
        return self._joined(node, 1)

    def _negative(self, node: Node) -> Node:
        product = self._products.get(node._args[0])
        if product is not None:
            self._note(node, ((_MINUS_ONE, 1), *product.rest), product.powers)
        return node

    def _joined(self, node: Node, sign: int) -> Node:
        """A product or quotient, with factors that cancel left out."""
        a, b = node._args if len(node._args) == 2 else (*node._args, *node._args)
        if a not in self._products and b not in self._products:
            return node
        first, second = self._factors(a), self._factors(b)
        if not first.powers and not second.powers:
            return node
        powers = dict(first.powers)
        for x, (p, q) in second.powers.items():
            before = powers.get(x, (0, 0))
            powers[x] = (before[0] + sign * p, before[1] + sign * q)
        rest = (*first.rest, *[(one, sign * place) for one, place in second.rest])
        size = _size(first.powers) + _size(second.powers)
        is_slope = not rest and list(powers.values()) == [(1, 1)]
        keeps = _size(powers) == size and not is_slope
        # an operand that cancels altogether stays, since its NaN must
        if keeps or any(min(pair) < 0 or pair == (0, 0) for pair in powers.values()):
            self._note(node, rest, powers)
            return node
        made = _like(self._written(rest, powers), node)
        if made is not node:
            self._note(made, rest, powers)
        return made

    def _factors(self, node: Node, depth: int = 2) -> _Product:
        """A node as a product."""
        found = self._products.get(node)
        if found is not None:
            return found
        op = op_of(node)
        if op == "exp" and _base(node._args[0])[0] in self._bases:
            return _Product((), _power_of(node._args[0], 1, -1))
        if op == "multiply" and depth:
            first, second = (self._factors(arg, depth - 1) for arg in node._args)
            if bool(first.powers) != bool(second.powers):
                return _Product(first.rest + second.rest, first.powers or second.powers)
        return _Product(() if _is_one(node) else ((node, 1),), {})

    def _written(self, rest: tuple[tuple[Node, int], ...], powers: _Powers) -> Node:
        """The node of a product whose exponents are not negative."""
        made: Node | None = None
        for factor, place in sorted(rest, key=lambda one: -one[1]):
            if made is None and place > 0:
                made = factor
            else:
                op = "multiply" if place > 0 else "divide"
                made = basic(op, fill(1.0) if made is None else made, factor)
        for x, (p, q) in powers.items():
            both = min(p, q)
            minus = basic("negative", x)
            parts = [(_SLOPE, x, both), (_SIGMOID, x, p - both), (_SIGMOID, minus, q - both)]
            for body, of, count in parts:
                for _ in range(count):
                    factor = self._made(body, of)
                    made = factor if made is None else basic("multiply", made, factor)
        return fill(1.0) if made is None else made

    def _made(self, body: Template, x: Node) -> Node:
        return self._lowered(body, (x,))

    def _note(self, node: Node, rest: tuple[tuple[Node, int], ...], powers: _Powers) -> None:
        if len(rest) + _size(powers) <= _MOST_FACTORS:
            self._products[node] = _Product(rest, powers)
            self._bases.update(powers)


def _size(powers: _Powers) -> int:
    return sum(abs(p) + abs(q) for p, q in powers.values())


def _like(made: Node, node: Node) -> Node:
    """What was made, where it has the shape and kind of the node; else the node."""
    return made if made.shape == node.shape and made.kind == node.kind else node


def _is_one(node: Node) -> bool:
    return type(node) is Fill and bool(node.value == 1)


def _beside_one(node: Node) -> Node | None:
    """u of 1 + u."""
    if op_of(node) != "add":
        return None
    a, b = node._args
    return b if _is_one(a) else a if _is_one(b) else None


def _beside_constant(node: Node) -> Node | None:
    """u of c + u for a c between 0 and numbers that are nothing beside the square of _LARGE."""
    if op_of(node) != "add":
        return None
    for constant, other in (node._args, node._args[::-1]):
        if type(constant) is Fill and isinstance(constant.value, (int, float)):
            return other if 0 < constant.value < 1e12 else None
    return None


def _base(x: Node) -> tuple[Node, int]:
    """x as a number without sign, and the sign."""
    return (x._args[0], -1) if op_of(x) == "negative" else (x, 1)


def _power_of(x: Node, p: int, q: int) -> _Powers:
    """σ(x)**p σ(-x)**q."""
    base, sign = _base(x)
    return {base: (p, q) if sign > 0 else (q, p)}


def _is_decay(x: Node) -> bool:
    """Whether this is -|y|, or a negative number times |y|: its exponential is at most 1."""
    op = op_of(x)
    if op == "negative":
        return op_of(x._args[0]) == "abs"
    return op == "multiply" and any(op_of(arg) == "abs" for arg in x._args)


def _is_decay_of(node: Node, x: Node | None = None) -> Node | None:
    """y of exp(-|y|), where it is x if that is given."""
    if op_of(node) != "exp" or op_of(node._args[0]) != "negative":
        return None
    size = node._args[0]._args[0]
    if op_of(size) != "abs":
        return None
    return size._args[0] if x is None or size._args[0] is x else None


def _sigmoid_of(node: Node) -> Node | None:
    """x of a lowered σ(x): exp(min(x, 0)) or where(x >= 0, 1, e), over 1 + e for e = exp(-|x|)."""
    top, bottom = node._args
    decay = _beside_one(bottom)
    x = None if decay is None else _is_decay_of(decay)
    if x is None:
        return None
    if op_of(top) == "exp" and op_of(top._args[0]) == "minimum":
        return x if top._args[0]._args[0] is x else None
    return x if op_of(top) == "where" and top._args[2] is decay else None


def _slope_of(node: Node) -> Node | None:
    """x of a lowered σ'(x): e/(1 + e)² for e = exp(-|x|)."""
    top, bottom = node._args
    if op_of(bottom) != "square":
        return None
    decay = _beside_one(bottom._args[0])
    return None if decay is None or decay is not top else _is_decay_of(decay)
