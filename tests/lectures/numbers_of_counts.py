"""What the lectures count and measure of networks: parameters, norms, shares, cosines."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np

import symgraph as sg
from lectures.drawings import made
from lectures.expected import NUMBERS, computes, inputs_of, row, value, values_of
from symgraph.phenomena import count_parameters, step_norms
from symgraph.walks import variables
from symgraph.zoo import builder, built

# --- parameters ---------------------------------------------------------------------------------


def total(network):
    """All parameters of a network, none of which is allocated."""
    return sum(count_parameters(network)["numbers"])


def of_each(network):
    table = count_parameters(network)
    return dict(zip(table["name"], table["numbers"], strict=True))


PIXELS, UNITS, FIELD = 10**6, 10**6, 100


@row
def S0_32(given):
    yield "weights", total(sg.parameter("W", (UNITS, PIXELS)) @ sg.input("image", PIXELS))


def local():
    """Every unit sees a field of its own, with weights of its own."""
    seen = sg.input("fields", (UNITS, FIELD))
    return sg.sum(sg.parameter("W", (UNITS, FIELD)) * seen, axis=1)


@row
def S0_33(given):
    full = sg.parameter("W", (UNITS, PIXELS)) @ sg.input("image", PIXELS)
    yield "weights", total(local())
    yield "ratio_to_full", total(local()) / total(full)


def filtered(count, size, side=1000, biased=False):
    """`count` filters of size x size over an image: each is used at every place of it."""
    maps = sg.conv2d(sg.input("X", (side, side)), sg.parameter("K", (count, size, size)))
    return maps + sg.parameter("b", (count, 1, 1)) if biased else maps


@row
def S0_34(given):
    yield "weights", total(filtered(1, 10))
    yield "hundred_filters", total(filtered(100, 10))
    yield "valid_output", list(filtered(1, 10).shape[1:])


@row
def S0_37(given):
    yield "k3_c1_f8", total(filtered(8, 3))
    yield "k3_c1_f8_bias", total(filtered(8, 3, biased=True))
    yield "k10_f100", total(filtered(100, 10))


@row
def S1_02(given):
    n, m, k = given["n"], given["m"], given["k"]
    net = builder("sequence-classifier")(n, m, k, steps="T")
    yield "params", total(net)
    unshared = [sg.parameter(f"{name}_{t}", (rows, columns)) for t in range(1, 5)
                for name, rows, columns in (("U", n, m), ("W", n, n), ("V", k, n))]  # fmt: skip
    yield "unshared_T4", sum(map(total, unshared))


@row
def S2_08(given):
    for place, (n, d) in (("n3_d2", (3, 2)), ("n128_d64", (128, 64))):
        sizes = {"hidden": n, "inputs": d}
        gru = builder("gru")(**sizes)
        found = {
            "rnn": builder("rnn")(**sizes),
            "lstm": builder("lstm")(**sizes),
            "coupled": builder("lstm")(**sizes, coupled=True),
            "peephole": builder("lstm")(**sizes, peepholes="fio"),
            "gru": gru,
        }
        # A bias for every unit of every layer.
        biases = len(of_each(gru)) * n
        counts = {name: total(net) for name, net in found.items()}
        counts["gru_bias"] = counts["gru"] + biases
        for name in NUMBERS["S2-08"]["expect"][place]:
            yield f"{place} {name}", counts[name]


SIZES = (2000, 500, 250, 125, 2)


@row
def S4_44(given):
    counts = of_each(builder("deep-autoencoder")(SIZES))
    weights = {name: n for name, n in counts.items() if name[0] in "WV"}
    yield "encoder_weights", sum(n for name, n in weights.items() if name[0] == "W")
    yield "all_weights", sum(weights.values())
    yield "biases", sum(counts.values()) - sum(weights.values())
    yield "total", sum(counts.values())
    yield "rbms", sum(name[0] == "W" for name in weights)


MODES = dict(zip("abcde", NUMBERS["S1-03"]["expect"], strict=True))


@computes("def", "draw")
def S1_03(given):
    for letter, mode in MODES.items():
        parts = Counter(node.role for node in made(f"S4-58{letter}").view.nodes)
        yield mode, [parts["input"], parts["output"], parts["state"]]


# --- norms --------------------------------------------------------------------------------------

PRODUCT = "‖product of steps‖"


def steps(W, length):
    """The norms of equal steps s → W s and of their product."""
    return step_norms(sg.scan(lambda s: sg.const(W) @ s, sg.ones(len(W)), length=length))


@row
def S1_15(given):
    angle = 0.7
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    for name, factor in (("09", 0.9), ("11", 1.1)):
        yield f"g{name}_50", steps([[factor]], 50)[PRODUCT][-1]
        yield f"orth{name}_norm_50", steps((factor * turn).tolist(), 50)[PRODUCT][-1]
    nilpotent = step_norms(
        sg.scan(lambda s: sg.const([[0.0, 2.0], [0.0, 0.0]]) @ s, sg.ones(2), length=2)
    )
    yield "nilpotent_gamma", nilpotent["‖step‖"][0]
    yield "nilpotent_W2_norm", nilpotent[PRODUCT][-1]
    yield from instance()


def instance():
    """The norms of W diag[f'(net_t)] from each time to the next, and of their product."""
    given = inputs_of("S0-42")
    net = builder("rnn")(len(given["s0"]), len(given["x"][0]))
    found = sg.influence(net.run, given_to(net, given), of="net", by="net")
    yield "instance_gammas", [found.gammas[t] for t in sorted(found.gammas)]
    yield "instance_product_norm", found.norm(len(given["x"]) - 1)


def given_to(net, given):
    return {leaf.name: given[leaf.name] for leaf in variables([net.run.final])}


@row
def S3_12(given):
    for name, gate, length in (("f1_1000", 1.0, 1000), ("f0999_1000", 0.999, 1000),
                               ("f09_100", 0.9, 100), ("f05_50", 0.5, 50)):  # fmt: skip
        run = sg.scan(lambda c, f=gate: sg.let("C", f * c), sg.input("C0"), length=length)
        yield name, values_of(sg.grad(run.final, sg.input("C0")), {"C0": 1.0})


# --- words and images ---------------------------------------------------------------------------


@row
def S3_06(given):
    A, B = (sg.parameter(name, np.shape(given[name])) for name in "AB")
    x = sg.input("x", A.shape[1])
    joined = values_of(sg.jacobian(B @ (A @ x), x), given)
    yield "product", joined
    yield "rank", np.linalg.matrix_rank(joined)


@row
def S4_45(given):
    """The linear autoencoder with the two leading directions."""
    X = np.array(given["X"]) - np.mean(given["X"], axis=0)
    _, found, directions = np.linalg.svd(X)
    yield "singular_values", found
    gap, whole = builder("linear-autoencoder")(X.shape[1], 2), sg.squared_norm(sg.const(X))
    values = {"x": X, "W": directions[:2].T, "V": directions[:2]}
    yield "rank2_sse", values_of(gap, values)
    yield "total_sse", values_of(whole, values)
    yield "explained", values_of(1 - gap / whole, values)


@row
def S4_49(given):
    """A field that is excited by its centre and inhibited by what is around it."""
    field = np.where(np.arange(9).reshape(3, 3) == 4, 8.0, -1.0)
    spot = (field > 0) * 1.0
    for name, X in (("spot", spot), ("ring", 1 - spot), ("full", np.ones((3, 3)))):
        yield name, value(built("kernel,size=3"), {"K": field, "X": X})


@row
def S4_54(given):
    errors, images = 82, 10_000
    yield "errors", errors
    yield "rate_from_errors", 100 * values_of(sg.mean(sg.input("wrong", images)),
                                              {"wrong": np.arange(images) < errors})  # fmt: skip


@row
def S4_69(given):
    """king - man + woman, and the cosines of all words with it."""
    vectors = {word: np.array(vector, dtype=float) for word, vector in given["vec"].items()}
    size = len(vectors["man"])
    man, woman, king = (sg.input(word, size) for word in ("man", "woman", "king"))
    query, word = king - man + woman, sg.input("word", size)
    cosine = query @ word / (sg.norm(query) * sg.norm(word))
    yield "query", values_of(query, vectors)
    near = {name: values_of(cosine, vectors | {"word": v}) for name, v in vectors.items()}
    for name, found in near.items():
        yield f"cosine {name}", found
    others = {name: one for name, one in near.items() if name not in ("man", "woman", "king")}
    yield "best_excluding_query_words", max(others, key=others.get)


@row
def S4_70(given):
    """Counted pairs are the likeliest bigrams; their cross-entropy on the word itself."""
    pairs = list(pairwise("hello"))
    firsts, both = Counter(a for a, _ in pairs), Counter(pairs)
    share = {pair: count / firsts[pair[0]] for pair, count in both.items()}
    for (first, second), p in share.items():
        yield f"P {second}|{first}", p
    p = sg.input("p", len(pairs))
    yield "total_cross_entropy", values_of(-sg.sum(sg.log(p)), {"p": [share[one] for one in pairs]})
