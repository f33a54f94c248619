"""Deep networks by greedy pretraining: copy through a narrow layer, drop the copy, repeat.

Lectures 000 and 004. Run: python examples/topics/autoencoders.py [--draw FOLDER]
"""

from pictures import folder

import symgraph as sg
from symgraph.zoo import deep, digits, units


# One autoencoder: x -> code -> copy of x. No label is needed.
def autoencoder(inputs: int, codes: int) -> sg.Model:
    x = sg.input("x", ("N", inputs))
    code = sg.let("code", sg.nn.dense(x, codes, "encoder", "sigmoid"))
    copy = sg.let("copy", sg.nn.dense(code, inputs, "decoder", "sigmoid"))
    return sg.Model(sg.mean_squared_error(copy, x), [x], {"code": code})


# Each layer learns from the codes of the one before it, which stays as it is.
x_train, y_train, x_test, y_test = digits.split()
codes, tested = x_train.reshape(-1, 64), x_test.reshape(-1, 64)
for inputs, size in ((64, 32), (32, 16)):
    model = autoencoder(inputs, size)
    history = model.fit({"x": codes}, optimizer=sg.optim.Adam(0.01), epochs=40)
    print(f"{inputs} -> {size}: error {history['loss'][0]:.4f} -> {history['loss'][-1]:.4f}")
    codes, tested = (model.predict({"x": one})["code"] for one in (codes, tested))

# The last weights are trained with labels: 16 learnt features in place of 64 pixels.
code, label = sg.input("code", ("N", 16)), sg.input("label", "N", kind="integer")
scores = sg.nn.dense(code, 10, "scores")
accuracy = sg.metrics.accuracy(scores, label)
top = sg.Model(sg.cross_entropy(scores, label), [code, label], metrics={"accuracy": accuracy})
top.fit({"code": codes, "label": y_train}, optimizer=sg.optim.Adam(0.03), epochs=60)
right = top.evaluate({"code": tested, "label": y_test})["accuracy"]

# Unrolled and fine-tuned as a whole, the stack of lecture 004 has over two million numbers.
whole = deep.deep_autoencoder((2000, 500, 250, 125, 2))
print("2000-500-250-125-2:", sg.phenomena.count_parameters(whole).notes[0])

if folder:
    stack = units.stacked_autoencoders(inputs=8, first=4, second=2)
    sg.draw(stack, style="blocks").save(folder / "autoencoders.svg")

print(f"Found: 16 features that no label has taught are enough to read {right:.1%} of the tests.")
