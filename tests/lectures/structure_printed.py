"""What the lectures ask of lines beside gradients: equal forms, update rules; signs and borders."""

from __future__ import annotations

import contextlib
import io
import itertools
from fractions import Fraction

import numpy as np
import pytest

import symgraph as sg
from lectures.checks import check
from lectures.drawn import bare
from lectures.numbers_of_features import safe
from symgraph import cli
from symgraph.walks import variables
from symgraph.zoo import builder

# --- two forms of one function ------------------------------------------------------------------


@check("def", "S0-01")
def both_forms_of_the_bias_are_printed_and_are_one_polynomial() -> None:
    """A polynomial that is linear in each variable and 0 wherever these are 0 or 1 is 0."""
    forms = builder("bias")(2)
    printed = [sg.derive(one, "W").given for one in (forms.loss, forms.absorbed)]
    assert [[line.text() for line in lines] for lines in printed] == [
        ["h = W·x + b"],
        ["W′ = [b, W]", "φ(x) = [1, x]", "h = W′·φ(x)"],
    ]
    for w1, w2, b, x1, x2 in itertools.product((0, 1), repeat=5):
        at = {"W": [w1, w2], "b": b, "x": [x1, x2]}
        first, second = sg.evaluate([forms.loss, forms.absorbed], at)
        assert first == second == Fraction(w1 * x1 + w2 * x2 + b)


@check("def", "S0-01", "S4-56", "S4-24")
def what_is_equal_stays_equal_far_from_0() -> None:
    """Both forms of an absorbed bias, of a joined matrix and of tanh z = 2 σ(2z) - 1."""
    z, x, h = sg.input("z"), sg.input("x", 2), sg.input("h", 3)
    W1, W2 = sg.parameter("W1", (4, 2)), sg.parameter("W2", (4, 3))
    forms = builder("bias")(2)
    apart = W1 @ x + W2 @ h
    together = sg.concat([W1, W2], axis=1) @ sg.concat([x, h])
    pairs = (
        (forms.loss, forms.absorbed),
        (apart, together),
        (sg.tanh(z), 2 * sg.sigmoid(2 * z) - 1),
    )
    rng = np.random.default_rng(3)
    for left, right in pairs:
        leaves = {leaf.name: leaf.shape for leaf in variables([left, right])}
        for scale in (1e-3, 1.0, 30.0):
            at = {name: scale * rng.normal(size=shape) for name, shape in leaves.items()}
            first, second = sg.evaluate([left, right], at)
            assert first == pytest.approx(second, rel=1e-12, abs=1e-12)


@check("der", "S3-06")
def two_linear_layers_have_the_product_of_their_matrices_as_derivative() -> None:
    A, B, x = sg.parameter("A", (3, 2)), sg.parameter("B", (2, 3)), sg.input("x", 2)
    for y in (B @ (A @ x), (B @ A) @ x):
        found = sg.derive(sg.let("y", y), "x")
        assert [line.text() for line in found.given] == ["y = B A x"]
        assert str(found.result) == "dy/dx = B A"
        assert found.result.latex() == r"\frac{\partial y}{\partial x} = B A"


# --- signs --------------------------------------------------------------------------------------


@check("der", "S0-08")
def the_sign_has_no_slope_and_its_value_at_0_is_printed() -> None:
    found = sg.derive(sg.let("y", safe(1)), ["x1", "x2"])

    assert [line.text() for line in found.given] == ["y = sign(|x1 - x2| - 1, 1)"]
    assert [line.text() for line in found.results] == ["dy/dx1 = 0", "dy/dx2 = 0"]


@check("draw", "S0-08")
def the_graph_of_the_safe_distance_has_the_sign_on_top() -> None:
    """x1, x2 and 1, their difference, its absolute value, the difference from 1, the sign."""
    view = sg.draw(sg.let("y", safe(1))).view
    names = {node.id: node.alt for node in view.nodes}
    found = {(names[e.tail], names[e.head], bare(e.label or "")) for e in view.edges}

    assert len(view.nodes) == 7
    assert found == {
        ("x1", "x1 - x2", "1"),
        ("x2", "x1 - x2", "-1"),
        ("x1 - x2", "|x1 - x2|", "sign(x_1-x_2)"),
        ("|x1 - x2|", "|x1 - x2| - 1", "1"),
        ("1", "|x1 - x2| - 1", "-1"),
        ("|x1 - x2| - 1", "y", "0"),
    }


@check("draw", "S0-09", "S4-04")
def units_that_decide_have_their_thresholds_in_their_circles() -> None:
    """2 inputs, 2 hidden units and 1 output; 2 inputs and 1 unit, which fires above -b."""
    cars = layers(builder("two-cars-by-hand")())
    assert cars[0] == ["h_1:1", "h_2:1", "x_1:x_1", "x_2:x_2", "y:0"]
    assert cars[1] == [
        "h_1>y:1", "h_2>y:1", "x_1>h_1:1", "x_1>h_2:-1", "x_2>h_1:-1", "x_2>h_2:1",
    ]  # fmt: skip
    unit = layers(builder("perceptron")())
    assert unit == (
        [r"\haty:-b", "x_1:x_1", "x_2:x_2"], [r"x_1>\haty:w_1", r"x_2>\haty:w_2"],
    )  # fmt: skip


def layers(system: object) -> tuple[list[str], list[str]]:
    """The nodes of a picture of layers with what stands in them, and the labelled edges."""
    view = sg.draw(system, style="layers").view
    names = {node.id: bare(node.caption or node.label) for node in view.nodes}
    nodes = [f"{names[node.id]}:{bare(node.label)}" for node in view.nodes]
    edges = [f"{names[e.tail]}>{names[e.head]}:{bare(e.label or '')}" for e in view.edges]
    return sorted(nodes), sorted(edges)


@check("draw", "S3-01")
def every_token_has_one_label() -> None:
    """A word, its vector, a state from the left, one from the right and a label, at 3 times."""
    view = sg.draw(builder("tagger")(), style="timeline", steps=3).view
    names = {node.id: bare(node.label) for node in view.nodes}
    found = sorted(f"{names[e.tail]}>{names[e.head]}:{bare(e.label or '')}" for e in view.edges)

    assert len(view.nodes) == 3 * 5 + 2
    assert sum(node.role == "output" for node in view.nodes) == 3
    assert found == sorted(
        one
        for t in (1, 2, 3)
        for one in (
            f"ids_{t}>w_{t}:E", f"w_{t}>h_{t}:U", f"w_{t}>g_{t}:U_g", f"h_{t}>z_{t}:V",
            f"g_{t}>z_{t}:V", f"h_{t - 1}>h_{t}:W", f"g_{t + 1}>g_{t}:W_g",
        )
    )  # fmt: skip


# --- rules --------------------------------------------------------------------------------------

#: The lines of an update rule, as its page has them.
RULES = {
    "S4-02": ("hebb", ["w⁺ = w + 0.5 xᵀ y", "b⁺ = b + 0.5 Σ(y)"]),
    "S4-05": ("perceptron", ["error = y − ŷ", "w⁺ = w + xᵀ error", "b⁺ = b + Σ(error)"]),
    "S4-43": (
        "cd1",
        [
            "h = σ(v W + c)", "v′ = σ(h Wᵀ + b)", "h′ = σ(v′ W + c)",
            "W⁺ = W + 0.1 (vᵀ h − v′ᵀ h′)/N",
        ],
    ),
}  # fmt: skip


@check("def", "S4-02", "S4-05", "S4-43")
def a_rule_that_is_no_gradient_is_printed_as_an_expression() -> None:
    for name, lines in RULES.values():
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert cli.main(["zoo", name]) == 0
        printed = [line.strip() for line in out.getvalue().splitlines()]
        assert [line for line in lines if line in printed] == lines


# --- training and test --------------------------------------------------------------------------


@check("train", "S4-48")
def units_fall_out_anew_in_every_step_and_none_in_the_test() -> None:
    """With rate ½ kept units count twice: in training W is moved only where units were kept."""
    x, y, W = sg.input("x", ("N", 6)), sg.input("y", "N"), sg.parameter("W", 6)
    h = sg.let("h", sg.dropout(x, 0.5))
    loss = sg.mean((h @ W - y) ** 2)
    model = sg.Model(loss, [x, y], outputs={"z": h @ W}, seed=5)
    data = {"x": np.ones((1, 6)), "y": [1.0]}
    kept = []
    for _ in range(8):
        model.parameters["W"][...] = 0.0
        model.step(data, optimizer=sg.optim.SGD(0.25))
        # The gradient is -2 y times 0 or 2: each weight stays, or moves by 1.
        moved = model.parameters["W"].copy()
        assert {*np.round(moved, 12)} <= {0.0, 1.0}
        kept.append(tuple(moved))
    assert len({*kept}) > 1
    assert 0 < np.mean(kept) < 1
    model.parameters["W"][...] = 1.0
    assert model.predict({"x": data["x"]})["z"] == pytest.approx([6.0])
