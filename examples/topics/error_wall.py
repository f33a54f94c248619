"""An error surface with a wall: where gradients explode, and what clipping is for.

Lecture 003. Run: python examples/topics/error_wall.py [--draw FOLDER]
"""

import math

from pictures import folder

import symgraph as sg
from symgraph.zoo import recurrent

# One unit, x_t = w σ(x_{t-1}) + b from x₀ = 1/2, with E = (σ(x_T) - 0.7)². Below the line
# b* = 1/2 - w σ(1/2) the state runs to the lower fixed point, above it to the upper one.
E = recurrent.wall(steps=50).loss
sigma = 1 / (1 + math.exp(-0.5))
gradient = sg.grad(E, sg.parameter("w"))
for w in (5.0, 6.0):
    b = 0.5 - w * sigma
    for shift in (-0.1, 0.0, 0.1):
        at = {"w": w, "b": b + shift}
        value, slope = (float(x) for x in sg.evaluate([E, gradient], at))
        print(f"w = {w}, b = b* {shift:+.1f}: E = {value:.6f}, dE/dw = {slope:.9g}")

# The wall is far thinner than any grid; bisection finds it between two neighbours.
surface = sg.phenomena.error_surface(E, {"w": (5, 7), "b": (-4, -2)}, points=31)
print(surface.notes[0])

# Gradient descent comes along the valley and touches the wall: without clipping it is thrown far
# away, with clipping it stays at the foot and goes on. (Twelve steps make a wall wide enough to
# be met.)
lower = recurrent.wall(steps=12).loss
methods = {"plain": sg.optim.SGD(0.1), "clipped": sg.optim.SGD(0.1, clip_norm=0.1)}
ways = sg.phenomena.compare_optimizers(lower, {"w": 6.0, "b": -3.0}, methods, (0, 10, 20, 50, 200))
print(ways)

if folder:
    surface.plot(folder / "error_surface.png")
    ways.plot(folder / "clipping_at_the_wall.png")

plain, clipped = ways["loss"][4], ways["loss"][9]
print(f"Found: after 200 steps the loss is {plain:.4f} without clipping, {clipped:.4f} with it.")
