"""Two cars at x₁ and x₂ are safe where they are 1 apart: a network by hand, then a trained one.

Lecture 000. Run: python examples/topics/two_cars.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import units

# Two hidden units ask whether car 1 or car 2 is ahead by 1. Their sum is 1 or 0.
net = units.two_cars_net(unit=lambda z: sg.step(z, at_zero=1))
by_hand = {"v1": [-1.0, 1.0, -1.0], "v2": [-1.0, -1.0, 1.0], "w1": 1.0, "w2": 1.0}
for x1, x2 in ((3.0, 1.0), (1.0, 3.0), (1.0, 0.5)):
    print(f"cars at {x1}, {x2}: sum {float(sg.evaluate(net, {'x1': x1, 'x2': x2, **by_hand}))}")

# The step has no slope, so nothing can be learnt through it.
print("with the step:", sg.derive(net, "v1").result.unicode())
soft = units.two_cars_net()
print("with the logistic function:", sg.derive(soft, "v1").result.unicode())

# But a sum of two logistic values is always positive: sign(h₁ + h₂) says +1 to everybody.
for x1, x2 in ((3.0, 1.0), (1.0, 3.0), (1.0, 0.5)):
    print(f"soft sum {float(sg.evaluate(soft, {'x1': x1, 'x2': x2, **by_hand})):.10f}")

# The output needs a bias of its own. Then gradient descent finds all weights.
axis = np.arange(7) / 2
x = np.array([(a, b) for a in axis for b in axis])
safe = np.where(np.abs(x[:, 0] - x[:, 1]) >= 1, 1.0, -1.0)
phi, y = sg.input("Φ", ("N", 3)), sg.input("y", "N")
V = sg.parameter("V", (2, 3), init=[[-0.5, 0.5, -0.5], [-0.5, -0.5, 0.5]])
u, u0 = sg.parameter("u", 2, init=[1.0, 1.0]), sg.parameter("u0", init=-0.5)
score = sg.let("score", sg.let("h", sg.sigmoid(phi @ V.T)) @ u + u0)
right = sg.mean(sg.indicator(score * y > 0))
model = sg.Model(sg.mean((score - y) ** 2), [phi, y], {"score": score}, {"right": right})
data = {"Φ": np.column_stack([np.ones(49), x]), "y": safe}
model.fit(data, optimizer=sg.optim.SGD(0.5), epochs=3000, batch_size=None)
end = model.evaluate(data)
print(f"trained: loss {end['loss']:.6f}, {end['right']:.0%} right")

if folder:
    sg.draw(soft, style="layers").save(folder / "two_cars.svg")

print("Found: the hand-made hidden units are learnt from y alone, once the output has a bias.")
