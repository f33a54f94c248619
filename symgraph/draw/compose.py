"""From places to the picture: clipped edges, labels, values, legend, title, and their texts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from symgraph.draw.engines.annotate import Spot, place_title, place_values
from symgraph.draw.geometry import Point, Rect, Shape, clip, enclosing, flatten, straight
from symgraph.draw.legend import legend_items
from symgraph.draw.notes import broken
from symgraph.draw.parts import NodePart, Parts, caption_spot, values_size
from symgraph.draw.plan import Places
from symgraph.draw.scene import Drawn, Glyphs, Item, Layer, Path, Scene
from symgraph.draw.theme import Paint, Theme
from symgraph.draw.typesetting.ink import Box
from symgraph.draw.typesetting.typeset import Typesetter, clean
from symgraph.draw.view import View, ViewEdge

__all__ = ["compose"]

_NOTE_GAP, _NOTE_LINE, _NOTE_INDENT = 24.0, 8.0, 28.0
# From the baseline of the heading of a layer to the picture below it.
_HEADING_GAP = 12.0


def compose(
    view: View, parts: Parts, places: Places, typesetter: Typesetter, theme: Theme
) -> Scene:
    """The finished scene."""
    picture = _Picture(view, parts, places, theme)
    picture.draw_groups()
    picture.draw_edges()
    picture.draw_nodes()
    picture.draw_values()
    picture.draw_labels()
    picture.draw_notes(typesetter)
    if view.legend:
        picture.draw_legend(typesetter)
    if view.title:
        picture.draw_title(typesetter)
    return picture.finish()


@dataclass(slots=True)
class _Picture:
    view: View
    parts: Parts
    places: Places
    theme: Theme
    items: list[Item] = field(default_factory=list)

    def add(
        self,
        owner: str,
        layer: Layer,
        role: str,
        drawn: Drawn,
        paint: Paint,
        alt: str = "",
        source: str = "",
    ) -> None:
        """One more item; its id says whose it is and what."""
        suffix = {"node": "", "edge": "", "group": ""}.get(layer, f"-{role}")
        if role.startswith("sheet"):
            suffix = f"-{role}"
        self.items.append(Item(owner + suffix, owner, layer, role, drawn, paint, alt, source))

    def draw_groups(self) -> None:
        """The boxes behind everything, their titles at the top left."""
        lines = [flatten(curve) for curve in self.places.curves] if self.view.groups else []
        for index, (group, title, rect) in enumerate(
            zip(self.view.groups, self.parts.groups, self.places.groups, strict=True)
        ):
            owner = f"g{index}"
            paint = self.theme.groups[group.role]
            self.add(owner, "group", group.role, rect, paint, clean(group.label))
            spot = place_title(rect, title.width, title.tall, lines)
            left, base = spot.left, spot.top + title.height
            if group.role == "layer":
                # On one line, whatever hangs below it.
                left, base = rect.centre[0] - title.width / 2, rect.bottom - _HEADING_GAP
            glyphs, ink = Glyphs(title, left, base), Paint(self.theme.muted)
            if group.label:
                self.add(owner, "caption", "title", glyphs, ink, "", clean(group.label))

    def draw_edges(self) -> None:
        """The curves from border to border, each with its arrowhead."""
        names = {node.id: index for index, node in enumerate(self.view.nodes)}
        alts = {node.id: node.alt or node.label for node in self.view.nodes}
        for k, (edge, curve) in enumerate(zip(self.view.edges, self.places.curves, strict=True)):
            tail, head = self._outer_shape(names[edge.tail]), self._outer_shape(names[edge.head])
            clipped, tip = clip(curve, tail, head, self.theme.arrow_length)
            if edge.arrow:
                path = Path(clipped, _arrowhead(clipped[-1], tip, self.theme.arrow_width))
            else:
                path = Path((*clipped, *straight(clipped[-1], tip)[1:]))
            if edge.highlight:
                self.add(f"e{k}", "marker", "marker", Path(path.curve), self.theme.marker)
            paint = self.theme.line(dead=edge.dead, dashed=edge.dashed, hue=edge.hue)
            role = "dead" if edge.dead else "edge"
            self.add(f"e{k}", "edge", role, path, paint, _edge_alt(edge, alts))

    def _outer_shape(self, index: int) -> Shape:
        """The shape of a node with its rim, where edges end."""
        shape = self.parts.nodes[index].shape(self.places.centres[index], self.theme)
        return shape.grown(self.theme.nodes[self.view.nodes[index].role].width / 2)

    def draw_nodes(self) -> None:
        """The shapes with their labels in the middle."""
        ink = Paint(self.theme.ink)
        for index, (node, part) in enumerate(zip(self.view.nodes, self.parts.nodes, strict=True)):
            at = self.places.centres[index]
            owner = f"n{index}"
            paint = self.theme.paint(node.role, node.hue, node.dashed)
            alt = clean(node.alt or node.label)
            for number, sheet in enumerate(part.behind(at, self.theme)):
                self.add(owner, "group", f"sheet{number}", sheet, paint)
            outline = part.outline(at, self.theme, self.view.direction)
            self.add(owner, "node", node.role, outline, paint, alt)
            label = _centred(part.label, part.shape(at, self.theme).centre)
            self.add(owner, "text", "name", label, ink, source=clean(node.label))
            if node.crossed:
                bounds = part.shape(at, self.theme).bounds
                for role, ends in enumerate(_diagonals(bounds)):
                    path = Path(straight(*ends))
                    self.add(owner, "mark", f"cross{role}", path, self.theme.cross)
            spot = self._caption(index)
            if part.caption is not None and spot is not None:
                glyphs, muted = _centred(part.caption, spot.centre), Paint(self.theme.muted)
                source = clean(node.caption)
                self.add(owner, "caption", "caption", glyphs, muted, source=source)

    def _caption(self, index: int) -> Rect | None:
        part = self.parts.nodes[index]
        shape = part.shape(self.places.centres[index], self.theme)
        return caption_spot(part, shape, self.theme)

    def draw_labels(self) -> None:
        """The local derivatives beside their edges."""
        for k, (edge, box, rect) in enumerate(
            zip(self.view.edges, self.parts.labels, self.places.labels, strict=True)
        ):
            if box is not None and rect is not None:
                source = clean(" = ".join(part for part in (edge.label, edge.value) if part))
                paint = Paint(self.theme.ink if edge.ink else self.theme.label)
                role = "ink" if edge.ink else "label"
                glyphs = _centred(box, rect.centre)
                self.items.append(
                    Item(f"e{k}-label", f"e{k}", "label", role, glyphs, paint, "", source)
                )

    def draw_values(self) -> None:
        """Forward values above backward values, on the free side of each node."""
        shapes = [
            part.shape(at, self.theme)
            for part, at in zip(self.parts.nodes, self.places.centres, strict=True)
        ]
        captions = [self._caption(index) for index in range(len(shapes))]
        labels = [rect for rect in (*self.places.labels, *captions) if rect is not None]
        lines = [
            [*flatten(item.drawn.curve), *(item.drawn.arrow or ())[:1]]
            for item in self.items
            if isinstance(item.drawn, Path)
        ]
        spots = place_values(
            [values_size(part, self.theme) if part.values else None for part in self.parts.nodes],
            shapes,
            labels,
            lines,
            self.view.direction,
            self.theme.value_gap,
        )
        for index, (part, spot) in enumerate(zip(self.parts.nodes, spots, strict=True)):
            if spot is not None:
                self._draw_values_of(index, part, spot)

    def _draw_values_of(self, index: int, part: NodePart, spot: Spot) -> None:
        node = self.view.nodes[index]
        y = spot.rect.top
        rows: tuple[tuple[Layer, Box | None, str, str | None], ...] = (
            ("forward", part.forward, self.theme.forward, node.forward),
            ("backward", part.backward, self.theme.backward, node.backward),
        )
        for layer, box, colour, source in rows:
            if box is None:
                continue
            room = spot.rect.width - box.width
            x = spot.rect.left + room * {"left": 0.0, "middle": 0.5, "right": 1.0}[spot.align]
            glyphs = Glyphs(box, x, y + box.height)
            self.add(f"n{index}", layer, layer, glyphs, Paint(colour), "", clean(source or ""))
            y += box.tall + self.theme.line_gap

    def bounds(self) -> Rect:
        """The room of everything drawn so far, rims included."""
        return enclosing([item.bounds.grown(item.paint.width / 2) for item in self.items])

    def draw_notes(self, typesetter: Typesetter) -> None:
        """The lines below the picture; a long one goes on below its second equals sign."""
        bounds = self.bounds()
        y = bounds.bottom + _NOTE_GAP
        ink, size = Paint(self.theme.ink), self.theme.note_size
        above = len(self.items)
        for index, note in enumerate(self.view.notes):
            for number, line in enumerate(broken(note, typesetter, size, bounds.width)):
                indent = _NOTE_INDENT if number else 0.0
                box = typesetter.measure(line, size)
                glyphs = Glyphs(box, bounds.left + indent, y + box.height)
                role = f"line{number}"
                self.add(f"note{index}", "caption", role, glyphs, ink, "", clean(line))
                y += box.tall + _NOTE_LINE
        self.items[above:] = _under(bounds, self.items[above:])

    def draw_legend(self, typesetter: Typesetter) -> None:
        """What the colours mean, below the picture; only what the picture uses."""
        used = {item.layer for item in self.items if item.role != "ink"}
        room = self.bounds()
        items = list(legend_items(self.view, used, room, typesetter, self.theme))
        self.items += _under(room, items)

    def draw_title(self, typesetter: Typesetter) -> None:
        """The title above the picture."""
        bounds = self.bounds()
        escaped = clean(self.view.title)
        box = typesetter.measure(_text_mode(escaped), self.theme.title_size)
        x = bounds.left + (bounds.width - box.width) / 2
        glyphs = Glyphs(box, x, bounds.top - 22.0 - box.depth)
        self.add("title", "title", "text", glyphs, Paint(self.theme.ink), "", escaped)

    def finish(self) -> Scene:
        """Everything moved so that the margin begins at (0, 0)."""
        bounds = self.bounds()
        margin = self.theme.margin
        dx, dy = margin - bounds.left, margin - bounds.top
        owners = {f"n{index}": node.id for index, node in enumerate(self.view.nodes)}
        ranks = {f"n{index}": rank for index, rank in enumerate(self.places.ranks)}
        return Scene(
            bounds.width + 2 * margin,
            bounds.height + 2 * margin,
            self.theme.background,
            tuple(item.moved(dx, dy) for item in self._in_steps()),
            owners,
            clean(self.view.title),
            self._description(),
            self.places.engine,
            self.places.version,
            ranks,
        )

    def _in_steps(self) -> list[Item]:
        """The items, each from the step on in which its node or edge is first seen."""
        firsts = {f"n{index}": node.first for index, node in enumerate(self.view.nodes)}
        firsts |= {f"e{k}": edge.first for k, edge in enumerate(self.view.edges)}
        if not any(firsts.values()):
            return self.items
        found = []
        for item in self.items:
            first = firsts.get(item.owner, 0)
            last = first if item.layer == "marker" else None
            found.append(replace(item, first=first, last=last))
        return found

    def _description(self) -> str:
        nodes, edges = len(self.view.nodes), len(self.view.edges)
        if self.view.language == "zh":
            return f"计算图：{nodes} 个节点，{edges} 条边。"
        return f"A computation graph with {nodes} nodes and {edges} edges."


def _under(room: Rect, items: list[Item]) -> list[Item]:
    """Lines below a picture that takes `room`, which stands over the middle of wider ones."""
    spare = enclosing([item.bounds for item in items]).width - room.width if items else 0.0
    return [item.moved(-spare / 2, 0.0) for item in items] if spare > 0.0 else items


def _diagonals(bounds: Rect) -> tuple[tuple[Point, Point], ...]:
    left, right, top, bottom = bounds.left, bounds.right, bounds.top, bounds.bottom
    return (((left, top), (right, bottom)), ((left, bottom), (right, top)))


def _edge_alt(edge: ViewEdge, alts: dict[str, str]) -> str:
    text = f"{alts[edge.tail]} → {alts[edge.head]}"
    parts = [part for part in (edge.label, edge.alt, edge.value) if part]
    return clean(f"{text}: {' = '.join(parts)}" if parts else text)


def _text_mode(text: str) -> str:
    r"""Plain words as LaTeX; a title with `$`, `\` or a brace is taken as LaTeX already."""
    if any(char in "\\${}" for char in text):
        return text.replace("$", "")
    return rf"\text{{{text}}}"


def _centred(box: Box, at: Point) -> Glyphs:
    x, y = at
    return Glyphs(box, x - box.width / 2, y + (box.height - box.depth) / 2)


def _arrowhead(base: Point, tip: Point, width: float) -> tuple[Point, Point, Point]:
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    length = math.hypot(dx, dy) or 1.0
    nx, ny = -dy / length * width / 2, dx / length * width / 2
    return (tip, (base[0] + nx, base[1] + ny), (base[0] - nx, base[1] - ny))
