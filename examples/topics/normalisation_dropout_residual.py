"""What makes deep networks train: batch normalisation, dropout, residual connections.

Lecture 004. Run: python examples/topics/normalisation_dropout_residual.py [--draw FOLDER]
"""

import itertools

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import deep, digits, units

# Batch normalisation: mean 0 and variance 1 over the batch, then γ x̂ + β. The gradient by x runs
# through μ and σ² too, so that its sum is 0.
scaled = deep.batch_normalised()
print(sg.derive(scaled, ["γ", "β"]).unicode().partition("Result")[2].strip())
values = {"x": [1.0, 2.0, 4.0, 7.0, -1.0], "γ": 1.5, "β": -0.5, "g": [0.3, -0.2, 0.1, -0.4, 0.3]}
y = sg.graph(scaled).vertex("y").node
print("y =", sg.evaluate(y, {name: values[name] for name in ("x", "γ", "β")}))
dx = sg.evaluate(sg.grad(scaled, sg.input("x", "m")), {k: v for k, v in values.items() if k != "β"})
print("dl/dx =", dx, "sum", round(float(dx.sum()), 12))

# Dropout: a mask switches hidden units off. With 4 units there are 16 nets; where the output is
# linear in h, their mean is the net with all outputs halved.
net = units.dropout_net()
rng = np.random.default_rng(0)
weights = {"x": [0.5, -1.0], "W1": rng.normal(size=(4, 2)), "W2": rng.normal(size=(1, 4))}
masks = list(itertools.product((0.0, 1.0), repeat=4))
outputs = [float(sg.evaluate(net, {**weights, "m": mask})) for mask in masks]
half = float(sg.evaluate(net, {**weights, "m": [0.5] * 4}))
print(f"mean of {len(masks)} nets {np.mean(outputs):.12f}, halved net {half:.12f}")

# A residual block adds its input: the skip edge has the label 1, and both ways add up.
block = deep.residual_block()
print(sg.derive(block, "x").result.unicode())
print(sg.phenomena.gradients_by_depth(depths=[5, 20]))

# Twelve plain tanh layers against six residual blocks, on the digits.
x_train, y_train, x_test, y_test = digits.split()
for residual in (False, True):
    image, label = sg.input("x", ("N", 64)), sg.input("y", "N", kind="integer")
    h = sg.nn.dense(image, 16, "first")
    for k in range(12):
        layer = sg.nn.dense(h, 16, f"layer{k}", "sigmoid")
        h = h + layer if residual else layer
    scores = sg.nn.dense(h, 10, "scores")
    right = sg.metrics.accuracy(scores, label)
    model = sg.Model(sg.cross_entropy(scores, label), [image, label], metrics={"right": right})
    data = {"x": x_train.reshape(-1, 64), "y": y_train}
    model.fit(data, optimizer=sg.optim.Adam(0.003), epochs=10)
    found = model.evaluate({"x": x_test.reshape(-1, 64), "y": y_test})["right"]
    print(f"12 logistic layers, {'with' if residual else 'without'} skips: {found:.1%}")

if folder:
    sg.draw(block).save(folder / "residual_block.svg")
    sg.draw(net, {**weights, "m": [1, 0, 1, 0]}, style="layers").save(folder / "dropout.svg")

print(f"Found: the same twelve layers learn nothing plain and read {found:.1%} with skips.")
