"""Facts about data: what a derivation may use, and at which points it is compared."""

from __future__ import annotations

import numpy as np
import pytest

import symgraph as sg
from symgraph.facts import as_facts, facts_about
from symgraph.sample import draw

LOOKS = 1e-9


def test_a_claim_is_false_as_a_truth_value():
    t = sg.input("t", 3)

    claim = sg.sum(t) == 1

    assert not claim
    assert repr(claim) == "sum(t) == 1"
    assert t == t
    assert t != sg.input("u", 3)
    assert t in [sg.input("u", 3), t]


def test_softmax_cross_entropy_needs_the_sum_of_the_targets():
    z, t = sg.input("z", 4), sg.input("t", 4)
    loss = sg.let("loss", -sg.sum(t * sg.log_softmax(z)))

    assert sg.derive(loss, z).result.unicode() == "dloss/dz = Σ(t) softmax(z) − t"
    with sg.assume(sg.sum(t) == 1):
        derivation = sg.derive(loss, z)
    assert derivation.result.unicode() == "dloss/dz = softmax(z) − t"
    assert derivation.verified
    assert sg.derive(loss, z).result.unicode() == "dloss/dz = Σ(t) softmax(z) − t"


def test_an_assumption_holds_until_it_is_forgotten():
    t = sg.input("t", 5)
    held = sg.assume(sg.sum(t) == 2)
    try:
        assert [str(fact) for fact in facts_about([t * 1.5])] == ["sum(t) = 2"]
        assert facts_about([sg.input("other", 5)]) == []
    finally:
        held.forget()
    assert facts_about([t]) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda t: sg.sum(t) == 1,
        lambda t: [sg.sum(t) == 1],
        lambda t: {sg.sum(t): 1},
        lambda t: sg.equal(sg.sum(t), 1),
    ],
)
def test_a_fact_may_be_given_to_one_derivation(write):
    z, t = sg.input("z", 3), sg.input("t", 3)
    loss = sg.logsumexp(z) * sg.sum(t) - t @ z

    assert sg.derive(loss, z, assume=write(t)).result.unicode() == "dL/dz = softmax(z) − t"


def test_points_satisfy_sums_norms_and_conditions():
    t, u, x = sg.input("t", 3), sg.input("u", 4), sg.input("x", 5)
    T = sg.input("T", (3, 2))
    facts = as_facts(
        [sg.sum(t) == 1, sg.sum(u**2) == 4, x > 0, sg.sum(T, axis=1) == 1, u[0] == 2 * u[1]]
    )

    values = draw([sg.sum(t) + sg.sum(u) + sg.sum(x) + sg.sum(T)], facts=facts).values

    assert abs(values[t].sum() - 1) < LOOKS
    assert np.all(values[t] > 0)
    assert abs(np.sum(values[u] ** 2) - 4) < LOOKS
    assert abs(values[u][0] - 2 * values[u][1]) < LOOKS
    assert np.all(values[x] > 0)
    assert np.allclose(values[T].sum(axis=1), 1, atol=LOOKS)


def test_declared_matrices_are_drawn_as_declared():
    S = sg.input("S", (4, 4), symmetric=True)
    P = sg.input("P", ("n", "n"), positive_definite=True)
    q = sg.input("q", 6, positive=True)

    values = draw([sg.sum(S) + sg.sum(P) + sg.sum(q)]).values

    assert np.array_equal(values[S], values[S].T)
    assert np.linalg.eigvalsh(values[P])[0] > 0
    assert np.all(values[q] > 0)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_gradient_by_a_symmetric_matrix_moves_both_entries(n):
    """Petersen and Pedersen (2012), eq. 141 and 143."""
    A = sg.input("A", (n, n))
    X = sg.parameter("X", (n, n), positive_definite=True)
    a = np.random.default_rng(n).normal(size=(n, n))
    x = a @ a.T + np.eye(n)

    by_trace = sg.evaluate(sg.grad(sg.trace(A @ X), X), {"A": a})
    by_logdet = sg.evaluate(sg.grad(sg.logdet(X), X), {"X": x})

    assert np.allclose(by_trace, a + a.T - a * np.eye(n), atol=LOOKS)
    inverse = np.linalg.inv(x)
    assert np.allclose(by_logdet, 2 * inverse - inverse * np.eye(n), atol=LOOKS)
    assert sg.check(sg.logdet(X) + sg.trace(A @ X)).ok


def test_derivatives_by_a_symmetric_matrix_read_as_in_the_cookbook():
    A, C = sg.input("A", (3, 3)), sg.input("C", (3, 3))
    X = sg.parameter("X", (3, 3), symmetric=True)
    x = sg.input("x", 3)

    assert sg.derive(sg.trace(A @ X), X).result.unicode() == "dL/dX = A + Aᵀ − A ⊙ I"
    assert sg.derive(sg.logdet(X), X).result.unicode() == "dL/dX = 2 X⁻¹ − X⁻¹ ⊙ I"
    by_vector = sg.derive(x @ C @ x, x, assume=C == C.T)
    assert by_vector.result.unicode() == "dL/dx = 2 C x"
    by_matrix = sg.derive(sg.trace(A @ C), C, assume=C == C.T)
    assert by_matrix.result.unicode() == "dL/dC = A + Aᵀ − A ⊙ I"
    assert all(one.verified for one in (by_vector, by_matrix))


def test_training_keeps_a_symmetric_parameter_symmetric():
    S = sg.parameter("S", (3, 3), symmetric=True, init="normal")
    x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 3))
    model = sg.Model(loss=sg.mean((x @ S - y) ** 2), inputs=[x, y])
    data = np.random.default_rng(0).normal(size=(2, 12, 3))

    model.fit({"x": data[0], "y": data[1]}, optimizer=sg.optim.SGD(0.1), epochs=5, batch_size=4)

    trained = model.parameters["S"]
    assert np.allclose(trained, trained.T, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("claim", "error", "words"),
    [
        (lambda t: True, sg.KindError, "neither an equation of an expression"),
        (lambda t: "sum(t) = 1", sg.KindError, "neither an equation of an expression"),
        (lambda t: sg.sum(t), sg.KindError, "neither an equation of an expression"),
        (lambda t: 2 * t == sg.input("u", 4), sg.ShapeError, r"\(3,\).*\(4,\)"),
        (lambda t: sg.exp(sg.const([1.0, 2.0])) == 1.0, sg.KindError, "no variable"),
    ],
)
def test_what_is_no_claim_is_refused(claim, error, words):
    with pytest.raises(error, match=words):
        sg.assume(claim(sg.input("t", 3)))


def test_only_square_real_matrices_are_symmetric():
    with pytest.raises(sg.ShapeError, match=r"symmetric.*\(2, 3\)"):
        sg.parameter("X", (2, 3), symmetric=True)
    with pytest.raises(sg.KindError, match="integer and positive"):
        sg.input("n", (), "integer", positive=True)


def test_a_contradiction_leaves_the_derivation_unverified():
    t, z = sg.input("t", 3), sg.input("z", 3)

    derivation = sg.derive(t @ z, z, assume=[sg.sum(t) == 1, sg.sum(t) == 2])

    assert not derivation.verified
