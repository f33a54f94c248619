"""What the lectures compute with features, losses and activation functions."""

import numpy as np
import sympy

import symgraph as sg
from lectures.expected import (
    NUMBERS,
    labelled,
    minimum,
    row,
    slope,
    slopes,
    value,
    values_of,
)
from lectures.toolchain import has_a_compiler
from symgraph.network import find_node
from symgraph.walks import variables
from symgraph.zoo import builder, built

# --- features and hypothesis classes ------------------------------------------------------------


@row
def S0_01(given):
    forms = builder("bias")(len(given["x"]))
    yield "value", value(forms, given)
    yield "value", values_of(forms.absorbed, given)
    yield "phi", values_of(find_node(forms.absorbed, "φ(x)"), given)
    yield "Wprime", values_of(find_node(forms.absorbed, "W′"), given)


@row
def S0_02(given):
    """The least loss of each class."""
    for degree, weights, sse in ((1, "H1_w1", "H1_sse"), (2, "H2_w", "H2_sse")):
        loss = builder("hypothesis")(degree)
        best = minimum(loss, "w", given)
        least = value(loss, given | {"w": best})
        yield weights, best[0] if degree == 1 else best
        yield sse, least
        if degree == 1:
            yield "H1_w1_exact", best[0]
            yield "H1_sse_exact", least


@row
def S0_03(given):
    x = np.array(given["x"])
    values = {"Φ": np.column_stack([x, x**2]), "y": given["y"], "W": given["w_at"]}
    loss = builder("regularised")()
    with_penalty = slope(loss, values | {"λ": given["lam"]}, "W")
    yield "grad_at", with_penalty
    yield "penalty_grad", with_penalty - slope(loss, values | {"λ": 0.0}, "W")
    best = builder("ridge")().weights
    yield "w_ridge", values_of(best, values | {"λ": given["lam"]})
    yield "norm_ridge", values_of(sg.norm(best), values | {"λ": given["lam"]})


def taylor(system, *names):
    """Value, gradient and Hessian at 0: the coefficients of a quadratic."""
    leaves = [find_node(system, name) for name in names]
    zero = dict.fromkeys(names, 0.0)
    first = sg.grad(system, leaves)
    second = [sg.grad(one, leaves) for one in first]
    return value(system, zero), values_of(first, zero), [values_of(one, zero) for one in second]


@row
def S0_04(given):
    feature = find_node(builder("temperature")(), "φ(T)")
    yield "value", values_of(feature, given)
    yield "dT", slope(feature, given, "T")
    constant, (linear,), ((twice,),) = taylor(feature, "T")
    coefficients = [constant, linear, twice / 2]
    yield "coeffs", coefficients
    score = built("monomials,variables=1,degree=2")
    yield "check", value(score, {"W": coefficients, "x": [given["T"]]})


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
    one, (h, w), ((hh, hw), (_, ww)) = taylor(loss, "height", "weight")
    for name, found in (("one", one), ("h", h), ("w", w), ("hw", hw)):
        yield f"coeffs {name}", found
    yield "coeffs hh", hh / 2
    yield "coeffs ww", ww / 2


@row
def S0_07(given):
    for n, p in ((2, 2), (3, 3), (10, 5), (2, 10)):
        score = builder("monomials")(n, p)
        yield f"count n={n},p={p}", find_node(score, "W").shape[0]
    yield "phi_2_2_at_3_m2", value(builder("monomials")(2, 2), {"x": [3.0, -2.0]}, "φ(x)")


# --- two cars -----------------------------------------------------------------------------------


def safe(at_zero):
    """1 where two cars are at least 1 apart, else -1: the value at 0 is a choice."""
    return sg.sign(sg.abs(sg.input("x1") - sg.input("x2")) - 1, at_zero=at_zero)


def places(given, key="points"):
    return [{"x1": a, "x2": b} for a, b in given[key]]


@row
def S0_08(given):
    yield "y", [value(safe(1), at) for at in places(given)]
    (border,) = places({"points": [given["boundary"]]})
    yield "boundary_y", value(safe(1), border)
    distance = sympy.Abs(sympy.Float(border["x1"]) - sympy.Float(border["x2"]))
    yield "sympy_sign_at_boundary", float(sympy.sign(distance - 1))


@row
def S0_09(given):
    net = builder("two-cars-by-hand")()
    for name in ("h1", "h2"):
        yield name, [value(net, at, name) for at in places(given)]
    yield "lecture_y", [value(net, at) for at in places(given)]
    yield "true_y", [value(builder("two-cars-by-hand")(offset=True), at) for at in places(given)]


def subproblem(j):
    """A linear subproblem of the two cars, 1[v·Φ ≥ 0], as a unit of the network."""
    loss = builder("two-cars")(lambda score: sg.step(sg.let(f"v{j}·Φ", score), at_zero=1))
    return find_node(loss, f"h{j}")


@row
def S0_10(given):
    for j in (1, 2):
        values = [{f"v{j}": given[f"v{j}"], "Φ": phi} for phi in given["Phi"]]
        unit = subproblem(j)
        yield f"v{j}_score", [value(unit, at, f"v{j}·Φ") for at in values]
        yield f"h{j}", [value(unit, at) for at in values]


@row
def S0_11(given):
    soft, hard = builder("two-cars")(), builder("two-cars")(sg.step)
    h1 = find_node(soft, "h1")
    for k, phi in enumerate(given["Phi"]):
        values = {"v1": given["v1"], "v2": given["v2"], "Φ": phi, "w1": 1.0, "w2": 1.0, "y": 0.0}
        yield f"sig_v1 {k}", values_of(h1, values)
        yield f"sig_v2 {k}", value(soft, values, "h2")
        yield f"dsig_v1 {k}", values_of(sg.grad(h1, labelled(h1, "v1·Φ")), values)
        yield f"grad_v1 {k}", slope(h1, values, "v1")
        yield f"soft_sum {k}", value(soft, values, "score")
        yield f"sign_soft_sum {k}", values_of(sg.sign(find_node(soft, "score")), values)
        yield f"step_grad {k}", slope(find_node(hard, "h1"), values, "v1")[0]


@row
def S0_13(given):
    X, W = sg.input("X", np.shape(given["X"])), sg.parameter("W", np.shape(given["W"]))
    net = X @ W.T + sg.parameter("b")
    for name, function in (("", sg.relu), ("sigmoid_", sg.sigmoid)):
        active = sg.count_nonzero(function(net))
        total = np.prod(net.shape)
        yield f"{name}active_fraction", values_of(active, given) / total
    yield "active", values_of(sg.count_nonzero(sg.relu(net)), given)
    yield "total", total


@row
def S0_17a(given):
    loss = builder("two-cars")()
    w1, w2 = given["w"]
    for k, (phi, y) in enumerate(zip(given["phi"], given["y"], strict=True)):
        values = {"v1": given["v1"], "v2": given["v2"], "w1": w1, "w2": w2, "Φ": phi, "y": y}
        yield f"samples {k} h", [value(loss, values, "h1"), value(loss, values, "h2")]
        yield f"samples {k} score", value(loss, values, "score")
        yield f"samples {k} residual", value(loss, values, "residual")
        yield f"samples {k} loss", value(loss, values)
        yield f"samples {k} dw", slopes(loss, values, "w1", "w2")
        yield f"samples {k} dv1", slope(loss, values, "v1")
        yield f"samples {k} dv2", slope(loss, values, "v2")


# --- losses -------------------------------------------------------------------------------------


def labels_of(loss, values, names):
    """The numbers on the edges of the graph, head->tail, under the names of the lecture."""
    for edge in sg.graph(loss).edges:
        head, tail = (names.get(v.label("text"), v.label("text")) for v in (edge.head, edge.tail))
        if edge.live:
            yield f"{head}->{tail}", values_of(sg.grad(edge.head.node, edge.tail.node), values)


def diagram(loss, names):
    """The tree of a loss as the lecture lists it: heads, tails, labels, and the parameters."""
    graph = sg.graph(loss, tree=True)
    yield "diagram nodes", len(graph.nodes)
    edges = sorted(graph.edges, key=lambda edge: (-edge.head.number, edge.operand))
    for k, edge in enumerate(edges):
        words = [v.label("text") for v in (edge.head, edge.tail)] + [edge.label("text")]
        for i, word in enumerate(words):
            yield f"diagram edges {k} {i}", names.get(word, word)
    leaves = [v.label("text") for v in graph.nodes if v.role == "parameter"]
    for k, name in enumerate(leaves):
        yield f"diagram param_leaves {k}", name


@row
def S0_21(given):
    loss = builder("hinge")(len(given["phi"]))
    names = {"1 - margin": "1-margin", "φ(x)": "phi"}
    for k, (W, y) in enumerate(zip(given["W"], given["y"], strict=True)):
        values = {"φ(x)": given["phi"], "W": W, "y": y}
        yield f"cases {k} score", value(loss, values, "score")
        yield f"cases {k} margin", value(loss, values, "margin")
        yield f"cases {k} loss", value(loss, values)
        yield f"cases {k} grad", slope(loss, values, "W")
        found = dict(labels_of(loss, values, names))
        yield f"cases {k} indicator", found["loss->1-margin"]
        for edge in ("loss->1-margin", "1-margin->margin", "margin->score", "score->W"):
            yield f"cases {k} labels {edge}", found[edge]
        yield f"cases {k} labels score->phi", found["score->phi"]
    drawn = {"1[margin < 1]": "1[margin<1]", "1[margin > 1]": "1[margin>1]", **names}
    yield from diagram(loss, drawn)


@row
def S0_22(given):
    values = {"W": given["W"], "φ(x)": given["phi"], "y": given["y"]}
    loss = builder("squared")(len(given["phi"]))
    names = {"W·φ(x)": "score", "φ(x)": "phi", "2 residual": "2*residual"}
    yield "score", values_of(labelled(loss, "W·φ(x)"), values)
    yield "residual", value(loss, values, "residual")
    yield "loss", value(loss, values)
    yield "grad", slope(loss, values, "W")
    found = dict(labels_of(loss, values, names))
    for edge in ("loss->residual", "residual->score", "residual->y", "score->W"):
        yield f"labels {edge}", found[edge]
    yield from diagram(loss, names)


def two_layer(given):
    w1, w2 = given["w"]
    parts = {name: given[name] for name in ("v1", "v2", "y")}
    values = {"φ(x)": given["phi"], "w1": w1, "w2": w2, **parts}
    return builder("two-layer")(2, len(given["phi"])), values


@row
def S0_23(given):
    loss, values = two_layer(given)
    inner = {f"z{j}": labelled(loss, f"v{j}·φ(x)") for j in (1, 2)}
    inner["score"] = labelled(loss, "w1 h1 + w2 h2")
    for name in ("h1", "h2", "residual", "loss"):
        yield f"f {name}", value(loss, values, name)
    for name in ("v1", "v2", "y", "residual", "h1", "h2", "loss"):
        yield f"g {name}", slope(loss, values, name)
    yield "g w", slopes(loss, values, "w1", "w2")
    for name, node in inner.items():
        yield f"f {name}", values_of(node, values)
        yield f"g {name}", values_of(sg.grad(loss, node), values)
    edges = [sg.grad(find_node(loss, f"h{j}"), inner[f"z{j}"]) for j in (1, 2)]
    yield "edge_h_z", values_of(edges, values)
    yield from half_loss(loss, inner["score"], values)
    tree, shared = sg.graph(loss, tree=True), sg.graph(loss)
    yield "diagram nodes_tree", len(tree.nodes)
    yield "diagram nodes_shared_phi", len(shared.nodes)
    yield "diagram edges", len(tree.edges)
    for k, name in enumerate(v.name for v in by_name(shared) if v.role == "parameter"):
        yield f"diagram param_leaves {k}", name
    leaves = variables([loss])
    if has_a_compiler():
        native = sg.compile(leaves, [loss, *sg.grad(loss, leaves)], target="cython")
        yield "exp_calls_forward_plus_backward", native.source.count("= sg_exp_down(")


def by_name(graph):
    """The vertices, the weights of the upper layer first."""
    return sorted(graph.vertices, key=lambda v: (v.name or "")[:1], reverse=True)


def half_loss(loss, score, values):
    """The lecture's g0 = f0 - f0*, for half the loss: the residual as seed of the prediction."""
    leaves = [find_node(loss, name) for name in ("w1", "w2")]
    residual = find_node(loss, "residual")
    yield "half_loss_seed_residual seed_at_score", values_of(residual, values)
    seeded = sg.grad(score, leaves, cotangent=residual)
    yield "half_loss_seed_residual dw", values_of(seeded, values)


@row
def S4_32(given):
    loss = builder("half-squared")(len(given["x"]))
    yield "f", value(loss, given, "f")
    yield "loss", value(loss, given)
    yield "grad", slope(loss, given, "w")
    yield "db", slope(loss, given, "b")
    w = find_node(loss, "w")
    moved = sg.optim.SGD(given["eta"]).updates({w: sg.grad(loss, w)})[w]
    yield "w_new", values_of(moved, given | {"η": given["eta"]})


@row
def S4_33(given):
    classes, hidden = np.shape(given["W"])
    loss = builder("softmax")(hidden, classes).loss
    yield "net", value(loss, given, "net")
    yield "yhat", value(loss, given, "ŷ")
    yield "loss", value(loss, given)
    yield "dnet", slope(loss, given, "net")
    yield "dW", slope(loss, given, "W")
    yield "dh", slope(loss, given, "h")
    prediction = find_node(loss, "ŷ")
    yield "jacobian", values_of(sg.jacobian(prediction, find_node(prediction, "net")), given)
    big = {"net": [1000.0, 0.0], "d": [0.0, 1.0]}
    net, d = sg.input("net", 2), sg.input("d", 2)
    yield "big_logits_loss", values_of(-sg.sum(d * sg.log_softmax(net)), big)


# --- activation functions -----------------------------------------------------------------------


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
    sigmoid, softplus = builder("sigmoid")(), builder("softplus")()
    for name, z in (("800", 800.0), ("m800", -800.0)):
        yield f"sigma_{name}", value(sigmoid, {"z": z})
        yield f"softplus_{name}", value(softplus, {"z": z})
    yield "dsigma_40", slope(sigmoid, {"z": 40.0}, "z")
    z = np.linspace(-4, 4, 801)
    slopes_at = np.array([slope(sigmoid, {"z": one}, "z") for one in z])
    yield "max_dsigmoid", slopes_at.max()
    yield "at", abs(np.round(z[slopes_at.argmax()], 12))
    yield "max_dtanh", max(slope(builder("tanh")(), {"z": one}, "z") for one in z)
    gaps = [value(softplus, {"z": one}) - value(builder("relu")(), {"z": one}) for one in z]
    yield "softplus_minus_relu_max", max(gaps)
    t = sg.input("z")
    identity = values_of(sg.tanh(t) - (2 * sg.sigmoid(2 * t) - 1), {"z": 0.755})
    assert abs(identity) < 1e-15


@row
def S4_26(given):
    """The noise is an input; its variance is the logistic function."""
    y, held = builder("noisy-relu")(), builder("noisy-relu")(through=False)
    at, off = ({"z": given["x"], "ε": noise} for noise in (given["eps"], -2.0))
    yield "value", value(y, at)
    yield "grad_through_std", slope(y, at, "z")
    yield "grad_noise_constant", slope(held, at, "z")
    yield "value_eps_m2", value(y, off)
    yield "grad_eps_m2", slope(y, off, "z")
    x = sg.input("x")
    std = sg.sqrt(sg.sigmoid(x))
    yield "mean", values_of(x * sg.normal_cdf(x / std) + std * sg.normal_pdf(x / std), given)


@row
def S4_28(given):
    loss = builder("maxout")(*np.shape(given["W"]))
    pieces = sg.parameter("W", np.shape(given["W"])) @ sg.input("x", len(given["x"]))
    yield "pieces", values_of(pieces, given)
    yield "winner", values_of(sg.argmax(pieces), given)
    yield "value", value(loss, given)
    yield "dx", slope(loss, given, "x")


@row
def S4_35(given):
    largest = slope(builder("sigmoid")(), {"z": 0.0}, "z")
    yield "bound5", largest**5
    yield "bound10", largest**10
    yield "sigma5_at_0", value(builder("chain")(5), {"x": 0.0})
    yield "dsigma5_at_0", slope(builder("chain")(5), {"x": 0.0}, "x")
    yield "dsigma10_at_0", slope(builder("chain")(10), {"x": 0.0}, "x")
    yield "relu5_at_1", slope(builder("chain")(5, sg.relu), {"x": 1.0}, "x")
