"""The figures of the lectures that show the cell of an LSTM or a GRU, once or repeated."""

from __future__ import annotations

from lectures.drawn import Drawn

__all__ = ["CELLS"]

_LEGEND = "\n    legend gate pointwise vector join copy"


def _at(template: str, before: str, now: str) -> str:
    """A cell at a time: B stands for the time before and N for the time itself."""
    return template.replace("B", before).replace("N", now)


#: The yellow boxes σ, σ, tanh, σ; the pink operations ×, +, ×, tanh, ×; one concatenation. What
#: goes in are h, C and x, what comes out are h and C: 4 + 5 + 1 + 5 = 15 nodes. The vector is
#: joined of 2, goes to 4 boxes, these go to 4 operations; 7 edges lead on from operation to
#: operation or from C and out: 17 edges. An edge into × has the other factor as its derivative.
_LSTM = r"""
    input x_N
    gate \sigma \sigma \tanh \sigma
    pointwise \times \times + \tanh \times
    module [h_B,x_N]
    edges h_B>[h_B,x_N] x_N>[h_B,x_N]
    edges [h_B,x_N]>\sigmaf_N:W_f [h_B,x_N]>\sigmai_N:W_i
    edges [h_B,x_N]>\tanh\tildeC_N:W_C [h_B,x_N]>\sigmao_N:W_o
    edges C_B>\times:f_N \sigmaf_N>\times:C_B \sigmai_N>\times:\tildeC_N \tanh\tildeC_N>\times:i_N
    edges \times>+:1 \times>+:1 +>C_N +>\tanh:1-\tanh(C_N)^2
    edges \tanh>\times:o_N \sigmao_N>\times:\tanh(C_N) \times>h_N
    values \sigmaf_N=f_N| \sigmai_N=i_N| \tanh\tildeC_N=\tildeC_N| \sigmao_N=o_N|
"""
_NOW = _at(_LSTM, "t-1", "t")
_ENDS = "    state h_t-1 C_t-1 h_t C_t\n    groups LSTMcell" + _LEGEND
_ONE = _NOW + _ENDS

#: What each of the four steps computes and points at.
_STEPS = (
    r"""
    pointed [h_t-1,x_t]>\sigmaf_t
    notes f_t=\sigma(W_f[h_t-1,x_t]+b_f)
""",
    r"""
    pointed [h_t-1,x_t]>\sigmai_t [h_t-1,x_t]>\tanh\tildeC_t \sigmai_t>\times \tanh\tildeC_t>\times
    notes i_t=\sigma(W_i[h_t-1,x_t]+b_i) \tildeC_t=\tanh(W_C[h_t-1,x_t]+b_C)
""",
    r"""
    pointed C_t-1>\times \sigmaf_t>\times \times>+ \times>+ +>C_t
    notes C_t=f_t\odotC_t-1+i_t\odot\tildeC_t
""",
    r"""
    pointed [h_t-1,x_t]>\sigmao_t +>\tanh \tanh>\times \sigmao_t>\times \times>h_t
    notes o_t=\sigma(W_o[h_t-1,x_t]+b_o) h_t=o_t\odot\tanh(C_t)
""",
)

#: The forget gate f stands for both gates: no box for i, and 1 - f for it in its place.
_COUPLED = (
    r"""
    state h_t-1 C_t-1 h_t C_t
    input x_t
    gate \sigma \tanh \sigma
    pointwise \times 1- \times + \tanh \times
    module [h_t-1,x_t]
    edges h_t-1>[h_t-1,x_t] x_t>[h_t-1,x_t]
    edges [h_t-1,x_t]>\sigmaf_t:W_f [h_t-1,x_t]>\tanh\tildeC_t:W_C [h_t-1,x_t]>\sigmao_t:W_o
    edges C_t-1>\times:f_t \sigmaf_t>\times:C_t-1
    edges \sigmaf_t>1-:-1 1->\times:\tildeC_t \tanh\tildeC_t>\times:1-f_t
    edges \times>+:1 \times>+:1 +>C_t +>\tanh:1-\tanh(C_t)^2
    edges \tanh>\times:o_t \sigmao_t>\times:\tanh(C_t) \times>h_t
    values \sigmaf_t=f_t| \tanh\tildeC_t=\tildeC_t| \sigmao_t=o_t|
    groups LSTMcell
"""
    + _LEGEND
)

#: h̃ is made of [r * h, x]: a second concatenation. h and x go in, h comes out: 3 nodes, with 3
#: boxes, the operations r * h, 1 - z, two products with z and their sum, and 2 joins: 13. The two
#: joins take 4 edges, the boxes 3; r * h takes 2, 1 - z takes 1, the products 4, the sum 2 and h
#: one: 17.
_GRU = r"""
    input x_t
    gate \sigma \sigma \tanh
    pointwise 1- \times \times \times +
    module [h_t-1,x_t] [r_t\odoth_t-1,x_t]
    edges h_t-1>[h_t-1,x_t] x_t>[h_t-1,x_t] [h_t-1,x_t]>\sigmaz_t:W_z [h_t-1,x_t]>\sigmar_t:W_r
    edges \sigmar_t>\times:h_t-1 h_t-1>\times:r_t
    edges \times>[r_t\odoth_t-1,x_t] x_t>[r_t\odoth_t-1,x_t] [r_t\odoth_t-1,x_t]>\tanh\tildeh_t:W
    edges \sigmaz_t>1-:-1 \times>+:1 \times>+:1 +>h_t
    values \sigmaz_t=z_t| \sigmar_t=r_t| \tanh\tildeh_t=\tildeh_t|
"""
#: h = (1 - z) * h_{t-1} + z * h̃, and with z swapped.
_NEW = (
    _GRU
    + r"""
    edges 1->\times:h_t-1 h_t-1>\times:1-z_t \sigmaz_t>\times:\tildeh_t \tanh\tildeh_t>\times:z_t
"""
)
_KEPT = (
    _GRU
    + r"""
    edges \sigmaz_t>\times:h_t-1 h_t-1>\times:z_t 1->\times:\tildeh_t \tanh\tildeh_t>\times:1-z_t
"""
)
_GRU_ENDS = "    state h_t-1 h_t\n    groups GRUcell" + _LEGEND

#: Three cells in a row: 3·10 nodes inside, 3 inputs, 2·4 states; 3·17 edges.
_TIMES = (("t-2", "t-1"), ("t-1", "t"), ("t", "t+1"))
_ROW = "".join(_at(_LSTM, *times) for times in _TIMES)
_ROW += "    state h_t-2 C_t-2 h_t-1 C_t-1 h_t C_t h_t+1 C_t+1\n    groups _ _ _" + _LEGEND


def _belt(*times: tuple[str, str]) -> str:
    """Along the cell state: two operations, × and +, in every step."""
    return "\n    pointed " + " ".join(
        rf"C_{before}>\times \times>+ +>C_{now}" for before, now in times
    )


#: One box, tanh, and no operation: three cells have 3 inputs, 3 boxes, 4 states, 3·3 edges.
_PLAIN_TIMES = r"""
    edges x_N>\tanh:U s_B>\tanh:W \tanh>s_N
    input x_N
    gate \tanh
"""

#: Row vectors, no bias: the matrices are U for x and W for s, and [x, s] in this order.
_ROWS = r"""
    input x_t
    gate \sigma \tanh \sigma \sigma
    pointwise \times \times + \tanh \times
    module [x_t,s_t-1]
    edges x_t>[x_t,s_t-1] s_t-1>[x_t,s_t-1]
    edges [x_t,s_t-1]>\sigmaf_t:U_f,W_f [x_t,s_t-1]>\sigmai_t:U_i,W_i
    edges [x_t,s_t-1]>\tanhg_t:U_g,W_g [x_t,s_t-1]>\sigmao_t:U_o,W_o
    edges c_t-1>\times:f_t \sigmaf_t>\times:c_t-1 \tanhg_t>\times:i_t \sigmai_t>\times:g_t
    edges \times>+:1 \times>+:1 +>c_t +>\tanh:1-\tanh(c_t)^2
    edges \tanh>\times:o_t \sigmao_t>\times:\tanh(c_t) \times>s_t
    values \sigmaf_t=f_t| \sigmai_t=i_t| \tanhg_t=g_t| \sigmao_t=o_t|
"""
_ROW_ENDS = "    state c_t-1 s_t-1 c_t s_t\n    groups LSTMcell" + _LEGEND

CELLS: tuple[Drawn, ...] = (
    Drawn("S0-43", 15, 17, _ONE),
    Drawn("S2-02", 15, 17, _ONE),
    *(Drawn(name, 15, 17, _ONE + _STEPS[k])
      for names in (("S0-46", "S0-47", "S0-48", "S0-49a"), ("S2-04a", "S2-04b", "S2-04c", "S2-04d"))
      for k, name in enumerate(names)),
    # Three peepholes more: f and i see C_{t-1}, o sees C_t.
    Drawn("S0-50", 15, 20, _NOW + r"""
    state h_t-1 C_t-1 h_t C_t
    groups LSTMcell
    edges C_t-1>\sigmaf_t C_t-1>\sigmai_t +>\sigmao_t
    legend gate pointwise vector join copy dashed
"""),
    Drawn("S0-51", 15, 17, _COUPLED),
    Drawn("S2-06", 15, 17, _COUPLED),
    Drawn("S0-52a", 13, 17, _NEW + _GRU_ENDS),
    Drawn("S0-52b", 13, 17, _KEPT + _GRU_ENDS),
    Drawn("S2-07", 13, 17, _NEW + _GRU_ENDS),
    Drawn("S2-01a", 10, 9, "".join(_at(_PLAIN_TIMES, *times) for times in _TIMES) + r"""
    state s_t-2 s_t-1 s_t s_t+1
    groups _ _ _
    legend gate vector
"""),
    Drawn("S2-01b", 41, 51, _ROW),
    Drawn("S2-03", 41, 51, _ROW + _belt(*_TIMES)),
    Drawn("S2-05", 28, 34, _NOW + _at(_LSTM, "t", "t+1") + r"""
    state h_t-1 C_t-1 h_t C_t h_t+1 C_t+1
    groups _ _
""" + _LEGEND + _belt(*_TIMES[1:])),
    # Both beside each other: 15 + 13 nodes, 17 + 17 edges.
    Drawn("S2-08", 28, 34, _NOW + _NEW + r"""
    state h_t-1 C_t-1 h_t C_t h_t-1 h_t
    groups LSTMcell GRUcell
""" + _LEGEND),
    Drawn("S4-64", 15, 17, _ROWS + _ROW_ENDS),
    # The plain cell has x, s before, tanh and s: 4 nodes and 3 edges more.
    Drawn("S4-65", 19, 20, _ROWS + _at(_PLAIN_TIMES, "t-1", "t") + r"""
    state s_t-1 s_t c_t-1 s_t-1 c_t s_t
    groups RNNcell LSTMcell
""" + _LEGEND),
    Drawn("S4-66", 15, 17, _ROWS + _ROW_ENDS + r"""
    pointed [x_t,s_t-1]>\sigmaf_t
    notes f_t=\sigma(x_tU_f+s_t-1W_f)
"""),
)  # fmt: skip
