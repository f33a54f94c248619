"""Recurrent networks with gates: LSTM in the forms of the lectures, GRU."""

from __future__ import annotations

from typing import Annotated, Literal

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Length, Letters, Size, system
from symgraph.zoo.recurrent import Recurrent

__all__ = ["gate", "gender_cell", "gru", "lstm", "lstm_row"]


@system()
def gate(size: Size = 3) -> Node:
    """A gate on its own: the sum of σ(a) ⊙ c, where 0 blocks and 1 passes.

    Variables: a and c (size,).
    """
    open_by = sg.let("g", sg.sigmoid(sg.input("a", size)))
    return sg.let("L", sg.sum(sg.let("y", open_by * sg.input("c", size))))


@system()
def gender_cell(steps: Length = "T") -> Recurrent:
    """A cell with gates set by hand remembers who is spoken of: C_t = f ⊙ C_{t-1} + i ⊙ C̃.

    f = σ(-a), i = σ(a), C̃ = σ(b). At each word a says whether it tells a gender (10) or not (-10),
    and b which: female -10, male 10. So C_t stays near 0 after Mary, near 1 after Bob.
    Variables: a and b (steps,), C_0 ().
    """

    def step(C: Node, a: Node, b: Node) -> Node:
        f, i = sg.let("f", sg.sigmoid(-a)), sg.let("i", sg.sigmoid(a))
        return sg.let("C", f * C + i * sg.let("C̃", sg.sigmoid(b)))

    words = sg.input("a", (steps,)), sg.input("b", (steps,))
    run = sg.scan(step, sg.input("C0"), words)
    return Recurrent(sg.let("y", run.final), run)


def _end(run: sg.ScanResult, state: Node, hidden: int) -> Recurrent:
    """Half the squared error of the last state."""
    return Recurrent(sg.let("L", sg.squared_norm(state - sg.input("d", hidden)) / 2), run)


@system()
def lstm(
    hidden: Size = 3,
    inputs: Size = 2,
    steps: Length = "T",
    *,
    order: Literal["hx", "xh"] = "hx",
    peepholes: Annotated[str, Letters("fio")] = "",
    coupled: bool = False,
) -> Recurrent:
    """An LSTM whose gates see [h_{t-1}, x_t], with ½‖h_T - d‖².

    f = σ(W_f [h, x] + b_f), i = σ(W_i [h, x] + b_i), C̃ = tanh(W_C [h, x] + b_C),
    C_t = f ⊙ C_{t-1} + i ⊙ C̃, o = σ(W_o [h, x] + b_o), h_t = o ⊙ tanh(C_t).
    `order`: "xh" for [x_t, h_{t-1}]. `peepholes`: which of the gates f, i and o see the cell too,
    as their first operand: "fio" is all, f and i see C_{t-1} and o sees C_t. `coupled`: 1 - f in
    the place of i.
    Variables: x (steps, inputs), h_0, C_0 and d (hidden,), W_f, W_i, W_C, W_o (hidden, hidden +
    inputs, or 2 hidden + inputs with a peephole), b_f, b_i, b_C, b_o (hidden,).
    """

    def layer(name: str, *parts: Node) -> Node:
        z = sg.concat(parts)
        W, b = sg.parameter(f"W_{name}", (hidden, z.shape[0])), sg.parameter(f"b_{name}", hidden)
        return W @ z + b

    def step(state: dict[str, Node], x: Node) -> tuple[dict[str, Node], dict[str, Node]]:
        h, C = state["h"], state["C"]
        seen = [h, x] if order == "hx" else [x, h]
        peep = {name: [C] if name in peepholes else [] for name in "fi"}
        f = sg.let("f", sg.sigmoid(layer("f", *peep["f"], *seen)))
        i = sg.subtract(1, f) if coupled else sg.let("i", sg.sigmoid(layer("i", *peep["i"], *seen)))
        candidate = sg.let("C̃", sg.tanh(layer("C", *seen)))
        C = sg.let("C", f * C + i * candidate)
        o = sg.let("o", sg.sigmoid(layer("o", *([C] if "o" in peepholes else []), *seen)))
        h = sg.let("h", o * sg.tanh(C))
        return {"h": h, "C": C}, {"f": f, "i": i, "C̃": candidate, "o": o}

    start = {name: sg.input(f"{name}0", hidden) for name in ("h", "C")}
    run = sg.scan(
        lambda h, C, x: step({"h": h, "C": C}, x), start, {"x": sg.input("x", (steps, inputs))}
    )
    return _end(run, run.final["h"], hidden)


@system()
def lstm_row(hidden: Size = 3, inputs: Size = 2, steps: Length = "T") -> Recurrent:
    """An LSTM in row vectors without biases, s_t = tanh(c_t) ∘ o, with ½‖s_T - d‖².

    i = σ(x U_i + s W_i), f = σ(x U_f + s W_f), o = σ(x U_o + s W_o), g = tanh(x U_g + s W_g),
    c_t = c_{t-1} ∘ f + g ∘ i.
    Variables: x (steps, inputs), s_0, c_0 and d (hidden,), U_i, ... (inputs, hidden), W_i, ...
    (hidden, hidden).
    """

    def layer(name: str, x: Node, s: Node) -> Node:
        U, W = (
            sg.parameter(f"U_{name}", (inputs, hidden)),
            sg.parameter(f"W_{name}", (hidden, hidden)),
        )
        return x @ U + s @ W

    def step(s: Node, c: Node, x: Node) -> dict[str, Node]:
        i, f, o = (sg.let(name, sg.sigmoid(layer(name, x, s))) for name in "ifo")
        g = sg.let("g", sg.tanh(layer("g", x, s)))
        c = sg.let("c", c * f + g * i)
        return {"s": sg.let("s", sg.tanh(c) * o), "c": c}

    start = {name: sg.input(f"{name}0", hidden) for name in ("s", "c")}
    run = sg.scan(step, start, {"x": sg.input("x", (steps, inputs))})
    return _end(run, run.final["s"], hidden)


@system()
def gru(
    hidden: Size = 3,
    inputs: Size = 2,
    steps: Length = "T",
    *,
    keeps: Literal["1-z", "z"] = "1-z",
) -> Recurrent:
    """A GRU, h_t = (1 - z) ⊙ h_{t-1} + z ⊙ h̃, with ½‖h_T - d‖².

    z = σ(W_z [h, x]), r = σ(W_r [h, x]), h̃ = tanh(W [r ⊙ h, x]). `keeps`: the factor of h_{t-1};
    in other texts it is z, and 1 - z that of h̃.
    Variables: x (steps, inputs), h_0 and d (hidden,), W_z, W_r and W (hidden, hidden + inputs).
    """
    Wz, Wr, W = (sg.parameter(name, (hidden, hidden + inputs)) for name in ("W_z", "W_r", "W"))

    def step(h: Node, x: Node) -> tuple[Node, dict[str, Node]]:
        seen = sg.concat([h, x])
        z, r = sg.let("z", sg.sigmoid(Wz @ seen)), sg.let("r", sg.sigmoid(Wr @ seen))
        candidate = sg.let("h̃", sg.tanh(W @ sg.concat([r * h, x])))
        kept, new = (1 - z, z) if keeps == "1-z" else (z, 1 - z)
        h = sg.let("h", kept * h + new * candidate)
        return h, {"z": z, "r": r, "h̃": candidate}

    run = sg.scan(step, sg.input("h0", hidden), sg.input("x", (steps, inputs)))
    return _end(run, run.final, hidden)
