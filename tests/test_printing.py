"""How nodes are written: as text, in Unicode, in LaTeX."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from brackets import is_balanced

import symgraph as sg
from symgraph.node import Node
from symgraph.printing import (
    ADD,
    ATOM,
    MUL,
    Format,
    latex_name,
    unicode_name,
    visible,
    written,
)

x, y, z = (sg.input(name) for name in "xyz")
W, v, u = sg.parameter("W", (2, 3)), sg.input("v", 3), sg.input("u", 2)
c = sg.input("c", kind="boolean")
h = sg.let("h", sg.tanh(x))

#: node, text, Unicode, LaTeX
WRITTEN: list[tuple[Node, str, str, str]] = [
    # sums and products need parentheses exactly where the tree differs from reading order
    (x + y - z, "x + y - z", "x + y - z", "x + y - z"),
    (x - (y - z), "x - (y - z)", "x - (y - z)", r"x - \left(y - z\right)"),
    (x - (y + z), "x - (y + z)", "x - (y + z)", r"x - \left(y + z\right)"),
    (x * (y + z), "x*(y + z)", "x·(y + z)", r"x \cdot \left(y + z\right)"),
    (x / (y * z), "x/(y*z)", "x/(y·z)", r"\frac{x}{y \cdot z}"),
    (x / y / z, "x/y/z", "x/y/z", r"\frac{\frac{x}{y}}{z}"),
    (x * (y / z), "x*(y/z)", "x·(y/z)", r"x \cdot \frac{y}{z}"),
    ((x / y) ** 2, "(x/y)**2", "(x/y)²", r"\left(\frac{x}{y}\right)^{2}"),
    (x % y, "x % y", "x mod y", r"x \bmod y"),
    (x // y, "x // y", "x // y", r"x \mathbin{//} y"),
    # signs never meet
    (-(x + y), "-(x + y)", "-(x + y)", r"-\left(x + y\right)"),
    (sg.negative(-x), "-(-x)", "-(-x)", r"-\left(-x\right)"),
    (x * -3, "x*(-3)", "x·(-3)", r"x \cdot \left(-3\right)"),
    (-3 * x, "-3*x", "-3·x", r"-3 \cdot x"),
    (y - -x, "y - (-x)", "y - (-x)", r"y - \left(-x\right)"),
    # powers
    ((-x) ** 2, "(-x)**2", "(-x)²", r"\left(-x\right)^{2}"),
    (-(x**2), "-x**2", "-x²", "-x^{2}"),
    (2**-x, "2**(-x)", "2**(-x)", "2^{-x}"),
    ((x**2) ** 3, "(x**2)**3", "(x²)³", r"\left(x^{2}\right)^{3}"),
    (x**-1, "1/x", "1/x", r"\frac{1}{x}"),
    (sg.sqrt(x + y), "sqrt(x + y)", "sqrt(x + y)", r"\sqrt{x + y}"),
    # numbers
    (2.5 * x, "2.5*x", "2.5·x", r"2.5 \cdot x"),
    (x + 3.0, "x + 3", "x + 3", "x + 3"),
    (x * sympy.Rational(1, 3), "x*(1/3)", "x·(1/3)", r"x \cdot \frac{1}{3}"),
    (x + 1e-9, "x + 1e-09", "x + 1e-09", r"x + 1 \cdot 10^{-9}"),
    (np.float64(0.1) * x, "0.1*x", "0.1·x", r"0.1 \cdot x"),
    (x * sympy.pi, "x*pi", "x·π", r"x \cdot \pi"),
    (sg.const(True) & c, "True & c", "True ∧ c", r"\mathrm{True} \land c"),
    # functions
    (sg.exp(-x), "exp(-x)", "exp(-x)", r"\exp\left(-x\right)"),
    (sg.sigmoid(x * y), "sigmoid(x*y)", "σ(x·y)", r"\sigma\left(x \cdot y\right)"),
    (abs(x - y), "abs(x - y)", "|x - y|", r"\left|x - y\right|"),
    (sg.maximum(0, 1 - x), "max(0, 1 - x)", "max(0, 1 - x)", r"\max\left(0, 1 - x\right)"),
    (sg.step(x), "1[x > 0]", "1[x > 0]", r"\mathbf{1}[x > 0]"),
    (sg.step(x, 1), "1[x >= 0]", "1[x ≥ 0]", r"\mathbf{1}[x \ge 0]"),
    (sg.step(x, 0.5), "step(x, 0.5)", "step(x, 0.5)", r"\operatorname{step}\left(x, 0.5\right)"),
    (sg.sign(x), "sign(x)", "sign(x)", r"\operatorname{sign}\left(x\right)"),
    (sg.leaky_relu(x), "leaky_relu(x, 0.01)", "leaky_relu(x, 0.01)",
     r"\operatorname{leaky\_relu}\left(x, 0.01\right)"),
    # conditions
    (x + 1 < y, "x + 1 < y", "x + 1 < y", "x + 1 < y"),
    (x >= -1, "x >= -1", "x ≥ -1", r"x \ge -1"),
    ((x < 1) & ~c, "(x < 1) & ~c", "x < 1 ∧ ¬c", r"x < 1 \land \lnot c"),
    (sg.indicator(x < 1) * y, "1[x < 1]*y", "1[x < 1]·y", r"\mathbf{1}[x < 1] \cdot y"),
    # matrices
    (W @ v, "W @ v", "W v", "W v"),
    (W.T @ u, "W.T @ u", "Wᵀ u", r"W^{\mathsf{T}} u"),
    (u * (W @ v), "u*(W @ v)", "u·(W v)", r"u \cdot \left(W v\right)"),
    ((u + u) @ W, "(u + u) @ W", "(u + u) W", r"\left(u + u\right) W"),
    ((W * 2).T, "(W*2).T", "(W·2)ᵀ", r"\left(W \cdot 2\right)^{\mathsf{T}}"),
    (v @ v, "v @ v", "vᵀ v", r"v^{\mathsf{T}} v"),
    (v * v, "v*v", "v·v", r"v \cdot v"),
    (sg.outer(u, v), "outer(u, v)", "u vᵀ", r"u v^{\mathsf{T}}"),
    (sg.inv(W @ W.T) @ u, "inv(W @ W.T) @ u", "(W Wᵀ)⁻¹ u",
     r"\left(W W^{\mathsf{T}}\right)^{-1} u"),
    (sg.sum(W, axis=0), "sum(W, axis=0)", "Σ(W, axis=0)", r"\sum\left(W, axis=0\right)"),
    (sg.trace(W @ W.T), "trace(W @ W.T)", "tr(W Wᵀ)",
     r"\operatorname{tr}\left(W W^{\mathsf{T}}\right)"),
    (sg.eye(2), "eye(2)", "I", "I"),
    (v[1:], "v[1:]", "v[1:]", "v_{1:}"),
    # names
    (h * h, "h*h", "h·h", r"h \cdot h"),
    (h, "tanh(x)", "tanh(x)", r"\tanh\left(x\right)"),
    (sg.stop_gradient(x), "stop_gradient(x)", "stop_gradient(x)",
     r"\operatorname{stop\_gradient}\left(x\right)"),
]  # fmt: skip


@pytest.mark.parametrize(("node", "text", "unicode", "latex"), WRITTEN)
def test_a_node_is_written(node: Node, text: str, unicode: str, latex: str):
    assert str(node) == repr(node) == text
    assert sympy.pretty(node) == unicode
    assert sympy.latex(node) == latex
    assert node._repr_latex_() == f"$\\displaystyle {latex}$"


def test_a_gradient_is_written_with_the_names_of_the_user():
    margin = sg.let("margin", x * y)
    loss = sg.let("loss", sg.maximum(0, 1 - margin))

    assert str(sg.grad(loss, margin)) == "-1[0 < 1 - margin]"


# --- shared and named parts ---------------------------------------------------------------------


def test_a_long_shared_part_is_written_once():
    long = sg.sin(sum((sg.sin(x * k) for k in range(2, 9)), start=x))
    text = str(long * long)

    assert text.startswith("t1*t1 where t1 = sin(x + sin(x*2) + ")
    assert text.count("sin(x*8)") == 1


def test_a_short_shared_part_is_written_where_it_stands():
    assert str((x + y) * (x + y)) == "(x + y)*(x + y)"


def test_names_of_parts_avoid_the_names_of_the_user():
    taken = sg.input("t1") + sg.let("t2", x)
    long = sg.sin(sum((sg.sin(taken * k) for k in range(2, 9)), start=x))

    assert str(long * long).startswith("t3*t3 where t3 = sin(x + sin((t1 + t2)*2)")


def test_what_stands_behind_a_name_is_not_defined():
    inner = sg.sin(sum((sg.sin(x * k) for k in range(2, 9)), start=x))
    named = sg.let("h", inner * inner)

    assert str(named + 1) == "h + 1"
    assert visible([named + 1]) == [(named + 1).args[1], named + 1]
    assert "where" in str(named)


def test_several_nodes_share_their_parts():
    long = sg.sin(sum((sg.sin(x * k) for k in range(2, 9)), start=x))

    piece = written([long + 1, long * 2], "text")

    assert piece.text.startswith("t1 + 1, t1*2 where t1 = ")
    assert piece.precedence < ADD


def test_a_search_for_what_is_visible_ends_at_its_limit():
    chain = x
    for _ in range(100):
        chain = sg.sin(chain)

    assert len(visible([chain])) == 101
    assert len(visible([chain], 10)) == 11


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text", "latex", "binds"),
    [
        (3, "3", "3", ATOM),
        (-3, "-3", "-3", MUL),
        (2.0, "2", "2", ATOM),
        (0.1, "0.1", "0.1", ATOM),
        (1e300, "1e+300", r"1 \cdot 10^{300}", MUL),
        (-2.5e-7, "-2.5e-07", r"-2.5 \cdot 10^{-7}", MUL),
        (Fraction(2, 3), "2/3", r"\frac{2}{3}", MUL),
        (math.inf, "inf", r"\infty", ATOM),
        (-math.inf, "-inf", r"-\infty", MUL),
        (math.nan, "nan", r"\mathrm{nan}", ATOM),
        (True, "True", r"\mathrm{True}", ATOM),
    ],
)
def test_a_number_is_written(value: Any, text: str, latex: str, binds: int):
    assert Format("text").number(value).text == text
    assert Format("latex").number(value).text == latex
    # What binds less than an atom is put in parentheses under a power.
    assert (Format("latex").number(value).precedence == ATOM) == (binds == ATOM)


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "latex", "unicode"),
    [
        ("x", "x", "x"),
        ("W1", "W_{1}", "W₁"),
        ("W_1", "W_{1}", "W₁"),
        ("W₁", "W_{1}", "W₁"),
        ("h_t", "h_{t}", "h_t"),
        ("net", r"\mathrm{net}", "net"),
        ("net^(2)", r"\mathrm{net}^{(2)}", "net⁽²⁾"),
        ("s^(l)", "s^{(l)}", "s^(l)"),
        ("W_{1}", "W_{1}", "W₁"),
        ("s_{t-1}", "s_{t-1}", "s_{t−1}"),
        ("phi", r"\phi", "φ"),
        ("φ", r"\phi", "φ"),
        ("alpha_max", r"\alpha_{\mathrm{max}}", "α_max"),
        ("ŷ", r"\hat{y}", "ŷ"),
        ("权重", r"\text{权重}", "权重"),
        ("_", r"\_", "_"),
        ("7", "7", "7"),
    ],
)
def test_a_name_is_written(name: str, latex: str, unicode: str):
    assert latex_name(name) == latex
    assert unicode_name(name) == unicode


HOSTILE = [
    r"\input{/etc/passwd}", r"\write18{ls}", "$x$", "a%b", "a&b", "x}", "{x", "^", "~", "#1",
    "<img onerror=1>", "a\x1b31mb", "a\x07b", "a\u202eb", "\\", "\\\\", "__import__('os')", "a\tb",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_inert(name: str):
    node = sg.input(name) + 1

    latex, text = sympy.latex(node), str(node)

    assert is_balanced(latex)
    commands = {r"\input", r"\write", "$", "%", "&", "#", "~", "<", ">"}
    bare = latex
    for escaped in (r"\$", r"\%", r"\&", r"\#", r"\sim{}", "{<}", "{>}"):
        bare = bare.replace(escaped, "")
    assert not any(command in bare for command in commands)
    assert text.isprintable()
    assert latex.isprintable()
    assert sympy.pretty(node).isprintable()
