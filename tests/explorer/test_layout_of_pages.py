"""What is drawn in the page: nothing on top of another, operands in their order."""

from __future__ import annotations

import pytest

import symgraph as sg
from symgraph import zoo

OVERLAPS = """
const boxes = [];
for (const [i, part] of E.canvas.parts.entries()) {
  const size = E.canvas.sizes[i];
  const [x, y] = E.canvas.at[i];
  boxes.push([`node ${i}`, x - size.half, y - size.tall, x + size.half, y + size.tall]);
  if (part.f) for (const text of [part.f, part.g]) {
    const {x: a, y: b, width, height} = text.getBBox();
    if (width) boxes.push([`text ${i}`, x + a, y + b + 3, x + a + width, y + b + height - 3]);
  }
}
for (const [k, line] of E.canvas.lines.entries()) {
  const label = line.group.querySelector('.label');
  if (!label) continue;
  const box = label.getBBox();
  const at = label.transform.baseVal.consolidate();
  const m = at ? at.matrix : {a: 1, e: 0, f: 0};
  boxes.push([`label ${k}`, m.a * box.x + m.e, m.a * box.y + m.f,
    m.a * (box.x + box.width) + m.e, m.a * (box.y + box.height) + m.f]);
}
const found = [];
boxes.forEach(([a, l, t, r, b], i) => boxes.slice(i + 1).forEach(([c, l2, t2, r2, b2]) => {
  if (Math.min(r, r2) - Math.max(l, l2) > 1 && Math.min(b, b2) - Math.max(t, t2) > 1) {
    found.push(`${a} / ${c}`);
  }
}));
return found;
"""


@pytest.mark.parametrize("labels", ["symbolic", "numeric"])
@pytest.mark.parametrize(
    "name", ["hinge", "two-layer,hidden=3", "dense", "rnn,steps=3", "lstm", "named-units", "cbow"]
)
def test_no_node_value_or_label_stands_on_another(open_page, name, labels):
    found = zoo.built(name)
    page = open_page(getattr(found, "loss", found), labels=labels)
    page.run(
        "E.camera.scale = 0.8; E.canvas.show({left: -1e6, right: 1e6, top: -1e6, bottom: 1e6}, 1)"
    )

    assert page.run(OVERLAPS) == []


@pytest.mark.parametrize("name", ["hinge", "two-layer,hidden=3", "dense", "rnn,steps=3"])
def test_from_left_to_right_every_node_stands_left_of_its_users_and_on_nothing(open_page, name):
    found = zoo.built(name)
    page = open_page(getattr(found, "loss", found))
    page.find("#turn").click()
    page.run(
        "E.camera.scale = 0.8; E.canvas.show({left: -1e6, right: 1e6, top: -1e6, bottom: 1e6}, 1)"
    )

    backwards = page.run(
        "return E.canvas.view.links.filter((one) => "
        "E.canvas.at[one.head][0] <= E.canvas.at[one.tail][0]).length"
    )
    assert backwards == 0
    assert page.run(OVERLAPS) == []


def test_the_operands_of_a_difference_stand_in_their_order(open_page):
    a, b, c = (sg.input(name) for name in "abc")
    page = open_page((a - b) / c, values={"a": 1.0, "b": 2.0, "c": 3.0})

    x = {name: page.node(name).location["x"] for name in ("a", "b", "c", "a − b")}

    assert x["a"] < x["b"]
    assert x["a − b"] < x["c"]


def test_every_node_stands_below_its_users(open_page):
    page = open_page(zoo.built("two-layer"))

    upside_down = page.run(
        "return E.canvas.view.links.filter((one) => "
        "E.canvas.at[one.head][1] >= E.canvas.at[one.tail][1]).length"
    )
    assert upside_down == 0


def test_zooming_and_dragging_move_the_picture_and_fit_brings_it_back(open_page):
    page = open_page(zoo.built("hinge"))
    page.find("#fit").click()
    start = page.run("return [E.camera.x, E.camera.y, E.camera.scale]")

    page.find("#in").click()
    canvas = page.find("#canvas")
    page.chain().move_to_element_with_offset(canvas, -300, 250).click_and_hold().move_by_offset(
        60, -30
    ).release().perform()

    moved = page.run("return [E.camera.x, E.camera.y, E.camera.scale]")
    assert moved[2] == pytest.approx(1.25 * start[2])
    assert moved[:2] != start[:2]

    page.find("#fit").click()

    assert page.run("return [E.camera.x, E.camera.y, E.camera.scale]") == start


def test_pointing_at_a_node_shows_its_formula_and_what_went_in(open_page):
    w, x = sg.parameter("w"), sg.input("x")
    page = open_page(sg.let("y", sg.sin(w * x)), values={"w": 2.0, "x": 0.5})

    page.chain().move_to_element(page.node("w x").find_element("css selector", ".shape")).perform()

    assert page.find("#tip").is_displayed()
    assert page.find("#tip").text.replace("\n", "").split() == ["=", "2", "=", "0.5"]


def test_a_graph_of_two_thousand_nodes_opens_and_computes(open_page):
    x = y = sg.input("x")
    for k in range(1000):
        y = sg.tanh(y + 0.01 * k) if k % 2 else y * 1.01
    page = open_page(y, values={"x": 0.3})

    assert len(page.all("#nodes .n")) > 1000
    assert page.run("return Number.isFinite(E.model.loss())")
    page.run("E.pick(0)")
    assert page.find("#paths-count").text == "1 path"
    assert x is not y
