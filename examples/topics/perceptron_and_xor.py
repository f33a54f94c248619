"""The perceptron learns what a line can part, and nothing else; one hidden layer learns XOR.

Lecture 004. Run: python examples/topics/perceptron_and_xor.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import rules, units

corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
targets = {"AND": [-1, -1, -1, 1], "OR": [-1, 1, 1, 1], "XOR": [-1, 1, 1, -1]}

# The rule w⁺ = w + η (y - ŷ) x is no gradient: ŷ is a step. It compiles all the same.
rule = rules.perceptron()
inputs = [sg.input("x", ("N", 2)), sg.input("y", "N")]
for name, y in targets.items():
    model = sg.Model(rule.loss, inputs, updates=rule.updates)
    data = {"x": corners, "y": np.array(y, dtype=float)}
    stop = sg.callbacks.EarlyStopping("loss", patience=100)
    history = model.fit(data, epochs=100, batch_size=1, shuffle=False, callbacks=[stop])
    errors = [round(4 * loss) for loss in history["loss"]]
    ends = errors.index(0) + 1 if 0 in errors else "none"
    w, b = model.parameters["w"], float(model.parameters["b"])
    print(f"{name}: w = {w}, b = {b:g}, first epoch without errors: {ends}")

# By hand: "at least one" and not "both", as threshold units.
table = {"x1": corners[:, 0].tolist(), "x2": corners[:, 1].tolist()}
print(sg.phenomena.truth_table(units.xor(), table, of=["h1", "h2"]))
print(sg.phenomena.decision_lines(units.xor()))

# Trained: two tanh units under a logistic one find such lines themselves.
x, d = sg.input("x", ("N", 2)), sg.input("d", "N")
W = sg.parameter("W", (2, 2), init=[[0.6, -0.4], [-0.3, 0.5]])
b, c = sg.parameter("b", 2, init=[0.1, -0.1]), sg.parameter("c", init=-0.2)
h = sg.let("h", sg.tanh(x @ W.T + b))
y = sg.let("y", sg.sigmoid(h @ sg.parameter("v", 2, init=[0.7, 0.8]) + c))
net = sg.Model(sg.sum((y - d) ** 2) / 2, [x, d], {"y": y})
data = {"x": corners, "d": [0.0, 1.0, 1.0, 0.0]}
net.fit(data, optimizer=sg.optim.SGD(0.5), epochs=3000, batch_size=None)
weights = {name: net.parameters[name] for name in ("W", "b", "v", "c")}
lines = sg.phenomena.decision_lines(y, weights)
print(lines)

if folder:
    lines.plot(folder / "xor_lines.png")
    sg.draw(units.xor(), style="layers").save(folder / "xor.svg")

answers = net.predict(data)["y"].round(3).tolist()
print(f"Found: no line solves XOR; two trained hidden units answer {answers}.")
