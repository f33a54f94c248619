"""Gradients of recurrent networks and word vectors, as the lectures print them."""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

from lectures.derived import Derived

__all__ = ["OVER_TIME"]

OVER_TIME: tuple[Derived, ...] = (
    Derived(
        "S0-41",
        "rnn-scalar",
        wrt="x",
        given=r"""
h_t = tanh(w h_{t-1} + x_t),  t = 1, ..., T
y = h_T
""",
        text=r"""
δ_T = 1 - h_T^2
δ_t = δ_{t+1} (1 - h_t^2) w,  t = T-1, ..., 1
dy/dx_t = δ_t,  t = 1, ..., T
""",
        latex=r"""
\delta_{T} = 1 - h_{T}^{2}
\delta_{t} = \delta_{t+1} (1 - h_{t}^{2}) w, \quad t = T-1, \dots, 1
\frac{\partial y}{\partial x_{t}} = \delta_{t}, \quad t = 1, \dots, T
""",
    ),
    Derived(
        "S0-42",
        "rnn",
        wrt="U W",
        given=r"""
net_t = U x_t + W s_{t-1}
s_t = tanh(net_t),  t = 1, ..., T
E = ||s_T - d||^2/2
""",
        text=r"""
δ_T = (s_T - d) * (1 - s_T^2)
δ_t = W^T δ_{t+1} * (1 - s_t^2),  t = T-1, ..., 1
dE/dU = sum_t δ_t x_t^T
dE/dW = sum_t δ_t s_{t-1}^T
""",
        latex=r"""
\delta_{T} = (s_{T} - d) \odot (1 - s_{T}^{2})
\delta_{t} = W^{\mathsf{T}} \delta_{t+1} \odot (1 - s_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial E}{\partial U} = \sum_{t} \delta_{t} x_{t}^{\mathsf{T}}
\frac{\partial E}{\partial W} = \sum_{t} \delta_{t} s_{t-1}^{\mathsf{T}}
""",
    ),
    Derived(
        "S0-47",
        "lstm",
        wrt="W_i W_C b_i b_C",
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
dL/dW_i = sum_t δi_t [h_{t-1}, x_t]^T
dL/dW_C = sum_t δC̃_t [h_{t-1}, x_t]^T
dL/db_i = sum_t δi_t
dL/db_C = sum_t δC̃_t
""",
        latex=r"""
\mathrm{d}h_{T} = h_{T} - d
\mathrm{d}h_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta^{o}_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta^{f}_{t+1} + W_{\mathrm{ih}}^{\mathsf{T}} \, \delta^{i}_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta^{\tilde{C}}_{t+1}, \quad t = T-1, \dots, 1
\delta^{o}_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{d}C_{T} = \mathrm{d}h_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2})
\mathrm{d}C_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{d}C_{t+1} \odot f_{t+1}, \quad t = T-1, \dots, 1
\delta^{f}_{t} = \mathrm{d}C_{t} \odot C_{t-1} \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta^{i}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - i_{t}) \odot \tilde{C}_{t}, \quad t = T, \dots, 1
\delta^{\tilde{C}}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{i}} = \sum_{t} \delta^{i}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W_{C}} = \sum_{t} \delta^{\tilde{C}}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{i}} = \sum_{t} \delta^{i}_{t}
\frac{\partial L}{\partial b_{C}} = \sum_{t} \delta^{\tilde{C}}_{t}
""",
    ),
    Derived(
        "S1-03b",
        "rnn-modes",
        wrt="U W V",
        given=r"""
T = 3
h_0 = 0
h_t = tanh(U x_t + W h_{t-1}),  t = 1, ..., T
y_t = V h_t
E = (sum_t ||y_t - d_t||^2)/2
""",
        text=r"""
δ_T = V^T (y_T - d_T) * (1 - h_T^2)
δ_t = (W^T δ_{t+1} + V^T (y_t - d_t)) * (1 - h_t^2),  t = T-1, ..., 1
dE/dU = sum_t δ_t x_t^T
dE/dW = sum_t δ_t h_{t-1}^T
dE/dV = sum_t (y_t - d_t) h_t^T
""",
        latex=r"""
\delta_{T} = V^{\mathsf{T}} (y_{T} - d_{T}) \odot (1 - h_{T}^{2})
\delta_{t} = (W^{\mathsf{T}} \delta_{t+1} + V^{\mathsf{T}} (y_{t} - d_{t})) \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial E}{\partial U} = \sum_{t} \delta_{t} x_{t}^{\mathsf{T}}
\frac{\partial E}{\partial W} = \sum_{t} \delta_{t} h_{t-1}^{\mathsf{T}}
\frac{\partial E}{\partial V} = \sum_{t} (y_{t} - d_{t}) h_{t}^{\mathsf{T}}
""",
    ),
    Derived(
        "S1-04",
        "hello",
        wrt="V c W b U",
        given=r"""
h_0 = 0
u_t = U^T onehot(x_t)
h_t = tanh(u_t + W h_{t-1} + b),  t = 1, ..., T
z_t = V h_t + c
L = sum_t (logsumexp(z_t) - z_t·onehot(y_t))
""",
        text=r"""
δ_T = V^T (softmax(z_T) - onehot(y_T)) * (1 - h_T^2)
δ_t = (W^T δ_{t+1} + V^T (softmax(z_t) - onehot(y_t))) * (1 - h_t^2),  t = T-1, ..., 1
dL/dV = sum_t (softmax(z_t) - onehot(y_t)) h_t^T
dL/dc = sum_t (softmax(z_t) - onehot(y_t))
dL/dW = sum_t δ_t h_{t-1}^T
dL/db = sum_t δ_t
dL/dU = sum_t onehot(x_t) δ_t^T
""",
        latex=r"""
\delta_{T} = V^{\mathsf{T}} (\operatorname{softmax}(z_{T}) - \operatorname{onehot}(y_{T})) \odot (1 - h_{T}^{2})
\delta_{t} = (W^{\mathsf{T}} \delta_{t+1} + V^{\mathsf{T}} (\operatorname{softmax}(z_{t}) - \operatorname{onehot}(y_{t}))) \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial L}{\partial V} = \sum_{t} (\operatorname{softmax}(z_{t}) - \operatorname{onehot}(y_{t})) h_{t}^{\mathsf{T}}
\frac{\partial L}{\partial c} = \sum_{t} (\operatorname{softmax}(z_{t}) - \operatorname{onehot}(y_{t}))
\frac{\partial L}{\partial W} = \sum_{t} \delta_{t} h_{t-1}^{\mathsf{T}}
\frac{\partial L}{\partial b} = \sum_{t} \delta_{t}
\frac{\partial L}{\partial U} = \sum_{t} \operatorname{onehot}(x_{t}) \delta_{t}^{\mathsf{T}}
""",
    ),
    Derived(
        "S3-03",
        "wall",
        wrt="w b",
        given=r"""
T = 50
x_0 = 0.5
x_t = w sigmoid(x_{t-1}) + b,  t = 1, ..., T
E = (sigmoid(x_T) - 0.7)^2
""",
        text=r"""
dx_T = 2 (sigmoid(x_T) - 0.7) sigmoid(x_T) (1 - sigmoid(x_T))
dx_t = dx_{t+1} sigmoid(x_t) (1 - sigmoid(x_t)) w,  t = T-1, ..., 1
dE/dw = sum_t dx_t sigmoid(x_{t-1})
dE/db = sum_t dx_t
""",
        latex=r"""
\mathrm{d}x_{T} = 2 (\sigma(x_{T}) - 0.7) \sigma(x_{T}) (1 - \sigma(x_{T}))
\mathrm{d}x_{t} = \mathrm{d}x_{t+1} \, \sigma(x_{t}) (1 - \sigma(x_{t})) w, \quad t = T-1, \dots, 1
\frac{\partial E}{\partial w} = \sum_{t} \mathrm{d}x_{t} \, \sigma(x_{t-1})
\frac{\partial E}{\partial b} = \sum_{t} \mathrm{d}x_{t}
""",
    ),
    Derived(
        "S3-09",
        "lstm",
        wrt="W_o b_o",
        build={"order": "xh"},
        given=r"""
W_f = [W_fx, W_fh]
W_i = [W_ix, W_ih]
W_C = [W_Cx, W_Ch]
W_o = [W_ox, W_oh]
f_t = sigmoid(W_f [x_t, h_{t-1}] + b_f)
i_t = sigmoid(W_i [x_t, h_{t-1}] + b_i)
C̃_t = tanh(W_C [x_t, h_{t-1}] + b_C)
C_t = f_t * C_{t-1} + i_t * C̃_t
o_t = sigmoid(W_o [x_t, h_{t-1}] + b_o)
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
dL/dW_o = sum_t δo_t [x_t, h_{t-1}]^T
dL/db_o = sum_t δo_t
""",
        latex=r"""
\mathrm{d}h_{T} = h_{T} - d
\mathrm{d}h_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta^{o}_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta^{f}_{t+1} + W_{\mathrm{ih}}^{\mathsf{T}} \, \delta^{i}_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta^{\tilde{C}}_{t+1}, \quad t = T-1, \dots, 1
\delta^{o}_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{d}C_{T} = \mathrm{d}h_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2})
\mathrm{d}C_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{d}C_{t+1} \odot f_{t+1}, \quad t = T-1, \dots, 1
\delta^{f}_{t} = \mathrm{d}C_{t} \odot C_{t-1} \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta^{i}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - i_{t}) \odot \tilde{C}_{t}, \quad t = T, \dots, 1
\delta^{\tilde{C}}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{o}} = \sum_{t} \delta^{o}_{t} \left[x_{t}, h_{t-1}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{o}} = \sum_{t} \delta^{o}_{t}
""",
    ),
    Derived(
        "S4-65",
        "rnn-row",
        wrt="U W",
        given=r"""
s_t = tanh(x_t U + s_{t-1} W),  t = 1, ..., T
E = ||s_T - d||^2/2
""",
        text=r"""
δ_T = (s_T - d) * (1 - s_T^2)
δ_t = δ_{t+1} W^T * (1 - s_t^2),  t = T-1, ..., 1
dE/dU = sum_t x_t^T δ_t
dE/dW = sum_t s_{t-1}^T δ_t
""",
        latex=r"""
\delta_{T} = (s_{T} - d) \odot (1 - s_{T}^{2})
\delta_{t} = \delta_{t+1} W^{\mathsf{T}} \odot (1 - s_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial E}{\partial U} = \sum_{t} x_{t}^{\mathsf{T}} \delta_{t}
\frac{\partial E}{\partial W} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta_{t}
""",
    ),
    Derived(
        "S4-67",
        "cbow",
        wrt="W W'",
        given=r"""
h = W^T (x1 + x2 + x3)/3
u = W'^T h
E = logsumexp(u) - u·t
""",
        text=r"""
δ₂ = softmax(u) - t
δ₁ = W' δ₂/3
dE/dW = (x1 + x2 + x3) δ₁^T
dE/dW' = h δ₂^T
""",
        latex=r"""
\delta_{2} = \operatorname{softmax}(u) - t
\delta_{1} = \frac{1}{3} W' \delta_{2}
\frac{\partial E}{\partial W} = (x_{1} + x_{2} + x_{3}) \delta_{1}^{\mathsf{T}}
\frac{\partial E}{\partial W'} = h \delta_{2}^{\mathsf{T}}
""",
    ),
    Derived(
        "S4-72",
        "bidirectional",
        wrt="V W W_g",
        given=r"""
V = [V_h, V_g]
g_{T+1} = g0
g_t = tanh(U_g x_t + W_g g_{t+1}),  t = T, ..., 1
h_t = tanh(U x_t + W h_{t-1}),  t = 1, ..., T
y_t = V [h_t, g_t]
L = (sum_t ||y_t||^2)/2
""",
        text=r"""
δh_T = V_h^T y_T * (1 - h_T^2)
δh_t = (W^T δh_{t+1} + V_h^T y_t) * (1 - h_t^2),  t = T-1, ..., 1
δg_1 = V_g^T y_1 * (1 - g_1^2)
δg_t = (W_g^T δg_{t-1} + V_g^T y_t) * (1 - g_t^2),  t = 2, ..., T
dL/dV = sum_t y_t [h_t, g_t]^T
dL/dW = sum_t δh_t h_{t-1}^T
dL/dW_g = sum_t δg_t g_{t+1}^T
""",
        latex=r"""
\delta^{h}_{T} = V_{h}^{\mathsf{T}} y_{T} \odot (1 - h_{T}^{2})
\delta^{h}_{t} = (W^{\mathsf{T}} \delta^{h}_{t+1} + V_{h}^{\mathsf{T}} y_{t}) \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\delta^{g}_{1} = V_{g}^{\mathsf{T}} y_{1} \odot (1 - g_{1}^{2})
\delta^{g}_{t} = (W_{g}^{\mathsf{T}} \delta^{g}_{t-1} + V_{g}^{\mathsf{T}} y_{t}) \odot (1 - g_{t}^{2}), \quad t = 2, \dots, T
\frac{\partial L}{\partial V} = \sum_{t} y_{t} \left[h_{t}, g_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W} = \sum_{t} \delta^{h}_{t} h_{t-1}^{\mathsf{T}}
\frac{\partial L}{\partial W_{g}} = \sum_{t} \delta^{g}_{t} g_{t+1}^{\mathsf{T}}
""",
    ),
    Derived(
        "S4-73",
        "captioning",
        wrt="I W V",
        given=r"""
(m_1, ..., m_T) = onehot(0)
h_t = tanh(U w_t + W h_{t-1} + m_t I v),  t = 1, ..., T
p_t = softmax(V h_t)
L = -sum_t sum(d_t * log(p_t))
""",
        text=r"""
δ_T = V^T (p_T - d_T) * (1 - h_T^2)
δ_t = (W^T δ_{t+1} + V^T (p_t - d_t)) * (1 - h_t^2),  t = T-1, ..., 1
dL/dI = (sum_t δ_t m_t) v^T
dL/dW = sum_t δ_t h_{t-1}^T
dL/dV = sum_t (p_t - d_t) h_t^T
""",
        latex=r"""
\delta_{T} = V^{\mathsf{T}} (p_{T} - d_{T}) \odot (1 - h_{T}^{2})
\delta_{t} = (W^{\mathsf{T}} \delta_{t+1} + V^{\mathsf{T}} (p_{t} - d_{t})) \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial L}{\partial I} = \left(\sum_{t} \delta_{t} m_{t}\right) v^{\mathsf{T}}
\frac{\partial L}{\partial W} = \sum_{t} \delta_{t} h_{t-1}^{\mathsf{T}}
\frac{\partial L}{\partial V} = \sum_{t} (p_{t} - d_{t}) h_{t}^{\mathsf{T}}
""",
    ),
)
