"""Layers and metrics, as expressions."""

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

__all__ = [
    "batch_norm", "conv2d", "dense", "embedding", "flatten", "gru", "layer_norm", "lstm", "rnn",
]  # fmt: skip
