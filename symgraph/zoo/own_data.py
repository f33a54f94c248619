"""The data that systems of the zoo are trained on when no others are given."""

from __future__ import annotations

from typing import Any

from symgraph.zoo import digits

__all__ = ["own_data"]


def own_data(name: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Data to train a system on and data to validate it on; None where it has none of its own.

    >>> train, held_out = own_data("digits")
    >>> train["image"].shape, held_out["label"].shape
    ((1437, 8, 8), (360,))
    """
    if name != "digits":
        return None
    images, labels, others, classes = digits.split()
    return {"image": images, "label": labels}, {"image": others, "label": classes}
