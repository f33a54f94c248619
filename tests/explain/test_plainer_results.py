"""Results in the words of a textbook: traces, tanh, outer products, joined vectors, fractions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import symgraph as sg

x, y, t = sg.input("x", 4), sg.input("y", 4), sg.input("t")
A, X, w = sg.input("A", (4, 4)), sg.input("X", (5, 3)), sg.parameter("w", 3)
S = sg.input("S", (4, 4), positive_definite=True)
noise = sg.input("σ", positive=True)
C = sg.let("C", S + noise * sg.eye(4))
W, V, U = sg.parameter("W", (3, 4)), sg.parameter("V", (2, 7)), sg.parameter("U", (4, 4))
h = sg.let("h", sg.tanh(W @ x))
u = sg.let("u", sg.concat([x, h]))
root = sg.input("a", positive=True)

RESULTS: dict[str, tuple[Callable[[], sg.Node], sg.Node, str]] = {
    "the noise of a Gaussian process": (
        lambda: y @ sg.inv(C) @ y + sg.logdet(C), noise, "tr(C⁻¹) − yᵀ C⁻² y"
    ),
    "log cosh": (lambda: sg.sum(sg.log(sg.cosh(X @ w))), w, "Xᵀ tanh(X w)"),
    "sources": (
        lambda: sg.logdet(U) - sg.sum(sg.log(sg.cosh(U @ x))), U, "U⁻ᵀ − tanh(U x) xᵀ"
    ),
    "log of a size": (lambda: sg.log(sg.abs(sg.sin(t))), t, "cos(t)/sin(t)"),
    "the outer product of a vector": (
        lambda: sg.sum(A * (x[:, None] * y[None, :])), A, "x yᵀ"
    ),
    "a cube root": (lambda: sg.power(root, 1 / 3), root, "1/(3 a^⅔)"),
    "a joined vector": (lambda: sg.squared_norm(V @ u) / 2, V, "V u uᵀ"),
}  # fmt: skip


@pytest.mark.parametrize("case", RESULTS)
def test_a_result_is_written_as_in_a_textbook(case: str) -> None:
    build, source, expected = RESULTS[case]
    loss = sg.let("L", build())

    derivation = sg.derive(loss, source)

    assert write_right(derivation) == expected
    assert derivation.verified
    assert sg.check(loss, source).ok


def write_right(derivation) -> str:
    """The result behind the sign of equality."""
    return str(derivation.result.unicode()).split(" = ", 1)[1]


def test_a_joined_vector_is_given_by_its_parts() -> None:
    derivation = sg.derive(sg.let("L", sg.squared_norm(V @ u) / 2), V)

    assert [one.unicode() for one in derivation.given][:2] == ["h = tanh(W x)", "u = [x, h]"]
    assert derivation.verified


def test_stacked_numbers_are_a_vector_by_its_entries() -> None:
    r, θ = sg.input("r"), sg.input("θ")
    derivation = sg.derive(sg.let("p", sg.stack([r * sg.cos(θ), r * sg.sin(θ)])), θ)

    assert derivation.given[0].unicode() == "p = [r cos(θ); r sin(θ)]"
    assert derivation.verified


def test_the_entries_of_a_sequence_of_matrices_keep_the_capital_letter() -> None:
    X, R = sg.input("X", ("T", "N", 3)), sg.parameter("R", (4, 4))
    Q = sg.parameter("Q", (3, 4))
    run = sg.scan(lambda H, X: sg.let("H", sg.tanh(X @ Q + H @ R)), sg.input("H0", ("N", 4)), X)
    derivation = sg.derive(sg.let("L", sg.squared_norm(run.final) / 2), Q)

    assert derivation.given[0].unicode() == "H_t = tanh(X_t Q + H_{t−1} R),  t = 1, …, T"
    assert derivation.result.unicode() == "dL/dQ = Σ_t X_tᵀ δ_t"
    assert derivation.verified


def test_letters_of_entries_are_no_names_of_the_expression() -> None:
    i, k, w = sg.input("i", (2, 3, 6)), sg.parameter("k", (4, 3, 3)), sg.input("w", (2, 4, 4))
    derivation = sg.derive(sg.let("L", sg.sum(w * sg.conv1d(i, k))), k)

    assert derivation.result.unicode() == "dL/dk[o,c,j] = Σ_{b,l} w[b,o,l] i[b,c,l+j]"
    assert derivation.verified


def test_a_negative_fraction_begins_with_its_sign() -> None:
    M = sg.input("M", (3, 4))
    loss = sg.let("L", -sg.trace((M - 1) @ (M - 1).T) / 2)
    derivation = sg.derive(loss, M)

    step = derivation.steps[1]
    assert step.line("unicode").endswith("= −½")
    assert step.line("text").endswith("= -1/2")
    assert step.line("latex").endswith(r"= -\frac{1}{2}")
    assert derivation.result.unicode() == "dL/dM = 1 − M"
    assert derivation.verified


def test_a_softmax_with_a_long_argument_is_named_and_not_its_logarithm() -> None:
    """Weights of attention over a graph (Veličković et al. 2018, eq. 3): A adds the edges."""
    H, A = sg.input("H", ("n", 3)), sg.input("A", ("n", "n"))
    W, a, b = sg.parameter("W", (3, 4)), sg.parameter("a", 4), sg.parameter("b", 4)
    Z = sg.let("Z", H @ W)
    weights = sg.softmax(sg.maximum((Z @ a)[:, None] + (Z @ b)[None, :], 0) + A, axis=1)
    text = sg.derive(sg.sum((weights @ Z) ** 2), "W").unicode()

    assert "u₁ = softmax(max(Z a + bᵀ Zᵀ, 0) + A)\n" in text
    assert "δ₂ = 2 u₁ Z\n" in text
    assert "log(" not in text
    assert "exp(" not in text
