"""A derivative is a sensitivity: change an input by ε, and the output moves by label times ε.

Lecture 000. Run: python examples/topics/sensitivity.py [--draw FOLDER]
"""

from pictures import folder

import symgraph as sg
from symgraph.zoo import scalars

# out = 2 in₁ + in₂ in₃: the green labels are 2, in₃ and in₂. Predicted is what they say,
# actual what happens.
out = scalars.sensitivity()
values = {"in1": 1.0, "in2": 2.0, "in3": 3.0}
print(sg.sensitivity(out, values, eps=1e-3))

# The building blocks, with the labels on their edges.
for operation in ("+", "-", "*", "max", "σ", "square"):
    block = scalars.building_block(operation)
    labels = [edge.label() for edge in sg.graph(block).edges]
    print(f"{operation:>7}: {', '.join(labels)}")

# Along a path labels multiply: out = exp(mid), mid = sin(in).
chain = scalars.chain_of_two()
print(sg.graph(chain).paths(chain, "in", {"in": 0.7}))

# In a tree there is one path to each leaf. Where a value is used twice, the paths add up.
twice = scalars.product_with_itself()
print(sg.graph(twice).paths(twice, "x", {"x": 3.0}))

if folder:
    sg.draw(out, values).save(folder / "sensitivity.svg")
    sg.draw(twice, {"x": 3.0}).save(folder / "two_paths.svg")

slope = sg.evaluate(sg.grad(twice, sg.input("x")), {"x": 3.0})
print(f"Found: x σ(x) at 3 has slope {float(slope):.9f}, the sum over both paths.")
