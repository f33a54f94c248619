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

__all__ = ["load", "moved", "split"]

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


def moved(images: Images, copies: int, key: int = 0) -> Images:
    """As many slightly moved copies of all images, one set of copies after the other.

    Every copy is turned by up to 10 degrees, made larger or smaller by up to a tenth in height and
    in width, and shifted by up to 0.7 pixels, each at random; ink between pixels is shared among
    the four around it. Shapes: images (n, rows, columns), result (copies * n, rows, columns).

    >>> moved(np.ones((3, 8, 8)), copies=2).shape
    (6, 8, 8)
    """
    n, rows, columns = images.shape
    draws = 2 * random.uniform(key, 1, (5, copies * n)) - 1
    turn, *logs, down, right = draws * np.array([[np.pi / 18], [0.1], [0.1], [0.7], [0.7]])
    place = np.indices((rows, columns)) - np.array([rows - 1, columns - 1])[:, None, None] / 2
    cos, sin = (function(turn)[:, None, None] for function in (np.cos, np.sin))
    tall, wide = (np.exp(log)[:, None, None] for log in logs)
    y = (cos * place[0] - sin * place[1]) * tall + down[:, None, None] + (rows - 1) / 2
    x = (sin * place[0] + cos * place[1]) * wide + right[:, None, None] + (columns - 1) / 2
    # one pixel of nothing around the images is what all places far outside read
    framed = np.tile(np.pad(images, ((0, 0), (1, 1), (1, 1))), (copies, 1, 1))
    y, x = np.clip(y + 1, 0, rows + 1), np.clip(x + 1, 0, columns + 1)
    top, left = np.minimum(y.astype(int), rows), np.minimum(x.astype(int), columns)
    below, beside = y - top, x - left
    image = np.arange(copies * n)[:, None, None]
    upper = framed[image, top, left] * (1 - beside) + framed[image, top, left + 1] * beside
    lower = framed[image, top + 1, left] * (1 - beside) + framed[image, top + 1, left + 1] * beside
    result: Images = upper * (1 - below) + lower * below
    return result
