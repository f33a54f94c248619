"""Training in native code: the numbers of NumPy, whole epochs in one call."""

import gc
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph.train.sweep import Sweep

pytestmark = needs_c_compiler

RNG = np.random.default_rng(4)
ROWS = 23
DATA = {"x": RNG.normal(size=(ROWS, 3)), "y": RNG.normal(size=(ROWS, 2))}
OPTIMIZERS = {
    "sgd": sg.optim.SGD(0.05),
    "momentum": sg.optim.Momentum(0.05),
    "nesterov": sg.optim.Nesterov(0.05),
    "rmsprop": sg.optim.RMSprop(0.01),
    "adagrad": sg.optim.Adagrad(0.05),
    "adam": sg.optim.Adam(0.01),
    "adamw": sg.optim.AdamW(0.01),
}


def dense(target, **options):
    x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 2))
    W, b = sg.parameter("W", (3, 5)), sg.parameter("b", 5)
    V, frozen = sg.parameter("V", (5, 2)), sg.parameter("c", 2, trainable=False)
    out = sg.tanh(x @ W + b) @ V + frozen
    return sg.Model(
        loss=sg.mean((out - y) ** 2), inputs=[x, y], outputs={"out": out},
        metrics={"mae": sg.mean(sg.abs(out - y))}, target=target, **options,
    )  # fmt: skip


def switched(target):
    """Batch normalisation with running means, dropout by `key`, both off unless training."""
    x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 2))
    training, key = sg.training(), sg.key()
    running, W = sg.state("running", 3), sg.parameter("W", (3, 2))
    middle = sg.where(training, sg.mean(x, axis=0), running)
    dropped = sg.uniform(key, ("N", 3)) < 0.3
    h = sg.where(training, sg.where(dropped, 0, (x - middle) / 0.7), x - middle)
    out = sg.tanh(h @ W)
    return sg.Model(
        loss=sg.mean((out - y) ** 2), inputs=[x, y, training, key], outputs={"out": out},
        updates={running: 0.9 * running + 0.1 * sg.mean(x, axis=0)}, target=target,
    )  # fmt: skip


def both(make, data, **settings):
    found = []
    for target in ("numpy", "cython"):
        model = make(target)
        found.append((model, model.fit(data, **settings)))
    return found


def assert_alike(found, tolerance=1e-12):
    (first, expected), (second, history) = found
    assert history.epochs == expected.epochs
    for name in expected:
        np.testing.assert_allclose(history[name], expected[name], tolerance, tolerance)
    for kind in ("parameters", "states"):
        flat = getattr(second, kind).flat
        np.testing.assert_allclose(flat, getattr(first, kind).flat, tolerance, tolerance)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_native_epochs_are_those_of_numpy_with_every_optimizer(name):
    found = both(dense, DATA, optimizer=OPTIMIZERS[name], epochs=5, batch_size=5, seed=3)

    assert_alike(found)


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 4, "clip_norm": 0.5},
        {"batch_size": 23, "clip_value": 0.01},
        {"batch_size": 100},
        {"batch_size": None},
        {"batch_size": 1, "shuffle": False},
        {"batch_size": 7, "validation": 0.3},
    ],
)
def test_native_epochs_are_those_of_numpy_with_every_setting(settings):
    assert_alike(both(dense, DATA, epochs=3, **settings))


def test_running_means_and_dropout_are_those_of_numpy():
    found = both(switched, DATA, epochs=4, batch_size=5, seed=2**40 + 3)
    assert_alike(found)
    values = [model.evaluate(DATA, batch_size=6, key=9)["loss"] for model, _ in found]
    outputs = [model.predict({"x": DATA["x"]}, batch_size=4)["out"] for model, _ in found]

    assert values[1] == pytest.approx(values[0], rel=1e-12)
    np.testing.assert_allclose(outputs[1], outputs[0], 1e-12, 1e-12)


def words(target):
    context = sg.input("context", ("N", 2), kind="integer")
    word = sg.input("word", "N", kind="integer")
    table, U = sg.parameter("table", (11, 3)), sg.parameter("U", (3, 11))
    scores = sg.mean(table[context], axis=1) @ U
    loss = sg.cross_entropy(scores, word)
    return sg.Model(loss=loss, inputs=[context, word], target=target)


@pytest.mark.parametrize("optimizer", [sg.optim.SGD(0.3), sg.optim.Adam(0.02)])
def test_lookups_train_as_in_numpy(optimizer):
    data = {"context": RNG.integers(0, 11, (ROWS, 2)), "word": RNG.integers(0, 11, ROWS)}
    assert_alike(both(words, data, optimizer=optimizer, epochs=4, batch_size=5))


def test_an_index_out_of_range_is_refused_before_anything_is_computed():
    data = {"context": np.full((ROWS, 2), 11), "word": np.zeros(ROWS, int)}
    said = []
    for target in ("numpy", "cython"):
        model = words(target)
        start = model.parameters.flat.copy()
        with pytest.raises(sg.RangeError, match="11") as error:
            model.fit(data)
        said.append(str(error.value))
        assert (model.parameters.flat == start).all()
    assert said[0] == said[1]


def test_samples_along_a_later_axis_are_gathered():
    def make(target):
        x, w = sg.input("x", (3, "N")), sg.parameter("w", 3)
        return sg.Model(loss=sg.mean((w @ x - 1) ** 2), inputs=[x], target=target)

    assert_alike(both(make, {"x": DATA["x"].T}, epochs=3, batch_size=5))


def test_a_model_without_data_trains_natively():
    def make(target):
        w = sg.parameter("w", init=1.0)
        return sg.Model(loss=w**2, inputs=[], target=target)

    found = both(make, {}, optimizer=sg.optim.SGD(0.25), epochs=3)
    assert_alike(found)
    assert found[1][1]["loss"] == [1.0, 0.25, 0.0625]


def test_truth_values_may_be_metrics():
    def make(target):
        x, w = sg.input("x", "N"), sg.parameter("w")
        loss = sg.mean((x - w) ** 2)
        return sg.Model(loss=loss, inputs=[x], metrics={"low": loss < 1}, target=target)

    assert_alike(both(make, {"x": DATA["x"][:, 0]}, epochs=2, batch_size=5))


def test_whole_epochs_run_without_returning_to_python(monkeypatch):
    calls = []
    epochs = Sweep.epochs
    monkeypatch.setattr(
        Sweep, "epochs", lambda self, *args: calls.append(args) or epochs(self, *args)
    )
    model = dense("cython")
    history = model.fit(DATA, epochs=200, batch_size=5)

    assert history.epochs == list(range(1, 201))
    assert len(calls) < 100


def test_callbacks_see_every_epoch_and_end_the_training():
    seen = []

    def watch(model, history):
        seen.append((history.epochs[-1], model.parameters["b"].copy()))
        return len(seen) == 4

    model = dense("cython")
    history = model.fit(DATA, epochs=50, callbacks=[watch])

    assert history.stopped == "by a callback"
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4]
    assert not np.array_equal(seen[2][1], seen[3][1])


def test_a_training_that_is_resumed_ends_with_the_same_bits(tmp_path):
    settings = {"batch_size": 5, "optimizer": sg.optim.Adam(0.01), "seed": 8}
    whole = dense("cython")
    expected = whole.fit(DATA, epochs=7, **settings)
    first = dense("cython")
    start = first.fit(DATA, epochs=3, **settings)
    first.save(tmp_path / "net.safetensors")
    second = dense("cython")
    second.load(tmp_path / "net.safetensors")
    rest = second.fit(DATA, epochs=7, resume=True, **settings)

    assert start["loss"] + rest["loss"] == expected["loss"]
    assert second.parameters.flat.tobytes() == whole.parameters.flat.tobytes()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("rows", [23, 200_000])
def test_ctrl_c_at_any_time_leaves_a_training_that_goes_on_to_the_same_bits(presses, rows):
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    data = {name: np.resize(array, (rows, array.shape[1])) for name, array in DATA.items()}
    settings = {"batch_size": 5, "seed": 8, "optimizer": sg.optim.Adam(1e-4)}
    model = dense("cython")
    model.fit(data, epochs=0, **settings)

    def press():
        for _ in range(presses):
            time.sleep(0.15)
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    gc.disable()  # an interruption of a callback of the collector would belong to nobody
    try:
        thread.start()
        first = model.fit(data, epochs=10**7, **settings)
        while thread.is_alive():  # the second press, if the first was enough
            time.sleep(0.01)
    except KeyboardInterrupt:
        pass
    finally:
        thread.join()
        signal.signal(signal.SIGINT, previous)
        gc.enable()
    place = model._course.training.position
    epochs = place.epoch + 1
    rest = model.fit(data, epochs=epochs, resume=True, **settings)
    whole = dense("cython")
    expected = whole.fit(data, epochs=epochs, **settings)

    assert first.stopped == "interrupted"
    seen = first["loss"] if first.epochs else []
    assert seen == expected["loss"][: len(seen)]
    assert rest["loss"] == expected["loss"][-len(rest.epochs) :]
    assert presses == 2 or len(seen) + len(rest.epochs) == epochs
    assert model._course.training.position.step == whole._course.training.position.step
    assert model.parameters.flat.tobytes() == whole.parameters.flat.tobytes()


@pytest.mark.parametrize("watched", [True, False])
def test_numbers_that_stop_being_finite_stop_the_training_at_the_same_step(watched):
    said, flats = [], []
    for target in ("numpy", "cython"):
        model = dense(target, dtype="float32")
        callbacks = [lambda model, history: None] if watched else []
        with pytest.raises(sg.NonFiniteError, match="fit: epoch") as error:
            model.fit(
                DATA, optimizer=sg.optim.SGD(60.0), epochs=300, batch_size=5, callbacks=callbacks
            )
        said.append(str(error.value).split(":")[:2])
        flats.append(model.parameters.flat.copy())
        assert np.isfinite(flats[-1]).all()
    assert said[0] == said[1]


def test_the_bar_counts_every_step(capsys):
    dense("cython").fit(DATA, epochs=50, batch_size=5, progress=True)
    text = capsys.readouterr().err

    assert "epoch 50/50" in text
    assert "250/250" in text


def test_without_a_compiler_a_model_trains_in_numpy(monkeypatch, caplog):
    monkeypatch.setenv("CC", "no-such-compiler")
    from symgraph.codegen.native import space
    from symgraph.codegen.native.toolchain import ToolchainError

    def load(*args):
        raise ToolchainError("there is no compiler.")

    monkeypatch.setattr(space, "load", load)
    model, expected = dense("cython"), dense("numpy")
    history = model.fit(DATA, epochs=2)

    assert history["loss"] == expected.fit(DATA, epochs=2)["loss"]
    assert "uses NumPy: there is no compiler." in caplog.text


def test_an_unknown_target_is_refused():
    with pytest.raises(sg.KindError, match="target is 'gpu', and it is 'numpy' or 'cython'"):
        dense("gpu")
