"""A network read unit by unit from its expression: what arrives at each unit, and its function.

Every value is read entry by entry as a sum of weighted units; a nonlinear function of such a sum
is a new unit. Long axes are read at their first two places and at the last one.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy

from symgraph.draw.nets.unit_forms import (
    CONSTANT,
    Form,
    constant,
    is_constant,
    lone,
    plus,
    times,
    unit_of,
)
from symgraph.errors import DrawError
from symgraph.node import Node
from symgraph.ops import Concat, Const, Einsum, Fill, Iota, Let, Map, Pull, Random, Reshape, Var
from symgraph.ops.map import aligned_index
from symgraph.ops.rows import Affine
from symgraph.printing import Format, Piece, entry_name, latex_name
from symgraph.scalar import Pointwise, iverson, slot, where
from symgraph.shapes import Dim
from symgraph.template import template
from symgraph.walks import topological

__all__ = ["ENTRIES", "Place", "Unit", "UnitNet", "entry_latex"]

Place = tuple[Any, ...]
UnitKind = Literal["input", "one", "feature", "noise", "unit"]

#: More entries of one value than this are not read.
ENTRIES = 4096
# The number at the end of a name.
_NUMBER = re.compile(r"(?<=\D)\{?(\d+)\}?$")
_RELATIONS = ("greater", "greater_equal", "less", "less_equal")


@dataclass(slots=True)
class Unit:
    """One unit: an entry of the data, the constant 1, or a function of a sum of weighted units.

    A "feature" is a function of data that a net with weights starts from.
    `function` is a formula in slot 0 (None: the sum itself), `threshold` what the sum is compared
    with. `node` and `place` tell which entry of which value it is.
    """

    number: int
    kind: UnitKind
    node: Node
    place: Place
    name: str = ""
    form: Form = field(default_factory=dict)
    function: Any = None
    threshold: Any = None
    sum_name: str = ""
    frozen: bool = False

    @property
    def is_input(self) -> bool:
        """Whether nothing arrives here."""
        return self.kind != "unit"


class UnitNet:
    """The units behind some values, and the weights by symbol.

    Of the rows of data only the first is read where `batch`, their number, is given.
    Raises DrawError for values that are not made of weighted sums and functions of these.
    """

    def __init__(
        self, outputs: Sequence[Node], style: str, widest: int = 8, batch: int | None = None
    ) -> None:
        self.outputs = tuple(outputs)
        self.style = style
        self.widest = widest
        self._batch = batch
        self.units: list[Unit] = []
        #: The entry of a variable that each symbol stands for.
        self.weights: dict[Any, tuple[Var, Place]] = {}
        self._symbols: dict[tuple[Node, Place], Any] = {}
        self._sums: dict[frozenset[Any], int] = {}
        self._sum_names: dict[frozenset[Any], str] = {}
        self._tables: dict[Node, dict[Place, Form]] = {}
        order = topological(outputs)
        self._features = {
            symbol
            for node in order
            if isinstance(node, Var) and node.role == "parameter"
            for size in node.shape
            if isinstance(size, sympy.Expr)
            for symbol in size.free_symbols
        }
        self._reading: tuple[Node, Place] = (order[0], ())
        self._has_weights = any(
            isinstance(node, Var) and node.role == "parameter" for node in order
        )  # fmt: skip
        #: The numbers of layers, those of the matrices.
        self._layers = {
            number[1]
            for node in order
            if isinstance(node, Var) and node.ndim > 1 and (number := _NUMBER.search(node.name))
        }
        self._with_data: set[Node] = set()
        for node in order:
            leaf = isinstance(node, Var) and node.role != "parameter"
            if leaf or any(arg in self._with_data for arg in node.args):
                self._with_data.add(node)
            self._tables[node] = {
                place: self._entry(node, place) for place in self._places(node)
            }  # fmt: skip

    # --- what there is ------------------------------------------------------------------------

    def forms(self, node: Node) -> dict[Place, Form]:
        """The entries of a value that were read."""
        return self._tables[node]

    def output_units(self) -> list[Unit]:
        """The units of the outputs; a sum without a function becomes a unit."""
        found: dict[int, None] = {}
        for node in self.outputs:
            for place, form in self._tables[node].items():
                if is_constant(form):
                    continue
                self._reading = (node, place)
                found[self._as_unit(form)] = None
        return [self.units[number] for number in found]

    def axes(self, node: Node) -> list[tuple[Any, ...]]:
        """The places that are read along each axis of a value."""
        axes = [self.positions(size) for size in node.shape]
        if self._has_batch(node):
            axes[0] = (0,)
        return axes

    def _has_batch(self, node: Node) -> bool:
        return (
            self._batch is not None
            and node in self._with_data
            and node.ndim > 1
            and node.shape[0] == self._batch
        )

    def rows(self) -> int | None:
        """How many samples the data are, where each has its row and no row feeds another."""
        inner = [unit for unit in self.units if unit.form]
        sizes = {node.shape[0] if node.ndim > 1 else None for node in self.outputs}
        if len(sizes) != 1:
            return None
        (rows,) = sizes
        if not isinstance(rows, int) or rows == 1:
            return None
        for unit in inner:
            for other in (self.units[k] for units in unit.form for k in units):
                if other.node.ndim < 2 or other.place[0] != unit.place[0]:
                    return None
        return rows

    def positions(self, size: Dim) -> tuple[Any, ...]:
        """The places of an axis that are read: all, or the first two and the last one."""
        if isinstance(size, int):
            return tuple(range(size)) if size <= self.widest else (0, 1, size - 1)
        # An axis that no parameter has is the batch, of which one sample stands for all.
        return (0, 1, size - 1) if size.free_symbols & self._features else (0,)

    # --- reading ------------------------------------------------------------------------------

    def _places(self, node: Node) -> Iterator[Place]:
        axes = self.axes(node)
        if math.prod(map(len, axes)) > ENTRIES:
            raise self._refusal(node, "has too many entries to be drawn one by one")
        return itertools.product(*axes)

    def _refusal(self, node: Node, why: str) -> DrawError:
        named = next((n.let_name for n in self._tables if isinstance(n, Let) and n.args[0] is node
                      and n.let_name), None)  # fmt: skip
        text = named or str(node)
        shown = text if len(text) <= 60 else text[:57] + "..."
        return DrawError(
            f"draw: the style {self.style!r} shows weighted sums and functions of them, and "
            f"{shown} {why}. Use style='graph', or name an earlier value with output=."
        )

    def _entry(self, node: Node, place: Place) -> Form:
        self._reading = (node, place)
        if isinstance(node, Var):
            return self._leaf(node, place)
        if isinstance(node, (Fill, Const, Iota)):
            return constant(node.entry(place, _no_operand))
        if isinstance(node, Random):
            return lone(self._new("noise", node, place).number)
        if isinstance(node, Let):
            return self._named(node, place)
        if isinstance(node, Map):
            slots = [
                self._read(arg, aligned_index(place, arg.shape)) for arg in node.args
            ]  # fmt: skip
            return self._body(node.template.expr, slots)
        if isinstance(node, Einsum):
            return self._sum_of_products(node, place)
        if isinstance(node, Concat):
            return self._joined(node, place)
        if isinstance(node, Reshape):
            read: list[Place] = []
            node.entry(place, lambda _, at: read.append(tuple(map(_as_int, at))))
            return self._read(node.args[0], read[0])
        if isinstance(node, Pull) and all(isinstance(row, Affine) for row in node.rows):
            source = [_as_int(_place_of(row, place)) for row in node.rows]
            inside = all(not isinstance(i, int) or i >= 0 for i in source) and all(
                not (isinstance(i, int) and isinstance(n, int)) or i < n
                for i, n in zip(source, node.args[0].shape, strict=True)
            )
            return self._read(node.args[0], tuple(source)) if inside else {}
        raise self._refusal(node, "is neither")

    def _read(self, node: Node, place: Place) -> Form:
        table = self._tables[node]
        if place in table:
            return table[place]
        if isinstance(node, Var):
            table[place] = self._leaf(node, place)
            return table[place]
        raise self._refusal(
            node, f"is read at places left out (widest={self.widest}); give a larger widest"
        )

    def entry_latex(self, name: str, place: Place, *, lowered: bool = False) -> str:
        """An entry of a named value; the number of one of several vectors is no layer's.

        b_1 beside a matrix W_1 has the entries b_j^(1), but v_1 beside v_2 alone v_{1,j}.
        """
        number = _NUMBER.search(name)
        if len(place) != 1 or number is None or number[1] in self._layers:
            return entry_latex(name, place, lowered=lowered)
        stem = name[: number.start()].rstrip("_")
        stem = stem.lower() if lowered else stem
        return latex_name(f"{stem}_{{{number[1]},{sympy.latex(sympy.sympify(place[0]) + 1)}}}")

    def _leaf(self, node: Var, place: Place) -> Form:
        if node.role == "parameter":
            key = (node, place)
            if key not in self._symbols:
                symbol = self._symbols[key] = sympy.Symbol(f"w{len(self._symbols)}", real=True)
                self.weights[symbol] = key
            return constant(self._symbols[key])
        name = self.entry_latex(node.name, self._seen(node, place))
        return lone(self._new("input", node, place, name).number)

    def _seen(self, node: Node, place: Place) -> Place:
        """The place without the axes of which one place stands for all."""
        return tuple(
            i for k, (i, size) in enumerate(zip(place, node.shape, strict=True))
            if (isinstance(size, int) or len(self.positions(size)) > 1)
            and not (k == 0 and self._has_batch(node))
        )  # fmt: skip

    def _new(self, kind: UnitKind, node: Node, place: Place, name: str = "") -> Unit:
        unit = Unit(len(self.units), kind, node, place, name)
        self.units.append(unit)
        return unit

    def _as_unit(self, form: Form) -> int:
        """The unit whose sum a form is; one is made where there is none."""
        number = unit_of(form)
        if number is not None:
            return number
        key = frozenset(form.items())
        if key not in self._sums:
            unit = self._new("unit", *self._reading, self._sum_names.get(key, ""))
            unit.form = form
            self._sums[key] = unit.number
        return self._sums[key]

    def _named(self, node: Let, place: Place) -> Form:
        form = self._read(node.args[0], place)
        number = unit_of(form)
        if number is not None and node.stops:
            self.units[number].frozen = True
        if not node.let_name or is_constant(form):
            return form
        name = self.entry_latex(node.let_name, self._seen(node, place))
        if number is None:
            self._sum_names.setdefault(frozenset(form.items()), name)
            return form
        unit = self.units[number]
        if not unit.name or unit.kind in ("feature", "unit"):
            unit.name, unit.node, unit.place = name, node, place
        return form

    # --- operations ---------------------------------------------------------------------------

    def _product(self, first: Form, second: Form) -> Form:
        """A product; what has weights already is a unit of its own before it is weighted again."""
        for weight, other in ((first, second), (second, first)):
            if is_constant(weight) and _has_weights(weight) and _has_weights(other):
                if is_constant(other):
                    return times(first, second)
                return times(weight, lone(self._as_unit(other)))
        return times(first, second)

    def _sum_of_products(self, node: Einsum, place: Place) -> Form:
        at: dict[int, Any] = {}
        for index, position in zip(node.out, place, strict=True):
            if at.setdefault(index, position) != position:
                return {}
        sizes = node.sizes()
        summed = [i for i in dict.fromkeys(itertools.chain(*node.ins)) if i not in at]
        total: Form = {}
        for chosen in itertools.product(*(self.positions(sizes[i]) for i in summed)):
            here = {**at, **dict(zip(summed, chosen, strict=True))}
            term: Form = constant(1)
            for arg, indices in zip(node.args, node.ins, strict=True):
                term = self._product(term, self._read(arg, tuple(here[i] for i in indices)))
            total = plus(total, term)
        return total

    def _joined(self, node: Concat, place: Place) -> Form:
        """An entry of joined parts; a number beside data is a unit that is always the same."""
        at, start = place[node.axis], 0
        for begin, arg in zip(node.starts(), node.args, strict=True):
            size = arg.shape[node.axis]
            if not isinstance(at, int) or not isinstance(begin, int) or not isinstance(size, int):
                raise self._refusal(node, "joins parts of unknown sizes")
            start = begin
            if at < begin + size:
                form = self._read(
                    arg, (*place[: node.axis], at - start, *place[node.axis + 1 :])
                )  # fmt: skip
                others = [one for other in node.args for one in self._tables[other].values()]
                if form == {CONSTANT: 1} and not all(map(is_constant, others)):
                    return lone(self._one(node, place))
                return form
        raise AssertionError("the place is inside")

    def _one(self, node: Node, place: Place) -> int:
        return self._new("one", node, place, "1").number

    def _body(self, expr: Any, slots: Sequence[Form]) -> Form:
        """A pointwise formula of some forms."""
        if expr.is_Symbol:
            return slots[int(expr.name[1:])]
        if not expr.free_symbols:
            return constant(expr)
        if expr.is_Add:
            total: Form = {}
            for arg in expr.args:
                total = plus(total, self._body(arg, slots))
            return total
        if expr.is_Mul:
            product: Form = constant(1)
            for arg in expr.args:
                product = self._product(product, self._body(arg, slots))
            return product
        args = [self._body(arg, slots) for arg in expr.args]
        if all(map(is_constant, args)):
            return constant(expr.func(*(form.get(CONSTANT, sympy.S.Zero) for form in args)))
        if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0 and len(args[0]) == 1:
            power: Form = constant(1)
            for _ in range(int(expr.exp)):
                power = times(power, args[0])
            return power
        return self._activation(expr, args)

    def _activation(self, expr: Any, args: Sequence[Form]) -> Form:
        """A nonlinear function of one sum: a new unit."""
        title = expr.title if isinstance(expr, Pointwise) else ""
        if title in _RELATIONS and not self._is_noise(args) and not self._is_feature(args):
            upper, lower = args if title.startswith("greater") else reversed(args)
            return self._threshold(plus(upper, times(constant(-1), lower)), expr)
        inner = [form for form in args if not is_constant(form)]
        if title == "where" and self._is_switch(args[0]):
            return args[1]
        if self._is_noise(args):
            return lone(self._new("noise", *self._reading).number)
        if self._is_feature(inner):
            return self._feature(expr, args)
        if len(inner) > 1:
            raise self._refusal(self._reading[0], "is a function of several sums")
        number = unit_of(inner[0])
        before = None if number is None else self.units[number]
        if before is not None and before.threshold is not None:
            if isinstance(expr, iverson):
                return inner[0]
            if isinstance(expr, where) and args[0] is inner[0]:
                before.function = expr
                return inner[0]
        if title in ("step", "sign"):
            return self._threshold(inner[0], expr)
        fixed = [
            slot(0) if form is inner[0] else form.get(CONSTANT, sympy.S.Zero) for form in args
        ]  # fmt: skip
        return self._function(inner[0], expr.func(*fixed))

    def _is_feature(self, forms: Sequence[Form]) -> bool:
        """Whether a function of these forms is where a net with weights starts.

        That is a function of one entry of the data, or of several such.
        """
        if not self._has_weights:
            return False
        varying = [form for form in forms if not is_constant(form)]
        units = [self.units[k] for form in varying for units in form for k in units]
        alone = all(unit_of(form) is not None for form in varying)
        return all(unit.is_input for unit in units) and alone

    def _feature(self, expr: Any, args: Sequence[Form]) -> Form:
        slots: list[Any] = []
        names: list[Piece] = []
        for form in args:
            number = unit_of(form)
            if number is None:
                slots.append(form.get(CONSTANT, sympy.S.Zero))
                continue
            slots.append(slot(len(names)))
            names.append(Piece(self.units[number].name))
        body = template(expr.func(*slots), len(names))
        text = body.form(Format("latex"), names).text
        return lone(self._new("feature", *self._reading, text).number)

    def _is_noise(self, args: Sequence[Form]) -> bool:
        return all(self.units[k].kind == "noise" for form in args for units in form for k in units)

    def _is_switch(self, condition: Form) -> bool:
        """Whether a condition is data itself: the switch between training and prediction."""
        number = unit_of(condition)
        return number is not None and self.units[number].kind == "input"

    def _function(self, form: Form, function: Any) -> Form:
        unit = self._new("unit", *self._reading)
        unit.form, unit.function = form, function
        unit.sum_name = self._sum_names.get(frozenset(form.items()), "")
        return lone(unit.number)

    def _threshold(self, form: Form, function: Any) -> Form:
        """A unit that fires where its sum reaches a threshold."""
        inner = {units: c for units, c in form.items() if units}
        if not inner:
            raise self._refusal(self._reading[0], "compares numbers only")
        made = self._function(inner, function)
        self.units[-1].threshold = -form.get(CONSTANT, sympy.S.Zero)
        return made


def entry_latex(name: str, place: Place, *, lowered: bool = False) -> str:
    r"""An entry of a named value, counted from 1.

    >>> entry_latex("W", (0, 1), lowered=True), entry_latex("y", ())
    ('w_{12}', 'y')
    """
    if not place:
        return latex_name(name)
    texts = [sympy.latex(sympy.sympify(i) + 1) for i in place]
    joined = "".join(texts) if all(len(text) == 1 for text in texts) else ",".join(texts)
    return entry_name(name, joined, "latex", lowered)


def _has_weights(form: Form) -> bool:
    return any(coefficient.free_symbols for coefficient in form.values())


def _no_operand(k: int, at: Sequence[Any]) -> Any:
    raise AssertionError("a leaf has no operands")


def _as_int(i: Any) -> Any:
    return int(i) if isinstance(i, int) or getattr(i, "is_Integer", False) else i


def _place_of(row: Any, place: Place) -> Any:
    total = row.offset
    for axis, step in row.steps:
        total = total + step * place[axis]
    return total
