"""Isomorphic parts of programs of numbers become loops: values, and that the text is short."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.lift import lift
from symgraph.node import Node
from symgraph.walks import variables

pytestmark = needs_c_compiler


def scalars(count: int) -> list[Node]:
    return [sg.input(f"x{k}") for k in range(count)]


def total(terms: list[Any]) -> Any:
    return sum(terms[1:], terms[0])


def pairs(count: int) -> tuple[list[Node], Node]:
    """Bodies in the plane that repel each other: every pair once."""
    x = scalars(2 * count)
    gaps = [
        (x[2 * i] - x[2 * j]) ** 2 + (x[2 * i + 1] - x[2 * j + 1]) ** 2
        for i, j in itertools.combinations(range(count), 2)
    ]
    return x, total([1 / (0.1 + gap) + sg.exp(-gap) for gap in gaps])


def springs(count: int) -> tuple[list[Node], Node]:
    """A random graph of springs, each with a constant and a length of its own."""
    draw = np.random.default_rng(count)
    x = scalars(count)
    ends = draw.integers(count, size=(6 * count, 2))
    stretch = [x[i] - x[j] - float(draw.uniform()) for i, j in ends if i != j]
    return x, total([float(draw.uniform(1, 2)) * s * s for s in stretch])


def chain(count: int) -> tuple[list[Node], Node]:
    """Rosenbrock's function: neighbours only."""
    x = scalars(count)
    return x, total([100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)])


def fit(count: int) -> tuple[list[Node], Node]:
    """The loss of a curve at points that are numbers in the formula, with a robust loss."""
    draw = np.random.default_rng(count)
    a, b, c = x = scalars(3)
    misses = [a * sg.tanh(b * float(t)) + c - float(y) for t, y in draw.normal(size=(count, 2))]
    return x, total([sg.where(abs(m) < 0.5, m * m, abs(m) - 0.25) for m in misses])


def network(count: int) -> tuple[list[Node], Node]:
    """A net of scalars, layer upon layer."""
    x = scalars(count * count + count)
    layer = x[:count]
    for _ in range(2):
        weights = [x[count + count * k : 2 * count + count * k] for k in range(count)]
        layer = [sg.tanh(total([w * h for w, h in zip(r, layer, strict=True)])) for r in weights]
    return x, total([h * h for h in layer])


def oscillators(count: int) -> tuple[list[Node], Node]:
    """Sines and cosines of all differences of phases."""
    x = scalars(count)
    both = itertools.permutations(x, 2)
    return x, total([sg.sin(a - b) * a + sg.cos(a - b) for a, b in both])


MAKERS: list[Callable[[int], tuple[list[Node], Node]]] = [
    pairs, springs, chain, fit, network, oscillators
]  # fmt: skip


def check(x: list[Node], outputs: Any, seed: int = 0, **options: Any) -> Any:
    """The program, whose values are those of NumPy's target."""
    point = np.random.default_rng(seed).normal(size=len(x))
    f = sg.compile(x, outputs, target="cython", **options)
    found, expected = f(*point), sg.compile(x, outputs)(*point)
    flat = [np.concatenate([np.ravel(part) for part in both]) for both in (found, expected)]
    scale = np.max(np.abs(flat[1]))
    np.testing.assert_allclose(flat[0], flat[1], rtol=1e-10, atol=1e-12 * scale)
    return f


@pytest.mark.parametrize("count", [9, 17])
@pytest.mark.parametrize("make", MAKERS)
def test_gradients_of_many_alike_terms_have_their_values(make: Any, count: int):
    x, energy = make(count)
    check(x, [energy, sg.grad(energy, x)], seed=count)


@pytest.mark.parametrize("make", [pairs, chain, fit])
def test_the_text_hardly_grows_with_the_number_of_terms(make: Any):
    def statements(count: int) -> int:
        x, energy = make(count)
        f = check(x, [energy, sg.grad(energy, x)])
        assert "for (i64 i = 0" in f.source
        body = f.source[f.source.index("static void step_1(") :]
        return len(re.findall(r" const (?:double|i64|u8) v\d+ = ", body))

    assert statements(40) < 1.6 * statements(20) + 10


def test_terms_in_the_order_of_sympy_become_few_runs():
    count = 24
    symbols = sympy.symbols(f"x0:{count}")
    terms = [sympy.exp(-((a - b) ** 2)) for a, b in itertools.combinations(symbols, 2)]
    x, energy = [lift(s) for s in symbols], lift(sympy.Add(*terms))

    f = check(x, [energy, sg.grad(energy, x)])

    runs = [int(n) for n in re.findall(r"for \(i64 r = 0; r < (\d+); r\+\+\)", f.source)]
    assert runs
    assert max(runs) < 2 * count


def test_long_results_come_out_of_loops_in_order():
    x = scalars(40)
    outputs = [sg.stack([v * v + 1 for v in x]), [sg.sin(v) * 2 for v in x], total(x)]
    point = np.arange(40.0)

    squares, sines, whole = sg.compile(x, outputs, target="cython")(*point)

    np.testing.assert_allclose(squares, point**2 + 1)
    np.testing.assert_allclose(sines, 2 * np.sin(point))
    assert whole == point.sum()


def test_updates_of_many_numbers_come_of_old_values():
    x = [sg.state(f"x{k}") for k in range(60)]
    energy = total([(a - b) ** 2 for a, b in zip(x, [*x[1:], x[0]], strict=True)])
    slopes = dict(zip(x, sg.grad(energy, x), strict=True))
    bound = sg.compile(
        x, energy, updates={v: v - 0.1 * d for v, d in slopes.items()}, target="cython"
    ).bind(*[np.array(float(k % 7)) for k in range(60)])
    values = np.arange(60.0) % 7
    forward = np.roll(values, -1)

    assert bound.step() == pytest.approx(np.sum((values - forward) ** 2))

    slope = 2 * (values - forward) + 2 * (values - np.roll(values, 1))
    found = [float(bound.arrays[f"x{k}"]) for k in range(60)]
    assert found == pytest.approx(values - 0.1 * slope)


def test_float32_programs_are_rolled_too():
    x, energy = pairs(12)
    point = np.random.default_rng(2).normal(size=24).astype(np.float32)

    found = sg.compile(x, sg.grad(energy, x), target="cython", dtype="float32")(*point)

    expected = sg.compile(x, sg.grad(energy, x))(*point.astype(float))
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_random_sums_of_random_terms_have_their_values(seed: int):
    draw = np.random.default_rng(seed)
    count = int(draw.integers(3, 20))
    x = scalars(count)
    kinds = draw.integers(4, size=draw.integers(1, 4))

    def term() -> Node:
        a, b, c = (x[k] for k in draw.integers(count, size=3))
        kind = int(draw.choice(kinds))
        if kind == 0:
            return sg.tanh(a * b - c)
        if kind == 1:
            return sg.where(a > b, a * c, b - c)
        if kind == 2:
            return sg.maximum(a, b) / (1 + c * c)
        return -(a - b) * float(draw.integers(3))

    terms = [term() for _ in range(int(draw.integers(30, 150)))]
    parts = [total(terms[: len(terms) // 2]), total(terms[len(terms) // 3 :])]
    energy = parts[0] * parts[1] + parts[0]
    there = [v for v in x if v in variables([energy])]
    check(x, [energy, sg.grad(energy, there)], seed)


def test_gradients_by_the_entries_of_one_vector_are_programs_of_numbers_too():
    def program(count: int) -> Any:
        x = sg.input("x", (2 * count,))
        gaps = [
            (x[2 * i] - x[2 * j]) ** 2 + (x[2 * i + 1] - x[2 * j + 1]) ** 2
            for i, j in itertools.combinations(range(count), 2)
        ]
        energy = total([1 / (0.1 + gap) for gap in gaps])
        outputs = [energy, sg.grad(energy, x)]
        f = sg.compile([x], outputs, target="cython")
        point = np.random.default_rng(count).normal(size=2 * count)
        for found, expected in zip(f(point), sg.compile([x], outputs)(point), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-11)
        return f

    assert len(program(18).source) < 1.5 * len(program(12).source)
