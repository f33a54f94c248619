"""The data that systems of the zoo are trained on when no others are given."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from symgraph.zoo import corpora, digits
from symgraph.zoo.language import LanguageModel

__all__ = ["COPIES", "OwnData", "own_data"]

#: How many moved copies of each digit a deep network sees beside the digit itself.
COPIES = 9


class OwnData(NamedTuple):
    """Data to train on, data to validate on if there are any, and how `fit` is to take them."""

    learned: dict[str, Any]
    held_out: dict[str, Any] | None
    options: dict[str, Any]


def own_data(name: str, network: Any = None) -> OwnData | None:
    """Data of a system, some of which depend on its sizes; None where it has none of its own.

    Character models read the language reference (`symgraph.zoo.corpora`), the last tenth of which
    is held out; one that knows fewer symbols than that has reads the rarest of them as one.

    >>> train, held_out, _ = own_data("digits")
    >>> train["image"].shape, len(held_out["label"])
    ((1437, 8, 8), 360)
    """
    if isinstance(network, LanguageModel):
        return _reference(network)
    if name not in ("digits", "digits-deep"):
        return None
    images, labels, others, classes = digits.split()
    if name == "digits-deep":
        images = np.concatenate([images, digits.moved(images, COPIES)])
        labels = np.tile(labels, COPIES + 1)
    return OwnData({"image": images, "label": labels}, {"image": others, "label": classes}, {})


def _reference(network: LanguageModel) -> OwnData:
    """The language reference in as many columns as the network reads side by side."""
    text = corpora.reference_text().characters
    cut = len(text) * 9 // 10
    known, streams = network.scores.shape[-1], int(network.ids.shape[1])
    ids = corpora.Numbers(text[:cut]).of(text)
    ids[ids >= known] = 0
    learned, held_out = (corpora.columns(part, streams) for part in (ids[:cut], ids[cut:]))
    return OwnData(learned, held_out, {"batch_size": 64, "shuffle": False})
