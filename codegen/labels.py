"""What the user's graph says about the code: names, formulas and shapes for the comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from symgraph.codegen.passes import everything
from symgraph.node import Node
from symgraph.ops.leaves import Fill, Var
from symgraph.ops.let import Let
from symgraph.printing import Format, Piece
from symgraph.shapes import Shape, shape_text
from symgraph.template import Template

__all__ = ["Labels", "comment"]

_FORMAT = Format("text")
_LONGEST = 100


def comment(text: str) -> str:
    """Text that stays inside its comment: one line, printable characters only."""
    shown = text[: _LONGEST + 1]  # the titles of large programs are long
    if not shown.isprintable():
        shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in shown)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


class _Sources(NamedTuple):
    """What the user wrote for computed nodes: the node of each, its name, and the way back."""

    origin: dict[Node, Node]
    names: dict[Node, str]
    image: dict[Node, Node]


class Labels:
    """Where each computed node comes from.

    `roots` are the user's, `images` the maps of the passes, first pass first, starting from the
    nodes that the roots are made of. Programs that are too long to read never ask.
    """

    def __init__(self, roots: Sequence[Node], images: Sequence[Mapping[Node, Node]]) -> None:
        self._roots, self._images = roots, images
        self._formats: dict[Template, list[str]] = {}
        self._shapes: dict[Shape, str] = {}
        self._numbers: dict[Node, Piece] = {}

    @cached_property
    def _sources(self) -> _Sources:
        found = _Sources({}, {}, {})
        for node in everything(self._roots):
            final: Node | None = node
            for image in self._images:
                final = image.get(final) if final is not None else None
            if final is None:
                continue
            found.image[node] = final
            if isinstance(node, Let):
                name = node.let_name
                if name is not None:
                    found.names.setdefault(final, name)
            else:
                found.origin.setdefault(final, node)
        return found

    def name(self, node: Node) -> str | None:
        """The user's name of a computed node."""
        return self._sources.names.get(node)

    def note(self, node: Node, env: Mapping[Node, Any]) -> str:
        """The comment beside the line that completes a node; "" for a step on the way."""
        origin = self._sources.origin.get(node)
        if origin is None or not origin._args:
            return ""
        formula = self._formula(origin, [self._shown(arg, env) for arg in origin._args])
        name, shape = self.name(node), self._shapes.get(node.shape)
        if shape is None:
            shape = self._shapes[node.shape] = shape_text(node.shape)
        return comment(f"{formula}, {shape}" if name is None else f"{name} = {formula}, {shape}")

    def _shown(self, node: Node, env: Mapping[Node, Any]) -> Piece:
        """An operand by its name, its number, or the identifier that holds it."""
        while isinstance(node, Let):
            if node.let_name is not None:
                return _FORMAT.name(node.let_name)
            node = node.args[0]
        if isinstance(node, Var):
            return _FORMAT.name(node.name)
        if isinstance(node, Fill):
            found = self._numbers.get(node)
            if found is None:
                found = self._numbers[node] = node.form(_FORMAT, [])
            return found
        value = env.get(self._sources.image.get(node, node))
        return Piece(value.text if value is not None else "...")

    def _formula(self, node: Node, pieces: list[Piece]) -> str:
        body = node.params[0] if node.params else None
        if not isinstance(body, Template):
            return node.form(_FORMAT, pieces).text if not node.is_projection else ""
        parts = self._formats.get(body)
        if parts is None:  # every second one is the number of an operand
            marks = [Piece(f"\0{k}\0") for k in range(body.arity)]
            parts = self._formats[body] = body.form(_FORMAT, marks).text.split("\0")
        parts = [*parts]
        parts[1::2] = [pieces[int(k)].text for k in parts[1::2]]
        return "".join(parts)
