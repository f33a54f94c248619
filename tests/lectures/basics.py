"""What a derivative is, features, losses and activation functions, as the lectures print them."""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

from functools import partial

import symgraph as sg
from lectures.derived import Derived

__all__ = ["BASICS"]

BASICS: tuple[Derived, ...] = (
    Derived(
        "S0-18",
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
    Derived(
        "S0-19",
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
    Derived(
        "S0-19",
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
    Derived(
        "S0-19",
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
    Derived(
        "S0-19",
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
    Derived(
        "S0-19",
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
    Derived(
        "S0-19",
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
    Derived(
        "S0-20",
        "composition",
        wrt="in",
        text=r"""
dout/din = out cos(in)
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial \mathrm{in}} = \mathrm{out} \, \cos(\mathrm{in})
""",
    ),
    Derived(
        "S0-26",
        "x-sigma-x",
        wrt="x",
        text=r"""
dout/dx = h + h (1 - h) x
""",
        latex=r"""
\frac{\partial \mathrm{out}}{\partial x} = h + h (1 - h) x
""",
    ),
    Derived(
        "S0-26",
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
    Derived(
        "S4-01",
        "parabola",
        wrt="x",
        text=r"""
df/dx = 4 x + 3
""",
        latex=r"""
\frac{\partial f}{\partial x} = 4 x + 3
""",
    ),
    Derived(
        "S0-01",
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
    Derived(
        "S0-05",
        "log-count",
        wrt="N",
        text=r"""
dscore/dN = w/N
""",
        latex=r"""
\frac{\partial \mathrm{score}}{\partial N} = \frac{w}{N}
""",
    ),
    Derived(
        "S0-05",
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
    Derived(
        "S0-06",
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
    Derived(
        "S0-11",
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
    Derived(
        "S0-11",
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
    Derived(
        "S0-03",
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
    Derived(
        "S0-21",
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
    Derived(
        "S0-22",
        "squared",
        wrt="W",
        text=r"""
dloss/dW = 2 residual φ(x)
""",
        latex=r"""
\frac{\partial \mathrm{loss}}{\partial W} = 2 \, \mathrm{residual} \, \phi(x)
""",
    ),
    Derived(
        "S0-23",
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
    Derived(
        "S4-32",
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
    Derived(
        "S4-33",
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
    Derived(
        "S4-33",
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
    Derived(
        "S4-24",
        "sigmoid",
        wrt="z",
        text=r"""
df/dz = f (1 - f)
""",
        latex=r"""
\frac{\partial f}{\partial z} = f (1 - f)
""",
    ),
    Derived(
        "S4-24",
        "tanh",
        wrt="z",
        text=r"""
df/dz = 1 - f^2
""",
        latex=r"""
\frac{\partial f}{\partial z} = 1 - f^{2}
""",
    ),
    Derived(
        "S4-25",
        "relu",
        wrt="z",
        text=r"""
df/dz = 1[z > 0]
""",
        latex=r"""
\frac{\partial f}{\partial z} = \mathbf{1}\left[z > 0\right]
""",
    ),
    Derived(
        "S4-27",
        "softplus",
        wrt="z",
        text=r"""
df/dz = sigmoid(z)
""",
        latex=r"""
\frac{\partial f}{\partial z} = \sigma(z)
""",
    ),
    Derived(
        "S4-24",
        "leaky-relu",
        wrt="z",
        text=r"""
df/dz = 1[z > 0] + 0.01 1[z <= 0]
""",
        latex=r"""
\frac{\partial f}{\partial z} = \mathbf{1}\left[z > 0\right] + 0.01 \mathbf{1}\left[z \le 0\right]
""",
    ),
    Derived(
        "S4-24",
        "elu",
        wrt="z",
        text=r"""
df/dz = 1[z <= 0] (f + 1) + 1[z > 0]
""",
        latex=r"""
\frac{\partial f}{\partial z} = \mathbf{1}\left[z \le 0\right] (f + 1) + \mathbf{1}\left[z > 0\right]
""",
    ),
)
