"""A leaf that is used everywhere is drawn at each use, and is one value all the same."""

from __future__ import annotations

import numpy as np
import pytest

import symgraph as sg


def chain(depth: int) -> sg.Node:
    w, x = sg.parameter("w"), sg.input("x")
    h = x
    for _ in range(depth):
        h = sg.tanh(w * h)
    return h


def test_a_weight_of_ten_layers_is_drawn_ten_times_and_chosen_as_one(open_page):
    page = open_page(chain(10), values={"w": 0.9, "x": 0.7})
    chips = page.all("#nodes .chip")

    page.click("w")

    assert len(chips) == 10
    assert page.find("#paths-count").text == "10 paths"
    assert len(page.all("#front .chip.picked")) == 10

    h, slope = 0.7, 0.0
    for _ in range(10):
        slope = (1 - np.tanh(0.9 * h) ** 2) * (h + 0.9 * slope)
        h = np.tanh(0.9 * h)
    assert page.value("#paths-sum") == pytest.approx(slope, abs=1e-12)
    assert sum(page.values(".path")) == pytest.approx(slope, abs=1e-12)


def test_a_weight_of_three_layers_is_drawn_once(open_page):
    page = open_page(chain(3), values={"w": 0.9, "x": 0.7})

    assert page.all("#nodes .chip") == []
    assert len(page.all("#nodes .parameter")) == 1


def test_steps_count_a_shared_leaf_once(open_page):
    page = open_page(chain(8), values={"w": 0.9, "x": 0.7})

    # w x, tanh, ... of eight layers; w and x beside them on the way back
    assert page.run("return [E.steps.forward.length, E.steps.backward.length]") == [16, 18]
