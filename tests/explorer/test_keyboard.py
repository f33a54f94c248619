"""Everything that the mouse does, keys do."""

from __future__ import annotations

import pytest

import symgraph as sg

TAB, ENTER, ESCAPE, SPACE, UP, DOWN, LEFT, RIGHT = (
    "\ue004", "\ue007", "\ue00c", " ", "\ue013", "\ue015", "\ue012", "\ue014"
)  # fmt: skip


def product() -> sg.Node:
    w, x, b = sg.parameter("w"), sg.input("x"), sg.parameter("b")
    return sg.let("loss", sg.let("out", sg.tanh(w * x + b)) ** 2)


@pytest.fixture
def page(open_page):
    return open_page(product(), values={"w": 1.0, "x": 0.5, "b": 0.25})


def focused(page) -> str:
    return page.run(
        "const i = document.activeElement.dataset.item; return i === undefined ? '' "
        ": E.model.content.nodes[E.canvas.view.items[i].vertex].alt"
    )


def test_arrows_walk_along_the_edges_and_enter_chooses(page):
    page.press(DOWN)
    assert focused(page) == "loss"

    page.press(DOWN, DOWN, DOWN)
    assert focused(page) == "w x"

    page.press(DOWN)
    assert focused(page) == "w"

    page.press(RIGHT)
    assert focused(page) == "x"

    page.press(ENTER)
    assert page.find("#paths").is_displayed()
    assert page.find("#said").get_attribute("textContent") == "x selected"

    page.press(ENTER)
    assert not page.find("#paths").is_displayed()

    page.press(UP)
    assert focused(page) == "w x"


def test_the_graph_is_one_stop_of_the_tab_key_and_its_focus_is_seen(page):
    stops = page.all('#nodes [tabindex="0"]')

    assert len(stops) == 1

    page.press(DOWN, DOWN)
    width = page.run(
        "return getComputedStyle(document.activeElement.querySelector('.shape')).strokeWidth"
    )
    assert float(width.removesuffix("px")) >= 4


def test_space_steps_and_escape_shows_all(page):
    page.press(SPACE, SPACE)
    assert page.find("#where").text == "forward 1 / 4"

    page.press(ESCAPE)
    assert page.find("#where").text == "all values"


def test_letters_switch_labels_theme_language_modules_and_train(page):
    page.press("l")
    assert page.find('[data-labels="numeric"]').get_attribute("aria-pressed") == "true"

    page.press("d")
    assert page.run("return document.documentElement.dataset.theme") == "dark"

    page.press("z")
    assert page.run("return document.documentElement.lang") == "zh-CN"

    before = page.run("return E.model.loss()")
    page.press("t")
    assert page.run("return E.model.loss()") < before

    page.press(DOWN, DOWN, "m")
    assert len(page.all("#nodes .module")) == 1
    page.press("m")
    assert page.all("#nodes .module") == []


def test_a_question_mark_lists_the_keys(page):
    page.press("?")

    assert page.find("#keys").is_displayed()
    assert len(page.all("#keys-list dt")) >= 12

    page.press(ESCAPE)

    assert not page.find("#keys").is_displayed()


def test_letters_typed_into_a_field_are_no_commands(page):
    page.type("w", "2")
    page.press("d", "z")

    assert page.run("return document.documentElement.dataset.theme") == "light"
    assert page.run("return document.documentElement.lang") == "en"


def test_every_button_and_node_has_a_name_for_screen_readers(page):
    nameless = page.run(
        "return [...document.querySelectorAll('button, input, [role=button]')]"
        ".filter((one) => !one.closest('dialog, [hidden]') && !(one.getAttribute('aria-label') || "
        "one.textContent.trim() || one.labels?.length)).map((one) => one.outerHTML)"
    )

    assert nameless == []
