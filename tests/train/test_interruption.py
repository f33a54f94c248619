"""Ctrl-C, the progress bar, and numbers that stop being finite."""

import io
import math
import os
import signal
import sys
import threading

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph.errors import NonFiniteError
from symgraph.train.position import Position


def mean_model() -> sg.Model:
    x, w = sg.input("x", "N"), sg.parameter("w")
    return sg.Model(loss=sg.mean((w - x) ** 2), inputs=[x])


DATA = {"x": np.arange(10.0)}
ADAM = sg.optim.Adam(0.1)


@pytest.fixture(autouse=True)
def python_listens_to_ctrl_c():
    # A shell starts what runs in its background with Ctrl-C ignored.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_the_training_with_the_history_so_far():
    history = mean_model().fit(
        DATA,
        epochs=10,
        callbacks=[lambda model, history: len(history.epochs) == 3 and press_ctrl_c()],
    )

    assert history.epochs == [1, 2, 3]
    assert history.stopped == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_training_left_in_the_middle_of_an_epoch_goes_on_to_the_same_bits(monkeypatch):
    settings = {"optimizer": ADAM, "epochs": 4, "batch_size": 2}
    whole = mean_model()
    expected = whole.fit(DATA, **settings)
    model, add = mean_model(), Position.add

    def add_and_interrupt(self, names, values, rows):
        add(self, names, values, rows)
        if self.step == 8:  # the third of five batches in the second epoch
            press_ctrl_c()

    monkeypatch.setattr(Position, "add", add_and_interrupt)
    first = model.fit(DATA, **settings)
    monkeypatch.undo()
    rest = model.fit(DATA, **settings, resume=True)

    assert (first.epochs, first.stopped) == ([1], "interrupted")
    assert rest.epochs == [2, 3, 4]
    assert first["loss"] + rest["loss"] == expected["loss"]
    assert model.parameters.flat.tobytes() == whole.parameters.flat.tobytes()


def test_an_epoch_under_way_is_not_resumed_with_other_settings(monkeypatch):
    model, add = mean_model(), Position.add

    def add_and_interrupt(self, names, values, rows):
        add(self, names, values, rows)
        press_ctrl_c()

    monkeypatch.setattr(Position, "add", add_and_interrupt)
    model.fit(DATA, optimizer=ADAM, batch_size=2)
    monkeypatch.undo()

    with pytest.raises(
        sg.UnsupportedError, match=r"epoch 1 was left after batch 1 with batch_size=2\. Resume it"
    ):
        model.fit(DATA, optimizer=ADAM, batch_size=3, resume=True)


def test_a_second_ctrl_c_does_not_wait():
    def twice(model, history):
        press_ctrl_c()
        press_ctrl_c()
        raise AssertionError("the second one was ignored")

    history = mean_model().fit(DATA, epochs=10, callbacks=[twice])

    assert (history.epochs, history.stopped) == ([1], "interrupted")


def test_a_handler_of_the_users_own_stays_in_place():
    pressed = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        history = mean_model().fit(
            DATA, epochs=2, callbacks=[lambda model, history: press_ctrl_c()]
        )
    finally:
        signal.signal(signal.SIGINT, previous)

    assert len(pressed) == 2
    assert (history.epochs, history.stopped) == ([1, 2], "")


def test_training_runs_in_another_thread():
    histories = []
    thread = threading.Thread(target=lambda: histories.append(mean_model().fit(DATA, epochs=2)))
    thread.start()
    thread.join()

    assert histories[0].epochs == [1, 2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "progress", "shown"),
    [
        (io.StringIO, None, False),
        (io.StringIO, True, True),
        (Terminal, None, True),
        (Terminal, False, False),
    ],
)
def test_the_bar_is_shown_on_a_terminal_or_when_asked_for(monkeypatch, stream, progress, shown):
    stderr = stream()
    monkeypatch.setattr(sys, "stderr", stderr)
    mean_model().fit(DATA, epochs=3, batch_size=5, progress=progress)
    text = stderr.getvalue()

    assert bool(text) == shown
    if shown:
        last = text.rstrip("\n").rsplit("\r", 1)[-1]
        assert "epoch 3/3" in last
        assert "6/6" in last
        assert "loss=" in last


def test_nothing_is_written_to_stdout(capsys):
    mean_model().fit(DATA, epochs=2, progress=True)

    assert capsys.readouterr().out == ""


def test_a_loss_that_becomes_nan_names_its_step_and_first_node():
    x, w = sg.input("x", "N"), sg.parameter("w", init=1.0)
    # every step takes 0.3 from w: log of a negative number in the fifth
    model = sg.Model(loss=sg.mean(x) * w + 0 * sg.log(w), inputs=[x])

    with pytest.raises(
        NonFiniteError,
        match=r"fit: epoch 2, batch 2: the loss became nan\. The first value that is not finite is "
        r"log\(w\) = nan\. The parameters are those before this step\.",
    ):
        model.fit({"x": np.full(6, 0.3)}, optimizer=sg.optim.SGD(1.0), epochs=5, batch_size=2)

    assert float(model.parameters["w"]) == pytest.approx(-0.2)
    assert math.isnan(model.step({"x": [0.3]})["loss"])


def test_the_first_infinity_and_the_first_nan_are_both_named():
    x, w = sg.input("x", "N"), sg.parameter("w", init=1.0)
    huge = sg.exp(1000 * w * x)
    model = sg.Model(loss=sg.mean(huge - huge), inputs=[x])

    with pytest.raises(
        NonFiniteError,
        match=r"is exp\(1000\*w\*x\) = inf at \(1,\); the first nan is .* = nan at \(1,\)\.",
    ):
        model.fit({"x": [0.0, 1.0]})


def test_an_infinite_constant_is_a_mask_and_not_the_cause():
    x, w = sg.input("x", "N"), sg.parameter("w", init=-1.0)
    masked = sg.sum(sg.where(sg.const([True, False]), sg.const([1.0, math.inf]), 1.0))
    model = sg.Model(loss=sg.mean(x) * sg.log(w) + 0 * masked, inputs=[x])

    with pytest.raises(NonFiniteError, match=r"not finite is log\(w\) = nan\. The parameters"):
        model.fit({"x": [1.0]})


def test_a_gradient_that_is_not_finite_is_found_though_the_loss_is():
    w, v = sg.parameter("w", init=0.0), sg.parameter("v", init=1.0)
    model = sg.Model(loss=sg.sqrt(w) + v**2, inputs=[])

    with pytest.raises(
        NonFiniteError, match=r"epoch 1, batch 1: the loss is 1, and the new value of w is not fin"
    ):
        model.fit({}, optimizer=sg.optim.SGD(0.1), epochs=3)

    assert float(model.parameters["w"]) == 0.0
    assert float(model.parameters["v"]) == 1.0


def test_the_step_that_broke_the_parameters_is_found_after_the_loss_showed_it():
    w, u = sg.parameter("w", init=4.0), sg.parameter("u", init=100.0)
    # w is 4, 3, 2, 1, 0: the derivative by u is 0/0 in the fifth step, the loss nan in the sixth
    x = sg.input("x", "N")
    model = sg.Model(loss=sg.mean(x) * w + sg.sqrt(u * sg.stop_gradient(w)), inputs=[x])

    with pytest.raises(
        NonFiniteError, match=r"epoch 1, batch 5: the loss is 0, and the new value of u is not fin"
    ):
        model.fit({"x": np.ones(8)}, optimizer=sg.optim.SGD(1.0), batch_size=1)

    assert float(model.parameters["w"]) == 0.0
    assert 99 < float(model.parameters["u"]) < 100


def test_float32_values_that_overflow_say_so():
    w = sg.parameter("w", init=1e30)
    model = sg.Model(loss=w**2, inputs=[], dtype="float32")

    with pytest.raises(NonFiniteError, match=r"w\*\*2 = inf|too large for float32"):
        model.fit({})


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
@pytest.mark.parametrize("batch_size", [2, 3, None])
def test_the_sample_that_breaks_a_step_is_named_by_its_place_in_the_data(target, batch_size):
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", init=1.0)
    data = np.ones((7, 2))
    data[5, 1] = -2.0
    model = sg.Model(loss=sg.mean(sg.log(w * x)), inputs=[x], target=target)

    with pytest.raises(
        NonFiniteError,
        match=r"fit: epoch 1, batch \d: .* is log\(.*\) = nan at \(\d, 1\)\. This is sample 5 of",
    ):
        model.fit({"x": data}, batch_size=batch_size)
    assert float(model.parameters["w"]) > 0


def test_data_that_are_not_finite_are_found_in_the_step_when_nobody_looked_before():
    x, w = sg.input("x", "N"), sg.parameter("w")
    model = sg.Model(loss=sg.mean((w - x) ** 2), inputs=[x])

    with pytest.raises(
        NonFiniteError, match=r"batch 1: .* is 'x' = inf at \(1,\)\. This is sample 1 of the data"
    ):
        model.fit({"x": [0.0, np.inf, np.nan]}, shuffle=False, check_finite=False)


def test_nothing_that_is_not_finite_gets_into_a_checkpoint(tmp_path):
    x, w = sg.input("x", "N"), sg.parameter("w", init=1.0)
    # every step takes 0.3 from w: log of a negative number in the fifth, the second of epoch 2
    model = sg.Model(loss=sg.mean(x) * w + 0 * sg.log(w), inputs=[x])
    options = {"optimizer": sg.optim.SGD(1.0), "batch_size": 2, "checkpoint": tmp_path}
    with pytest.raises(NonFiniteError, match="epoch 2, batch 2"):
        model.fit({"x": np.full(6, 0.3)}, epochs=5, **options)

    assert [path.name for path in tmp_path.iterdir()] == ["step-000000003.safetensors"]
    model.load(tmp_path)
    assert float(model.parameters["w"]) == pytest.approx(0.1)

    def spoil(model, history):
        model.parameters["w"] = np.inf

    with pytest.raises(NonFiniteError, match=r"parameter 'w' is inf at \(\), which a callback has"):
        mean_model().fit(DATA, checkpoint=tmp_path / "b", callbacks=[spoil])
    assert list((tmp_path / "b").iterdir()) == []


@needs_c_compiler
def test_native_epochs_that_stop_being_finite_leave_the_checkpoint_before(tmp_path):
    x, w = sg.input("x", "N"), sg.parameter("w", init=1.0)
    # every step takes 1/500 from w, which is negative within epoch 167
    model = sg.Model(loss=sg.mean(x) * w + 0 * sg.log(w), inputs=[x], target="cython")
    with pytest.raises(NonFiniteError, match="epoch 167, batch"):
        model.fit(
            {"x": np.full(6, 1.0)}, optimizer=sg.optim.SGD(0.002), epochs=300, batch_size=2,
            checkpoint=tmp_path, every=10,
        )  # fmt: skip

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-000000450.safetensors", "step-000000480.safetensors",
    ]  # fmt: skip
