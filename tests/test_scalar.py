"""Every pointwise function: its value, its partial derivatives, its kinks and its spelling."""

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sympy
from brackets import is_balanced

import symgraph as sg
import symgraph.gammas
import symgraph.special
from symgraph.node import Kind
from symgraph.printing import Format, Piece, Style
from symgraph.scalar import NUMPY, Pointwise, functions, lower, plain, pointwise, slot
from symgraph.template import Template, template

NAMES = sorted(functions)
_generator = np.random.default_rng(23)
COUNT = 12

#: What the operands are drawn from where the whole line will not do.
POSITIVE, TRUTH = (0.1, 3.0), "truth"
DOMAINS: dict[str, tuple[Any, ...]] = {
    "log1p": ((-0.9, 3.0),),
    "xlogy": ((-3.0, 3.0), POSITIVE),
    "gamma": (POSITIVE,),
    "loggamma": (POSITIVE,),
    "digamma": (POSITIVE,),
    "trigamma": (POSITIVE,),
    "zeta": ((1.5, 5.0), POSITIVE),
    "loggamma_far": ((10.0, 40.0),),
    "loggamma_beside_two": ((-0.5, 0.5),),
    "loggamma_above": ((1.5, 12.0),),
    "digamma_far": ((10.0, 40.0),),
    "digamma_beside_zero": ((1.0, 2.0),),
    "digamma_above": ((0.5, 12.0),),
    "trigamma_far": ((8.0, 40.0),),
    "trigamma_above": ((0.5, 12.0),),
    "logical_and": (TRUTH, TRUTH),
    "logical_or": (TRUTH, TRUTH),
    "logical_not": (TRUTH,),
    "iverson": (TRUTH,),
    "where": (TRUTH, (-3.0, 3.0), (-3.0, 3.0)),
    "logistic_loss": ((-3.0, 3.0), (0.0, 1.0)),
    "dlogistic_loss": ((-3.0, 3.0), (0.0, 1.0)),
}


def operands(name: str) -> list[np.ndarray]:
    """Values for each operand, away from 0 and from one another."""
    domains = DOMAINS.get(name, ((-3.0, 3.0),) * functions[name].arity)
    found = []
    for domain in domains:
        if domain == TRUTH:
            found.append(_generator.random(COUNT) < 0.5)
        else:
            found.append(_generator.uniform(*domain, size=COUNT))
    return found


POINTS = {name: operands(name) for name in NAMES}


def body(name: str) -> Template:
    cls = functions[name]
    return template(cls(*map(slot, range(cls.arity))), cls.arity)


def exactly(formula: Any, xs: list[np.ndarray]) -> np.ndarray:
    """Plain SymPy over slots, evaluated with 40 digits at each point."""
    return np.array([number(formula, [x[i] for x in xs]) for i in range(len(xs[0]))])


def number(formula: Any, at: list[Any]) -> float:
    rule = {slot(k): sympy.Rational(x.item()) for k, x in enumerate(map(np.asarray, at))}
    return float(sympy.sympify(formula).xreplace(rule).evalf(40, maxn=3000))


def slopes(formula: Any, k: int, xs: list[np.ndarray]) -> np.ndarray:
    """The partial derivative by SymPy; a floor is the number that it is around a point."""
    found = []
    for i in range(len(xs[0])):
        at = [x[i] for x in xs]
        steps = {
            part: sympy.Integer(int(number(part, at)))
            for part in formula.atoms(sympy.floor, sympy.ceiling)
        }
        found.append(number(sympy.diff(formula.xreplace(steps), slot(k)), at))
    return np.array(found)


# --- value and derivatives ----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_what_is_computed_is_what_the_function_means(name: str):
    found = body(name).evaluate(POINTS[name])

    expected = exactly(plain(functions[name].meaning), POINTS[name])
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=3e-14, atol=1e-300)


ALL_OPERANDS = [
    (name, k)
    for name in NAMES
    for k in range(functions[name].arity)
    if (name, k) != ("zeta", 0)  # a slope that SymPy cannot compute: tests/build/test_gammas.py
]


def is_truth(name: str, k: int) -> bool:
    return POINTS[name][k].dtype == np.bool_


@pytest.mark.parametrize(("name", "k"), [one for one in ALL_OPERANDS if not is_truth(*one)])
def test_a_partial_derivative_is_that_of_the_meaning(name: str, k: int):
    derivative = template(body(name).derivative(k), functions[name].arity)

    found = np.broadcast_to(derivative.evaluate(POINTS[name]), (COUNT,))

    expected = slopes(plain(functions[name].meaning), k, POINTS[name])
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("name", "k"), [one for one in ALL_OPERANDS if is_truth(*one)])
def test_nothing_is_differentiated_by_a_boolean(name: str, k: int):
    assert body(name).derivative(k) == 0
    assert body(name).product(k) is None


SMOOTH = """
    dlogistic_loss dsigmoid dtanh elu erf erfc expm1 gelu leaky_relu log1p log_sigmoid logaddexp
    logistic_loss normal_cdf normal_pdf sigmoid silu softplus softsign tanh xlogy
""".split()


@pytest.mark.parametrize("name", SMOOTH)
def test_a_second_derivative_is_that_of_the_meaning(name: str):
    arity = functions[name].arity
    for k in range(arity):
        once = sympy.diff(plain(functions[name].meaning), slot(k))
        second = template(template(body(name).derivative(k), arity).derivative(0), arity)

        found = np.broadcast_to(second.evaluate(POINTS[name]), (COUNT,))

        expected = slopes(once, 0, POINTS[name])
        np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-11, atol=1e-13)


EXTREME = [-745.0, -100.0, -40.0, -20.0, -1.0, -1e-8, -1e-300, 1e-300, 1e-8, 1.0, 20.0, 40.0, 709.0]


@pytest.mark.parametrize(
    "name", ["tanh", "dtanh", "sigmoid", "dsigmoid", "softplus", "expm1", "relu", "abs"]
)
def test_a_value_keeps_its_digits_at_extreme_points(name: str):
    xs = [np.array(EXTREME)]

    found = body(name).evaluate(xs)

    expected = exactly(plain(functions[name].meaning), xs)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-307)


@pytest.mark.parametrize("name", sorted(n for n in functions if functions[n].by_output))
def test_the_spelling_by_the_output_has_the_same_value(name: str):
    assert functions[name].by_output is not None
    source, spelled = functions[name].by_output

    by_output = plain(spelled.xreplace({slot(0): source(slot(0))}))

    found, expected = (
        exactly(f, POINTS[name]) for f in (by_output, plain(functions[name].meaning))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


#: (function, operands, partial derivatives there): the convention at each kink and tie.
KINKS = [
    ("relu", [0.0], [0]), ("relu", [1e-300], [1]), ("relu", [-1e-300], [0]),
    ("abs", [0.0], [0]), ("abs", [1e-300], [1]), ("abs", [-1e-300], [-1]),
    ("step", [0.0, 1.0], [0, 0]), ("step", [2.0, 0.0], [0, 0]), ("sign", [0.0, 0.0], [0, 0]),
    ("maximum", [2.0, 2.0], [0, 0]), ("maximum", [2.0, 1.0], [1, 0]),
    ("maximum", [1.0, 2.0], [0, 1]), ("minimum", [2.0, 2.0], [0, 0]),
    ("minimum", [2.0, 1.0], [0, 1]), ("minimum", [1.0, 2.0], [1, 0]),
    ("leaky_relu", [0.0, 0.25], [0.25, 0.0]), ("elu", [0.0, 1.5], [1.5, 0.0]),
    ("softsign", [0.0], [1]), ("floor", [2.0], [0]), ("ceil", [2.0], [0]),
    ("remainder", [6.0, 3.0], [1, -2]), ("floor_divide", [6.0, 3.0], [0, 0]),
    ("less", [1.0, 1.0], [0, 0]), ("where", [True, 1.0, 2.0], [0, 1, 0]),
    ("where", [False, 1.0, 2.0], [0, 0, 1]), ("xlogy", [0.0, 3.0], [np.log(3.0), 0]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "at", "expected"), KINKS)
def test_a_kink_has_its_stated_derivative(name: str, at: list[Any], expected: list[float]):
    xs = [np.asarray(x) for x in at]

    for k, slope in enumerate(expected):
        derivative = template(body(name).derivative(k), len(at))
        assert float(derivative.evaluate(xs)) == pytest.approx(slope, rel=1e-15)


VALUES_AT_KINKS = [
    ("step", [0.0, 1.0], 1), ("step", [0.0, 0.0], 0), ("step", [0.0, 0.5], 0.5),
    ("sign", [0.0, 0.0], 0), ("sign", [0.0, 1.0], 1), ("sign", [-0.0, 1.0], 1),
    ("relu", [0.0], 0), ("maximum", [2.0, 2.0], 2), ("remainder", [-1.0, 3.0], 2),
    ("remainder", [1.0, -3.0], -2), ("floor_divide", [-1.0, 3.0], -1), ("floor", [-0.5], -1),
    ("ceil", [-0.5], 0), ("equal", [1.0, 1.0], 1), ("not_equal", [1.0, 1.0], 0),
    ("less_equal", [1.0, 1.0], 1), ("greater_equal", [1.0, 1.0], 1), ("greater", [1.0, 1.0], 0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "at", "expected"), VALUES_AT_KINKS)
def test_a_function_has_its_stated_value_at_a_jump(name: str, at: list[Any], expected: float):
    assert float(body(name).evaluate([np.asarray(x) for x in at])) == expected


# --- kinds, lowering, basic operations ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kinds", "expected"),
    [
        ("less", ("real", "real"), "boolean"), ("logical_not", ("boolean",), "boolean"),
        ("iverson", ("boolean",), "integer"), ("floor", ("real",), "integer"),
        ("abs", ("integer",), "integer"), ("maximum", ("integer", "real"), "real"),
        ("where", ("boolean", "integer", "integer"), "integer"),
        ("where", ("boolean", "boolean", "boolean"), "boolean"),
        ("where", ("boolean", "integer", "real"), "real"), ("relu", ("integer",), "integer"),
        ("sigmoid", ("integer",), "real"), ("remainder", ("integer", "integer"), "integer"),
    ],
)  # fmt: skip
def test_the_kind_of_a_value(name: str, kinds: tuple[Kind, ...], expected: str):
    assert body(name).kind(kinds) == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_plain_meaning_has_none_of_our_functions(name: str):
    assert plain(body(name).expr).atoms(Pointwise) == set()


@pytest.mark.parametrize("name", NAMES)
def test_lowering_leaves_basic_operations_only(name: str):
    lowered = lower(body(name).expr)

    assert {one.title for one in lowered.atoms(Pointwise)} <= set(NUMPY)


SYMPY = {
    "exp": sympy.exp, "log": sympy.log, "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan,
    "asin": sympy.asin, "acos": sympy.acos, "atan": sympy.atan, "sinh": sympy.sinh,
    "cosh": sympy.cosh, "asinh": sympy.asinh, "acosh": sympy.acosh, "atanh": sympy.atanh,
    "atan2": sympy.atan2,
}  # fmt: skip


def test_every_basic_operation_is_tested_here():
    assert set(NUMPY) - set(functions) == set(SYMPY)


@pytest.mark.parametrize("name", SYMPY)
def test_a_basic_operation_of_sympy_is_computed_as_sympy_does(name: str):
    arity = 2 if name == "atan2" else 1
    formula = SYMPY[name](*map(slot, range(arity)))
    shift = 1.0 if name == "acosh" else 0.0
    xs = [shift + _generator.uniform(0.1, 0.9, size=COUNT) for _ in range(arity)]

    found = template(formula, arity).evaluate(xs)

    np.testing.assert_allclose(found, exactly(formula, xs), rtol=1e-14)


def test_a_function_without_a_row_names_the_way_out():
    with pytest.raises(sg.UnsupportedError, match="'gamma' has no row for NumPy; register it with"):
        template(sympy.gamma(slot(0)), 1).evaluate([np.array(1.0)])


# --- records ------------------------------------------------------------------------------------


@pytest.fixture
def squash() -> Iterator[type[Pointwise]]:
    x = slot(0)
    cls = pointwise("squash", x / (1 + x**2), [(1 - x**2) / (1 + x**2) ** 2], latex=r"\theta")
    yield cls
    del functions["squash"]


def test_a_registered_function_is_used_as_any_other(squash: type[Pointwise]):
    x = sg.input("x")
    y = sg.apply(squash(slot(0)), x)

    assert str(y) == "squash(x)"
    assert sympy.latex(y) == r"\theta\left(x\right)"
    assert str(sg.grad(y, x)) == "(1 - x**2)/(1 + x**2)**2"
    assert float(body("squash").evaluate([np.array(2.0)])) == 0.4


def test_a_title_is_registered_once(squash: type[Pointwise]):
    with pytest.raises(sg.SymgraphError, match="'squash' exists already; choose another name"):
        pointwise("squash", slot(0), [1])


def test_formulas_are_pickled_by_title(squash: type[Pointwise]):
    formula = squash(slot(0)) + functions["abs"](slot(0))

    assert pickle.loads(pickle.dumps(formula)) == formula
    assert pickle.loads(pickle.dumps(template(formula, 1))) is template(formula, 1)


def test_an_unregistered_function_cannot_be_unpickled():
    pointwise("fleeting", slot(0), [1])
    data = pickle.dumps(functions["fleeting"](slot(0)))
    del functions["fleeting"]

    with pytest.raises(sg.UnknownNameError, match="'fleeting' is not registered in this process"):
        pickle.loads(data)


# --- spelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("style", ["text", "unicode", "latex"])
def test_a_function_is_written_with_its_operands(style: Style, name: str):
    pieces = [Piece(f"operand{k}") for k in range(functions[name].arity)]

    text = body(name).form(Format(style), pieces).text

    assert is_balanced(text)
    unwritten = {"step": 1, "sign": 1, "xlogy": 0}.get(name, 0)
    assert sum(piece.text in text for piece in pieces) >= len(pieces) - unwritten
