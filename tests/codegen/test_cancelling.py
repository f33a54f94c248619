"""Quotients of exponentials as textbooks write them are right at any number, and so are slopes."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import assume, given, settings, strategies as st
from mpmath import mp, mpf

import symgraph as sg
from symgraph.codegen.shift.cancelling import cancel_exponentials
from symgraph.walks import topological

Formula = Callable[[Any, Any], Any]

FORMULAS: dict[str, Formula] = {
    "sigmoid by exp(x)": lambda x, m: m.exp(x) / (1 + m.exp(x)),
    "sigmoid by exp(-x)": lambda x, m: 1 / (1 + m.exp(-x)),
    "1 - sigmoid": lambda x, m: 1 - 1 / (1 + m.exp(-x)),
    "sigmoid slope": lambda x, m: m.exp(-x) / (1 + m.exp(-x)) ** 2,
    "tanh by exp(2x)": lambda x, m: (m.exp(2 * x) - 1) / (m.exp(2 * x) + 1),
    "tanh by exp(-2x)": lambda x, m: (1 - m.exp(-2 * x)) / (1 + m.exp(-2 * x)),
    "tanh by both": lambda x, m: (m.exp(x) - m.exp(-x)) / (m.exp(x) + m.exp(-x)),
    "tanh by sigmoid": lambda x, m: 2 / (1 + m.exp(-2 * x)) - 1,
    "log sigmoid": lambda x, m: m.log(1 / (1 + m.exp(-x))),
    "log(1 - sigmoid)": lambda x, m: m.log(1 - 1 / (1 + m.exp(-x))),
    "silu": lambda x, m: x / (1 + m.exp(-x)),
    "slope of silu": lambda x, m: (1 + m.exp(-x) + x * m.exp(-x)) / (1 + m.exp(-x)) ** 2,
    "mish": lambda x, m: x * m.tanh(m.log(1 + m.exp(x))),
    "logit of sigmoid": lambda x, m: m.log((1 / (1 + m.exp(-x))) / (1 - 1 / (1 + m.exp(-x)))),
    "cross-entropy": lambda x, m: -(
        0.3 * m.log(1 / (1 + m.exp(-x))) + 0.7 * m.log(1 - 1 / (1 + m.exp(-x)))
    ),
    "focal loss": lambda x, m: -((1 - 1 / (1 + m.exp(-x))) ** 2) * m.log(1 / (1 + m.exp(-x))),
    "hyperbolic secant": lambda x, m: 2 / (m.exp(x) + m.exp(-x)),
    "Fermi and Dirac": lambda x, m: 1 / (m.exp((x - 1) / 0.01) + 1),
    "Bose and Einstein": lambda x, m: 1 / (m.exp(x) - 1),
    "Planck": lambda x, m: x**3 / (m.exp(x) - 1),
    "three states": lambda x, m: (m.exp(x) - m.exp(-x)) / (1 + 2 * m.exp(x) + 3 * m.exp(-x)),
    "halves": lambda x, m: m.exp(x / 2) / (1 + m.exp(x)),
    "a growing one": lambda x, m: m.exp(x) / (1 + m.exp(-x)),
    "no common step": lambda x, m: (m.exp(x) + m.exp(-0.7 * x)) / (1 + m.exp(1.3 * x)),
    "by cosh": lambda x, m: m.sinh(x) / (1 + m.cosh(x)),
}  # fmt: skip

DOUBLES = [-1000.0, -720.0, -360.0, -50.0, -1.5, 0.7, 20.0, 40.0, 370.0, 711.0, 900.0]
SINGLES = [-190.0, -91.0, -46.0, -30.0, -5.0, 0.7, 5.0, 17.0, 46.0, 90.0, 150.0]


class Jet:
    """A number of mpmath with its first two derivatives."""

    def __init__(self, *parts: Any) -> None:
        self.parts = (*parts, mpf(0), mpf(0))[:3]

    def of(self, f: Any, first: Any, second: Any) -> "Jet":
        """A function of it, by that function's derivatives."""
        _, x1, x2 = self.parts
        return Jet(f, first * x1, second * x1 * x1 + first * x2)

    def __add__(self, other: Any) -> "Jet":
        return Jet(*(a + b for a, b in zip(self.parts, _jet(other).parts, strict=True)))

    def __mul__(self, other: Any) -> "Jet":
        (a, a1, a2), (b, b1, b2) = self.parts, _jet(other).parts
        return Jet(a * b, a1 * b + a * b1, a2 * b + 2 * a1 * b1 + a * b2)

    def __pow__(self, n: int) -> "Jet":
        x = self.parts[0]
        return self.of(x**n, n * x ** (n - 1), n * (n - 1) * x ** (n - 2))

    def __neg__(self) -> "Jet":
        return self * -1

    def __sub__(self, other: Any) -> "Jet":
        return self + -_jet(other)

    def __rsub__(self, other: Any) -> "Jet":
        return _jet(other) - self

    def __truediv__(self, other: Any) -> "Jet":
        return self * _jet(other) ** -1

    def __rtruediv__(self, other: Any) -> "Jet":
        return _jet(other) / self

    __radd__, __rmul__ = __add__, __mul__


def _jet(value: Any) -> Jet:
    return value if isinstance(value, Jet) else Jet(mpf(value))


class Functions:
    """The functions of jets."""

    @staticmethod
    def exp(x: Any) -> Jet:
        e = mp.exp(_jet(x).parts[0])
        return _jet(x).of(e, e, e)

    @staticmethod
    def log(x: Any) -> Jet:
        a = _jet(x).parts[0]
        return _jet(x).of(mp.log(a), 1 / a, -1 / a**2)

    @staticmethod
    def tanh(x: Any) -> Jet:
        t = mp.tanh(_jet(x).parts[0])
        return _jet(x).of(t, 1 - t * t, -2 * t * (1 - t * t))

    @staticmethod
    def sinh(x: Any) -> Jet:
        return (Functions.exp(x) - Functions.exp(-_jet(x))) / 2

    @staticmethod
    def cosh(x: Any) -> Jet:
        return (Functions.exp(x) + Functions.exp(-_jet(x))) / 2


@cache
def _right(name: str, point: float) -> Any:
    """Value and slopes by mpmath, from enough digits for what cancels."""
    with mp.workdps(1400):
        found = FORMULAS[name](Jet(mpf(point), mpf(1)), Functions)
        return [+each for each in found.parts]


@pytest.mark.parametrize(
    "target", ["numpy", pytest.param("cython", marks=needs_c_compiler)]
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_two_slopes_are_right_at_any_number(name: str, dtype: Any, target: Any) -> None:
    x = sg.input("x", "N")
    y = FORMULAS[name](x, sg)
    slope = sg.grad(sg.sum(y), x)
    second = sg.grad(sg.sum(slope), x)
    points = np.array(DOUBLES if dtype == "float64" else SINGLES, dtype)
    limits = np.finfo(dtype)
    digits = 1e-11 if dtype == "float64" else 3e-5

    found = sg.compile([x], [y, slope, second], dtype=dtype, target=target)(points)

    for order, values in enumerate(found):
        for point, value in zip(points, values, strict=True):
            right = _right(name, float(point))[order]
            if abs(right) > 1e-3 * limits.max:
                continue
            # slopes of mish are made of tanh(log(1 + exp(x))), which is no such quotient
            size = max(abs(right), 1e-2 if name == "mish" else 0)
            nothing = float(limits.tiny) * (1 + abs(float(point)) ** 3)
            assert abs(mpf(float(value)) - right) <= digits * size + nothing


def test_a_sigmoid_and_a_tanh_written_out_become_the_known_ones():
    x = sg.input("x", 3)
    by_hand = [sg.exp(x) / (1 + sg.exp(x)), (sg.exp(2 * x) - 1) / (sg.exp(2 * x) + 1)]

    found = cancel_exponentials(by_hand).roots

    assert found == [sg.sigmoid(x), sg.tanh(x)]


def test_what_is_right_as_it_is_written_stays():
    x, y = sg.input("x", 3), sg.input("y", 3)
    roots = [
        1 / (1 + sg.exp(-x)), y * sg.exp(x) + 1, sg.exp(-x) * sg.exp(-y), sg.exp(2 * x) + sg.exp(x),
        (sg.exp(x) + y) / (1 + y), sg.exp(x) / y,
    ]  # fmt: skip

    assert cancel_exponentials(roots).roots == roots


def test_a_loss_of_many_units_is_linear_work():
    x, y = sg.input("x", 40), sg.input("y", 40)
    p = [1 / (1 + sg.exp(-x[k])) for k in range(40)]
    loss = sum((-(y[k] * sg.log(q) + (1 - y[k]) * sg.log(1 - q)) for k, q in enumerate(p)), 0.0)
    values, labels = np.linspace(-60, 60, 40), np.arange(40) % 2

    found = sg.compile([x, y], sg.grad(loss, x))(values, labels)

    np.testing.assert_allclose(
        found,
        [float(_right_residual(*each)) for each in zip(values, labels, strict=True)],
        rtol=1e-12,
    )
    nodes = topological(cancel_exponentials([sg.grad(loss, x)]).roots)
    assert len(nodes) < 40 * 40


def _right_residual(x: float, y: int) -> Any:
    with mp.workdps(60):
        return +(1 / (1 + mp.exp(-mpf(x))) - int(y))


def test_a_number_that_is_none_stays_none():
    x = sg.input("x", "N")
    s = 1 / (1 + sg.exp(-x))
    slope = sg.grad(sg.sum(sg.log(s / (1 - s))), x)

    found = sg.compile([x], slope)([np.nan, 3.0, 900.0])

    np.testing.assert_array_equal(found, [np.nan, 1.0, 1.0])


@needs_c_compiler
def test_gates_written_out_inside_of_a_loop_do_not_overflow():
    X, h0, W = sg.input("X", ("T", 3)), sg.input("h0", 3), sg.parameter("W", (3, 3))

    def by_hand(h: Any, x: Any) -> Any:
        z = x + h @ W
        gate = sg.exp(z) / (1 + sg.exp(z))
        new = (sg.exp(2 * z) - 1) / (sg.exp(2 * z) + 1)
        return gate * h + (1 - gate) * new

    def known(h: Any, x: Any) -> Any:
        z = x + h @ W
        return sg.sigmoid(z) * h + (1 - sg.sigmoid(z)) * sg.tanh(z)

    rng = np.random.default_rng(1)
    values = 300 * rng.normal(size=(4, 3)), rng.normal(size=3), 50 * rng.normal(size=(3, 3))
    found = []
    for step in (by_hand, known):
        loss = sg.sum(sg.scan(step, h0, X).final ** 2)
        for target in ("numpy", "cython"):
            program = sg.compile([X, h0, W], [loss, *sg.grad(loss, [X, h0, W])], target=target)
            found.append(program(*values))

    for other in found[1:]:
        for one, right in zip(other, found[-1], strict=True):
            np.testing.assert_allclose(one, right, rtol=1e-10, atol=1e-13)


@st.composite
def _quotients(draw: Any, depth: int = 2) -> Formula:
    """Quotients of sums of exponentials, whose terms are positive."""
    if depth == 0:
        k, is_number = draw(st.sampled_from([-2, -1, 0.5, 1, 3])), draw(st.booleans())
        return (lambda x, m: mpf(2) if m is mp else 2.0) if is_number else lambda x, m: m.exp(k * x)
    first, second = draw(_quotients(depth - 1)), draw(_quotients(depth - 1))
    forms: list[Formula] = [
        lambda x, m: first(x, m) + second(x, m),
        lambda x, m: first(x, m) * second(x, m),
        lambda x, m: first(x, m) / (second(x, m) + 1),
    ]
    return draw(st.sampled_from(forms))


@settings(max_examples=80, deadline=None)
@given(_quotients(), st.floats(-900, 900))
def test_random_quotients_have_all_their_digits(formula: Formula, point: float) -> None:
    with mp.workdps(60):
        right = formula(mpf(point), mp)
    x = sg.input("x", 1)
    y = formula(x, sg)
    assume(not isinstance(y, float))

    (found,) = sg.compile([x], y)(np.array([point]))

    if 1e-290 < abs(right) < 1e290:
        assert abs(mpf(float(found)) - right) <= 1e-11 * abs(right)
