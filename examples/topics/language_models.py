"""Language models: counting pairs of letters, and Elman's network, in bits per character.

Lecture 004. Run: python examples/topics/language_models.py [--draw FOLDER]
"""

from collections import Counter

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import corpora, recurrent

# x(t) = [w(t), s(t-1)], s = σ(U x), y = softmax(V s): a copy of the last state is an input.
elman = recurrent.elman_language_model()
print("\n".join(one.unicode() for one in sg.derive(elman.loss, "U", assume=elman.facts).given))

# The text is a part of the language reference that every Python ships; all in small letters.
text = corpora.reference_text().characters[:44000].lower()
letters = sorted(set(text))
number = {letter: k for k, letter in enumerate(letters)}
ids = np.array([number[letter] for letter in text])
train, test = ids[:40000], ids[40000:]

# The baseline counts pairs: P(next | this), with one added to every count.
pairs = Counter(zip(train[:-1].tolist(), train[1:].tolist(), strict=True))
alone = Counter(train[:-1].tolist())
bits = [
    -np.log2((pairs[a, b] + 1) / (alone[a] + len(letters)))
    for a, b in zip(test[:-1].tolist(), test[1:].tolist(), strict=True)
]
bigram = float(np.mean(bits))

# Elman's network reads pieces of 50 letters; gradients run through all of them.
size = len(letters)
seen = sg.input("seen", ("T", "N"), kind="integer")
following = sg.input("following", ("T", "N"), kind="integer")
loop = sg.nn.rnn(sg.nn.embedding(seen, size, 16, "letters"), 96, "s")
scores = sg.nn.dense(loop.states, size, "scores")
loss = sg.cross_entropy(sg.reshape(scores, (-1, size)), sg.flatten(following))
model = sg.Model(loss, [seen, following], {"scores": scores}, batch="N", target="cython")


def pieces(ids, length=50):
    count = (len(ids) - 1) // length
    cut = [part[: count * length].reshape(count, length).T for part in (ids[:-1], ids[1:])]
    return dict(zip(("seen", "following"), cut, strict=True))


model.fit(pieces(train), optimizer=sg.optim.Adam(0.005), epochs=10, batch_size=16)
network = model.evaluate(pieces(test))["loss"] / np.log(2)

if folder:
    sg.draw(elman, style="rolled").save(folder / "elman.svg")

print(f"Found: {bigram:.3f} bits a letter by counting pairs, {network:.3f} by Elman's network.")
