"""What matrix notation has no word for, printed with indices: literals, and torch for the values.

The values are those of the printed formulas, definitions first, put in one after the other; the
gradients they are held against come from torch's own convolutions and poolings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

import symgraph as sg
from symgraph import readback
from symgraph.notation.numeric import value
from symgraph.notation.tree import Name, Verbatim
from symgraph.walks import variables

torch = pytest.importorskip("torch")
functional = torch.nn.functional

Sizes = dict[str, int]


def printed(loss: sg.Node, wrt: sg.Node) -> list[str]:
    """Definitions and result, without the line of the loss."""
    derivation = sg.derive(loss, wrt)
    return [one.unicode() for one in (*derivation.given[:-1], *derivation.names, derivation.result)]


def weighted(y: sg.Node) -> sg.Node:
    return sg.sum(sg.input("G", y.shape) * y)


def worth(derivation: Any, data: dict[str, Any], sizes: dict[Any, int]) -> Any:
    """The value of the result as its lines say it, from the first definition to the last."""
    names = dict(data)
    for one in (*derivation.given, *derivation.names):
        assert isinstance(one.left, Name)
        if one.left.name not in data:
            names[one.left.name] = value(one.right, names, sizes)
    return value(derivation.result.right, names, sizes)


def held_against_torch(
    loss: sg.Node, wrt: sg.Node, reference: Callable[..., Any], seed: int = 0, **sizes: int
) -> None:
    """Compare with the gradient of Σ G ⊙ reference(all other variables) by torch."""
    rng = np.random.default_rng(seed)
    data: dict[str, Any] = {}
    dims = {s: n for v in variables([loss]) for s in _symbols(v) for n in [sizes[str(s)]]}
    for one in variables([loss]):
        shape = tuple(int(sympy.sympify(n).xreplace(dims)) for n in one.shape)
        whole = one.kind == "integer"
        data[one.name] = rng.integers(0, 4, shape) if whole else rng.normal(size=shape)
    tensors = {name: torch.tensor(array) for name, array in data.items()}
    source = tensors[wrt.name].requires_grad_(True)
    weights = tensors.pop("G")
    (weights * reference(**tensors)).sum().backward()
    derivation = sg.derive(loss, wrt)
    assert not isinstance(derivation.result.right, Verbatim)
    np.testing.assert_allclose(
        worth(derivation, data, dims).reshape(source.shape), source.grad.numpy(), atol=1e-10
    )


def _symbols(node: sg.Node) -> set[Any]:
    return set().union(*(getattr(n, "free_symbols", set()) for n in node.shape))


# --- convolution --------------------------------------------------------------------------------

X = sg.input("X", ("B", 2, 7, 6))
K = sg.parameter("K", (4, 2, 3, 2))


def test_the_gradients_of_a_convolution_are_a_correlation_and_a_full_convolution():
    loss = weighted(sg.conv2d(X, K))

    assert printed(loss, K) == [
        "u₁[b,o,h,w] = Σ_{c,i,j} X[b,c,h+i,w+j] K[o,c,i,j]",
        "dL/dK[o,c,i,j] = Σ_{b,h,w} G[b,o,h,w] X[b,c,h+i,w+j]",
    ]
    assert printed(loss, X)[-1] == "dL/dX[b,c,h,w] = Σ_{o,i,j} G[b,o,h−i,w−j] K[o,c,i,j]"


def test_stride_and_padding_stand_in_the_positions():
    assert printed(weighted(sg.conv2d(X, K, stride=2)), K)[-1] == (
        "dL/dK[o,c,i,j] = Σ_{b,h,w} G[b,o,h,w] X[b,c,2h+i,2w+j]"
    )
    padded = weighted(sg.conv2d(X, K, padding=1))
    assert printed(padded, K)[-1] == ("dL/dK[o,c,i,j] = Σ_{b,h,w} G[b,o,h,w] X[b,c,h+i−1,w+j−1]")
    assert printed(padded, X)[-1] == ("dL/dX[b,c,h,w] = Σ_{o,i,j} G[b,o,h−i+1,w−j+1] K[o,c,i,j]")


def test_text_and_latex_of_a_convolution():
    result = sg.derive(weighted(sg.conv2d(X, K)), K).result

    assert result.text() == "dL/dK[o,c,i,j] = sum_{b,h,w} G[b,o,h,w] X[b,c,h+i,w+j]"
    assert result.latex() == (
        r"\frac{\partial L}{\partial K_{o,c,i,j}} = \sum_{b,h,w} G_{b,o,h,w} X_{b,c,h+i,w+j}"
    )


@pytest.mark.parametrize("wrt", [K, X])
@pytest.mark.parametrize(
    "options",
    [
        {}, {"stride": 2}, {"stride": 3}, {"padding": 1}, {"padding": 2, "stride": 2},
        {"dilation": 2}, {"stride": 3, "dilation": 2, "padding": 1}, {"stride": (1, 2)},
    ],
)  # fmt: skip
@pytest.mark.parametrize("batch", [1, 3])
def test_a_convolution_has_the_gradients_of_torch(wrt, options, batch):
    held_against_torch(
        weighted(sg.conv2d(X, K, **options)), wrt,
        lambda X, K: functional.conv2d(X, K, **options), B=batch,
    )  # fmt: skip


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_of_channels_have_the_gradients_of_torch(groups):
    x, k = sg.input("x", (2, 4, 5, 5)), sg.parameter("k", (8, 4 // groups, 2, 3))
    for wrt in (x, k):
        held_against_torch(
            weighted(sg.conv2d(x, k, groups=groups)), wrt,
            lambda x, k: functional.conv2d(x, k, groups=groups),
        )  # fmt: skip


def test_a_sequence_slides_along_its_one_axis():
    x, k = sg.input("x", "L"), sg.parameter("k", 3)
    loss = weighted(sg.conv1d(x, k))

    assert printed(loss, k)[-1] == "dL/dk[i] = Σ_l G[l] x[l+i]"
    assert printed(loss, x)[-1] == "dL/dx[l] = Σ_i G[l−i] k[i]"


# --- pooling ------------------------------------------------------------------------------------


def test_the_winner_of_a_window_receives_the_derivative():
    pooled = sg.let("Y", sg.max_pool2d(X, 2))
    derivation = sg.derive(weighted(pooled), X)

    assert derivation.given[0].unicode() == "Y[b,c,h,w] = max_{i<2,j<2} X[b,c,2h+i,2w+j]"
    assert derivation.result.unicode() == (
        "dL/dX[b,c,h,w] = 1[(h mod 2, w mod 2) = argmax_{i<2,j<2} X[b,c,2⌊h/2⌋+i,2⌊w/2⌋+j]] "
        "G[b,c,⌊h/2⌋,⌊w/2⌋]"
    )
    assert "the first of equal ones" in derivation.steps[-1].reason()


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (3, 1)])
def test_the_first_of_equal_entries_is_the_winner_as_printed(window, stride):
    image = sg.input("X", (2, 3, 6, 7))
    derivation = sg.derive(weighted(sg.max_pool2d(image, window, stride)), image)
    ties = np.random.default_rng(0).integers(0, 2, (2, 3, 6, 7)).astype(float)
    entries = torch.tensor(ties, requires_grad=True)
    pooled = functional.max_pool2d(entries, window, stride)
    G = np.random.default_rng(1).normal(size=pooled.shape)
    (torch.tensor(G) * pooled).sum().backward()

    for style in ("text", "unicode", "latex"):
        line = getattr(derivation.result, style)()
        names = readback.Names({"X": ties, "G": G}, {("L", "X"): ties})
        _, side = readback.read(line, style, names).sides
        letters = dict(zip("whcb", map(np.arange, (7, 6, 3, 2)), strict=True))
        found = readback.meaning(side, names, letters).array
        np.testing.assert_allclose(found, entries.grad.numpy())


def test_a_mean_hands_its_derivative_to_all_entries_of_the_window():
    derivation = sg.derive(weighted(sg.mean_pool2d(X, 2)), X)

    assert derivation.result.unicode() == "dL/dX[b,c,h,w] = ¼ G[b,c,⌊h/2⌋,⌊w/2⌋]"
    assert derivation.result.text() == "dL/dX[b,c,h,w] = G[b,c,floor(h/2),floor(w/2)]/4"


@pytest.mark.parametrize(
    ("window", "stride", "padding"), [(2, 2, 0), (3, 2, 0), (3, 3, 1), (3, 1, 1)]
)
def test_poolings_have_the_gradients_of_torch(window, stride, padding):
    for ours, theirs in (
        (sg.max_pool2d, functional.max_pool2d), (sg.mean_pool2d, functional.avg_pool2d),
    ):  # fmt: skip
        held_against_torch(
            weighted(ours(X, window, stride, padding)), X,
            lambda X, pool=theirs: pool(X, window, stride, padding), B=2,
        )  # fmt: skip


def test_global_poolings_keep_batch_and_channel():
    largest = weighted(sg.let("y", sg.global_max_pool(X)))
    mean = weighted(sg.global_mean_pool(X))

    assert printed(largest, X)[-1].endswith("= 1[(j, k) = argmax_{n,m} X[b,i,n,m]] G[b,i]")
    assert printed(mean, X)[-1].endswith("= G[b,i]/42")
    held_against_torch(largest, X, lambda X: X.amax(dim=(2, 3)), B=2)
    held_against_torch(mean, X, lambda X: X.mean(dim=(2, 3)), B=2)


def test_the_largest_of_each_row_receives_the_derivative():
    x, u = sg.input("x", (4, 5)), sg.parameter("U", (2, 4))
    largest = sg.let("p", sg.max(sg.let("c", sg.tanh(x)), axis=1))
    loss = weighted(u @ largest)

    assert printed(loss, x)[1:] == [
        "p = max(c, axis=1)",
        "dL/dx[j,k] = 1[k = argmax_l c[j,l]] (1 − c[j,k]²) Σ_i G[i] U[i,j]",
    ]
    held_against_torch(loss, x, lambda x, U: U @ torch.tanh(x).amax(dim=1))


def test_positions_compared_with_other_positions_are_no_winners():
    x, y = sg.input("x", (3, 4)), sg.input("y", 3, kind="integer")
    hit = sg.where(sg.equal(y, sg.argmax(x, axis=1)), sg.sum(x, axis=1) ** 2, 0)
    derivation = sg.derive(sg.sum(hit), x)

    assert derivation.verified
    assert "argmax" in derivation.unicode()


def test_a_note_says_that_entries_beyond_the_border_are_zero():
    full = sg.derive(weighted(sg.conv2d(X, K)), X)
    valid = sg.derive(weighted(sg.conv2d(X, K)), K)

    assert [one.key for one in full.notes] == ["outside"]
    assert "G[b,o,h−i,w−j]" in full.notes[0].sentence()
    assert not valid.notes


# --- lookups, attention, normalisation -----------------------------------------------------------


def test_an_embedding_gathers_the_rows_of_its_word():
    table, ids = sg.parameter("E", ("V", "D")), sg.input("idx", "N", kind="integer")
    loss = weighted(table[ids])

    assert printed(loss, table)[-1] == "dL/dE[v,d] = Σ_n 1[idx[n] = v] G[n,d]"
    held_against_torch(loss, table, lambda E, idx: E[idx], V=4, D=3, N=6)


def test_a_softmax_along_the_last_of_three_axes():
    z = sg.input("Z", ("N", "T", "D"))
    loss = weighted(sg.let("S", sg.softmax(z, axis=-1)))

    assert printed(loss, z) == [
        "S[n,t,d] = exp(Z[n,t,d])/(Σ_i exp(Z[n,t,i]))",
        "dL/dZ[n,t,d] = (G[n,t,d] − Σ_j G[n,t,j] S[n,t,j]) S[n,t,d]",
    ]
    held_against_torch(loss, z, lambda Z: Z.softmax(-1), N=2, T=1, D=4)


def test_a_batch_of_matrix_products():
    a, b = sg.input("A", ("B", "N", "M")), sg.input("C", ("B", "M", "P"))
    loss = weighted(a @ b)

    assert printed(loss, a)[-1] == "dL/dA[b,n,m] = Σ_p G[b,n,p] C[b,m,p]"
    assert printed(loss, b)[-1] == "dL/dC[b,m,p] = Σ_n G[b,n,p] A[b,n,m]"


def test_index_letters_are_not_names_of_the_expression():
    b, h = sg.input("b", ("B", 2, 5, 5)), sg.parameter("h", (3, 2, 2, 2))
    line = printed(weighted(sg.conv2d(b, h)), h)[-1]
    brackets = "".join(part.split("]")[0] for part in line.split("[")[1:])

    assert not {"b", "h"} & set(brackets)
