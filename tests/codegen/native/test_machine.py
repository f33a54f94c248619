"""The register machine: values of programs of numbers without compiling them."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler

import symgraph as sg

pytestmark = needs_c_compiler

x, y = sympy.symbols("x y")

FUNCTIONS = [
    sympy.sin, sympy.cos, sympy.tan, sympy.asin, sympy.acos, sympy.atan, sympy.sinh, sympy.cosh,
    sympy.tanh, sympy.asinh, sympy.atanh, sympy.exp, sympy.log, sympy.sqrt, sympy.Abs,
    sympy.floor, sympy.ceiling,
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_function_has_its_value(dtype: Any):
    outputs = [f(x) for f in FUNCTIONS] + [x**y, sympy.atan2(x, y), x % y, sympy.Max(x, y), x / y]

    found = sg.compile([x, y], outputs, target="vm", dtype=dtype)(0.3, -1.7)

    at = {x: 0.3, y: -1.7}
    expected = [float(one.subs(at)) for one in outputs]
    np.testing.assert_allclose(found, expected, rtol=1e-14 if dtype == "float64" else 1e-6)


def test_cases_and_comparisons_keep_their_kinds():
    cases = sympy.Piecewise((x, x > y), (y**2, (x > 0) & (y > 0)), (-1, True))
    f = sg.compile([x, y], [cases, x > y, sg.grad(cases, [x, y])], target="vm")

    assert f(2.0, 1.0) == [2.0, True, [1.0, 0.0]]
    assert f(0.5, 3.0) == [9.0, False, [0.0, 6.0]]
    assert f(-2.0, 1.0) == [-1.0, False, [0.0, 0.0]]
    assert type(f(2.0, 1.0)[1]) is np.bool_


def test_gradients_of_long_programs_are_those_of_numpy():
    symbols = sympy.symbols("x0:12")
    energy = sum(sympy.exp(-((a - b) ** 2)) * a for a in symbols for b in symbols if a != b)
    outputs = [energy, sg.grad(energy, list(symbols)), sg.hessian(energy, list(symbols[:3]))]
    point = np.random.default_rng(0).normal(size=12)

    f = sg.compile(symbols, outputs, target="vm")

    assert "multiply(r" in f.source
    for found, expected in zip(f(*point), sg.compile(symbols, outputs)(*point), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_bound_programs_update_their_arguments():
    a, b = sg.state("a"), sg.state("b")
    bound = sg.compile([a, b], a * b, updates={a: b, b: a + b}, target="vm").bind(
        np.array(1.0), np.array(2.0)
    )

    assert [bound.step(), bound.step()] == [2.0, 6.0]
    assert [float(bound.arrays[name]) for name in "ab"] == [3.0, 5.0]


def test_what_is_no_program_of_reals_runs_on_numpy(caplog: pytest.LogCaptureFixture):
    A, n = sg.input("A", ("N", 2)), sg.input("n", kind="integer")

    with caplog.at_level(logging.WARNING, logger="symgraph"):
        total = sg.compile([A], sg.sum(A), target="vm")(np.ones((3, 2)))
        large = sg.compile([n], n * n + 1, target="vm")(2**30)

    assert total == 6
    assert large == 2**60 + 1
    assert [record.getMessage() for record in caplog.records] == [
        "sg.compile: step uses NumPy: it is no program of real numbers"
    ] * 2


def test_threads_do_not_share_registers():
    f = sg.compile([x, y], sympy.sin(x) * y + sympy.exp(x * y), target="vm")
    points = np.random.default_rng(0).normal(size=(200, 2))
    expected = np.sin(points[:, 0]) * points[:, 1] + np.exp(points[:, 0] * points[:, 1])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda p: f(*p), points))

    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)
