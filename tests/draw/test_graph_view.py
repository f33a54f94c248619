"""What nodes and edges of the drawn graph show: labels, numbers, chips, what is hidden and dead."""

import re

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.graphs.graph_view import graph_view
from symgraph.zoo import built, losses

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
TWO_LAYER = {
    "φ(x)": [1.0, 2.0], "v1": [0.5, -0.25], "v2": [-0.5, 0.75], "w1": 1.0, "w2": -2.0, "y": 1.0,
}  # fmt: skip


def by_ends(picture):
    named = {node.id: node.alt for node in picture.view.nodes}
    return {(named[edge.head], named[edge.tail]): edge for edge in picture.view.edges}


def by_name(picture):
    return {node.alt: node for node in picture.view.nodes}


def loss_of(name):
    found = built(name)
    return getattr(found, "loss", found)


def legend(picture):
    return [entry.sample for entry in picture.view.entries]


# S0-19: the five building blocks and the square, with the labels of the slide
@pytest.mark.parametrize(
    ("function", "names", "labels"),
    [
        (lambda a, b: a + b, ("a", "b"), ["1", "1"]),
        (lambda a, b: a - b, ("a", "b"), ["1", "-1"]),
        (lambda a, b: a * b, ("a", "b"), ["b", "a"]),
        (
            sg.maximum, ("a", "b"),
            [r"\mathbf{1}\left[a > b\right]", r"\mathbf{1}\left[a < b\right]"],
        ),
        (lambda a: sg.let("h", sg.sigmoid(a)), ("a",), [r"h (1 - h)"]),
        (lambda a: a**2, ("a",), ["2 a"]),
    ],
)  # fmt: skip
def test_a_building_block_has_the_labels_of_the_slide(function, names, labels):
    picture = sg.draw(function(*(sg.input(name) for name in names)))

    assert [edge.label for edge in picture.view.edges] == labels


# S0-18: out = 2 in₁ + in₂ in₃ at (1, 2, 3) changes by 2, 3 and 2
def test_numbers_on_the_edges_are_the_local_derivatives_alone_or_behind_the_formula():
    a, b, c = sg.input("a"), sg.input("b"), sg.input("c")
    at = {"a": 1.0, "b": 2.0, "c": 3.0}
    out = sg.let("out", 2 * a + b * c)
    numeric = by_ends(sg.draw(out, at, labels="numeric"))
    both = by_ends(sg.draw(out, at, labels="both"))

    assert [numeric["2 a", "a"].label, numeric["b c", "b"].label] == ["2", "3"]
    assert (both["b c", "c"].label, both["b c", "c"].value) == ("b", "2")
    assert (both["2 a", "a"].label, both["2 a", "a"].value) == ("2", None)


def test_gradients_and_small_jacobians_stand_in_numbers_on_edges_of_arrays():
    W, x = sg.parameter("W", (2, 3)), sg.input("x", 3)
    y = sg.let("y", sg.tanh(W @ x))
    loss = sg.let("loss", sg.squared_norm(y))
    at = {"W": [[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]], "x": [0.5, -0.25, 0.125]}
    found = by_ends(sg.draw(loss, at, labels="numeric", digits=5))
    net = np.array(at["W"]) @ np.array(at["x"])

    assert found["W x", "x"].label == (r"\begin{pmatrix} 1 & 2 & 0 \\ 0 & -1 & 1 \end{pmatrix}")
    assert found["y", "W x"].label == (
        r"\begin{pmatrix} 1 & 0 \\ 0 & "
        rf"{1 - np.tanh(net[1]) ** 2:.5g} \end{{pmatrix}}"
    )
    assert found["W x", "W"].label == r"x^{\mathsf{T}}"


def test_a_long_gradient_shows_its_norm():
    x = sg.input("x", 16)
    found = by_ends(sg.draw(sg.let("s", sg.sum(x)), {"x": [2.0] * 16}, labels="numeric"))
    node = by_name(sg.draw(sg.let("s", sg.sum(x)), {"x": [2.0] * 16}))["x"]

    assert found["s", "x"].label == r"\lVert\cdot\rVert = 4"
    assert (node.forward, node.backward) == (r"\lVert\cdot\rVert = 8", r"\lVert\cdot\rVert = 4")


def test_nothing_on_a_picture_is_an_ellipsis_and_a_long_label_is_named_and_explained():
    for name in ("lstm", "gru", "conv-classifier", "digits", "max-pool"):
        picture = sg.draw(loss_of(name))

        assert not [e.label for e in picture.view.edges if e.label and "dots" in e.label]
        for edge in picture.view.edges:
            if edge.alt:
                assert edge.label.startswith(r"\frac{\partial")
    alts = [item.alt for item in sg.draw(loss_of("gru")).scene.items if item.layer == "edge"]
    assert any(r"\sum_{t}" in alt for alt in alts)


def test_every_name_f_of_a_label_stands_beside_a_node():
    x = sg.input("x", 3)
    W, V = sg.parameter("W", (3, 3)), sg.parameter("V", (3, 3))
    long = sg.tanh(W @ x + V @ sg.sin(x)) * sg.exp(x)
    picture = sg.draw(sg.squared_norm(sg.cos(long)))
    called = {
        name for edge in picture.view.edges for name in re.findall(r"f_\{(\d+)\}", edge.label or "")
    }
    beside = {
        name
        for node in picture.view.nodes
        for name in re.findall(r"^f_\{(\d+)\}", node.forward or "")
    }

    assert called
    assert called <= beside


def test_joined_vectors_stand_in_brackets():
    h, x, W = sg.input("h", 2), sg.input("x", 3), sg.parameter("W", (2, 5))
    labels = [node.label for node in sg.draw(sg.tanh(W @ sg.concat([h, x]))).view.nodes]

    assert r"[h,\,x]" in labels


# --- shared parameters --------------------------------------------------------------------------


def chain():
    w, h = sg.parameter("w"), sg.input("x")
    for t in range(4):
        h = sg.let(f"h{t + 1}", sg.tanh(w * h))
    return h


def test_chips_show_a_shared_parameter_at_every_use_in_one_colour():
    once, chips = sg.draw(chain()), sg.draw(chain(), shared="chips")
    drawn = [node for node in chips.view.nodes if node.alt == "w"]

    assert len(once.view.nodes) == 10
    assert len(drawn) == 4
    assert all(node.dashed and node.hue == 0 for node in drawn)
    paints = {item.paint for item in chips.scene.items if item.role == "parameter"}
    assert len(paints) == 1
    assert paints.pop().dash
    assert "chip" in legend(chips)
    assert "parameter" not in legend(chips)


def test_edges_of_a_shared_parameter_have_its_colour_and_those_of_others_none():
    a, b, x = sg.parameter("a"), sg.parameter("b"), sg.input("x")
    picture = sg.draw(a * sg.tanh(a * x) + b * sg.tanh(b * x) + x, shared="once")
    named = {node.id: node.alt for node in picture.view.nodes}
    hues = {(named[edge.tail], edge.hue) for edge in picture.view.edges}

    assert {hue for name, hue in hues if name in "ab"} == {0, 1}
    assert {hue for name, hue in hues if name not in "ab"} == {None}
    assert all(edge.hue is None for edge in sg.draw(chain()).view.edges)


def test_a_loop_written_out_has_the_same_weights_in_the_same_colour_at_all_times():
    view = graph_view(loss_of("rnn"), steps=3, shared="chips")
    hues = {}
    for node in view.nodes:
        if node.alt in ("U", "W"):
            hues.setdefault(node.alt, []).append(node.hue)

    assert {name: len(found) for name, found in hues.items()} == {"U": 3, "W": 3}
    assert {len(set(found)) for found in hues.values()} == {1}


# --- hidden, folded, dead -----------------------------------------------------------------------


def test_hidden_constants_stand_in_their_operation():
    picture = sg.draw(losses.hinge(), hide=("constants", "ones"))
    found = {node.label for node in picture.view.nodes}

    assert len(picture.view.nodes) == 7
    assert {r"\max(\,\cdot\,, 0)", r"1 - \,\cdot\,"} <= found
    assert "1" not in [edge.label for edge in picture.view.edges]


def test_affine_maps_are_one_node_each():
    W, b = sg.parameter("W", (3, 2)), sg.parameter("b", 3)
    v, c, x = sg.parameter("v", 3), sg.parameter("c"), sg.input("x", 2)
    y = v @ sg.tanh(W @ x + b) + c
    picture = sg.draw(y, fold="affine")

    assert len(picture.view.nodes) == 4
    assert picture.view.edges[0].label == "W"
    assert by_name(picture)["W x + b"].label == "W x + b"


def test_a_parameter_of_two_affine_maps_stays_outside():
    W, x = sg.parameter("W", (2, 2)), sg.input("x", 2)
    picture = sg.draw(sg.sum(W @ sg.tanh(W @ x)), fold="affine")

    assert "W" in by_name(picture)


def test_what_cannot_carry_a_derivative_is_dead_without_values_too():
    x, label = sg.input("x", 3), sg.input("label", (), "integer")
    picture = sg.draw(sg.cross_entropy(x, label))
    named = {node.id: node.alt for node in picture.view.nodes}

    assert [named[edge.tail] for edge in picture.view.edges if edge.dead] == ["label"]
    assert "dead" in legend(picture)
    assert "dead" not in legend(sg.draw(sg.sin(x)))


def test_an_inactive_unit_is_dead_and_an_active_one_is_not():
    a, b = sg.input("a", 2), sg.input("b", 2)
    loss = sg.sum(sg.relu(a)) + sg.sum(sg.relu(b))
    found = by_ends(sg.draw(loss, {"a": [-1.0, -2.0], "b": [-1.0, 2.0]}))

    assert found["relu(a)", "a"].dead
    assert not found["relu(b)", "b"].dead


# --- texts and bad input ------------------------------------------------------------------------


def test_values_can_be_given_by_name():
    nodes = by_name(sg.draw(losses.two_layer(), beside="names"))

    assert nodes["h1"].forward == "h_{1}"
    assert nodes["h1"].backward == r"\partial \mathrm{loss}/\partial h_{1}"
    assert nodes["loss"].backward == "1"


def test_the_legend_of_a_chinese_picture_is_chinese():
    picture = sg.draw(losses.hinge(), HINGE, language="zh", path="W")
    texts = [entry.text for entry in picture.view.entries]

    assert texts == [r"\text{参数}", r"\text{数据}", r"\text{路径}", r"\text{无导数流过}"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hide": "one"}, "hide='one'; write 'constants' or 'ones'"),
        ({"shared": "chip"}, "shared='chip'; write 'once', 'chips' or None"),
        ({"fold": "linear"}, "fold='linear'; write 'softmax', 'affine' or None"),
        ({"beside": "values"}, "beside='values'; write 'auto', 'numbers', 'names' or 'none'"),
        ({"beside": "numbers"}, "beside='numbers' needs numbers"),
        ({"labels": "numeric"}, "labels='numeric' needs numbers"),
        ({"steps": True}, "takes their number from the values"),
    ],
)
def test_a_choice_that_there_is_not_is_refused(options, message):
    with pytest.raises(sg.DrawError, match=message):
        sg.draw(loss_of("rnn"), **options)


def test_an_empty_list_is_refused():
    with pytest.raises(sg.DrawError, match="there is no expression"):
        sg.draw([])


def test_digits_that_there_are_not_are_refused():
    with pytest.raises(sg.RangeError, match="digits=0"):
        sg.draw(losses.hinge(), HINGE, digits=0)


# --- constants, softmax, names ------------------------------------------------------------------


def test_numbers_that_only_scale_stand_in_their_operation_and_others_have_a_vertex():
    x, y = sg.input("x"), sg.input("y")
    picture = sg.draw(sg.maximum(1 - 3 * x / 2, 0) + (y + 2) ** 3)
    labels = [node.label for node in picture.view.nodes]

    assert sorted(node.alt for node in picture.view.nodes if node.role == "constant") == [
        "0", "1", "2",
    ]  # fmt: skip
    assert {r"3\,\cdot", r"/\,2", r"(\,\cdot\,)^{3}"} <= set(labels)


def test_a_number_that_scales_here_and_is_added_there_is_drawn_for_the_sum_alone():
    x = sg.input("x")
    picture = sg.draw((x + 2) * 2)
    (two,) = [node.id for node in picture.view.nodes if node.alt == "2"]

    assert [edge.tail for edge in picture.view.edges].count(two) == 1


@pytest.mark.parametrize(("options", "nodes"), [({}, 3), ({"show": "constants"}, 4)])
def test_every_constant_has_a_vertex_on_request(options, nodes):
    x = sg.input("x")

    assert len(sg.draw(sg.let("y", sg.sin(2 * x)), **options).view.nodes) == nodes


def test_decimals_of_a_formula_are_rounded_like_values():
    x = sg.input("x")
    picture = sg.draw(sg.exp(x / 3**0.5) + 3**0.5, digits=3)
    texts = [edge.label for edge in picture.view.edges]

    assert "0.577" in texts
    assert {r"/\,1.73", "1.73"} <= {node.label for node in picture.view.nodes}


@pytest.mark.parametrize("shape", [(4,), ("N", 3)])
def test_a_softmax_is_one_vertex_and_its_parts_on_request(shape):
    z = sg.input("z", shape)
    loss = sg.sum(sg.log(sg.let("p", sg.softmax(z))))
    labels = [node.label for node in sg.draw(loss).view.nodes]

    assert labels == ["z", r"\mathrm{softmax}", r"\log", r"\sum"]
    assert len(sg.draw(loss, fold=None).view.nodes) > 5


def test_a_number_name_takes_a_letter_that_the_user_did_not():
    f, f1 = sg.input("f", 3), sg.input("f_1", 3)
    W, V = sg.parameter("W", (3, 3)), sg.parameter("V", (3, 3))
    long = sg.tanh(W @ f + V @ sg.sin(f1)) * sg.exp(f)
    picture = sg.draw(sg.squared_norm(sg.cos(long)))
    texts = " ".join(
        text for node in picture.view.nodes for text in (node.label, node.forward) if text
    ) + " ".join(edge.label for edge in picture.view.edges if edge.label)

    assert set(re.findall(r"f_\{(\d+)\}", texts)) == {"1"}
    assert re.findall(r"u_\{\d+\}", texts)


def test_numbers_are_joined_to_a_vector_without_vectors_of_one_entry_between():
    a, b, w = sg.input("a"), sg.input("b"), sg.parameter("w", 3)
    picture = sg.draw(
        sg.let("y", w @ sg.stack([sg.ones(()), a, b])), {"a": 2, "b": 3, "w": [4, 5, 6]}
    )
    found = {node.label: node for node in picture.view.nodes}

    assert len(picture.view.nodes) == 6
    assert (found["a"].backward, found["b"].backward) == ("5", "6")
    assert [edge.label for edge in picture.view.edges if edge.tail == found["a"].id] == ["1"]
