"""What the lectures compute with nets that are drawn unit by unit."""

import itertools

import numpy as np

import symgraph as sg
from lectures.expected import row, slopes, value, values_of
from symgraph.zoo import builder

CORNERS = list(itertools.product((0.0, 1.0), repeat=2))


def table(system):
    """What a net of x1 and x2 gives at the four corners."""
    return [value(system, {"x1": a, "x2": b}) for a, b in CORNERS]


@row
def S4_03(given):
    yield "AND", table(builder("mcculloch-pitts")(1.5))
    yield "OR", table(builder("mcculloch-pitts")(0.5))
    yield "net_equals_T", value(builder("mcculloch-pitts")(1.5), {"x1": 1.5, "x2": 0.0})


@row
def S4_08(given):
    yield "or_minus_and", table(builder("xor")())
    yield "skip_connection", table(builder("xor-skip")())
    yield "two_half_planes", table(between())


def between():
    """XOR as the strip between two lines: AND of two half planes."""
    total = sg.input("x1") + sg.input("x2")
    above, below = sg.step(total - 0.5, at_zero=1), sg.step(1.5 - total, at_zero=1)
    return sg.let("y", sg.step(above + below - 1.5, at_zero=1))


@row
def S4_09(given):
    for k, (a, b) in enumerate(given["points"]):
        values = {"x1": a, "x2": b}
        hidden = [value(builder("triangle")(), values, name) for name in ("h1", "h2", "h3")]
        yield f"hidden {k}", hidden
        yield f"out {k}", value(builder("triangle")(), values)


def states(count):
    """All binary vectors of a length, in rows."""
    return np.array([*itertools.product((0.0, 1.0), repeat=count)])


@row
def S4_42(given):
    visible, hidden = np.shape(given["W"])
    energy = builder("rbm")(visible, hidden)
    yield "E", value(energy, given)
    for name, found in zip("Wbc", slopes(energy, given, "W", "b", "c"), strict=True):
        yield f"dE_d{name}", found
    both = itertools.product(states(visible), states(hidden))
    Z = sum(np.exp(-value(energy, given | {"v": v, "h": h})) for v, h in both)
    yield "Z", Z
    yield "p_vh", np.exp(-value(energy, given)) / Z
    F, log_p = builder("free-energy")(visible, hidden), builder("likelihood")(visible, hidden)
    yield "free_energy", value(F, given)
    yield "p_v", np.exp(value(log_p, given))
    for name, found in zip("Wbc", slopes(log_p, given, "W", "b", "c"), strict=True):
        yield f"dlogp_d{name}", found
    yield "p_h_given_v", -slopes(F, given, "c")[0]
    upwards = given | {"v": np.zeros(visible)}
    drive = -slopes(energy, upwards, "v")[0]
    yield "p_v_given_h", values_of(sg.sigmoid(sg.input("a", visible)), {"a": drive})


@row
def S4_48(given):
    """The lecture's dropout, and the one that divides by the probability while it trains."""
    net, keep = builder("dropout")(*np.shape(given["W1"])[::-1]), 0.5
    mask = np.array(given["mask"])
    for kind, factor in (("plain_2014", 1.0), ("inverted", 1 / keep)):
        values = {**given, "m": factor * mask}
        yield f"{kind} train", value(net, values)
        yield f"{kind} test", value(net, values | {"m": np.full(len(mask), factor * keep)})
        for name, found in zip(("W1", "W2"), slopes(net, values, "W1", "W2"), strict=True):
            yield f"{kind} d{name}", found
    outputs = [value(net, {**given, "m": one}) for one in states(len(mask))]
    yield "mean_over_16_masks", np.mean(outputs)
