"""A label for every word: which words are times and which are places?

Lectures 003 and 004. Run: python examples/topics/tagging.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg

# Made-up sentences like the lecture's "他 9点 到达 北京": who, when, does what, where. Some words
# are a place behind "arrives at" and a person in front: only the words before them tell.
who, when = ["he", "she", "paris", "jordan"], ["at_nine", "at_noon", "today"]
does, where = ["reaches", "leaves", "sees"], ["beijing", "rome", "paris", "jordan"]
vocabulary = sorted({*who, *when, *does, *where})
tags = ["other", "time", "place"]


def sentences(count, seed):
    """Word ids and tags, (times, samples): three orders of the four parts."""
    rng = np.random.default_rng(seed)
    words, labels = [], []
    for _ in range(count):
        parts = [(rng.choice(who), 0), (rng.choice(does), 0), (rng.choice(where), 2)]
        parts.insert(rng.integers(0, 4), (rng.choice(when), 1))
        words.append([vocabulary.index(word) for word, _ in parts])
        labels.append([tag for _, tag in parts])
    return {"words": np.array(words).T, "tags": np.array(labels).T}


# Many to many, one output a step: an embedding, a recurrent layer, three scores at each time.
words = sg.input("words", ("T", "N"), kind="integer")
label = sg.input("tags", ("T", "N"), kind="integer")
x = sg.nn.embedding(words, len(vocabulary), 6, "words")
loop = sg.nn.gru(x, 8, "state")
scores = sg.nn.dense(loop.states, len(tags), "scores")
loss = sg.cross_entropy(sg.reshape(scores, (-1, 3)), sg.flatten(label))
right = sg.mean(sg.indicator(sg.equal(sg.argmax(scores, axis=2), label)))
model = sg.Model(loss, [words, label], {"scores": scores}, {"right": right}, batch="N")
model.fit(sentences(300, seed=1), optimizer=sg.optim.Adam(0.03), epochs=20)
tested = model.evaluate(sentences(300, seed=2))["right"]

# The same word with two labels, by what comes before it.
for text in ("paris reaches rome today", "he at_noon leaves paris"):
    ids = np.array([[vocabulary.index(word)] for word in text.split()])
    best = model.predict({"words": ids})["scores"].argmax(axis=2)[:, 0]
    print(", ".join(f"{w}: {tags[k]}" for w, k in zip(text.split(), best, strict=True)))

if folder:
    sg.draw("n-n", style="modes").save(folder / "one_output_a_step.svg")

print(f"Found: {tested:.1%} of the words of new sentences have the right tag.")
