"""Recurrent networks: one step written once, run over time by a loop."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Function, Length, Size, Whole, system

__all__ = [
    "Recurrent", "bidirectional", "captioning", "concatenated_rnn", "elman_language_model",
    "encoder_decoder", "power_of_weight",
    "rnn", "rnn_h", "rnn_row", "rnn_step", "scalar_rnn", "sequence_classifier", "stacked_rnn",
    "wall",
]  # fmt: skip


class Recurrent(NamedTuple):
    """A recurrent network: its loss, the loop with all states and outputs, what targets keep."""

    loss: Node
    run: sg.ScanResult
    facts: tuple[Any, ...] = ()


def _sums_to_one(targets: Node) -> Any:
    """That every row of targets does."""
    return sg.sum(targets, axis=1) == 1


def _half_squared(value: Node, target: Node) -> Node:
    return sg.squared_norm(value - target) / 2


@system()
def rnn(
    hidden: Size = 3, inputs: Size = 2, steps: Length = "T", function: Function = sg.tanh
) -> Recurrent:
    """The network s_t = f(U x_t + W s_{t-1}), with E = ½‖s_T - d‖² on its last state.

    Variables: x (steps, inputs), s_0 and d (hidden,), U (hidden, inputs), W (hidden, hidden).
    """
    U, W = sg.parameter("U", (hidden, inputs)), sg.parameter("W", (hidden, hidden))

    def step(s: Node, x: Node) -> Node:
        net = sg.let("net", U @ x + W @ s)
        return sg.let("s", function(net))

    run = sg.scan(step, sg.input("s0", hidden), sg.input("x", (steps, inputs)))
    return Recurrent(sg.let("E", _half_squared(run.final, sg.input("d", hidden))), run)


@system()
def rnn_step(hidden: Size = 3, inputs: Size = 2, function: Function = sg.tanh) -> Node:
    """Two neighbouring times of s_t = f(net_t), net_t = U x_t + W s_{t-1}, with ½‖s_t - d‖².

    Variables: net_{t-1} and d (hidden,), x_t (inputs,), U (hidden, inputs), W (hidden, hidden).
    """
    U, W = sg.parameter("U", (hidden, inputs)), sg.parameter("W", (hidden, hidden))
    before = sg.let("s_{t-1}", function(sg.input("net_{t-1}", hidden)))
    net = sg.let("net_t", U @ sg.input("x_t", inputs) + W @ before)
    return sg.let("E", _half_squared(sg.let("s_t", function(net)), sg.input("d", hidden)))


@system()
def rnn_row(hidden: Size = 3, inputs: Size = 2, steps: Length = "T") -> Recurrent:
    """A recurrent network in row vectors, s_t = tanh(x_t U + s_{t-1} W), with ½‖s_T - d‖².

    Variables: x (steps, inputs), s_0 and d (hidden,), U (inputs, hidden), W (hidden, hidden).
    """
    U, W = sg.parameter("U", (inputs, hidden)), sg.parameter("W", (hidden, hidden))
    run = sg.scan(
        lambda s, x: sg.let("s", sg.tanh(x @ U + s @ W)),
        sg.input("s0", hidden),
        sg.input("x", (steps, inputs)),
    )
    return Recurrent(sg.let("E", _half_squared(run.final, sg.input("d", hidden))), run)


@system()
def sequence_classifier(
    hidden: Size = 3, inputs: Size = 2, classes: Size = 4, steps: Length = "T"
) -> Recurrent:
    """S_t = f(U x_t + W S_{t-1}), O_t = softmax(V S_t), with the cross-entropy of every step.

    Variables: x (steps, inputs), the targets d (steps, classes), each of which sums to 1, S_0
    (hidden,), U (hidden, inputs), W (hidden, hidden), V (classes, hidden).
    """
    U, W = sg.parameter("U", (hidden, inputs)), sg.parameter("W", (hidden, hidden))
    V = sg.parameter("V", (classes, hidden))

    def step(s: Node, x: Node, d: Node) -> tuple[Node, dict[str, Node]]:
        s = sg.let("S", sg.tanh(sg.let("net", U @ x + W @ s)))
        prediction = sg.let("O", sg.softmax(V @ s))
        return s, {"O": prediction, "loss": -sg.sum(d * sg.log(prediction))}

    d = sg.input("d", (steps, classes))
    run = sg.scan(step, sg.input("S0", hidden), (sg.input("x", (steps, inputs)), d))
    return Recurrent(sg.let("E", sg.sum(run.outputs["loss"])), run, (_sums_to_one(d),))


@system()
def rnn_h(
    hidden: Size = 3,
    inputs: Size = 2,
    outputs: Size = 2,
    steps: Length = "T",
    *,
    from_zero: bool = False,
) -> Recurrent:
    """h_t = tanh(W_1 x_t + W_2 h_{t-1}), o = σ(V h_T), with half the squared error at the end.

    `from_zero`: the first state is 0 and no variable, so that W_2 is used one time less.
    Variables: x (steps, inputs), h_0 (hidden,), d (outputs,), W_1 (hidden, inputs),
    W_2 (hidden, hidden), V (outputs, hidden).
    """
    W1, W2 = sg.parameter("W1", (hidden, inputs)), sg.parameter("W2", (hidden, hidden))
    run = sg.scan(
        lambda h, x: sg.let("h", sg.tanh(W1 @ x + W2 @ h)),
        sg.zeros(hidden) if from_zero else sg.input("h0", hidden),
        sg.input("x", (steps, inputs)),
    )
    o = sg.let("o", sg.sigmoid(sg.parameter("V", (outputs, hidden)) @ run.final))
    return Recurrent(sg.let("E", _half_squared(o, sg.input("d", outputs))), run)


@system()
def concatenated_rnn(
    hidden: Size = 3, inputs: Size = 2, outputs: Size = 2, steps: Length = "T"
) -> Recurrent:
    """A recurrent network with one matrix for input and state, h_t = tanh(W [x_t, h_{t-1}]).

    Variables: x (steps, inputs), h_0 (hidden,), d (outputs,), W (hidden, inputs + hidden),
    V (outputs, hidden).
    """
    W = sg.parameter("W", (hidden, inputs + hidden))
    run = sg.scan(
        lambda h, x: sg.let("h", sg.tanh(W @ sg.concat([x, h]))),
        sg.input("h0", hidden),
        sg.input("x", (steps, inputs)),
    )
    o = sg.let("o", sg.sigmoid(sg.parameter("V", (outputs, hidden)) @ run.final))
    return Recurrent(sg.let("E", _half_squared(o, sg.input("d", outputs))), run)


@system()
def stacked_rnn(
    hidden: Size = 3, below: Size = 2, inputs: Size = 3, steps: Length = "T"
) -> Recurrent:
    """A layer x_t = σ(A r_t) under a recurrent one, s_t = tanh(U x_t + W s_{t-1}).

    Variables: r (steps, inputs), s_0 and d (hidden,), A (below, inputs), U (hidden, below),
    W (hidden, hidden).
    """
    A, U = sg.parameter("A", (below, inputs)), sg.parameter("U", (hidden, below))
    W = sg.parameter("W", (hidden, hidden))

    def step(s: Node, r: Node) -> Node:
        x = sg.let("x", sg.sigmoid(sg.let("a", A @ r)))
        return sg.let("s", sg.tanh(sg.let("net", U @ x + W @ s)))

    run = sg.scan(step, sg.input("s0", hidden), sg.input("r", (steps, inputs)))
    return Recurrent(sg.let("E", _half_squared(run.final, sg.input("d", hidden))), run)


@system()
def elman_language_model(
    hidden: Size = 3, embedding: Size = 2, words: Size = 4, steps: Length = "T"
) -> Recurrent:
    """Elman's language model: x(t) = [w(t), s(t-1)], s = σ(U x), y = softmax(V s), next word.

    Variables: the word ids (steps,), the next words d as one-hot rows (steps, words), s_0
    (hidden,), E (words, embedding), U (hidden, embedding + hidden), V (words, hidden).
    """
    E = sg.parameter("E", (words, embedding))
    U, V = sg.parameter("U", (hidden, embedding + hidden)), sg.parameter("V", (words, hidden))

    def step(s: Node, w: Node, d: Node) -> tuple[Node, dict[str, Node]]:
        x = sg.let("x", sg.concat([w, s]))
        s = sg.let("s", sg.sigmoid(U @ x))
        y = sg.let("y", sg.softmax(V @ s))
        return s, {"y": y, "loss": -sg.sum(d * sg.log(y))}

    vectors = sg.let("w", sg.take(E, sg.input("ids", (steps,), kind="integer")))
    d = sg.input("d", (steps, words))
    run = sg.scan(step, sg.input("s0", hidden), (vectors, d))
    return Recurrent(sg.let("L", sg.sum(run.outputs["loss"])), run, (_sums_to_one(d),))


class EncoderDecoder(NamedTuple):
    """Two recurrent networks, the second of which starts with the last state of the first."""

    loss: Node
    encoder: sg.ScanResult
    decoder: sg.ScanResult
    facts: tuple[Any, ...]


@system()
def encoder_decoder(
    hidden: Size = 3, words: Size = 4, source: Length = "T", target: Length = "S"
) -> EncoderDecoder:
    """An encoder h_t = tanh(U x_t + W h_{t-1}), whose last state starts a decoder of its kind.

    The decoder reads y, the target one step late and nothing at first; p = softmax(V s).
    Variables: one-hot rows x (source, words) and d (target, words), h_0 (hidden,); U, U_d (hidden,
    words), W, W_d (hidden, hidden), V (words, hidden).
    """
    U, U_d = (sg.parameter(name, (hidden, words)) for name in ("U", "U_d"))
    W, W_d = (sg.parameter(name, (hidden, hidden)) for name in ("W", "W_d"))
    V = sg.parameter("V", (words, hidden))
    encoder = sg.scan(
        lambda h, x: sg.let("h", sg.tanh(U @ x + W @ h)),
        sg.input("h0", hidden),
        sg.input("x", (source, words)),
    )

    def step(s: Node, y: Node, d: Node) -> tuple[Node, dict[str, Node]]:
        s = sg.let("s", sg.tanh(U_d @ y + W_d @ s))
        p = sg.let("p", sg.softmax(V @ s))
        return s, {"p": p, "loss": -sg.sum(d * sg.log(p))}

    d = sg.input("d", (target, words))
    decoder = sg.scan(step, encoder.final, (sg.shift(d, 1), d))
    loss = sg.let("L", sg.sum(decoder.outputs["loss"]))
    return EncoderDecoder(loss, encoder, decoder, (_sums_to_one(d),))


@system()
def bidirectional(
    hidden: Size = 2, inputs: Size = 2, outputs: Size = 2, steps: Length = "T"
) -> Node:
    """Two loops, h from the left and g from the right, and y_t = V [h_t, g_t] of both.

    The loss is half the sum of the squared outputs.
    Variables: x (steps, inputs), h_0 and g_0 (hidden,), U, U_g (hidden, inputs), W, W_g (hidden,
    hidden), V (outputs, 2 hidden).
    """
    x = sg.input("x", (steps, inputs))
    U, U_g = (sg.parameter(name, (hidden, inputs)) for name in ("U", "U_g"))
    W, W_g = (sg.parameter(name, (hidden, hidden)) for name in ("W", "W_g"))
    V = sg.parameter("V", (outputs, 2 * hidden))
    left = sg.scan(lambda h, x: sg.let("h", sg.tanh(U @ x + W @ h)), sg.input("h0", hidden), x)
    right = sg.scan(
        lambda g, x: sg.let("g", sg.tanh(U_g @ x + W_g @ g)), sg.input("g0", hidden), x,
        reverse=True,
    )  # fmt: skip
    y = sg.let("y", sg.concat([left.states, right.states], axis=1) @ V.T)
    return sg.let("L", sg.squared_norm(y) / 2)


@system()
def captioning(
    hidden: Size = 3, features: Size = 2, words: Size = 4, steps: Length = "T"
) -> Recurrent:
    """An image described word by word: its features enter at the first time only.

    h_t = tanh(U w_t + W h_{t-1} + m_t I v) with m_1 = 1 and m_t = 0 later, p_t = softmax(V h_t),
    where w_t is the word before, START at first, and d_t the word that is to come, END at last.
    Variables: v (features,), h_0 (hidden,), one-hot rows w and d (steps, words), I (hidden,
    features), U (hidden, words), W (hidden, hidden), V (words, hidden).
    """
    U, W = sg.parameter("U", (hidden, words)), sg.parameter("W", (hidden, hidden))
    V = sg.parameter("V", (words, hidden))
    image = sg.parameter("I", (hidden, features)) @ sg.input("v", features)
    w, d = sg.input("w", (steps, words)), sg.input("d", (steps, words))
    first = sg.one_hot(sg.const(0), w.shape[0])

    def step(h: Node, w: Node, m: Node, d: Node) -> tuple[Node, dict[str, Node]]:
        h = sg.let("h", sg.tanh(U @ w + W @ h + m * image))
        p = sg.let("p", sg.softmax(V @ h))
        return h, {"p": p, "loss": -sg.sum(d * sg.log(p))}

    run = sg.scan(step, sg.input("h0", hidden), (w, first, d))
    return Recurrent(sg.let("L", sg.sum(run.outputs["loss"])), run, (_sums_to_one(d),))


@system()
def scalar_rnn(steps: Length = "T") -> Recurrent:
    """One unit h_t = tanh(w h_{t-1} + x_t): the influence of an early input fades.

    Variables: x (steps,), h_0 and w ().
    """
    w = sg.parameter("w")
    run = sg.scan(
        lambda h, x: sg.let("h", sg.tanh(w * h + x)), sg.input("h0"), sg.input("x", (steps,))
    )
    return Recurrent(sg.let("y", run.final), run)


@system()
def power_of_weight(length: Annotated[int, Whole(2)] = 1000) -> Recurrent:
    """A linear unit y_t = w y_{t-1} with y_1 = 1: its last output is w^(length - 1).

    Variables: w ().
    """
    w = sg.parameter("w")
    run = sg.scan(lambda y: sg.let("y", w * y), sg.const(1.0), length=length - 1)
    return Recurrent(sg.let("L", run.final), run)


@system()
def wall(steps: Size = 50) -> Recurrent:
    """A unit x_t = w σ(x_{t-1}) + b from x_0 = ½, with E = (σ(x_T) - 0.7)².

    Over w and b this surface has a wall, at which gradients explode.
    Variables: w, b ().
    """
    w, b = sg.parameter("w"), sg.parameter("b")
    run = sg.scan(lambda x: sg.let("x", w * sg.sigmoid(x) + b), sg.const(0.5), length=steps)
    return Recurrent(sg.let("E", (sg.sigmoid(run.final) - 0.7) ** 2), run)
