"""Sums of products in normal form: what is left is what targets have fast routines for.

An Einsum in normal form is one of

- a *view*: axes exchanged, repeated, or a diagonal read; no arithmetic;
- a *sum* over axes of one operand, the other axes in their order;
- an *embedding* on a diagonal;
- a *product* of two operands that sums over at least one shared index.

Products without a sum become elementwise multiplications; three and more operands become pairs in
the order that opt_einsum finds. `grouping` arranges a product as (lead, m, k) times (lead, k, n).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import sympy

from symgraph.codegen.basic import basic
from symgraph.node import Kind, Node
from symgraph.ops.einsum import Einsum, Indices, einsum_node
from symgraph.ops.leaves import Fill
from symgraph.ops.map import Map
from symgraph.ops.reshape import reshape_node
from symgraph.scalar import slot
from symgraph.shapes import Dim
from symgraph.template import template

__all__ = [
    "TYPICAL", "Factor", "Grouping", "form_of", "grouping", "matrix_product", "normal_einsum",
    "typical",
]  # fmt: skip

Form = Literal["view", "sum", "embed", "product"]

#: The size assumed for a symbol where only an estimate is needed.
TYPICAL = 64


def typical(dim: Dim) -> int:
    """A size as a number, symbols taken as TYPICAL."""
    return dim if isinstance(dim, int) else _estimated(dim)


@lru_cache(maxsize=65536)
def _estimated(dim: sympy.Expr) -> int:
    return int(dim.xreplace(dict.fromkeys(dim.free_symbols, TYPICAL)))


def form_of(node: Node) -> Form:
    """Which of the normal forms an Einsum has."""
    assert isinstance(node, Einsum)
    if len(node.args) > 1:
        return "product"
    if len(set(node.out)) != len(node.out):
        return "embed"
    return "sum" if set(node.ins[0]) - set(node.out) else "view"


class Factor(NamedTuple):
    """One operand of a matrix product, and whether it stands transposed there."""

    node: Node
    turned: bool


def matrix_product(node: Einsum) -> tuple[Factor, Factor] | None:
    """The operands of A @ B, matrices or vectors, in their order; None for another product.

    >>> import symgraph as sg
    >>> A, v = sg.input("A", (2, 3)), sg.input("v", 2)
    >>> [(x.name, turned) for x, turned in matrix_product(sg.einsum("ij,i->j", A, v))]
    [('A', True), ('v', False)]
    """
    left, right = node.ins
    shared = {*left} & {*right}
    if len(left) > 2 or len(right) > 2 or len(shared) != 1 or shared <= {*node.out}:
        return None
    (over,) = shared
    (a, b) = node.args
    for (x, i), (y, j) in (((a, left), (b, right)), ((b, right), (a, left))):
        if (*(k for k in i if k != over), *(k for k in j if k != over)) == node.out:
            return (
                Factor(x, len(i) == 2 and i[0] == over),
                Factor(y, len(j) == 2 and j[1] == over),
            )
    return None


def normal_einsum(node: Node, dots: bool = True, ones: bool = True) -> Node:
    """The value of an Einsum as nodes in normal form; without `ones` none sums one entry alone.

    An axis of one entry that is summed beside longer ones stays: the one channel of an image is
    part of its windows.
    """
    assert isinstance(node, Einsum)
    sizes = node.sizes()
    gone: set[int] = set() if ones else _ones(node, sizes)
    terms = [
        _without_repeats(*_without(indices, arg, gone, node.kind, sizes), sizes)
        for indices, arg in zip(node.ins, node.args, strict=True)
    ]
    used = set().union(*(indices for indices, _ in terms))
    distinct = tuple(dict.fromkeys(node.out))
    core = tuple(i for i in distinct if i in used)
    if len(terms) == 1 and not core and dots:
        terms = _as_dot(*terms[0])
    indices, value = _core(terms, core, sizes)
    value = _moved(indices, value, distinct, sizes)
    return value if distinct == node.out else einsum_node([distinct], node.out, sizes, (value,))


Term = tuple[Indices, Node]


def _ones(node: Einsum, sizes: Mapping[int, Dim]) -> set[int]:
    """The summed axes of one entry that may go: a batch of one leaves outer products."""
    found = {i for i in set().union(*node.ins) if sizes[i] == 1 and i not in node.out}
    shared = set(node.ins[0]).intersection(*node.ins[1:]).difference(node.out)
    return found - shared if shared - found else found


def _without(
    indices: Indices, arg: Node, gone: set[int], kind: Kind, sizes: Mapping[int, Dim]
) -> Term:
    """The operand without these axes of one entry; one of another kind is left to the product."""
    kept = tuple(i for i in indices if i not in gone)
    if kept == indices or arg.kind != kind:
        return indices, arg
    return kept, reshape_node(arg, tuple(sizes[i] for i in kept))


def _without_repeats(indices: Indices, arg: Node, sizes: Mapping[int, Dim]) -> Term:
    """The diagonal, where an operand has an index twice."""
    distinct = tuple(dict.fromkeys(indices))
    if distinct == indices:
        return indices, arg
    return distinct, einsum_node([indices], distinct, sizes, (arg,))


def _moved(indices: Indices, value: Node, out: Indices, sizes: Mapping[int, Dim]) -> Node:
    return value if indices == out else einsum_node([indices], out, sizes, (value,))


def _core(terms: Sequence[Term], out: Indices, sizes: Mapping[int, Dim]) -> Term:
    """The sum of products with the indices of `out`, in an order of its own choice."""
    if len(terms) == 1:
        return _summed(*terms[0], set(out), sizes)
    rest = list(terms)
    for first, second in _pairs([indices for indices, _ in terms], out, sizes):
        left, right = rest[first], rest[second]
        rest = [term for k, term in enumerate(rest) if k not in (first, second)]
        wanted = set(out).union(*(indices for indices, _ in rest))
        rest.append(_pair(left, right, wanted, out if not rest else (), sizes))
    return rest[0]


def _pairs(
    parts: Sequence[Indices], out: Indices, sizes: Mapping[int, Dim]
) -> Sequence[tuple[int, int]]:
    """Which two operands to join next; a result goes to the end of the list."""
    if len(parts) == 2:
        return [(0, 1)]
    numbers = tuple((i, typical(sizes[i])) for i in sorted(set().union(*parts)))
    return _path(tuple(parts), out, numbers)


@lru_cache(maxsize=1024)
def _path(
    parts: tuple[Indices, ...], out: Indices, numbers: tuple[tuple[int, int], ...]
) -> Sequence[tuple[int, int]]:
    import opt_einsum

    size = {i: max(n, 1) for i, n in numbers}
    inputs = [frozenset(part) for part in parts]
    found = opt_einsum.paths.greedy(inputs, frozenset(out), size)
    if len(parts) <= 6:
        found = opt_einsum.paths.optimal(inputs, frozenset(out), size)
    pairs: list[tuple[int, int]] = []
    for step in found:
        assert len(step) == 2
        pairs.append((min(step), max(step)))
    return pairs


def _summed(indices: Indices, arg: Node, wanted: set[int], sizes: Mapping[int, Dim]) -> Term:
    """The operand without the indices that nobody wants."""
    kept = tuple(i for i in indices if i in wanted)
    if kept == indices:
        return indices, arg
    return kept, einsum_node([indices], kept, sizes, (arg,))


_MULTIPLY, _SQUARE = template(slot(0) * slot(1), 2), template(slot(0) ** 2, 1)


def _as_dot(indices: Indices, arg: Node) -> list[Term]:
    """The sum of an elementwise product as a dot product."""
    factors = _factors(arg)
    return [(indices, arg)] if factors is None else [(indices, factor) for factor in factors]


def _factors(node: Node) -> tuple[Node, Node] | None:
    """The two factors of an elementwise product, whose full sum is their dot product."""
    if type(node) is not Map or node.kind != "real":
        return None
    args = node.args
    if node.template is _SQUARE:
        return args[0], args[0]
    if node.template is not _MULTIPLY or args[0].shape != args[1].shape:
        return None
    plain = not any(isinstance(a, Fill) or a.kind != "real" for a in args)
    return (args[0], args[1]) if plain else None


def _pair(
    left: Term, right: Term, wanted: set[int], order: Indices, sizes: Mapping[int, Dim]
) -> Term:
    """Two operands as one."""
    a_indices, a = _summed(*left, wanted | set(right[0]), sizes)
    b_indices, b = _summed(*right, wanted | set(left[0]), sizes)
    joint = tuple(dict.fromkeys((*a_indices, *b_indices)))
    kept = tuple(i for i in joint if i in wanted)
    if order:
        kept = tuple(i for i in order if i in kept)
    if len(kept) < len(joint):
        return kept, einsum_node([a_indices, b_indices], kept, sizes, (a, b))
    factors = [_aligned(i, x, kept, sizes) for i, x in ((a_indices, a), (b_indices, b))]
    return kept, basic("multiply", *factors)


def _aligned(indices: Indices, x: Node, out: Indices, sizes: Mapping[int, Dim]) -> Node:
    """x with its axes in the order of `out` and axes of size 1 where it has none."""
    if indices == out[len(out) - len(indices) :]:
        return x
    first = min((k for k, i in enumerate(out) if i in indices), default=0)
    ones = {-1 - k: 1 for k in range(len(out))}
    target = tuple(i if i in indices else -1 - k for k, i in enumerate(out))[first:]
    return einsum_node([indices], target, {**sizes, **ones}, (x,))


# --- products of two -----------------------------------------------------------------------------


class Grouping(NamedTuple):
    """A product of two as (lead, m, k) times (lead, k, n), giving the axes `out`.

    `swapped`: the right operand of the Einsum takes the part of the left one here. An index of
    `lead` that an operand lacks repeats it. `out` is the order in which the result is computed;
    where it differs from the order asked for, the result is a view.
    """

    lead: Indices
    m: Indices
    n: Indices
    k: Indices
    swapped: bool
    out: Indices


@lru_cache(maxsize=4096)
def grouping(left: Indices, right: Indices, out: Indices) -> Grouping:
    """How two operands with these indices are multiplied."""
    a, b = set(left), set(right)
    k = tuple(i for i in left if i in b and i not in out)
    for count in range(len(out) + 1):
        lead, rest = out[:count], out[count:]
        if any(i in a and i in b for i in rest):
            continue
        owners = [i in a for i in rest]
        turns = sum(x != y for x, y in itertools.pairwise(owners))
        if turns > 1:
            continue
        m, n = tuple(i for i in rest if i in a), tuple(i for i in rest if i in b)
        starved = (not m and any(i not in b for i in lead)) or (
            not n and any(i not in a for i in lead)
        )
        if starved:
            break
        if owners and not owners[0]:
            return Grouping(lead, n, m, k, True, out)
        return Grouping(lead, m, n, k, False, out)
    lead = tuple(i for i in out if i in a and i in b)
    m, n = tuple(i for i in out if i not in b), tuple(i for i in out if i not in a)
    return Grouping(lead, m, n, k, False, (*lead, *m, *n))


def size_of(indices: Sequence[int], sizes: Mapping[int, Dim]) -> int:
    """The number of entries over some indices, symbols taken as TYPICAL."""
    return math.prod(typical(sizes[i]) for i in indices)
