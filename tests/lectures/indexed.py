"""The rows of the lectures in indexed scalars, between entries instead of between matrices."""
# ruff: noqa: E501 - a line of a derivation is one line

from __future__ import annotations

from lectures.derived import Derived

__all__ = ["INDEXED"]

INDEXED: tuple[Derived, ...] = (
    Derived(
        "S1-13",
        "rnn-step",
        wrt="W",
        options={"abstract": {"f": "tanh"}, "adjoints": {"net_t": "δ_t"}},
        given=r"""
s_{t-1} = f(net_{t-1})
net_t = U x_t + W s_{t-1}
s_t = f(net_t)
E = ||s_t - d||^2/2
""",
        text=r"""
δ_t = (s_t - d) * f'(net_t)
dE/dW = δ_t s_{t-1}^T
""",
        latex=r"""
\delta_{t} = (s_{t} - d) \odot f'(\mathrm{net}_{t})
\frac{\partial E}{\partial W} = \delta_{t} s_{t-1}^{\mathsf{T}}
""",
    ),
    Derived(
        "S1-13",
        "rnn-step",
        wrt="W",
        options={
            "abstract": {"f": "tanh"},
            "adjoints": {"net_t": "δ_t"},
            "form": "index",
            "letters": {"net_t": "j", "s_{t-1}": "i"},
        },
        given=r"""
s_i^{t-1} = f(net_i^{t-1})
net_j^t = sum_k u_jk x_k^t + sum_i w_ji s_i^{t-1}
s_j^t = f(net_j^t)
E = (sum_j (s_j^t - d_j)^2)/2
""",
        text=r"""
δ_j^t = (s_j^t - d_j) f'(net_j^t)
dE/dw_ji = δ_j^t s_i^{t-1}
""",
        latex=r"""
\delta_{j}^{t} = (s_{j}^{t} - d_{j}) \, f'(\mathrm{net}_{j}^{t})
\frac{\partial E}{\partial w_{ji}} = \delta_{j}^{t} s_{i}^{t-1}
""",
    ),
    Derived(
        "S1-07",
        "rnn-step",
        wrt="net_{t-1}",
        of="net_t",
        options={"abstract": {"f": "tanh"}, "derivative": "∂"},
        given=r"""
s_{t-1} = f(net_{t-1})
net_t = U x_t + W s_{t-1}
""",
        text=r"""
∂net_t/∂net_{t-1} = W diag[f'(net_{t-1})]
""",
        latex=r"""
\frac{\partial \mathrm{net}_{t}}{\partial \mathrm{net}_{t-1}} = W \, \operatorname{diag}\left[f'(\mathrm{net}_{t-1})\right]
""",
    ),
    Derived(
        "S4-17",
        "feedforward",
        wrt="W^(2) W^(1)",
        options={
            "abstract": {"f1": "tanh", "f2": "sigmoid"},
            "form": "index",
            "delta_sign": -1,
            "letters": {"x": "m", "net^(1)": "j", "net^(2)": "k"},
        },
        given=r"""
net_j^(1) = sum_m w_jm^(1) x_m
h_j = f1(net_j^(1))
net_k^(2) = sum_j w_kj^(2) h_j
y_k = f2(net_k^(2))
E = (sum_k (y_k - d_k)^2)/2
""",
        text=r"""
δ_k^(2) = (d_k - y_k) f2'(net_k^(2))
δ_j^(1) = f1'(net_j^(1)) sum_k δ_k^(2) w_kj^(2)
dE/dw_kj^(2) = -δ_k^(2) h_j
dE/dw_jm^(1) = -δ_j^(1) x_m
""",
        latex=r"""
\delta_{k}^{(2)} = (d_{k} - y_{k}) \, f_{2}'(\mathrm{net}_{k}^{(2)})
\delta_{j}^{(1)} = f_{1}'(\mathrm{net}_{j}^{(1)}) \, \sum_{k} \delta_{k}^{(2)} w_{kj}^{(2)}
\frac{\partial E}{\partial w_{kj}^{(2)}} = -\delta_{k}^{(2)} h_{j}
\frac{\partial E}{\partial w_{jm}^{(1)}} = -\delta_{j}^{(1)} x_{m}
""",
    ),
    Derived(
        "S4-18",
        "feedforward",
        wrt="W^(1)",
        options={
            "abstract": {"f1": "tanh", "f2": "sigmoid"},
            "form": "index",
            "delta_sign": -1,
            "letters": {"x": "m", "net^(1)": "j", "net^(2)": "k"},
        },
        given=r"""
net_j^(1) = sum_m w_jm^(1) x_m
h_j = f1(net_j^(1))
net_k^(2) = sum_j w_kj^(2) h_j
y_k = f2(net_k^(2))
E = (sum_k (y_k - d_k)^2)/2
""",
        text=r"""
δ_k^(2) = (d_k - y_k) f2'(net_k^(2))
δ_j^(1) = f1'(net_j^(1)) sum_k δ_k^(2) w_kj^(2)
dE/dw_jm^(1) = -δ_j^(1) x_m
""",
        latex=r"""
\delta_{k}^{(2)} = (d_{k} - y_{k}) \, f_{2}'(\mathrm{net}_{k}^{(2)})
\delta_{j}^{(1)} = f_{1}'(\mathrm{net}_{j}^{(1)}) \, \sum_{k} \delta_{k}^{(2)} w_{kj}^{(2)}
\frac{\partial E}{\partial w_{jm}^{(1)}} = -\delta_{j}^{(1)} x_{m}
""",
    ),
    Derived(
        "S4-40",
        "batch-norm",
        wrt="γ β",
        options={"form": "index"},
        given=r"""
μ = (sum_i x_i)/m
v = (sum_i (x_i - μ)^2)/m
x̂_i = (x_i - μ)/sqrt(v + 1e-05)
y_i = γ x̂_i + β
l = sum_i g_i y_i
""",
        text=r"""
dl/dγ = sum_i g_i x̂_i
dl/dβ = sum_i g_i
""",
        latex=r"""
\frac{\partial l}{\partial \gamma} = \sum_{i} g_{i} \hat{x}_{i}
\frac{\partial l}{\partial \beta} = \sum_{i} g_{i}
""",
    ),
    Derived(
        "S4-68",
        "cbow",
        wrt="W W'",
        options={"adjoints": {"u": "e", "h": "EH"}, "form": "index"},
        given=r"""
h_i = (sum_k w_ki (x_k^(1) + x_k^(2) + x_k^(3)))/3
u_j = sum_i w'_ij h_i
E = log(sum_j exp(u_j)) - sum_j u_j t_j
""",
        text=r"""
e_j = exp(u_j)/(sum_i exp(u_i)) - t_j
EH_i = sum_j e_j w'_ij
dE/dw_ki = EH_i (x_k^(1) + x_k^(2) + x_k^(3))/3
dE/dw'_ij = e_j h_i
""",
        latex=r"""
e_{j} = \frac{\exp(u_{j})}{\sum_{i} \exp(u_{i})} - t_{j}
\mathrm{EH}_{i} = \sum_{j} e_{j} w'_{ij}
\frac{\partial E}{\partial w_{ki}} = \frac{1}{3} \, \mathrm{EH}_{i} \, (x_{k}^{(1)} + x_{k}^{(2)} + x_{k}^{(3)})
\frac{\partial E}{\partial w'_{ij}} = e_{j} h_{i}
""",
    ),
    Derived(
        "S4-68",
        "cbow-vectors",
        wrt="V W'",
        options={"adjoints": {"u": "e", "h": "EH"}, "form": "index"},
        given=r"""
h_i = (sum_c v_ci)/C
u_j = sum_i w'_ij h_i
E = log(sum_j exp(u_j)) - sum_j u_j t_j
""",
        text=r"""
e_j = exp(u_j)/(sum_i exp(u_i)) - t_j
EH_i = sum_j e_j w'_ij
dE/dv_ci = EH_i/C
dE/dw'_ij = e_j h_i
""",
        latex=r"""
e_{j} = \frac{\exp(u_{j})}{\sum_{i} \exp(u_{i})} - t_{j}
\mathrm{EH}_{i} = \sum_{j} e_{j} w'_{ij}
\frac{\partial E}{\partial v_{ci}} = \frac{\mathrm{EH}_{i}}{C}
\frac{\partial E}{\partial w'_{ij}} = e_{j} h_{i}
""",
    ),
)
