"""Two directions at once, and an image that enters at the first step only.

Lecture 004. Run: python examples/topics/bidirectional_and_captions.py [--draw FOLDER]
"""

import numpy as np
from pictures import folder

import symgraph as sg
from symgraph.zoo import recurrent

# Bidirectional: h from the left, g from the right; y_t = V [h_t, g_t] knows both sides.
both = recurrent.bidirectional()
print("\n".join(one.unicode() for one in sg.derive(both, "V").given))

# What is needed it shows: is the word in the middle of a mirror? Each entry is to be told whether
# its neighbours on both sides are equal. From the left alone the right one is not known yet.
rng = np.random.default_rng(0)
bits = rng.integers(0, 2, (9, 600))
padded = np.pad(bits, ((1, 1), (0, 0)), constant_values=-1)
equal = (padded[:-2] == padded[2:]).astype(int)
x, d = sg.input("x", ("T", "N", 1)), sg.input("d", ("T", "N"), kind="integer")
data = {"x": bits[..., None].astype(float), "d": equal}
found = {}
for name in ("left to right", "both ways"):
    left = sg.nn.rnn(x, 8, "left").states
    right = sg.nn.rnn(x, 8, "right", reverse=True).states
    states = sg.concat([left, right], axis=2) if name == "both ways" else left
    scores = sg.nn.dense(sg.nn.dense(states, 16, "mixed", "tanh"), 2, "scores")
    loss = sg.cross_entropy(sg.reshape(scores, (-1, 2)), sg.flatten(d))
    share = sg.mean(sg.indicator(sg.equal(sg.argmax(scores, axis=2), d)))
    model = sg.Model(loss, [x, d], metrics={"right": share}, batch="N")
    model.fit(data, optimizer=sg.optim.Adam(0.02), epochs=40)
    found[name] = model.evaluate(data)["right"]
    print(f"{name}: {found[name]:.1%} right")

# Captions: the image's features enter with the mask m = (1, 0, 0, ...), START begins, END ends.
caption = recurrent.captioning()
print("\n".join(one.unicode() for one in sg.derive(caption.loss, "I", assume=caption.facts).given))
uses = sg.derive(caption.loss, "I", assume=caption.facts).result
print(uses.unicode())

if folder:
    sg.draw(both, style="timeline", steps=3).save(folder / "bidirectional.svg")
    sg.draw(caption, style="timeline", steps=3).save(folder / "captions.svg")

one, two = found.values()
print(f"Found: {one:.0%} from one side, {two:.0%} from both: half of what matters comes later.")
