"""Pointwise functions: NumPy's broadcasting, kinds and values, kinks, branches not taken."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, strategies as st
from numeric import check_derivatives, evaluate, value

import symgraph as sg
from symgraph.errors import KindError, ShapeError
from symgraph.node import Node
from symgraph.ops.leaves import Fill
from symgraph.ops.map import Map
from symgraph.scalar import slot

BINARY: dict[str, tuple[Callable[..., Node], Callable[..., Any]]] = {
    "add": (sg.add, np.add),
    "subtract": (sg.subtract, np.subtract),
    "multiply": (sg.multiply, np.multiply),
    "divide": (sg.divide, np.divide),
    "power": (sg.power, np.power),
    "remainder": (sg.remainder, np.remainder),
    "floor_divide": (sg.floor_divide, np.floor_divide),
    "maximum": (sg.maximum, np.maximum),
    "minimum": (sg.minimum, np.minimum),
    "arctan2": (sg.arctan2, np.arctan2),
    "less": (sg.less, np.less),
    "less_equal": (sg.less_equal, np.less_equal),
    "greater": (sg.greater, np.greater),
    "greater_equal": (sg.greater_equal, np.greater_equal),
    "equal": (sg.equal, np.equal),
    "not_equal": (sg.not_equal, np.not_equal),
    "logaddexp": (sg.logaddexp, np.logaddexp),
}
UNARY: dict[str, tuple[Callable[..., Node], Callable[..., Any]]] = {
    name: (getattr(sg, name), getattr(np, name))
    for name in (
        "negative sqrt square exp log expm1 log1p sin cos tan arcsin arccos arctan sinh cosh tanh "
        "arcsinh arctanh abs floor ceil"
    ).split()
}
UNARY["arccosh"] = (lambda x: sg.arccosh(x + 2), lambda x: np.arccosh(x + 2))


@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_values_is_numpys(name: str):
    ours, theirs = BINARY[name]
    x, y = sg.input("x", (2, 3)), sg.input("y", 3)
    first = np.array([[0.5, 2.0, 1.0], [3.0, 0.25, 1.5]])
    second = np.array([0.5, 1.5, -2.0])

    got = value(ours(x, y), {x: first, y: second})

    want = theirs(first, second)
    np.testing.assert_allclose(got, want, rtol=1e-15)
    assert got.dtype.kind == want.dtype.kind


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_value_is_numpys(name: str):
    ours, theirs = UNARY[name]
    x, array = sg.input("x", 3), np.array([0.25, 0.5, 0.75])

    got = value(ours(x), {x: array})

    np.testing.assert_allclose(got, theirs(array), rtol=2e-15)
    assert got.shape == (3,)


def test_the_remaining_functions_have_their_textbook_values():
    x, array = sg.input("x", 4), np.array([-2.0, -0.5, 0.5, 3.0])
    cases = {
        sg.relu(x): np.maximum(array, 0),
        sg.leaky_relu(x, 0.1): np.where(array > 0, array, 0.1 * array),
        sg.elu(x, 2.0): np.where(array > 0, array, 2 * np.expm1(array)),
        sg.sigmoid(x): 1 / (1 + np.exp(-array)),
        sg.softplus(x): np.log(1 + np.exp(array)),
        sg.softsign(x): array / (1 + np.abs(array)),
        sg.step(x): [0, 0, 1, 1],
        sg.sign(x): [-1, -1, 1, 1],
        sg.indicator(x > 0.5): [0, 0, 0, 1],
        sg.clip(x, -1, 1): np.clip(array, -1, 1),
        sg.where(x < 0, -x, 2 * x): [2.0, 0.5, 1.0, 6.0],
        sg.apply(slot(0) ** 2 + slot(1), x, 1): array**2 + 1,
    }

    for got, want in zip(evaluate(list(cases), {x: array}), cases.values(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-15)


# --- broadcasting -------------------------------------------------------------------------------

sizes = st.integers(0, 3)
shapes = st.lists(sizes, max_size=3).map(tuple)


@given(shapes, shapes, st.sampled_from(["add", "divide", "maximum", "less"]))
def test_two_shapes_broadcast_as_in_numpy_or_are_refused(first: Any, second: Any, name: str):
    ours, theirs = BINARY[name]
    x, y = sg.input("x", first), sg.input("y", second)
    left, right = np.ones(first), np.full(second, 2.0)
    try:
        want = theirs(left, right)
    except ValueError:
        with pytest.raises(ShapeError, match=r"shapes .* do not broadcast, \d != \d on axis -\d"):
            ours(x, y)
        return

    node = ours(x, y)

    assert node.shape == want.shape
    assert value(node, {x: left, y: right}).tolist() == want.tolist()


@given(st.lists(st.integers(1, 3), max_size=3), st.data())
def test_gradients_are_summed_over_what_was_repeated(shape: list[int], data: Any):
    kept = data.draw(st.integers(0, len(shape)))
    small = [data.draw(st.sampled_from([1, n])) for n in shape[kept:]]
    x, y = sg.input("x", shape), sg.input("y", small)
    generator = np.random.default_rng(0)
    left, right = generator.normal(size=shape), generator.normal(size=small)
    ct = generator.normal(size=shape)

    gradient = sg.grad(x * y, y, cotangent=ct)

    axes = tuple(a for a, n in enumerate(shape) if a < kept or small[a - kept] != n)
    want = np.sum(ct * left, axis=axes, keepdims=True).reshape(small)
    np.testing.assert_allclose(value(gradient, {x: left, y: right}), want, rtol=1e-12, atol=1e-12)


def test_a_symbol_stretches_only_a_literal_one():
    assert str((sg.input("x", ("N", 1)) + sg.input("y", ("M",))).shape) == "(N, M)"
    with pytest.raises(ShapeError, match=r"\(N,\) and \(M,\) do not broadcast, N != M on axis -1"):
        sg.input("x", "N") + sg.input("y", "M")


# --- kinds --------------------------------------------------------------------------------------

SAMPLES = {"boolean": np.array([True, True]), "integer": np.array([3, 5]), "real": np.ones(2)}
LETTER = {"b": "boolean", "i": "integer", "u": "integer", "f": "real"}


@pytest.mark.parametrize("name", ["add", "multiply", "divide", "power", "maximum", "less", "equal"])
@pytest.mark.parametrize("left", SAMPLES)
@pytest.mark.parametrize("right", SAMPLES)
def test_the_kind_of_a_result_is_that_of_its_numbers(name: str, left: str, right: str):
    x, y = sg.input("x", 2, kind=left), sg.input("y", 2, kind=right)
    node = BINARY[name][0](x, y)
    got = value(node, {x: SAMPLES[left], y: SAMPLES[right]})

    assert LETTER[got.dtype.kind] == node.kind
    if (left, right) != ("boolean", "boolean"):
        assert node.kind == LETTER[BINARY[name][1](SAMPLES[left], SAMPLES[right]).dtype.kind]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda i: i + 1, "integer"),
        (lambda i: i + 1.0, "real"),
        (lambda i: i / 2, "real"),
        (lambda i: i // 2, "integer"),
        (lambda i: i**2, "integer"),
        (lambda i: i**2.0, "real"),
        (lambda i: i**-1, "real"),
        (lambda i: i**0, "integer"),
        (lambda i: sg.sqrt(i), "real"),
        (lambda i: sg.abs(i), "integer"),
        (lambda i: sg.relu(i), "integer"),
        (lambda i: sg.where(i > 1, i, 0), "integer"),
        (lambda i: sg.where(i > 1, i, 0.5), "real"),
        (lambda i: sg.indicator(i > 1), "integer"),
        (lambda i: sg.floor(i / 2), "integer"),
        (lambda i: i > 1, "boolean"),
        (lambda i: ~(i > 1) & (i < 3) | (i == i), "boolean"),
    ],
)
def test_the_kind_of_a_formula_of_integers(make: Callable[[Node], Node], kind: str):
    i = sg.input("i", 2, kind="integer")
    node = make(i)

    assert node.kind == kind
    assert LETTER[value(node, {i: np.array([1, 2])}).dtype.kind] in (kind, "integer")


# --- operators ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "op",
    [
        operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv,
        operator.mod, operator.pow, operator.lt, operator.le, operator.gt, operator.ge,
    ],
    ids=lambda op: op.__name__,
)  # fmt: skip
@pytest.mark.parametrize(
    "other", [2, 1.5, Fraction(1, 2), np.float64(0.5), np.array([1.0, 2.0]), [0.5, 3.0]], ids=repr
)
def test_an_operator_takes_a_number_or_an_array_on_either_side(op: Any, other: Any):
    x, array = sg.input("x", 2), np.array([2.0, 0.5])
    plain = np.asarray(other, dtype=float)

    assert value(op(x, other), {x: array}).tolist() == pytest.approx(op(array, plain).tolist())
    assert value(op(other, x), {x: array}).tolist() == pytest.approx(op(plain, array).tolist())


def test_equality_of_nodes_is_identity_and_equal_compares_entries():
    x, y = sg.input("x", 2), sg.input("y", 2)

    assert (x + y == x + y) is True
    assert (x == y) is False
    assert value(sg.equal(x, y), {x: [1.0, 2.0], y: [1.0, 3.0]}).tolist() == [True, False]


def test_the_graph_is_the_one_the_user_wrote():
    x = sg.input("x")

    for node, count in ((x * 1, 2), (x + 0, 2), (x - x, 1), (2 * (x + 1), 2), (x**2, 1)):
        assert isinstance(node, Map)
        assert len(set(node.args)) == count
    assert isinstance((x * 1).args[1], Fill)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: x + 1j, "1j is not a real number, an array or an expression"),
        (lambda x: x + "y", "'y' is not a real number"),
        (lambda x: x + np.array(["a"]), "an array of dtype <U1 is not real"),
        (lambda x: x + np.array([1j]), "an array of dtype complex128 is not real"),
        (lambda x: sg.add(x, [[1.0], [1.0, 2.0]]), "list is not an array"),
        (lambda x: sg.where(x, 1, 0), "where: the operand is real, it must be boolean"),
        (lambda x: sg.indicator(x), "indicator: the operand is real, it must be boolean"),
        (lambda x: x & x, "and: the operand is real, it must be boolean"),
        (lambda x: (x > 0) | 1, "or: the operand is integer, it must be boolean"),
        (lambda x: ~x, "not: the operand is real, it must be boolean"),
        (lambda x: sg.step(x, at_zero=x), "step: x must be a plain number"),
        (lambda x: sg.leaky_relu(x, "a"), "leaky_relu: 'a' must be a plain number"),
        (lambda x: bool(x > 0), "a comparison of nodes has no truth value"),
        (lambda x: float(x), "is a formula, not a number"),
    ],
)
def test_a_value_of_a_wrong_kind_is_refused(make: Callable[[Node], Any], message: str):
    with pytest.raises(KindError, match=message):
        make(sg.input("x"))


# --- powers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exponent", "text"),
    [
        (2, "x**2"), (2.0, "x**2"), (0.5, "sqrt(x)"), (-1, "1/x"), (-0.5, "1/sqrt(x)"), (0, "x**0"),
        (1.5, "x**(3/2)"), (0.3, "x**0.3"), (sympy.Rational(1, 3), "x**(1/3)"),
    ],
)  # fmt: skip
def test_an_exponent_is_written_as_on_paper(exponent: Any, text: str):
    assert str(sg.power(sg.input("x"), exponent)) == text


@pytest.mark.parametrize("exponent", [2, 3, -1, -2, 0.5, 1.5, 0.3, 0, 1])
def test_a_power_has_numpys_value_and_its_derivatives_agree(exponent: float):
    x, array = sg.input("x", 2), np.array([0.5, 2.0])

    np.testing.assert_allclose(value(x**exponent, {x: array}), array**exponent, rtol=1e-15)
    check_derivatives(x**exponent, {x: array}, [x])


def test_a_power_of_a_node_has_a_slope_at_zero():
    x, y = sg.input("x", 3), sg.input("y", 3)
    gradient = sg.grad(sg.sum(x**y), x)

    assert value(gradient, {x: np.zeros(3), y: np.array([1.0, 2.0, 3.0])}).tolist() == [1, 0, 0]
    check_derivatives(x**y, {x: np.array([0.5, 1.0, 2.0]), y: np.array([2.0, -1.0, 0.5])}, [x, y])


# --- kinks: the values that are stated ----------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "slope"),
    [
        (sg.relu, [-1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
        (sg.abs, [-1.0, 0.0, 2.0], [-1.0, 0.0, 1.0]),
        (sg.step, [-1.0, 0.0, 2.0], [0.0, 0.0, 0.0]),
        (sg.sign, [-1.0, 0.0, 2.0], [0.0, 0.0, 0.0]),
        (sg.floor, [-1.0, 0.5, 2.0], [0.0, 0.0, 0.0]),
        (sg.ceil, [-1.0, 0.5, 2.0], [0.0, 0.0, 0.0]),
        (lambda x: sg.leaky_relu(x, 0.25), [-1.0, 0.0, 2.0], [0.25, 0.25, 1.0]),
        (lambda x: sg.elu(x, 0.5), [0.0, 0.0, 2.0], [0.5, 0.5, 1.0]),
        (lambda x: sg.maximum(x, 0), [-1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
        (lambda x: sg.maximum(0, x), [-1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
        (lambda x: sg.maximum(x, x), [-1.0, 0.0, 2.0], [0.0, 0.0, 0.0]),
        (lambda x: sg.minimum(x, 0), [-1.0, 0.0, 2.0], [1.0, 0.0, 0.0]),
        (lambda x: sg.clip(x, 0, 1), [0.0, 0.5, 1.0], [0.0, 1.0, 0.0]),
        (lambda x: sg.indicator(x > 0) * x, [-1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
        (lambda x: sg.where(x > 0, x, 0), [-1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
        (lambda x: sg.where(x >= 0, x, 0), [-1.0, 0.0, 2.0], [0.0, 1.0, 1.0]),
        (lambda x: x % 1, [-1.0, 0.0, 2.0], [1.0, 1.0, 1.0]),
        (lambda x: x // 1, [-1.0, 0.0, 2.0], [0.0, 0.0, 0.0]),
    ],
)
def test_a_kink_has_the_slope_that_is_stated(function: Any, at: list[float], slope: list[float]):
    x = sg.input("x", 3)
    loss = sg.sum(function(x)) + 0.0 * sg.sum(x)

    assert value(sg.grad(loss, x), {x: np.array(at)}).tolist() == slope


@pytest.mark.parametrize(
    ("function", "want"), [(sg.step, [0, 1, 1]), (sg.sign, [-1, 1, 1])], ids=["step", "sign"]
)
def test_the_value_at_zero_is_an_argument(function: Any, want: list[int]):
    x = sg.input("x", 3)

    assert value(function(x, at_zero=1), {x: np.array([-1.0, 0.0, 2.0])}).tolist() == want
    middle = float(value(function(x, at_zero=0.5), {x: np.array([-1.0, 0.0, 2.0])})[1])
    assert middle == 0.5


# --- branches not taken -------------------------------------------------------------------------

SHARED = sg.sqrt(sg.input("x", 3))


@pytest.mark.parametrize(
    ("make", "slope"),
    [
        (lambda x: sg.where(x > 0, sg.sqrt(x), 0), [0.0, 0.0, 0.25]),
        (lambda x: sg.where(x > 0, sg.log(x), 0), [0.0, 0.0, 0.25]),
        (lambda x: sg.where(x <= 0, 0, sg.log(x)), [0.0, 0.0, 0.25]),
        (lambda x: sg.where(x > 0, 1 / x, x), [1.0, 1.0, -0.0625]),
        (lambda x: sg.where(x > 0, -sg.sqrt(x) * 3, 0), [0.0, 0.0, -0.75]),
        (lambda x: sg.where(x > 0, sg.sqrt(x), 0) * x, [0.0, 0.0, 3.0]),
        (lambda x: sg.where(x > 0, x * sg.sqrt(x), 0), [0.0, 0.0, 3.0]),
        (lambda x: sg.where(x > 0, sg.where(x > 1, sg.log(x), sg.sqrt(x)), -x), [-1.0, -1.0, 0.25]),
        (lambda x: sg.where(x > 1, sg.where(x > 0, sg.log(x), 0), 0), [0.0, 0.0, 0.25]),
        (
            lambda x: sg.where(x > 0, SHARED * sg.log(SHARED), 0),
            [0.0, 0.0, 0.25 * 1.693147180559945],
        ),
        (lambda x: sg.where(x > 0, SHARED, 0) + sg.where(x > 1, 2 * SHARED, 0), [0.0, 0.0, 0.75]),
        (lambda x: sg.where(x > 0, sg.let("root", sg.sqrt(x)), 0), [0.0, 0.0, 0.25]),
        (lambda x: sg.where(x > 0, sg.exp(1000 * (1 - x)), x), [1.0, 1.0, 0.0]),
        (lambda x: sg.where(x < 1, x, sg.sqrt(sg.log(x) + 1) ** 2), [1.0, 1.0, 0.25]),
    ],
)
def test_a_branch_that_is_not_taken_sends_no_nan(make: Any, slope: list[float]):
    x = sg.input("x", 3)
    at = {x: np.array([0.0, -1.0, 4.0])}
    node = make(x)

    got = value(sg.grad(sg.sum(node), x), at)
    np.testing.assert_allclose(got, slope, rtol=1e-14)
    along = value(sg.jvp(node, x, np.ones(3)), at)
    np.testing.assert_allclose(along, slope, rtol=1e-14)


def test_second_derivatives_keep_out_the_branch_that_is_not_taken():
    x = sg.input("x", 3)
    loss = sg.sum(sg.where(x > 0, sg.log(x), 0))

    got = value(sg.hvp(loss, x, np.ones(3)), {x: np.array([0.0, -1.0, 4.0])})

    assert got.tolist() == [0.0, 0.0, -0.0625]


def test_the_slope_of_a_choice_is_written_with_a_bracket():
    x = sg.input("x")

    assert str(sg.grad(sg.where(x > 0, sg.log(x), 0), x)) == "1/x*1[x > 0]"
    assert str(sg.grad(sg.where(x > 0, x, x**2), x)) == "where(x > 0, 1, 2*x)"
    assert str(sg.grad(sg.where(x > 0, 0, x**2), x)) == "2*x*(1 - 1[x > 0])"


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x, y: (x > 0) & (y < 1), "(x > 0) & (y < 1)"),
        (lambda x, y: (x > 0) | (y < 1) & (x < y), "(x > 0) | (y < 1) & (x < y)"),
        (lambda x, y: ~((x > 0) | (y < 1)), "~((x > 0) | (y < 1))"),
        (lambda x, y: x + (-y), "x - y"),
        (lambda x, y: x - (y - x), "x - (y - x)"),
        (lambda x, y: x / (y / x), "x/(y/x)"),
        (lambda x, y: sg.sqrt(x) / (2 * y), "sqrt(x)/(2*y)"),
        (lambda x, y: sg.apply(slot(0) / (2 * slot(1)), x, y), "x/(2*y)"),
        (lambda x, y: sg.apply(3 * slot(0) / (2 * slot(1)), x, y), "3*x/(2*y)"),
        (lambda x, y: sg.apply(-slot(0) / 2, x), "-1/2*x"),
        (lambda x, y: sg.grad(sg.sigmoid(x), x), "sigmoid(x)*(1 - sigmoid(x))"),
        (lambda x, y: sg.step(x, at_zero=1), "1[x >= 0]"),
    ],
)
def test_a_formula_is_written_so_that_python_reads_it_back(make: Any, text: str):
    x, y = sg.input("x"), sg.input("y")
    node = make(x, y)

    assert str(node) == text
    if "[" in text:
        return
    names = {name: getattr(np, name) for name in ("sqrt",)}
    names |= {"x": np.float64(0.75), "y": np.float64(1.5)}
    names["sigmoid"] = lambda t: 1 / (1 + np.exp(-t))
    again = eval(text, {}, names)  # noqa: S307 - our own text
    assert float(again) == pytest.approx(float(value(node, {x: 0.75, y: 1.5})))
