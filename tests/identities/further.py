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


def _symmetric_trace(s: Any) -> Problem:
    X = sg.input("X", (s.n, s.n), symmetric=True)
    return Problem(sg.trace(v("A", s.n, s.n) @ X), X)


def _symmetric_logdet(s: Any) -> Problem:
    X = sg.input("X", (s.n, s.n), symmetric=True)
    return Problem(sg.logdet(X), X)


def _along_symmetric(gradient: Any) -> Any:
    """The gradient when X[i, j] and X[j, i] move together."""
    return gradient + gradient.T - gradient * np.eye(len(gradient))


def _convolution(by: str) -> Any:
    def build(s: Any) -> Problem:
        X, K = v("X", s.q, s.p, s.n + 2, s.k + 3), v("K", s.k, s.p, 3, 2)
        Y = sg.conv2d(X, K)
        return Problem(sg.sum(v("G", *Y.shape) * Y), X if by == "X" else K)

    return build


def _by_kernel(a: Any) -> Any:
    """Σ_{b,h,w} G[b,o,h,w] X[b,c,h+i,w+j]."""
    rows, columns = a.G.shape[2:]
    found = np.zeros_like(a.K)
    for i, j in np.ndindex(a.K.shape[2:]):
        patch = a.X[:, :, i : i + rows, j : j + columns]
        found[:, :, i, j] = np.einsum("bohw,bchw->oc", a.G, patch)
    return found


def _by_image(a: Any) -> Any:
    """The full convolution of G with K: every product goes back to where it came from."""
    found = np.zeros_like(a.X)
    rows, columns = a.G.shape[2:]
    for i, j in np.ndindex(a.K.shape[2:]):
        found[:, :, i : i + rows, j : j + columns] += np.einsum(
            "bohw,oc->bchw", a.G, a.K[:, :, i, j]
        )
    return found


def _pooling(s: Any) -> Problem:
    X = v("X", s.q, s.p, 2 * s.n, 2 * s.k)
    return Problem(sg.sum(v("G", s.q, s.p, s.n, s.k) * sg.max_pool2d(X, 2)), X)


def _unpooled(a: Any) -> Any:
    """G at the first largest entry of each window."""
    found = np.zeros_like(a.X)
    for b, c, i, j in np.ndindex(a.G.shape):
        window = a.X[b, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        row, column = np.unravel_index(np.argmax(window), (2, 2))
        found[b, c, 2 * i + row, 2 * j + column] = a.G[b, c, i, j]
    return found


def _lookup(s: Any) -> Problem:
    E, ids = v("E", s.n + 3, s.p), v("idx", s.k, kind="integer")
    return Problem(sg.sum(v("G", s.k, s.p) * sg.take(E, ids)), E)


def _scattered(a: Any) -> Any:
    found = np.zeros_like(a.E)
    np.add.at(found, a.idx, a.G)
    return found


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
    Row(71, "T1", "tr(AX), X symmetric", "A+Aᵀ-A⊙I", _symmetric_trace,
        lambda a: _along_symmetric(a.A.T), SQUARE, domains={"X": "symmetric"}),
    Row(72, "T2", "log det X, X symmetric", "2X⁻¹-X⁻¹⊙I", _symmetric_logdet,
        lambda a: _along_symmetric(inv(a.X)), SQUARE, domains={"X": "symmetric"}),
    Row(73, "K1", "tr(A⊗X)", "tr(A) I", _trace_of_kron,
        lambda a: np.trace(a.A) * np.eye(len(a.X)), SQUARE),
    Row(74, "K2", "tr(X⊗X)", "2 tr(X) I", _trace_of_own_kron,
        lambda a: 2 * np.trace(a.X) * np.eye(len(a.X)), SQUARE),
    Row(75, "V1", "ΣG⊙conv2d(X,K), NCHW, valid, cross-correlation",
        "Σ_{b,h,w} G[b,o,h,w] X[b,c,h+i,w+j]", _convolution("K"), _by_kernel),
    Row(76, "V2", "same", "Σ_{o,i,j} G[b,o,y-i,x-j] K[o,c,i,j]", _convolution("X"), _by_image),
    Row(77, "V3", "ΣG⊙maxpool2x2(X)",
        "1[X[b,c,h,w]=max_{i<2,j<2} X[b,c,2⌊h/2⌋+i,2⌊w/2⌋+j]] G[b,c,⌊h/2⌋,⌊w/2⌋]",
        _pooling, _unpooled),
    Row(78, "E1", "ΣG⊙E[idx]", "Σ_t 1[idx[t]=i] G[t,j]", _lookup, _scattered),
    Row(79, "B2", "ΣG⊙LayerNorm(X) (rows)", "(G-mean(G)-X̂⊙mean(G⊙X̂))/s, means over the row",
        _layer_norm, lambda a: normalised_gradient(a, 1), names=("X̂", "s")),
    Row(80, "P2", "bᵀW₄W₃W₂W₁a", "(W₄W₃)ᵀ b aᵀ W₁ᵀ", _chain, _chain_gradient),
)  # fmt: skip
