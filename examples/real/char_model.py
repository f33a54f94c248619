"""A recurrent network learns the language reference of Python, character by character, and writes.

Nine tenths of `pydoc_data.topics`, which every Python ships, are learned, the last tenth is told:
in bits per character, beside an interpolated trigram model that has counted the same text.

Run: python examples/real/char_model.py lstm        (or rnn; --quick for a run of seconds)
"""

import sys

import numpy as np
from findings import Findings, read_options

import symgraph as sg
from symgraph.zoo import corpora, language, ngrams

options = read_options(__doc__, cell=["lstm", "rnn"])
builder = {"lstm": language.char_lstm, "rnn": language.char_rnn}[options.cell]
rate = {"lstm": 0.004, "rnn": 0.002}[options.cell]
hidden, epochs = (32, 2) if options.quick else ({"lstm": 256, "rnn": 384}[options.cell], 8)
STREAMS, STRETCH = 32, 64

text, digest = corpora.reference_text()
cut = len(text) * 9 // 10
if options.quick:
    text, cut = text[cut - 20_000 : cut + 5_000], 20_000
letters = corpora.Numbers(text[:cut])
ids = letters.of(text)
found = Findings(
    f"Character model, {options.cell.upper()} with {hidden} units", options,
    text="pydoc_data.topics", sha256=digest, characters=len(text), symbols=len(letters),
    learned=cut, told=len(text) - cut, seed=options.seeds - 1,
)  # fmt: skip
counts = ngrams.fit_trigram(ids[:cut], len(letters))
counted = -np.log2(counts.probabilities(ids[cut - 2 :]))
found.add("bits per character of the trigram model", counted.mean())

# The text in columns that are read side by side; time is what batches are cut from.
columns = corpora.columns(ids[:cut], STREAMS)
net = builder(len(letters), hidden, STREAMS, dropout=0.3)
model = sg.Model(
    net.loss, [net.ids, net.following], updates=net.updates, batch="T", dtype="float32",
    target=options.target, threads=options.threads, seed=options.seeds - 1,
)  # fmt: skip
steps = epochs * -(-len(columns["ids"]) // STRETCH)


def begin_anew(model: sg.Model, history: sg.History) -> None:
    """Tell how far it is; the next epoch begins with another text in every column."""
    model.states.flat[...] = 0.0
    bits = history["loss"][-1] / np.log(2)
    print(f"    epoch {history.epochs[-1]}: {bits:.3f} bits on what is learned", flush=True)


model.fit(
    columns, epochs=epochs, batch_size=STRETCH, shuffle=False,
    optimizer=sg.optim.Adam(sg.optim.cosine_decay(rate, steps, rate / 50), clip_norm=1.0),
    callbacks=[begin_anew],
)  # fmt: skip

# The same network for one text at a time: it reads the last tenth, and writes.
alone = builder(len(letters), hidden, streams=1)
reader = sg.Model(
    alone.loss, [alone.ids, alone.following], {"scores": alone.scores}, updates=alone.updates,
    batch="T", dtype="float32", target=options.target,
)  # fmt: skip
reader.parameters.update(model.parameters)
scores = reader.predict({"ids": ids[cut - 1 : -1, None]})["scores"][:, 0].astype(float)
chosen = scores[np.arange(len(scores)), ids[cut:]]
told = (np.logaddexp.reduce(scores, axis=1) - chosen) / np.log(2)
found.add("bits per character of the network", told.mean(), most=counted.mean() - 0.3)

# The reference says some things twice; what was not learned before is told apart.
new = np.ones(len(told), bool)
for part in corpora.paragraphs():
    place = text.find(part.text, cut)
    while place >= 0 and part.text in text[:cut]:
        new[place - cut : place - cut + len(part.text)] = False
        place = text.find(part.text, place + 1)
found.add("share of the characters told in paragraphs that were not learned", new.mean())
found.add("bits per character there, trigram model", counted[new].mean())
found.add("bits per character there, network", told[new].mean(), most=counted[new].mean() - 0.3)

step = sg.compile(
    [alone.ids, *alone.updates, *reader.spec.parameters.values()],
    [alone.scores[0, 0], *alone.updates.values()], target=options.target, dtype="float32",
)  # fmt: skip
weights = [reader.parameters[name] for name in reader.spec.parameters]


def write(start: str, count: int, temperature: float, seed: int) -> str:
    """Go on with a text, each character drawn by its probability to the power 1/temperature."""
    rng = np.random.default_rng(seed)
    states = [np.zeros(state.shape, np.float32) for state in alone.updates]
    written = list(letters.of(start))
    for k in range(len(start) + count - 1):
        scores, *states = step(np.array([[written[k]]]), *states, *weights)
        if k + 1 == len(written):
            z = scores.astype(float) / temperature
            p = np.exp(z - z.max())
            p[0] = 0.0  # what was never learned cannot be written
            written.append(rng.choice(len(p), p=p / p.sum()))
    return letters.text(written)


samples = {f"temperature {t}": write("The ", 80 if options.quick else 400, t, 1) for t in (0.5, 1)}
for name, sample in samples.items():
    print(f"\n--- {name}\n{sample}")
sys.exit(found.end(**samples))
