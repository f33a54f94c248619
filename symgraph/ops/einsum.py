"""Einsum: a sum of products over named indices; sums, broadcasts, transposes and diagonals too.

Indices are small integers. Beyond NumPy's notation an output index may be missing in all operands
(the result repeats along it; its size is given) and may stand twice in the output (the result is
zero off the diagonal). With these two the set is closed under transposition: the adjoint of an
Einsum in one operand swaps that operand's indices with the output's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.errors import ShapeError
from symgraph.node import Node, intern, promote
from symgraph.ops.leaves import Fill, fill
from symgraph.printing import ATOM, Format, Piece
from symgraph.scalar import slot
from symgraph.shapes import Dim, Shape, bind_dim, product, same_dim, shape_text
from symgraph.template import template

__all__ = ["Einsum", "einsum_node", "folded_einsum", "sum_over", "sum_to_shape", "widen"]

Indices = tuple[int, ...]
_LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


class Einsum(Node):
    """`params` = (indices of each operand, output indices, sizes of output-only indices)."""

    __slots__ = ()

    @property
    def ins(self) -> tuple[Indices, ...]:
        """The indices of each operand."""
        ins: tuple[Indices, ...] = self.params[0]
        return ins

    @property
    def out(self) -> Indices:
        """The indices of the result."""
        out: Indices = self.params[1]
        return out

    def sizes(self) -> dict[int, Dim]:
        """The size of every index."""
        known: dict[int, Dim] = dict(self.params[2])
        for indices, arg in zip(self.ins, self.args, strict=True):
            known.update(zip(indices, arg.shape, strict=True))
        return known

    @property
    def is_leading_broadcast(self) -> bool:
        """Whether this only repeats its operand along new leading axes, as NumPy would."""
        if len(self.args) != 1:
            return False
        source, out = self.ins[0], self.out
        new = out[: len(out) - len(source)]
        return (
            out[len(new) :] == source and not set(new) & set(source) and len(set(out)) == len(out)
        )

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        sizes = {i: bind_dim(size, dims) for i, size in self.sizes().items()}
        used = set().union(*self.ins) if self.ins else set()
        core = tuple(dict.fromkeys(i for i in self.out if i in used))
        operands: list[Any] = []
        for x, indices in zip(xs, self.ins, strict=True):
            array = np.asarray(x)
            counts = array.dtype == bool and self.kind != "boolean"
            operands += [array * 1 if counts else array, list(indices)]
        value = np.einsum(*operands, list(core), optimize=len(xs) > 2)
        distinct = tuple(dict.fromkeys(self.out))
        place = tuple(sizes[i] if i in core else 1 for i in distinct)
        value = np.broadcast_to(
            np.transpose(value, [core.index(i) for i in distinct if i in core]).reshape(place),
            tuple(sizes[i] for i in distinct),
        )
        if len(distinct) == len(self.out):
            return np.array(value)
        result = np.zeros(tuple(sizes[i] for i in self.out), dtype=value.dtype)
        grid = np.ix_(*(np.arange(sizes[i]) for i in distinct))
        result[tuple(grid[distinct.index(i)] for i in self.out)] = value
        return result

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        at: dict[int, Any] = {}
        deltas: Any = sympy.S.One
        for name, position in zip(self.out, index, strict=True):
            if name in at:
                deltas *= sympy.KroneckerDelta(at[name], position)
            else:
                at[name] = sympy.sympify(position)
        sizes = self.sizes()
        summed = [i for i in dict.fromkeys(itertools.chain(*self.ins)) if i not in at]
        if all(isinstance(sizes[i], int) for i in summed):
            ranges = [range(int(sizes[i])) for i in summed]
            terms = [
                self._term({**at, **dict(zip(summed, place, strict=True))}, read)
                for place in itertools.product(*ranges)
            ]
            return deltas * sympy.Add(*terms)
        bound = {i: sympy.Dummy(_LETTERS[i % 26], integer=True, nonnegative=True) for i in summed}
        limits = [(bound[i], 0, sizes[i] - 1) for i in summed]
        return deltas * sympy.Sum(self._term({**at, **bound}, read), *limits)

    def _term(self, at: Mapping[int, Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        factors = [read(k, tuple(at[i] for i in indices)) for k, indices in enumerate(self.ins)]
        return sympy.Mul(*factors)

    def vjp(self, ct: Node, k: int) -> Node | None:
        if self.args[k].kind != "real":
            return None
        rest = [j for j in range(len(self.args)) if j != k]
        ins = (
            *(self.ins[j] for j in rest if j < k),
            self.out,
            *(self.ins[j] for j in rest if j > k),
        )
        args = (*self.args[:k], ct, *self.args[k + 1 :])
        return folded_einsum(ins, self.ins[k], self.sizes(), args)

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        total: Node | None = None
        for k, tangent in enumerate(tangents):
            if tangent is None:
                continue
            args = (*self.args[:k], tangent, *self.args[k + 1 :])
            part = folded_einsum(self.ins, self.out, self.sizes(), args)
            total = part if total is None else _pointwise(slot(0) + slot(1), total, part)
        return total

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        sizes = self.sizes()
        new = 1 + max(sizes, default=-1)
        ins = [(new, *i) if flag else i for i, flag in zip(self.ins, flags, strict=True)]
        return folded_einsum(ins, (new, *self.out), {**sizes, new: size}, tuple(args))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        written = _form_one(self, fmt, xs[0]) if len(xs) == 1 else _form_two(self, fmt, xs)
        return written if written is not None else _form_indices(self, fmt, xs)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return einsum_node(params[0], params[1], dict(params[2]), args)


def einsum_node(
    ins: Sequence[Indices], out: Indices, sizes: Mapping[int, Dim], args: tuple[Node, ...]
) -> Node:
    """The literal Einsum; indices are renumbered by first appearance, so equal ones are identical.

    `sizes` must know every output index that no operand has.
    Raises ShapeError when one index has two sizes.
    """
    number: dict[int, int] = {}
    known: dict[int, Dim] = {}
    for indices, arg in zip(ins, args, strict=True):
        if len(indices) != len(arg.shape):
            raise ShapeError(
                f"einsum: {len(indices)} indices for an operand of shape {shape_text(arg.shape)}; "
                "give one index an axis."
            )
        for i, size in zip(indices, arg.shape, strict=True):
            j = number.setdefault(i, len(number))
            if not same_dim(known.setdefault(j, size), size):
                raise ShapeError(
                    f"einsum: index {_LETTERS[j % 26]} has size {known[j]} in one operand and "
                    f"{size} in another; give both the same size."
                )
    extra: list[tuple[int, Dim]] = []
    for i in out:
        if i not in number:
            number[i] = len(number)
            known[number[i]] = sizes[i]
            extra.append((number[i], sizes[i]))
    new_ins = tuple(tuple(number[i] for i in indices) for indices in ins)
    new_out = tuple(number[i] for i in out)
    shape = tuple(known[i] for i in new_out)
    moves_only = len(args) == 1 and set(new_ins[0]) <= set(new_out)
    kind = args[0].kind if moves_only else promote("integer", *(arg.kind for arg in args))
    return intern(Einsum, args, (new_ins, new_out, tuple(extra)), shape, kind)


def folded_einsum(
    ins: Sequence[Indices], out: Indices, sizes: Mapping[int, Dim], args: tuple[Node, ...]
) -> Node:
    """An Einsum with constants taken out and transposes, broadcasts and sums merged.

    Used in gradients and compiler passes only.
    """
    known = dict(sizes)
    for indices, arg in zip(ins, args, strict=True):
        known.update(zip(indices, arg.shape, strict=True))
    if any(map(_is_identity, args)):
        ins, out, args = _without_identities(ins, out, args)
    fresh = itertools.count(1 + max(known, default=-1))
    factor: Any = sympy.S.One
    scalars: list[Node] = []
    kept_ins: list[Indices] = []
    kept: list[Node] = []
    for given_indices, given in zip(ins, args, strict=True):
        indices, arg = _merged(given_indices, given, known, fresh)
        if isinstance(arg, Fill):
            factor *= sympy.sympify(arg.value)
        elif arg.ndim == 0 and len(args) > 1:
            scalars.append(arg)
        else:
            kept_ins.append(indices)
            kept.append(arg)
    present = set().union(*kept_ins) | set(out)
    gone = {i for indices in ins for i in indices} - present
    factor *= product(known[i] for i in gone)
    if factor == 0:
        return fill(0, tuple(known[i] for i in out), "real")
    if not kept and scalars:
        kept_ins, kept, scalars = [()], scalars[:1], scalars[1:]
    result = _scale(factor, _contract(kept_ins, out, known, kept))
    for scalar in scalars:
        result = _pointwise(slot(0) * slot(1), scalar, result)
    return result


def _is_identity(arg: Node) -> bool:
    """Whether this is a number on the diagonal of a matrix."""
    return type(arg) is Einsum and arg.params[:2] == (((0,),), (0, 0)) and type(arg.args[0]) is Fill


def _without_identities(
    ins: Sequence[Indices], out: Indices, args: tuple[Node, ...]
) -> tuple[list[Indices], Indices, tuple[Node, ...]]:
    """An identity matrix in a product makes its two indices one: I B is B."""
    spelling = [tuple(part) for part in (*ins, out)]
    for k, arg in enumerate(args):
        if _is_identity(arg):
            first, second = spelling[k]
            spelling = [tuple(first if i == second else i for i in part) for part in spelling]
            spelling[k] = (first,)
    kept = tuple(arg.args[0] if _is_identity(arg) else arg for arg in args)
    return spelling[:-1], spelling[-1], kept


def _merged(
    indices: Indices, arg: Node, known: dict[int, Dim], fresh: itertools.count[int]
) -> tuple[Indices, Node]:
    """See through operands that only repeat or transpose: their indices join the sum."""
    while isinstance(arg, Einsum) and len(arg.args) == 1:
        source, out = arg.ins[0], arg.out
        if len(set(out)) != len(out) or len(set(source)) != len(source) or set(source) - set(out):
            break
        outer = dict(zip(out, indices, strict=True))
        indices, arg = tuple(outer[i] for i in source), arg.args[0]
    return indices, arg


def _contract(ins: list[Indices], out: Indices, known: dict[int, Dim], args: list[Node]) -> Node:
    shape = tuple(known[i] for i in out)
    if not args:
        if len(set(out)) == len(out):
            return fill(1, shape, "real")
        one = tuple(dict.fromkeys(out))
        return einsum_node([one], out, known, (fill(1, tuple(known[i] for i in one), "real"),))
    if len(args) == 1:
        inner, indices = args[0], ins[0]
        repeats = len(set(indices)) != len(indices) or len(set(out)) != len(out)
        if indices == out and not repeats:
            return inner
        sums = bool(set(indices) - set(out))
        if sums and not repeats and isinstance(inner, Einsum) and _is_plain(inner):
            return _sum_of_einsum(inner, indices, out, known)
    return einsum_node(ins, out, known, tuple(args))


def _is_plain(node: Einsum) -> bool:
    """Whether every index stands once in the result, and new ones only for axes of size 1."""
    return len(set(node.out)) == len(node.out) and all(size == 1 for _, size in node.params[2])


def _sum_of_einsum(inner: Einsum, indices: Indices, out: Indices, known: dict[int, Dim]) -> Node:
    """A sum over a sum of products is one sum of products."""
    shift = 1 + max(known, default=0)
    rename = {i: i + shift for i in set().union(*inner.ins)}
    rename.update(zip(inner.out, indices, strict=True))
    ins = [tuple(rename[i] for i in part) for part in inner.ins]
    return einsum_node(ins, out, known, inner.args)


def _scale(factor: Any, x: Node) -> Node:
    if factor == 1:
        return x
    if isinstance(x, Fill):
        return fill(factor * sympy.sympify(x.value), x.shape, "real")
    if factor.free_symbols:
        return _pointwise(slot(0) * slot(1), fill(factor), x)
    return _pointwise(factor * slot(0), x)


def _pointwise(expr: Any, *args: Node) -> Node:
    # By its registered class: map.py needs this module for its derivative.
    return Node.registry["Map"].folded((template(expr, len(args)),), args)


def sum_over(x: Node, axes: Sequence[int]) -> Node:
    """The literal sum over some axes."""
    indices = tuple(range(x.ndim))
    out = tuple(i for i in indices if i not in axes)
    return einsum_node([indices], out, {}, (x,))


def sum_to_shape(x: Node, shape: Shape) -> Node:
    """The adjoint of broadcasting from `shape`: sums the axes along which NumPy repeats."""
    if x.shape == shape:
        return x
    rank = x.ndim
    indices = tuple(range(rank))
    sizes: dict[int, Dim] = {}
    out: list[int] = []
    for axis in range(rank - len(shape), rank):
        if shape[axis - rank] == 1 and x.shape[axis] != 1:
            sizes[rank + axis] = 1
            out.append(rank + axis)
        else:
            out.append(axis)
    return folded_einsum([indices], tuple(out), sizes, (x,))


def widen(x: Node, shape: Shape) -> Node:
    """x repeated to a shape by NumPy's rules."""
    if x.shape == shape:
        return x
    rank, own = len(shape), x.ndim
    indices: list[int] = []
    sizes: dict[int, Dim] = dict(enumerate(shape))
    for axis in range(own):
        stretched = x.shape[axis] == 1 and shape[rank - own + axis] != 1
        indices.append(rank + axis if stretched else rank - own + axis)
    if isinstance(x, Fill):
        return fill(x.value, shape, "real" if x.kind == "real" else x.kind)
    return folded_einsum([tuple(indices)], tuple(range(rank)), sizes, (x,))


# --- writing ------------------------------------------------------------------------------------


def _form_one(node: Einsum, fmt: Format, x: Piece) -> Piece | None:
    source, out = node.ins[0], node.out
    distinct = len(set(source)) == len(source) and len(set(out)) == len(out)
    if not distinct:
        if out == source[:1] and source == (0, 0):
            return fmt.call("diag", [x])
        if source == (0,) and out == (0, 0):
            return _form_diagonal(node, fmt, x)
        if source == (0, 0) and out == ():
            return fmt.call(fmt.pick("trace", "tr", r"\operatorname{tr}"), [x])
        return None
    if set(source) == set(out):
        if out == tuple(reversed(source)):
            return fmt.transposed(x)
        axes = tuple(source.index(i) for i in out)
        return fmt.call("transpose", [x, Piece(str(axes))])
    lost = [axis for axis, i in enumerate(source) if i not in out]
    new = [axis for axis, i in enumerate(out) if i not in source]
    kept_order = [i for i in out if i in source] == [i for i in source if i in out]
    if not kept_order:
        return None
    if not new:
        name = fmt.pick("sum", "Σ", r"\sum")
        if len(lost) == len(source):
            return fmt.call(name, [x])
        axis = lost[0] if len(lost) == 1 else tuple(lost)
        return fmt.call(name, [x, Piece(f"axis={axis}")])
    if not lost:
        return fmt.call("broadcast", [_with_new_axes(node, fmt, x), Piece(shape_text(node.shape))])
    if all(node.shape[axis] == 1 for axis in new):
        axis = lost[0] if len(lost) == 1 else tuple(lost)
        return fmt.call("sum", [x, Piece(f"axis={axis}"), Piece("keepdims=True")])
    return None


def _form_diagonal(node: Einsum, fmt: Format, x: Piece) -> Piece:
    """A diagonal matrix; with ones it is the identity."""
    (diagonal,) = node.args
    if not isinstance(diagonal, Fill) or diagonal.value != 1:
        return fmt.call("diag", [x])
    return fmt.call("eye", [Piece(str(node.shape[0]))]) if fmt.style == "text" else Piece("I")


def _with_new_axes(node: Einsum, fmt: Format, x: Piece) -> Piece:
    """The operand with an axis of size 1 wherever the result has a new one before an old one."""
    source, out = node.ins[0], node.out
    first = next((k for k, i in enumerate(out) if i in source), len(out))
    if all(i in source for i in out[first:]):
        return x
    key = ", ".join(":" if i in source else "None" for i in out[first:])
    name = fmt.wrap(x, ATOM)
    return Piece(rf"{name}_{{{key}}}" if fmt.style == "latex" else f"{name}[{key}]")


def _form_two(node: Einsum, fmt: Format, xs: Sequence[Piece]) -> Piece | None:
    if len(node.args) != 2 or node.params[2] or len(set(node.out)) != len(node.out):
        return None
    (left, right), out = node.ins, node.out
    a, b = xs
    if len(left) == len(right) == 1 and left == right and out == ():
        return fmt.matmul(a if fmt.style == "text" else fmt.transposed(a), b)
    if len(left) == len(right) == 1 and out == (*left, *right) and left != right:
        return fmt.matmul(a, fmt.transposed(b)) if fmt.style != "text" else fmt.call("outer", xs)
    for first, second, i, j in ((a, b, left, right), (b, a, right, left)):
        shared = set(i) & set(j)
        if len(shared) != 1 or len(set(i)) != len(i) or len(set(j)) != len(j):
            continue
        (s,) = shared
        i_free = tuple(x for x in i if x != s)
        j_free = tuple(x for x in j if x != s)
        if out == (*i_free, *j_free) and s not in out and len(i) <= 2 and len(j) <= 2:
            first_t = fmt.transposed(first) if len(i) == 2 and i[0] == s else first
            second_t = fmt.transposed(second) if len(j) == 2 and j[1] == s else second
            return fmt.matmul(first_t, second_t)
    stacked = len(left) > 2 and left[:-2] == right[:-2] and left[-1] == right[-2]
    if stacked and out == (*left[:-1], right[-1]):
        return fmt.matmul(a, b)
    if len(left) > 2 and len(right) == 2 and left[-1] == right[0] and out == (*left[:-1], right[1]):
        return fmt.matmul(a, b)
    if set(out) == set(left) | set(right) and left == right == out:
        return fmt.times(a, b)
    return None


def _form_indices(node: Einsum, fmt: Format, xs: Sequence[Piece]) -> Piece:
    words = ["".join(_LETTERS[i % 26] for i in indices) for indices in (*node.ins, node.out)]
    rule = f"'{','.join(words[:-1])}->{words[-1]}'"
    return fmt.call("einsum", [Piece(rf"\text{{{rule}}}" if fmt.style == "latex" else rule), *xs])
