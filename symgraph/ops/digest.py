"""A hash of what a node says: the same in every process, whatever else was built before."""

from __future__ import annotations

import hashlib
import weakref
from typing import Any

from symgraph.node import Node
from symgraph.ops.leaves import Const, Var
from symgraph.shapes import shape_text
from symgraph.walks import topological

__all__ = ["digest"]

_digests: weakref.WeakKeyDictionary[Node, bytes] = weakref.WeakKeyDictionary()


def digest(root: Node) -> bytes:
    """16 bytes that depend on the operations, names, shapes and constants below a node.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> digest(sg.tanh(x)) == digest(sg.tanh(sg.input("x"))), digest(x) == digest(sg.input("y"))
    (True, False)
    """
    for node in topological([root]):
        if node in _digests:
            continue
        text = f"{type(node).__name__}{node.kind}{shape_text(node.shape)}{_text(node)}"
        made = hashlib.blake2b(text.encode(), digest_size=16)
        for arg in node.args:
            made.update(_digests[arg])
        _digests[node] = made.digest()
    return _digests[root]


def _text(node: Node) -> str:
    """The parameters as text that is the same in every process."""
    if isinstance(node, Var):
        return node.name
    if isinstance(node, Const):
        return hashlib.blake2b(node.array.tobytes(), digest_size=16).hexdigest()
    return _param_text(node.params)


def _param_text(value: Any) -> str:
    if isinstance(value, Node):
        return digest(value).hex()
    if isinstance(value, tuple):
        return f"({','.join(map(_param_text, value))})"
    return str(value)
