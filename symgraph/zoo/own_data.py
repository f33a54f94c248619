"""The data that systems of the zoo are trained on when no others are given."""

from __future__ import annotations

from typing import Any

import numpy as np

from symgraph.zoo import digits

__all__ = ["COPIES", "own_data"]

#: How many moved copies of each digit a deep network sees beside the digit itself.
COPIES = 9


def own_data(name: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Data to train a system on and data to validate it on; None where it has no data set.

    >>> train, held_out = own_data("digits")
    >>> train["image"].shape, held_out["label"].shape
    ((1437, 8, 8), (360,))
    """
    if name not in ("digits", "digits-deep"):
        return None
    images, labels, others, classes = digits.split()
    if name == "digits-deep":
        images = np.concatenate([images, digits.moved(images, COPIES)])
        labels = np.tile(labels, COPIES + 1)
    return {"image": images, "label": labels}, {"image": others, "label": classes}
