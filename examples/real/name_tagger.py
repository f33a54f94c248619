"""Named entities: which words of a sentence are names of Python's own things, and of which type?

The text is real, the language reference of `pydoc_data.topics`, and so are the tags: the reference
marks names by quotes and bold type. These marks are taken away, and a bidirectional LSTM that sees
words, their ends and their forms tells where they were: "for" is a name in some sentences only.
A fifth of the paragraphs is told, beside the tag that each word had most often in the others.

Run: python examples/real/name_tagger.py            (--quick for a run of seconds)
"""

import re
import sys
from collections import Counter, defaultdict

import numpy as np
from findings import Findings, read_options

import symgraph as sg
from symgraph.zoo import corpora

options = read_options(__doc__, seeds=3)
units, epochs, seeds = (8, 1, 1) if options.quick else (64, 14, options.seeds)
pieces = corpora.tagged_paragraphs()[: 200 if options.quick else None]
# every fifth five of them, so that most pieces of one paragraph stay together
is_told = np.arange(len(pieces)) // 5 % 5 == 4
learned = [piece for piece, told in zip(pieces, is_told, strict=True) if not told]
told = [piece for piece, is_one in zip(pieces, is_told, strict=True) if is_one]
found = Findings(
    "Tagging the names of Python's things", options, text="pydoc_data.topics",
    sha256=corpora.reference_text().sha256, tokens=sum(len(piece.tokens) for piece in pieces),
    entities=sum(len(corpora.entities(piece.tags)) for piece in pieces), pieces_told=len(told),
    seeds=f"0 to {seeds - 1}",
)  # fmt: skip


def form(token: str) -> str:
    """Aa for Name, A for CODE, a_0 for item_2: each run of one kind of character as one."""
    kinds = ((r"[a-z]+", "a"), (r"[A-Z]+", "A"), (r"\d+", "0"))
    for kind, sign in kinds:
        token = re.sub(kind, sign, token)
    return token


def f1(pairs: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> float:
    """The harmonic mean of precision and recall of whole entities, wanted and told."""
    hits = wanted = guessed = 0
    for want, got in pairs:
        first, second = corpora.entities(want), corpora.entities(got)
        hits, wanted, guessed = (
            hits + len(first & second),
            wanted + len(first),
            guessed + len(second),
        )
    return 2 * hits / max(wanted + guessed, 1)


tags = corpora.Numbers(tag for piece in learned for tag in piece.tags)
features = {"word": str.lower, "end": lambda token: token[-3:], "form": form}
numbers = {
    name: corpora.Numbers((of(token) for piece in learned for token in piece.tokens), at_least=2)
    for name, of in features.items()
}


def arrays(some: list[corpora.Tagged]) -> dict[str, np.ndarray]:
    """The pieces as columns of numbers with a mask."""
    made = {}
    for name, of in features.items():
        columns = [numbers[name].of(map(of, piece.tokens)) for piece in some]
        padded = sg.data.pad(columns, time_first=True, length=60)
        made[name] = padded.values
    made["tag"] = sg.data.pad(
        [tags.of(one.tags) for one in some], time_first=True, length=60
    ).values
    return {**made, "mask": padded.mask}


ids = {name: sg.input(name, (60, "N"), kind="integer") for name in features}
tag, mask = sg.input("tag", (60, "N"), kind="integer"), sg.input("mask", (60, "N"), kind="boolean")
sizes = {"word": 48, "end": 24, "form": 12}
vectors = [sg.nn.embedding(ids[name], len(numbers[name]), sizes[name], name) for name in features]
x = sg.dropout(sg.concat(vectors, axis=2), 0.3)
left = sg.nn.lstm(x, units, "left", mask=mask)
right = sg.nn.lstm(x, units, "right", mask=mask, reverse=True)
both = sg.dropout(sg.concat([left.states["h"], right.states["h"]], axis=2), 0.3)
scores = sg.nn.dense(both, len(tags), "scores")
loss = sg.cross_entropy(scores, tag, weight=mask)

train, test = arrays(learned), arrays(told)
rates = []
for seed in range(seeds):
    model = sg.Model(
        loss, [*ids.values(), tag, mask], {"scores": scores}, batch="N", dtype="float32", seed=seed,
        target=options.target, threads=options.threads,
    )  # fmt: skip
    steps = epochs * -(-len(learned) // 32)
    model.fit(
        train, epochs=epochs, batch_size=32, seed=seed,
        optimizer=sg.optim.Adam(sg.optim.cosine_decay(4e-3, steps), clip_norm=1.0),
    )  # fmt: skip
    best = model.predict({name: test[name] for name in [*features, "mask"]})["scores"].argmax(
        axis=2
    )
    guesses = [
        tuple(tags.symbols[k] for k in best[: len(one.tags), column])
        for column, one in enumerate(told)
    ]
    rates.append(f1([(one.tags, guess) for one, guess in zip(told, guesses, strict=True)]))
    print(f"    seed {seed}: F1 {rates[-1]:.1%}", flush=True)

seen: dict[str, Counter[str]] = defaultdict(Counter)
for piece in learned:
    for token, one in zip(piece.tokens, piece.tags, strict=True):
        seen[token][one] += 1
usual = {token: counts.most_common(1)[0][0] for token, counts in seen.items()}
looked_up = f1([(one.tags, tuple(usual.get(token, "O") for token in one.tokens)) for one in told])
found.add("F1 of the most frequent tag of each word", looked_up, form=".1%")
found.add("F1 of the network, mean", float(np.mean(rates)), least=looked_up, form=".1%")
column = max(range(len(told)), key=lambda k: len(corpora.entities(told[k].tags)))
sentence = " ".join(
    token if guess == "O" else f"[{token} {guess}]"
    for token, guess in zip(told[column].tokens, guesses[column], strict=True)
)
print(f"\n{sentence}")
sys.exit(found.end(told=sentence))
