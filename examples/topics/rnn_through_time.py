"""Recurrent networks: the same weights at every time, and δ that flows back through time.

Lectures 000, 001 and 004. Run: python examples/topics/rnn_through_time.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import recurrent

# s_t = tanh(U x_t + W s_{t-1}), with ½‖s_T - d‖² on the last state. Backpropagation through time is
# a recursion in δ, not a formula that grows with the length.
net = recurrent.rnn()
print(sg.derive(net.loss, ["W", "U"]).unicode())

# In numbers, four steps: what each step gives to dE/dW. The shared gradient is their sum.
rng = np.random.default_rng(1)
values = {
    "x": rng.normal(size=(4, 2)), "s0": np.zeros(3), "d": np.array([0.5, -0.5, 0.1]),
    "U": rng.normal(size=(3, 2)), "W": 0.5 * rng.normal(size=(3, 3)),
}  # fmt: skip
print(sg.uses(net.loss, "W", values))

# The number of parameters does not depend on the length.
for steps in (1, 4, 1000):
    counted = sg.phenomena.count_parameters(recurrent.sequence_classifier(steps=steps))
    print(f"{steps:>5} steps: {sum(counted['numbers'])} parameters")

# How far does the past reach? Norms of ∂s_T/∂s_k, with the bound γ^(T-k).
print(sg.influence(net.loss, values))

# The product of the steps runs downwards from T: matrices do not commute.
norms = sg.phenomena.step_norms(net.run, {k: v for k, v in values.items() if k != "d"})
print(norms)

if folder:
    sg.draw(net, style="rolled").save(folder / "rnn_rolled.svg")
    sg.draw(net, style="timeline", steps=3).save(folder / "rnn_timeline.svg")
    norms.plot(folder / "steps_of_a_loop.png")

worst = sg.check(net.loss, values=values)
assert worst.ok
print("Found: the gradient of a shared weight is the sum over its uses, here at four times.")
