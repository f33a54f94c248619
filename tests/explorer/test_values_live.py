"""Typed values and sliders: everything follows at once."""

from __future__ import annotations

import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo


def line() -> sg.Node:
    w, x, b = sg.parameter("w"), sg.input("x"), sg.parameter("b")
    return sg.let("loss", (sg.let("out", w * x + b) - 1) ** 2)


def test_a_typed_number_recomputes_values_and_gradients(open_page):
    page = open_page(line(), values={"w": 1.0, "x": 2.0, "b": 0.5})
    assert page.texts("loss") == ["2.25", "1"]

    page.type("w", "-1.5")

    # out = -1.5 * 2 + 0.5 = -2.5, loss = 12.25, d loss / d w = 2 (-3.5) 2
    assert page.texts("loss") == ["12.25", "1"]
    assert page.texts("out") == ["−2.5", "−7"]
    assert page.texts("w") == ["−1.5", "−14"]
    assert page.texts("b") == ["0.5", "−7"]


def test_the_arrow_keys_move_a_slider_and_the_values_follow(open_page):
    page = open_page(line(), values={"w": 1.0, "x": 2.0, "b": 0.5})
    slider = page.find("input[type=range][aria-label=w]")

    slider.send_keys("\ue014" * 7)

    w = float(slider.get_attribute("value"))
    assert w > 1.0
    assert page.run("return E.model.loss()") == pytest.approx((2 * w + 0.5 - 1) ** 2, abs=1e-12)
    assert page.run("return E.model.g(E.model.inputVertex.get('w'))") == pytest.approx(
        4 * (2 * w - 0.5), abs=1e-12
    )


def test_what_is_no_number_is_marked_and_changes_nothing(open_page):
    page = open_page(line(), values={"w": 1.0, "x": 2.0, "b": 0.5})

    page.type("x", "2e")

    field = page.find('input[type=text][aria-label="x"]')
    assert field.get_attribute("aria-invalid") == "true"
    assert page.texts("loss") == ["2.25", "1"]

    page.type("x", "0.25")

    assert field.get_attribute("aria-invalid") == "false"
    assert page.texts("loss") == ["0.0625", "1"]


def test_entries_of_a_matrix_are_typed_one_by_one(open_page):
    loss = zoo.built("dense,inputs=2,hidden=2,outputs=1")
    given = {
        "x": np.array([0.5, -1.0]), "y": np.array([0.25]), "W1": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "b1": np.array([0.1, 0.2]), "W2": np.array([[0.7, -0.6]]), "b2": np.array([0.05]),
    }  # fmt: skip
    page = open_page(loss, values=given)

    page.type("W₁, entry 2, 1", "-0.5")

    W1 = np.array([[1.0, 2.0], [-0.5, 4.0]])
    h = np.tanh(W1 @ given["x"] + given["b1"])
    error = given["W2"] @ h + given["b2"] - given["y"]
    slope = ((given["W2"].T @ error) * (1 - h**2))[:, None] * given["x"]
    found = page.run("return Array.from(E.model.g(E.model.inputVertex.get('W1')))")
    assert page.run("return E.model.loss()") == pytest.approx(0.5 * error[0] ** 2, abs=1e-12)
    np.testing.assert_allclose(found, slope.ravel(), atol=1e-12)


def test_open_paths_follow_the_values(open_page):
    page = open_page(line(), values={"w": 1.0, "x": 2.0, "b": 0.5})
    page.click("w")

    page.type("x", "3")
    page.run("E.settle()")

    # 2 (3.5 - 1) * 3
    assert page.value("#paths-sum") == pytest.approx(15.0, abs=1e-12)
    assert page.values(".path") == [pytest.approx(15.0, abs=1e-12)]


def test_the_passes_go_value_by_value(open_page):
    page = open_page(line(), values={"w": 1.0, "x": 2.0, "b": 0.5})

    page.find("#ahead").click()
    assert page.find("#where").text == "leaves"
    assert page.texts("w") == ["1", ""]
    assert page.texts("out") == ["", ""]

    for _ in range(2):
        page.find("#ahead").click()
    assert page.texts("out") == ["2.5", ""]
    assert page.texts("loss") == ["", ""]

    while "backward 1" not in page.find("#where").text:
        page.find("#ahead").click()
    assert page.texts("loss") == ["2.25", "1"]
    assert page.texts("out") == ["2.5", ""]

    page.find("#back").click()
    assert page.texts("loss") == ["2.25", ""]

    page.find("#whole").click()
    assert page.texts("w") == ["1", "6"]


def test_numbers_stand_on_the_edges_on_request(open_page):
    page = open_page(line(), values={"w": 1.0, "x": 2.0, "b": 0.5})

    page.find('[data-labels="numeric"]').click()

    # d loss / d residual, d residual / d out, ... and the products' factors
    texts = sorted(one.text for one in page.all("#edges text.label"))
    assert {"3", "1", "2"} <= set(texts)

    page.find('[data-labels="none"]').click()

    assert page.all("#edges .label") == []
