"""The systems of tests/references, built with symgraph: values, losses and gradients as torch's.

Each function below is the system of that name; what it computes is said in the docstring of the
function of the same name in tests/references/make_references.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from reference_data import load, names

import symgraph as sg
from symgraph.node import Node
from symgraph.ops.evaluate import evaluate_nodes

Built = dict[str, Any]


def mlp(v: Any) -> Built:
    h = sg.tanh(v.X @ v.W1 + v.b1)
    z = h @ v.W2 + v.b2
    return {"h": h, "Z": z, "loss": sg.cross_entropy(z, v.y)}


def hinge(v: Any) -> Built:
    margin = v.y * (v.X @ v.w + v.b)
    return {"margin": margin, "loss": sg.mean(sg.maximum(0, 1 - margin))}


def lstm(v: Any) -> Built:
    def gate(name: str, h: Node, x: Node) -> Node:
        of_input, of_state, bias = (getattr(v, f"{kind}_{name}") for kind in "WUb")
        return x @ of_input + h @ of_state + bias

    def step(h: Node, c: Node, x: Node) -> Any:
        i, f, o = (sg.sigmoid(gate(name, h, x)) for name in "ifo")
        c = f * c + i * sg.tanh(gate("g", h, x))
        return o * sg.tanh(c), c

    h, c = sg.scan(step, (v.h0, v.c0), v.X).final
    return {"h": h, "c": c, "loss": sg.mean((h - v.target) ** 2)}


def conv_max_pool(v: Any) -> Built:
    c = sg.conv2d(v.X, v.K, stride=2, padding=1) + v.bK[:, None, None]
    m = sg.max_pool2d(sg.relu(c), 2)
    z = m.reshape(2, 18) @ v.W + v.b
    return {"C": c, "M": m, "Z": z, "loss": sg.cross_entropy(z, v.y)}


def conv_mean_pool(v: Any) -> Built:
    c = sg.conv2d(v.X, v.K, padding=1, dilation=2) + v.bK[:, None, None]
    m = sg.mean_pool2d(sg.relu(c), 2)
    z = m.reshape(2, 36) @ v.W + v.b
    return {"C": c, "M": m, "Z": z, "loss": sg.cross_entropy(z, v.y)}


def embedding(v: Any) -> Built:
    h = sg.mean(sg.take(v.E, v.ids), axis=1)
    z = h @ v.W + v.b
    return {"H": h, "Z": z, "loss": sg.cross_entropy(z, v.y)}


def batch_norm(v: Any) -> Built:
    n = sg.batch_norm(v.X, v.gamma, v.beta)
    m, s2 = sg.mean(v.X, axis=0), sg.var(v.X, axis=0)
    return {"m": m, "s2": s2, "N": n, "loss": sg.mean((sg.tanh(n) @ v.w - v.y) ** 2)}


def layer_norm(v: Any) -> Built:
    n = sg.layer_norm(v.X, v.gamma, v.beta)
    return {"N": n, "loss": sg.sum(v.C * sg.tanh(n))}


def gru_translation(v: Any) -> Built:
    zeros = np.zeros((2, 3))
    f = gru(v, "fwd", v.X, zeros).states
    b = gru(v, "bwd", v.X, zeros, reverse=True).states
    context = sg.mean(sg.concat([f, b], axis=2), axis=0)
    start = sg.tanh(sg.concat([f[-1], b[0]], axis=1) @ v.W_init + v.b_init)
    s = gru(v, "dec", sg.take(v.E, v.previous), start).states
    z = sg.concat([s, sg.broadcast_to(context, (3, 2, 6))], axis=2) @ v.W_out + v.b_out
    return {"F": f, "B": b, "Z": z, "loss": sg.cross_entropy(z, v.targets)}


def gru(v: Any, cell: str, xs: Node, start: Any, reverse: bool = False) -> sg.ScanResult:
    weights = SimpleNamespace(
        **{kind + gate: getattr(v, f"{cell}_{kind}{gate}") for kind in "WUb" for gate in "zrh"}
    )

    def step(s: Node, x: Node) -> Node:
        w = weights
        z = sg.sigmoid(x @ w.Wz + s @ w.Uz + w.bz)
        r = sg.sigmoid(x @ w.Wr + s @ w.Ur + w.br)
        c = sg.tanh(x @ w.Wh + (r * s) @ w.Uh + w.bh)
        return (1 - z) * s + z * c

    return sg.scan(step, start, xs, reverse=reverse)


def rnn_hessian(v: Any) -> Built:
    run = sg.scan(lambda h, x: sg.tanh(x @ v.W + h @ v.U + v.b), np.zeros((2, 4)), v.X)
    loss = sg.sum((run.states - v.Y) ** 2) / 2
    products = sg.hvp(loss, [v.W, v.U, v.b], [v.vW, v.vU, v.vb])
    named = dict(zip(("hvp_W", "hvp_U", "hvp_b"), products, strict=True))
    return {"H": run.states, "loss": loss, **named}


def logsumexp(v: Any) -> Built:
    values = sg.logsumexp(v.X, axis=1)
    return {"L": values, "loss": sg.sum(v.c * values)}


def softmax(v: Any) -> Built:
    p = sg.softmax(v.X, axis=1)
    return {"P": p, "loss": sg.sum(v.C * p)}


def product(v: Any) -> Built:
    products = sg.prod(v.X, axis=1)
    return {"P": products, "loss": sg.sum(v.c * products)}


def maximum(v: Any) -> Built:
    r, s = sg.max(v.X, axis=1), sg.max(v.X, axis=0)
    return {"R": r, "S": s, "loss": sg.sum(v.c * r) + sg.sum(v.d * s)}


def det(v: Any) -> Built:
    return {"loss": sg.det(v.A)}


def logdet(v: Any) -> Built:
    return {"loss": sg.logdet(v.A)}


def inverse(v: Any) -> Built:
    inverted = sg.inv(v.A)
    return {"V": inverted, "loss": sg.sum(v.C * inverted)}


def solve(v: Any) -> Built:
    many, one = sg.solve(v.A, v.B), sg.solve(v.A, v.b)
    return {"S": many, "s": one, "loss": sg.sum(v.C * many) + sg.sum(v.c * one)}


SYSTEMS: dict[str, Callable[[Any], Built]] = {
    one.__name__: one
    for one in (
        mlp, hinge, lstm, conv_max_pool, conv_mean_pool, embedding, batch_norm, layer_norm,
        gru_translation, rnn_hessian, logsumexp, softmax, product, maximum, det, logdet, inverse,
        solve,
    )
}  # fmt: skip

Evaluator = Callable[[Sequence[Node], dict[Node, Any]], list[Any]]


def by_reference(nodes: Sequence[Node], values: dict[Node, Any]) -> list[Any]:
    found = evaluate_nodes(nodes, values, {})
    return [found[node] for node in nodes]


def compiled(nodes: Sequence[Node], values: dict[Node, Any]) -> list[Any]:
    found: list[Any] = sg.compile(list(values), nodes)(*values.values())
    return found


def compiled_for_reading(nodes: Sequence[Node], values: dict[Node, Any]) -> list[Any]:
    found: list[Any] = sg.compile(list(values), nodes, style="read")(*values.values())
    return found


EVALUATORS: dict[str, Evaluator] = {
    "reference": by_reference, "compiled": compiled, "compiled for reading": compiled_for_reading
}  # fmt: skip


@pytest.mark.parametrize("evaluator", EVALUATORS)
@pytest.mark.parametrize("name", SYSTEMS)
def test_values_and_gradients_are_those_of_the_reference(name: str, evaluator: str) -> None:
    reference = load(name)
    inputs = reference["inputs"]
    variables = {
        key: sg.input(key, array.shape, kind="integer" if array.dtype.kind == "i" else "real")
        for key, array in inputs.items()
    }
    built = SYSTEMS[name](SimpleNamespace(**variables))
    sources = [variables[key] for key in reference["gradients"]]
    gradients = dict(zip(reference["gradients"], sg.grad(built["loss"], sources), strict=True))
    nodes = [*built.values(), *gradients.values()]
    values = {variables[key]: array for key, array in inputs.items()}
    found = iter(EVALUATORS[evaluator](nodes, values))

    assert built.keys() == reference["values"].keys()
    for part, group in (("values", built), ("gradients", gradients)):
        for key in group:
            check_close(next(found), reference[part][key], f"{part} {key}")


def check_close(got: Any, want: np.ndarray, title: str) -> None:
    assert np.shape(got) == want.shape, title
    error = np.abs(got - want) / (1 + np.abs(want))
    assert np.all(error <= 1e-12), (title, np.max(error))


def test_every_reference_has_its_system() -> None:
    # Optimizers change parameters over many steps; tests/train compares them.
    assert sorted([*SYSTEMS, "optimizers"]) == names()


def test_loops_stay_loops() -> None:
    """The LSTM of twenty steps is two loops, and no gradient is summed inside of one."""
    inputs = load("lstm")["inputs"]
    variables = {key: sg.input(key, array.shape) for key, array in inputs.items()}
    loss = lstm(SimpleNamespace(**variables))["loss"]
    weights = [node for key, node in variables.items() if key[:2] in ("W_", "U_", "b_")]
    gradients = sg.grad(loss, weights)
    loops = {node for gradient in gradients for node in gradient.find(lambda one: one.is_loop)}

    assert len(loops) == 2
    assert {state.shape for loop in loops for state in loop.params[0].states} == {(2, 4)}
    assert all(isinstance(gradient, sg.Node.registry["Einsum"]) for gradient in gradients)
