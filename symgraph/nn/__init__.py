"""Layers, penalties and metrics, as expressions."""

from symgraph.nn.layers import (
    batch_norm,
    conv2d,
    dense,
    embedding,
    flatten,
    gru,
    layer_norm,
    lstm,
    rnn,
)
from symgraph.nn.penalties import l1, l2

__all__ = [
    "batch_norm", "conv2d", "dense", "embedding", "flatten", "gru", "l1", "l2", "layer_norm",
    "lstm", "rnn",
]  # fmt: skip
