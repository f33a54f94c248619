"""Recurrences as textbooks print them, and the printed lines held against lectures and torch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import symgraph as sg
from symgraph.errors import ProofError
from symgraph.notation import write_time
from symgraph.walks import variables
from symgraph.zoo import gates, recurrent


def simple(T: Any = "T", loss: str = "every") -> SimpleNamespace:
    """s_t = tanh(U x_t + W s_{t-1}), o_t = softmax(V s_t)."""
    U, W = sg.parameter("U", ("n", "m")), sg.parameter("W", ("n", "n"))
    V, X, Y = sg.parameter("V", ("k", "n")), sg.input("X", (T, "m")), sg.input("Y", (T, "k"))
    s0, y = sg.input("s0", "n"), sg.input("y", "n")

    def step(s: sg.Node, x: sg.Node) -> Any:
        s = sg.let("s", sg.tanh(sg.let("net", U @ x + W @ s)))
        return s, sg.let("o", V @ s)

    run = sg.scan(step, s0, X)
    errors = run.outputs - Y if loss == "every" else run.final - y
    return SimpleNamespace(U=U, W=W, V=V, X=X, s0=s0, L=sg.let("L", sg.sum(errors**2) / 2))


def lines(equations: Any) -> list[str]:
    return [one.unicode() for one in equations]


def test_a_loss_at_every_time_prints_the_recursion_and_a_sum_over_time() -> None:
    m = simple()
    derivation = sg.derive(m.L, [m.W, m.U, m.V])
    assert lines(derivation.given) == [
        "X = (x_1, …, x_T)",
        "Y = (y_1, …, y_T)",
        "net_t = U x_t + W s_{t−1}",
        "s_t = tanh(net_t),  t = 1, …, T",
        "o_t = V s_t",
        "L = ½ Σ_t ‖o_t − y_t‖²",
    ]
    assert lines(derivation.names) == [
        "δ_T = Vᵀ (o_T − y_T) ⊙ (1 − s_T²)",
        "δ_t = (Wᵀ δ_{t+1} + Vᵀ (o_t − y_t)) ⊙ (1 − s_t²),  t = T−1, …, 1",
    ]
    assert lines(derivation.results) == [
        "dL/dW = Σ_t δ_t s_{t−1}ᵀ",
        "dL/dU = Σ_t δ_t x_tᵀ",
        "dL/dV = Σ_t (o_t − y_t) s_tᵀ",
    ]
    assert derivation.verified


def test_a_loss_on_the_last_state_starts_the_recursion_there() -> None:
    m = simple(loss="last")
    derivation = sg.derive(m.L, [m.W, m.s0, m.X])
    assert lines(derivation.names) == [
        "δ_T = (s_T − y) ⊙ (1 − s_T²)",
        "δ_t = Wᵀ δ_{t+1} ⊙ (1 − s_t²),  t = T−1, …, 1",
    ]
    assert lines(derivation.results) == [
        "dL/dW = Σ_t δ_t s_{t−1}ᵀ",
        "dL/ds_0 = Wᵀ δ_1",
        "dL/dx_t = Uᵀ δ_t,  t = 1, …, T",
    ]


def test_the_styles_write_times_alike() -> None:
    m = simple(loss="last")
    derivation = sg.derive(m.L, m.W)
    assert [one.text() for one in derivation.names] == [
        "δ_T = (s_T - y) * (1 - s_T^2)",
        "δ_t = W^T δ_{t+1} * (1 - s_t^2),  t = T-1, ..., 1",
    ]
    assert derivation.result.text() == "dL/dW = sum_t δ_t s_{t-1}^T"
    assert [one.latex() for one in derivation.names] == [
        r"\delta_{T} = (s_{T} - y) \odot (1 - s_{T}^{2})",
        r"\delta_{t} = W^{\mathsf{T}} \delta_{t+1} \odot (1 - s_{t}^{2}), \quad t = T-1, \dots, 1",
    ]
    assert derivation.result.latex() == (
        r"\frac{\partial L}{\partial W} = \sum_{t} \delta_{t} s_{t-1}^{\mathsf{T}}"
    )


def test_steps_tell_of_the_recurrence_in_both_languages() -> None:
    m = simple()
    derivation = sg.derive(m.L, m.W)
    told = {step.title(): step.line("unicode") for step in derivation.steps}
    assert told["recurrence"] == "dL/ds_t through s_{t+1} = Wᵀ δ_{t+1}"
    assert told["shared over time"] == "dL/dW = Σ_t δ_t s_{t−1}ᵀ"
    page = sg.derive(m.L, m.W, lang="zh").unicode()
    assert "W 在各时刻相同，各时刻的贡献相加。" in page
    assert "dL/dW = Σ_t δ_t s_{t−1}ᵀ" in page


def test_steps_at_the_last_time_and_before_it_are_told_apart() -> None:
    derivation = sg.derive(recurrent.rnn().loss, "W")
    assert [step.line("unicode") for step in derivation.steps][2:6] == [
        "dE/ds_T = dE/d(s_T − d) = s_T − d",
        "δ_T = dE/dnet_T = dE/ds_T ⊙ (1 − s_T²) = (s_T − d) ⊙ (1 − s_T²)",
        "dE/ds_t through s_{t+1} = Wᵀ δ_{t+1}",
        "δ_t = dE/dnet_t = dE/ds_t ⊙ (1 − s_t²) = Wᵀ δ_{t+1} ⊙ (1 − s_t²)",
    ]


def test_the_length_is_constant_in_the_number_of_steps() -> None:
    pages = [sg.derive(simple(T).L, "W").unicode() for T in (3, 30)]
    assert pages[0].replace("T = 3", "T = 30") == pages[1]


def test_one_step_needs_no_recursion() -> None:
    derivation = sg.derive(simple(1, "last").L, "W")
    assert lines(derivation.names) == ["δ_T = (s_T − y) ⊙ (1 − s_T²)"]
    assert derivation.verified


def test_a_length_whose_name_is_taken_is_written_as_a_number() -> None:
    T, x = sg.parameter("T", (2, 2)), sg.input("x", (3, 2))
    run = sg.scan(lambda s, x: sg.tanh(T @ s + x), sg.zeros(2), x)
    derivation = sg.derive(sg.sum(run.final), T)
    assert lines(derivation.names)[1].endswith("t = 2, …, 1")
    assert derivation.verified


def test_a_variable_called_t_gives_time_another_letter() -> None:
    W, x, t = sg.parameter("W", ("n", "n")), sg.input("x", ("S", "n")), sg.input("t", "n")
    run = sg.scan(lambda s, x: sg.tanh(W @ s + x), sg.zeros("n"), x)
    derivation = sg.derive(sg.let("L", sg.sum((run.final - t) ** 2)), W)
    assert derivation.result.unicode() == "dL/dW = Σ_k δ_k s_{k−1}ᵀ"
    assert derivation.given[1].unicode() == "s_k = tanh(W s_{k−1} + x_k),  k = 1, …, S"


def test_rows_are_read_as_rows() -> None:
    A, B, q = (
        sg.parameter("A", ("m", "n")),
        sg.parameter("B", ("n", "n")),
        sg.input("q", ("T", "m")),
    )
    run = sg.scan(lambda z, q: sg.tanh(q @ A + z @ B), sg.input("z0", "n"), q)
    derivation = sg.derive(sg.let("L", sg.sum(run.final**2)), [A, B])
    assert lines(derivation.results) == ["dL/dA = Σ_t q_tᵀ δ_t", "dL/dB = Σ_t z_{t−1}ᵀ δ_t"]


def test_a_batch_of_sequences_sums_its_rows() -> None:
    U, b, X = sg.parameter("U", ("m", "n")), sg.parameter("b", "n"), sg.input("X", ("T", "N", "m"))
    W = sg.parameter("W", ("n", "n"))
    run = sg.scan(lambda H, x: sg.tanh(x @ U + H @ W + b), sg.zeros(("N", "n")), X)
    derivation = sg.derive(sg.let("L", sg.sum(run.states**2)), [W, b])
    assert lines(derivation.results) == ["dL/dW = Σ_t H_{t−1}ᵀ δ_t", "dL/db = Σ_t 𝟏ᵀ δ_t"]
    assert derivation.verified


def test_a_gate_each_has_one_line() -> None:
    derivation = sg.derive(gates.lstm().loss, "W_f")
    assert lines(derivation.given)[-7:-1] == [
        "f_t = σ(W_f [h_{t−1}, x_t] + b_f)",
        "i_t = σ(W_i [h_{t−1}, x_t] + b_i)",
        "C̃_t = tanh(W_C [h_{t−1}, x_t] + b_C)",
        "C_t = f_t ⊙ C_{t−1} + i_t ⊙ C̃_t",
        "o_t = σ(W_o [h_{t−1}, x_t] + b_o)",
        "h_t = o_t ⊙ tanh(C_t),  t = 1, …, T",
    ]
    assert lines(derivation.names) == [
        "dh_T = h_T − d",
        "dh_t = W_ohᵀ δo_{t+1} + W_fhᵀ δf_{t+1} + W_ihᵀ δi_{t+1} + W_Chᵀ δC̃_{t+1},  t = T−1, …, 1",
        "δo_t = dh_t ⊙ o_t ⊙ (1 − o_t) ⊙ tanh(C_t),  t = T, …, 1",
        "dC_T = dh_T ⊙ o_T ⊙ (1 − tanh(C_T)²)",
        "dC_t = dh_t ⊙ o_t ⊙ (1 − tanh(C_t)²) + dC_{t+1} ⊙ f_{t+1},  t = T−1, …, 1",
        "δf_t = dC_t ⊙ C_{t−1} ⊙ f_t ⊙ (1 − f_t),  t = T, …, 1",
        "δi_t = dC_t ⊙ i_t ⊙ (1 − i_t) ⊙ C̃_t,  t = T, …, 1",
        "δC̃_t = dC_t ⊙ i_t ⊙ (1 − C̃_t²),  t = T, …, 1",
    ]
    assert derivation.result.unicode() == "dL/dW_f = Σ_t δf_t [h_{t−1}, x_t]ᵀ"


def test_coupled_gates_and_a_gru_print_what_the_lectures_say() -> None:
    coupled = lines(sg.derive(gates.lstm(coupled=True).loss, "W_f").names)
    assert "δf_t = dC_t ⊙ (C_{t−1} − C̃_t) ⊙ f_t ⊙ (1 − f_t),  t = T, …, 1" in coupled
    assert lines(sg.derive(gates.gru().loss, "W_r").names)[2:] == [
        "δz_t = dh_t ⊙ (h̃_t − h_{t−1}) ⊙ z_t ⊙ (1 − z_t),  t = T, …, 1",
        "δh̃_t = dh_t ⊙ z_t ⊙ (1 − h̃_t²),  t = T, …, 1",
        "δr_t = W_hᵀ δh̃_t ⊙ h_{t−1} ⊙ r_t ⊙ (1 − r_t),  t = T, …, 1",
    ]


def test_layers_in_time_have_deltas_with_their_numbers() -> None:
    x = sg.input("x", ("T", "m"))
    U1, U2 = sg.parameter("U1", ("n", "m")), sg.parameter("U2", ("p", "n"))
    W1, W2 = sg.parameter("W1", ("n", "n")), sg.parameter("W2", ("p", "p"))
    below = sg.scan(lambda h1, x: sg.tanh(U1 @ x + W1 @ h1), sg.zeros("n"), x)
    above = sg.scan(lambda h2, x: sg.tanh(U2 @ x + W2 @ h2), sg.zeros("p"), below.states)
    derivation = sg.derive(sg.let("L", sg.sum(above.final**2)), [W1, U2])
    assert lines(derivation.names) == [
        "δ₂_T = 2 h₂_T ⊙ (1 − h₂_T²)",
        "δ₂_t = W₂ᵀ δ₂_{t+1} ⊙ (1 − h₂_t²),  t = T−1, …, 1",
        "δ₁_T = U₂ᵀ δ₂_T ⊙ (1 − h₁_T²)",
        "δ₁_t = (U₂ᵀ δ₂_t + W₁ᵀ δ₁_{t+1}) ⊙ (1 − h₁_t²),  t = T−1, …, 1",
    ]
    assert lines(derivation.results) == [
        "dL/dW₁ = Σ_t δ₁_t h₁_{t−1}ᵀ",
        "dL/dU₂ = Σ_t δ₂_t h₁_tᵀ",
    ]
    assert derivation.results[0].latex().endswith(r"\delta_{1,t} h_{1,t-1}^{\mathsf{T}}")


def test_an_encoder_is_reached_through_its_last_state() -> None:
    derivation = sg.derive(recurrent.encoder_decoder().loss, ["W", "W_d"])
    assert lines(derivation.names)[2:] == [
        "δh_T = W_dᵀ δs_1 ⊙ (1 − h_T²)",
        "δh_t = Wᵀ δh_{t+1} ⊙ (1 − h_t²),  t = T−1, …, 1",
    ]
    assert lines(derivation.results) == [
        "dL/dW = Σ_t δh_t h_{t−1}ᵀ",
        "dL/dW_d = Σ_k δs_k s_{k−1}ᵀ",
    ]


def test_a_loop_that_runs_backwards_counts_upwards() -> None:
    W, x = sg.parameter("W", ("n", "n")), sg.input("x", ("T", "n"))
    run = sg.scan(lambda b, x: sg.tanh(W @ b + x), sg.zeros("n"), x, reverse=True)
    derivation = sg.derive(sg.let("L", sg.sum(run.final**2)), W)
    assert lines(derivation.given)[:2] == [
        "b_{T+1} = 0",
        "b_t = tanh(W b_{t+1} + x_t),  t = T, …, 1",
    ]
    assert lines(derivation.names) == [
        "δ_1 = 2 b_1 ⊙ (1 − b_1²)",
        "δ_t = Wᵀ δ_{t−1} ⊙ (1 − b_t²),  t = 2, …, T",
    ]


def test_a_mask_holds_the_state_and_its_derivative() -> None:
    W, x = sg.parameter("W", ("n", "n")), sg.input("x", ("T", "n"))
    m = sg.input("m", "T", kind="boolean")
    run = sg.scan(lambda s, x: sg.let("s", sg.tanh(W @ s + x)), sg.zeros("n"), x, mask=m)
    derivation = sg.derive(sg.let("L", sg.sum(run.final**2)), W)
    assert lines(derivation.given)[1:3] == [
        "s̃_t = tanh(W s_{t−1} + x_t)",
        "s_t = where(m_t, s̃_t, s_{t−1}),  t = 1, …, T",
    ]
    assert derivation.verified


def test_a_fact_about_all_labels_is_used_at_every_time() -> None:
    V, W = sg.parameter("V", ("k", "n")), sg.parameter("W", ("n", "n"))
    X, Y = sg.input("X", ("T", "n")), sg.input("Y", ("T", "k"))
    run = sg.scan(
        lambda s, x: (sg.tanh(W @ s + x), sg.let("o", sg.softmax(V @ sg.tanh(W @ s + x)))),
        sg.zeros("n"),
        X,
    )
    loss = sg.let("L", -sg.sum(Y * sg.log(run.outputs)))
    derivation = sg.derive(loss, V, assume=sg.sum(Y, axis=1) == 1)
    assert derivation.result.unicode() == "dL/dV = Σ_t (o_t − y_t) s_tᵀ"
    assert "Σ(y_t) = 1" in lines(derivation.assumed)


def test_a_recurrence_prints_the_names_of_its_equations() -> None:
    U, W = sg.parameter("U", ("n", "m")), sg.parameter("W", ("n", "n"))
    run = sg.recurrence(
        {
            "net": lambda now, before: U @ now.x + W @ before.s,
            "s": lambda now, before: sg.relu(now.net),
        },
        states={"s": sg.input("s0", "n")},
        sequences={"x": sg.input("x", ("T", "m"))},
    )
    derivation = sg.derive(sg.let("E", sg.sum(run.final["s"])), W)
    assert lines(derivation.given)[:2] == [
        "net_t = U x_t + W s_{t−1}",
        "s_t = relu(net_t),  t = 1, …, T",
    ]
    assert lines(derivation.names) == [
        "δ_T = 1[net_T > 0]",
        "δ_t = Wᵀ δ_{t+1} ⊙ 1[net_t > 0],  t = T−1, …, 1",
    ]


def test_last_states_of_both_directions_may_be_joined() -> None:
    W, x = sg.parameter("W", ("n", "n")), sg.input("x", ("T", "n"))
    ahead = sg.scan(lambda f, x: sg.tanh(W @ f + x), sg.zeros("n"), x)
    back = sg.scan(lambda b, x: sg.tanh(W @ b + x), sg.zeros("n"), x, reverse=True)
    both = sg.concat([ahead.final, back.final])
    derivation = sg.derive(sg.let("L", sg.sum(both**2)), W)
    assert lines(derivation.names)[::2] == [
        "δf_T = 2 f_T ⊙ (1 − f_T²)",
        "δb_1 = 2 b_1 ⊙ (1 − b_1²)",
    ]
    assert derivation.result.unicode() == "dL/dW = Σ_t (δf_t f_{t−1}ᵀ + δb_t b_{t+1}ᵀ)"
    assert derivation.verified


def test_states_that_drive_one_another_start_from_zero() -> None:
    A, x0 = sg.parameter("A", ("n", "n")), sg.input("x0", "n")
    run = sg.scan(lambda x, v: (x + v, v / 2 - A @ x), (x0, sg.zeros("n")), length="K")
    derivation = sg.derive(sg.let("L", sg.sum(run.final[0] ** 2)), A)
    assert derivation.result.unicode() == "dL/dA = −Σ_t δ_t x_{t−1}ᵀ"
    assert lines(derivation.names)[0] == "δ_K = 0"
    assert derivation.verified


def test_a_parameter_used_inside_and_outside_adds_all_its_uses() -> None:
    W, h, x = sg.parameter("W", ("n", "n")), sg.input("h", "n"), sg.input("x", ("T", "n"))
    run = sg.scan(lambda s, x: sg.tanh(W @ s + x), W @ h, x)
    derivation = sg.derive(sg.let("L", sg.sum(run.final**2) + sg.sum(W**2)), W)
    assert derivation.result.unicode() == "dL/dW = Σ_t δ_t s_{t−1}ᵀ + Wᵀ δ_1 hᵀ + 2 W"
    assert derivation.verified


def test_every_line_of_every_system_is_read_back() -> None:
    for network in (
        recurrent.rnn(), recurrent.rnn_row(), recurrent.sequence_classifier(),
        recurrent.stacked_rnn(), recurrent.encoder_decoder(), recurrent.elman_language_model(),
        gates.lstm(), gates.lstm(peepholes="fio"), gates.lstm_row(), gates.gru(keeps="z"),
    ):  # fmt: skip
        parameters = [v for v in variables([network.loss]) if v.role == "parameter"]
        derivation = sg.derive(network.loss, parameters, through_time=True)
        assert derivation.unverified == ()


def test_a_line_that_reads_as_something_else_is_never_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spelled = write_time.moment_text
    monkeypatch.setattr(
        write_time, "moment_text", lambda time, style: spelled(time.later(0), style)
    )
    sg.derive(recurrent.rnn().loss, "W")
    monkeypatch.setattr(
        write_time, "moment_text", lambda time, style: spelled(time._replace(offset=0), style)
    )
    with pytest.raises(ProofError, match="is not true"):
        sg.derive(recurrent.rnn().loss, "W")


def test_what_mixes_times_otherwise_is_still_derived() -> None:
    W, x = sg.parameter("W", (2, 2)), sg.input("x", (4, 2))
    run = sg.scan(lambda s, x: sg.tanh(W @ s + x), sg.zeros(2), x)
    derivation = sg.derive(sg.sum(run.states[1:3] ** 2), W)
    (result,) = str(derivation).partition("Result\n")[2].partition("\n\n")[0].split("\n")[1:]
    # What arrives at the net inputs of all times, times the states before them: Σ_t δ_t s_{t-1}ᵀ.
    assert result.startswith("  dL/dW = ")
    assert result.endswith("(1 - tanh(v0)**2))^T trace(s1, s)")
    assert {reason for _, reason in derivation.unverified} == {
        "it has no form that can be read back"
    }


def test_through_time_prints_the_ordered_product_from_the_last_step_down() -> None:
    derivation = sg.derive(recurrent.rnn().loss, "W", through_time=True)
    assert lines(derivation.names)[2:] == [
        "dnet_{t+1}/dnet_t = W diag(1 − s_t²)",
        "δ_kᵀ = δ_Tᵀ Π_{i=T−1,…,k} W diag(1 − s_i²),  k = T−1, …, 1",
        "dE/dW_t = δ_t s_{t−1}ᵀ,  t = 1, …, T",
    ]
    assert derivation.names[3].latex() == (
        r"\delta_{k}^{\mathsf{T}} = \delta_{T}^{\mathsf{T}} \prod_{i=T-1,\dots,k} W "
        r"\operatorname{diag}(1 - s_{i}^{2}), \quad k = T-1, \dots, 1"
    )
    assert derivation.verified
    rows = sg.derive(recurrent.rnn_row().loss, "W", through_time=True)
    assert "δ_k = δ_T Π_{i=T−1,…,k} Wᵀ diag(1 − s_i²),  k = T−1, …, 1" in lines(rows.names)


def test_an_abstract_activation_keeps_its_prime_through_time() -> None:
    derivation = sg.derive(recurrent.rnn().loss, "W", through_time=True, abstract={"f": "tanh"})
    assert lines(derivation.names)[:3] == [
        "δ_T = (s_T − d) ⊙ f'(net_T)",
        "δ_t = Wᵀ δ_{t+1} ⊙ f'(net_t),  t = T−1, …, 1",
        "dnet_{t+1}/dnet_t = W diag[f'(net_t)]",
    ]


def test_no_jacobian_is_printed_where_the_derivative_also_takes_another_way() -> None:
    lstm = lines(sg.derive(gates.lstm().loss, "W_f", through_time=True).names)
    assert not [line for line in lstm if line.startswith("dC_{t+1}/")]
    losses = sg.derive(recurrent.sequence_classifier().loss, "W", through_time=True)
    assert "dnet_{t+1}/dnet_t = W diag(1 − S_t²)" in lines(losses.names)
    assert not [line for line in lines(losses.names) if "Π" in line]


def test_derivatives_within_a_loop_take_the_names_that_are_asked_for() -> None:
    derivation = sg.derive(recurrent.rnn().loss, "W", adjoints={"net": "e"})
    assert lines(derivation.names) == [
        "e_T = (s_T − d) ⊙ (1 − s_T²)",
        "e_t = Wᵀ e_{t+1} ⊙ (1 − s_t²),  t = T−1, …, 1",
    ]
    assert lines(derivation.results) == ["dE/dW = Σ_t e_t s_{t−1}ᵀ"]
    assert derivation.verified
    cell = sg.derive(gates.lstm().loss, "W_f", adjoints={"C": "c̄"})
    assert "δf_t = c̄_t ⊙ C_{t−1} ⊙ f_t ⊙ (1 − f_t),  t = T, …, 1" in lines(cell.names)
    assert cell.verified
    with pytest.raises(sg.SymgraphError, match="no value is called 'nowhere'"):
        sg.derive(recurrent.rnn().loss, "W", adjoints={"nowhere": "e"})


@pytest.mark.parametrize(
    ("system", "wrt"),
    [
        (gates.gru(), ["W_z", "W_r", "W"]),
        (gates.gru(hidden=1), ["W_z", "W_r", "W"]),
        (gates.lstm(), ["W_f", "b_o"]),
        (recurrent.concatenated_rnn(), ["W"]),
        (recurrent.concatenated_rnn(hidden=1, inputs=1, outputs=1), ["W"]),
        (recurrent.elman_language_model(), ["U", "E"]),
    ],
    ids=["gru", "gru-of-one", "lstm", "joined", "joined-of-one", "elman"],
)
@pytest.mark.parametrize("vectors", ["row", "column"])
def test_joined_vectors_have_blocks_in_both_layouts_and_at_size_1(system, wrt, vectors) -> None:
    derivation = sg.derive(system.loss, wrt, vectors=vectors)
    assert all("Σ_t" in line for line in lines(derivation.results))
    assert derivation.verified


def test_joined_rows_are_multiplied_by_blocks_from_the_right() -> None:
    derivation = sg.derive(recurrent.concatenated_rnn().loss, "W", vectors="row")
    assert "δ_t = δ_{t+1} W_h ⊙ (1 − h_t²),  t = T−1, …, 1" in lines(derivation.names)
    assert lines(derivation.results) == ["dE/dW = Σ_t δ_tᵀ [x_t, h_{t−1}]"]


@pytest.mark.parametrize(
    "step",
    [
        lambda W, U: lambda s_t, x_t: sg.tanh(W @ s_t + U @ x_t),
        lambda W, U: lambda s_prev, x_t: sg.let("s_t", sg.tanh(W @ s_prev + U @ x_t)),
        lambda W, U: lambda s, x: sg.let("s", sg.tanh(W @ s + U @ x)),
    ],
)
def test_a_time_that_is_written_into_a_name_is_not_printed_twice(step):
    W, U = sg.parameter("W", ("n", "n")), sg.parameter("U", ("n", "m"))
    run = sg.scan(step(W, U), sg.zeros("n"), sg.input("x", ("T", "m")))
    derivation = sg.derive(sg.let("E", sg.sum(sg.mean(run.states, axis=0) ** 2)), W)
    assert derivation.verified
    assert "s_t = tanh(W s_{t-1} + U x_t),  t = 1, ..., T" in str(derivation)
    assert derivation.result.written("text") == "dE/dW = sum_t δ_t s_{t-1}^T"


def test_attention_over_all_times_of_a_recurrence_is_written_time_by_time() -> None:
    W, U = sg.parameter("W", ("n", "n")), sg.parameter("U", ("n", "m"))
    v, y = sg.parameter("v", "n"), sg.input("y", "n")
    run = sg.scan(lambda s, x: sg.tanh(W @ s + U @ x), sg.zeros("n"), sg.input("x", ("T", "m")))
    context = sg.let("c", sg.let("α", sg.softmax(run.states @ v)) @ run.states)
    derivation = sg.derive(sg.let("E", sg.sum((context - y) ** 2) / 2), [v, W])
    assert derivation.verified
    lines = derivation.unicode()
    assert "u₁ = log(Σ_t exp(s_t·v))" in lines
    assert "α_t = exp(s_t·v − u₁)" in lines
    assert derivation.results[1].written("unicode") == "dE/dW = Σ_t δ₁_t s_{t−1}ᵀ"
