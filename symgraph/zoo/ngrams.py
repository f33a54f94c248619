"""What a language model is measured against: symbols told by the two before them, by counting."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import RangeError

__all__ = ["Trigram", "fit_trigram"]

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Contexts are put together by the number of binary digits of their counts, up to so many.
GROUPS = 16
ROUNDS = 50


class Counts(NamedTuple):
    """How often codes occur: the codes in order, and the count of each."""

    codes: Ids
    counts: Ids

    @classmethod
    def of(cls, codes: Ids) -> Counts:
        return cls(*np.unique(codes, return_counts=True))

    def at(self, codes: Ids) -> Ids:
        """The counts of some codes, 0 for those that did not occur."""
        places = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[places] == codes, self.counts[places], 0)


class Trigram(NamedTuple):
    """P(z | x y) = λ₃ n(xyz)/n(xy·) + λ₂ n(yz)/n(y·) + λ₁ n(z)/n + λ₀/symbols.

    `grams` are the counts of runs of one, two and three symbols, `contexts` those of the runs of
    no, one and two symbols that another one follows. `weights` (groups, 4) hold λ₃, λ₂, λ₁, λ₀ for
    contexts xy by the number of binary digits of n(xy·); where that is 0, or n(y·) is, its share
    goes to the other terms.
    """

    symbols: int
    grams: tuple[Counts, Counts, Counts]
    contexts: tuple[Counts, Counts, Counts]
    weights: Floats

    def probabilities(self, ids: Ids) -> Floats:
        """P of each symbol behind the first two, given the two before it."""
        terms, groups = _terms(self, ids)
        shares = self.weights[groups] * (terms >= 0)
        mixed: Floats = (shares * np.maximum(terms, 0)).sum(axis=1) / shares.sum(axis=1)
        return mixed

    def bits(self, ids: Ids) -> float:
        """The mean of -log2 P, in bits for each symbol behind the first two."""
        return float(-np.log2(self.probabilities(ids)).mean())


def fit_trigram(ids: Ids, symbols: int, held_out: float = 0.1) -> Trigram:
    """Count symbols 0 .. symbols - 1, and find the weights by deleted interpolation.

    The weights are those that make the last part of the training text, the fraction `held_out`,
    most probable under the counts of the part before it: 50 rounds of EM. Then all is counted.
    Raises RangeError for a text of which less than three symbols would be counted or held out.
    Source: Jelinek and Mercer 1980; the weights depend on how often a context was seen.

    >>> ids = np.array([0, 1] * 50)
    >>> round(fit_trigram(ids, 2).bits(ids), 3)
    0.0
    """
    cut = round(len(ids) * (1 - held_out))
    if cut < 3 or len(ids) - cut < 1:
        raise RangeError(
            f"fit_trigram: of {len(ids)} symbols {cut} are counted and {len(ids) - cut} held out, "
            "and it takes 3 and 1 at least. Give a longer text or another fraction."
        )
    even = np.full((GROUPS, 4), 0.25)
    first = _counted(ids[:cut], symbols, even)
    terms, groups = _terms(first, ids[cut - 2 :])
    weights = even
    for _ in range(ROUNDS):
        shares = weights[groups] * np.maximum(terms, 0)
        shares /= shares.sum(axis=1, keepdims=True)
        summed = np.stack([np.bincount(groups, part, GROUPS) for part in shares.T], axis=1)
        seen = summed.sum(axis=1, keepdims=True)
        weights = np.where(seen > 0, summed / np.maximum(seen, 1), weights)
    return _counted(ids, symbols, weights)


def _codes(ids: Ids, symbols: int, run: int) -> Ids:
    """One number for each run of so many symbols, by where it begins."""
    codes = np.zeros(len(ids) - run + 1, np.int64)
    for k in range(run):
        codes = codes * symbols + ids[k : len(ids) - run + 1 + k]
    return codes


def _counted(ids: Ids, symbols: int, weights: Floats) -> Trigram:
    one, two, three = (Counts.of(_codes(ids, symbols, run)) for run in (1, 2, 3))
    before, pair = (Counts.of(_codes(ids[:-1], symbols, run)) for run in (1, 2))
    whole = Counts(np.zeros(1, np.int64), np.array([len(ids)]))
    return Trigram(symbols, (one, two, three), (whole, before, pair), weights)


def _terms(model: Trigram, ids: Ids) -> tuple[Floats, Ids]:
    """The four estimates for each symbol behind the first two, -1 for none, and its group."""
    found = np.full((len(ids) - 2, 4), 1 / model.symbols)
    for column, run in enumerate((3, 2, 1)):
        grams = _codes(ids[3 - run :], model.symbols, run)
        contexts = model.contexts[run - 1].at(grams // model.symbols)
        seen = model.grams[run - 1].at(grams)
        found[:, column] = np.where(contexts > 0, seen / np.maximum(contexts, 1), -1.0)
    pairs = model.contexts[2].at(_codes(ids[:-1], model.symbols, 2))
    return found, np.minimum(np.ceil(np.log2(pairs + 1.0)).astype(np.int64), GROUPS - 1)
