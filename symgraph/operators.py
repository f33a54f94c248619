"""What Python's operators and NumPy's functions do with a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from symgraph.answers import answering
from symgraph.errors import UnsupportedError
from symgraph.printing import describe

if TYPE_CHECKING:
    from symgraph.node import Node

__all__ = ["Operand", "operators"]

#: What `a + b` and friends do; filled by the module that defines the user functions.
operators: dict[str, Callable[..., Node]] = {}


@answering
class Operand:
    """What stands beside an operator; its meaning is defined with the user functions."""

    __slots__ = ()

    def _operate(self, name: str, *operands: object) -> Node:
        return operators[name](self, *operands)

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
