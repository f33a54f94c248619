"""Vanishing and exploding gradients: against depth, against time, and what helps.

Lectures 000, 001, 003 and 004. Run: python examples/topics/vanishing_gradients.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import deep, recurrent

# σ' lies in (0, 1/4]: every logistic layer takes at least three quarters of the gradient away.
chain = deep.chain(depth=3)
print(sg.derive(chain, "x").latex(ranges=True))

# Against depth: a residual connection adds 1 to every factor, a rectifier has the factor 1.
depth = sg.phenomena.gradients_by_depth(depths=[1, 5, 10, 20, 50])
print(depth)

# Against time: the influence of the first input on later states.
time = sg.phenomena.gradients_over_time(times=[1, 10, 50, 100])
print(time)

# A linear unit is w^(T-1): at 1.01 it explodes, at 0.99 it vanishes.
power = recurrent.power_of_weight(length=1000).loss
for w in (0.99, 1.0, 1.01):
    y, slope = sg.evaluate([power, sg.grad(power, sg.parameter("w"))], {"w": w})
    print(f"w = {w}: w^999 = {float(y):.10g}, derivative 999 w^998 = {float(slope):.10g}")

# With matrices the norm γ of one step decides: below 1 the gradient must vanish, above 1 it may
# explode and need not. This step has γ = 2, and two of them are nothing.
W = sg.const([[0.0, 2.0], [0.0, 0.0]])
print(sg.phenomena.step_norms(sg.scan(lambda s: W @ s, sg.ones(2), length=2)))

# An orthogonal matrix times 1.1 explodes indeed.
Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
grows = sg.phenomena.step_norms(sg.scan(lambda s: sg.const(1.1 * Q) @ s, sg.ones(3), length=50))
print(f"50 steps of 1.1 times an orthogonal matrix: {grows['‖product of steps‖'][-1]:.4f}")

if folder:
    depth.plot(folder / "gradients_by_depth.png")
    time.plot(folder / "gradients_over_time.png")

sigma, lstm = depth["σ(v)"][-1], time["LSTM, forget bias 5"][-1]
print(f"Found: 50 logistic layers leave {sigma:.1e} of a gradient, 100 LSTM steps {lstm:.2f}.")
