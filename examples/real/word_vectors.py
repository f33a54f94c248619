"""Word vectors of the language reference of Python: is near what means the same kind of thing?

CBOW tells each word from the two before and the two behind it. Then 40 pairs of words, fixed in
`symgraph.zoo.corpora` before any vectors were trained, are asked: is the one among the ten nearest
of the other, by the cosine of their vectors? A guess that always names the ten most frequent words
is what that is compared with. What the training was chosen by is the loss on held-out words.

Run: python examples/real/word_vectors.py           (--quick for a run of seconds)
"""

import sys

import numpy as np
from findings import Findings, read_options

import symgraph as sg
from symgraph.walks import variables
from symgraph.zoo import corpora, embedding

BESIDE, NEAREST = 2, 10
options = read_options(__doc__, seeds=3)
features, epochs, seeds = (16, 2, 1) if options.quick else (128, 40, options.seeds)

parts = [words for one in corpora.paragraphs() if (words := corpora.words(one.text))]
numbers = corpora.Numbers((word for part in parts for word in part), at_least=5)
windows = []
for part in parts:
    padded = np.pad(numbers.of(part), BESIDE)
    windows.append(np.lib.stride_tricks.sliding_window_view(padded, 2 * BESIDE + 1))
samples = np.concatenate(windows)
samples = samples[samples[:, BESIDE] > 0][: 5000 if options.quick else None]
data = {"context": np.delete(samples, BESIDE, axis=1), "target": samples[:, BESIDE]}
is_held_out = np.arange(len(samples)) // 500 % 10 == 9
learned = {name: array[~is_held_out] for name, array in data.items()}
held_out = {name: array[is_held_out] for name, array in data.items()}
found = Findings(
    f"Word vectors by CBOW, {features} features", options, text="pydoc_data.topics",
    sha256=corpora.reference_text().sha256, words=len(samples), different=len(numbers) - 1,
    seeds=f"0 to {seeds - 1}",
)  # fmt: skip

pairs = np.array([numbers.of(pair) for pair in corpora.WORD_PAIRS])
asked = np.concatenate([pairs, pairs[:, ::-1]])


def hit_rate(nearest: np.ndarray) -> float:
    """How many of the pairs are found from either side: nearest words (asked, 10)."""
    return float((nearest == asked[:, 1:]).any(axis=1).mean())


def neighbours(vectors: np.ndarray, of: np.ndarray) -> np.ndarray:
    """The numbers of the ten nearest words of each, but itself and what has no number."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = units[of] @ units.T
    cosines[:, 0] = cosines[np.arange(len(of)), of] = -np.inf
    return np.argsort(-cosines, axis=1)[:, :NEAREST]


rates = []
for seed in range(seeds):
    loss = embedding.cbow_lookup(len(numbers), features, 2 * BESIDE)
    inputs = [leaf for leaf in variables([loss]) if leaf.name in data]
    model = sg.Model(loss, inputs, dtype="float32", target=options.target, seed=seed)
    stop = sg.callbacks.EarlyStopping("val_loss", patience=2)
    model.fit(
        learned, epochs=epochs, batch_size=128, validation=held_out, callbacks=[stop], seed=seed,
        optimizer=sg.optim.AdamW(3e-3, weight_decay=0.1),
    )  # fmt: skip
    rates.append(hit_rate(neighbours(model.parameters["W"], asked[:, 0])))
    print(
        f"    seed {seed}: {rates[-1]:.1%} found, {stop.best:.3f} nats a held-out word", flush=True
    )

frequent = [[n for n in range(1, 12) if n != word][:NEAREST] for word in asked[:, 0]]
guessed = hit_rate(np.array(frequent))
found.add("pairs found by the ten most frequent words", guessed, form=".1%")
found.add("pairs found by word vectors, mean", float(np.mean(rates)), least=guessed, form=".1%")
found.add("pairs found at random", NEAREST / (len(numbers) - 2), form=".1%")
shown = numbers.of("integer tuple raised left __getattr__".split())
near = neighbours(model.parameters["W"], shown)
lists = {
    numbers.symbols[word]: [numbers.symbols[n] for n in near[k]] for k, word in enumerate(shown)
}
for word, names in lists.items():
    print(f"  near {word}: {', '.join(names)}")
sys.exit(found.end(**{f"near {word}": ", ".join(names) for word, names in lists.items()}))
