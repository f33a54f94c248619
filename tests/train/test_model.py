"""What fit, step, evaluate and predict do, on models small enough to follow by hand."""

import copy
import pickle

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph.errors import UnsupportedError
from symgraph.train.plan import Plan


def mean_model(**settings) -> sg.Model:
    """One parameter that descends to the mean of x: loss (w - x)**2, gradient 2 (w - mean x)."""
    x, w = sg.input("x", "N"), sg.parameter("w")
    return sg.Model(loss=sg.mean((w - x) ** 2), inputs=[x], outputs={"error": x - w}, **settings)


def network(seed: int = 0, dtype: str = "float64") -> sg.Model:
    x, y = sg.input("x", ("N", 2)), sg.input("y", "N")
    W, b = sg.parameter("W", (2, 8)), sg.parameter("b", 8)
    v, c = sg.parameter("v", (8, 1)), sg.parameter("c", 1)
    z = sg.sum(sg.tanh(x @ W + b) @ v + c, axis=1)
    loss = sg.mean(sg.softplus(z) - y * z)  # cross-entropy of a logistic unit
    right = sg.mean(sg.indicator((z > 0) & (y > 0.5) | (z < 0) & (y < 0.5)))
    return sg.Model(
        loss=loss, inputs=[x, y], outputs={"p": sg.sigmoid(z)}, metrics={"accuracy": right},
        seed=seed, dtype=dtype,
    )  # fmt: skip


XOR = {"x": np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), "y": np.array([0.0, 1, 1, 0])}


def clouds(rows: int) -> dict[str, np.ndarray]:
    """XOR with noise, from random numbers that need no library's generator."""
    corners = sg.random.permutation(4 * rows, seed=7)[:rows] % 4
    noise = sg.random.normal(seed=7, stream=1, shape=(rows, 2))
    return {"x": XOR["x"][corners] + 0.15 * noise, "y": XOR["y"][corners]}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_xor_is_learnt(dtype: str):
    model = network(dtype=dtype)

    history = model.fit(XOR, optimizer=sg.optim.Adam(0.05), epochs=400, batch_size=None)

    assert history["loss"][-1] < 0.01
    assert history["accuracy"][-1] == 1.0
    assert model.predict(XOR)["p"].round().tolist() == [0, 1, 1, 0]
    assert model.parameters["W"].dtype == np.dtype(dtype)


def trained(*, fit_seed: int = 0, start_seed: int = 0) -> bytes:
    model = network(seed=start_seed)
    model.fit(clouds(50), optimizer=sg.optim.Adam(0.01), epochs=3, batch_size=8, seed=fit_seed)
    return model.parameters.flat.tobytes()


def test_equal_seeds_train_to_equal_bits_and_others_do_not():
    first = trained()

    assert trained() == first
    assert trained(fit_seed=1) != first
    assert trained(start_seed=1) != first


def test_an_epoch_uses_every_sample_once_and_weights_the_last_batch_by_its_size():
    model = mean_model()
    # with a learning rate of 0 the loss of every sample is x**2
    history = model.fit(
        {"x": [1.0, 2.0, 3.0, 4.0, 5.0]}, optimizer=sg.optim.SGD(0.0), epochs=3, batch_size=2
    )

    assert history["loss"] == pytest.approx([55 / 5] * 3)


def test_without_shuffling_the_samples_come_in_their_order():
    model = mean_model()
    # rate 1/2 puts w on the last sample seen
    model.fit(
        {"x": [1.0, 2.0, 8.0]}, optimizer=sg.optim.SGD(0.5), epochs=2, batch_size=1, shuffle=False
    )

    assert float(model.parameters["w"]) == 8.0


def test_shuffling_changes_the_order_from_epoch_to_epoch():
    seen = []
    model = mean_model()
    model.fit(
        {"x": np.arange(10.0)},
        optimizer=sg.optim.SGD(0.5),
        epochs=6,
        batch_size=1,
        callbacks=[lambda model, history: seen.append(float(model.parameters["w"]))],
    )

    # rate 1/2 puts w on the last sample seen
    assert set(seen) <= set(range(10))
    assert len(set(seen)) > 2


@pytest.mark.parametrize(("rows", "seed"), [(3, 0), (10, 5), (1000, 2**40 + 1), (5000, 1)])
def test_the_order_of_an_epoch_is_the_permutation_of_its_number(rows: int, seed: int):
    plan = Plan(epochs=1, batch_size=2, shuffle=True, seed=seed)

    for epoch in (0, 1, 7, 4099, 2**33):
        wanted = sg.random.permutation(rows, seed, epoch)
        assert plan.order(rows, epoch).tolist() == wanted.tolist()


@needs_c_compiler
def test_compiled_trainings_take_the_samples_in_the_order_of_the_public_generator():
    seen: list[list[int]] = []

    class Noting(sg.parallel.Communicator):  # one worker: the loop in Python
        rank, size = 0, 1

        def sum_(self, array: np.ndarray) -> None: ...
        def broadcast_(self, array: np.ndarray) -> None: ...
        def abort(self, line: str):
            raise SystemExit(line)

    x = sg.input("x", "N")
    start = sg.parameter("w", (), init=0.0)
    for communicator in (None, Noting()):
        # the order leaves its trace in the digits of w: each sample moves it by half the way
        model = sg.Model(sg.mean((x - start) ** 2), [x], target="cython")
        model.fit(
            {"x": 2.0 ** np.arange(40)}, optimizer=sg.optim.SGD(0.25), epochs=2, batch_size=1,
            seed=5, progress=False, communicator=communicator,
        )  # fmt: skip
        w = 0.0
        for epoch in range(2):
            for k in sg.random.permutation(40, 5, epoch):
                w += (2.0 ** float(k) - w) / 2
        seen.append([float(model.parameters["w"]), w])

    assert all(found == wanted for found, wanted in seen)


def test_batch_size_none_uses_all_samples_in_every_step():
    model = mean_model()
    model.fit({"x": [1.0, 2.0, 6.0]}, optimizer=sg.optim.SGD(0.5), epochs=1, batch_size=None)

    assert float(model.parameters["w"]) == 3.0


def test_validation_data_are_measured_after_every_epoch():
    model = mean_model(metrics={"w": sg.parameter("w")})
    history = model.fit(
        {"x": [4.0]}, optimizer=sg.optim.SGD(0.25), epochs=2, validation={"x": [0.0, 2.0]}
    )

    # w is 0, 2, 3 after 0, 1, 2 steps
    assert history["loss"] == [16.0, 4.0]
    assert history["w"] == [0.0, 2.0]
    assert history["val_loss"] == [(2**2 + 0) / 2, (3**2 + 1) / 2]
    assert history["val_w"] == [2.0, 3.0]


def test_a_fraction_of_the_samples_is_held_out_for_validation():
    data = {"x": np.arange(10.0)}
    history = mean_model().fit(
        data, optimizer=sg.optim.SGD(0.0), epochs=2, validation=0.3, batch_size=None
    )

    squares = sum(i**2 for i in range(10))
    assert 7 * history["loss"][0] + 3 * history["val_loss"][0] == pytest.approx(squares)
    assert history["val_loss"][0] == history["val_loss"][1]


def test_gradients_are_clipped_before_the_step():
    for clip, moved in (({"clip_value": 3.0}, -3.0), ({"clip_norm": 2.0}, -2.0), ({}, -20.0)):
        model = mean_model()
        model.step({"x": [-10.0]}, optimizer=sg.optim.SGD(1.0), **clip)

        assert float(model.parameters["w"]) == moved


def test_steps_without_an_optimizer_go_on_with_the_last_one():
    model = mean_model()
    # v = 0.5 v + g: with gradients -2, then 2 (w - 1)
    model.step({"x": [1.0]}, optimizer=sg.optim.Momentum(0.25, momentum=0.5))
    assert float(model.parameters["w"]) == 0.5
    model.step({"x": [1.0]})
    assert float(model.parameters["w"]) == 0.5 + 0.25 * 2.0


@pytest.mark.parametrize("method", ["step", "partial_fit"])
def test_steps_freeze_what_they_are_told_to_and_go_on_so(method: str):
    w, v = sg.parameter("w", init=1.0), sg.parameter("v", init=1.0)
    model = sg.Model((w + v) ** 2, [])
    for k in range(2):
        given = {} if k else {"optimizer": sg.optim.SGD(0.125), "freeze": "v"}
        getattr(model, method)({}, **given)
    assert [float(model.parameters[name]) for name in "wv"] == [0.125, 1.0]  # 1 - .5, - .375

    getattr(model, method)({}, freeze=())
    assert [float(model.parameters[name]) for name in "wv"] == [-0.15625, 0.71875]


def test_steps_without_an_optimizer_take_other_limits_of_gradients():
    w = sg.parameter("w", init=4.0)
    model = sg.Model(w**2, [])
    model.step({}, optimizer=sg.optim.SGD(0.25))
    assert float(model.parameters["w"]) == 2.0
    model.step({}, clip_norm=1.0)
    assert float(model.parameters["w"]) == 1.75


def test_a_copy_of_a_model_is_one_of_its_own_that_goes_on_to_the_same_bits():
    model, data, rule = network(), clouds(24), sg.optim.Adam(0.05)
    settings = {"optimizer": rule, "batch_size": 5}
    model.fit(data, **settings, epochs=2)
    loaded = copy.deepcopy(copy.deepcopy(model))
    kept = loaded.parameters.flat.copy()
    model.fit(data, **settings, epochs=4, resume=True)

    assert loaded.parameters.flat.tolist() == kept.tolist()
    loaded.fit(data, **settings, epochs=4, resume=True)
    assert loaded.parameters.flat.tolist() == model.parameters.flat.tolist()
    assert copy.deepcopy([model])[0].evaluate(data) == model.evaluate(data)


def test_a_callback_may_copy_the_model():
    model, kept = mean_model(), []
    model.fit(
        {"x": [4.0]}, optimizer=sg.optim.SGD(0.25), epochs=2,
        callbacks=[lambda model, history: kept.append(copy.deepcopy(model))],
    )  # fmt: skip
    assert [float(one.parameters["w"]) for one in kept] == [2.0, 3.0]
    kept[0].fit({"x": [2.0]}, epochs=1)  # it is not under way


@pytest.mark.parametrize("how", [copy.copy, pickle.dumps])
def test_a_model_is_not_pickled(how):
    with pytest.raises(UnsupportedError, match=r"model\.save\(path\).*copy\.deepcopy\(model\)"):
        how(mean_model())


def test_fit_starts_the_optimizer_anew_and_resume_goes_on():
    adam = sg.optim.Adam(0.1)
    model = mean_model()
    model.fit({"x": [1.0]}, optimizer=adam, epochs=5)
    whole = mean_model()
    history = whole.fit({"x": [1.0]}, optimizer=adam, epochs=9)
    split = mean_model()
    split.fit({"x": [1.0]}, optimizer=adam, epochs=5)
    rest = split.fit({"x": [1.0]}, optimizer=adam, epochs=9, resume=True)

    assert split.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
    assert rest.epochs == [6, 7, 8, 9]
    assert rest["loss"] == history["loss"][5:]
    model.fit({"x": [1.0]}, optimizer=adam, epochs=4)
    assert model.parameters.flat.tobytes() != whole.parameters.flat.tobytes()


def test_the_learning_rate_changes_while_training():
    def lower(model, history):
        model.learning_rate = model.learning_rate / 2

    model = mean_model()
    history = model.fit({"x": [8.0]}, optimizer=sg.optim.SGD(0.25), epochs=3, callbacks=[lower])

    # w = 4, then 4 + 0.125 * 2 * 4 = 5
    assert history["loss"] == [64.0, 16.0, 9.0]
    assert model.learning_rate == 0.03125


def test_a_schedule_is_followed_step_by_step():
    model = mean_model()
    rate = sg.optim.step_decay(0.25, steps=1, factor=0.5)
    history = model.fit({"x": [8.0]}, optimizer=sg.optim.SGD(rate), epochs=3)

    assert history["loss"] == [64.0, 16.0, 9.0]


def test_a_new_learning_rate_compiles_nothing_anew():
    model = mean_model()
    model.fit({"x": [8.0]}, optimizer=sg.optim.SGD(0.25), epochs=1)
    program = model._course.training.program
    model.fit({"x": [8.0]}, optimizer=sg.optim.SGD(0.125), epochs=1)

    assert model._course.training.program is program
    assert float(model.parameters["w"]) == 5.0


def test_frozen_parameters_stay():
    x = sg.input("x", "N")
    fixed = sg.parameter("fixed", init=2.0, trainable=False)
    model = sg.Model(loss=sg.mean((fixed * sg.parameter("w") - x) ** 2), inputs=[x])

    model.fit({"x": [1.0]}, optimizer=sg.optim.SGD(0.1), epochs=2)

    assert float(model.parameters["fixed"]) == 2.0
    assert float(model.parameters["w"]) != 0.0


def test_parameters_can_be_assigned_and_changed_in_place():
    model = mean_model()
    model.parameters["w"] = 3
    model.parameters["w"][...] += 1

    assert model.evaluate({"x": [5.0]}) == {"loss": 1.0}


def test_states_are_updated_by_their_expression_in_training_only():
    x, w = sg.input("x", "N"), sg.parameter("w")
    seen = sg.state("seen", init=10.0)
    model = sg.Model(
        loss=sg.mean((w - x) ** 2) + 0 * seen, inputs=[x], updates={seen: 0.5 * seen + sg.mean(x)}
    )
    model.evaluate({"x": [4.0]})
    assert float(model.states["seen"]) == 10.0
    model.fit({"x": [4.0]}, optimizer=sg.optim.SGD(0.1), epochs=2)

    assert float(model.states["seen"]) == 0.5 * (0.5 * 10 + 4) + 4


def test_the_training_switch_is_on_in_steps_and_off_elsewhere():
    x, w = sg.input("x", "N"), sg.parameter("w")
    training = sg.input("training", kind="boolean")
    shown = sg.indicator(training)
    model = sg.Model(
        loss=sg.mean((w - x) ** 2) + shown, inputs=[x, training], outputs={"on": shown}
    )

    assert model.fit({"x": [0.0]}, epochs=1)["loss"] == [1.0]
    assert model.evaluate({"x": [0.0]}) == {"loss": 0.0}
    assert model.predict({})["on"] == 0


def test_running_statistics_follow_the_batches_and_serve_prediction():
    x, w = sg.input("x", ("N", 1)), sg.parameter("w")
    seen = sg.state("mean", 1), sg.state("variance", 1, init="ones")
    normal, updates = sg.batch_norm(x, running=seen, momentum=0.5, epsilon=0.0)
    model = sg.Model(loss=sg.sum(w * normal), inputs=[x], outputs={"y": normal}, updates=updates)

    model.fit({"x": [[1.0], [5.0]]}, optimizer=sg.optim.SGD(0.1), epochs=2)

    # batch mean 3, variance 4: from 0 and 1 half way in each step
    assert model.states["mean"].tolist() == [2.25]
    assert model.states["variance"].tolist() == [3.25]
    assert model.predict({"x": [[3.25]]})["y"] == pytest.approx(1 / np.sqrt(3.25))


def test_dropout_differs_from_step_to_step_and_is_off_in_prediction():
    x, w = sg.input("x", ("N", 50)), sg.parameter("w")
    dropped = sg.dropout(x, 0.5)
    model = sg.Model(loss=sg.mean(dropped) + 0 * w, inputs=[x], outputs={"y": dropped})
    data = {"x": np.ones((4, 50))}

    losses = model.fit(data, epochs=5)["loss"]

    assert len(set(losses)) == 5
    assert all(0.5 < loss < 1.5 for loss in losses)
    assert model.fit(data, epochs=5)["loss"] == losses
    assert model.fit(data, epochs=5, seed=1)["loss"] != losses
    assert model.predict(data)["y"].tolist() == data["x"].tolist()
    assert model.evaluate(data)["loss"] == 1.0


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
def test_prediction_can_leave_dropout_on_and_draw_other_masks(target):
    x, w = sg.input("x", ("N", 50)), sg.parameter("w")
    dropped = sg.dropout(x, 0.5)
    model = sg.Model(sg.mean(dropped) + 0 * w, inputs=[x], outputs={"y": dropped}, target=target)
    data = {"x": np.ones((4, 50))}
    first, again, other = (model.predict(data, training=True, key=key)["y"] for key in (1, 1, 2))

    assert set(first.ravel()) == {0.0, 2.0}
    assert first.tolist() == again.tolist() != other.tolist()
    assert model.evaluate(data, training=True, key=1)["loss"] == pytest.approx(first.mean())
    assert model.predict(data)["y"].tolist() == data["x"].tolist()


def test_every_step_has_a_key_of_its_own():
    key, w = sg.input("key", kind="integer"), sg.parameter("w")
    model = sg.Model(loss=w**2 + key, inputs=[])

    seeds = {seed: model.fit({}, epochs=3, seed=seed)["loss"] for seed in (0, 1)}

    assert len({*seeds[0], *seeds[1]}) == 6
    assert model.fit({}, epochs=3, seed=1)["loss"] == seeds[1]


def test_predict_needs_only_the_inputs_of_the_outputs():
    assert set(network().predict({"x": XOR["x"]})) == {"p"}
    assert network().predict(XOR)["p"].shape == (4,)


def test_predict_and_evaluate_in_parts_agree_with_the_whole():
    model, data = network(), clouds(23)

    np.testing.assert_allclose(
        model.predict(data, batch_size=5)["p"], model.predict(data)["p"], rtol=1e-13
    )
    parts, whole = model.evaluate(data, batch_size=5), model.evaluate(data)
    assert parts == pytest.approx(whole, rel=1e-12)


def test_the_axis_of_samples_may_stand_anywhere():
    x, y = sg.input("x", (3, "N")), sg.input("y", ("N",))
    w = sg.parameter("w", 3)
    model = sg.Model(loss=sg.mean((w @ x - y) ** 2), inputs=[x, y], outputs={"y": w @ x})
    model.parameters["w"] = [1.0, 0.0, 0.0]
    data = {"x": np.arange(12.0).reshape(3, 4), "y": np.zeros(4)}

    history = model.fit(data, optimizer=sg.optim.SGD(0.0), epochs=1, batch_size=3)

    assert history["loss"] == pytest.approx([(0 + 1 + 4 + 9) / 4])
    assert model.predict(data, batch_size=3)["y"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_callback_that_returns_true_ends_the_training():
    history = mean_model().fit(
        {"x": [1.0]}, epochs=10, callbacks=[lambda model, history: len(history.epochs) == 4]
    )

    assert history.epochs == [1, 2, 3, 4]
    assert history.stopped == "by a callback"


def test_no_epochs_give_an_empty_history_and_change_nothing():
    model = mean_model()

    assert model.fit({"x": [1.0]}, epochs=0).epochs == []
    assert float(model.parameters["w"]) == 0.0


def test_data_are_read_from_lists_and_other_number_types():
    model = mean_model()
    for values in ([1, 2], (1, 2), np.array([1, 2], dtype="int8"), np.array([1, 2], dtype=">f8")):
        assert model.evaluate({"x": values}) == {"loss": 2.5}


def test_the_given_arrays_are_never_changed():
    data = clouds(20)
    kept = {name: array.copy() for name, array in data.items()}
    network().fit(data, epochs=2)

    assert all((data[name] == kept[name]).all() for name in data)


def test_parameters_come_in_the_order_of_the_formula_whatever_was_made_before():
    kept = [sg.parameter("q", 2), sg.parameter("p", 3)]
    x = sg.input("x", ("N", 3))
    model = sg.Model(loss=sg.sum(x @ kept[1]) + sg.sum(kept[0]), inputs=[x])

    assert list(model.parameters) == ["p", "q"]


def test_the_source_of_a_step_can_be_read():
    model = mean_model()
    with pytest.raises(sg.UnsupportedError, match="there is no program before the first step"):
        _ = model.source
    model.step({"x": [1.0]})

    assert "def workspace" in model.source


def test_data_may_be_given_by_node():
    model, same = mean_model(), mean_model()
    x = sg.input("x", "N")
    data = np.array([1.0, 2.0, 6.0])

    model.fit({x: data}, optimizer=sg.optim.SGD(0.25), epochs=1, batch_size=None)
    same.fit({"x": data}, optimizer=sg.optim.SGD(0.25), epochs=1, batch_size=None)

    assert model.parameters["w"] == 1.5  # 0 - 0.25 * 2 (0 - 3)
    assert same.parameters["w"] == 1.5


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_parameters_begin_on_a_line_of_the_cache(dtype) -> None:
    for width in range(1, 6):
        x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", width))
        loss = sg.mean((x @ sg.parameter("w", (3, width)) - y) ** 2)
        model = sg.Model(loss=loss, inputs=[x, y], dtype=dtype)

        assert model.parameters.flat.ctypes.data % 64 == 0


def test_several_parameters_are_assigned_at_once():
    model = sg.Model(sg.sum(sg.parameter("w", 2)) * sg.parameter("b"), [])
    model.parameters.update({"w": [1, 2], "b": 3})

    assert model.parameters["w"].tolist() == [1, 2]
    assert model.parameters["b"] == 3


@pytest.mark.parametrize(
    ("error", "is_told"),
    [
        (lambda p, y: p - y, True),  # (N, 1) with (N,)
        (lambda p, y: p[:, 0] - y, False),
        (lambda p, y: p - sg.expand_dims(y, 0), False),  # written out, so it is meant
    ],
)
def test_a_column_less_a_vector_is_told_since_it_crosses_all_samples(error, is_told, caplog):
    x, y = sg.input("x", ("N", 3)), sg.input("y", "N")
    sg.Model(sg.mean(error(x @ sg.parameter("W", (3, 1)), y) ** 2), [x, y])

    assert ("every sample with every other one" in caplog.text) == is_told


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
def test_parameters_with_an_update_of_their_own_follow_it_and_the_others_their_gradient(target):
    x = sg.input("x", "N")
    w, v = sg.parameter("w", init="ones"), sg.parameter("v", init="ones")
    model = sg.Model(sg.mean((w * v - x) ** 2), [x], updates={v: v / 2}, target=target)
    model.fit({"x": [3.0, 5.0]}, optimizer=sg.optim.SGD(0.1), epochs=1)

    assert float(model.parameters["v"]) == 0.5
    assert float(model.parameters["w"]) == pytest.approx(1 - 0.1 * 2 * (1 - 4))


def test_a_parameter_with_an_update_of_its_own_can_be_frozen():
    w = sg.parameter("w", 2, init="ones")
    model = sg.Model(sg.sum(w**2), [], updates={w: w / 2})
    model.fit({}, epochs=2)
    assert model.parameters["w"].tolist() == [0.25, 0.25]

    with pytest.raises(sg.GradientError, match="every parameter that may change is frozen"):
        model.fit({}, freeze="w")
