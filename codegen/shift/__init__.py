"""Quotients and logarithms of exponentials without exponentials that overflow.

    exp(z)/sum(exp(z))           exp(z - logsumexp(z))
    log(sum(exp(z)))             logsumexp(z)
    exp(a)/(exp(a) + exp(b))     exp(min(a - b, 0))/(1 + exp(-|a - b|))
    log(c exp(x))                log(c) + x

Two passes. `cancelling` comes first: it follows quotients of polynomials in one exponential, and
writes anew those that overflow or lose digits. Then what is made of many exponentials by products,
powers and sums is followed as a mantissa times an exponential (see `exponents`). Where as many
exponentials stand above the line as below, and in logarithms, the value is written without them;
everywhere else it stays as it was written, exp(z) beside it as well. Derivatives of such formulas
are of the same kind.

Left as written: sums of exponentials and of what is none, as in exp(z) + z, states of loops over
time, and 1 + exp(x), of which `stable` knows more.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

from symgraph.codegen.passes import Rewritten, Roots
from symgraph.codegen.shift import shifting
from symgraph.codegen.shift.cancelling import cancel_exponentials
from symgraph.node import Node

__all__ = ["shift_exponentials"]


def shift_exponentials(roots: Sequence[Node]) -> Rewritten:
    """The roots with quotients and logarithms of exponentials written without these."""
    first = cancel_exponentials(roots)
    if all(map(operator.is_, first.roots, roots)):  # what these are made of is known
        return shifting.shift_exponentials(roots)
    last = shifting.shift_exponentials(Roots(first.roots))
    image = {node: last.image.get(made, made) for node, made in first.image.items()}
    return Rewritten(last.roots, {**last.image, **image})
