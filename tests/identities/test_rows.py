"""Each row of the table: the gradient in numbers, the printed line in numbers, and its length.

The expected gradients are NumPy formulas written from the table; difference quotients of the
expression vouch for them. What is printed is evaluated at the same points.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import symgraph as sg
from identities.row import Problem, Row, arrays_of
from identities.rows import ROWS
from identities.score import (
    READABLE,
    agree,
    closed_form,
    expected_length,
    printed,
    printed_value,
    score,
)
from symgraph.facts import is_symmetric
from symgraph.walks import variables

EVERY = [pytest.param(row, id=f"{row.number} {row.id}") for row in ROWS]
GRADIENTS = [p for p, row in zip(EVERY, ROWS, strict=True) if row.kind == "gradient"]


@pytest.mark.parametrize("row", GRADIENTS)
def test_the_gradient_has_the_value_of_the_closed_form_at_every_shape(row: Row):
    for seed, shape in enumerate(row.shapes):
        problem = row.problem(shape)
        arrays = arrays_of(row, problem, seed)
        leaves = {leaf: arrays[leaf.params[0]] for leaf in variables([problem.expr])}
        gradient = sg.grad(problem.expr, problem.wrt)
        used = set(variables([gradient]))
        found = sg.evaluate(gradient, {k: x for k, x in leaves.items() if k in used})
        exact = closed_form(row, arrays)

        assert np.size(found) == exact.size
        assert agree(found, exact), shape
        assert agree(_quotients(problem, leaves), exact), shape


def _quotients(problem: Problem, leaves: dict[sg.Node, np.ndarray]) -> np.ndarray:
    """Central differences of fourth order; entries of a symmetric matrix move in pairs."""
    step, around = 5e-5, ((1, 8.0), (-1, -8.0), (2, -1.0), (-2, 1.0))
    wrt = problem.wrt
    slopes = np.zeros(np.shape(leaves[wrt]))
    for index in np.ndindex(slopes.shape):
        for places, weight in around:
            moved = np.array(leaves[wrt], dtype=float)
            moved[index] += places * step
            if is_symmetric(wrt):
                moved[index[::-1]] = moved[index]
            slopes[index] += weight * sg.evaluate(problem.expr, leaves | {wrt: moved}) / (12 * step)
    return slopes


@pytest.mark.parametrize("row", EVERY)
def test_the_printed_result_has_the_value_of_the_closed_form_at_every_shape(row: Row):
    for seed, shape in enumerate(row.shapes):
        problem = row.problem(shape)
        derivation = problem.derivation
        arrays = arrays_of(row, problem, seed)

        assert derivation.verified or 1 in shape  # ones of an axis of size 1 may leave it open
        assert agree(printed_value(problem, derivation, arrays), closed_form(row, arrays)), shape


@pytest.mark.parametrize("row", EVERY)
def test_the_printed_result_is_not_much_longer_than_the_textbook_s(row: Row):
    problem = row.problem(row.shapes[0])
    shown = printed(row, problem, problem.derivation)

    assert shown.has_form, shown.result
    assert shown.length <= READABLE * expected_length(row), shown


def test_every_row_of_the_table_is_here_once():
    assert [row.number for row in ROWS] == list(range(1, 81))


def test_a_wrong_line_and_a_long_line_are_noticed():
    right = ROWS[3]
    wrong = replace(right, expected="X(bcᵀ-cbᵀ)", closed=lambda a: a.X @ (np.outer(a.b, a.c) * 0))
    short = replace(right, expected="X b", closed=right.closed)

    assert score(right).word == "readable"
    assert score(wrong).word == "wrong"
    assert score(short).word == "right"
