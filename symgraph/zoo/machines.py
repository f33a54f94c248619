"""Restricted Boltzmann machines: free energy, and the likelihood where all states are counted."""

from __future__ import annotations

from itertools import product
from typing import Annotated

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Size, Whole, system

__all__ = ["free_energy", "likelihood"]


def _log_weight(v: Node, visible: int, hidden: int) -> Node:
    """-F(v), the logarithm of Z p(v), of every row of v."""
    W, b = sg.parameter("W", (visible, hidden)), sg.parameter("b", visible)
    net = v @ W + sg.parameter("c", hidden)
    return v @ b + sg.sum(sg.softplus(net), axis=-1)


@system()
def free_energy(visible: Size = 3, hidden: Size = 2) -> Node:
    """The free energy of an RBM, F(v) = -b·v - Σ_j log(1 + exp(c_j + (v W)_j)).

    -∂F/∂c_j is the probability p(h_j = 1 | v) = σ(c_j + (v W)_j).
    Variables: v and b (visible,), c (hidden,), W (visible, hidden).
    """
    return sg.let("F", -_log_weight(sg.input("v", visible), visible, hidden))


@system()
def likelihood(visible: Annotated[int, Whole(1, 12)] = 3, hidden: Size = 2) -> Node:
    """The likelihood of an RBM, log p(v) = -F(v) - log Z, with Z over all 2^visible states.

    S has a row for each state. The derivative by W is ⟨v h⟩ of the data minus ⟨v h⟩ of the model.
    Variables: v and b (visible,), c (hidden,), W (visible, hidden).
    """
    rows = [[float(bit) for bit in state] for state in product((0, 1), repeat=visible)]
    states = sg.let("S", sg.const(rows))
    log_z = sg.let("log Z", sg.logsumexp(_log_weight(states, visible, hidden)))
    return sg.let("L", _log_weight(sg.input("v", visible), visible, hidden) - log_z)
