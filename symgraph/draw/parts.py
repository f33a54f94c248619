"""The set formulas of a view and the sizes of its shapes, from which a plan is made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symgraph.draw.geometry import Disc, Point, Rect, Shape
from symgraph.draw.plan import Extent, Plan, PlanGroup
from symgraph.draw.scene import Polygon
from symgraph.draw.theme import Theme
from symgraph.draw.typesetting.ink import Box
from symgraph.draw.typesetting.typeset import Typesetter, stack
from symgraph.draw.view import Direction, Form, View, ViewEdge, ViewGroup, ViewNode

__all__ = ["NodePart", "Parts", "caption_spot", "measure", "plan", "values_size"]


@dataclass(frozen=True, slots=True)
class NodePart:
    """A node measured: its label, its shape (half width and half height) and its values."""

    label: Box
    form: Form
    half_width: float
    half_height: float
    forward: Box | None
    backward: Box | None
    caption: Box | None = None
    sheets: int = 1
    cell: bool = False
    taper: float = 0.0

    def outline(self, at: Point, theme: Theme, direction: Direction) -> Shape | Polygon:
        """The shape as it is painted; of a tapered box the trapezoid in it."""
        shape = self.shape(at, theme)
        if not self.taper or isinstance(shape, Disc):
            return shape
        across = shape.height if direction == "LR" else shape.width
        come, leave = (max(0.0, sign * self.taper) * across / 2 for sign in (-1.0, 1.0))
        left, top, right, bottom = shape.left, shape.top, shape.right, shape.bottom
        if direction == "LR":
            return Polygon((
                (left, top + come), (right, top + leave),
                (right, bottom - leave), (left, bottom - come),
            ))  # fmt: skip
        return Polygon((
            (left + leave, top), (right - leave, top),
            (right - come, bottom), (left + come, bottom),
        ))  # fmt: skip

    def shape(self, at: Point, theme: Theme) -> Shape:
        """The shape with its centre at a point; of several sheets the front one."""
        half = theme.sheet_step * (self.sheets - 1) / 2
        x, y = at[0] - half, at[1] + half
        if self.form == "disc":
            return Disc(x, y, self.half_width)
        corner = theme.cell_radius if self.cell else theme.box_radius
        radius = {"pill": self.half_height, "box": corner, "bare": 0.0}[self.form]
        return Rect(
            x - self.half_width,
            y - self.half_height,
            x + self.half_width,
            y + self.half_height,
            radius,
        )

    def behind(self, at: Point, theme: Theme) -> list[Shape]:
        """The sheets behind the front one, the farthest first."""
        offsets = [theme.sheet_step * k for k in reversed(range(1, self.sheets))]
        return [self.shape((at[0] + off, at[1] - off), theme) for off in offsets]

    @property
    def values(self) -> tuple[Box, ...]:
        """The values beside the node, the forward value first."""
        return tuple(box for box in (self.forward, self.backward) if box is not None)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything of a view measured, in the order of its nodes, edges and groups."""

    nodes: tuple[NodePart, ...]
    labels: tuple[Box | None, ...]
    groups: tuple[Box, ...] = ()


def measure(view: View, typesetter: Typesetter, theme: Theme) -> Parts:
    """Set every formula of a view."""
    nodes = [_node(node, view, typesetter, theme) for node in view.nodes]
    return Parts(
        tuple(_even_cells(view, nodes)),
        tuple(_edge_label(edge, typesetter, theme) for edge in view.edges),
        tuple(typesetter.measure(_title(group), theme.caption_size) for group in view.groups),
    )


def _even_cells(view: View, parts: Sequence[NodePart]) -> list[NodePart]:
    """The cells of each group all as large as its largest one."""
    numbers = {node.id: k for k, node in enumerate(view.nodes) if node.role == "cell"}
    found = list(parts)
    for group in view.groups:
        cells = [numbers[member] for member in group.members if member in numbers]
        wide = max((parts[k].half_width for k in cells), default=0.0)
        high = max((parts[k].half_height for k in cells), default=0.0)
        for k in cells:
            found[k] = replace(parts[k], half_width=wide, half_height=high)
    return found


def _title(group: ViewGroup) -> str:
    return rf"{group.label}\;\times {group.repeat}" if group.repeat > 1 else group.label


def _node(node: ViewNode, view: View, typesetter: Typesetter, theme: Theme) -> NodePart:
    size = theme.value_size if node.dashed else theme.node_size
    label = typesetter.measure(node.label, size)
    values: list[Box | None] = []
    for name, value in (("f", node.forward), ("g", node.backward)):
        if value is None or not value.strip():
            values.append(None)
            continue
        # What names itself, as h = 0.5 does, needs no other name.
        text = f"{name} = {value}" if view.prefixes and "=" not in value else value
        values.append(_strutted(typesetter.measure(text, theme.value_size), theme.value_size))
    form, half_width, half_height = _form(node, label, theme)
    if node.taper:
        # What the label needs is left where the box is narrow.
        half_width /= (1 - abs(node.taper)) if view.direction == "BT" else 1.0
        half_height /= (1 - abs(node.taper)) if view.direction == "LR" else 1.0
    if node.size is not None:
        half_width = max(half_width, node.size[0] / 2)
        half_height = max(half_height, node.size[1] / 2)
    if form == "disc":
        half_width = half_height = max(half_width, half_height)
    caption = typesetter.measure(node.caption, theme.caption_size) if node.caption else None
    return NodePart(
        label, form, half_width, half_height, values[0], values[1], caption, node.sheets,
        node.role == "cell", node.taper,
    )  # fmt: skip


def _strutted(box: Box, size: float) -> Box:
    """The box at least as tall as a line of digits, so that lines stand at even distances."""
    return Box(box.width, max(box.height, 0.72 * size), max(box.depth, 0.2 * size), box.pieces)


def _form(node: ViewNode, label: Box, theme: Theme) -> tuple[Form, float, float]:
    pad = theme.node_padding
    wide, tall = label.width / 2, label.tall / 2
    form = node.form or _form_of_role(node, label, theme)
    if form == "bare":
        return "bare", wide + 3.0, tall + 3.0
    if node.role == "cell":
        return form, wide + 3.0, tall + 3.0
    if node.dashed:
        return form, wide + pad, tall + 0.6 * pad
    if form == "disc":
        radius = max(theme.circle_radius, math.hypot(wide, tall) + 0.6 * pad)
        return "disc", radius, radius
    # A box is at least as tall as the smallest circle, so that a row of nodes looks even.
    return form, max(theme.circle_radius, wide + 1.3 * pad), max(theme.circle_radius, tall + pad)


def _form_of_role(node: ViewNode, label: Box, theme: Theme) -> Form:
    if node.role == "constant":
        return "bare"
    if node.role not in ("op", "root", "pointwise", "unit", "off"):
        return "box"
    return "disc" if label.width <= theme.widest_circle else "pill"


def _label_rooms(
    view: View, parts: Parts, theme: Theme
) -> Iterator[tuple[float, float] | None]:  # fmt: skip
    """Width and height of each label, off the marker of its edge.

    Where one edge is marked all labels have that room, so that pictures of other paths agree.
    """
    off = theme.marker.width if any(edge.highlight for edge in view.edges) else 0.0
    for box in parts.labels:
        yield (box.width + off, box.tall + off) if box else None


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
        Extent(
            part.half_width + off, part.half_width + off,
            part.half_height + off, part.half_height + off,
        )
        for part, off in ((part, theme.sheet_step * (part.sheets - 1) / 2) for part in parts.nodes)
    ]  # fmt: skip
    rooms = [
        _room(part, shape, view, theme) for part, shape in zip(parts.nodes, shapes, strict=True)
    ]
    places = tuple(node.at for node in view.nodes if node.at is not None)
    return Plan(
        tuple(shapes),
        tuple(rooms),
        tuple((numbers[edge.tail], numbers[edge.head]) for edge in view.edges),
        tuple(edge.operand for edge in view.edges),
        tuple(_label_rooms(view, parts, theme)),
        view.direction,
        _groups(view, parts, numbers),
        places if places and len(places) == len(view.nodes) else None,
        tuple(edge.route for edge in view.edges),
        tuple(node.role == "cell" for node in view.nodes),
        tuple(values_size(part, theme) for part in parts.nodes),
        theme.value_gap,
    )


def _groups(view: View, parts: Parts, numbers: dict[str, int]) -> tuple[PlanGroup, ...]:
    """The groups of a view by number; a group stands behind the one around it."""
    order = {group.id: index for index, group in enumerate(view.groups)}
    return tuple(
        PlanGroup(
            tuple(numbers[member] for member in group.members),
            None if group.parent is None else order[group.parent],
            (title.width, title.tall) if group.label else (0.0, 0.0),
            group.role == "layer",
        )
        for group, title in zip(view.groups, parts.groups, strict=True)
    )


def values_size(part: NodePart, theme: Theme) -> tuple[float, float] | None:
    """Width and height of the values of a node as they stand under each other, if it has any."""
    values = part.values
    if not values:
        return None
    height = sum(box.tall for box in values) + theme.line_gap * (len(values) - 1)
    return (max(box.width for box in values), height)


def _room(part: NodePart, shape: Extent, view: View, theme: Theme) -> Extent:
    """A node with its values: at its right, or below it where the flow is sideways."""
    width, height = values_size(part, theme) or (0.0, 0.0)
    room = shape
    if part.values and view.direction == "LR":
        half = max(shape.left, width / 2)
        room = Extent(half, half, shape.up, shape.down + theme.value_gap + height)
    elif part.values:
        half = max(shape.up, height / 2)
        room = Extent(shape.left, shape.right + theme.value_gap + width, half, half)
    if part.caption is None:
        return room
    half = part.caption.width / 2
    below = shape.down + theme.caption_gap + part.caption.tall
    if part.values and view.direction == "LR":
        below += theme.value_gap + height
    return Extent(
        max(room.left, half), max(room.right, half), room.up, max(room.down, below)
    )  # fmt: skip


def caption_spot(part: NodePart, shape: Shape, theme: Theme) -> Rect | None:
    """Where the caption of a node stands: below it, in the middle."""
    if part.caption is None:
        return None
    x, top = shape.centre[0], shape.bounds.bottom + theme.caption_gap
    half = part.caption.width / 2
    return Rect(x - half, top, x + half, top + part.caption.tall)
