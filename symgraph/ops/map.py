"""Map: one small scalar formula applied entry by entry, with NumPy broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from symgraph.errors import ShapeError
from symgraph.node import Node, intern
from symgraph.ops.einsum import Einsum, folded_einsum, sum_to_shape, widen
from symgraph.ops.leaves import Fill, fill
from symgraph.printing import Format, Piece, describe
from symgraph.scalar import logical_not, logical_or, slot, where
from symgraph.shapes import Dim, Shape, broadcast
from symgraph.template import Template, function_name, template, used_slots

__all__ = ["Map", "add_up", "folded_map", "map_node", "negative", "scaled"]


class Map(Node):
    """`template` over the operands: `params` = (template,)."""

    __slots__ = ()

    @property
    def template(self) -> Template:
        """The scalar formula."""
        body: Template = self.params[0]
        return body

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        value = np.asarray(self.template.evaluate([np.asarray(x) for x in xs]))
        if self.kind == "boolean":
            return value.astype(bool)
        if self.kind == "integer" and value.dtype.kind not in "iu":
            with np.errstate(invalid="ignore"):  # the floor of NaN has no meaning
                return value.astype(np.int64)
        return value

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        fill_in = {
            slot(k): read(k, aligned_index(index, arg.shape)) for k, arg in enumerate(self.args)
        }
        return self.template.expr.xreplace(fill_in)

    def vjp(self, ct: Node, k: int) -> Node | None:
        args = self._args
        operand = args[k]
        product = self.params[0].product(k) if operand.kind == "real" else None
        if product is None:
            return None
        body, used = product
        local = folded_map(body, (ct, *map(args.__getitem__, used)))
        return local if local.shape == operand.shape else sum_to_shape(local, operand.shape)

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        parts: list[Node] = []
        for k, tangent in enumerate(tangents):
            product = None if tangent is None else self.template.product(k)
            if tangent is not None and product is not None:
                body, used = product
                part = folded_map(body, (tangent, *(self.args[j] for j in used)))
                parts.append(widen(part, self.shape))
        return add_up(parts)

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        aligned = [
            _aligned(arg, self.ndim + 1) if flag else arg
            for arg, flag in zip(args, flags, strict=True)
        ]
        return widen(folded_map(self.template, tuple(aligned)), (size, *self.shape))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return self.template.form(fmt, xs)

    @classmethod
    def folded(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return folded_map(params[0], args)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return map_node(params[0], args)


def aligned_index(index: Sequence[Any], shape: Shape) -> tuple[Any, ...]:
    """The index of a broadcast operand for an entry of the result."""
    tail = index[len(index) - len(shape) :]
    return tuple(0 if size == 1 else i for i, size in zip(tail, shape, strict=True))


def _aligned(arg: Node, rank: int) -> Node:
    """A batched operand with axes of size 1 between the batch axis and its own."""
    missing = rank - arg.ndim
    if missing == 0:
        return arg
    axes = tuple(range(arg.ndim))
    new = tuple(range(arg.ndim, rank))
    return folded_einsum([axes], (0, *new, *axes[1:]), dict.fromkeys(new, 1), (arg,))


def map_node(body: Template, args: tuple[Node, ...]) -> Node:
    """The literal Map of a template on operands.

    Raises ShapeError when the operands do not broadcast.
    """
    # The commonest call of all: one pass over the operands, and no lookup while all are real.
    shape = args[0].shape
    real = fits = True
    for arg in args:
        if arg.shape != shape:
            fits = False
        if arg.kind != "real":
            real = False
    if not fits:
        shape = _joint_shape(body, args)
    kind = body.real_kind if real else body.kind(tuple([arg.kind for arg in args]))
    key = (body.number, *map(id, args))
    return intern(Map, args, body.params, shape, kind, key)


def _joint_shape(body: Template, args: tuple[Node, ...]) -> Shape:
    try:
        return broadcast([arg.shape for arg in args], _title(body))
    except ShapeError as error:
        names = " and ".join(map(describe, args))
        facts = str(error).partition(": ")[2]
        raise ShapeError(f"{_title(body)} of {names}: {facts}") from None


def _title(body: Template) -> str:
    heads = {"Add": "add", "Mul": "multiply", "Pow": "power"}
    name = function_name(body.expr)
    return heads.get(name, name)


# --- the rules that shorten gradients -----------------------------------------------------------


_SAME = template(slot(0), 1)
_FOLDED = frozenset({Fill, Einsum})  # what may be absorbed: constants, and broadcasts


def folded_map(body: Template, args: tuple[Node, ...]) -> Node:
    """A Map with constants folded in, repeated operands merged and broadcasts left to NumPy.

    Used in gradients and compiler passes only, never on the graph as the user wrote it.
    """
    if body is _SAME:
        return args[0]
    if _FOLDED.isdisjoint(map(type, args)) and len(set(args)) == len(args):
        hoisted = _hoist_mask(body, args)
        return map_node(body, args) if hoisted is None else hoisted
    shape = broadcast([arg.shape for arg in args], _title(body))
    value = _float_value(body, args)
    if value is not None:
        return fill(value, shape, "real")
    kept: list[Node] = []
    spelling: list[Any] = []
    for given in args:
        arg = _unwidened(given)
        number = _exact(arg)
        if number is not None:
            spelling.append(number)
            continue
        if arg not in kept:
            kept.append(arg)
        spelling.append(slot(kept.index(arg)))
    return widen(_apply(_respelled(body, tuple(spelling)), kept), shape)


@lru_cache(maxsize=65536)
def _respelled(body: Template, spelling: tuple[Any, ...]) -> Any:
    expr = body.expr.xreplace({slot(k): new for k, new in enumerate(spelling)})
    return expr.args[1] if isinstance(expr, where) and expr.args[1] == expr.args[2] else expr


def _apply(expr: Any, kept: list[Node]) -> Node:
    """The Map of an expression over operands, of which it may use only some."""
    if expr.is_Symbol and expr.name.startswith("_"):
        return kept[int(expr.name[1:])]
    used, body = _numbered(expr)
    if body is None:
        return fill(expr, (), "real")
    args = tuple([kept[k] for k in used])
    hoisted = _hoist_mask(body, args)
    return map_node(body, args) if hoisted is None else hoisted


@lru_cache(maxsize=65536)
def _numbered(expr: Any) -> tuple[list[int], Template | None]:
    """The operands that an expression uses, and its template over them; None for a number."""
    used = used_slots(expr) if not expr.is_number else []
    if not used:
        return [], None
    return used, template(expr.xreplace({slot(k): slot(i) for i, k in enumerate(used)}), len(used))


def _unwidened(arg: Node) -> Node:
    """The operand of a broadcast, where NumPy's own broadcasting gives the same."""
    while isinstance(arg, Einsum) and arg.is_leading_broadcast:
        arg = arg.args[0]
    return fill(arg.value, (), arg.kind) if isinstance(arg, Fill) else arg


def _exact(arg: Node) -> Any:
    """The SymPy number that a body absorbs; floats stay operands, so that bodies stay few."""
    if not isinstance(arg, Fill):
        return None
    value = arg.value
    if isinstance(value, float):
        return sympy.Integer(int(value)) if value in (0.0, 1.0, -1.0, 2.0) else None
    if isinstance(value, int):
        return sympy.Integer(value)
    return value if value.is_Rational else None


def _float_value(body: Template, args: tuple[Node, ...]) -> float | None:
    """The result when all operands are plain numbers and one is a float, else None."""
    values = [arg.value if isinstance(arg, Fill) else None for arg in args]
    if not any(isinstance(v, float) for v in values):
        return None
    if not all(isinstance(v, (int, float)) for v in values):
        return None
    return float(body.evaluate([np.float64(v) for v in values]))


_ADD = template(slot(0) + slot(1), 2)
_MASK = template(where(slot(0), slot(1), 0), 2)
_MASK_ELSE = template(where(slot(0), 0, slot(1)), 2)
_CHOICE = template(where(slot(0), slot(1), slot(2)), 3)
_NOT = template(logical_not(slot(0)), 1)
_OR = template(logical_or(slot(0), slot(1)), 2)


def _hoist_mask(body: Template, args: tuple[Node, ...]) -> Node | None:
    """`where(c, g, 0) * d` becomes `where(c, g * d, 0)`: an infinite or undefined d behind a closed
    branch then cannot turn the zero into NaN."""
    ct = args[0]
    if type(ct) is not Map:
        return None
    outer = ct.params[0]
    mask = outer.mask
    if mask is None and not (outer is _ADD and all(map(_mask_of, ct._args))):
        return None
    if not _is_linear_in_first(body):
        return None
    if mask is None:
        live = _either(*ct.args)
        return map_node(_MASK, (live, map_node(body, args)))
    condition, value, negated = mask
    inner = folded_map(body, (_apply(value, list(ct.args)), *args[1:]))
    around = _MASK_ELSE if negated else _MASK
    return folded_map(around, (_apply(condition, list(ct.args)), inner))


@lru_cache(maxsize=65536)
def _is_linear_in_first(body: Template) -> bool:
    expr = body.expr if body.mask is None else body.mask[1]
    factors = sympy.Mul.make_args(expr)
    others = [factor for factor in factors if factor != slot(0)]
    if body.mask is not None:
        others.append(body.mask[0])
    return len(factors) > 1 and not any(slot(0) in f.free_symbols for f in others)


def _mask_of(node: Node) -> tuple[Any, Any, bool] | None:
    """The mask of a pointwise formula that has one."""
    mask: tuple[Any, Any, bool] | None = node.params[0].mask if type(node) is Map else None
    return mask


def _live(node: Node) -> Node:
    """Where a masked value may differ from 0."""
    mask = _mask_of(node)
    assert mask is not None
    condition = _apply(mask[0], list(node.args))
    return map_node(_NOT, (condition,)) if mask[2] else condition


def _either(x: Node, y: Node) -> Node:
    """Where one of two masked values may differ from 0."""
    first, second = _live(x), _live(y)
    return first if first is second else map_node(_OR, (first, second))


def add_up(parts: Sequence[Node]) -> Node | None:
    """The sum of nodes of one shape; None for no parts."""
    total: Node | None = None
    for part in parts:
        total = part if total is None else _plus(total, part)
    return total


def _plus(x: Node, y: Node) -> Node:
    """x + y; two masks of one condition become one choice."""
    left, right = _mask_of(x), _mask_of(y)
    if left is not None and right is not None:
        conditions = [_apply(m[0], list(n.args)) for m, n in ((left, x), (right, y))]
        values = [_apply(m[1], list(n.args)) for m, n in ((left, x), (right, y))]
        if conditions[0] is conditions[1]:
            if left[2] == right[2]:
                around = _MASK_ELSE if left[2] else _MASK
                return folded_map(around, (conditions[0], folded_map(_ADD, tuple(values))))
            return folded_map(_CHOICE, (conditions[0], *(values[::-1] if left[2] else values)))
    return folded_map(_ADD, (x, y))


def negative(x: Node) -> Node:
    """-x, folded."""
    return scaled(-1, x)


def scaled(factor: Any, x: Node) -> Node:
    """A number or size times x, folded."""
    factor = sympy.sympify(factor)
    if factor == 1:
        return x
    if factor.free_symbols:
        product = template(slot(0) * slot(1), 2)
        return map_node(product, (fill(factor), x))
    return folded_map(template(factor * slot(0), 1), (x,))
