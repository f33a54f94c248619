"""Code for the arrays of any library: what the nodes mean, on every library that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from random_graphs import random_case

import symgraph as sg
from symgraph import zoo
from symgraph.errors import KindError, RangeError, ShapeError, UnknownNameError, UnsupportedError
from symgraph.network import load_network
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.sample import draw as sample
from symgraph.shapes import as_dim
from symgraph.walks import variables


class Library(NamedTuple):
    """Arrays from NumPy's and back."""

    made: Callable[[Any], Any]
    back: Callable[[Any], Any]


def library(name: str) -> Library:
    """A library of arrays; the test is skipped where it is not installed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    module: Any = importlib.import_module(name)
    if name == "torch":
        return Library(lambda x: module.asarray(np.array(x)), lambda x: x.detach().numpy())
    if name == "jax":
        module.config.update("jax_enable_x64", True)
        return Library(lambda x: module.numpy.asarray(np.asarray(x)), np.asarray)
    if name == "array_api_strict":
        return Library(lambda x: module.asarray(np.asarray(x)), lambda x: np.asarray(x._array))
    return Library(np.asarray, np.asarray)


LIBRARIES = ["numpy", "array_api_strict", "torch", "jax"]
everywhere = pytest.mark.parametrize("name", LIBRARIES)


def close(got: Any, want: Any) -> bool:
    bound = 1e-9 * (1 + np.max(np.abs(want), initial=0, where=np.isfinite(want)))
    same_shape = np.shape(got) == np.shape(want)
    return same_shape and bool(np.allclose(got, want, rtol=1e-9, atol=bound, equal_nan=True))


@everywhere
@pytest.mark.parametrize("seed", range(0, 48, 2))
def test_random_graphs_have_the_values_of_their_nodes(seed: int, name: str) -> None:
    arrays, case = library(name), random_case(seed)
    function = sg.compile(list(case.values), case.outputs, style="array")
    given = [arrays.made(value) for value in case.values.values()]
    with np.errstate(all="ignore"):
        try:
            found = evaluate_nodes(case.outputs, case.values, case.dims)
        except RangeError:
            with pytest.raises(IndexError, match="is outside 0"):
                function(*given)
            return
        got = [arrays.back(value) for value in function(*given)]

    assert all(close(g, np.asarray(found[w])) for g, w in zip(got, case.outputs, strict=True))


#: Systems that the slow checks of the standard take long for, in a smaller size; and rows of them.
SMALL = {"digits-deep": "digits-deep,maps=4-3-5,hidden=9"}
ROWS = {"lenet": {as_dim("N"): 1}}


@pytest.mark.parametrize("system", zoo.names())
def test_losses_and_gradients_of_the_zoo_are_those_of_the_numpy_target(system: str) -> None:
    arrays = library("array_api_strict")
    loss = load_network(f"zoo:{SMALL.get(system, system)}")
    drawn = sample([loss], dims=ROWS.get(system)).values
    given = variables([loss])
    weights = [v for v in given if v.kind == "real"][:4]
    outputs = [loss, *(sg.grad(loss, weights) if loss.shape == () else [])]
    want = sg.compile(given, outputs)(*[drawn[v] for v in given])
    got = sg.compile(given, outputs, style="array")(*[arrays.made(drawn[v]) for v in given])

    assert all(close(arrays.back(g), w) for g, w in zip(got, want, strict=True))


def recurrent() -> tuple[list[Any], Any]:
    """Variables and loss of a net over time with an embedding and picked log-probabilities."""
    ids, labels = sg.input("ids", "T", kind="integer"), sg.input("y", "T", kind="integer")
    E, W, V = sg.parameter("E", (5, 3)), sg.parameter("W", (3, 3)), sg.parameter("V", (3, 5))
    run = sg.scan(lambda h, x: sg.tanh(x + h @ W), sg.zeros(3), E[ids])
    return [ids, labels, E, W, V], sg.mean(sg.cross_entropy(run.states @ V, labels))


def recurrent_data() -> list[Any]:
    rng = np.random.default_rng(3)
    shapes = ((5, 3), (3, 3), (3, 5))
    return [np.array([1, 4, 1, 0]), np.array([2, 0, 3, 3]), *map(rng.standard_normal, shapes)]


@everywhere
def test_new_values_are_returned_and_nothing_given_is_changed(name: str) -> None:
    arrays, (given, loss) = library(name), recurrent()
    slopes = dict(zip(given[2:], sg.grad(loss, given[2:]), strict=True))
    new = {w: w - 0.5 * slope for w, slope in slopes.items()}
    step = sg.compile(given, {"loss": loss}, updates=new, style="array")
    data = recurrent_data()
    before = [x.copy() for x in data]
    outputs, values = step(*[arrays.made(x) for x in data])
    want = sg.compile(given, [loss, *new.values()])(*data)

    assert close(arrays.back(outputs["loss"]), want[0])
    assert all(close(arrays.back(g), w) for g, w in zip(values, want[1:], strict=True))
    assert all((x == old).all() for x, old in zip(data, before, strict=True))


def test_the_gradient_is_the_one_that_torch_finds_through_the_forward_code() -> None:
    torch = pytest.importorskip("torch")
    given, loss = recurrent()
    tensors = [torch.asarray(x) for x in recurrent_data()]
    for tensor in tensors[2:]:
        tensor.requires_grad_()
    sg.compile(given, loss, style="array")(*tensors).backward()
    ours = sg.compile(given, list(sg.grad(loss, given[2:])), style="array")(*tensors)

    for tensor, slope in zip(tensors[2:], ours, strict=True):
        assert close(slope.detach().numpy(), tensor.grad.numpy())


def test_the_function_can_be_recorded_by_jax() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    given, loss = recurrent()
    function = sg.compile(given, [loss, *sg.grad(loss, given[2:])], style="array")
    data = [jax.numpy.asarray(x) for x in recurrent_data()]
    recorded = jax.jit(function.function)(*data)
    slopes = jax.grad(lambda *xs: function.function(*xs)[0], argnums=(2, 3, 4))(*data)

    assert all(
        close(np.asarray(a), np.asarray(b)) for a, b in zip(recorded, function(*data), strict=True)
    )
    assert all(
        close(np.asarray(a), np.asarray(b)) for a, b in zip(recorded[1:], slopes, strict=True)
    )


def test_numbers_keep_the_width_of_the_given_arrays() -> None:
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)
    function = sg.compile([x, w], sg.sigmoid(x @ w), style="array")

    assert np.float32 == function(np.ones((3, 2), "f4"), np.ones(2, "f4")).dtype
    assert np.float64 == function([[1, 2]], [0.5, 1]).dtype


def test_wrong_arguments_are_refused() -> None:
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", "N")
    function = sg.compile([x, w], w @ x, style="array")
    with pytest.raises(ShapeError, match=r"'w' has shape \(3,\).*N = 2"):
        function(np.ones((2, 2)), np.ones(3))
    with pytest.raises(KindError, match="'x' has dtype int64, it is declared real"):
        function(np.ones((2, 2), int), np.ones(2))
    with pytest.raises(UnknownNameError, match="'w' are missing"):
        function(np.ones((2, 2)))
    with pytest.raises(UnsupportedError, match="check_finite"):
        sg.compile([x, w], w @ x, style="array", check_finite=True)


def test_arrays_of_two_libraries_are_refused() -> None:
    strict = pytest.importorskip("array_api_strict")
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", "N")
    with pytest.raises(KindError, match="several libraries"):
        sg.compile([x, w], w @ x, style="array")(np.ones((2, 2)), strict.ones(2))


def test_the_code_reads_as_the_formula() -> None:
    x, W, b = sg.input("x", ("N", 3)), sg.parameter("W", (3, 4)), sg.parameter("b", 4)
    source = sg.compile([x, W, b], sg.let("h", sg.tanh(x @ W + b)), style="array").source

    assert "    h1 = xp.tanh(x1 @ p1 + p2)  # h, (N, 4)\n    return h1\n" in source


WITHOUT_EXTRAS = """
import sys
for name in ("array_api_compat", "matplotlib", "resvg_py", "PIL", "pptx", "torch", "jax"):
    sys.modules[name] = None
import symgraph as sg
x, w = sg.input("x", "N"), sg.parameter("w", init=1.0)
model = sg.Model(loss=sg.mean((w * x - 1) ** 2), inputs=[x])
print(model.fit({"x": [1.0, 1.0]}, epochs=2).epochs, sg.compile([x], sg.tanh(x))([0.0]))
try:
    sg.compile([x], sg.tanh(x), style="array")
except sg.UnsupportedError as error:
    print(error)
"""


def test_nothing_but_this_style_needs_array_api_compat():
    command = [sys.executable, "-c", WITHOUT_EXTRAS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stdout.splitlines() == [
        "[1, 2] [0.]",
        (
            "compile: style='array' needs array-api-compat, which is not installed. Write: "
            "pip install 'symgraph[array]'"
        ),
    ], done.stderr


@pytest.mark.parametrize("value", ["1", None, 1j, 10**400, np.ma.array([1.0]), [[1.0], [2.0, 3.0]]])
def test_what_is_no_number_is_refused(value: Any) -> None:
    x, y = sg.input("x", "N"), sg.input("y")

    with pytest.raises(sg.KindError, match=r"argument '[xy]'"):
        sg.compile([x, y], x * y, style="array")(np.ones(2), value)
    with pytest.raises(sg.KindError, match=r"argument '[xy]'"):
        sg.compile([x, y], x * y, style="array")(value, 1.0)
