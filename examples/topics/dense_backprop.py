"""Backpropagation in a dense network: δ at the output, δ at the hidden layer, Δw = η δ input.

Lecture 004. Run: python examples/topics/dense_backprop.py [--draw FOLDER]
"""

from pictures import folder

import symgraph as sg
from symgraph.zoo import networks, rules

# Two layers: h = tanh(W⁽¹⁾ x), y = σ(W⁽²⁾ h), E = ½ Σ (y_k - d_k)².
E = networks.feedforward()
print(sg.derive(E, ["W^(2)", "W^(1)"]).unicode())

# This lecture counts δ = -∂E/∂net, so that updates are added; others count δ = +∂E/∂net.
print("\nWith δ = -∂E/∂net:")
print(sg.derive(E, ["W^(2)", "W^(1)"], delta_sign=-1).unicode().partition("Result")[2])

# The same unit by unit, with names: inputs λ and Ω, hidden A, B, C, outputs α and β.
named = rules.named_units_update()
print("\nThe twelve update lines:")
for old, new in named.updates.items():
    print(f"  {old}⁺ = {new.args[0]}")

# In numbers: every weight moves by η times δ of where it leads times what comes along it.
units = networks.named_units()
values = {"λ": 0.5, "Ω": -0.3, "t_α": 1.0, "t_β": 0.0} | {
    f"w_{to}{source}": 0.1 * k
    for k, (to, source) in enumerate(
        [(t, s) for t in "ABC" for s in "λΩ"] + [(t, s) for t in "αβ" for s in "ABC"], -5
    )
}
print(sg.graph(units).table(values, digits=4))

# Never on trust: 14 variables by finite differences and by dual numbers.
checked = sg.check(units, values=values)
assert checked.ok

if folder:
    sg.draw(units, style="layers").save(folder / "two_three_two.svg")
    sg.draw(networks.dense(), collapse="names", direction="LR").save(folder / "dense.svg")

print("Found: one δ for each unit is enough for all weights that lead to it.")
