"""Every rewrite of a formula keeps its value.

A formula is put together twice by the same calls: literally, where nothing is rewritten, and
tidily. Both are evaluated at random values; sizes are unequal, and every size may be 1. For each
rule there is a formula on which it acts, and random formulas mix the rules.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from symgraph.notation.algebra import Algebra
from symgraph.notation.numeric import value
from symgraph.notation.tree import (
    Call,
    Formula,
    Identity,
    Indicator,
    Name,
    Norm,
    Number,
    Ones,
    Transpose,
    walk,
)

SIZES = [(4, 3), (2, 5), (1, 3), (3, 1), (1, 1)]


def name(text: str, rows: int, columns: int) -> Name:
    """A name of the sort that a value of this shape has."""
    if rows == columns == 1:
        return Name(text, "scalar")
    return Name(text, "column" if columns == 1 else "row" if rows == 1 else "matrix")


def ones(kind: Any, length: int) -> Formula:
    return Ones(kind, length) if length > 1 else Number(1)


class Shaped:
    """Names of all shapes for rows n and columns p."""

    def __init__(self, n: int, p: int) -> None:
        self.n, self.p = n, p
        self.X, self.Y, self.Z = (name(one, n, p) for one in "XYZ")
        self.A, self.B, self.C = (name(one, n, n) for one in "ABC")
        self.D = name("D", p, p)
        self.x, self.y, self.w = (name(one, n, 1) for one in "xyw")
        self.r, self.q = (name(one, 1, p) for one in "rq")
        self.c, self.d = Name("c"), Name("d")
        self.right = ones("column", p)
        self.left = ones("row", n)

    def divisor(self, rows: str, columns: str) -> Name:
        """A name that stands below lines only."""
        size = {"n": self.n, "p": self.p, "1": 1}
        return name(f"{rows}{columns}", size[rows], size[columns])

    def values(self, seed: int) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        shapes = dict.fromkeys("XYZ", (self.n, self.p)) | dict.fromkeys("ABC", (self.n, self.n))
        shapes |= dict.fromkeys("xyw", (self.n, 1)) | dict.fromkeys("rq", (1, self.p))
        drawn = {one: rng.uniform(0.3, 1.7, shape) for one, shape in shapes.items()}
        drawn["D"] = rng.uniform(0.3, 1.7, (self.p, self.p))
        drawn |= {one: drawn[one] + 2 * np.eye(self.n) for one in "ABC"}
        size = {"n": self.n, "p": self.p, "1": 1}
        for rows, columns in itertools.product(size, size):
            shape = size[rows], size[columns]
            drawn[f"{rows}{columns}"] = rng.uniform(0.5, 1.5, shape)
        return drawn | {"c": rng.uniform(0.3, 1.7), "d": rng.uniform(0.3, 1.7)}


Recipe = Callable[[Algebra, Shaped], Formula]


def mirrored_sigmoids(m: Algebra, s: Shaped) -> Formula:
    up = Call("sigmoid", (s.x,), s.x.sort)
    down = Call("sigmoid", (m.scale(-1, s.x),), s.x.sort)
    rest = m.add([Number(1), m.scale(-1, s.y)])
    return m.add([m.entrywise([rest, up]), m.scale(-1, m.entrywise([s.y, down]))])


def softmax_parts(m: Algebra, s: Shaped) -> Formula:
    raised = Call("exp", (s.x,), s.x.sort)
    return m.entrywise([raised], [m.total(raised)])


def sigmoid_parts(m: Algebra, s: Shaped) -> Formula:
    raised = Call("exp", (s.X,), s.X.sort)
    return m.entrywise([raised, s.Y], [m.add([Number(1), raised])])


def opposite_sigmoid(m: Algebra, s: Shaped) -> Formula:
    turned = Call("sigmoid", (m.scale(-1, s.X),), s.X.sort)
    return m.add([Number(1), m.scale(-1, turned)])


def logistic_fractions(m: Algebra, s: Shaped) -> Formula:
    opposite = m.add([Number(1), m.scale(-1, s.x)])
    slope = m.add([m.entrywise([s.y], [s.x]), m.scale(-1, m.entrywise([s.w], [opposite]))])
    return m.entrywise([slope, s.x, opposite])


def positive_part(m: Algebra, s: Shaped) -> Formula:
    inner = m.add([Number(1), m.scale(-1, s.X)])
    part = Call("max", (Number(0), inner), s.X.sort)
    return m.entrywise([part, Indicator(m.relation(">", inner, Number(0))), s.Y])


#: For each rule a formula on which it acts, and what the tidy one must not contain any more.
RULES: dict[str, Recipe] = {
    "X⁻¹ X is left out": lambda m, s: m.product([m.inverse(s.A), s.A, s.X]),
    "X X⁻¹ is left out": lambda m, s: m.product([s.A, m.inverse(s.A), s.X]),
    "(X Y)⁻¹ X Y is left out": lambda m, s: m.product(
        [m.inverse(m.product([s.A, s.B])), s.A, s.B, s.X]
    ),
    "X⁻ᵀ Xᵀ is left out": lambda m, s: m.product(
        [m.transpose(m.inverse(s.A)), m.transpose(s.A), s.X]
    ),
    "identities are left out": lambda m, s: m.product(
        [Identity(s.n) if s.n > 1 else Number(1), s.A, s.X]
    ),
    "equal neighbours are a power": lambda m, s: m.product([s.A, s.A, s.A, s.X]),
    "equal transposes are a power": lambda m, s: m.product([m.transpose(s.A)] * 3 + [s.X]),
    "equal inverses are a power": lambda m, s: m.product([m.inverse(s.A)] * 2 + [s.X]),
    "the inverse of an inverse": lambda m, s: m.product([m.inverse(m.inverse(s.A)), s.X]),
    "the inverse of a power": lambda m, s: m.product(
        [m.inverse(m.product([s.A, s.A])), m.transpose(s.B), s.X]
    ),
    "the transpose of a chain": lambda m, s: m.transpose(m.product([s.A, s.B, s.X])),
    "the transpose of a power": lambda m, s: m.transpose(m.power(m.transpose(s.x), Number(2))),
    "the transpose of a function": lambda m, s: m.transpose(
        Call("exp", (m.transpose(s.X),), m.transpose(s.X).sort)
    ),
    "a row leaves a sum over columns": lambda m, s: m.product(
        [s.left, m.entrywise([s.X, s.r], [s.q])]
    ),
    "a column leaves a sum over rows": lambda m, s: m.product(
        [m.entrywise([s.x, s.X], [s.w]), s.right]
    ),
    "a centred matrix has no sum": lambda m, s: m.product(
        [s.left, m.add([s.X, m.product([Number(Fraction(-1, s.n)), s.left, s.X])])]
    ),
    "a centred vector has no sum": lambda m, s: m.total(
        m.add([s.x, m.product([Number(Fraction(-1, s.n)), m.total(s.x, s.n)])]), s.n
    ),
    "equal terms are collected": lambda m, s: m.add([s.X, s.Y, m.scale(2, s.X), m.scale(-1, s.Y)]),
    "a common number in front": lambda m, s: m.add([m.scale(2, s.X), m.scale(-2, s.Y)]),
    "a common number-valued factor": lambda m, s: m.add(
        [m.product([s.c, s.X]), m.product([s.c, s.Y])]
    ),
    "a common divisor": lambda m, s: m.add(
        [m.product([s.X], [s.c]), m.product([s.Y, s.d], [s.c])]
    ),
    "a common last factor": lambda m, s: m.add([m.product([s.A, s.X]), m.product([s.B, s.X])]),
    "a common first factor": lambda m, s: m.add([m.product([s.A, s.X]), m.product([s.A, s.Y])]),
    "terms that share a factor among others": lambda m, s: m.add(
        [m.product([s.A, s.X]), s.Y, m.product([s.B, s.X])]
    ),
    "a common entrywise factor": lambda m, s: m.add(
        [m.entrywise([s.X, s.Z]), m.scale(-1, m.entrywise([s.Y, s.Z]))]
    ),
    "a common entrywise divisor": lambda m, s: m.add(
        [m.entrywise([s.X], [s.r]), m.scale(-3, m.entrywise([s.Y], [s.r]))]
    ),
    "a common divisor to a power": lambda m, s: m.add(
        [m.entrywise([s.X], [s.r]), m.entrywise([s.Y], [m.power(s.r, Number(3))])]
    ),
    "only negative terms": lambda m, s: m.product(
        [m.add([m.scale(-1, s.A), m.scale(-1, m.transpose(s.A))]), s.X]
    ),
    "a minus before a difference": lambda m, s: m.scale(-1, m.add([s.X, m.scale(-1, s.Y)])),
    "a difference of a difference": lambda m, s: m.add(
        [s.X, m.scale(-1, m.add([s.X, m.scale(-1, s.Y)]))]
    ),
    "equal factors cancel": lambda m, s: m.entrywise([s.X, s.Y], [s.X]),
    "powers cancel": lambda m, s: m.entrywise([m.power(s.X, Number(3)), s.Y], [s.X]),
    "brackets are their own squares": lambda m, s: m.entrywise(
        [Indicator(m.relation("<", s.X, s.Y)), s.Z, Indicator(m.relation("<", s.X, s.Y))]
    ),
    "a comparison is solved": lambda m, s: Indicator(
        m.relation(">", m.add([Number(1), m.scale(-2, s.X)]), Number(0))
    ),
    "a comparison is sorted": lambda m, s: Indicator(
        m.relation(">", m.add([s.X, m.scale(-1, s.Y)]), m.add([s.Z, Number(-1)]))
    ),
    "a bracket beside a positive part": positive_part,
    "exp/(1 + exp) is σ": sigmoid_parts,
    "1 - σ(-x) is σ(x)": opposite_sigmoid,
    "σ(x) and σ(-x) in one sum": mirrored_sigmoids,
    "exp/Σ exp is softmax": softmax_parts,
    "fractions of the logistic loss cancel": logistic_fractions,
    "(2 c d)² is 4 c² d²": lambda m, s: m.power(m.product([Number(2), s.c], [s.d]), Number(2)),
    "the square of xᵀ A x stays whole": lambda m, s: m.power(
        m.product([m.transpose(s.x), s.A, s.x]), Number(2)
    ),
    "a root of squared norms": lambda m, s: m.power(
        m.product([Norm(s.x), Norm(s.y)]), Number(Fraction(1, 2))
    ),
    "a number xᵀ A y times a column": lambda m, s: m.product(
        [m.product([m.transpose(s.x), s.A, s.y]), s.w]
    ),
    "a column over a number xᵀ A y": lambda m, s: m.entrywise(
        [s.w], [m.product([m.transpose(s.x), s.A, s.y])]
    ),
    "an inner product with ones": lambda m, s: m.dot(ones("column", s.n), s.x),
    "an inner product of multiples": lambda m, s: m.dot(m.scale(2, s.x), m.product([s.c, s.y])),
    "the sum of a multiple": lambda m, s: m.total(m.product([s.c, s.X])),
    "the sum of squares": lambda m, s: m.total(m.power(s.X, Number(2))),
    "ones that only repeat": lambda m, s: m.add([s.X, m.product([s.x, ones("row", s.p)])]),
}  # fmt: skip


def agree(recipe: Recipe, n: int, p: int, seed: int = 0) -> None:
    """Both ways of putting a formula together have one value."""
    shaped = Shaped(n, p)
    given = shaped.values(seed)
    literal, tidy = (recipe(Algebra(tidy=tidy), shaped) for tidy in (False, True))
    exact = value(literal, given, {})
    found = value(tidy, given, {})
    try:
        found = np.broadcast_to(found, exact.shape)
    except ValueError:
        found = found.reshape(exact.shape)
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-9, err_msg=f"{literal} | {tidy}")


@pytest.mark.parametrize("title", RULES)
def test_a_rewrite_keeps_the_value_at_all_sizes(title):
    for n, p in SIZES:
        agree(RULES[title], n, p)


@pytest.mark.parametrize("title", RULES)
def test_each_rule_has_a_formula_that_it_changes(title):
    shaped = Shaped(4, 3)
    literal, tidy = (RULES[title](Algebra(tidy=tidy), shaped) for tidy in (False, True))

    unchanged = {"the square of xᵀ A x stays whole", "a number xᵀ A y times a column",
                 "a column over a number xᵀ A y", "the transpose of a chain"}  # fmt: skip
    assert tidy != literal or title in unchanged or title in SAME_IN_BOTH


#: Done in literal work, too.
SAME_IN_BOTH = {
    "the transpose of a power", "the transpose of a function", "an inner product with ones",
    "an inner product of multiples", "the sum of squares", "ones that only repeat",
}  # fmt: skip


# --- names that are known -----------------------------------------------------------------------


@pytest.mark.parametrize(("n", "p"), SIZES)
def test_a_quotient_under_a_name_keeps_the_value(n, p):
    shaped = Shaped(n, p)
    given = shaped.values(3)
    algebra = Algebra(tidy=True)
    inner = algebra.add([shaped.X, algebra.scale(-1, shaped.Y)])
    hat = name("H", n, p)
    divisor = shaped.r if p > 1 else shaped.c
    meaning = algebra.entrywise([inner], [divisor])
    algebra.learn(hat, meaning)
    made = algebra.entrywise([shaped.Z, inner], [divisor, divisor])
    given["H"] = value(meaning, given, {})
    below = given["r"] if p > 1 else given["c"]

    if n > 1 and p > 1:
        assert hat in set(walk(made))
    exact = given["Z"] * (given["X"] - given["Y"]) / below**2
    np.testing.assert_allclose(value(made, given, {}), exact, rtol=1e-12)


@pytest.mark.parametrize("n", [2, 4])
def test_a_symmetric_value_under_a_name_is_its_own_transpose(n):
    shaped = Shaped(n, 3)
    algebra = Algebra(tidy=True)
    gram = Name("S", "matrix")
    algebra.learn(gram, algebra.inverse(algebra.product([algebra.transpose(shaped.A), shaped.A])))

    assert algebra.transpose(gram) == gram
    assert algebra.transpose(shaped.A) == Transpose(shaped.A)


# --- random formulas ----------------------------------------------------------------------------


def random_recipe(rng: random.Random, depth: int, rows: str, columns: str) -> Recipe:
    """A formula of a shape, by random calls; `rows` and `columns` are "n", "p" or "1"."""
    if depth == 0:
        found = LEAVES.get((rows, columns))
        if found is not None:
            leaf = rng.choice(found)
            return lambda m, s: getattr(s, leaf)
        turned = rng.choice(LEAVES[columns, rows])
        return lambda m, s: m.transpose(getattr(s, turned))
    kind = rng.choice(["add", "product", "entrywise", "scale", "transpose", "divide"])
    if kind == "transpose":
        inner = random_recipe(rng, depth - 1, columns, rows)
        return lambda m, s: m.transpose(inner(m, s))
    first = random_recipe(rng, depth - 1, rows, columns)
    if kind == "scale":
        number = rng.choice([-1, 2, Fraction(1, 2), -3])
        return lambda m, s: m.scale(number, first(m, s))
    if kind == "product":
        middle = rng.choice("np1")
        left = random_recipe(rng, depth - 1, rows, middle)
        right = random_recipe(rng, depth - 1, middle, columns)
        return lambda m, s: m.product([left(m, s), right(m, s)])
    second = random_recipe(rng, depth - 1, rows, columns)
    if kind == "add":
        sign = rng.choice([1, -1])
        third = random_recipe(rng, 0, rows, columns)
        return lambda m, s: m.add([first(m, s), m.scale(sign, second(m, s)), third(m, s)])
    if kind == "entrywise":
        return lambda m, s: m.entrywise([first(m, s), second(m, s)])
    # What is divided by stands nowhere above: x/x is the number 1 here, whatever its shape, and
    # how often it is repeated is known to who reads it.
    return lambda m, s: m.entrywise([first(m, s)], [s.divisor(rows, columns)])


LEAVES = {
    ("n", "p"): "XYZ", ("n", "n"): "ABC", ("n", "1"): "xyw", ("1", "p"): "rq", ("1", "1"): "cd",
    ("p", "p"): "D",
}  # fmt: skip


@pytest.mark.parametrize("seed", range(200))
def test_random_formulas_keep_their_values(seed):
    rng = random.Random(seed)
    rows, columns = rng.choice([("n", "p"), ("n", "1"), ("1", "p"), ("n", "n"), ("1", "1")])
    recipe = random_recipe(rng, rng.choice([2, 3, 4]), rows, columns)
    for n, p in SIZES:
        agree(recipe, n, p, seed)
