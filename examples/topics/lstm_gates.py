"""LSTM: gates that forget, write and show, and a cell along which gradients survive.

Lectures 000, 001, 002, 003 and 004. Run: python examples/topics/lstm_gates.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import gates

# A gate multiplies by a logistic value: +10 lets everything pass, -10 nothing.
gate = gates.gate(size=2)
y = sg.graph(gate).vertex("y").node
print("gates at ±10:", sg.evaluate(y, {"a": [10.0, -10.0], "c": [1.0, 1.0]}))

# Forget, write, update, show: the formulas, as they are defined.
net = gates.lstm()
derivation = sg.derive(net.loss, "b_f")
print("\n".join(one.unicode() for one in derivation.given))

# "Mary is a girl, but Bob is a boy.": a cell with gates set by hand holds who is spoken of. The
# names and girl, boy open the write gate; 0 is female, 1 is male.
C = 0.5
for word in "Mary is a girl , but Bob is a boy .".split():
    writes = word in ("Mary", "girl", "Bob", "boy")
    male = word in ("Bob", "boy")
    f, i = (1 / (1 + np.exp(-z)) for z in ((-10, 10) if writes else (10, -10)))
    C = f * C + i / (1 + np.exp(-10 if male else 10))
    print(f"  {word:>5}: {C:.8f}")

# Along the cell the derivative ∂C_T/∂C_0 is the product of the forget gates; all ways together
# also lead through h.
rng = np.random.default_rng(0)
values = {"x": rng.normal(size=(30, 2)), "h0": np.zeros(3), "C0": np.zeros(3)}
for name in ("f", "i", "C", "o"):
    values[f"W_{name}"] = 0.5 * rng.normal(size=(3, 5))
    values[f"b_{name}"] = np.full(3, 4.0) if name == "f" else np.zeros(3)
belt = sg.phenomena.belt(net.run, values)
print(belt.text(limit=8))

if folder:
    sg.draw(net, style="cell").save(folder / "lstm_cell.svg")
    sg.draw(net, style="timeline", steps=3).save(folder / "lstm_timeline.svg")
    belt.plot(folder / "lstm_belt.png")

kept = belt["along C"][-1]
print(f"Found: with open forget gates {kept:.3f} of a gradient is left after 30 steps.")
