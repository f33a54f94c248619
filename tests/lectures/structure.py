"""What the lectures ask beside numbers: rules, errors, plots, frames, and what training changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symgraph as sg
from lectures.checks import check
from lectures.expected import inputs_of, minimum, slope, slopes, value, values_of, wanted
from lectures.numbers_of_gates import lstm
from lectures.numbers_of_networks import worked_example
from lectures.numbers_of_sequences import cbow
from symgraph.network import find_node
from symgraph.phenomena import active_fractions, belt, decision_lines, error_surface
from symgraph.walks import variables
from symgraph.zoo import builder, built

# --- values and errors --------------------------------------------------------------------------


@check("def", "S0-29")
def pretraining_has_no_labels() -> None:
    net = builder("pretraining")()
    for stage in net.stages[:-1]:
        assert "y" not in {leaf.name for leaf in variables([stage])}
        with pytest.raises(sg.UnknownNameError, match="y"):
            sg.derive(stage, "y")


@check("def", "S0-45")
def an_open_gate_passes_and_a_closed_one_blocks() -> None:
    c = np.array([0.5, -2.0, 3.0])
    for logit, factor in ((10.0, 0.9999546021312976), (-10.0, 4.5397868702434395e-05)):
        passed = value(builder("gate")(), {"a": np.full(3, logit), "c": c}, "y")
        assert passed == pytest.approx(factor * c, rel=1e-9)


@check("def", "S0-15", "S0-14")
def the_score_of_features_is_their_weighted_sum() -> None:
    at = {"x1": 0.1, "x2": -0.4, "x3": 1.2, "W": [1.0, 2.0, -0.5]}
    score = np.tanh([0.1, -0.4, 1.2]) @ at["W"]
    assert value(built("score"), at) == pytest.approx(score)
    assert value(built("activated-score"), at) == pytest.approx(1 / (1 + np.exp(-score)))


@check("def", "S1-06")
def shapes_that_do_not_fit_are_refused() -> None:
    U, W = sg.parameter("U", (3, 2)), sg.parameter("W", (3, 3))
    with pytest.raises(sg.ShapeError, match="U"):
        U @ sg.input("x", 3) + W @ sg.input("s", 3)


@check("def", "S1-16")
def an_lstm_fades_less_along_its_cell_than_an_rnn() -> None:
    net, values = lstm(inputs_of("S0-46"))
    values.pop("d")
    values |= {name: np.array(one) + 5.0 for name, one in values.items() if name == "b_f"}
    table = belt(net.run, values)
    assert table["along C"][-1] > 0.9
    assert table["t"] == [0, 1, 2, 3] or table["t"] == [1, 2, 3]


@check("def", "S4-04")
def a_perceptron_answers_one_on_its_line() -> None:
    unit = find_node(builder("perceptron")().loss, "ŷ")
    at = {"x": [[1.0, 1.0], [2.0, 1.0], [0.0, 1.0]], "w": [1.0, 1.0], "b": -2.0}
    assert values_of(unit, at).tolist() == [1.0, 1.0, -1.0]


@check("def", "S4-10")
def a_cycle_without_delay_is_refused_by_its_names() -> None:
    x, w = sg.input("x", "T"), sg.parameter("w")
    with pytest.raises(sg.CycleError, match="h -> s -> h"):
        sg.recurrence(
            {
                "h": lambda now, before: sg.tanh(now.x + now.s),
                "s": lambda now, before: w * now.h,
            },
            states={"h": 0.0},
            sequences={"x": x},
        )
    delayed = sg.recurrence(
        {"h": lambda now, before: sg.tanh(now.x + w * before.h)},
        states={"h": 0.0},
        sequences={"x": x},
    )
    assert values_of(delayed.final["h"], {"x": [0.5, 0.0], "w": 2.0}) == pytest.approx(
        np.tanh(2 * np.tanh(0.5))
    )


@check("def", "S4-36")
def a_chain_of_rectifiers_has_the_slope_one() -> None:
    for depth in (1, 5, 20):
        assert slope(builder("chain")(depth, sg.relu), {"x": 1.0}, "x") == 1.0


@check("def", "S0-13")
def the_fraction_of_active_units_is_told_by_layer() -> None:
    given = inputs_of("S0-13")
    net = sg.input("X", np.shape(given["X"])) @ sg.parameter("W", np.shape(given["W"])).T
    table = active_fractions(sg.let("h", sg.relu(net + given["b"])), {k: given[k] for k in "XW"})
    assert table["fraction"] == [pytest.approx(wanted("S0-13", "active_fraction"))]
    assert table["slope 0"] == [pytest.approx(1 - wanted("S0-13", "active_fraction"))]


@check("def", "S4-24")
def activation_functions_are_stable_far_out() -> None:
    for name in ("sigmoid", "tanh", "relu", "softplus", "leaky-relu", "elu"):
        f = builder(name)()
        for z in (-800.0, 800.0):
            found = [value(f, {"z": z}), slope(f, {"z": z}, "z")]
            assert np.isfinite(found).all(), (name, z)


# --- what is drawn ------------------------------------------------------------------------------


def plotted(functions: Any, span: tuple[float, float]) -> Any:
    pytest.importorskip("matplotlib")
    return sg.plot(functions, span, points=81)


@check("draw", "S0-12", "S4-29")
def the_curves_are_the_functions_and_their_slopes() -> None:
    shown = plotted([sg.sigmoid, sg.tanh, sg.relu], (-4, 4))
    x = shown.curves[0].x
    s, t = 1 / (1 + np.exp(-x)), np.tanh(x)
    truths = ((s, s * (1 - s)), (t, 1 - t**2), (np.maximum(x, 0), x > 0))
    for curve, (y, rise) in zip(shown.curves, truths, strict=True):
        assert curve.y == pytest.approx(y, abs=1e-12)
        assert curve.slope == pytest.approx(rise * 1.0, abs=1e-12)


@check("draw", "S3-03")
def the_surface_has_its_wall_where_the_state_can_rest() -> None:
    table = error_surface(builder("wall")().loss, {"w": (5, 7), "b": (-4, -2)}, points=11)
    slopes_of = np.array(table["|grad|"])
    assert len(table) == 121
    assert "longest" in table.notes[0]
    assert np.median(slopes_of) < 1


@check("draw", "S4-09")
def every_hidden_unit_is_one_line() -> None:
    table = decision_lines(built("triangle"), spans=((-0.5, 1.5), (-0.5, 1.5)))
    assert len(table) == 3


# --- what training changes ----------------------------------------------------------------------


@check("train", "S0-02")
def the_larger_class_is_trained_to_the_smaller_loss() -> None:
    given = inputs_of("S0-02")
    best = []
    for degree in (1, 2):
        loss = builder("hypothesis")(degree)
        inputs = [leaf for leaf in variables([loss]) if leaf.name in given]
        model = sg.Model(loss, inputs)
        # The best step and momentum for a quadratic: each epoch shrinks the error by `kept`.
        bends = np.sqrt(np.linalg.eigvalsh(np.atleast_2d(curvature(loss, given))))
        kept = (bends.max() - bends.min()) / (bends.max() + bends.min())
        rate = 4 / (bends.max() + bends.min()) ** 2
        model.fit(
            given, optimizer=sg.optim.SGD(rate, momentum=kept**2), batch_size=None, progress=False,
            epochs=50 + int(np.log(1e-10) / np.log(max(kept, 1e-3))),
        )  # fmt: skip
        assert model.parameters["w"] == pytest.approx(minimum(loss, "w", given), abs=1e-6)
        best.append(model.evaluate(given)["loss"])
    assert best[1] <= best[0]


def curvature(loss: Any, given: dict[str, Any]) -> Any:
    w = find_node(loss, "w")
    return values_of(sg.hessian(loss, w), given | {"w": np.zeros(w.shape)})


@check("train", "S3-03")
def clipping_bounds_the_step_at_the_wall() -> None:
    loss = builder("wall")().loss
    for clip, longest in ((None, 1e3), (0.5, 0.05 + 1e-12)):
        model = sg.Model(loss, [])
        start = {"w": 6.0, "b": 0.5 - 6.0 / (1 + np.exp(-0.5))}
        for name, one in start.items():
            model.parameters[name][...] = one
        model.step({}, optimizer=sg.optim.SGD(0.1), clip_norm=clip)
        length = np.hypot(*(float(model.parameters[name]) - one for name, one in start.items()))
        assert (length <= longest) == (clip is not None)


@check("train", "S4-21", "S4-22")
def a_model_steps_as_the_rule_says_in_both_orders() -> None:
    values = worked_example(inputs_of("S4-20"))
    rate = inputs_of("S4-20")["eta"]
    for mode, sequential in (("true_gradient", False), ("lecture_updated_weights", True)):
        rule = builder("worked-example-update")(rate, sequential=sequential)
        inputs = [leaf for leaf in variables([rule.loss]) if leaf.role == "input"]
        model = sg.Model(rule.loss, inputs, updates=rule.updates, batch=None)
        for name, array in model.parameters.items():
            array[...] = values[name]
        data = {leaf.name: values[leaf.name] for leaf in inputs}
        model.step(data)
        for k in range(3, 7):
            want = wanted("S4-21", f"{mode} w{k}")
            assert float(model.parameters[f"w{k}"]) == pytest.approx(want, rel=1e-9)
        loss = wanted("S4-22", f"{mode} loss")
        assert model.evaluate(data)["loss"] == pytest.approx(loss, rel=1e-9)


@check("train", "S4-32")
def one_step_goes_against_the_gradient() -> None:
    given = inputs_of("S4-32")
    loss = builder("half-squared")(len(given["x"]))
    inputs = [leaf for leaf in variables([loss]) if leaf.name in "xy"]
    model = sg.Model(loss, inputs, batch=None)
    for name in ("w", "b"):
        model.parameters[name][...] = given[name]
    model.step({name: given[name] for name in "xy"}, optimizer=sg.optim.SGD(given["eta"]))
    assert model.parameters["w"] == pytest.approx(np.array(wanted("S4-32", "w_new")), rel=1e-9)


@check("train", "S4-41")
def the_inputs_of_a_layer_are_recorded_while_they_drift() -> None:
    x, y = sg.input("x", ("N", 1)), sg.input("y", "N")
    h = sg.let("h", sg.tanh(x @ sg.parameter("W", (1, 4)) + sg.parameter("c", 4)))
    loss = sg.mean((h @ sg.parameter("v", 4) - y) ** 2)
    data = {"x": np.linspace(-1, 1, 20)[:, None], "y": np.sin(np.linspace(-3, 3, 20))}
    model = sg.Model(loss, [x, y], outputs={"h": h})
    seen: list[Any] = []

    def record(model: sg.Model, history: sg.History) -> None:
        inside = model.predict({"x": data["x"]})["h"]
        seen.append(np.percentile(inside, [15, 50, 85]))

    model.fit(
        data, optimizer=sg.optim.Adam(0.05), epochs=30, batch_size=None, callbacks=[record],
        progress=False,
    )  # fmt: skip
    assert np.shape(seen) == (30, 3)
    assert np.abs(seen[-1] - seen[0]).max() > 0.05


@check("train", "S4-68")
def only_the_rows_of_the_context_change() -> None:
    given = inputs_of("S4-68")
    E, values = cbow(given)
    inputs = [leaf for leaf in variables([E]) if leaf.role == "input"]
    model = sg.Model(E, inputs, batch=None)
    for name in ("W", "W'"):
        model.parameters[name][...] = values[name]
    data = {leaf.name: values[leaf.name] for leaf in inputs}
    model.step(data, optimizer=sg.optim.SGD(given["eta"]))
    changed = np.any(model.parameters["W"] != np.array(values["W"]), axis=1)
    assert set(np.flatnonzero(changed)) == set(given["context"])
    assert model.evaluate(data)["loss"] == pytest.approx(wanted("S4-68", "E_after"), rel=1e-9)


@check("train", "S0-17")
def the_gradients_of_all_samples_are_those_of_the_batch() -> None:
    loss = builder("two-cars-trained")()
    x = [[3.0, 1.0], [1.0, 3.0], [1.0, 0.5]]
    values = {"V": [[1.0, -1.0], [-1.0, 1.0]], "b": [-1.0, -1.0], "u": [1.0, 1.0], "c": -0.5}
    y = [1.0, 1.0, -1.0]
    whole = slopes(loss, values | {"x": x, "y": y}, "V", "u")
    each = [slopes(loss, values | {"x": [a], "y": [b]}, "V", "u")
            for a, b in zip(x, y, strict=True)]  # fmt: skip
    for k, one in enumerate(whole):
        assert one == pytest.approx(np.mean([found[k] for found in each], axis=0))
