"""Quotients of polynomials in one exponential, with exact coefficients.

What stands above the line is, for each product of powers of other values (atoms), a polynomial in
exp(b); below it stand powers of polynomials without atoms. Exponents are fractions, since exp(b/2)
may stand beside exp(b). Values that are added, multiplied or divided stay of this form, and what
stands above and below cancels for good: neither 1 - 1/(1 + exp(-b)) nor its slope loses digits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeAlias

__all__ = [
    "BeyondError", "Ratio", "atom", "degree", "exponential", "inverse", "lattice", "number",
    "power", "product", "total", "without_root",
]  # fmt: skip

#: Numbers of atoms, each with its power.
Atoms: TypeAlias = tuple[tuple[int, int], ...]
#: Coefficients by exponents of exp(b).
Polynomial: TypeAlias = dict[Fraction, Fraction]
#: A polynomial with lowest exponent 0 and coefficient 1 at the highest.
Factor: TypeAlias = tuple[tuple[Fraction, Fraction], ...]

_ZERO, _ONE = Fraction(0), Fraction(1)
_MOST_TERMS, _MOST_FACTORS, _MOST_DEGREES, _MOST_PRODUCTS = 32, 8, 12, 1024


class BeyondError(Exception):
    """What is asked for is no such quotient, or too long a one."""


class Ratio(NamedTuple):
    """The quotient. `base` is the number of b, None where there is no exponential yet.

    `joined` tells that exponentials met: one alone is right as it is written.
    """

    base: int | None
    above: Mapping[Atoms, Polynomial]
    below: Mapping[Factor, int]
    joined: bool = False


def number(value: Fraction) -> Ratio:
    """A number."""
    return Ratio(None, {(): {_ZERO: value}} if value else {}, {})


def atom(place: int) -> Ratio:
    """A value that is not looked into."""
    return Ratio(None, {((place, 1),): {_ZERO: _ONE}}, {})


def exponential(base: int, exponent: Fraction) -> Ratio:
    """exp(exponent · b).

    >>> x = exponential(0, Fraction(1))
    >>> half = inverse(total(number(Fraction(1)), x))  # 1/(1 + exp(x))
    >>> total(number(Fraction(1)), product(number(Fraction(-1)), half)) == product(x, half)
    True
    """
    return Ratio(base, {(): {exponent: _ONE}}, {})


def product(first: Ratio, second: Ratio) -> Ratio:
    """The product."""
    above: dict[Atoms, Polynomial] = {}
    for atoms, p in first.above.items():
        for others, q in second.above.items():
            _add(above, _together(atoms, others), _multiplied(p, q))
    below = dict(first.below)
    for factor, count in second.below.items():
        below[factor] = below.get(factor, 0) + count
    return _reduced(first, second, above, below)


def total(first: Ratio, second: Ratio) -> Ratio:
    """The sum, over what both have below the line.

    Of an exponential and of atoms alone there is none: it is as right as its terms are.
    """
    bases = [one.base is None for one in (first, second)]
    if any(bases) != all(bases) and any(atoms for atoms in (second, first)[bases[0]].above):
        raise BeyondError
    below = dict(first.below)
    for factor, count in second.below.items():
        below[factor] = max(below.get(factor, 0), count)
    above: dict[Atoms, Polynomial] = {}
    for one in (first, second):
        missing: Polynomial = {_ZERO: _ONE}
        for factor, count in below.items():
            for _ in range(count - one.below.get(factor, 0)):
                missing = _multiplied(missing, dict(factor))
        for atoms, p in one.above.items():
            _add(above, atoms, _multiplied(p, missing))
    return _reduced(first, second, above, below)


def inverse(one: Ratio) -> Ratio:
    """1 over it, where nothing is added to a product with atoms."""
    if len(one.above) != 1:
        raise BeyondError
    ((atoms, p),) = one.above.items()
    low, high = min(p), max(p)
    turned: Polynomial = {-low: 1 / p[high]}
    for factor, count in one.below.items():
        for _ in range(count):
            turned = _multiplied(turned, dict(factor))
    below = _factors({exponent - low: c / p[high] for exponent, c in p.items()})
    powers = tuple((place, -count) for place, count in atoms)
    return _reduced(one, number(_ONE), {powers: turned}, below, joined=len(p) > 1)


def power(one: Ratio, count: int) -> Ratio:
    """A whole power."""
    if abs(count) > _MOST_FACTORS:
        raise BeyondError
    found = number(_ONE)
    for _ in range(abs(count)):
        found = product(found, one)
    return inverse(found) if count < 0 else found


def lattice(exponents: Sequence[Fraction]) -> Fraction:
    """The largest step of which all exponents are multiples; 0 where all of them are 0."""
    below = math.lcm(*(e.denominator for e in exponents))
    return Fraction(math.gcd(*(int(e * below) for e in exponents)), below)


def degree(coefficients: Sequence[Fraction]) -> int:
    """Of a polynomial by its coefficients, constant first."""
    return len(coefficients) - 1


def without_root(coefficients: Sequence[Fraction], root: int) -> list[Fraction] | None:
    """A polynomial by its coefficients, constant first, over (u - root); None where that leaves a
    rest.

    >>> [int(c) for c in without_root([Fraction(-1), Fraction(0), Fraction(1)], 1)]
    [1, 1]
    """
    found: list[Fraction] = []
    rest = _ZERO
    for c in reversed(coefficients):
        rest = c + rest * root
        found.append(rest)
    return None if found.pop() or not found else found[::-1]


def _together(atoms: Atoms, others: Atoms) -> Atoms:
    powers = dict(atoms)
    for place, count in others:
        powers[place] = powers.get(place, 0) + count
    return tuple(sorted((place, count) for place, count in powers.items() if count))


def _add(above: dict[Atoms, Polynomial], atoms: Atoms, p: Polynomial) -> None:
    found = above.setdefault(atoms, {})
    for exponent, c in p.items():
        found[exponent] = found.get(exponent, _ZERO) + c
        if not found[exponent]:
            del found[exponent]
    if not found:
        del above[atoms]


def _multiplied(p: Polynomial, q: Polynomial) -> Polynomial:
    if len(p) * len(q) > _MOST_PRODUCTS:
        raise BeyondError
    found: Polynomial = {}
    for e, c in p.items():
        for f, d in q.items():
            found[e + f] = found.get(e + f, _ZERO) + c * d
    return {e: c for e, c in found.items() if c}


def _factors(p: Polynomial) -> dict[Factor, int]:
    """A polynomial of lowest exponent 0, with u - 1 and u + 1 as factors of their own."""
    if len(p) == 1:
        return {}
    step = lattice(list(p))
    if max(p) / step > _MOST_DEGREES:
        raise BeyondError
    rest = [p.get(step * k, _ZERO) for k in range(int(max(p) / step) + 1)]
    found: dict[Factor, int] = {}
    for root in (1, -1):
        while (quotient := without_root(rest, root)) is not None:
            linear = ((_ZERO, Fraction(-root)), (step, _ONE))
            found[linear] = found.get(linear, 0) + 1
            rest = quotient
    if degree(rest):
        found[tuple((step * k, c) for k, c in enumerate(rest) if c)] = 1
    return found


def _reduced(
    first: Ratio,
    second: Ratio,
    above: dict[Atoms, Polynomial],
    below: dict[Factor, int],
    joined: bool = False,
) -> Ratio:
    """The quotient without factors that stand above and below."""
    bases = {one.base for one in (first, second)} - {None}
    if len(bases) > 1:
        raise BeyondError
    for factor in list(below):
        while below[factor] and above:
            quotients = {atoms: _divided(p, factor) for atoms, p in above.items()}
            if any(quotient is None for quotient in quotients.values()):
                break
            above = {atoms: q for atoms, q in quotients.items() if q is not None}
            below[factor] -= 1
        if not below[factor] or not above:
            del below[factor]
    if sum(map(len, above.values())) > _MOST_TERMS or sum(below.values()) > _MOST_FACTORS:
        raise BeyondError
    both = first.base is not None and second.base is not None
    return Ratio(
        next(iter(bases), None), above, below, joined or both or first.joined or second.joined
    )


def _divided(p: Polynomial, factor: Factor) -> Polynomial | None:
    """A polynomial over a factor; None where that leaves a rest."""
    rest, found = dict(p), Polynomial()
    high, low = factor[-1][0], min(p)
    for _ in range(4 * _MOST_DEGREES):
        if not rest:
            return found
        top = max(rest)
        if top - high < low:
            return None
        c = found[top - high] = rest[top]
        for exponent, d in factor:
            at = top - high + exponent
            rest[at] = rest.get(at, _ZERO) - c * d
            if not rest[at]:
                del rest[at]
    return None
