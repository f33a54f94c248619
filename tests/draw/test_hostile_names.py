"""Names with markup, LaTeX, DOT or control characters change texts and nothing else."""

import functools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings, strategies as st

import symgraph as sg

NASTY = (
    "<b>&amp;", "]]>", "-->", '"><script>alert(1)</script>', "a\\end{document}", "\\input{x}",
    "$x$", "%", "#", "}{", "a;b -> c", "\\N", "a\nb", "a\tb", "\x00", "\x1b[31m", "\u202e", "权重",
    "&", "^", "_", "a'b", "`", "\ud83d", "a" * 60,
)  # fmt: skip
OPTIONS = (
    {}, {"labels": "both"}, {"shared": "chips", "tree": True}, {"collapse": "names"},
    {"hide": ("constants", "ones"), "fold": "affine"}, {"beside": "names", "direction": "LR"},
)  # fmt: skip


def net(inner, weight):
    """The same network under other names."""
    w, x = sg.parameter(weight), sg.input("x")
    h = sg.let(inner, sg.tanh(w * x + 1))
    return sg.let("loss", (w * h - 2) ** 2)


def shape_of(view):
    numbers = {node.id: k for k, node in enumerate(view.nodes)}
    return (
        [(node.role, node.form, node.hue, node.dashed) for node in view.nodes],
        [(numbers[e.tail], numbers[e.head], e.operand, e.dead, e.highlight) for e in view.edges],
    )


def ids(text):
    return [
        e.get("id") for e in ET.fromstring(text).iter() if re.match(r"[neg]\d", e.get("id", ""))
    ]


def tags(text):
    return {element.tag.rpartition("}")[2] for element in ET.fromstring(text).iter()}


def drawn(inner, weight, options):
    values = {"x": 0.5, weight: 0.25} if options.get("labels") == "both" else None
    return sg.draw(net(inner, weight), values, engine="native", path=weight, **options)


@functools.cache
def plainly_drawn(number):
    """Under harmless names, which all nasty ones are compared with."""
    picture = drawn("h", "w", OPTIONS[number])
    return picture, tags(picture.svg())


def check(inner, weight, options):
    picture = drawn(inner, weight, options)
    plain, plain_tags = plainly_drawn(OPTIONS.index(options))

    assert shape_of(picture.view) == shape_of(plain.view)
    kinds = [(item.id, item.layer, item.role) for item in picture.scene.items]
    for kind in [(i.id, i.layer, i.role) for i in plain.scene.items if i.layer in ("node", "edge")]:
        assert kind in kinds
    text = picture.svg()
    assert tags(text) <= plain_tags | {"text"}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", item.id) for item in picture.scene.items)
    assert "<script" not in text


@pytest.mark.parametrize("name", NASTY, ids=ascii)
def test_a_nasty_name_changes_no_structure(name):
    """In a third of the options, another third for the next name; the property below mixes them."""
    try:
        net(name, name + "2")
    except sg.SymgraphError:
        return  # refused with a sentence, which is as good
    for options in OPTIONS[NASTY.index(name) % 3 :: 3]:
        check(name, name + "2", options)


@settings(max_examples=25, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    st.sampled_from(NASTY),
    st.sampled_from(OPTIONS),
)
def test_no_name_changes_the_structure(first, nasty, options):
    inner, weight = first + nasty, nasty + first + "2"
    if {inner, weight} & {"x", "loss", "h"}:
        return
    try:
        net(inner, weight)
    except sg.SymgraphError:
        return
    check(inner, weight, options)


@pytest.mark.parametrize("name", ["\u200b", "\u200d\u200c", "\u2060", "\u0301", "\u115f", "\u2800"])
def test_a_name_without_ink_is_shown_by_its_code_points(name):
    picture = sg.draw(sg.input(name) * sg.input("x"))
    glyphs = [item for item in picture.scene.items if item.layer == "text"]

    assert all(item.drawn.box.width > 1 for item in glyphs)
    label = picture.view.nodes[0].label
    assert [f"{ord(char):04X}" for char in name] == re.findall(r"[0-9A-F]{4}", label)
