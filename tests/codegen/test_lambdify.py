"""`sg.compile(args, exprs)` in the place of `sympy.lambdify(args, exprs)`, for real numbers."""

from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler
from sympy import Array, Derivative, Function, Matrix, MatrixSymbol, Piecewise, Symbol, Tuple
from sympy.codegen.cfunctions import exp2, expm1, hypot, log1p, log2, log10
from sympy.codegen.numpy_nodes import logaddexp

import symgraph as sg

w, x, y, z = sympy.symbols("w x y z")
t = Symbol("t")
q = Function("q")(t)
A = MatrixSymbol("A", 2, 2)
S, v = MatrixSymbol("S", 3, 3), MatrixSymbol("v", 3, 1)
whole = Symbol("whole", integer=True, nonnegative=True)
i, k = Symbol("i", integer=True), sympy.Idx("k", 3)
u = sympy.IndexedBase("u", shape=(3,))

#: What lambdify is given, and values: (args, exprs, values).
CASES: dict[str, tuple[Any, Any, tuple[Any, ...]]] = {
    "one symbol": (x, x + 1, (2.0,)),
    "a list": ([x, y], [x * y, x - y, 5, sympy.pi], (2.0, 3.0)),
    "a tuple": ((x, y), (x / y, (x, [y])), (2.0, 3.0)),
    "nested arguments": ([(x, y), z], x + y * z, ((1.0, 2.0), 3.0)),
    "deeply nested arguments": ((x, (y, (z, w))), [x - y, z / w], (1.0, (2.0, (3.0, 4.0)))),
    "a column of symbols": ([Matrix([x, y]), z], x * y * z, (np.array([2.0, 3.0]), 4.0)),
    "a matrix": ([x, y], Matrix([[x, y, 1], [x * y, 0, 2]]), (2.0, 3.0)),
    "a column": (x, Matrix([x, 2 * x]), (2.0,)),
    "an immutable matrix": (x, sympy.ImmutableMatrix([[x, 2]]), (2.0,)),
    "a sparse matrix": (x, sympy.SparseMatrix([[x, 0], [0, 1]]), (2.0,)),
    "matrices in lists": ([x, y], [Matrix([[x]]), (y, Matrix([[x, y]]))], (2.0, 3.0)),
    "an array": (x, Array([[x, 1], [2, x]]), (2.0,)),
    "a matrix symbol": ([A, x], A * A * x, (np.array([[1.0, 2.0], [3.0, 4.0]]), 2.0)),
    "a SymPy tuple": (Tuple(x, y), Tuple(x, x * y), (2.0, 3.0)),
    "a comparison": ([x, y], x > y, (2.0, 3.0)),
    "cases": (x, Piecewise((x, x > 1), (x**2, x > 0), (0, True)), (0.5,)),
    "a function of time": ([q, q.diff(t)], q**2 + Derivative(q, t) * 3, (2.0, 3.0)),
    "a symbol that is a size": ([whole, x], whole * x + whole**2, (3, 2.0)),
    "no argument": ([], sympy.sqrt(2), ()),
    "a name that is no identifier": (Symbol("a b"), Symbol("a b") ** 2, (3.0,)),
    "a keyword": (Symbol("lambda"), Symbol("lambda") + 1, (3.0,)),
    "functions": (
        x,
        [f(x) for f in (sympy.sin, sympy.asin, sympy.atanh, sympy.sec, sympy.Abs)],
        (0.25,),
    ),
    "inverse functions": (x, [f(x) for f in (sympy.acot, sympy.asech, sympy.acsch)], (0.25,)),
    "inverses of reciprocals": (x, [f(x) for f in (sympy.asec, sympy.acsc, sympy.acoth)], (-2.5,)),
    "cardinal sines": ([x, y], [sympy.sinc(x), sympy.sinc(y)], (0.0, -2.5)),
    "fractions": ([x, y], [sympy.frac(x), sympy.frac(y)], (2.75, -2.75)),
    "parts of real numbers": (
        x, [f(x) for f in (sympy.re, sympy.im, sympy.conjugate, sympy.arg)], (-2.5,),
    ),
    "functions of C": (
        [x, y],
        [log1p(x), expm1(x), exp2(y), log2(y), log10(y), hypot(x, y), logaddexp(y, y + 1)],
        (1e-12, 800.0),
    ),
    "an indexed base": ([u], u[0] + u[2] ** 2, (np.array([1.0, 2.0, 3.0]),)),
    "a computed index": ([u, k], u[k] * u[0], (np.array([4.0, 2.0, 3.0]), 2)),
    "a sum of entries": (u, sympy.Sum(u[k] ** 2, (k, 0, 2)), (np.array([1.0, 2.0, 3.0]),)),
    "an entry at symbols": ([A, whole, i], A[whole, i], (np.array([[1.0, 2.0], [3.0, 4.0]]), 1, 0)),
    "a part of a matrix": (S, S[:2, 1:], (np.arange(9.0).reshape(3, 3),)),
    "every second row": (S, S[::2, 1], (np.arange(9.0).reshape(3, 3),)),
    "blocks": (A, sympy.BlockMatrix([[A, 2 * A], [A.T, A]]), (np.arange(4.0).reshape(2, 2),)),
    "a Kronecker product": (
        [A], sympy.KroneckerProduct(sympy.Identity(2), A), (np.arange(4.0).reshape(2, 2),),
    ),
    "a diagonal": (v, sympy.DiagMatrix(v), (np.array([[1.0], [2.0], [3.0]]),)),
    "a matrix by a function": (
        [], sympy.FunctionMatrix(2, 3, sympy.Lambda((k, i), k - 2 * i)), (),
    ),
}  # fmt: skip


def check_same(found: Any, expected: Any) -> None:
    if isinstance(expected, (list, tuple)):
        assert type(found) is type(expected)
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            check_same(a, b)
        return
    assert np.shape(found) == np.shape(expected)
    assert isinstance(found, np.ndarray) == (np.ndim(expected) > 0)
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-14)


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
@pytest.mark.parametrize("case", CASES)
def test_the_result_is_that_of_lambdify(case: str, target: Any):
    args, exprs, values = CASES[case]
    given = (args, exprs)
    if case == "a SymPy tuple":
        given = (tuple(args), tuple(exprs))  # what lambdify understands

    expected = sympy.lambdify(*given, modules="numpy")(*values)

    check_same(sg.compile(args, exprs, target=target)(*values), expected)


def test_a_table_of_symbols_takes_an_array_of_its_shape():
    f = sg.compile([Matrix([[x, y], [z, w]])], x + 2 * y + 3 * z + 4 * w)

    assert f(np.array([[1.0, 2.0], [3.0, 4.0]])) == 30
    assert sg.compile([Matrix([[x, y]])], x - y)([[1.0, 2.0]]) == -1
    assert sg.compile([Matrix([[x, y]])], x - y)([1.0, 2.0]) == -1
    with pytest.raises(sg.ShapeError, match=r"argument 1 is a table of shape \(2, 2\)"):
        f([1.0, 2.0, 3.0, 4.0])


def test_values_nested_in_another_way_are_refused():
    f = sg.compile([(x, y), z], x + y + z)

    with pytest.raises(sg.ShapeError, match="argument 1 has 2 parts, 3 values were given"):
        f((1.0, 2.0, 3.0), 4.0)
    with pytest.raises(sg.KindError, match="argument 1 is a list of 2 arguments, float was given"):
        f(1.0, 2.0)


def test_nested_values_may_be_bound_and_given_by_name():
    f = sg.compile([(x, y), z], x + 10 * y + 100 * z)

    assert f.bind((1.0, 2.0), 3.0).step() == 321
    assert f(x=1.0, y=2.0, z=3.0) == 321


@pytest.mark.parametrize(
    ("args", "expr"),
    [(x, sympy.I * x), (Symbol("u", imaginary=True), Symbol("u", imaginary=True) + 1)],
)
def test_complex_formulas_are_refused(args: Any, expr: Any):
    with pytest.raises(sg.SymgraphError, match=r"I \(ImaginaryUnit\)|not a real number"):
        sg.compile(args, expr)


def test_complex_values_are_refused():
    with pytest.raises(sg.KindError, match="complex128"):
        sg.compile(x, x + 1)(2j)
    with pytest.raises(sg.KindError, match="complex128"):
        sg.compile([Matrix([x, y])], x + y)(np.array([1, 2j]))


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
def test_derivatives_of_plain_formulas_are_those_of_sympy(target: Any):
    parts = Matrix([x * sympy.sin(y), x**3 / y, z * sympy.exp(-x * y) + 2])
    energy = sum(part**2 for part in parts)
    variables, point = [x, y, z], (0.7, 1.3, -0.4)

    f = sg.compile(
        variables,
        [
            sg.jacobian(parts, variables),
            sg.hessian(energy, variables),
            sg.jacobian(energy, variables),
        ],
        target=target,
    )
    jacobian, hessian, row = f(*point)

    at = dict(zip(variables, point, strict=True))
    expected = np.array(parts.jacobian(variables).subs(at).tolist(), float)
    np.testing.assert_allclose(jacobian, expected, rtol=1e-13)
    second = np.array(sympy.hessian(energy, variables).subs(at).tolist(), float)
    np.testing.assert_allclose(hessian, second, rtol=1e-12)
    first = [float(energy.diff(v).subs(at)) for v in variables]
    np.testing.assert_allclose(row, first, rtol=1e-13)


def test_what_does_not_occur_has_derivative_zero():
    found = sg.compile([x, y], sg.jacobian([x**2, sympy.Integer(3)], [x, y]))(3.0, 1.0)

    np.testing.assert_array_equal(found, [[6, 0], [0, 0]])
    np.testing.assert_array_equal(sg.compile([x, y], sg.hessian(x * 2, [x, y]))(1.0, 1.0), 0)


# --- arrays in the place of numbers --------------------------------------------------------------

TARGETS = ["numpy", "vm", pytest.param("cython", marks=needs_c_compiler)]
FORMULAS = [x * y + sympy.sin(x), sympy.Max(x, y, 0), Piecewise((1 / x, x > 1), (y, True)), y**2, 3]
SHAPES: list[Any] = [
    ((3,), ()), ((), (4,)), ((3, 1), (2,)), ((0,), ()), ((1,), (5,)), ((2, 1, 3), (2, 4, 1)),
    ((7,), (7,)), ((1, 1), ()),
]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_arrays_broadcast_in_the_place_of_symbols(shapes: Any, target: Any):
    rng = np.random.default_rng(1)
    values = [rng.uniform(0.5, 2.0, shape) for shape in shapes]
    expected = sympy.lambdify([x, y], FORMULAS, modules="numpy")(*values)

    found = sg.compile([x, y], FORMULAS, target=target)(*values)

    for a, b in zip(found, expected, strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-14)


@pytest.mark.parametrize("options", [{"style": "read"}, {"style": "array"}, {"dtype": "float32"}])
def test_arrays_stand_for_symbols_in_every_style(options: Any):
    f = sg.compile((x, (y, z)), {"s": x * y - z, "t": (x, [z])}, **options)
    found = f(np.array([1.0, 2.0, 3.0]), (2.0, np.array([[1.0], [2.0]])))

    np.testing.assert_allclose(found["s"], [[1, 3, 5], [0, 2, 4]])
    np.testing.assert_allclose(found["t"][0], [1, 2, 3])
    np.testing.assert_allclose(found["t"][1][0], [[1], [2]])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_a_matrix_of_formulas_has_its_own_axes_before_those_of_the_arrays(shapes: Any, target: Any):
    rng = np.random.default_rng(2)
    values = [rng.uniform(0.5, 2.0, shape) for shape in shapes]
    formula = x**2 * y + sympy.sin(x * y)
    matrix = Matrix([[x * y, 0, y], [1, x + y, sympy.exp(x)]])
    f = sg.compile([x, y], [matrix, sg.jacobian(formula, [x, y]), matrix[1]], target=target)
    one = [sympy.lambdify([x, y], entry, modules="numpy") for entry in matrix]
    whole = np.broadcast_shapes(*shapes)

    found, jacobian, alone = f(*values)

    assert found.shape == (2, 3, *whole)
    for entry, each in zip(found.reshape(6, *whole), one, strict=True):
        np.testing.assert_allclose(entry, np.broadcast_to(each(*values), whole), rtol=1e-14)
    u, v = values
    slopes = [2 * u * v + v * np.cos(u * v), u**2 + u * np.cos(u * v)]
    for got, want in zip(jacobian.reshape(2, *whole), slopes, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)
    np.testing.assert_array_equal(alone, 0)


def test_arrays_and_numbers_may_follow_each_other():
    f = sg.compile(x, x**2)

    assert f([1, 2, 3]).tolist() == [1, 4, 9]
    assert f(3) == 9
    assert f(np.array([[2]])).tolist() == [[4]]
    assert f(x=np.float32([5])).tolist() == [25]


def test_arrays_that_do_not_broadcast_or_stand_for_nodes_are_refused():
    with pytest.raises(sg.ShapeError, match="and these do not broadcast"):
        sg.compile([x, y], x + y)(np.ones(2), np.ones(3))
    with pytest.raises(sg.KindError, match="complex128"):
        sg.compile([x, y], x + y)(np.ones(2), np.ones(2) * 1j)
    with pytest.raises(sg.ShapeError, match=r"argument 'x' has shape \(3,\), it is declared \(\)"):
        sg.compile([sg.input("x")], sg.input("x") * 2)(np.ones(3))
    with pytest.raises(sg.ShapeError, match=r"argument 'x' has shape \(3,\), it is declared \(\)"):
        sg.compile([x, A], A * x)(np.ones(3), np.eye(2))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.ma.array([1.0, 2.0], mask=[False, True]), "is a masked array"),
        ("two", "has dtype <U3, it is declared real"),
        ([[1.0], [1.0, 2.0]], "is no array: "),
        (2**70, "has dtype object"),
    ],
    ids=["masked", "text", "ragged", "large"],
)
def test_what_is_no_array_of_numbers_is_refused_beside_an_array(
    value: Any, said: str, place: int, target: Any
):
    given = [np.ones(2), np.ones(2)]
    given[place] = value

    with pytest.raises(sg.KindError, match=f"argument '{'xy'[place]}' {said}"):
        sg.compile([x, y], x + y, target=target)(*given)


def test_dummies_of_one_name_are_different_arguments():
    first, second = sympy.Dummy("x"), sympy.Dummy("x")
    f = sg.compile([x, first, second], x + 10 * first + 100 * second)

    assert f(1.0, 2.0, 3.0) == 321
    assert f.args == ("x", "x_2", "x_3")
    with pytest.raises(sg.NameClashError, match="given twice"):
        sg.compile([first, first], first)
