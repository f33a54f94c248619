"""What an ONNX graph is written with: named values, constants, sizes known and not.

A value is the name of a tensor and the kind that it is stored in; a scope is the main graph or the
body of a loop, which may read the values of the scopes around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy
from onnx import TensorProto, ValueInfoProto, helper, numpy_helper
from onnx.onnx_ml_pb2 import NodeProto

from symgraph.errors import UnsupportedError
from symgraph.node import Kind, Node
from symgraph.ops.leaves import Fill
from symgraph.ops.let import Let
from symgraph.shapes import Dim, same_shape

__all__ = ["Value", "Writer", "refusal"]

_LONGEST = 80


class Value(NamedTuple):
    """A tensor of the ONNX graph, and how its numbers are stored.

    A narrow one has axes of one entry where its node repeats that along a longer axis.
    """

    name: str
    kind: Kind
    is_narrow: bool = False


def refusal(node: Node, why: str) -> UnsupportedError:
    """The error for a node that ONNX cannot say."""
    text = repr(node.let_name) if isinstance(node, Let) and node.let_name else str(node)
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return UnsupportedError(f"to_onnx: {shown} cannot be exported: {why}")


class Writer:
    """The nodes and constants written so far, and the value of every symgraph node."""

    def __init__(self, real: str) -> None:
        self.dtypes: dict[Kind, np.dtype[Any]] = {
            "real": np.dtype(real), "integer": np.dtype(np.int64), "boolean": np.dtype(bool),
        }  # fmt: skip
        self.nodes: list[NodeProto] = []
        self.initializers: dict[tuple[Any, ...], TensorProto] = {}
        self.env: dict[Node, Value] = {}
        self.sizes: dict[sympy.Symbol, str] = {}  # a tensor of one integer for each symbol
        self.symbols: dict[sympy.Symbol, str] = {}  # the name of each free size
        self._names: dict[str, int] = {}

    # --- names and nodes ----------------------------------------------------------------------

    def name(self, wanted: str) -> str:
        """A name of the graph that nothing else has, made of letters, digits and _."""
        plain = re.sub(r"\W", "_", wanted, flags=re.ASCII) or "_"
        count = self._names.get(plain, 0)
        self._names[plain] = count + 1
        return plain if not count else self.name(f"{plain}_{count + 1}")

    def op(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """The one output of a new node."""
        (out,) = self.ops(operation, inputs, 1, **attributes)
        return out

    def ops(
        self, operation: str, inputs: Sequence[str], count: int, **attributes: Any
    ) -> list[str]:
        """The outputs of a new node."""
        outputs = [self.name(operation.lower()) for _ in range(count)]
        self.nodes.append(helper.make_node(operation, list(inputs), outputs, **attributes))
        return outputs

    def constant(self, array: Any, wanted: str = "c") -> str:
        """An initializer; equal small ones are one."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.initializers:
            self.initializers[key] = numpy_helper.from_array(array, self.name(wanted))
        return str(self.initializers[key].name)

    def integers(self, numbers: Sequence[int]) -> str:
        """An initializer of whole numbers."""
        return self.constant(np.array(numbers, np.int64))

    def number(self, value: float, kind: Kind = "real") -> str:
        """An initializer of one number."""
        return self.constant(np.array(value, self.dtypes[kind]))

    # --- kinds --------------------------------------------------------------------------------

    def type_of(self, kind: Kind) -> int:
        """The number by which ONNX knows a type."""
        return int(helper.np_dtype_to_tensor_dtype(self.dtypes[kind]))

    def cast(self, value: Value, kind: Kind) -> str:
        """A value, stored as another kind."""
        if value.kind == kind:
            return value.name
        return self.op("Cast", value.name, to=self.type_of(kind))

    def scalar(self, node: Node, kind: Kind) -> str:
        """A value as an operand that is broadcast: of a Fill one number, others maybe narrow."""
        value: Any = node.value if isinstance(node, Fill) else None
        if isinstance(value, (int, float)):
            return self.number(value, kind)
        return self.cast(self.env[node], kind)

    def full(self, node: Node, kind: Kind | None = None) -> str:
        """A value of its whole shape."""
        text = self.scalar(node, kind or node.kind)
        if node.shape and (isinstance(node, Fill) or self.env[node].is_narrow):
            return self.op("Expand", text, self.shape(node.shape))
        return text

    def spread(self, text: str, parts: Sequence[Node], node: Node) -> str:
        """The result of operands in its whole shape, where none of them has it."""
        wide = [one for one in parts if not (isinstance(one, Fill) or self.env[one].is_narrow)]
        if any(same_shape(part.shape, node.shape) for part in wide):
            return text
        return self.op("Expand", text, self.shape(node.shape)) if node.shape else text

    # --- sizes --------------------------------------------------------------------------------

    def shape(self, dims: Sequence[Dim]) -> str:
        """A vector of sizes."""
        if all(isinstance(dim, int) for dim in dims):
            return self.integers([int(dim) for dim in dims])
        return self.op("Concat", *(self.size(dim) for dim in dims), axis=0)

    def size(self, dim: Any) -> str:
        """A vector of one size."""
        if isinstance(dim, int) or dim.is_Integer:
            return self.integers([int(dim)])
        if dim.is_Symbol:
            return self.sizes[dim]
        above, below = sympy.fraction(sympy.together(dim))
        if isinstance(dim, sympy.floor | sympy.ceiling):
            above, below = sympy.fraction(sympy.together(dim.args[0]))
            if below.is_Integer:
                more = below - 1 if isinstance(dim, sympy.ceiling) else 0
                return self._floor(self.size(above + more), int(below))
        elif below != 1:
            return self.op("Div", self.size(above), self.size(below))
        elif dim.is_Add or dim.is_Mul:
            parts = [self.size(part) for part in dim.args]
            made = parts[0]
            for part in parts[1:]:
                made = self.op("Add" if dim.is_Add else "Mul", made, part)
            return made
        elif dim.is_Pow and dim.exp.is_Integer and dim.exp > 0:
            return self.op("Pow", self.size(dim.base), self.size(dim.exp))
        elif isinstance(dim, sympy.Max | sympy.Min):
            return self.op(type(dim).__name__, *(self.size(part) for part in dim.args))
        raise UnsupportedError(f"to_onnx: the size {dim} cannot be written as ONNX operations.")

    def _floor(self, above: str, below: int) -> str:
        """A quotient rounded down, also of a negative number."""
        rest = self.op("Mod", above, self.integers([below]))
        return self.op("Div", self.op("Sub", above, rest), self.integers([below]))

    def measure(self, expr: Any) -> str:
        """A formula over sizes as one real number."""
        above, below = sympy.fraction(sympy.together(expr))
        if below != 1:
            return self.op("Div", self.measure(above), self.measure(below))
        if not expr.free_symbols:
            return self.number(float(expr))
        if expr.is_Symbol:
            whole = self.op("Squeeze", self.sizes[expr], self.integers([0]))
            return self.op("Cast", whole, to=self.type_of("real"))
        names = {sympy.Add: "Add", sympy.Mul: "Mul", sympy.Pow: "Pow"}
        if expr.func not in names:
            raise UnsupportedError(f"to_onnx: the number {expr} cannot be written in ONNX.")
        made, *parts = [self.measure(part) for part in expr.args]
        for part in parts:
            made = self.op(names[expr.func], made, part)
        return made

    def span(self, dim: Dim) -> str:
        """0, 1, 2, ... up to a size."""
        if isinstance(dim, int):
            return self.constant(np.arange(dim, dtype=np.int64))
        zero = self.constant(np.array(0, np.int64))
        one = self.constant(np.array(1, np.int64))
        end = self.op("Squeeze", self.size(dim), self.integers([0]))
        return self.op("Range", zero, end, one)

    def declared(self, name: str, kind: Kind, dims: Sequence[Dim]) -> ValueInfoProto:
        """A value at the border of a graph, with the sizes that are known and names of others."""
        shown = [self._dim(dim) for dim in dims]
        return helper.make_tensor_value_info(name, self.type_of(kind), shown)

    def _dim(self, dim: Any) -> int | str | None:
        if isinstance(dim, int):
            return dim
        return self.symbols.get(dim)  # of a formula over sizes nothing is said

    def used(self) -> tuple[list[NodeProto], list[TensorProto]]:
        """The nodes and initializers, without the sizes and numbers that nothing asks for."""
        read: set[str] = set()
        stack = [node for node in self.nodes if node.op_type != "Shape"]
        while stack:
            node = stack.pop()
            read.update(node.input)
            bodies = [one.g for one in node.attribute if one.HasField("g")]
            stack += [inner for body in bodies for inner in body.node]
        nodes = [node for node in self.nodes if node.op_type != "Shape" or node.output[0] in read]
        return nodes, [one for one in self.initializers.values() if one.name in read]

    # --- inner graphs -------------------------------------------------------------------------

    def inside(self) -> tuple[list[NodeProto], Mapping[Node, Value]]:
        """Begin the body of a loop; give the result to `outside`."""
        around = self.nodes, dict(self.env)
        self.nodes = []
        return around

    def outside(self, around: tuple[list[NodeProto], Mapping[Node, Value]]) -> list[NodeProto]:
        """End the body of a loop; its nodes."""
        made, self.nodes = self.nodes, around[0]
        self.env = dict(around[1])
        return made
