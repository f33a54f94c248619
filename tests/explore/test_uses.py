"""How often a shared value is used on the way to the loss, and what each use gives."""

from __future__ import annotations

import json

import numpy as np
import pytest

import symgraph as sg
from symgraph.sample import draw
from symgraph.zoo import builder, gates, recurrent


def normal(rng: np.random.Generator, **shapes: int | tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def shared() -> tuple[sg.Node, sg.Node]:
    x, W, y = sg.input("x", 2), sg.parameter("W", (2, 2)), sg.input("y", 2)
    h = sg.let("h1", sg.tanh(sg.let("net1", W @ x)))
    out = sg.let("h2", sg.tanh(sg.let("net2", W @ h)))
    return sg.let("L", sg.squared_norm(out - y) / 2), W


SHARED = {"x": [1.0, 2.0], "W": [[0.1, 0.2], [0.3, 0.4]], "y": [0.0, 1.0]}


def test_each_use_of_a_shared_matrix_has_its_own_product():
    loss, W = shared()

    assert str(sg.uses(loss, W)).splitlines() == [
        "W is used 2 times on the way to L.",
        "1. net₁: δ₁ xᵀ",
        "2. net₂: δ₂ h₁ᵀ",
        "   with δ₂ = (h₂ − y) ⊙ (1 − h₂²)",
        "   with δ₁ = Wᵀ δ₂ ⊙ (1 − h₁²)",
    ]
    assert sg.uses(loss, W, lang="zh").unicode().startswith("W 在通往 L 的路上用了 2 次。")
    assert sg.uses(loss, W).latex().splitlines()[1].endswith(
        r"= \delta_{1} x^{\mathsf{T}} + \delta_{2} h_{1}^{\mathsf{T}} \\"
    )  # fmt: skip


def test_the_shares_are_those_of_matrices_that_are_not_shared():
    loss, W = shared()
    found = sg.uses(loss, W, SHARED)

    def number(first: np.ndarray, second: np.ndarray) -> float:
        out = np.tanh(second @ np.tanh(first @ SHARED["x"]))
        return float(np.sum((out - SHARED["y"]) ** 2) / 2)

    W0 = np.array(SHARED["W"])
    for k, use in enumerate(found):
        slope = np.zeros((2, 2))
        for index in np.ndindex(2, 2):
            step = np.zeros((2, 2))
            step[index] = 1e-6
            ends = [number(*(W0 + s * step if j == k else W0 for j in (0, 1))) for s in (1, -1)]
            slope[index] = (ends[0] - ends[1]) / 2e-6
        assert use.value == pytest.approx(slope, abs=1e-9)
    assert sum(use.value for use in found) == pytest.approx(found.gradient)


def network(length: int | str, outputs: bool) -> sg.Node:
    """h_t = tanh(W1 x_t + W2 h_{t-1}), h_0 = 0, with a loss on the last output."""
    W1, W2 = sg.parameter("W1", (3, 1)), sg.parameter("W2", (3, 3))
    V, x = sg.parameter("V", (2, 3)), sg.input("x", (length, 1))

    def step(h: sg.Node, x: sg.Node) -> tuple[sg.Node, sg.Node]:
        h = sg.let("h", sg.tanh(W1 @ x + W2 @ h))
        return h, sg.sigmoid(V @ h)

    run = sg.scan(step, sg.zeros(3), x)
    last = run.outputs[-1] if outputs else sg.sigmoid(V @ run.final)
    return sg.let("E", sg.squared_norm(last - sg.input("d", 2)) / 2)


@pytest.mark.parametrize("outputs", [False, True])
def test_the_loss_of_the_last_of_three_steps_uses_v_once_w2_twice_w1_three_times(outputs: bool):
    assert sg.use_counts(network(3, outputs)) == {"V": 1, "W2": 2, "W1": 3}
    open_length = {name: str(n) for name, n in sg.use_counts(network("T", outputs)).items()}
    assert open_length == {"V": "1", "W2": "T - 1", "W1": "T"}


def test_an_unrolled_network_uses_them_as_often():
    assert sg.use_counts(sg.unroll(network(3, False))) == {"V": 1, "W2": 2, "W1": 3}


def test_a_learnt_initial_state_is_one_more_use():
    counts = sg.use_counts(recurrent.rnn_h(steps=3).loss)

    assert counts == {"V": 1, "W2": 3, "W1": 3}


def test_a_loss_at_every_step_uses_the_output_layer_at_every_step():
    counts = sg.use_counts(recurrent.sequence_classifier().loss)

    assert {name: str(count) for name, count in counts.items()} == {"U": "T", "V": "T", "W": "T"}


def test_the_gates_of_an_lstm_use_their_matrices_once_a_step():
    counts = sg.use_counts(gates.lstm(steps=5).loss, ["W_f", "b_o"])

    assert counts == {"W_f": 5, "b_o": 5}


def test_the_shares_of_a_loop_are_those_of_matrices_that_differ_by_step():
    rng = np.random.default_rng(2)
    values = normal(rng, U=(3, 2), W=(3, 3), x=(4, 2), s0=3, d=3)
    found = sg.uses(recurrent.rnn().loss, "W", values)

    def number(matrices: list[np.ndarray]) -> float:
        s = values["s0"]
        for W, x in zip(matrices, values["x"], strict=True):
            s = np.tanh(values["U"] @ x + W @ s)
        return float(np.sum((s - values["d"]) ** 2) / 2)

    (use,) = found.uses
    assert use.over_time
    assert use.value.shape == (4, 3, 3)
    for t, i, j in np.ndindex(4, 3, 3):
        ends = []
        for step in (1e-6, -1e-6):
            matrices = [values["W"].copy() for _ in range(4)]
            matrices[t][i, j] += step
            ends.append(number(matrices))
        assert use.value[t, i, j] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)
    assert use.value.sum(axis=0) == pytest.approx(found.gradient)
    assert use.place() == "net_t, t = 1, …, T"


def test_shares_behind_a_loop_are_told_by_step_too():
    rng = np.random.default_rng(4)
    values = normal(rng, U=(3, 2), W=(3, 3), V=(4, 3), x=(3, 2), S0=3) | {"d": np.eye(4)[[1, 0, 3]]}
    found = sg.uses(recurrent.sequence_classifier().loss, "V", values)

    s, shares = values["S0"], []
    for x, label in zip(values["x"], [1, 0, 3], strict=True):
        s = np.tanh(values["U"] @ x + values["W"] @ s)
        z = values["V"] @ s
        p = np.exp(z) / np.exp(z).sum()
        p[label] -= 1
        shares.append(np.outer(p, s))
    assert found.uses[0].value == pytest.approx(np.array(shares), rel=1e-10)
    assert found.gradient == pytest.approx(np.sum(shares, axis=0), rel=1e-10)


def test_a_loop_inside_of_a_loop_uses_a_weight_at_every_step_of_both():
    w, x = sg.parameter("w"), sg.input("x", ("T", 3))

    def row(h: sg.Node, entries: sg.Node) -> sg.Node:
        return sg.scan(lambda s, e: sg.tanh(w * s + e), h, entries).final

    last = sg.scan(row, sg.input("h0"), x).final
    assert str(sg.use_counts(last)["w"]) == "3*T"
    written = sg.unroll(last, 2)
    assert sg.use_counts(written) == {"w": 6}


def test_a_bias_behind_a_loop_has_a_share_a_step():
    b, x = sg.parameter("b", 2), sg.input("x", ("T", 2))
    run = sg.scan(lambda h, x: (sg.tanh(h + x), sg.exp(sg.tanh(h + x) + b)), sg.zeros(2), x)
    loss = sg.sum(run.outputs)
    values = {"b": [0.1, -0.2], "x": [[0.3, 0.4], [-0.5, 0.6]]}
    found = sg.uses(loss, "b", values)

    states = [np.tanh([0.3, 0.4])]
    states.append(np.tanh(states[0] + [-0.5, 0.6]))
    assert found.uses[0].value == pytest.approx(np.exp(np.array(states) + np.array([0.1, -0.2])))
    assert str(found.count) == "T"


def test_what_is_not_listed_is_one_line_and_the_sum_closes():
    w, x = sg.parameter("w"), sg.input("x")
    y = x
    for k in range(6):
        y = sg.let(f"y{k}", sg.tanh(w * y))
    found = sg.uses(y, w, {"w": 1.2, "x": 0.4}, limit=2)
    lines = str(found).splitlines()
    rest = sum(float(use.value) for use in found.uses[2:])

    assert found.count == 6
    assert [line.partition(":")[0] for line in lines[1:3]] == ["1. y₀", "2. y₁"]
    assert lines[3] == f"4 further uses, together {rest:.6g}"
    assert lines[-1] == f"sum = dy₅/dw = {float(found.gradient):.6g}"
    loop = sg.uses(network("T", False), "W1", {
        "x": np.ones((5, 1)), "d": [0.0, 1.0], "W1": np.ones((3, 1)), "W2": np.eye(3),
        "V": np.ones((2, 3)),
    }, limit=3)  # fmt: skip
    assert "2 further uses, together [" in str(loop)


def test_any_value_that_is_used_twice_can_be_asked_for():
    x = sg.input("x")
    h = sg.let("h", sg.tanh(x))
    found = sg.uses(sg.let("y", h * sg.let("s", sg.sin(h))), h, {"x": 0.3})

    assert [use.place() for use in found] == ["s", "y"]
    t = np.tanh(0.3)
    assert [float(use.value) for use in found] == pytest.approx([t * np.cos(t), np.sin(t)])
    assert json.loads(json.dumps(found.to_dict()))["count"] == "2"


def test_a_value_without_influence_is_used_never():
    x, w = sg.input("x"), sg.parameter("w")
    found = sg.uses(x * sg.stop_gradient(w), w, {"x": 1.0, "w": 2.0})

    assert (found.count, found.uses, float(found.gradient)) == (0, (), 0.0)


def test_requests_that_make_no_sense_are_refused():
    loss, W = shared()

    with pytest.raises(sg.UnknownNameError, match="no value is called 'Q'"):
        sg.uses(loss, "Q")
    with pytest.raises(sg.RangeError, match="number of uses to list"):
        sg.uses(loss, W, limit=-1)
    with pytest.raises(sg.KindError, match="write 'en' or 'zh'"):
        sg.uses(loss, W, lang="de")
    with pytest.raises(sg.GradientError, match="has shape"):
        sg.uses(W @ sg.input("x", 2), W)
    with pytest.raises(sg.ShapeError, match="W"):
        sg.uses(loss, W, {**SHARED, "W": [1.0, 2.0]})


def test_a_share_that_underflows_is_a_use_all_the_same():
    w, y0 = sg.parameter("w"), sg.input("y0")
    long = sg.scan(lambda y: w * y, y0, length=1000).final

    assert sg.use_counts(long) == {"w": 1000}
    faint = sg.scan(lambda y: sg.tanh(w * y) / 1000, y0, length=300).final
    assert sg.use_counts(faint) == {"w": 300}


@pytest.mark.parametrize("name", ["elman", "encoder-decoder", "text-classifier", "rnn-stacked"])
def test_the_shares_of_every_parameter_of_a_network_add_up(name: str):
    loss = builder(name)().loss
    drawn = draw([loss])
    values = {leaf.name: value for leaf, value in drawn.values.items()}
    for vertex in sg.graph(loss).vertices:
        if vertex.role != "parameter":
            continue
        found = sg.uses(loss, vertex.node, values)
        total = sum(u.value.sum(axis=0) if u.over_time else u.value for u in found)
        slope = difference(loss, vertex.node, values)
        assert total == pytest.approx(slope, rel=1e-5, abs=1e-6), vertex.name


def difference(loss: sg.Node, leaf: sg.Node, values: dict[str, np.ndarray]) -> np.ndarray:
    found = np.zeros(np.shape(values[leaf.name]))
    for index in np.ndindex(found.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = np.array(values[leaf.name], dtype=float)
            moved[index] += step
            ends.append(float(sg.evaluate(loss, {**values, leaf.name: moved})))
        found[index] = (ends[0] - ends[1]) / 2e-6
    return found
