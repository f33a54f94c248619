"""Which chapter of the language reference is a paragraph from? A TextCNN reads its words.

The text is real: the paragraphs of the eight topics of `pydoc_data.topics` with the most of them,
those that stand in one topic alone. Settings were chosen by the first fifth of them; each of the
others is told by networks that have learned the remaining four fifths, beside naive Bayes on the
same words and the guess that it is always the same chapter.

Run: python examples/real/text_cnn.py               (--quick for a run of seconds)
"""

import sys

import numpy as np
from findings import Findings, read_options

import symgraph as sg
from symgraph.zoo import corpora

CHAPTERS, LENGTH, FOLDS = 8, 60, 5
options = read_options(__doc__, seeds=2)
features, maps, epochs = (8, 8, 2) if options.quick else (128, 128, 30)

parts = corpora.chapters(CHAPTERS)
kept = [words for paragraphs in parts.values() for words in paragraphs]
labels = np.repeat(np.arange(CHAPTERS), [len(paragraphs) for paragraphs in parts.values()])
found = Findings(
    "TextCNN tells chapters by their paragraphs", options, text="pydoc_data.topics",
    sha256=corpora.reference_text().sha256, paragraphs=len(kept), chapters=", ".join(parts),
    seeds=f"0 to {options.seeds - 1} for each fifth",
)  # fmt: skip


def network(words: int, seed: int) -> sg.Model:
    """Kernels over 2, 3 and 4 words, the largest answer of each, a full connection."""
    ids, label = (
        sg.input("ids", ("N", LENGTH), kind="integer"),
        sg.input("label", "N", kind="integer"),
    )
    x = sg.dropout(10 * sg.nn.embedding(ids, words, features, "words"), 0.3)
    answers = []
    for width in (2, 3, 4):
        K, b = sg.parameter(f"K{width}", (maps, features, width)), sg.parameter(f"b{width}", maps)
        answers.append(sg.max(sg.relu(sg.conv1d(sg.moveaxis(x, 2, 1), K) + b[:, None]), axis=2))
    scores = sg.nn.dense(sg.dropout(sg.concat(answers, axis=1), 0.5), CHAPTERS, "scores")
    return sg.Model(
        sg.cross_entropy(scores, label), [ids, label],
        metrics={"accuracy": sg.metrics.accuracy(scores, label)},
        dtype="float32", seed=seed, target=options.target, threads=options.threads,
    )  # fmt: skip


def naive_bayes(learned: np.ndarray, classes: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The chapters of counted words (samples, words), each count one higher than it was."""
    counts = np.stack([learned[classes == k].sum(axis=0) + 1 for k in range(CHAPTERS)])
    scores = told @ np.log(counts / counts.sum(axis=1, keepdims=True)).T
    guesses: np.ndarray = (scores + np.log(np.bincount(classes, minlength=CHAPTERS))).argmax(axis=1)
    return guesses


OFTEN, COUNTED, LEARNED = "the most frequent chapter", "naive Bayes", "the network"
right = dict.fromkeys((OFTEN, COUNTED, LEARNED), 0.0)
fifth = np.random.default_rng(0).permutation(len(kept)) % FOLDS
folds = [1] if options.quick else range(1, FOLDS)
for fold in folds:
    is_told = fifth == fold
    numbers = corpora.Numbers(
        (word for words, told in zip(kept, is_told, strict=True) if not told for word in words),
        at_least=2,
    )
    rows = [numbers.of(words) for words in kept]
    ids = np.stack([np.pad(row[:LENGTH], (0, max(0, LENGTH - len(row)))) for row in rows])
    bags = np.stack([np.bincount(row, minlength=len(numbers)) for row in rows])[:, 1:]
    learned = {"ids": ids[~is_told], "label": labels[~is_told]}
    told = {"ids": ids[is_told], "label": labels[is_told]}
    steps = epochs * -(-len(learned["ids"]) // 32)
    for seed in range(options.seeds):
        model = network(len(numbers), seed)
        model.fit(
            learned, epochs=epochs, batch_size=32, seed=seed,
            optimizer=sg.optim.Adam(sg.optim.cosine_decay(2e-3, steps)),
        )  # fmt: skip
        accuracy = model.evaluate(told)["accuracy"]
        right[LEARNED] += accuracy * is_told.sum() / options.seeds
        print(f"    fifth {fold + 1}, seed {seed}: {accuracy:.1%} told right", flush=True)
    guesses = naive_bayes(bags[~is_told], learned["label"], bags[is_told])
    right[COUNTED] += (guesses == told["label"]).sum()
    right[OFTEN] += (told["label"] == np.bincount(learned["label"]).argmax()).sum()

often, counted, network_right = (count / np.isin(fifth, folds).sum() for count in right.values())
found.add(f"paragraphs told right by {OFTEN}", often, form=".1%")
found.add(f"paragraphs told right by {COUNTED}", counted, form=".1%")
found.add(f"paragraphs told right by {LEARNED}", network_right, least=often, form=".1%")
sys.exit(found.end())
