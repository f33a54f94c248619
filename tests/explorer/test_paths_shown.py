"""Clicking a value shows its paths, their products, and a sum that is the gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo
from symgraph.node import Node
from symgraph.walks import variables


def loss_of(name: str) -> Node:
    found = zoo.built(name)
    return getattr(found, "loss", found)


def compiled_gradient(loss: Node, leaf: str, values: dict[str, Any]) -> np.ndarray:
    known = {one.params[0]: one for one in variables([loss])}
    run = sg.compile(list(known.values()), [sg.grad(loss, known[leaf])])
    return np.asarray(run(*(values[name] for name in known)))


def draw_values(loss: Node, sizes: dict[str, int]) -> dict[str, Any]:
    generator = np.random.default_rng(7)
    found = {}
    for leaf in variables([loss]):
        shape = [size if isinstance(size, int) else sizes[str(size)] for size in leaf.shape]
        found[leaf.params[0]] = (
            generator.integers(0, 2, shape)
            if leaf.kind == "integer"
            else generator.uniform(0.2, 0.9, shape)
        )
    return found


CASES = [
    ("hinge", "W"),
    ("two-layer", "v2"),
    ("two-layer,hidden=3", "φ(x)"),
    ("worked-example", "w3"),
    ("dense", "W1"),
    ("regularised", "W"),
    ("rnn,steps=4", "W"),
    ("lstm,steps=3", "W_f"),
    ("chain,depth=30", "x"),
]


@pytest.mark.parametrize(("name", "leaf"), CASES)
def test_clicking_a_leaf_shows_products_whose_sum_is_the_gradient(open_page, name, leaf):
    loss = loss_of(name)
    values = draw_values(loss, {"N": 4, "T": 3})
    known = [one.params[0] for one in variables([loss])]
    leaf = leaf if leaf in known else known[0]
    page = open_page(loss, values=values)

    called = next(v.label() for v in sg.graph(loss).vertices if v.name == leaf)
    page.click(called)

    gradient = compiled_gradient(loss, leaf, values)
    total = sum(np.asarray(one) for one in page.values("#paths-list .path"))
    total = total + np.asarray(page.value("#paths-rest"))
    np.testing.assert_allclose(total, gradient.ravel() if gradient.shape else gradient, atol=1e-9)
    np.testing.assert_allclose(
        page.value("#paths-sum"), gradient.ravel() if gradient.shape else gradient, atol=1e-9
    )


def shared_weight() -> Node:
    w, v, b, c = (sg.parameter(name) for name in "wvbc")
    x, y = sg.input("x"), sg.input("y")
    h = sg.let("h", sg.tanh(w * x + b))
    return sg.let("loss", (sg.sigmoid(v * h + c + w * h) - y) ** 2)


SHARED = {"w": 0.8, "x": 1.2, "b": -0.3, "v": 0.6, "c": 0.1, "y": 1.0}


def test_a_weight_in_two_layers_has_three_paths_with_the_products_of_the_chain_rule(open_page):
    page = open_page(shared_weight(), values=SHARED)

    page.click("w")

    h = math.tanh(0.66)
    out = 1 / (1 + math.exp(-(0.6 * h + 0.1 + 0.8 * h)))
    top = 2 * (out - 1) * out * (1 - out)
    expected = sorted([top * 0.8 * (1 - h * h) * 1.2, top * h, top * 0.6 * (1 - h * h) * 1.2])
    assert page.find("#paths-count").text == "3 paths"
    assert sorted(page.values(".path")) == pytest.approx(expected, abs=1e-12)
    sizes = [abs(one) for one in page.values(".path")]
    assert sizes == sorted(sizes, reverse=True)
    assert page.find("#paths-sum b").text == "−0.1993"


def test_paths_through_arrays_show_their_product_with_all_its_entries(open_page):
    x, W, V = sg.input("x", 2), sg.parameter("W", (2, 2)), sg.parameter("V", (2, 2))
    h = sg.let("h", sg.tanh(W @ x))
    values = {"x": [0.5, -1.0], "W": [[0.2, 0.4], [-0.3, 0.1]], "V": [[1.0, 2.0], [0.5, -1.0]]}
    page = open_page(sg.sum((V @ h + h) ** 2), values=values)

    page.click("W")

    xs, ws, vs = (np.array(values[name]) for name in "xWV")
    hs = np.tanh(ws @ xs)
    slope = 2 * (vs @ hs + hs)
    straight = np.outer(slope * (1 - hs**2), xs)
    through = np.outer(vs.T @ slope * (1 - hs**2), xs)
    longest = sorted([straight, through], key=np.linalg.norm, reverse=True)
    np.testing.assert_allclose(page.values(".path"), [one.ravel() for one in longest], atol=1e-12)
    assert len(page.all(".path .whole svg")) == 2
    rows = page.find("#paths-sum b").text.replace("\u2212", "-").strip("[]").split("],")
    told = [[float(one) for one in row.strip(" \n[").split(",")] for row in rows]
    np.testing.assert_allclose(told, straight + through, rtol=1e-3)


def test_the_paths_stand_in_front_of_a_veil_and_escape_takes_it_away(open_page):
    page = open_page(shared_weight(), values=SHARED)
    page.click("w")
    on = {
        page.run(
            "return E.model.content.nodes[E.canvas.view.items[arguments[0]].vertex].alt", int(i)
        )
        for i in (one.get_attribute("data-item") for one in page.all("#front .n"))
    }

    assert page.find("#veil").value_of_css_property("display") != "none"
    assert {"w", "h", "loss"} <= on
    assert not {"x", "y", "b", "c", "v"} & on

    page.press("\ue00c")

    assert page.find("#veil").value_of_css_property("display") == "none"
    assert not page.find("#paths").is_displayed()


def test_a_path_that_is_pointed_at_is_underlaid_alone(open_page):
    page = open_page(shared_weight(), values=SHARED)
    page.click("w")

    page.chain().move_to_element(page.all(".path")[0]).perform()

    lengths = [len(page.run("return E.panel.search.found[arguments[0]].edges", k)) for k in (0, 1)]
    assert len(page.all("#front .marker path")) == lengths[0] != lengths[1]


def test_sixty_doublings_are_counted_exactly_and_listed_fifty_at_a_time(open_page):
    x = y = sg.input("x")
    for _ in range(60):
        y = y + y
    page = open_page(y, values={"x": 0.5})

    page.run("E.pick(0)")

    count = page.find("#paths-count").text.replace("\u2009", "")
    assert count == "1152921504606846976 paths"
    assert len(page.all(".path")) == 50
    assert float(page.value("#paths-rest")) == 2.0**60 - 50

    page.run("document.getElementById('paths-more').click()")

    assert len(page.all(".path")) == 100
    assert float(page.value("#paths-rest")) == 2.0**60 - 100
    assert x is not y


def test_the_largest_paths_come_first_and_the_rest_closes_the_sum(open_page):
    x = sg.input("x")
    total = sg.sin(x)
    for k in range(1, 80):
        total = total + (k % 13 - 6.5) * sg.sin(x)
    page = open_page(total, values={"x": 0.4})

    page.run("E.pick(E.model.inputVertex.get('x'))")

    shown = page.values(".path")
    slopes = sorted([1.0, *(k % 13 - 6.5 for k in range(1, 80))], key=abs, reverse=True)
    assert [abs(one) for one in shown] == pytest.approx(
        [abs(one) * math.cos(0.4) for one in slopes[:50]], abs=1e-9
    )
    assert sum(shown) + page.value("#paths-rest") == pytest.approx(
        sum(slopes) * math.cos(0.4), abs=1e-9
    )


def test_a_value_on_which_nothing_depends_smoothly_has_no_paths(open_page):
    x, y = sg.input("x"), sg.input("y")
    page = open_page(sg.stop_gradient(x) * y, values={"x": 2.0, "y": 3.0})

    page.click("x")

    assert page.find("#card-body").text.count("no gradient") or page.find("#paths-count").text == (
        "no path leads to the root"
    )
