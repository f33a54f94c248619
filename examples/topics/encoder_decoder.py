"""Encoder and decoder: one state carries the sentence; trained with the right word before.

Lecture 004. Run: python examples/topics/encoder_decoder.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import recurrent

# Two networks: the last state of the first starts the second. Gradients flow through it.
net = recurrent.encoder_decoder()
print(sg.derive(net.loss, "W", assume=net.facts).result.unicode())

# The task: write the three digits that were read, backwards. Teacher forcing gives the decoder the
# right digit before each one, also where its own guess was wrong.
digits, length = 6, 3


def sequences(count, seed):
    ids = np.random.default_rng(seed).integers(0, digits, (length, count))
    start = np.full((1, count), digits)
    answer = ids[::-1]
    return {"read": ids, "before": np.concatenate([start, answer[:-1]]), "answer": answer}


read, before, answer = (
    sg.input(name, (length, "N"), kind="integer") for name in ("read", "before", "answer")
)
encoder = sg.nn.gru(sg.nn.embedding(read, digits, 8, "read"), 32, "encoder")
told = sg.nn.embedding(before, digits + 1, 8, "told")
U, W = sg.parameter("U", (8, 32)), sg.parameter("W", (32, 32))
decoder = sg.scan(lambda s, y: sg.tanh(y @ U + s @ W), encoder.final, told)
scores = sg.nn.dense(decoder.states, digits, "scores")
loss = sg.cross_entropy(sg.reshape(scores, (-1, digits)), sg.flatten(answer))
model = sg.Model(loss, [read, before, answer], {"scores": scores}, batch="N")
model.fit(sequences(2000, seed=1), optimizer=sg.optim.Adam(0.01), epochs=30, batch_size=50)

# Alone, the decoder reads what it has written itself.
new = sequences(300, seed=2)
written = new["before"].copy()
for t in range(length):
    best = model.predict({"read": new["read"], "before": written})["scores"].argmax(axis=2)
    if t + 1 < length:
        written[t + 1] = best[t]
right = (best == new["answer"]).all(axis=0).mean()
print("read", new["read"][:, 0].tolist(), "wrote", best[:, 0].tolist())

if folder:
    sg.draw(net, style="timeline", steps=3).save(folder / "encoder_decoder.svg")

print(f"Found: {right:.1%} of new sequences come back reversed without a fault.")
