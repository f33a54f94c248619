"""A timeline as a picture of a graph written out in time: which vertex stands where, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from symgraph.draw.view import View, ViewNode
from symgraph.draw.writers.texmath import plain
from symgraph.graph import Graph
from symgraph.node import Node
from symgraph.ops.let import bare
from symgraph.vertices import Vertex

__all__ = ["TimePicture", "called", "name_of"]


class TimePicture:
    """Which vertex stands where in the picture, and in which column each node stands."""

    def __init__(
        self,
        view: View,
        shown: Graph,
        times: Sequence[Sequence[set[Node]]],
        written: Mapping[str, str],
    ) -> None:
        self.view = view
        self.written = written
        self._columns = sorted({x for node in view.nodes if (x := _column(node)) is not None})
        by_name = {plain(vertex.label("latex")): vertex for vertex in shown.vertices if vertex.name}
        self.ids: dict[Vertex, list[str]] = {}
        self.vertex_of: dict[str, Vertex] = {}
        for node in view.nodes:
            if (vertex := by_name.get(called(node))) is not None:
                self.ids.setdefault(vertex, []).append(node.id)
                self.vertex_of[node.id] = vertex
        self._add_cells(shown, times)
        #: Of a cell the value that it hands on stands beside it.
        self.told_of: dict[str, Vertex] = {}
        for vertex in sorted(self.ids, key=lambda one: one.number):
            self.told_of.update(dict.fromkeys(self.ids[vertex], vertex))
        self.columns = {node.id: self.column(node) for node in view.nodes}

    def _add_cells(self, shown: Graph, times: Sequence[Sequence[set[Node]]]) -> None:
        """What a cell computes at its time stands in the box of the cell."""
        boxes = [node for node in self.view.nodes if node.role == "module"]
        for k, nodes in ((k, nodes) for loop in times for k, nodes in enumerate(loop)):
            here = [node.id for node in boxes if self.column(node) == k]
            for vertex in shown.vertices if len(here) == 1 else ():
                is_new = vertex.name and vertex not in self.ids and vertex.node.args
                if is_new and bare(vertex.node) in {bare(node) for node in nodes}:
                    self.ids[vertex] = here

    def is_stacked(self, node: ViewNode) -> bool:
        """Whether no vertex is what a node shows, for the graph has all times in one."""
        return not any(node.id in ids for ids in self.ids.values())

    def column(self, node: ViewNode) -> int:
        """The column of a node, from 0; the loss goes with the last one."""
        x = _column(node)
        if x is not None:
            return self._columns.index(x)
        return 0 if node.id.endswith("@start") else len(self._columns) - 1

    def column_of(self, vertex: Vertex) -> int | None:
        """The column of a vertex; None for what has no time."""
        ids = self.ids.get(vertex, ())
        times = {self.columns[id] for id in ids if "@" in id and not id.startswith("total")}
        return times.pop() if len(times) == 1 else None

    def all_losses(self) -> list[str]:
        """The losses of the single times."""
        return [node.alt or "" for node in self.view.nodes if node.id.startswith("loss@")]

    def losses(self, vertex: Vertex) -> list[str]:
        """The losses of single times that a vertex is used by, with none of the others between."""
        above: dict[str, list[str]] = {}
        for edge in self.view.edges:
            above.setdefault(edge.tail, []).append(edge.head)
        names = {node.id: node.alt for node in self.view.nodes}
        found: dict[str, str] = {}
        stack = list(self.ids.get(vertex, ()))
        while stack:
            for id in above.get(stack.pop(), []):
                if id.startswith("loss@"):
                    found[id] = names[id] or ""
                elif id not in self.vertex_of:
                    stack.append(id)
        return [found[id] for id in sorted(found, key=lambda id: self.columns[id])]

    def between(self, head: Vertex, tail: Vertex) -> Iterator[tuple[str, str, int]]:
        """The edges of the picture on the ways from one vertex to another.

        A parameter stands at each time anew: its edge is the one to this head.
        """
        heads, tails = set(self.ids.get(head, ())), set(self.ids.get(tail, ()))
        above: dict[str, list[Any]] = {}
        for edge in self.view.edges:
            above.setdefault(edge.tail, []).append(edge)
        for start in tails - heads:
            # What stands between has no name of its own: a sum, a function.
            stack: list[tuple[str, tuple[Any, ...]]] = [(start, ())]
            while stack:
                id, way = stack.pop()
                for edge in above.get(id, []):
                    longer = (*way, edge)
                    if edge.head in heads:
                        yield from ((one.head, one.tail, one.operand) for one in longer)
                    elif edge.head not in self.vertex_of and len(longer) < 4:
                        stack.append((edge.head, longer))


def _column(node: ViewNode) -> float | None:
    text = node.id.partition(":")[0].rpartition("@")[2]
    try:
        return float(text)
    except ValueError:
        return None


def name_of(node: ViewNode) -> str:
    """The name of what a node shows: that of an operation stands beside it."""
    inside = node.role not in ("op", "root")
    return node.label if inside else (node.forward or "").partition("=")[0].strip()


def called(node: ViewNode) -> str:
    return plain(name_of(node))
