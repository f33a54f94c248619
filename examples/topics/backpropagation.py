"""Backpropagation: values up from the leaves, derivatives down from the root, one step downhill.

Lecture 000. Run: python examples/topics/backpropagation.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import losses

# The squared loss of a two-layer network, (Σ_j w_j σ(v_j·φ(x)) - y)².
loss = losses.two_layer()
print(sg.derive(loss, ["w1", "v1"]).unicode())

# f_i are the values on the way up; g_i = ∂loss/∂f_i comes down, multiplied by a label on each edge.
values = {
    "φ(x)": [1.0, 2.0], "y": 1.0,
    "v1": [0.5, -0.25], "v2": [-0.5, 0.75], "w1": 1.0, "w2": -2.0,
}  # fmt: skip
print(sg.graph(loss).table(values, digits=6))

# One step against the gradient with rate 0.1.
names = ["v1", "v2", "w1", "w2"]
weights = [sg.parameter("v1", 2), sg.parameter("v2", 2), sg.parameter("w1"), sg.parameter("w2")]
before, *slopes = sg.evaluate([loss, *sg.grad(loss, weights)], values)
moved = {n: np.array(values[n]) - 0.1 * g for n, g in zip(names, slopes, strict=True)}
after = sg.evaluate(loss, {**values, **moved})
print("new weights:", {name: np.round(value, 6).tolist() for name, value in moved.items()})

# Compiled, the loss and all gradients are one program: each h is computed once, for itself and for
# h (1 - h).
leaves = [sg.input("φ(x)", 2), sg.input("y"), *weights]
print(sg.compile(leaves, [loss, *sg.grad(loss, weights)], style="read").source)

if folder:
    sg.draw(loss, values, theme="lecture").save(folder / "backpropagation.svg")

print(f"Found: one step takes the loss from {float(before):.6f} to {float(after):.6f}.")
