"""The figures of the lectures that show recurrent networks: rolled, over time, and their modes."""

from __future__ import annotations

from collections.abc import Iterable

from lectures.drawn import Drawn

__all__ = ["OVER_TIMES"]

_LEGEND = "\n    legend input state output"


def _steps(form: str, times: Iterable[object] = (1, 2, 3)) -> str:
    """A line of edges for every time: N is the time, B the one before."""
    return "".join(
        f"\n    edges {form.replace('N', str(now)).replace('B', str(before))}"
        for before, now in _pairs(times)
    )


def _pairs(times: Iterable[object]) -> list[tuple[object, object]]:
    found = list(times)
    return list(zip([0, *found], found, strict=False))


#: Per time: x and s and their sum, tanh, with U and W drawn anew: U x + W s is one operation.
_OPS = r"x_N>+net_N:U U>+net_N:x_N W>+net_N:{s}_B +net_N>\tanh{s}_N:1-{s}_N^2"


def _back(state: str) -> str:
    """x, s before, U, W, their sum and tanh at every time; the first state is given."""
    return (
        _steps(_OPS.replace("{s}", state))
        + f"\n    edges {state}_0>+net_1:W \\tanh{state}_1>+net_2:W \\tanh{state}_2>+net_3:W"
        + "\n    parameter U W U W U W"
        + f"\n    data x_1 x_2 x_3 {state}_0"
        + r"""
    op + + + \tanh \tanh \tanh
    groups t=1 t=2 t=3
    values +net_1=net_1| +net_2=net_2| +net_3=net_3|
"""
        + "\n    values "
        + " ".join(rf"\tanh{state}_{t}={state}_{t}|" for t in (1, 2, 3))
    )


_END = r"""
    root \ell
    edges \tanhs_3>E:\frac\partialE\partials_3
    values E=E|1
"""

#: A mode: how many vectors come in, go out and are kept; the first output stands over state k.
_MODES = (
    ("S4-58a", 1, 1, 1, "onetoone", "plainnetwork", 1),
    ("S4-58b", 1, 3, 3, "onetomany", "describinganimage", 1),
    ("S4-58c", 3, 1, 3, "manytoone", "sentimentofatext", 3),
    ("S4-58d", 3, 3, 5, "manytomany", "translation,dialogue", 3),
    ("S4-58e", 3, 3, 3, "manytomany,instep", "prices,labelsofframes", 1),
)


def _mode(count_in: int, out: int, kept: int, box: str, caption: str, first: int) -> str:
    """Every input and output has an arrow, and so has each step from state to state."""
    edges = [
        *(f"x_{k}>h_{k}" for k in range(1, count_in + 1)),
        *(f"h_{k}>h_{k + 1}" for k in range(1, kept)),
        *(f"h_{k}>y_{k}" for k in range(first, first + out)),
    ]
    blank = {"input": count_in, "state": kept, "output": out}
    nodes = "".join(f"\n    {role}{' _' * count}" for role, count in blank.items())
    return f"{nodes}\n    constant {caption}\n    groups {box}\n    edges {' '.join(edges)}"


OVER_TIMES: tuple[Drawn, ...] = (
    Drawn("S0-40a", 3, 3, r"""
    input x_t
    state S_t
    output O_t
    edges x_t>S_t:U S_t>S_t:W S_t>O_t:V
""" + _LEGEND),
    # U, W and V three times each.
    Drawn("S0-40b", 10, 9, r"""
    input x_1 x_2 x_3
    state S_0 S_1 S_2 S_3
    output O_1 O_2 O_3
""" + _steps("x_N>S_N:U S_B>S_N:W S_N>O_N:V") + _LEGEND),
    # The times 1, 2 and T, with three dots on the way from 2 to T: one node and one edge more.
    Drawn("S0-40c", 11, 10, r"""
    input x_1 x_2 x_T
    state S_0 S_1 S_2 S_T
    output O_1 O_2 O_T
    constant \cdots
    edges x_T>S_T:U S_2>...:W ...>S_T:W S_T>O_T:V
""" + _steps("x_N>S_N:U S_B>S_N:W S_N>O_N:V", (1, 2)) + _LEGEND),
    # Each cell takes x and is passed C and h; what the last one gives is not drawn.
    Drawn("S0-49b", 8, 9, r"""
    input x_1 x_2 x_3
    state C_0 h_0
    module LSTM LSTM LSTM
    edges x_1>LSTM x_2>LSTM x_3>LSTM C_0>LSTM h_0>LSTM
    edges LSTM>LSTM:C_1 LSTM>LSTM:h_1 LSTM>LSTM:C_2 LSTM>LSTM:h_2
    legend input state module
"""),
    # All five beside each other: (1, 1, 1, 2), (1, 3, 3, 6), (3, 1, 3, 6), (3, 3, 5, 10) and
    # (3, 3, 3, 8) inputs, outputs, states and edges, and a caption for each.
    Drawn("S1-03", 37 + 5, 32, "".join(_mode(*one) for _, *one in _MODES) + _LEGEND),
    *(Drawn(name, sum(one[:3]) + 1, one[0] + one[1] + one[2] - 1, _mode(*one) + _LEGEND)
      for name, *one in _MODES),
    # x, U, W, their sum and tanh at each of three times, the first state and the loss: a tree of
    # 17 nodes.
    Drawn("S1-05a", 17, 16, _back("s") + _END),
    Drawn("S1-05b", 17, 16, _back("s") + _END + r"""
    pointed W>+net_1 +net_1>\tanhs_1 \tanhs_1>+net_2 +net_2>\tanhs_2 \tanhs_2>+net_3
    pointed +net_3>\tanhs_3 \tanhs_3>E
    notes W(t=1)\toE:\delta_1s_0^\mathsfT,\delta_1^\mathsfT=\frac\partialE\partials_3\
diag(1-s_3^2)Wdiag(1-s_2^2)Wdiag(1-s_1^2)
""".replace("\\\n", "")),
    # V, V s, softmax, the target and the loss at each time more, and one sum of the losses for the
    # one loss: 16 + 3·5 + 1 nodes; two states go two ways, so that 33 edges are two above a tree.
    Drawn("S1-05c", 32, 33, _back("S") + r"""
    parameter V V V
    data d_1 d_2 d_3
    op \cdot \cdot \cdot softmax softmax softmax \ell \ell \ell
    root \sum_t
    values softmaxO_1=O_1| softmaxO_2=O_2| softmaxO_3=O_3| E_1=E_1| E_2=E_2| E_3=E_3| E=E|1
""" + _steps(r"\tanhS_N>\cdot:V V>\cdot:S_N \cdot>softmaxO_N:diag(O_N)-O_NO_N^\mathsfT")
    + _steps(r"d_N>E_N softmaxO_N>E_N:\frac\partialE_N\partialO_N E_N>E:1")),
    # From the state 0 the first time has W1 x alone, 4 nodes; then 5, and 5, and 4 for the output:
    # V once, W2 twice, W1 three times.
    Drawn("S4-57", 18, 17, r"""
    parameter W_1 W_1 W_1 W_2 W_2 V
    data x_1 x_2 x_3
    op \cdot + + \tanh \tanh \tanh \cdot \sigma
    root \ell
    edges x_1>\cdot:W_1 W_1>\cdot:x_1 \cdot>\tanhh_1:1-h_1^2
    edges x_2>+:W_1 W_1>+:x_2 \tanhh_1>+:W_2 W_2>+:h_1 +>\tanhh_2:1-h_2^2
    edges x_3>+:W_1 W_1>+:x_3 \tanhh_2>+:W_2 W_2>+:h_2 +>\tanhh_3:1-h_3^2
    edges \tanhh_3>\cdot:V V>\cdot:h_3 \cdot>\sigmao:o\odot(1-o) \sigmao>E:\frac\partialE\partialo
    notes usesonthewaytotheloss:V:1,W_1:3,W_2:2
    groups t=1 t=2 t=3
"""),
    # h3 carries the sentence to the decoder, which is given the words before.
    Drawn("S4-60", 16, 15, r"""
    input x_1 x_2 x_3 y_1 y_2 y_3
    state h_0 h_1 h_2 h_3 s_1 s_2 s_3
    output p_1 p_2 p_3
    edges h_3>s_1:W_d s_1>s_2:W_d s_2>s_3:W_d
""" + _steps("x_N>h_N:U h_B>h_N:W") + _steps("y_N>s_N:U_d s_N>p_N:V") + _LEGEND),
    # The words are looked up in E; one matrix U for [w, s].
    Drawn("S4-71a", 4, 4, r"""
    input ids_t
    data w_t
    state s_t
    output y_t
    edges ids_t>w_t:E w_t>s_t:U s_t>s_t:U s_t>y_t:V
""" + _LEGEND),
    Drawn("S4-71b", 13, 12, r"""
    input ids_1 ids_2 ids_3
    data w_1 w_2 w_3
    state s_0 s_1 s_2 s_3
    output y_1 y_2 y_3
""" + _steps("ids_N>w_N:E w_N>s_N:U s_B>s_N:U s_N>y_N:V") + _LEGEND),
    # h runs forwards from h0, g backwards from g4; both give y.
    Drawn("S4-72", 14, 18, r"""
    input x_1 x_2 x_3
    state h_0 h_1 h_2 h_3 g_1 g_2 g_3 g_4
    output y_1 y_2 y_3
    edges g_4>g_3:W_g g_3>g_2:W_g g_2>g_1:W_g
""" + _steps("x_N>h_N:U x_N>g_N:U_g h_B>h_N:W h_N>y_N:V g_N>y_N:V") + _LEGEND),
    # The image enters once.
    Drawn("S4-73", 11, 10, r"""
    input v w_1 w_2 w_3
    state h_0 h_1 h_2 h_3
    output p_1 p_2 p_3
    edges v>h_1:I
""" + _steps("w_N>h_N:U h_B>h_N:W h_N>p_N:V") + _LEGEND),
)  # fmt: skip
