"""Parts of a net that have a name of their own: means, softmax, normalisation, dropout, attention.

They are found by what is computed, so that a net written out by hand shows them too. A part that
holds a value with a name of its own stays open: that name is what the reader is to see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sympy

from symgraph.draw.nets.windows import windowed
from symgraph.draw.view import Language
from symgraph.node import Node
from symgraph.ops import Einsum, Fill, Let, Map, Random, Reduce, Reshape, Var
from symgraph.ops.let import bare, is_naming
from symgraph.scalar import slot
from symgraph.template import function_name

__all__ = ["Composite", "CompositeKind", "composite_latex", "composites"]

CompositeKind = Literal[
    "softmax", "mean", "layer norm", "batch norm", "dropout", "attention", "masked attention"
]
_WORDS: dict[CompositeKind, tuple[str, str]] = {
    "softmax": ("softmax", "softmax"),
    "mean": ("mean", "平均"),
    "layer norm": ("layer norm", "层归一化"),
    "batch norm": ("batch norm", "批归一化"),
    "dropout": ("dropout", "随机失活"),
    "attention": ("attention", "注意力"),
    "masked attention": ("masked attention", "掩码注意力"),
}
_HEADS = ("heads", "个头")
#: A part that has a name is made of so few values; more are another net.
_LARGEST = 80
Users = Mapping[Node, set[Node]]


@dataclass(frozen=True, slots=True)
class Composite:
    """One part: what it is, the values that it hands on and takes, and what lies between.

    Several heads of attention are one part with an end for each.
    """

    kind: CompositeKind
    ends: tuple[Node, ...]
    source: Node
    inner: frozenset[Node]

    @property
    def weights(self) -> list[Var]:
        """Its parameters, as they were declared."""
        leaves = [node for node in self.inner if isinstance(node, Var)]
        return sorted((leaf for leaf in leaves if leaf.role == "parameter"), key=_declared)


def _declared(leaf: Var) -> int:
    return leaf.serial


def composite_latex(kind: CompositeKind, heads: int, language: Language) -> str:
    """What a part is called.

    >>> composite_latex("attention", 2, "en")
    '\\\\text{attention, 2 heads}'
    """
    zh = language == "zh"
    word = _WORDS[kind][zh]
    if heads > 1:
        word = f"{word}，{heads} {_HEADS[zh]}" if zh else f"{word}, {heads} {_HEADS[zh]}"
    return rf"\text{{{word}}}"


def composites(order: Sequence[Node], users: Users) -> dict[Node, Composite]:
    """The parts by the values that they hand on; none of them lies in another one."""
    found: list[Composite] = []
    for node in order:
        for read in _READERS:
            part = read(node, users)
            if part is not None:
                found.append(part)
                break
    found = _joined(found, users)
    inside = {node for part in found for node in part.inner}
    return {end: part for part in found if part.ends[0] not in inside for end in part.ends}


# --- what lies between ------------------------------------------------------------------------


def _part(
    kind: CompositeKind, end: Node, source: Node, users: Users, *, named: bool = False
) -> Composite | None:
    """The part from a value to an end, where nothing else leads in or out.

    With `named` it may hold names.
    """
    inner: set[Node] = set()
    waiting = [end]
    while waiting:
        for arg in waiting.pop().args:
            if arg is not source and arg not in inner:
                inner.add(arg)
                waiting.append(arg)
        if len(inner) > _LARGEST:
            return None
    whole = inner | {end}
    for node in inner:
        if isinstance(node, Var):
            if node.role not in ("parameter", "state") and not _only_switches(node, whole, users):
                return None
            continue
        is_shown = isinstance(node, Let) and node.let_name and not named
        if is_shown or (_moves(node, source, inner) and not users.get(node, set()) <= whole):
            return None
    reached = any(source in node.args for node in whole)
    return Composite(kind, (end,), source, frozenset(inner)) if reached else None


def _only_switches(leaf: Var, whole: set[Node], users: Users) -> bool:
    """Whether a leaf is no data: whether it is in training, the number of a random draw."""
    return leaf.kind == "boolean" or all(
        isinstance(user, Random) for user in users[leaf] if user in whole
    )


def _moves(node: Node, source: Node, inner: set[Node]) -> bool:
    """Whether a value depends on the source."""
    waiting, seen = [node], {node}
    while waiting:
        for arg in waiting.pop().args:
            if arg is source:
                return True
            if arg in inner and arg not in seen:
                seen.add(arg)
                waiting.append(arg)
    return False


def _is_map(node: Node, expr: object) -> bool:
    return isinstance(node, Map) and bool(node.template.expr == expr)


def _holds(node: Node, kind: type[Node]) -> bool:
    return any(isinstance(one, kind) for one in _behind(node))


def _behind(node: Node) -> Iterator[Node]:
    """A value and some of what it is made of."""
    waiting, seen = [node], {node}
    while waiting and len(seen) <= _LARGEST:
        one = waiting.pop()
        yield one
        new = [arg for arg in one.args if arg not in seen]
        seen.update(new)
        waiting += new


# --- the parts --------------------------------------------------------------------------------


def _softmax(node: Node, users: Users) -> Composite | None:
    """exp(a - logsumexp(a))."""
    if not (isinstance(node, Map) and function_name(node.template.expr) == "exp"):
        return None
    scores = _scores(node)
    return None if scores is None else _part("softmax", node, scores, users)


def _scores(node: Node) -> Node | None:
    """What a softmax is taken of."""
    node = bare(node)
    if not (isinstance(node, Map) and function_name(node.template.expr) == "exp"):
        return None
    inner = node.args[0]
    if not _is_map(inner, slot(0) - slot(1)):
        return None
    scores, total = inner.args
    total = total.args[0] if isinstance(total, Reshape) else total
    is_total = isinstance(total, Reduce) and total.operation == "logsumexp"
    return scores if is_total and total.args[0] is scores else None


def _mean(node: Node, users: Users) -> Composite | None:
    """A sum over some axes by a count."""
    if not _is_map(node, slot(0) / slot(1)) or windowed(node) is not None:
        return None
    total, count = node.args
    if not (isinstance(total, Einsum) and isinstance(count, Fill) and len(total.args) == 1):
        return None
    summed = set(total.ins[0]) - set(total.out)
    return _part("mean", node, total.args[0], users) if summed else None


def _norm(node: Node, users: Users) -> Composite | None:
    """(x - mean)/√(variance + ε), with the scale and the shift that may follow."""
    if not _is_map(node, slot(0) / slot(1)):
        return None
    centred, root = node.args
    if not _is_map(centred, slot(0) - slot(1)):
        return None
    if not _is_map(root, sympy.sqrt(slot(0))):
        return None
    x = centred.args[0]
    if not _holds(root, Einsum) or not _holds(centred.args[1], Einsum):
        return None
    of_batch = root.ndim > 1 and root.shape[0] == 1 and root.shape[-1] != 1
    kind: CompositeKind = "batch norm" if of_batch else "layer norm"
    end = node
    for expr in (slot(0) * slot(1), slot(0) + slot(1)):
        end = _weighted(end, expr, users) or end
    return _part(kind, end, x, users)


def _weighted(node: Node, expr: object, users: Users) -> Node | None:
    """The only user, where it adds or multiplies a weight."""
    above = users.get(node, set())
    if len(above) != 1:
        return None
    (user,) = above
    return user if _is_map(user, expr) and _is_weight(user.args[1]) else None


def _is_weight(node: Node) -> bool:
    node = node.args[0] if isinstance(node, Reshape) else node
    return isinstance(node, Var) and node.role == "parameter"


def _dropout(node: Node, users: Users) -> Composite | None:
    """In training a random mask, else the value itself."""
    if not (isinstance(node, Map) and function_name(node.template.expr) == "where"):
        return None
    if len(node.args) != 3 or not _holds(node.args[1], Random):
        return None
    return _part("dropout", node, node.args[2], users)


def _head(node: Node, users: Users) -> Composite | None:
    """softmax(Q Kᵀ/√d) V where Q, K and V are products of one value with weights."""
    if not isinstance(node, Einsum) or len(node.args) != 2:
        return None
    scores, values = _scores(node.args[0]), bare(node.args[1])
    if scores is None or not (isinstance(values, Einsum) and _is_weight(values.args[-1])):
        return None
    masked = isinstance(scores, Map) and function_name(scores.template.expr) == "where"
    end = node
    while len(users.get(end, ())) == 1:
        (user,) = users[end]
        is_weighted = isinstance(user, Einsum) and _is_weight(user.args[-1])
        if not is_naming(user) and not is_weighted:
            break
        end = user
        if is_weighted:
            break
    kind: CompositeKind = "masked attention" if masked else "attention"
    return _part(kind, end, values.args[0], users, named=True)


_READERS: tuple[Callable[[Node, Users], Composite | None], ...] = (
    _head, _dropout, _norm, _softmax, _mean,
)  # fmt: skip


def _joined(parts: Sequence[Composite], users: Users) -> list[Composite]:
    """Heads that read one value and are added to one sum are one part."""
    found: list[Composite] = []
    heads: dict[tuple[CompositeKind, Node, Node], int] = {}
    for part in parts:
        if not part.kind.endswith("attention"):
            found.append(part)
            continue
        key = part.kind, part.source, _sum_above(part.ends[0], users)
        if key in heads:
            first = found[heads[key]]
            inner = first.inner | part.inner
            found[heads[key]] = Composite(part.kind, first.ends + part.ends, part.source, inner)
        else:
            heads[key] = len(found)
            found.append(part)
    return found


def _sum_above(node: Node, users: Users) -> Node:
    """The whole sum that a value is an addend of; itself where it is none."""
    while len(users.get(node, ())) == 1:
        (user,) = users[node]
        if not _is_map(user, slot(0) + slot(1)):
            break
        node = user
    return node
