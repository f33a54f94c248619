"""What a layer says of itself in the summary of a model, in place of its formula."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from symgraph.node import Node
from symgraph.shapes import Shape

__all__ = ["Description", "describe_layer", "description_of"]


@dataclass(frozen=True)
class Description:
    """A name, what is computed, and the shape of the result."""

    name: str
    operation: str
    shape: Shape


# Nodes are the same object wherever they are built again, so that a net built twice has one entry.
_descriptions: weakref.WeakKeyDictionary[Node, Description] = weakref.WeakKeyDictionary()


def describe_layer(node: Node, name: str, operation: str, shape: Shape | None = None) -> Node:
    """The node itself, known from now on as this layer."""
    _descriptions[node] = Description(name, operation, node.shape if shape is None else shape)
    return node


def description_of(node: Node) -> Description | None:
    """How the layer that ends in a node describes itself, if it does."""
    return _descriptions.get(node)
