"""Handwritten digits: 1 797 images of 8 x 8 pixels, shipped with the package.

They are the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak
1998, UCI Machine Learning Repository, doi 10.24432/C50P49), under the licence CC BY 4.0; see
symgraph/data/DIGITS_LICENSE.txt.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import numpy.typing as npt

from symgraph import random

__all__ = ["load", "split"]

Images = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

TRAINING_SIZE = 1437


def load() -> tuple[Images, Labels]:
    """All images and their classes, in the order of the source.

    Shapes: images (1797, 8, 8), ink from 0 to 1 in steps of 1/16; labels (1797,), 0 .. 9.

    >>> images, labels = load()
    >>> images.shape, labels[:4].tolist()
    ((1797, 8, 8), [0, 1, 2, 3])
    """
    with (files("symgraph") / "data" / "digits.npz").open("rb") as file, np.load(file) as archive:
        return archive["images"] / 16.0, archive["labels"].astype(np.int64)


def split(key: int = 0) -> tuple[Images, Labels, Images, Labels]:
    """The digits as x_train, y_train, x_test, y_test: another key, another division.

    Shapes: (1437, 8, 8), (1437,), (360, 8, 8), (360,); `symgraph.random.permutation` shuffles.
    Raises KindError for a key that is no integer, RangeError outside [0, 2**64).

    >>> [part.shape for part in split(key=0)]
    [(1437, 8, 8), (1437,), (360, 8, 8), (360,)]
    """
    images, labels = load()
    order = random.permutation(len(labels), key)
    train, test = order[:TRAINING_SIZE], order[TRAINING_SIZE:]
    return images[train], labels[train], images[test], labels[test]
