"""Networks as scikit-learn estimators, for Pipeline, GridSearchCV and cross_val_score.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from symgraph.sklearn import Classifier
    >>> net = make_pipeline(StandardScaler(), Classifier(hidden=(16,), epochs=200, random_state=0))
    >>> X, y = load_iris(return_X_y=True)
    >>> net.fit(X, y).score(X, y) > 0.95
    True

It needs scikit-learn: pip install 'symgraph[sklearn]'.
"""

try:
    import sklearn as _sklearn  # noqa: F401 - said here once, instead of in every file
except ImportError as error:
    from symgraph.errors import UnsupportedError

    raise UnsupportedError(
        "symgraph.sklearn needs scikit-learn, which is not installed. Write: "
        "pip install 'symgraph[sklearn]'"
    ) from error

from symgraph.sklearn.predictors import Classifier, Regressor
from symgraph.sklearn.transformers import RBM, Autoencoder

__all__ = ["RBM", "Autoencoder", "Classifier", "Regressor"]
