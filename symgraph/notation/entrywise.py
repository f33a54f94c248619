"""Equations of arrays as equations of their entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symgraph.notation.indexed import Array, Entry, replaced
from symgraph.notation.tree import (
    Derivative,
    Formula,
    Number,
    Ones,
    Product,
    SecondDerivative,
    Sort,
)

__all__ = ["in_entries"]


_RANK: dict[Sort, int] = {"scalar": 0, "column": 1, "row": 1, "matrix": 2}


# --- equations ----------------------------------------------------------------------------------


def in_entries(formulas: Sequence[Formula]) -> list[Formula]:
    """Sides of one equation: where one of them is an array by its entries, all as entries."""
    leading = next((one for one in reversed(formulas) if isinstance(one, Array)), None)
    if leading is None:
        return list(formulas)
    # An axis with one entry needs no letter.
    at = tuple(Number(0) if index.length == 1 else index for index in leading.indices)
    shape = tuple(index.length for index in leading.indices)
    return [_at(one, at, shape, leading.apart) for one in formulas]


def _at(
    formula: Formula, at: tuple[Formula, ...], shape: tuple[Any, ...], apart: int | None = None
) -> Formula:
    if isinstance(formula, Array) and len(formula.indices) == len(at):
        return replaced(
            formula.body, {a.letter: b for a, b in zip(formula.indices, at, strict=True)}
        )
    if isinstance(formula, (Derivative, SecondDerivative)):
        return _derivative_at(formula, at, shape, apart)
    alone = _of_ones(formula)
    return alone if alone.sort == "scalar" else Entry(alone, at, shape)


def _of_ones(formula: Formula) -> Formula:
    """The number that all entries are where an array is made of ones: 2 for 2 𝟏 𝟏ᵀ."""
    if isinstance(formula, Ones):
        return Number(1)
    if not isinstance(formula, Product) or not all(
        isinstance(one, Ones) or one.sort == "scalar" for one in formula.factors
    ):
        return formula
    factors = tuple(one for one in formula.factors if not isinstance(one, Ones))
    if not factors and not formula.over:
        return Number(formula.coefficient)
    return replace(formula, factors=factors)


def _derivative_at(
    formula: Derivative | SecondDerivative,
    at: tuple[Formula, ...],
    shape: tuple[Any, ...],
    apart: int | None,
) -> Derivative | SecondDerivative:
    """The derivative of an entry by an entry: the first indices are those of the first value."""
    if isinstance(formula, Derivative):
        first, second = formula.of, formula.by
    else:
        first, second = formula.by, formula.then
    k = _RANK.get(first.sort) if apart is None else apart
    if k is None:
        below = _RANK.get(second.sort)
        k = len(at) // 2 if below is None else len(at) - below
    left = _at(first, at[:k], shape[:k]) if k else first
    right = _at(second, at[k:], shape[k:]) if k < len(at) else second
    if isinstance(formula, Derivative):
        return replace(formula, of=left, by=right)
    return replace(formula, by=left, then=right)
