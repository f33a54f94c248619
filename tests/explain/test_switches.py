"""Each switch of a derivation: what it changes in print, and that the values stay."""

import re

import numpy as np
import pytest

import symgraph as sg
from symgraph.notation.numeric import value
from symgraph.notation.spelling import told_apart


def dense():
    x, y = sg.input("x", 3), sg.input("y", 2)
    W1, b1, W2 = sg.parameter("W1", (4, 3)), sg.parameter("b1", 4), sg.parameter("W2", (2, 4))
    h = sg.let("h", sg.tanh(sg.let("net1", W1 @ x + b1)))
    return sg.let("L", sg.sum((sg.let("ŷ", W2 @ h) - y) ** 2) / 2)


def hinge():
    W, phi, y = sg.parameter("W", 3), sg.input("φ(x)", 3), sg.input("y")
    return sg.let("loss", sg.maximum(1 - sg.let("margin", (W @ phi) * y), 0))


def printed(derivation):
    return [one.unicode() for one in (*derivation.names, *derivation.results)]


# --- layout -------------------------------------------------------------------------------------


def test_numerator_layout_transposes_every_derivative_and_leaves_delta_a_column():
    derivation = sg.derive(dense(), ["W1", "b1"], layout="numerator")

    assert printed(derivation) == [
        "δ₂ = ŷ − y",
        "δ₁ = W₂ᵀ δ₂ ⊙ (1 − h²)",
        "dL/dW₁ = x δ₁ᵀ",
        "dL/db₁ = δ₁ᵀ",
    ]
    assert [step.line("unicode") for step in derivation.steps][1:6] == [
        "dL/d(ŷ − y) = 2 (dL/d‖ŷ − y‖²) (ŷ − y)ᵀ = (ŷ − y)ᵀ",
        "δ₂ = (dL/dŷ)ᵀ = (dL/d(ŷ − y))ᵀ = ŷ − y",
        "dL/dh = (dL/dŷ) W₂ = δ₂ᵀ W₂",
        "δ₁ = (dL/dnet₁)ᵀ = (dL/dh)ᵀ ⊙ (1 − h²) = W₂ᵀ δ₂ ⊙ (1 − h²)",
        "dL/db₁ = dL/dnet₁ = δ₁ᵀ",
    ]
    assert derivation.unicode().endswith(
        "Numerator layout: a derivative with respect to a column is a row."
    )


def test_gradient_layout_is_the_default_and_denominator_layout_is_the_same():
    usual = sg.derive(dense(), "W1")

    assert usual.unicode() == sg.derive(dense(), "W1", layout="gradient").unicode()
    assert usual.unicode() == sg.derive(dense(), "W1", layout="denominator").unicode()
    assert usual.result.unicode() == "dL/dW₁ = δ₁ xᵀ"


def test_in_numerator_layout_the_formula_has_the_transposed_value():
    A, x = sg.parameter("A", (2, 3)), sg.input("x", 3)
    loss = sg.let("L", sg.sum((A @ x) ** 2))
    a, v = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]), np.array([0.3, -1.0, 2.0])
    found = {
        layout: value(sg.derive(loss, x, layout=layout).result.right, {"A": a, "x": v}, {})
        for layout in ("gradient", "numerator")
    }

    assert found["gradient"].shape == (3, 1)
    assert found["numerator"].shape == (1, 3)
    assert found["numerator"][0] == pytest.approx(2 * a.T @ a @ v, rel=1e-12)


def test_contributions_along_paths_are_transposed_too():
    x, A = sg.input("x", 3), sg.parameter("A", (3, 3))
    derivation = sg.derive(sg.let("L", x @ (A @ x)), x, layout="numerator")

    shares = [step for step in derivation.steps if step.through is not None]
    assert shares
    assert all(step.after.sort == "row" for step in shares)
    assert derivation.result.right.sort == "row"


# --- the sign of δ ------------------------------------------------------------------------------


def test_the_other_sign_of_delta_is_stated():
    derivation = sg.derive(dense(), "W1", delta_sign=-1)

    assert derivation.unicode().splitlines()[-1] == (
        "Convention: each δ is minus the derivative, δ = −dL/dŷ."
    )
    assert derivation.with_style(lang="zh").unicode().splitlines()[-1] == (
        "约定：每个 δ 都取导数的相反数，即 δ = −dL/dŷ。"
    )
    assert "Convention" not in sg.derive(dense(), "W1").unicode()


# --- signs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "text", "unicode", "latex"),
    [
        ("⊙", "h1 * x", "h₁ ⊙ x", r"h_{1} \odot x"),
        ("∘", "h1 ∘ x", "h₁ ∘ x", r"h_{1} \circ x"),
        ("*", "h1 * x", "h₁ * x", "h_{1} * x"),
        ("×", "h1 × x", "h₁ × x", r"h_{1} \times x"),
    ],
)
def test_the_sign_of_an_entrywise_product_can_be_chosen(sign, text, unicode, latex):
    h1, x, w = sg.input("h1", 3), sg.input("x", 3), sg.parameter("w", 3)
    result = sg.derive(sg.let("L", sg.sum(h1 * x * w)), w, product=sign).result

    assert (result.text(), result.unicode()) == (f"dL/dw = {text}", f"dL/dw = {unicode}")
    assert result.latex().endswith(f" = {latex}")


@pytest.mark.parametrize(
    ("look", "text", "unicode", "latex"),
    [
        ("1[·]", "1[m < 1]", "1[m < 1]", r"\mathbf{1}\left[m < 1\right]"),
        ("1{·}", "1{m < 1}", "1{m < 1}", r"\mathbf{1}\left\{m < 1\right\}"),
        ("𝟙[·]", "1[m < 1]", "𝟙[m < 1]", r"\mathbb{1}\left[m < 1\right]"),
        ("𝟙{·}", "1{m < 1}", "𝟙{m < 1}", r"\mathbb{1}\left\{m < 1\right\}"),
        ("[·]", "[m < 1]", "[m < 1]", r"\left[m < 1\right]"),
        ("I(·)", "I(m < 1)", "I(m < 1)", r"I\left(m < 1\right)"),
        ("I[·]", "I[m < 1]", "I[m < 1]", r"I\left[m < 1\right]"),
    ],
)
def test_the_look_of_an_indicator_can_be_chosen(look, text, unicode, latex):
    m = sg.input("m")
    result = sg.derive(sg.let("L", sg.maximum(1 - m, 0)), m, indicator=look).result

    assert (result.text(), result.unicode()) == (f"dL/dm = -{text}", f"dL/dm = −{unicode}")
    assert result.latex().endswith(f" = -{latex}")


def test_a_number_before_a_bracket_needs_no_dot():
    m = sg.input("m")
    loss = sg.let("L", 2 * sg.maximum(m, 0))

    for look in ("1[·]", "1{·}", "𝟙[·]", "I(·)"):
        assert "·" not in sg.derive(loss, m, indicator=look).result.unicode()


def test_the_sign_of_a_derivative_can_be_chosen():
    result = sg.derive(dense(), "b1").result
    partial = sg.derive(dense(), "b1", derivative="∂").result
    total = sg.derive(dense(), "b1", derivative="d").result

    assert result.unicode() == "dL/db₁ = δ₁"
    assert result.latex() == r"\frac{\partial L}{\partial b_{1}} = \delta_{1}"
    assert partial.unicode() == "∂L/∂b₁ = δ₁"
    assert total.latex() == r"\frac{\mathrm{d} L}{\mathrm{d} b_{1}} = \delta_{1}"


def test_a_derivation_takes_another_style_without_being_derived_again():
    usual = sg.derive(dense(), "W1")
    other = usual.with_style(product="∘", derivative="∂", lang="zh")

    assert (
        other.unicode()
        == sg.derive(dense(), "W1", product="∘", derivative="∂", lang="zh").unicode()
    )
    assert other.steps == usual.steps
    # What is not named stays as it was.
    assert "∘" in other.with_style(derivative="d").unicode()


@pytest.mark.parametrize(
    ("option", "bad", "listed"),
    [
        ("product", ".", "'⊙', '∘', '*', '×'"),
        ("indicator", "1", "'1[·]', '1{·}', '𝟙[·]', '𝟙{·}', '[·]', 'I(·)', 'I[·]'"),
        ("derivative", "D", "'d', '∂'"),
        ("layout", "mixed", "'gradient', 'numerator', 'denominator'"),
        ("vectors", "rows", "'column', 'row', None"),
        ("delta_sign", 0, "1, -1"),
        ("lang", "fr", "'en', 'zh'"),
    ],
)
def test_a_bad_value_is_refused_with_the_list_of_good_ones(option, bad, listed):
    words = re.escape(f"derive: {option}={bad!r} is not offered; write one of {listed}.")

    with pytest.raises(sg.UnsupportedError, match=words):
        sg.derive(hinge(), "W", **{option: bad})
    if option in ("product", "indicator", "derivative"):
        with pytest.raises(sg.UnsupportedError, match=words):
            sg.derive(hinge(), "W").with_style(**{option: bad})


# --- names --------------------------------------------------------------------------------------


def test_names_that_would_look_alike_are_told_apart():
    one, two = sg.parameter("W1", 3), sg.parameter("W₁", 3)
    phi, letter = sg.input("phi"), sg.input("φ")
    loss = sg.let("L", phi * sg.sum(sg.tanh(one) * two) * letter)

    by_one, by_two = sg.derive(loss, [one, two]).results
    assert by_one.unicode() == "dL/dW1 = phi ((1 − tanh(W1)²) ⊙ W₁) φ"
    assert by_two.unicode() == "dL/dW₁ = phi tanh(W1) φ"
    assert by_two.latex().endswith(r" = \mathrm{phi} \, \tanh(\mathrm{W1}) \, \phi")


def test_a_name_alone_keeps_its_pretty_form():
    W1 = sg.parameter("W1", 3)

    assert sg.derive(sg.let("L", sg.sum(W1**2)), W1).result.unicode() == "dL/dW₁ = 2 W₁"


@pytest.mark.parametrize(
    ("names", "literal"),
    [
        (["W1", "W_1", "W₁"], ["W1", "W_1"]),
        (["W1", "W_1"], ["W_1"]),
        (["alpha", "α", "beta"], ["alpha"]),
        (["W1", "W2", "w1"], []),
    ],
)
def test_of_names_that_look_alike_one_keeps_its_form(names, literal):
    assert sorted(told_apart(names)) == sorted(literal)


# --- recurrences and index form -----------------------------------------------------------------


def recurrent(f):
    U, W, xs = sg.parameter("U", (3, 2)), sg.parameter("W", (3, 3)), sg.input("x", ("T", 2))
    run = sg.scan(lambda s, x: sg.let("s", f(sg.let("net", U @ x + W @ s))), sg.zeros(3), xs)
    return sg.let("L", sg.sum(run.final**2))


def test_the_switches_reach_into_recurrences():
    derivation = sg.derive(
        recurrent(sg.tanh), "W", layout="numerator", delta_sign=-1, abstract={"f": "tanh"}
    )

    assert printed(derivation) == [
        "δ_T = −2 s_T ⊙ f'(net_T)",
        "δ_t = Wᵀ δ_{t+1} ⊙ f'(net_t),  t = T−1, …, 1",
        "dL/dW = −Σ_t s_{t−1} δ_tᵀ",
    ]
    assert [note.sentence() for note in derivation.notes] == [
        "f stands for tanh.",
        "Convention: each δ is minus the derivative, δ = −(dL/dnet_t)ᵀ.",
        "Numerator layout: a derivative with respect to a column is a row.",
    ]
    assert derivation.verified


def test_an_array_of_more_than_two_axes_has_no_transpose():
    K, image = sg.parameter("K", (2, 1, 2, 2)), sg.input("I", (1, 1, 4, 4))
    loss = sg.let("L", sg.sum(sg.conv2d(image, K) ** 2))

    usual, numerator = (sg.derive(loss, K, layout=one).result for one in ("gradient", "numerator"))
    assert usual.unicode() == numerator.unicode()


def test_a_transposed_derivative_stands_in_parentheses():
    step = sg.derive(dense(), "W1", layout="numerator").steps[2]

    assert r"\left(\frac{\partial L}{\partial \hat{y}}\right)^{\mathsf{T}}" in step.line("latex")
    assert "(dL/dŷ)^T" in step.line("text")


# --- ranges -------------------------------------------------------------------------------------


def test_the_range_of_a_slope_stands_below_it_on_request():
    x, v, w = sg.input("x", 3), sg.parameter("v", 3), sg.parameter("w")
    h = sg.let("h", sg.sigmoid(v @ x))
    derivation = sg.derive(sg.let("L", sg.sigmoid(w * h) + sg.tanh(w)), v)

    ranged = derivation.latex(ranges=True)
    slope = r"\underbrace{h (1 - h)}_{\in (0, \frac{1}{4}]}"
    assert ranged.count(slope) == 4
    assert r"\underbrace" not in derivation.latex()
    assert derivation.with_ranges().result.unicode() == derivation.result.unicode()
    assert r"\underbrace{\mathbf{1}\left[m < 1\right]}_{\in \{0, 1\}}" in sg.derive(
        sg.let("L", sg.maximum(1 - sg.input("m"), 0)), "m"
    ).latex(ranges=True)


def test_five_sigmoids_in_a_row_show_why_a_gradient_vanishes():
    x = y = sg.input("x")
    for k in range(1, 6):
        y = sg.let(f"h{k}", sg.sigmoid(y))

    result = sg.derive(y, x).with_ranges().result.latex()
    assert result.count(r"}_{\in (0, \frac{1}{4}]}") == 5


def test_the_slope_of_tanh_has_its_range_for_matrices_too():
    X, W = sg.input("X", (5, 3)), sg.parameter("W", (3, 4))
    H = sg.let("H", sg.tanh(sg.let("net", X @ W)))
    derivation = sg.derive(sg.let("L", sg.sum(H)), "net")

    assert (
        derivation.with_ranges()
        .result.latex()
        .endswith(r"\underbrace{(1 - H \odot H)}_{\in (0, 1]}")
    )
