"""Formulas written by hand, in three styles, and their values computed by hand in NumPy.

Nothing here comes from the printer: the strings are what books and lectures write.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from symgraph.errors import NameClashError
from symgraph.readback import (
    Given,
    MeaningError,
    Names,
    ReadError,
    Sequence,
    Undetermined,
    Value,
    free_letters,
    meaning,
    read,
    sized,
    steps_of,
)

A = np.array([[1.0, 2.0, 0.0], [3.0, -1.0, 1.0]])
B = np.array([[2.0, 1.0], [0.0, 1.0], [1.0, -2.0]])
S = np.array([[2.0, 1.0], [0.5, 3.0]])
x = np.array([1.0, -2.0, 3.0])
y = np.array([0.5, 1.0, -1.0])
u = np.array([2.0, -1.0])
row = np.array([1.0, 4.0])
states = np.arange(12.0).reshape(4, 3) - 5
deltas = np.arange(9.0).reshape(3, 3) + 1

NAMES = Names(
    {
        "A": A,
        "B": B,
        "S": S,
        "W1": A,
        "x": x,
        "y": y,
        "δ₁": u,
        "φ(x)": x,
        "ŷ": y,
        "net": u,
        "损失": 2.0,
        "λ": 0.25,
        "w_αA": 0.75,
        "a": 2.0,
        "b": 3.0,
        "margin": 0.5,
        "loss": 7.0,
        "r": Given(row, "row"),
        "s": Sequence(states, "column", 0),
        "δ": Sequence(deltas, "column", 1),
        "h1": Sequence(states, "column", 0),
        "w^(2)": A,
        "x_in": x,
        "hidden layer": u,
        "f": np.tanh,
        "f'": lambda t: 1 - np.tanh(t) ** 2,
        "bump": lambda t, p: p / (1 + t**2),
        "N": 4,
        "T": 3,
        "G": np.arange(8.0).reshape(2, 2, 2),
        "X": np.arange(18.0).reshape(2, 3, 3),
        "m": np.array([True, False, True]),
    },
    {("loss", "W1"): A * 2, ("loss", "1 - margin"): 5.0, ("loss", r"1 - \mathrm{margin}"): 5.0},
)


def value_of(written: str, style: Any, like: Any = None, names: Names = NAMES) -> Any:
    (side,) = read(written, style, names).sides
    found = meaning(side, names)
    if not isinstance(found, Value):
        found = sized(found, Value("matrix", np.asarray(like)))
    assert isinstance(found, Value)
    return found.array


col, outer = x[:, None], np.outer(u, x)
SAME: list[tuple[str, str, str, Any]] = [
    ("W1 x", "W₁ x", r"W_{1} x", A @ col),
    ("W_1 x", "W₁ x", r"\mathrm{W}_{1} \, x", A @ col),
    ("delta1 x^T", "δ₁ xᵀ", r"\delta_{1} x^{\mathsf{T}}", outer),
    ("δ_1 x^T", "δ₁ xᵀ", r"\delta_1 x^\top", outer),
    ("φ(x) * y", "φ(x) ⊙ ŷ", r"\phi(x) \odot \hat{y}",
     (x * y)[:, None]),
    ("A^T net * (1 - x^2)", "Aᵀ net ⊙ (1 − x²)",
     r"A^{\mathsf{T}} \, \mathrm{net} \odot \left(1 - x^{2}\right)",
     ((A.T @ u) * (1 - x**2))[:, None]),
    ("-x * y + x", "−x ⊙ y + x", r"-x \odot y + x", (x - x * y)[:, None]),
    ("x·y", "x·y", r"x \cdot y", x @ y),
    ("2 x·y", "2 x·y", r"2 x \cdot y", 2 * (x @ y)),
    ("A x·net", "A x·net", r"A x \cdot \mathrm{net}", (A @ x) @ u),
    ("x^T y A", "xᵀ y A", r"x^{\top} y A", (x @ y) * A),
    ("A B A", "A B A", "A B A", A @ B @ A),
    ("(x - y)/||x - y||", "(x − y)/‖x − y‖", r"\frac{x - y}{\lVert x - y \rVert}",
     ((x - y) / np.linalg.norm(x - y))[:, None]),
    ("1/2 ||A||^2", "½ ‖A‖²", r"\frac{1}{2} \lVert A \rVert^{2}", np.sum(A**2) / 2),
    ("||x||_1 ||y||", "‖x‖₁ ‖y‖", r"\|x\|_{1} \|y\|", 6 * np.linalg.norm(y)),
    ("|x|", "|x|", r"\left|x\right|", np.abs(col)),
    ("|a - b| |x|", "|a − b| |x|", r"\left|a - b\right| \left|x\right|", np.abs(col)),
    ("2 a b x/N", "2 a b x/N", r"\frac{2 a b x}{N}", 3 * col),
    ("a^-1 x^(1/2 + 1/2)", "a⁻¹ x", r"a^{-1} x", col / 2),
    ("S^-1 S^2", "S⁻¹ S²", "S^{-1} S^{2}", S),
    ("S^-T", "S⁻ᵀ", r"S^{-\mathsf{T}}", np.linalg.inv(S).T),
    ("A.^2", "A^∘2", r"A^{\circ 2}", A**2),
    ("sqrt(|x|)", "√(|x|)", r"\sqrt{\left|x\right|}", np.sqrt(np.abs(col))),
    ("-1[margin < 1] x a", "−1[margin < 1] x a", r"-\mathbf{1}\left[\mathrm{margin} < 1\right] x a",
     -2 * col),
    ("1[x > 0 and y < 1]", "𝟙[x > 0 ∧ y < 1]", r"\mathbb{1}\left[x > 0 \land y < 1\right]",
     np.array([[1.0], [0], [1]])),
    ("1[not x > 0]", "1{¬ x > 0}", r"\mathbf{1}\left\{\lnot x > 0\right\}",
     np.array([[0.0], [1], [0]])),
    ("[x >= y] * x", "[x ≥ y] ⊙ x", r"\left[x \ge y\right] \odot x", ((x >= y) * x)[:, None]),
    ("1[0 <= a <= 2]", "I(0 ≤ a ≤ 2)", r"I\left(0 \le a \leq 2\right)", 1.0),
    ("I + S", "I + S", "I + S", np.eye(2) + S),
    ("(S + lambda I)^-1 net", "(S + λ I)⁻¹ net", r"(S + \lambda I)^{-1} \mathrm{net}",
     np.linalg.solve(S + 0.25 * np.eye(2), u)[:, None]),
    ("A ones", "A 𝟏", r"A \mathbf{1}", A.sum(1)[:, None]),
    ("ones^T A", "𝟏ᵀ A", r"\mathbf{1}^{\mathsf{T}} A", A.sum(0)[None, :]),
    ("A - net ones^T", "A − net 𝟏ᵀ", r"A - \mathrm{net} \mathbf{1}^{\top}", A - u[:, None]),
    ("A + r^T", "A + rᵀ", r"A + r^{\mathsf{T}}", A + row[:, None]),
    ("diag(x) - x x^T", "diag(x) − x xᵀ", r"\operatorname{diag}(x) - x x^{\mathsf{T}}",
     np.diag(x) - np.outer(x, x)),
    ("diag(S)", "diag(S)", r"\operatorname{diag}(S)", np.diag(S)[:, None]),
    ("A diag[f'(x)]", "A diag[f′(x)]", r"A \operatorname{diag}[f'(x)]",
     A * (1 - np.tanh(x) ** 2)),
    ("tr(A B) + det(S)", "tr(A B) + det(S)", r"\operatorname{tr}(A B) + \det(S)",
     np.trace(A @ B) + 5.5),
    ("log det(S)", "log det(S)", r"\log\det(S)", np.log(5.5)),
    ("kron(S, A)", "S ⊗ A", r"S \otimes A", np.kron(S, A)),
    ("sum(A)", "Σ(A)", r"\sum(A)", A.sum()),
    ("sum(A, axis=0)", "Σ(A, axis=0)", r"\sum\left(A, \text{axis}=0\right)", A.sum(0)[None, :]),
    ("max(A, axis=1)", "max(A, axis=1)", r"\max(A, \text{axis}=1)", A.max(1)[:, None]),
    ("max(x, 0)", "max(x, 0)", r"\max(x, 0)", np.maximum(col, 0)),
    ("mean(A)", "mean(A)", r"\operatorname{mean}(A)", A.mean()),
    ("sigmoid(x)", "σ(x)", r"\sigma(x)", 1 / (1 + np.exp(-col))),
    ("softmax(A)", "softmax(A)", r"\operatorname{softmax}(A)",
     np.exp(A) / np.exp(A).sum(1, keepdims=True)),
    ("softmax(x)", "softmax(x)", r"\operatorname{softmax}(x)",
     (np.exp(x) / np.exp(x).sum())[:, None]),
    ("f(net) f'(a)", "f(net) f′(a)", r"f(\mathrm{net}) f^{\prime}(a)",
     (np.tanh(u) * (1 - np.tanh(2.0) ** 2))[:, None]),
    ("bump(x, a)", "bump(x, a)", r"\operatorname{bump}(x, a)", (2 / (1 + x**2))[:, None]),
    ("exp(x) log(a) cos(b)", "exp(x) log(a) cos(b)", r"\exp(x) \log(a) \cos(b)",
     (np.exp(x) * np.log(2) * np.cos(3))[:, None]),
    ("损失 x_in", "损失 x_in", r"\text{损失} x_{\mathrm{in}}", 2 * col),
    ("hidden layer", "hidden layer", r"\text{hidden layer}", u[:, None]),
    ("(dloss/dW1) x", "(dloss/dW₁) x",
     r"\frac{\partial \mathrm{loss}}{\partial W_{1}} x", 2 * A @ col),
    ("-dloss/d(1 - margin)", "−∂loss/∂(1 − margin)",
     r"-\frac{\mathrm{d} \mathrm{loss}}{\mathrm{d} (1 - \mathrm{margin})}", -5.0),
    ("s_0 + s_T", "s₀ + s_T", r"s_{0} + s_{T}", (states[0] + states[3])[:, None]),
    ("h1_2", "h₁_2", r"h_{1,2}", states[2][:, None]),
    ("sum_t delta_t s_{t-1}^T", "Σ_t δ_t s_{t−1}ᵀ", r"\sum_{t} \delta_t s_{t-1}^{\mathsf{T}}",
     sum(np.outer(deltas[t - 1], states[t - 1]) for t in (1, 2, 3))),
    ("2 sum_t δ_t * s_t - x", "2 Σ_t δ_t ⊙ s_t − x", r"2 \sum_{t=1}^{T} \delta_t \odot s_t - x",
     (2 * sum(deltas[t - 1] * states[t] for t in (1, 2, 3)) - x)[:, None]),
    ("prod_{t=1}^3 diag(δ_t)", "Π_{t=1,…,3} diag(δ_t)",
     r"\prod_{t=1}^{3} \operatorname{diag}(\delta_t)", np.diag(deltas.prod(0))),
    ("sum_{i,j} A[i,j] x[j]", "Σ_{i,j} A[i,j] x[j]", r"\sum_{i,j} A_{i,j} x_{j}", (A @ x).sum()),
    ("w_12^(2)", "w_12^(2)", r"w_{12}^{(2)}", 2.0),
    ("A[0,1]", "A[0,1]", r"A_{0,1}", 2.0),
    ("max_{i} x[i]", "max_{i} x[i]", r"\max_{i} x_{i}", 3.0),
    # the largest entry of A is A[1,0], the fourth when they are counted row by row
    ("argmax_{i<2,j<3} A[i,j]", "argmax_{i<2,j<3} A[i,j]",
     r"\operatorname{argmax}_{i<2,j<3} A_{i,j}", 3.0),
    ("w_αA", "w_αA", r"w_{\alpha A}", 0.75),
    ("sum_{i<2} x[i]", "Σ_{i<2} x[i]", r"\sum_{i<2} x_{i}", -1.0),
    ("sum_{i<2} x[i+2]", "Σ_{i<2} x[i+2]", r"\sum_{i<2} x_{i+2}", 3.0),
    ("[x; net]", "[x; net]", r"\begin{bmatrix} x \\ \mathrm{net} \end{bmatrix}",
     np.concatenate([x, u])[:, None]),
    ("[A, S]", "[A, S]", r"\begin{bmatrix} A & S \end{bmatrix}", np.hstack([A, S])),
    ("1e-05 a", "0.00001 a", r"1 \cdot 10^{-5} a", 2e-5),
    ("pi a", "π a", r"\pi a", 2 * np.pi),
    ("2*3 a", "2·3 a", r"2 \cdot 3 a", 12.0),
    ("a b/(a b)", "a b/(a b)", r"\frac{a b}{a b}", 1.0),
    ("x/a/b", "x/a/b", r"\frac{x/a}{b}", col / 6),
    ("a - -b", "a − −b", "a - -b", 5.0),
]  # fmt: skip


def test_a_place_is_compared_with_the_first_largest_entry_over_several_letters():
    grid = np.array([[1.0, 3.0, 0.0], [3.0, 2.0, 3.0]])
    names = Names({"X": grid, "y": np.array([2.0, 5.0])})
    for style, line in (
        ("text", "1[(i, j) = argmax_{k,l} X[k,l]] y[i]"),
        ("unicode", "1[(i, j) = argmax_{k<2,l<3} X[k,l]] y[i]"),
        ("latex", r"\mathbf{1}\left[(i, j) = \operatorname{argmax}_{k,l} X_{k,l}\right] y_{i}"),
    ):  # fmt: skip
        tree = read(line, style, names).sides[0]
        found = meaning(tree, names, {"j": np.arange(3), "i": np.arange(2)})
        assert np.array_equal(found.array, [[0, 2, 0], [0, 0, 0]])
    with pytest.raises(MeaningError, match="as many letters"):
        meaning(
            read("1[(i, j) = argmax_k X[k,i]]", "text", names).sides[0], names, {"i": 0, "j": 0}
        )


@pytest.mark.parametrize("case", SAME, ids=lambda case: case[1])
def test_a_formula_written_by_hand_has_its_value_in_all_three_styles(case):
    text, unicode, latex, wanted = case
    for written, style in ((text, "text"), (unicode, "unicode"), (latex, "latex")):
        found = value_of(written, style, wanted)
        assert np.shape(found) == np.shape(wanted), written
        np.testing.assert_allclose(found, wanted, rtol=1e-12, err_msg=written)


def test_an_entry_outside_of_an_array_counts_nothing():
    names = Names({"X": np.arange(1.0, 5.0), "N": 4})
    (side,) = read("sum_{i<4} X[i+2]", "text", names).sides

    assert meaning(side, names).array == 7.0  # X[2] + X[3]


def test_a_convolution_in_index_form_is_that_of_four_nested_loops():
    rng = np.random.default_rng(0)
    G, X = rng.normal(size=(2, 3, 2, 3)), rng.normal(size=(2, 4, 3, 5))
    wanted = np.zeros((3, 4, 2, 3))
    for o, c, i, j in np.ndindex(wanted.shape):
        wanted[o, c, i, j] = sum(
            G[b, o, h, w] * X[b, c, h + i, w + j] for b, h, w in np.ndindex(2, 2, 3)
        )
    names = Names({"G": G, "X": X, "K": wanted, "L": 0.0}, {("L", "K"): wanted})
    for line, style in (
        ("dL/dK[o,c,i,j] = sum_{b,h,w} G[b,o,h,w] X[b,c,h+i,w+j]", "text"),
        ("dL/dK[o,c,i,j] = Σ_{b,h,w} G[b,o,h,w] X[b,c,h+i,w+j]", "unicode"),
        (
            r"\frac{\partial L}{\partial K_{o,c,i,j}} = \sum_{b,h,w} G_{b,o,h,w} X_{b,c,h+i,w+j}",
            "latex",
        ),
    ):
        statement = read(line, style, names)
        letters = free_letters(list(statement.sides), names)
        assert {letter: len(values) for letter, values in letters.items()} == {
            "o": 3, "c": 4, "i": 2, "j": 3,
        }  # fmt: skip
        left, right = (meaning(side, names, letters) for side in statement.sides)
        np.testing.assert_allclose(left.array, right.array)


def test_a_recurrence_says_for_which_times_it_holds():
    line = read("delta_t = W^T delta_{t+1} * x,  t = T-1, ..., 1", "text", NAMES)
    latex = read(r"\delta_t = \delta_{t+1} \quad, t = T-1, \dots, 1", "latex", NAMES)

    for statement in (line, latex):
        assert statement.span is not None
        assert statement.span.letter == "t"
        assert steps_of(statement.span.values, NAMES).tolist() == [2, 1]


def test_equal_sides_stand_in_one_line():
    statement = read("δ₁ = dloss/dW₁ = A x", "unicode", NAMES)

    assert len(statement.sides) == 3


@pytest.mark.parametrize(
    ("written", "style", "why"),
    [
        ("A (x", "text", r"'\)' is missing"),
        ("A x)", "text", r"character 4: '\)' is not expected"),
        ("A * ", "text", "ends where an operand is expected"),
        ("A unknown", "text", "character 3: nothing is called 'unknown'"),
        ("x ⊙ y ⊗ x", "unicode", "side by side"),
        (r"\frac{A}", "latex", "argument is missing"),
        (r"\write18{x}", "latex", r"the command \\write is not known"),
        (r"\sqrt{x", "latex", "never closed"),
        ("(" * 200 + "x", "text", "nested too deeply"),
        (r"\sqrt{" * 200 + "x" + "}" * 200, "latex", "nested too deeply"),
        ("sum_{t=1} x", "text", "upper bound"),
        ("__import__('os')", "text", "not expected"),
        ("x.T", "text", "not expected"),
        ("", "text", "ends"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_place(written, style, why):
    with pytest.raises(ReadError, match=why):
        read(written, style, NAMES)


@pytest.mark.parametrize(
    "written",
    ["A A", "x y", "A^T x", "A + S", "x * net", "A^-1", "det(A)", "s_9", "A^0.5", "x[0,1]",
     "r x", "(A x) (B net)"],
)  # fmt: skip
def test_what_says_nothing_has_no_value(written):
    with pytest.raises(MeaningError, match=r"."):
        value_of(written, "text", np.zeros((2, 2)))


@pytest.mark.parametrize("written", ["tr(I)", "sum(ones)", "ones^T ones", "q", "dloss/dx"])
def test_what_does_not_follow_from_the_line_is_undetermined(written):
    with pytest.raises(Undetermined, match=r"follow|value"):
        value_of(written, "text", np.zeros((2, 2)))


def test_names_that_cannot_be_told_apart_are_refused():
    with pytest.raises(NameClashError, match="cannot be told apart"):
        Names({"ŷ": 1.0, "y\u0302": 2.0})


def test_names_alike_but_spelled_differently_are_kept_apart():
    names = Names({"W1": 1.0, "W₁": 2.0, "phi": 3.0, "φ": 4.0})

    assert value_of("W1 + 10 W₁", "unicode", names=names) == 21.0
    assert value_of(r"\mathrm{W1} + 10 W_{1}", "latex", names=names) == 21.0
    assert value_of(r"\mathrm{phi} + 10 \phi", "latex", names=names) == 43.0


def test_the_longest_name_wins():
    names = Names({"h": 1.0, "h_in": 10.0, "h1": 100.0, "φ": 1000.0, "φ(x)": 5000.0, "x": 2.0})

    assert value_of("h + h_in + h1", "text", names=names) == 111.0
    assert value_of("φ(x) + φ x", "unicode", names=names) == 7000.0


def test_a_name_that_is_also_a_function_is_called_only_without_a_blank():
    names = Names({"σ": 3.0, "x": 0.0, "y": 2.0})

    assert value_of("σ(x)", "unicode", names=names) == 0.5
    assert value_of("σ (x + y)", "unicode", names=names) == 6.0


def test_size_one_keeps_columns_and_rows_apart_from_numbers():
    one = np.ones(1)
    names = Names({"x": 2 * one, "y": 3 * one, "A": np.full((1, 1), 5.0), "Z": np.ones((2, 2))})

    assert value_of("x y^T", "text", names=names).shape == (1, 1)
    assert value_of("x^T y Z", "text", names=names).tolist() == [[6.0, 6.0], [6.0, 6.0]]
    assert value_of("A x", "text", names=names).tolist() == [[10.0]]
    with pytest.raises(MeaningError, match=r"a column .* times a column"):
        value_of("x y", "text", names=names)


@pytest.mark.parametrize(
    ("line", "style"),
    [
        ("Y = (y_1, ..., y_T)", "text"),
        ("Y = (y_1, …, y_T)", "unicode"),
        (r"Y = (y_{1}, \dots, y_{T})", "latex"),
    ],
)
def test_a_sequence_may_be_listed_by_its_first_and_last_entry(line, style):
    Y = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    names = Names({"Y": Y, "y": Sequence(Y, "column"), "T": 3})
    left, right = read(line, style, names).sides

    assert meaning(left, names).array.tolist() == meaning(right, names).array.tolist()
    (_, shorter) = read(line.replace("T", "2"), style, names).sides
    assert meaning(shorter, names).array.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_vectors_in_brackets_are_joined():
    names = Names({"h": [1.0, 2.0], "x": [3.0, 4.0]})

    (joined,) = read("[h, x]", "text", names).sides
    assert meaning(joined, names).array.tolist() == [[1.0], [2.0], [3.0], [4.0]]
