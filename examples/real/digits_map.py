"""Two numbers for a digit: an autoencoder draws a map of the handwritten digits, and so does PCA.

Both see the 1437 training images and no label. An image becomes two numbers, and from these an
image again; how far that is from the first is told on the 360 test images, and how often the
nearest training image on the map is the same digit.

Run: python examples/real/digits_map.py --picture map.svg       (--quick for a run of seconds)
"""

import sys

import numpy as np
from findings import Findings, read_options

import symgraph as sg
from symgraph.zoo import digits

options = read_options(__doc__, seeds=3)
epochs, seeds = (2, 1) if options.quick else (200, options.seeds)
x_train, y_train, x_test, y_test = digits.split()
train, test = x_train.reshape(-1, 64), x_test.reshape(-1, 64)
found = Findings(
    "A map of the digits, by an autoencoder 64-128-64-2-64-128-64 and by PCA", options,
    learned=len(train), told=len(test), seeds=f"0 to {seeds - 1}",
)  # fmt: skip


def nearest_is_same(learned: np.ndarray, told: np.ndarray) -> float:
    """How many points of the test images lie nearest to one of the same digit."""
    distances = ((told[:, None] - learned[None]) ** 2).sum(axis=2)
    return float((y_train[distances.argmin(axis=1)] == y_test).mean())


x = sg.input("x", ("N", 64))
h = sg.nn.dense(sg.nn.dense(x, 128, "h1", "tanh"), 64, "h2", "tanh")
code = sg.nn.dense(h, 2, "code")
h = sg.nn.dense(sg.nn.dense(code, 64, "h3", "tanh"), 128, "h4", "tanh")
again = sg.nn.dense(h, 64, "again", "sigmoid")
loss = sg.mean_squared_error(again, x)

errors, kept, maps = [], [], []
for seed in range(seeds):
    model = sg.Model(
        loss, [x], {"code": code}, dtype="float32", seed=seed, target=options.target,
        threads=options.threads,
    )  # fmt: skip
    steps = epochs * -(-len(train) // 32)
    model.fit(
        {"x": train}, epochs=epochs, batch_size=32, seed=seed,
        optimizer=sg.optim.Adam(sg.optim.cosine_decay(3e-3, steps)),
    )  # fmt: skip
    errors.append(model.evaluate({"x": test})["loss"])
    maps = [model.predict({"x": part})["code"] for part in (train, test)]
    kept.append(nearest_is_same(*maps))
    print(f"    seed {seed}: error {errors[-1]:.4f}, {kept[-1]:.1%} the same", flush=True)

middle = train.mean(axis=0)
axes = np.linalg.svd(train - middle, full_matrices=False)[2][:2]
plain = [(part - middle) @ axes.T for part in (train, test)]
linear = float(((plain[1] @ axes + middle - test) ** 2).mean())
found.add("mean squared error of PCA with two components", linear, form=".4f")
found.add("mean squared error of the autoencoder", np.mean(errors), most=linear, form=".4f")
same = nearest_is_same(*plain)
found.add("nearest is the same digit, PCA", same, form=".1%")
found.add(
    "nearest is the same digit, autoencoder, mean", float(np.mean(kept)), least=same, form=".1%"
)

if options.picture:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, places = pyplot.subplots(1, 2, figsize=(11, 5), layout="constrained")
    for place, points, title in zip(
        places, (plain[1], maps[1]), ("PCA", "autoencoder"), strict=True
    ):
        for digit in range(10):
            place.scatter(*points[y_test == digit].T, s=14, color=f"C{digit}", label=str(digit))
        place.set_title(f"{title}: {len(test)} test images")
    places[1].legend(title="digit", loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(options.picture)
    print(f"  {options.picture}")
sys.exit(found.end())
