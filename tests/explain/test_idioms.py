"""Functions that are written out are derived by their names, and only where they are these."""

from __future__ import annotations

import numpy as np
import pytest

import symgraph as sg
from symgraph.explain.idioms import with_idioms

z, y = sg.input("z", 4), sg.input("y", 4)
Z, T = sg.input("Z", (5, 4)), sg.input("T", (5, 4))
S = sg.input("S", (3, 3))
X, w, t = sg.input("X", (5, 3)), sg.input("w", 3), sg.input("t", 5)


def divided(x: sg.Node, axis: int, keepdims: bool = True) -> sg.Node:
    raised = sg.exp(x)
    return raised / sg.sum(raised, axis=axis, keepdims=keepdims)


def shifted(x: sg.Node) -> sg.Node:
    return divided(x - sg.max(x, axis=1, keepdims=True), 1)


WRITTEN_OUT = {
    "one sample": (sg.exp(z) / sg.sum(sg.exp(z)), "softmax(z)"),
    "rows": (divided(Z, 1), "softmax(Z)"),
    "rows, with an axis of its own": (sg.exp(Z) / sg.sum(sg.exp(Z), axis=1)[:, None], "softmax(Z)"),
    "rows, shifted by the largest": (shifted(Z), "softmax(Z)"),
    "columns": (divided(Z, 0), "softmax(Z, axis=0)"),
    "columns, without an axis of its own": (divided(Z, 0, keepdims=False), "softmax(Z, axis=0)"),
    "a logistic unit": (1 / (1 + sg.exp(-(X @ w))), "σ(X w)"),
    "a logistic unit, the other way": (sg.exp(t) / (1 + sg.exp(t)), "σ(t)"),
}
OTHER = {
    "rows divided by the sums of columns": divided(S, 1, keepdims=False),
    "the sum of other exponentials": sg.exp(z) / sg.sum(sg.exp(y)),
    "two plus exp": 1 / (2 + sg.exp(-t)),
    "one minus exp": 1 / (1 - sg.exp(-t)),
    "not negated": 1 / (1 + sg.exp(t)),
}


@pytest.mark.parametrize("title", WRITTEN_OUT)
def test_what_is_written_out_is_given_by_its_name_and_keeps_its_value(title):
    node, name = WRITTEN_OUT[title]
    short = with_idioms(node, [])[node]
    leaves = {leaf: np.linspace(-1, 1.3, int(np.prod(leaf.shape))).reshape(leaf.shape)
              for leaf in (z, Z, X, w, t) if leaf in set(with_idioms(node, []))}  # fmt: skip
    given = sg.derive(sg.sum(node**2), next(iter(leaves))).given

    assert short is not node
    assert sg.evaluate(short, leaves) == pytest.approx(sg.evaluate(node, leaves), rel=1e-13)
    assert name in " ".join(one.unicode() for one in given)


@pytest.mark.parametrize("title", OTHER)
def test_what_only_looks_like_it_stays(title):
    node = OTHER[title]

    assert with_idioms(node, [])[node] is node


def test_what_is_differentiated_by_is_not_written_away():
    raised = sg.exp(z)
    loss = sg.sum(y * sg.log(raised / sg.sum(raised)))

    assert sg.derive(loss, raised).verified
    assert with_idioms(loss, [raised])[loss] is loss


@pytest.mark.parametrize("named", [False, True])
def test_cross_entropy_written_out_reaches_prediction_minus_target(named):
    raised = sg.exp(z)
    prediction = raised / sg.sum(raised)
    if named:
        prediction = sg.let("ŷ", prediction)
    derivation = sg.derive(-sg.sum(y * sg.log(prediction)), z, assume=sg.sum(y) == 1)

    soft = "ŷ" if named else "softmax(z)"
    assert derivation.result.unicode() == f"dL/dz = {soft} − y"
    assert derivation.verified
    assert len(derivation.steps) <= 8
    assert derivation.steps[-1].line("unicode").endswith(f" = {soft} − y")
    assert derivation.steps[-1].rule == "softmax"


def test_cross_entropy_of_rows_written_out_reaches_prediction_minus_target():
    loss = -sg.sum(T * sg.log(divided(Z, 1)))
    derivation = sg.derive(loss, Z, assume=sg.sum(T, axis=1) == 1)

    assert derivation.result.unicode() == "dL/dZ = softmax(Z) − T"


def test_logistic_loss_written_out_is_prediction_minus_target_times_the_data():
    p = 1 / (1 + sg.exp(-(X @ w)))
    loss = -sg.sum(t * sg.log(p) + (1 - t) * sg.log(1 - p))

    assert sg.derive(loss, w).result.unicode() == "dL/dw = Xᵀ (σ(X w) − t)"


def test_a_log_softmax_is_one_step_and_a_named_logarithm_is_none():
    log_sum = sg.let("A", sg.logsumexp(z))
    whole = sg.derive(-sg.sum(y * sg.log_softmax(z)), z, assume=sg.sum(y) == 1)
    by_parts = sg.derive(-sg.sum(y * (z - log_sum)), z, assume=sg.sum(y) == 1)

    assert [step.rule for step in whole.steps][-1] == "log-softmax"
    assert [step.rule for step in by_parts.steps][-1] == "sum over paths"
    assert whole.result.unicode() == "dL/dz = softmax(z) − y"
    assert by_parts.result.unicode() == "dL/dz = exp(z − A) − y"
