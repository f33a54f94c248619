"""Gradient steps in the page are those of a model."""

from __future__ import annotations

import time

import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo


def test_steps_on_a_batch_lower_the_loss_as_those_of_a_model(open_page):
    x, y = sg.input("x", ("N", 2)), sg.input("y", "N")
    w, b = sg.parameter("w", 2, init="ones"), sg.parameter("b", init=0.5)
    loss = sg.mean((sg.tanh(x @ w + b) - y) ** 2)
    generator = np.random.default_rng(1)
    data = {"x": generator.normal(size=(12, 2)), "y": generator.uniform(-0.5, 0.5, 12)}
    model = sg.Model(loss=loss, inputs=[x, y])
    page = open_page(loss, values={"w": [1.0, 1.0], "b": 0.5}, data=data, rate=0.3)

    expected = [model.step(data, optimizer=sg.optim.SGD(0.3))["loss"] for _ in range(20)]
    for _ in range(20):
        page.run("E.training.once()")

    found = page.run("return E.training.losses")
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found[-1] < found[0]
    weights = page.run("return Array.from(E.model.f(E.model.inputVertex.get('w')))")
    np.testing.assert_allclose(weights, model.parameters["w"], atol=1e-9)


def test_samples_are_used_one_a_step_in_turn(open_page):
    loss = zoo.built("half-squared")
    xs, ys = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -0.7]]), np.array([1.0, 0.0, 1.0])
    page = open_page(loss, values={"w": [0.1, -0.2], "b": 0.3}, data={"x": xs, "y": ys}, rate=0.5)

    for _ in range(7):
        page.find("#once").click()

    w, b = np.array([0.1, -0.2]), 0.3
    expected = []
    for k in range(7):
        x, y = xs[k % 3], ys[k % 3]
        f = 1 / (1 + np.exp(-(w @ x + b)))
        expected.append((y - f) ** 2 / 2)
        slope = (f - y) * f * (1 - f)
        w, b = w - 0.5 * slope * x, b - 0.5 * slope
    np.testing.assert_allclose(page.run("return E.training.losses"), expected, atol=1e-12)


def test_running_lowers_the_loss_until_it_is_paused_and_starts_again(open_page):
    loss = zoo.built("two-layer")
    page = open_page(loss, rate=0.05)
    before = page.run("return E.model.loss()")

    page.find("#run").click()
    until = time.monotonic() + 20
    while page.run("return E.training.losses.length") < 30 and time.monotonic() < until:
        time.sleep(0.02)
    page.find("#run").click()

    assert page.find("#run").get_attribute("aria-pressed") == "false"
    after = page.run("return E.model.loss()")
    assert after < before
    assert page.run("return E.training.losses[0]") == pytest.approx(before, abs=1e-12)
    assert len(page.all("#curve .loss")) == 1

    page.find("#restart").click()

    assert page.run("return E.model.loss()") == before
    assert page.all("#curve .loss") == []


def test_a_rate_that_is_too_large_stops_with_a_word(open_page):
    w = sg.parameter("w")
    page = open_page(w**4, values={"w": 3.0}, rate=10.0)

    page.find("#run").click()
    until = time.monotonic() + 20
    while page.run("return E.training.running") and time.monotonic() < until:
        time.sleep(0.02)

    assert "no longer finite" in page.find("#training-state").text


def test_without_parameters_a_student_ticks_the_inputs_that_are_trained(open_page):
    x, y = sg.input("x"), sg.input("y")
    page = open_page((x * y - 1) ** 2, values={"x": 2.0, "y": 3.0}, rate=0.01)

    assert not page.find("#once").is_enabled()
    assert page.find("#training-data").text == "Nothing is trained: tick an input above."

    page.find('input[aria-label="train x"]').click()
    page.find("#once").click()

    assert page.run("return E.model.program.get('x')") == pytest.approx(2 - 0.01 * 2 * 5 * 3)
    assert page.run("return E.model.program.get('y')") == 3

    page.find('input[aria-label="train y"]').click()
    page.find("#once").click()

    assert page.run("return E.model.program.get('x')") == pytest.approx(1.7 - 0.01 * 2 * 4.1 * 3)
    assert page.run("return E.model.program.get('y')") == pytest.approx(3 - 0.01 * 2 * 4.1 * 1.7)


def test_a_parameter_that_is_not_ticked_stays_and_data_cannot_be_ticked(open_page):
    loss = zoo.built("half-squared")
    data = {"x": np.array([[1.0, 2.0]]), "y": np.array([1.0])}
    page = open_page(loss, values={"w": [0.1, -0.2], "b": 0.3}, data=data)
    ticks = {one.get_attribute("aria-label") for one in page.all(".tick")}

    page.find('input[aria-label="train b"]').click()
    page.find("#once").click()

    assert ticks == {"train w", "train b"}
    assert page.run("return E.model.program.get('b')") == 0.3
    assert page.run("return Array.from(E.model.program.get('w'))") != [0.1, -0.2]
