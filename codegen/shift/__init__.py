"""Quotients and logarithms of exponentials without exponentials that overflow.

    exp(z)/sum(exp(z))           exp(z - logsumexp(z))
    log(sum(exp(z)))             logsumexp(z)
    exp(a)/(exp(a) + exp(b))     exp(min(a - b, 0))/(1 + exp(-|a - b|))
    log(c exp(x))                log(c) + x

A pass: what is made of exponentials by products, powers and sums is followed as a mantissa times an
exponential (see `exponents`). Where as many exponentials stand above the line as below, and in
logarithms, the value is written without them; everywhere else it stays as it was written, exp(z)
beside it as well. Derivatives of such formulas are of the same kind.

Left as written: sums of exponentials and of what is none, as in exp(z) + z, states of loops over
time, and 1 + exp(x), of which `stable` knows more.
"""

from symgraph.codegen.shift.shifting import shift_exponentials

__all__ = ["shift_exponentials"]
