"""Node: one vertex of the expression DAG, a real SymPy `Expr` that SymPy never walks as a tree.

Nodes are hash-consed: the same class, parameters and operands give the same object, so equality
is identity and a shared subexpression is shared in memory. `serial` numbers grow with creation,
but a node may be there already when a formula asks for it: walks go from left to right instead, and
only the steps of a derivation come in the order of creation. No walk here recurses, and a chain of
100 000 nodes is an ordinary value.

SymPy's own methods treat an expression as a tree, which is exponential on a DAG and overflows the
stack on a deep one. This class answers each of them in time linear in the nodes, or refuses.
"""

from __future__ import annotations

import itertools
import operator
import threading
import weakref
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, NoReturn, Self, TypeVar

import sympy
from sympy.core.assumptions import StdFactKB, _assume_defined
from sympy.logic.boolalg import Boolean

from symgraph.errors import KindError, NameClashError, ShapeError, UnsupportedError
from symgraph.printing import ATOM, Format, Piece, Style, visible, written
from symgraph.shapes import Dim, Shape, shape_text

__all__ = [
    "Claim",
    "Kind",
    "Node",
    "NodeSymbol",
    "check_names",
    "dag_size",
    "depth_first",
    "describe",
    "intern",
    "operators",
    "promote",
    "reachable",
    "substitute",
    "topological",
    "variables",
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

#: A node made of more nodes than this appears in a plain SymPy expression by its number.
LEGIBLE = 200

#: What `a + b` and friends do; filled by the module that defines the user functions.
operators: dict[str, Callable[..., Node]] = {}


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


class Node(sympy.Expr, Boolean):
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

    # SymPy asks these of every expression.
    _argset = ()  # where `sympy.preorder_traversal` looks for more, and then ends
    is_number = False
    is_comparable = False
    _op_priority = 100.0

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

    def _operate(self, name: str, *operands: object) -> Node:
        return operators[name](self, *operands)

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

    # --- SymPy methods that must not look inside ----------------------------------------------

    def _itself(self, *args: object, **kwargs: object) -> Self:
        return self

    doit = expand = simplify = refine = cancel = factor = together = apart = _itself
    nsimplify = collect = ratsimp = trigsimp = radsimp = powsimp = normal = removeO = _itself
    rewrite = _rewrite = as_dummy = copy = as_expr = conjugate = adjoint = _itself
    evalf = n = _eval_evalf = _eval_simplify = _eval_refine = _eval_conjugate = _itself
    combsimp = gammasimp = separate = rcall = _itself
    _eval_rewrite = __copy__ = __pos__ = to_nnf = _eval_adjoint = _itself

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def _no(self, *args: object, **kwargs: object) -> bool:
        return False

    could_extract_minus_sign = is_polynomial = is_rational_function = _no
    is_algebraic_expr = is_meromorphic = is_constant = _no
    _eval_is_comparable = _no

    def _nothing(self, *args: object, **kwargs: object) -> None:
        return None

    match = matches = as_coefficient = extract_multiplicatively = extract_additively = _nothing
    _eval_power = _eval_is_extended_positive_negative = _eval_subs = _nothing

    def equals(self, other: object, failing_expression: bool = False) -> bool | None:
        return True if self is other else None

    def is_same(self, other: object, approx: object = None) -> bool:
        return self is other

    def dummy_eq(self, other: object, symbol: object = None) -> bool:
        return self is other

    def is_hypergeometric(self, k: object) -> bool:
        return False

    def as_content_primitive(self, radical: bool = False, clear: bool = True) -> tuple[Any, Node]:
        return sympy.S.One, self

    def primitive(self) -> tuple[Any, Node]:
        return sympy.S.One, self

    def as_coeff_Mul(self, rational: bool = False) -> tuple[Any, Node]:
        return sympy.S.One, self

    def as_coeff_Add(self, rational: bool = False) -> tuple[Any, Node]:
        return sympy.S.Zero, self

    def as_coeff_mul(self, *deps: object, **kwargs: object) -> tuple[Any, tuple[Node]]:
        return sympy.S.One, (self,)

    def as_coeff_add(self, *deps: object) -> tuple[Any, tuple[Node]]:
        return sympy.S.Zero, (self,)

    def as_base_exp(self) -> tuple[Node, Any]:
        return self, sympy.S.One

    def as_numer_denom(self) -> tuple[Node, Any]:
        return self, sympy.S.One

    def as_real_imag(self, deep: bool = True, **hints: object) -> tuple[Node, Any]:
        return self, sympy.S.Zero

    def as_powers_dict(self) -> dict[Any, Any]:
        return {self: sympy.S.One}

    def as_coefficients_dict(self, *syms: object) -> dict[Any, Any]:
        return {self: sympy.S.One}

    def as_ordered_factors(self, order: object = None) -> list[Node]:
        return [self]

    def as_ordered_terms(self, order: object = None, data: bool = False) -> list[Node]:
        return [self]

    def args_cnc(self, cset: bool = False, *args: object, **kwargs: object) -> list[Any]:
        return [{self} if cset else [self], []]

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        raise UnsupportedError(
            f"node of shape {shape_text(self.shape)}: SymPy would walk the graph as a tree. "
            "Use sg.grad, sg.jacobian or sg.derive for derivatives, and n.to_sympy() for a small "
            "plain expression."
        )

    diff = _eval_derivative = _eval_derivative_n_times = integrate = series = limit = _refuse
    as_leading_term = nseries = _eval_nseries = as_poly = as_terms = as_independent = _refuse
    _eval_derivative_matrix_lines = fourier_series = fps = aseries = lseries = _refuse

    def _is_number_request(self, *args: object, **options: object) -> NoReturn:
        raise KindError(
            f"node of shape {shape_text(self.shape)} is a formula, not a number. "
            "Use sg.evaluate(node, values) or sg.compile(...)."
        )

    __int__ = __float__ = __complex__ = __index__ = _is_number_request
    __array__ = __round__ = __trunc__ = _is_number_request

    def __len__(self) -> int:
        if not self.shape or not isinstance(self.shape[0], int):
            raise KindError(
                f"node of shape {shape_text(self.shape)} has no length; its first size must be a "
                "number. Read the sizes from .shape."
            )
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape or not isinstance(self.shape[0], int):
            raise KindError(
                f"node of shape {shape_text(self.shape)} cannot be iterated; its first size must "
                "be a number. Use sg.scan for a symbolic length."
            )
        return (self[i] for i in range(self.shape[0]))

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
        return _pretty_text(self._written("unicode"))

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

    # --- operators; their meaning is defined with the user functions ---------------------------

    def __add__(self, other: Any) -> Node:
        return operators["add"](self, other)

    def __radd__(self, other: Any) -> Node:
        return operators["add"](other, self)

    def __sub__(self, other: Any) -> Node:
        return operators["subtract"](self, other)

    def __rsub__(self, other: Any) -> Node:
        return operators["subtract"](other, self)

    def __mul__(self, other: Any) -> Node:
        return operators["multiply"](self, other)

    def __rmul__(self, other: Any) -> Node:
        return operators["multiply"](other, self)

    def __truediv__(self, other: Any) -> Node:
        return operators["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return operators["divide"](other, self)

    def __pow__(self, other: Any, mod: object = None) -> Node:
        return operators["power"](self, other)

    def __rpow__(self, other: Any) -> Node:
        return operators["power"](other, self)

    def __floordiv__(self, other: Any) -> Node:
        return operators["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Node:
        return operators["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Node:
        return operators["remainder"](self, other)

    def __rmod__(self, other: Any) -> Node:
        return operators["remainder"](other, self)

    def __matmul__(self, other: Any) -> Node:
        return operators["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Node:
        return operators["matmul"](other, self)

    def __neg__(self) -> Node:
        return operators["negative"](self)

    def __abs__(self) -> Node:
        return operators["abs"](self)

    def __lt__(self, other: Any) -> Node:
        return operators["less"](self, other)

    def __le__(self, other: Any) -> Node:
        return operators["less_equal"](self, other)

    def __gt__(self, other: Any) -> Node:
        return operators["greater"](self, other)

    def __ge__(self, other: Any) -> Node:
        return operators["greater_equal"](self, other)

    def __and__(self, other: Any) -> Node:
        return operators["logical_and"](self, other)

    def __rand__(self, other: Any) -> Node:
        return operators["logical_and"](other, self)

    def __or__(self, other: Any) -> Node:
        return operators["logical_or"](self, other)

    def __ror__(self, other: Any) -> Node:
        return operators["logical_or"](other, self)

    def __invert__(self) -> Node:
        return operators["logical_not"](self)

    def __getitem__(self, key: Any) -> Node:
        return self._operate("getitem", key)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Node:
        """`np.tanh(node)` and `array + node` are the functions of the same name here."""
        make = operators.get(ufunc.__name__)
        if make is None or method != "__call__" or options:
            raise UnsupportedError(
                f"np.{ufunc.__name__} of {describe(self)}: there is no such function of nodes. "
                "Use a function of symgraph, such as sg.tanh or sg.sum."
            )
        return make(*inputs)

    # `np.sum(node)` calls `node.sum(axis, dtype, out)`: NumPy's arguments, of which it sends None.

    def sum(
        self, axis: Any = None, dtype: None = None, out: None = None, keepdims: bool = False
    ) -> Node:
        """As `sg.sum`."""
        return operators["sum"](self, axis=axis, keepdims=keepdims)

    def mean(
        self, axis: Any = None, dtype: None = None, out: None = None, keepdims: bool = False
    ) -> Node:
        """As `sg.mean`."""
        return operators["mean"](self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, out: None = None, keepdims: bool = False) -> Node:
        """As `sg.max`."""
        return operators["max"](self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, out: None = None, keepdims: bool = False) -> Node:
        """As `sg.min`."""
        return operators["min"](self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Node:
        """As `sg.reshape`; takes one tuple or the sizes one by one."""
        return self._operate("reshape", shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Node:
        """As `sg.transpose`; takes one tuple or the axes one by one."""
        if not axes:
            return operators["transpose"](self)
        return self._operate("transpose", axes[0] if len(axes) == 1 else axes)

    def to_sympy(self) -> Any:
        """Plain SymPy: a scalar expression, or an array of them for a fixed small shape."""
        return operators["to_sympy"](self)


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


class NodeSymbol(sympy.Dummy):
    """A node inside a plain SymPy expression: `sympy.tanh(n)` is tanh of this symbol.

    SymPy treats it as the symbol it is and never sees the graph, so nothing that SymPy does to
    the expression depends on the size of the graph. Turning the expression into a node puts the
    node back. It is equal to its node. Differentiate with `sg.grad`: for SymPy the symbol depends
    on nothing.
    """

    __slots__ = ("node",)
    node: Node

    def __new__(cls, node: Node) -> NodeSymbol:
        facts = {} if node.kind == "boolean" else {node.kind: True}
        made: NodeSymbol = super().__new__(cls, f"node_{node.serial}", node.serial, **facts)
        made.node = node
        return made

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return NodeSymbol, (self.node,)

    def __hash__(self) -> int:
        return hash(self.node)

    def __eq__(self, other: object) -> bool:
        return other is self.node or (isinstance(other, NodeSymbol) and other.node is self.node)

    def __ne__(self, other: object) -> bool:
        return not self == other

    # A SymPy matrix on the left asks these for `*` and `@`, `+` and `-`; it takes whatever is no
    # SymPy matrix for a scalar, which commutes, and would lose the order of the factors.
    _op_priority = 12.0

    def __rmul__(self, other: Any) -> Any:
        if not getattr(other, "is_Matrix", False) or not self.node.ndim:
            return super().__rmul__(other)
        return operators["matmul"](other, self.node)

    def __radd__(self, other: Any) -> Any:
        if not getattr(other, "is_Matrix", False):
            return super().__radd__(other)
        return operators["add"](other, self.node)

    def __rsub__(self, other: Any) -> Any:
        if not getattr(other, "is_Matrix", False):
            return super().__rsub__(other)
        return operators["subtract"](other, self.node)

    def _eval_derivative(self, symbol: object) -> NoReturn:
        self.node._refuse()

    @property
    def _diff_wrt(self) -> NoReturn:
        self.node._refuse()

    def _written(self, style: Style) -> str:
        fmt, name = Format(style), getattr(self.node, "let_name", None)
        if name is not None:
            return fmt.name(name).text
        # SymPy asks for the text often, to sort by it.
        if len(visible([self.node], LEGIBLE)) > LEGIBLE:
            return fmt.name(self.name).text
        return fmt.wrap(written([self.node], style), ATOM)

    def _sympystr(self, printer: object) -> str:
        return self._written("text")

    _sympyrepr = _sympystr

    def _latex(self, printer: object, exp: str | None = None) -> str:
        return self._written("latex") + (f"^{{{exp}}}" if exp else "")

    def _pretty(self, printer: object) -> Any:
        return _pretty_text(self._written("unicode"))


def _pretty_text(text: str) -> Any:
    from sympy.printing.pretty.stringpict import prettyForm

    return prettyForm(text)


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


_V = TypeVar("_V", bound=Hashable)
_operands: Callable[[Node], tuple[Node, ...]] = operator.attrgetter("_args")


def reachable(roots: Iterable[Node]) -> set[Node]:
    """All nodes that the roots are made of, the roots included."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack.extend(node._args)
    return seen


def describe(node: Node) -> str:
    """A node in an error message: its name in quotes, or its formula cut to 60 characters."""
    name = getattr(node, "name", None) or getattr(node, "let_name", None)
    if isinstance(name, str):
        return repr(name)
    text = str(node)
    return text if len(text) <= 60 else f"{text[:57]}..."


def depth_first(roots: Iterable[_V], below: Callable[[_V], Sequence[_V]]) -> list[_V]:
    """Everything that `below` leads to from the roots, what is below before what is above.

    From left to right: the order is a function of the graph. That of creation would not do: it also
    depends on which nodes an earlier expression, still in memory, has made.

    >>> depth_first("ab", {"a": "cd", "b": "c", "c": "", "d": "c"}.__getitem__)
    ['c', 'd', 'a', 'b']
    """
    order: dict[_V, None] = {}
    begun: set[_V] = set()
    stack = [*roots][::-1]
    while stack:
        node = stack.pop()
        if node in order:
            continue
        if node in begun:
            order[node] = None
            continue
        under = below(node)
        if under:
            begun.add(node)
            stack.append(node)
            stack += under[::-1]
        else:
            order[node] = None
    return list(order)


def topological(roots: Iterable[Node], ends: Container[Node] = ()) -> list[Node]:
    """Reachable nodes, operands before users; the walk stops before the `ends`, which are left out.

    The order is that of `depth_first`.
    """
    if not ends:
        return depth_first(roots, _operands)
    return depth_first(
        [root for root in roots if root not in ends],
        lambda node: [arg for arg in node._args if arg not in ends],
    )


def dag_size(*roots: Node) -> tuple[int, int]:
    """The number of nodes and of edges (operand uses)."""
    nodes = reachable(roots)
    return len(nodes), sum(len(node._args) for node in nodes)


def variables(roots: Iterable[Node]) -> list[Node]:
    """The named variables that the roots depend on, as they first appear from left to right.

    The order of creation would not do: it also depends on which of them an earlier expression,
    still in memory, has made.
    """
    variable = Node.registry["Var"]
    found = []
    seen: set[Node] = set()
    stack = list(roots)[::-1]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, variable):
            found.append(node)
        stack.extend(node._args[::-1])
    return found


def check_names(roots: Iterable[Node]) -> dict[str, Node]:
    """The variables of the roots by name.

    Raises NameClashError when one name stands for two different variables.
    """
    named: dict[str, Node] = {}
    for node in variables(roots):
        name: str = node.params[0]
        if node.params[2] == "local":
            continue  # inside of a loop a name may stand for something else
        other = named.setdefault(name, node)
        if other is not node:
            raise NameClashError(
                f"variable {name!r}: one has shape {shape_text(other.shape)}, {other.params[2]}, "
                f"another {shape_text(node.shape)}, {node.params[2]}, or they differ in their "
                "options. Give each its own name, or make the variable once and use it twice."
            )
    return named


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
