"""Calls of public functions with missing, surplus and misspelt values: each has a typed answer.

The estimators of `symgraph.sklearn` are not among them: scikit-learn wants Python's own TypeError
from those, and its `check_estimator` holds them to that.
"""

import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest

import symgraph as sg
from symgraph.train.schedule import Schedule

KINDS = inspect.Parameter


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in sg._HOME:
        yield name, getattr(sg, name)
    for module in sg._MODULES:
        for name in getattr(sg, module).__all__:
            yield f"{module}.{name}", getattr(getattr(sg, module), name)


FUNCTIONS = {name: one for name, one in public_functions() if isinstance(one, FunctionType)}


def kinds_of(function: Callable[..., Any], without: str = "Never") -> list[Any]:
    parameters = inspect.signature(function).parameters.values()
    return [one.kind for one in parameters if one.annotation != without]


def needed_by(function: Callable[..., Any]) -> list[str]:
    return [
        one.name
        for one in inspect.signature(function).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]


def test_the_sweep_meets_functions_of_every_module() -> None:
    assert len(FUNCTIONS) > 250
    assert {name.partition(".")[0] for name in FUNCTIONS if "." in name} == {
        "data", "metrics", "nn", "optim", "parallel", "phenomena", "random",
    }  # fmt: skip


def answer_to(name: str, *args: Any, **options: Any) -> str:
    """What is said to a wrong call, behind the name of the function."""
    place = FUNCTIONS[name].__name__
    with pytest.raises(sg.SymgraphError, match=place) as caught:
        FUNCTIONS[name](*args, **options)
    return str(caught.value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_wrong_call_names_the_function_and_the_value(name: str) -> None:
    function = FUNCTIONS[name]
    if needed_by(function):
        said = answer_to(name)
        assert [one for one in needed_by(function) if one not in said] == []
    if KINDS.VAR_KEYWORD not in kinds_of(function):
        assert "'unknwon'" in answer_to(name, unknwon=1)
    if KINDS.VAR_POSITIONAL not in kinds_of(function):
        assert answer_to(name, *range(20))


RESULTS = {
    name: kind
    for name, kind in vars(sg).items()
    if isinstance(kind, type) and name in sg._HOME and not issubclass(kind, Exception)
}


@pytest.mark.parametrize("name", sorted(set(RESULTS) - {"Node", "Model"}))
def test_a_result_that_is_made_by_hand_and_wrongly_names_its_class(name: str) -> None:
    kind: Any = RESULTS[name]
    with pytest.raises(sg.KindError, match=f"^{name}: .*'unknwon'"):
        kind(unknwon=1)
    with pytest.raises(sg.KindError, match=f"^{name}: .*positional"):
        kind(*range(20))


GRAPH: Any = sg.graph(sg.input("x") ** 2)
CHECKED: Any = sg.check(sg.input("x") ** 2, values={"x": 1.0})
DERIVED: Any = sg.derive(sg.input("x") ** 2, sg.input("x"))
COMPILED: Any = sg.compile([sg.input("x")], sg.input("x") ** 2)
METHODS: dict[str, tuple[Callable[[], Any], str]] = {
    "no file": (lambda: sg.draw(GRAPH).save(), "save: .*path"),
    "no ends": (lambda: GRAPH.paths(), "paths: .*root"),
    "a derivation": (lambda: DERIVED.text(1), "text: .*positional"),
    "a program": (lambda: COMPILED.save(), "save: .*path"),
    "a node": (lambda: sg.input("x", 2).sum(1, 2, 3, 4, 5), "sum: .*positional"),
    "a setting of a node": (lambda: sg.input("x", 2).mean(axes=0), "mean: .*'axis'"),
    "a shape that is none": (lambda: sg.input("x", 2).reshape(2.5), "reshape: shape is 2.5"),
    "axes that are none": (lambda: sg.input("x", 2).transpose(2.5), "transpose: axes are 2.5"),
    "an axis that is none": (lambda: sg.input("x", 2).transpose("a"), "transpose: axes are 'a'"),
    "a table": (lambda: GRAPH.table({"x": 1.0}).csv(1), "csv: .*positional"),
    "paths": (lambda: GRAPH.paths(GRAPH.roots[0], "x").to_dict(1), "to_dict: .*positional"),
    "a report": (lambda: COMPILED.report().draw(1, 2), "draw: .*positional"),
    "a program and three places": (lambda: COMPILED.save("a", "b", "c"), "save: .*positional"),
    "a plot in a number": (lambda: sg.plot(sg.input("x") ** 2).save(3), "plot: path is 3"),
    "what all optimizers share": (
        lambda: sg.optim.Optimizer(0.1),
        r"Optimizer: it has no rule and no slots.* sg.optim.Adam\(0.001\)",
    ),
    "what all communicators share": (
        lambda: sg.parallel.Communicator(),
        r"Communicator: it has no abort and no .* sg.parallel.mpi\(\)",
    ),
    "workers of nothing": (lambda: sg.parallel.mpi(3), r"parallel.mpi: comm is 3, .*COMM_WORLD"),
    "sequences by hand": (
        lambda: sg.data.Padded(1),
        r"Padded: it is made of values, mask and lengths, and there are 1 values.*pad\(sequences",
    ),
    "the type of all schedules": (
        lambda: Schedule("cosine"),
        "Schedule: it is the type of all schedules.*cosine_decay.*function of the step",
    ),
    "a row": (
        lambda: sg.check(sg.input("x") ** 2, values={"x": 1.0}).to_dict(1),
        "to_dict: .*positional",
    ),
}


@pytest.mark.parametrize(("call", "said"), METHODS.values(), ids=METHODS)
def test_a_wrong_call_of_a_method_names_it(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(sg.KindError, match=said):
        call()


NEAR: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a layer": (lambda any: any.nn.dense(1, 2, naem="h"), "dense: .*did you mean 'name'"),
    "a file": (lambda any: any.data.load("a", seperator=";"), "load: .*did you mean 'separator'"),
    "a sum": (lambda any: any.sum(1, axes=0), "sum: .*did you mean 'axis'"),
    "a schedule": (lambda any: any.optim.warmup(1, step=2), "warmup: .*did you mean 'steps'"),
    "a limit": (lambda any: any.callbacks.TimeLimit(secnds=2), "did you mean 'seconds'"),
}


@pytest.mark.parametrize(("call", "said"), NEAR.values(), ids=NEAR)
def test_a_misspelt_setting_has_the_nearest_one(call: Callable[[Any], Any], said: str) -> None:
    with pytest.raises(sg.KindError, match=said):
        call(sg)


def test_the_call_that_is_right_stands_in_the_answer() -> None:
    dense: Any = sg.nn.dense
    with pytest.raises(sg.KindError, match="Call it with x, units, name; there can be activation"):
        dense(1)


def test_a_wrong_call_within_a_function_of_the_user_stays_his() -> None:
    def net(x: Any) -> Any:
        return net(x, x)  # type: ignore[call-arg]

    with pytest.raises(TypeError, match="positional") as caught:
        sg.nn.dense(sg.input("x", (2, 2)), 2, "h", net)
    assert not isinstance(caught.value, sg.SymgraphError)


def test_a_public_function_is_still_the_one_of_its_module() -> None:
    for name in ("relu", "grad", "derive", "compile"):
        function = getattr(sg, name)
        assert pickle.loads(pickle.dumps(function)) is function
        assert function.__name__ == name
        assert function.__doc__
    assert [*inspect.signature(sg.nn.dense).parameters][:3] == ["x", "units", "name"]


def test_answers_load_what_they_need_when_one_is_given() -> None:
    command = "import sys, symgraph; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True, env=os.environ
    )
    assert not {"inspect", "difflib"} & set(found.stdout.split())
