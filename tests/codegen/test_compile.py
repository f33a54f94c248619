"""`sg.compile`: arguments, structures, symbolic sizes, and what is refused at the boundary."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
import sympy

import symgraph as sg
from symgraph.errors import (
    KindError,
    NameClashError,
    NonFiniteError,
    RangeError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)

pytestmark = pytest.mark.usefixtures("target")

# --- arguments and results -----------------------------------------------------------------------


def test_a_result_has_the_structure_of_the_outputs() -> None:
    x = sg.input("x", 2)
    f = sg.compile(x, {"twice": 2 * x, "both": (sg.sum(x), [x - 1])})
    got = f([1.0, 3.0])

    assert got["twice"].tolist() == [2.0, 6.0]
    assert got["both"][0] == 4.0
    assert isinstance(got["both"], tuple)
    assert got["both"][1][0].tolist() == [0.0, 2.0]


def test_a_single_node_gives_a_single_value() -> None:
    x = sg.input("x")
    got = sg.compile([x], x * x)(3.0)

    assert got == 9.0
    assert type(got) is np.float64


def test_arguments_may_be_named() -> None:
    x, y = sg.input("x"), sg.input("y")
    f = sg.compile(["x", "y"], x - y)

    assert f(5.0, 3.0) == 2.0
    assert f(y=5.0, x=3.0) == -2.0
    assert f(5.0, y=1.0) == 4.0
    assert f.args == ("x", "y")


def test_plain_sympy_is_accepted() -> None:
    t, u = sympy.symbols("t u", real=True)
    f = sg.compile([t, u], [sympy.sin(t) * u, sympy.exp(-u)])

    assert f(0.5, 2.0) == [pytest.approx(2 * math.sin(0.5)), pytest.approx(math.exp(-2))]


def test_an_argument_that_is_not_needed_may_be_given() -> None:
    x, y = sg.input("x", 3), sg.input("y", ("N", 2))
    f = sg.compile([x, y], sg.sum(x))

    assert f(np.ones(3), np.zeros((5, 2))) == 3.0


def test_no_arguments_are_needed_for_constants() -> None:
    assert sg.compile([], sg.const(2.0) * 3.0)() == 6.0
    assert sg.compile([], sg.arange(3) * 2)().tolist() == [0, 2, 4]


@pytest.mark.parametrize("style", ["fast", "read"])
@pytest.mark.parametrize("shape", [(), (2,)])
def test_constants_without_a_finite_result_are_those_of_numpy(style: Any, shape: Any) -> None:
    x = sg.input("x", shape)
    big = sg.const(1e200)
    outputs = [
        x + sg.const(1.0) / sg.const(0.0),
        x - big**2,
        x + sg.log(sg.const(-1.0)),
        x + 1 / big,
    ]

    found = sg.compile([x], outputs, style=style)(np.ones(shape))

    assert [float(np.max(value)) for value in found[:2]] == [np.inf, -np.inf]
    assert np.isnan(found[2]).all()
    assert (found[3] == 1.0).all()


def test_results_belong_to_the_caller() -> None:
    x = sg.input("x", 3)
    f = sg.compile(x, [x, 2 * x, x])
    given = np.array([1.0, 2.0, 3.0])
    first, again = f(given), f(given)
    first[0][:] = first[1][:] = 7.0

    assert given.tolist() == [1.0, 2.0, 3.0]
    assert [value.tolist() for value in again] == [[1, 2, 3], [2, 4, 6], [1, 2, 3]]


def test_a_constant_output_is_made_anew_each_time() -> None:
    f = sg.compile([], [sg.const([1.0, 2.0]), sg.zeros((2, 2))])
    f()[0][:] = 5.0
    f()[1][:] = 5.0

    assert f()[0].tolist() == [1.0, 2.0]
    assert f()[1].tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("style", ["fast", "read"])
def test_every_kind_of_value_comes_back_in_its_type(style: Any) -> None:
    x, i = sg.input("x", 2), sg.input("i", 2, kind="integer")
    outputs = [x > 0, sg.sum(x > 0), i * 2, sg.argmax(x), sg.max(x), sg.floor(x), x[0] > 1]
    got = sg.compile([x, i], outputs, style=style)([1.5, -2.0], [3, 4])

    assert [value.dtype.kind for value in got] == ["b", "i", "i", "i", "f", "i", "b"]
    assert [value.tolist() for value in got] == [[True, False], 1, [6, 8], 0, 1.5, [1, -2], True]


# --- what cannot be compiled ---------------------------------------------------------------------


def test_a_variable_that_is_no_argument_is_named() -> None:
    x, w, b = sg.input("x", 3), sg.parameter("w", 3), sg.parameter("b")

    with pytest.raises(UnknownNameError, match="the outputs need 'w', 'b', which are not among"):
        sg.compile(x, x @ w + b)
    with pytest.raises(UnknownNameError, match="no variable is called 'v'; the outputs use 'x'"):
        sg.compile(["x", "v"], x * 2)


def test_an_argument_is_given_once() -> None:
    x = sg.input("x")

    with pytest.raises(NameClashError, match="argument 'x' is given twice"):
        sg.compile([x, x], x)
    with pytest.raises(NameClashError, match="variable 'x': one has shape"):
        sg.compile([x, sg.input("x", 3)], x)


def test_an_argument_is_a_variable() -> None:
    x = sg.input("x")

    with pytest.raises(KindError, match="argument x\\*x is no variable"):
        sg.compile([x * x], x * x)


def test_options_are_checked() -> None:
    x = sg.input("x")

    with pytest.raises(UnsupportedError, match="target 'fortran' is unknown"):
        sg.compile(x, x, target="fortran")  # type: ignore[arg-type] # what is refused
    with pytest.raises(KindError, match="style 'quick' is none"):
        sg.compile(x, x, style="quick")  # type: ignore[arg-type] # what is refused
    with pytest.raises(KindError, match="'class' is no Python identifier"):
        sg.compile(x, x, name="class")
    with pytest.raises(NameClashError, match="name 'slots' is used inside of emitted code"):
        sg.compile(x, x, name="slots")
    with pytest.raises(NameClashError, match="name 'x1' is used inside of emitted code"):
        sg.compile(x, x, name="x1")


def test_a_size_that_no_argument_has_is_named() -> None:
    x = sg.input("x", 3)

    with pytest.raises(UnknownNameError, match="size M: no argument has it as one of its sizes"):
        sg.compile(x, sg.sum(x) * sg.ones("M"))


# --- sizes ---------------------------------------------------------------------------------------


def test_sizes_are_taken_from_the_arrays_of_each_call() -> None:
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)
    f = sg.compile([x, w], sg.mean(x @ w))

    for n in (3, 7, 3, 1, 20):
        assert f(np.ones((n, 2)), [1.0, 2.0]) == pytest.approx(3.0)


def test_more_sizes_than_are_kept_still_work() -> None:
    x = sg.input("x", ("N",))
    f = sg.compile(x, sg.sum(x * x))

    for n in [*range(1, 30), *range(1, 30)]:
        assert f(np.full(n, 2.0)) == 4.0 * n


def test_a_size_is_derived_from_another() -> None:
    x, y = sg.input("x", ("N", 2)), sg.input("y", (sympy.Symbol("N") * 2 + 1,))
    f = sg.compile([x, y], sg.sum(x) + sg.sum(y))

    assert f(np.ones((3, 2)), np.ones(7)) == 13.0
    with pytest.raises(
        ShapeError, match=r"size 2\*N \+ 1: argument 'y' has 6 on axis 0, and N = 3"
    ):
        f(np.ones((3, 2)), np.ones(6))


def test_arguments_that_disagree_about_a_size_are_named() -> None:
    x, y = sg.input("x", ("N", 2)), sg.input("y", ("N",))
    f = sg.compile([x, y], sg.sum(x) + sg.sum(y))

    with pytest.raises(ShapeError, match="'y' has 4 on axis 0, and N = 3 by 'x' makes it 3"):
        f(np.ones((3, 2)), np.ones(4))


@pytest.mark.parametrize("style", ["fast", "read"])
def test_a_size_may_be_zero(style: Any) -> None:
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", (2, 3))
    h = sg.tanh(x @ w)
    outputs = [h, sg.sum(h, axis=0), sg.sum(h), *sg.grad(sg.sum(h), [x, w])]
    got = sg.compile([x, w], outputs, style=style)(np.ones((0, 2)), np.ones((2, 3)))

    assert [value.shape for value in got] == [(0, 3), (3,), (), (0, 2), (2, 3)]
    assert got[1].tolist() == [0, 0, 0]
    assert got[4].tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_maximum_of_nothing_is_refused() -> None:
    x = sg.input("x", ("N",))
    f = sg.compile(x, sg.max(x))

    assert f([1.0, 4.0]) == 4.0
    with pytest.raises(ShapeError, match="hold no entries, so there is no winner"):
        f([])


def test_a_position_outside_of_a_symbolic_size_is_refused() -> None:
    x = sg.input("x", ("N",))
    f = sg.compile(x, x[2])

    assert f([1.0, 2.0, 3.0]) == 3.0
    with pytest.raises(RangeError, match=r"position 2 is outside 0\.\.1"):
        f([1.0, 2.0])


# --- the boundary --------------------------------------------------------------------------------


def gather() -> Any:
    x, i = sg.input("x", ("N", 3)), sg.input("i", ("M",), kind="integer")
    return sg.compile([x, i], sg.take(x, i) * 2)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (np.ones(3), ShapeError, r"argument 'x' has shape \(3,\), it is declared \(N, 3\)"),
        (np.ones((2, 4)), ShapeError, r"argument 'x' has shape \(2, 4\)"),
        (np.ones((2, 3), complex), KindError, "argument 'x' has dtype complex128"),
        (np.ones((2, 3), object), KindError, "argument 'x' has dtype object"),
        (np.full((2, 3), "a"), KindError, "argument 'x' has dtype <U1"),
        (np.full((2, 3), np.datetime64("2020")), KindError, "argument 'x' has dtype datetime64"),
        ([[1, 2, 3], [4, 5]], KindError, "argument 'x' is no array"),
        (np.ma.masked_array(np.ones((2, 3))), KindError, "argument 'x' is a masked array"),
        ("text", KindError, "argument 'x' has dtype <U4"),
        (None, KindError, "argument 'x' has dtype object"),
        (sg.input("z", (2, 3)), KindError, "argument 'x' is a node"),
    ],
)
def test_a_wrong_real_argument_is_named(value: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        gather()(value, [0])


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([0.0], KindError, "argument 'i' has dtype float64, it is declared integer"),
        ([True], KindError, "argument 'i' has dtype bool, it is declared integer"),
        ([2], RangeError, r"i: index 2 at position \(0,\) is outside 0\.\.1"),
        ([0, -1], RangeError, r"i: index -1 at position \(1,\) is outside 0\.\.1"),
        ([2**63], RangeError, "argument 'i' holds 9223372036854775808"),
        ([[0]], ShapeError, r"argument 'i' has shape \(1, 1\)"),
    ],
)
def test_a_wrong_index_is_named(value: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        gather()(np.ones((2, 3)), value)


def test_a_boolean_argument_is_no_number() -> None:
    f = sg.compile(m := sg.input("m", 2, kind="boolean"), sg.sum(m))

    assert f([True, True]) == 2
    with pytest.raises(KindError, match="argument 'm' has dtype int64, it is declared boolean"):
        f([1, 0])


def test_the_number_of_arguments_is_checked() -> None:
    x, y = sg.input("x"), sg.input("y")
    f = sg.compile([x, y], x + y)

    with pytest.raises(UnknownNameError, match="arguments 'y' are missing"):
        f(1.0)
    with pytest.raises(UnknownNameError, match="3 arguments were given, there are 2: 'x', 'y'"):
        f(1.0, 2.0, 3.0)
    with pytest.raises(UnknownNameError, match="there is no argument 'z' here"):
        f(1.0, z=2.0)
    with pytest.raises(NameClashError, match="argument 'x' is given twice, in order and by name"):
        f(1.0, x=2.0)


def test_an_empty_list_is_an_array_of_any_kind() -> None:
    assert gather()(np.ones((2, 3)), []).shape == (0, 3)


LAYOUTS = {
    "fortran order": np.asfortranarray,
    "every second": lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2],
    "negative strides": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "byte swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "read only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "float32": lambda a: a.astype(np.float32),
    "long double": lambda a: a.astype(np.longdouble),
    "small integers": lambda a: a.astype(np.int8),
    "unaligned": lambda a: _unaligned(a),
    "a list": lambda a: a.tolist(),
    "broadcast": lambda a: np.broadcast_to(a, (1, *a.shape))[0],
    "a subclass": lambda a: a.view(_Subclass),
}


class _Subclass(np.ndarray):
    pass


def _unaligned(array: Any) -> Any:
    raw = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype)
    made = raw.reshape(array.shape)
    made[...] = array
    assert not made.flags.aligned
    return made


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("style", ["fast", "read"])
def test_an_array_of_any_layout_gives_the_right_answer(layout: str, style: Any) -> None:
    x, w = sg.input("x", ("N", 3)), sg.parameter("w", (3, 2))
    f = sg.compile([x, w], [x @ w, sg.sum(x, axis=0), x[::-1], sg.reshape(x, (-1,))], style=style)
    a, b = np.arange(12.0).reshape(4, 3), np.arange(6.0).reshape(3, 2) - 2
    got = f(LAYOUTS[layout](a), LAYOUTS[layout](b))

    assert got[0].tolist() == [[4, 7], [4, 16], [4, 25], [4, 34]]
    assert got[1].tolist() == [18, 22, 26]
    assert got[2].tolist() == a[::-1].tolist()
    assert got[3].tolist() == list(range(12))


def test_values_that_are_not_finite_are_found_on_request() -> None:
    x, y = sg.input("x", 3), sg.input("y", 3)
    plain = sg.compile([x, y], [x + y, sg.log(y)])
    careful = sg.compile([x, y], [x + y, sg.log(y)], check_finite=True)

    assert plain([0.0, np.nan, 1.0], [1.0, 0.0, 2.0])[1][1] == -np.inf
    with pytest.raises(NonFiniteError, match=r"argument 'x' is nan at position \(1,\)"):
        careful([0.0, np.nan, 1.0], [1.0, 1.0, 1.0])
    with pytest.raises(NonFiniteError, match=r"output \[1\] is -inf at position \(2,\)"):
        careful([0.0, 1.0, 1.0], [1.0, 1.0, 0.0])
    assert careful([0.0, 1.0, 1.0], [1.0, 1.0, 1.0])[0].tolist() == [1.0, 2.0, 2.0]


def test_overflow_and_division_by_zero_are_silent() -> None:
    x, s = sg.input("x", 2), sg.input("s")
    f = sg.compile(
        [x, s], [sg.exp(x), 1 / x, sg.log(x - 1), sg.exp(s), 1 / (s - 1000.0), sg.log(-s)]
    )
    got = f([1000.0, 0.0], 1000.0)

    assert got[0].tolist() == [np.inf, 1.0]
    assert got[1][1] == np.inf
    assert np.isnan(got[2][1])
    assert [got[3], got[4]] == [np.inf, np.inf]
    assert np.isnan(got[5])


def test_small_terms_of_a_log_sum_keep_their_digits() -> None:
    z = sg.input("z", ("N", 2))
    f = sg.compile(z, [sg.logsumexp(z, axis=1), sg.logsumexp(z), sg.logsumexp(z.T, axis=0)])
    rows, whole, columns = f([[0.0, -40.0], [-50.0, -60.0]])
    exact = float(sympy.log(1 + sympy.exp(-40) + sympy.exp(-50) + sympy.exp(-60)).evalf(20))

    assert rows[0] == columns[0] == pytest.approx(4.248354255291589e-18, rel=1e-15)
    assert whole == pytest.approx(exact, rel=1e-14)


# --- single numbers ------------------------------------------------------------------------------

NUMBERS = [
    -np.inf,
    -1e308,
    -750.0,
    -2.5,
    -1.0,
    -0.0,
    0.0,
    1e-320,
    0.5,
    1.0,
    3.0,
    710.0,
    np.inf,
    np.nan,
]
UNARY = (
    "exp log sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh expm1 log1p "
    "sqrt abs square negative sigmoid softplus relu step sign elu leaky_relu erf gelu"
).split()


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_number_is_that_of_an_array(name: str) -> None:
    s, x = sg.input("s"), sg.input("x", len(NUMBERS))
    function = getattr(sg, name)
    slope = sg.grad(sg.sum(function(x)), x) if name not in ("step", "sign") else function(x)
    single = sg.grad(function(s), s) if name not in ("step", "sign") else function(s)
    many = sg.compile(x, [function(x), slope])(NUMBERS)
    one = sg.compile(s, [function(s), single])
    for k, number in enumerate(NUMBERS):
        for got, want in zip(one(number), (many[0][k], many[1][k]), strict=True):
            assert np.allclose(got, want, rtol=1e-13, atol=0, equal_nan=True), (number, got, want)


@pytest.mark.parametrize(
    "name",
    "add subtract multiply divide power maximum minimum remainder floor_divide arctan2".split(),
)
def test_a_function_of_two_numbers_is_that_of_arrays(name: str) -> None:
    pairs = [(a, b) for a in NUMBERS for b in NUMBERS]
    s, t = sg.input("s"), sg.input("t")
    x, y = sg.input("x", len(pairs)), sg.input("y", len(pairs))
    function = getattr(sg, name)
    many = sg.compile([x, y], function(x, y))(*np.array(pairs).T)
    one = sg.compile([s, t], function(s, t))
    for (a, b), want in zip(pairs, many, strict=True):
        got = one(a, b)
        assert np.allclose(got, want, rtol=1e-13, atol=0, equal_nan=True), (a, b, got, want)


# --- threads -------------------------------------------------------------------------------------


def test_threads_do_not_disturb_one_another() -> None:
    """Arrays so large that NumPy lets other threads run meanwhile."""
    x, w = sg.input("x", ("N", 64)), sg.parameter("w", (64, 64))
    h = sg.tanh(x @ w)
    f = sg.compile([x, w], [sg.sum(h @ w, axis=0), sg.grad(sg.sum(h), w)])
    weights = np.random.default_rng(0).standard_normal((64, 64)) / 8
    batches = [np.full((200 + k // 2, 64), 0.01 * k) for k in range(8)]  # two of each size
    want = [f(batch, weights) for batch in batches]
    wrong: list[Any] = []

    def work(k: int) -> None:
        try:
            for _ in range(40):
                got = f(batches[k], weights)
                if not all(np.allclose(a, b) for a, b in zip(got, want[k], strict=True)):
                    wrong.append(k)
        except Exception as error:  # a thread would lose it
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
