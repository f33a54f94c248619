"""Derivations in every format: text, Unicode, LaTeX, Markdown, HTML, JSON, in both languages."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

import symgraph as sg
from symgraph.explain.rules import RULES
from symgraph.notation.mathml import mathml
from symgraph.zoo import gates, losses

MATH = "{http://www.w3.org/1998/Math/MathML}"
LANGUAGES = ("en", "zh")


def hinge():
    return sg.derive(losses.hinge(), "W")


def two_layer():
    return sg.derive(losses.two_layer(), ["φ(x)", "v1"])


def softmax():
    system = losses.softmax_loss()
    return sg.derive(system.loss, "W", assume=system.facts)


DERIVATIONS = {"hinge": hinge, "two-layer": two_layer, "softmax": softmax}


def parsed(html):
    """The section as XML, which is stricter than HTML."""
    return ET.fromstring(html)


# --- one derivation in full ---------------------------------------------------------------------


def test_the_hinge_loss_in_chinese():
    assert hinge().with_style(lang="zh").unicode().splitlines() == [
        "loss 对 W 的导数",
        "",
        "已知",
        "  score = W·φ(x)",
        "  margin = score y",
        "  loss = max(1 − margin, 0)",
        "",
        "推导",
        "  1. 最大值：dloss/d(1 − margin) = 1[margin < 1]",
        "     导数只传给较大的一方，因此出现示性函数；相等时两边都得不到。",
        "  2. 差：dloss/dmargin = −dloss/d(1 − margin) = −1[margin < 1]",
        "     margin 在 (1 − margin) 中被减去，导数变号。",
        "  3. 乘积：dloss/dscore = (dloss/dmargin) y = −1[margin < 1] y",
        "     乘积法则：margin 对 score 的导数是另一个因子。",
        "  4. 内积：dloss/dW = (dloss/dscore) φ(x) = −1[margin < 1] φ(x) y",
        "     score 对 W 是线性的，导数是另一个向量。",
        "",
        "结果",
        "  dloss/dW = −1[margin < 1] φ(x) y",
    ]


def test_the_hinge_loss_in_latex():
    loss, margin, score = r"\mathrm{loss}", r"\mathrm{margin}", r"\mathrm{score}"
    by = {
        one: rf"\frac{{\partial {loss}}}{{\partial {one}}}"
        for one in (f"(1 - {margin})", margin, score, "W")
    }
    bracket = rf"\mathbf{{1}}\left[{margin} < 1\right]"

    rule = r"&& \text{4. dot product}"

    assert hinge().latex().splitlines() == [
        r"\begin{align*}",
        rf"  {score} &= W \cdot \phi(x) \\",
        rf"  {margin} &= {score} \, y \\",
        rf"  {loss} &= \max(1 - {margin}, 0) \\[1ex]",
        rf"  {by[f'(1 - {margin})']} &= {bracket} && \text{{1. maximum}} \\",
        rf"  {by[margin]} &= -{by[f'(1 - {margin})']} = -{bracket} && \text{{2. difference}} \\",
        rf"  {by[score]} &= {by[margin]} \, y = -{bracket} \, y && \text{{3. product}} \\",
        rf"  {by['W']} &= {by[score]} \, \phi(x) = -{bracket} \, \phi(x) y {rule} \\[1ex]",
        rf"  {by['W']} &= -{bracket} \, \phi(x) y ",
        r"\end{align*}",
    ]
    assert r"\text{4. 内积}" in hinge().with_style(lang="zh").latex()


def test_the_hinge_loss_in_markdown():
    paragraphs = hinge().markdown().split("\n\n")

    assert paragraphs[:2] == [
        r"## Derivative of $\mathrm{loss}$ with respect to $W$",
        "**Given**",
    ]
    assert paragraphs[8] == (
        r"**2.** *difference.* $\mathrm{margin}$ is subtracted in $1 - \mathrm{margin}$: "
        "the derivative changes sign."
    )
    assert paragraphs[-1] == (
        "$$\n\\frac{\\partial \\mathrm{loss}}{\\partial W} = "
        "-\\mathbf{1}\\left[\\mathrm{margin} < 1\\right] \\thinspace \\phi(x) y\n$$"
    )
    assert len(paragraphs) == 16


def test_formulas_in_chinese_markdown_stand_apart_from_the_characters_around_them():
    text = hinge().with_style(lang="zh").markdown()

    assert "乘积法则： $\\mathrm{margin}$ 对 $\\mathrm{score}$ 的导数是另一个因子。" in text
    assert not re.search("[\u3000-\u9fff\uff00-\uffef]\\$|\\$[\u3000-\u9fff\uff00-\uffef]", text)


def test_the_hinge_loss_in_html():
    section = parsed(hinge().html())

    assert section.get("lang") == "en"
    assert [one.text for one in section if one.tag == "h3"] == ["Given", "Steps", "Result"]
    assert [one.find("p/b").text for one in section.find("ol")] == [
        "maximum.", "difference.", "product.", "dot product.",
    ]  # fmt: skip
    result = section.findall(f"p/{MATH}math")[-1]
    assert "".join(result.itertext()) == "∂loss∂W=−𝟏[margin<1]φ(x)y"
    assert result.find(f"{MATH}mfrac") is not None
    assert parsed(hinge().with_style(lang="zh").html()).get("lang") == "zh-Hans"


# --- the results of the others ------------------------------------------------------------------


def test_the_two_layer_loss_keeps_its_order_in_every_format():
    result = two_layer().results[1]
    letters = "2residualw1h1(1−h1)φ(x)"

    assert result.text() == "dloss/dv1 = 2 residual w1 h1 (1 - h1) φ(x)"
    assert result.unicode() == "dloss/dv₁ = 2 residual w₁ h₁ (1 − h₁) φ(x)"
    assert result.latex() == (
        r"\frac{\partial \mathrm{loss}}{\partial v_{1}} = "
        r"2 \, \mathrm{residual} \, w_{1} h_{1} (1 - h_{1}) \phi(x)"
    )
    assert "".join(parsed(result.html()).itertext()) == f"∂loss∂v1={letters}"


def test_cross_entropy_of_a_softmax_is_prediction_minus_target_in_every_format():
    result = softmax().result

    assert result.text() == "dL/dW = (ŷ - d) h^T"
    assert result.unicode() == "dL/dW = (ŷ − d) hᵀ"
    assert result.latex() == r"\frac{\partial L}{\partial W} = (\hat{y} - d) h^{\mathsf{T}}"
    assert "".join(parsed(result.html()).itertext()) == "∂L∂W=(y^−d)hT"


def test_a_contribution_names_the_way_it_takes_in_both_languages():
    share = next(step for step in two_layer().steps if step.through is not None)

    assert share.line("unicode").startswith("dloss/dφ(x) through v₂·φ(x) = ")
    assert share.line("unicode", lang="zh").startswith("dloss/dφ(x)（经 v₂·φ(x)） = ")
    assert share.line("latex").startswith(
        r"\left. \frac{\partial \mathrm{loss}}{\partial \phi(x)} \right|_{v_{2} \cdot \phi(x)} = "
    )


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", DERIVATIONS)
def test_every_format_says_the_same(name, lang):
    derivation = DERIVATIONS[name]().with_style(lang=lang)
    count = len(derivation.steps)
    section = parsed(derivation.html())

    assert len(section.find("ol")) == count
    assert len(re.findall(r"^  \d+\. ", derivation.text(), re.MULTILINE)) == count
    assert len(re.findall(r"^  \d+\. ", derivation.unicode(), re.MULTILINE)) == count
    assert derivation.latex().count("&& \\text{") == count
    assert len(re.findall(r"^\*\*\d+\.\*\* ", derivation.markdown(), re.MULTILINE)) == count
    assert str(derivation) == derivation.text()
    for step in derivation.steps:
        assert step.reason(lang) in derivation.unicode()


# --- as data ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DERIVATIONS)
def test_the_data_survives_json(name):
    derivation = DERIVATIONS[name]()
    data = json.loads(json.dumps(derivation.to_dict()))

    assert data == derivation.to_dict()
    assert [step["rule"] for step in data["steps"]] == [step.rule for step in derivation.steps]
    assert {step["rule"] for step in data["steps"]} <= set(RULES)
    assert data["results"][-1]["text"] == derivation.results[-1].text()


def test_jupyter_gets_markdown_for_a_derivation_and_latex_for_an_equation():
    derivation = hinge()

    bundle = derivation._repr_mimebundle_()
    assert bundle["text/markdown"] == derivation.markdown()
    assert bundle["text/latex"] == derivation.latex()
    # JupyterLab would prefer HTML, and takes the MathML out of it in a notebook without trust.
    assert "text/html" not in bundle
    assert not hasattr(derivation, "_repr_html_")
    equation = derivation.result._repr_mimebundle_()
    assert equation["text/latex"] == rf"$\displaystyle {derivation.result.latex()}$"
    assert equation["text/plain"] == derivation.result.unicode()


# --- the rules ----------------------------------------------------------------------------------


def everything():
    """Derivations that use every rule there is, with what each is to show."""
    x, y, a, b = sg.input("x", 3), sg.input("y", 3), sg.input("a"), sg.input("b")
    W, X, S = sg.parameter("W", (2, 3)), sg.input("X", (2, 3)), sg.parameter("S", (3, 3))
    A, K = sg.parameter("A", (3, 3), symmetric=True), sg.input("K", (2, 3, 4))
    xs, once, w = sg.input("xs", "T"), sg.input("once", 1), sg.parameter("w")
    read = sg.grad(sg.sum(x[0:2] ** 3), x)
    return [
        sg.derive(sg.sum((X @ x + a) ** 2), [a, x]),
        sg.derive(sg.sum((x + y) ** 2), y),
        sg.derive(sg.sum((X @ x) ** 2), x, layout="numerator"),
        sg.derive((a - b) ** 2 + 3 * sg.sin(a), [a, b]),
        sg.derive(b / a + a**3, [a, b]),
        sg.derive(sg.maximum(a, b) + sg.minimum(a, 2 * b) + sg.where(a > 0, sg.sin(a), b), [a, b]),
        sg.derive(x @ y, x),
        sg.derive(sg.sum(sg.broadcast_to(x, (2, 3)) * X), x),
        sg.derive(sg.sum(X.T * W.T), X),
        sg.derive(sg.sum(sg.einsum("ijk,jl->ikl", K, S) ** 3), K),
        sg.derive(sg.max(x) + sg.logsumexp(x) + sg.prod(x), x),
        sg.derive(sg.sum(x[0:2] ** 2), x),
        sg.derive(sg.sum(read**2), x),
        sg.derive(sg.sum(sg.reshape(X, (3, 2)) ** 3), X),
        sg.derive(sg.sum(sg.concat([x, y]) ** 3), x),
        sg.derive(sg.sum(sg.inv(S)), S),
        sg.derive(sg.logdet(S), S),
        sg.derive(sg.sum(sg.solve(S, x)), x),
        sg.derive(x @ A @ x, A),
        sg.derive(sg.trace(S), S),
        sg.derive(sg.tanh(W @ x), x),
        sg.derive(W @ x, W),
        sg.derive(sg.softmax(x), x),
        sg.derive(x @ S @ x, x, order=2),
        sg.derive(sg.einsum("ij,ji->", S, A), S),
        sg.derive(sg.sum(sg.kron(W, X) ** 2), W),
        sg.derive(sg.sum(x) * sg.step(a), a),
        sg.derive(a, a),
        sg.derive(sg.sum(y * sg.softmax(x)), x),
        sg.derive(sg.sum(y * sg.log_softmax(x)), x),
        sg.derive(sg.scan(lambda h, x: sg.tanh(w * h + x), sg.const(0.0), xs).final ** 2, w),
        sg.derive(
            sg.sum(sg.scan(lambda h, x: sg.tanh(w * h + x), sg.const(0.0), xs).states ** 2), w
        ),
        sg.derive(sg.scan(lambda h, x: sg.tanh(w * h + x), sg.const(0.0), once).final ** 2, w),
    ]


@pytest.fixture(scope="module")
def steps():
    return [step for derivation in everything() for step in derivation.steps]


def test_every_rule_has_a_derivation_that_uses_it(steps):
    assert {step.rule for step in steps} == set(RULES)


def test_every_reason_is_a_whole_sentence_in_its_language(steps):
    chinese = re.compile("[\u4e00-\u9fff]")
    for step in steps:
        english, other = step.reason("en"), step.reason("zh")

        assert english.endswith(".")
        assert not chinese.search(english)
        assert other.endswith("。")
        assert chinese.search(other)
        assert not re.search(r"\{[a-z]*(:factor)?\}", english + other)
        assert chinese.search(step.title("zh"))
        assert not chinese.search(step.title("en"))
        assert ".." not in english


def test_sums_within_a_sentence_stand_in_parentheses_unless_they_are_set_apart():
    step = sg.derive(losses.hinge(), "W").steps[1]

    assert step.reason("en", "text").startswith("margin is subtracted in (1 - margin): ")
    assert step.reason("en", "latex").startswith(r"$\mathrm{margin}$ is subtracted in $1 - ")


def test_the_derivative_of_a_square_is_read_aloud_with_parentheses():
    a, b = sg.input("a", 3), sg.input("b", 3)
    step = sg.derive(sg.sum((a - b) ** 2), a).steps[0]

    assert step.rule == "squared norm"
    assert step.reason("en").endswith("its derivative with respect to (a − b) is 2 (a − b).")
    assert step.reason("zh").endswith("对 (a − b) 的导数是 2 (a − b)。")


# --- names from outside -------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>", "a & b", "$x$", "$$", r"\write18{rm}", r"\end{align*}", "`code`",
    '"quoted"', "'", "]]>", "<!--", "{x", "x}", "^", "~", "%", "#1", "a_b_c", "_",
    "*bold*", "[link](http://x)", "\\", "损失 <b>",
]  # fmt: skip


def loss_of(name):
    x = sg.parameter(name, 3)
    return sg.derive(sg.let("L", sg.sum(sg.tanh(x) ** 2)), x)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text_in_html(name):
    html = loss_of(name).html()
    tags = {element.tag.removeprefix(MATH) for element in parsed(html).iter()}

    assert tags <= {
        "section", "h2", "h3", "p", "ol", "li", "b", "math", "mrow", "mi", "mo", "mn", "mtext",
        "mspace", "mfrac", "msub", "msup", "msubsup", "mover", "munder",
    }  # fmt: skip
    assert "<script" not in html
    assert "<!--" not in html


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_neither_ends_nor_begins_a_formula_in_markdown(name):
    text = loss_of(name).markdown()

    assert text.count("$") % 2 == 0
    plain = loss_of("x").markdown()
    assert text.count("$") == plain.count("$")
    assert text.count("\n") == plain.count("\n")
    assert "`" not in text
    assert "<s" not in text
    assert "<!" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_inert_in_latex_and_breaks_no_line(name):
    derivation, plain = loss_of(name), loss_of("x")
    latex = derivation.latex()

    for command in (r"\write", r"\script"):
        assert command not in latex
    assert latex.count(r"\end{align*}") == 1
    assert all(line.endswith((r"\\", r"\\[1ex]")) for line in latex.splitlines()[1:-2])
    assert latex.count(r"\\") == len(latex.splitlines()) - 3
    alone = latex.count("&=") + latex.count(r"&\quad")
    assert len(re.findall(r"(?<!\\)&", latex)) == alone + 2 * latex.count("&& ")
    assert not re.search(r"(?<!\\)[$%#]", latex)
    assert len(derivation.text().splitlines()) == len(plain.text().splitlines())
    assert len(derivation.unicode().splitlines()) == len(plain.unicode().splitlines())


@pytest.mark.parametrize("name", ["line\nbreak", "a\x00b", ""])
def test_a_name_that_breaks_a_line_is_refused(name):
    with pytest.raises(sg.KindError, match="non-empty text on one line"):
        sg.let(name, sg.input("x"))


# --- MathML -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latex", "elements"),
    [
        (r"\frac{a}{b}", "<mfrac><mi>a</mi><mi>b</mi></mfrac>"),
        (r"W_{1}^{\mathsf{T}}",
         '<msubsup><mi>W</mi><mn>1</mn><mi mathvariant="normal">T</mi></msubsup>'),
        ("f'", "<msup><mi>f</mi><mo>′</mo></msup>"),
        ("(x)", '<mo stretchy="false">(</mo><mi>x</mi><mo stretchy="false">)</mo>'),
        (r"a = -b", '<mi>a</mi><mo>=</mo><mo form="prefix">−</mo><mi>b</mi>'),
        (r"a - b", "<mi>a</mi><mo>−</mo><mi>b</mi>"),
        (r"\sum_{t} x", "<munder><mo>∑</mo><mi>t</mi></munder><mi>x</mi>"),
        (r"\mathrm{net}", "<mi>net</mi>"),
        (r"\text{损失}", "<mtext>损失</mtext>"),
        (r"\mathbf{1}", "<mn>𝟏</mn>"),
        (r"\mathbb{1}", "<mn>𝟙</mn>"),
        (r"x \le 1", "<mi>x</mi><mo>≤</mo><mn>1</mn>"),
        ("a<b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
        (r"\underbrace{x}_{y}",
         '<munder><munder><mi>x</mi><mo stretchy="true">⏟</mo></munder><mi>y</mi></munder>'),
        (r"\begin{matrix} a \\ c \end{matrix}",
         "<mtable><mtr><mtd><mi>a</mi></mtd></mtr><mtr><mtd><mi>c</mi></mtd></mtr></mtable>"),
        (r"\unknown", r"<mtext>\unknown</mtext>"),
    ],
)  # fmt: skip
def test_latex_becomes_mathml(latex, elements):
    assert mathml(latex) == f'<math xmlns="{MATH[1:-1]}">{elements}</math>'


@pytest.mark.parametrize("latex", ["{", "}", r"\left", r"\frac", "^", "x_", r"\begin{x", "{" * 900])
def test_what_is_no_formula_is_shown_as_its_text(latex):
    assert "".join(ET.fromstring(mathml(latex)).itertext()) == latex


# --- LaTeX, really set --------------------------------------------------------------------------


def compiled(body, engine, preamble, folder):
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed")
    path = folder / "page.tex"
    path.write_text(
        f"\\documentclass{{article}}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n",
        encoding="utf-8",
    )
    command = [engine, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", path.name]
    run = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    log = run.stdout.decode("utf-8", "replace")
    assert run.returncode == 0, log[-1500:]
    assert "Missing character" not in (folder / "page.log").read_text("utf-8", "replace")


def test_latex_needs_amsmath_alone(tmp_path):
    every = [hinge(), two_layer(), softmax(), *everything()]
    named = [loss_of(name) for name in HOSTILE if name.isascii()]
    body = "\n".join(one.latex() for one in [*every, *named])

    compiled(body, "pdflatex", r"\usepackage{amsmath}", tmp_path)


def test_latex_in_chinese_needs_ctex(tmp_path):
    if shutil.which("kpsewhich") is None:
        pytest.skip("no TeX is installed")
    found = subprocess.run(["kpsewhich", "ctex.sty"], capture_output=True, check=False)
    if not found.stdout.strip():
        pytest.skip("the package ctex is not installed")
    w = sg.parameter("权重", 3)
    named = sg.derive(sg.let("损失_1", sg.sum(sg.relu(w * sg.input("x", 3)) ** 2)), w)
    body = "\n".join(one.with_style(lang="zh").latex() for one in (hinge(), named))

    compiled(body, "xelatex", "\\usepackage{amsmath}\n\\usepackage{ctex}", tmp_path)


def test_wide_lines_are_broken_at_equal_signs_and_between_terms():
    x = sg.input("x", 3)
    terms = [sg.sum(sg.parameter(f"weight{k}", 3) * sg.sin(k * x) * sg.exp(x)) for k in range(9)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    lines = sg.derive(sg.let("loss", total), x).latex().splitlines()

    assert sum(line.startswith(r"  &\quad {} ") for line in lines) > 1
    assert any(line.startswith("  &= ") for line in lines)
    assert all(line.endswith((r"\\", r"\\[1ex]")) for line in lines[1:-2])


def test_a_sum_over_paths_is_not_written_twice_in_another_order():
    x, y = sg.input("x", 3), sg.input("y", 3)
    derivation = sg.derive(sg.let("L", sg.sum(x**2) + x @ y), x)

    assert derivation.steps[-1].rule == "sum over paths"
    assert derivation.steps[-1].line("unicode").count(" = ") == 1


def test_a_long_display_may_break_over_pages_and_a_short_one_needs_not():
    short = sg.derive(losses.hinge(), "W").latex()
    long = sg.derive(gates.lstm().loss, "W_f").latex()

    assert "displaybreak" not in short
    assert long.count(r"\displaybreak[0] \\") > 16
    assert long.count(r"\begin{align*}") == 1
