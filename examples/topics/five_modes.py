"""One recurrent network in five modes: where inputs come in, and where outputs are taken.

Lectures 001 and 004. Run: python examples/topics/five_modes.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import modes

# The step is the same in all: h_t = tanh(U x_t + W h_{t-1}), y_t = V h_t.
uses = {
    "1-1": "a plain network", "1-n": "an image described", "n-1": "a text judged",
    "n-n-delayed": "a sentence translated", "n-n": "every frame labelled",
}  # fmt: skip
rng = np.random.default_rng(0)
weights = {"U": rng.normal(size=(3, 2)), "W": rng.normal(size=(3, 3)), "V": rng.normal(size=(2, 3))}

# What differs is which times have an input and which an output. The parameters are the same ones.
for mode, use in uses.items():
    net = modes.rnn_modes(mode, count=3)
    times = {"x": 1 if mode[0] == "1" else 3, "d": 1 if mode[-1] == "1" else 3}
    values = {name: np.full((count, 2), 0.1) for name, count in times.items()} | weights
    parameters = [sg.parameter(name, array.shape) for name, array in weights.items()]
    E, *slopes = sg.evaluate([net.loss, *sg.grad(net.loss, parameters)], values)
    norms = ", ".join(f"{np.linalg.norm(slope):.4f}" for slope in slopes)
    print(f"{mode:>11}, {use}: {times['x']} in, {times['d']} out, E = {float(E):.6f}, ‖dE‖ {norms}")

# (By U, W and V: in the plain mode the gradient by W is 0, for from h_0 = 0 there is no way back.)
print(sg.derive(modes.rnn_modes("n-n").loss, "V").result.unicode())
print(sg.phenomena.count_parameters({mode: modes.rnn_modes(mode) for mode in uses}))

if folder:
    sg.draw("n-1", style="modes").save(folder / "many_to_one.svg")
    sg.draw("n-n delayed", style="modes").save(folder / "many_to_many.svg")

print("Found: five modes, one step and one set of 21 parameters.")
