"""What is no formula is refused with its place and a hint; nothing of it is ever executed."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from typing import Any

import pytest
from hostile_formulas import LINES, ODD
from hypothesis import example, given, strategies as st

import symgraph as sg
from symgraph.formula.functions import functions
from symgraph.formula.signatures import signatures

SHAPES = {"x": ("n",), "X": ("n", "n"), "Y": ("n", "m"), "W": ("n", "n")}


def read(text: str) -> sg.Node:
    """The formula, with shapes for those of the usual names that its letters may mean."""
    return sg.formula(text, {name: shape for name, shape in SHAPES.items() if name in text})


def test_there_are_enough_texts():
    assert len(LINES) > 300
    assert len(ODD) > 40


@pytest.mark.parametrize("text", LINES)
def test_what_is_no_formula_is_refused_with_its_place(text: str):
    with pytest.raises(
        sg.SymgraphError, match=r"(?s)line \d+, column \d+: .*\n +\^|not occur"
    ) as e:
        read(text)

    assert len(str(e.value)) < 700


@pytest.mark.parametrize("number", range(len(ODD)))
def test_long_deep_and_invisible_texts_are_refused(number: int):
    with pytest.raises(sg.SymgraphError, match=r"\w") as e:
        read(ODD[number])

    assert len(str(e.value)) < 1000
    assert all(c.isprintable() or c == "\n" for c in str(e.value))


_watched: list[str] | None = None


def _watch(event: str, _: tuple[Any, ...]) -> None:
    if _watched is not None and event.partition(".")[0] in (
        "exec", "compile", "open", "os", "subprocess", "socket", "ctypes", "shutil", "pty"
    ):  # fmt: skip
        _watched.append(event)


sys.addaudithook(_watch)


def test_reading_executes_compiles_and_opens_nothing():
    global _watched
    sg.formula("x")  # what builds nodes is imported before
    _watched = []
    try:
        for text in [*LINES, *ODD]:
            with pytest.raises(sg.SymgraphError, match=r"\w"):
                read(text)
        seen = _watched
    finally:
        _watched = None

    assert seen == []


PLACES = [
    ("max(1 - sofmax(z), 0)", 1, 9, "sofmax", "softmax"),
    ("let h = x\nh + tanhh(h)", 2, 5, "tanhh", "tanh"),
    ("x + q'", 1, 6, "'", "prime"),
    ("x ** 2 ** 3", 1, 8, "two ways", "(x^a)^b"),
    ("(x + 1", 1, 1, "(", "Close"),
    ("x + ", 1, 4, "missing", "Complete"),
    ("x if x > 0 else 0", 1, 3, "if", "where("),
    ("x.shape", 1, 2, "full stop", "attributes"),
    ("a / b c", 1, 5, "two ways", "(… / b) c"),
    ("1/2a", 1, 3, "two ways", "(… / 2) a"),
    ("x.sum()", 1, 2, "full stop", "write sum(...)"),
    ("σ(x) + 损失 & 1", 1, 11, "&", "and"),
    ("ехр(x)", 1, 1, "cyrillic", "Latin"),
    ("sum(x, axis=y)", 1, 13, "number", "axis=0"),
    ("softmax(x, axs=0)", 1, 16, "axs", "softmax(x, axis=...)"),
    ("1 - Σ y_i log(p_i)", 1, 5, "index", "declare vectors"),
    ("x + e^(-x)", 1, 5, "e can be read in two ways", "exp(...)"),
    ("W^{(2)} x", 1, 3, "number of a layer", "W2"),
    ("x_{1} + 1", 1, 2, "braces", "x_1"),
    ("sum_i x", 1, 1, "no index", "sum(x)"),
    ("9**9**9", 1, 5, "two ways", "x^(a^b)"),
    ("9**(9**9)", 1, 1, "large", "value"),
]


@pytest.mark.parametrize(("text", "line", "column", "fact", "fix"), PLACES)
def test_a_refusal_names_the_line_the_column_the_fact_and_the_fix(
    text: str, line: int, column: int, fact: str, fix: str
):
    with pytest.raises(sg.FormulaError, match=re.escape(fact)) as e:
        sg.formula(text)

    assert (e.value.line, e.value.column) == (line, column)
    assert fix in str(e.value)


def test_the_mark_stands_below_the_place_also_behind_wide_and_combined_letters():
    with pytest.raises(sg.FormulaError, match="sofmax") as e:
        sg.formula("损失 + y\u0302 + sofmax(z)")

    *_, shown, mark = str(e.value).split("\n")
    assert shown.strip() == "损失 + y\u0302 + sofmax(z)"
    assert mark == " " * (4 + 4 + 3 + 1 + 3) + "^" * 6  # two wide letters, y and its accent are one


SHAPE_MISTAKES = [
    ("W x + b", "W=m,n x=k b=m", "matmul", "line 1, column 1"),
    ("Σ(x + y)", "x=3 y=4", "broadcast", "line 1, column 3"),
    ("tr(X)", "X=2,3", "square", "line 1, column 1"),
    ("det(X)", "X=n,m", "det", "line 1, column 1"),
    ("let h = W x\nh·y", "W=m,n x=n y=n", "matmul", "line 2, column 1"),
    ("x[3]", "x=3", "outside", "line 1, column 1"),
    ("b + Wnet + 0 W net", "W=m,n net=n b=m", "'Wnet' is one name", "line 1, column 5"),
    ("γ^T sum(x)", "x=n", "a number has no transpose", "line 1, column 1"),
    ("𝟏ᵀ x + x 𝟏ᵀ", "x=n", "how many ones", "line 1, column 10"),
    ("A ones + B", "A=n,m B=m,p", "broadcast", "line 1, column 1"),
    ("x yᵀ z w", "x=n y=n z=n w=n", "two vectors", "line 1, column 1"),
]


@pytest.mark.parametrize(("text", "shapes", "fact", "place"), SHAPE_MISTAKES)
def test_shapes_that_do_not_fit_are_told_at_their_place(
    text: str, shapes: str, fact: str, place: str
):
    with pytest.raises(sg.SymgraphError, match=fact) as e:
        sg.formula(text, shapes)

    assert place in str(e.value)


DECLARATIONS: list[tuple[dict[str, Any], type[sg.SymgraphError], str]] = [
    ({"shapes": {"X": 3}}, sg.UnknownNameError, "'X' does not occur"),
    ({"parameters": ["q"]}, sg.UnknownNameError, "'q' does not occur"),
    ({"shapes": "w=3"}, sg.UnknownNameError, "'w' does not occur"),
    ({"shapes": {"": 3}}, sg.FormulaError, "no formula can use"),
    ({"shapes": {"x+y": 3}}, sg.FormulaError, "no formula can use"),
    ({"shapes": {"x\n": 3}}, sg.FormulaError, "no formula can use"),
    ({"shapes": {3: 3}}, sg.FormulaError, "no formula can use"),
    ({"shapes": "x=-1"}, sg.FormulaError, "no size"),
    ({"shapes": "x=import"}, sg.FormulaError, "no size"),
    ({"shapes": {"x": -1}}, sg.ShapeError, "negative"),
    ({"shapes": {"x": 1.5}}, sg.ShapeError, "shape"),
    ({"shapes": {"x1": 3, "x₁": 4}}, sg.NameClashError, "one name"),
    ({"kinds": {"x": "complex"}}, sg.KindError, "complex"),
    ({"kinds": {"x": "integer"}, "parameters": ["x"]}, sg.KindError, "no real number"),
    ({"symmetric": ["x"]}, sg.ShapeError, "symmetric"),
    ({"functions": ["exp"]}, sg.NameClashError, "exp"),
    ({"functions": ["f(x)"]}, sg.SymgraphError, "f"),
]


@pytest.mark.parametrize(("declared", "error", "message"), DECLARATIONS)
def test_wrong_declarations_are_refused(
    declared: dict[str, Any], error: type[sg.SymgraphError], message: str
):
    text = "exp(x) + x1" if "x1" in str(declared) else "exp(x)"
    with pytest.raises(error, match=message.replace("(", r"\(")):
        sg.formula(text, **declared)


def test_what_is_not_text_is_refused():
    with pytest.raises(sg.KindError, match="is not text"):
        sg.formula(b"x")  # type: ignore[arg-type]


def test_a_value_that_is_named_later_cannot_be_used_before():
    with pytest.raises(sg.UnknownNameError, match="later line"):
        sg.formula("let a = b\nlet b = x\na + b")


WORDS = st.sampled_from(
    [*functions(), *SHAPES, *"ab12φσΣ+-*/^@·⊙()[]{}|‖,:=<≤∧√ᵀ²½;'._", "**", "||", ".T", "⁻¹", " ",
     "\n", "let ", "1[", "0.5", "1e9", "axis=", "None", "not ", "import ", "lambda ", "input "]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map("".join)))
@example("x^(X)")
def test_any_text_is_a_formula_or_an_error_of_ours(text: str):
    with contextlib.suppress(sg.SymgraphError):
        assert isinstance(read(text), sg.Node)


OPERATIONS = st.sampled_from(
    ["({} + {})", "{} ⊙ {}", "{} * {}", "({}) @ ({})", "({})·({})", "({}) ({})", "({})/({})",
     "({}) ⊗ ({})", "max({}, {})", "1[{} < {}]", "where({0} > 0, {0}, {1})", "[{}, {}]",
     "solve({}, {})", "outer({}, {})", "cross_entropy({}, {})", "concat({}, {})", "({}) - ({})",
     "conv1d({}, {})", "take({}, {})", "one_hot({}, {})", "arctan2({}, {})"]
)  # fmt: skip
UNARY = st.sampled_from(
    ["({})ᵀ", "({})⁻¹", "({})²", "‖{}‖", "|{}|", "-({})", "exp({})", "({})[0]", "Σ ({})",
     "({})[1:]", "sum({}, axis=0)", "softmax({})", "tr({})", "log det({})", "({})^-T", "¬({})",
     "diag({})", "reshape({}, (-1,))", "mean({}, axis=-1, keepdims=True)", "√({})", "cumsum({})",
     "({})[:, None]", "squeeze({})", "flatten({})", "({})^0.5", "2^({})", "layer_norm({})"]
)  # fmt: skip
FORMULAS = st.recursive(
    st.sampled_from(["x", "X", "Y", "W", "s", "2", "0.5", "½", "n"]),
    lambda inner: st.one_of(
        st.tuples(UNARY, inner).map(lambda t: t[0].format(t[1])),
        st.tuples(OPERATIONS, inner, inner).map(lambda t: t[0].format(*t[1:])),
    ),
    max_leaves=12,
)


@given(FORMULAS)
def test_any_combination_of_operations_is_a_formula_or_an_error_of_ours(text: str):
    with contextlib.suppress(sg.SymgraphError):
        assert isinstance(read(text), sg.Node)


def test_the_table_of_signatures_is_that_of_the_functions():
    real = {name: function.signature for name, function in functions().items()}

    assert {**signatures()} == real


EARLY = ["softmaxx(x)", "(x", "x $ y", "sum(x, axs=0)", "reshape(x)", "softmax(x, 1, 2)", "a / b c"]


@pytest.mark.parametrize("text", EARLY)
def test_what_is_no_formula_is_refused_before_anything_that_computes_is_imported(text: str):
    program = (
        "import sys; from symgraph.cli import main; code = main(sys.argv[1:]); "
        "assert not {'sympy', 'numpy', 'symgraph.node'} & set(sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, "derive", text]
    result = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")

    assert result.returncode == 2
    assert result.stderr.startswith("symgraph: FormulaError: formula, line 1, column ")
