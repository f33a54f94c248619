"""A convolutional network reads handwritten digits: five trainings, each with a seed of its own.

It learns the 1437 training images with nine moved copies of each, and is told right or wrong on
the 360 test images, which nothing was chosen by: `fifths` shows what its settings were chosen by,
training on four fifths of the training images and reading the fifth.

Run: python examples/real/digits_cnn.py             (or fifths; --quick for a run of seconds)
"""

import sys

import numpy as np
from findings import Findings, read_options

import symgraph as sg
from symgraph.zoo import convolution, digits
from symgraph.zoo.own_data import COPIES

options = read_options(__doc__, seeds=5, read=["test", "fifths"])
x_train, y_train, x_test, y_test = digits.split()
epochs, copies, seeds = (1, 0, 1) if options.quick else (8, COPIES, options.seeds)
if options.quick:
    x_train, y_train = x_train[:320], y_train[:320]
found = Findings(
    "Convolutional network on handwritten digits", options, seeds=f"0 to {seeds - 1}",
    read="360 test images" if options.read == "test" else "fifths of the training images",
)  # fmt: skip

net = convolution.deep_digits_cnn()
accuracies = []
for seed in range(seeds):
    images, labels, others, classes = x_train, y_train, x_test, y_test
    if options.read == "fifths":
        is_read = np.arange(len(images)) % 5 == seed % 5
        images, labels = x_train[~is_read], y_train[~is_read]
        others, classes = x_train[is_read], y_train[is_read]
    images = np.concatenate([images, digits.moved(images, copies, key=seed)])
    model = sg.Model(
        net.loss, [net.x, net.y], metrics={"accuracy": sg.metrics.accuracy(net.logits, net.y)},
        seed=seed, dtype="float32", target=options.target, threads=options.threads,
    )  # fmt: skip
    steps = epochs * -(-len(images) // 64)
    model.fit(
        {"image": images, "label": np.tile(labels, copies + 1)}, epochs=epochs, batch_size=64,
        optimizer=sg.optim.Adam(sg.optim.cosine_decay(3e-3, steps, 3e-5)), seed=seed,
    )  # fmt: skip
    accuracies.append(model.evaluate({"image": others, "label": classes})["accuracy"])
    print(f"    seed {seed}: {accuracies[-1]:.2%} read right", flush=True)

found.add("mean accuracy", float(np.mean(accuracies)), least=0.985, form=".2%")
found.add("least accuracy", min(accuracies), form=".2%")
sys.exit(found.end())
