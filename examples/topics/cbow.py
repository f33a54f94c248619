"""Word vectors by CBOW: the middle word from the words around it.

Lecture 004. Run: python examples/topics/cbow.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import corpora, embedding

# h = (1/C) Wᵀ(x_1 + ... + x_C), E = -u·t + log Σ exp(u_j): the gradient at the scores is y - t.
E = embedding.cbow()
print(sg.derive(E, "W'").result.unicode())

# Only the rows of context words change, each by (1/C) of EH; a word that stands twice moves twice.
vectors = embedding.cbow_vectors()
print(sg.derive(vectors, "V").result.unicode())

# A text that every Python ships: the language reference. 400 frequent words, two on each side.
text = corpora.words(corpora.reference_text().characters)
print(f"{len(text)} words")
counted = {word: text.count(word) for word in set(text[:40000])}
vocabulary = sorted(counted, key=lambda word: (-counted[word], word))[:400]
number = {word: k for k, word in enumerate(vocabulary)}
ids = np.array([number.get(word, -1) for word in text[:40000]])
windows = np.stack([ids[:-4], ids[1:-3], ids[3:-1], ids[4:]], axis=1)
middle = ids[2:-2]
kept = (windows >= 0).all(axis=1) & (middle >= 0)

around = sg.input("around", ("N", 4), kind="integer")
word = sg.input("word", "N", kind="integer")
h = sg.let("h", sg.mean(sg.nn.embedding(around, 400, 24, "words"), axis=1))
model = sg.Model(
    sg.cross_entropy(sg.nn.dense(h, 400, "u", bias=False), word), [around, word], target="cython"
)
data = {"around": windows[kept], "word": middle[kept]}
history = model.fit(data, optimizer=sg.optim.Adam(0.01), epochs=3, batch_size=64)

# Neighbours by the cosine between the vectors.
V = model.parameters["E_words"]
V = V / np.linalg.norm(V, axis=1, keepdims=True)
for one in ("class", "left", "two", "is"):
    near = np.argsort(-(V @ V[number[one]]))[1:6]
    print(f"{one}: {', '.join(vocabulary[k] for k in near)}")

if folder:
    sg.draw(E, style="blocks").save(folder / "cbow.svg")

first, last = history["loss"][0], history["loss"][-1]
print(f"Found: the loss falls from {first:.2f} to {last:.2f} nats on {kept.sum()} windows.")
