"""What the lectures compute with derivatives, feedforward and convolutional networks."""

import json
import re

import numpy as np

import symgraph as sg
from lectures.expected import NUMBERS, inputs_of, minimum, row, slope, slopes, value, values_of
from symgraph.network import find_node
from symgraph.phenomena import approximation_error, linear_pieces
from symgraph.walks import variables
from symgraph.zoo import builder

# --- what a derivative is -----------------------------------------------------------------------


@row
def S0_18(given):
    loss = builder("sensitivity")()
    for name in ("in1", "in2", "in3"):
        yield f"labels {name}", slope(loss, given, name)
    yield "predicted_change_in2", given["eps"] * slope(loss, given, "in2")
    moved = given | {"in2": given["in2"] + given["eps"]}
    yield "actual_change_in2", value(loss, moved) - value(loss, given)


@row
def S0_19(given):
    for operation, name in (("+", "+"), ("-", "-"), ("*", "*"), ("max", "max")):
        yield name, slopes(builder("building-block")(operation), given, "in1", "in2")
    maximum = builder("building-block")("max")
    turned = {"in1": given["in2"], "in2": given["in1"]}
    yield "max_swapped", slopes(maximum, turned, "in1", "in2")
    yield "max_tie", slopes(maximum, {"in1": 3.0, "in2": 3.0}, "in1", "in2")
    yield "square", slopes(builder("building-block")("square"), {"in": given["in1"]}, "in")
    sigma = builder("building-block")("σ")
    yield "sigma", slopes(sigma, {"in": given["sigma_in"]}, "in")
    yield "sigma_value", value(sigma, {"in": given["sigma_in"]})


@row
def S0_20(given):
    loss, values = builder("composition")(), {"in": given["x"]}
    yield "mid", value(loss, values, "mid")
    yield "label_out_mid", slope(loss, values, "mid")
    yield "label_mid_in", slope(find_node(loss, "mid"), values, "in")
    yield "product", slope(loss, values, "in")


@row
def S0_26(given):
    yield "x_times_xplus1", slope(builder("x-sigma-x")(lambda x: x + 1), given, "x")
    loss = builder("x-sigma-x")()
    yield "x_times_sigma", slope(loss, given, "x")
    paths = sg.graph(loss, "x").paths(loss, "x", given).shown
    # The shorter path first: they come with the larger product first.
    yield "paths_x_sigma", [one.value for one in sorted(paths, key=lambda one: len(one.edges))]


@row
def S4_01(given):
    f = builder("parabola")()
    yield "derivative", str(sg.derive(f, "x").result).partition(" = ")[2].replace(" ", "")
    lowest = minimum(f, "x", {})
    yield "x", lowest
    yield "value", value(f, {"x": lowest})


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
    yield "h", [value(y, values, f"h{j}") for j in (1, 2, 3)]
    yield "out_net", values_of(find_node(y, "y").args[0].args[0], values)
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
    for name in ("h1", "h2"):
        yield name, value(f, values, name)
    yield "f", value(f, values)
    yield "grad", slopes(f, values, *(f"θ{k}" for k in range(9)))
    yield "df_dx", slope(f, values, "x")


def cubic(x):
    """What the six rectifiers approximate."""
    return x**3 + x**2 - x - 1


def best_cubic(Z, end):
    """The cubic with the least squared distance at 4001 places, by the normal equations."""
    x = np.linspace(-end, end, 4001)
    heights = sg.compile([find_node(Z, "x")], Z)
    powers = np.vander(x, 4)
    values = {"Φ": powers, "y": np.array([heights(one) for one in x]), "λ": 0.0}
    return minimum(builder("regularised")(4), "W", values)


@row
def S4_13(given):
    Z, expect = builder("six-relus")(), NUMBERS["S4-13"]["expect"]
    pieces = linear_pieces(Z, (-2.0, 2.0))
    yield "knots", pieces["from"][1:]
    yield "slopes", pieces["slope"]
    for x in expect["Z_at"]:
        yield f"Z_at {x}", value(Z, {"x": float(x)})
        yield f"f_at {x}", cubic(float(x))
    for x in expect["dZ_dx_at"]:
        yield f"dZ_dx_at {x}", slope(Z, {"x": float(x)}, "x")
    for span in expect["max_error"]:
        worst = approximation_error(Z, cubic, [json.loads(span)])
        yield f"max_error {span} max_abs_error", worst["error"][0]
        yield f"max_error {span} at", worst["at"][0]
    for end in expect["best_cubic_fit"]:
        yield f"best_cubic_fit {end}", best_cubic(Z, float(end))


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
    step = -given["eta"] * slope(E, values, "W^(2)")
    yield "dW2", step
    yield "W2_new", given["W2"] + step


@row
def S4_18(given):
    E, values = feedforward(given)
    yield "delta_j", -slope(E, values, "net^(1)")
    step = -given["eta"] * slope(E, values, "W^(1)")
    yield "dW1", step
    yield "W1_new", given["W1"] + step


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


MODES = {"true_gradient": False, "lecture_updated_weights": True}


def updated(given, sequential):
    """The rule of the worked example and its next weights, in either order."""
    rule = builder("worked-example-update")(given["eta"], sequential=sequential)
    values = worked_example(given)
    new = {old.name: values_of(one, values) for old, one in rule.updates.items()}
    return rule, values, new


@row
def S4_21(given):
    for mode, sequential in MODES.items():
        rule, values, new = updated(given, sequential)
        whole = [*rule.updates.values()]
        (delta,) = {n for one in whole for n in [find_node(one, "δ")]}
        yield "delta", values_of(delta, values)
        for k, weight in ((1, "w4"), (2, "w6")):
            (line,) = [new for old, new in rule.updates.items() if old.name == weight]
            yield f"{mode} delta{k}", value(line, values, f"δ{k}")
        for k in range(1, 7):
            yield f"w{k}_new" if k < 3 else f"{mode} w{k}", new[f"w{k}"]
    for name, found in rounded_by_hand(worked_example(given), given["eta"]).items():
        yield f"lecture_rounded_recomputed {name}", found


def rounded_by_hand(v, eta):
    """The deck's order once more, with the numbers that it rounds: o1, o2, o and δ."""
    E = builder("worked-example")()
    o1, o2, o = (round(float(value(E, v, n)), d) for n, d in (("o1", 2), ("o2", 4), ("o", 2)))
    exact = (v["t"] - o) * o * (1 - o)
    delta = round(exact, 4)
    w1, w2 = v["w1"] + eta * delta * o1, v["w2"] + eta * delta * o2
    delta1, delta2 = delta * w1 * o1 * (1 - o1), delta * w2 * o2 * (1 - o2)
    steps = {"w3": delta1 * v["A"], "w4": delta1 * v["B"], "w5": delta2 * v["A"]}
    steps["w6"] = delta2 * v["B"]
    found = {"delta": exact, "w1": w1, "w2": w2, "delta1": delta1, "delta2": delta2}
    return found | {name: v[name] + eta * step for name, step in steps.items()}


@row
def S4_22(given):
    E, values = builder("worked-example")(), worked_example(given)
    yield "old_error", values["t"] - value(E, values, "o")
    for mode, sequential in MODES.items():
        rule, _, new = updated(given, sequential)
        yield f"{mode} out", value(rule, values | new, "o")
        yield f"{mode} error", values["t"] - value(rule, values | new, "o")
        yield f"{mode} loss", value(rule, values | new)


# --- deep networks ------------------------------------------------------------------------------


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
    yield "var_unbiased_wrong", values_of(sg.var(find_node(loss, "x"), ddof=1), values)


@row
def S4_40(given):
    loss, values = batch_normalised(inputs_of("S4-39"))
    values["g"] = given["dl_dy"]
    for name, place in (("γ", "dgamma"), ("β", "dbeta"), ("v", "dvar"), ("μ", "dmu"), ("x", "dx")):
        yield place, slope(loss, values, name)
    dx = slope(loss, values, "x")
    yield "sum_dx", dx.sum()
    yield "sum_dx_xhat", dx @ value(loss, values, "x̂")


# --- convolution --------------------------------------------------------------------------------


@row
def S0_36(given):
    y, values = builder("kernel")(len(given["filter"])), {"K": given["filter"], "X": given["patch"]}
    yield "response", value(y, values)
    K, X = find_node(y, "K"), find_node(y, "X")
    yield "terms", values_of(sg.sum(K * X, axis=1), values)
    yield "flipped_convolution", values_of(sg.sum(sg.flip(K) * X), values)
    assert slope(y, values, "K").tolist() == given["patch"]
    assert slope(y, values, "X").tolist() == given["filter"]


@row
def S0_38(given):
    rise, across, modulus, i, j, peak = map(int, re.findall(r"\d+", given["A"]))
    A = np.add.outer(rise * np.arange(10), across * np.arange(10)) % float(modulus)
    A[i, j] = peak
    largest, mean = builder("max-pool")(), builder("mean-pool")()
    yield "max", value(largest, {"A": A})
    yield "argmax", np.argwhere(slope(largest, {"A": A}, "A"))[0]
    yield "max_grad_nonzeros", np.count_nonzero(slope(largest, {"A": A}, "A"))
    yield "mean", value(mean, {"A": A})
    yield "mean_grad_each", the_one_of(slope(mean, {"A": A}, "A"))


def the_one_of(numbers):
    """The number that all entries are."""
    assert np.ptp(numbers) == 0
    return numbers.flat[0]


@row
def S4_53(given):
    size = len(given["A"])
    largest, mean = builder("max-pool")(size, 2), builder("mean-pool")(size, 2)
    yield "max_grad", slope(largest, given, "A")
    yield "avg_grad_each", the_one_of(slope(mean, given, "A"))
    A = find_node(largest, "A")
    yield "max", values_of(sg.max_pool2d(A, 2), given)
    yield "avg", values_of(sg.mean_pool2d(A, 2), given)


@row
def S4_50(given):
    loss = builder("shared-weights")(len(given["x"]), len(given["w"]))
    yield "y", value(loss, given, "y")
    yield "dw", slope(loss, given, "w")
    units, seen = find_node(loss, "y").shape[0], len(given["w"])
    yield "params_shared", find_node(loss, "w").shape[0]
    yield "params_local", units * seen
    yield "params_full", units * len(given["x"])


@row
def S4_51(given):
    values = {"X": given["I"], "K": given["K"]}
    loss = builder("conv-layer")(len(given["I"]), len(given["K"]))
    yield "feature_map", value(loss, values, "Y")
    yield "first", value(loss, values, "Y")[0, 0]
    yield "dK_of_sum", slope(loss, values, "K")


@row
def S4_52(given):
    K = np.array(given["K"])
    net = builder("conv-classifier")(len(given["I"]), len(K))
    values = {"X": given["I"], "K": K, "b_K": np.zeros(len(K))}
    maps = find_node(net.loss, "Z")
    found = values_of(maps, values)
    yield "shape", list(maps.shape)
    yield "sums", found.sum((1, 2))
    yield "corner", [found[:, 0, 0], found[:, -1, -1]]
    yield "sigmoid_sums", values_of(sg.sum(sg.sigmoid(maps), axis=(1, 2)), values)
    sizes = {leaf.name: int(np.prod(leaf.shape)) for leaf in variables([net.loss])}
    yield "n_params", sizes["K"]
    yield "n_params_bias", sizes["K"] + sizes["b_K"]


@row
def S0_39(given):
    net = builder("conv-classifier")()
    parts = {"X": "X", "K": "K", "b_K": "bK", "W_f": "Wf", "b_f": "bf", "y": "label"}
    values = {name: given[key] for name, key in parts.items()}
    yield "logits", values_of(net.logits, values)
    yield "p", values_of(sg.softmax(net.logits), values)
    yield "dX_sum", slope(net, values, "X").sum()
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
    yield "winners", np.concatenate([value(net, values, f"c{n}").argmax(1) for n in (2, 3)])
    yield "p", values_of(sg.softmax(net.logits), values)
    yield "loss", value(net, values)
    yield "dE", slope(net, values, "E")
    for n in (2, 3):
        yield f"dK{n}", np.swapaxes(slope(net, values, f"K{n}"), 1, 2)
