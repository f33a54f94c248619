"""What the lectures compute with recurrent networks, gates and word vectors."""

import numpy as np

import symgraph as sg
from lectures.numbers import NUMBERS, inputs_of, one_hot, row, slope, value, values_of, wanted
from symgraph.zoo import builder

# --- recurrent networks -------------------------------------------------------------------------


def elman(given):
    values = {name: given[name] for name in ("U", "W", "x", "d")}
    hidden, inputs = np.shape(given["U"])
    return builder("rnn")(hidden, inputs), values | {"s0": given["s0"]}


@row
def S0_42(given):
    net, values = elman(given)
    yield "s_tanh", values_of(net.run.states, values)
    hidden, inputs = np.shape(given["U"])
    rectified = builder("rnn")(hidden, inputs, function=sg.relu)
    yield "s_relu", values_of(rectified.run.states, values)


@row
def S1_11(given):
    net, values = elman(given)
    yield "E", value(net, values)
    # δ_k is the gradient by the start of a loop that begins at time k, seen behind f.
    states = values_of(net.run.states, values)
    for k in range(1, len(given["x"]) + 1):
        later = values | {"s0": states[k - 1], "x": np.reshape(given["x"][k:], (-1, 2))}
        yield f"delta {k}", slope(net, later, "s0") * (1 - states[k - 1] ** 2)


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


@row
def S1_01(given):
    base = inputs_of("S0-42")
    classes, hidden = np.shape(given["V"])
    net = builder("sequence-classifier")(hidden, np.shape(base["U"])[1], classes)
    values = {name: base[name] for name in ("U", "W", "x")}
    targets = one_hot(wanted("S1-01", "labels"), classes)
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
def S0_41(given):
    net = builder("rnn-scalar")()
    for length in (1, 10, 50, 100):
        x = np.zeros(length)
        x[0] = given["x1"]
        values = {"x": x, "w": 0.8, "h0": 0.0}
        yield f"rnn {length}", slope(net, values, "x")[0]


@row
def S3_02(given):
    net = builder("power")()
    for weight in ("1", "1.01", "0.99"):
        yield f"{weight} y", value(net, {"w": float(weight)})
        yield f"{weight} dy_dw", slope(net, {"w": float(weight)}, "w")


# --- gates --------------------------------------------------------------------------------------


def lstm(given, columns="W", **options):
    """An LSTM and its values: W and b by gate."""
    hidden, inputs = len(given["h0"]), len(given["x"][0])
    gates = "fCo" if options.get("coupled") else "fiCo"
    values = {name: given[name] for name in ("x", "h0", "C0")} | {"d": given["target"]}
    values |= {f"W_{g}": given[columns][g] for g in gates}
    values |= {f"b_{g}": given["b"][g] for g in gates}
    return builder("lstm")(hidden, inputs, **options), values


def all_gradients(net, values, identity):
    for name in NUMBERS[identity]["expect"]["grads"]:
        yield f"grads {name}", slope(net, values, name)


@row
def S0_46(given):
    net, values = lstm(given)
    yield "f1", values_of(net.run.outputs["f"], values)[0]


@row
def S0_47(given):
    net, values = lstm(inputs_of("S0-46"))
    yield "i1", values_of(net.run.outputs["i"], values)[0]
    yield "Ctilde1_tanh", values_of(net.run.outputs["C̃"], values)[0]


@row
def S0_48(given):
    net, values = lstm(inputs_of("S0-46"))
    yield "C", values_of(net.run.states["C"], values)


@row
def S0_49(given):
    net, values = lstm(given)
    yield "o", values_of(net.run.outputs["o"], values)
    yield "h", values_of(net.run.states["h"], values)
    yield "loss", value(net, values)
    yield from all_gradients(net, values, "S0-49")


@row
def S0_50(given):
    net, values = lstm(given, peepholes="fio")
    yield "C", values_of(net.run.states["C"], values)
    yield "loss", value(net, values)
    yield from all_gradients(net, values, "S0-50")


@row
def S0_51(given):
    net, values = lstm(given, coupled=True)
    yield "h", values_of(net.run.states["h"], values)
    yield "loss", value(net, values)
    yield from all_gradients(net, values, "S0-51")


@row
def S3_09(given):
    net, values = lstm(inputs_of("S0-46") | given, "W_xh", order="xh")
    yield "h_T", values_of(net.run.final["h"], values)
    yield "loss", value(net, values)
    yield "dW_o", slope(net, values, "W_o")


@row
def S0_52(given):
    hidden, inputs = len(given["h0"]), len(given["x"][0])
    values = {name: given[name] for name in ("x", "W_z", "W_r", "W", "h0")}
    values["d"] = given["target"]
    net, other = (builder("gru")(hidden, inputs, keeps=keeps) for keeps in ("1-z", "z"))
    yield "h", values_of(net.run.states, values)
    yield "h_if_z_swapped", values_of(other.run.states, values)
    yield "z1", values_of(net.run.outputs["z"], values)[0]
    yield "loss", value(net, values)
    yield from all_gradients(net, values, "S0-52")


def row_lstm(given):
    values = {name: given[name] for name in ("x", "s0", "c0")} | {"d": given["target"]}
    for gate, key in (("i", "i"), ("f", "f"), ("o", "o"), ("g", "C")):
        values |= {f"U_{gate}": given["U"][key], f"W_{gate}": given["W"][key]}
    return values


@row
def S4_64(given):
    hidden, inputs = len(given["s0"]), len(given["x"][0])
    net, values = builder("lstm-row")(hidden, inputs), row_lstm(given)
    yield "c", values_of(net.run.states["c"], values)
    yield "s", values_of(net.run.states["s"], values)
    yield "loss", value(net, values)
    for name in ("U_i", "W_i", "U_g", "W_f"):
        yield f"d{name}", slope(net, values, name)


@row
def S4_65(given):
    hidden, inputs = len(given["s0"]), len(given["x"][0])
    values = {"x": given["x"], "s0": given["s0"], "U": given["U"]["C"], "W": given["W"]["C"]}
    yield "s", values_of(builder("rnn-row")(hidden, inputs).run.states, values)


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
    yield "E", value(E, values)


@row
def S4_68(given):
    E, values = cbow(given)
    yield "e", slope(E, values, "u")
    yield "EH", slope(E, values, "h")
    yield "dWprime", slope(E, values, "W'")
    yield "dW", slope(E, values, "W")
    moved = {name: values[name] - given["eta"] * slope(E, values, name) for name in ("W", "W'")}
    yield "E_after", value(E, values | moved)
    twice, same = cbow(given | {"context": wanted("S4-68", "repeated_context context")})
    factor = slope(twice, same, "W")[0] / slope(twice, same, "h")
    yield "repeated_context dW_row0_factor", factor[0]
