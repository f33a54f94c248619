"""Rows 65 to 80: Jacobians, Hessians, symmetric variables, Kronecker products, tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

import symgraph as sg
from identities.learning import normalised_gradient
from identities.row import SQUARE, Problem, Row, v

__all__ = ["ROWS"]

inv = np.linalg.inv


def _trace_of_kron(s: Any) -> Problem:
    X = v("X", s.n, s.n)
    return Problem(sg.trace(sg.kron(v("A", s.p, s.p), X)), X)


def _trace_of_own_kron(s: Any) -> Problem:
    X = v("X", s.n, s.n)
    return Problem(sg.trace(sg.kron(X, X)), X)


def _layer_norm(s: Any) -> Problem:
    X = v("X", s.n, s.p)
    scale = sg.let("s", sg.sqrt(sg.var(X, axis=1, keepdims=True) + 0.1))
    hat = sg.let("X̂", (X - sg.mean(X, axis=1, keepdims=True)) / scale)
    return Problem(sg.sum(v("G", s.n, s.p) * hat), X)


def _chain(s: Any) -> Problem:
    W = {k: v(f"W{k}", *shape) for k, shape in (
        (1, (s.p, s.n)), (2, (s.k, s.p)), (3, (s.q, s.k)), (4, (s.p, s.q)))}  # fmt: skip
    return Problem(v("b", s.p) @ W[4] @ W[3] @ W[2] @ W[1] @ v("a", s.n), W[2])


def _chain_gradient(a: Any) -> Any:
    return np.outer((a.W4 @ a.W3).T @ a.b, a.a) @ a.W1.T


ROWS = (
    Row(73, "K1", "tr(A⊗X)", "tr(A) I", _trace_of_kron,
        lambda a: np.trace(a.A) * np.eye(len(a.X)), SQUARE),
    Row(74, "K2", "tr(X⊗X)", "2 tr(X) I", _trace_of_own_kron,
        lambda a: 2 * np.trace(a.X) * np.eye(len(a.X)), SQUARE),
    Row(79, "B2", "ΣG⊙LayerNorm(X) (rows)", "(G-mean(G)-X̂⊙mean(G⊙X̂))/s, means over the row",
        _layer_norm, lambda a: normalised_gradient(a, 1), names=("X̂", "s")),
    Row(80, "P2", "bᵀW₄W₃W₂W₁a", "(W₄W₃)ᵀ b aᵀ W₁ᵀ", _chain, _chain_gradient),
)  # fmt: skip
