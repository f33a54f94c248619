"""Why activation functions: without them layers collapse into one; the 2-3-1 network with them.

Lecture 003. Run: python examples/topics/why_activation.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import networks

# Two linear layers are one: B (A x) = (B A) x, whatever their widths.
rng = np.random.default_rng(0)
values = {"A": rng.normal(size=(5, 2)), "B": rng.normal(size=(2, 5)), "x": rng.normal(size=2)}
A, B, x = sg.parameter("A", (5, 2)), sg.parameter("B", (2, 5)), sg.input("x", 2)
deep, flat = B @ (A @ x), (B @ A) @ x
print("two layers:", sg.evaluate(deep, values), "one layer:", sg.evaluate(flat, values))
print("Jacobian:", sg.derive(deep, "x").result.unicode())

# With a function in between no single matrix does it: the Jacobian depends on x.
bent = B @ sg.let("h", sg.tanh(A @ x))
for scale in (0.1, 1.0):
    here = {**values, "x": scale * values["x"]}
    print(f"Jacobian at {scale} x:", sg.evaluate(sg.jacobian(bent, x), here).round(4).tolist())

# The 2-3-1 network in the lecture's letters: w_1-ij leads from input i to hidden unit j.
y = networks.two_three_one()
print("\n".join(one.unicode() for one in sg.derive(y, "w_2-1").given))
print(sg.derive(y, "w_1-11").result.unicode())

# Where each hidden unit changes sides is a line; the output is shaped by all three.
weights = {f"w_1-{i}{j}": w for (i, j), w in zip(
    [(1, 1), (2, 1), (1, 2), (2, 2), (1, 3), (2, 3)], [4, 0, 0, 4, -4, -4], strict=True)
}  # fmt: skip
weights |= {"b_1-1": 0.0, "b_1-2": 0.0, "b_1-3": 4.0, "w_2-1": 3.0, "w_2-2": 3.0, "w_2-3": 3.0}
lines = sg.phenomena.decision_lines(y, weights)
print(lines)

if folder:
    lines.plot(folder / "two_three_one_lines.png")
    sg.draw(y, style="layers").save(folder / "two_three_one.svg")

print("Found: linear layers of any number are one matrix; a function between them makes a net.")
