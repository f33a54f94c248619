"""Groups of parameters, frozen and tied ones, and averages: in formulas, in fit, in checkpoints."""

from pathlib import Path

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from train.worker_threads import run_workers

import symgraph as sg
from symgraph.errors import (
    GradientError,
    KindError,
    NameClashError,
    RangeError,
    UnknownNameError,
    UnsupportedError,
)

DATA = {
    "x": np.random.default_rng(3).normal(size=(17, 3)),
    "y": np.random.default_rng(4).normal(size=(17, 2)),
}


def net(target="numpy", **given):
    """Two layers, the first of whose parameters lie next to each other in memory."""
    x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 2))
    h = sg.nn.dense(x, 4, "h", "tanh")
    out = sg.nn.dense(h, 2, "out")
    return sg.Model(sg.mean_squared_error(out, y), [x, y], {"out": out}, target=target, **given)


def trained(optimizer, target="numpy", epochs=4, model=None, **given):
    model = model or net(target)
    model.fit(DATA, optimizer=optimizer, epochs=epochs, batch_size=5, progress=False, **given)
    return model


def test_a_group_has_a_rate_a_decay_and_an_optimizer_of_its_own():
    W, b, c = (sg.parameter(name) for name in ("W", "b", "c"))
    g = sg.input("g")
    rule = sg.optim.SGD(
        0.1, weight_decay=0.5, groups={"b": {"weight_decay": 0.0}, c: sg.optim.Momentum(0.2)}
    )

    told = {str(old): str(new) for old, new in rule.updates({W: g, b: g, c: g}).items()}
    assert told == {
        "W": "W - η*(g + 0.5*W)",
        "b": "b - η_1*g",
        "c": "c - η_2*(0.9*v_c + g)",
        "v_c": "0.9*v_c + g",
    }
    assert rule.rates == {"η": 0.1, "η_1": 0.1, "η_2": 0.2}


def test_training_in_groups_is_training_each_part_by_the_rule_that_it_has():
    """By hand: the gradients of the whole, each part stepped by NumPy."""
    model = net()
    start = {name: array.copy() for name, array in model.parameters.items()}
    spec = model.spec
    gradients = sg.compile(
        [*spec.inputs.values(), *spec.parameters.values()],
        sg.grad(spec.loss, [*spec.parameters.values()]),
    )
    for _ in range(3):
        found = gradients(DATA["x"], DATA["y"], *start.values())
        for (name, value), g in zip(start.items(), found, strict=True):
            rate, decay = {"b_h": (0.5, 0.0), "b_out": (0.5, 0.0)}.get(name, (0.1, 0.01))
            start[name] = value - rate * (g + decay * value)

    rule = sg.optim.SGD(
        0.1, weight_decay=0.01, groups={"b_*": {"weight_decay": 0.0, "learning_rate": 0.5}}
    )
    model.fit(DATA, optimizer=rule, epochs=3, batch_size=None, progress=False)

    for name, value in start.items():
        np.testing.assert_allclose(model.parameters[name], value, rtol=1e-12, atol=1e-14)


def test_a_group_clips_the_norm_of_its_own_gradients_alone():
    a, b = sg.parameter("a", 2), sg.parameter("b")
    loss = sg.sum(sg.const([3.0, 4.0]) * a) + 100 * b
    model = sg.Model(loss, [])
    model.step({}, optimizer=sg.optim.SGD(1.0, groups={"a": {"clip_norm": 1.0}}))

    assert model.parameters["a"] == pytest.approx([-0.6, -0.8])
    assert model.parameters["b"] == -100


GROUPED = sg.optim.Adam(
    0.02, amsgrad=True, average=0.9,
    groups={
        ("b_*",): {"weight_decay": 0.1, "clip_value": 0.2},
        "W_out": sg.optim.RMSprop(sg.optim.one_cycle(0.05, 40), momentum=0.5, centered=True),
    },
)  # fmt: skip


@needs_c_compiler
def test_native_epochs_in_groups_are_those_of_numpy():
    ours, native = trained(GROUPED), trained(GROUPED, "cython")

    np.testing.assert_allclose(native.parameters.flat, ours.parameters.flat, rtol=1e-11)
    for name, array in ours.averages.items():
        np.testing.assert_allclose(native.averages[name], array, rtol=1e-11)


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
def test_groups_and_averages_resume_to_the_same_bits(tmp_path: Path, target: str):
    whole = trained(GROUPED, target, 5)
    trained(GROUPED, target, 2, checkpoint=tmp_path, resume=True)
    again = trained(GROUPED, target, 5, checkpoint=tmp_path, resume=True)

    assert np.array_equal(again.parameters.flat, whole.parameters.flat)
    for name, array in whole.averages.items():
        assert np.array_equal(again.averages[name], array)


def test_workers_in_groups_end_where_one_does_and_only_the_first_writes_the_log(tmp_path: Path):
    log = tmp_path / "run.csv"

    def work(communicator=None):
        return trained(GROUPED, freeze="b_h", clip_norm=0.3, communicator=communicator, log=log)

    alone = work()
    for model in run_workers(2, work):
        np.testing.assert_allclose(model.parameters.flat, alone.parameters.flat, rtol=1e-12)
    assert len(log.read_text().splitlines()) == 1 + 4


def test_a_rate_that_a_callback_sets_scales_the_rates_of_groups():
    model = trained(sg.optim.SGD(0.1, groups={"b_*": {"learning_rate": 0.04}}))
    model.learning_rate = 0.05

    assert model.learning_rate == 0.05
    assert model._course.training.slots["η_1"] == pytest.approx(0.02)


def test_other_rates_of_groups_need_no_other_program():
    model = trained(sg.optim.SGD(0.1, groups={"b_*": {"learning_rate": 0.04}}))
    program = model._course.training.program
    trained(sg.optim.SGD(0.2, groups={"b_*": {"learning_rate": 0.5}}), model=model)

    assert model._course.training.program is program
    assert model._course.training.slots["η_1"] == 0.5


@pytest.mark.parametrize(
    ("frozen", "given"),
    [
        ({"W_h"}, {"optimizer": sg.optim.Adam(0.1, groups={"W_h": None})}),
        ({"W_h", "b_h"}, {"freeze": "*_h"}),
        ({"b_h", "W_out"}, {"freeze": ("b_?", "W_out")}),
    ],
)
def test_frozen_parameters_stay_and_the_others_move(frozen, given):
    model = net()
    start = {name: array.copy() for name, array in model.parameters.items()}
    model.fit(DATA, epochs=2, **{"optimizer": sg.optim.Adam(0.1), **given})

    stayed = {name for name in start if np.array_equal(model.parameters[name], start[name])}
    assert stayed == frozen


def test_a_parameter_that_is_no_longer_frozen_moves_in_the_next_fit():
    model = net()
    start = model.parameters["W_h"].copy()
    trained(sg.optim.SGD(0.1), model=model, freeze=model.spec.parameters["W_h"])
    assert np.array_equal(model.parameters["W_h"], start)
    trained(sg.optim.SGD(0.1), model=model)
    assert not np.array_equal(model.parameters["W_h"], start)


def test_a_tied_parameter_moves_by_the_sum_of_both_gradients():
    x, W = sg.input("x", ("N", 3)), sg.parameter("W", (3, 3))
    model = sg.Model(sg.mean((x @ W @ W.T - x) ** 2), [x])
    W0, X = model.parameters["W"].copy(), DATA["x"]

    model.step({"x": X}, optimizer=sg.optim.SGD(0.1))

    error = 2 * (X @ W0 @ W0.T - X) / X.size
    gradient = X.T @ error @ W0 + error.T @ X @ W0
    np.testing.assert_allclose(model.parameters["W"], W0 - 0.1 * gradient, rtol=1e-12)


def test_averages_begin_with_the_first_step_and_follow_at_their_pace():
    """As torch's AveragedModel with get_ema_multi_avg_fn: the first is a copy."""
    w = sg.parameter("w", init=1.0)
    model = sg.Model((w - 3) ** 2, [])
    value, average = 1.0, 0.0
    for step in range(100):
        value -= 0.05 * 2 * (value - 3)
        average = value if step == 0 else 0.9 * average + 0.1 * value
        model.step({}, optimizer=sg.optim.SGD(0.05, average=0.9))

    assert float(model.averages["w"]) == pytest.approx(average, rel=1e-13)


def test_inside_of_averaged_a_model_predicts_and_saves_its_averages(tmp_path: Path):
    model = trained(sg.optim.SGD(0.1, average=0.5), freeze="b_out")
    own, averages = model.parameters.flat.copy(), model.averages

    with model.averaged():
        assert not np.array_equal(model.parameters.flat, own)
        inside = model.predict(DATA)["out"]
        model.save(tmp_path / "averaged.npz")
        with pytest.raises(UnsupportedError, match="fit: the parameters are their averages"):
            trained(sg.optim.SGD(0.1), model=model)

    assert np.array_equal(model.parameters.flat, own)
    other = net()
    other.load(tmp_path / "averaged.npz")
    assert np.array_equal(other.predict(DATA)["out"], inside)
    assert np.array_equal(averages["b_out"], model.parameters["b_out"])


def test_averages_are_saved_with_a_model(tmp_path: Path):
    model = trained(sg.optim.Adam(0.01, average=0.9))
    model.save(tmp_path / "model.safetensors")
    again = net()
    again.load(tmp_path / "model.safetensors")

    for name, array in model.averages.items():
        assert np.array_equal(again.averages[name], array)


def test_there_are_no_averages_without_an_optimizer_that_keeps_them():
    with pytest.raises(UnsupportedError, match="averages: there are none before the first step"):
        _ = net().averages
    with (
        pytest.raises(UnsupportedError, match=r"average=0\.999"),
        trained(sg.optim.SGD(0.1)).averaged(),
    ):
        pass


def test_groups_that_choose_wrongly_are_refused():
    with pytest.raises(UnknownNameError, match="no parameter has a name like 'bias"):
        trained(sg.optim.SGD(0.1, groups={"bias*": None}))
    with pytest.raises(UnknownNameError, match="'W_g' is not a parameter here; did you mean 'W_h'"):
        trained(sg.optim.SGD(0.1), freeze="W_g")
    with pytest.raises(NameClashError, match=r"W_h belongs to the groups 'W_\*' and '\*_h'"):
        trained(sg.optim.SGD(0.1, groups={"W_*": {}, "*_h": {}}))
    with pytest.raises(UnknownNameError, match="'weight_deacy' is not an option of Adam; did you"):
        sg.optim.Adam(groups={"W": {"weight_deacy": 0.1}})
    with pytest.raises(KindError, match=r"has 0\.1 for 'W', and it is a dictionary of options"):
        sg.optim.Adam(groups={"W": 0.1})
    with pytest.raises(KindError, match="groups is 'W', and it maps parameters to options"):
        sg.optim.Adam(groups="W")
    with pytest.raises(KindError, match="3 chooses no parameters"):
        trained(sg.optim.SGD(0.1), freeze=3)
    with pytest.raises(GradientError, match="every parameter that may change is frozen"):
        trained(sg.optim.SGD(0.1), freeze="*")
    with pytest.raises(RangeError, match=r"Adam: average is 1, and it must lie in \[0, 1\)"):
        sg.optim.Adam(average=1)
    with pytest.raises(RangeError, match="SGD: nesterov needs a momentum above 0"):
        sg.optim.SGD(0.1, nesterov=True)
