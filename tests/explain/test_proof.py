"""The proof of what is printed: a printer with a fault is caught, in every style."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.explain import derivation as printing
from symgraph.explain.reasons import in_language
from symgraph.notation.tree import Product
from symgraph.notation.write import write
from symgraph.zoo import convolution, gates

STYLES = ("text", "unicode", "latex")


def dense() -> sg.Node:
    x, y = sg.input("x", "n"), sg.input("y", "k")
    W1, W2 = sg.parameter("W₁", ("m", "n")), sg.parameter("W₂", ("k", "m"))
    h = sg.let("h", sg.tanh(sg.let("net₁", W1 @ x)))
    return sg.let("L", sg.sum((sg.let("ŷ", W2 @ h) - y) ** 2) / 2)


def hinge() -> sg.Node:
    W, phi, y = sg.parameter("W", "d"), sg.input("φ(x)", "d"), sg.input("y")
    return sg.let("loss", sg.maximum(1 - sg.let("margin", (W @ phi) * y), 0))


def quadratic() -> sg.Node:
    x, A, b = sg.parameter("x", "n"), sg.input("A", ("n", "n")), sg.input("b", "n")
    return sg.let("L", x @ A @ x - b @ x)


TURNED = re.compile(r"\^T|ᵀ|\^\{\\mathsf\{T\}\}")
OPENED = re.compile(r"\(((?:[^()])*[+−-](?:[^()])*)\)")

FAULTS: dict[str, tuple[Callable[[], sg.Node], str, Callable[[str], str]]] = {
    "a lost transpose": (dense, "W₁", lambda text: TURNED.sub("", text, count=1)),
    "lost parentheses": (dense, "W₁", lambda text: OPENED.sub(r"\1", text, count=1)),
    "a lost sign": (hinge, "W", lambda text: re.sub(r"^[-−]", "", text)),
    "a turned inequality": (hinge, "W", lambda text: text.replace(" < ", " > ")),
    "another number": (dense, "W₁", lambda text: re.sub(r"\b1\b", "2", text, count=1)),
    "a minus for a plus": (quadratic, "x", lambda text: text.replace(" + ", " - ", 1)),
    "another name": (quadratic, "x", lambda text: re.sub(r"\bb\b", "x", text)),
    "a square for a product": (dense, "W₁", lambda text: re.sub(r"[²]|\^2|\^\{2\}", "", text)),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_printer_in_one_style_raises(fault, style, monkeypatch):
    make, wrt, spoil = FAULTS[fault]
    derivation = sg.derive(make(), wrt)
    assert derivation.verified
    spoiled = []

    def faulty(formula: Any, chosen: Any = "text", *args: Any, **options: Any) -> str:
        text = write(formula, chosen, *args, **options)
        changed = spoil(text) if chosen == style else text
        spoiled.append(changed != text)
        return changed

    monkeypatch.setattr(printing, "write", faulty)
    with pytest.raises(sg.ProofError, match="is not true"):
        derivation.with_style()
    assert any(spoiled)


def test_factors_that_change_places_raise(monkeypatch):
    derivation = sg.derive(dense(), "W₁")

    def swapped(formula: Any, *args: Any, **options: Any) -> str:
        if isinstance(formula, Product) and len(formula.factors) > 1:
            formula = dataclasses.replace(formula, factors=formula.factors[::-1])
        return write(formula, *args, **options)

    monkeypatch.setattr(printing, "write", swapped)
    with pytest.raises(sg.ProofError, match="is no product"):
        derivation.with_style()


def test_a_wrong_result_is_never_handed_out(monkeypatch):
    def faulty(formula: Any, *args: Any, **options: Any) -> str:
        return TURNED.sub("", write(formula, *args, **options))

    monkeypatch.setattr(printing, "write", faulty)
    with pytest.raises(sg.ProofError, match="mistake in symgraph"):
        sg.derive(dense(), "W₁")


def test_every_choice_of_signs_and_layout_is_proven_anew():
    for product in ("⊙", "∘", "*", "×"):
        for indicator in ("1[·]", "1{·}", "𝟙[·]", "[·]", "I(·)"):
            assert sg.derive(hinge(), "W", product=product, indicator=indicator).verified
            assert sg.derive(dense(), "W₁", product=product, derivative="∂").verified
    for layout in ("numerator", "denominator"):
        assert sg.derive(dense(), ["W₁", "W₂"], layout=layout).verified
    assert sg.derive(dense(), "W₁", delta_sign=-1).verified
    assert sg.derive(dense(), "W₁", vectors="row").verified


def test_where_there_is_no_point_every_line_says_so():
    x = sg.input("x", 3)
    derivation = sg.derive(sg.let("L", sg.sum(sg.log(-1 - x**2))), x)

    assert not derivation.verified
    assert {reason for _, reason in derivation.unverified} == {derivation.unverified[0][1]}
    assert "no point was found" in derivation.unverified[0][1]
    assert "Not verified" in derivation.text()
    assert "未在随机值处核对" in derivation.with_style(lang="zh").text()
    assert derivation.to_dict()["unverified"][0]["line"].startswith("L = ")


def test_an_abstract_function_is_proven_with_random_ones():
    f = sg.function("f")
    x, W = sg.input("x", "n"), sg.parameter("W", ("m", "n"))
    derivation = sg.derive(sg.let("L", sg.sum(f(sg.let("net", W @ x)) ** 2)), W)

    assert derivation.verified
    assert "f'(net)" in derivation.result.text() + derivation.text()


def test_the_proof_is_done_with_sizes_that_tell_axes_apart_and_with_size_one():
    loss = dense()
    derivation = sg.derive(loss, "W₁")
    shapes = [
        {str(symbol): size for symbol, size in point.dims.items()}
        for point in derivation.proof._points
    ]

    assert len(shapes) == 2
    assert len(set(shapes[0].values())) == 3
    assert 1 in shapes[1].values()
    assert all(np.isfinite(point.values[loss]) for point in derivation.proof._points)


def test_a_name_that_is_defined_by_its_entries_is_proven():
    derivation = sg.derive(convolution.conv_classifier().loss, ["K", "W_f"])

    assert any(str(one).startswith("δ₁[o,h,w] = ") for one in derivation.names)
    assert derivation.unverified == ()


def test_unrolled_gates_are_proven_with_the_parts_of_their_matrices():
    derivation = sg.derive(sg.unroll(gates.gru(steps=3).loss), "W")

    assert any("W_1^T" in one.text() for one in derivation.names)
    assert derivation.unverified == ()


def test_reasons_are_told_in_the_language_of_the_derivation():
    x = sg.input("x", 3)
    derivation = sg.derive(sg.let("L", sg.sum(sg.log(-1 - x**2))), x, lang="zh")

    assert "没有找到可以计算它的点" in derivation.text()
    assert derivation.to_dict()["unverified"][0]["reason"].startswith("没有找到")
    assert "no point was found" in derivation.with_style(lang="en").text()


def test_every_reason_of_the_reader_has_a_chinese_sentence():
    for reason in (
        "'w' has no value",
        "the derivative of L by net_t has no value",
        "f of 3 arguments is not known",
        "the index i runs over 0..2, 0..3; one range is needed",
        "the size of a matrix does not follow from what is beside it",
        "a sum of 5000000 terms is too large to be computed here",
    ):
        assert re.search("[\u4e00-\u9fff]", in_language(reason, "zh"))
        assert in_language(reason, "en") == reason


def test_the_derivative_by_a_bias_of_channels_is_read_entry_by_entry():
    # The value behind the step is that by the bias spread out over all places, of shape (2, 1, 1).
    b, G = sg.parameter("b", 2), sg.input("G", (2, 3, 3))
    spread = sg.let("Y", sg.tanh(sg.let("Z", G + b[:, None, None])))
    derivation = sg.derive(sg.let("L", sg.sum(spread**2)), b)

    assert derivation.verified
    assert not any("left out" in note.sentence() for note in derivation.notes)
    assert all(step.before != step.target for step in derivation.steps)


def test_steps_of_a_jacobian_hold_in_both_layouts_and_with_a_direct_share():
    # x acts on y directly and through exp(x): diag(exp(x)) alone is not dy/dx.
    x, W, V = sg.input("x", 3), sg.parameter("W", (4, 3)), sg.parameter("V", (2, 4))
    net = sg.let("y", V @ sg.let("h", sg.tanh(W @ x)))
    lines = {
        layout: [step.line("unicode") for step in sg.derive(net, x, layout=layout).steps]
        for layout in ("gradient", "denominator")
    }

    assert lines["gradient"][-1].startswith("dy/dx = (dy/dh) (dh/d(W x)) (d(W x)/dx) = V ")
    assert lines["denominator"][-1].startswith("dy/dx = (d(W x)/dx) (dh/d(W x)) (dy/dh) = Wᵀ ")
    product = sg.derive(sg.let("y", x * sg.exp(x)), x)
    assert product.verified
    assert product.notes == ()
    assert not any(step.line("unicode") == "dy/dx = diag(exp(x))" for step in product.steps)


def numbered() -> sg.Node:
    x, y = sg.input("x", 3), sg.input("y", 2)
    W1, W2 = sg.parameter("W1", (4, 3)), sg.parameter("W2", (2, 4))
    h = sg.let("h", sg.tanh(sg.let("net1", W1 @ x)))
    return sg.let("E", sg.sum((sg.let("ŷ", W2 @ h) - y) ** 2) / 2)


# Each fault strikes a line with these signs in it, in one style; indices stand as in w_kj^(2).
ENTRY_FAULTS: dict[str, Callable[[str], str]] = {
    "a lost sign": lambda text: re.sub(r" [-−] ", " + ", text, count=1),
    "another layer": lambda text: re.sub(r"(w_\{?\w+\}?\^\{?)\(2\)", r"\1(1)", text, count=1),
    "turned indices": lambda text: re.sub(
        r"w_(\{?)([a-z])([a-z])(\}?\^\{?\(2)", r"w_\1\3\2\4", text
    ),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("fault", ENTRY_FAULTS)
def test_a_fault_in_indexed_scalars_raises(fault, style, monkeypatch):
    derivation = sg.derive(numbered(), ["W1", "W2"], form="index")
    assert derivation.verified
    spoiled = []

    def faulty(formula: Any, chosen: Any = "text", *args: Any, **options: Any) -> str:
        text = write(formula, chosen, *args, **options)
        changed = ENTRY_FAULTS[fault](text) if chosen == style else text
        spoiled.append(changed != text)
        return changed

    monkeypatch.setattr(printing, "write", faulty)
    with pytest.raises(sg.ProofError, match="is not true"):
        derivation.with_style()
    assert any(spoiled)


@pytest.mark.parametrize("style", STYLES)
def test_a_lost_sum_leaves_a_letter_without_meaning_and_the_line_unverified(style, monkeypatch):
    derivation = sg.derive(numbered(), "W1", form="index")

    def faulty(formula: Any, chosen: Any = "text", *args: Any, **options: Any) -> str:
        text = write(formula, chosen, *args, **options)
        return re.sub(r"(Σ|sum|\\sum)_\{?[a-z]\}? ", "", text) if chosen == style else text

    monkeypatch.setattr(printing, "write", faulty)
    spoiled = derivation.with_style()
    assert not spoiled.verified
    assert derivation.given[0] in [line for line, _ in spoiled.unverified]


@pytest.mark.parametrize("style", STYLES)
def test_a_fault_in_the_text_of_a_single_step_raises(style, monkeypatch):
    derivation = sg.derive(dense(), "W₁")
    plain = printing.Step.chain

    for wrong in derivation.steps:

        def spoiled(step: Any, chosen: Any, lang: Any = "en", wrong: Any = wrong) -> list[str]:
            *front, last = plain(step, chosen, lang)
            return [*front, f"2 ({last})" if step == wrong and chosen == style else last]

        monkeypatch.setattr(printing.Step, "chain", spoiled)
        with pytest.raises(sg.ProofError, match="is not true") as caught:
            sg.derive(dense(), "W₁")
        assert caught.value.line == wrong


def test_values_that_are_written_alike_receive_shares_of_one_derivative():
    # The mean in the variance keeps its axis, that in the difference does not: two values X - mean.
    X, G = sg.input("X", (4, 3)), sg.input("G", (4, 3))
    s = sg.let("s", sg.sqrt(sg.var(X, axis=0) + 0.1))
    derivation = sg.derive(sg.sum(G * sg.let("X̂", (X - sg.mean(X, axis=0)) / s)), X)
    steps = [step.line() for step in derivation.steps]

    assert derivation.verified
    assert "dL/d(X - ones^T X/4) through X̂ = (dL/dX̂)/s = G/s" in steps
    assert not any(line.startswith("dL/d(X - ones^T X/4) =") for line in steps)


def test_a_value_that_is_used_in_another_shape_has_one_derivative():
    u, V = sg.input("u", 3), sg.input("V", (3, 3))
    loss = sg.sum(sg.reshape(u, (3, 1)) * V) + sg.sum(u**3)
    derivation = sg.derive(sg.let("L", loss), u)

    assert derivation.verified
    assert [step.line("unicode") for step in derivation.steps if step.rule == "sum over paths"]
    assert [
        step for step in derivation.steps
        if step.through is None and step.target == derivation.result.left
    ] == [derivation.steps[-1]]  # fmt: skip


def test_entries_that_are_only_moved_are_a_part_of_the_next_step():
    X = sg.input("X", (2, 3, 7, 6))
    derivation = sg.derive(sg.let("L", sg.sum(sg.max_pool2d(X, 3, 1, 1) ** 2)), X)
    last = derivation.steps[-1].line()

    assert last.startswith("dL/dX[b,c,h,w] = sum_{i,j} dL/du1[b,c,h-i+1,w-j+1,i,j] = ")
    assert [reason for _, reason in derivation.unverified] == ["its value is not finite"]


def test_entries_of_a_matrix_with_a_single_row_are_read():
    r = sg.input("r", (1, 4))
    derivation = sg.derive(sg.let("L", sg.let("u", r[0, 2]) ** 2 * 3), r)

    assert derivation.given[0].text() == "u = r[2]"
    assert derivation.given[0] not in [line for line, _ in derivation.unverified]
