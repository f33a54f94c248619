"""Checkpoints in a folder: going on to the same bits, damage, other models, other processes."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.errors import (
    KindError,
    NonFiniteError,
    RangeError,
    StorageError,
    UnsupportedError,
)
from symgraph.train.position import Position
from symgraph.train.run_folder import RunFolder

RNG = np.random.default_rng(7)
ROWS = 23
DATA = {"x": RNG.normal(size=(ROWS, 3)), "y": RNG.normal(size=(ROWS, 2))}
ADAM = sg.optim.Adam(0.01)
PLAIN = {"optimizer": ADAM, "batch_size": 5}


def net(target="numpy", width=4, **options):
    """Dropout by `key`, a running mean and a metric: all that a training remembers."""
    x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 2))
    training, key = sg.training(), sg.key()
    W, V, running = sg.parameter("W", (3, width)), sg.parameter("V", (width, 2)), sg.state("r", 3)
    h = sg.tanh((x - running) @ W)
    kept = sg.where(training, sg.where(sg.uniform(key, ("N", width)) < 0.25, 0, h / 0.75), h)
    out = kept @ V
    return sg.Model(
        loss=sg.mean((out - y) ** 2), inputs=[x, y, training, key], outputs={"out": out},
        metrics={"mae": sg.mean(sg.abs(out - y))},
        updates={running: 0.9 * running + 0.1 * sg.mean(x, axis=0)}, target=target, **options,
    )  # fmt: skip


def same(first, second):
    """Whether all that two models have learnt is equal in every bit."""
    return all(
        a.flat.tobytes() == b.flat.tobytes()
        for a, b in ((first.parameters, second.parameters), (first.states, second.states))
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Patience:
    """A callback with a memory: it halves the rate after two epochs without a better loss."""

    def __init__(self):
        self.best, self.waited = np.inf, 0

    def __call__(self, model, history):
        better = history["val_loss"][-1] < self.best - 0.01
        self.best, self.waited = (
            min(self.best, history["val_loss"][-1]),
            0 if better else self.waited + 1,
        )
        if self.waited == 2:
            model.learning_rate, self.waited = model.learning_rate / 2, 0

    def state(self):
        return {"best": np.array(self.best), "waited": np.array(self.waited)}

    def take_up(self, kept):
        self.best, self.waited = float(kept["best"]), int(kept["waited"])


OPTIMIZERS = {
    "adam": ADAM,
    "momentum": sg.optim.Momentum(0.05),
    "nesterov": sg.optim.Nesterov(0.05),
    "schedule": sg.optim.AdamW(sg.optim.warmup(sg.optim.cosine_decay(0.05, 40), 7)),
    "sgd": sg.optim.SGD(0.1),
}


NATIVE = {"target": "cython"}
COMBINATIONS = [
    *(pytest.param(name, {}, id=name) for name in OPTIMIZERS),
    pytest.param("adam", {"dtype": "float32"}, id="adam in float32"),
    pytest.param("momentum", NATIVE, id="native", marks=needs_c_compiler),
    pytest.param("adam", {**NATIVE, "threads": 2}, id="two threads", marks=needs_c_compiler),
    pytest.param(
        "schedule", {**NATIVE, "dtype": "float32"}, id="native float32", marks=needs_c_compiler
    ),
]


@pytest.mark.parametrize(("optimizer", "how"), COMBINATIONS)
def test_three_calls_give_the_bits_of_one(tmp_path, optimizer, how):
    options = {"optimizer": OPTIMIZERS[optimizer], "batch_size": 5, "clip_norm": 1.0}
    whole = net(**how)
    expected = whole.fit(DATA, epochs=7, **options)
    for epochs in (2, 3, 7):
        model = net(**how)
        history = model.fit(
            DATA, epochs=epochs, **options, checkpoint=tmp_path / "run", resume=True
        )

    assert same(model, whole)
    assert history.to_dict() == expected.to_dict()
    assert names(tmp_path / "run") == ["step-000000030.safetensors", "step-000000035.safetensors"]


def test_validation_and_the_memory_of_callbacks_go_on(tmp_path):
    options = {**PLAIN, "validation": 0.3, "seed": 5}
    whole = net()
    expected = whole.fit(DATA, epochs=30, callbacks=[Patience()], **options)
    for epochs in (4, 9, 30):
        model, callbacks = net(), [Patience()]
        history = model.fit(
            DATA, epochs=epochs, callbacks=callbacks, checkpoint=tmp_path, resume=True, **options
        )

    assert whole.learning_rate < ADAM.learning_rate
    assert model.learning_rate == whole.learning_rate
    assert history.to_dict() == expected.to_dict()
    assert same(model, whole)


def interrupted_at(step, number):
    """A stand-in for `Position.add` that sends the signal once, after so many steps."""
    add = Position.add

    def add_and_interrupt(self, *given):
        add(self, *given)
        if self.step == step:
            os.kill(os.getpid(), number)

    return add_and_interrupt


@pytest.fixture
def python_listens_to_signals():
    previous = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGTERM: signal.signal(signal.SIGTERM, signal.SIG_DFL),
    }
    yield
    for number, handler in previous.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("step", [1, 7, 10, 33, 35])
@pytest.mark.usefixtures("python_listens_to_signals")
def test_ctrl_c_in_the_middle_of_an_epoch_keeps_what_was_done(tmp_path, monkeypatch, caplog, step):
    whole, model, later = net(), net(), net()
    expected = whole.fit(DATA, epochs=7, **PLAIN)
    with monkeypatch.context() as patch:
        patch.setattr(Position, "add", interrupted_at(step, signal.SIGINT))
        left = model.fit(DATA, epochs=7, checkpoint=tmp_path, every=3, **PLAIN)

    assert left.stopped == "interrupted"
    assert names(tmp_path)[-1] == f"step-{step:09d}.safetensors"
    place = f"in epoch {-(-step // 5)} after step {step}"
    kept = str(tmp_path / f"step-{step:09d}.safetensors")
    assert caplog.messages == [
        f"fit: interrupted {place}, which {kept!r} holds; resume=True goes on."
    ]
    history = later.fit(DATA, epochs=7, checkpoint=tmp_path, every=3, resume=True, **PLAIN)
    assert same(later, whole)
    assert history.to_dict() == expected.to_dict()
    assert history.stopped == ""


@pytest.mark.usefixtures("python_listens_to_signals")
def test_a_shutdown_keeps_what_was_done_and_ends_the_process(tmp_path, monkeypatch):
    whole, later = net(), net()
    whole.fit(DATA, epochs=3, **PLAIN)
    with monkeypatch.context() as patch:
        patch.setattr(Position, "add", interrupted_at(8, signal.SIGTERM))
        with pytest.raises(SystemExit, match="143"):
            net().fit(DATA, epochs=3, checkpoint=tmp_path, **PLAIN)

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert names(tmp_path)[-1] == "step-000000008.safetensors"
    later.fit(DATA, epochs=3, checkpoint=tmp_path, resume=True, **PLAIN)
    assert same(later, whole)


@needs_c_compiler
@pytest.mark.usefixtures("python_listens_to_signals")
def test_a_native_training_left_in_the_middle_of_an_epoch_goes_on(tmp_path, monkeypatch):
    whole, model, later = (net("cython") for _ in range(3))
    expected = whole.fit(DATA, epochs=9, **PLAIN)
    setter = Position.set

    def set_and_interrupt(self, *given):
        setter(self, *given)
        if self.step >= 5:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("symgraph.train.sweep.SECONDS", 0.0)  # one batch in a call
        patch.setattr(Position, "set", set_and_interrupt)
        left = model.fit(DATA, epochs=9, checkpoint=tmp_path, every=4, **PLAIN)

    assert left.stopped == "interrupted"
    history = later.fit(DATA, epochs=9, checkpoint=tmp_path, every=4, resume=True, **PLAIN)
    assert same(later, whole)
    assert history.to_dict() == expected.to_dict()


@needs_c_compiler
def test_whole_epochs_in_native_code_stop_at_every_checkpoint(tmp_path):
    model = net("cython")
    model.fit(DATA, epochs=20, checkpoint=tmp_path, every=7, **PLAIN)

    assert names(tmp_path) == ["step-000000070.safetensors", "step-000000100.safetensors"]


def test_every_says_after_how_many_epochs_a_checkpoint_is_written(tmp_path):
    kept = []

    def look(model, history):
        kept.append(names(tmp_path))

    net().fit(DATA, epochs=8, every=3, checkpoint=tmp_path, callbacks=[look], **PLAIN)

    assert [len(found) for found in kept] == [0, 0, 0, 1, 1, 1, 2, 2]
    assert names(tmp_path) == ["step-000000030.safetensors", "step-000000040.safetensors"]


def batches_of(data):
    return [{name: array[at : at + 5] for name, array in data.items()} for at in range(0, ROWS, 5)]


@pytest.mark.parametrize("every", ["1 step", "3 steps", "7 steps", "1000 steps"])
@pytest.mark.parametrize(
    ("target", "data"),
    [("numpy", DATA), ("numpy", batches_of(DATA)),
     pytest.param("cython", DATA, marks=needs_c_compiler)],
    ids=["numpy", "batches", "cython"],
)  # fmt: skip
def test_a_training_goes_on_from_any_step_to_the_same_bits(
    tmp_path, monkeypatch, target, data, every
):
    options, copies = {**PLAIN, "epochs": 3}, []
    whole = net(target)
    expected = whole.fit(data, **options)
    save = RunFolder.save

    def save_and_copy(self, step, checkpoint):
        save(self, step, checkpoint)
        copies.append(tmp_path / f"at {step} of epoch {checkpoint.position.epoch}")
        shutil.copytree(tmp_path / "run", copies[-1])

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "save", save_and_copy)
        net(target).fit(data, checkpoint=tmp_path / "run", every=every, **options)

    steps = int(every.split()[0])
    seen = [int(one.name.split()[1]) for one in copies]
    assert sorted({*range(steps, 16, steps), 15}) == sorted({*seen})  # the last epoch ends at 15
    for folder in [copies[0], copies[len(copies) // 2], copies[-1]]:
        later = net(target)
        history = later.fit(data, checkpoint=folder, every=every, resume=True, **options)
        assert same(later, whole)
        assert history.to_dict() == expected.to_dict()


def test_what_is_not_finite_is_found_before_a_checkpoint_in_an_epoch(tmp_path):
    w = sg.parameter("w", init=4.0)
    x = sg.input("x", "N")
    model = sg.Model(loss=sg.mean(x) * w + 0 * sg.sqrt(w), inputs=[x])  # w is 4, 3, 2, 1, 0, -1
    settings = {"optimizer": sg.optim.SGD(1.0), "batch_size": 1, "shuffle": False}
    with pytest.raises(NonFiniteError, match="epoch 1, batch 6"):
        model.fit({"x": np.ones(9)}, checkpoint=tmp_path, every="3 steps", **settings)

    assert names(tmp_path) == ["step-000000003.safetensors"]
    assert float(model.parameters["w"]) == -1.0


def test_a_folder_that_is_empty_or_missing_begins_anew(tmp_path):
    whole, model = net(), net()
    expected = whole.fit(DATA, epochs=2, **PLAIN)
    history = model.fit(DATA, epochs=2, checkpoint=tmp_path / "a" / "b", resume=True, **PLAIN)

    assert history.to_dict() == expected.to_dict()
    assert same(model, whole)


def test_a_callback_may_go_to_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    net().fit(
        DATA, checkpoint="run", callbacks=[lambda m, h: os.chdir(tmp_path / "other")], **PLAIN
    )

    assert names(tmp_path / "run") == ["step-000000005.safetensors"]
    assert names(tmp_path / "other") == []


def test_a_training_that_is_done_gives_its_history_and_its_parameters(tmp_path):
    first, second = net(), net()
    expected = first.fit(DATA, epochs=3, checkpoint=tmp_path, **PLAIN)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    history = second.fit(DATA, epochs=3, checkpoint=tmp_path, resume=True, **PLAIN)

    assert history.to_dict() == expected.to_dict()
    assert same(first, second)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_training_that_a_callback_ended_stays_ended_until_there_are_more_epochs(tmp_path):
    def third(model, history):
        return len(history.epochs) == 3

    options = {**PLAIN, "callbacks": [third], "checkpoint": tmp_path, "every": 10}
    first = net().fit(DATA, epochs=5, **options)
    again = net().fit(DATA, epochs=5, resume=True, **options)
    more = net().fit(DATA, epochs=6, resume=True, **options)

    assert (first.epochs, first.stopped) == ([1, 2, 3], "by a callback")
    assert (again.epochs, again.stopped) == ([1, 2, 3], "by a callback")
    assert (more.epochs, more.stopped) == ([1, 2, 3, 4, 5, 6], "")


def test_a_training_that_is_done_needs_no_right_to_write(tmp_path, monkeypatch):
    def second(model, history):
        return len(history.epochs) == 2

    net().fit(DATA, epochs=3, checkpoint=tmp_path / "a", **PLAIN)
    net().fit(DATA, epochs=3, checkpoint=tmp_path / "b", callbacks=[second], **PLAIN)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    done = net().fit(DATA, epochs=3, checkpoint=tmp_path / "a", resume=True, **PLAIN)
    ended = net().fit(DATA, epochs=3, checkpoint=tmp_path / "b", resume=True, **PLAIN)

    assert (done.epochs, done.stopped) == ([1, 2, 3], "")
    assert (ended.epochs, ended.stopped) == ([1, 2], "by a callback")
    with pytest.raises(StorageError, match="is read-only"):
        net().fit(DATA, epochs=4, checkpoint=tmp_path / "a", resume=True, **PLAIN)


def test_the_folder_of_another_training_is_not_overwritten(tmp_path):
    net().fit(DATA, epochs=2, checkpoint=tmp_path, **PLAIN)
    model = net()

    with pytest.raises(
        UnsupportedError,
        match=r"holds the checkpoints of a training, up to 'step-000000010\.safetensors', and this "
        r"one would begin anew\. Go on with that one by resume=True",
    ):
        model.fit(DATA, epochs=2, checkpoint=tmp_path, **PLAIN)
    assert same(model, net())


# --- damage ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    net().fit(DATA, epochs=3, checkpoint=folder, **PLAIN)
    return folder


def damaged(kept, folder, change):
    """A copy of the folder whose last file was changed."""
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    last = sorted(folder.glob("step-*"))[-1]
    last.write_bytes(change(last.read_bytes()))
    return last


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text[: len(text) // 2], "header|buffer|offset|Invalid|incomplete"),
        (lambda text: b"", "header|small|empty"),
        (lambda text: b"nonsense" * 100, "header|large"),
        (lambda text: text[:-1] + bytes([text[-1] ^ 1]), "its bytes have changed since"),
        (lambda text: safetensors.numpy.save({"a": np.ones(2)}), "it is no checkpoint of symgraph"),
    ],
)
def test_a_damaged_or_foreign_file_is_named_and_the_one_before_is_used(
    kept, tmp_path, caplog, change, why
):
    whole, model = net(), net()
    expected = whole.fit(DATA, epochs=5, **PLAIN)
    last = damaged(kept, tmp_path, change)
    history = model.fit(DATA, epochs=5, checkpoint=tmp_path, resume=True, **PLAIN)

    (line,) = caplog.messages
    assert "\n" not in line
    assert str(last) in line
    assert "step-000000010.safetensors" in line
    assert re.search(why, line)
    assert same(model, whole)
    assert history.to_dict() == expected.to_dict()
    assert names(tmp_path) == [
        "step-000000015.safetensors.damaged",
        "step-000000020.safetensors",
        "step-000000025.safetensors",
    ]


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_bit_of_a_checkpoint_changes_unseen(kept, tmp_path_factory, place, bit):
    folder = tmp_path_factory.mktemp("flipped")

    def flip(text):
        changed = bytearray(text)
        changed[int(place * len(text))] ^= 1 << bit
        return bytes(changed)

    damaged(kept, folder, flip)
    model, before = net(), net()
    model.load(folder)
    before.load(kept / "step-000000010.safetensors")
    whole = net()
    whole.load(kept / "step-000000015.safetensors")

    assert same(model, before) or same(model, whole)


def test_when_no_file_is_whole_all_are_named(kept, tmp_path):
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.iterdir():
        path.write_bytes(b"x")

    with pytest.raises(
        UnsupportedError,
        match=r"holds no checkpoint that can be read \('step-000000015\.safetensors': .*"
        r"'step-000000010\.safetensors': ",
    ):
        net().fit(DATA, epochs=5, checkpoint=tmp_path, resume=True, **PLAIN)
    assert len(names(tmp_path)) == 2


def test_a_stranger_in_the_folder_is_told_and_left_alone(tmp_path, caplog):
    safetensors.numpy.save_file({"a": np.ones(2)}, tmp_path / "theirs.safetensors")
    (tmp_path / "notes.txt").write_text("mine")
    net().save(tmp_path / "best.safetensors")
    net().fit(DATA, checkpoint=tmp_path, resume=True, **PLAIN)

    (line,) = caplog.messages
    assert "theirs.safetensors' is no file of symgraph" in line
    assert len(names(tmp_path)) == 4


def test_what_a_checkpoint_says_is_not_trusted(kept, tmp_path):
    from symgraph.train.checkpoint import Checkpoint

    found = Checkpoint.read(kept / "step-000000015.safetensors")
    for name, value in (
        ("training", {}), ("training", {"position": {"epoch": -1}}), ("plan", {"epochs": "3"}),
        ("columns", []), ("columns", 3), ("columns", ["epoch", "a"]), ("columns", ["loss"]),
        ("identity", None), ("marks", []),
    ):  # fmt: skip
        Checkpoint(found.groups, {**found.facts, name: value}).write(tmp_path / "a.safetensors")
        with pytest.raises(UnsupportedError, match="what it says about the training cannot be"):
            net().load(tmp_path / "a.safetensors")


# --- another model, another machine ---------------------------------------------------------------


def squared(name="w", init=0.0, shape=(), power=2, **options):
    x, w = sg.input("x", "N"), sg.parameter(name, shape, init=init)
    return sg.Model(loss=sg.mean((sg.sum(w) - x) ** power), inputs=[x], **options)


LINE = {"x": np.arange(6.0)}


@pytest.mark.parametrize(
    ("other", "changes", "message"),
    [
        (squared("v"), {}, r"Its parameter 'w': of shape \(\); this one's: none\."),
        (squared(shape=(2,)), {}, r"Its parameter 'w': of shape \(\); this one's: of shape \(2,\)"),
        (
            squared(power=4),
            {},
            r"Its formulas: another 'loss'; this one's: another 'loss'\.",
        ),
        (squared(dtype="float32"), {}, r"Its dtype: float64; this one's: float32\."),
        (
            squared(),
            {"optimizer": sg.optim.SGD(0.1)},
            "optimizer Adam, .*; this one's: optimizer SGD, ",
        ),
        (
            squared(),
            {"clip_norm": 1.0},
            r"clipping: clip_norm of fit None; this one's: clip_norm of fit 1\.0\. Go on",
        ),
        (
            squared(),
            {"optimizer": sg.optim.Adam(0.1, beta1=0.8)},
            r"clipping: beta1 0\.9; this one's: beta1 0\.8\. Go on",
        ),
        (
            squared(metrics={"m": sg.input("x", "N")[0]}),
            {},
            r"Its formulas: m missing; this one's: another 'm'\. Go on",
        ),
    ],
)
def test_the_folder_of_another_model_is_refused(tmp_path, other, changes, message):
    squared().fit(LINE, checkpoint=tmp_path, optimizer=ADAM)
    before = names(tmp_path)

    with pytest.raises(UnsupportedError, match=rf"is a checkpoint of another model\. .*{message}"):
        other.fit(
            LINE, epochs=2, checkpoint=tmp_path, resume=True, **{"optimizer": ADAM, **changes}
        )
    assert names(tmp_path) == before


def test_another_number_of_threads_or_samples_is_told_in_a_line(tmp_path, caplog):
    squared().fit(LINE, checkpoint=tmp_path, optimizer=ADAM)
    squared(threads=2).fit(LINE, epochs=2, checkpoint=tmp_path, optimizer=ADAM, resume=True)

    (line,) = caplog.messages
    assert re.search(r"was made with threads 1 \(here 2\).*last bits", line)
    caplog.clear()
    squared(threads=2).fit(
        {"x": np.arange(5.0)}, epochs=3, checkpoint=tmp_path, optimizer=ADAM, resume=True, seed=1
    )
    (line,) = caplog.messages
    assert re.search(
        r"with seed 0 \(here 1\), rows 6 \(here 5\), other data: .*batches may dif", line
    )


def test_other_data_are_told_in_a_line(tmp_path, caplog):
    squared().fit(LINE, checkpoint=tmp_path, optimizer=ADAM)
    squared().fit({"x": LINE["x"] + 1}, epochs=2, checkpoint=tmp_path, optimizer=ADAM, resume=True)

    (line,) = caplog.messages
    assert re.search(r"was made with other data: going on", line)


def test_values_that_were_not_measured_before_are_nan_in_the_history_so_far(tmp_path):
    squared().fit(LINE, checkpoint=tmp_path, optimizer=ADAM)
    options = {"checkpoint": tmp_path, "optimizer": ADAM, "resume": True}
    squared().fit(LINE, epochs=2, validation=LINE, **options)
    history = squared().fit(LINE, epochs=3, **options)

    assert np.isnan(history["val_loss"]).tolist() == [True, False, True]


def test_a_rate_that_is_another_number_is_taken_when_going_on(tmp_path, caplog):
    model = squared()
    squared().fit(LINE, checkpoint=tmp_path, optimizer=ADAM)
    model.fit(LINE, epochs=2, checkpoint=tmp_path, optimizer=sg.optim.Adam(0.5), resume=True)

    assert model.learning_rate == 0.5
    (line,) = caplog.messages
    assert re.search(r"was made with the rate η 0\.01 \(here 0\.5\): going on with that", line)


def test_fewer_epochs_than_there_are_already_are_told(tmp_path, caplog):
    squared().fit(LINE, epochs=3, checkpoint=tmp_path, optimizer=ADAM)
    history = squared().fit(LINE, epochs=2, checkpoint=tmp_path, optimizer=ADAM, resume=True)

    assert len(history["loss"]) == 3
    (line,) = caplog.messages
    assert re.search("holds 3 epochs, and epochs is 2: nothing is left to train", line)
    caplog.clear()
    squared().fit(LINE, epochs=3, checkpoint=tmp_path, optimizer=ADAM, resume=True)
    assert caplog.messages == []


def test_a_model_is_loaded_from_a_folder_and_from_one_checkpoint(kept, tmp_path):
    trained, last, before, again = net(), net(), net(), net()
    trained.fit(DATA, epochs=3, **PLAIN)
    last.load(kept)
    before.load(kept / "step-000000010.safetensors")

    assert same(last, trained)
    assert not same(before, trained)
    before.fit(DATA, epochs=3, resume=True, **PLAIN)  # its slots and its place came along
    assert same(before, trained)
    with pytest.raises(UnsupportedError, match=r"holds no checkpoint\. Name a file"):
        again.load(tmp_path)


def test_a_checkpoint_is_read_without_symgraph(kept):
    arrays = safetensors.numpy.load_file(kept / "step-000000015.safetensors")

    assert arrays["parameters/W"].shape == (3, 4)
    assert arrays["history/epoch"].tolist() == [1, 2, 3]
    assert {"slots/m_W", "slots/v_V", "slots/η", "states/r", "history/mae"} <= set(arrays)


@pytest.mark.parametrize("name", ["a/b", "history/loss", "callback/0/x", "权重", "__w__"])
def test_any_name_comes_back(tmp_path, name):
    squared(name, init=3.0).fit(LINE, checkpoint=tmp_path, optimizer=sg.optim.SGD(0.0))
    model = squared(name)
    model.load(tmp_path)

    assert float(model.parameters[name]) == 3.0


# --- one folder, one training ---------------------------------------------------------------------


def test_two_trainings_do_not_share_a_folder(tmp_path):
    def second(model, history):
        with pytest.raises(StorageError, match=r"is in use by (another )?process"):
            squared().fit(LINE, checkpoint=tmp_path, resume=True)

    squared().fit(LINE, checkpoint=tmp_path, callbacks=[second])
    squared().fit(LINE, checkpoint=tmp_path, resume=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is a thing of POSIX")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_that_outlives_a_training_does_not_hold_its_folder(tmp_path):
    read, write = os.pipe()
    children = []

    def fork(model, history):
        child = os.fork()
        if child == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
        children.append(child)

    squared().fit(LINE, checkpoint=tmp_path, callbacks=[fork])
    squared().fit(LINE, epochs=2, checkpoint=tmp_path, resume=True)
    os.close(write)
    os.close(read)
    assert [os.waitpid(child, 0)[1] for child in children] == [0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is a thing of POSIX")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_that_was_forked_writes_no_checkpoint(tmp_path):
    child = []

    def fork(model, history):
        child.append(os.fork())

    try:
        squared().fit(LINE, checkpoint=tmp_path, callbacks=[fork])
    except StorageError as error:
        os._exit(0 if "belongs to the process that this one was forked from" in str(error) else 1)
    assert os.waitpid(child[0], 0)[1] == 0
    assert names(tmp_path) == ["step-000000001.safetensors"]


SCRIPT = """
import sys
sys.path[:0] = [{tests!r}, {tests!r} + '/..']
from test_checkpoint import DATA, PLAIN, net
net().fit(DATA, epochs=3, checkpoint=sys.argv[1], **PLAIN)
net("cython", threads=2).fit(DATA, epochs=3, checkpoint=sys.argv[1] + "/native", **PLAIN)
"""


def test_a_process_with_another_hash_seed_writes_the_same_bytes(kept, tmp_path):
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        check=True, env={**os.environ, "PYTHONHASHSEED": seed},
    )  # fmt: skip

    net("cython", threads=2).fit(DATA, epochs=3, checkpoint=tmp_path / "here", **PLAIN)
    for ours, theirs in ((kept, tmp_path), (tmp_path / "here", tmp_path / "native")):
        for name in ("step-000000010.safetensors", "step-000000015.safetensors"):
            assert (theirs / name).read_bytes() == (ours / name).read_bytes()


# --- settings -------------------------------------------------------------------------------------


def test_wrong_settings_are_refused(tmp_path):
    def refused(error, message, **given):
        with pytest.raises(error, match=message):
            squared().fit(LINE, **{"checkpoint": tmp_path, **given})

    refused(KindError, r"checkpoint is 3, and it is the path of a folder", checkpoint=3)
    refused(KindError, r"checkpoint is '', and it is the path", checkpoint="")
    for every in (
        "1",
        "steps",
        "x steps",
        "-3 steps",
        "2.5 steps",
        "3 minutes",
        1.5,
        None,
        b"1 step",
    ):
        refused(KindError, r"and it is a number of epochs, or text such as '500 st", every=every)
    refused(RangeError, r"every is '0 steps', and it must be 1 or more", every="0 steps")
    refused(KindError, r"every is True", every=True)
    refused(RangeError, r"every is 0, and it must be 1 or more", every=0)
    (tmp_path / "file").write_text("")
    refused(
        StorageError,
        r"'.*file' for checkpoints cannot be used: File exists",
        checkpoint=tmp_path / "file",
    )

    class Talker:
        def __init__(self, kept):
            self.kept = kept

        def __call__(self, model, history):
            pass

        def state(self):
            return self.kept

        def take_up(self, kept):
            pass

    texts, listed = Talker({"text": np.array(["a"])}), Talker([1.0])
    refused(KindError, r"'text' in the state of callback Talker has dtype <U1", callbacks=[texts])
    refused(KindError, r"the state of callback Talker is a list, and", callbacks=[listed])


SIZES = st.lists(st.sampled_from([1, 2, 3, 5, 7]), max_size=3).map(tuple)


@settings(max_examples=25, deadline=None)
@given(
    shapes=st.lists(SIZES, min_size=1, max_size=3),
    rows=st.integers(1, 11),
    batch_size=st.sampled_from([None, 1, 2, 3, 7]),
    epochs=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    shuffle=st.booleans(),
    dtype=st.sampled_from(["float64", "float32"]),
)
def test_any_shapes_and_batches_go_on_to_the_same_bits(
    tmp_path_factory, shapes, rows, batch_size, epochs, shuffle, dtype
):
    def make():
        x = sg.input("x", "N")
        weights = [sg.parameter(f"w{k}", shape) for k, shape in enumerate(shapes)]
        total = sum((sg.sum(sg.tanh(w)) for w in weights), start=0.0)
        return sg.Model(loss=sg.mean((total - x) ** 2), inputs=[x], dtype=dtype)

    options = {"optimizer": ADAM, "batch_size": batch_size, "shuffle": shuffle, "seed": rows}
    folder, data = tmp_path_factory.mktemp("any"), {"x": np.linspace(-1, 2, rows)}
    whole, model = make(), make()
    expected = whole.fit(data, epochs=sum(epochs), **options)
    make().fit(data, epochs=epochs[0], checkpoint=folder, **options)
    history = model.fit(data, epochs=sum(epochs), checkpoint=folder, resume=True, **options)

    assert same(model, whole)
    assert history.to_dict() == expected.to_dict()
