"""What the lectures compute with nets that are drawn unit by unit."""

import itertools

import numpy as np

from lectures.numbers import row, slopes, value
from symgraph.zoo import builder

CORNERS = list(itertools.product((0.0, 1.0), repeat=2))


def table(system):
    """What a net of x1 and x2 gives at the four corners."""
    return [value(system, {"x1": a, "x2": b}) for a, b in CORNERS]


@row
def S4_03(given):
    yield "AND", table(builder("mcculloch-pitts")(1.5))
    yield "OR", table(builder("mcculloch-pitts")(0.5))


@row
def S4_08(given):
    yield "or_minus_and", table(builder("xor")())
    yield "skip_connection", table(builder("xor-skip")())


@row
def S4_09(given):
    for k, (a, b) in enumerate(given["points"]):
        values = {"x1": a, "x2": b}
        hidden = [value(builder("triangle")(), values, name) for name in ("h1", "h2", "h3")]
        yield f"hidden {k}", hidden
        yield f"out {k}", value(builder("triangle")(), values)


@row
def S4_42(given):
    energy = builder("rbm")()
    yield "E", value(energy, given)
    W, b, c = slopes(energy, given, "W", "b", "c")
    yield "dE_dW", W
    yield "dE_db", b
    yield "dE_dc", c


@row
def S4_48(given):
    values = {**given, "m": given["mask"]}
    net = builder("dropout")()
    yield "plain_2014 train", value(net, values)
    W1, W2 = slopes(net, values, "W1", "W2")
    yield "plain_2014 dW1", W1
    yield "plain_2014 dW2", W2


def fill(s, *shape):
    k = np.arange(np.prod(shape))
    return (((3 * k**2 + (s + 2) * k + 5 * s + 1) % 13 - 6) / 10).reshape(shape)


@row
def S0_28(given):
    first, *_ = builder("autoencoders")().stages
    X = np.array(given["X"])
    values = {"W1": fill(1, 3, 5), "V1": fill(2, 5, 3), "b1": np.zeros(3), "c1": np.zeros(5)}
    losses = [value(first, {**values, "x": x}) for x in X]
    yield "ae1_loss 0", np.mean(losses)
