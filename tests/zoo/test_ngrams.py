"""The trigram model, against probabilities counted by hand."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from symgraph.errors import RangeError
from symgraph.zoo.corpora import Numbers
from symgraph.zoo.ngrams import GROUPS, fit_trigram

A, B, N = 0, 1, 2


def test_the_probabilities_of_a_tiny_text_are_those_counted_by_hand():
    # b a n a n a n a, of which three symbols stand for the runs: an followed by a three times
    ids = np.array([B, A, N, A, N, A, N, A])
    model = fit_trigram(ids, 4, held_out=0.25)
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    model = model._replace(weights=np.tile(weights, (GROUPS, 1)))

    by_hand = 0.4 * Fraction(3, 3) + 0.3 * Fraction(3, 3) + 0.2 * Fraction(4, 8) + 0.1 / 4
    assert model.probabilities(np.array([A, N, A])) == pytest.approx([float(by_hand)])
    # b b was never seen: the share of the first term goes to the others; b was followed by a once
    unseen = (0.3 * 1 + 0.2 * 4 / 8 + 0.1 / 4) / 0.6
    assert model.probabilities(np.array([B, B, A])) == pytest.approx([unseen])


@settings(deadline=None, max_examples=30)
@given(st.text("abc ", min_size=12, max_size=60))
def test_the_probabilities_of_all_symbols_add_up_to_one_after_any_two(text):
    letters = Numbers(text)
    model = fit_trigram(letters.of(text), len(letters))

    for first, second in [(0, 0), (1, 0), (1, 1), (len(letters) - 1, 1)]:
        runs = [np.array([first, second, last]) for last in range(len(letters))]
        assert sum(model.probabilities(run)[0] for run in runs) == pytest.approx(1.0)


def test_one_term_alone_is_the_plain_share_of_its_runs():
    text = "the theme of the thesis that they thought"
    letters = Numbers(text)
    ids = letters.of(text)
    triples = Counter(zip(text, text[1:], text[2:], strict=False))
    pairs = Counter(pairwise(text[:-1]))
    model = fit_trigram(ids, len(letters))
    model = model._replace(weights=np.tile([1.0, 0.0, 0.0, 0.0], (GROUPS, 1)))

    wanted = [triples[run] / pairs[run[:2]] for run in zip(text, text[1:], text[2:], strict=False)]
    assert model.probabilities(ids) == pytest.approx(wanted)
    assert model.bits(ids) == pytest.approx(-sum(map(math.log2, wanted)) / len(wanted))


def test_the_weights_tell_the_held_out_part_better_than_even_ones():
    text = "what is told twice is told better; " * 12 + "what is told once is told worse. " * 3
    letters = Numbers(text)
    ids = letters.of(text)
    model = fit_trigram(ids, len(letters))
    even = model._replace(weights=np.full((GROUPS, 4), 0.25))

    assert np.allclose(model.weights.sum(axis=1), 1)
    assert model.bits(ids[-60:]) < even.bits(ids[-60:])


def test_a_text_too_short_to_count_and_hold_out_is_refused():
    with pytest.raises(RangeError, match="of 3 symbols 3 are counted and 0 held out"):
        fit_trigram(np.array([0, 1, 0]), 2)
