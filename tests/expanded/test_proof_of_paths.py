"""The products along paths are read back from what is printed, in every style."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.expanded import products as printing
from symgraph.notation.write import write

STYLES = ("text", "unicode", "latex")


def chain() -> sg.Graph:
    mid = sg.let("mid", sg.sin(sg.input("x")))
    return sg.graph(sg.let("out", sg.exp(mid) * mid))


def hinge() -> sg.Graph:
    w, phi, y = sg.parameter("w", 3), sg.input("φ", 3), sg.input("y")
    return sg.graph(sg.let("L", sg.maximum(1 - sg.let("margin", (w @ phi) * y), 0)))


def recurrent() -> sg.Graph:
    W, s = sg.parameter("W", ("n", "n")), sg.input("s", "n")
    h = sg.let("h", sg.tanh(W @ s))
    return sg.graph(sg.let("L", sg.sum(h * h) + h @ s))


WAYS: dict[str, tuple[Callable[[], sg.Graph], str, str]] = {
    "numbers": (chain, "out", "x"),
    "a number by a vector": (hinge, "L", "w"),
    "through arrays": (recurrent, "L", "s"),
}
FAULTS: dict[str, Callable[[str], str]] = {
    "a lost function": lambda text: text.replace("cos", "sin"),
    "a lost sign": lambda text: text.replace("-1", "1").replace("−1", "1"),
    "a turned inequality": lambda text: text.replace("<", ">"),
    "a lost transpose": lambda text: (
        text.replace("^T", "").replace("ᵀ", "").replace(r"^{\mathsf{T}}", "")
    ),
    "another number": lambda text: text.replace("1 - h", "3 - h").replace("1 − h", "3 − h"),
}
FOUND = {
    "numbers": {"a lost function"},
    "a number by a vector": {"a lost sign", "a turned inequality"},
    "through arrays": {"a lost transpose", "another number"},
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("way", "fault"), [(w, f) for w in WAYS for f in sorted(FOUND[w])])
def test_a_fault_of_the_printer_in_a_path_raises(way, fault, style, monkeypatch):
    make, root, leaf = WAYS[way]
    assert len(make().paths(root, leaf)) > 0
    spoiled = []

    def faulty(formula: Any, chosen: Any = "text", *args: Any, **options: Any) -> str:
        text = write(formula, chosen, *args, **options)
        changed = FAULTS[fault](text) if chosen == style else text
        spoiled.append(changed != text)
        return changed

    monkeypatch.setattr(printing, "write", faulty)
    with pytest.raises(sg.ProofError, match=r"paths: the line .* is not true"):
        make().paths(root, leaf)
    assert any(spoiled)


def test_a_single_path_and_paths_with_values_are_proven_too(monkeypatch):
    def spoiled(*args: Any, **options: Any) -> str:
        return FAULTS["a lost function"](write(*args, **options))

    graph = sg.graph(sg.let("out", sg.exp(sg.let("mid", sg.sin(sg.input("x"))))))
    monkeypatch.setattr(printing, "write", spoiled)
    with pytest.raises(sg.ProofError, match="is not true"):
        graph.paths("out", "x", {"x": 0.5})
    with pytest.raises(sg.ProofError, match="is not true"):
        graph.path(["out", "mid", "x"])


def test_the_derivatives_on_the_way_are_read_by_their_names(monkeypatch):
    # ∂out/∂mid is another number than ∂mid/∂x: one in the place of the other is noticed.
    plain = printing.Path.derivatives

    def doubled(path: printing.Path, style: Any = "unicode") -> str:
        first, *rest = plain(path, style).split(printing._DOT[style])
        return printing._DOT[style].join([first, first, *rest])

    monkeypatch.setattr(printing.Path, "derivatives", doubled)
    with pytest.raises(sg.ProofError, match="paths: the line"):
        chain().paths("out", "x")


def test_the_contributions_of_all_paths_add_up_to_the_difference_quotients():
    graph = recurrent()
    generator = np.random.default_rng(3)
    W, s = generator.standard_normal((3, 3)), generator.standard_normal(3)
    found = graph.paths("L", "s", {"W": W, "s": s})
    total = sum(path.value for path in found)

    def loss(s: Any) -> Any:
        return (np.tanh(W @ s) ** 2).sum() + np.tanh(W @ s) @ s

    steps = 1e-6 * np.eye(3)
    slopes = [(loss(s + step) - loss(s - step)) / 2e-6 for step in steps]

    assert np.allclose(total, slopes, atol=1e-6)


@pytest.mark.parametrize("shape", [5, (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("of", [lambda s: s**2, sg.exp, lambda s: sg.input("c") * s])
def test_a_number_along_a_path_stands_for_every_entry_of_the_leaf(of, shape):
    # The derivative of a sum by its array is 1 in every entry, and is written so on the edge.
    array = sg.input("A", shape)
    graph = sg.graph(sg.let("L", of(sg.mean(array))))
    values = {"A": np.ones(shape), "c": 2.0}
    known = {name: values[name] for name in values if name in graph.forward.names.values()}

    (path,) = graph.paths("L", "A", known)
    assert np.ptp(path.value) == 0
    assert str(graph.paths("L", "A")).endswith("1")


def test_a_wrong_number_for_every_entry_is_noticed(monkeypatch):
    def spoiled(*args: Any, **options: Any) -> str:
        return FAULTS["a lost function"](write(*args, **options))

    array = sg.input("A", (3, 4))
    monkeypatch.setattr(printing, "write", spoiled)
    with pytest.raises(sg.ProofError, match="is not true"):
        sg.graph(sg.let("L", sg.sin(sg.sum(array)))).paths("L", "A")


def test_a_derivative_by_a_column_is_turned_where_the_other_factor_is_a_row():
    v, b = sg.input("v", 3), sg.input("b", 3)
    W, S = sg.input("W", (3, 2)), sg.input("S", (4, 3))
    product = v @ b
    drawn = sg.graph(sg.let("L", product + sg.sum(v @ W) + sg.sum(sg.exp(S @ b))))
    labels = {e.tail.label(): e.label() for e in drawn.edges if e.head.node is product}

    assert labels == {"v": "bᵀ", "b": "vᵀ"}
    assert [way.label() for way in drawn.paths("L", "b") if len(way.edges) == 3][:1] == [
        "1 · 1 · vᵀ"
    ]


def test_a_vector_that_only_meets_a_row_in_a_dot_product_is_a_row_too():
    v, b, W = sg.input("v", 3), sg.input("b", 3), sg.input("W", (3, 2))
    energy = sg.let("F", v @ b + sg.sum(sg.exp(v @ W)))

    assert sg.derive(energy, b).result.unicode() == "dF/db = v"
    assert sg.derive(energy, v).result.unicode() == "dF/dv = b + exp(v W) Wᵀ"
    assert str(sg.graph(energy).paths(energy, b)).splitlines()[0].endswith("= 1 · v")
