"""Features: what a linear model is applied to, and which functions it can become.

Lecture 000. Run: python examples/topics/features.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import features, losses

# A bias is the weight of a feature that is always 1: both forms are the same number.
forms = features.bias_absorbed()
values = {"W": [2.0, -1.0], "x": [3.0, 4.0], "b": 0.5}
print("W·x + b =", float(sg.evaluate(forms.loss, values)))
print("W'·φ(x) =", float(sg.evaluate(forms.absorbed, values)))

# The hypothesis class is all that the weights can make of the features. Of y = x² the class w₁ x
# knows the best straight line only; one more feature, x², and nothing is missing.
x = np.arange(-2.0, 4.0)
y = x**2
for name, powers in (("H₁ = {w₁ x}", [1]), ("H₂ = {w₁ x + w₂ x²}", [1, 2])):
    phi = np.column_stack([x**p for p in powers])
    Phi, target = sg.input("Φ", ("N", len(powers))), sg.input("y", "N")
    loss = sg.squared_norm(Phi @ sg.parameter("w", len(powers)) - target)
    model = sg.Model(loss, [Phi, target])
    model.fit({"Φ": phi, "y": y}, optimizer=sg.optim.SGD(0.004), epochs=3000, batch_size=None)
    found = model.evaluate({"Φ": phi, "y": y})["loss"]
    print(f"{name}: w = {model.parameters['w'].round(6)}, sum of squares {found:.6f}")

# All monomials up to a degree: their number grows fast.
for variables, degree in ((2, 2), (3, 3), (10, 5)):
    counted = sg.phenomena.count_parameters(features.monomials(variables, degree))
    print(f"{variables} variables up to degree {degree}: {sum(counted['numbers'])} features")

# A penalty λ‖W‖² keeps weights small; its gradient is one more term.
ridge = losses.regularised()
print(sg.derive(ridge, "W").result.unicode())
gradient = sg.evaluate(
    sg.grad(ridge, sg.parameter("W", 2)),
    {"Φ": np.column_stack([x, x**2]), "y": y, "W": [0.5, -0.25], "λ": 1.0},
)
print("at W = (0.5, -0.25):", gradient)

if folder:
    sg.draw(features.temperature()).save(folder / "temperature.svg")

print("Found: a model is as good as its features; the best of H₁ leaves 76.631579, of H₂ nothing.")
