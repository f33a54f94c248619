"""Functions without a formula: what is printed of them, and what they refuse."""

import pickle

import numpy as np
import pytest

import symgraph as sg
from symgraph.abstract import smooth, smooth_instances
from symgraph.scalar import slot, tanh


def layer():
    x, y = sg.input("x", 3), sg.input("y", 2)
    W1, W2 = sg.parameter("W1", (4, 3)), sg.parameter("W2", (2, 4))
    return x, y, W1, W2


def test_the_derivative_of_an_abstract_function_has_a_prime():
    f, g = sg.function("f"), sg.function("g", 2)
    u, v = sg.input("u"), sg.input("v")

    assert sg.derive(sg.let("L", f(2 * u)), u).result.unicode() == "dL/du = 2 f'(2 u)"
    assert sg.derive(sg.let("L", sg.grad(f(u), u)), u).result.text() == "dL/du = f''(u)"
    by_v = sg.derive(sg.let("L", g(u, v)), v)
    assert by_v.result.unicode() == "dL/dv = ∂₂g(u, v)"
    assert by_v.result.text() == "dL/dv = D2g(u, v)"
    assert by_v.result.latex().endswith(r"\partial_{2} g(u, v)")
    assert by_v.verified


def test_mixed_partial_derivatives_do_not_depend_on_the_order():
    g, u, v = sg.function("g", 2), sg.input("u"), sg.input("v")
    one = sg.grad(sg.grad(g(u, v), u), v)

    assert one is sg.grad(sg.grad(g(u, v), v), u)
    assert str(one) == "D12g(u, v)"


def test_a_net_with_an_abstract_activation_reads_as_in_the_lecture():
    x, y, W1, W2 = layer()
    f = sg.function("f")
    h = sg.let("h", f(sg.let("net1", W1 @ x)))
    loss = sg.let("L", sg.sum((sg.let("ŷ", W2 @ h) - y) ** 2) / 2)
    derivation = sg.derive(loss, W1)

    assert [one.unicode() for one in (*derivation.names, derivation.result)] == [
        "δ₂ = ŷ − y",
        "δ₁ = W₂ᵀ δ₂ ⊙ f'(net₁)",
        "dL/dW₁ = δ₁ xᵀ",
    ]
    assert derivation.verified


@pytest.mark.parametrize("given", ["tanh", sg.tanh])
def test_a_known_activation_can_be_called_f(given):
    x, y, W1, W2 = layer()
    h = sg.let("h", sg.tanh(sg.let("net1", W1 @ x)))
    loss = sg.let("L", sg.sum((sg.let("ŷ", W2 @ h) - y) ** 2) / 2)
    derivation = sg.derive(loss, W1, abstract={"f": given})

    assert derivation.names[1].unicode() == "δ₁ = W₂ᵀ δ₂ ⊙ f'(net₁)"
    assert derivation.unicode().endswith("\n\nf stands for tanh.")
    assert derivation.with_style(lang="zh").unicode().endswith("\n\n其中 f 表示 tanh。")
    assert derivation.verified


def test_what_does_not_occur_cannot_be_called_f():
    x = sg.input("x")

    with pytest.raises(sg.UnknownNameError, match="no tanh of one operand"):
        sg.derive(sg.sin(x), x, abstract={"f": "tanh"})


def test_layers_may_have_activations_of_their_own():
    x, y, W1, W2 = layer()
    h = sg.let("h", sg.tanh(sg.let("net1", W1 @ x)))
    out = sg.let("o", sg.exp(sg.let("net2", W2 @ h)))
    loss = sg.let("E", sg.sum((out - y) ** 2) / 2)
    derivation = sg.derive(loss, W1, abstract={"f₁": "tanh", "f₂": sg.exp})

    assert [one.unicode() for one in derivation.names] == [
        "δ₂ = (o − y) ⊙ f₂'(net₂)",
        "δ₁ = W₂ᵀ δ₂ ⊙ f₁'(net₁)",
    ]
    assert derivation.names[1].latex().endswith(r"\odot f_{1}'(\mathrm{net}_{1})")


def test_a_function_within_itself_is_called_f_at_both_places():
    x = sg.input("x")

    result = sg.derive(sg.apply(tanh(tanh(slot(0))), x), x, abstract={"f": "tanh"}).result
    assert result.unicode() == "dL/dx = f'(x) f'(f(x))"


@pytest.mark.parametrize("bad", ["tanh", ["tanh"], {"f": 3}])
def test_names_are_given_to_functions_in_a_mapping(bad):
    x = sg.input("x")

    with pytest.raises(sg.KindError, match="derive: abstract="):
        sg.derive(sg.tanh(x), x, abstract=bad)


def test_an_instance_takes_the_place_of_the_function_in_every_derivative():
    f, x = sg.function("f"), sg.input("x", 3)
    slope = sg.grad(sg.sum(f(f(2 * x))), x)
    values = np.array([0.3, -0.2, 1.1])

    found = sg.evaluate(sg.instantiate(slope, {"f": sg.sin}), {x: values})
    expected = np.cos(np.sin(2 * values)) * np.cos(2 * values) * 2
    assert found == pytest.approx(expected, rel=1e-12)


def test_an_instance_reaches_into_loops():
    f, xs, w = sg.function("f"), sg.input("xs", 4), sg.parameter("w")
    loss = sg.scan(lambda h, x: f(w * h + x), sg.const(0.0), xs).final ** 2
    values = {xs: np.array([0.1, 0.5, -0.3, 0.2]), w: 0.7}

    def run(weight):
        h = 0.0
        for one in values[xs]:
            h = np.tanh(weight * h + one)
        return h**2

    slope = sg.instantiate(sg.grad(loss, w), {"f": sg.tanh})
    expected = (run(0.7 + 1e-6) - run(0.7 - 1e-6)) / 2e-6
    assert float(sg.evaluate(slope, values)) == pytest.approx(expected, rel=1e-7)


def test_an_instance_may_be_any_formula_entry_by_entry():
    f, x = sg.function("f"), sg.input("x")
    swish = sg.instantiate(sg.grad(f(x), x), {"f": lambda t: t * sg.sigmoid(t)})
    sigma = 1 / (1 + np.exp(-0.4))

    expected = sigma + 0.4 * sigma * (1 - sigma)
    assert float(sg.evaluate(swish, {x: 0.4})) == pytest.approx(expected, rel=1e-12)


def test_without_an_instance_there_are_no_values():
    f, x = sg.function("f"), sg.input("x")

    with pytest.raises(sg.UnsupportedError, match=r"function .f. is abstract .* sg\.instantiate"):
        sg.evaluate(f(x), {x: 1.0})
    with pytest.raises(sg.UnsupportedError, match="function 'f' is abstract"):
        sg.compile([x], f(x))
    # Values within the block are not kept for the time after it.
    with smooth_instances():
        assert np.isfinite(sg.evaluate(f(x), {x: 1.0}))
    with pytest.raises(sg.UnsupportedError, match="function 'f' is abstract"):
        sg.evaluate(f(x), {x: 1.0})


def test_random_instances_are_smooth_positive_or_not_and_always_the_same():
    def values(body):
        return np.array([float(body.subs(slot(0), at)) for at in np.linspace(-5, 5, 101)])

    positive, signed = values(smooth("f", 1)), values(smooth("f", 1, seed=1))
    assert np.all(positive > 0)
    assert np.any(signed > 0)
    assert np.any(signed < 0)
    assert smooth("f", 1) is smooth("f", 1)
    assert smooth("f", 1) != smooth("g", 1)


def test_an_abstract_function_is_drawn_and_pickled(tmp_path):
    f, x = sg.function("f"), sg.input("x")
    node = sg.grad(f(x) ** 2, x)

    assert pickle.loads(pickle.dumps(node)) is node
    sg.draw(sg.let("L", f(x))).save(tmp_path / "f.svg")
    assert (tmp_path / "f.svg").stat().st_size > 0


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: sg.function("tanh"), sg.NameClashError, "has a meaning already"),
        (lambda: sg.function("σ"), sg.NameClashError, "has a meaning already"),
        (lambda: sg.function("f'"), sg.UnknownNameError, "is not a name"),
        (lambda: sg.function("f", 0), sg.ShapeError, "0 operands"),
        (lambda: sg.function("f")(1.0, 2.0), sg.ShapeError, "has 1 operands and was given 2"),
        (lambda: sg.instantiate(sg.input("x") + 1, {"f": sg.tanh}), sg.UnknownNameError, "none"),
        (
            lambda: sg.instantiate(
                sg.function("f")(sg.input("x", 3)), {"f": lambda t: sg.stack([t, t])[0]}
            ),
            sg.UnsupportedError,
            "entry by entry",
        ),
        (
            lambda: sg.instantiate(sg.function("f")(sg.input("x")), {"f": 3}),
            sg.KindError,
            "give a function",
        ),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
