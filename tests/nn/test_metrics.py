"""Metrics against NumPy's closed forms, on whole data and over batches of unequal size."""

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.errors import KindError, ShapeError

TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]
CLASSES = 4


def share(part, whole):
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)


def reference(scores, labels, weights) -> dict[str, float]:
    """The metrics of a classifier, by counting."""
    called = scores.argmax(axis=1)
    hits, calls, there = (
        np.array([weights[chosen(c)].sum() for c in range(CLASSES)])
        for chosen in (
            lambda c: (called == c) & (labels == c),
            lambda c: called == c,
            lambda c: labels == c,
        )
    )
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    picked = (exps / exps.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]
    ranks = (scores > scores[np.arange(len(labels)), labels][:, None]).sum(axis=1)
    return {
        "accuracy": np.average(called == labels, weights=weights),
        "top": np.average(ranks < 2, weights=weights),
        "precision": share(hits, calls).mean(),
        "recall": share(hits, there).mean(),
        "f1": share(2 * hits, calls + there).mean(),
        "micro": hits.sum() / calls.sum(),
        "perplexity": np.exp(-np.average(np.log(picked), weights=weights)),
        "loss": -np.average(np.log(picked), weights=weights),
    }


def classifier(target="numpy", weighted=True) -> sg.Model:
    z, y = sg.input("z", ("N", CLASSES)), sg.input("y", "N", kind="integer")
    w = sg.input("w", "N")
    scale = sg.parameter("scale", init=1.0)
    m, scores, weight = sg.metrics, scale * z, w if weighted else None
    metrics = {
        "accuracy": m.accuracy(scores, y, weight=weight),
        "top": m.top_k_accuracy(scores, y, k=2, weight=weight),
        "precision": m.precision(scores, y, weight=weight),
        "recall": m.recall(scores, y, weight=weight),
        "f1": m.f1(scores, y, weight=weight),
        "micro": m.precision(scores, y, average="micro", weight=weight),
        "perplexity": m.perplexity(scores, y, weight=weight),
    }
    loss = sg.cross_entropy(scores, y, weight=weight)
    return sg.Model(loss, [z, y, w], metrics=metrics, target=target)


@pytest.fixture(scope="module", params=TARGETS)
def model(request) -> sg.Model:
    return classifier(request.param)


def samples(rows: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "z": rng.normal(size=(rows, CLASSES)),
        "y": rng.integers(0, CLASSES - 1, size=rows),  # a class that never occurs
        "w": rng.integers(0, 3, size=rows) / 2 + (np.arange(rows) == 0),
    }


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 13), st.integers(0, 999))
def test_values_over_batches_are_those_of_all_samples_at_once(model, rows, size, seed):
    data = samples(rows, seed)

    expected = reference(data["z"], data["y"], data["w"])

    assert model.evaluate(data) == pytest.approx(expected, rel=1e-10)
    assert model.evaluate(data, batch_size=size) == pytest.approx(expected, rel=1e-10)


def test_an_epoch_of_training_has_the_values_of_all_its_samples(model):
    data = samples(23, 1)
    history = model.fit(data, optimizer=sg.optim.SGD(0.0), epochs=3, batch_size=5)

    expected = reference(data["z"], data["y"], data["w"])
    for name, value in expected.items():
        assert history[name] == pytest.approx([value] * 3, rel=1e-10)


def test_a_step_has_the_values_of_its_batch(model):
    data = samples(7, 3)

    assert model.step(data, optimizer=sg.optim.SGD(0.0)) == pytest.approx(
        reference(data["z"], data["y"], data["w"]), rel=1e-10
    )


def test_without_weights_all_samples_count_the_same():
    data = samples(9, 5)

    assert classifier(weighted=False).evaluate(data | {"w": np.zeros(9)}, batch_size=4) == (
        pytest.approx(reference(data["z"], data["y"], np.ones(9)), rel=1e-12)
    )


@pytest.mark.parametrize("target", TARGETS)
def test_regression_metrics_over_batches_are_those_of_all_samples(target):
    p, y, w = sg.input("p", ("N", 2)), sg.input("y", ("N", 2)), sg.input("w", "N")
    m = sg.metrics
    metrics = {"r2": m.r2(p, y, weight=w), "rmse": m.rmse(p, y, weight=w)}
    metrics |= {"mae": m.mae(p, y, weight=w), "far": m.r2(p, y + 1e6, near=1e6, weight=w)}
    model = sg.Model(
        m.mse(p + sg.parameter("b"), y, weight=w), [p, y, w], metrics=metrics, target=target
    )
    rng = np.random.default_rng(2)
    data = {"p": rng.normal(size=(11, 2)), "y": rng.normal(size=(11, 2)), "w": rng.random(11)}
    weights = np.repeat(data["w"][:, None], 2, axis=1)
    error = data["p"] - data["y"]
    middle = np.average(data["y"], weights=weights)
    spread = (weights * (data["y"] - middle) ** 2).sum()
    far = (weights * (error - 1e6) ** 2).sum()

    for size in (None, 3, 11):
        assert model.evaluate(data, batch_size=size) == pytest.approx(
            {
                "loss": np.average(error**2, weights=weights),
                "rmse": np.sqrt(np.average(error**2, weights=weights)),
                "mae": np.average(np.abs(error), weights=weights),
                "r2": 1 - (weights * error**2).sum() / spread,
                "far": 1 - far / spread,
            },
            rel=1e-8,
        )


def test_two_classes_are_told_apart_by_a_threshold():
    p, y = sg.input("p", "N"), sg.input("y", "N")
    data = {"p": [0.9, 0.4, 0.6, 0.2, 0.7], "y": [1, 1, 0, 0, 1]}
    found = [
        sg.metrics.accuracy(p, y), sg.metrics.precision(p, y), sg.metrics.recall(p, y),
        sg.metrics.f1(p, y), sg.metrics.recall(p, y, threshold=0.3),
    ]  # fmt: skip

    assert [float(v) for v in sg.evaluate(found, data)] == pytest.approx(
        [3 / 5, 2 / 3, 2 / 3, 2 / 3, 1]
    )


def test_nothing_called_and_nothing_there_give_zero():
    p, y = sg.input("p", "N"), sg.input("y", "N", kind="boolean")
    metrics = [sg.metrics.precision(p, y), sg.metrics.recall(p, y), sg.metrics.f1(p, y)]

    assert [float(v) for v in sg.evaluate(metrics, {"p": [0.0], "y": [False]})] == [0, 0, 0]


def test_constant_targets_have_no_r2():
    p, y = sg.input("p", "N"), sg.input("y", "N")

    assert float(sg.evaluate(sg.metrics.r2(p, y), {"p": [1.0, 3.0], "y": [2.0, 2.0]})) == 0


def test_what_does_not_fit_is_refused():
    z, y = sg.input("z", ("N", 3)), sg.input("y", "N", kind="integer")

    with pytest.raises(ShapeError, match=r"accuracy: the scores have shape \(N, 3\), the target"):
        sg.metrics.accuracy(z, sg.input("y", ("N", 2), kind="integer"))
    with pytest.raises(KindError, match="recall: class ids of shape"):
        sg.metrics.recall(z, sg.input("y", "N"))
    with pytest.raises(KindError, match="precision: average is 'none', and it is 'macro' or"):
        sg.metrics.precision(z, y, average="none")
    with pytest.raises(KindError, match="top_k_accuracy: k is 0"):
        sg.metrics.top_k_accuracy(z, y, k=0)
    with pytest.raises(ShapeError, match=r"weight has shape \(M,\), and the values that it weigh"):
        sg.metrics.accuracy(z, y, weight=sg.input("w", "M"))


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "f1"])
def test_one_column_of_scores_is_no_choice_among_classes(metric):
    scores, label = sg.input("s", ("N", 1)), sg.input("label", "N", kind="integer")

    with pytest.raises(ShapeError, match=rf"{metric}: the scores have shape \(N, 1\), .*one class"):
        getattr(sg.metrics, metric)(scores, label)
