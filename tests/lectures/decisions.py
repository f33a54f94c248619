"""Derivatives of what decides, which are 0, and of single layers, as the lectures print them."""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

import symgraph as sg
from lectures.derived import Derived

__all__ = ["DECISIONS"]

DECISIONS: tuple[Derived, ...] = (
    Derived(
        "S0-09",
        "two-cars-by-hand",
        wrt="x1 x2",
        given=r"""
h1 = 1[x1 - x2 - 1 >= 0]
h2 = 1[x2 - x1 - 1 >= 0]
score = h1 + h2
y = sign(score)
""",
        text=r"""
dy/dx1 = 0
dy/dx2 = 0
""",
        latex=r"""
\frac{\partial y}{\partial x_{1}} = 0
\frac{\partial y}{\partial x_{2}} = 0
""",
    ),
    Derived(
        "S0-14",
        "score",
        wrt="W",
        given=r"""
u1 = [tanh(x1); tanh(x2); tanh(x3)]
score = u1·W
""",
        text=r"""
dscore/dW = u1
""",
        latex=r"""
\frac{\partial \mathrm{score}}{\partial W} = u_{1}
""",
    ),
    Derived(
        "S0-15",
        "activated-score",
        wrt="W",
        given=r"""
u1 = [tanh(x1); tanh(x2); tanh(x3)]
score = u1·W
h = sigmoid(score)
""",
        text=r"""
dh/dW = h (1 - h) u1
""",
        latex=r"""
\frac{\partial h}{\partial W} = h (1 - h) u_{1}
""",
    ),
    Derived(
        "S3-01",
        "tagger",
        wrt="V W W_g E",
        given=r"""
V = [V_h, V_g]
g_{T+1} = 0
h_0 = 0
w_t = E^T onehot(ids_t)
g_t = tanh(U_g w_t + W_g g_{t+1}),  t = T, ..., 1
h_t = tanh(U w_t + W h_{t-1}),  t = 1, ..., T
z_t = V [h_t, g_t]
L = (sum_t (logsumexp(z_t) - z_t·onehot(y_t)))/T
""",
        text=r"""
δh_T = (V_h^T (softmax(z_T) - onehot(y_T)) * (1 - h_T^2))/T
δh_t = (W^T δh_{t+1} + V_h^T (softmax(z_t) - onehot(y_t))/T) * (1 - h_t^2),  t = T-1, ..., 1
δg_1 = (V_g^T (softmax(z_1) - onehot(y_1)) * (1 - g_1^2))/T
δg_t = (W_g^T δg_{t-1} + V_g^T (softmax(z_t) - onehot(y_t))/T) * (1 - g_t^2),  t = 2, ..., T
dL/dV = sum_t (softmax(z_t) - onehot(y_t)) [h_t, g_t]^T/T
dL/dW = sum_t δh_t h_{t-1}^T
dL/dW_g = sum_t δg_t g_{t+1}^T
dL/dE = sum_t onehot(ids_t) (δh_t^T U + δg_t^T U_g)
""",
        latex=r"""
\delta^{h}_{T} = \frac{V_{h}^{\mathsf{T}} (\operatorname{softmax}(z_{T}) - \operatorname{onehot}(y_{T})) \odot (1 - h_{T}^{2})}{T}
\delta^{h}_{t} = \left(W^{\mathsf{T}} \delta^{h}_{t+1} + \frac{V_{h}^{\mathsf{T}} (\operatorname{softmax}(z_{t}) - \operatorname{onehot}(y_{t}))}{T}\right) \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\delta^{g}_{1} = \frac{V_{g}^{\mathsf{T}} (\operatorname{softmax}(z_{1}) - \operatorname{onehot}(y_{1})) \odot (1 - g_{1}^{2})}{T}
\delta^{g}_{t} = \left(W_{g}^{\mathsf{T}} \delta^{g}_{t-1} + \frac{V_{g}^{\mathsf{T}} (\operatorname{softmax}(z_{t}) - \operatorname{onehot}(y_{t}))}{T}\right) \odot (1 - g_{t}^{2}), \quad t = 2, \dots, T
\frac{\partial L}{\partial V} = \sum_{t} \frac{(\operatorname{softmax}(z_{t}) - \operatorname{onehot}(y_{t})) \left[h_{t}, g_{t}\right]^{\mathsf{T}}}{T}
\frac{\partial L}{\partial W} = \sum_{t} \delta^{h}_{t} h_{t-1}^{\mathsf{T}}
\frac{\partial L}{\partial W_{g}} = \sum_{t} \delta^{g}_{t} g_{t+1}^{\mathsf{T}}
\frac{\partial L}{\partial E} = \sum_{t} \operatorname{onehot}(\mathrm{ids}_{t}) \, ((\delta^{h}_{t})^{\mathsf{T}} U + (\delta^{g}_{t})^{\mathsf{T}} U_{g})
""",
    ),
    Derived(
        "S4-03",
        "mcculloch-pitts",
        wrt="x1 x2",
        given=r"""
o = 1[x1 + x2 - 1.5 >= 0]
""",
        text=r"""
do/dx1 = 0
do/dx2 = 0
""",
        latex=r"""
\frac{\partial o}{\partial x_{1}} = 0
\frac{\partial o}{\partial x_{2}} = 0
""",
    ),
    Derived(
        "S4-04",
        "perceptron",
        wrt="w b",
        of="ŷ",
        given=r"""
ŷ = sign(x w + b, 1)
""",
        text=r"""
dŷ/dw = 0
dŷ/db = 0
""",
        latex=r"""
\frac{\partial \hat{y}}{\partial w} = 0
\frac{\partial \hat{y}}{\partial b} = 0
""",
    ),
    Derived(
        "S4-16",
        "feedforward",
        wrt="y",
        given=r"""
net^(1) = W^(1) x
h = tanh(net^(1))
net^(2) = W^(2) h
y = sigmoid(net^(2))
E = ||y - d||^2/2
""",
        text=r"""
dE/dy = y - d
""",
        latex=r"""
\frac{\partial E}{\partial y} = y - d
""",
    ),
    Derived(
        "S4-36",
        "chain",
        wrt="x",
        build={"depth": 3, "function": sg.relu},
        given=r"""
h1 = relu(x)
h2 = relu(h1)
h3 = relu(h2)
""",
        text=r"""
dh3/dx = 1[h2 > 0] 1[h1 > 0] 1[x > 0]
""",
        latex=r"""
\frac{\partial h_{3}}{\partial x} = \mathbf{1}\left[h_{2} > 0\right] \mathbf{1}\left[h_{1} > 0\right] \mathbf{1}\left[x > 0\right]
""",
    ),
)
