"""A two-layer network of your own: its gradients as a textbook prints them, in four formats.

Run: python examples/derive_a_network.py
"""

import symgraph as sg

x, y = sg.input("x", 3), sg.input("y", 2)
W1, b1 = sg.parameter("W1", (4, 3)), sg.parameter("b1", 4)
W2, b2 = sg.parameter("W2", (2, 4)), sg.parameter("b2", 2)

# A name given with let is where printing stops: the gradient is written in h, not in tanh(...).
net1 = sg.let("net1", W1 @ x + b1)
h = sg.let("h", sg.tanh(net1))
out = sg.let("ŷ", W2 @ h + b2)
loss = sg.let("L", sg.sum((out - y) ** 2) / 2)

derivation = sg.derive(loss, [W1, b1, W2, b2])
print(derivation.unicode())

print("\nThe same in LaTeX, for a paper:\n")
print(derivation.latex())

print("\nOnly the result, in Chinese, with δ = −∂L/∂net:\n")
print(sg.derive(loss, W1, lang="zh", delta_sign=-1).unicode().partition("结果")[2])

print("And never on trust: symbolic, finite differences, dual numbers side by side:\n")
print(sg.check(loss))
