"""Calls that Python itself refuses: missing, surplus and doubled values have a typed answer too."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

import symgraph as sg

X: Any = sg.input("x", "N")
LOSS = sg.mean((sg.parameter("a", ()) - X) ** 2)
CALLBACKS: Any = sg.callbacks
MODEL: Any = sg.Model(LOSS, [X], {"twice": X * 2})

CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "a model of nothing": (lambda: sg.Model(), "Model: .*loss.*Call it with loss, inputs"),
    "a model without inputs": (lambda: sg.Model(LOSS), "Model: .*inputs"),
    "no rate": (lambda: sg.optim.SGD(), "SGD: .*learning_rate"),
    "a rate twice": (lambda: sg.optim.Adam(0.1, learning_rate=0.1), "Adam: .*multiple values"),
    "no data": (lambda: MODEL.fit(), "fit: .*data"),
    "data twice": (lambda: MODEL.fit({}, data={}), "fit: .*multiple values"),
    "nothing to predict": (lambda: MODEL.predict(), "predict: .*data"),
    "nothing to measure": (lambda: MODEL.evaluate(), "evaluate: .*data"),
    "no batch": (lambda: MODEL.step(), "step: .*batch"),
    "no file": (lambda: MODEL.save(), "save: .*path"),
    "two files": (lambda: MODEL.load("a", "b"), "load: .*positional"),
    "an unknown setting of save": (lambda: MODEL.save("a", mode="w"), "save: .*mode"),
    "no time": (lambda: CALLBACKS.TimeLimit(), "TimeLimit: .*seconds"),
    "a time and more": (lambda: CALLBACKS.TimeLimit(1, 2), "TimeLimit: .*positional"),
    "an unknown limit": (lambda: CALLBACKS.TimeLimit(1, step=2), "TimeLimit: .*step"),
    "too much to stop by": (lambda: CALLBACKS.EarlyStopping(*"abcdefg"), "EarlyStopping: "),
    "a setting of a summary": (lambda: MODEL.summary(1), "summary: .*without values"),
}


@pytest.mark.parametrize(("call", "said"), CALLS.values(), ids=CALLS)
def test_a_call_that_cannot_be_made_says_how_to_make_it(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(sg.SymgraphError, match=said):
        call()


PATHS: dict[str, Callable[[Any], Any]] = {
    "save": MODEL.save,
    "load": MODEL.load,
    "export": MODEL.export,
    "to_onnx": MODEL.to_onnx,
    "BestModel": CALLBACKS.BestModel,
    "data.load": sg.data.load,
    "history.save": sg.History().save,
}


@pytest.mark.parametrize("given", [3, 2.5, b"net.npz", ["net.npz"]], ids=repr)
@pytest.mark.parametrize("where", PATHS)
def test_what_is_no_path_is_told(where: str, given: Any) -> None:
    place = where.removeprefix("data.")
    with pytest.raises(sg.KindError, match=rf"{place}: path is {re.escape(repr(given))}"):
        PATHS[where](given)


def test_the_table_of_a_sweep_tells_what_is_no_path() -> None:
    table = sg.sweep(lambda: MODEL, {}, {"x": [1.0]}, epochs=1, optimizer=sg.optim.SGD(0.1))
    with pytest.raises(sg.KindError, match="save: path is 3"):
        table.save(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [3, None, "x"], ids=repr)
def test_inputs_that_are_no_list_are_told(given: Any) -> None:
    with pytest.raises(sg.KindError, match=r"Model: inputs is .* Write inputs=\[x, y\]"):
        sg.Model(LOSS, given)


def test_no_log_may_be_said_as_no_checkpoint() -> None:
    history = MODEL.fit({"x": [1.0]}, optimizer=sg.optim.SGD(0.1), log=None, checkpoint=None)
    assert len(history["loss"]) == 1


NEAR: dict[str, tuple[Callable[[], Any], str]] = {
    "save": (lambda: MODEL.save(pth="a.npz"), "save: .*did you mean 'path'"),
    "TimeLimit": (lambda: CALLBACKS.TimeLimit(secnds=1), "TimeLimit: .*did you mean 'seconds'"),
}


@pytest.mark.parametrize(("call", "said"), NEAR.values(), ids=NEAR)
def test_a_misspelt_setting_has_the_nearest_one(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(sg.KindError, match=said):
        call()


def test_signatures_and_help_are_those_of_the_functions() -> None:
    assert [*inspect.signature(sg.Model.fit).parameters][:2] == ["self", "data"]
    assert sg.Model.fit.__doc__
    assert next(iter(inspect.signature(sg.optim.SGD).parameters)) == "learning_rate"
