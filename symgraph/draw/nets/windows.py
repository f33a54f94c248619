"""Convolutions and poolings found again in an expression: which windows, over what, by what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sympy

from symgraph.node import Node
from symgraph.ops import Einsum, Let, Map, Pull, Reduce
from symgraph.ops.rows import Affine
from symgraph.scalar import slot

__all__ = ["Windows", "windowed", "windows_of"]


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows along the last axes of `source`: entry i of window p is stride*p + dilation*i - pad.

    `kind` tells what becomes of each window; a convolution has a `kernel`.
    """

    kind: Literal["conv", "max", "mean"]
    node: Node
    source: Node
    kernel: Node | None
    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    pad: tuple[int, ...]

    @property
    def rank(self) -> int:
        """The number of axes along which windows lie."""
        return len(self.size)


def windows_of(node: Node) -> Pull | None:
    """The Pull that reads windows, behind the mask of a padded maximum too."""
    if isinstance(node, Map):
        inner = [arg for arg in node.args if isinstance(arg, Pull) and arg.kind == "real"]
        return windows_of(inner[0]) if len(inner) == 1 and type(node.template.expr).__name__ == (
            "where"
        ) else None  # fmt: skip
    return node if isinstance(node, Pull) and _window_rows(node) else None


def _window_rows(node: Pull) -> list[Affine]:
    """The rows of the axes along which windows lie: each reads two axes of the result."""
    return [row for row in node.rows if isinstance(row, Affine) and len(row.steps) == 2]


def windowed(node: Node) -> Windows | None:
    """The convolution or pooling that a value is, None for any other value."""
    if isinstance(node, Reduce) and node.operation == "max":
        return _made("max", node, windows_of(node.args[0]), None, len(node.axes))
    if isinstance(node, Map) and node.template.expr == slot(0) / slot(1):
        total = node.args[0]
        if isinstance(total, Einsum) and len(total.args) == 1:
            summed = len(set(total.ins[0]) - set(total.out))
            return _made("mean", node, windows_of(total.args[0]), None, summed)
    if isinstance(node, Einsum) and len(node.args) == 2:
        pull = windows_of(node.args[0])
        return _made("conv", node, pull, node.args[1], len(_window_rows(pull)) if pull else 0)
    return None


def _made(
    kind: Literal["conv", "max", "mean"],
    node: Node,
    pull: Pull | None,
    kernel: Node | None,
    rank: int,
) -> Windows | None:
    if pull is None:
        return None
    rows = _window_rows(pull)
    sizes = pull.shape[pull.ndim - len(rows) :]
    if len(rows) != rank or not all(isinstance(size, int) for size in sizes):
        return None
    source = pull.args[0]
    while isinstance(source, Let) and not source.let_name:
        source = source.args[0]
    return Windows(
        kind,
        node,
        source,
        kernel,
        tuple(int(size) for size in sizes if not isinstance(size, sympy.Expr)),
        tuple(row.steps[0][1] for row in rows),
        tuple(row.steps[1][1] for row in rows),
        tuple(-int(row.offset) for row in rows),
    )
