"""Activation functions: their derivatives in terms of themselves, far out, and how many are active.

Lectures 000, 003 and 004. Run: python examples/topics/activations.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg

z = sg.input("z")
functions = {
    "sigmoid": sg.sigmoid, "tanh": sg.tanh, "relu": sg.relu, "softplus": sg.softplus,
    "leaky relu": sg.leaky_relu, "elu": sg.elu,
}  # fmt: skip

# Many derivatives need nothing but the output: σ' = σ (1 - σ), tanh' = 1 - tanh².
for name, function in functions.items():
    h = sg.let("h", function(z))
    slope = sg.derive(h, z).result.unicode()
    value, at = (float(x) for x in sg.evaluate([h, sg.grad(h, z)], {"z": 0.755}))
    print(f"{name:>10}: {slope:<28} at 0.755: {value:.10f}, slope {at:.10f}")

# Far out nothing overflows: exp(800) is no number that a double holds.
for name, function in functions.items():
    low, high = (float(sg.evaluate(function(z), {"z": x})) for x in (-800.0, 800.0))
    print(f"{name:>10}: at -800 {low:g}, at 800 {high:g}")

# Softplus is the smooth rectifier: they differ most at 0, by log 2.
gap = sg.softplus(z) - sg.relu(z)
print(f"softplus - relu at 0: {float(sg.evaluate(gap, {'z': 0.0})):.10f}")

# Rectified layers are sparse: about half of the units are off, and pass no gradient.
rng = np.random.default_rng(0)
x, W = sg.input("x", ("N", 20)), sg.parameter("W", (20, 50))
net = x @ W
layers = sg.sum(sg.let("r", sg.relu(net))) + sg.sum(sg.let("s", sg.sigmoid(net)))
active = sg.phenomena.active_fractions(
    layers, {"x": rng.normal(size=(100, 20)), "W": rng.normal(size=(20, 50))}
)
print(active)

# The noisy rectifier adds noise whose variance is a logistic function of its input.
noisy = sg.noisy_relu(z, sg.input("ε"))
print(f"noisy relu at 0.5 with ε = -0.3: {float(sg.evaluate(noisy, {'z': 0.5, 'ε': -0.3})):.10f}")

if folder:
    sg.plot(list(functions.values())).save(folder / "activations.png")
    active.plot(folder / "active_units.png")

print("Found: the logistic slope is at most 1/4; a rectifier passes all of the gradient or none.")
