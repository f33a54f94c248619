"""Universal approximation: six rectified units bend a line into a cubic, by hand and fitted.

Lecture 004. Run: python examples/topics/universal_approximation.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import networks

# By hand: each unit bends the line once, at the place where its input is 0.
by_hand = networks.six_relus()
print(sg.phenomena.linear_pieces(by_hand, (-2, 2)))


def cubic(x):
    return x**3 + x**2 - x - 1


# How far is that from x³ + x² - x - 1? On each piece the error is largest at an end, or where the
# slopes agree: the answer is exact, no point is sampled.
spans = [(-2, 2), (-1.9, 1.7), (-1.5, 1.5), (-1, 1)]
hand = sg.phenomena.approximation_error(by_hand, cubic, spans)
print(hand)

# Fitted: the same six units, their twelve weights and six signs found by gradient descent.
x, t = sg.input("x", "N"), sg.input("t", "N")
a, b, v = (
    sg.parameter("a", 6, init=[-5.0, -1.2, 1.2, 1.2, 2.0, 5.0]),
    sg.parameter("b", 6, init=[-7.7, -1.3, 1.0, -0.2, -1.1, -5.0]),
    sg.parameter("v", 6, init=[-1.0, -1.0, -1.0, 1.0, 1.0, 1.0]),
)
z = sg.relu(x[:, None] * a + b) @ v + sg.parameter("c")
model = sg.Model(sg.mean((z - t) ** 2), [x, t], {"z": z})
points = np.linspace(-1.5, 1.5, 301)
data = {"x": points, "t": cubic(points)}
model.fit(data, optimizer=sg.optim.Adam(0.01), epochs=3000, batch_size=None)

weights = {name: model.parameters[name] for name in ("a", "b", "v", "c")}
fitted = sg.phenomena.approximation_error(z, cubic, [(-1.5, 1.5)], weights)
print(fitted)

if folder:
    hand.plot(folder / "six_relus_by_hand.png")
    fitted.plot(folder / "six_relus_fitted.png")

print(f"Found: on [-1.5, 1.5] by hand 0.3 off at most, fitted {fitted['error'][0]:.4f}.")
