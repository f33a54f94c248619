"""Further gradients of the same families: other letters, shapes, orders, layouts and depths.

Each with the text of a textbook; the numbers come from difference quotients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import symgraph as sg
from identities.row import v
from symgraph.node import Node

__all__ = ["MORE", "Further"]


@dataclass(frozen=True)
class Further:
    """One gradient; `names` are those that its text introduces."""

    title: str
    expr: Node
    wrt: Node
    expected: str
    names: tuple[str, ...] = ()
    assume: Mapping[Any, Any] = field(default_factory=dict)

    @cached_property
    def derivation(self) -> sg.Derivation:
        """Made once for all that is asked of it."""
        return sg.derive(self.expr, self.wrt, assume=self.assume)


A, B, C = v("A", 4, 3), v("B", 4, 4), v("C", 3, 3)
x, h, u, w, y, t = v("x", 3), v("h", 3), v("u", 3), v("w", 3), v("y", 4), v("t", 4)
X, F, W, b = v("X", 4, 3), v("F", 3, 4), v("W", 3, 5), v("b", 5)
T, Y, G, c = v("T", 4, 5), v("Y", 4, 5), v("G", 4, 2), v("c", 5)
Q, K, V = v("Q", 4, 3), v("K", 5, 3), v("V", 5, 2)
N, M, U = v("N", 5, 3), v("M", 4, 3), v("U", 4, 2)
W1, W2, W3, target = v("W1", 5, 3), v("W2", 4, 5), v("W3", 2, 4), v("d", 2)
decay, scale, logs = v("λ"), v("s"), v("l", 4)

h1 = sg.let("h1", sg.tanh(W1 @ x))
h2 = sg.let("h2", sg.sigmoid(W2 @ h1))
P = sg.let("P", sg.softmax(Q @ K.T, axis=1))
spread = sg.let("s", sg.sqrt(sg.var(F, axis=1, keepdims=True) + 0.1))
hat = sg.let("F̂", (F - sg.mean(F, axis=1, keepdims=True)) / spread)
deviation = sg.let("s", sg.sqrt(sg.var(x) + 0.1))
standard = sg.let("x̂", (x - sg.mean(x)) / deviation)
unit = 1 / (1 + sg.exp(-(X @ w)))
raised = sg.exp(X @ W + b)
rows = raised / sg.sum(raised, axis=1, keepdims=True)


def mixed(p: Node) -> Node:
    """The logistic loss of probabilities p."""
    return -sg.sum(t * sg.log(p) + (1 - t) * sg.log(1 - p))


MORE = (
    Further("a square between", y @ B @ B @ y, B, "yyᵀBᵀ+Bᵀyyᵀ"),
    Further("a cube under a trace", sg.trace(B @ B @ B), B, "3(B²)ᵀ"),
    Further("a Gram trace", sg.trace(B.T @ B), B, "2B"),
    Further("a form under a trace", sg.trace(A.T @ B @ A @ C), A, "BAC+BᵀACᵀ"),
    Further("a distance of matrices", sg.sum((A - X) ** 2), A, "2(A-X)"),
    Further("half a square by the matrix", sg.sum((A @ x - y) ** 2) / 2, A, "(Ax-y)xᵀ"),
    Further("weighted squares", sg.sum(t * (X @ w - y) ** 2), w, "2Xᵀ(t⊙(Xw-y))"),
    Further("a weighted residual", (X @ w - y) @ B @ (X @ w - y), w, "Xᵀ(B+Bᵀ)(Xw-y)"),
    Further("ridge", sg.sum((X @ w - y) ** 2) / 2 + decay / 2 * sg.sum(w**2), w, "Xᵀ(Xw-y)+λw"),
    Further("lasso", sg.sum((X @ w - y) ** 2) / 2 + decay * sg.sum(sg.abs(w)), w,
            "Xᵀ(Xw-y)+λsign(w)"),
    Further("weight decay of a layer", sg.sum((sg.tanh(X @ W) - T) ** 2) + decay * sg.sum(W**2), W,
            "2Xᵀ((H-T)⊙(1-H⊙H))+2λW, H=tanh(XW)"),
    Further("softplus on logits", sg.sum(sg.softplus(X @ w) - t * (X @ w)), w, "Xᵀ(σ(Xw)-t)"),
    Further("logistic loss written out", mixed(unit), w, "Xᵀ(σ(Xw)-t)"),
    Further("logistic loss, mean", mixed(sg.sigmoid(X @ w)) / 4, w, "Xᵀ(σ(Xw)-t)/4"),
    Further("logistic loss by stable logarithms",
            -sg.sum(t * sg.log_sigmoid(X @ w) + (1 - t) * sg.log_sigmoid(-(X @ w))), w,
            "Xᵀ(σ(Xw)-t)"),
    Further("smooth absolute error", sg.sum(sg.sqrt(1 + (X @ w - y) ** 2)), w,
            "Xᵀ((Xw-y)/√(1+(Xw-y)²))"),
    Further("an inverse form", x @ sg.inv(C) @ x, C, "-C⁻ᵀxxᵀC⁻ᵀ"),
    Further("the sum of an inverse", sg.sum(sg.inv(C)), C, "-C⁻ᵀ11ᵀC⁻ᵀ"),
    Further("a determinant of an inverse", sg.det(sg.inv(C)), C, "-det(C⁻¹)C⁻ᵀ"),
    Further("a determinant of a square", sg.det(C @ C), C, "2det(C²)C⁻ᵀ"),
    Further("a regularised Gram matrix", sg.logdet(X.T @ X + C), X,
            "X((XᵀX+C)⁻¹+(XᵀX+C)⁻ᵀ)"),
    Further("a linear system", h @ sg.solve(C, x), C, "-C⁻ᵀhxᵀC⁻ᵀ"),
    Further("a Mahalanobis distance", sg.sqrt((x - w) @ C @ (x - w)), x,
            "(C+Cᵀ)(x-w)/(2√((x-w)ᵀC(x-w)))"),
    Further("a component along a unit vector", (x @ w) / sg.norm(x), x, "w/‖x‖-(xᵀw)x/‖x‖³"),
    Further("a Rayleigh quotient", (x @ C @ x) / (x @ x), x, "(C+Cᵀ)x/‖x‖²-2(xᵀCx)x/‖x‖⁴"),
    Further("cosine by one root", (x @ w) / sg.sqrt((x @ x) * (w @ w)), w,
            "x/(‖x‖‖w‖)-(xᵀw)w/(‖x‖‖w‖³)"),
    Further("a cosine distance", 1 - x @ w / (sg.norm(x) * sg.norm(w)), x,
            "(xᵀw)x/(‖x‖³‖w‖)-w/(‖x‖‖w‖)"),
    Further("Gaussian, by its width", sg.sum((y - t) ** 2) / (2 * scale**2) + 4 * sg.log(scale),
            scale, "4/s-‖y-t‖²/s³"),
    Further("Gaussian, by its mean", sg.sum((y - t) ** 2) / (2 * scale**2), t, "-(y-t)/s²"),
    Further("Gaussian, by its log-variance", sg.sum(logs + (y - t) ** 2 * sg.exp(-logs)) / 2, logs,
            "½(1-(y-t)²⊙exp(-l))"),
    Further("Gaussian, by its precision", (x - w) @ C @ (x - w) / 2 - sg.logdet(C) / 2, C,
            "½(x-w)(x-w)ᵀ-½C⁻ᵀ"),
    Further("an entropy", -sg.sum(x * sg.log(x)), x, "-log(x)-1"),
    Further("a divergence, by the second", sg.sum(x * sg.log(x / w)), w, "-x/w"),
    Further("cross-entropy in column form", -sg.sum(b * sg.log_softmax(W.T @ x)), W,
            "x(softmax(Wᵀx)-b)ᵀ", assume={sg.sum(b): 1}),
    Further("cross-entropy of rows, mean, with a bias", -sg.sum(T * sg.log(rows)) / 4, b,
            "𝟏ᵀ(softmax(XW+b)-T)/4", assume={sg.sum(T, axis=1): 1}),
    Further("log-sum-exp of rows", sg.sum(sg.log(sg.sum(sg.exp(X @ W), axis=1))), W,
            "Xᵀsoftmax(XW)"),
    Further("log-mean-exp", sg.log(sg.mean(sg.exp(x))), x, "softmax(x)"),
    Further("attention, by the values", sg.sum(G * (P @ V)), V, "PᵀG"),
    Further("attention, by the queries", sg.sum(G * (P @ V)), Q,
            "(P⊙(GVᵀ-((GVᵀ⊙P)𝟏)𝟏ᵀ))K", ("P",)),
    Further("attention, by the keys", sg.sum(G * (P @ V)), K,
            "(P⊙(GVᵀ-((GVᵀ⊙P)𝟏)𝟏ᵀ))ᵀQ", ("P",)),
    Further("batch normalisation in column form", sg.sum(v("R", 3, 4) * hat), F,
            "(R-R𝟏/4-F̂⊙(R⊙F̂)𝟏/4)/s", ("F̂", "s")),
    Further("layer normalisation of a vector", w @ standard, x, "(w-Σ(w)/3-(w·x̂)x̂/3)/s"),
    Further("a variance", sg.var(x), x, "⅔(x-Σ(x)/3)"),
    Further("negative sampling, by the noise",
            -sg.log(sg.sigmoid(u @ h)) - sg.sum(sg.log(sg.sigmoid(-(N @ h)))), N, "σ(Nh)hᵀ"),
    Further("negative sampling, by the centre",
            -sg.log_sigmoid(u @ h) - sg.sum(sg.log_sigmoid(-(N @ h))), h, "(σ(uᵀh)-1)u+Nᵀσ(Nh)"),
    Further("skip-gram", -(c @ sg.log_softmax(N @ h)), N, "(softmax(Nh)-c)hᵀ",
            assume={sg.sum(c): 1}),
    Further("three layers in column form", sg.sum((W3 @ h2 - target) ** 2) / 2, W1,
            "((W₂ᵀ((W₃ᵀ(W₃h₂-d))⊙h₂⊙(1-h₂)))⊙(1-h₁²))xᵀ", ("h1", "h2", "δ₁", "δ₂", "δ₃")),
    Further("three layers without names",
            sg.sum((W3 @ sg.sigmoid(W2 @ sg.tanh(W1 @ x)) - target) ** 2) / 2, W3,
            "(W₃σ(W₂tanh(W₁x))-d)σ(W₂tanh(W₁x))ᵀ"),
    Further("a residual block in column form",
            sg.sum((x + C @ sg.relu(v("D", 3, 3) @ x) - w) ** 2), C,
            "2(x+C relu(Dx)-w)relu(Dx)ᵀ"),
    Further("an exponential of a form", sg.exp(-(x @ C @ x) / 2), x, "-½exp(-½xᵀCx)(C+Cᵀ)x"),
    Further("a masked factorisation", sg.sum((M * (U @ v("S", 3, 2).T - X)) ** 2), U,
            "2(M⊙M⊙(USᵀ-X))S"),
    Further("centred columns", sg.sum((X - sg.mean(X, axis=0)) ** 2), X, "2(X-¼𝟏ᵀX)"),
    Further("a triplet loss",
            sg.maximum(0, 1 + sg.sum((x - w) ** 2) - sg.sum((x - u) ** 2)), w,
            "-2·1[‖x-u‖²<1+‖x-w‖²](x-w)"),
    Further("a perceptron loss", sg.sum(sg.maximum(0, -t * (X @ w))), w, "-Xᵀ(t⊙1[t⊙Xw<0])"),
    Further("a diagonal matrix between", y @ sg.diag(t) @ y, t, "y²"),
    Further("a diagonal matrix in a residual", sg.sum((A @ sg.diag(x) @ w - y) ** 2), x,
            "2(Aᵀ(A diag(x)w-y))⊙w"),
    Further("the diagonal squared", sg.sum(sg.diagonal(C) ** 2), C, "2diag(diag(C))"),
    Further("a sum over a layer", sg.sum(W2 @ sg.tanh(W1 @ x)), W1,
            "((W₂ᵀ𝟏)⊙(1-tanh(W₁x)²))xᵀ"),
    Further("one query that attends", v("g", 2) @ (V.T @ sg.softmax(K @ x)), x,
            "Kᵀ(s⊙(Vg-gᵀVᵀs)), s=softmax(Kx)"),
    Further("a trace of an inverse square", sg.trace(sg.inv(C) @ sg.inv(C)), C, "-2(C⁻³)ᵀ"),
    Further("an orthogonality penalty", sg.sum((A.T @ A - sg.eye(3)) ** 2), A, "4A(AᵀA-I)"),
    Further("lengths of rows", sg.sum(sg.sqrt(sg.sum(A**2, axis=1))), A, "A/√((A⊙A)𝟏)"),
    Further("a kernel", sg.exp(-sg.sum((x - w) ** 2) / 2), x, "-exp(-½‖x-w‖²)(x-w)"),
    Further("exponential loss", sg.sum(sg.exp(-y * (X @ w))), w, "-Xᵀ(y⊙exp(-y⊙Xw))"),
    Further("a Kronecker norm", sg.sum(sg.kron(C, X) ** 2), X, "2‖C‖²X"),
)  # fmt: skip
