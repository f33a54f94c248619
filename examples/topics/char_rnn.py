"""A character network learns "hello": four letters, three hidden units, which letter comes next.

Lectures 001 and 004. Run: python examples/topics/char_rnn.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import recurrent

# h, e, l, o as one-hot rows; of "hell" the letters that follow are to be told, "ello".
letters = "helo"
rows = {letter: np.eye(4)[k] for k, letter in enumerate(letters)}
x, d = (np.array([rows[letter] for letter in word]) for word in ("hell", "ello"))

# The network of the lecture with its start values, unrolled by a loop over the letters.
seen, wanted = sg.input("x", ("T", 4)), sg.input("d", ("T", 4))
U = sg.parameter("U", (3, 4), init=np.array([[0, 6, 5, -3], [-5, -1, -4, -1], [-5, -3, 5, 6]]) / 10)
W = sg.parameter("W", (3, 3), init=np.array([[5, -1, -1], [5, 4, -4], [-6, -2, -5]]) / 10)
V = sg.parameter(
    "V", (4, 3), init=np.array([[-3, 5, 6], [0, 0, 6], [5, -3, -5], [-1, -4, -1]]) / 10
)
b, c = sg.parameter("b", 3), sg.parameter("c", 4)


def step(h, x):
    h = sg.let("h", sg.tanh(U @ x + W @ h + b))
    return h, {"p": sg.let("p", sg.softmax(V @ h + c))}


run = sg.scan(step, sg.zeros(3), seen)
loss = -sg.sum(wanted * sg.log(run.outputs["p"]))
model = sg.Model(loss, [seen, wanted], {"p": run.outputs["p"]}, batch="T")
history = model.fit({"x": x, "d": d}, optimizer=sg.optim.SGD(0.1), epochs=1001, batch_size=None)
for epoch in (0, 1, 100, 1000):
    print(f"after {epoch:>4} steps the loss is {history['loss'][epoch]:.10f}")

# The table of scores: a row for each letter that is read, a column for each that may follow.
p = model.predict({"x": x})["p"]
for letter, row in zip("hell", p, strict=True):
    shown = ", ".join(f"{one} {share:.3f}" for one, share in zip(letters, row, strict=True))
    print(f"{letter} -> {shown}")

# Sampling: read what was written, take the likeliest letter, go on.
text = "h"
while len(text) < 5:
    p = model.predict({"x": np.array([rows[letter] for letter in text])})["p"]
    text += letters[int(p[-1].argmax())]

if folder:
    sg.draw(recurrent.sequence_classifier(), style="timeline", steps=4).save(folder / "hello.svg")

print(f"Found: after 'h' the network writes {text!r}; the same l is followed by l and then by o.")
