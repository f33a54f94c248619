"""The products along paths read back from what is printed and held against the graph.

Every way of writing one product, by the names of the derivatives, by their formulas, or as one
formula, is read in all three styles and computed from the values of the graph at a random point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symgraph import readback
from symgraph.abstract import smooth_instances
from symgraph.errors import ProofError, SymgraphError
from symgraph.evaluate import evaluate_above
from symgraph.flow import Flow
from symgraph.node import Node
from symgraph.notation.tree import Formula
from symgraph.notation.write import write
from symgraph.printing import Style
from symgraph.proving.agreement import SORTS, STYLES, agree, both, message
from symgraph.proving.callables import callables
from symgraph.sample import Sample, draw
from symgraph.walks import topological

if TYPE_CHECKING:
    from symgraph.expanded.products import Path
    from symgraph.graph import Graph
    from symgraph.vertices import Edge, Vertex

__all__ = ["hold_paths"]

#: Of random points; abstract functions are those of the first.
SEEDS = (5, 6, 7, 8)
#: Larger expressions are not computed.
MOST_NODES = 5000


def hold_paths(graph: Graph, root: Vertex, leaf: Vertex, paths: Sequence[Path]) -> None:
    """Read the products of paths back and compare them with what flows along them.

    Raises ProofError for one that is not true. What no reader can read, such as a map of arrays,
    and what has no value at a random point is passed over.
    """
    if not paths or root.shape or len(topological([root.node])) > MOST_NODES:
        return
    try:
        with smooth_instances(SEEDS[0]):
            sample, flow = _point(graph, root, leaf)
            reading = _Reading(graph, leaf, flow, sample)
            for path in paths:
                reading.hold(path)
    except ProofError:
        raise
    except (SymgraphError, ArithmeticError, np.linalg.LinAlgError):
        return  # no point, or names that cannot be told apart


def _point(graph: Graph, root: Vertex, leaf: Vertex) -> tuple[Sample, Flow]:
    """A random point, if possible one at which something flows: with 1[m < 1] not 0."""
    for seed in SEEDS:
        sample = draw([root.node], seed=seed)
        flow = Flow(root.node, leaf.node, sample.values, graph.roots)
        if np.any(flow.gradient):
            break
    return sample, flow


class _Reading:
    """The names of a graph with their values at one point."""

    def __init__(self, graph: Graph, leaf: Vertex, flow: Flow, sample: Sample) -> None:
        self._graph = graph
        self._leaf = leaf
        self._flow = flow
        named = [node for node in graph.forward.names if not node.is_loop]
        values = evaluate_above(
            [node for node in named if node in graph.forward], sample.values, sample.dims
        )
        sizes = {str(symbol): readback.Given.of(n) for symbol, n in sample.dims.items()}
        self._values: dict[str, Any] = sizes | {
            graph.forward.names[node]: self._given(values[node], node)
            for node in named
            if node in values
        }
        self._lenient = any(1 in np.shape(array) for array in values.values())

    def _given(self, array: Any, node: Node) -> readback.Given:
        return readback.Given(np.asarray(array), SORTS[self._graph.forward.sort(node)])

    def hold(self, path: Path) -> None:
        """Compare every way in which a product is written with what flows along the path."""
        (along,) = self._flow.along([path.edges])
        reference = readback.laid(self._given(along, self._leaf.node))
        formulas = [one for one in (path.formula, *_formulas(path.edges)) if one is not None]
        names = readback.Names(
            {**self._values, **callables(formulas, SEEDS[0])}, self._derivatives(path)
        )
        for style in STYLES:
            for written in path.sides(style):
                self._compare(written, style, names, reference)

    def _derivatives(self, path: Path) -> dict[tuple[str, str], Any]:
        """The derivatives on the way by their names, where all heads are numbers."""
        found: dict[tuple[str, str], Any] = {}
        if any(edge.head.shape or edge.derivative is None for edge in path.edges):
            return found
        for edge in path.edges:
            parts = (edge.head.reference, edge.tail.reference)
            value = self._given(self._flow.derivative(edge), edge.tail.node)
            for style in STYLES:
                of, by = (write(one, style) for one in parts)
                found[of, by] = value
        return found

    def _compare(
        self, written: str, style: Style, names: readback.Names, reference: readback.Value
    ) -> None:
        try:
            (side,) = readback.read(written, style, names).sides
            shown = _spread(readback.meaning(side, names), reference)
            if agree(reference, shown, side, self._lenient):
                return
            why = both(reference, shown)
        except (readback.ReadError, readback.Undetermined):
            return
        except readback.MeaningError as error:
            why = str(error)
        raise ProofError(message(written, why, "paths"), written)


def _spread(shown: Any, reference: readback.Value) -> Any:
    """A number in place of an array means that number in every entry, as 1 beside a sum does."""
    if not isinstance(shown, readback.Value) or np.ndim(shown.array):
        return shown
    return readback.Value(reference.sort, np.broadcast_to(shown.array, np.shape(reference.array)))


def _formulas(edges: Sequence[Edge]) -> Iterator[Formula]:
    for edge in edges:
        if edge.formula is not None:
            yield edge.formula
