"""A recurrent network over a loop: BPTT printed as the recursion of δ, at any length.

Run: python examples/backpropagation_through_time.py
"""

import numpy as np

import symgraph as sg

hidden, inputs = 3, 2
x, d = sg.input("x", ("T", inputs)), sg.input("d", hidden)
U, W = sg.parameter("U", (hidden, inputs)), sg.parameter("W", (hidden, hidden))

s0 = sg.input("s0", hidden)

run = sg.recurrence(
    {
        "net": lambda now, before: U @ now.x + W @ before.s,
        "s": lambda now, before: sg.tanh(now.net),
    },
    states={"s": s0},
    sequences={"x": x},
)
E = sg.let("E", sg.sum((run.final["s"] - d) ** 2) / 2)

derivation = sg.derive(E, [W, U])
print(derivation.unicode())

# The printed recursion is also what runs: the gradient by the compiled program.
gradient = sg.compile([x, s0, d, U, W], sg.grad(E, W))
draw = np.random.default_rng(0)
value = gradient(
    draw.normal(size=(20, inputs)), np.zeros(hidden), np.ones(hidden),
    0.5 * draw.normal(size=(hidden, inputs)), 0.5 * draw.normal(size=(hidden, hidden)),
)  # fmt: skip
print("\ndE/dW at random values, T = 20:")
print(np.round(value, 6))
