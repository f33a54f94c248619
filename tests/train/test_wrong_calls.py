"""Hundreds of wrong and unusual calls: a typed error that says where and what to do, or the answer.

Every case runs on each target. Where nothing is raised the numbers must be those of a few lines of
NumPy, and after an error the model must be as it was.
"""

import array
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph.errors import SymgraphError, UnknownNameError

RATE = 0.25
START = {"w": np.array([0.5, -1.0]), "t": np.array([1.0, 2.0, -0.5])}
#: All numbers are multiples of 1/8, so that every float type holds them.
GOOD = {
    "x": np.array([[1.0, 2.0], [0.5, -1.5], [3.0, 0.25], [-2.0, 0.125], [0.0, 1.0]]),
    "y": np.array([1.0, 2.0, -3.0, 0.5, 0.0]),
    "k": np.array([0, 2, 1, 1, 0]),
    "f": np.array([True, True, False, True, True]),
}


def named(value: object) -> str:
    """The value in the name of a test, which every process must give the same: no addresses."""
    return re.sub(r" at 0x\w+", "", str(value))[:30]


def model_of(target: str) -> sg.Model:
    x, y = sg.input("x", ("N", 2)), sg.input("y", "N")
    k, f = sg.input("k", "N", kind="integer"), sg.input("f", "N", kind="boolean")
    out = sg.where(f, x @ sg.parameter("w", 2) + sg.take(sg.parameter("t", 3), k), 0)
    return sg.Model(sg.mean((out - y) ** 2), [x, y, k, f], {"out": out}, target=target)


MODELS = {name: model_of(name) for name in ("numpy", "cython")}
pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]


def predicted(given: dict[str, np.ndarray], at: dict[str, np.ndarray]) -> np.ndarray:
    return np.where(given["f"], given["x"] @ at["w"] + at["t"][given["k"]], 0.0)


def stepped(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The parameters after one step on all samples."""
    slope = 2 * given["f"] * (predicted(given, START) - given["y"]) / len(given["y"])
    by_class = np.array([slope[given["k"] == c].sum() for c in range(3)])
    return {"w": START["w"] - RATE * given["x"].T @ slope, "t": START["t"] - RATE * by_class}


def reset(target: str) -> sg.Model:
    model = MODELS[target]
    for name, value in START.items():
        model.parameters[name] = value
    return model


class Outcome(NamedTuple):
    error: SymgraphError | None
    parameters: dict[str, np.ndarray]
    answer: Any


def test_samples_one_by_one_and_arrays_in_a_row_are_told_how_to_be_named():
    model = MODELS["numpy"]
    rows = [tuple(row) for row in zip(*GOOD.values(), strict=True)]
    with pytest.raises(SymgraphError, match=re.escape("dict(zip(['x', 'y', 'k', 'f'], zip(*data")):
        model.evaluate(rows)
    np.testing.assert_allclose(
        model.evaluate(dict(zip(GOOD, zip(*rows, strict=True), strict=True)))["loss"],
        model.evaluate(GOOD)["loss"],
    )  # what the message says to write
    with pytest.raises(SymgraphError, match=re.escape("Write {'x': data[0], 'y': data[1], 'k'")):
        model.evaluate([*GOOD.values()])


def outcome(target: str, call: Callable[[sg.Model], Any]) -> Outcome:
    """What a call does; any other exception than ours, or a crash, fails the test."""
    model, answer, error = reset(target), None, None
    try:
        answer = call(model)
    except SymgraphError as raised:
        error = raised
    kept = {name: value.copy() for name, value in model.parameters.items()}
    return Outcome(error, kept, answer)


def fit(data: Any, **settings: Any) -> Callable[[sg.Model], Any]:
    settings = {"optimizer": sg.optim.SGD(RATE), "batch_size": None, **settings}
    return lambda model: model.fit(data, **settings)


def predict(data: Any, **settings: Any) -> Callable[[sg.Model], Any]:
    return lambda model: model.predict(data, **settings)


def step(data: Any, **settings: Any) -> Callable[[sg.Model], Any]:
    return lambda model: model.step(data, **{"optimizer": sg.optim.SGD(RATE), **settings})


def partial_fit(data: Any, **settings: Any) -> Callable[[sg.Model], Any]:
    settings = {"optimizer": sg.optim.SGD(RATE), "batch_size": None, **settings}
    return lambda model: model.partial_fit(data, **settings)


def evaluate(data: Any, **settings: Any) -> Callable[[sg.Model], Any]:
    return lambda model: model.evaluate(data, **settings)


CALLS = {
    "fit": fit, "predict": predict, "step": step, "partial_fit": partial_fit,
    "evaluate": evaluate,
}  # fmt: skip


def assert_refused(found: Outcome, *facts: str) -> None:
    """A message with the facts, of several clauses; nothing has changed."""
    assert found.error is not None, "it was taken"
    text = str(found.error)
    for fact in facts:
        assert fact in text, text
    assert len(re.split(r"[.:;,?] ", f"{text} ")) > 2, text  # what is, what should be
    for name, value in START.items():
        assert found.parameters[name].tolist() == value.tolist()


def assert_right(found: Outcome, method: str, given: dict[str, np.ndarray]) -> None:
    assert found.error is None, found.error
    if method == "predict":
        np.testing.assert_allclose(found.answer["out"], predicted(given, START), rtol=1e-12)
        return
    if method == "evaluate":
        loss = np.mean((predicted(given, START) - given["y"]) ** 2)
        np.testing.assert_allclose(found.answer["loss"], loss, rtol=1e-12)
        return
    for name, value in stepped(given).items():
        np.testing.assert_allclose(found.parameters[name], value, rtol=1e-12)


# --- values of one input ------------------------------------------------------------------------


def strided(good: np.ndarray) -> np.ndarray:
    return np.repeat(good, 2, axis=0)[::2]


def backwards(good: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(good[::-1])[::-1]


def read_only(good: np.ndarray) -> np.ndarray:
    kept = good.copy()
    kept.flags.writeable = False
    return kept


def unaligned(good: np.ndarray) -> np.ndarray:
    raw = np.empty(good.nbytes + 1, np.uint8)[1:]
    raw[...] = np.frombuffer(good.tobytes(), np.uint8)
    return raw.view(good.dtype).reshape(good.shape)


def swapped(good: np.ndarray) -> np.ndarray:
    return good.astype(good.dtype.newbyteorder(">"))


class Converts:
    """Something that NumPy can turn into an array."""

    def __init__(self, good: np.ndarray) -> None:
        self.good = good

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.good if dtype is None else self.good.astype(dtype)


class Refuses:
    """Something that looks like an array and cannot become one."""

    shape = (5, 2)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise RuntimeError("it lies on another device")


class Mine(np.ndarray):
    """A class of a user."""


class Row(NamedTuple):
    """A value made of the good one, for inputs of these names; `value` is what it stands for."""

    what: str
    make: Callable[[np.ndarray], Any]
    names: str = "xykf"
    value: Callable[[np.ndarray], np.ndarray] | None = None


RIGHT = [
    Row("a list", lambda a: a.tolist()),
    Row("a tuple of rows", lambda a: tuple(a.tolist())),
    Row("a list of arrays", lambda a: list(a)),
    Row("Fortran's order", np.asfortranarray),
    Row("every other row", strided),
    Row("a negative stride", backwards),
    Row("a read-only array", read_only),
    Row("an array at an odd address", unaligned),
    Row("a memoryview", lambda a: memoryview(np.ascontiguousarray(a))),
    Row("an object with __array__", Converts),
    Row("an array of a class", lambda a: a.view(Mine)),
    Row("a transposed view", lambda a: np.ascontiguousarray(a.T).T),
    Row("the same row again and again", lambda a: np.broadcast_to(a[:1], a.shape),
        value=lambda a: np.broadcast_to(a[:1], a.shape)),
    Row("another byte order", swapped, "xyk"),
    Row("float32", lambda a: a.astype(np.float32), "xy"),
    Row("float16", lambda a: a.astype(np.float16), "xy"),
    Row("longdouble", lambda a: a.astype(np.longdouble), "xy"),
    Row("float32 of another byte order", lambda a: a.astype(">f4"), "xy"),
    Row("array.array", lambda a: array.array("d", a.tolist()), "y"),
    Row("whole numbers", lambda a: np.round(a).astype(int), "xy", value=np.round),
    Row("small whole numbers", lambda a: np.round(a).astype(np.int8), "xy", value=np.round),
    Row("booleans for numbers", lambda a: a > 0, "xy", value=lambda a: (a > 0) * 1.0),
    Row("unsigned numbers", lambda a: np.abs(np.round(a)).astype(np.uint64), "xy",
        value=lambda a: np.abs(np.round(a))),
    Row("a matrix", lambda a: np.asmatrix(a), "x"),
    Row("int8 labels", lambda a: a.astype(np.int8), "k"),
    Row("uint16 labels", lambda a: a.astype(np.uint16), "k"),
    Row("uint64 labels", lambda a: a.astype(np.uint64), "k"),
    Row("boolean labels", lambda a: a > 0, "k", value=lambda a: (a > 0) * 1),
    Row("the largest and the smallest label", lambda a: [2, 0, 2, 0, 2], "k",
        value=lambda a: np.array([2, 0, 2, 0, 2])),
    Row("all false", lambda a: [False] * 5, "f", value=lambda a: np.zeros(5, bool)),
    Row("large numbers", lambda a: a * 1e30, "xy", value=lambda a: a * 1e30),
    Row("the smallest numbers", lambda a: a * 5e-324, "xy", value=lambda a: a * 5e-324),
    Row("negative zeros", lambda a: a * -0.0, "xy", value=lambda a: a * -0.0),
]  # fmt: skip


def with_entry(value: Any) -> Callable[[np.ndarray], np.ndarray]:
    def put(good: np.ndarray) -> np.ndarray:
        changed = good.astype(np.result_type(good, np.asarray(value)))
        changed.flat[3] = value
        return changed

    return put


WRONG = [
    Row("nan", with_entry(math.nan), "xy"),
    Row("infinity", with_entry(math.inf), "xy"),
    Row("minus infinity", with_entry(-math.inf), "xy"),
    Row("only nan", lambda a: a * math.nan, "xy"),
    Row("nan in float32", lambda a: with_entry(math.nan)(a).astype(np.float32), "xy"),
    Row("nan backwards", lambda a: backwards(with_entry(math.nan)(a)), "xy"),
    Row("nan in another byte order", lambda a: swapped(with_entry(math.nan)(a)), "xy"),
    Row("a longdouble beyond float64", lambda a: a + np.longdouble("1e400"), "xy"),
    Row("complex numbers", lambda a: a * 1j, "xyk"),
    Row("text", lambda a: a.astype(str)),
    Row("bytes", lambda a: a.astype(bytes)),
    Row("one text", lambda a: "1 2 3"),
    Row("objects", lambda a: a.astype(object)),
    Row("objects with None", lambda a: with_none(a)),
    Row("None", lambda a: None),
    Row("a list of None", lambda a: [None] * 5),
    Row("ragged lists", lambda a: [[1, 2], [3]]),
    Row("ragged deeper", lambda a: [[[1], [2, 3]]] * 5),
    Row("a dictionary", lambda a: {"0": a}),
    Row("a set", lambda a: {1.0, 2.0}),
    Row("a generator", lambda a: (row for row in a)),
    Row("a function", lambda a: len),
    Row("a class", lambda a: np.ndarray),
    Row("a node", lambda a: sg.input("other", "N")),
    Row("a module", lambda a: math),
    Row("what cannot become an array", lambda a: Refuses()),
    Row("a masked array", lambda a: np.ma.masked_array(a, a > 0)),
    Row("a masked array without masks", lambda a: np.ma.masked_array(a)),
    Row("dates", lambda a: a.astype(int).astype("datetime64[s]")),
    Row("spans of time", lambda a: a.astype(int).astype("timedelta64[s]")),
    Row("records", lambda a: np.zeros(5, [("a", float), ("b", float)])),
    Row("void", lambda a: np.zeros(5, "V8")),
    Row("no rows", lambda a: a[:0]),
    Row("an empty list", lambda a: []),
    Row("one number", lambda a: 1.0),
    Row("an array of no axis", lambda a: np.array(1)),
    Row("one row less", lambda a: a[:-1]),
    Row("one row more", lambda a: np.concatenate([a, a[:1]])),
    Row("an axis too much", lambda a: a[:, None]),
    Row("an axis in front", lambda a: a[None]),
    Row("many axes", lambda a: a.reshape(*a.shape, 1, 1, 1)),
    Row("33 axes in lists", lambda a: nested(40)),
    Row("a missing column", lambda a: a[:, :1], "x"),
    Row("a column too much", lambda a: np.hstack([a, a]), "x"),
    Row("no columns", lambda a: a[:, :0], "x"),
    Row("the transpose", lambda a: a.T, "x"),
    Row("flat", lambda a: a.ravel(), "x"),
    Row("a column", lambda a: a[:, None], "ykf"),
    Row("a row", lambda a: a[None, :], "ykf"),
    Row("a matrix of one row", lambda a: np.asmatrix(a), "ykf"),
    Row("labels as floats", lambda a: a.astype(float), "k"),
    Row("labels as halves", lambda a: a + 0.5, "k"),
    Row("labels from 1", lambda a: a + 1, "k"),
    Row("a label of -1", with_entry(-1), "k"),
    Row("a label of 3", with_entry(3), "k"),
    Row("a huge label", with_entry(2**62), "k"),
    Row("a label beyond int64", lambda a: a.astype(np.uint64) + np.uint64(2**63), "k"),
    Row("labels beyond all integers", lambda a: [2**70] * 5, "k"),
    Row("an int8 label of -128", lambda a: with_entry(-128)(a.astype(np.int8)), "k"),
    Row("one-hot labels", lambda a: np.eye(3)[a], "k"),
    Row("nan labels", with_entry(math.nan), "k"),
    Row("zeros and ones for truth", lambda a: a * 1, "f"),
    Row("floats for truth", lambda a: a * 1.0, "f"),
    Row("words for truth", lambda a: np.where(a, "yes", "no"), "f"),
]


def with_none(good: np.ndarray) -> np.ndarray:
    kept = good.astype(object)
    kept.flat[0] = None
    return kept


def nested(depth: int) -> list[Any]:
    value: list[Any] = [1.0]
    for _ in range(depth):
        value = [value]
    return value


def of_inputs(rows: list[Row], methods: Iterable[str]) -> list[Any]:
    """The rows for each input and method that reads them."""
    return [
        pytest.param(method, name, row, id=f"{method} {name}: {row.what}")
        for row in rows
        for name in row.names
        for method in methods
        if (method, name) != ("predict", "y")
    ]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("method", "name", "row"), of_inputs(RIGHT, ["fit", "predict"]))
def test_unusual_arrays_give_the_right_answer(method, name, row, target):
    stands_for = row.value or (lambda good: good)

    found = outcome(target, CALLS[method](GOOD | {name: row.make(GOOD[name])}))

    with np.errstate(all="ignore"):
        assert_right(found, method, GOOD | {name: stands_for(GOOD[name])})


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(("method", "name", "row"), of_inputs(WRONG, CALLS))
def test_wrong_arrays_are_refused(method, name, row, target):
    with np.errstate(all="ignore"):
        value = row.make(GOOD[name])

    assert_refused(outcome(target, CALLS[method](GOOD | {name: value})), f"{method}:", f"'{name}'")


# --- the data as a whole ------------------------------------------------------------------------


class Frame:
    """As much of a data frame as matters."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = columns

    def keys(self) -> Any:
        return self.columns.keys()

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


WRONG_DATA = {
    "nothing": None,
    "a number": 3,
    "an array": GOOD["x"],
    "a list of arrays": [GOOD["x"], GOOD["y"]],
    "a tuple of arrays": (GOOD["x"], GOOD["y"]),
    "pairs": list(GOOD.items()),
    "a list of samples": [tuple(row) for row in zip(*GOOD.values(), strict=True)],
    "an empty list": [],
    "an empty mapping": {},
    "a path of no kind": "data.txt",
    "a text": "x",
    "a node": sg.input("x", ("N", 2)),
    "a function without batches": lambda: None,
    "a function that gives arrays": lambda: GOOD,
    "a class": dict,
    "an iterator of nothing": iter(()),
    "an iterator of numbers": [1, 2],
    "a set of names": {"x", "y"},
    "True": True,
    "a missing input": without("x"),
    "a missing flag": without("f"),
    "a name in capitals": without("x") | {"X": GOOD["x"]},
    "a name too much": GOOD | {"weight": [1]},
    "a number for a name": GOOD | {0: [1]},
    "another node for a name": GOOD | {sg.input("q"): 1},
    "the switch of the loop": GOOD | {"training": True},
    "a frame without a column": Frame(without("k")),
    "a frame with text": Frame(GOOD | {"x": "text"}),
    "all empty": {name: value[:0] for name, value in GOOD.items()},
    "a batch without an input": [without("x")],
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("what", WRONG_DATA)
def test_what_is_no_data_is_refused(what, method, target):
    assert_refused(outcome(target, CALLS[method](WRONG_DATA[what])))


RIGHT_DATA = {
    "a frame": lambda model: Frame(GOOD),
    "nodes for names": lambda model: {model.spec.inputs[name]: GOOD[name] for name in GOOD},
    "one batch": lambda model: [GOOD],
    "a generator of one batch": lambda model: (one for one in [GOOD]),
    "a function that makes one batch": lambda model: lambda: [GOOD],
    "inputs that overlap": lambda model: overlapping(),
    "an input twice": lambda model: GOOD | {"y": GOOD["y"]},
}


def overlapping() -> dict[str, Any]:
    """x and y in one piece of memory, interleaved."""
    both = np.empty((5, 3))
    both[:, :2], both[:, 2] = GOOD["x"], GOOD["y"]
    return GOOD | {"x": both[:, :2], "y": both[:, 2]}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", [name for name in CALLS if name != "step"])
@pytest.mark.parametrize("what", RIGHT_DATA)
def test_data_in_other_forms_give_the_right_answer(what, method, target):
    data = RIGHT_DATA[what](MODELS[target])

    assert_right(outcome(target, CALLS[method](data)), method, GOOD)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("size", [None, 1, 2])
def test_data_that_overlap_the_parameters_are_those_from_before(target, size):
    """The labels' weights lie in the memory that the steps change."""
    model = reset(target)
    own = model.parameters["t"]
    data = {"x": GOOD["x"][:3], "y": own, "k": GOOD["k"][:3], "f": GOOD["f"][:3]}
    expected = reset(target)
    settings = {"optimizer": sg.optim.SGD(RATE), "batch_size": size, "epochs": 3, "shuffle": False}
    expected.fit(data | {"y": own.copy()}, **settings)
    kept = expected.parameters.flat.copy()

    reset(target).fit(data, **settings)

    assert model.parameters.flat.tolist() == kept.tolist()


# --- settings -----------------------------------------------------------------------------------

WRONG_SETTINGS: dict[str, list[Any]] = {
    "batch_size": [0, -1, 1.5, 2.0, "8", True, [1], math.nan, 2j, object()],
    "epochs": [-1, 1.5, "3", None, True, [2], math.inf, 2**70],
    "seed": [-1, 0.5, "a", None, False, 2**64, [0]],
    "shuffle": ["yes", 1, None, 0.0, [True]],
    "optimizer": ["adam", None, sg.optim.Adam, 0.1, {}, lambda p: p, [sg.optim.SGD(0.1)]],
    "clip_norm": [0, -1.0, math.nan, "1", True, [1], 1j],
    "clip_value": [-1.0, math.nan, "1", True, [1], 1j],
    "validation": [0.0, 1.0, -0.1, 1.5, math.nan, True, 1j, "x", 5, {}, [1, 2], {"x": GOOD["x"]}],
    "callbacks": [3, [3], print, [None], "ab", [sg.callbacks.TimeLimit], None],
    "progress": ["yes", 1, 0.5, []],
    "check_finite": ["no", 1, None, []],
    "resume": ["no", 1, None, []],
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG_SETTINGS.items() for value in values],
    ids=named,
)
def test_settings_of_fit_that_make_no_sense_are_refused(name, value, target):
    assert_refused(outcome(target, fit(GOOD, **{name: value})))


WRONG_FOR_OTHERS: dict[str, dict[str, list[Any]]] = {
    "step": {
        "optimizer": ["adam", sg.optim.Adam, 0.1],
        "clip_norm": [0, -1.0, "1"],
        "clip_value": [-1.0, math.nan],
        "seed": [-1, 0.5, "a", None],
        "check_finite": ["no", 1, None],
        "freeze": [3, "V", ["w", 1], "q*", ("w", "t"), sg.input("w", 2)],
    },
    "partial_fit": {
        "optimizer": ["adam", sg.optim.Adam, 0.1],
        "batch_size": [0, 1.5, "8", True],
        "shuffle": [1, "no"],
        "clip_norm": [0, "1"],
        "seed": [-1, None, 2**64],
        "check_finite": ["no", None],
        "freeze": [3, "V", "q*", ["w", "t"]],
    },
    "evaluate": {
        "batch_size": [0, -1, 1.5, "8", True],
        "key": [1.5, "a", None, -1],
        "training": ["yes", 1, None],
        "check_finite": ["no", 1],
    },
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("method", "name", "value"),
    [
        (method, name, value)
        for method, settings in WRONG_FOR_OTHERS.items()
        for name, values in settings.items()
        for value in values
    ],
    ids=named,
)
def test_settings_of_other_methods_that_make_no_sense_are_refused(method, name, value, target):
    assert_refused(outcome(target, CALLS[method](GOOD, **{name: value})))


#: What users of other libraries write: the setting here, or where to give it.
FOREIGN = [
    ("fit", "lr", "optimizer=sg.optim.Adam(learning_rate="),
    ("fit", "learning_rate", "optimizer=sg.optim.Adam(learning_rate="),
    ("fit", "verbose", "Write progress="),
    ("fit", "batch", "Write batch_size="),
    ("fit", "batchsize", "did you mean 'batch_size'?"),
    ("fit", "epoch", "did you mean 'epochs'?"),
    ("fit", "n_epochs", "Write epochs="),
    ("fit", "callback", "did you mean 'callbacks'?"),
    ("fit", "validation_data", "Write validation="),
    ("fit", "validation_split", "Write validation="),
    ("fit", "random_state", "Write seed="),
    ("fit", "sample_weight", "weight="),
    ("fit", "metrics", "sg.Model(..., metrics="),
    ("fit", "y", "arrays by the names of the inputs"),
    ("step", "epochs", "model.fit(data, epochs="),
    ("step", "lr", "learning_rate="),
    ("partial_fit", "callbacks", "model.fit(data, callbacks="),
    ("partial_fit", "frozen", "Write freeze="),
    ("evaluate", "batch", "Write batch_size="),
    ("evaluate", "verbose", "There are: 'data', 'batch_size'"),
    ("predict", "batchsize", "did you mean 'batch_size'?"),
    ("predict", "is_training", "Write training="),
]


@pytest.mark.parametrize(("method", "name", "hint"), FOREIGN)
def test_a_setting_that_there_is_not_names_the_right_one(method, name, hint):
    call = getattr(reset("numpy"), method)
    found = outcome("numpy", lambda model: call(GOOD, **{name: 1}))

    assert isinstance(found.error, UnknownNameError)
    assert_refused(found, f"{method}: '{name}' is not a setting", hint)


@pytest.mark.parametrize("method", CALLS)
def test_data_as_two_values_are_refused_with_what_to_write(method):
    found = outcome("numpy", lambda model: getattr(model, method)(GOOD["x"], GOOD["y"]))

    assert_refused(found, f"{method}: there is a ndarray behind the data", "{'x': ..., 'y': ...}")


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda: sg.optim.Adam(lr=0.1), "Adam: 'lr' is not an option. Write learning_rate="),
        (lambda: sg.optim.SGD(rate=0.1), "SGD: 'rate' is not an option. Write learning_rate="),
        (lambda: sg.optim.Adam(betas=(0.9, 0.99)), "Write beta1=0.9, beta2=0.999"),
        (lambda: sg.optim.AdamW(epsilon=1e-8), "Write eps="),
        (lambda: sg.optim.RMSprop(0.1, weightdecay=0.1), "did you mean 'weight_decay'?"),
        (lambda: sg.optim.Adam([], lr=0.1), "Write learning_rate="),
        (lambda: sg.optim.SGD(momentum=0.9), "SGD: learning_rate is missing"),
        (lambda: sg.optim.SGD(*range(9)), "SGD: 9 options are given by position"),
        (lambda: sg.optim.Adam(groups={"w": {"lr": 0.1}}), "Write learning_rate="),
        (lambda: sg.callbacks.EarlyStopping(restore_best_weights=True), "Write restore_best="),
        (lambda: sg.callbacks.BestModel(filepath="a.npz"), "Write path="),
        (lambda: sg.callbacks.BestModel("val_loss"), "BestModel(monitor='val_loss')"),
        (lambda: sg.callbacks.ReduceRate(min_lr=0.1), "Write least="),
        (lambda: sg.Model(sg.parameter("w") ** 2, [], optimizer=1), "model.fit(data, optimizer="),
        (lambda: sg.Model(sg.parameter("w") ** 2, [], metric={}), "did you mean 'metrics'?"),
    ],
)
def test_options_of_other_libraries_name_the_right_one(make, hint):
    with pytest.raises(SymgraphError, match=re.escape(hint)):
        make()


WRONG_FOR_PREDICT: dict[str, list[Any]] = {
    "batch_size": [0, -1, 1.5, 2.0, "8", True, [1], math.nan],
    "key": [1.5, "a", None, -1, 2**63, [0], True],
    "training": ["yes", 1, None],
    "check_finite": ["no", 1, None],
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG_FOR_PREDICT.items() for value in values],
    ids=named,
)
def test_settings_of_predict_that_make_no_sense_are_refused(name, value, target):
    assert_refused(outcome(target, predict(GOOD, **{name: value})), "predict:")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 2**40, 2**70, np.int8(3), np.uint64(2)])
def test_batches_of_every_size_predict_the_same(size, target):
    assert_right(outcome(target, predict(GOOD, batch_size=size)), "predict", GOOD)
    if size >= 5:
        assert_right(outcome(target, fit(GOOD, batch_size=size)), "fit", GOOD)


@pytest.mark.parametrize("rate", [-1.0, math.nan, math.inf, "a", None, True, [0.1], 1j])
def test_rates_that_are_none_are_refused(rate):
    with pytest.raises(SymgraphError, match="SGD: learning_rate"):
        sg.optim.SGD(rate)


def test_there_are_more_than_800_cases():
    cases = [
        *of_inputs(RIGHT, ["fit"]),
        *of_inputs(WRONG, CALLS),
        *WRONG_DATA,
        *WRONG_DATA,
        *RIGHT_DATA,
    ]
    others = [values for one in WRONG_FOR_OTHERS.values() for values in one.values()]
    settings = [*WRONG_SETTINGS.values(), *WRONG_FOR_PREDICT.values(), *others]

    assert len(cases) + sum(map(len, settings)) > 800


def one_value(model):
    """A callback that forgets the history."""


def test_functions_that_cannot_be_called_as_they_will_be_are_told_before_anything_changes():
    for target in MODELS:
        found = outcome(target, fit(GOOD, callbacks=[print, one_value]))
        assert_refused(found, "fit: callback 2, one_value, is called with the model and the")
        for method in ("fit", "partial_fit", "evaluate", "predict"):
            found = outcome(target, CALLS[method](lambda batch: [GOOD]))
            assert_refused(found, f"{method}: the function given cannot be called without values")


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        (Refuses(), "what is given is not an array: it lies on another device. Give"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), "a masked array is given"),
        (sg.input("z", 2), "is not an array"),
        ([[1.0], [2.0, 3.0]], "is not an array"),
    ],
)
def test_parameters_take_no_values_whose_meaning_would_be_lost(value, fact):
    def assign(model):
        model.parameters["w"] = value

    found = outcome("numpy", assign)

    assert_refused(found, "parameter 'w': ", fact)
    assert not str(found.error).endswith("..")


HALFWAY = {
    "another shape": GOOD | {"x": GOOD["x"][:, :1]},
    "a label outside": GOOD | {"k": GOOD["k"] + 3},
    "nan": GOOD | {"y": GOOD["y"] * math.nan},
    "a name less": {"x": GOOD["x"]},
    "nothing": None,
    "no samples": {name: array[:0] for name, array in GOOD.items()},
    "text": GOOD | {"x": GOOD["x"].astype(str)},
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["fit", "partial_fit", "evaluate", "predict"])
@pytest.mark.parametrize("second", HALFWAY.values(), ids=HALFWAY)
def test_a_generator_that_goes_wrong_halfway_names_the_batch(second, method, target):
    found = outcome(target, CALLS[method](iter([GOOD, second])))

    if method == "predict" and second is HALFWAY["nan"]:
        assert found.error is None  # it does not read y
        return
    assert found.error is not None
    assert f"{method}: batch 2: " in str(found.error)
    if method in ("fit", "partial_fit"):  # the step on the first batch is done
        for name, value in stepped(GOOD).items():
            np.testing.assert_allclose(found.parameters[name], value, rtol=1e-12)


def test_errors_of_the_users_own_functions_stay_as_they_are():
    def batches():
        yield GOOD
        raise OSError("the database is gone")

    def stumbles(model, history):
        raise LookupError("not there")

    for method in ("fit", "partial_fit", "evaluate", "predict"):
        with pytest.raises(OSError, match="database is gone"):
            CALLS[method](batches())(reset("numpy"))
    with pytest.raises(LookupError, match="not there"):
        fit(GOOD, callbacks=[stumbles])(reset("numpy"))
    assert_right(outcome("numpy", fit(GOOD)), "fit", GOOD)  # and the model goes on


@pytest.mark.parametrize("target", TARGETS)
def test_data_that_share_memory_with_the_parameters_train_as_a_copy_does(target):
    found = []
    for copied in (True, False):
        model = reset(target)
        held = model.parameters["t"]
        data = {"x": GOOD["x"][:3], "y": held.copy() if copied else held}
        data |= {"k": GOOD["k"][:3], "f": GOOD["f"][:3]}
        fit(data, batch_size=1, epochs=3)(model)
        found.append({name: array.copy() for name, array in model.parameters.items()})
    for name in START:
        assert found[0][name].tolist() == found[1][name].tolist()
