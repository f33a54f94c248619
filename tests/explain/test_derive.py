"""Derivations as they are printed, and what they print held against NumPy.

For every printed gradient there is a NumPy function of the loss and a transcription of the printed
formula; the transcription is compared with central differences of the loss, so that neither the
engine nor its own evaluation of formulas can vouch for itself.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy
from random_graphs import random_case

import symgraph as sg
from symgraph.notation.read import Reader
from symgraph.notation.tree import Verbatim
from symgraph.walks import variables

Arrays = dict[str, Any]


def hinge() -> SimpleNamespace:
    W, phi, y = sg.parameter("W", "d"), sg.input("φ(x)", "d"), sg.input("y")
    margin = sg.let("margin", sg.let("score", W @ phi) * y)
    return SimpleNamespace(W=W, loss=sg.let("loss", sg.maximum(1 - margin, 0)))


def squared() -> SimpleNamespace:
    W, phi, y = sg.parameter("W", "d"), sg.input("φ(x)", "d"), sg.input("y")
    residual = sg.let("residual", sg.let("score", W @ phi) - y)
    return SimpleNamespace(W=W, loss=sg.let("loss", residual**2))


def two_layer() -> SimpleNamespace:
    phi, y = sg.input("φ(x)", "d"), sg.input("y")
    v1, v2 = sg.parameter("v₁", "d"), sg.parameter("v₂", "d")
    w1, w2 = sg.parameter("w₁"), sg.parameter("w₂")
    h1, h2 = sg.let("h₁", sg.sigmoid(v1 @ phi)), sg.let("h₂", sg.sigmoid(v2 @ phi))
    residual = sg.let("residual", w1 * h1 + w2 * h2 - y)
    return SimpleNamespace(phi=phi, v1=v1, v2=v2, w2=w2, loss=sg.let("loss", residual**2))


def dense() -> SimpleNamespace:
    x, y = sg.input("x", 3), sg.input("y", 2)
    W1, b1 = sg.parameter("W₁", (4, 3)), sg.parameter("b₁", 4)
    W2, b2 = sg.parameter("W₂", (2, 4)), sg.parameter("b₂", 2)
    h = sg.let("h", sg.tanh(sg.let("net₁", W1 @ x + b1)))
    out = sg.let("ŷ", W2 @ h + b2)
    loss = sg.let("L", sg.sum((out - y) ** 2) / 2)
    return SimpleNamespace(W1=W1, b1=b1, W2=W2, b2=b2, h=h, out=out, loss=loss)


def batch() -> SimpleNamespace:
    X, T = sg.input("X", ("N", 3)), sg.input("T", ("N", 2))
    W1, b1 = sg.parameter("W₁", (3, 4)), sg.parameter("b₁", 4)
    W2 = sg.parameter("W₂", (4, 2))
    H = sg.let("H", sg.tanh(sg.let("net₁", X @ W1 + b1)))
    loss = sg.let("L", sg.mean((sg.let("Ŷ", H @ W2) - T) ** 2))
    return SimpleNamespace(W1=W1, b1=b1, W2=W2, loss=loss)


def logistic() -> SimpleNamespace:
    X, w, t = sg.input("X", ("N", 3)), sg.parameter("w", 3), sg.input("t", "N")
    p = sg.let("p", sg.sigmoid(X @ w))
    loss = sg.let("L", -sg.sum(t * sg.log(p) + (1 - t) * sg.log(1 - p)))
    return SimpleNamespace(w=w, loss=loss)


def classifier() -> SimpleNamespace:
    x, t = sg.input("x", 3), sg.input("t", 4)
    W, b = sg.parameter("W", (4, 3)), sg.parameter("b", 4)
    z = sg.let("z", W @ x + b)
    out = sg.let("ŷ", sg.softmax(z))
    loss = sg.let("L", -sg.sum(t * sg.log(out)))
    return SimpleNamespace(W=W, z=z, t=t, loss=loss)


# --- what is printed ----------------------------------------------------------------------------


def test_the_hinge_loss_prints_as_in_the_lecture():
    net = hinge()
    derivation = sg.derive(net.loss, net.W)

    assert str(derivation.result) == "dloss/dW = -1[margin < 1] φ(x) y"
    assert str(derivation).splitlines() == [
        "Derivative of loss with respect to W",
        "",
        "Given",
        "  score = W·φ(x)",
        "  margin = score y",
        "  loss = max(1 - margin, 0)",
        "",
        "Steps",
        "  1. maximum: dloss/d(1 - margin) = 1[margin < 1]",
        "     The derivative goes to the larger operand, hence the indicator; at a tie to neither.",
        "  2. difference: dloss/dmargin = -dloss/d(1 - margin) = -1[margin < 1]",
        "     margin is subtracted in (1 - margin): the derivative changes sign.",
        "  3. product: dloss/dscore = (dloss/dmargin) y = -1[margin < 1] y",
        "     Product rule: the derivative of margin with respect to score is the other factor.",
        "  4. dot product: dloss/dW = (dloss/dscore) φ(x) = -1[margin < 1] φ(x) y",
        "     score is linear in W: its derivative is the other vector.",
        "",
        "Result",
        "  dloss/dW = -1[margin < 1] φ(x) y",
    ]


def test_the_squared_loss_prints_as_in_the_lecture():
    net = squared()

    assert sg.derive(net.loss, net.W).result.unicode() == "dloss/dW = 2 residual φ(x)"


def test_the_two_layer_loss_keeps_the_lecture_s_order_of_factors():
    net = two_layer()
    derivation = sg.derive(net.loss, [net.v1, net.v2, net.w2])

    assert [one.unicode() for one in derivation.results] == [
        "dloss/dv₁ = 2 residual w₁ h₁ (1 − h₁) φ(x)",
        "dloss/dv₂ = 2 residual w₂ h₂ (1 − h₂) φ(x)",
        "dloss/dw₂ = 2 residual h₂",
    ]


def test_a_shared_input_is_a_sum_over_paths():
    net = two_layer()
    derivation = sg.derive(net.loss, net.phi)

    assert derivation.result.unicode() == (
        "dloss/dφ(x) = 2 residual (w₁ h₁ (1 − h₁) v₁ + w₂ h₂ (1 − h₂) v₂)"
    )
    last = derivation.steps[-1]
    assert last.rule == "sum over paths"
    assert last.reason() == "φ(x) acts on loss in 2 ways: their contributions add up."
    assert [step.line("unicode") for step in derivation.steps if step.through] == [
        "dloss/dφ(x) through v₂·φ(x) = (dloss/d(v₂·φ(x))) v₂ = 2 residual w₂ h₂ (1 − h₂) v₂",
        "dloss/dφ(x) through v₁·φ(x) = (dloss/d(v₁·φ(x))) v₁ = 2 residual w₁ h₁ (1 − h₁) v₁",
    ]


def test_a_dense_network_in_column_form_has_a_delta_for_each_layer():
    net = dense()
    derivation = sg.derive(net.loss, [net.W1, net.b1, net.W2, net.b2])

    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == [
        "δ₂ = ŷ − y",
        "δ₁ = W₂ᵀ δ₂ ⊙ (1 − h²)",
        "dL/dW₁ = δ₁ xᵀ",
        "dL/db₁ = δ₁",
        "dL/dW₂ = δ₂ hᵀ",
        "dL/db₂ = δ₂",
    ]
    assert [step.line("unicode") for step in derivation.steps if step.name is not None] == [
        "δ₂ = dL/dŷ = dL/d(ŷ − y) = ŷ − y",
        "δ₁ = dL/dnet₁ = dL/dh ⊙ (1 − h²) = W₂ᵀ δ₂ ⊙ (1 − h²)",
    ]


def test_a_dense_network_in_batch_rows_sums_over_the_batch():
    net = batch()
    derivation = sg.derive(net.loss, [net.W1, net.b1, net.W2])

    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == [
        "δ₂ = (Ŷ − T)/N",
        "δ₁ = δ₂ W₂ᵀ ⊙ (1 − H ⊙ H)",
        "dL/dW₁ = Xᵀ δ₁",
        "dL/db₁ = 𝟏ᵀ δ₁",
        "dL/dW₂ = Hᵀ δ₂",
    ]


def test_the_other_sign_of_delta_is_minus_the_derivative():
    net = dense()
    derivation = sg.derive(net.loss, net.W1, delta_sign=-1)

    assert [one.unicode() for one in (*derivation.names, derivation.result)] == [
        "δ₂ = y − ŷ",
        "δ₁ = W₂ᵀ δ₂ ⊙ (1 − h²)",
        "dL/dW₁ = −δ₁ xᵀ",
    ]
    named = [step.line("unicode") for step in derivation.steps if step.name is not None]
    assert named[0] == "δ₂ = −dL/dŷ = −dL/d(ŷ − y) = y − ŷ"


def test_logistic_regression_cancels_to_prediction_minus_target():
    net = logistic()

    assert sg.derive(net.loss, net.w).result.unicode() == "dL/dw = Xᵀ (p − t)"


def test_logistic_regression_on_logits_gives_the_same():
    X, w, t = sg.input("X", ("N", 3)), sg.parameter("w", 3), sg.input("t", "N")
    loss = sg.let("L", sg.binary_cross_entropy_with_logits(sg.let("z", X @ w), t))

    assert sg.derive(loss, w).result.unicode() == "dL/dw = Xᵀ (σ(z) − t)/N"


def test_softmax_cross_entropy_is_prediction_minus_target_when_targets_sum_to_one():
    net = classifier()
    plain = sg.derive(net.loss, net.z)
    told = sg.derive(net.loss, [net.z, net.W], assume={sg.sum(net.t): 1})

    assert plain.result.unicode() == "dL/dz = Σ(t) ŷ − t"
    assert [one.unicode() for one in told.results] == ["dL/dz = ŷ − t", "dL/dW = (ŷ − t) xᵀ"]
    assert [one.unicode() for one in told.assumed] == ["Σ(t) = 1"]
    assert plain.verified
    assert told.verified


def test_cross_entropy_against_class_ids_is_softmax_minus_onehot():
    Z, ids = sg.input("Z", ("N", 4)), sg.input("y", "N", kind="integer")

    result = sg.derive(sg.let("L", sg.cross_entropy(Z, ids)), Z).result
    assert result.unicode() == "dL/dZ = (softmax(Z) − onehot(y))/N"


def test_rows_of_targets_may_be_assumed_to_sum_to_one():
    X, W, T = sg.input("X", ("N", 3)), sg.parameter("W", (3, 4)), sg.input("T", ("N", 4))
    loss = sg.let("L", -sg.sum(T * sg.log_softmax(sg.let("Z", X @ W))))
    derivation = sg.derive(loss, W, assume={sg.sum(T, axis=1): 1})

    assert derivation.result.unicode() == "dL/dW = Xᵀ (softmax(Z) − T)"
    assert derivation.verified


def test_without_any_name_the_derivation_makes_its_own():
    X, Y = sg.input("X", (5, 3)), sg.input("Y", (5, 2))
    W1, W2 = sg.parameter("W1", (3, 4)), sg.parameter("W2", (4, 2))
    derivation = sg.derive(sg.sum((sg.tanh(X @ W1) @ W2 - Y) ** 2), W1)

    lines = [*derivation.given, *derivation.names, derivation.result]
    assert [one.unicode() for one in lines] == [
        "u₁ = tanh(X W₁)",
        "L = ‖u₁ W₂ − Y‖²",
        "δ₂ = 2 (u₁ W₂ − Y)",
        "δ₁ = δ₂ W₂ᵀ ⊙ (1 − u₁ ⊙ u₁)",
        "dL/dW₁ = Xᵀ δ₁",
    ]


def test_the_user_s_own_names_are_never_taken_for_new_ones():
    x, delta = sg.input("x", 3), sg.input("δ₁", 2)
    W1, W2 = sg.parameter("W1", (2, 3)), sg.parameter("W2", (2, 2))
    net2 = W2 @ sg.tanh(W1 @ x)
    names = [str(one.left.name) for one in sg.derive(sg.sum((net2 - delta) ** 2), W1).names]

    assert names == ["δ₂", "δ₁′"]


def test_a_row_of_the_user_stays_a_row_and_vectors_can_be_chosen():
    x, W = sg.input("x", 3), sg.parameter("W", (3, 2))
    loss = sg.let("L", sg.sum(sg.let("h", sg.sigmoid(x @ W)) ** 2))

    assert sg.derive(loss, W).result.unicode() == "dL/dW = 2 xᵀ (h² ⊙ (1 − h))"
    column = sg.derive(loss, W, vectors="column")
    assert [one.unicode() for one in column.given] == ["h = σ(Wᵀ x)", "L = ‖h‖²"]
    row = sg.derive(loss, W, vectors="row")
    assert [one.unicode() for one in row.given] == ["h = σ(x W)", "L = ‖h‖²"]


def test_a_bias_reshaped_to_a_row_or_a_column_is_repeated_and_its_derivative_summed():
    X, W, T = sg.input("X", (5, 3)), sg.parameter("W", (3, 4)), sg.input("T", (5, 4))
    b, c = sg.parameter("b", 4), sg.parameter("c", 5)
    by_row = sg.derive(sg.sum((X @ W + sg.reshape(b, (1, 4)) - T) ** 2), b)
    by_column = sg.derive(sg.sum((X @ W + c[:, None] - T) ** 2), c)

    assert by_row.given[0].unicode() == "L = ‖X W + bᵀ − T‖²"
    assert by_row.result.unicode() == "dL/db = 2 (X W + bᵀ − T)ᵀ 𝟏"
    assert by_column.result.unicode() == "dL/dc = 2 (X W + c − T) 𝟏"
    assert by_row.verified
    assert by_column.verified


# --- other forms of the same --------------------------------------------------------------------


def test_latex_is_one_align_environment_with_the_rules_beside():
    net = squared()
    over = r"\frac{\partial \mathrm{loss}}{\partial "
    by_residual, by_score, by_W = (
        f"{over}{one}}}" for one in (r"\mathrm{residual}", r"\mathrm{score}", "W")
    )
    result = r"2 \, \mathrm{residual} \, \phi(x)"

    assert sg.derive(net.loss, net.W).latex().splitlines() == [
        r"\begin{align*}",
        r"  \mathrm{score} &= W \cdot \phi(x) \\",
        r"  \mathrm{residual} &= \mathrm{score} - y \\",
        r"  \mathrm{loss} &= \mathrm{residual}^{2} \\[1ex]",
        rf"  {by_residual} &= 2 \, \mathrm{{residual}} && \text{{1. power}} \\",
        rf"  {by_score} &= {by_residual} = 2 \, \mathrm{{residual}} && \text{{2. difference}} \\",
        rf"  {by_W} &= {by_score} \, \phi(x) = {result} && \text{{3. dot product}} \\[1ex]",
        rf"  {by_W} &= {result} ",
        r"\end{align*}",
    ]


def test_markdown_has_sentences_with_formulas_in_them():
    net = squared()
    text = sg.derive(net.loss, net.W).markdown()

    assert text.startswith("## Derivative of $\\mathrm{loss}$ with respect to $W$\n")
    assert "**3.** *dot product.* $\\mathrm{score}$ is linear in $W$: its derivative is the" in text
    assert text.count("$$") % 2 == 0


def test_the_reasons_are_there_in_chinese():
    net = hinge()
    derivation = sg.derive(net.loss, net.W, lang="zh")

    text = derivation.unicode()
    assert text.startswith("loss 对 W 的导数\n\n已知\n")
    assert "  3. 乘积：dloss/dscore = (dloss/dmargin) y = −1[margin < 1] y" in text
    assert "     乘积法则：margin 对 score 的导数是另一个因子。" in text


def test_the_derivation_is_data_too():
    net = squared()
    data = sg.derive(net.loss, net.W).to_dict()

    (result,) = data["results"]
    assert result["unicode"] == "dloss/dW = 2 residual φ(x)"
    assert result["latex"].endswith(r" = 2 \, \mathrm{residual} \, \phi(x)")
    assert [step["rule"] for step in data["steps"]] == ["power", "minuend", "dot product"]
    assert [step["title"] for step in data["steps"]] == ["power", "difference", "dot product"]
    assert data["verified"] is True


def test_names_from_outside_cannot_break_the_latex():
    x = sg.input(r"\write18{rm}$%")
    text = sg.derive(sg.sin(x) ** 2, x).latex()

    assert r"\write" not in text
    assert "$" not in text.replace(r"\$", "")


# --- limits -------------------------------------------------------------------------------------


def test_what_has_no_influence_has_derivative_zero_and_a_reason():
    x, w = sg.input("x"), sg.parameter("w")
    derivation = sg.derive(sg.let("L", x * sg.step(w)), w)

    assert derivation.result.unicode() == "dL/dw = 0"
    assert derivation.steps[-1].reason() == (
        "No derivative of L reaches w: it counts as a constant."
    )


def test_the_derivative_by_the_expression_itself_is_one():
    x = sg.input("x")
    loss = sg.let("L", sg.sin(x))

    assert sg.derive(loss, loss).result.unicode() == "dL/dL = 1"


def test_names_and_symbols_choose_what_to_differentiate_by():
    net = dense()

    by_name = sg.derive(net.loss, "net₁").result.unicode()
    assert by_name == sg.derive(net.loss, sympy.Symbol("net₁")).result.unicode()
    with pytest.raises(sg.UnknownNameError, match="no value is called 'q'"):
        sg.derive(net.loss, "q")
    with pytest.raises(sg.GradientError, match="does not occur"):
        sg.derive(net.out, sg.input("elsewhere", 2))
    with pytest.raises(sg.UnsupportedError, match="lang='fr'"):
        sg.derive(net.loss, net.W1, lang="fr")


def test_a_chain_of_fifteen_hundred_still_has_a_result():
    x = y = sg.input("x")
    coin = random.Random(0)
    for _ in range(1500):
        y = sg.sin(y) if coin.random() < 0.5 else y * x
    derivation = sg.derive(y, x)

    assert derivation.steps == ()
    assert derivation.result.unicode().startswith("dL/dx = ")
    assert len(derivation.unicode()) < 2_000_000


def test_a_chain_four_of_whose_steps_repeat_is_read_in_work_that_grows_as_its_length(monkeypatch):
    plain, counted = Reader._formula, Counter()

    def counting(reader, node):
        formula = plain(reader, node)
        counted[length] += formula.size
        return formula

    monkeypatch.setattr(Reader, "_formula", counting)
    for length in (400, 800):
        x = y = sg.input("x")
        coin = random.Random(0)  # four equal steps are somewhere, and would make a loop
        for _ in range(length):
            y = sg.sin(y) if coin.random() < 0.5 else y * x
        assert sg.derive(y, x).result.unicode().startswith("dL/dx = ")
    assert counted[800] < 3 * counted[400]


def test_a_long_chain_beside_the_way_is_cut_into_named_pieces():
    x, w = sg.input("x"), sg.parameter("w")
    y = x
    for k in range(700):
        y = sg.sin(y) if k % 2 else y * x
    derivation = sg.derive(sg.let("L", w**2 * y), w)

    assert derivation.result.unicode().startswith("dL/dw = 2 w ")
    assert derivation.verified
    assert max(len(one.unicode()) for one in derivation.given) < 1000


def test_a_recurrence_is_one_step_back_through_time():
    x, w = sg.input("x", "T"), sg.parameter("w")
    run = sg.scan(lambda h, x: sg.tanh(w * h + x), sg.const(0.0), x)
    derivation = sg.derive(run.final**2, w)

    assert "recurrence" in [step.title() for step in derivation.steps]
    assert derivation.verified


@pytest.mark.parametrize("seed", range(40))
def test_every_formula_of_a_random_graph_has_the_value_of_its_gradient(seed):
    real = [node for node in random_case(seed, 14).outputs if node.kind == "real"]
    if not real:
        return
    loss = sg.sum(real[0])
    sources = [leaf for leaf in variables([loss]) if leaf.kind == "real"]
    if sources:
        derivation = sg.derive(loss, sources)
        assert not any(isinstance(one.right, Verbatim) for one in derivation.results)
        derivation.latex()


# --- the printed formulas, transcribed, against central differences of the loss ------------------


def soft(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum()


def sigma(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def hinge_loss(a: Arrays) -> float:
    return float(max(1 - a["W"] @ a["φ(x)"] * a["y"], 0))


def hinge_printed(a: Arrays) -> Arrays:
    margin = a["W"] @ a["φ(x)"] * a["y"]
    return {"W": -1.0 * (margin < 1) * a["φ(x)"] * a["y"]}


def squared_loss(a: Arrays) -> float:
    return float((a["W"] @ a["φ(x)"] - a["y"]) ** 2)


def squared_printed(a: Arrays) -> Arrays:
    return {"W": 2 * (a["W"] @ a["φ(x)"] - a["y"]) * a["φ(x)"]}


def two_layer_parts(a: Arrays) -> Any:
    h1, h2 = sigma(a["v₁"] @ a["φ(x)"]), sigma(a["v₂"] @ a["φ(x)"])
    return h1, h2, a["w₁"] * h1 + a["w₂"] * h2 - a["y"]


def two_layer_loss(a: Arrays) -> float:
    return float(two_layer_parts(a)[2] ** 2)


def two_layer_printed(a: Arrays) -> Arrays:
    h1, h2, residual = two_layer_parts(a)
    first, second = a["w₁"] * h1 * (1 - h1), a["w₂"] * h2 * (1 - h2)
    return {
        "v₁": 2 * residual * first * a["φ(x)"],
        "v₂": 2 * residual * second * a["φ(x)"],
        "w₂": 2 * residual * h2,
        "φ(x)": 2 * residual * (first * a["v₁"] + second * a["v₂"]),
    }


def dense_parts(a: Arrays) -> Any:
    h = np.tanh(a["W₁"] @ a["x"] + a["b₁"])
    return h, a["W₂"] @ h + a["b₂"]


def dense_loss(a: Arrays) -> float:
    return float(np.sum((dense_parts(a)[1] - a["y"]) ** 2) / 2)


def dense_printed(a: Arrays) -> Arrays:
    h, out = dense_parts(a)
    d2 = out - a["y"]
    d1 = a["W₂"].T @ d2 * (1 - h**2)
    return {"W₁": np.outer(d1, a["x"]), "b₁": d1, "W₂": np.outer(d2, h), "b₂": d2}


def batch_parts(a: Arrays) -> Any:
    H = np.tanh(a["X"] @ a["W₁"] + a["b₁"])
    return H, H @ a["W₂"]


def batch_loss(a: Arrays) -> float:
    return float(np.mean((batch_parts(a)[1] - a["T"]) ** 2))


def batch_printed(a: Arrays) -> Arrays:
    H, Y = batch_parts(a)
    d2 = (Y - a["T"]) / len(H)
    d1 = d2 @ a["W₂"].T * (1 - H * H)
    return {"W₁": a["X"].T @ d1, "b₁": np.ones(len(H)) @ d1, "W₂": H.T @ d2}


def logistic_loss(a: Arrays) -> float:
    p = sigma(a["X"] @ a["w"])
    return float(-np.sum(a["t"] * np.log(p) + (1 - a["t"]) * np.log(1 - p)))


def logistic_printed(a: Arrays) -> Arrays:
    return {"w": a["X"].T @ (sigma(a["X"] @ a["w"]) - a["t"])}


def classifier_loss(a: Arrays) -> float:
    return float(-np.sum(a["t"] * np.log(soft(a["W"] @ a["x"] + a["b"]))))


def classifier_printed(a: Arrays) -> Arrays:
    out = soft(a["W"] @ a["x"] + a["b"])
    return {"W": np.outer(np.sum(a["t"]) * out - a["t"], a["x"])}


CASES: dict[str, tuple[Any, Callable[[Arrays], float], Callable[[Arrays], Arrays]]] = {
    "hinge": (hinge, hinge_loss, hinge_printed),
    "squared": (squared, squared_loss, squared_printed),
    "two_layer": (two_layer, two_layer_loss, two_layer_printed),
    "dense": (dense, dense_loss, dense_printed),
    "batch": (batch, batch_loss, batch_printed),
    "logistic": (logistic, logistic_loss, logistic_printed),
    "classifier": (classifier, classifier_loss, classifier_printed),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(3))
def test_the_printed_formula_is_the_slope_of_the_loss(case, seed):
    make, loss, printed = CASES[case]
    rng = np.random.default_rng(seed)
    shape = {"d": 3, "N": 5}
    arrays: Arrays = {
        leaf.params[0]: rng.uniform(0.2, 0.9, [shape.get(str(n), n) for n in leaf.shape])
        for leaf in variables([make().loss])
    }
    for name, formula in printed(arrays).items():
        slopes = np.zeros(np.shape(arrays[name]))
        for index in np.ndindex(slopes.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = np.array(arrays[name], dtype=float)
                moved[index] += step
                ends.append(loss(arrays | {name: moved}))
            slopes[index] = (ends[0] - ends[1]) / 2e-6
        assert formula == pytest.approx(slopes, rel=1e-6, abs=1e-8), name
        gradient = sg.evaluate(
            sg.grad(make().loss, _leaf(make().loss, name)), arrays_for(make, arrays)
        )
        assert gradient == pytest.approx(np.asarray(formula), rel=1e-10), name


def _leaf(loss: sg.Node, name: str) -> sg.Node:
    return next(leaf for leaf in variables([loss]) if leaf.params[0] == name)


def arrays_for(make: Any, arrays: Arrays) -> Arrays:
    """Only what the gradient still depends on may be given a value by name."""
    return {_leaf(make().loss, name): value for name, value in arrays.items()}


# --- names of derivatives -----------------------------------------------------------------------


def test_the_units_of_a_network_of_numbers_have_their_own_deltas():
    x, w, v = sg.input("x"), sg.parameter("w"), sg.parameter("v")
    A = sg.let("A", sg.sigmoid(sg.let("net_A", w * x)))
    out = sg.let("α", sg.tanh(sg.let("net_α", v * A)))
    derivation = sg.derive(sg.let("E", (out - sg.input("t")) ** 2 / 2), [w, v])

    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == [
        "δ_α = (α − t) (1 − α²)",
        "δ_A = δ_α v A (1 − A)",
        "dE/dw = δ_A x",
        "dE/dv = δ_α A",
    ]


def test_a_named_score_that_no_unit_is_applied_to_has_no_delta():
    derivation = sg.derive(squared().loss, "W")

    assert derivation.names == ()


def test_layers_told_apart_by_superscripts_pass_them_on_to_delta():
    x, W1, W2 = sg.input("x", 3), sg.parameter("W^(1)", (4, 3)), sg.parameter("W^(2)", (2, 4))
    h = sg.tanh(sg.let("net^(1)", W1 @ x))
    y = sg.sigmoid(sg.let("net^(2)", W2 @ h))

    names = sg.derive(sg.sum((y - sg.input("d", 2)) ** 2), [W1]).names
    assert [one.left.name for one in names] == ["δ^(2)", "δ^(1)"]


def test_the_user_may_name_derivatives():
    W, x, t = sg.parameter("W", (4, 3)), sg.input("x", 3), sg.input("t", 4)
    h = sg.let("h", 2 * x)
    u = sg.let("u", W @ h)
    loss = sg.let("E", sg.logsumexp(u) - u @ t)
    derivation = sg.derive(loss, [W, x], adjoints={"u": "e", h: "EH"})

    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == [
        "e = softmax(u) − t",
        "EH = Wᵀ e",
        "dE/dW = e hᵀ",
        "dE/dx = 2 EH",
    ]
    with pytest.raises(sg.UnknownNameError, match="no value is called 'v'"):
        sg.derive(loss, W, adjoints={"v": "e"})


def test_with_the_other_sign_differences_are_turned():
    x, W, V, d = (
        sg.input("x", 3), sg.parameter("W", (4, 3)), sg.parameter("V", (2, 4)), sg.input("d", 2)
    )  # fmt: skip
    h = sg.let("h", sg.tanh(sg.let("net1", W @ x)))
    y = sg.let("y", sg.sigmoid(sg.let("net2", V @ h)))
    derivation = sg.derive(sg.let("E", sg.sum((y - d) ** 2)), W, delta_sign=-1)

    assert [one.unicode() for one in (*derivation.names, derivation.result)] == [
        "δ₂ = 2 (d − y) ⊙ y ⊙ (1 − y)",
        "δ₁ = Vᵀ δ₂ ⊙ (1 − h²)",
        "dE/dW = −δ₁ xᵀ",
    ]
    first = next(step for step in derivation.steps if step.name is not None)
    assert first.line("unicode").endswith(" = −dE/dy ⊙ y ⊙ (1 − y) = 2 (d − y) ⊙ y ⊙ (1 − y)")


def test_a_matrix_with_a_single_row_stays_a_matrix():
    x, W, V = sg.input("x", 3), sg.parameter("W", (4, 3)), sg.parameter("V", (1, 4))
    h = sg.let("h", sg.tanh(W @ x))
    loss = sg.let("L", sg.sum(sg.let("y", sg.tanh(V @ h))))
    derivation = sg.derive(loss, [W, V])

    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == [
        "δ₂ = 1 − y²",
        "δ₁ = δ₂ Vᵀ ⊙ (1 − h²)",
        "dL/dW = δ₁ xᵀ",
        "dL/dV = δ₂ hᵀ",
    ]


def test_a_number_made_of_a_row_and_a_column_stays_one_factor():
    X, b, c = sg.input("X", (1, 3)), sg.input("b", 3), sg.input("c", 3)

    assert sg.derive(sg.let("L", b @ X.T @ X @ c), X).result.unicode() == (
        "dL/dX = (b·Xᵀ) cᵀ + bᵀ (X c)"
    )


# --- as one writes it ---------------------------------------------------------------------------


def test_a_polynomial_falls_from_its_highest_power_to_its_number():
    x = sg.input("x")

    assert sg.derive(sg.let("f", 2 * x**2 + 3 * x), x).result.unicode() == "df/dx = 4 x + 3"
    cubic = sg.let("f", x**3 + x**2 + x)
    assert sg.derive(cubic, x).result.unicode() == "df/dx = 3 x² + 2 x + 1"
    assert sg.derive(sg.let("f", sg.tanh(x)), x).result.unicode() == "df/dx = 1 − f²"


def test_two_bounds_are_one_chain_of_comparisons():
    N, w = sg.input("N"), sg.parameter("w")
    inside = sg.let("φ", sg.indicator(sg.logical_and(0 < N, N <= 11)))
    derivation = sg.derive(sg.let("score", w * inside), w)

    assert derivation.given[0].unicode() == "φ = 1[0 < N ≤ 11]"
    assert derivation.given[0].latex() == r"\phi = \mathbf{1}\left[0 < N \le 11\right]"


def test_the_slope_of_elu_is_written_with_its_value():
    z = sg.input("z")
    derivation = sg.derive(sg.let("f", sg.elu(z, 0.5)), z)

    assert derivation.result.unicode() == "df/dz = 1[z ≤ 0] (f + 0.5) + 1[z > 0]"
    assert derivation.verified


def test_a_bound_that_is_no_short_decimal_is_left_as_the_user_wrote_it():
    x = sg.input("x")

    assert sg.derive(sg.relu(2 * x - 1.1), x).result.unicode() == "dL/dx = 2 1[x > 0.55]"
    long = sg.derive(sg.relu(1.2 * x + 1), x).result.unicode()
    assert long == "dL/dx = 1.2 1[1.2 x + 1 > 0]"


def test_a_difference_stays_as_the_user_wrote_it():
    w, x, y = sg.parameter("w", 2), sg.input("x", 2), sg.input("y")
    f = sg.let("f", sg.sigmoid(w @ x))
    derivation = sg.derive(sg.let("L", (y - f) ** 2 / 2), [w, "f"])

    assert [one.unicode() for one in derivation.results] == [
        "dL/dw = −(y − f) f (1 − f) x",
        "dL/df = f − y",
    ]
    assert derivation.verified


# --- sequences written out, and entries ---------------------------------------------------------


def test_the_entries_of_a_sequence_are_vectors_with_the_number_of_their_time():
    x, s = sg.input("x", (2, 3)), sg.input("s0", 4)
    U, W = sg.parameter("U", (4, 3)), sg.parameter("W", (4, 4))
    for t in (1, 2):
        s = sg.let(f"s{t}", sg.tanh(U @ x[t - 1] + W @ s))
    derivation = sg.derive(sg.let("E", sg.sum(s**2) / 2), [U, W])

    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == [
        "δ₂ = s₂ ⊙ (1 − s₂²)",
        "δ₁ = Wᵀ δ₂ ⊙ (1 − s₁²)",
        "dE/dU = δ₂ x₂ᵀ + δ₁ x₁ᵀ",
        "dE/dW = δ₂ s₁ᵀ + δ₁ s₀ᵀ",
    ]
    assert "x₁[j] = x[0,j]" in [one.unicode() for one in derivation.given]
    assert derivation.verified


def test_a_number_cut_out_of_a_vector_is_one_entry():
    x, W = sg.input("x", 2), sg.parameter("W", 3)
    phi = sg.let("φ", sg.stack([x[0], x[1], x[0] * x[1]]))
    derivation = sg.derive(sg.let("score", W @ phi), x)

    assert "W[2] x[1]" in derivation.result.unicode()
    assert derivation.verified


def test_the_definition_of_a_column_is_a_column():
    V, W = sg.parameter("V", ("C", 3)), sg.parameter("W", (4, 3))
    h = sg.let("h", sg.mean(V, axis=0))
    derivation = sg.derive(sg.let("E", sg.sum((W @ h) ** 2)), V)

    assert derivation.given[0].unicode() == "h = Vᵀ 𝟏/C"


def test_entries_keep_their_letters_in_numerator_layout():
    x, w = sg.input("x", 5), sg.parameter("w", 3)
    loss = sg.let("L", sg.sum(sg.let("y", sg.conv1d(x, w))))
    derivation = sg.derive(loss, w, layout="numerator")

    assert derivation.result.unicode() == "dL/dw[i] = Σ_{l<3} x[l+i]"
    assert derivation.verified
