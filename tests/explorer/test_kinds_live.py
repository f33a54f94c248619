"""Whole numbers and switches among the inputs."""

from __future__ import annotations

import symgraph as sg


def chosen() -> sg.Node:
    scores, label = sg.parameter("s", 3), sg.input("k", kind="integer")
    return sg.where(sg.input("on", kind="boolean"), sg.take(scores, label) ** 2, sg.sum(scores))


def test_a_label_picks_another_entry_and_a_switch_another_branch(open_page):
    page = open_page(chosen(), values={"s": [2.0, -3.0, 5.0], "k": 1, "on": True})
    assert page.run("return E.model.loss()") == 9.0

    page.type("k", "2")
    assert page.run("return E.model.loss()") == 25.0
    assert page.run("return Array.from(E.model.g(E.model.inputVertex.get('s')))") == [0, 0, 10]

    page.find(".entries input[type=checkbox]").click()
    assert page.run("return E.model.loss()") == 4.0
    assert page.run("return Array.from(E.model.g(E.model.inputVertex.get('s')))") == [1, 1, 1]


def test_a_fraction_is_no_label(open_page):
    page = open_page(chosen(), values={"s": [2.0, -3.0, 5.0], "k": 1, "on": True})

    page.type("k", "1.5")

    field = page.find('input[type=text][aria-label="k"]')
    assert field.get_attribute("aria-invalid") == "true"
    assert page.run("return E.model.loss()") == 9.0


def test_a_label_outside_its_range_is_told_and_not_taken(open_page):
    page = open_page(chosen(), values={"s": [2.0, -3.0, 5.0], "k": 1, "on": True})

    page.type("k", "7")

    field = page.find('input[type=text][aria-label="k"]')
    assert field.get_attribute("aria-invalid") == "true"
    assert "outside 0..2" in field.get_attribute("title")
    assert page.run("return E.model.loss()") == 9.0

    page.type("k", "0")

    assert field.get_attribute("aria-invalid") == "false"
    assert page.run("return E.model.loss()") == 4.0


def test_a_label_in_the_data_that_is_outside_stops_the_training_with_a_word(open_page):
    page = open_page(
        chosen(), values={"s": [2.0, -3.0, 5.0], "on": True}, data={"k": [1, 5]}, rate=0.1
    )

    page.find("#once").click()
    page.find("#once").click()

    assert "outside 0..2" in page.find("#training-state").text
