"""Language models of characters: each is told by all that came before it, through a carried state.

`streams` pieces of a text are read side by side, time by time. The size that a training cuts into
batches is time: with `batch="T"` and without shuffling, each step reads the next stretch, and the
states go on from where the last step left them (truncated backpropagation through time).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Share, Size, system

__all__ = ["LanguageModel", "char_lstm", "char_rnn"]

#: A symbol reads one row of E, which would be nearly nothing beside the state if it started as
#: small as the weights of a product do.
ROW_SCALE = 10


class LanguageModel(NamedTuple):
    """A language model: what it reads, what comes next, its scores, and how its states go on."""

    loss: Node
    ids: Node
    following: Node
    scores: Node
    updates: Mapping[Node, Node]
    batch: str = "T"


@system()
def char_rnn(
    symbols: Size = 5, hidden: Size = 3, streams: Size = 32, dropout: Share = 0.0
) -> LanguageModel:
    """A character model h_t = tanh(e_t + h_{t-1} U), with the cross-entropy of the next symbol.

    e_t is 10 times r_t, the row of E that the symbol names. Scores are z_t = h_t V + b_V; with
    `dropout` that share of h_t is left out there in training.
    Variables: ids and next (T, streams); E (symbols, hidden), U (hidden, hidden), V (hidden,
    symbols), b_V (symbols,); the state h0 (streams, hidden).
    """
    ids, following, entered = _read(symbols, hidden, streams)
    h0, U = sg.state("h0", (streams, hidden)), _square(hidden)
    run = sg.scan(lambda h, e: sg.let("h", sg.tanh(e + h @ U)), h0, entered)
    return _told(ids, following, run.states, symbols, dropout, {h0: run.final})


@system()
def char_lstm(
    symbols: Size = 5, hidden: Size = 3, streams: Size = 32, dropout: Share = 0.0
) -> LanguageModel:
    """A character model with an LSTM, with the cross-entropy of the next symbol.

    i, f, g, o are the four parts of a_t = e_t + h_{t-1} U: c_t = σ(f + 1) c_{t-1} + σ(i) tanh(g),
    h_t = σ(o) tanh(c_t). At first the gates f are open, so that what was long ago is heard.
    e_t, scores and dropout as in `char_rnn`.
    Variables: ids and next (T, streams); E (symbols, 4 hidden), U (hidden, 4 hidden), V (hidden,
    symbols), b_V (symbols,); the states h0 and c0 (streams, hidden).
    """
    ids, following, entered = _read(symbols, 4 * hidden, streams)
    h0, c0 = (sg.state(name, (streams, hidden)) for name in ("h0", "c0"))
    U = _square(hidden, 4)

    def step(h: Node, c: Node, e: Node) -> dict[str, Node]:
        parts = sg.split(sg.let("a", e + h @ U), 4, axis=-1)
        i, f, g, o = (sg.let(name, part) for name, part in zip("ifgo", parts, strict=True))
        c = sg.let("c", sg.sigmoid(f + 1) * c + sg.sigmoid(i) * sg.tanh(g))
        return {"h": sg.let("h", sg.sigmoid(o) * sg.tanh(c)), "c": c}

    run = sg.scan(step, {"h": h0, "c": c0}, {"e": entered})
    updates = {h0: run.final["h"], c0: run.final["c"]}
    return _told(ids, following, run.states["h"], symbols, dropout, updates)


def _read(symbols: int, wide: int, streams: int) -> tuple[Node, Node, Node]:
    """What is read, what comes next, and the row of E for each symbol read."""
    ids = sg.input("ids", ("T", streams), kind="integer")
    following = sg.input("next", ("T", streams), kind="integer")
    r = sg.let("r", sg.take(sg.parameter("E", (symbols, wide)), ids))
    return ids, following, sg.let("e", ROW_SCALE * r)


def _square(hidden: int, parts: int = 1) -> Node:
    """The weights from state to state, which keep lengths at first."""
    return sg.parameter("U", (hidden, parts * hidden), init="orthogonal")


def _told(
    ids: Node, following: Node, states: Node, symbols: int, dropout: float,
    updates: Mapping[Node, Node],
) -> LanguageModel:  # fmt: skip
    """The scores of the next symbol and their loss."""
    V = sg.parameter("V", (states.shape[-1], symbols))
    scores = sg.let("z", sg.dropout(states, dropout) @ V + sg.parameter("b_V", symbols))
    loss = sg.let("L", sg.cross_entropy(scores, following))
    return LanguageModel(loss, ids, following, scores, updates)
