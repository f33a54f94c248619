"""The questions of a lecture on backpropagation, answered for the hinge loss.

Run: python examples/student_questions.py
"""

import symgraph as sg
from symgraph.zoo import losses

loss = losses.hinge()
values = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}

print("What is the gradient?")
print("  ", sg.derive(loss, "W").result.unicode())

print("\nAlong which paths does W act, and by how much?")
print(sg.graph(loss).paths(loss, "W", values))

print("\nWhat are the forward and backward values?")
print(sg.graph(loss).table(values, digits=3))

print("\nWhat does a change of y by 0.001 do?")
print(sg.sensitivity(loss, values, of="y", eps=1e-3))
