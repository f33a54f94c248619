"""What the lectures' rows print: every row that asks for a derivation, as data.

A row names a builder of `symgraph.zoo`, what to differentiate by, and the lines of the result as
the lecture writes them. `text` and `latex` are the names and the results, a line each, in their
order; `given` are the definitions above them.
"""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import symgraph as sg

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True)
class Row:
    """One derivation of a row of the lectures; a row may have several.

    `of`: the named value that is differentiated, by default the loss. `build`: options of the
    builder, `options`: of `sg.derive`.
    """

    identity: str
    kind: str
    priority: str
    builder: str
    wrt: str
    text: str
    latex: str
    given: str = ""
    of: str | None = None
    build: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


#: In the order of the lectures' explanations: scalars, features, losses, networks, sequences.
ROWS: tuple[Row, ...] = (
    Row(
        "S0-18",
        "derivative",
        "P1",
        "sensitivity",
        wrt="in1 in2 in3",
        text=r"""
dout/din1 = 2
dout/din2 = in3
dout/din3 = in2
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{1}} = 2
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{2}} = \mathrm{in}_{3}
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{3}} = \mathrm{in}_{2}
""",
    ),
    Row(
        "S0-19",
        "derivative",
        "P1",
        "building-block",
        wrt="in1 in2",
        build={"operation": "+"},
        text=r"""
dout/din1 = 1
dout/din2 = 1
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{1}} = 1
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{2}} = 1
""",
    ),
    Row(
        "S0-19",
        "derivative",
        "P1",
        "building-block",
        wrt="in1 in2",
        build={"operation": "-"},
        text=r"""
dout/din1 = 1
dout/din2 = -1
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{1}} = 1
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{2}} = -1
""",
    ),
    Row(
        "S0-19",
        "derivative",
        "P1",
        "building-block",
        wrt="in1 in2",
        build={"operation": "*"},
        text=r"""
dout/din1 = in2
dout/din2 = in1
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{1}} = \mathrm{in}_{2}
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{2}} = \mathrm{in}_{1}
""",
    ),
    Row(
        "S0-19",
        "derivative",
        "P1",
        "building-block",
        wrt="in1 in2",
        build={"operation": "max"},
        text=r"""
dout/din1 = 1[in1 > in2]
dout/din2 = 1[in1 < in2]
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{1}} = \mathbf{1}\left[\mathrm{in}_{1} > \mathrm{in}_{2}\right]
\frac{\partial \mathrm{out}}{\partial \mathrm{in}_{2}} = \mathbf{1}\left[\mathrm{in}_{1} < \mathrm{in}_{2}\right]
""",
    ),
    Row(
        "S0-19",
        "derivative",
        "P1",
        "building-block",
        wrt="in",
        build={"operation": "square"},
        text=r"""
dout/din = 2 in
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}} = 2 \, \mathrm{in}
""",
    ),
    Row(
        "S0-19",
        "derivative",
        "P1",
        "building-block",
        wrt="in",
        build={"operation": "σ"},
        text=r"""
dout/din = out (1 - out)
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}} = \mathrm{out} \, (1 - \mathrm{out})
""",
    ),
    Row(
        "S0-20",
        "derivative",
        "P1",
        "composition",
        wrt="in",
        text=r"""
dout/din = out cos(in)
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}} = \mathrm{out} \, \cos(\mathrm{in})
""",
    ),
    Row(
        "S0-26",
        "derivative",
        "P1",
        "x-sigma-x",
        wrt="x",
        text=r"""
dout/dx = h + h (1 - h) x
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial x} = h + h (1 - h) x
""",
    ),
    Row(
        "S0-26",
        "derivative",
        "P1",
        "x-sigma-x",
        wrt="x",
        build={"function": partial(sg.add, 1)},
        text=r"""
dout/dx = h + x
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial x} = h + x
""",
    ),
    Row(
        "S4-01",
        "numeric",
        "P1",
        "parabola",
        wrt="x",
        text=r"""
df/dx = 4 x + 3
""",
        latex=r"""
\frac{\partial f}{\partial x} = 4 x + 3
""",
    ),
    Row(
        "S0-01",
        "model",
        "P1",
        "bias",
        wrt="W b",
        given=r"""
h = W·x + b
""",
        text=r"""
dh/dW = x
dh/db = 1
""",
        latex=r"""
\frac{\partial h}{\partial W} = x
\frac{\partial h}{\partial b} = 1
""",
    ),
    Row(
        "S0-05",
        "model",
        "P2",
        "log-count",
        wrt="N",
        text=r"""
dscore/dN = w/N
""",
        latex=r"""
\frac{\partial \mathrm{score}}{\partial N} = \frac{w}{N}
""",
    ),
    Row(
        "S0-05",
        "model",
        "P2",
        "bins",
        wrt="N w1 w2",
        given=r"""
φ1 = 1[0 < N < 11]
φ2 = 1[10 < N < 101]
φ3 = 1[100 < N < 1001]
score = w1 φ1 + w2 φ2 + w3 φ3
""",
        text=r"""
dscore/dN = 0
dscore/dw1 = φ1
dscore/dw2 = φ2
""",
        latex=r"""
\frac{\partial \mathrm{score}}{\partial N} = 0
\frac{\partial \mathrm{score}}{\partial w_{1}} = \phi_{1}
\frac{\partial \mathrm{score}}{\partial w_{2}} = \phi_{2}
""",
    ),
    Row(
        "S0-06",
        "model",
        "P2",
        "robinson",
        wrt="height weight",
        text=r"""
dφ(x)/dheight = 3.8 residual
dφ(x)/dweight = -2 residual
""",
        latex=r"""
\frac{\partial \phi(x)}{\partial \mathrm{height}} = 3.8 \, \mathrm{residual}
\frac{\partial \phi(x)}{\partial \mathrm{weight}} = -2 \, \mathrm{residual}
""",
    ),
    Row(
        "S0-11",
        "activation",
        "P1",
        "two-cars",
        wrt="v1",
        of="h1",
        build={"unit": partial(sg.step, at_zero=1)},
        given=r"""
h1 = 1[v1·Φ >= 0]
""",
        text=r"""
dh1/dv1 = 0
""",
        latex=r"""
\frac{\partial h_{1}}{\partial v_{1}} = 0
""",
    ),
    Row(
        "S0-11",
        "activation",
        "P1",
        "two-cars",
        wrt="v1",
        of="h1",
        given=r"""
h1 = sigmoid(v1·Φ)
""",
        text=r"""
dh1/dv1 = h1 (1 - h1) Φ
""",
        latex=r"""
\frac{\partial h_{1}}{\partial v_{1}} = h_{1} (1 - h_{1}) \Phi
""",
    ),
    Row(
        "S0-03",
        "loss",
        "P1",
        "regularised",
        wrt="W",
        given=r"""
residual = Φ W - y
loss = ||residual||^2 + λ ||W||^2
""",
        text=r"""
dloss/dW = 2 Φ^T residual + 2 λ W
""",
        latex=r"""
\frac{\partial \mathrm{loss}}{\partial W} = 2 \Phi^{\mathsf{T}} \, \mathrm{residual} + 2 \lambda W
""",
    ),
    Row(
        "S0-21",
        "loss",
        "P1",
        "hinge",
        wrt="W",
        given=r"""
score = W·φ(x)
margin = score y
loss = max(1 - margin, 0)
""",
        text=r"""
dloss/dW = -1[margin < 1] φ(x) y
""",
        latex=r"""
\frac{\partial \mathrm{loss}}{\partial W} = -\mathbf{1}\left[\mathrm{margin} < 1\right] \, \phi(x) y
""",
    ),
    Row(
        "S0-22",
        "loss",
        "P1",
        "squared",
        wrt="W",
        text=r"""
dloss/dW = 2 residual φ(x)
""",
        latex=r"""
\frac{\partial \mathrm{loss}}{\partial W} = 2 \, \mathrm{residual} \, \phi(x)
""",
    ),
    Row(
        "S0-23",
        "loss",
        "P1",
        "two-layer",
        wrt="w1 w2 v1 v2",
        text=r"""
dloss/dw1 = 2 residual h1
dloss/dw2 = 2 residual h2
dloss/dv1 = 2 residual w1 h1 (1 - h1) φ(x)
dloss/dv2 = 2 residual w2 h2 (1 - h2) φ(x)
""",
        latex=r"""
\frac{\partial \mathrm{loss}}{\partial w_{1}} = 2 \, \mathrm{residual} \, h_{1}
\frac{\partial \mathrm{loss}}{\partial w_{2}} = 2 \, \mathrm{residual} \, h_{2}
\frac{\partial \mathrm{loss}}{\partial v_{1}} = 2 \, \mathrm{residual} \, w_{1} h_{1} (1 - h_{1}) \phi(x)
\frac{\partial \mathrm{loss}}{\partial v_{2}} = 2 \, \mathrm{residual} \, w_{2} h_{2} (1 - h_{2}) \phi(x)
""",
    ),
    Row(
        "S4-32",
        "loss",
        "P1",
        "half-squared",
        wrt="w b",
        given=r"""
f = sigmoid(w·x + b)
L = (y - f)^2/2
""",
        text=r"""
dL/dw = -(y - f) f (1 - f) x
dL/db = -(y - f) f (1 - f)
""",
        latex=r"""
\frac{\partial L}{\partial w} = -(y - f) f (1 - f) x
\frac{\partial L}{\partial b} = -(y - f) f (1 - f)
""",
    ),
    Row(
        "S4-33",
        "loss",
        "P1",
        "softmax",
        wrt="net W",
        given=r"""
net = W h
ŷ = softmax(net)
L = -sum(d * log(ŷ))
""",
        text=r"""
dL/dnet = ŷ - d
dL/dW = (ŷ - d) h^T
""",
        latex=r"""
\frac{\partial L}{\partial \mathrm{net}} = \hat{y} - d
\frac{\partial L}{\partial W} = (\hat{y} - d) h^{\mathsf{T}}
""",
    ),
    Row(
        "S4-33",
        "loss",
        "P1",
        "softmax",
        wrt="net",
        of="ŷ",
        text=r"""
dŷ/dnet = diag(ŷ) - ŷ ŷ^T
""",
        latex=r"""
\frac{\partial \hat{y}}{\partial \mathrm{net}} = \operatorname{diag}(\hat{y}) - \hat{y} \hat{y}^{\mathsf{T}}
""",
    ),
    Row(
        "S4-24",
        "activation",
        "P1",
        "sigmoid",
        wrt="z",
        text=r"""
df/dz = f (1 - f)
""",
        latex=r"""
\frac{\partial f}{\partial z} = f (1 - f)
""",
    ),
    Row(
        "S4-24",
        "activation",
        "P1",
        "tanh",
        wrt="z",
        text=r"""
df/dz = 1 - f^2
""",
        latex=r"""
\frac{\partial f}{\partial z} = 1 - f^{2}
""",
    ),
    Row(
        "S4-25",
        "activation",
        "P1",
        "relu",
        wrt="z",
        text=r"""
df/dz = 1[z > 0]
""",
        latex=r"""
\frac{\partial f}{\partial z} = \mathbf{1}\left[z > 0\right]
""",
    ),
    Row(
        "S4-27",
        "activation",
        "P1",
        "softplus",
        wrt="z",
        text=r"""
df/dz = sigmoid(z)
""",
        latex=r"""
\frac{\partial f}{\partial z} = \sigma(z)
""",
    ),
    Row(
        "S4-24",
        "activation",
        "P1",
        "leaky-relu",
        wrt="z",
        text=r"""
df/dz = 1[z > 0] + 0.01 1[z <= 0]
""",
        latex=r"""
\frac{\partial f}{\partial z} = \mathbf{1}\left[z > 0\right] + 0.01 \mathbf{1}\left[z \le 0\right]
""",
    ),
    Row(
        "S4-24",
        "activation",
        "P1",
        "elu",
        wrt="z",
        text=r"""
df/dz = 1[z <= 0] (f + 1) + 1[z > 0]
""",
        latex=r"""
\frac{\partial f}{\partial z} = \mathbf{1}\left[z \le 0\right] (f + 1) + \mathbf{1}\left[z > 0\right]
""",
    ),
    Row(
        "S3-05",
        "model",
        "P1",
        "two-three-one",
        wrt="w_1-11 w_1-21 b_1-1 w_2-1 w_1-12 b_1-2",
        given=r"""
a1 = w_1-11 x1 + w_1-21 x2 + b_1-1
h1 = sigmoid(a1)
a2 = w_1-12 x1 + w_1-22 x2 + b_1-2
h2 = sigmoid(a2)
a3 = w_1-13 x1 + w_1-23 x2 + b_1-3
h3 = sigmoid(a3)
y = sigmoid(w_2-1 h1 + w_2-2 h2 + w_2-3 h3)
""",
        text=r"""
δ₂ = y (1 - y) w_2-2 h2 (1 - h2)
δ₁ = y (1 - y) w_2-1 h1 (1 - h1)
dy/dw_1-11 = δ₁ x1
dy/dw_1-21 = δ₁ x2
dy/db_1-1 = δ₁
dy/dw_2-1 = y (1 - y) h1
dy/dw_1-12 = δ₂ x1
dy/db_1-2 = δ₂
""",
        latex=r"""
\delta_{2} = y (1 - y) w_{2-2} h_{2} (1 - h_{2})
\delta_{1} = y (1 - y) w_{2-1} h_{1} (1 - h_{1})
\frac{\partial y}{\partial w_{1-11}} = \delta_{1} x_{1}
\frac{\partial y}{\partial w_{1-21}} = \delta_{1} x_{2}
\frac{\partial y}{\partial b_{1-1}} = \delta_{1}
\frac{\partial y}{\partial w_{2-1}} = y (1 - y) h_{1}
\frac{\partial y}{\partial w_{1-12}} = \delta_{2} x_{1}
\frac{\partial y}{\partial b_{1-2}} = \delta_{2}
""",
    ),
    Row(
        "S4-11",
        "model",
        "P1",
        "quadratic-unit",
        wrt="θ0 θ1 θ2 x",
        given=r"""
f = sigmoid(θ0 + θ1 x + θ2 x^2)
""",
        text=r"""
df/dθ0 = f (1 - f)
df/dθ1 = f (1 - f) x
df/dθ2 = f (1 - f) x^2
df/dx = f (1 - f) θ1 + 2 f (1 - f) θ2 x
""",
        latex=r"""
\frac{\partial f}{\partial \theta_{0}} = f (1 - f)
\frac{\partial f}{\partial \theta_{1}} = f (1 - f) x
\frac{\partial f}{\partial \theta_{2}} = f (1 - f) x^{2}
\frac{\partial f}{\partial x} = f (1 - f) \theta_{1} + 2 f (1 - f) \theta_{2} x
""",
    ),
    Row(
        "S4-12",
        "model",
        "P1",
        "quadratic-layers",
        wrt="θ0 θ1 θ2 θ3 θ4 θ5 θ6 θ7 θ8",
        given=r"""
h1 = tanh(θ0 + θ1 x + θ2 x^2)
h2 = tanh(θ3 + θ4 x + θ5 x^2)
f = sigmoid(θ6 + θ7 h1 + θ8 h2)
""",
        text=r"""
δ₂ = f (1 - f) θ8 (1 - h2^2)
δ₁ = f (1 - f) θ7 (1 - h1^2)
df/dθ0 = δ₁
df/dθ1 = δ₁ x
df/dθ2 = δ₁ x^2
df/dθ3 = δ₂
df/dθ4 = δ₂ x
df/dθ5 = δ₂ x^2
df/dθ6 = f (1 - f)
df/dθ7 = f (1 - f) h1
df/dθ8 = f (1 - f) h2
""",
        latex=r"""
\delta_{2} = f (1 - f) \theta_{8} (1 - h_{2}^{2})
\delta_{1} = f (1 - f) \theta_{7} (1 - h_{1}^{2})
\frac{\partial f}{\partial \theta_{0}} = \delta_{1}
\frac{\partial f}{\partial \theta_{1}} = \delta_{1} x
\frac{\partial f}{\partial \theta_{2}} = \delta_{1} x^{2}
\frac{\partial f}{\partial \theta_{3}} = \delta_{2}
\frac{\partial f}{\partial \theta_{4}} = \delta_{2} x
\frac{\partial f}{\partial \theta_{5}} = \delta_{2} x^{2}
\frac{\partial f}{\partial \theta_{6}} = f (1 - f)
\frac{\partial f}{\partial \theta_{7}} = f (1 - f) h_{1}
\frac{\partial f}{\partial \theta_{8}} = f (1 - f) h_{2}
""",
    ),
    Row(
        "S4-13",
        "numeric",
        "P1",
        "six-relus",
        wrt="x",
        given=r"""
n1 = relu(-5 x - 7.7)
n2 = relu(-1.2 x - 1.3)
n3 = relu(1.2 x + 1)
n4 = relu(1.2 x - 0.2)
n5 = relu(2 x - 1.1)
n6 = relu(5 x - 5)
Z = -n1 - n2 - n3 + n4 + n5 + n6
""",
        text=r"""
dZ/dx = 5 1[x > 1] + 2 1[x > 0.55] + 1.2 1[-1.2 x - 1.3 > 0] + 5 1[x < -1.54] + 1.2 (1[1.2 x - 0.2 > 0] - 1[1.2 x + 1 > 0])
""",
        latex=r"""
\frac{\partial Z}{\partial x} = 5 \mathbf{1}\left[x > 1\right] + 2 \mathbf{1}\left[x > 0.55\right] + 1.2 \mathbf{1}\left[-1.2 x - 1.3 > 0\right] + 5 \mathbf{1}\left[x < -1.54\right] + 1.2 \left(\mathbf{1}\left[1.2 x - 0.2 > 0\right] - \mathbf{1}\left[1.2 x + 1 > 0\right]\right)
""",
    ),
    Row(
        "S4-14",
        "model",
        "P1",
        "universal",
        wrt="W1 b1 W2 b2 x",
        given=r"""
l1 = tanh(W1 x + b1)
l2 = tanh(W2 l1 + b2)
L = l2
""",
        text=r"""
δ₂ = 1 - l2^2
δ₁ = δ₂ W2^T * (1 - l1^2)
dL/dW1 = δ₁ x^T
dL/db1 = δ₁
dL/dW2 = δ₂ l1^T
dL/db2 = δ₂
dL/dx = W1^T δ₁
""",
        latex=r"""
\delta_{2} = 1 - l_{2}^{2}
\delta_{1} = \delta_{2} W_{2}^{\mathsf{T}} \odot (1 - l_{1}^{2})
\frac{\partial L}{\partial W_{1}} = \delta_{1} x^{\mathsf{T}}
\frac{\partial L}{\partial b_{1}} = \delta_{1}
\frac{\partial L}{\partial W_{2}} = \delta_{2} l_{1}^{\mathsf{T}}
\frac{\partial L}{\partial b_{2}} = \delta_{2}
\frac{\partial L}{\partial x} = W_{1}^{\mathsf{T}} \delta_{1}
""",
    ),
    Row(
        "S4-15",
        "model",
        "P1",
        "feedforward",
        wrt="W^(2)",
        options={"abstract": {"f1": "tanh", "f2": "sigmoid"}},
        given=r"""
net^(1) = W^(1) x
h = f1(net^(1))
net^(2) = W^(2) h
y = f2(net^(2))
E = ||y - d||^2/2
""",
        text=r"""
dE/dW^(2) = ((y - d) * f2'(net^(2))) h^T
""",
        latex=r"""
\frac{\partial E}{\partial W^{(2)}} = ((y - d) \odot f_{2}'(\mathrm{net}^{(2)})) \, h^{\mathsf{T}}
""",
    ),
    Row(
        "S4-17",
        "derivative",
        "P1",
        "feedforward",
        wrt="W^(2) W^(1)",
        options={"delta_sign": -1, "abstract": {"f1": "tanh", "f2": "sigmoid"}},
        text=r"""
δ^(2) = (d - y) * f2'(net^(2))
δ^(1) = W^(2)^T δ^(2) * f1'(net^(1))
dE/dW^(2) = -δ^(2) h^T
dE/dW^(1) = -δ^(1) x^T
""",
        latex=r"""
\delta^{(2)} = (d - y) \odot f_{2}'(\mathrm{net}^{(2)})
\delta^{(1)} = (W^{(2)})^{\mathsf{T}} \delta^{(2)} \odot f_{1}'(\mathrm{net}^{(1)})
\frac{\partial E}{\partial W^{(2)}} = -\delta^{(2)} h^{\mathsf{T}}
\frac{\partial E}{\partial W^{(1)}} = -\delta^{(1)} x^{\mathsf{T}}
""",
    ),
    Row(
        "S4-18",
        "derivative",
        "P1",
        "feedforward",
        wrt="W^(1)",
        options={"delta_sign": -1, "abstract": {"f1": "tanh", "f2": "sigmoid"}},
        text=r"""
δ^(2) = (d - y) * f2'(net^(2))
δ^(1) = W^(2)^T δ^(2) * f1'(net^(1))
dE/dW^(1) = -δ^(1) x^T
""",
        latex=r"""
\delta^{(2)} = (d - y) \odot f_{2}'(\mathrm{net}^{(2)})
\delta^{(1)} = (W^{(2)})^{\mathsf{T}} \delta^{(2)} \odot f_{1}'(\mathrm{net}^{(1)})
\frac{\partial E}{\partial W^{(1)}} = -\delta^{(1)} x^{\mathsf{T}}
""",
    ),
    Row(
        "S4-19",
        "numeric",
        "P1",
        "named-units",
        wrt="w_αA w_βA w_Aλ w_AΩ",
        options={"delta_sign": -1},
        text=r"""
δ_β = (t_β - β) β (1 - β)
δ_α = (t_α - α) α (1 - α)
δ_A = (δ_α w_αA + δ_β w_βA) A (1 - A)
dE/dw_αA = -δ_α A
dE/dw_βA = -δ_β A
dE/dw_Aλ = -δ_A λ
dE/dw_AΩ = -δ_A Ω
""",
        latex=r"""
\delta_{\beta} = (t_{\beta} - \beta) \beta (1 - \beta)
\delta_{\alpha} = (t_{\alpha} - \alpha) \alpha (1 - \alpha)
\delta_{A} = (\delta_{\alpha} w_{\alpha A} + \delta_{\beta} w_{\beta A}) A (1 - A)
\frac{\partial E}{\partial w_{\alpha A}} = -\delta_{\alpha} A
\frac{\partial E}{\partial w_{\beta A}} = -\delta_{\beta} A
\frac{\partial E}{\partial w_{A\lambda}} = -\delta_{A} \lambda
\frac{\partial E}{\partial w_{A\Omega}} = -\delta_{A} \Omega
""",
    ),
    Row(
        "S4-21",
        "numeric",
        "P1",
        "worked-example",
        wrt="w1 w2 w3 w4 w5 w6",
        options={"delta_sign": -1},
        text=r"""
δ = (t - o) o (1 - o)
δ₂ = δ w2 o2 (1 - o2)
δ₁ = δ w1 o1 (1 - o1)
dE/dw1 = -δ o1
dE/dw2 = -δ o2
dE/dw3 = -δ₁ A
dE/dw4 = -δ₁ B
dE/dw5 = -δ₂ A
dE/dw6 = -δ₂ B
""",
        latex=r"""
\delta = (t - o) o (1 - o)
\delta_{2} = \delta w_{2} o_{2} (1 - o_{2})
\delta_{1} = \delta w_{1} o_{1} (1 - o_{1})
\frac{\partial E}{\partial w_{1}} = -\delta o_{1}
\frac{\partial E}{\partial w_{2}} = -\delta o_{2}
\frac{\partial E}{\partial w_{3}} = -\delta_{1} A
\frac{\partial E}{\partial w_{4}} = -\delta_{1} B
\frac{\partial E}{\partial w_{5}} = -\delta_{2} A
\frac{\partial E}{\partial w_{6}} = -\delta_{2} B
""",
    ),
    Row(
        "S4-35",
        "phenomenon",
        "P1",
        "chain",
        wrt="x",
        text=r"""
dh5/dx = h5 (1 - h5) h4 (1 - h4) h3 (1 - h3) h2 (1 - h2) h1 (1 - h1)
""",
        latex=r"""
\frac{\partial h_{5}}{\partial x} = h_{5} (1 - h_{5}) h_{4} (1 - h_{4}) h_{3} (1 - h_{3}) h_{2} (1 - h_{2}) h_{1} (1 - h_{1})
""",
    ),
    Row(
        "S4-37",
        "model",
        "P1",
        "residual-block",
        wrt="x W1 W2",
        given=r"""
net = W1 x
h = relu(net)
F = W2 h
r = F + x
y = relu(r)
L = sum(y)
""",
        text=r"""
δ₂ = 1[r > 0]
δ₁ = W2^T δ₂ * 1[net > 0]
dL/dx = W1^T δ₁ + 1[r > 0]
dL/dW1 = δ₁ x^T
dL/dW2 = δ₂ h^T
""",
        latex=r"""
\delta_{2} = \mathbf{1}\left[r > 0\right]
\delta_{1} = W_{2}^{\mathsf{T}} \delta_{2} \odot \mathbf{1}\left[\mathrm{net} > 0\right]
\frac{\partial L}{\partial x} = W_{1}^{\mathsf{T}} \delta_{1} + \mathbf{1}\left[r > 0\right]
\frac{\partial L}{\partial W_{1}} = \delta_{1} x^{\mathsf{T}}
\frac{\partial L}{\partial W_{2}} = \delta_{2} h^{\mathsf{T}}
""",
    ),
    Row(
        "S4-40",
        "derivative",
        "P1",
        "batch-norm",
        wrt="γ β",
        given=r"""
μ = sum(x)/m
v = ||x - μ||^2/m
x̂ = (x - μ)/sqrt(v + 1e-05)
y = γ x̂ + β
l = g·y
""",
        text=r"""
dl/dγ = g·x̂
dl/dβ = sum(g)
""",
        latex=r"""
\frac{\partial l}{\partial \gamma} = g \cdot \hat{x}
\frac{\partial l}{\partial \beta} = \sum(g)
""",
    ),
    Row(
        "S4-40",
        "derivative",
        "P1",
        "batch-norm",
        wrt="x",
        text=r"""
dl/dx = (g γ - (g·x̂) γ x̂/m - sum(g γ - (g·x̂) γ x̂/m)/m)/sqrt(v + 1e-05)
""",
        latex=r"""
\frac{\partial l}{\partial x} = \frac{g \gamma - \frac{(g \cdot \hat{x}) \gamma \hat{x}}{m} - \frac{\sum\left(g \gamma - \frac{(g \cdot \hat{x}) \gamma \hat{x}}{m}\right)}{m}}{\sqrt{v + 1 \cdot 10^{-5}}}
""",
    ),
    Row(
        "S0-36",
        "numeric",
        "P1",
        "kernel",
        wrt="K X",
        text=r"""
dy/dK = X
dy/dX = K
""",
        latex=r"""
\frac{\partial y}{\partial K} = X
\frac{\partial y}{\partial X} = K
""",
    ),
    Row(
        "S0-38",
        "model",
        "P1",
        "max-pool",
        wrt="A",
        text=r"""
dL/dA[i,j] = 1[10i+j = argmax(A)]
""",
        latex=r"""
\frac{\partial L}{\partial A_{i,j}} = \mathbf{1}\left[10i+j = \operatorname{argmax}(A)\right]
""",
    ),
    Row(
        "S0-38",
        "model",
        "P1",
        "mean-pool",
        wrt="A",
        text=r"""
dL/dA = ones ones^T/100
""",
        latex=r"""
\frac{\partial L}{\partial A} = \frac{1}{100} \mathbf{1} \mathbf{1}^{\mathsf{T}}
""",
    ),
    Row(
        "S4-53",
        "model",
        "P1",
        "max-pool",
        wrt="A",
        build={"size": 4, "window": 2},
        text=r"""
dL/dA[h,w] = 1[2*(h mod 2)+(w mod 2) = argmax_{m<2,n<2} A[2*floor(h/2)+m,2*floor(w/2)+n]]
""",
        latex=r"""
\frac{\partial L}{\partial A_{h,w}} = \mathbf{1}\left[2(h \bmod 2)+(w \bmod 2) = \operatorname{argmax}_{m<2,n<2} A_{2\lfloor h/2 \rfloor+m,2\lfloor w/2 \rfloor+n}\right]
""",
    ),
    Row(
        "S4-53",
        "model",
        "P1",
        "mean-pool",
        wrt="A",
        build={"size": 4, "window": 2},
        text=r"""
dL/dA[h,w] = 1/4
""",
        latex=r"""
\frac{\partial L}{\partial A_{h,w}} = \frac{1}{4}
""",
    ),
    Row(
        "S4-50",
        "figure",
        "P1",
        "shared-weights",
        wrt="w",
        text=r"""
dL/dw[i] = sum_{l<3} x[l+i]
""",
        latex=r"""
\frac{\partial L}{\partial w_{i}} = \sum_{l<3} x_{l+i}
""",
    ),
    Row(
        "S4-51",
        "numeric",
        "P1",
        "conv-layer",
        wrt="K",
        given=r"""
Y[h,w] = sum_{i,j} X[h+i,w+j] K[i,j]
L = sum(Y)
""",
        text=r"""
dL/dK[i,j] = sum_{h<3,w<3} X[h+i,w+j]
""",
        latex=r"""
\frac{\partial L}{\partial K_{i,j}} = \sum_{h<3,w<3} X_{h+i,w+j}
""",
    ),
    Row(
        "S0-39",
        "model",
        "P1",
        "conv-classifier",
        wrt="K b_K W_f b_f",
        given=r"""
u1[o,h,w] = sum_{i,j} X[h+i,w+j] K[o,i,j]
Z[o,h,w] = u1[o,h,w] + b_K[o]
A = relu(Z)
P[o,h,w] = max_{i<2,j<2} A[o,2h+i,2w+j]
p[i] = P[floor(i/4),floor(i/2) mod 2,i mod 2]
z = W_f p + b_f
L = logsumexp(z) - z[y]
""",
        text=r"""
δ₂ = softmax(z) - onehot(y)
δ₁[o,h,w] = 1[A[o,h,w] = P[o,floor(h/2),floor(w/2)]] 1[Z[o,h,w] > 0] sum_v δ₂[v] W_f[v,4o+2*floor(h/2)+floor(w/2)]
dL/dK[o,i,j] = sum_{h,w} δ₁[o,h,w] X[h+i,w+j]
dL/db_K[o] = sum_{h,w} δ₁[o,h,w]
dL/dW_f = δ₂ p^T
dL/db_f = δ₂
""",
        latex=r"""
\delta_{2} = \operatorname{softmax}(z) - \operatorname{onehot}(y)
{\delta_{1}}_{o,h,w} = \mathbf{1}\left[A_{o,h,w} = P_{o,\lfloor h/2 \rfloor,\lfloor w/2 \rfloor}\right] \mathbf{1}\left[Z_{o,h,w} > 0\right] \sum_{v} {\delta_{2}}_{v} {W_{f}}_{v,4o+2\lfloor h/2 \rfloor+\lfloor w/2 \rfloor}
\frac{\partial L}{\partial K_{o,i,j}} = \sum_{h,w} {\delta_{1}}_{o,h,w} X_{h+i,w+j}
\frac{\partial L}{\partial {b_{K}}_{o}} = \sum_{h,w} {\delta_{1}}_{o,h,w}
\frac{\partial L}{\partial W_{f}} = \delta_{2} p^{\mathsf{T}}
\frac{\partial L}{\partial b_{f}} = \delta_{2}
""",
    ),
    Row(
        "S1-08",
        "derivative",
        "P1",
        "rnn-step",
        wrt="s_{t-1}",
        of="net_t",
        options={"abstract": {"f": "tanh"}},
        given=r"""
s_{t-1} = f(net_{t-1})
net_t = U x_t + W s_{t-1}
""",
        text=r"""
dnet_t/ds_{t-1} = W
""",
        latex=r"""
\frac{\partial \mathrm{net}_{t}}{\partial s_{t-1}} = W
""",
    ),
    Row(
        "S1-09",
        "derivative",
        "P1",
        "rnn-step",
        wrt="net_{t-1}",
        of="s_{t-1}",
        options={"abstract": {"f": "tanh"}},
        given=r"""
s_{t-1} = f(net_{t-1})
""",
        text=r"""
ds_{t-1}/dnet_{t-1} = diag[f'(net_{t-1})]
""",
        latex=r"""
\frac{\partial s_{t-1}}{\partial \mathrm{net}_{t-1}} = \operatorname{diag}\left[f'(\mathrm{net}_{t-1})\right]
""",
    ),
    Row(
        "S1-10",
        "derivative",
        "P1",
        "rnn-step",
        wrt="net_{t-1}",
        of="net_t",
        options={"abstract": {"f": "tanh"}},
        given=r"""
s_{t-1} = f(net_{t-1})
net_t = U x_t + W s_{t-1}
""",
        text=r"""
dnet_t/dnet_{t-1} = W diag[f'(net_{t-1})]
""",
        latex=r"""
\frac{\partial \mathrm{net}_{t}}{\partial \mathrm{net}_{t-1}} = W \, \operatorname{diag}\left[f'(\mathrm{net}_{t-1})\right]
""",
    ),
    Row(
        "S1-10",
        "derivative",
        "P1",
        "rnn-step",
        wrt="net_{t-1}",
        of="net_t",
        given=r"""
s_{t-1} = tanh(net_{t-1})
net_t = U x_t + W s_{t-1}
""",
        text=r"""
dnet_t/dnet_{t-1} = W diag(1 - s_{t-1}^2)
""",
        latex=r"""
\frac{\partial \mathrm{net}_{t}}{\partial \mathrm{net}_{t-1}} = W \operatorname{diag}(1 - s_{t-1}^{2})
""",
    ),
    Row(
        "S1-11",
        "derivative",
        "P1",
        "rnn",
        wrt="W",
        options={"abstract": {"f": "tanh"}, "through_time": True},
        given=r"""
net_t = U x_t + W s_{t-1}
s_t = f(net_t),  t = 1, ..., T
E = ||s_T - d||^2/2
""",
        text=r"""
δ_T = (s_T - d) * f'(net_T)
δ_t = W^T δ_{t+1} * f'(net_t),  t = T-1, ..., 1
dnet_{t+1}/dnet_t = W diag[f'(net_t)]
δ_k^T = δ_T^T prod_{i=T-1,...,k} W diag[f'(net_i)],  k = T-1, ..., 1
dE/dW_t = δ_t s_{t-1}^T,  t = 1, ..., T
dE/dW = sum_t δ_t s_{t-1}^T
""",
        latex=r"""
\delta_{T} = (s_{T} - d) \odot f'(\mathrm{net}_{T})
\delta_{t} = W^{\mathsf{T}} \delta_{t+1} \odot f'(\mathrm{net}_{t}), \quad t = T-1, \dots, 1
\frac{\partial \mathrm{net}_{t+1}}{\partial \mathrm{net}_{t}} = W \, \operatorname{diag}\left[f'(\mathrm{net}_{t})\right]
\delta_{k}^{\mathsf{T}} = \delta_{T}^{\mathsf{T}} \, \prod_{i=T-1,\dots,k} W \, \operatorname{diag}\left[f'(\mathrm{net}_{i})\right], \quad k = T-1, \dots, 1
\frac{\partial E}{\partial W_{t}} = \delta_{t} s_{t-1}^{\mathsf{T}}, \quad t = 1, \dots, T
\frac{\partial E}{\partial W} = \sum_{t} \delta_{t} s_{t-1}^{\mathsf{T}}
""",
    ),
    Row(
        "S1-12",
        "derivative",
        "P1",
        "rnn-stacked",
        wrt="A U W",
        given=r"""
a_t = A r_t
x_t = sigmoid(a_t)
net_t = U x_t + W s_{t-1}
s_t = tanh(net_t),  t = 1, ..., T
E = ||s_T - d||^2/2
""",
        text=r"""
δs_T = (s_T - d) * (1 - s_T^2)
δs_t = W^T δs_{t+1} * (1 - s_t^2),  t = T-1, ..., 1
δx_t = U^T δs_t * x_t * (1 - x_t),  t = T, ..., 1
dE/dA = sum_t δx_t r_t^T
dE/dU = sum_t δs_t x_t^T
dE/dW = sum_t δs_t s_{t-1}^T
""",
        latex=r"""
\delta s_{T} = (s_{T} - d) \odot (1 - s_{T}^{2})
\delta s_{t} = W^{\mathsf{T}} \delta s_{t+1} \odot (1 - s_{t}^{2}), \quad t = T-1, \dots, 1
\delta x_{t} = U^{\mathsf{T}} \delta s_{t} \odot x_{t} \odot (1 - x_{t}), \quad t = T, \dots, 1
\frac{\partial E}{\partial A} = \sum_{t} \delta x_{t} r_{t}^{\mathsf{T}}
\frac{\partial E}{\partial U} = \sum_{t} \delta s_{t} x_{t}^{\mathsf{T}}
\frac{\partial E}{\partial W} = \sum_{t} \delta s_{t} s_{t-1}^{\mathsf{T}}
""",
    ),
    Row(
        "S1-14",
        "derivative",
        "P1",
        "rnn",
        wrt="W U s0",
        given=r"""
net_t = U x_t + W s_{t-1}
s_t = tanh(net_t),  t = 1, ..., T
E = ||s_T - d||^2/2
""",
        text=r"""
δ_T = (s_T - d) * (1 - s_T^2)
δ_t = W^T δ_{t+1} * (1 - s_t^2),  t = T-1, ..., 1
dE/dW = sum_t δ_t s_{t-1}^T
dE/dU = sum_t δ_t x_t^T
dE/ds_0 = W^T δ_1
""",
        latex=r"""
\delta_{T} = (s_{T} - d) \odot (1 - s_{T}^{2})
\delta_{t} = W^{\mathsf{T}} \delta_{t+1} \odot (1 - s_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial E}{\partial W} = \sum_{t} \delta_{t} s_{t-1}^{\mathsf{T}}
\frac{\partial E}{\partial U} = \sum_{t} \delta_{t} x_{t}^{\mathsf{T}}
\frac{\partial E}{\partial s_{0}} = W^{\mathsf{T}} \delta_{1}
""",
    ),
    Row(
        "S1-01",
        "model",
        "P1",
        "sequence-classifier",
        wrt="U W V",
        given=r"""
net_t = U x_t + W S_{t-1}
S_t = tanh(net_t),  t = 1, ..., T
O_t = softmax(V S_t)
E = -sum_t sum(d_t * log(O_t))
""",
        text=r"""
δ_T = V^T (O_T - d_T) * (1 - S_T^2)
δ_t = (W^T δ_{t+1} + V^T (O_t - d_t)) * (1 - S_t^2),  t = T-1, ..., 1
dE/dU = sum_t δ_t x_t^T
dE/dW = sum_t δ_t S_{t-1}^T
dE/dV = sum_t (O_t - d_t) S_t^T
""",
        latex=r"""
\delta_{T} = V^{\mathsf{T}} (O_{T} - d_{T}) \odot (1 - S_{T}^{2})
\delta_{t} = (W^{\mathsf{T}} \delta_{t+1} + V^{\mathsf{T}} (O_{t} - d_{t})) \odot (1 - S_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial E}{\partial U} = \sum_{t} \delta_{t} x_{t}^{\mathsf{T}}
\frac{\partial E}{\partial W} = \sum_{t} \delta_{t} S_{t-1}^{\mathsf{T}}
\frac{\partial E}{\partial V} = \sum_{t} (O_{t} - d_{t}) S_{t}^{\mathsf{T}}
""",
    ),
    Row(
        "S4-57",
        "derivative",
        "P1",
        "rnn-h",
        wrt="V W2 W1",
        given=r"""
h_t = tanh(W1 x_t + W2 h_{t-1}),  t = 1, ..., T
o = sigmoid(V h_T)
E = ||o - d||^2/2
""",
        text=r"""
δ_T = (V^T ((o - d) * o * (1 - o))) * (1 - h_T^2)
δ_t = W2^T δ_{t+1} * (1 - h_t^2),  t = T-1, ..., 1
dE/dV = ((o - d) * o * (1 - o)) h_T^T
dE/dW2 = sum_t δ_t h_{t-1}^T
dE/dW1 = sum_t δ_t x_t^T
""",
        latex=r"""
\delta_{T} = (V^{\mathsf{T}} ((o - d) \odot o \odot (1 - o))) \odot (1 - h_{T}^{2})
\delta_{t} = W_{2}^{\mathsf{T}} \delta_{t+1} \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial E}{\partial V} = ((o - d) \odot o \odot (1 - o)) h_{T}^{\mathsf{T}}
\frac{\partial E}{\partial W_{2}} = \sum_{t} \delta_{t} h_{t-1}^{\mathsf{T}}
\frac{\partial E}{\partial W_{1}} = \sum_{t} \delta_{t} x_{t}^{\mathsf{T}}
""",
    ),
    Row(
        "S4-56",
        "model",
        "P1",
        "rnn-concatenated",
        wrt="W V",
        given=r"""
W = [W_x, W_h]
h_t = tanh(W [x_t, h_{t-1}]),  t = 1, ..., T
o = sigmoid(V h_T)
E = ||o - d||^2/2
""",
        text=r"""
δ_T = (V^T ((o - d) * o * (1 - o))) * (1 - h_T^2)
δ_t = W_h^T δ_{t+1} * (1 - h_t^2),  t = T-1, ..., 1
dE/dW = sum_t δ_t [x_t, h_{t-1}]^T
dE/dV = ((o - d) * o * (1 - o)) h_T^T
""",
        latex=r"""
\delta_{T} = (V^{\mathsf{T}} ((o - d) \odot o \odot (1 - o))) \odot (1 - h_{T}^{2})
\delta_{t} = W_{h}^{\mathsf{T}} \delta_{t+1} \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial E}{\partial W} = \sum_{t} \delta_{t} \left[x_{t}, h_{t-1}\right]^{\mathsf{T}}
\frac{\partial E}{\partial V} = ((o - d) \odot o \odot (1 - o)) h_{T}^{\mathsf{T}}
""",
    ),
    Row(
        "S4-60",
        "model",
        "P1",
        "encoder-decoder",
        wrt="U W U_d W_d V",
        given=r"""
y_k = d_{k-1}
d_0 = 0
s_0 = h_T
h_t = tanh(U x_t + W h_{t-1}),  t = 1, ..., T
s_k = tanh(U_d y_k + W_d s_{k-1}),  k = 1, ..., S
p_k = softmax(V s_k)
L = -sum_k sum(d_k * log(p_k))
""",
        text=r"""
δs_S = V^T (p_S - d_S) * (1 - s_S^2)
δs_k = (W_d^T δs_{k+1} + V^T (p_k - d_k)) * (1 - s_k^2),  k = S-1, ..., 1
δh_T = W_d^T δs_1 * (1 - h_T^2)
δh_t = W^T δh_{t+1} * (1 - h_t^2),  t = T-1, ..., 1
dL/dU = sum_t δh_t x_t^T
dL/dW = sum_t δh_t h_{t-1}^T
dL/dU_d = sum_k δs_k y_k^T
dL/dW_d = sum_k δs_k s_{k-1}^T
dL/dV = sum_k (p_k - d_k) s_k^T
""",
        latex=r"""
\delta s_{S} = V^{\mathsf{T}} (p_{S} - d_{S}) \odot (1 - s_{S}^{2})
\delta s_{k} = (W_{d}^{\mathsf{T}} \delta s_{k+1} + V^{\mathsf{T}} (p_{k} - d_{k})) \odot (1 - s_{k}^{2}), \quad k = S-1, \dots, 1
\delta h_{T} = W_{d}^{\mathsf{T}} \delta s_{1} \odot (1 - h_{T}^{2})
\delta h_{t} = W^{\mathsf{T}} \delta h_{t+1} \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial L}{\partial U} = \sum_{t} \delta h_{t} x_{t}^{\mathsf{T}}
\frac{\partial L}{\partial W} = \sum_{t} \delta h_{t} h_{t-1}^{\mathsf{T}}
\frac{\partial L}{\partial U_{d}} = \sum_{k} \delta s_{k} y_{k}^{\mathsf{T}}
\frac{\partial L}{\partial W_{d}} = \sum_{k} \delta s_{k} s_{k-1}^{\mathsf{T}}
\frac{\partial L}{\partial V} = \sum_{k} (p_{k} - d_{k}) s_{k}^{\mathsf{T}}
""",
    ),
    Row(
        "S4-71",
        "model",
        "P1",
        "elman",
        wrt="U V E",
        given=r"""
U = [U_w, U_s]
w_t = E^T onehot(ids_t)
x_t = [w_t, s_{t-1}]
s_t = sigmoid(U x_t),  t = 1, ..., T
y_t = softmax(V s_t)
L = -sum_t sum(d_t * log(y_t))
""",
        text=r"""
δ_T = V^T (y_T - d_T) * s_T * (1 - s_T)
δ_t = (U_s^T δ_{t+1} + V^T (y_t - d_t)) * s_t * (1 - s_t),  t = T-1, ..., 1
dL/dU = sum_t δ_t x_t^T
dL/dV = sum_t (y_t - d_t) s_t^T
dL/dE = sum_t onehot(ids_t) δ_t^T U_w
""",
        latex=r"""
\delta_{T} = V^{\mathsf{T}} (y_{T} - d_{T}) \odot s_{T} \odot (1 - s_{T})
\delta_{t} = (U_{s}^{\mathsf{T}} \delta_{t+1} + V^{\mathsf{T}} (y_{t} - d_{t})) \odot s_{t} \odot (1 - s_{t}), \quad t = T-1, \dots, 1
\frac{\partial L}{\partial U} = \sum_{t} \delta_{t} x_{t}^{\mathsf{T}}
\frac{\partial L}{\partial V} = \sum_{t} (y_{t} - d_{t}) s_{t}^{\mathsf{T}}
\frac{\partial L}{\partial E} = \sum_{t} \operatorname{onehot}(\mathrm{ids}_{t}) \, \delta_{t}^{\mathsf{T}} U_{w}
""",
    ),
    Row(
        "S3-02",
        "numeric",
        "P1",
        "power",
        wrt="w",
        given=r"""
T = 999
y_0 = 1
y_t = w y_{t-1},  t = 1, ..., T
L = y_T
""",
        text=r"""
dy_T = 1
dy_t = dy_{t+1} w,  t = T-1, ..., 1
dL/dw = sum_t dy_t y_{t-1}
""",
        latex=r"""
\mathrm{dy}_{T} = 1
\mathrm{dy}_{t} = \mathrm{dy}_{t+1} \, w, \quad t = T-1, \dots, 1
\frac{\partial L}{\partial w} = \sum_{t} \mathrm{dy}_{t} \, y_{t-1}
""",
    ),
    Row(
        "S0-46",
        "model",
        "P1",
        "lstm",
        wrt="W_f b_f",
        given=r"""
W_f = [W_fh, W_fx]
W_i = [W_ih, W_ix]
W_C = [W_Ch, W_Cx]
W_o = [W_oh, W_ox]
f_t = sigmoid(W_f [h_{t-1}, x_t] + b_f)
i_t = sigmoid(W_i [h_{t-1}, x_t] + b_i)
C̃_t = tanh(W_C [h_{t-1}, x_t] + b_C)
C_t = f_t * C_{t-1} + i_t * C̃_t
o_t = sigmoid(W_o [h_{t-1}, x_t] + b_o)
h_t = o_t * tanh(C_t),  t = 1, ..., T
L = ||h_T - d||^2/2
""",
        text=r"""
dh_T = h_T - d
dh_t = W_oh^T δo_{t+1} + W_fh^T δf_{t+1} + W_ih^T δi_{t+1} + W_Ch^T δC̃_{t+1},  t = T-1, ..., 1
δo_t = dh_t * o_t * (1 - o_t) * tanh(C_t),  t = T, ..., 1
dC_T = dh_T * o_T * (1 - tanh(C_T)^2)
dC_t = dh_t * o_t * (1 - tanh(C_t)^2) + dC_{t+1} * f_{t+1},  t = T-1, ..., 1
δf_t = dC_t * C_{t-1} * f_t * (1 - f_t),  t = T, ..., 1
δi_t = dC_t * i_t * (1 - i_t) * C̃_t,  t = T, ..., 1
δC̃_t = dC_t * i_t * (1 - C̃_t^2),  t = T, ..., 1
dL/dW_f = sum_t δf_t [h_{t-1}, x_t]^T
dL/db_f = sum_t δf_t
""",
        latex=r"""
\mathrm{dh}_{T} = h_{T} - d
\mathrm{dh}_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta o_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta f_{t+1} + W_{\mathrm{ih}}^{\mathsf{T}} \, \delta i_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta \tilde{C}_{t+1}, \quad t = T-1, \dots, 1
\delta o_{t} = \mathrm{dh}_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{dC}_{T} = \mathrm{dh}_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2})
\mathrm{dC}_{t} = \mathrm{dh}_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{dC}_{t+1} \odot f_{t+1}, \quad t = T-1, \dots, 1
\delta f_{t} = \mathrm{dC}_{t} \odot C_{t-1} \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta i_{t} = \mathrm{dC}_{t} \odot i_{t} \odot (1 - i_{t}) \odot \tilde{C}_{t}, \quad t = T, \dots, 1
\delta \tilde{C}_{t} = \mathrm{dC}_{t} \odot i_{t} \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{f}} = \sum_{t} \delta f_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{f}} = \sum_{t} \delta f_{t}
""",
    ),
    Row(
        "S0-49",
        "model",
        "P1",
        "lstm",
        wrt="W_f b_f W_i b_i W_C b_C W_o b_o",
        given=r"""
W_f = [W_fh, W_fx]
W_i = [W_ih, W_ix]
W_C = [W_Ch, W_Cx]
W_o = [W_oh, W_ox]
f_t = sigmoid(W_f [h_{t-1}, x_t] + b_f)
i_t = sigmoid(W_i [h_{t-1}, x_t] + b_i)
C̃_t = tanh(W_C [h_{t-1}, x_t] + b_C)
C_t = f_t * C_{t-1} + i_t * C̃_t
o_t = sigmoid(W_o [h_{t-1}, x_t] + b_o)
h_t = o_t * tanh(C_t),  t = 1, ..., T
L = ||h_T - d||^2/2
""",
        text=r"""
dh_T = h_T - d
dh_t = W_oh^T δo_{t+1} + W_fh^T δf_{t+1} + W_ih^T δi_{t+1} + W_Ch^T δC̃_{t+1},  t = T-1, ..., 1
δo_t = dh_t * o_t * (1 - o_t) * tanh(C_t),  t = T, ..., 1
dC_T = dh_T * o_T * (1 - tanh(C_T)^2)
dC_t = dh_t * o_t * (1 - tanh(C_t)^2) + dC_{t+1} * f_{t+1},  t = T-1, ..., 1
δf_t = dC_t * C_{t-1} * f_t * (1 - f_t),  t = T, ..., 1
δi_t = dC_t * i_t * (1 - i_t) * C̃_t,  t = T, ..., 1
δC̃_t = dC_t * i_t * (1 - C̃_t^2),  t = T, ..., 1
dL/dW_f = sum_t δf_t [h_{t-1}, x_t]^T
dL/db_f = sum_t δf_t
dL/dW_i = sum_t δi_t [h_{t-1}, x_t]^T
dL/db_i = sum_t δi_t
dL/dW_C = sum_t δC̃_t [h_{t-1}, x_t]^T
dL/db_C = sum_t δC̃_t
dL/dW_o = sum_t δo_t [h_{t-1}, x_t]^T
dL/db_o = sum_t δo_t
""",
        latex=r"""
\mathrm{dh}_{T} = h_{T} - d
\mathrm{dh}_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta o_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta f_{t+1} + W_{\mathrm{ih}}^{\mathsf{T}} \, \delta i_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta \tilde{C}_{t+1}, \quad t = T-1, \dots, 1
\delta o_{t} = \mathrm{dh}_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{dC}_{T} = \mathrm{dh}_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2})
\mathrm{dC}_{t} = \mathrm{dh}_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{dC}_{t+1} \odot f_{t+1}, \quad t = T-1, \dots, 1
\delta f_{t} = \mathrm{dC}_{t} \odot C_{t-1} \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta i_{t} = \mathrm{dC}_{t} \odot i_{t} \odot (1 - i_{t}) \odot \tilde{C}_{t}, \quad t = T, \dots, 1
\delta \tilde{C}_{t} = \mathrm{dC}_{t} \odot i_{t} \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{f}} = \sum_{t} \delta f_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{f}} = \sum_{t} \delta f_{t}
\frac{\partial L}{\partial W_{i}} = \sum_{t} \delta i_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{i}} = \sum_{t} \delta i_{t}
\frac{\partial L}{\partial W_{C}} = \sum_{t} \delta \tilde{C}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{C}} = \sum_{t} \delta \tilde{C}_{t}
\frac{\partial L}{\partial W_{o}} = \sum_{t} \delta o_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{o}} = \sum_{t} \delta o_{t}
""",
    ),
    Row(
        "S0-50",
        "model",
        "P1",
        "lstm",
        wrt="W_f W_i W_o",
        build={"peepholes": "fio"},
        given=r"""
W_f = [W_fC, W_fh, W_fx]
W_i = [W_iC, W_ih, W_ix]
W_C = [W_Ch, W_Cx]
W_o = [W_oC, W_oh, W_ox]
f_t = sigmoid(W_f [C_{t-1}, h_{t-1}, x_t] + b_f)
i_t = sigmoid(W_i [C_{t-1}, h_{t-1}, x_t] + b_i)
C̃_t = tanh(W_C [h_{t-1}, x_t] + b_C)
C_t = f_t * C_{t-1} + i_t * C̃_t
o_t = sigmoid(W_o [C_t, h_{t-1}, x_t] + b_o)
h_t = o_t * tanh(C_t),  t = 1, ..., T
L = ||h_T - d||^2/2
""",
        text=r"""
dh_T = h_T - d
dh_t = W_oh^T δo_{t+1} + W_fh^T δf_{t+1} + W_ih^T δi_{t+1} + W_Ch^T δC̃_{t+1},  t = T-1, ..., 1
δo_t = dh_t * o_t * (1 - o_t) * tanh(C_t),  t = T, ..., 1
dC_T = dh_T * o_T * (1 - tanh(C_T)^2) + W_oC^T δo_T
dC_t = dh_t * o_t * (1 - tanh(C_t)^2) + dC_{t+1} * f_{t+1} + W_fC^T δf_{t+1} + W_iC^T δi_{t+1} + W_oC^T δo_t,  t = T-1, ..., 1
δf_t = dC_t * C_{t-1} * f_t * (1 - f_t),  t = T, ..., 1
δi_t = dC_t * i_t * (1 - i_t) * C̃_t,  t = T, ..., 1
δC̃_t = dC_t * i_t * (1 - C̃_t^2),  t = T, ..., 1
dL/dW_f = sum_t δf_t [C_{t-1}, h_{t-1}, x_t]^T
dL/dW_i = sum_t δi_t [C_{t-1}, h_{t-1}, x_t]^T
dL/dW_o = sum_t δo_t [C_t, h_{t-1}, x_t]^T
""",
        latex=r"""
\mathrm{dh}_{T} = h_{T} - d
\mathrm{dh}_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta o_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta f_{t+1} + W_{\mathrm{ih}}^{\mathsf{T}} \, \delta i_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta \tilde{C}_{t+1}, \quad t = T-1, \dots, 1
\delta o_{t} = \mathrm{dh}_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{dC}_{T} = \mathrm{dh}_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2}) + W_{\mathrm{oC}}^{\mathsf{T}} \, \delta o_{T}
\mathrm{dC}_{t} = \mathrm{dh}_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{dC}_{t+1} \odot f_{t+1} + W_{\mathrm{fC}}^{\mathsf{T}} \, \delta f_{t+1} + W_{\mathrm{iC}}^{\mathsf{T}} \, \delta i_{t+1} + W_{\mathrm{oC}}^{\mathsf{T}} \, \delta o_{t}, \quad t = T-1, \dots, 1
\delta f_{t} = \mathrm{dC}_{t} \odot C_{t-1} \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta i_{t} = \mathrm{dC}_{t} \odot i_{t} \odot (1 - i_{t}) \odot \tilde{C}_{t}, \quad t = T, \dots, 1
\delta \tilde{C}_{t} = \mathrm{dC}_{t} \odot i_{t} \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{f}} = \sum_{t} \delta f_{t} \left[C_{t-1}, h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W_{i}} = \sum_{t} \delta i_{t} \left[C_{t-1}, h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W_{o}} = \sum_{t} \delta o_{t} \left[C_{t}, h_{t-1}, x_{t}\right]^{\mathsf{T}}
""",
    ),
    Row(
        "S0-51",
        "model",
        "P1",
        "lstm",
        wrt="W_f b_f",
        build={"coupled": True},
        given=r"""
W_f = [W_fh, W_fx]
W_C = [W_Ch, W_Cx]
W_o = [W_oh, W_ox]
f_t = sigmoid(W_f [h_{t-1}, x_t] + b_f)
C̃_t = tanh(W_C [h_{t-1}, x_t] + b_C)
C_t = f_t * C_{t-1} + (1 - f_t) * C̃_t
o_t = sigmoid(W_o [h_{t-1}, x_t] + b_o)
h_t = o_t * tanh(C_t),  t = 1, ..., T
L = ||h_T - d||^2/2
""",
        text=r"""
dh_T = h_T - d
dh_t = W_oh^T δo_{t+1} + W_fh^T δf_{t+1} + W_Ch^T δC̃_{t+1},  t = T-1, ..., 1
δo_t = dh_t * o_t * (1 - o_t) * tanh(C_t),  t = T, ..., 1
dC_T = dh_T * o_T * (1 - tanh(C_T)^2)
dC_t = dh_t * o_t * (1 - tanh(C_t)^2) + dC_{t+1} * f_{t+1},  t = T-1, ..., 1
δf_t = dC_t * (C_{t-1} - C̃_t) * f_t * (1 - f_t),  t = T, ..., 1
δC̃_t = dC_t * (1 - f_t) * (1 - C̃_t^2),  t = T, ..., 1
dL/dW_f = sum_t δf_t [h_{t-1}, x_t]^T
dL/db_f = sum_t δf_t
""",
        latex=r"""
\mathrm{dh}_{T} = h_{T} - d
\mathrm{dh}_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta o_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta f_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta \tilde{C}_{t+1}, \quad t = T-1, \dots, 1
\delta o_{t} = \mathrm{dh}_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{dC}_{T} = \mathrm{dh}_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2})
\mathrm{dC}_{t} = \mathrm{dh}_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{dC}_{t+1} \odot f_{t+1}, \quad t = T-1, \dots, 1
\delta f_{t} = \mathrm{dC}_{t} \odot (C_{t-1} - \tilde{C}_{t}) \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta \tilde{C}_{t} = \mathrm{dC}_{t} \odot (1 - f_{t}) \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{f}} = \sum_{t} \delta f_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{f}} = \sum_{t} \delta f_{t}
""",
    ),
    Row(
        "S0-52",
        "model",
        "P1",
        "gru",
        wrt="W_z W_r W",
        given=r"""
W_z = [W_zh, W_zx]
W = [W_h, W_x]
W_r = [W_rh, W_rx]
z_t = sigmoid(W_z [h_{t-1}, x_t])
r_t = sigmoid(W_r [h_{t-1}, x_t])
h̃_t = tanh(W [r_t * h_{t-1}, x_t])
h_t = (1 - z_t) * h_{t-1} + z_t * h̃_t,  t = 1, ..., T
L = ||h_T - d||^2/2
""",
        text=r"""
dh_T = h_T - d
dh_t = dh_{t+1} * (1 - z_{t+1}) + W_h^T δh̃_{t+1} * r_{t+1} + W_zh^T δz_{t+1} + W_rh^T δr_{t+1},  t = T-1, ..., 1
δz_t = dh_t * (h̃_t - h_{t-1}) * z_t * (1 - z_t),  t = T, ..., 1
δh̃_t = dh_t * z_t * (1 - h̃_t^2),  t = T, ..., 1
δr_t = W_h^T δh̃_t * h_{t-1} * r_t * (1 - r_t),  t = T, ..., 1
dL/dW_z = sum_t δz_t [h_{t-1}, x_t]^T
dL/dW_r = sum_t δr_t [h_{t-1}, x_t]^T
dL/dW = sum_t δh̃_t [r_t * h_{t-1}, x_t]^T
""",
        latex=r"""
\mathrm{dh}_{T} = h_{T} - d
\mathrm{dh}_{t} = \mathrm{dh}_{t+1} \odot (1 - z_{t+1}) + W_{h}^{\mathsf{T}} \delta \tilde{h}_{t+1} \odot r_{t+1} + W_{\mathrm{zh}}^{\mathsf{T}} \, \delta z_{t+1} + W_{\mathrm{rh}}^{\mathsf{T}} \, \delta r_{t+1}, \quad t = T-1, \dots, 1
\delta z_{t} = \mathrm{dh}_{t} \odot (\tilde{h}_{t} - h_{t-1}) \odot z_{t} \odot (1 - z_{t}), \quad t = T, \dots, 1
\delta \tilde{h}_{t} = \mathrm{dh}_{t} \odot z_{t} \odot (1 - \tilde{h}_{t}^{2}), \quad t = T, \dots, 1
\delta r_{t} = W_{h}^{\mathsf{T}} \delta \tilde{h}_{t} \odot h_{t-1} \odot r_{t} \odot (1 - r_{t}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{z}} = \sum_{t} \delta z_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W_{r}} = \sum_{t} \delta r_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W} = \sum_{t} \delta \tilde{h}_{t} \left[r_{t} \odot h_{t-1}, x_{t}\right]^{\mathsf{T}}
""",
    ),
    Row(
        "S4-64",
        "model",
        "P1",
        "lstm-row",
        wrt="U_i W_i U_f W_f U_o W_o U_g W_g",
        options={"product": "∘"},
        given=r"""
f_t = sigmoid(x_t U_f + s_{t-1} W_f)
g_t = tanh(x_t U_g + s_{t-1} W_g)
i_t = sigmoid(x_t U_i + s_{t-1} W_i)
c_t = c_{t-1} ∘ f_t + g_t ∘ i_t
o_t = sigmoid(x_t U_o + s_{t-1} W_o)
s_t = tanh(c_t) ∘ o_t,  t = 1, ..., T
L = ||s_T - d||^2/2
""",
        text=r"""
ds_T = s_T - d
ds_t = δf_{t+1} W_f^T + δg_{t+1} W_g^T + δi_{t+1} W_i^T + δo_{t+1} W_o^T,  t = T-1, ..., 1
dc_T = ds_T ∘ (1 - tanh(c_T)^2) ∘ o_T
dc_t = ds_t ∘ (1 - tanh(c_t)^2) ∘ o_t + dc_{t+1} ∘ f_{t+1},  t = T-1, ..., 1
δf_t = dc_t ∘ c_{t-1} ∘ f_t ∘ (1 - f_t),  t = T, ..., 1
δg_t = dc_t ∘ (1 - g_t^2) ∘ i_t,  t = T, ..., 1
δi_t = dc_t ∘ g_t ∘ i_t ∘ (1 - i_t),  t = T, ..., 1
δo_t = ds_t ∘ tanh(c_t) ∘ o_t ∘ (1 - o_t),  t = T, ..., 1
dL/dU_i = sum_t x_t^T δi_t
dL/dW_i = sum_t s_{t-1}^T δi_t
dL/dU_f = sum_t x_t^T δf_t
dL/dW_f = sum_t s_{t-1}^T δf_t
dL/dU_o = sum_t x_t^T δo_t
dL/dW_o = sum_t s_{t-1}^T δo_t
dL/dU_g = sum_t x_t^T δg_t
dL/dW_g = sum_t s_{t-1}^T δg_t
""",
        latex=r"""
\mathrm{ds}_{T} = s_{T} - d
\mathrm{ds}_{t} = \delta f_{t+1} W_{f}^{\mathsf{T}} + \delta g_{t+1} W_{g}^{\mathsf{T}} + \delta i_{t+1} W_{i}^{\mathsf{T}} + \delta o_{t+1} W_{o}^{\mathsf{T}}, \quad t = T-1, \dots, 1
\mathrm{dc}_{T} = \mathrm{ds}_{T} \circ (1 - \tanh(c_{T})^{2}) \circ o_{T}
\mathrm{dc}_{t} = \mathrm{ds}_{t} \circ (1 - \tanh(c_{t})^{2}) \circ o_{t} + \mathrm{dc}_{t+1} \circ f_{t+1}, \quad t = T-1, \dots, 1
\delta f_{t} = \mathrm{dc}_{t} \circ c_{t-1} \circ f_{t} \circ (1 - f_{t}), \quad t = T, \dots, 1
\delta g_{t} = \mathrm{dc}_{t} \circ (1 - g_{t}^{2}) \circ i_{t}, \quad t = T, \dots, 1
\delta i_{t} = \mathrm{dc}_{t} \circ g_{t} \circ i_{t} \circ (1 - i_{t}), \quad t = T, \dots, 1
\delta o_{t} = \mathrm{ds}_{t} \circ \tanh(c_{t}) \circ o_{t} \circ (1 - o_{t}), \quad t = T, \dots, 1
\frac{\partial L}{\partial U_{i}} = \sum_{t} x_{t}^{\mathsf{T}} \delta i_{t}
\frac{\partial L}{\partial W_{i}} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta i_{t}
\frac{\partial L}{\partial U_{f}} = \sum_{t} x_{t}^{\mathsf{T}} \delta f_{t}
\frac{\partial L}{\partial W_{f}} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta f_{t}
\frac{\partial L}{\partial U_{o}} = \sum_{t} x_{t}^{\mathsf{T}} \delta o_{t}
\frac{\partial L}{\partial W_{o}} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta o_{t}
\frac{\partial L}{\partial U_{g}} = \sum_{t} x_{t}^{\mathsf{T}} \delta g_{t}
\frac{\partial L}{\partial W_{g}} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta g_{t}
""",
    ),
    Row(
        "S4-68",
        "derivative",
        "P1",
        "cbow",
        wrt="W W'",
        options={"adjoints": {"u": "e", "h": "EH"}},
        given=r"""
h = W^T (x1 + x2 + x3)/3
u = W'^T h
E = logsumexp(u) - u·t
""",
        text=r"""
e = softmax(u) - t
EH = W' e
dE/dW = (x1 + x2 + x3) EH^T/3
dE/dW' = h e^T
""",
        latex=r"""
e = \operatorname{softmax}(u) - t
\mathrm{EH} = W' e
\frac{\partial E}{\partial W} = \frac{1}{3} (x_{1} + x_{2} + x_{3}) \, \mathrm{EH}^{\mathsf{T}}
\frac{\partial E}{\partial W'} = h e^{\mathsf{T}}
""",
    ),
    Row(
        "S4-68",
        "derivative",
        "P1",
        "cbow-vectors",
        wrt="V W'",
        options={"adjoints": {"u": "e", "h": "EH"}},
        given=r"""
h = V^T ones/C
u = W'^T h
E = logsumexp(u) - u·t
""",
        text=r"""
e = softmax(u) - t
EH = W' e
dE/dV = ones EH^T/C
dE/dW' = h e^T
""",
        latex=r"""
e = \operatorname{softmax}(u) - t
\mathrm{EH} = W' e
\frac{\partial E}{\partial V} = \frac{\mathbf{1} \, \mathrm{EH}^{\mathsf{T}}}{C}
\frac{\partial E}{\partial W'} = h e^{\mathsf{T}}
""",
    ),
)
