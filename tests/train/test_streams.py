"""Batches from generators, lists and functions, and learning from data as they come in."""

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph.errors import (
    KindError,
    NonFiniteError,
    RangeError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)

TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]
RNG = np.random.default_rng(6)
DATA = {"x": RNG.normal(size=(11, 3)), "y": RNG.normal(size=(11, 2))}
PARTS = [{name: array[i : i + 4] for name, array in DATA.items()} for i in (0, 4, 8)]
SETTINGS = {"optimizer": sg.optim.Adam(0.05), "epochs": 3}


def model_of(target="numpy") -> sg.Model:
    x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 2))
    out = sg.tanh(x @ sg.parameter("W", (3, 2))) + sg.parameter("b", 2)
    return sg.Model(
        sg.mean_squared_error(out, y), [x, y], {"out": out},
        metrics={"r2": sg.metrics.r2(out, y)}, target=target,
    )  # fmt: skip


def of_arrays(target):
    model = model_of(target)
    history = model.fit(DATA, batch_size=4, shuffle=False, **SETTINGS)
    return model, history.to_dict()


def same(model, history, target):
    whole, expected = of_arrays(target)
    for name in expected:
        np.testing.assert_allclose(history.to_dict()[name], expected[name], rtol=1e-13)
    np.testing.assert_allclose(model.parameters.flat, whole.parameters.flat, rtol=1e-13)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "make",
    [lambda: PARTS, lambda: tuple(PARTS), lambda: lambda: iter(PARTS), lambda: Again()],
    ids=["list", "tuple", "function", "iterable"],
)
def test_batches_train_as_the_arrays_they_are_cut_from(make, target):
    model = model_of(target)

    same(model, model.fit(make(), **SETTINGS), target)


class Again:
    """Something that can be iterated again and again."""

    def __iter__(self):
        return iter(PARTS)


def test_a_generator_lasts_for_one_epoch():
    model = model_of()
    model.fit((part for part in PARTS), optimizer=SETTINGS["optimizer"])

    with pytest.raises(UnsupportedError, match="the iterator is used up after 1 of the epochs"):
        model.fit((part for part in PARTS), **SETTINGS)


def test_batches_may_have_sequences_of_different_length():
    x, w = sg.input("x", ("T", "N")), sg.parameter("w", init=1.0)
    mask = sg.input("mask", ("T", "N"), kind="boolean")
    model = sg.Model(sg.weighted_mean((w * x) ** 2, mask), [x, mask], batch="N")
    short, long = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0], [9.0]])
    parts = [
        {"x": short, "mask": [[True, True]]},
        {"x": long, "mask": [[True], [True], [False]]},
    ]

    history = model.fit(parts, optimizer=sg.optim.SGD(0.0))

    assert history["loss"] == [(1 + 4 + 9 + 16) / 4]
    assert model.evaluate(parts)["loss"] == 7.5


@pytest.mark.parametrize("target", TARGETS)
def test_batches_are_measured_and_predicted_as_a_whole(target):
    model = model_of(target)

    assert model.evaluate(PARTS) == pytest.approx(model.evaluate(DATA), rel=1e-12)
    np.testing.assert_allclose(
        model.predict(lambda: PARTS)["out"], model.predict(DATA)["out"], rtol=1e-13
    )
    history = model.fit(PARTS, validation=PARTS, **SETTINGS)
    expected = model_of(target).fit(DATA, validation=DATA, batch_size=4, shuffle=False, **SETTINGS)
    for name in expected:
        assert history[name] == pytest.approx(expected[name], rel=1e-12)


def test_an_interrupted_epoch_of_batches_goes_on_behind_the_last_one():
    def interrupted():
        yield PARTS[0]
        import signal

        signal.raise_signal(signal.SIGINT)
        yield PARTS[1]

    model = model_of()
    history = model.fit(interrupted(), **SETTINGS)
    assert history.stopped == "interrupted"
    rest = model.fit(PARTS, resume=True, **SETTINGS)

    assert rest.epochs == [1, 2, 3]
    same(model, rest, "numpy")


def test_batches_go_on_from_a_checkpoint_to_the_same_bits(tmp_path):
    whole, cut, rest = model_of(), model_of(), model_of()
    settings = {**SETTINGS, "callbacks": [sg.callbacks.EarlyStopping("loss", patience=9)]}
    history = whole.fit(PARTS, **settings)
    cut.fit(PARTS, **{**settings, "epochs": 2}, checkpoint=tmp_path / "run")

    found = rest.fit(PARTS, **settings, checkpoint=tmp_path / "run", resume=True)

    assert found.to_dict() == history.to_dict()
    assert rest.parameters.flat.tobytes() == whole.parameters.flat.tobytes()


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([], KindError, "fit: the data are a list"),
        (iter([]), RangeError, "fit: there are no batches. Give at least one"),
        (lambda: None, KindError, "the function given makes a NoneType, and it is to make batches"),
        (lambda: DATA, KindError, "the function given makes a dict, and it is to make batches"),
        (iter([DATA["x"]]), KindError, "fit: batch 1: the data are a ndarray"),
        ([PARTS[0], {"x": PARTS[1]["x"]}], UnknownNameError, "fit: batch 2: there are no data for"),
        ([PARTS[0], {**PARTS[1], "z": 1}], UnknownNameError, "fit: batch 2: 'z' is not an input"),
        ([{**PARTS[0], "y": [1.0]}], ShapeError, "fit: batch 1: the data of 'y' have shape"),
        (
            [PARTS[0], PARTS[1], {**PARTS[2], "x": PARTS[2]["x"] * np.inf}],
            NonFiniteError,
            "fit: batch 3: the data of 'x' hold",
        ),
    ],
)
def test_batches_that_do_not_fit_say_which_one(data, error, message):
    with pytest.raises(error, match=message):
        model_of().fit(data)


def test_no_fraction_of_a_stream_is_held_out():
    with pytest.raises(UnsupportedError, match="batches that come one after another, so no fract"):
        model_of().fit(PARTS, validation=0.5)


def test_a_batch_that_breaks_the_parameters_is_named_and_undone():
    model = model_of()
    model.fit(PARTS, **SETTINGS)
    kept = model.parameters.flat.copy()
    huge = [PARTS[0], {**PARTS[1], "y": PARTS[1]["y"] * 1e200}]

    with pytest.raises(NonFiniteError, match="fit: epoch 1, batch 2: the loss became inf"):
        model.fit(huge, optimizer=sg.optim.SGD(0.0))

    assert (model.parameters.flat == kept).all()


# --- as they come in ----------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_parts_that_come_in_one_by_one_train_as_one_epoch(target):
    whole, part = model_of(target), model_of(target)
    settings = {"optimizer": sg.optim.Adam(0.05)}
    whole.fit(DATA, batch_size=2, shuffle=False, **settings)
    for one in PARTS:
        part.partial_fit(one, batch_size=2, **settings)

    np.testing.assert_allclose(part.parameters.flat, whole.parameters.flat, rtol=1e-13)


def test_partial_fit_takes_batches_and_files(tmp_path):
    first, second, third = model_of(), model_of(), model_of()
    np.savez(tmp_path / "a.npz", **DATA)
    found = [
        first.partial_fit(PARTS, optimizer=sg.optim.SGD(0.1)),
        second.partial_fit(DATA, batch_size=4, optimizer=sg.optim.SGD(0.1)),
        third.partial_fit(tmp_path / "a.npz", batch_size=4, optimizer=sg.optim.SGD(0.1)),
    ]

    assert found[0] == pytest.approx(found[1], rel=1e-12)
    assert found[1] == found[2]


def test_partial_fit_goes_on_with_the_schedule_and_the_slots():
    x, w = sg.input("x", "N"), sg.parameter("w")
    model = sg.Model(sg.mean((w - x) ** 2), [x])
    rate = sg.optim.SGD(sg.optim.step_decay(0.25, steps=1, factor=0.5))
    losses = [model.partial_fit({"x": [8.0]}, optimizer=rate)["loss"]]
    losses += [model.partial_fit({"x": [8.0]})["loss"] for _ in range(2)]

    # w = 4, then 4 + 0.125 * 2 * 4 = 5
    assert losses == [64.0, 16.0, 9.0]


def test_one_sample_after_the_other_round_and_round():
    x, w = sg.input("x", "N"), sg.parameter("w")
    model = sg.Model(sg.mean((w - x) ** 2), [x])
    seen = []

    def remember(model, history):
        seen.append(float(model.parameters["w"]))

    # rate 1/4 goes half of the way to each sample in turn
    model.fit(
        {"x": [4.0, 0.0]}, optimizer=sg.optim.SGD(0.25), epochs=2, batch_size=1, shuffle=False,
        callbacks=[remember],
    )  # fmt: skip

    assert seen == [1.0, 1.25]
