"""Summary: the layers of a model, what each computes, its shape and its parameters."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from symgraph.nn.described import Description, description_of
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.ops.let import Let, bare
from symgraph.shapes import Shape, product, shape_text
from symgraph.train.spec import Spec
from symgraph.walks import topological

__all__ = ["Layer", "Summary", "summarise"]

WIDEST = 44  # characters of a formula that are shown


@dataclass(frozen=True)
class Layer:
    """One line: an input, a named value, an output or the loss.

    `operation` is what it says of itself, as those of `sg.nn` do, or its formula, in which other
    layers stand by their names. `parameters` and
    `states` are the shapes of those that it is the first to use, `fixed` the names of parameters
    that are not trained, `shared` those that an earlier layer has used.
    """

    name: str
    operation: str
    shape: Shape
    parameters: dict[str, Shape] = field(default_factory=dict)
    states: dict[str, Shape] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def numbers(self) -> int:
        """How many numbers its parameters hold."""
        return sum(map(_count, self.parameters.values()))


def _count(shape: Shape) -> int:
    return int(product(shape))


class Summary(str):
    """The layers of a model in the order in which they are computed: a table as text, and data.

    `parameters`, `trained` and `states` count numbers: of all parameters, of those that training
    changes, of the states.
    """

    layers: list[Layer]

    def __new__(cls, layers: list[Layer]) -> Self:
        made = super().__new__(cls, _table(layers))
        made.layers = layers
        return made

    @property
    def parameters(self) -> int:
        """How many numbers there are in parameters."""
        return sum(layer.numbers for layer in self.layers)

    @property
    def trained(self) -> int:
        """How many of them training changes."""
        return _trained(self.layers)

    @property
    def states(self) -> int:
        """How many numbers there are in states."""
        return _states(self.layers)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data; sizes without a number are text."""

        def plain(shape: Shape) -> list[int | str]:
            return [size if isinstance(size, int) else str(size) for size in shape]

        layers = [
            {
                "name": layer.name, "operation": layer.operation, "shape": plain(layer.shape),
                "numbers": layer.numbers,
                "parameters": {name: plain(shape) for name, shape in layer.parameters.items()},
                "states": {name: plain(shape) for name, shape in layer.states.items()},
                "fixed": list(layer.fixed), "shared": list(layer.shared),
            }
            for layer in self.layers
        ]  # fmt: skip
        return {
            "layers": layers, "parameters": self.parameters, "trained": self.trained,
            "states": self.states,
        }  # fmt: skip

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        head, *body = [[html.escape(cell) for cell in row] for row in _rows(self.layers)]
        names = "".join(f"<th>{cell}</th>" for cell in head)
        lines = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body]
        return (
            f"<table><thead><tr>{names}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
            f"<p>{_total(self.layers)}</p>"
        )


def _rows(layers: Sequence[Layer]) -> Iterator[list[str]]:
    yield ["layer", "operation", "shape", "numbers", "parameters"]
    for layer in layers:
        text = layer.operation
        shown = text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."
        numbers = str(layer.numbers) if layer.parameters else ""
        yield [layer.name, shown, shape_text(layer.shape), numbers, ", ".join(_names(layer))]


def _table(layers: Sequence[Layer]) -> str:
    rows = list(_rows(layers))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if k == 3 else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, _total(layers)])


def _total(layers: Sequence[Layer]) -> str:
    trained, states = _trained(layers), _states(layers)
    total = sum(layer.numbers for layer in layers)
    behind = f", {states} in states" if states else ""
    return f"{total} numbers in parameters, {trained} of them trained{behind}"


def _trained(layers: Sequence[Layer]) -> int:
    return sum(
        _count(shape)
        for layer in layers
        for name, shape in layer.parameters.items()
        if name not in layer.fixed
    )


def _states(layers: Sequence[Layer]) -> int:
    return sum(_count(shape) for layer in layers for shape in layer.states.values())


def _names(layer: Layer) -> Iterator[str]:
    for name, shape in layer.parameters.items():
        yield f"{name} {shape_text(shape)}{', fixed' * (name in layer.fixed)}"
    for name, shape in layer.states.items():
        yield f"{name} {shape_text(shape)}, state"
    for name in layer.shared:
        yield f"{name}, shared"


def summarise(spec: Spec) -> Summary:
    """The layers of a model: its inputs, the values that have a name, its outputs, the loss."""
    names = _layer_names(spec)
    layers = [Layer(node.name, "input", node.shape) for node in spec.inputs.values()]
    trained, seen = {*spec.trainable, *spec.ruled}, set[Node]()
    for node, name in names.items():
        used = _variables(node, names)
        new = [variable for variable in used if variable not in seen]
        seen.update(used)
        parameters = {v.name: v for v in new if v.role == "parameter"}
        said = description_of(node) or Description(name, _formula(node), node.shape)
        layers.append(
            Layer(
                said.name, said.operation, said.shape,
                {key: v.shape for key, v in parameters.items()},
                {v.name: v.shape for v in new if v.role == "state"},
                tuple(key for key, v in parameters.items() if v not in trained),
                tuple(v.name for v in used if v.role == "parameter" and v not in new),
            )
        )  # fmt: skip
    return Summary([*layers, *_rest(spec, seen)])


def _layer_names(spec: Spec) -> dict[Node, str]:
    """The values that have a line of their own, in the order in which they are computed."""
    order = topological([*spec.outputs.values(), spec.loss])
    named = {
        node: getattr(node, "let_name", None) or ""
        for node in order
        if (isinstance(node, Let) and node.let_name and not isinstance(bare(node), Var))
        or description_of(node) is not None
    }
    ends = {**{node: name for name, node in spec.outputs.items()}, spec.loss: "loss"}
    for node, name in ends.items():
        if node not in named and not isinstance(node, Var):
            named[node] = name
    return {node: named[node] for node in order if node in named}


def _variables(layer: Node, layers: Mapping[Node, str]) -> list[Var]:
    """The parameters and states of a layer, up to the layers that it is made of."""
    below = topological(layer.args, layers)
    return [x for x in below if isinstance(x, Var) and x.role in ("parameter", "state")]


def _formula(layer: Node) -> str:
    node = layer.args[0] if isinstance(layer, Let) else layer
    return str(node)


def _rest(spec: Spec, seen: set[Node]) -> Iterator[Layer]:
    """Parameters and states that only metrics or updates use."""
    for role, group in (("parameter", spec.parameters), ("state", spec.states)):
        left = {name: v.shape for name, v in group.items() if v not in seen}
        if left and role == "parameter":
            yield Layer("metrics", "", (), left, fixed=tuple(left))
        elif left:
            yield Layer("updates", "", (), {}, left)
