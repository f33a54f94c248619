"""Estimators in the hands of scikit-learn, and against formulas of their own."""

import pickle
import runpy

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import symgraph as sg
from symgraph.sklearn import RBM, Autoencoder, Classifier, Regressor

GENERATOR = np.random.default_rng(3)
POINTS = GENERATOR.standard_normal((60, 3))
SIDES = np.where(POINTS @ [1.0, -2.0, 0.5] > 0, "right", "left")


def same(one, other):
    return all(np.array_equal(array, other.parameters_[n]) for n, array in one.parameters_.items())


def test_digits_behind_a_scaler_are_told_apart_in_every_fold():
    X, y = load_digits(return_X_y=True)
    net = make_pipeline(StandardScaler(), Classifier(hidden=(64,), epochs=30, random_state=0))

    assert cross_val_score(net, X, y, cv=3).min() > 0.92


def test_a_grid_of_settings_is_searched():
    grid = {"hidden": [(2,), (8,)], "learning_rate": [0.0, 0.05]}
    net = Classifier(epochs=40, random_state=0)

    found = GridSearchCV(net, grid, cv=3).fit(POINTS, SIDES)

    assert found.best_params_["learning_rate"] == 0.05
    assert found.best_score_ > 0.85


def test_labels_are_learned_one_by_one():
    y = np.stack([POINTS[:, 0] > 0, POINTS[:, 1] > 0], axis=1).astype(int)
    net = Classifier(random_state=0, epochs=300).fit(POINTS, y)

    assert (net.predict(POINTS) == y).mean() > 0.97
    assert net.predict_proba(POINTS).shape == (60, 2)


def test_a_linear_net_finds_the_least_squares_solution_of_several_outputs():
    y = POINTS @ GENERATOR.standard_normal((3, 2)) + 1.0
    net = Regressor(hidden=(), learning_rate=0.1, epochs=600, random_state=0).fit(POINTS, y)
    columns = np.hstack([POINTS, np.ones((60, 1))])

    expected = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]

    np.testing.assert_allclose(net.predict(POINTS), expected, atol=1e-4)


def test_a_penalty_gives_ridge_regression():
    y = POINTS @ [1.0, 2.0, 3.0]
    centred = POINTS - POINTS.mean(axis=0)
    net = Regressor(hidden=(), alpha=0.5, learning_rate=0.05, epochs=2000, random_state=0)

    weights = net.fit(POINTS, y).parameters_["W_out"][:, 0]

    normal = centred.T @ centred / 60 + 0.5 * np.eye(3)
    np.testing.assert_allclose(
        weights, np.linalg.solve(normal, centred.T @ (y - y.mean()) / 60), 1e-4
    )


@pytest.mark.parametrize("optimizer", ["adam", "momentum", sg.optim.RMSprop(0.01)])
def test_a_pickled_estimator_goes_on_to_the_same_bits(optimizer):
    whole = Classifier(optimizer=optimizer, batch_size=7, random_state=1)
    for _ in range(4):
        whole.partial_fit(POINTS, SIDES, classes=["left", "right"])
    parts = Classifier(optimizer=optimizer, batch_size=7, random_state=1)
    for _ in range(2):
        parts.partial_fit(POINTS, SIDES, classes=["left", "right"])
    Classifier(optimizer=optimizer, batch_size=7, random_state=2).fit(POINTS, SIDES)

    parts = pickle.loads(pickle.dumps(parts))
    for _ in range(2):
        parts.partial_fit(POINTS, SIDES)

    assert same(whole, parts)
    assert len(parts.loss_curve_) == 4


def test_fitting_warm_goes_on_from_the_parameters():
    net = Classifier(warm_start=True, epochs=30, random_state=0).fit(POINTS, SIDES)
    first = net.loss_curve_[-1]

    net.fit(POINTS, SIDES)

    assert net.loss_curve_[0] < first < Classifier(epochs=1).fit(POINTS, SIDES).loss_curve_[0]


def test_early_stopping_ends_before_the_last_epoch():
    noise = GENERATOR.integers(0, 2, 60)
    net = Classifier(early_stopping=True, epochs=500, patience=3, learning_rate=0.1, random_state=0)

    assert net.fit(POINTS, noise).n_iter_ < 500


def test_a_network_of_ones_own_is_built_from_the_node_of_the_rows():
    def build(x, scores):
        image = sg.reshape(x, (x.shape[0], 1, 8, 8))
        maps = sg.nn.conv2d(image, 4, 3, "c", "relu", stride=2)
        return sg.nn.dense(sg.nn.flatten(maps), scores, "out")

    X, y = load_digits(return_X_y=True)
    net = Classifier(build=build, epochs=15, random_state=0).fit(X / 16, y)

    assert net.score(X / 16, y) > 0.9
    assert net.parameters_["W_c"].shape == (4, 1, 3, 3)


def test_a_build_function_that_returns_another_shape_is_told_both_shapes():
    net = Classifier(build=lambda x, scores: x)

    with pytest.raises(sg.ShapeError, match=r"build: .*\(N, 3\).*\(N, 2\)"):
        net.fit(POINTS, SIDES)


def test_an_autoencoder_of_straight_lines_finds_the_principal_plane():
    plane = GENERATOR.standard_normal((50, 2)) @ GENERATOR.standard_normal((2, 5))
    net = Autoencoder((2,), None, learning_rate=0.02, epochs=2000, random_state=0).fit(plane)

    np.testing.assert_allclose(net.inverse_transform(net.transform(plane)), plane, atol=0.01)
    assert net.get_feature_names_out().tolist() == ["autoencoder0", "autoencoder1"]


def test_one_step_of_a_boltzmann_machine_is_contrastive_divergence():
    X = (GENERATOR.random((9, 4)) < 0.5).astype(float)
    start = RBM(3, epochs=0, random_state=5).fit(X).parameters_
    net = RBM(3, learning_rate=0.1, batch_size=None, epochs=1, random_state=5).fit(X)
    seed = int(np.random.RandomState(5).randint(2**31 - 1))
    key = seed << 32

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    W, b, c = start["W"], start["b"], start["c"]
    up = sigmoid(X @ W + c)
    down = sigmoid((sg.random.uniform(key, 0, up.shape) < up) @ W.T + b)
    seen = (sg.random.uniform(key, 1, X.shape) < down).astype(float)
    again = sigmoid(seen @ W + c)
    change = (X.T @ up - seen.T @ again) / 9

    np.testing.assert_allclose(net.parameters_["W"], W + 0.1 * change, rtol=1e-12)
    np.testing.assert_allclose(net.parameters_["b"], b + 0.1 * (X - seen).mean(axis=0), atol=1e-15)


def test_a_copy_has_the_settings_and_nothing_of_what_was_learned():
    net = Classifier(optimizer=sg.optim.Adam(0.1), random_state=0).fit(POINTS, SIDES)

    copy = clone(net)

    assert copy.optimizer == net.optimizer
    assert not hasattr(copy, "parameters_")


def test_what_was_learned_is_a_model_to_export(tmp_path):
    net = Classifier(hidden=(4,), epochs=5, random_state=0).fit(POINTS, SIDES)

    model = net.to_model()
    model.export(tmp_path / "net.py")

    found = runpy.run_path(str(tmp_path / "net.py"))["predict"]({"x": POINTS})
    np.testing.assert_array_equal(found["probability"], net.predict_proba(POINTS))
    model.parameters["W_out"] = 0.0 * model.parameters["W_out"]
    assert net.parameters_["W_out"].any()


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"optimizer": "adan"}, sg.UnknownNameError, "adam"),
        ({"optimizer": 3}, sg.KindError, "optimizer is 3"),
        ({"hidden": (4, 0)}, sg.RangeError, "at least one unit"),
        ({"hidden": "wide"}, sg.KindError, "hidden is 'wide'"),
        ({"alpha": -1.0}, sg.RangeError, "alpha is -1.0"),
        ({"batch_size": "big"}, sg.KindError, "batch_size is 'big'"),
        ({"batch_size": 2.5}, sg.KindError, "Classifier: batch_size is 2.5"),
        ({"batch_size": 0}, sg.RangeError, "Classifier: batch_size is 0"),
        ({"build": 3}, sg.KindError, "build is 3, and it is a function"),
        ({"activation": "rely"}, sg.UnknownNameError, "relu"),
    ],
)
def test_a_wrong_setting_is_named(settings, error, words):
    with pytest.raises(error, match=words):
        Classifier(**settings).fit(POINTS, SIDES)


def test_a_class_that_was_not_named_at_first_is_refused():
    net = Classifier(epochs=1).partial_fit(POINTS[:5], ["a", "b", "a", "b", "a"])

    with pytest.raises(sg.RangeError, match="none of the classes"):
        net.partial_fit(POINTS[:2], ["a", "z"])


@pytest.mark.parametrize("labels", [SIDES, np.eye(2, dtype=int)[np.arange(len(POINTS)) % 2]])
def test_logarithms_of_probabilities_stay_finite(labels):
    net = Classifier(hidden=(4,), epochs=20, random_state=0).fit(POINTS, labels)

    np.testing.assert_allclose(
        net.predict_log_proba(POINTS), np.log(net.predict_proba(POINTS)), rtol=1e-10, atol=1e-14
    )
    for name in net.parameters_:
        net.parameters_[name] = 1e3 * net.parameters_[name]
    assert np.isfinite(net.predict_log_proba(POINTS)).all()


def test_an_estimator_with_a_schedule_goes_to_other_processes():
    rate = sg.optim.warmup(sg.optim.cosine_decay(0.1, 60), 5)
    net = Classifier(hidden=(4,), optimizer=sg.optim.Adam(rate), epochs=5, random_state=0)

    other = pickle.loads(pickle.dumps(net.fit(POINTS, SIDES)))

    np.testing.assert_array_equal(other.predict_proba(POINTS), net.predict_proba(POINTS))
    assert other.optimizer == net.optimizer


def test_a_function_of_a_script_goes_to_other_processes_with_the_package():
    assert pickle.loads(pickle.dumps(sg)) is sg
