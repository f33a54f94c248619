"""Formulas on the command line: what is printed, and one message with exit code 2 for mistakes."""

from __future__ import annotations

import json
import math
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from symgraph import cli
from symgraph.network import read_network


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """The exit code and what was printed."""
    code = cli.main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


DERIVED = [
    ("max(1 - (W·φ)*y, 0)", "--wrt W --shape W=d φ=d", "dL/dW = -1[(W·φ) y < 1] φ y"),
    ("1/2 (w x - y)^2", "--wrt w", "dL/dw = (w x - y) x"),
    ("-x**3", "", "dL/dx = -3 x^2"),
    ("-h(x)", "--wrt x --function h", "dL/dx = -h'(x)"),
    ("‖X w − y‖²", "--wrt w --shape X=N,p w=p y=N --format unicode", "dL/dw = 2 Xᵀ (X w − y)"),
    ("tr(Aᵀ X)", "--wrt X --shape A=n,m X=n,m", "dL/dX = A"),
    ("xᵀ A x", "--wrt x --shape x=n A=n,n --symmetric A", "dL/dx = 2 A x"),
    ("log det A", "--wrt A --shape A=n,n", "dL/dA = A^-T"),
    ("u·f(w)", "--wrt w --shape u=n w=n --function f", "dL/dw = u * f'(w)"),
    ("cross_entropy(X W, c)", "--wrt W --shape X=N,p W=p,k c=N --integer c", "dL/dW = X^T "),
    ("-Σ t log softmax(z)", "--wrt z --shape t=k z=k --assume sum(t)=1", "dL/dz = softmax(z) - t"),
    ("(w·x)²", "--wrt w --shape w=p x=p --format latex",
     r"\frac{\partial L}{\partial w} &= 2 (w \cdot x) x"),
    ("Σ w ⊙ tanh(x)", "--wrt w --shape w=3 x=3 --product ∘ --derivative ∂", "∂L/∂w = tanh(x)"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "options", "printed"), DERIVED)
def test_derive_prints_the_gradient_of_a_formula(
    formula: str, options: str, printed: str, capsys: pytest.CaptureFixture[str]
):
    code, out, err = run("derive", formula, *options.split(), capsys=capsys)

    assert (code, err) == (0, "")
    assert printed in out


def test_each_name_behind_wrt_gets_a_derivation_also_a_named_value(
    capsys: pytest.CaptureFixture[str],
):
    formula = "let h = tanh(W x); ½ ‖V h − y‖²"
    shapes = "x=n y=k W=m,n V=k,m".split()
    code, out, _ = run(
        "derive", formula, "--wrt", "W", "h", "--json", "--shape", *shapes, capsys=capsys
    )
    documents = json.loads(out)

    assert code == 0
    assert [one["wrt"] for one in documents] == [["W"], ["h"]]
    assert documents[1]["results"][0]["unicode"] == "dL/dh = Vᵀ (V h − y)"


def test_the_language_of_the_reasons_can_be_chinese(capsys: pytest.CaptureFixture[str]):
    _, out, _ = run("derive", "x^2", "--lang", "zh", capsys=capsys)

    assert out.startswith("L 对 x 的导数\n")


def test_a_file_of_formulas_declares_names_and_facts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "net.sym"
    file.write_text(
        "# softmax regression\r\ninput x=n t=k\r\nparameter W=k,n\r\nassume sum(t) = 1\r\n"
        "let z = W x\r\n-Σ t log softmax(z)\r\n",
        encoding="utf-8",
    )
    code, out, _ = run("derive", str(file), capsys=capsys)
    other, again, _ = run("derive", "--file", str(file), capsys=capsys)

    assert (code, other) == (0, 0)
    assert "  dL/dW = (softmax(z) - t) x^T" in out
    assert again == out


def test_draw_compile_and_check_take_formulas(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    hinge = ["max(1 - (W·φ)*y, 0)", "--shape", "W=d", "φ=d"]
    picture = tmp_path / "hinge.svg"

    assert run("draw", hinge[0], str(picture), *hinge[1:], capsys=capsys)[0] == 0
    assert picture.read_text(encoding="utf-8").startswith("<?xml")
    code, source, _ = run("compile", *hinge, "--wrt", "W", capsys=capsys)
    assert code == 0
    assert "def step(" in source
    assert run("check", *hinge, capsys=capsys)[0] == 0


MISTAKES = [
    (["sofmax(z)"], "FormulaError: formula, line 1, column 1: unknown function 'sofmax'. Did you"),
    (["__import__('os')"], "FormulaError: formula, line 1, column 1: '__import__' is no name."),
    (["W x", "--shape", "W=m,n", "x=m"], "ShapeError: formula, line 1, column 1: matmul: left 'W'"),
    (["x > 0"], "GradientError: "),
    (["floor(x)"], "GradientError: "),
    (["x n", "--integer", "n", "--wrt", "n"], "'n' is no real number"),
    (["x*y", "--wrt", "q"], "UnknownNameError: formula: 'q' does not occur"),
    (["x*y", "--shape", "X=3"], "'X' does not occur in the formula. Its names are x, y. Did you"),
    (["x*y", "--shape", "x=3;4"], "FormulaError: shape of x: '3;4' is no size."),
    (["x*y", "--shape", "x=3", "x=4"], "NameClashError: 'x' is declared with shape"),
    (["2 + 3"], "there is no variable to differentiate by"),
    (["hinge"], "neither zoo:NAME nor FILE.py:NAME nor a formula"),
    ([], "command line: name one network"),
    (["x^2", "--file", "net.sym"], "command line: name one network"),
    (["nothing.sym"], "UnknownNameError: network: there is no file"),
    (["nothing.py"], "UnknownNameError: network 'nothing.py': there is no file"),
    (["zoo:hinge", "--shape", "W=3"], "it declares its own variables, and shapes was given"),
    (["zoo:hing"], "UnknownNameError: zoo:"),
    (["Σ t z", "--shape", "t=3", "z=3", "--assume", "sum(t"], "FormulaError: assume, line 1"),
    (["Σ t z", "--shape", "t=3", "z=3", "--assume", "t"], "KindError: assume"),
    (["x^2", "--table"], "UnsupportedError: command line: a table needs the values"),
    (["x^2", "--digits", "0"], "RangeError: digits"),
    (["x^2", "--abstract", "f"], "UnknownNameError: --abstract 'f': write two names"),
    (["x^2", "--abstract", "f=tanh"], "UnknownNameError: derive: abstract="),
    (["x^2", "--order", "3"], "UnsupportedError: derive: order=3"),
    (["x^2", "--product", "&"], "UnsupportedError: derive: product='&'"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_a_mistake_is_one_message_on_stderr_and_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    code, out, err = run("derive", *arguments, capsys=capsys)

    assert (code, out) == (2, "")
    assert err.startswith("symgraph: ")
    assert message in err
    assert "Traceback" not in err


FILES = [
    (b"loss = 1 / 0\n", "model.py, line 1: ZeroDivisionError: division by zero."),
    (b"import symgraph as sg\n\nx = sg.input('x', -1)\n", "model.py, line 3: ShapeError: "),
    (b"x = 1\nloss = (\n", "model.py, line 2: SyntaxError: "),
    (b"import sys\nsys.exit(3)\n", "model.py: it ends with exit(3)"),
    (b"loss = 3\n", "it is int, not an expression"),
    (b"\xff\xfe", "SyntaxError: "),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_a_python_file_that_fails_is_told_by_its_line(
    text: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "model.py"
    file.write_bytes(text)
    code, out, err = run("derive", str(file), capsys=capsys)

    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00x", b"x" * 200_000, b"import os\n"])
def test_a_file_that_holds_no_formula_is_refused(
    text: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "net.sym"
    file.write_bytes(text)
    code, out, err = run("derive", str(file), capsys=capsys)

    assert (code, out) == (2, "")
    assert err.startswith("symgraph: FormulaError: net.sym")


@pytest.mark.skipif(sys.platform == "win32", reason="arguments are not bytes there")
def test_bytes_that_are_no_text_are_refused_without_a_traceback():
    command = [sys.executable, "-m", "symgraph", "derive"]
    result = subprocess.run(
        [*map(os.fsencode, command), b"x \xff y"], capture_output=True, check=False
    )

    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(b"symgraph: FormulaError: formula, line 1, column 3")


def examples_of(*command: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    """The lines that a help text shows to be typed, and the file of formulas among them."""
    with pytest.raises(SystemExit, match="0"):
        cli.main([*command, "--help"])
    page = capsys.readouterr().out
    file = page.partition("shapes may stand too:\n")[2].partition("\n\n")[0]
    examples = page.partition("examples:")[2].replace("\\\n", " ")  # a line goes on
    lines = [line.strip() for line in examples.split("\n")]
    return [line for line in lines if line.startswith("symgraph ")], file


@pytest.mark.parametrize("command", ["", "derive", "draw", "compile", "check", "influence", "zoo"])
def test_the_examples_of_a_help_text_work(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    lines, file = examples_of(*command.split(), capsys=capsys)
    monkeypatch.chdir(tmp_path)
    Path("net.sym").write_text(file, encoding="utf-8")

    assert len(lines) >= 2
    for line in lines:
        _, *words = shlex.split(line)
        if words[-1] == "--help":
            continue
        code, out, err = run(*words, capsys=capsys)
        told = "symgraph: weights are as training begins, other values are drawn at random"
        drawn = command == "influence" and "--values" not in words
        assert code == 0, line
        assert err.startswith(told) and err.count("\n") == 1 if drawn else not err, line
        assert out


NUMBERS = ["let h = sin(x); h exp(h)", "--wrt", "x", "--digits", "4", "--values"]


def test_values_give_the_value_and_the_gradient(capsys: pytest.CaptureFixture[str]):
    _, out, _ = run("derive", *NUMBERS, '{"x": 0.5}', capsys=capsys)
    h = math.sin(0.5)
    slope = (1 + h) * math.exp(h) * math.cos(0.5)

    assert out.endswith(f"\n\nL = {h * math.exp(h):.4g}\ndL/dx = {slope:.4g}\n")


def test_paths_are_listed_unmultiplied_and_add_up(capsys: pytest.CaptureFixture[str]):
    _, out, _ = run("derive", *NUMBERS, '{"x": 0.5}', "--paths", "--limit", "1", capsys=capsys)
    h = math.sin(0.5)
    one, rest = math.exp(h) * math.cos(0.5), h * math.exp(h) * math.cos(0.5)

    *_, path, others, total = out.strip().split("\n")
    assert path.startswith("L -> h -> x: ∂L/∂h * ∂h/∂x = exp(h) * cos(x) = ")
    assert path.endswith(f" = {one:.4g}")
    assert others == f"1 further path, together {rest:.4g}"
    assert total == f"sum = dL/dx = {one + rest:.4g}"


def test_the_table_has_a_row_for_each_value(capsys: pytest.CaptureFixture[str]):
    _, out, _ = run("derive", *NUMBERS, '{"x": 0.5}', "--table", capsys=capsys)
    rows = [line.split() for line in out.partition("\ni  value")[2].strip().split("\n")[1:]]
    h = math.sin(0.5)

    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert rows[1][-2:] == [f"{h:.4g}", f"{(1 + h) * math.exp(h):.4g}"]


def test_one_document_holds_derivation_paths_and_table(capsys: pytest.CaptureFixture[str]):
    options = ["--paths", "--table", "--json"]
    _, out, _ = run("derive", *NUMBERS, '{"x": 0.5}', *options, capsys=capsys)
    (document,) = json.loads(out)

    assert document["paths"]["count"] == 2
    assert document["table"][0]["f"] == 0.5
    assert document["table"][0]["g"] == pytest.approx(document["paths"]["gradient"])


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_values_may_stand_in_a_file_and_under_another_spelling(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / f"values{suffix}"
    given = {"W_1": [[1.0, 2.0]], "x": [3.0, 4.0]}
    if suffix == ".json":
        file.write_text(json.dumps(given), encoding="utf-8")
    else:
        np.savez(file, **given)
    arguments = ["Σ(W₁ x)", "--wrt", "W₁", "--shape", "W₁=m,n", "x=n", "--values", str(file)]
    code, out, _ = run("derive", *arguments, "--json", capsys=capsys)

    assert code == 0
    assert json.loads(out)[0]["value"] == 11
    assert json.loads(out)[0]["gradient"] == [[3, 4]]


def test_a_function_can_be_printed_by_a_letter_and_a_derivative_named(
    capsys: pytest.CaptureFixture[str],
):
    formula = "let u = W x; ½‖tanh(u) − y‖²"
    shapes = ["--shape", "W=m,n", "x=n", "y=m"]
    names = ["--abstract", "f=tanh", "--adjoints", "u=e"]
    code, out, _ = run("derive", formula, "--wrt", "W", *shapes, *names, capsys=capsys)

    assert code == 0
    assert "dL/dW = e x^T" in out
    assert "f'(u)" in out


VALUES = [
    ("{", "FormulaError: values, line 1, column 2"),
    ('{"x": [1,]}', "FormulaError: values, line 1, column 10"),
    ('{"x": NaN}', "NonFiniteError: values: NaN"),
    ('{"x": "1"}', "KindError: values: 'x' holds '1'"),
    ('{"x": {"y": 1}}', "KindError: values: 'x' holds"),
    ("{" + '"x":' + "[" * 100_000, "FormulaError: values: too many brackets"),
    ("nothing.json", "UnknownNameError: values: 'nothing.json' is no file."),
    ("nothing.npz", "UnknownNameError: values: there is no file 'nothing.npz'."),
    ("[1]", "UnknownNameError: values: '[1]' is no file."),
    ("{}", "variable 'x' of shape () has no value"),
    ('{"x": [1, 2]}', "ShapeError: "),
    ('{"x": 1, "q": 1}', "UnknownNameError: evaluate: 'q'"),
]


@pytest.mark.parametrize(("values", "message"), VALUES, ids=range(len(VALUES)))
def test_values_that_are_none_are_refused(
    values: str, message: str, capsys: pytest.CaptureFixture[str]
):
    code, out, err = run("derive", *NUMBERS, values, capsys=capsys)

    assert (code, out) == (2, "")
    assert message in err
    assert len(err) < 500


LOOP = [
    "let s_t = w s_{t-1} + x_t, t = 1..T; s_T",
    "--values",
    '{"w": 3, "s_0": 0, "x": [1, 1, 1]}',
]


def test_the_norms_of_a_linear_recurrence_are_the_powers_of_its_weight(
    capsys: pytest.CaptureFixture[str],
):
    _, out, _ = run("influence", *LOOP, "--json", capsys=capsys)
    document = json.loads(out)
    _, page, _ = run("influence", *LOOP, capsys=capsys)

    assert document["gamma"] == pytest.approx(3)
    assert [row["norm"] for row in document["rows"]] == pytest.approx([1, 3, 9, 27])
    assert page.startswith("γ = max ‖∂s_t/∂s_{t−1}‖ = 3\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (LOOP[:1], "norms need the values"),
        ([*LOOP, "--of", "q"], "UnknownNameError: influence: "),
        (["x^2", "--values", '{"x": 1}', "--of", "q"], "no value is called 'q'"),
    ],
)
def test_norms_that_do_not_exist_are_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    code, out, err = run("influence", *arguments, capsys=capsys)

    assert (code, out) == (2, "")
    assert message in err


class _Planted:
    """What a pickle of this would run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("planted",)


def test_a_file_of_objects_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    np.savez("values.npz", x=np.array([_Planted()], dtype=object))
    code, out, err = run("derive", *NUMBERS, "values.npz", capsys=capsys)

    assert (code, out) == (2, "")
    assert "holds no arrays of numbers" in err
    assert not Path("planted").exists()


def test_a_formula_read_as_a_network_keeps_its_claims():
    network = read_network("Σ t z", shapes=["t=k", "z=k"], claims=["sum(t) = 1"])

    assert [str(one) for one in network.claims] == ["sum(t) == 1"]
