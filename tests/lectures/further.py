"""Gradients of features, machines and texts, as the lectures print them."""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

from lectures.derived import Derived

__all__ = ["FURTHER"]

FURTHER: tuple[Derived, ...] = (
    Derived(
        "S0-04",
        "temperature",
        wrt="T w2",
        text=r"""
dscore/dT = 2 w2 (T - 37)
dscore/dw2 = φ(T)
""",
        latex=r"""
\frac{\partial \mathrm{score}}{\partial T} = 2 w_{2} (T - 37)
\frac{\partial \mathrm{score}}{\partial w_{2}} = \phi(T)
""",
    ),
    Derived(
        "S0-07",
        "monomials",
        wrt="W",
        text=r"""
dscore/dW = φ(x)
""",
        latex=r"""
\frac{\partial \mathrm{score}}{\partial W} = \phi(x)
""",
    ),
    Derived(
        "S0-17",
        "two-cars",
        wrt="v1 v2 w1 w2",
        text=r"""
dloss/dv1 = 2 residual w1 h1 (1 - h1) Φ
dloss/dv2 = 2 residual w2 h2 (1 - h2) Φ
dloss/dw1 = 2 residual h1
dloss/dw2 = 2 residual h2
""",
        latex=r"""
\frac{\partial \mathrm{loss}}{\partial v_{1}} = 2 \, \mathrm{residual} \, w_{1} h_{1} (1 - h_{1}) \Phi
\frac{\partial \mathrm{loss}}{\partial v_{2}} = 2 \, \mathrm{residual} \, w_{2} h_{2} (1 - h_{2}) \Phi
\frac{\partial \mathrm{loss}}{\partial w_{1}} = 2 \, \mathrm{residual} \, h_{1}
\frac{\partial \mathrm{loss}}{\partial w_{2}} = 2 \, \mathrm{residual} \, h_{2}
""",
    ),
    Derived(
        "S4-26",
        "noisy-relu",
        wrt="z",
        text=r"""
df/dz = 1[z + sqrt(sigmoid(z)) ε > 0] sigmoid(z) (1 - sigmoid(z)) ε/(2 sqrt(sigmoid(z))) + 1[z + sqrt(sigmoid(z)) ε > 0]
""",
        latex=r"""
\frac{\partial f}{\partial z} = \frac{\mathbf{1}\left[z + \sqrt{\sigma(z)} \epsilon > 0\right] \sigma(z) (1 - \sigma(z)) \epsilon}{2 \sqrt{\sigma(z)}} + \mathbf{1}\left[z + \sqrt{\sigma(z)} \epsilon > 0\right]
""",
    ),
    Derived(
        "S4-28",
        "maxout",
        wrt="x",
        text=r"""
df/dx[j] = W[argmax(W x),j]
""",
        latex=r"""
\frac{\partial f}{\partial x_{j}} = W_{\operatorname{argmax}(W x),j}
""",
    ),
    Derived(
        "S4-42",
        "rbm",
        wrt="W b c",
        text=r"""
dE/dW = -v h^T
dE/db = -v
dE/dc = -h
""",
        latex=r"""
\frac{\partial E}{\partial W} = -v h^{\mathsf{T}}
\frac{\partial E}{\partial b} = -v
\frac{\partial E}{\partial c} = -h
""",
    ),
    Derived(
        "S4-42",
        "free-energy",
        wrt="c",
        text=r"""
dF/dc = -sigmoid(v W + c)
""",
        latex=r"""
\frac{\partial F}{\partial c} = -\sigma(v W + c)
""",
    ),
    Derived(
        "S4-48",
        "dropout",
        wrt="W1 W2",
        text=r"""
dy/dW1 = (W2^T * h * (1 - h) * m) x^T
dy/dW2 = h^T * m^T
""",
        latex=r"""
\frac{\partial y}{\partial W_{1}} = (W_{2}^{\mathsf{T}} \odot h \odot (1 - h) \odot m) x^{\mathsf{T}}
\frac{\partial y}{\partial W_{2}} = h^{\mathsf{T}} \odot m^{\mathsf{T}}
""",
    ),
    Derived(
        "S4-55",
        "text-classifier",
        wrt="W_f K2 b2 E",
        text=r"""
δ₃ = softmax(z) - onehot(y)
δ₂[m,l] = 1[l = argmax_k c3[m,k]] (1 - c3[m,l]^2) sum_v δ₃[v] W_f2[v,m]
δ₁[o,l] = 1[l = argmax_k c2[o,k]] (1 - c2[o,l]^2) sum_v δ₃[v] W_f1[v,o]
dL/dW_f = δ₃ p^T
dL/dK2[o,c,i] = sum_l δ₁[o,l] x[c,l+i]
dL/db2 = δ₁ ones
dL/dE[k,c] = sum_l 1[ids[l] = k] (sum_{o,j} δ₁[o,l-j] K2[o,c,j] + sum_{m,n} δ₂[m,l-n] K3[m,c,n])
""",
        latex=r"""
\delta_{3} = \operatorname{softmax}(z) - \operatorname{onehot}(y)
{\delta_{2}}_{m,l} = \mathbf{1}\left[l = \operatorname{argmax}_{k} {c_{3}}_{m,k}\right] (1 - {c_{3}}_{m,l}^{2}) \sum_{v} {\delta_{3}}_{v} {W_{f2}}_{v,m}
{\delta_{1}}_{o,l} = \mathbf{1}\left[l = \operatorname{argmax}_{k} {c_{2}}_{o,k}\right] (1 - {c_{2}}_{o,l}^{2}) \sum_{v} {\delta_{3}}_{v} {W_{f1}}_{v,o}
\frac{\partial L}{\partial W_{f}} = \delta_{3} p^{\mathsf{T}}
\frac{\partial L}{\partial {K_{2}}_{o,c,i}} = \sum_{l} {\delta_{1}}_{o,l} x_{c,l+i}
\frac{\partial L}{\partial b_{2}} = \delta_{1} \mathbf{1}
\frac{\partial L}{\partial E_{k,c}} = \sum_{l} \mathbf{1}\left[\mathrm{ids}_{l} = k\right] \, \left(\sum_{o,j} {\delta_{1}}_{o,l-j} {K_{2}}_{o,c,j} + \sum_{m,n} {\delta_{2}}_{m,l-n} {K_{3}}_{m,c,n}\right)
""",
    ),
)
