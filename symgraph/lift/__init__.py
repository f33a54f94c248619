"""Plain SymPy in, plain SymPy out: expressions turned into nodes, and small nodes into expressions.

A free symbol becomes the input of its name, a matrix symbol the input of its name and shape. The
node is what the SymPy expression says, operand for operand in SymPy's order; only `a + (-1)*b` and
`a * b**(-1)` become the difference and the quotient that they were written as.
"""

from __future__ import annotations

from typing import Any

import sympy

import symgraph.lift.functions
import symgraph.lift.matrices
import symgraph.lift.sums  # noqa: F401 - their rules
from symgraph.lift.leaves import is_size_formula
from symgraph.lift.lifting import Lifting
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.ops.evaluate import entries
from symgraph.ops.leaves import fill
from symgraph.scalar import plain

__all__ = ["lift", "to_sympy"]


def lift(expr: Any, where: str = "lift") -> Node:
    """The node of a plain SymPy expression, matrix expression, explicit matrix or array.

    A symbol becomes the scalar input of its name (integer, where the symbol is declared so); a
    symbol that is declared integer and nonnegative is a size, as those in `x.shape` are. Matrix
    symbols become inputs of their shape. Nodes inside the expression stay what they are.
    Raises UnsupportedError naming the part that has no counterpart, NameClashError when two
    symbols share a name.

    >>> import sympy
    >>> w, x, y = sympy.symbols("w x y", real=True)
    >>> print(lift(sympy.Max(0, 1 - w * x * y)))
    max(0, 1 - w*x*y)
    """
    return fill(expr) if is_size_formula(expr) else Lifting(where).run(expr)


def to_sympy(node: Node) -> Any:
    """Plain SymPy: an expression of scalars, an immutable matrix, or an array of expressions.

    All sizes must be numbers, and few: the graph is written out as a tree. A scalar variable
    becomes the real symbol of its name, any other the indexed symbol of its name and shape.
    Raises UnsupportedError for symbolic sizes and for what would be too large.

    >>> import symgraph as sg
    >>> x = sg.input("x", 2)
    >>> sg.sum(x**2).to_sympy()
    x[0]**2 + x[1]**2
    """
    table = entries([node], {})[node]
    written = [plain(sympy.sympify(value)) for value in table.flat]
    if node.shape == ():
        return written[0]
    if node.ndim == 2:
        return sympy.ImmutableMatrix(*table.shape, written)
    return sympy.ImmutableDenseNDimArray(written, table.shape)


operators.update(lift=lift, to_sympy=to_sympy)
