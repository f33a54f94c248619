"""Losses: the hinge and the squared loss, their gradients, and where these are zero.

Lecture 000. Run: python examples/topics/losses.py [--draw FOLDER]
"""

from pictures import folder

import symgraph as sg
from symgraph.zoo import losses

# The hinge loss asks for a margin of 1. Its gradient is that of the margin, or nothing at all.
hinge = losses.hinge()
print(sg.derive(hinge, "W").result.unicode())

# Three cases: on the wrong side, right with room to spare, exactly at the margin.
for W, y in (([1.0, 2.0], 1.0), ([3.0, 1.0], 1.0), ([1.0, 1.0], 1.0)):
    values = {"W": W, "φ(x)": [2.0, -1.0], "y": y}
    loss, slope = sg.evaluate([hinge, sg.grad(hinge, sg.parameter("W", 2))], values)
    print(f"W = {W}: loss {loss:g}, gradient {slope}")

# The green labels on the edges are the local derivatives; the gradient is their product.
values = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
print(sg.graph(hinge).paths(hinge, "W", values))

# The squared loss is never satisfied: its gradient grows with the residual.
squared = losses.squared()
print(sg.derive(squared, "W").result.unicode())
loss, slope = sg.evaluate([squared, sg.grad(squared, sg.parameter("W", 2))], values)
print(f"loss {loss:g}, gradient {slope}")

# Never on trust: finite differences and dual numbers say the same.
assert sg.check(squared, values=values).ok

if folder:
    sg.draw(hinge, values, tree=True, theme="lecture").save(folder / "hinge.svg")
    sg.draw(squared, values, tree=True, theme="lecture").save(folder / "squared.svg")

print("Found: beyond the margin the hinge loss is flat; its gradient is -1[margin < 1] φ(x) y.")
