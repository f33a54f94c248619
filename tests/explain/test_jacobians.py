"""Jacobians and Hessians as matrices, and in index form where they are none.

The printed lines are literals of Petersen and Pedersen, The Matrix Cookbook (2012), and of the
lectures; the values are held against torch's own Jacobians and Hessians.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

import symgraph as sg
from symgraph.notation.numeric import value
from symgraph.notation.tree import Verbatim
from symgraph.walks import variables

torch = pytest.importorskip("torch")


def v(name: str, *shape: int) -> sg.Node:
    return sg.input(name, shape)


n, m, k = 4, 3, 2
A, B, W, W2, X = v("A", n, n), v("B", n, n), v("W", m, n), v("W2", k, m), v("X", 5, n)
x, a, b, z, t, w, y = (
    v("x", n), v("a", n), v("b", m), v("z", n), v("t", n), v("w", n), v("y", 5)
)  # fmt: skip
U, V, T = v("U", 5, 2), v("V", n, 2), v("T", 5, n)
u = sg.let("u", x - a)
h1 = sg.let("h1", sg.tanh(W @ x + b))
s = sg.let("s", sg.softmax(z))

JACOBIANS: dict[str, tuple[Callable[[], sg.Node], sg.Node, str, Callable[..., Any]]] = {
    "affine": (lambda: W @ x + b, x, "W", lambda W, x, b: W @ x + b),
    "row": (lambda: x @ A, x, "Aᵀ", lambda A, x: x @ A),
    "itself": (lambda: x, x, "I", lambda x: x * 1),
    "entrywise": (lambda: sg.sin(x), x, "diag(cos(x))", lambda x: torch.sin(x)),
    "product": (
        lambda: x * sg.exp(x), x, "diag(exp(x) + x ⊙ exp(x))", lambda x: x * torch.exp(x)
    ),
    "layer": (lambda: sg.let("h", sg.tanh(W @ x)), x, "diag(1 − h²) W",
              lambda W, x: torch.tanh(W @ x)),
    "two layers": (lambda: W2 @ h1, x, "W₂ diag(1 − h₁²) W",
                   lambda W, W2, x, b: W2 @ torch.tanh(W @ x + b)),
    "softmax": (lambda: s, z, "diag(s) − s sᵀ", lambda z: torch.softmax(z, 0)),
    "softmax of a layer": (
        lambda: sg.let("o", sg.softmax(W @ x)), x, "(diag(o) − o oᵀ) W",
        lambda W, x: torch.softmax(W @ x, 0),
    ),
    "MC 130": (lambda: u / sg.norm(u), x, "I/‖u‖ − u uᵀ/‖u‖³",
               lambda x, a: (x - a) / torch.linalg.norm(x - a)),
    "by a number": (lambda: sg.let("h", sg.tanh(v("c") * x)), v("c"), "(1 − h²) ⊙ x",
                    lambda c, x: torch.tanh(c * x)),
    "residual block": (
        lambda: sg.let("y", sg.tanh(A @ sg.let("h", sg.tanh(B @ x)) + x)), x,
        "diag(1 − y²) + diag(1 − y²) A diag(1 − h²) B",
        lambda A, B, x: torch.tanh(A @ torch.tanh(B @ x) + x),
    ),
    "shares": (lambda: x / sg.sum(x), x, "I/Σ(x) − x 𝟏ᵀ/Σ(x)²", lambda x: x / x.sum()),
    "linear system": (lambda: sg.solve(A, x), x, "A⁻¹", lambda A, x: torch.linalg.solve(A, x)),
}  # fmt: skip


def against_torch(derivation: Any, expr: sg.Node, derived: Callable[..., Any]) -> None:
    """The result's value against `derived(data)`, which uses torch."""
    rng = np.random.default_rng(3)
    shapes = {one.name: tuple(map(int, one.shape)) for one in variables([expr])}
    data: dict[str, Any] = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    wanted = derived({name: torch.tensor(array) for name, array in data.items()})
    for one in (*derivation.given, *derivation.names):
        if one.left.name not in data:
            data[one.left.name] = value(one.right, data, {})
    assert derivation.verified
    assert not isinstance(derivation.result.right, Verbatim)
    np.testing.assert_allclose(
        value(derivation.result.right, data, {}).reshape(wanted.shape), wanted, atol=1e-9
    )


@pytest.mark.parametrize("title", JACOBIANS)
def test_a_jacobian_is_printed_as_a_matrix_and_has_the_value_of_torch(title):
    make, wrt, expected, reference = JACOBIANS[title]
    expr = make()
    derivation = sg.derive(expr, wrt)

    def derived(data: dict[str, Any]) -> Any:
        source = data.pop(wrt.name)
        return torch.autograd.functional.jacobian(
            lambda one: reference(**data, **{wrt.name: one}), source
        ).numpy()

    assert derivation.result.unicode().split(" = ", 1)[1] == expected
    against_torch(derivation, expr, derived)


def test_each_local_jacobian_is_a_step_and_the_chain_rule_the_last():
    steps = sg.derive(W2 @ h1, x).steps

    assert [step.line("unicode") for step in steps] == [
        "dy/dh₁ = W₂",
        "dh₁/d(W x + b) = diag(1 − h₁²)",
        "d(W x + b)/dx = W",
        "dy/dx = (dy/dh₁) (dh₁/d(W x + b)) (d(W x + b)/dx) = W₂ diag(1 − h₁²) W",
    ]


def test_the_lectures_chain_of_one_recurrent_step():
    f = sg.function("f")
    wh, ux = v("W", m, m), v("U", m, k)
    before = v("net_{t-1}", m)
    state = sg.let("s_{t-1}", f(before))
    net = sg.let("net_t", ux @ v("x_t", k) + wh @ state)

    assert sg.derive(net, state).result.text() == "dnet_t/ds_{t-1} = W"
    assert sg.derive(state, before).result.text() == ("ds_{t-1}/dnet_{t-1} = diag[f'(net_{t-1})]")
    assert sg.derive(net, before).result.text() == "dnet_t/dnet_{t-1} = W diag[f'(net_{t-1})]"
    assert sg.derive(net, before).verified


def test_denominator_layout_is_the_transpose():
    derivation = sg.derive(W2 @ h1, x, layout="denominator")

    assert derivation.result.unicode() == "dy/dx = Wᵀ diag(1 − h₁²) W₂ᵀ"


def test_a_vector_by_a_matrix_is_no_matrix_and_has_indices():
    derivation = sg.derive(sg.let("h", sg.tanh(W @ x)), W)

    assert derivation.result.unicode() == "dh[i]/dW[j,k] = 1[i = j] (1 − h[j]²) x[k]"
    assert derivation.result.latex() == (
        r"\frac{\partial h_{i}}{\partial W_{j,k}} = "
        r"\mathbf{1}\left[i = j\right] (1 - h_{j}^{2}) x_{k}"
    )
    against_torch(
        derivation, sg.tanh(W @ x),
        lambda data: torch.autograd.functional.jacobian(
            lambda one: torch.tanh(one @ data["x"]), data["W"]
        ).numpy(),
    )  # fmt: skip


# --- second derivatives -------------------------------------------------------------------------

q = sg.let("q", sg.sigmoid(X @ w))
HESSIANS: dict[str, tuple[Callable[[], sg.Node], Any, str, Callable[..., Any]]] = {
    "quadratic form": (lambda: x @ A @ x, x, "A + Aᵀ", lambda A, x: x @ A @ x),
    "least squares": (lambda: sg.sum((X @ w - y) ** 2) / 2, w, "Xᵀ X",
                      lambda X, w, y: ((X @ w - y) ** 2).sum() / 2),
    "softplus": (
        lambda: sg.sum(sg.log(1 + sg.exp(X @ w))), w, "Xᵀ diag(q ⊙ (1 − q)) X",
        lambda X, w: torch.log(1 + torch.exp(X @ w)).sum(),
    ),
    "cubes": (lambda: sg.sum(x**3), x, "6 diag(x)", lambda x: (x**3).sum()),
    "log-sum-exp": (lambda: sg.log(sg.sum(sg.exp(z))), z, "diag(g) − g gᵀ",
                    lambda z: torch.logsumexp(z, 0)),
}  # fmt: skip


@pytest.mark.parametrize("title", HESSIANS)
def test_a_hessian_is_printed_as_a_matrix_and_has_the_value_of_torch(title):
    make, wrt, expected, reference = HESSIANS[title]
    expr = make()
    derivation = sg.derive(expr, wrt, order=2)

    def derived(data: dict[str, Any]) -> Any:
        source = data.pop(wrt.name)
        return torch.autograd.functional.hessian(
            lambda one: reference(**data, **{wrt.name: one}), source
        ).numpy()

    assert derivation.result.unicode().split(" = ", 1)[1] == expected
    against_torch(derivation, expr, derived)


def test_the_hessian_of_a_cross_entropy_uses_that_the_targets_sum_to_one():
    derivation = sg.derive(-sg.sum(t * sg.log(s)), z, order=2, assume=sg.sum(t) == 1)

    assert derivation.result.unicode() == "d²L/(dz dzᵀ) = diag(s) − s sᵀ"
    assert derivation.verified


def test_the_hessian_of_the_logistic_loss_with_labels_of_square_one():
    labels = v("y", 5)
    loss = sg.sum(sg.log(1 + sg.exp(-labels * (X @ w))))
    derivation = sg.derive(loss, w, order=2, assume=labels**2 == 1)

    assert derivation.result.unicode() == "d²L/(dw dwᵀ) = Xᵀ diag(q ⊙ (1 − q)) X"
    assert derivation.verified


def test_the_hessian_of_a_factorisation_has_four_indices():
    derivation = sg.derive(sg.sum((T - U @ V.T) ** 2), U, order=2)

    assert derivation.result.unicode() == "d²L/(dU[i,k] dU[j,l]) = 2 1[i = j] (Vᵀ V)[k,l]"
    against_torch(
        derivation, sg.sum((T - U @ V.T) ** 2),
        lambda data: torch.autograd.functional.hessian(
            lambda one: ((data["T"] - one @ data["V"].T) ** 2).sum(), data["U"]
        ).numpy(),
    )  # fmt: skip


def test_a_mixed_second_derivative_has_rows_for_the_first_source():
    derivation = sg.derive(x @ A @ t, [x, t], order=2)

    assert derivation.result.unicode() == "d²L/(dx dtᵀ) = A"
    assert derivation.result.latex() == (
        r"\frac{\partial^{2} L}{\partial x \, \partial t^{\mathsf{T}}} = A"
    )


@pytest.mark.parametrize("make", [lambda: x @ a, lambda: sg.max(x), lambda: sg.sum(sg.abs(x))])
def test_what_is_linear_piece_by_piece_has_no_curvature(make):
    derivation = sg.derive(make(), x, order=2)

    assert derivation.result.unicode() == "d²L/(dx dxᵀ) = 0"
    assert derivation.verified


def test_second_derivatives_by_numbers():
    c = v("c")

    assert sg.derive(c**3, c, order=2).result.unicode() == "d²L/dc² = 6 c"


def test_a_second_derivative_of_an_array_is_refused():
    with pytest.raises(sg.GradientError, match="order=2 is for a scalar"):
        sg.derive(sg.tanh(x), x, order=2)
    with pytest.raises(sg.UnsupportedError, match="order=3"):
        sg.derive(sg.sum(x), x, order=3)


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        ((), "dn/dn = 1"),
        ((3,), "dn/dn = I"),
        ((3, 2), "dn[i,j]/dn[k,l] = 1[i = k] 1[j = l]"),
        (("a", "b"), "dn[a,b]/dn[i,j] = 1[a = i] 1[b = j]"),
        ((1, 4), "dn[0,j]/dn[0,l] = 1[j = l]"),
        ((4, 1), "dn[i,0]/dn[k,0] = 1[i = k]"),
        ((1, 1), "dn/dn = 1"),
    ],
)
def test_an_array_by_itself_is_1_where_all_indices_are_the_same(shape, written):
    n = sg.input("n", shape)
    made = sg.derive(n, n)

    assert made.result.unicode() == written
    assert not made.unverified


ONE_ENTRY_AXES: list[tuple[tuple[int, ...], str, Callable[..., Any]]] = [
    (
        (1, 4),
        "dy[0,j]/dX[0,l] = 1[j = l] cos(X[0,l])",
        lambda X, p, q: int(p == q) * sympy.cos(X[q]),
    ),
    (
        (5, 1),
        "dy[i,0]/dX[k,0] = 1[i = k] cos(X[k,0])",
        lambda X, p, q: int(p == q) * sympy.cos(X[q]),
    ),
    (
        (2, 1, 3),
        "dy[i,0,k]/dX[l,0,n] = 1[i = l] 1[k = n] cos(X[l,0,n])",
        lambda X, p, q: int(p == q) * sympy.cos(X[q]),
    ),
]


@pytest.mark.parametrize(("shape", "written", "entry"), ONE_ENTRY_AXES)
def test_an_axis_of_one_entry_has_the_place_0_above_and_below(shape, written, entry):
    X = sg.input("X", shape)
    made = sg.derive(sg.sin(X), X)
    x = np.array(sympy.symbols(f"x:{math.prod(shape)}")).reshape(shape)

    assert made.result.unicode() == written
    assert not made.unverified
    places = list(np.ndindex(shape))
    assert all(sympy.sin(x[p]).diff(x[q]) == entry(x, p, q) for p in places for q in places)


def test_what_is_differentiated_may_have_an_axis_more_than_the_variable():
    a, X = sg.input("a", 3), sg.input("X", (1, 3))
    made = sg.derive(sg.sin(X) * a, a)

    assert made.result.unicode() == "dy[0,j]/da[k] = 1[j = k] sin(X[k])"
    assert not made.unverified


def test_a_root_below_a_bar_has_no_parentheses():
    s = sg.input("s")

    assert sg.derive(sg.sin(s / sg.sqrt(2)), s).result.unicode() == "dL/ds = cos(s/√2)/√2"
    assert sg.derive(s * sg.sqrt(2), s).result.unicode() == "dL/ds = √(2)"  # √2 x may be √(2 x)
