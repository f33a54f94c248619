"""scikit-learn's own checks of an estimator, all of them."""

import pytest

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from symgraph.sklearn import RBM, Autoencoder, Classifier, Regressor  # noqa: E402


@parametrize_with_checks([Classifier(), Regressor(), Autoencoder(), RBM()])
def test_an_estimator_passes(estimator, check):
    check(estimator)
