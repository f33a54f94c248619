"""Callbacks on losses that are planned by hand: one number a step, whatever the parameters."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.errors import KindError, RangeError, UnknownNameError, UnsupportedError
from symgraph.train.callbacks import _Best


def planned() -> sg.Model:
    """w grows by 1 in each epoch; `hits` of the epoch before it is plan[w]."""
    plan, w = sg.input("plan", 8), sg.parameter("w")
    seen = sg.state("seen")
    value = sg.sum(plan * sg.indicator(sg.equal(sg.arange(8), w)))
    return sg.Model(
        -w, [plan], metrics={"hits": value, "cost_error": -value}, updates={seen: seen + 2}
    )


def fitted(plan, callbacks, **settings):
    model = planned()
    given = {"plan": [*plan, *[0.0] * (8 - len(plan))]}
    settings = {"epochs": len(plan), **settings}
    history = model.fit(given, optimizer=sg.optim.SGD(1.0), callbacks=callbacks, **settings)
    return model, history


def test_early_stopping_waits_and_puts_the_best_parameters_back():
    stop = sg.callbacks.EarlyStopping("hits", patience=2)

    model, history = fitted([1, 5, 4, 3, 9, 9], [stop])

    assert history["hits"] == [1, 5, 4, 3]
    assert history.stopped == "by a callback"
    assert (stop.best, stop.epoch) == (5, 2)
    # after the second epoch
    assert float(model.parameters["w"]) == 2
    assert float(model.states["seen"]) == 4


def test_early_stopping_may_leave_the_last_parameters():
    stop = sg.callbacks.EarlyStopping("cost_error", patience=1, restore_best=False)

    model, history = fitted([2, 1, 7], [stop])

    assert history["hits"] == [2, 1]
    assert float(model.parameters["w"]) == 2


def test_the_best_epoch_is_restored_when_the_training_ends_by_itself():
    model, history = fitted([1, 6, 2], [sg.callbacks.EarlyStopping("hits", patience=5)])

    assert len(history.epochs) == 3
    assert float(model.parameters["w"]) == 2


def test_a_change_that_is_too_small_does_not_count():
    stop = sg.callbacks.EarlyStopping("hits", patience=2, min_delta=0.5)

    _, history = fitted([1, 1.25, 1.5, 8], [stop])

    assert history["hits"] == [1, 1.25, 1.5]
    assert stop.epoch == 1


def test_validation_is_monitored_where_there_is_one():
    x, w = sg.input("x", "N"), sg.parameter("w")
    model = sg.Model(sg.mean((w - x) ** 2), [x])
    stop = sg.callbacks.EarlyStopping(patience=1)

    # w is 0.5, 0.75, ...: away from the 0 of the validation
    history = model.fit(
        {"x": [1.0]}, optimizer=sg.optim.SGD(0.25), epochs=9, validation={"x": [0.0]},
        callbacks=[stop],
    )  # fmt: skip

    assert history["val_loss"] == [0.25, 0.5625]
    assert float(model.parameters["w"]) == 0.5
    assert stop.best == 0.25


def test_the_best_model_is_written_to_a_file(tmp_path):
    best = sg.callbacks.BestModel(tmp_path / "best.npz", monitor="hits")

    model, _ = fitted([1, 7, 3, 5], [best])

    assert float(model.parameters["w"]) == 4
    model.load(tmp_path / "best.npz")
    assert float(model.parameters["w"]) == 2
    assert (best.best, best.epoch) == (7, 2)


def test_the_best_model_is_kept_in_memory():
    model, history = fitted([1, 7, 3, 5], [sg.callbacks.BestModel(monitor="hits")])

    assert len(history.epochs) == 4
    assert float(model.parameters["w"]) == 2


def test_a_rate_is_reduced_where_nothing_improves():
    x, w = sg.input("x", "N"), sg.parameter("w")
    model = sg.Model(sg.mean((w - x) ** 2), [x])
    rates = []
    reduce = sg.callbacks.ReduceRate("loss", factor=0.25, patience=2, least=0.1)

    model.fit(
        {"x": [1.0]}, optimizer=sg.optim.SGD(1.0), epochs=7,
        callbacks=[reduce, lambda model, history: rates.append(model.learning_rate)],
    )  # fmt: skip

    # with rate 1 w jumps between 0 and 2; the loss is 1 until the rate has changed
    assert rates == [1, 1, 0.25, 0.25, 0.25, 0.25, 0.25]
    again = sg.callbacks.ReduceRate("loss", factor=0.25, patience=1, min_delta=9.0, least=0.1)
    model.fit({"x": [1.0]}, optimizer=sg.optim.SGD(1.0), epochs=4, callbacks=[again])
    assert model.learning_rate == 0.1


def test_a_time_limit_ends_a_training():
    _, history = fitted([1, 2, 3], [sg.callbacks.TimeLimit(1e-9)])

    assert len(history.epochs) == 1
    _, history = fitted([1, 2, 3], [sg.callbacks.TimeLimit(1e9)])
    assert len(history.epochs) == 3


def test_a_callback_forgets_an_earlier_training_and_not_the_one_it_resumes():
    stop = sg.callbacks.EarlyStopping("hits", patience=3)
    model, plan = planned(), {"plan": [5.0, 1, 1, 1, 1, 1, 1, 1]}
    settings = {"optimizer": sg.optim.SGD(1.0), "callbacks": [stop]}
    model.fit(plan, epochs=3, **settings)
    assert (stop.best, stop.epoch) == (5, 1)
    model.parameters["w"] = 3  # where the best epoch has been put back
    history = model.fit(plan, epochs=8, resume=True, **settings)
    assert history.epochs == [4]

    model.parameters["w"] = 1
    model.fit(plan, epochs=2, **settings)
    assert (stop.best, stop.epoch) == (1, 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: sg.callbacks.EarlyStopping("hits", patience=3),
        lambda: sg.callbacks.BestModel(monitor="hits"),
        lambda: sg.callbacks.ReduceRate("hits", patience=3),
    ],
)
def test_what_a_callback_remembers_goes_through_arrays(make):
    plan = [1.0, 9, 1, 1, 1, 1]
    whole, first, second = make(), make(), make()
    model, history = fitted(plan, [whole])
    cut, _ = fitted(plan, [first], epochs=3)
    cut.parameters["w"] = 3
    second.take_up({name: np.array(array) for name, array in first.state().items()})
    rest = cut.fit(
        {"plan": [*plan, 0, 0]}, optimizer=sg.optim.SGD(1.0), epochs=6, callbacks=[second],
        resume=True,
    )  # fmt: skip

    assert rest["hits"] == history["hits"][3:]
    assert {k: v.tolist() for k, v in second.state().items()} == {
        k: v.tolist() for k, v in whole.state().items()
    }
    assert cut.parameters["w"] == model.parameters["w"]


def test_begin_and_end_are_called_once_and_not_after_an_interruption():
    told = []

    class Told:
        def begin(self, model):
            told.append("begin")

        def __call__(self, model, history):
            told.append(history.epochs[-1])
            if len(told) == 6:
                raise KeyboardInterrupt

        def end(self, model):
            told.append("end")

    fitted([0, 0], [Told()])
    assert told == ["begin", 1, 2, "end"]
    _, history = fitted([0, 0], [Told()])
    assert history.stopped == "interrupted"
    assert told[4:] == ["begin", 1]


def test_not_a_number_never_improves_and_is_left_as_soon_as_possible():
    best = _Best("EarlyStopping", "loss", None, 0.0)
    history, improved = sg.History(), []
    for epoch, value in enumerate([np.nan, 3.0, np.nan, 2.0], 1):
        history.record(epoch, {"loss": value})
        improved.append(best.improves(history))

    assert improved == [False, True, False, True]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda c: c.EarlyStopping(patience=0), RangeError, "EarlyStopping: patience is 0"),
        (lambda c: c.EarlyStopping(patience=1.5), KindError, r"patience is 1\.5"),
        (lambda c: c.EarlyStopping(mode="up"), KindError, "mode is 'up', and it is 'min', 'max'"),
        (lambda c: c.EarlyStopping(min_delta=-1), RangeError, "min_delta is -1"),
        (lambda c: c.ReduceRate(factor=1), RangeError, "factor is 1, and it must lie between"),
        (lambda c: c.TimeLimit(0), RangeError, "seconds is 0, and it must be above 0"),
        (lambda c: c.TimeLimit("1"), KindError, "seconds is '1', and it must be a number"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(sg.callbacks)


@pytest.mark.parametrize(
    ("callbacks", "error", "message"),
    [
        (sg.callbacks.EarlyStopping(), KindError, r"callbacks is .*Write callbacks=\[\.\.\.\]"),
        ([3], KindError, "callback 1 is 3, which is no function"),
        ([sg.callbacks.BestModel], KindError, r"callback 1 is the class BestModel\. Give an"),
        ([sg.callbacks.EarlyStopping("hit")], UnknownNameError, "did you mean 'hits'"),
    ],
)
def test_what_is_no_callback_is_refused(callbacks, error, message):
    with pytest.raises(error, match=message):
        fitted([1, 2], callbacks)


@pytest.mark.parametrize("kind", ["EarlyStopping", "BestModel", "ReduceRate"])
@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        ("val_hits", r"'val_hits' is measured on validation data, .* or look at 'hits'"),
        ("hit", r"'hit' is not a measured value; did you mean 'hits'"),
    ],
)
def test_what_will_not_be_measured_is_refused_before_anything_is_trained(kind, monitor, message):
    model = planned()
    watch = getattr(sg.callbacks, kind)(monitor=monitor)

    with pytest.raises(UnknownNameError, match=f"{kind}: {message}"):
        model.fit({"plan": np.zeros(8)}, epochs=2, callbacks=[watch])

    assert model.parameters["w"] == 0


@pytest.mark.parametrize("again", ["fit", "step", "partial_fit"])
def test_a_callback_cannot_begin_another_training_of_its_model(again):
    model, data = planned(), {"plan": np.zeros(8)}

    def meddle(model: sg.Model, _: object) -> None:
        getattr(model, again)(data, optimizer=sg.optim.SGD(0.5, momentum=0.5))

    with pytest.raises(UnsupportedError, match="a callback begins another training of the model"):
        model.fit(data, optimizer=sg.optim.SGD(1.0), epochs=2, callbacks=[meddle])

    assert len(model.fit(data, optimizer=sg.optim.SGD(1.0), epochs=2).epochs) == 2


def test_a_name_that_does_not_tell_which_way_is_better_asks_for_it():
    model = planned()
    model = sg.Model(model.spec.loss, model.spec.given, metrics={"w": sg.parameter("w")})
    stop = sg.callbacks.EarlyStopping("w", patience=1)

    with pytest.raises(KindError, match="whether more or less of 'w' is better cannot be told"):
        model.fit({"plan": np.zeros(8)}, optimizer=sg.optim.SGD(1.0), epochs=3, callbacks=[stop])
