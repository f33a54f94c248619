"""Threshold units: AND and OR by their thresholds, Hebb's rule, and a region cut out by lines.

Lecture 004. Run: python examples/topics/threshold_units.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import rules, units

# A McCulloch-Pitts unit fires where its net input reaches the threshold: only that number tells
# AND from OR.
corners = {"x1": [0, 0, 1, 1], "x2": [0, 1, 0, 1]}
for name, threshold in (("AND", 1.5), ("OR", 0.5)):
    answers = sg.phenomena.truth_table(units.mcculloch_pitts(threshold), corners)["o"]
    print(f"{name} with T = {threshold}: {answers}")

# At the threshold itself the unit fires: net = T counts.
at = sg.evaluate(units.mcculloch_pitts(1.0), {"x1": 1.0, "x2": 0.0})
print("net = T gives", float(at))

# Hebb: what fires together is wired together, Δw = η x y. In the bipolar form one pass through
# the four samples of AND is enough.
rule = rules.hebb()
x = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], dtype=float)
y = np.array([-1, -1, -1, 1], dtype=float)
model = sg.Model(rule.loss, [sg.input("x", ("N", 2)), sg.input("y", "N")], updates=rule.updates)
model.fit({"x": x, "y": y}, epochs=1, batch_size=1, shuffle=False)
w, b = model.parameters["w"], float(model.parameters["b"])
print(f"Hebb learns AND: w = {w}, b = {b:g}, errors {model.evaluate({'x': x, 'y': y})['loss']:g}")

# Each hidden unit is one side of a convex region; the output asks whether all of them agree.
triangle = units.triangle()
print(sg.phenomena.decision_lines(triangle))
points = {"x1": [0.2, 1.0, -0.1, 0.5, 0.0], "x2": [0.2, 1.0, 0.5, 0.5, 0.0]}
print(sg.phenomena.truth_table(triangle, points, of=["h1", "h2", "h3"]))

if folder:
    sides = sg.phenomena.decision_lines(triangle, spans=((-0.5, 1.5), (-0.5, 1.5)))
    sides.plot(folder / "triangle.png")
    sg.draw(triangle, style="layers").save(folder / "triangle_net.svg")
    sg.draw(units.mcculloch_pitts(), style="layers").save(folder / "and_unit.svg")

print("Found: a threshold decides AND or OR; three lines and one AND make a triangle.")
