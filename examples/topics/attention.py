"""Attention: every query looks at all values at once, so that nothing has to be remembered.

Lecture 003. Run: python examples/topics/attention.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import attention

# What an LSTM has forgotten is gone; the slide names attention as the remedy. Y = A V with
# A = softmax(Q Kᵀ/√d): each row of A says how much a query takes from each value.
L = attention.attention()
print("\n".join(one.unicode() for one in sg.derive(L, L).given))
print(sg.derive(L, "V").result.unicode())

# A query that equals a key looks there, the more the longer both are.
keys = np.eye(3)
for length in (1.0, 3.0, 9.0):
    scores = sg.input("Q", (1, 3)) @ sg.input("K", (3, 3)).T / np.sqrt(3)
    weights = sg.evaluate(sg.softmax(scores, axis=1), {"Q": length * keys[:1], "K": length * keys})
    print(f"keys of length {length:g}: weights {weights[0].round(4)}")

# The task: a letter is shown at some time, noise at all others, and in the end it is asked for. The
# way from the answer to that time is one step long, wherever it is.
T, size = 100, 4
rng = np.random.default_rng(0)


def shown(count):
    letter, place = rng.integers(0, size, count), rng.integers(0, T, count)
    x = 0.1 * rng.normal(size=(T, count, size))
    x[place, np.arange(count), letter] += 1
    return {"x": x, "letter": letter}, place


x, letter = sg.input("x", (T, "N", size)), sg.input("letter", "N", kind="integer")
A = sg.let("A", sg.softmax(x @ sg.parameter("query", size), axis=0))
scores = sg.nn.dense(sg.sum(A[:, :, None] * x, axis=0), size, "scores")
right = sg.metrics.accuracy(scores, letter)
model = sg.Model(
    sg.cross_entropy(scores, letter), [x, letter], {"A": A}, {"right": right}, batch="N"
)
model.fit(shown(500)[0], optimizer=sg.optim.Adam(0.05), epochs=30)
data, place = shown(500)
found = model.evaluate(data)["right"]
weights = model.predict(data)["A"]
there = weights[place, np.arange(500)]
print(f"weight at the right one of {T} times: {there.mean():.2f}, {1 / T} would be no attention")

if folder:
    sg.draw(L, collapse="names").save(folder / "attention.svg")

print(f"Found: {found:.1%} of the letters are told, because the network looks where they are.")
