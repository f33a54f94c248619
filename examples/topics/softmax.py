"""Softmax and cross-entropy: the gradient is ŷ - d, and nothing overflows.

Lecture 004. Run: python examples/topics/softmax.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import losses

# L = -Σ_k d_k log ŷ_k with ŷ = softmax(W h). The derivative by the net input is ŷ - d, once it is
# known that the targets sum to 1.
found = losses.softmax_loss()
print(sg.derive(found.loss, "net", assume=found.facts).result.unicode())

# The Jacobian of softmax alone is diag(ŷ) - ŷ ŷᵀ.
net = sg.input("net", 3)
y = sg.evaluate(sg.softmax(net), {"net": [1.0, 2.0, 0.5]})
J = sg.evaluate(sg.jacobian(sg.softmax(net), net), {"net": [1.0, 2.0, 0.5]})
print("largest difference to diag(ŷ) - ŷŷᵀ:", abs(J - (np.diag(y) - np.outer(y, y))).max())

# exp(1000) is no number that a double holds, and beside it the share of 0 is none either. Compiled,
# log(softmax(net)) is net - logsumexp(net), in which nothing overflows or vanishes.
d = sg.input("d", 3)
loss = -(d @ sg.log(sg.softmax(net)))
step = sg.compile([net, d], [loss, sg.grad(loss, net)])
value, slope = step(np.array([1000.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
print(f"at net = (1000, 0, 0), d = (0, 1, 0): loss {float(value):g}, gradient {slope}")

# The squared error on a logistic output is flat where it is most wrong; cross-entropy is not.
z = sg.input("z")
squared = (1 - sg.sigmoid(z)) ** 2 / 2
entropy = -sg.log(sg.sigmoid(z))
for at in (-8.0, -2.0, 0.0):
    a, b = sg.evaluate([sg.grad(squared, z), sg.grad(entropy, z)], {"z": at})
    print(f"target 1, net {at:>4}: slope {float(a):.6f} of ½(1-σ)², {float(b):.6f} of -log σ")

if folder:
    sg.draw(found.loss, collapse="names").save(folder / "softmax.svg")
    sg.plot([squared, entropy], (-8, 4)).save(folder / "two_losses.png")

print("Found: cross-entropy keeps its slope where the answer is wrong; its gradient is ŷ - d.")
