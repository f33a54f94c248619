"""Prediction in pieces: the numbers of the formulas, wherever samples depend on one another."""

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.train import engine

ROWS = 53
RNG = np.random.default_rng(8)
X = RNG.normal(size=(ROWS, 3))
W = RNG.normal(size=(3, 3))
TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(engine, "_FEW", 2)
    monkeypatch.setattr(engine, "_NEAR", 5 * 3 * 8)  # five samples of the widest value


@pytest.fixture
def runs(monkeypatch):
    """The numbers of samples that programs were run on."""
    seen, run_on = [], engine.Program.run_on

    def counted(self, data, switches):
        seen.append(data.rows)
        return run_on(self, data, switches)

    monkeypatch.setattr(engine.Program, "run_on", counted)
    return seen


def predicted(make, target="numpy", data=X, **settings):
    x, w = sg.input("x", ("N", 3)), sg.parameter("W", (3, 3))
    out = make(x, w)
    model = sg.Model(sg.sum(out), [x], {"out": out}, target=target)
    if "W" in model.parameters:
        model.parameters["W"] = W
    return model.predict({"x": data}, **settings)["out"]


def softmax(z, axis):
    e = np.exp(z)
    return e / e.sum(axis=axis, keepdims=True)


APART = {
    "product": (lambda x, w: sg.tanh(x @ w), lambda: np.tanh(X @ W)),
    "softmax of a row": (lambda x, w: sg.softmax(x @ w, axis=1), lambda: softmax(X @ W, 1)),
    "row less its mean": (lambda x, w: x - sg.mean(x, axis=1, keepdims=True),
                          lambda: X - X.mean(axis=1, keepdims=True)),
    "columns": (lambda x, w: sg.transpose(x @ w), lambda: (X @ W).T),
}  # fmt: skip
TOGETHER = {
    "column less its mean": (lambda x, w: x - sg.mean(x, axis=0), lambda: X - X.mean(axis=0)),
    "softmax of a column": (lambda x, w: sg.softmax(x, axis=0), lambda: softmax(X, 0)),
    "products of samples": (lambda x, w: x @ sg.transpose(x), lambda: X @ X.T),
    "numbers of samples": (lambda x, w: x + sg.reshape(sg.arange("N"), ("N", 1)),
                           lambda: X + np.arange(ROWS)[:, None]),
    "the sample before": (lambda x, w: sg.pad(x[:-1], ((1, 0), (0, 0))),
                          lambda: np.vstack([np.zeros(3), X[:-1]])),
    "all in one row": (lambda x, w: sg.reshape(x @ w, (-1,)), lambda: (X @ W).ravel()),
    "sorted backwards": (lambda x, w: sg.flip(x, 0), lambda: X[::-1]),
}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", APART)
def test_samples_that_are_apart_are_computed_some_at_a_time(name, target, runs):
    make, expected = APART[name]

    np.testing.assert_allclose(predicted(make, target), expected(), rtol=1e-12, atol=1e-14)

    assert len(runs) == 11
    assert sum(runs) == ROWS


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", TOGETHER)
def test_samples_that_depend_on_one_another_are_computed_together(name, target, runs):
    make, expected = TOGETHER[name]

    np.testing.assert_allclose(predicted(make, target), expected(), rtol=1e-12, atol=1e-14)

    assert not runs


@pytest.mark.parametrize("training", [False, True])
def test_batch_statistics_are_those_of_all_samples_in_training_and_none_outside(training):
    def make(x, w):
        return sg.nn.batch_norm(x, name="bn")

    found = predicted(make, training=training)

    spread = np.sqrt(X.var(axis=0) + 1e-5) if training else np.sqrt(1 + 1e-5)
    expected = (X - (X.mean(axis=0) if training else 0)) / spread
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_every_sample_draws_its_own_mask():
    found = predicted(lambda x, w: sg.dropout(x, 0.5), training=True)

    kept = found != 0
    assert 0.3 < kept.mean() < 0.7
    np.testing.assert_allclose(found[kept], 2 * X[kept])
    assert len({row.tobytes() for row in kept[:8]}) > 1
    assert any((kept[i] != kept[i + 5]).any() for i in range(5))  # not one mask for each piece


def test_an_output_of_another_size_keeps_all_together():
    x, w = sg.input("x", ("N", 3)), sg.parameter("W", (3, 3))
    outputs = {"out": x @ w, "mean": sg.mean(x @ w, axis=0)}
    model = sg.Model(sg.sum(x @ w), [x], outputs)
    model.parameters["W"] = W

    np.testing.assert_allclose(model.predict({"x": X})["mean"], (X @ W).mean(axis=0), rtol=1e-12)


def test_samples_along_another_axis_are_put_together_there():
    x = sg.input("x", (3, "N"))
    model = sg.Model(sg.sum(x), [x], {"out": 2 * x})

    assert model.predict({"x": X.T})["out"].tolist() == (2 * X.T).tolist()


@settings(max_examples=20, deadline=None)
@given(
    rows=st.integers(1, 40), size=st.none() | st.integers(1, 50),
    dtype=st.sampled_from(["float64", "float32", "int8"]), strided=st.booleans(),
)  # fmt: skip
def test_any_number_and_type_of_samples_gives_the_formula(rows, size, dtype, strided):
    data = np.arange(6 * rows).reshape(2 * rows, 3).astype(dtype)
    data = data[::2] if strided else data[:rows]

    found = predicted(lambda x, w: x @ w, data=data, batch_size=size)

    np.testing.assert_allclose(found, data.astype(float) @ W, rtol=1e-9, atol=1e-9)
