"""Feedforward, deep and convolutional networks and word vectors, as the lectures print them."""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

from lectures.derived import Derived

__all__ = ["NETWORKS"]

NETWORKS: tuple[Derived, ...] = (
    Derived(
        "S3-05",
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
    Derived(
        "S4-11",
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
    Derived(
        "S4-12",
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
    Derived(
        "S4-13",
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
    Derived(
        "S4-14",
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
    Derived(
        "S4-15",
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
    Derived(
        "S4-17",
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
    Derived(
        "S4-18",
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
    Derived(
        "S4-19",
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
    Derived(
        "S4-21",
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
    Derived(
        "S4-35",
        "chain",
        wrt="x",
        text=r"""
dh5/dx = h5 (1 - h5) h4 (1 - h4) h3 (1 - h3) h2 (1 - h2) h1 (1 - h1)
""",
        latex=r"""
\frac{\partial h_{5}}{\partial x} = h_{5} (1 - h_{5}) h_{4} (1 - h_{4}) h_{3} (1 - h_{3}) h_{2} (1 - h_{2}) h_{1} (1 - h_{1})
""",
    ),
    Derived(
        "S4-37",
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
    Derived(
        "S4-40",
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
    Derived(
        "S4-40",
        "batch-norm",
        wrt="x",
        text=r"""
dl/dx = (g γ - (g·x̂) γ x̂/m - sum(g γ - (g·x̂) γ x̂/m)/m)/sqrt(v + 1e-05)
""",
        latex=r"""
\frac{\partial l}{\partial x} = \frac{g \gamma - \frac{(g \cdot \hat{x}) \gamma \hat{x}}{m} - \frac{\sum\left(g \gamma - \frac{(g \cdot \hat{x}) \gamma \hat{x}}{m}\right)}{m}}{\sqrt{v + 1 \cdot 10^{-5}}}
""",
    ),
    Derived(
        "S0-36",
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
    Derived(
        "S0-38",
        "max-pool",
        wrt="A",
        text=r"""
dL/dA[i,j] = 1[(i, j) = argmax_{k,l} A[k,l]]
""",
        latex=r"""
\frac{\partial L}{\partial A_{i,j}} = \mathbf{1}\left[(i, j) = \operatorname{argmax}_{k,l} A_{k,l}\right]
""",
    ),
    Derived(
        "S0-38",
        "mean-pool",
        wrt="A",
        text=r"""
dL/dA = ones ones^T/100
""",
        latex=r"""
\frac{\partial L}{\partial A} = \frac{1}{100} \mathbf{1} \mathbf{1}^{\mathsf{T}}
""",
    ),
    Derived(
        "S4-53",
        "max-pool",
        wrt="A",
        build={"size": 4, "window": 2},
        text=r"""
dL/dA[h,w] = 1[(h mod 2, w mod 2) = argmax_{i<2,j<2} A[2*floor(h/2)+i,2*floor(w/2)+j]]
""",
        latex=r"""
\frac{\partial L}{\partial A_{h,w}} = \mathbf{1}\left[(h \bmod 2, w \bmod 2) = \operatorname{argmax}_{i<2,j<2} A_{2\lfloor h/2 \rfloor+i,2\lfloor w/2 \rfloor+j}\right]
""",
    ),
    Derived(
        "S4-53",
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
    Derived(
        "S4-50",
        "shared-weights",
        wrt="w",
        text=r"""
dL/dw[i] = sum_{l<3} x[l+i]
""",
        latex=r"""
\frac{\partial L}{\partial w_{i}} = \sum_{l<3} x_{l+i}
""",
    ),
    Derived(
        "S4-51",
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
    Derived(
        "S0-39",
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
δ₁[o,h,w] = 1[(h mod 2, w mod 2) = argmax_{i<2,j<2} A[o,2*floor(h/2)+i,2*floor(w/2)+j]] 1[Z[o,h,w] > 0] sum_v δ₂[v] W_f[v,4o+2*floor(h/2)+floor(w/2)]
dL/dK[o,i,j] = sum_{h,w} δ₁[o,h,w] X[h+i,w+j]
dL/db_K[o] = sum_{h,w} δ₁[o,h,w]
dL/dW_f = δ₂ p^T
dL/db_f = δ₂
""",
        latex=r"""
\delta_{2} = \operatorname{softmax}(z) - \operatorname{onehot}(y)
{\delta_{1}}_{o,h,w} = \mathbf{1}\left[(h \bmod 2, w \bmod 2) = \operatorname{argmax}_{i<2,j<2} A_{o,2\lfloor h/2 \rfloor+i,2\lfloor w/2 \rfloor+j}\right] \mathbf{1}\left[Z_{o,h,w} > 0\right] \sum_{v} {\delta_{2}}_{v} {W_{f}}_{v,4o+2\lfloor h/2 \rfloor+\lfloor w/2 \rfloor}
\frac{\partial L}{\partial K_{o,i,j}} = \sum_{h,w} {\delta_{1}}_{o,h,w} X_{h+i,w+j}
\frac{\partial L}{\partial {b_{K}}_{o}} = \sum_{h,w} {\delta_{1}}_{o,h,w}
\frac{\partial L}{\partial W_{f}} = \delta_{2} p^{\mathsf{T}}
\frac{\partial L}{\partial b_{f}} = \delta_{2}
""",
    ),
    Derived(
        "S4-68",
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
    Derived(
        "S4-68",
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
