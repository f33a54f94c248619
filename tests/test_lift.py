"""Plain SymPy turned into nodes, and small nodes turned into plain SymPy."""

import math
from typing import Any

import numpy as np
import pytest
import sympy
from numeric import value
from sympy.matrices.expressions.dotproduct import DotProduct
from sympy.matrices.expressions.hadamard import HadamardPower, HadamardProduct

import symgraph as sg
from symgraph.lift import lift
from symgraph.node import Node
from symgraph.scalar import functions, plain
from symgraph.walks import dag_size, topological

x, y, z = sympy.symbols("x y z", real=True)
n = sg.input("n")
AT: dict[Node, Any] = {sg.input("x"): 0.7, sg.input("y"): -1.3, sg.input("z"): 2.1, n: 0.4}
NUMBERS = {x: sympy.Rational(0.7), y: sympy.Rational(-1.3), z: sympy.Rational(2.1)}


def exactly(expr: Any) -> float:
    return float(sympy.sympify(expr).xreplace(NUMBERS).evalf(30))


def at_numbers(node: Node) -> float:
    inside = {variable: AT[variable] for variable in node.free_symbols}
    return float(value(node, inside))


# --- scalar expressions -------------------------------------------------------------------------

#: expression, and the node as it is written
SCALARS: list[tuple[Any, str | None]] = [
    (x, "x"),
    (sympy.Integer(3), "3"),
    (sympy.Rational(-2, 3), "-2/3"),
    (sympy.Float(2.5), "2.5"),
    (sympy.pi * x, "pi*x"),
    (sympy.E + x, "E + x"),
    (x - y, "x - y"),
    (y - x, "y - x"),
    (-x - y, "-x - y"),
    (-x, "-x"),
    (x - 1, "x - 1"),
    (1 - x * y * z, "1 - x*y*z"),
    (x + y + z, "x + y + z"),
    (2 * x - 3 * y, "2*x - 3*y"),
    (-2 * x * y, "-2*x*y"),
    (x * y, "x*y"),
    (x / y, "x/y"),
    (x / 2, "x/2"),
    (3 * x / 4, "3*x/4"),
    (-x / 2, "-x/2"),
    (1 / x, "1/x"),
    (z / (x * y), "z/(x*y)"),
    (y / x**2, "y/x**2"),
    (x**3, "x**3"),
    (sympy.sqrt(z), "sqrt(z)"),
    (1 / sympy.sqrt(z), "1/sqrt(z)"),
    (z**y, "z**y"),
    (2**x, "2**x"),
    (z ** sympy.Rational(3, 2), "z**(3/2)"),
    (x**2.0, None),
    (sympy.exp(-x), "exp(-x)"),
    (sympy.log(z), "log(z)"),
    (sympy.log(z, 2), "log(z)/log(2)"),
    (sympy.sin(x) * sympy.cos(y), "cos(y)*sin(x)"),
    (sympy.tan(x), "tan(x)"),
    (sympy.cot(x), "1/tan(x)"),
    (sympy.sec(x), "1/cos(x)"),
    (sympy.csc(x), "1/sin(x)"),
    (sympy.asin(x), None),
    (sympy.acos(x), None),
    (sympy.atan(x), None),
    (sympy.atan2(y, x), None),
    (sympy.sinh(x), "sinh(x)"),
    (sympy.cosh(x), "cosh(x)"),
    (sympy.tanh(x), "tanh(x)"),
    (sympy.coth(x), "1/tanh(x)"),
    (sympy.sech(x), "1/cosh(x)"),
    (sympy.csch(x), "1/sinh(x)"),
    (sympy.asinh(x), None),
    (sympy.acosh(z), None),
    (sympy.atanh(x), None),
    (sympy.erf(x), "erf(x)"),
    (sympy.erfc(x), "erfc(x)"),
    (sympy.Abs(y), "abs(y)"),
    (sympy.sign(y), "sign(y)"),
    (sympy.floor(y), "floor(y)"),
    (sympy.ceiling(y), "ceil(y)"),
    (sympy.Mod(y, z), "y % z"),
    (sympy.Max(0, 1 - x), "max(0, 1 - x)"),
    (sympy.Max(x, y, z), None),
    (sympy.Min(x, y), "min(x, y)"),
    (sympy.Heaviside(x), "step(x, 1/2)"),
    (sympy.Heaviside(x, 1), "1[x >= 0]"),
    (sympy.Heaviside(x, 0), "1[x > 0]"),
    (sympy.KroneckerDelta(sympy.floor(x), 0), None),
    (sympy.UnevaluatedExpr(x) + 0, "x"),
    (sympy.Add(x, x, evaluate=False), "x + x"),
    (sympy.Mul(2, x + y, evaluate=False), "2*(x + y)"),
    (sympy.Piecewise((x, x > 0), (y, True)), "where(x > 0, x, y)"),
    (sympy.Piecewise((1, x > y), (2, y > z), (3, True)), "where(x > y, 1, where(y > z, 2, 3))"),
    (sympy.Sum(x * sympy.Symbol("k"), (sympy.Symbol("k"), 1, 3)), "x + 2*x + 3*x"),
    (sympy.Product(x + sympy.Symbol("k"), (sympy.Symbol("k"), 1, 2)), "(1 + x)*(2 + x)"),
    (sympy.Sum(x, (sympy.Symbol("k"), 1, 0)), "0"),
    (sympy.Sum(
        sympy.Symbol("j") * x, (sympy.Symbol("j"), 0, sympy.Symbol("k")), (sympy.Symbol("k"), 0, 2)
    ), None),
    (functions["sigmoid"](x), "sigmoid(x)"),
    (functions["softplus"](x * y), "softplus(x*y)"),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "text"), SCALARS)
def test_a_scalar_expression_becomes_the_node_that_it_says(expr: Any, text: str | None):
    node = lift(expr)

    meaning = functions_removed(expr)
    np.testing.assert_allclose(at_numbers(node), exactly(meaning), rtol=1e-14)
    assert text is None or str(node) == text


def functions_removed(expr: Any) -> Any:
    unfinished = (sympy.Sum, sympy.Product, sympy.UnevaluatedExpr)
    return plain(expr.doit() if isinstance(expr, unfinished) else expr)


CONDITIONS: list[tuple[Any, str | None, bool]] = [
    (x < y, "x < y", False),
    (x <= y, "x <= y", False),
    (x > y, "x > y", True),
    (x >= y, "x >= y", True),
    (sympy.Eq(x, y), "x == y", False),
    (sympy.Ne(x, y), "x != y", True),
    (sympy.And(x > 0, y > 0), None, False),
    (sympy.Or(x > 0, y > 0, z > 9), None, True),
    (sympy.Not(sympy.And(x > 0, y > 0)), None, True),
    (sympy.Xor(x > 0, y > 0, z > 0), None, False),
    (sympy.Implies(x > 0, y > 0), None, False),
    (sympy.Equivalent(x > 0, y > 0, evaluate=False), None, False),
    (sympy.Nand(x > 0, y > 0, evaluate=False), "~((x > 0) & (y > 0))", True),
    (sympy.Nor(x > 0, y > 0, evaluate=False), None, False),
    (sympy.ITE(x > 0, y > 0, z > 0), None, False),
    (sympy.true, "True", True),
    (sympy.false, "False", False),
]


@pytest.mark.parametrize(("expr", "text", "expected"), CONDITIONS)
def test_a_condition_becomes_a_boolean_node(expr: Any, text: str | None, expected: bool):
    node = lift(expr)

    assert node.kind == "boolean"
    assert bool(at_numbers(node)) is expected
    assert text is None or str(node) == text


def test_a_symbol_in_the_place_of_a_condition_is_boolean():
    c = sympy.Symbol("c")

    assert lift(sympy.And(c, x > 0)).free_symbols == {
        sg.input("c", kind="boolean"), sg.input("x"),
    }  # fmt: skip
    assert sg.input("c", kind="boolean") in lift(sympy.Piecewise((x, c), (y, True))).free_symbols


def test_a_piecewise_without_a_last_branch_has_no_value_there():
    node = lift(sympy.Piecewise((x, x < 0), (y, x > 1)))

    assert str(node) == "where(x < 0, x, where(x > 1, y, nan))"
    assert math.isnan(at_numbers(node))
    assert value(sg.grad(node, sg.input("x")), {sg.input("x"): -1.0, sg.input("y"): 0.0}) == 1


def test_infinities_are_numbers():
    assert str(lift(sympy.Min(x, sympy.oo, evaluate=False))) in ("min(x, inf)", "min(inf, x)")
    assert at_numbers(lift(-sympy.oo)) == -math.inf


# --- symbols ------------------------------------------------------------------------------------


def test_a_symbol_is_the_input_of_its_name_whatever_it_assumes():
    assert lift(sympy.Symbol("x")) is lift(x) is sg.input("x")
    assert lift(sympy.Symbol("k", integer=True)) is sg.input("k", kind="integer")
    assert lift(sympy.Symbol("p", positive=True)) is sg.input("p")


def test_one_symbol_is_one_node():
    node = lift(x * sympy.sin(x) + x)

    assert dag_size(node)[0] == 4
    assert len([one for one in topological([node]) if not one.args]) == 1


def test_symbols_of_one_name_that_differ_are_refused():
    with pytest.raises(sg.NameClashError, match="two different SymPy symbols are called 'x'"):
        lift(sympy.Symbol("x") + sympy.Symbol("x", positive=True))
    with pytest.raises(sg.NameClashError, match="two different SymPy symbols are called 'x'"):
        lift(sympy.Dummy("x") + x)


def test_the_symbol_of_a_size_stays_a_size():
    v = sg.input("v", ("N",))
    size = v.shape[0]
    at = {v: np.array([1.0, 2.0, 6.0])}

    assert not lift(size).free_symbols
    assert value(sg.sum(v) / size, at) == 3
    assert value(sg.sum(v) / (size - 1), at) == 4.5
    assert value(lift(size * 2 + 1) * v, at).tolist() == [7.0, 14.0, 42.0]
    assert value(lift(sympy.sin(x) * size) + 0 * v, {**at, sg.input("x"): 0.5})[0] == 3 * math.sin(
        0.5
    )


def test_a_node_inside_an_expression_is_itself():
    h = sg.let("h", sg.tanh(n))

    assert str(sg.let("e", sympy.exp(h) * x + h).args[0]) == "x*exp(h) + h"
    assert h in topological([lift(sympy.exp(h))])
    assert isinstance(sympy.exp(h) + h, Node)


def test_a_function_of_an_array_works_entry_by_entry():
    v = sg.input("v", (2, 3))

    node = lift(sympy.tanh(v) * 2)

    assert node.shape == (2, 3)
    np.testing.assert_allclose(
        value(node, {v: np.arange(6.0).reshape(2, 3)}), 2 * np.tanh(np.arange(6.0).reshape(2, 3))
    )


# --- matrices -----------------------------------------------------------------------------------

A, B = sympy.MatrixSymbol("A", 2, 3), sympy.MatrixSymbol("B", 3, 2)
S, r, q = (
    sympy.MatrixSymbol("S", 2, 2),
    sympy.MatrixSymbol("r", 3, 1),
    sympy.MatrixSymbol("q", 3, 1),
)
_generator = np.random.default_rng(4)
ARRAYS = {
    name: _generator.normal(size=shape)
    for name, shape in (("A", (2, 3)), ("B", (3, 2)), ("S", (2, 2)), ("r", (3, 1)), ("q", (3, 1)))
}
a, b, s = ARRAYS["A"], ARRAYS["B"], ARRAYS["S"]
X = 0.7

MATRICES: list[tuple[Any, Any, str | None]] = [
    (A, a, "A"),
    (A * B, a @ b, "A @ B"),
    (A * B * A, a @ b @ a, "A @ B @ A"),
    (A + 2 * B.T, a + 2 * b.T, "2*B.T + A"),
    (A - B.T, a - b.T, "A - B.T"),
    (-A, -a, "-A"),
    (x * A * B, X * a @ b, "x*(A @ B)"),
    (A / 2, a / 2, "A/2"),
    (A.T, a.T, "A.T"),
    (sympy.Adjoint(A), a.T, "A.T"),
    (S.inv(), np.linalg.inv(s), "inv(S)"),
    (S**3, s @ s @ s, "S @ S @ S"),
    (S**-2, np.linalg.inv(s) @ np.linalg.inv(s), None),
    (S**0, np.eye(2), "eye(2)"),
    (sympy.Trace(A * B), np.trace(a @ b), "trace(A @ B)"),
    (sympy.Determinant(S), np.linalg.det(s), "det(S)"),
    (HadamardProduct(A, B.T), a * b.T, None),
    (HadamardPower(A, 2), a**2, "A**2"),
    (DotProduct(r, q), np.sum(ARRAYS["r"] * ARRAYS["q"]), None),
    (A[1, 2] * x, a[1, 2] * X, "x*A[1, 2]"),
    (S + sympy.Identity(2), s + np.eye(2), None),
    (S + sympy.ZeroMatrix(2, 2), s, None),
    (A + sympy.OneMatrix(2, 3), a + 1, None),
    (sympy.Matrix([[1, x], [2, 3]]), [[1, X], [2, 3]], None),
    (sympy.ImmutableMatrix([[1, 2], [3, 4]]), [[1, 2], [3, 4]], "[[1, 2], [3, 4]]"),
    (sympy.Matrix([[0.5, sympy.Rational(1, 4)]]), [[0.5, 0.25]], "[[0.5, 0.25]]"),
    (sympy.Matrix([[1, x], [2, 3]]) * S, np.array([[1, X], [2, 3]]) @ s, None),
    (sympy.Array([[x, 1], [2, x]]), [[X, 1], [2, X]], None),
    (sympy.Array([1, 2, 3]), [1, 2, 3], "[1, 2, 3]"),
    (sympy.Matrix([n, x]), [[0.4], [X]], None),
    (sympy.Matrix(0, 3, []), np.zeros((0, 3)), None),
]


def at_arrays(node: Node) -> np.ndarray:
    found = {}
    for variable in node.free_symbols:
        name = variable.params[0]
        found[variable] = ARRAYS[name] if name in ARRAYS else AT[variable]
    return value(node, found)


@pytest.mark.parametrize(("expr", "expected", "text"), MATRICES)
def test_a_matrix_expression_becomes_the_node_that_it_says(
    expr: Any, expected: Any, text: str | None
):
    node = lift(expr)

    assert node.shape == np.shape(expected)
    np.testing.assert_allclose(at_arrays(node), expected, rtol=1e-12, atol=1e-14)
    assert text is None or str(node) == text


def test_symbolic_sizes_of_a_matrix_symbol_stay_symbolic():
    size = sg.input("v", ("N",)).shape[0]
    M = sympy.MatrixSymbol("M", size, 2)

    node = lift(M.T * M)

    assert node.shape == (2, 2)
    assert node.free_symbols == {sg.input("M", ("N", 2))}


def test_an_indexed_symbol_is_an_entry_of_its_base():
    k, base = sympy.Symbol("k", integer=True), sympy.IndexedBase("u", shape=(3,))
    u = sg.input("u", 3)

    node = lift(sympy.Sum(base[k] ** 2, (k, 0, 2)))

    assert str(node) == "u[0]**2 + u[1]**2 + u[2]**2"
    assert value(node, {u: np.array([1.0, 2.0, 3.0])}) == 14


# --- everywhere a node can stand ----------------------------------------------------------------


def test_plain_sympy_is_accepted_wherever_a_node_is():
    v = sg.input("v", 3)

    assert sg.tanh(x * y) is sg.tanh(sg.input("x") * sg.input("y"))
    assert n + sympy.sin(x) is n + sg.sin(sg.input("x"))
    assert sympy.sin(x) + n is sg.sin(sg.input("x")) + n
    assert sympy.Integer(2) * n is sg.const(2) * n
    assert (sg.where(x < y, n, 0)).shape == ()
    assert sg.matmul(A, v).shape == (2,)
    assert sg.let("e", x**2).args == (sg.input("x") ** 2,)
    assert (v * sympy.Rational(1, 2)).args[1] is sg.const(sympy.Rational(1, 2))


# --- depth --------------------------------------------------------------------------------------


def test_deep_expressions_are_turned_without_recursion():
    nested = x
    for level in range(10_000):
        operands = (nested, y)
        nested = (sympy.Add if level % 2 else sympy.Mul)(*operands, evaluate=False)

    node = lift(nested)

    assert dag_size(node)[0] == 10_002
    assert node.free_symbols == {sg.input("x"), sg.input("y")}


def test_what_an_expression_shares_is_turned_once():
    shared = x
    for _ in range(200):
        shared = sympy.Add(shared, shared, evaluate=False)

    assert dag_size(lift(shared)) == (201, 400)


# --- refusals -----------------------------------------------------------------------------------

REFUSED: list[tuple[Any, str]] = [
    (sympy.I * x, r"grad: I \(ImaginaryUnit\) has no counterpart here"),
    (sympy.nan, r"nan \(NaN\) has no counterpart"),
    (sympy.zoo + 0, r"zoo \(ComplexInfinity\) has no counterpart"),
    (sympy.Ei(x), r"Ei\(x\) \(Ei\) has no counterpart here\. Write it with"),
    (sympy.Function("f")(x) + 1, r"f\(x\) \(f\) is an unknown function\. Use a function that has"),
    (sympy.Integral(x, x), r"Integral\(x, x\) \(Integral\) has no counterpart"),
    (
        sympy.Derivative(sympy.Function("f")(x), x),
        r"is not carried out\. Call \.doit\(\) on it, or",
    ),
    (sympy.Limit(sympy.sin(x) / x, x, 0), r"\(Limit\) has no counterpart"),
    (sympy.Sum(x, (y, 0, z)), r"\(Sum\) has a range that is not made of numbers\. Use sg\.sum"),
    (sympy.Sum(x * y, (y, 0, 10**9)), "has more than 10000 terms"),
    (sympy.Sum(x * y * z, (y, 0, 999), (z, 0, 999)), "has more than 10000 terms"),
    (sympy.Symbol("i", imaginary=True), r"i \(Symbol\) is not a real number\. Declare the symbol"),
    (sympy.Symbol("m", commutative=False), r"m \(Symbol\) is not a real number"),
    (sympy.Tuple(x, y), r"\(x, y\) \(Tuple\) has no counterpart"),
    (sympy.IndexedBase("u")[0], r"is an entry of something without shape\. Give IndexedBase a"),
    (sympy.IndexedBase("u", shape=(3,))[x], "has an index that is no whole number"),
    (A[sympy.Symbol("k"), 0], r"is no whole number\. Declare the index with integer=True, or use"),
    (sympy.IndexedBase("u"), r"has no shape\. Give IndexedBase a shape"),
    (S ** sympy.Symbol("k"), r"has an exponent that is no whole number up to 100"),
    (sympy.Heaviside(x, y), "has the value y at 0, which is no number"),
    (sympy.besselj(0, x), r"\(besselj\) has no counterpart"),
    (
        sympy.FunctionMatrix(sympy.Symbol("n"), 2, sympy.Lambda((x, y), x)),
        "has sizes that are no numbers",
    ),
    (sympy.Lambda(x, x**2), r"\(Lambda\) has no counterpart"),
    (sympy.Interval(0, 1), r"\(Interval\) has no counterpart"),
]


@pytest.mark.parametrize(("expr", "message"), REFUSED)
def test_what_has_no_counterpart_is_refused_by_name(expr: Any, message: str):
    with pytest.raises(sg.UnsupportedError, match=message):
        sg.grad(expr, x)


def test_a_large_part_is_refused_by_its_type():
    deep = sympy.Function("f")(x)
    for _ in range(100):
        deep = sympy.Function("g")(deep)

    with pytest.raises(sg.UnsupportedError, match=r"^lift: a g is an unknown function"):
        lift(deep)


# --- plain SymPy out ----------------------------------------------------------------------------


def test_a_scalar_becomes_an_expression_of_real_symbols():
    found = (sg.input("x") * sg.sin(sg.input("y")) - 2).to_sympy()

    assert found == x * sympy.sin(y) - 2


def test_functions_become_their_plain_meaning():
    assert sg.sigmoid(sg.input("x")).to_sympy() == 1 / (1 + sympy.exp(-x))
    assert sg.relu(sg.input("x")).to_sympy() == sympy.Piecewise((x, x > 0), (0, True))
    assert sg.tanh(sg.input("x")).to_sympy() == sympy.tanh(x)


def test_shapes_become_arrays_and_matrices():
    W, v = sg.parameter("W", (2, 2)), sg.input("v", 2)
    Wij, vi = (
        sympy.IndexedBase("W", shape=(2, 2), real=True),
        sympy.IndexedBase("v", shape=(2,), real=True),
    )

    product = (W @ v).to_sympy()
    transposed = W.T.to_sympy()

    assert isinstance(product, sympy.ImmutableDenseNDimArray)
    assert product.tolist() == [
        Wij[0, 0] * vi[0] + Wij[0, 1] * vi[1], Wij[1, 0] * vi[0] + Wij[1, 1] * vi[1],
    ]  # fmt: skip
    assert isinstance(transposed, sympy.ImmutableMatrix)
    assert transposed[0, 1] == Wij[1, 0]
    assert sg.zeros((2, 1, 2)).to_sympy().shape == (2, 1, 2)


def test_a_gradient_becomes_the_one_that_sympy_finds():
    v = sg.input("v", 3)
    loss = sg.logsumexp(v) - v[1] * sg.tanh(v[0])

    by_sympy = [sympy.diff(loss.to_sympy(), entry) for entry in v.to_sympy()]

    for ours, theirs in zip(sg.grad(loss, v).to_sympy(), by_sympy, strict=True):
        assert sympy.simplify((ours - theirs).rewrite(sympy.exp)) == 0


ROUND: list[Any] = [
    lambda u, W: sg.tanh(W @ u) @ u,
    lambda u, W: sg.softmax(u),
    lambda u, W: sg.max(W, axis=1) * sg.maximum(u, 0.1),
    lambda u, W: sg.where(u > 0, sg.abs(W), u),
    lambda u, W: sg.inv(W) + sg.det(W),
    lambda u, W: sg.sign(u) + sg.floor(u) + sg.sigmoid(u) + sg.leaky_relu(u),
    lambda u, W: sg.scan(lambda h, e: sg.sin(h + e), u[0], W[0]).states,
    lambda u, W: sg.concat([u, W[1] ** 2])[::-1],
    lambda u, W: sg.grad(sg.sum(sg.tanh(W @ u) ** 2), W),
]


@pytest.mark.parametrize("function", ROUND)
def test_there_and_back_has_the_same_value(function: Any):
    u, W = sg.input("u", 2), sg.input("W", (2, 2))
    at = {u: np.array([0.6, -1.1]), W: np.array([[1.0, -0.4], [0.3, 0.8]])}
    node = function(u, W)

    back = lift(node.to_sympy())

    assert back.shape == node.shape
    np.testing.assert_allclose(value(back, at), value(node, at), rtol=1e-12)


def test_symbolic_sizes_have_no_plain_form():
    with pytest.raises(
        sg.UnsupportedError, match=r"'v' has the symbolic shape \(N,\)\. Declare it"
    ):
        sg.sum(sg.input("v", ("N",)) ** 2).to_sympy()


def test_what_is_large_as_a_tree_has_no_plain_form():
    wide, deep, tall = sg.input("x"), sg.input("x"), sg.input("v", (300, 300))
    for _ in range(60):
        wide = wide + sg.tanh(wide)
    for _ in range(1000):
        deep = sg.sin(deep)

    for node in (wide, deep, sg.sum(tall @ tall)):
        with pytest.raises(sg.UnsupportedError, match=r"at most 50000 .* written.* Use sm"):
            node.to_sympy()


def test_squares_of_squares_are_a_power():
    e = sg.input("x")
    for _ in range(60):
        e = e * e

    assert e.to_sympy() == x ** (2**60)
