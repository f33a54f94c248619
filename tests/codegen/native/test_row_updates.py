"""Updates of looked-up rows alone: the same numbers as the dense rule, and only where it allows."""

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg

pytestmark = needs_c_compiler

E, A = sg.parameter("E", ("V", 3)), sg.state("A", ("V", 3))
WORDS, MORE = sg.input("words", ("N", 2), kind="integer"), sg.input("more", ("N",), kind="integer")
LOSS = sg.sum(sg.tanh(sg.take(E, WORDS))) + sg.sum(sg.take(E, MORE) ** 3)
G = sg.grad(LOSS, E)
CLIPPED = sg.minimum(sg.maximum(G, -0.5), 0.5)

#: New values of E and A, and whether rows with gradient 0 keep theirs.
RULES = {
    "descent": ({E: E - 0.1 * G}, True),
    "clipped descent": ({E: E - 0.1 * CLIPPED}, True),
    "adagrad": ({A: A + G**2, E: E - 0.1 * G / sg.sqrt(A + G**2 + 1e-6)}, True),
    "momentum": ({A: 0.9 * A + G, E: E - 0.1 * (0.9 * A + G)}, False),
    "decay": ({E: 0.99 * E - 0.1 * G}, False),
    "growth": ({E: E + sg.exp(G)}, False),
    "rmsprop": ({A: 0.9 * A + 0.1 * G**2, E: E - 0.1 * G / sg.sqrt(A + 1e-6)}, False),
    "clipped by the norm": ({E: E - 0.1 * G / (1 + sg.sum(G**2))}, False),
}
COMPILED = {}


def compiled(rule):
    if rule not in COMPILED:
        COMPILED[rule] = sg.compile(
            [WORDS, MORE, E, A], LOSS, updates=RULES[rule][0], target="cython"
        )
    return COMPILED[rule]


def gradient(table, words, more):
    """The gradient of the loss, by hand."""
    total = np.zeros_like(table)
    np.add.at(total, words, 1 - np.tanh(table[words]) ** 2)
    np.add.at(total, more, 3 * table[more] ** 2)
    return total


def stepped(rule, table, sums, g):
    """New values of E and A by NumPy."""
    if rule == "descent":
        return table - 0.1 * g, sums
    if rule == "clipped descent":
        return table - 0.1 * np.clip(g, -0.5, 0.5), sums
    if rule == "adagrad":
        return table - 0.1 * g / np.sqrt(sums + g**2 + 1e-6), sums + g**2
    if rule == "momentum":
        return table - 0.1 * (0.9 * sums + g), 0.9 * sums + g
    if rule == "decay":
        return 0.99 * table - 0.1 * g, sums
    if rule == "growth":
        return table + np.exp(g), sums
    if rule == "rmsprop":
        return table - 0.1 * g / np.sqrt(sums + 1e-6), 0.9 * sums + 0.1 * g**2
    return table - 0.1 * g / (1 + np.sum(g**2)), sums


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=12, deadline=None)
@given(rows=st.integers(1, 9), count=st.integers(0, 12), seed=st.integers(0, 999))
def test_rows_that_occur_once_or_often_are_updated_by_their_whole_gradient(rule, rows, count, seed):
    rng = np.random.default_rng(seed)
    table, sums = rng.normal(size=(rows, 3)), rng.uniform(0.1, 1, size=(rows, 3))
    words, more = rng.integers(0, rows, (count, 2)), rng.integers(0, rows, count)
    want = stepped(rule, table, sums, gradient(table, words, more))

    compiled(rule)(words, more, table, sums)

    np.testing.assert_allclose(table, want[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sums, want[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_only_rules_that_need_it_run_over_the_whole_table(rule):
    heads = [line for line in compiled(rule).source.splitlines() if "for (i64" in line]
    whole = [head for head in heads if "n2" in head.split(";")[1]]  # n1 words of n2 there are

    assert bool(whole) is not RULES[rule][1]


def test_what_reads_the_table_besides_the_rule_still_gets_the_old_rows():
    f = sg.compile([WORDS, MORE, E, A], sg.sum(E), updates={E: E - G, A: E}, target="cython")
    table, sums = np.arange(12.0).reshape(4, 3), np.zeros((4, 3))
    old, words, more = table.copy(), np.array([[1, 1]]), np.array([3])

    assert f(words, more, table, sums) == old.sum()

    assert np.array_equal(sums, old)
    np.testing.assert_allclose(table, old - gradient(old, words, more))


def test_derivatives_made_of_the_table_itself_are_those_of_its_old_rows():
    loss = sg.sum(sg.take(E, MORE) * E[:1]) + sg.sum(sg.take(E, MORE) * E[1:2])
    f = sg.compile([MORE, E], loss, updates={E: E - 0.1 * sg.grad(loss, E)}, target="cython")
    table, more = np.arange(12.0).reshape(4, 3), np.array([3, 0, 3, 1])
    slope = np.zeros_like(table)
    np.add.at(slope, more, table[0] + table[1])
    slope[:2] += table[more].sum(axis=0)
    want = table - 0.1 * slope

    f(more, table)

    np.testing.assert_allclose(table, want)


def test_a_wrong_index_is_refused_before_a_row_is_changed():
    f = compiled("descent")
    table = np.ones((4, 3))

    with pytest.raises(sg.errors.RangeError, match=r"more: index 4 at position \(1,\)"):
        f(np.zeros((2, 2), int), np.array([0, 4]), table, table.copy())

    assert np.array_equal(table, np.ones((4, 3)))
