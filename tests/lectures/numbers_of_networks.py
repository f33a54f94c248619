"""What the lectures compute with features, losses, activations and feedforward networks."""

import numpy as np
import pytest

import symgraph as sg
from lectures.numbers import NUMBERS, inputs_of, row, slope, slopes, value, values_of, wanted
from symgraph.network import find_node
from symgraph.zoo import builder

# --- features, losses, activations --------------------------------------------------------------


@row
def S0_01(given):
    forms = builder("bias")(len(given["x"]))
    yield "value", value(forms, given)
    yield "value", values_of(forms.absorbed, given)
    yield "phi", values_of(find_node(forms.absorbed, "φ(x)"), given)
    yield "Wprime", values_of(find_node(forms.absorbed, "W′"), given)


@row
def S0_03(given):
    x = np.array(given["x"])
    values = {"Φ": np.column_stack([x, x**2]), "y": given["y"], "W": given["w_at"]}
    loss = builder("regularised")()
    yield "grad_at", slope(loss, values | {"λ": given["lam"]}, "W")
    without = slope(loss, values | {"λ": 0.0}, "W")
    yield "penalty_grad", slope(loss, values | {"λ": given["lam"]}, "W") - without


@row
def S0_04(given):
    feature = find_node(builder("temperature")(), "φ(T)")
    yield "value", values_of(feature, given)
    yield "dT", slope(feature, given, "T")


@row
def S0_05(given):
    hundred, thousand, *_ = given["N"]
    for name, count in (("log100", hundred), ("log1000", thousand)):
        yield name, value(builder("log-count")(), {"w": 1.0, "N": count})
    yield "dlog100", slope(builder("log-count")(), {"w": 1.0, "N": hundred}, "N")
    for k, count in enumerate(given["N"]):
        yield f"bins {k}", slopes(builder("bins")(), {"N": count}, "w1", "w2", "w3")


@row
def S0_06(given):
    loss = builder("robinson")()
    yield "value", value(loss, given)
    yield "d_height", slope(loss, given, "height")
    yield "d_weight", slope(loss, given, "weight")


@row
def S0_07(given):
    for n, p in ((2, 2), (3, 3), (2, 10)):
        score = builder("monomials")(n, p)
        yield f"count n={n},p={p}", find_node(score, "W").shape[0]
    yield "phi_2_2_at_3_m2", value(builder("monomials")(2, 2), {"x": [3.0, -2.0]}, "φ(x)")


@row
def S0_11(given):
    for k, phi in enumerate(given["Phi"]):
        values = {"v1": given["v1"], "v2": given["v2"], "Φ": phi, "w1": 1.0, "w2": 1.0, "y": 0.0}
        soft, hard = builder("two-cars")(), builder("two-cars")(sg.step)
        h1 = find_node(soft, "h1")
        yield f"sig_v1 {k}", values_of(h1, values)
        yield f"sig_v2 {k}", value(soft, values, "h2")
        yield f"grad_v1 {k}", slope(h1, values, "v1")
        yield f"soft_sum {k}", value(soft, values, "score")
        yield f"step_grad {k}", slope(find_node(hard, "h1"), values, "v1")[0]


@row
def S0_17a(given):
    v1, v2, (w1, w2) = given["v1"], given["v2"], given["w"]
    for k, sample in enumerate(NUMBERS["S0-17a"]["expect"]["samples"]):
        values = {"v1": v1, "v2": v2, "w1": w1, "w2": w2, "Φ": sample["phi"], "y": sample["y"]}
        loss = builder("two-cars")()
        yield f"samples {k} h", [value(loss, values, "h1"), value(loss, values, "h2")]
        yield f"samples {k} residual", value(loss, values, "residual")
        yield f"samples {k} loss", value(loss, values)
        yield f"samples {k} dw", slopes(loss, values, "w1", "w2")
        yield f"samples {k} dv1", slope(loss, values, "v1")
        yield f"samples {k} dv2", slope(loss, values, "v2")


@row
def S0_21(given):
    for k, case in enumerate(NUMBERS["S0-21"]["expect"]["cases"]):
        values = {"φ(x)": given["phi"], "W": case["W"], "y": case["y"]}
        loss = builder("hinge")(len(given["phi"]))
        yield f"cases {k} margin", value(loss, values, "margin")
        yield f"cases {k} loss", value(loss, values)
        yield f"cases {k} grad", slope(loss, values, "W")


@row
def S0_22(given):
    values = {"W": given["W"], "φ(x)": given["phi"], "y": given["y"]}
    loss = builder("squared")(len(given["phi"]))
    yield "residual", value(loss, values, "residual")
    yield "loss", value(loss, values)
    yield "grad", slope(loss, values, "W")


@row
def S0_23(given):
    w1, w2 = given["w"]
    parts = {name: given[name] for name in ("v1", "v2", "y")}
    values = {"φ(x)": given["phi"], "w1": w1, "w2": w2, **parts}
    loss = builder("two-layer")(2, len(given["phi"]))
    for name in ("h1", "h2", "residual", "loss"):
        yield f"f {name}", value(loss, values, name)
    for name in ("v1", "v2", "y", "residual", "h1", "h2"):
        yield f"g {name}", slope(loss, values, name)
    yield "g w", slopes(loss, values, "w1", "w2")


@row
def S4_32(given):
    loss = builder("half-squared")(len(given["x"]))
    yield "f", value(loss, given, "f")
    yield "loss", value(loss, given)
    yield "grad", slope(loss, given, "w")
    yield "db", slope(loss, given, "b")


@row
def S4_33(given):
    classes, hidden = np.shape(given["W"])
    loss = builder("softmax")(hidden, classes).loss
    yield "yhat", value(loss, given, "ŷ")
    yield "loss", value(loss, given)
    yield "dnet", slope(loss, given, "net")
    yield "dW", slope(loss, given, "W")
    yield "dh", slope(loss, given, "h")
    prediction = find_node(loss, "ŷ")
    yield "jacobian", values_of(sg.jacobian(prediction, find_node(prediction, "net")), given)


@row
def S4_24(given):
    names = {"leaky-relu": "leaky001", "elu": "elu1"}
    for place in NUMBERS["S4-24"]["expect"]:
        for name in ("sigmoid", "tanh", "relu", "softplus", "leaky-relu", "elu"):
            function, short = builder(name)(), names.get(name, name)
            yield f"{place} {short}", value(function, {"z": float(place)})
            yield f"{place} d{short}", slope(function, {"z": float(place)}, "z")


@row
def S4_24b(given):
    yield "sigma_800", value(builder("sigmoid")(), {"z": 800.0})
    yield "sigma_m800", value(builder("sigmoid")(), {"z": -800.0})
    yield "softplus_800", value(builder("softplus")(), {"z": 800.0})
    yield "softplus_m800", value(builder("softplus")(), {"z": -800.0})
    yield "max_dsigmoid", slope(builder("sigmoid")(), {"z": 0.0}, "z")
    yield "dsigma_40", slope(builder("sigmoid")(), {"z": 40.0}, "z")


@row
def S4_28(given):
    loss = builder("maxout")(*np.shape(given["W"]))
    yield "value", value(loss, given)
    yield "dx", slope(loss, given, "x")


# --- what a derivative is -----------------------------------------------------------------------


@row
def S0_18(given):
    loss = builder("sensitivity")()
    for name in ("in1", "in2", "in3"):
        yield f"labels {name}", slope(loss, given, name)
    yield "predicted_change_in2", given["eps"] * slope(loss, given, "in2")


@row
def S0_19(given):
    for operation, name in (("+", "+"), ("-", "-"), ("*", "*"), ("max", "max")):
        yield name, slopes(builder("building-block")(operation), given, "in1", "in2")
    maximum = builder("building-block")("max")
    turned = {"in1": given["in2"], "in2": given["in1"]}
    yield "max_swapped", slopes(maximum, turned, "in1", "in2")
    yield "max_tie", slopes(maximum, {"in1": 3.0, "in2": 3.0}, "in1", "in2")
    yield "square", slopes(builder("building-block")("square"), {"in": given["in1"]}, "in")
    yield "sigma", slopes(builder("building-block")("σ"), {"in": given["sigma_in"]}, "in")


@row
def S0_20(given):
    loss, values = builder("composition")(), {"in": given["x"]}
    yield "label_out_mid", slope(loss, values, "mid")
    yield "label_mid_in", slope(find_node(loss, "mid"), values, "in")
    yield "product", slope(loss, values, "in")


@row
def S0_26(given):
    yield "x_times_xplus1", slope(builder("x-sigma-x")(lambda x: x + 1), given, "x")
    yield "x_times_sigma", slope(builder("x-sigma-x")(), given, "x")


@row
def S4_01(given):
    yield "value", value(builder("parabola")(), {"x": wanted("S4-01", "x")})
    assert slope(builder("parabola")(), {"x": wanted("S4-01", "x")}, "x") == 0.0


# --- feedforward networks -----------------------------------------------------------------------


@row
def S3_05(given):
    x1, x2 = given["x"]
    places = {(i, j): f"w_1-{i}{j}" for i in (1, 2) for j in (1, 2, 3)}
    values = {"x1": x1, "x2": x2}
    for (i, j), name in places.items():
        values[name] = given["W1"][i - 1][j - 1]
    for j in (1, 2, 3):
        values |= {f"b_1-{j}": given["b1"][j - 1], f"w_2-{j}": given["w2"][j - 1]}
    y = builder("two-three-one")()
    yield "y", value(y, values)
    yield "a", [value(y, values, f"a{j}") for j in (1, 2, 3)]
    yield "dy_dw2", slopes(y, values, *(f"w_2-{j}" for j in (1, 2, 3)))
    yield "dy_db1", slopes(y, values, *(f"b_1-{j}" for j in (1, 2, 3)))
    yield "dy_dW1", np.reshape(slopes(y, values, *places.values()), (2, 3))


def with_theta(given):
    return {"x": given["x"], **{f"θ{k}": one for k, one in enumerate(given["theta"])}}


@row
def S4_11(given):
    f, values = builder("quadratic-unit")(), with_theta(given)
    yield "f", value(f, values)
    yield "grad", slopes(f, values, *(f"θ{k}" for k in range(3)))
    yield "df_dx", slope(f, values, "x")


@row
def S4_12(given):
    f, values = builder("quadratic-layers")(), with_theta(given)
    yield "f", value(f, values)
    yield "grad", slopes(f, values, *(f"θ{k}" for k in range(9)))
    yield "df_dx", slope(f, values, "x")


@row
def S4_13(given):
    Z = builder("six-relus")()
    for x in NUMBERS["S4-13"]["expect"]["Z_at"]:
        yield f"Z_at {x}", value(Z, {"x": float(x)})
    for x in NUMBERS["S4-13"]["expect"]["dZ_dx_at"]:
        yield f"dZ_dx_at {x}", slope(Z, {"x": float(x)}, "x")


@row
def S4_14(given):
    hidden, inputs = np.shape(given["W1"])
    loss = builder("universal")(inputs, hidden)
    yield "l1", value(loss, given, "l1")
    yield "l2", value(loss, given, "l2")
    for name in ("W1", "W2", "b1", "x"):
        yield f"d{name}", slope(loss, given, name)


def feedforward(given):
    hidden, inputs = np.shape(given["W1"])
    values = {"x": given["x"], "d": given["d"], "W^(1)": given["W1"], "W^(2)": given["W2"]}
    return builder("feedforward")(inputs, hidden, len(given["d"])), values


@row
def S4_15(given):
    E, values = feedforward(given)
    for name, place in (("net^(1)", "net1"), ("h", "h"), ("net^(2)", "net2"), ("y", "y")):
        yield place, value(E, values, name)
    yield "E", value(E, values)


@row
def S4_17(given):
    E, values = feedforward(given)
    yield "delta_k", -slope(E, values, "net^(2)")
    yield "dW2", -given["eta"] * slope(E, values, "W^(2)")


@row
def S4_18(given):
    E, values = feedforward(given)
    yield "delta_j", -slope(E, values, "net^(1)")
    yield "dW1", -given["eta"] * slope(E, values, "W^(1)")


@row
def S4_19(given):
    E = builder("named-units")()
    values = dict(zip("λΩ", given["in_"], strict=True))
    values |= dict(zip(("t_α", "t_β"), given["target"], strict=True))
    layers = (("ABC", "λΩ", "W_hidden"), ("αβ", "ABC", "W_out"))
    rows = {"W_hidden": given["W_hidden_rows_ABC"], "W_out": given["W_out_rows_alpha_beta"]}
    for heads, tails, key in layers:
        for head, weights in zip(heads, rows[key], strict=True):
            values |= {f"w_{head}{tail}": w for tail, w in zip(tails, weights, strict=True)}
    yield "out_hidden", [value(E, values, name) for name in "ABC"]
    yield "out", [value(E, values, name) for name in "αβ"]
    yield "delta_out", [-one for one in slopes(E, values, "net_α", "net_β")]
    yield "delta_hidden", [-one for one in slopes(E, values, "net_A", "net_B", "net_C")]
    for heads, tails, key in layers:
        moved = [slopes(E, values, *(f"w_{head}{tail}" for tail in tails)) for head in heads]
        yield f"{key}_new", np.array(rows[key]) - given["eta"] * np.array(moved)


def worked_example(given):
    (w3, w4), (w5, w6), (w1, w2) = given["w_top"], given["w_bottom"], given["w_out"]
    A, B = given["inputs"]
    values = {"A": A, "B": B, "t": given["target"]}
    return values | {"w1": w1, "w2": w2, "w3": w3, "w4": w4, "w5": w5, "w6": w6}


@row
def S4_20(given):
    E, values = builder("worked-example")(), worked_example(given)
    places = {
        "net_top": "net1", "out_top": "o1", "net_bottom": "net2", "out_bottom": "o2",
        "net_final": "net", "out": "o",
    }  # fmt: skip
    for place, name in places.items():
        yield place, value(E, values, name)
    yield "loss", value(E, values)


@row
def S4_21(given):
    E, values, eta = builder("worked-example")(), worked_example(given), given["eta"]
    yield "delta", -slope(E, values, "net")
    yield "true_gradient delta1", -slope(E, values, "net1")
    yield "true_gradient delta2", -slope(E, values, "net2")
    for k in range(1, 7):
        place = f"w{k}_new" if k < 3 else f"true_gradient w{k}"
        yield place, values[f"w{k}"] - eta * slope(E, values, f"w{k}")


@row
def S4_22(given):
    E, values, eta = builder("worked-example")(), worked_example(given), given["eta"]
    yield "old_error", values["t"] - value(E, values, "o")
    moved = {f"w{k}": values[f"w{k}"] - eta * slope(E, values, f"w{k}") for k in range(1, 7)}
    yield "true_gradient error", values["t"] - value(E, values | moved, "o")
    yield "true_gradient loss", value(E, values | moved)


# --- deep networks ------------------------------------------------------------------------------


@row
def S4_35(given):
    yield "sigma5_at_0", value(builder("chain")(5), {"x": 0.0})
    yield "dsigma5_at_0", slope(builder("chain")(5), {"x": 0.0}, "x")
    yield "dsigma10_at_0", slope(builder("chain")(10), {"x": 0.0}, "x")
    yield "relu5_at_1", slope(builder("chain")(5, sg.relu), {"x": 1.0}, "x")


@row
def S4_38(given):
    for depth in (5, 20):
        for name, residual in (("plain", False), ("residual", True)):
            v = builder("residual-chain")(depth, residual)
            yield f"{name}{depth}", [value(v, {"v": 0.5}), slope(v, {"v": 0.5}, "v")]


@row
def S4_37(given):
    loss = builder("residual-block")(len(given["x"]))
    yield "F", value(loss, given, "F")
    yield "y", value(loss, given, "y")
    for name, place in (("x", "dsum_dx"), ("W1", "dW1"), ("W2", "dW2")):
        yield place, slope(loss, given, name)
    y = find_node(loss, "y")
    yield "jacobian", values_of(sg.jacobian(y, find_node(y, "x")), given)


def batch_normalised(given):
    values = {"x": given["x"], "γ": given["gamma"], "β": given["beta"]}
    return builder("batch-norm")(given["eps"]), values


@row
def S4_39(given):
    loss, values = batch_normalised(given)
    for name, place in (("μ", "mu"), ("v", "var"), ("x̂", "xhat"), ("y", "y")):
        yield place, value(loss, values, name)


@row
def S4_40(given):
    loss, values = batch_normalised(inputs_of("S4-39"))
    values["g"] = given["dl_dy"]
    for name, place in (("γ", "dgamma"), ("β", "dbeta"), ("v", "dvar"), ("x", "dx")):
        yield place, slope(loss, values, name)


# --- convolution --------------------------------------------------------------------------------


@row
def S0_36(given):
    y, values = builder("kernel")(len(given["filter"])), {"K": given["filter"], "X": given["patch"]}
    yield "response", value(y, values)
    assert slope(y, values, "K").tolist() == given["patch"]
    assert slope(y, values, "X").tolist() == given["filter"]


@row
def S0_38(given):
    A = np.add.outer(7 * np.arange(10), 3 * np.arange(10)) % 10.0
    A[4, 6] = 17
    largest, mean = builder("max-pool")(), builder("mean-pool")()
    yield "max", value(largest, {"A": A})
    yield "argmax", np.argwhere(slope(largest, {"A": A}, "A"))[0]
    yield "max_grad_nonzeros", np.count_nonzero(slope(largest, {"A": A}, "A"))
    yield "mean", value(mean, {"A": A})
    assert slope(mean, {"A": A}, "A") == pytest.approx(wanted("S0-38", "mean_grad_each"))


@row
def S4_53(given):
    size = len(given["A"])
    yield "max_grad", slope(builder("max-pool")(size, 2), given, "A")
    assert slope(builder("mean-pool")(size, 2), given, "A") == pytest.approx(
        wanted("S4-53", "avg_grad_each")
    )


@row
def S4_50(given):
    loss = builder("shared-weights")(len(given["x"]), len(given["w"]))
    yield "y", value(loss, given, "y")
    yield "dw", slope(loss, given, "w")


@row
def S4_51(given):
    values = {"X": given["I"], "K": given["K"]}
    loss = builder("conv-layer")(len(given["I"]), len(given["K"]))
    yield "feature_map", value(loss, values, "Y")
    yield "dK_of_sum", slope(loss, values, "K")


@row
def S0_39(given):
    net = builder("conv-classifier")()
    parts = {"X": "X", "K": "K", "b_K": "bK", "W_f": "Wf", "b_f": "bf", "y": "label"}
    values = {name: given[key] for name, key in parts.items()}
    yield "logits", values_of(net.logits, values)
    yield "loss", value(net, values)
    for name, place in (("K", "dK"), ("b_K", "dbK"), ("b_f", "dbf")):
        yield place, slope(net, values, name)
    yield "dWf_row0", slope(net, values, "W_f")[0]
    yield "dX_row2", slope(net, values, "X")[2]
    yield "n_params", sum(np.size(values[name]) for name in ("K", "b_K", "W_f", "b_f"))


@row
def S4_55(given):
    net = builder("text-classifier")()
    turned = {f"K{n}": np.swapaxes(given[f"K{n}"], 1, 2) for n in (2, 3)}
    same = {name: given[name] for name in ("E", "ids", "b2", "b3")}
    values = {**same, **turned, "W_f": given["Wf"], "y": given["label"]}
    yield "features", value(net, values, "p")
    yield "loss", value(net, values)
    yield "dE", slope(net, values, "E")
    for n in (2, 3):
        yield f"dK{n}", np.swapaxes(slope(net, values, f"K{n}"), 1, 2)
