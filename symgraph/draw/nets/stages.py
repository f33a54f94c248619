"""An expression read layer by layer: convolutions, full connections, pooling, sums, functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy

from symgraph.draw.graphs.node_texts import sign_latex
from symgraph.draw.nets.composites import Composite, composite_latex, composites
from symgraph.draw.nets.layered import sign_of_function
from symgraph.draw.nets.windows import Windows, windowed, windows_of
from symgraph.draw.view import Language
from symgraph.errors import DrawError
from symgraph.node import Node
from symgraph.node_signs import sign_of
from symgraph.ops import Concat, Einsum, Fill, Let, Map, Pull, Reduce, Reshape, Var
from symgraph.ops.let import bare
from symgraph.printing import latex_name
from symgraph.rounding import number_latex
from symgraph.scalar import Pointwise, slot
from symgraph.shapes import Dim, Shape
from symgraph.walks import topological

__all__ = ["Stage", "StageKind", "Stages", "shape_latex"]

_COMPARED = frozenset("<>≤≥=≠")
StageKind = Literal["input", "affine", "conv", "pool", "function", "add", "part", "other"]


@dataclass(slots=True)
class Stage:
    """One layer: what it does to the values of its `tails`, and what its result is called.

    `sign` is the operation in LaTeX, `function` the one that follows within the same layer.
    """

    number: int
    kind: StageKind
    node: Node
    tails: list[int]
    sign: str = ""
    function: str = ""
    name: str = ""
    weights: list[str] = field(default_factory=list)
    windows: Windows | None = None
    part: Composite | None = None
    frozen: bool = False
    shape: Shape = ()


class Stages:
    """The layers of the values up to `outputs`; every value knows its layer."""

    def __init__(self, outputs: Sequence[Node], language: Language = "en") -> None:
        self.stages: list[Stage] = []
        self._language: Language = language
        self.outputs = tuple(outputs)
        self.order = topological(outputs)
        self._users: dict[Node, set[Node]] = {}
        self._of: dict[Node, int] = {}
        #: What is added so far, where the sum goes on.
        self._open: dict[Node, list[int]] = {}
        for node in self.order:
            for arg in node.args:
                self._users.setdefault(arg, set()).add(node)
        self._batch = self._batch_size()
        self._parts = composites(self.order, self._users)
        #: What only a part with a name of its own uses.
        self._within = self._only_in_parts()
        for node in self.order:
            if node not in self._within:
                self._read(node)
        if not any(stage.tails for stage in self.stages):
            raise DrawError(
                "draw: there is no layer in this expression, a function of data. Use style='graph'."
            )

    def of(self, node: Node) -> Stage | None:
        """The layer that makes a value, None where it holds weights only."""
        return self.stages[self._of[node]] if node in self._of else None

    def shape(self, stage: Stage) -> Shape:
        """The sizes of the result of a layer, without the axis of the samples."""
        shape = stage.shape
        if self._batch is not None and shape[:1] == (self._batch,):
            return shape[1:]
        return shape

    def _batch_size(self) -> Dim | None:
        """The symbolic size that no parameter has: the number of samples."""
        known = {
            size
            for node in self.order
            if isinstance(node, Var) and node.role == "parameter"
            for size in node.shape
        }
        for node in self.order:
            if isinstance(node, Var) and node.role != "parameter" and node.shape:
                first = node.shape[0]
                if not isinstance(first, int) and first not in known:
                    return first
        return None

    def _only_in_parts(self) -> set[Node]:
        inner = {node for part in self._parts.values() for node in part.inner}
        known = inner | set(self._parts)
        return {node for node in inner if self._users[node] <= known}

    # --- reading ------------------------------------------------------------------------------

    def _read(self, node: Node) -> None:
        if isinstance(node, Var):
            if node.role != "parameter" and node.kind != "boolean":
                stage = self._new("input", node, [], name=latex_name(node.name))
                stage.sign = stage.name
            return
        if node in self._parts:
            self._named_part(node, self._parts[node])
            return
        tails = self._tails(node)
        if not tails:
            return
        if isinstance(node, Let):
            self._name(node, self.stages[tails[0]])
            return
        windows = windowed(node)
        if windows is not None and windows.source in self._of:
            self._window(node, windows)
        elif windows_of(node) is not None and self._only_windows(node):
            self._of[node] = tails[0]
        elif isinstance(node, Einsum):
            self._einsum(node, tails)
        elif isinstance(node, Map):
            self._map(node, tails)
        elif isinstance(node, (Reshape, Pull)) and len(tails) == 1:
            self._moved(node, self.stages[tails[0]])
        else:
            self._new("other", node, tails, sign=_sign(node))

    def _named_part(self, node: Node, part: Composite) -> None:
        """A part that has a name of its own is a layer, with all its ends."""
        made = next((self._of[end] for end in part.ends if end in self._of), None)
        if made is None:
            sign = composite_latex(part.kind, len(part.ends), self._language)
            stage = self._new("part", node, [self._of[part.source]], sign=sign)
            stage.part = part
            stage.weights = [latex_name(leaf.name) for leaf in part.weights]
        else:
            self._of[node] = made

    def _moved(self, node: Node, stage: Stage) -> None:
        """Entries in another order are the same layer; rows of a table of weights are not."""
        weights = self._weights(node)
        if weights:
            sign = rf"{weights[0]}[\,\cdot\,]" if isinstance(node, Pull) else weights[0]
            self._new("other", node, [stage.number], sign=sign).weights = weights
            return
        self._of[node] = stage.number
        if stage.kind == "input" and isinstance(node, Reshape) and bare(node.args[0]) is stage.node:
            stage.shape = node.shape

    def _only_windows(self, node: Node) -> bool:
        """Whether windows are read by a convolution or a pooling only."""
        return all(
            windowed(user) is not None or isinstance(user, (Map, Einsum, Reduce))
            for user in self._users.get(node, ())
        )

    def _tails(self, node: Node) -> list[int]:
        return list(dict.fromkeys(self._of[arg] for arg in node.args if arg in self._of))

    def _new(
        self, kind: StageKind, node: Node, tails: list[int], *, sign: str = "", name: str = ""
    ) -> Stage:
        stage = Stage(len(self.stages), kind, node, tails, sign, name=name, shape=node.shape)
        self.stages.append(stage)
        self._of[node] = stage.number
        return stage

    def _name(self, node: Let, stage: Stage) -> None:
        self._of[node] = stage.number
        if node.stops:
            self._freeze(stage)
        flattened = isinstance(node.args[0], Reshape) and stage.name
        if node.let_name and stage.kind != "input" and not flattened:
            stage.name = latex_name(node.let_name)

    def _freeze(self, last: Stage) -> None:
        """A layer behind stop_gradient, with all layers before it, is not trained."""
        waiting = [last.number]
        while waiting:
            stage = self.stages[waiting.pop()]
            if not stage.frozen:
                stage.frozen = True
                waiting += stage.tails

    def _weights(self, node: Node) -> list[str]:
        """The parameters among the operands that hold no data."""
        found: list[str] = []
        for arg in node.args:
            if arg not in self._of:
                turned = r"^{\mathsf{T}}" if _is_turned(node, arg) else ""
                for leaf in topological([arg]):
                    if isinstance(leaf, Var):
                        found.append(latex_name(leaf.name) + turned)
        return found

    def _window(self, node: Node, windows: Windows) -> None:
        tails = [self._of[windows.source]]
        size = r" \times ".join(map(str, windows.size))
        if windows.kind == "conv":
            stage = self._new("conv", node, tails, sign=size)
            stage.weights = self._weights(node)
        else:
            word = r"\max" if windows.kind == "max" else r"\mathrm{mean}"
            stage = self._new("pool", node, tails, sign=rf"{word}\,{size}")
        stage.windows = windows

    def _einsum(self, node: Einsum, tails: list[int]) -> None:
        weights = self._weights(node)
        if len(node.args) == 1:
            pooled = all(windowed(user) is not None for user in self._users.get(node, {node}))
            if pooled or not set(node.ins[0]) - set(node.out):
                self._of[node] = tails[0]
                return
            self._new("other", node, tails, sign=r"\Sigma")
        elif weights and len(tails) == 1:
            stage = self._new("affine", node, tails, sign=r"\,".join(weights))
            stage.weights = weights
        else:
            named = [_called(arg) for arg in node.args] if node.ndim == 2 else [None]
            sign = r"\cdot" if None in named else r"\,".join(map(str, named))
            self._new("other", node, tails, sign=sign)

    def _map(self, node: Map, tails: list[int]) -> None:
        expr = node.template.expr
        data = [arg for arg in node.args if arg in self._of]
        if len(data) == 1:
            self._one_operand(node, self.stages[tails[0]], expr)
        elif _is_sum(expr):
            terms = [one for arg in data for one in self._open.get(arg, [self._of[arg]])]
            if any(self.stages[one].part for one in terms):
                terms = list(dict.fromkeys(terms))  # heads are one part
            if self._goes_on(node):
                self._open[node], self._of[node] = terms, terms[0]
            else:
                self._new("add", node, terms, sign="+")
        else:
            self._new("other", node, [self._of[arg] for arg in data], sign=_sign(node))

    def _weighted(self, node: Map, stage: Stage, weights: list[str], added: bool) -> Stage:
        """A layer that adds or multiplies weights; a sum takes its bias in."""
        if not added:
            return self._new("affine", node, [stage.number], sign=r"\,".join(weights))
        if stage.kind == "add" and not stage.name and len(self._users[stage.node]) == 1:
            stage.sign = rf"{stage.sign}\,{weights[0]}" if stage.sign == "+" else stage.sign
            return stage
        return self._new("add", node, [stage.number], sign=rf"+\,{weights[0]}")

    def _goes_on(self, node: Node) -> bool:
        """Whether a sum is only an addend of another one: the two are drawn as one."""
        users = self._users.get(node, set())
        return len(users) == 1 and all(
            isinstance(user, Map)
            and _is_sum(user.template.expr)
            and all(self._has_data(arg) for arg in user.args)
            for user in users
        )

    def _has_data(self, node: Node) -> bool:
        return any(
            isinstance(leaf, Var) and leaf.role != "parameter" for leaf in topological([node])
        )

    def _one_operand(self, node: Map, stage: Stage, expr: Any) -> None:
        """A bias or a scale stays in its layer, and so does the function behind weights."""
        last = stage.node
        if not isinstance(expr, Pointwise):
            weighted = self._weights(node)
            numbers = [_number(arg) for arg in node.args if arg not in self._of]
            if all(number is not None for number in numbers):
                self._new("function", node, [stage.number], sign=_of_numbers(node, expr))
                return
            open_sum = stage.kind in ("affine", "conv") and not stage.function
            if weighted and not open_sum:
                stage = self._weighted(node, stage, weighted, _is_sum(expr))
            stage.weights += [name for name in weighted if name not in stage.weights]
            self._of[node] = stage.number
            stage.node, stage.shape = node, node.shape
            return
        function = sign_of_function(expr.func(slot(0), *expr.args[1:]))
        if sign_of(node) in _COMPARED:
            function = _compared(node, expr)
        elif sign_of(node) == "1[ ]":
            function = sign_latex("1[ ]")
        alone = len(self._users.get(last, ())) == 1
        if stage.kind in ("affine", "conv") and alone and not stage.function:
            stage.function = function
            stage.node, stage.shape = node, node.shape
            self._of[node] = stage.number
            return
        self._new("function", node, [stage.number], sign=function)


def _called(node: Node) -> str | None:
    """The name of a value, also of one that is only transposed; None where it has none."""
    if isinstance(node, Einsum) and len(node.args) == 1 and node.ins[0] == node.out[::-1]:
        name = _called(node.args[0])
        return name if name is None else rf"{name}^{{\mathsf{{T}}}}"
    if isinstance(node, Var):
        return latex_name(node.name)
    return latex_name(node.let_name) if isinstance(node, Let) and node.let_name else None


def _is_turned(node: Node, weight: Node) -> bool:
    """Whether a matrix to the left of the data is transposed: Wᵀ h."""
    if not isinstance(node, Einsum) or len(node.args) != 2 or node.args[0] is not weight:
        return False
    summed = [i for i in node.ins[0] if i not in node.out]
    if len(node.ins[0]) != 2 or len(summed) != 1:
        return False
    turned = summed[0] == node.ins[0][0]
    inner = bare(weight)
    while isinstance(inner, Einsum) and len(inner.args) == 1 and inner.ins[0] == inner.out[::-1]:
        turned, inner = not turned, bare(inner.args[0])
    return turned


def _sign(node: Node) -> str:
    """An operation on data as a sign."""
    if isinstance(node, Map):
        signs = {slot(0) * slot(1): r"\odot", slot(0) - slot(1): "-"}
        found = signs.get(node.template.expr)
        if found is not None:
            return found
    if isinstance(node, Concat):
        return r"[\,\cdot\,,\cdot\,]"
    return sign_latex(sign_of(node))


def _number(node: Node) -> Any:
    """A constant, or a function of one, such as √2; None for anything else."""
    if isinstance(node, Fill):
        return sympy.sympify(node.value)
    if isinstance(node, Map) and len(node.args) == 1 and isinstance(node.args[0], Fill):
        return node.template.expr.xreplace({slot(0): sympy.sympify(node.args[0].value)})
    return None


def _of_numbers(node: Map, expr: Any) -> str:
    """A formula of one value and numbers, · - 37."""
    if expr.is_Pow and expr.base == slot(0):
        return sign_of_function(expr)
    numbers = [_number(arg) for arg in node.args]
    if expr == slot(0) / slot(1) and numbers[0] is None:
        return rf"\cdot{{}} / {sympy.latex(numbers[1])}"
    known = {
        slot(k): sympy.Symbol("\u00b7") if number is None else number
        for k, number in enumerate(numbers)
    }
    shown: str = sympy.latex(expr.xreplace(known), fold_short_frac=True)
    return shown.replace("\u00b7", r"\cdot{}")


def _compared(node: Map, expr: Any) -> str:
    """A comparison with a number, · > 3."""
    sign = sign_latex(sign_of(node))
    numbers = [one for one in expr.args if one.is_Number]
    numbers += [node.args[k].value for k in range(len(node.args)) if isinstance(node.args[k], Fill)]
    if len(numbers) != 1:
        return sign
    number = number_latex(float(numbers[0]), 6)
    first = expr.args[0].is_Number or isinstance(node.args[0], Fill)
    return rf"{number} {sign} \cdot" if first else rf"\cdot {sign} {number}"


def _is_sum(expr: Any) -> bool:
    return bool(expr.is_Add and all(term.is_Symbol for term in expr.args))


def shape_latex(shape: Shape) -> str:
    """Sizes as they stand below a layer: maps @ height x width.

    >>> shape_latex((8, 24, 24)), shape_latex((10,)), shape_latex(())
    ('8@24 \\\\times 24', '10', '1')
    """
    texts = [latex_name(str(size)) if not isinstance(size, int) else str(size) for size in shape]
    if len(texts) == 3:
        return rf"{texts[0]}@{texts[1]} \times {texts[2]}"
    return r" \times ".join(texts) or "1"
