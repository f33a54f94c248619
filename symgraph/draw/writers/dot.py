"""DOT: the source of a picture for people who want Graphviz itself to lay it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from symgraph.draw.scene import Scene
from symgraph.draw.theme import LIGHT, Paint
from symgraph.draw.typesetting.typeset import clean
from symgraph.draw.view import View, ViewEdge, ViewGroup, ViewNode
from symgraph.draw.writers.texmath import plain, plain_text

__all__ = ["dot", "dot_source"]

_FORMS = {"disc": "circle", "pill": "box", "box": "box", "bare": "plaintext"}
_ROUND = ("op", "root", "pointwise", "unit")


def dot(view: View, scene: Scene) -> str:
    """The view as a digraph of Graphviz, labels in Unicode; operands keep their order.

    Every text stands in a quoted string in which nothing is special. Colours are the picture's.
    """
    paints = {scene.names[i.owner]: i.paint for i in scene.items if i.layer == "node"}
    label = f"label={_quoted(plain_text(view.title))} labelloc=t " if view.title else ""
    lines = [
        "digraph symgraph {",
        f"  graph [rankdir={view.direction} ordering=in {label}fontname={_quoted('Helvetica')}];",
        '  node [fontname="Helvetica" margin="0.08,0.05"];',
        '  edge [fontname="Helvetica"];',
    ]
    numbers = {node.id: f"n{k}" for k, node in enumerate(view.nodes)}
    lines += (_node(node, numbers[node.id], paints.get(node.id)) for node in view.nodes)
    lines += _groups(view, numbers)
    green = {i.owner: i.paint.fill for i in scene.items if i.layer == "label"}
    ordered = sorted(enumerate(view.edges), key=lambda one: one[1].operand)
    lines += (_edge(edge, numbers, green.get(f"e{k}", LIGHT.label)) for k, edge in ordered)
    return "\n".join([*lines, "}", ""])


def dot_source(view: View, scene: Scene) -> Any:
    """The same as a `graphviz.Source`, which a notebook shows and `render` writes."""
    import graphviz

    return graphviz.Source(dot(view, scene))


def _node(node: ViewNode, name: str, paint: Paint | None) -> str:
    texts = [plain(node.label) or plain(node.alt)]
    texts += [_value(name, value) for name, value in (("f", node.forward), ("g", node.backward))]
    texts = [text for text in (*texts, plain(node.caption)) if text]
    form = node.form or (
        "bare" if node.role == "constant" else "disc" if node.role in _ROUND else "box"
    )
    known: dict[str, str] = {"label": "\n".join(texts), "shape": _FORMS[form]}
    styles = [] if form in ("disc", "bare") else ["rounded"]
    if paint is not None and paint.fill != "none":
        styles.append("filled")
        known["fillcolor"] = paint.fill
    if paint is not None and paint.stroke != "none":
        known["color"] = paint.stroke
        known["penwidth"] = f"{paint.width * 0.75:g}"
        styles += ["dashed"] if paint.dash else []
    if styles:
        known["style"] = ",".join(styles)
    known["tooltip"] = clean(node.alt or node.label)
    return f"  {name} [{_attributes(known)}];"


def _value(name: str, value: str | None) -> str:
    """A value as f = 1, unless it has a name of its own: its place does not tell what it is."""
    text = plain(value or "")
    return text if not text or "=" in text else f"{name} = {text}"


def _edge(edge: ViewEdge, numbers: Mapping[str, str], colour: str) -> str:
    texts = [plain(part) for part in (edge.label, edge.value) if part]
    known = {"label": " = ".join(texts)} if texts else {}
    known["fontcolor"] = colour
    known["color"] = LIGHT.dead_edge.stroke if edge.dead else colour
    if edge.dead or edge.dashed:
        known["style"] = "dashed"
    if edge.highlight:
        known["penwidth"] = "3"
    if not edge.arrow:
        known["dir"] = "none"
    return f"  {numbers[edge.tail]} -> {numbers[edge.head]} [{_attributes(known)}];"


def _groups(view: View, numbers: Mapping[str, str]) -> Iterator[str]:
    """Clusters, each inside the one around it."""
    inside: dict[str | None, list[ViewGroup]] = {}
    for one in view.groups:
        inside.setdefault(one.parent, []).append(one)
    order = {one.id: k for k, one in enumerate(view.groups)}
    stack: list[ViewGroup | None] = list(reversed(inside.get(None, [])))
    while stack:
        group = stack.pop()
        if group is None:
            yield "  }"
            continue
        times = f" ×{group.repeat}" if group.repeat > 1 else ""
        members = "; ".join(numbers[member] for member in group.members)
        yield f"  subgraph cluster_{order[group.id]} {{"
        yield f"    label={_quoted(plain(group.label) + times)}; {members};"
        stack += [None, *reversed(inside.get(group.id, []))]


def _attributes(known: Mapping[str, str]) -> str:
    return " ".join(f"{name}={_quoted(text)}" for name, text in known.items())


def _quoted(text: str) -> str:
    r"""A quoted string of DOT; a backslash would begin an escape such as \N, the node's name."""
    lines = (clean(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    # Graphviz reads entities such as &amp; even in plain labels.
    return '"' + "\\n".join(line.replace("&", "&amp;") for line in lines) + '"'
