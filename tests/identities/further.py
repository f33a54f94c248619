"""Rows 65 to 80: Jacobians, Hessians, symmetric variables, Kronecker products, tensors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import symgraph as sg
from identities.learning import normalised_gradient
from identities.row import SQUARE, Problem, Row, v

__all__ = ["ROWS"]

inv = np.linalg.inv


def _direction(s: Any) -> Problem:
    x = v("x", s.n)
    u = sg.let("u", x - v("a", s.n))
    return Problem(u / sg.norm(u), x)


def _direction_slope(a: Any) -> Any:
    u = a.x - a.a
    size = np.linalg.norm(u)
    return np.eye(len(u)) / size - np.outer(u, u) / size**3


def _softmax(s: Any) -> Problem:
    z = v("z", s.n)
    return Problem(sg.let("s", sg.softmax(z)), z)


def _softmax_slope(a: Any) -> Any:
    s = np.exp(a.z) / np.sum(np.exp(a.z))
    return np.diag(s) - np.outer(s, s)


def _second(problem: Problem) -> Problem:
    """The same row for the Hessian."""
    return replace(
        problem,
        derive=lambda: sg.derive(problem.expr, problem.wrt, order=2, assume=problem.assume),
    )


def _cross_entropy(s: Any) -> Problem:
    z, t = v("z", s.n), v("t", s.n)
    return _second(Problem(-(t @ sg.log(sg.softmax(z))), z, {sg.sum(t): 1}))


def _logistic(s: Any) -> Problem:
    X, w, y = v("X", s.n, s.p), v("w", s.p), v("y", s.n)
    return _second(Problem(sg.sum(sg.log(1 + sg.exp(-y * (X @ w)))), w, {y**2: 1}))


def _logistic_curvature(a: Any) -> Any:
    q = 1 / (1 + np.exp(-a.X @ a.w))
    return a.X.T @ np.diag(q * (1 - q)) @ a.X


def _quadratic(s: Any) -> Problem:
    x = v("x", s.n)
    return _second(Problem(x @ v("A", s.n, s.n) @ x, x))


def _factorisation(s: Any) -> Problem:
    U = v("U", s.n, s.q)
    return _second(Problem(sg.sum((v("T", s.n, s.p) - U @ v("V", s.p, s.q).T) ** 2), U))


def _factorisation_curvature(a: Any) -> Any:
    """δ_ij (2VᵀV)_ab in the order i, a, j, b."""
    return np.einsum("ij,ab->iajb", np.eye(len(a.U)), 2 * a.V.T @ a.V)


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
    Row(65, "H1", "(x-a)/‖x-a‖", "I/‖u‖-uuᵀ/‖u‖³, u=x-a", _direction, _direction_slope,
        kind="Jacobian"),
    Row(66, "H2", "softmax(z)", "diag(s)-ssᵀ", _softmax, _softmax_slope, kind="Jacobian"),
    Row(67, "H3", "-tᵀlog softmax(z), Σt=1", "diag(s)-ssᵀ", _cross_entropy, _softmax_slope,
        names=("s",), domains={"t": "sums to one"}, kind="Hessian"),
    Row(68, "H4", "Σlog(1+exp(-y⊙Xw)), y=±1", "Xᵀdiag(q⊙(1-q))X, q=σ(Xw)", _logistic,
        _logistic_curvature, names=("q",), domains={"y": "signs"}, kind="Hessian"),
    Row(69, "H5", "xᵀAx", "A+Aᵀ", _quadratic, lambda a: a.A + a.A.T, kind="Hessian"),
    Row(70, "H6", "‖T-UVᵀ‖²", "δ_ij (2VᵀV)_ab", _factorisation, _factorisation_curvature,
        kind="Hessian"),
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
