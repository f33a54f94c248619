"""scikit-learn's own checks of an estimator, all of them."""

import pytest

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from symgraph.sklearn import RBM, Autoencoder, Classifier, Regressor  # noqa: E402

ESTIMATORS = (Classifier, Regressor, Autoencoder, RBM)


# Seeded: where two probabilities round to one number, decisions still tell which is larger, which
# one of the checks takes for a mistake; one training in some hundreds ends with such a pair.
@parametrize_with_checks([kind(random_state=0) for kind in ESTIMATORS])
def test_an_estimator_passes(estimator, check):
    check(estimator)
