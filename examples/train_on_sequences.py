"""Sequences of different length, padded and masked: which sign did most of the entries have?

Run: python examples/train_on_sequences.py
"""

import numpy as np

import symgraph as sg

x = sg.input("x", ("T", "N", 1))  # times, samples, entries
mask = sg.input("mask", ("T", "N"), kind="boolean")
label = sg.input("label", "N", kind="integer")

state = sg.nn.gru(x, 8, "state", mask=mask)  # where the mask is false the state stays
scores = sg.nn.dense(state.final, 2, "scores")
model = sg.Model(
    sg.cross_entropy(scores, label), [x, mask, label], {"scores": scores},
    {"accuracy": sg.metrics.accuracy(scores, label)}, batch="N",
)  # fmt: skip
print(model.summary())


def sequences(count: int, longest: int, seed: int) -> dict[str, np.ndarray]:
    """Random entries of odd length, with the sign of most of them."""
    rng = np.random.default_rng(seed)
    lengths = 2 * rng.integers(0, longest // 2, count) + 1
    parts = [rng.normal(size=(length, 1)) for length in lengths]
    padded = sg.data.pad(parts, time_first=True)
    signs = [int((part > 0).mean() > 0.5) for part in parts]
    return {"x": padded.values, "mask": padded.mask, "label": np.array(signs)}


stop = sg.callbacks.EarlyStopping("val_accuracy", patience=5)
history = model.fit(
    sequences(600, 16, seed=1), optimizer=sg.optim.Adam(0.02), epochs=30,
    validation=sequences(200, 16, seed=2), callbacks=[stop],
)  # fmt: skip
print(f"best after epoch {stop.epoch} of {len(history.epochs)}: {stop.best:.1%} right")
longer = model.evaluate(sequences(200, 32, seed=3))
print(f"twice as long as any sequence that it has seen: {longer['accuracy']:.1%} right")

alone = {"x": [[[0.5]], [[-1.0]], [[2.0]]], "mask": [[True]] * 3}
print("0.5, -1, 2 is mostly", ["negative", "positive"][model.predict(alone)["scores"].argmax()])
