"""The styles "blocks" and "bipartite": layers as boxes, stacks of stages, machines of two rows."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.walks import variables
from symgraph.zoo import convolution, deep, networks, units


def blocks(expr, **options):
    return draw(expr, style="blocks", **options)


def is_clean(picture):
    return overlaps(picture.scene) == [] and edge_hits(picture.scene) == []


@pytest.mark.parametrize("direction", ["LR", "BT"])
def test_a_residual_block_has_two_paths_and_the_shortcut_carries_the_identity(direction):
    picture = blocks(deep.residual_block(), direction=direction)
    roles = [node.role for node in picture.view.nodes]
    (shortcut,) = [edge for edge in picture.view.edges if edge.label == "I"]
    heads = [edge.head for edge in picture.view.edges]

    assert roles == ["data", "gate", "gate", "pointwise", "module"]
    assert len(heads) == 5
    assert (shortcut.tail, heads.count(shortcut.head)) == (picture.view.nodes[0].id, 2)
    assert not shortcut.ink
    assert is_clean(picture)


def test_a_shortcut_of_numbers_has_the_derivative_1():
    picture = blocks(deep.residual_chain(3))

    assert [edge.label for edge in picture.view.edges if edge.label] == ["1", "1", "1"]
    assert is_clean(picture)


def test_a_target_is_no_shortcut():
    x = sg.input("x", 3)
    loss = sg.sum((sg.parameter("W", (3, 3)) @ x - x) ** 2)

    assert len(blocks(loss).view.nodes) == 2


def test_layers_say_their_function_of_weights():
    labels = [node.label for node in blocks(networks.dense()).view.nodes]

    assert labels == ["x", r"\tanh(W_{1}\,\cdot{} + b_{1})", r"W_{2}\,\cdot{} + b_{2}"]
    net = blocks(convolution.digits_cnn().loss)
    assert len(net.view.nodes) == 6
    assert is_clean(net)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pretraining_is_two_autoencoders_and_an_output_layer_with_frozen_copies(language):
    picture = blocks(units.stacked_autoencoders(5, 3, 2), language=language)
    view = picture.view
    nodes = {node.id: node for node in view.nodes}
    copies = [(e.tail, e.head) for e in view.edges if e.dashed]

    words = {"en": ("autoencoder", "output layer"), "zh": ("自编码器", "输出层")}[language]
    assert [group.label for group in view.groups] == [
        rf"\text{{{words[0]} 1}}", rf"\text{{{words[0]} 2}}", rf"\text{{{words[1]}}}",
    ]  # fmt: skip
    # x, h1, x̂; x, h1 (frozen), h2, ĥ; x, h1 and h2 (frozen), p.
    assert [len(group.members) for group in view.groups] == [3, 4, 4]
    assert [node.role for node in view.nodes].count("frozen") == 3
    assert all(nodes[head].role == "frozen" for _, head in copies)
    assert [(nodes[t].label, nodes[h].label) for t, h in copies] == [
        (nodes[head].label, nodes[head].label) for _, head in copies
    ]
    assert len(copies) == 3
    assert is_clean(picture)


def test_an_expression_without_layers_is_refused():
    with pytest.raises(sg.DrawError, match="there is no layer in this expression"):
        blocks(sg.parameter("w") * 2)


def test_a_boltzmann_machine_is_two_rows_joined_by_lines_with_the_weights():
    view = draw(units.boltzmann_machine(3, 2), style="bipartite").view

    assert (len(view.nodes), len(view.edges)) == (5, 6)
    assert not any(edge.arrow for edge in view.edges)
    labels = sorted(edge.label for edge in view.edges)
    assert labels == ["w_{11}", "w_{12}", "w_{21}", "w_{22}", "w_{31}", "w_{32}"]
    heights = {node.label: node.at[1] for node in view.nodes}
    assert heights == {"v_{1}": 0, "v_{2}": 0, "v_{3}": 0, "h_{1}": 1, "h_{2}": 1}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_machines_are_drawn_without_a_collision(language):
    for expr in (units.boltzmann_machine(), units.deep_belief()):
        assert is_clean(draw(expr, style="bipartite", language=language))


def test_only_the_top_of_a_belief_net_is_undirected():
    view = draw(units.deep_belief(4, 3, 2), style="bipartite").view
    heights = {node.id: node.at[1] for node in view.nodes}

    assert (len(view.nodes), len(view.edges)) == (9, 4 * 3 + 3 * 2)
    assert all(edge.arrow == (heights[edge.head] == 0) for edge in view.edges)


def test_an_energy_written_with_an_outer_product_and_wide_rows_is_read_too():
    s, t = sg.input("s", 2000), sg.input("t", "m")
    view = draw(
        -sg.sum(sg.outer(s, t) * sg.parameter("J", (2000, "m"))), style="bipartite"
    ).view  # fmt: skip

    assert [node.label for node in view.nodes] == [
        "s_{1}", "s_{2}", r"\cdots", "s_{2000}", "t_{1}", "t_{2}", r"\cdots", "t_{m}",
    ]  # fmt: skip


def test_values_of_units_stand_beside_them():
    values = {"v": [1, 0, 1], "h": [0, 1]}
    view = draw(units.boltzmann_machine(), values, style="bipartite").view

    assert [node.forward for node in view.nodes] == ["1", "0", "1", "0", "1"]


@pytest.mark.parametrize(
    ("energy", "why"),
    [
        (lambda v: v @ sg.parameter("W", (3, 3)) @ v, "of one row are joined"),
        (lambda v: v, r"is one number; this expression has shape \(3,\)"),
        (lambda v: sg.sum(v), "multiplies none"),
        (lambda v: sg.sum(sg.tanh(sg.parameter("a") * v) * v), "are multiplied"),
    ],
)
def test_what_is_no_restricted_machine_is_refused(energy, why):
    with pytest.raises(sg.DrawError, match=why):
        draw(energy(sg.input("v", 3)), style="bipartite")


def test_one_number_is_in_the_real_line_without_an_exponent():
    from symgraph.zoo import builder

    labels = " ".join(
        n.label for n in sg.draw(builder("autoencoders")(), style="blocks").view.nodes
    )

    assert r"p\in\mathbb{R}" in labels
    assert "^{1}" not in labels


def test_layers_show_what_they_hand_on_where_that_is_short():
    values = {
        "x": [0.5, -1.0], "W1": [[1.0, 2.0], [0.5, 0.1], [-1.0, 0.3]], "b1": [0.1, 0.2, 0.3],
        "W2": [[1.0, 1.0, -2.0], [0.5, 0.0, 1.0]], "b2": [0.0, 1.0], "y": [1.0, 0.0],
    }  # fmt: skip
    W1, b1, W2, b2 = (np.array(values[name]) for name in ("W1", "b1", "W2", "b2"))
    hidden = np.tanh(W1 @ values["x"] + b1)
    x = sg.input("x", 2)
    h = sg.tanh(sg.parameter("W1", (3, 2)) @ x + sg.parameter("b1", 3))
    y = sg.parameter("W2", (2, 3)) @ h + sg.parameter("b2", 2)
    loss = sg.squared_norm(y - sg.input("y", 2))

    for direction in ("LR", "BT"):
        picture = draw(loss, values, style="blocks", direction=direction, digits=6)
        told = [node.forward for node in picture.view.nodes]
        shown = [[float(x) for x in text.strip("()").split(r",\;")] for text in told]
        truths = [values["x"], list(hidden), list(W2 @ hidden + b2)]
        assert [pytest.approx(truth, rel=1e-4) for truth in truths] == shown
        assert overlaps(picture.scene) == []
    assert all(node.forward is None for node in draw(loss, style="blocks").view.nodes)


def test_maps_show_short_vectors_only():
    rng = np.random.default_rng(0)
    loss = convolution.conv_classifier().loss
    leaves = [leaf for leaf in variables([loss]) if leaf.kind == "real"]
    values = {leaf.name: rng.normal(size=leaf.shape) for leaf in leaves}
    values |= {leaf.name: 1 for leaf in variables([loss]) if leaf.kind == "integer"}
    told = {node.alt: node.forward for node in draw(loss, values, style="maps").view.nodes}
    assert [name for name, text in told.items() if text] == ["z"]
