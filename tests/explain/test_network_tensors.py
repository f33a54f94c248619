"""Whole networks on tensors: every line is proved, and the gradients are those of torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo
from symgraph.notation.numeric import value
from symgraph.walks import variables

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def proved(loss: sg.Node, wrt: str) -> Any:
    """The derivation, of which no line is left out or unverified."""
    derivation = sg.derive(loss, wrt)
    assert derivation.verified
    assert "left out" not in [note.key for note in derivation.notes]
    return derivation


def data_of(loss: sg.Node, sizes: dict[str, int]) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    found: dict[str, Any] = {}
    for one in variables([loss]):
        shape = tuple(n if isinstance(n, int) else sizes[str(n)] for n in one.shape)
        whole = one.kind == "integer"
        found[one.name] = rng.integers(0, 3, shape) if whole else rng.normal(size=shape)
    return found


def worth(derivation: Any, data: dict[str, Any], sizes: dict[Any, int]) -> Any:
    """The result by its lines, from the first definition to the last."""
    names = dict(data)
    for one in (*derivation.given, *derivation.names):
        names.setdefault(one.left.name, value(one.right, names, sizes))
    return value(derivation.result.right, names, sizes)


def held_against_torch(loss: sg.Node, reference: Any, parameters: str, **sizes: int) -> None:
    dims = {s: sizes[str(s)] for v in variables([loss]) for n in v.shape for s in _symbols(n)}
    data = data_of(loss, sizes)
    tensors = {name: torch.tensor(array) for name, array in data.items()}
    for name in parameters.split():
        tensors[name].requires_grad_(True)
    reference(**tensors).backward()
    for name in parameters.split():
        found = worth(proved(loss, name), data, dims)
        expected = tensors[name].grad.numpy()
        np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-10)


def _symbols(size: Any) -> set[Any]:
    return getattr(size, "free_symbols", set())


def test_the_weights_behind_flattened_features_have_a_gradient_in_matrix_form():
    derivation = proved(zoo.builder("digits")().loss, "W")
    features = next(one for one in derivation.given if "mod 2" in one.text())

    assert features.unicode() == "u₅[n,i] = u₄[n,⌊i/4⌋,⌊i/2⌋ mod 2,i mod 2]"
    assert derivation.result.unicode() == "dloss/dW = u₅ᵀ (softmax(logits) − onehot(label))/N"


def test_an_axis_of_one_entry_has_no_letter():
    line = proved(zoo.builder("digits")((2, 2)).loss, "K1").result.unicode()

    assert line.startswith("dloss/dK₁[o,0,i,j] = Σ_{n,")


def lenet() -> sg.Node:
    X, y = sg.input("X", ("N", 1, 10, 10)), sg.input("y", "N", kind="integer")
    K1, b1 = sg.parameter("K1", (2, 1, 3, 3)), sg.parameter("b1", (2, 1, 1))
    K2, b2 = sg.parameter("K2", (3, 2, 3, 3)), sg.parameter("b2", (3, 1, 1))
    W, c = sg.parameter("W", (3, 4)), sg.parameter("c", 4)
    h = sg.max_pool2d(sg.tanh(sg.conv2d(X, K1) + b1), 2)
    h = sg.mean_pool2d(sg.relu(sg.conv2d(h, K2) + b2), 2)
    return sg.cross_entropy(sg.reshape(h, ("N", 3)) @ W + c, y)


def lenet_of_torch(X, y, K1, b1, K2, b2, W, c):
    h = functional.max_pool2d(torch.tanh(functional.conv2d(X, K1) + b1), 2)
    h = functional.avg_pool2d(torch.relu(functional.conv2d(h, K2) + b2), 2)
    return functional.cross_entropy(h.reshape(len(X), 3) @ W + c, y)


def test_a_convolutional_network_has_the_gradients_of_torch():
    held_against_torch(lenet(), lenet_of_torch, "K1 b1 K2 b2 W c", N=2)


def normalised(Z, mean):
    centred = Z - mean(Z)
    return centred / (mean(centred**2) + 1e-5) ** 0.5


def test_a_normalisation_of_three_axes_has_the_gradients_of_torch():
    Z, g, b = sg.input("Z", ("N", 5, 4)), sg.parameter("g", 4), sg.parameter("b", 4)
    y = normalised(Z, lambda x: sg.mean(x, axis=-1, keepdims=True)) * g + b

    def reference(Z, g, b):
        return ((normalised(Z, lambda x: x.mean(-1, keepdim=True)) * g + b) ** 2).sum()

    held_against_torch(sg.sum(y**2), reference, "Z g b", N=2)


def test_a_normalisation_over_a_batch_of_images_has_the_gradients_of_torch():
    X = sg.input("X", ("N", 3, 4, 2))
    gamma, beta = sg.parameter("gamma", (3, 1, 1)), sg.parameter("beta", (3, 1, 1))
    y = normalised(X, lambda x: sg.mean(x, axis=(0, 2, 3), keepdims=True)) * gamma + beta

    def reference(X, gamma, beta):
        found = normalised(X, lambda x: x.mean((0, 2, 3), keepdim=True))
        return (torch.tanh(found * gamma + beta)).sum()

    held_against_torch(sg.sum(sg.tanh(y)), reference, "X gamma beta", N=2)


def test_a_gain_and_a_bias_beside_a_tensor_are_named_and_proved():
    Z, g, b = sg.input("Z", ("N", 5, 4)), sg.parameter("g", 4), sg.parameter("b", 4)

    assert proved(sg.sum((Z * g) ** 2) / 2, "g").result.unicode() == (
        "dL/dg[j] = Σ_{n,i} u₁[n,i,j] Z[n,i,j]"
    )
    assert proved(sg.sum(sg.tanh(Z + b)), "b").result.unicode() == (
        "dL/db[j] = Σ_{n,i} (1 − tanh(u₁[n,i,j])²)"
    )


def test_repeated_words_below_a_convolution_have_the_gradients_of_torch():
    ids, E = sg.input("ids", ("N", 6), kind="integer"), sg.parameter("E", (4, 3))
    K, b = sg.parameter("K", (2, 3, 2)), sg.parameter("b", 2)
    x = sg.transpose(E[ids], (0, 2, 1))
    largest = sg.max(sg.tanh(sg.conv1d(x, K) + b[:, None]), axis=2)

    def reference(ids, E, K, b):
        found = functional.conv1d(E[ids].transpose(1, 2), K) + b[:, None]
        return (torch.tanh(found).amax(2) ** 2).sum()

    held_against_torch(sg.sum(largest**2), reference, "E K b", N=2)


def test_diagonals_and_their_powers_are_one():
    u = sg.let("u", sg.tanh(sg.input("x", 3)))

    assert sg.derive(sg.sum(u**2), "x", order=2).result.text() == (
        "d^2 L/(dx dx^T) = diag(2 (1 - u^2)^2 - 4 u^2 * (1 - u^2))"
    )
