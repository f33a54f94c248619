"""What the lectures train: each goes through the values of its trace."""

import itertools
import re

import numpy as np

import symgraph as sg
from lectures.expected import (
    NUMBERS,
    computes,
    inputs_of,
    minimum,
    row,
    slopes,
    value,
    values_of,
)
from lectures.numbers_of_features import safe, two_layer
from lectures.stepping import Stepped, descent
from symgraph.network import find_node
from symgraph.phenomena import compare_optimizers
from symgraph.walks import variables
from symgraph.zoo import builder

trained = computes("train")


def trace_of(identity, name="trace"):
    """At how many steps the lecture looks."""
    return [int(place) for place in NUMBERS[identity]["expect"][name]]


def fill(s, *shape):
    """The numbers that the lectures' tests start from."""
    k = np.arange(np.prod(shape))
    return (((3 * k**2 + (s + 2) * k + 5 * s + 1) % 13 - 6) / 10).reshape(shape)


# --- two cars, XOR ------------------------------------------------------------------------------


@trained
def S0_17b(given):
    grid = np.array([*itertools.product(np.arange(0, 3.5, 0.5), repeat=2)])
    assert len(grid) == given["n"]
    y = np.array([value(safe(1), {"x1": a, "x2": b}) for a, b in grid])
    V, u = np.array(given["V0"]), np.array(given["u0"])
    start = {"V": V[:, 1:], "b": V[:, 0], "u": u[1:], "c": u[0]}
    loss = builder("two-cars-trained")()
    outputs, places = {"score": find_node(loss, "score")}, trace_of("S0-17b")
    for place, found, model in descent(
        loss, ("x", "y"), {"x": grid, "y": y}, start, given["lr"], places, outputs
    ):
        yield f"trace {place} loss", found
        right = np.sign(model.predict({"x": grid})["score"]) == y
        yield f"trace {place} accuracy", right.mean()


CORNERS = np.array([*itertools.product((0.0, 1.0), repeat=2)])


@trained
def S4_08b(given):
    loss = builder("xor-mlp")()
    y = find_node(loss, "y")
    data = {"x": CORNERS, "d": [0.0, 1.0, 1.0, 0.0]}
    names = ("W", "b", "v", "c")
    for name, found in zip(names, slopes(loss, given | data, *names), strict=True):
        yield f"grads0 {name}", found
    start = {name: given[name] for name in names}
    for place, found, model in descent(
        loss, ("x", "d"), data, start, 0.5, trace_of("S4-08b"), {"y": y}
    ):
        yield f"trace {place} loss", found
        yield f"trace {place} y", model.predict({"x": CORNERS})["y"]


# --- steps and schedules ------------------------------------------------------------------------


@trained
def S0_25(given):
    loss, values = two_layer(inputs_of("S0-23"))
    names = ("w1", "w2", "v1", "v2")
    yield "loss_before", value(loss, values)
    start = {name: values[name] for name in names}
    data = {name: values[name] for name in ("φ(x)", "y")}
    for _, after, model in descent(loss, tuple(data), data, start, given["eta"], [1]):
        yield "loss_after", after
        p = model.parameters
        yield "w", [p["w1"], p["w2"]]
        for name in ("v1", "v2"):
            yield name, p[name]


@computes("def", "train")
def S0_27(given):
    """One sample ten times and then the next, all in turn ten times, ten steps on all at once."""
    x, y, w = sg.input("x", "N"), sg.input("y", "N"), sg.parameter("w")
    loss = sg.mean((w * x - y) ** 2)
    samples = [{"x": [a], "y": [b]} for a, b in zip(given["x"], given["y"], strict=True)]
    everything = {"x": given["x"], "y": given["y"]}
    schedules = {
        "sample_by_sample_10": [one for one in samples for _ in range(10)],
        "cyclic_10_epochs": samples * 10,
        "batch_10_steps": [everything] * 10,
    }
    for name, batches in schedules.items():
        model = sg.Model(loss, [x, y])
        model.parameters["w"][...] = given["w0"]
        for batch in batches:
            model.step(batch, optimizer=sg.optim.SGD(given["eta"]))
        yield name, model.parameters["w"]
    yield "least_squares", minimum(loss, "w", everything)


# --- deep networks, layer by layer --------------------------------------------------------------


@computes("def", "train")
def S0_28(given):
    """Stage by stage: each autoencoder learns to copy the code below it, which stays as it is."""
    sizes = (len(given["X"][0]), 3, 2)
    net, learned = builder("pretraining")(sizes), {}
    for k, stage in enumerate(net.stages[:-1], 1):
        learned[f"W{k}"] = fill(k, sizes[k], sizes[k - 1])
        learned[f"V{k}"] = fill(k + 1, sizes[k - 1], sizes[k])
        places = trace_of("S0-28", f"ae{k}_loss")
        for place, found, model in descent(stage, ("x",), {"x": given["X"]}, learned, 1.0, places):
            yield f"ae{k}_loss {place}", found
            after = dict(model.parameters)
        learned = after
    yield "code_first_sample", values_of(net.code, learned | {"x": given["X"]})[0]
    learned |= dict.fromkeys(("u", "d"), given["top_init"])
    data, places = {"x": given["X"], "y": given["y"]}, trace_of("S0-28", "top_loss")
    for place, found, model in descent(
        net.stages[-1], ("x", "y"), data, learned, given["top_lr"], places
    ):
        yield f"top_loss {place}", found
        after = dict(model.parameters)
    score = net.code @ sg.parameter("u", sizes[-1]) + sg.parameter("d")
    told = values_of(score, after | data) > 0
    yield "top_accuracy", np.mean(told == np.array(given["y"]))


# --- rules of their own -------------------------------------------------------------------------


@trained
def S4_02(given):
    rule = builder("hebb")(2, 0.5)
    step = Stepped(rule.updates, {"w": [0.0, 0.0], "b": 0.0})
    for (a, b), y in zip(2 * CORNERS - 1, (-1, -1, -1, 1), strict=True):
        step(x=[[a, b]], y=[float(y)])
    yield "w", step["w"]
    yield "bias", step["b"]


TRUTHS = {"AND": (-1, -1, -1, 1), "OR": (-1, 1, 1, 1), "XOR": (-1, 1, 1, -1)}


def perceive(truth, epochs):
    """The perceptron's rule, sample by sample, until an epoch has no error; all its steps."""
    rule = builder("perceptron")(2, 1.0)
    step = Stepped(rule.updates, {"w": [0.0, 0.0], "b": 0.0}, rule.loss)
    errors, weights = [], []
    while len(errors) < epochs and not (errors and errors[-1] == []):
        wrong = []
        for corner, y in zip(CORNERS, TRUTHS[truth], strict=True):
            before = step["b"]
            if step(x=[corner], y=[float(y)]) > 0:
                wrong.append((corner, step["b"] - before))
        errors.append(wrong)
        weights.append([*step["w"], float(step["b"])])
    return errors, weights


@trained
def S4_05(given):
    for name in ("AND", "OR"):
        errors, weights = perceive(name, 100)
        *w, b = weights[-1]
        yield f"{name} w", w
        yield f"{name} b", b
        yield f"{name} updates", sum(map(len, errors))
        yield f"{name} epochs", len(errors)
    (corner, change), *_ = perceive("AND", 100)[0][0]
    yield "first_update_AND 0", corner
    yield "first_update_AND 1", change


@trained
def S4_06(given):
    """Novikoff's bound with the line that is farthest from all corners; XOR never ends."""
    extended = np.column_stack([CORNERS, np.ones(4)])
    line = np.array([2.0, 2.0, -3.0])
    margin = np.min(extended @ line * TRUTHS["AND"]) / np.linalg.norm(line)
    yield "bound", np.max(np.sum(extended**2, axis=1)) / margin**2
    yield "mistakes", sum(map(len, perceive("AND", 100)[0]))
    errors, weights = perceive("XOR", 1000)
    yield "xor_epochs_run", len(errors)
    yield "xor_min_errors_per_epoch", min(map(len, errors))
    again = next(k for k in range(1, 100) if weights[-1 - k] == weights[-1])
    yield "xor_weight_cycle_period", again


@computes("def")
def S4_07(given):
    x, y, w = sg.input("x", (4, 3)), sg.input("y", 4), sg.parameter("w", 3)
    data = {"x": np.column_stack([np.ones(4), CORNERS]), "y": [0.0, 1.0, 1.0, 0.0]}
    loss = sg.mean((x @ w - y) ** 2)
    best = minimum(loss, "w", data)
    yield "lstsq", best
    yield "mse", value(loss, data | {"w": best})
    right = sg.sum(sg.indicator(sg.equal(sg.step(x @ w, at_zero=1), y)))
    lines = itertools.product((-1.5, -0.5, 0.5, 1.5), (-1, 0, 1), (-1, 0, 1))
    yield "best_linear_correct", max(values_of(right, data | {"w": one}) for one in lines)


@trained
def S4_43(given):
    rule = builder("cd1")(len(given["b"]), len(given["c"]), given["eta"])
    values = given | {"v": [given["v"]]}
    step = Stepped(rule.updates, given, [find_node(rule.loss, "v′")])
    (recalled,) = step(v=values["v"])
    yield "v1", recalled[0]
    yield "dW", step["W"] - given["W"]
    (h1,) = {find_node(new, "h′") for old, new in rule.updates.items() if old.name == "W"}
    yield "h1", values_of(h1, values)[0]


# --- optimizers ---------------------------------------------------------------------------------


@computes("comp", "train")
def S4_46(given):
    theta, g = sg.parameter("θ"), sg.input("g")
    betas = {"beta1": given["beta1"], "beta2": given["beta2"], "eps": given["eps"]}
    kinds = (("standard", "standard_step", False),
             ("lecture_eps_inside_sqrt", "lecture_step", True))  # fmt: skip
    for name, tiny, inside in kinds:
        updates = sg.optim.Adam(1e-3, **betas, eps_inside_sqrt=inside).updates({theta: g})
        step = Stepped(updates, {"θ": 1.0, "η": 1e-3})
        for k, gradient in enumerate((0.1, -0.2, 0.3)):
            step(g=gradient)
            state = {leaf.name: step[leaf.name] for leaf in step.leaves if leaf in updates}
            (m,) = (one for key, one in state.items() if key.startswith("m"))
            (v,) = (one for key, one in state.items() if key.startswith("v"))
            yield f"{name} {k} m", m
            yield f"{name} {k} v", v
            yield f"{name} {k} mhat", m / (1 - given["beta1"] ** (k + 1))
            yield f"{name} {k} vhat", v / (1 - given["beta2"] ** (k + 1))
            yield f"{name} {k} theta", state["θ"]
        once = Stepped(updates, {"θ": 1.0, "η": 1e-3})
        once(g=given["tiny"])
        yield f"tiny_gradient_1e5 {tiny}", 1 - once["θ"]


@trained
def S4_47(given):
    rates = {name: [*map(float, re.findall(r"\d*\.\d+", text))] for name, text in given.items()}
    momentum, slow = rates["momentum"]
    ahead, step, _ = rates["nesterov"]
    (sgd,), (adagrad,), (adam,) = rates["sgd"], rates["adagrad"], rates["adam"]
    rho, rms = rates["rmsprop"]
    rules = {
        "sgd": sg.optim.SGD(sgd),
        "momentum": sg.optim.Momentum(slow, momentum=momentum),
        "nesterov": sg.optim.Nesterov(step, momentum=ahead),
        "adagrad": sg.optim.Adagrad(adagrad, eps=0.0),
        "rmsprop": sg.optim.RMSprop(rms, rho=rho),
        "adam": sg.optim.Adam(adam),
    }
    table = compare_optimizers(
        builder("quadratic")(), {"x": 1.0, "y": 1.0}, rules, steps=range(101)
    )
    for name in rules:
        path = np.array([[r["x"], r["y"]] for r in table.rows if r["optimizer"] == name])
        if name == "nesterov":
            path = behind(path, ahead)
        for place in trace_of("S4-47", name):
            yield f"{name} {place}", path[place]


def behind(ahead, momentum):
    """Nesterov's points x of the points p = x + momentum (x - the one before) that lie ahead."""
    path = [ahead[0]]
    for p in ahead[1:]:
        path.append((p + momentum * path[-1]) / (1 + momentum))
    return np.array(path)


# --- characters ---------------------------------------------------------------------------------


@computes("def", "train")
def S1_04(given):
    letters = "helo"
    word = [letters.index(one) for one in "hello"]
    data = {"x": word[:-1], "y": word[1:]}
    net = builder("hello")(len(letters), len(given["Whh"]))
    start = {"U": np.transpose(given["Wxh"]), "W": given["Whh"], "V": given["Why"]}
    start |= {"b": np.zeros(len(given["Whh"])), "c": np.zeros(len(letters))}
    values = data | start
    loss = sg.unroll(net.loss, len(data["x"]))
    yield "h", [value(loss, values, f"h_{t}") for t in range(1, len(data["x"]) + 1)]
    yield "p_first_step", values_of(sg.softmax(net.logits, axis=1), values)[0]
    yield "loss0", value(net, values)
    slopes_of = slopes(net, values, "W", "U", "V", "c")
    for name, found in zip(("Whh", "Wxh", "Why", "by"), slopes_of, strict=True):
        yield f"d{name}", found.T if name == "Wxh" else found
    places, outputs = trace_of("S1-04"), {"scores": net.logits}
    for place, found, model in descent(
        net.loss, ("x", "y"), data, start, given["lr"], places, outputs
    ):
        yield f"trace {place} loss", found
        best = model.predict({"x": data["x"]})["scores"].argmax(1)
        yield f"trace {place} argmax", "".join(letters[k] for k in best)


# --- five modes ---------------------------------------------------------------------------------


MODES = {
    "one_to_one": "1-1",
    "one_to_many": "1-n",
    "many_to_one": "n-1",
    "many_to_many_delayed": "n-n-delayed",
    "many_to_many_synced": "n-n",
}


@row
def S1_03b(given):
    hidden, inputs = np.shape(given["U"])
    for mode, name in MODES.items():
        net = builder("rnn-modes")(name, len(given["X"]), hidden, inputs, len(given["V"]))
        sizes = {leaf.name: leaf.shape for leaf in variables([net.loss])}
        values = {name: given[name] for name in "UWV"}
        values |= {"x": given["X"][: sizes["x"][0]], "d": given["Y"][: sizes["d"][0]]}
        yield f"{mode} loss", value(net, values)
        for leaf, found in zip("UW", slopes(net, values, "U", "W"), strict=True):
            yield f"{mode} d{leaf}", found
