"""Optimizers on a long valley: six methods from one start, and the two Adams.

Lecture 004. Run: python examples/topics/optimizers.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg

# ½(10 x² + y²): ten times as steep across as along.
x, y = sg.input("x"), sg.input("y")
valley = (10 * x**2 + y**2) / 2
ways = sg.phenomena.compare_optimizers(valley, {"x": 1.0, "y": 1.0})
print(ways)

# An optimizer is an expression: it is printed like any other.
w, g = sg.parameter("w"), sg.input("g")
for name in ("SGD", "Momentum", "Adagrad", "RMSprop", "Adam"):
    rule = getattr(sg.optim, name)(0.1).updates({w: g})
    print(f"{name}: w becomes {rule[w]}")

# The slide prints ε inside the root of Adam; the paper has it outside. For ordinary gradients that
# is the same, for small ones it is not.
for gradient in (0.1, 1e-5):
    for title, inside in (("outside", False), ("inside", True)):
        model = sg.Model(g * sg.parameter("w", init=1.0), [g])
        rule = sg.optim.Adam(1e-3, eps_inside_sqrt=inside)
        model.step({"g": gradient}, optimizer=rule)
        print(f"gradient {gradient:g}, ε {title}: step {1 - float(model.parameters['w']):.9e}")

# One sample many times, the samples in turn, or all at once: three answers for one line.
t, d = sg.input("t", "N"), sg.input("d", "N")
data = {"t": np.array([1.0, 2.0, 3.0]), "d": np.array([2.0, 3.0, 7.0])}
slope = sg.parameter("slope")
for title, loss, batch in (("in turn", sg.sum, 1), ("all at once", sg.mean, None)):
    line = sg.Model(loss((d - slope * t) ** 2), [t, d])
    line.fit(data, optimizer=sg.optim.SGD(0.05), epochs=10, batch_size=batch, shuffle=False)
    print(f"{title}: slope {float(line.parameters['slope']):.9f} (least squares 2.071428571)")

if folder:
    ways.plot(folder / "optimizers.png")

best = min(ways.rows, key=lambda row: row["loss"])
print(f"Found: after {best['step']} steps {best['optimizer']} is nearest to the minimum.")
