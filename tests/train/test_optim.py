"""Optimizers against torch's trajectories, the lecture's numbers and their own formulas by hand."""

import copy
import importlib.util
import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from reference_data import load

import symgraph as sg
from symgraph.errors import KindError, RangeError, ShapeError
from symgraph.ops.evaluate import evaluate_nodes

optim = sg.optim

RULES = {
    "sgd": optim.SGD(0.1),
    "momentum": optim.Momentum(0.1, momentum=0.9),
    "nesterov": optim.Nesterov(0.1, momentum=0.9),
    "adagrad": optim.Adagrad(0.1, eps=1e-10),
    "rmsprop": optim.RMSprop(0.1, rho=0.99, eps=1e-8),
    "adam": optim.Adam(0.1),
    "adamw": optim.AdamW(0.1, weight_decay=0.01),
}


def trajectory(optimizer, p, start, gradient, steps, fixed=None):
    """The values of p and of all states after every step."""
    updates = optimizer.updates({p: gradient})
    values = {
        node: np.zeros([int(size) for size in node.shape]) if node is not p else np.array(start)
        for node in updates
    }
    init = {node: node.options.get("init") for node in updates if node is not p}
    values |= {n: values[n] + i for n, i in init.items() if isinstance(i, float)}
    values[optim.learning_rate_state()] = np.array(optimizer.learning_rate)
    path = []
    for _ in range(steps):
        found = evaluate_nodes(list(updates.values()), values | (fixed or {}), {})
        values |= {node: found[new] for node, new in updates.items()}
        path.append({node.name: np.array(value) for node, value in values.items()})
    return path


@pytest.mark.parametrize("name", RULES)
def test_each_optimizer_takes_the_steps_of_torch(name: str):
    reference = load("optimizers")
    inputs, values = reference["inputs"], reference["values"]
    p = sg.parameter("p", 5)
    A, b, c = (sg.const(inputs[key]) for key in "Abc")
    loss = (p @ A @ p) / 2 - b @ p + sg.sum(c * sg.cos(p))

    path = trajectory(RULES[name], p, inputs["p"], sg.grad(loss, p), 100)

    got = np.array([values["p"] for values in path])
    np.testing.assert_allclose(got[:20], values[name], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got[-1], values[f"{name}_after_100"], rtol=1e-12, atol=1e-12)


OPTIONS = {
    "sgd_decay": optim.SGD(0.1, weight_decay=0.03),
    "momentum_dampening": optim.SGD(0.1, momentum=0.8, dampening=0.3),
    "nesterov_decay": optim.SGD(0.1, momentum=0.7, nesterov=True, weight_decay=0.02),
    "adagrad_options": optim.Adagrad(
        0.1, rate_decay=0.05, initial=0.3, weight_decay=0.04, eps=1e-7
    ),
    "rmsprop_centered": optim.RMSprop(0.01, rho=0.9, centered=True, eps=1e-4),
    "rmsprop_momentum": optim.RMSprop(0.01, rho=0.95, momentum=0.6, weight_decay=0.01),
    "rmsprop_both": optim.RMSprop(0.01, rho=0.95, momentum=0.6, centered=True, eps=1e-4),
    "adam_amsgrad": optim.Adam(0.1, 0.8, 0.9, amsgrad=True),
    "adam_decay": optim.Adam(0.1, weight_decay=0.05, eps=1e-6),
    "adamw_amsgrad": optim.AdamW(0.1, 0.85, 0.95, weight_decay=0.1, amsgrad=True),
}
SCHEDULES = {
    "step_decay": optim.step_decay(0.1, 7, 0.8),
    "exponential_decay": optim.exponential_decay(0.1, 1, 0.97),
    "cosine_decay": optim.cosine_decay(0.1, 100, 0.003),
    "cosine_restarts": optim.cosine_restarts(0.1, 13, end=0.001),
    "cosine_longer": optim.cosine_restarts(0.1, 5, factor=2),
    "one_cycle": optim.one_cycle(0.1, 100, rise=0.4),
    "polynomial_decay": optim.polynomial_decay(0.1, 60, exponent=1.7),
    "linear_decay": optim.polynomial_decay(0.1, 40, end=0.025),
    "warmup": optim.warmup(0.1, 8),
    "milestones": optim.piecewise([0.1, 0.05, 0.025, 0.0125], [10, 33, 70]),
    "in_turn": optim.piecewise([optim.warmup(0.1, 4), optim.cosine_decay(0.1, 90)], [10]),
}


def the_problem():
    """The parameter and the loss of the stored trajectories, the start and the values."""
    reference = load("optimizers")
    p = sg.parameter("p", 5)
    A, b, c = (sg.const(reference["inputs"][key]) for key in "Abc")
    loss = (p @ A @ p) / 2 - b @ p + sg.sum(c * sg.cos(p))
    return p, loss, reference["inputs"]["p"], reference["values"]


def fitted(optimizer, target="numpy"):
    """p after 100 steps of `fit`."""
    _, loss, start, values = the_problem()
    model = sg.Model(loss, [], target=target)
    model.parameters["p"] = start
    model.fit({}, optimizer=optimizer, epochs=100)
    return model.parameters["p"], values


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_leads_where_it_leads_in_torch(name: str):
    got, values = fitted(OPTIONS[name])

    np.testing.assert_allclose(got, values[f"{name}_after_100"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_schedule_gives_the_rates_of_torch_and_leads_where_they_lead(name: str):
    got, values = fitted(optim.SGD(SCHEDULES[name]))

    rates = [value_at(SCHEDULES[name], step) for step in range(100)]
    np.testing.assert_allclose(rates, values[f"{name}_rates"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(got, values[f"{name}_after_100"], rtol=1e-12, atol=1e-12)


@needs_c_compiler
def test_native_steps_with_all_options_and_a_schedule_are_those_of_numpy():
    rate = optim.piecewise([optim.warmup(0.02, 4), optim.cosine_restarts(0.02, 7, 2)], [10])
    rules = [
        optim.RMSprop(rate, momentum=0.6, centered=True, eps=1e-4, clip_norm=3.0, average=0.9),
        optim.AdamW(optim.one_cycle(0.1, 90), amsgrad=True, clip_value=0.5),
    ]
    for rule in rules:
        numpy, native = fitted(rule)[0], fitted(rule, "cython")[0]
        np.testing.assert_allclose(native, numpy, rtol=1e-12)


def scaled(schedule, factor: float):
    return lambda step: factor * schedule(step)


@pytest.fixture(scope="module")
def torch_script():
    pytest.importorskip("torch", reason="torch is not installed: it computes what is compared")
    path = Path(__file__).parents[1] / "references" / "make_references.py"
    spec = importlib.util.spec_from_file_location("make_references", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("schedule", ["cosine_longer", "one_cycle", "in_turn"])
def test_every_rule_follows_every_schedule_as_torch_does(torch_script, schedule: str):
    _, _, start, _ = the_problem()
    inputs = load("optimizers")["inputs"]
    A, b, c = (sg.const(inputs[key]) for key in "Abc")
    rules = OPTIONS | {"sgd": optim.SGD(0.1)}
    own = {name: sg.parameter(name, 5) for name in rules}
    parts = [(p @ A @ p) / 2 - b @ p + sg.sum(c * sg.cos(p)) for p in own.values()]
    loss = parts[0]
    for part in parts[1:]:
        loss = loss + part
    groups = {
        own[name]: replace(
            rule, learning_rate=scaled(SCHEDULES[schedule], rule.learning_rate / 0.1)
        )
        for name, rule in rules.items()
    }
    model = sg.Model(loss, [])
    for name in own:
        model.parameters[name] = start

    model.fit({}, optimizer=optim.SGD(0.1, groups=groups), epochs=100)

    factories = torch_script.OPTIMIZER_OPTIONS | {"sgd": torch_script.torch.optim.SGD}

    def formula(v):
        return {"loss": v.p @ v.A @ v.p / 2 - v.b @ v.p + (v.c * v.p.cos()).sum()}

    for name, make in factories.items():
        path = torch_script.trajectory(inputs, formula, make, 100, torch_script.SCHEDULES[schedule])
        np.testing.assert_allclose(
            model.parameters[name], path[-1], rtol=1e-12, atol=1e-12, err_msg=name
        )


def adam_on_given_gradients(optimizer, gradients):
    theta, g = sg.parameter("theta"), sg.input("g")
    updates = optimizer.updates({theta: g})
    values = {node: np.array(0.0) for node in updates} | {theta: np.array(1.0)}
    values[optim.learning_rate_state()] = np.array(optimizer.learning_rate)
    path = []
    for gradient in gradients:
        found = evaluate_nodes(list(updates.values()), values | {g: np.array(gradient)}, {})
        values |= {node: found[new] for node, new in updates.items()}
        path.append({node.name: float(value) for node, value in values.items()})
    return path


def test_adam_gives_the_lectures_three_steps():
    path = adam_on_given_gradients(optim.Adam(1e-3), [0.1, -0.2, 0.3])

    assert [step["m_theta"] for step in path] == pytest.approx([0.01, -0.011, 0.0201], rel=1e-12)
    assert [step["v_theta"] for step in path] == pytest.approx(
        [1.0e-05, 4.999e-05, 0.00013994001], rel=1e-12
    )
    assert [step["theta"] for step in path] == pytest.approx(
        [0.9990000001, 0.9993661036038849, 0.9990228625394775], rel=1e-14
    )
    assert [step["step"] for step in path] == [1, 2, 3]


def test_adam_with_eps_inside_the_root_gives_the_lectures_other_three_steps():
    path = adam_on_given_gradients(optim.Adam(1e-3, eps_inside_sqrt=True), [0.1, -0.2, 0.3])

    assert [step["theta"] for step in path] == pytest.approx(
        [0.9990000004999996, 0.9993661039538367, 0.9990228629102996], rel=1e-14
    )


def test_the_two_places_of_eps_differ_tenfold_at_a_tiny_gradient():
    standard = adam_on_given_gradients(optim.Adam(1e-3), [1e-5])[0]["theta"]
    inside = adam_on_given_gradients(optim.Adam(1e-3, eps_inside_sqrt=True), [1e-5])[0]["theta"]

    assert 1 - standard == pytest.approx(0.0009990009990009652, rel=1e-9)
    assert 1 - inside == pytest.approx(9.950371902101018e-05, rel=1e-9)


QUADRATIC = {
    "sgd": (
        optim.SGD(0.05),
        [0.5, 0.95],
        [0.0009765625, 0.5987369392383789],
        [7.888609052210118e-31, 0.005920529220334025],
    ),
    "momentum": (
        optim.Momentum(0.01),
        [0.9, 0.99],
        [-0.5887893888000001, 0.6210791124706018],
        [0.003738733311297403, -0.002633681680336126],
    ),
    "adagrad": (
        optim.Adagrad(0.1, eps=1e-8),
        [0.9000000001, 0.900000001],
        [0.5537312006024138, 0.5537312028492143],
        [0.027386881893716724, 0.02738688256008706],
    ),
    "rmsprop": (
        optim.RMSprop(0.01, rho=0.9),
        [0.9683772234983162, 0.9683772243983162],
        [0.8320524153588437, 0.8320524182835518],
        [0.08758652068921356, 0.0875865317215872],
    ),
    "adam": (
        optim.Adam(0.01),
        [0.99000000001, 0.9900000001],
        [0.9003496535997428, 0.9003496545137929],
        [0.2244460426400016, 0.22444604847172522],
    ),
}


@pytest.mark.parametrize("name", QUADRATIC)
def test_the_methods_descend_the_lectures_valley_as_it_says(name: str):
    optimizer, *expected = QUADRATIC[name]
    p = sg.parameter("p", 2)
    loss = sg.sum(sg.const([10.0, 1.0]) * p**2) / 2

    path = trajectory(optimizer, p, [1.0, 1.0], sg.grad(loss, p), 100)

    for step, wanted in zip((1, 10, 100), expected, strict=True):
        np.testing.assert_allclose(path[step - 1]["p"], wanted, rtol=1e-8, atol=1e-15)


def test_nesterov_agrees_with_the_form_that_steps_first_and_corrects_then():
    p = sg.parameter("p", 2)
    loss = sg.sum(sg.const([10.0, 1.0]) * p**2) / 2

    path = trajectory(optim.Nesterov(0.01), p, [1.0, 1.0], sg.grad(loss, p), 100)

    # p lies ahead of that form's point x by 0.9 * (-rate * v)
    behind = {step: path[step - 1]["p"] + 0.9 * 0.01 * path[step - 1]["v_p"] for step in (1, 10)}
    np.testing.assert_allclose(behind[1], [0.9, 0.99], rtol=1e-8)
    np.testing.assert_allclose(behind[10], [-0.3503753991413104, 0.6299564524366676], rtol=1e-8)


def test_weight_decay_adds_to_the_gradient():
    p = sg.parameter("p", 2)
    (step,) = trajectory(optim.SGD(0.5, weight_decay=0.1), p, [1.0, -2.0], sg.const([1.0, 1.0]), 1)

    assert step["p"].tolist() == pytest.approx([1 - 0.5 * 1.1, -2 - 0.5 * 0.8])


def test_adagrad_starts_from_the_initial_squares():
    p = sg.parameter("p", 1)
    (step,) = trajectory(optim.Adagrad(1.0, eps=0.0, initial=9.0), p, [0.0], sg.const([4.0]), 1)

    assert step["p"].tolist() == pytest.approx([-4 / 5])
    assert step["s_p"].tolist() == [25.0]


def test_a_rate_given_as_a_function_becomes_part_of_the_program():
    p, g = sg.parameter("p"), sg.input("g")
    updates = optim.SGD(lambda step: 0.5 / (step + 1)).updates({p: g})

    assert {node.name for node in updates} == {"p", "step"}
    assert str(updates[p]) == "p - 0.5/(step + 1)*g"


def test_a_rate_given_as_a_node_is_used_as_it_is():
    p, g, rate = sg.parameter("p"), sg.input("g"), sg.state("rate")

    assert str(optim.SGD(rate).updates({p: g})[p]) == "p - rate*g"


def test_only_optimizers_that_need_the_step_count_have_it():
    p, g = sg.parameter("p"), sg.input("g")

    assert [node.name for node in optim.SGD(0.1).updates({p: g})] == ["p"]
    assert [node.name for node in optim.Adam().updates({p: g})] == ["p", "m_p", "v_p", "step"]


def value_at(schedule, step: int) -> float:
    node = schedule(sg.input("step"))
    return float(evaluate_nodes([node], {sg.input("step"): np.float64(step)}, {})[node])


def test_cosine_decay_falls_along_half_a_cosine_and_stays():
    schedule = optim.cosine_decay(0.1, steps=100, end=0.02)

    assert [value_at(schedule, step) for step in (0, 50, 100, 500)] == pytest.approx(
        [0.1, 0.06, 0.02, 0.02]
    )
    assert value_at(schedule, 25) == pytest.approx(0.02 + 0.04 * (1 + math.sqrt(0.5)))


def test_exponential_decay_multiplies_smoothly():
    schedule = optim.exponential_decay(0.8, steps=10, factor=0.25)

    assert [value_at(schedule, step) for step in (0, 5, 10, 20)] == pytest.approx(
        [0.8, 0.4, 0.2, 0.05]
    )


def test_step_decay_multiplies_at_once():
    schedule = optim.step_decay(0.8, steps=10, factor=0.5)

    assert [value_at(schedule, step) for step in (0, 9, 10, 25)] == pytest.approx(
        [0.8, 0.8, 0.4, 0.2]
    )


def test_warmup_grows_to_the_rate_and_then_follows_it():
    assert [value_at(optim.warmup(0.8, steps=4), s) for s in (0, 1, 3, 9)] == pytest.approx(
        [0.2, 0.4, 0.8, 0.8]
    )
    halved = optim.warmup(optim.step_decay(0.8, 5, 0.5), steps=4)
    assert [value_at(halved, step) for step in (1, 4, 5)] == pytest.approx([0.4, 0.8, 0.4])


def clipped(rule, values: dict[str, list[float]], limit: float) -> list[list[float]]:
    gradients = {
        sg.parameter(f"w_{name}", len(value)): sg.input(name, len(value))
        for name, value in values.items()
    }
    nodes = list(rule(gradients, limit).values())
    leaves = {node: np.array(values[node.name]) for node in gradients.values()}
    found = evaluate_nodes(nodes, leaves, {})
    return [found[node].tolist() for node in nodes]


SETTLED: dict[str, Callable[..., Any]] = {
    "cosine_decay": lambda: sg.optim.cosine_decay(0.5, 8),
    "cosine_restarts": lambda: sg.optim.cosine_restarts(0.5, 3, 2),
    "one_cycle": lambda: sg.optim.one_cycle(0.5, 10),
    "polynomial_decay": lambda: sg.optim.polynomial_decay(0.5, 8, exponent=2.0),
    "exponential_decay": lambda: sg.optim.exponential_decay(0.5, 8, 0.1),
    "step_decay": lambda: sg.optim.step_decay(0.5, 3, 0.1),
    "warmup": lambda: sg.optim.warmup(sg.optim.cosine_decay(0.5, 9), 4),
    "piecewise": lambda: sg.optim.piecewise([0.5, sg.optim.step_decay(0.1, 2, 0.5)], [3]),
}


@pytest.mark.parametrize("name", SETTLED)
def test_a_schedule_is_a_value_that_is_equal_prints_and_pickles(name: str):
    one, other = SETTLED[name](), SETTLED[name]()
    kept = pickle.loads(pickle.dumps(one))
    t = sg.input("t")

    assert one == other == kept == copy.deepcopy(one)
    assert hash(one) == hash(other)
    assert repr(one).startswith(f"{name}(")
    assert sg.optim.Adam(one) == sg.optim.Adam(other)
    assert kept(t) is one(t)


def test_steps_with_an_equal_schedule_go_on_with_the_optimizer():
    found = []
    for rules in ([None] * 6, [sg.optim.Adam(SETTLED["cosine_decay"]()) for _ in range(6)]):
        w = sg.parameter("w", init=1.0)
        model = sg.Model(loss=w**2, inputs=[])
        model.step({}, optimizer=sg.optim.Adam(SETTLED["cosine_decay"]()))
        for rule in rules:
            model.step({}, optimizer=rule)
        found.append(float(model.parameters["w"]))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda optim: optim.piecewise(3, [1]), "piecewise: rates is 3, and it is a list"),
        (lambda optim: optim.piecewise([1, 2], 3), "piecewise: starts is 3"),
        (lambda optim: optim.piecewise(["a", 2], [3]), "piecewise: rate is 'a'"),
        (lambda optim: optim.warmup("a", 3), "warmup: rate is 'a'"),
        (lambda optim: optim.cosine_decay("a", 3), "cosine_decay: start is 'a'"),
        (lambda optim: optim.cosine_decay(math.nan, 3), "cosine_decay: start is nan"),
        (lambda optim: optim.cosine_decay(0.1, 3, "b"), "cosine_decay: end is 'b'"),
        (lambda optim: optim.step_decay(0.1, 3, None), "step_decay: factor is None"),
        (lambda optim: optim.exponential_decay(0.1, 3, -2), "factor is -2, and it must be at"),
        (lambda optim: optim.polynomial_decay([1], 3), r"polynomial_decay: start is \[1\]"),
        (lambda optim: optim.cosine_restarts(-1.0, 3), "cosine_restarts: start is -1"),
    ],
)
def test_schedules_of_what_is_no_number_are_refused_when_they_are_made(make: Any, said: str):
    with pytest.raises(sg.SymgraphError, match=said):
        make(sg.optim)


def test_clipping_by_value_cuts_every_entry():
    got = clipped(optim.clip_by_value, {"a": [-3.0, 0.5], "b": [2.0]}, 1.0)

    assert got == [[-1.0, 0.5], [1.0]]


def test_clipping_by_global_norm_scales_all_gradients_by_one_factor():
    got = clipped(optim.clip_by_global_norm, {"a": [3.0, 0.0], "b": [-4.0]}, 1.0)

    assert got[0] == pytest.approx([0.6, 0.0])
    assert got[1] == pytest.approx([-0.8])


def test_clipping_by_global_norm_leaves_small_and_zero_gradients_as_they_are():
    assert clipped(optim.clip_by_global_norm, {"a": [0.3], "b": [-0.4]}, 1.0) == [[0.3], [-0.4]]
    assert clipped(optim.clip_by_global_norm, {"a": [0.0], "b": [0.0]}, 1.0) == [[0.0], [0.0]]


def test_numbers_outside_their_range_are_refused():
    with pytest.raises(RangeError, match=r"SGD: learning_rate is -0.1, and it must be at least 0"):
        optim.SGD(-0.1)
    with pytest.raises(RangeError, match=r"SGD: learning_rate is nan"):
        optim.SGD(math.nan)
    with pytest.raises(RangeError, match=r"Adam: beta2 is 1.0, and it must lie in \[0, 1\)"):
        optim.Adam(beta2=1.0)
    with pytest.raises(KindError, match=r"Momentum: momentum is '0.9', and it must be a number"):
        optim.Momentum(0.1, momentum="0.9")
    with pytest.raises(RangeError, match="clip_norm is 0, and no gradient would be left"):
        optim.clip_by_global_norm({}, 0)
    with pytest.raises(RangeError, match="clip_value is -1, and it must be at least 0"):
        optim.clip_by_value({}, -1)
    with pytest.raises(RangeError, match="cosine_decay: steps is 0, and it must be at least 1"):
        optim.cosine_decay(0.1, steps=0)
    with pytest.raises(KindError, match=r"warmup: steps is 0\.5, and it must be an integer"):
        optim.warmup(0.1, steps=0.5)


def test_gradients_that_do_not_fit_are_refused():
    p = sg.parameter("p", 2)

    with pytest.raises(ShapeError, match=r"parameter 'p' has shape \(2,\), its gradient \(3,\)"):
        optim.SGD(0.1).updates({p: sg.input("g", 3)})
    with pytest.raises(KindError, match="is no variable; map parameters to their gradients"):
        optim.SGD(0.1).updates({p * 2: sg.input("g", 2)})
    with pytest.raises(ShapeError, match=r"the learning rate is real of shape \(2,\)"):
        optim.SGD(lambda step: p).updates({p: sg.input("g", 2)})
