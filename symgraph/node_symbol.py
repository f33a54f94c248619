"""NodeSymbol: what stands for a node inside a plain SymPy expression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from symgraph.operators import operators
from symgraph.printing import ATOM, Format, Style, pretty_text, visible, written

if TYPE_CHECKING:
    from symgraph.node import Node

__all__ = ["NodeSymbol"]

#: A node made of more nodes than this appears in a plain SymPy expression by its number.
LEGIBLE = 200


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

    def _eval_derivative(self, symbol: object) -> Any:
        return self.node._refuse()

    @property
    def _diff_wrt(self) -> Any:
        return self.node._refuse()

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
        return pretty_text(self._written("unicode"))
