"""Gradients of features, machines, images and texts, as the lectures print them."""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

from lectures.derived import Derived

__all__ = ["FURTHER"]

FURTHER: tuple[Derived, ...] = (
    Derived(
        "S0-04",
        "temperature",
        wrt="T w2",
        given=r"""
φ(T) = (T - 37)^2
score = w1 + w2 φ(T)
""",
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
        given=r"""
φ(x) = [1; x[0]; x[1]; x[0]*x[0]; x[0] x[1]; x[1]*x[1]]
score = W·φ(x)
""",
        text=r"""
dscore/dW = φ(x)
""",
        latex=r"""
\frac{\partial \mathrm{score}}{\partial W} = \phi(x)
""",
    ),
    Derived(
        "S0-13",
        "universal-fit",
        wrt="w b v c",
        given=r"""
n = relu(x w + b)
Z = n v + c
loss = ||Z - y||^2/N
""",
        text=r"""
dloss/dw = 2 ones^T ((Z - y) v^T * 1[x w + b > 0] * x)/N
dloss/db = 2 ones^T ((Z - y) v^T * 1[x w + b > 0])/N
dloss/dv = 2 n^T (Z - y)/N
dloss/dc = 2 sum(Z - y)/N
""",
        latex=r"""
\frac{\partial \mathrm{loss}}{\partial w} = \frac{2 \mathbf{1}^{\mathsf{T}} \left((Z - y) v^{\mathsf{T}} \odot \mathbf{1}\left[x w + b > 0\right] \odot x\right)}{N}
\frac{\partial \mathrm{loss}}{\partial b} = \frac{2 \mathbf{1}^{\mathsf{T}} \left((Z - y) v^{\mathsf{T}} \odot \mathbf{1}\left[x w + b > 0\right]\right)}{N}
\frac{\partial \mathrm{loss}}{\partial v} = \frac{2 n^{\mathsf{T}} (Z - y)}{N}
\frac{\partial \mathrm{loss}}{\partial c} = \frac{2 \sum(Z - y)}{N}
""",
    ),
    Derived(
        "S0-17",
        "two-cars",
        wrt="v1 v2 w1 w2",
        given=r"""
h1 = sigmoid(v1·Φ)
h2 = sigmoid(v2·Φ)
score = w1 h1 + w2 h2
residual = score - y
loss = residual^2
""",
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
        "S0-45",
        "gate",
        wrt="a c",
        given=r"""
g = sigmoid(a)
y = g * c
L = sum(y)
""",
        text=r"""
dL/da = g * (1 - g) * c
dL/dc = g
""",
        latex=r"""
\frac{\partial L}{\partial a} = g \odot (1 - g) \odot c
\frac{\partial L}{\partial c} = g
""",
    ),
    Derived(
        "S4-08",
        "xor-mlp",
        wrt="v c W b",
        given=r"""
h = tanh(x W^T + b)
y = sigmoid(h v + c)
E = ||y - d||^2/2
""",
        text=r"""
δ₂ = (y - d) * y * (1 - y)
δ₁ = δ₂ v^T * (1 - h * h)
dE/dv = h^T δ₂
dE/dc = sum(δ₂)
dE/dW = δ₁^T x
dE/db = ones^T δ₁
""",
        latex=r"""
\delta_{2} = (y - d) \odot y \odot (1 - y)
\delta_{1} = \delta_{2} v^{\mathsf{T}} \odot (1 - h \odot h)
\frac{\partial E}{\partial v} = h^{\mathsf{T}} \delta_{2}
\frac{\partial E}{\partial c} = \sum(\delta_{2})
\frac{\partial E}{\partial W} = \delta_{1}^{\mathsf{T}} x
\frac{\partial E}{\partial b} = \mathbf{1}^{\mathsf{T}} \delta_{1}
""",
    ),
    Derived(
        "S4-26",
        "noisy-relu",
        wrt="z",
        given=r"""
f = relu(z + sqrt(sigmoid(z)) ε)
""",
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
        given=r"""
f = max(W x)
""",
        text=r"""
df/dx[j] = W[argmax(W x),j]
""",
        latex=r"""
\frac{\partial f}{\partial x_{j}} = W_{\operatorname{argmax}(W x),j}
""",
    ),
    Derived(
        "S4-38",
        "residual-chain",
        wrt="v",
        build={"depth": 2},
        given=r"""
v1 = v + tanh(v/2)
v2 = v1 + tanh(v1/2)
""",
        text=r"""
dv2/dv = 1 + (1 - tanh(v1/2)^2)/2 + (1 + (1 - tanh(v1/2)^2)/2) (1 - tanh(v/2)^2)/2
""",
        latex=r"""
\frac{\partial v_{2}}{\partial v} = 1 + \frac{1}{2} \left(1 - \tanh\left(\frac{1}{2} v_{1}\right)^{2}\right) + \frac{1}{2} \left(1 + \frac{1}{2} \left(1 - \tanh\left(\frac{1}{2} v_{1}\right)^{2}\right)\right) \left(1 - \tanh\left(\frac{1}{2} v\right)^{2}\right)
""",
    ),
    Derived(
        "S4-39",
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
        "S4-42",
        "rbm",
        wrt="W b c",
        given=r"""
E = -b·v - c·h - v^T W h
""",
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
        given=r"""
F = -(v·b + sum(softplus(v W + c)))
""",
        text=r"""
dF/dc = -sigmoid(v W + c)
""",
        latex=r"""
\frac{\partial F}{\partial c} = -\sigma(v W + c)
""",
    ),
    Derived(
        "S4-44",
        "deep-autoencoder",
        wrt="W1 V1",
        given=r"""
h1 = sigmoid(W1 x + b1)
h2 = sigmoid(W2 h1 + b2)
z = W3 h2 + b3
ĥ2 = sigmoid(V3 z + c3)
ĥ1 = sigmoid(V2 ĥ2 + c2)
x̂ = sigmoid(V1 ĥ1 + c1)
E = ||x̂ - x||^2/2
""",
        text=r"""
δ₆ = (x̂ - x) * x̂ * (1 - x̂)
δ₅ = V1^T δ₆ * ĥ1 * (1 - ĥ1)
δ₄ = V2^T δ₅ * ĥ2 * (1 - ĥ2)
δ₃ = V3^T δ₄
δ₂ = W3^T δ₃ * h2 * (1 - h2)
δ₁ = W2^T δ₂ * h1 * (1 - h1)
dE/dW1 = δ₁ x^T
dE/dV1 = δ₆ ĥ1^T
""",
        latex=r"""
\delta_{6} = (\hat{x} - x) \odot \hat{x} \odot (1 - \hat{x})
\delta_{5} = V_{1}^{\mathsf{T}} \delta_{6} \odot \hat{h}_{1} \odot (1 - \hat{h}_{1})
\delta_{4} = V_{2}^{\mathsf{T}} \delta_{5} \odot \hat{h}_{2} \odot (1 - \hat{h}_{2})
\delta_{3} = V_{3}^{\mathsf{T}} \delta_{4}
\delta_{2} = W_{3}^{\mathsf{T}} \delta_{3} \odot h_{2} \odot (1 - h_{2})
\delta_{1} = W_{2}^{\mathsf{T}} \delta_{2} \odot h_{1} \odot (1 - h_{1})
\frac{\partial E}{\partial W_{1}} = \delta_{1} x^{\mathsf{T}}
\frac{\partial E}{\partial V_{1}} = \delta_{6} \hat{h}_{1}^{\mathsf{T}}
""",
    ),
    Derived(
        "S4-45",
        "linear-autoencoder",
        wrt="W V",
        given=r"""
z = x W
x̂ = z V
E = ||x̂ - x||^2
""",
        text=r"""
δ₂ = 2 (x̂ - x)
δ₁ = δ₂ V^T
dE/dW = x^T δ₁
dE/dV = z^T δ₂
""",
        latex=r"""
\delta_{2} = 2 (\hat{x} - x)
\delta_{1} = \delta_{2} V^{\mathsf{T}}
\frac{\partial E}{\partial W} = x^{\mathsf{T}} \delta_{1}
\frac{\partial E}{\partial V} = z^{\mathsf{T}} \delta_{2}
""",
    ),
    Derived(
        "S4-48",
        "dropout",
        wrt="W1 W2",
        given=r"""
h = sigmoid(W1 x)
u1 = W2^T·(h * m)
y = u1
""",
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
        "S4-52",
        "conv-classifier",
        wrt="K b_K",
        build={"size": 10, "maps": 3},
        given=r"""
u1[o,h,w] = sum_{i,j} X[h+i,w+j] K[o,i,j]
Z[o,h,w] = u1[o,h,w] + b_K[o]
A = relu(Z)
P[o,h,w] = max_{i<2,j<2} A[o,2h+i,2w+j]
p[i] = P[floor(i/16),floor(i/4) mod 4,i mod 4]
z = W_f p + b_f
L = logsumexp(z) - z[y]
""",
        text=r"""
δ₂ = softmax(z) - onehot(y)
δ₁[o,h,w] = 1[(h mod 2, w mod 2) = argmax_{i<2,j<2} A[o,2*floor(h/2)+i,2*floor(w/2)+j]] 1[Z[o,h,w] > 0] sum_v δ₂[v] W_f[v,16o+4*floor(h/2)+floor(w/2)]
dL/dK[o,i,j] = sum_{h,w} δ₁[o,h,w] X[h+i,w+j]
dL/db_K[o] = sum_{h,w} δ₁[o,h,w]
""",
        latex=r"""
\delta_{2} = \operatorname{softmax}(z) - \operatorname{onehot}(y)
{\delta_{1}}_{o,h,w} = \mathbf{1}\left[(h \bmod 2, w \bmod 2) = \operatorname{argmax}_{i<2,j<2} A_{o,2\lfloor h/2 \rfloor+i,2\lfloor w/2 \rfloor+j}\right] \mathbf{1}\left[Z_{o,h,w} > 0\right] \sum_{v} {\delta_{2}}_{v} {W_{f}}_{v,16o+4\lfloor h/2 \rfloor+\lfloor w/2 \rfloor}
\frac{\partial L}{\partial K_{o,i,j}} = \sum_{h,w} {\delta_{1}}_{o,h,w} X_{h+i,w+j}
\frac{\partial L}{\partial {b_{K}}_{o}} = \sum_{h,w} {\delta_{1}}_{o,h,w}
""",
    ),
    Derived(
        "S4-55",
        "text-classifier",
        wrt="W_f K2 b2 E",
        given=r"""
W_f = [W_f1, W_f2]
x[c,l] = E[ids[l],c]
u1[o,l] = sum_{c,i} x[c,l+i] K2[o,c,i]
c2 = tanh(u1 + b2)
u2[m,l] = sum_{c,i} x[c,l+i] K3[m,c,i]
c3 = tanh(u2 + b3)
p = [max(c2, axis=1), max(c3, axis=1)]
z = W_f p
L = logsumexp(z) - z[y]
""",
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
