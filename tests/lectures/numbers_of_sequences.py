"""What the lectures compute with recurrent networks, gates and word vectors."""

import numpy as np

import symgraph as sg
from lectures.expected import NUMBERS, inputs_of, one_hot, row, slope, value, values_of
from symgraph.network import find_node
from symgraph.zoo import builder

# --- recurrent networks -------------------------------------------------------------------------


def elman(given):
    values = {name: given[name] for name in ("U", "W", "x", "d")}
    hidden, inputs = np.shape(given["U"])
    return builder("rnn")(hidden, inputs), values | {"s0": given["s0"]}


def at_all_times(net, length, name):
    """The values of one name in a network that is written out over time."""
    loss = sg.unroll(net.loss, length)
    return [find_node(loss, f"{name}_{t}") for t in range(1, length + 1)]


def step_of(given):
    """Two neighbouring times of the network, from net_{t-1}, and the values at each time."""
    net, values = elman(given)
    nets = [values_of(one, values) for one in at_all_times(net, len(given["x"]), "net")]
    step = builder("rnn-step")(*np.shape(given["U"]))
    times = [values | {"net_{t-1}": nets[t], "x_t": x} for t, x in enumerate(given["x"][1:])]
    return find_node(step, "net_t"), times


@row
def S1_08(given):
    net, times = step_of(given)
    for values in times:
        yield "W", values_of(sg.jacobian(net, find_node(net, "s_{t-1}")), values)


@row
def S1_09(given):
    net, times = step_of(given)
    state = find_node(net, "s_{t-1}")
    slopes = values_of(sg.jacobian(state, find_node(net, "net_{t-1}")), times[0])
    assert np.count_nonzero(slopes) == len(slopes)
    yield "diag_t1", np.diag(slopes)


@row
def S1_10(given):
    net, times = step_of(given)
    yield "J21", values_of(sg.jacobian(net, find_node(net, "net_{t-1}")), times[0])


@row
def S0_42(given):
    net, values = elman(given)
    yield "s_tanh", values_of(net.run.states, values)
    yield "net", [values_of(one, values) for one in at_all_times(net, len(given["x"]), "net")]
    hidden, inputs = np.shape(given["U"])
    rectified = builder("rnn")(hidden, inputs, function=sg.relu)
    yield "s_relu", values_of(rectified.run.states, values)


@row
def S1_11(given):
    """δ_k by recursion, of the network written out over time; and what a wrong order gives."""
    net, values = elman(given)
    yield "E", value(net, values)
    loss, length = sg.unroll(net.loss, len(given["x"])), len(given["x"])
    deltas = [slope(loss, values, f"net_{t}") for t in range(1, length + 1)]
    for t, delta in enumerate(deltas, 1):
        yield f"delta {t}", delta
    step, times = step_of(given)
    jacobian = sg.jacobian(step, find_node(step, "net_{t-1}"))
    ascending = np.linalg.multi_dot([values_of(jacobian, one) for one in times])
    yield "delta1_if_product_ascending", deltas[-1] @ ascending


@row
def S1_13(given):
    """The shares of the gradient of W, time by time."""
    net, values = elman(given)
    (use,) = sg.uses(net.loss, "W", values)
    for t, share in enumerate(use.value, 1):
        yield f"per_t {t}", share


@row
def S1_14(given):
    net, values = elman(given)
    for name, place in (("W", "dW"), ("U", "dU"), ("s0", "ds0")):
        yield place, slope(net, values, name)


@row
def S1_12(given):
    below, inputs = np.shape(given["A0"])
    net = builder("rnn-stacked")(len(given["s0"]), below, inputs)
    values = {name: given[name] for name in ("U", "W", "s0", "d")}
    values |= {"A": given["A0"], "r": given["raw"]}
    yield "dA0", slope(net, values, "A")
    length = len(given["raw"])
    loss = sg.unroll(net.loss, length)
    for t in range(1, length + 1):
        yield f"delta_lower {t}", slope(loss, values, f"a_{t}")


@row
def S1_01(given):
    base = inputs_of("S0-42")
    classes, hidden = np.shape(given["V"])
    net = builder("sequence-classifier")(hidden, np.shape(base["U"])[1], classes)
    values = {name: base[name] for name in ("U", "W", "x")}
    targets = one_hot(given["labels"], classes)
    values |= {"V": given["V"], "d": targets, "S0": np.zeros(hidden)}
    yield "o", values_of(net.run.outputs["O"], values)
    yield "loss", value(net, values)
    for name in "UWV":
        yield f"d{name}", slope(net, values, name)


@row
def S4_56(given):
    hidden, inputs = np.shape(given["W1"])
    outputs = len(given["V"])
    values = {name: given[name] for name in ("W1", "W2", "V", "x")} | {"h0": np.zeros(hidden)}
    apart = builder("rnn-h")(hidden, inputs, outputs)
    together = builder("rnn-concatenated")(hidden, inputs, outputs)
    joined = values | {"W": np.hstack([given["W1"], given["W2"]])}
    yield "h", values_of(apart.run.states, values)
    yield "h", values_of(together.run.states, joined)
    yield "o_last", value(apart, values, "o")
    yield "o_last", value(together, joined, "o")


@row
def S4_57(given):
    hidden, inputs = np.shape(given["W1"])
    net = builder("rnn-h")(hidden, inputs, len(given["V"]))
    values = {name: given[name] for name in ("W1", "W2", "V", "x")}
    values |= {"h0": np.zeros(hidden), "d": [1.0, 0.0]}
    counts = sg.use_counts(builder("rnn-h")(steps=len(given["x"]), from_zero=True).loss)
    for name, count in counts.items():
        yield f"counts {name}", count
    yield "loss", value(net, values)
    for name in ("V", "W1", "W2"):
        yield f"d{name}", slope(net, values, name)


@row
def S4_60(given):
    words = len(given["dec"]["V"])
    hidden = len(given["enc"]["W"])
    net = builder("encoder-decoder")(hidden, words)
    values = {"U": given["enc"]["U"], "W": given["enc"]["W"], "V": given["dec"]["V"]}
    values |= {"U_d": given["dec"]["U"], "W_d": given["dec"]["W"], "h0": np.zeros(hidden)}
    values |= {"x": one_hot(given["src"], words), "d": one_hot(given["dst"], words)}
    yield "h3", values_of(net.encoder.final, values)
    yield "p", values_of(net.decoder.outputs["p"], values)
    yield "loss", value(net, values)
    places = {"W": "encW", "U": "encU", "U_d": "decU", "W_d": "decW", "V": "decV"}
    for name, place in places.items():
        yield f"d_{place}", slope(net, values, name)


@row
def S4_71(given):
    words, embedding = np.shape(given["E"])
    hidden = len(given["U"])
    net = builder("elman")(hidden, embedding, words)
    values = {name: given[name] for name in "EUV"} | {"s0": np.full(hidden, 0.1)}
    values |= {"ids": given["ids"][:-1], "d": one_hot(given["ids"][1:], words)}
    yield "s", values_of(net.run.states, values)
    yield "y1", values_of(net.run.outputs["y"], values)[0]
    yield "loss", value(net, values)
    for name in "UVE":
        yield f"d{name}", slope(net, values, name)


@row
def S3_02(given):
    net = builder("power")()
    for weight in NUMBERS["S3-02"]["expect"]:
        at = {"w": float(weight)}
        for name, found in (("y", value(net, at)), ("dy_dw", slope(net, at, "w"))):
            yield f"{weight} {name}", found
            yield f"{weight} {name}_str", found


@row
def S4_72(given):
    hidden, inputs = np.shape(given["U_f"])
    net = builder("bidirectional")(hidden, inputs, len(given["V"]))
    parts = {"U": "U_f", "U_g": "U_b", "W": "W_f", "W_g": "W_b", "V": "V"}
    values = {name: given[key] for name, key in parts.items()}
    values |= {"x": given["x"], "h0": np.zeros(hidden), "g0": np.zeros(hidden)}
    states = value(net, values, "y")
    yield "y", states
    loss = sg.unroll(getattr(net, "loss", net), len(given["x"]))
    for place, name in (("hf", "h"), ("hb", "g")):
        yield place, [value(loss, values, f"{name}_{t}") for t in range(1, len(given["x"]) + 1)]
    yield "loss", value(net, values)
    for name, key in parts.items():
        yield f"d{key}", slope(net, values, name)


@row
def S4_73(given):
    words, hidden = np.shape(given["W_o"])
    net = builder("captioning")(hidden, len(given["img"]), words)
    parts = {"I": "W_img", "U": "W_x", "W": "W_h", "V": "W_o"}
    values = {name: given[key] for name, key in parts.items()}
    seen, told = one_hot(given["seq"][:-1], words), one_hot(given["seq"][1:], words)
    values |= {"v": given["img"], "h0": np.zeros(hidden), "w": seen, "d": told}
    yield "loss", value(net, values)
    for name, place in (("I", "dW_img"), ("W", "dW_h")):
        yield place, slope(net, values, name)


@row
def S3_03(given):
    """On the wall the state stays at ½, where it cannot rest; beside it the gradient is small."""
    net = builder("wall")(int(given["T"]))
    start = sg.input("x")
    for weight in (5.0, 6.0, 7.0):
        place = f"w={weight:g}"
        at_half = {"x": 0.5, "w": weight}
        b = float(values_of(0.5 - sg.input("w") * sg.sigmoid(start), at_half))
        yield f"{place} b_star", b
        lam = values_of(sg.input("w") * sg.grad(sg.sigmoid(start), start), at_half)
        yield f"{place} lam", lam
        for side, shift in (("at_wall", 0.0), ("left", -0.1), ("right", 0.1)):
            at = {"w": weight, "b": b + shift}
            yield f"{place} E_{side}", value(net, at)
            yield f"{place} dE_dw_{side}", slope(net, at, "w")
        yield f"{place} dE_dw_closed_form", closed_form(weight, float(lam), int(given["T"]))


def closed_form(w, lam, steps):
    """dE/dw at rest: 2 (σ - 0.7) σ' times σ (1 + λ + ... + λ^(T-1))."""
    x = sg.input("x")
    found = values_of([sg.sigmoid(x), sg.grad(sg.sigmoid(x), x)], {"x": 0.5})
    height, rise = map(float, found)
    return 2 * (height - 0.7) * rise * height * sum(lam**k for k in range(steps))


# --- word vectors -------------------------------------------------------------------------------


def cbow(given):
    words, features = np.shape(given["W"])
    values = {"W": given["W"], "W'": given["Wprime"], "t": one_hot(given["target"], words)}
    values |= {f"x{c}": one_hot(i, words) for c, i in enumerate(given["context"], 1)}
    return builder("cbow")(words, features, len(given["context"])), values


@row
def S4_67(given):
    E, values = cbow(given)
    yield "h", value(E, values, "h")
    yield "u", value(E, values, "u")
    yield "y", values_of(sg.softmax(find_node(E, "u")), values)
    yield "E", value(E, values)
    u = find_node(E, "u")
    yield "E_formula", values_of(sg.log(sg.sum(sg.exp(u))) - u[given["target"]], values)


@row
def S4_68(given):
    E, values = cbow(given)
    yield "e", slope(E, values, "u")
    yield "EH", slope(E, values, "h")
    yield "dWprime", slope(E, values, "W'")
    yield "dW", slope(E, values, "W")
    moved = {name: values[name] - given["eta"] * slope(E, values, name) for name in ("W", "W'")}
    yield "vprime_new_target", moved["W'"][:, given["target"]]
    yield "v_new_ctx0", moved["W"][given["context"][0]]
    yield "E_after", value(E, values | moved)
    twice, same = cbow(given | {"context": given["repeated"]})
    factor = slope(twice, same, "W")[0] / slope(twice, same, "h")
    yield "repeated_context dW_row0_factor", factor[0]
