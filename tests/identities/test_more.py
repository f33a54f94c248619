"""Further gradients: right by difference quotients, about as long as the textbook's."""

from __future__ import annotations

import re

import numpy as np
import pytest

import symgraph as sg
from identities.more import MORE, Further
from identities.row import Problem, Row
from identities.score import READABLE, printed, printed_value
from symgraph.walks import variables

EACH = pytest.mark.parametrize("one", [pytest.param(one, id=one.title) for one in MORE])


def _drawn(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Positive values; square matrices are far from singular."""
    found = rng.uniform(0.2, 1.4, shape)
    return found + 2 * np.eye(3) if shape == (3, 3) else found


@EACH
def test_the_printed_result_has_the_value_of_difference_quotients(one: Further):
    rng = np.random.default_rng(5)
    arrays = {
        leaf.params[0]: rng.uniform(0.2, 1.4, leaf.shape)
        + (np.eye(3) if leaf.shape == (3, 3) else 0)
        for leaf in variables([one.expr])
    }
    for fact in one.assume:
        (leaf,) = variables([fact])
        weights = arrays[leaf.params[0]]
        arrays[leaf.params[0]] = weights / weights.sum(axis=-1, keepdims=True)
    leaves = {leaf: arrays[leaf.params[0]] for leaf in variables([one.expr])}
    slopes = np.zeros(one.wrt.shape)
    for index in np.ndindex(slopes.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = np.array(leaves[one.wrt])
            moved[index] += step
            ends.append(sg.evaluate(one.expr, leaves | {one.wrt: moved}))
        slopes[index] = (ends[0] - ends[1]) / 2e-5
    derivation = one.derivation
    found = printed_value(Problem(one.expr, one.wrt), derivation, arrays)

    assert derivation.verified
    assert np.reshape(found * np.ones(1), slopes.shape) == pytest.approx(slopes, rel=1e-5, abs=1e-7)


@EACH
def test_the_printed_result_is_not_much_longer_than_a_textbook_s(one: Further):
    row = Row(0, "", "", one.expected, lambda s: Problem(one.expr, one.wrt), lambda a: 0,
              names=one.names)  # fmt: skip
    shown = printed(row, Problem(one.expr, one.wrt), one.derivation)

    assert shown.has_form, shown.result
    assert shown.length <= READABLE * len(re.sub(r"\s", "", one.expected)), shown
