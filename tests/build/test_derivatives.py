"""Every user function with a derivative, held against central differences of its values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numeric import check_derivatives

import symgraph as sg
from symgraph.build import (
    activations,
    arithmetic,
    conditions,
    contract,
    elementary,
    indexing,
    linear_algebra,
    losses,
    making,
    pointwise,
    reductions,
    series,
    shaping,
    special,
)
from symgraph.node import Node
from symgraph.scalar import slot

GENERATOR = np.random.default_rng(3)
POSITIVE = GENERATOR.uniform(0.2, 0.8, size=(3, 4))
SIGNED = np.where(GENERATOR.random((3, 4)) < 0.5, -1, 1) * GENERATOR.uniform(0.2, 2.0, size=(3, 4))
SQUARE = GENERATOR.normal(size=(3, 3)) + 3 * np.eye(3)
LABELS = [2, 0, 3]

Case = tuple[Callable[..., Node], list[np.ndarray]]
#: Functions of one or two real values, away from their kinks.
CASES: dict[str, Case] = {
    # arithmetic
    **{
        name: (getattr(sg, name), [SIGNED])
        for name in (
            "negative square exp expm1 sin cos tan arctan arcsinh sinh cosh tanh sigmoid softplus "
            "relu abs leaky_relu elu step sign floor ceil erf erfc gelu silu softsign selu "
            "log_sigmoid normal_cdf normal_pdf"
        ).split()
    },
    **{
        name: (getattr(sg, name), [POSITIVE])
        for name in "sqrt log log1p arcsin arccos arctanh".split()
    },
    "arccosh": (sg.arccosh, [1.5 + POSITIVE]),
    **{
        name: (getattr(sg, name), [SIGNED, POSITIVE[0]])
        for name in (
            "add subtract multiply divide maximum minimum arctan2 remainder logaddexp"
        ).split()
    },
    "floor_divide": (lambda x, y: x + x // y, [SIGNED, POSITIVE]),
    "power": (sg.power, [POSITIVE, SIGNED]),
    "xlogy": (sg.xlogy, [SIGNED, POSITIVE]),
    "clip": (lambda x: sg.clip(x, -0.5, 0.5), [SIGNED]),
    "where": (lambda x, y: sg.where(x > 0, x * y, sg.sin(y)), [SIGNED, POSITIVE]),
    "indicator": (lambda x: sg.indicator(x > 0) * x, [SIGNED]),
    "apply": (lambda x, y: sg.apply(slot(0) ** 3 * slot(1), x, y), [SIGNED, POSITIVE]),
    # contractions
    "matmul": (sg.matmul, [SIGNED, POSITIVE.T]),
    "dot": (sg.dot, [SIGNED[0], POSITIVE[0]]),
    "outer": (sg.outer, [SIGNED[0], POSITIVE[1]]),
    "einsum": (lambda x, y: sg.einsum("ij,kj->ki", x, y), [SIGNED, POSITIVE]),
    "tensordot": (lambda x, y: sg.tensordot(x, y, 1), [SIGNED, POSITIVE.T]),
    "trace": (lambda x: sg.trace(x @ x), [SQUARE]),
    "diagonal": (sg.diagonal, [SQUARE]),
    "diag": (sg.diag, [SIGNED[0]]),
    "transpose": (sg.transpose, [SIGNED]),
    "swapaxes": (lambda x: sg.swapaxes(x, 0, 1), [SIGNED]),
    "broadcast_to": (lambda x: sg.broadcast_to(x, (2, 3, 4)), [SIGNED]),
    "sum": (lambda x: sg.sum(x, axis=0), [SIGNED]),
    "mean": (lambda x: sg.mean(x, axis=1, keepdims=True), [SIGNED]),
    "var": (lambda x: sg.var(x, axis=1, ddof=1), [SIGNED]),
    "squared_norm": (sg.squared_norm, [SIGNED]),
    # shapes
    "reshape": (lambda x: sg.reshape(x, (2, 6)), [SIGNED]),
    "flatten": (sg.flatten, [SIGNED]),
    "squeeze": (lambda x: sg.squeeze(sg.expand_dims(x, 1)), [SIGNED]),
    "expand_dims": (lambda x: sg.expand_dims(x, (0, 2)), [SIGNED]),
    "moveaxis": (lambda x: sg.moveaxis(x, 0, 1), [SIGNED]),
    "concat": (lambda x, y: sg.concat([x, y, x], axis=1), [SIGNED, POSITIVE]),
    "stack": (lambda x, y: sg.stack([x, y], axis=1), [SIGNED, POSITIVE]),
    "split": (lambda x: sg.multiply(*sg.split(x, 2, axis=1)), [SIGNED]),
    "pad": (lambda x: sg.pad(x, ((1, 0), (0, 2))), [SIGNED]),
    "flip": (lambda x: sg.flip(x, 0), [SIGNED]),
    "roll": (lambda x: sg.roll(x, 1, 1), [SIGNED]),
    "repeat": (lambda x: sg.repeat(x, 2, 0), [SIGNED]),
    "tile": (lambda x: sg.tile(x, (2, 2)), [SIGNED]),
    "tril": (sg.tril, [SIGNED]),
    "triu": (sg.triu, [SIGNED]),
    "cumsum": (lambda x: sg.cumsum(x, 0, reverse=True), [SIGNED]),
    "diff": (lambda x: sg.diff(x, 2), [SIGNED]),
    "full": (lambda x: sg.full((2, 4), x), [SIGNED[0]]),
    # parts
    "getitem": (lambda x: x[::-1, 1:], [SIGNED]),
    "take": (lambda x: sg.take(x, [0, 2, 2]), [SIGNED]),
    "pick": (lambda x: sg.pick(x, LABELS), [SIGNED]),
    # reductions
    **{
        name: (lambda x, name=name: getattr(sg, name)(x, axis=1), [SIGNED])
        for name in "max min prod logsumexp softmax log_softmax std".split()
    },
    "norm": (lambda x: sg.norm(x, axis=0), [SIGNED]),
    "maxout": (lambda x: sg.maxout(x, 2), [SIGNED]),
    # losses
    **{
        name: (getattr(sg, name), [SIGNED, POSITIVE])
        for name in (
            "squared_error mean_squared_error absolute_error mean_absolute_error huber huber_loss "
            "hinge_loss binary_cross_entropy_with_logits"
        ).split()
    },
    "hinge": (sg.hinge, [SIGNED]),
    "cross_entropy": (lambda x: sg.cross_entropy(x, LABELS), [SIGNED]),
    "kl_divergence": (
        lambda x, y: sg.kl_divergence(sg.softmax(x), sg.softmax(y)),
        [SIGNED, POSITIVE],
    ),
    # linear algebra
    "inv": (sg.inv, [SQUARE]),
    "det": (sg.det, [SQUARE]),
    "logdet": (sg.logdet, [SQUARE]),
    "solve": (sg.solve, [SQUARE, SIGNED]),
    "kron": (sg.kron, [SIGNED[:2, :2], POSITIVE]),
}
#: Functions without a derivative: their results are whole numbers, truths or constants.
WITHOUT = set(
    (
        "all any arange argmax argmin count_nonzero equal eye full_like greater greater_equal "
        "less less_equal logical_and logical_not logical_or mapped not_equal one_hot ones "
        "ones_like zeros zeros_like"
    ).split()
)


@pytest.mark.parametrize("name", CASES)
def test_first_and_second_derivatives_agree_with_differences(name: str):
    function, arrays = CASES[name]
    nodes = [sg.input(f"x{k}", array.shape) for k, array in enumerate(arrays)]

    node = function(*nodes) + 0.0 * sg.sum(sum(sg.sum(x) for x in nodes))
    check_derivatives(node, dict(zip(nodes, arrays, strict=True)), nodes)


def test_every_function_of_these_modules_is_in_the_table():
    modules = (
        activations, arithmetic, conditions, contract, elementary, indexing, linear_algebra,
        losses, making, pointwise, reductions, series, shaping, special,
    )  # fmt: skip
    names = {name for module in modules for name in module.__all__}

    assert names == set(CASES) | WITHOUT
