"""Formulas on the command line: what is printed, and one message with exit code 2 for mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

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
    ("cross_entropy(X W, c)", "--wrt W --shape X=N,p W=p,k c=N --integer c", "dL/dW = X^T δ"),
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


def test_help_shows_examples_that_work(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["derive", "--help"])
    lines = [line.strip() for line in capsys.readouterr().out.split("\n")]
    examples = [line for line in lines if line.startswith('symgraph derive "')]

    assert len(examples) >= 5
    for line in examples:
        _, formula, rest = line.split('"', 2)
        words = rest.replace('"sum(t) = 1"', "sum(t)=1").split()
        code, out, err = run("derive", formula, *words, capsys=capsys)
        assert (code, err) == (0, "")
        assert out


def test_a_formula_read_as_a_network_keeps_its_claims():
    network = read_network("Σ t z", shapes=["t=k", "z=k"], claims=["sum(t) = 1"])

    assert [str(one) for one in network.claims] == ["sum(t) == 1"]
