"""Restricted Boltzmann machines: energy, probability, and learning by contrast.

Lecture 004. Run: python examples/topics/boltzmann_machines.py [--draw FOLDER]
"""

import itertools

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import digits, rules, units

# The energy of visible and hidden units; its gradient is minus the product of both ends.
energy = units.boltzmann_machine()
print(sg.derive(energy, "W").result.unicode())

# Small machines can be counted out: p(v, h) = exp(-E) / Z over all 32 states.
rng = np.random.default_rng(0)
weights = {"W": rng.normal(size=(3, 2)), "b": rng.normal(size=3), "c": rng.normal(size=2)}
states = list(itertools.product((0.0, 1.0), repeat=5))
energies = [sg.evaluate(energy, {"v": s[:3], "h": s[3:], **weights}) for s in states]
p = np.exp(-np.array(energies))
p /= p.sum()
likely = states[int(p.argmax())]
print(f"{len(states)} states; the likeliest is v = {likely[:3]}, h = {likely[3:]}: {p.max():.4f}")

# p(h = 1 | v) is a logistic function of v: no counting is needed to go back and forth.
v = np.array([1.0, 0.0, 1.0])
seen = np.array([probability for probability, s in zip(p, states, strict=True) if s[:3] == (*v,)])
on = np.array([s[3:] for s in states if s[:3] == (*v,)])
print("counted:", (seen @ on / seen.sum()).round(6))
print("by σ(vW + c):", (1 / (1 + np.exp(-(v @ weights["W"] + weights["c"])))).round(6))

# CD-1 wants the data likelier and their own recall less likely. It is no gradient of a loss, but
# an expression like any other: the next values of W, b and c.
machine = rules.contrastive_divergence(64, 32, rate=0.5)
W = sg.parameter("W", (64, 32))
print("W⁺ =", machine.updates[W])
x_train, *_ = digits.split()
model = sg.Model(machine.loss, [sg.input("v", ("N", 64))], updates=machine.updates)
history = model.fit({"v": x_train.reshape(-1, 64)}, epochs=30)

if folder:
    sg.draw(energy, style="bipartite").save(folder / "boltzmann_machine.svg")

first, last = history["loss"][0], history["loss"][-1]
print(f"Found: CD-1 takes the error of recalling digits from {first:.2f} to {last:.2f}.")
