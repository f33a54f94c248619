"""Modules open and close; what stays in sight keeps its value."""

from __future__ import annotations

import symgraph as sg
from symgraph import zoo
from symgraph.explorer.modules import modules_of


def test_closing_a_module_keeps_the_values_and_hides_its_inside(open_page):
    page = open_page(zoo.built("dense"))
    before = {name: page.texts(name) for name in ("loss", "h", "ŷ", "x", "y")}
    nodes = len(page.all("#nodes .n"))

    page.find("#collapse").click()

    assert {name: page.texts(name) for name in before} == before
    assert len(page.all("#nodes .n")) < nodes
    assert len(page.all("#nodes .module")) == 3

    page.find("#expand").click()

    assert {name: page.texts(name) for name in before} == before
    assert len(page.all("#nodes .n")) == nodes


def test_the_button_of_a_module_closes_it_and_its_gradient_still_sums_up(open_page):
    page = open_page(zoo.built("dense"))
    page.run("E.toggle(0)")
    assert [
        one.get_attribute("aria-label").split(",")[0] for one in page.all("#nodes .module")
    ] == ["net₁"]

    page.run("E.pick(E.model.inputVertex.get('W1'))")

    total = page.value("#paths-sum")
    paths = page.values(".path")
    assert len(paths) == 1
    assert paths[0] == total
    assert page.find("#front .n.picked").get_attribute("class").split()[1] == "module"


def test_a_closed_module_of_numbers_shows_its_whole_derivative(open_page):
    w, x = sg.parameter("w"), sg.input("x")
    h = sg.let("h", x * x + w * x)
    page = open_page(sg.let("out", h**2), values={"w": 2.0, "x": 3.0}, labels="numeric")

    page.find("#collapse").click()

    # dh/dx = 2 x + w = 8 and d out/dh = 2 h = 30
    assert sorted(one.text for one in page.all("#edges text.label")) == ["30", "8"]


def test_a_module_owns_what_nothing_else_uses():
    loss = zoo.built("two-layer")
    found = {
        module.head.name: {one.label() for one in module.inside}
        for module in modules_of(sg.graph(loss))
    }

    assert found["h1"] == {"v₁", "v₁·φ(x)"}
    assert "y" not in found["residual"]
    assert {"w₁", "w₂"} <= found["residual"]


def test_what_two_modules_share_stays_outside():
    x, w = sg.input("x"), sg.parameter("w")
    shared = sg.tanh(w * x)
    a, b = sg.let("a", sg.sin(shared) + 1), sg.let("b", sg.cos(shared) * 2)
    inside = {
        one.label() for module in modules_of(sg.graph(sg.let("s", a * b))) for one in module.inside
    }

    assert "tanh(w x)" not in inside
    assert "w" not in inside


def glides(page, motion):
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-reduced-motion", "value": motion}]},
    )
    page.run("E.toggle(0)")
    count = page.run("return document.getAnimations().length")
    page.run("for (const one of document.getAnimations()) one.finish()")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    return count


def test_nodes_glide_to_their_places_unless_the_reader_wants_no_motion(open_page):
    page = open_page(zoo.built("two-layer"))

    assert glides(page, "no-preference") > 5
    assert glides(page, "reduce") == 0


def test_open_modules_have_frames_and_closed_ones_none(open_page):
    page = open_page(zoo.built("two-layer"))
    modules = page.run("return E.model.content.modules.length")
    assert len(page.all("#frames .frame")) == modules > 1

    page.run("E.toggle(0)")
    assert len(page.all("#frames .frame")) == modules - 1

    page.find("#collapse").click()
    assert page.all("#frames .frame") == []
