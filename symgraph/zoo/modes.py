"""The five modes in which a recurrent network takes inputs and gives outputs."""

from __future__ import annotations

from typing import Literal

import symgraph as sg
from symgraph.zoo.options import Count, Size, system
from symgraph.zoo.recurrent import Recurrent

__all__ = ["rnn_modes"]


@system()
def rnn_modes(
    mode: Literal["1-1", "1-n", "n-1", "n-n", "n-n-delayed"] = "n-n",
    count: Count = 3,
    hidden: Size = 3,
    inputs: Size = 2,
    outputs: Size = 2,
) -> Recurrent:
    """One recurrent network in five modes: what of n times has an input, and what an output.

    h_t = tanh(U x_t + W h_{t-1}) from 0, y_t = V h_t, E = Σ ½‖y_t - d_t‖² over the outputs. 1-1 is
    a plain net, 1-n describes an image, n-1 classifies a text, n-n-delayed translates, n-n names
    every frame. At times without an input x_t is 0.
    Variables: x (its inputs, inputs), d (its outputs, outputs), U (hidden, inputs), W (hidden,
    hidden), V (outputs, hidden).
    """
    taken = 1 if mode.startswith("1") else count
    given = 1 if mode.endswith("1") else count
    before = count - 1 if mode in ("n-1", "n-n-delayed") else 0
    U, W = sg.parameter("U", (hidden, inputs)), sg.parameter("W", (hidden, hidden))
    V = sg.parameter("V", (outputs, hidden))
    x, d = sg.input("x", (taken, inputs)), sg.input("d", (given, outputs))
    seen = sg.pad(x, ((0, before + given - taken), (0, 0)))
    run = sg.scan(lambda h, x: sg.let("h", sg.tanh(U @ x + W @ h)), sg.zeros(hidden), seen)
    y = sg.let("y", run.states[before:] @ V.T)
    return Recurrent(sg.let("E", sg.squared_norm(y - d) / 2), run)
