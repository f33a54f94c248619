"""Where a network ends and its loss begins: the values that the last weights make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symgraph.build.coerce import as_node
from symgraph.draw.nets.windows import windowed
from symgraph.errors import DrawError
from symgraph.node import Node
from symgraph.ops import Concat, Einsum, Let, Map, Pull, Reshape, Scan, Var
from symgraph.ops.let import is_naming
from symgraph.scalar import Pointwise, slot
from symgraph.template import function_name
from symgraph.walks import topological, variables

__all__ = ["LIMIT", "loss_of", "net_outputs"]

#: More nodes than this are not read unit by unit.
LIMIT = 5000
#: Functions of one value that make a loss of it rather than a unit.
_OF_LOSSES = ("abs", "log", "log1p", "exp", "sqrt", "Pow", "Mul", "Add", "log_sigmoid")


def net_outputs(expr: Any, style: str, output: Any = None) -> list[Node]:
    """The outputs of a network, given its loss or its outputs.

    `output` names them (a name, a node, or several). Otherwise they are what the last weights make,
    with the function that follows; an expression without parameters is its own output.
    Raises DrawError for a loop, for what has no data and for a name that does not occur.
    """
    roots = _roots(expr)
    order = topological(roots)
    if len(order) > LIMIT:
        raise DrawError(
            f"draw: the style {style!r} reads {LIMIT} operations at most, and there are "
            f"{len(order)}. Draw a part of the expression, or use style='graph'."
        )
    if any(isinstance(node, Scan) for node in order):
        raise DrawError(
            f"draw: the style {style!r} shows nets without loops, and this one repeats a step over "
            "time. Use style='rolled' or style='timeline', or write the loop out with sg.unroll."
        )
    if output is not None:
        return _chosen(order, output)
    return _Search(order, roots, style).found()


def values_of_net(values: Mapping[Any, Any], outputs: Sequence[Node], expr: Any) -> dict[Any, Any]:
    """The values without those that the loss alone needs, such as targets."""
    own = {var.name for var in variables(outputs)}
    others = {var.name for var in variables(_roots(expr))} - own
    return {key: value for key, value in values.items() if getattr(key, "name", key) not in others}


def _roots(expr: Any) -> list[Node]:
    expr = loss_of(expr)
    given = list(expr) if isinstance(expr, (list, tuple)) else [expr]
    return [as_node(one, "draw") for one in given]


def loss_of(expr: Any) -> Any:
    """The loss of what holds one beside other things, as the built systems do; else itself."""
    return expr.loss if hasattr(expr, "_fields") and hasattr(expr, "loss") else expr


def _chosen(order: Sequence[Node], output: Any) -> list[Node]:
    named: dict[Any, Node] = {}
    for node in order:
        if isinstance(node, Let) and node.let_name:
            named[node.let_name] = node
    known = set(order)
    wanted = output if isinstance(output, (list, tuple)) else [output]
    found: list[Node] = []
    for one in wanted:
        value = named.get(one) if isinstance(one, str) else one
        if not isinstance(value, Node) or value not in known:
            raise DrawError(
                f"draw: output={one!r} is no value of this expression; named are "
                f"{', '.join(named) or 'none'}."
            )
        found.append(value)
    return found


class _Search:
    """Walks up from the last weighted sums to what the net hands on."""

    def __init__(self, order: Sequence[Node], roots: Sequence[Node], style: str) -> None:
        self.order = order
        self.style = style
        self.roots = list(roots)
        self.users: dict[Node, set[Node]] = {}
        self.data: dict[Node, frozenset[Node]] = {}
        self.weight: set[Node] = set()
        #: What parameters can still change.
        self.trained: set[Node] = set()
        for node in order:
            for arg in node.args:
                self.users.setdefault(arg, set()).add(node)
            leaf = isinstance(node, Var) and node.role != "parameter"
            self.data[node] = frozenset(
                {node} if leaf else frozenset().union(*(self.data[a] for a in node.args))
            )
            stops = isinstance(node, Let) and node.stops
            is_weight = isinstance(node, Var) and node.role == "parameter"
            if is_weight or (not stops and any(arg in self.trained for arg in node.args)):
                self.trained.add(node)
            if self._is_weight(node):
                self.weight.add(node)

    def _is_weight(self, node: Node) -> bool:
        """Whether it is entries of parameters, moved, scaled or added."""
        if isinstance(node, Var):
            return node.role == "parameter"
        if self.data[node] or not any(arg in self.weight for arg in node.args):
            return False
        if isinstance(node, Map):
            expr = node.template.expr
            return bool(expr.is_polynomial() and _is_linear(expr))
        if isinstance(node, Einsum):
            return len(node.args) == 1 and set(node.ins[0]) <= set(node.out)
        return isinstance(node, (Let, Pull, Reshape, Concat))

    def found(self) -> list[Node]:
        weighted = {
            node
            for node in self.order
            if isinstance(node, (Map, Einsum))
            and any(arg in self.weight for arg in node.args)
            and any(self.data[arg] for arg in node.args)
        }
        below: set[Node] = set()
        last: list[Node] = []
        for node in reversed(self.order):
            if node in weighted and node not in below:
                last.append(node)
            if node in weighted or node in below:
                below.update(node.args)
        tops = list(dict.fromkeys(self._top(node) for node in reversed(last)))
        self._check_not_multiplied(tops)
        return tops or self.roots

    def _check_not_multiplied(self, tops: Sequence[Node]) -> None:
        """Raise DrawError where two outputs are multiplied entry by entry: that is a gate."""
        ends = set(tops)
        for node in tops:
            for user in self.users.get(node, ()):
                factors = [arg for arg in user.args if arg in ends]
                if isinstance(user, Map) and len(factors) > 1 and not _is_linear(
                    user.template.expr
                ):  # fmt: skip
                    raise DrawError(
                        f"draw: the style {self.style!r} shows weighted sums of units, and here "
                        "two units are multiplied, as in a gate. Use style='cell' or style='graph'."
                    )

    def _top(self, node: Node) -> Node:
        """The last value that a weighted sum leads to before the loss."""
        acted = False
        while True:
            users = self.users.get(node, set())
            if len(users) != 1:
                return node
            pooled = self._pooled(node)
            if pooled is not None:
                node, acted = pooled, True
                continue
            (user,) = users
            if is_naming(user):
                node = user
                continue
            # Behind a comparison stands the bracket that makes a number of it.
            if (acted and node.kind != "boolean") or not self._goes_on(user, node):
                return node
            acted = acted or (isinstance(user, Map) and not _is_linear(user.template.expr))
            node = user

    def _pooled(self, node: Node) -> Node | None:
        """The pooling that reads a value through its windows, which has no weights of its own."""
        above = [node]
        for _ in range(3):
            above = [user for one in above for user in self.users.get(one, ())]
            for user in above:
                found = windowed(user)
                if found is not None and found.kernel is None and found.source is node:
                    return user
        return None

    def _goes_on(self, user: Node, node: Node) -> bool:
        if isinstance(user, (Pull, Reshape)):
            return len(user.args) == 1
        if not isinstance(user, Map):
            return False
        expr = user.template.expr
        others = [arg for arg in user.args if arg is not node and self.data[arg]]
        if _is_linear(expr):
            # What is only subtracted is a target: x̂ - x of an autoencoder, not a shortcut.
            signs = {expr.coeff(slot(k)) > 0 for k, arg in enumerate(user.args) if self.data[arg]}
            target = len(signs) > 1 and any(arg not in self.trained for arg in others)
            return not target and all(
                arg in self.trained or self.data[arg] <= self.data[node] for arg in others
            )
        if others:
            return False
        return isinstance(expr, Pointwise) and function_name(expr) not in _OF_LOSSES


def _is_linear(expr: Any) -> bool:
    """Whether a pointwise formula is a sum of its operands, each times a number."""
    terms = expr.as_coefficients_dict() if not expr.is_Symbol else {expr: 1}
    return all(term.is_Symbol or term.is_Number for term in terms)
