"""Recurrent networks and gates, as the lectures print them."""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

from lectures.derived import Derived

__all__ = ["SEQUENCES"]

SEQUENCES: tuple[Derived, ...] = (
    Derived(
        "S1-08",
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
    Derived(
        "S1-09",
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
    Derived(
        "S1-10",
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
    Derived(
        "S1-10",
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
    Derived(
        "S1-11",
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
    Derived(
        "S1-12",
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
\delta^{s}_{T} = (s_{T} - d) \odot (1 - s_{T}^{2})
\delta^{s}_{t} = W^{\mathsf{T}} \delta^{s}_{t+1} \odot (1 - s_{t}^{2}), \quad t = T-1, \dots, 1
\delta^{x}_{t} = U^{\mathsf{T}} \delta^{s}_{t} \odot x_{t} \odot (1 - x_{t}), \quad t = T, \dots, 1
\frac{\partial E}{\partial A} = \sum_{t} \delta^{x}_{t} r_{t}^{\mathsf{T}}
\frac{\partial E}{\partial U} = \sum_{t} \delta^{s}_{t} x_{t}^{\mathsf{T}}
\frac{\partial E}{\partial W} = \sum_{t} \delta^{s}_{t} s_{t-1}^{\mathsf{T}}
""",
    ),
    Derived(
        "S1-14",
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
    Derived(
        "S1-01",
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
    Derived(
        "S4-57",
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
    Derived(
        "S4-56",
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
    Derived(
        "S4-60",
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
\delta^{s}_{S} = V^{\mathsf{T}} (p_{S} - d_{S}) \odot (1 - s_{S}^{2})
\delta^{s}_{k} = (W_{d}^{\mathsf{T}} \delta^{s}_{k+1} + V^{\mathsf{T}} (p_{k} - d_{k})) \odot (1 - s_{k}^{2}), \quad k = S-1, \dots, 1
\delta^{h}_{T} = W_{d}^{\mathsf{T}} \delta^{s}_{1} \odot (1 - h_{T}^{2})
\delta^{h}_{t} = W^{\mathsf{T}} \delta^{h}_{t+1} \odot (1 - h_{t}^{2}), \quad t = T-1, \dots, 1
\frac{\partial L}{\partial U} = \sum_{t} \delta^{h}_{t} x_{t}^{\mathsf{T}}
\frac{\partial L}{\partial W} = \sum_{t} \delta^{h}_{t} h_{t-1}^{\mathsf{T}}
\frac{\partial L}{\partial U_{d}} = \sum_{k} \delta^{s}_{k} y_{k}^{\mathsf{T}}
\frac{\partial L}{\partial W_{d}} = \sum_{k} \delta^{s}_{k} s_{k-1}^{\mathsf{T}}
\frac{\partial L}{\partial V} = \sum_{k} (p_{k} - d_{k}) s_{k}^{\mathsf{T}}
""",
    ),
    Derived(
        "S4-71",
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
    Derived(
        "S3-02",
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
\mathrm{d}y_{T} = 1
\mathrm{d}y_{t} = \mathrm{d}y_{t+1} \, w, \quad t = T-1, \dots, 1
\frac{\partial L}{\partial w} = \sum_{t} \mathrm{d}y_{t} \, y_{t-1}
""",
    ),
    Derived(
        "S0-46",
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
\mathrm{d}h_{T} = h_{T} - d
\mathrm{d}h_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta^{o}_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta^{f}_{t+1} + W_{\mathrm{ih}}^{\mathsf{T}} \, \delta^{i}_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta^{\tilde{C}}_{t+1}, \quad t = T-1, \dots, 1
\delta^{o}_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{d}C_{T} = \mathrm{d}h_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2})
\mathrm{d}C_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{d}C_{t+1} \odot f_{t+1}, \quad t = T-1, \dots, 1
\delta^{f}_{t} = \mathrm{d}C_{t} \odot C_{t-1} \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta^{i}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - i_{t}) \odot \tilde{C}_{t}, \quad t = T, \dots, 1
\delta^{\tilde{C}}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{f}} = \sum_{t} \delta^{f}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{f}} = \sum_{t} \delta^{f}_{t}
""",
    ),
    Derived(
        "S0-49",
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
\mathrm{d}h_{T} = h_{T} - d
\mathrm{d}h_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta^{o}_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta^{f}_{t+1} + W_{\mathrm{ih}}^{\mathsf{T}} \, \delta^{i}_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta^{\tilde{C}}_{t+1}, \quad t = T-1, \dots, 1
\delta^{o}_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{d}C_{T} = \mathrm{d}h_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2})
\mathrm{d}C_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{d}C_{t+1} \odot f_{t+1}, \quad t = T-1, \dots, 1
\delta^{f}_{t} = \mathrm{d}C_{t} \odot C_{t-1} \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta^{i}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - i_{t}) \odot \tilde{C}_{t}, \quad t = T, \dots, 1
\delta^{\tilde{C}}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{f}} = \sum_{t} \delta^{f}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{f}} = \sum_{t} \delta^{f}_{t}
\frac{\partial L}{\partial W_{i}} = \sum_{t} \delta^{i}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{i}} = \sum_{t} \delta^{i}_{t}
\frac{\partial L}{\partial W_{C}} = \sum_{t} \delta^{\tilde{C}}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{C}} = \sum_{t} \delta^{\tilde{C}}_{t}
\frac{\partial L}{\partial W_{o}} = \sum_{t} \delta^{o}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{o}} = \sum_{t} \delta^{o}_{t}
""",
    ),
    Derived(
        "S0-50",
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
\mathrm{d}h_{T} = h_{T} - d
\mathrm{d}h_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta^{o}_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta^{f}_{t+1} + W_{\mathrm{ih}}^{\mathsf{T}} \, \delta^{i}_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta^{\tilde{C}}_{t+1}, \quad t = T-1, \dots, 1
\delta^{o}_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{d}C_{T} = \mathrm{d}h_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2}) + W_{\mathrm{oC}}^{\mathsf{T}} \, \delta^{o}_{T}
\mathrm{d}C_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{d}C_{t+1} \odot f_{t+1} + W_{\mathrm{fC}}^{\mathsf{T}} \, \delta^{f}_{t+1} + W_{\mathrm{iC}}^{\mathsf{T}} \, \delta^{i}_{t+1} + W_{\mathrm{oC}}^{\mathsf{T}} \, \delta^{o}_{t}, \quad t = T-1, \dots, 1
\delta^{f}_{t} = \mathrm{d}C_{t} \odot C_{t-1} \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta^{i}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - i_{t}) \odot \tilde{C}_{t}, \quad t = T, \dots, 1
\delta^{\tilde{C}}_{t} = \mathrm{d}C_{t} \odot i_{t} \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{f}} = \sum_{t} \delta^{f}_{t} \left[C_{t-1}, h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W_{i}} = \sum_{t} \delta^{i}_{t} \left[C_{t-1}, h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W_{o}} = \sum_{t} \delta^{o}_{t} \left[C_{t}, h_{t-1}, x_{t}\right]^{\mathsf{T}}
""",
    ),
    Derived(
        "S0-51",
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
\mathrm{d}h_{T} = h_{T} - d
\mathrm{d}h_{t} = W_{\mathrm{oh}}^{\mathsf{T}} \, \delta^{o}_{t+1} + W_{\mathrm{fh}}^{\mathsf{T}} \, \delta^{f}_{t+1} + W_{\mathrm{Ch}}^{\mathsf{T}} \, \delta^{\tilde{C}}_{t+1}, \quad t = T-1, \dots, 1
\delta^{o}_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - o_{t}) \odot \tanh(C_{t}), \quad t = T, \dots, 1
\mathrm{d}C_{T} = \mathrm{d}h_{T} \odot o_{T} \odot (1 - \tanh(C_{T})^{2})
\mathrm{d}C_{t} = \mathrm{d}h_{t} \odot o_{t} \odot (1 - \tanh(C_{t})^{2}) + \mathrm{d}C_{t+1} \odot f_{t+1}, \quad t = T-1, \dots, 1
\delta^{f}_{t} = \mathrm{d}C_{t} \odot (C_{t-1} - \tilde{C}_{t}) \odot f_{t} \odot (1 - f_{t}), \quad t = T, \dots, 1
\delta^{\tilde{C}}_{t} = \mathrm{d}C_{t} \odot (1 - f_{t}) \odot (1 - \tilde{C}_{t}^{2}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{f}} = \sum_{t} \delta^{f}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial b_{f}} = \sum_{t} \delta^{f}_{t}
""",
    ),
    Derived(
        "S0-52",
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
\mathrm{d}h_{T} = h_{T} - d
\mathrm{d}h_{t} = \mathrm{d}h_{t+1} \odot (1 - z_{t+1}) + W_{h}^{\mathsf{T}} \delta^{\tilde{h}}_{t+1} \odot r_{t+1} + W_{\mathrm{zh}}^{\mathsf{T}} \, \delta^{z}_{t+1} + W_{\mathrm{rh}}^{\mathsf{T}} \, \delta^{r}_{t+1}, \quad t = T-1, \dots, 1
\delta^{z}_{t} = \mathrm{d}h_{t} \odot (\tilde{h}_{t} - h_{t-1}) \odot z_{t} \odot (1 - z_{t}), \quad t = T, \dots, 1
\delta^{\tilde{h}}_{t} = \mathrm{d}h_{t} \odot z_{t} \odot (1 - \tilde{h}_{t}^{2}), \quad t = T, \dots, 1
\delta^{r}_{t} = W_{h}^{\mathsf{T}} \delta^{\tilde{h}}_{t} \odot h_{t-1} \odot r_{t} \odot (1 - r_{t}), \quad t = T, \dots, 1
\frac{\partial L}{\partial W_{z}} = \sum_{t} \delta^{z}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W_{r}} = \sum_{t} \delta^{r}_{t} \left[h_{t-1}, x_{t}\right]^{\mathsf{T}}
\frac{\partial L}{\partial W} = \sum_{t} \delta^{\tilde{h}}_{t} \left[r_{t} \odot h_{t-1}, x_{t}\right]^{\mathsf{T}}
""",
    ),
    Derived(
        "S4-64",
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
\mathrm{d}s_{T} = s_{T} - d
\mathrm{d}s_{t} = \delta^{f}_{t+1} W_{f}^{\mathsf{T}} + \delta^{g}_{t+1} W_{g}^{\mathsf{T}} + \delta^{i}_{t+1} W_{i}^{\mathsf{T}} + \delta^{o}_{t+1} W_{o}^{\mathsf{T}}, \quad t = T-1, \dots, 1
\mathrm{d}c_{T} = \mathrm{d}s_{T} \circ (1 - \tanh(c_{T})^{2}) \circ o_{T}
\mathrm{d}c_{t} = \mathrm{d}s_{t} \circ (1 - \tanh(c_{t})^{2}) \circ o_{t} + \mathrm{d}c_{t+1} \circ f_{t+1}, \quad t = T-1, \dots, 1
\delta^{f}_{t} = \mathrm{d}c_{t} \circ c_{t-1} \circ f_{t} \circ (1 - f_{t}), \quad t = T, \dots, 1
\delta^{g}_{t} = \mathrm{d}c_{t} \circ (1 - g_{t}^{2}) \circ i_{t}, \quad t = T, \dots, 1
\delta^{i}_{t} = \mathrm{d}c_{t} \circ g_{t} \circ i_{t} \circ (1 - i_{t}), \quad t = T, \dots, 1
\delta^{o}_{t} = \mathrm{d}s_{t} \circ \tanh(c_{t}) \circ o_{t} \circ (1 - o_{t}), \quad t = T, \dots, 1
\frac{\partial L}{\partial U_{i}} = \sum_{t} x_{t}^{\mathsf{T}} \delta^{i}_{t}
\frac{\partial L}{\partial W_{i}} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta^{i}_{t}
\frac{\partial L}{\partial U_{f}} = \sum_{t} x_{t}^{\mathsf{T}} \delta^{f}_{t}
\frac{\partial L}{\partial W_{f}} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta^{f}_{t}
\frac{\partial L}{\partial U_{o}} = \sum_{t} x_{t}^{\mathsf{T}} \delta^{o}_{t}
\frac{\partial L}{\partial W_{o}} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta^{o}_{t}
\frac{\partial L}{\partial U_{g}} = \sum_{t} x_{t}^{\mathsf{T}} \delta^{g}_{t}
\frac{\partial L}{\partial W_{g}} = \sum_{t} s_{t-1}^{\mathsf{T}} \delta^{g}_{t}
""",
    ),
)
