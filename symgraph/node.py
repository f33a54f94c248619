"""Node: one vertex of the expression DAG, a real SymPy `Expr` that SymPy never walks as a tree.

Nodes are hash-consed: the same class, parameters and operands give the same object, so equality
is identity and a shared subexpression is shared in memory. `serial` numbers grow with creation,
but a node may be there already when a formula asks for it: walks go from left to right instead, and
only the steps of a derivation come in the order of creation. No walk here recurses, and a chain of
100 000 nodes is an ordinary value.

SymPy's own methods treat an expression as a tree, which is exponential on a DAG and overflows the
stack on a deep one. This class answers those that need a walk in time linear in the nodes; its base
`Opaque` answers the others.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import sympy
from sympy.core.assumptions import StdFactKB, _assume_defined

from symgraph.errors import KindError, ShapeError, UnsupportedError
from symgraph.node_symbol import NodeSymbol
from symgraph.opaque import Opaque
from symgraph.operators import Operand, operators
from symgraph.printing import Format, Piece, Style, pretty_text, written
from symgraph.shapes import Dim, Shape, shape_text
from symgraph.walks import reachable, topological, variables

__all__ = [
    "Claim",
    "Kind",
    "Node",
    "intern",
    "promote",
    "substitute",
]

Kind = Literal["real", "integer", "boolean"]
_ORDER: dict[str, int] = {"boolean": 0, "integer": 1, "real": 2}
_BY_ORDER: tuple[Kind, ...] = ("boolean", "integer", "real")


def promote(*kinds: Kind) -> Kind:
    """The kind of a value that can be any of these: boolean < integer < real.

    >>> promote("boolean", "integer"), promote("integer", "real")
    ('integer', 'real')
    """
    return _BY_ORDER[max(_ORDER[kind] for kind in kinds)]


def _facts(kind: Kind) -> StdFactKB:
    """Every SymPy assumption settled in advance, so that no query ever looks at the operands."""
    known = StdFactKB({"real": True} if kind == "real" else {"integer": True})
    for fact in _assume_defined:
        if fact not in known:
            known[fact] = None
    return known


_FACTS: dict[Kind, StdFactKB] = {kind: _facts(kind) for kind in _BY_ORDER}


class _Entry(weakref.ref["Node"]):
    """A weak reference that knows its key in the table of nodes."""

    __slots__ = ("key",)
    key: tuple[Any, ...]


_table: dict[tuple[Any, ...], _Entry] = {}
_serials = itertools.count()
# Taken only where an entry is removed or replaced; an RLock, because the collector may call
# `_forget` in the midst of `_replace`.
_lock = threading.RLock()


def _forget(entry: Any) -> None:
    """Remove the entry of a node that has died, unless a new node has taken its place."""
    key = entry.key
    with _lock:
        if _table.get(key) is entry:
            del _table[key]


def _replace(entry: _Entry, node: Node) -> Node:
    """Enter a node whose place is taken by one that has died, or by a rival of another thread."""
    with _lock:
        rival = _table.setdefault(entry.key, entry)()
        if rival is None:
            _table[entry.key] = entry
            return node
        return rival


def intern(
    cls: type[Node],
    args: tuple[Node, ...],
    params: tuple[Any, ...],
    shape: Shape,
    kind: Kind,
    key: tuple[Any, ...] | None = None,
) -> Node:
    """The one node of this class, parameters and operands; made now if there is none yet.

    `key` is given where a shorter one than (class, parameters, operands) tells the node from all
    others: a tuple of ints costs the garbage collector nothing.
    """
    if key is None:
        key = (cls, params, *map(id, args))
    entry = _table.get(key)
    if entry is not None:
        found = entry()
        if found is not None:
            return found
    node: Any = object.__new__(cls)
    node._mhash = None
    node._args = args
    node._assumptions = _FACTS[kind]
    node.params = params
    node.shape = shape
    node.kind = kind
    node.serial = next(_serials)
    entry = _Entry(node, _forget)
    entry.key = key
    made: Node = node
    return made if _table.setdefault(key, entry) is entry else _replace(entry, made)


class Node(Operand, Opaque):
    """A vertex of the DAG: a value with a shape and a kind, made from other nodes.

    `args` are the operands, `params` the hashable constants of the operation, `shape` a tuple of
    sizes (int or SymPy expression), `kind` one of "real", "integer", "boolean".

    Subclasses are the primitives. Each states its shape rule in its constructor function, its
    meaning twice (`entry`, an indexed SymPy formula, and `evaluate`, NumPy), its derivative twice
    (`vjp`, `jvp`) and how it is written (`form`). The contract tests hold these against one
    another for every registered primitive.
    """

    __slots__ = ("__weakref__", "kind", "params", "serial", "shape")

    _args: tuple[Node, ...]
    _mhash: int | None
    _assumptions: StdFactKB
    params: tuple[Any, ...]
    shape: Shape
    kind: Kind
    serial: int

    #: All primitives by class name, in order of definition.
    registry: ClassVar[dict[str, type[Node]]] = {}

    def __init_subclass__(cls, *, primitive: bool = True) -> None:
        super().__init_subclass__()
        if primitive:
            Node.registry[cls.__name__] = cls

    # --- what a primitive states --------------------------------------------------------------

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        """The NumPy meaning: the value of this node given the values of its operands."""
        raise UnsupportedError(f"{type(self).__name__} has no value of its own.")

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        """The meaning as a SymPy formula: the entry at `index`.

        `read(k, i)` is the entry of operand k at index i.
        """
        raise UnsupportedError(f"{type(self).__name__} has no entry formula.")

    def vjp(self, ct: Node, k: int) -> Node | None:
        """The cotangent that operand k receives from the cotangent `ct` of this node.

        Shape: that of operand k. None where operand k has no influence.
        """
        raise UnsupportedError(f"{type(self).__name__} has no derivative.")

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        """The tangent of this node from tangents of its operands; None stands for zero."""
        raise UnsupportedError(f"{type(self).__name__} has no derivative.")

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        """How the operation is written, given its written operands."""
        raise UnsupportedError(f"{type(self).__name__} has no written form.")

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        """The same operation for every entry of a new leading axis.

        `args[k]` has shape (size, *shape of operand k) where `flags[k]`, else it is operand k.
        """
        raise UnsupportedError(f"{type(self).__name__} has no batched form.")

    is_variable = False
    # A loop has several results: the walks of `ops.sweep` treat it and its projections together.
    is_loop = False
    is_projection = False

    def as_loop(self) -> Any:
        """This node as a loop."""
        raise UnsupportedError(f"{type(self).__name__} is not a loop.")

    def project(self, image: Any) -> Node | None:
        """The same result of what the loop became under a walk."""
        raise UnsupportedError(f"{type(self).__name__} is not a result of a loop.")

    def unrolled_entries(self, table: Callable[[int], Any]) -> Any:
        """All entries after unrolling, from entry tables of the loop's operands."""
        raise UnsupportedError(f"{type(self).__name__} is not a result of a loop.")

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        """The node of this class with these parameters on other operands."""
        raise UnsupportedError(f"{cls.__name__} cannot be rebuilt.")

    @classmethod
    def folded(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        """As `rebuild`, with the shortening rules for gradients and compiler passes."""
        return cls.rebuild(params, args)

    # --- the SymPy face -----------------------------------------------------------------------

    # SymPy's functions call `sympify` on what they are given and keep the result; None here makes
    # that ask `_sympy_`, so that what they keep is a symbol and not the graph behind it.
    __sympy__ = None

    def _sympy_(self) -> NodeSymbol:
        return NodeSymbol(self)

    def __new__(cls, *args: object, **kwargs: object) -> Self:
        raise UnsupportedError(
            f"{cls.__name__} is not called directly; use the functions of symgraph, such as "
            "sg.input, sg.matmul or sg.tanh."
        )

    @property
    def func(self) -> Callable[..., Node]:
        """A callable with `n.func(*n.args) is n`."""

        def make(*args: Any) -> Node:
            if args == self._args:
                return self
            operands = map(_as_operand, args, self._args)
            return type(self).rebuild(self.params, tuple(operands))

        return make

    @property
    def args(self) -> tuple[Node, ...]:
        return self._args

    @property
    def is_Atom(self) -> bool:
        return not self._args

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def T(self) -> Node:
        """All axes in reverse order."""
        return operators["transpose"](self)

    __hash__ = object.__hash__  # the C function itself: dictionaries of nodes are everywhere

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True
        if not isinstance(other, (Node, int, float)):
            return NotImplemented
        # About two variables, or a variable and a number, there is nothing to claim.
        says_nothing = not self.args and not getattr(other, "args", ())
        return False if says_nothing else Claim(self, other)

    def __ne__(self, other: object) -> bool:
        return False if self is other else NotImplemented

    def __bool__(self) -> bool:
        if self.kind == "boolean":
            raise KindError(
                f"{self}: a comparison of nodes has no truth value while the graph is built. "
                "Use sg.where(condition, a, b) instead of if."
            )
        return True

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.serial,)

    @classmethod
    def class_key(cls) -> tuple[int, int, str]:
        return 5, 0, cls.__name__

    def sort_key(self, order: str | None = None) -> tuple[Any, ...]:
        return self.class_key(), (1, (str(self.serial).zfill(12),)), sympy.S.One.sort_key(), 1

    def compare(self, other: Any) -> int:
        if self is other:
            return 0
        mine, theirs = self.sort_key(), other.sort_key()
        return int(mine > theirs) - int(mine < theirs)

    @property
    def assumptions0(self) -> dict[str, bool]:
        return {fact: value for fact, value in self._assumptions.items() if value is not None}

    # --- walks over the DAG, all iterative ----------------------------------------------------

    @property
    def free_symbols(self) -> set[Any]:
        """The variables that the value depends on."""
        return set(variables([self]))

    @property
    def binary_symbols(self) -> set[Any]:
        return set()

    expr_free_symbols = free_symbols

    def atoms(self, *types: Any) -> set[Any]:
        """The leaves, or all reachable nodes of the given types."""
        nodes = reachable([self])
        if not types:
            return {node for node in nodes if not node._args}
        kinds = tuple(one if isinstance(one, type) else type(one) for one in types)
        return {node for node in nodes if isinstance(node, kinds)}

    def has(self, *patterns: Any) -> bool:
        """Whether one of the given nodes, or a node of one of the given classes, is reachable."""
        nodes = reachable([self])
        classes = tuple(one for one in patterns if isinstance(one, type))
        return any(one in nodes for one in patterns if isinstance(one, sympy.Basic)) or any(
            isinstance(node, classes) for node in nodes
        )

    has_free = has

    def has_xfree(self, patterns: Iterable[Any]) -> bool:
        """As `has`, for a set."""
        return self.has(*patterns)

    def _has(self, *patterns: Any) -> bool:
        return self.has(*patterns)

    def find(self, query: Any, group: bool = False) -> Any:
        """All reachable nodes that a predicate accepts, or that are of a class."""
        accept = (lambda node: isinstance(node, query)) if isinstance(query, type) else query
        found = [node for node in topological([self]) if accept(node)]
        return dict.fromkeys(found, 1) if group else set(found)

    def count(self, query: Any) -> int:
        """How many reachable nodes a predicate or a class accepts."""
        return len(self.find(query))

    def count_ops(self, visual: Any = None) -> int:
        """The number of operations, each shared one counted once."""
        return sum(1 for node in reachable([self]) if node._args)

    def xreplace(self, rule: Mapping[Any, Any]) -> Node:
        """The same expression with some nodes exchanged for others of the same shape."""
        chosen = {_behind(k): _behind(v) for k, v in rule.items()}
        return substitute([self], {k: v for k, v in chosen.items() if isinstance(k, Node)})[0]

    def _xreplace(self, rule: Mapping[Any, Any]) -> tuple[Node, bool]:
        new = self.xreplace(rule)
        return new, new is not self

    def subs(self, *args: Any, **kwargs: Any) -> Node:
        """As `xreplace`, with numbers too; takes a mapping, a list of pairs, or old and new."""
        pairs = [args] if len(args) == 2 else args[0]
        rule = dict(pairs.items() if isinstance(pairs, Mapping) else pairs)
        return self.xreplace({old: operators["as_node"](new) for old, new in rule.items()})

    def _subs(self, old: Any, new: Any, **hints: Any) -> Node:
        return self.xreplace({old: new})

    def replace(self, query: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        return self.xreplace({query: value}) if isinstance(_behind(query), Node) else self

    # --- writing ------------------------------------------------------------------------------

    def _written(self, style: Style) -> str:
        return written([self], style).text

    def __str__(self) -> str:
        return self._written("text")

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def _sympystr(self, printer: object) -> str:
        return self._written("text")

    _sympyrepr = _sympystr

    def _latex(self, printer: object, exp: str | None = None) -> str:
        text = self._written("latex")
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _pretty(self, printer: object) -> Any:
        return pretty_text(self._written("unicode"))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self._written('latex')}$"

    # --- copying ------------------------------------------------------------------------------

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """A flat program, so that deep graphs pickle without recursion."""
        order = topological([self])
        place = {node: i for i, node in enumerate(order)}
        steps = [(type(n), n.params, tuple(place[a] for a in n._args)) for n in order]
        return operators["replay"], (steps,)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return ()


class Claim:
    """What `a == b` of two different values says: that they are equal. `sg.assume` takes it.

    Wherever a truth value is wanted it is False, because nodes are equal only when they are one.
    """

    __slots__ = ("left", "right")

    def __init__(self, left: Node, right: Node | float) -> None:
        self.left = left
        self.right = right

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Claim):
            return self.left is other.left and self.right is other.right
        return other is False

    def __hash__(self) -> int:
        return hash(False)

    def __repr__(self) -> str:
        return f"{self.left} == {self.right}"


def _behind(value: Any) -> Any:
    """The node behind a symbol that stands for one; anything else as it is."""
    return value.node if isinstance(value, NodeSymbol) else value


def _as_operand(new: Any, old: Node) -> Node:
    """What SymPy puts in the place of an operand; its symbols are scalars.

    Raises ShapeError when a symbol is to stand for something else.
    """
    if isinstance(new, Node):
        return new
    lifted = operators["lift"](new, "func")
    if lifted.shape != old.shape:
        raise ShapeError(
            f"func: {new} is a scalar, the operand that it replaces has shape "
            f"{shape_text(old.shape)}. Give a node of that shape."
        )
    return lifted


def substitute(roots: Sequence[Node], rule: Mapping[Node, Any]) -> list[Node]:
    """The roots with some nodes exchanged; everything untouched stays the same object.

    Raises KindError when a replacement is not a node of the same shape.
    """
    for old, new in rule.items():
        if not isinstance(new, Node) or new.shape != old.shape:
            shape = shape_text(new.shape) if isinstance(new, Node) else type(new).__name__
            raise KindError(
                f"replacing {old}: it has shape {shape_text(old.shape)}, the replacement {shape}. "
                "Give a node of the same shape."
            )
    new_of: dict[Node, Node] = dict(rule)
    for node in topological(roots):
        if node in new_of:
            continue
        args = tuple(new_of[a] for a in node._args)
        same = all(map(lambda a, b: a is b, args, node._args))
        new_of[node] = node if same else type(node).rebuild(node.params, args)
    return [new_of[root] for root in roots]
