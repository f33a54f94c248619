"""Convolution: one small filter for all places, far fewer weights, and pooling.

Lectures 000 and 004. Run: python examples/topics/convolution.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import convolution, digits

# The filter of the slide moves over a 5x5 image; each output is the sum of nine products.
image = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
kernel = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
X, K = sg.input("X", (5, 5)), sg.parameter("K", (3, 3))
feature_map = sg.conv2d(X, K)
values = {"X": image, "K": kernel}
print("feature map:\n", sg.evaluate(feature_map, values))

# A shared weight is used at nine places: its gradient is the sum over them.
print("gradient of the sum:\n", sg.evaluate(sg.grad(sg.sum(feature_map), K), {"X": image}))

# Weights of a 1000x1000 image with a million hidden units, counted without making one.
pixels = units = 10**6
counts = sg.phenomena.count_parameters({
    "fully connected": sg.sum(sg.parameter("W", (units, pixels))),
    "10x10 fields": sg.sum(sg.parameter("W", (units, 10, 10))),
    "one shared filter": sg.conv2d(sg.input("I", (1000, 1000)), sg.parameter("W", (10, 10))),
})  # fmt: skip
print(counts)

# Pooling keeps the strongest answer; the gradient goes to the winner alone.
A = np.fromfunction(lambda i, j: (7 * i + 3 * j) % 10, (4, 4))
pooled = convolution.max_pooled(size=4, window=2)
print("winners:\n", sg.evaluate(sg.grad(pooled, sg.input("A", (4, 4))), {"A": A}))

# Convolution, pooling, convolution, pooling, full connection: a network for handwritten digits.
x_train, y_train, x_test, y_test = digits.split()
net = convolution.digits_cnn(maps=(8, 16))
right = sg.metrics.accuracy(net.logits, net.y)
model = sg.Model(net.loss, [net.x, net.y], metrics={"right": right}, target="cython")
model.fit({"image": x_train, "label": y_train}, optimizer=sg.optim.Adam(0.005), epochs=8)
found = model.evaluate({"image": x_test, "label": y_test})["right"]

if folder:
    counts.plot(folder / "connections.png")
    sg.draw(convolution.conv_layer(), values, style="window").save(folder / "convolution.svg")
    sg.draw(net, style="maps").save(folder / "digits_network.svg")

print(f"Found: a filter of 100 weights in place of 10¹²; the digits network reads {found:.1%}.")
