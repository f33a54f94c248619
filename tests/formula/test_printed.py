"""Formulas typed as text and the gradients that are printed for them."""

from __future__ import annotations

import pytest

import symgraph as sg

# formula, shapes, by what, the printed gradient with the short names it uses
PRINTED = [
    ("aᵀ (X b − c)", "a=n X=n,p b=p c=n", "X", "dL/dX = a bᵀ"),
    ("xᵀ M x + dᵀ x", "x=p M=p,p d=p", "x", "dL/dx = (M + Mᵀ) x + d"),
    ("‖A x − y‖²", "A=n,p x=p y=n", "x", "dL/dx = 2 Aᵀ (A x − y)"),
    ("‖X w − y‖²/(2 N)", "X=N,p w=p y=N", "w", "dL/dw = Xᵀ (X w − y)/N"),
    ("½ Σ(q ⊙ x²)", "q=n x=n", "x", "dL/dx = q ⊙ x"),
    ("tr(Aᵀ X B)", "A=n,m X=n,k B=k,m", "X", "dL/dX = A Bᵀ"),
    ("log det(S) + vᵀ S⁻¹ v", "S=n,n v=n", "S", "dL/dS = S⁻ᵀ − S⁻ᵀ v vᵀ S⁻ᵀ"),
    ("max(1 - (W·φ)*y, 0)", "W=d φ=d", "W", "dL/dW = −1[(W·φ) y < 1] φ y"),
    ("‖w‖₁ + λ ‖w‖²", "w=p", "w", "dL/dw = 2 λ w + sign(w)"),
    ("|x − m|", "", "x", "dL/dx = sign(x − m)"),
    ("(x − μ)²/(2 σ²)", "", "σ", "dL/dσ = −(x − μ)²/σ³"),
    ("let h = tanh(W x + b)\nlet ŷ = V h\n‖ŷ − y‖²", "x=n W=m,n b=m V=k,m y=k", "b",
     "δ₂ = 2 (ŷ − y); δ₁ = Vᵀ δ₂ ⊙ (1 − h²); dL/db = δ₁"),
    ("sum(X .^ 2) − tr(Xᵀ X)", "X=n,p", "X", "dL/dX = 0"),
    ("A.T @ x @ (B @ y)", "A=n,p x=n B=p,k y=k", "B", "dL/dB = Aᵀ x yᵀ"),
    ("Σ(a bᵀ ⊙ C)", "a=n b=m C=n,m", "a", "dL/da = C b"),
    ("损失率 · 权重²", "", "权重", "dL/d权重 = 2 损失率 权重"),
    ("let 误差 = 权重·特征 − 目标; 误差²", "权重=d 特征=d", "权重", "dL/d权重 = 2 误差 特征"),
    ("sum(X, axis=0) · v", "X=N,p v=p", "X", "dL/dX = 𝟏 vᵀ"),
    ("‖X − U Vᵀ‖_F²", "X=n,m U=n,r V=m,r", "U", "dL/dU = −2 (X − U Vᵀ) V"),
    ("(w·x)²", "w=p x=p", "w", "dL/dw = 2 (w·x) x"),
    ("let loss = ½ (w x - y)^2", "", "w", "dloss/dw = (w x − y) x"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shapes", "wrt", "printed"), PRINTED)
def test_a_formula_has_a_gradient_that_reads_as_a_textbook_writes_it(
    text: str, shapes: str, wrt: str, printed: str
):
    derivation = sg.derive(sg.formula(text, shapes, parameters=[wrt]), wrt)

    lines = [one.unicode() for one in (*derivation.names, *derivation.results)]
    assert "; ".join(lines) == printed
    assert not any(line in derivation.results for line, _ in derivation.unverified)


def test_labels_are_integers_and_read_as_one_hot_rows():
    shapes = "X=N,p W=p,k label=N"
    loss = sg.formula("cross_entropy(X W, label)", shapes, kinds={"label": "integer"})
    derivation = sg.derive(loss, "W")
    lines = [one.unicode() for one in (*derivation.names, derivation.result)]

    assert derivation.result.unicode().startswith("dL/dW = Xᵀ ")
    assert any("softmax(" in line and "− onehot(label))/N" in line for line in lines)


DECIMALS = [
    ("(52 + 1.9 (h − 60) − w)²", "h", "dL/dh = 3.8 (52 + 1.9 (h − 60) − w)"),
    ("0.1 w x + 0.2 w x", "w", "dL/dw = 0.3 x"),
    ("0.1 w x + 0.2 w x − 0.3 w x + w", "w", "dL/dw = 1"),
    ("0.7 w² + 0.1 w²", "w", "dL/dw = 1.6 w"),
    ("tanh(0.1 w)*3", "w", "dL/dw = 0.3 (1 − tanh(0.1 w)²)"),
    ("1e-5*3 w²", "w", "dL/dw = 6e-05 w"),
    ("w^2.2", "w", "dL/dw = 2.2 w^1.2"),
    ("1.1 w^1.1", "w", "dL/dw = 1.21 w^0.1"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "printed"), DECIMALS)
def test_decimals_stay_as_they_were_typed(text: str, wrt: str, printed: str):
    derivation = sg.derive(sg.formula(text, parameters=[wrt]), wrt)

    assert derivation.result.unicode() == printed
    assert derivation.verified


def test_decimals_of_python_are_added_as_decimals():
    w = sg.parameter("w")

    assert sg.derive(0.1 * w + 0.2 * w, w).result.text() == "dL/dw = 0.3"
    assert sg.derive((w - 0.1) * (w - 0.2), w).result.text() == "dL/dw = 2 w - 0.3"
    assert sg.derive(0.1 * w * w * 3, w).result.text() == "dL/dw = 0.6 w"


def test_the_names_given_as_parameters_are_parameters_and_all_others_inputs():
    loss = sg.formula("(w·x - y)²", {"w": 2, "x": (2,)}, parameters=["w"])

    assert loss is (sg.parameter("w", 2) @ sg.input("x", 2) - sg.input("y")) ** 2


def test_a_name_with_an_argument_or_a_prime_is_one_name_where_it_is_declared():
    loss = sg.formula("W'·φ(x) + let_go", {"W'": 3, "φ(x)": 3})

    assert loss is sg.input("W'", 3) @ sg.input("φ(x)", 3) + sg.input("let_go")


@pytest.mark.parametrize("spelled", ["W₁ phi", "W_1 φ", "W1 ϕ"])
def test_spellings_that_print_alike_are_one_name(spelled: str):
    assert sg.formula(f"Σ({spelled})", "W1=n,m φ=m") is sg.formula("Σ(W1 φ)", "W1=n,m φ=m")


def test_the_name_of_a_size_is_the_size_and_a_declared_name_is_not():
    assert sg.evaluate(sg.formula("sum(x)/N", "x=N"), {"x": [1.0, 3.0]}) == 2
    assert sg.evaluate(sg.formula("sum(x)/N", "x=N N="), {"x": [1.0, 3.0], "N": 8.0}) == 0.5


def test_one_mapping_of_shapes_serves_several_formulas():
    shapes = {"W": ("m", "n"), "x": "n", "y": "m"}

    assert sg.formula("xᵀ x", shapes) is sg.input("x", "n") @ sg.input("x", "n")
    assert sg.formula("yᵀ W x", shapes).shape == ()


def test_full_width_signs_of_a_chinese_keyboard_are_read():
    assert sg.formula("max（1－x，0）") is sg.formula("max(1-x, 0)")


def test_declarations_may_stand_in_the_text():
    text = """
        # a layer
        input x=n  t = k       # two vectors
        parameter W = m, n
        parameter V=k,m
        let h = tanh(W x)
        -Σ t log softmax(V h)
    """
    loss = sg.formula(text)
    W, V = sg.parameter("W", ("m", "n")), sg.parameter("V", ("k", "m"))
    h = sg.let("h", sg.tanh(W @ sg.input("x", "n")))

    assert loss is -sg.sum(sg.input("t", "k") * sg.log_softmax(V @ h))


def test_an_abstract_function_and_its_derivative_can_be_written():
    f = sg.function("f")
    x = sg.input("x")

    assert sg.formula("f(x)²", functions=["f"]) is f(x) ** 2
    assert sg.formula("f'(x)", functions=["f"]) is sg.grad(f(x), x)


def test_symmetric_and_positive_names_keep_their_promise():
    quadratic = sg.formula("xᵀ A x", "x=n A=n,n", symmetric=["A"])

    assert sg.derive(quadratic, "x").result.unicode() == "dL/dx = 2 A x"
