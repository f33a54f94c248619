"""Numerator layout: a derivation with every derivative by a vector or a matrix transposed.

The derivative of a number by a column is a row there, and the chain rule runs from left to right.
A named δ keeps the shape of its value: δ = (dL/dnet)ᵀ.
"""

from __future__ import annotations

import dataclasses

from symgraph.explain.derivation import Derivation, Equation, Note, Step
from symgraph.notation.algebra import Algebra
from symgraph.notation.indexed import Array, Entry
from symgraph.notation.tree import Derivative, Formula, Name, Sum, Transpose, flipped, rewritten

__all__ = ["in_numerator_layout"]

#: What a transposed derivative lies like; tensors stay as they are.
_LYING = ("column", "row", "matrix")
#: Rules whose sentence is another one in this layout.
_TURNED = ("matrix product", "squared norm")


def in_numerator_layout(derivation: Derivation) -> Derivation:
    """The same derivation, its derivatives transposed; those by tensors stay as they are."""
    turning = _Turning(derivation)
    return dataclasses.replace(
        derivation,
        steps=tuple(map(turning.step, derivation.steps)),
        results=tuple(map(turning.result, derivation.results)),
        notes=(*derivation.notes, Note("numerator layout", ())),
    )


class _Turning:
    def __init__(self, derivation: Derivation) -> None:
        symmetric = [
            one.left.name
            for one in derivation.assumed
            if isinstance(one.left, Name) and one.right == Transpose(one.left)
        ]
        self._algebra = Algebra(tidy=False, symmetric=symmetric)

    def result(self, equation: Equation) -> Equation:
        left, right = self._transposed(equation.left), equation.right
        return dataclasses.replace(equation, left=left, right=self._transposed(right))

    def step(self, step: Step) -> Step:
        """A step without a name is transposed as a whole; a δ stays and its derivative turns."""
        turn = self._transposed if step.name is None else self._respelled
        rule = f"{step.rule}, numerator layout" if step.rule in _TURNED else step.rule
        words = [
            (f"{key} turned", self._algebra.transpose(one))
            for key, one in step.words
            if key == "operand" and isinstance(one, Formula)
        ]
        return dataclasses.replace(
            step,
            rule=rule,
            target=turn(step.target),
            before=turn(step.before),
            after=turn(step.after),
            words=(*step.words, *words),
        )

    def _respelled(self, formula: Formula) -> Formula:
        """The same value in derivatives of the other layout."""
        return rewritten(formula, self._by_the_other)

    def _by_the_other(self, formula: Formula) -> Formula | None:
        if not isinstance(formula, Derivative):
            return None
        if isinstance(formula.by, Entry) and formula.by.base.sort in _LYING:
            at, shape = formula.by.at[::-1], formula.by.shape[::-1]
            by = dataclasses.replace(formula.by, at=at, shape=shape)
            return dataclasses.replace(formula, by=by, turned=True)
        if formula.sort in ("scalar", "tensor"):
            return None
        return Transpose(dataclasses.replace(formula, turned=True))

    def _transposed(self, formula: Formula) -> Formula:
        turned = self._respelled(formula)
        return turned if turned.sort == "tensor" else self._turned(turned)

    def _turned(self, formula: Formula) -> Formula:
        """The transposed value, with the indices of entries exchanged."""
        if isinstance(formula, Array) and len(formula.indices) == 2:
            return dataclasses.replace(formula, indices=formula.indices[::-1])
        if isinstance(formula, Array) and len(formula.indices) == 1:
            return dataclasses.replace(formula, kind=flipped(formula.kind))
        if isinstance(formula, Sum) and any(isinstance(one, Array) for one in formula.terms):
            return Sum(tuple(map(self._turned, formula.terms)))
        return self._algebra.transpose(formula)
