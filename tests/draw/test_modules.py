"""Boxes for named values, for alike blocks in a row, and for times; frames for what stays open."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.graphs.graph_view import graph_view
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.zoo import built, losses

TWO_LAYER = {
    "φ(x)": [1.0, 2.0], "v1": [0.5, -0.25], "v2": [-0.5, 0.75], "w1": 1.0, "w2": -2.0, "y": 1.0,
}  # fmt: skip


def deep(count, size=3, named=True, own=True, skip=False):
    h = sg.input("x", size)
    W, b = sg.parameter("W", (size, size)), sg.parameter("b", size)
    for layer in range(1, count + 1):
        if own:
            W, b = sg.parameter(f"W{layer}", (size, size)), sg.parameter(f"b{layer}", size)
        h = sg.tanh(W @ h + b) + h if skip else sg.tanh(W @ h + b)
        h = sg.let(f"h{layer}", h) if named else h
    return sg.let("L", sg.squared_norm(h - sg.input("y", size)) / 2)


def names(view):
    return {node.alt for node in view.nodes}


def ends(view):
    named = {node.id: node.alt for node in view.nodes}
    return {(named[edge.head], named[edge.tail]): edge for edge in view.edges}


def test_every_name_is_a_box_with_its_own_parameters_and_inputs_stay_outside():
    view = graph_view(losses.two_layer(), collapse="names")

    assert names(view) == {"loss", "residual", "h1", "h2", "φ(x)", "y"}
    assert set(ends(view)) == {
        ("loss", "residual"), ("residual", "h1"), ("residual", "h2"), ("residual", "y"),
        ("h1", "φ(x)"), ("h2", "φ(x)"),
    }  # fmt: skip
    labels = {node.alt: node.label for node in view.nodes}
    assert "w_{1},\\,w_{2}" in labels["residual"]
    assert "v_{1}" in labels["h1"]


# S0-23: d residual/dh_j = w_j, dh_j/dφ = h_j (1 - h_j) v_j
def test_the_label_between_boxes_is_the_derivative_through_all_that_is_in_the_box():
    view = graph_view(losses.two_layer(), TWO_LAYER, collapse="names", labels="numeric", digits=6)
    found = ends(view)
    h2 = 1 / (1 + np.exp(-1.0))

    assert found["residual", "h2"].label == "-2"
    assert found["residual", "y"].label == "-1"
    assert found["h1", "φ(x)"].label == r"(0.125,\; -0.0625)"
    first, second = h2 * (1 - h2) * np.array([-0.5, 0.75])
    assert found["h2", "φ(x)"].label == rf"({first:.6g},\; {second:.6g})"


def test_several_ways_through_a_box_are_added():
    x = sg.input("x")
    inner = sg.let("u", x * x + sg.sin(x))
    found = ends(graph_view(sg.let("y", sg.exp(inner)), {"x": 0.3}, collapse=["u"], labels="both"))

    assert found["u", "x"].label == r"\cos(x) + 2 x"
    assert found["u", "x"].value == f"{0.6 + np.cos(0.3):.4g}"


def test_a_long_derivative_of_a_box_is_written_by_name():
    found = ends(graph_view(deep(2), collapse="names"))
    long = ends(graph_view(built("conv-classifier").loss, collapse="names"))

    assert found["L", "h2"].label == "h_{2} - y"
    assert long["L", "z"].label
    assert long["Z", "X"].label == "K"


def test_only_the_listed_names_are_boxes():
    view = graph_view(losses.two_layer(), collapse=["h1"])

    assert {"h1", "h2", "v2", "w1", "w2"} <= names(view)
    assert "v1" not in names(view)
    assert len(view.nodes) == 15 - 2


def test_a_parameter_that_is_asked_for_stays_outside_of_its_box():
    loss = losses.two_layer()
    view = graph_view(loss, collapse="names", wrt=["v1"])

    assert "v1" in names(view)
    assert "v2" not in names(view)


def test_a_value_used_by_two_boxes_belongs_to_neither():
    x = sg.input("x")
    shared = sg.sin(x)
    a, b = sg.let("a", shared * 2), sg.let("b", sg.exp(shared))
    view = graph_view(sg.let("y", a * b), collapse="names")

    assert {"a", "b", "sin(x)", "y", "x"} == names(view)


def test_an_expanded_name_is_a_frame_around_its_values():
    view = graph_view(losses.two_layer(), expand=["h1"])
    (group,) = view.groups
    named = {node.id: node.alt for node in view.nodes}

    assert group.label == "h_{1}"
    assert {named[id] for id in group.members} == {"h1", "v1·φ(x)", "v1"}
    assert {"h2", "residual"} <= names(view)
    assert "v2" not in names(view)


def test_all_names_can_be_expanded():
    view = graph_view(losses.two_layer(), expand="all")

    assert len(view.nodes) == 15
    assert {group.label for group in view.groups} == {
        "h_{1}", "h_{2}", r"\mathrm{residual}", r"\mathrm{loss}",
    }  # fmt: skip


# --- repeats ------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_a_net_of_fifty_layers_is_one_box_and_what_stands_around_it(named, own, skip):
    view = graph_view(deep(50, named=named, own=own, skip=skip), collapse="repeats")
    boxes = [node for node in view.nodes if r"\times 50" in node.label]

    assert len(boxes) == 1
    assert len(view.nodes) == 7 + (0 if own else 2)
    assert len(graph_view(deep(50, own=own), collapse=["names", "repeats"]).nodes) <= 6
    if named:
        assert r"h_{1},\dots,h_{50}" in boxes[0].label


def test_layers_of_other_sizes_or_functions_are_no_repeats():
    h = sg.input("x", 4)
    for size, function in ((4, sg.tanh), (4, sg.sigmoid), (3, sg.tanh), (2, sg.tanh)):
        h = function(sg.parameter(f"W{size}{function.__name__}", (size, h.shape[0])) @ h)
    view = graph_view(sg.sum(h), collapse="repeats")

    assert not [node for node in view.nodes if r"\times" in node.label]


def test_the_number_on_a_folded_row_is_that_of_all_its_factors():
    h = sg.input("x")
    for _ in range(10):
        h = sg.sin(h)
    view = graph_view(h * 1.0, {"x": 0.7}, collapse="repeats", labels="numeric", digits=8)
    value, slope = 0.7, 1.0
    for _ in range(10):
        slope *= np.cos(value)
        value = np.sin(value)

    assert f"{slope:.8g}" in [edge.label for edge in view.edges]


def test_a_graph_too_large_to_be_read_is_collapsed_and_says_so():
    view = graph_view(deep(100))

    assert len(view.nodes) == 7
    assert view.notes == (
        r"\text{506 values are drawn as 7 nodes; collapse='none' draws every value.}",
    )
    assert "全部" in graph_view(deep(100), language="zh").notes[0]
    assert len(graph_view(deep(50), collapse="none").nodes) == 256


def test_a_large_graph_without_names_and_repeats_is_cut_into_slices():
    rng = np.random.default_rng(1)
    values = [sg.input("x")]
    for _ in range(3000):
        a, b = (values[k] for k in rng.integers(max(0, len(values) - 40), len(values), 2))
        values.append([a + b, a * b, a - b, sg.sin(a) * b][rng.integers(4)])
    view = graph_view(sum(values[-40:]))
    order = {node.id: k for k, node in enumerate(view.nodes)}

    assert len(view.nodes) <= 20
    assert all(order[edge.tail] < order[edge.head] for edge in view.edges)


def test_ten_thousand_vertices_are_drawn_collapsed():
    h = sg.input("x")
    for layer in range(2500):
        h = sg.let(f"h{layer}", sg.tanh(sg.parameter(f"w{layer}") * h))
    picture = sg.draw(h)

    assert len(picture.view.nodes) <= 5
    with pytest.raises(sg.DrawError, match="more than can be shown"):
        sg.draw(sg.sum(sg.stack([sg.sin(h * k) for k in range(4000)])), collapse="none")


def test_a_list_of_names_that_there_are_not_is_refused_with_the_nearest():
    with pytest.raises(sg.UnknownNameError, match=r"collapse: no value is called 'h3'.*'h[12]'"):
        graph_view(losses.two_layer(), collapse=["h3"])
    with pytest.raises(sg.UnknownNameError, match="expand: no value is called 'residuum'"):
        graph_view(losses.two_layer(), expand="residuum")
    with pytest.raises(sg.UnknownNameError, match="No value has a name"):
        graph_view(sg.sin(sg.input("x")), collapse=["h"])


# --- loops --------------------------------------------------------------------------------------


def test_a_loop_is_one_box_of_all_its_times():
    view = graph_view(built("lstm").loss)
    (box,) = [node for node in view.nodes if node.role == "module"]

    assert "h_{T}" in box.label
    assert r"t = 1,\dots,T" in box.label
    assert len([edge for edge in view.edges if edge.head == box.id]) == 11


def test_a_loop_written_out_has_a_frame_for_every_time():
    view = graph_view(built("rnn").loss, steps=3, shared="chips")
    sizes = {group.label: len(group.members) for group in view.groups}

    assert list(sizes) == ["t = 1", "t = 2", "t = 3"]
    assert len(set(sizes.values())) == 1
    assert all(group.role == "time" for group in view.groups)
    inside = {id for group in view.groups for id in group.members}
    named = {node.id: node.alt for node in view.nodes}
    assert {"s0", "d"}.isdisjoint(named[id] for id in inside)
    assert {"x_1", "x_2", "x_3"} <= {named[id] for id in inside}
    assert "x" not in named.values()
    data = {node.label for node in view.nodes if node.role == "data"}
    assert data == {"x_{1}", "x_{2}", "x_{3}", "s_{0}", "d"}


def test_entries_whose_names_are_taken_stay_parts_of_their_sequence():
    x, h0, w = sg.input("x", "T"), sg.input("h0"), sg.parameter("w")
    run = sg.scan(lambda h, x: sg.tanh(w * h + x), h0, x)
    view = graph_view(run.final * sg.input("x_2"), steps=2)

    assert "x" in names(view)


def test_chips_stand_in_the_frame_of_their_time():
    view = graph_view(built("rnn").loss, steps=3)
    named = {node.id: node.alt for node in view.nodes}

    for group in view.groups:
        assert {"U", "W"} <= {named[id] for id in group.members}


def test_of_a_long_loop_the_middle_is_left_out():
    view = graph_view(built("rnn").loss, steps=9)
    (gap,) = [node for node in view.nodes if r"\cdots" in node.label and "t = " in node.label]

    assert [group.label for group in view.groups] == ["t = 1", "t = 2", "t = 9"]
    assert r"t = 3,\dots,8" in gap.label
    assert [edge for edge in view.edges if edge.tail == gap.id]
    assert [edge for edge in view.edges if edge.head == gap.id]


def test_as_many_times_are_written_out_as_the_values_have():
    rng = np.random.default_rng(0)
    at = {
        "s0": np.zeros(3), "x": rng.normal(size=(2, 2)), "U": rng.normal(size=(3, 2)),
        "W": rng.normal(size=(3, 3)), "d": np.ones(3),
    }  # fmt: skip
    view = graph_view(built("rnn").loss, at, steps=True)

    assert [group.label for group in view.groups] == ["t = 1", "t = 2"]


def test_a_row_of_alike_blocks_is_labelled_by_the_product_of_their_derivatives():
    # dh_6/dx = dh_6/dh_5 ... dh_2/dh_1 dh_1/dx by the chain rule.
    view = graph_view(deep(6), collapse="repeats")
    labels = {(edge.tail, edge.head): edge.label for edge in view.edges}
    (data,) = (node.id for node in view.nodes if node.alt == "x")
    (box,) = (node.id for node in view.nodes if "6 times" in (node.alt or ""))

    assert labels[data, box] == (
        r"\prod_{k=2}^{6} \frac{\partial h_{k}}{\partial h_{k-1}} \cdot "
        r"\frac{\partial h_{1}}{\partial x}"
    )


def test_what_enters_every_block_is_not_labelled_by_one_product():
    # The derivative by a shared W is a sum over the blocks.
    view = graph_view(deep(6, own=False), collapse="repeats")
    (shared,) = (node.id for node in view.nodes if node.alt == "W")
    labels = [edge.label or "" for edge in view.edges if edge.tail == shared]

    assert labels
    assert not any("prod" in label for label in labels)


def _heads(count, width=2):
    x = sg.input("x", (4, 3))
    heads = []
    for k in range(1, count + 1):
        Q, K, V = (sg.parameter(f"{name}{k}", (3, width)) for name in ("Q", "K", "V"))
        heads.append(sg.let(f"h{k}", sg.softmax((x @ Q) @ (x @ K).T, axis=-1) @ (x @ V)))
    return heads


@pytest.mark.parametrize("count", [2, 3, 8])
def test_alike_heads_side_by_side_are_one_box_with_their_number(count):
    joined = sg.let("z", sg.concat(_heads(count), axis=1))
    picture = sg.draw(sg.sum(joined), collapse="branches")
    boxes = [node for node in picture.view.nodes if rf"\times {count}" in node.label]
    inputs = [node.label for node in picture.view.nodes if node.role in ("parameter", "data")]

    assert len(boxes) == 1
    assert rf"h_{{1}},\dots,h_{{{count}}}" in boxes[0].label
    assert inputs == ["x"]
    labels = {edge.label for edge in picture.view.edges if boxes[0].id in (edge.tail, edge.head)}
    above = r"\frac{\partial z}{\partial h_{k}}"
    assert labels == {above, r"\frac{\partial h_{k}}{\partial x}"}
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_heads_that_differ_stay_apart():
    (one,), W = _heads(1), sg.parameter("W", (3, 2))
    other = sg.let("g", sg.tanh(sg.input("x", (4, 3)) @ W))
    views = [
        sg.draw(sg.sum(sg.concat([one, other], axis=1)), collapse=how).view
        for how in ("branches", "none")
    ]
    assert len(views[0].nodes) == len(views[1].nodes)


def test_copies_without_names_are_folded_too():
    x = sg.input("x")
    terms = [sg.tanh(sg.parameter(f"w_{k}") * x) ** 2 for k in range(5)]
    values = {"x": 0.5} | {f"w_{k}": k for k in range(5)}
    view = sg.draw(sg.sum(sg.stack(terms)), values, collapse="branches").view
    (box,) = (node for node in view.nodes if r"\times 5" in node.label)
    assert box.forward is None  # five numbers are none
    assert [node.label for node in view.nodes if node.role == "parameter"] == []
