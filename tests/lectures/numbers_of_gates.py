"""What the lectures compute with gates: LSTM, GRU, and what they carry over time."""

import numpy as np

import symgraph as sg
from lectures.expected import NUMBERS, inputs_of, row, slope, value, values_of
from symgraph.phenomena import belt
from symgraph.walks import variables
from symgraph.zoo import builder


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
    candidate = net.run.outputs["C̃"]
    yield "Ctilde1_tanh", values_of(candidate, values)[0]
    printed = sg.replace_function(candidate, "tanh", sg.sigmoid)
    yield "Ctilde1_sigma_as_printed", values_of(printed, values)[0]


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
    yield "h", values_of(net.run.states["h"], values)
    yield "loss", value(net, values)
    yield from all_gradients(net, values, "S0-50")


@row
def S0_51(given):
    net, values = lstm(given, coupled=True)
    yield "C", values_of(net.run.states["C"], values)
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
    for name, place in (("z", "z1"), ("r", "r1"), ("h̃", "htilde1")):
        yield place, values_of(net.run.outputs[name], values)[0]
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


# --- along the cell -----------------------------------------------------------------------------


@row
def S2_05(given):
    """The direct way along the cell: with the gates held fixed the product of the f_t."""
    net, values = lstm(given)
    f = net.run.outputs["f"]
    yield "f", values_of(f, values)
    yield "prod_f", values_of(sg.prod(f, axis=0), values)
    known = {name: one for name, one in values.items() if name != "d"}
    direct = belt(net.run, known)["along C"]
    assert np.allclose(direct[-1], values_of(sg.max(sg.prod(f, axis=0)), values))


@row
def S2_05b(given):
    net, values = lstm(given)
    C = net.run.final["C"]
    (start,) = (leaf for leaf in variables([C]) if leaf.name == "C0")
    yield "J", values_of(sg.jacobian(C, start), values)


def scalar_lstm():
    """One unit with a forget bias of 5: h_T by x_1 fades slowly."""

    def step(h, c, x):
        f, i = sg.sigmoid(0.1 * h + 5), sg.sigmoid(4 * x)
        c = sg.let("c", f * c + i * sg.tanh(x))
        return {"h": sg.let("h", sg.sigmoid(sg.const(1.0)) * sg.tanh(c)), "c": c}

    start = {name: sg.const(0.0) for name in ("h", "c")}
    return sg.scan(step, start, {"x": sg.input("x", "T")}).final["h"]


@row
def S0_41(given):
    net = builder("rnn-scalar")()
    for length in (1, 10, 50, 100):
        x = np.full(length, float(given["later_x"]))
        x[0] = given["x1"]
        values = {"x": x, "w": 0.8, "h0": 0.0}
        yield f"rnn {length}", slope(net, values, "x")[0]
        yield f"lstm {length}", slope(scalar_lstm(), values, "x")[0]


FEMALE, MALE = ("Mary", "girl"), ("Bob", "boy")


def gender_cell():
    """A cell whose gates are set by hand: its candidate is who is spoken of."""

    def step(C, sex, opens):
        f, i = sg.sigmoid(-opens), sg.sigmoid(opens)
        return sg.let("C", f * C + i * sg.sigmoid(sex))

    return sg.scan(step, sg.input("C0"), (sg.input("sex", "T"), sg.input("opens", "T")))


@row
def S3_11(given):
    tokens = given["tokens"]
    signed = {True: 10.0, False: -10.0}
    values = {
        "C0": given["C0"],
        "sex": [signed[one in MALE] for one in tokens],
        "opens": [signed[one in (*FEMALE, *MALE)] for one in tokens],
    }
    found = values_of(gender_cell().states, values)
    yield "C", found
    yield "ideal", np.round(found)
