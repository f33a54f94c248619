"""Derivatives of derivatives of every primitive, against central differences of gradients."""

import numpy as np
import pytest
from numeric import check_derivatives
from primitive_samples import SAMPLES, Sample

import symgraph as sg


def bends(sample: Sample) -> bool:
    return (
        not sample.node.is_loop
        and sample.node.kind == "real"
        and sample.is_differentiable
        and any(leaf.kind == "real" for leaf in sample.values)
    )


@pytest.mark.parametrize(
    ("name", "k"),
    [
        pytest.param(name, k, id=f"{name}: {sample.title}")
        for name, samples in SAMPLES.items()
        for k, sample in enumerate(samples)
        if bends(sample)
    ],
)
def test_second_derivatives_agree_with_differences_of_gradients(name: str, k: int):
    sample = SAMPLES[name][k]
    real = [leaf for leaf in sample.values if leaf.kind == "real"]

    # The square lets also a linear primitive bend.
    check_derivatives(sample.node * sample.node + sample.node, sample.values, real)


def test_third_derivatives_agree_with_differences_of_second_ones():
    X, h0, W = sg.input("X", (3, 2)), sg.input("h0", 2), sg.parameter("W", (2, 2))
    states = sg.scan(lambda h, x: sg.tanh(W @ h + x), h0, X).states
    loss = sg.logsumexp(sg.flatten(states)) + sg.prod(states[-1])
    slopes = sg.grad(loss, [W, h0])
    generator = np.random.default_rng(5)
    at = {n: generator.normal(size=n.shape) for n in (X, h0, W)}

    check_derivatives(sum(sg.sum(slope**2) for slope in slopes), at, [W, h0, X])
