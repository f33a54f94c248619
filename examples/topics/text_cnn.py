"""Text classification by convolution: kernels over neighbouring words, the maximum over time.

Lecture 004. Run: python examples/topics/text_cnn.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import convolution

# The texts are made up: eight words each, and a label that says whether "not good" stands in them.
# The single words tell nothing: half of the texts have both words, but apart.
vocabulary = ["the", "film", "was", "and", "long", "not", "good"]
NOT, GOOD = vocabulary.index("not"), vocabulary.index("good")


def texts(count, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 5, (count, 8))
    labels = rng.integers(0, 2, count)
    for row, label in zip(ids, labels, strict=True):
        place = rng.integers(0, 6)
        row[[place, place + 1 if label else place + 2]] = NOT, GOOD
    return {"ids": ids, "label": labels}


# Words become vectors, two kernels of width 2 look at neighbours, and of each the largest answer
# over all places is kept: where in the text it was does not matter.
ids = sg.input("ids", ("N", 8), kind="integer")
label = sg.input("label", "N", kind="integer")
x = sg.let("x", sg.moveaxis(sg.nn.embedding(ids, len(vocabulary), 4, "words"), 2, 1))
K, b = sg.parameter("K", (2, 4, 2)), sg.parameter("b", 2)
c = sg.let("c", sg.tanh(sg.conv1d(x, K) + b[:, None]))
p = sg.let("p", sg.max(c, axis=2))
scores = sg.nn.dense(p, 2, "scores")
right = sg.metrics.accuracy(scores, label)
model = sg.Model(
    sg.cross_entropy(scores, label), [ids, label], {"scores": scores, "c": c}, {"right": right}
)
model.fit(texts(400, seed=1), optimizer=sg.optim.Adam(0.03), epochs=30)
found = model.evaluate(texts(400, seed=2))["right"]

# Where does the network look? Its kernels fire where "not" is followed by something else.
rows = texts(20, seed=5)
apart = {name: column[rows["label"] == 0][:1] for name, column in rows.items()}
print("text:", " ".join(vocabulary[k] for k in apart["ids"][0]), "- label 0")
print("answers of the kernels to each pair:\n", model.predict(apart)["c"][0].round(2))

if folder:
    sg.draw(convolution.text_classifier(), style="maps").save(folder / "text_cnn.svg")

print(f"Found: {found:.1%} of new texts are right; the order of words is seen by the kernels.")
