"""Programs of numbers in C: values, gradients, kinds, updates, and how their text is cut."""

import re
from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.codegen.native import scalar_program
from symgraph.walks import variables

pytestmark = needs_c_compiler

x, y, z = sympy.symbols("x y z")


def native(args: Any, outputs: Any, **options: Any) -> Any:
    return sg.compile(args, outputs, target="cython", **options)


def test_the_jacobian_of_a_planar_arm_is_the_known_one():
    a, b = sympy.symbols("a b")
    hand = [2 * sympy.cos(a) + sympy.cos(a + b), 2 * sympy.sin(a) + sympy.sin(a + b)]
    rows = [sg.grad(part, [a, b]) for part in hand]

    (px, py), ((xa, xb), (ya, yb)) = native([a, b], [hand, rows])(0.3, 0.5)

    assert [px, py] == pytest.approx([2 * np.cos(0.3) + np.cos(0.8), 2 * np.sin(0.3) + np.sin(0.8)])
    assert [xa, xb] == pytest.approx([-2 * np.sin(0.3) - np.sin(0.8), -np.sin(0.8)])
    assert [ya, yb] == pytest.approx([2 * np.cos(0.3) + np.cos(0.8), np.cos(0.8)])


def test_sine_and_cosine_of_one_angle_are_computed_together():
    f = native([x], [sympy.sin(x), sympy.cos(x), sg.grad(sympy.sin(x) * x, [x])])
    body = f.source[f.source.index("static void step_1") :]

    assert len(re.findall(r"sg_(sin|cos|sin_cos)\(", body)) == 1
    assert f(0.4)[:2] == pytest.approx([np.sin(0.4), np.cos(0.4)])


def test_whole_numbers_stay_whole_and_comparisons_stay_truths():
    n, m = sg.input("n", kind="integer"), sg.input("m", kind="integer")
    f = native([n, m], [n // m, n % m, n > m, -n * n, n / m, abs(n) + 2**40])

    values = f(-7, 2)

    assert values == [-4, 1, False, -49, -3.5, 7 + 2**40]
    assert [type(v) for v in values] == [
        np.int64, np.int64, np.bool_, np.int64, np.float64, np.int64
    ]  # fmt: skip


def test_a_function_declares_the_arguments_that_it_reads_whatever_they_are_called():
    """The comment says `x2 + 1` of the first argument; x2 is also how C calls the second."""
    first, second = sg.input("x2"), sg.input("other")
    f = native([first, second], [first + 1, sg.sin(first + 1)])

    assert "/* x2 + 1 */" in f.source
    assert re.findall(r"\*const (x\d) =", f.source) == ["x1"]


def test_entries_of_arrays_are_numbers_too():
    A = sg.input("A", (2, 3))
    f = native([A], [A[0, 1] * A[1, 2], sg.stack([A[1, 0], A[0, 0] + 1]), A.T])
    given_ = np.arange(6.0).reshape(2, 3)

    product, pair, transposed = f(given_)

    assert product == 5
    np.testing.assert_array_equal(pair, [3, 1])
    np.testing.assert_array_equal(transposed, given_.T)


def test_new_values_are_made_of_old_ones_only():
    a, b = sg.state("a"), sg.state("b")
    bound = native([a, b], a - b, updates={a: b, b: a + b}).bind(np.array(1.0), np.array(2.0))

    assert bound.step() == -1.0
    assert bound.step() == -1.0
    assert [float(bound.arrays[name]) for name in "ab"] == [3.0, 5.0]


def test_float32_is_computed_in_float32():
    f = native([x], sympy.exp(x) * 3, dtype="float32")

    assert f(1.0).dtype == np.float32
    assert "double" not in f.source[f.source.index("static void step_1") :]
    assert f(1.0) == pytest.approx(3 * np.e, rel=3e-7)


def chain(length: int, draw: np.random.Generator) -> tuple[list[sg.Node], sg.Node]:
    """A graph in which each value is made of the last one and a random earlier one."""
    xs = [sg.input(f"x{k}") for k in range(5)]
    values: list[sg.Node] = list(xs)
    for _ in range(length):
        a, b = values[-1], values[draw.integers(len(values))]
        kind = draw.integers(7)
        values.append(
            a + b if kind == 0 else a * b if kind == 1 else a - 0.5 * b if kind == 2
            else sg.tanh(a) if kind == 3 else sg.sin(a) + b if kind == 4
            else a / (1 + b * b) if kind == 5 else sg.where(a > b, a, 0.5 * b)
        )  # fmt: skip
        values[-1] = sg.tanh(values[-1]) if kind == 1 else values[-1]
    return xs, values[-1]


@pytest.mark.parametrize("length", [1, 100, 700])
def test_long_programs_cut_into_functions_compute_what_numpy_does(length: int):
    draw = np.random.default_rng(length)
    xs, root = chain(length, draw)
    there = [v for v in variables([root]) if v in xs]
    outputs = [root, sg.grad(root, there)]
    point = draw.normal(size=len(xs))

    found, slopes = native(xs, outputs)(*point)
    expected, expected_slopes = sg.compile(xs, outputs)(*point)

    assert found == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert slopes == pytest.approx(expected_slopes, rel=1e-8, abs=1e-10)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_random_programs_compute_what_evaluation_gives(seed: int):
    draw = np.random.default_rng(seed)
    xs, root = chain(int(draw.integers(1, 30)), draw)
    point = dict(zip(xs, draw.normal(size=len(xs)), strict=True))

    found = native(xs, [root, root > 0, -root])(*point.values())

    expected = float(sg.evaluate(root, {v: p for v, p in point.items() if v in variables([root])}))
    assert found[0] == pytest.approx(expected, rel=1e-11, abs=1e-13)
    assert found[1] == (found[0] > 0)
    assert found[2] == -found[0]


def test_no_function_is_long_and_memory_is_used_again():
    xs, root = chain(3000, np.random.default_rng(0))
    source = native(xs, root).source
    bodies = source.split("static void step_")[1:]
    places = {int(k) for k in re.findall(r"\bm\[(\d+)\]", source)}

    assert len(bodies) > 10
    assert max(body.count("\n") for body in bodies) < 700
    assert len(places) < 1500


def test_names_of_users_stand_in_comments_only():
    f = native([sympy.Symbol("*/ int main; /*")], sympy.Symbol("*/ int main; /*") ** 2 + 1)

    assert f(3.0) == 10
    assert "*/ int main" not in f.source


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_of_known_numbers_have_all_digits(dtype: str):
    x = sympy.Symbol("x")
    bases = [sympy.Integer(2), sympy.Rational(7, 10), sympy.Integer(10), sympy.Rational(999, 1000)]
    f = sg.compile([x], [base**x for base in bases], target="cython", dtype=dtype)
    eps = np.finfo(dtype).eps
    for power in (-37.25, -1.0, 0.0, 0.5, 3.0, 20.125):
        exact = [float(sympy.N(np.dtype(dtype).type(float(base)).item(), 40) ** power)
                 for base in bases]  # fmt: skip
        np.testing.assert_allclose(f(power), exact, rtol=3 * eps)
    assert np.isnan(f(np.nan)).all()
    assert f(-np.inf) == [0, np.inf, 0, np.inf]


@pytest.mark.parametrize(("most", "said"), [(8, 1), (9, 0)])
def test_the_log_says_before_a_long_compilation_what_needs_none(most, said, monkeypatch, caplog):
    monkeypatch.setattr(scalar_program, "_LONG", most)
    h = sg.input("h")
    made = h
    for _ in range(9):
        made = sg.sin(made)
    job = native([h], made)._recipe.job(loops=True)
    caplog.clear()
    scalar_program.emit_scalars(job)
    assert len(re.findall("9 statements.*target='vm'", caplog.text)) == said
