"""The set formulas of a view and the sizes of its shapes, from which a plan is made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from symgraph.draw.geometry import Disc, Point, Rect, Shape
from symgraph.draw.plan import Extent, Plan
from symgraph.draw.theme import Theme
from symgraph.draw.typeset import Box, Typesetter, stack
from symgraph.draw.view import View, ViewEdge, ViewNode

__all__ = ["NodePart", "Parts", "measure", "plan"]

Form = Literal["disc", "pill", "box", "bare"]


@dataclass(frozen=True, slots=True)
class NodePart:
    """A node measured: its label, its shape (half width and half height) and its values."""

    label: Box
    form: Form
    half_width: float
    half_height: float
    forward: Box | None
    backward: Box | None

    def shape(self, at: Point, theme: Theme) -> Shape:
        """The shape with its centre at a point."""
        x, y = at
        if self.form == "disc":
            return Disc(x, y, self.half_width)
        radius = {"pill": self.half_height, "box": theme.box_radius, "bare": 0.0}[self.form]
        return Rect(
            x - self.half_width,
            y - self.half_height,
            x + self.half_width,
            y + self.half_height,
            radius,
        )

    @property
    def values(self) -> tuple[Box, ...]:
        """The values beside the node, the forward value first."""
        return tuple(box for box in (self.forward, self.backward) if box is not None)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything of a view measured, in the order of its nodes and edges."""

    nodes: tuple[NodePart, ...]
    labels: tuple[Box | None, ...]


def measure(view: View, typesetter: Typesetter, theme: Theme) -> Parts:
    """Set every formula of a view."""
    return Parts(
        tuple(_node(node, view, typesetter, theme) for node in view.nodes),
        tuple(_edge_label(edge, typesetter, theme) for edge in view.edges),
    )


def _node(node: ViewNode, view: View, typesetter: Typesetter, theme: Theme) -> NodePart:
    label = typesetter.measure(node.label, theme.node_size)
    values: list[Box | None] = []
    for name, value in (("f", node.forward), ("g", node.backward)):
        if value is None or not value.strip():
            values.append(None)
            continue
        text = f"{name} = {value}" if view.prefixes else value
        values.append(_strutted(typesetter.measure(text, theme.value_size), theme.value_size))
    form, half_width, half_height = _form(node, label, theme)
    return NodePart(label, form, half_width, half_height, values[0], values[1])


def _strutted(box: Box, size: float) -> Box:
    """The box at least as tall as a line of digits, so that lines stand at even distances."""
    return Box(box.width, max(box.height, 0.72 * size), max(box.depth, 0.2 * size), box.pieces)


def _form(node: ViewNode, label: Box, theme: Theme) -> tuple[Form, float, float]:
    pad = theme.node_padding
    wide, tall = label.width / 2, label.tall / 2
    if node.role == "constant":
        return "bare", wide + 3.0, tall + 3.0
    if node.role in ("op", "root") and label.width <= theme.widest_circle:
        radius = max(theme.circle_radius, math.hypot(wide, tall) + 0.6 * pad)
        return "disc", radius, radius
    form: Form = "pill" if node.role in ("op", "root") else "box"
    # A box is at least as tall as the smallest circle, so that a row of nodes looks even.
    return form, max(theme.circle_radius, wide + 1.3 * pad), max(theme.circle_radius, tall + pad)


def _edge_label(edge: ViewEdge, typesetter: Typesetter, theme: Theme) -> Box | None:
    texts = [edge.label or ""]
    if edge.value is not None:
        texts.append(f"= {edge.value}" if edge.label else edge.value)
    boxes = [typesetter.measure(text, theme.label_size) for text in texts if text.strip()]
    boxes = [box for box in boxes if box.width > 0]
    return stack(tuple(boxes), theme.line_gap) if boxes else None


def plan(view: View, parts: Parts, theme: Theme) -> Plan:
    """What a layout engine needs to know about a view."""
    numbers = {node.id: index for index, node in enumerate(view.nodes)}
    shapes = [
        Extent(part.half_width, part.half_width, part.half_height, part.half_height)
        for part in parts.nodes
    ]
    rooms = [
        _room(part, shape, view, theme) for part, shape in zip(parts.nodes, shapes, strict=True)
    ]
    return Plan(
        tuple(shapes),
        tuple(rooms),
        tuple((numbers[edge.tail], numbers[edge.head]) for edge in view.edges),
        tuple(edge.operand for edge in view.edges),
        tuple((box.width, box.tall) if box else None for box in parts.labels),
        view.direction,
    )


def values_size(part: NodePart, theme: Theme) -> tuple[float, float]:
    """Width and height of the values of a node as they stand under each other."""
    values = part.values
    if not values:
        return (0.0, 0.0)
    height = sum(box.tall for box in values) + theme.line_gap * (len(values) - 1)
    return (max(box.width for box in values), height)


def _room(part: NodePart, shape: Extent, view: View, theme: Theme) -> Extent:
    """A node with its values: at its right, or below it where the flow is sideways."""
    width, height = values_size(part, theme)
    if not part.values:
        return shape
    if view.direction == "LR":
        half = max(shape.left, width / 2)
        return Extent(half, half, shape.up, shape.down + theme.value_gap + height)
    half = max(shape.up, height / 2)
    return Extent(shape.left, shape.right + theme.value_gap + width, half, half)
