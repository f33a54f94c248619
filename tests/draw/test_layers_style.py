"""The style "layers": nets of the lectures and others, read unit by unit from their expressions."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.zoo import convolution, deep, gates, losses, networks, recurrent, units


def layers(expr, values=None, **options):
    return draw(expr, values, style="layers", **options)


def labels(picture):
    return [edge.label for edge in picture.view.edges]


def drawn(picture):
    """How many nodes and edges the scene shows."""
    layers_ = [item.layer for item in picture.scene.items]
    return layers_.count("node"), layers_.count("edge")


PHI = sg.function("φ")
FEATURES = units.score_of_features(function=PHI)


@pytest.mark.parametrize(
    ("expr", "options", "counts"),
    [
        (FEATURES, {}, (4, 3)),
        (units.activated_score(function=PHI), {}, (4, 3)),
        (units.activated_score(function=PHI), {"split": True}, (5, 4)),
        (units.two_cars_net(), {}, (6, 8)),
        (units.mcculloch_pitts(), {}, (3, 2)),
        (units.xor(), {}, (5, 6)),
        (units.xor_skip(), {}, (4, 5)),
        (networks.named_units(), {}, (7, 12)),
        (networks.two_three_one(), {}, (6, 9)),
        (networks.two_three_one(), {"bias": "unit"}, (7, 12)),
        (networks.dense(5, 3, 2), {"bias": "none"}, (10, 21)),
        (networks.feedforward(), {}, (9, 20)),
        (networks.worked_example(), {}, (5, 6)),
        (networks.six_relus(), {}, (8, 12)),
        (networks.quadratic_layers(), {}, (5, 6)),
        (convolution.shared_weights(), {}, (8, 9)),
        (deep.residual_block(), {}, (9, 21)),
        (losses.hinge(), {}, (3, 2)),
        (losses.two_layer(), {}, (5, 6)),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_net_has_its_units_and_edges_and_nothing_collides(expr, options, counts, language):
    picture = layers(expr, language=language, **options)

    assert drawn(picture) == counts
    assert overlaps(picture.scene) == []
    assert edge_hits(picture.scene) == []


def test_edges_of_a_score_carry_its_weights():
    picture = layers(FEATURES)

    assert labels(picture) == ["w_{1}", "w_{2}", "w_{3}"]
    names = [node.label for node in picture.view.nodes]
    assert names == [rf"\phi\left(x_{{{k}}}\right)" for k in (1, 2, 3)] + [r"\mathrm{score}"]


def test_layers_are_captioned_in_both_languages():
    net = units.two_cars_net()

    assert [group.label.split("}")[0] for group in layers(net).view.groups] == [
        r"\text{input layer", r"\text{hidden layer", r"\text{output layer",
    ]  # fmt: skip
    assert [group.label.split("}")[0] for group in layers(net, language="zh").view.groups] == [
        r"\text{输入层", r"\text{隐藏层", r"\text{输出层",
    ]  # fmt: skip


def test_thresholds_stand_in_the_circles_and_skip_edges_go_past_the_hidden_unit():
    picture = layers(units.xor_skip())
    nodes = {node.id: node for node in picture.view.nodes}

    assert [(n.label, n.caption) for n in nodes.values()][2:] == [("1.5", "h"), ("0.5", "y")]
    edges = {(nodes[e.tail].label, nodes[e.head].label): e.label for e in picture.view.edges}
    assert edges == {
        ("x_{1}", "1.5"): "1", ("x_{2}", "1.5"): "1",
        ("x_{1}", "0.5"): "1", ("x_{2}", "0.5"): "1", ("1.5", "0.5"): "-2",
    }  # fmt: skip


def test_the_order_of_units_does_not_depend_on_what_was_built_before():
    x1, x2 = sg.input("p1"), sg.input("p2")
    second = sg.let("g2", sg.tanh(sg.parameter("q2") * x2))
    first = sg.let("g1", sg.tanh(sg.parameter("q1") * x1))
    y = sg.let("y", sg.parameter("r1") * first + sg.parameter("r2") * second)

    assert [node.label for node in layers(y).view.nodes] == [
        "p_{1}", "p_{2}", "g_{1}", "g_{2}", "y",
    ]  # fmt: skip


def test_indicators_of_comparisons_are_threshold_units_too():
    a, b = sg.input("a"), sg.input("b")
    picture = layers(sg.let("or", sg.indicator(0.5 <= a + 3 * b)))

    assert [node.label for node in picture.view.nodes] == ["a", "b", "0.5"]
    assert labels(picture) == ["1", "3"]


def test_greek_units_keep_their_names_and_weights():
    picture = layers(networks.named_units())

    assert [node.label for node in picture.view.nodes] == [
        r"\lambda", r"\Omega", "A", "B", "C", r"\alpha", r"\beta",
    ]  # fmt: skip
    assert labels(picture)[:2] == [r"w_{A\lambda}", r"w_{A\Omega}"]


def test_units_that_a_mask_switches_off_are_crossed_out_with_their_edges():
    W1 = [[0, 1.2], [1, -0.6], [-1, -0.2], [-0.8, -0.2]]
    values = {"x": [0.5, -1.0], "m": [1, 0, 1, 0], "W1": W1, "W2": [[1, -0.2, -0.2, 1]]}
    picture = layers(units.dropout_net(), values)
    nodes = {node.id: node for node in picture.view.nodes}

    assert [n.label for n in nodes.values() if n.crossed] == ["h_{2}", "h_{4}"]
    dead = [(nodes[e.tail].label, nodes[e.head].label) for e in picture.view.edges if e.dead]
    assert len(dead) == 6
    assert all("h_{2}" in ends or "h_{4}" in ends for ends in dead)
    assert sum(item.layer == "mark" for item in picture.scene.items) == 4
    hidden = 1 / (1 + np.exp(-np.array(W1) @ [0.5, -1.0]))
    assert [n.forward for n in nodes.values()][2:6] == [f"{h:.4g}" for h in hidden]


def test_dropout_with_a_key_is_read_as_its_training_form():
    x = sg.input("x", 3)
    net = sg.parameter("u", 4) @ sg.dropout(sg.tanh(sg.parameter("W", (4, 3)) @ x), 0.5)

    assert drawn(layers(net)) == (8, 16)


def test_rectifiers_that_are_off_are_grey_and_so_are_their_edges():
    picture = layers(networks.six_relus(), {"x": 0.3})
    off = {node.id for node in picture.view.nodes if node.role == "off"}

    # max(0, 1.2 x + 1) = 1.36 and max(0, 1.2 x - 0.2) = 0.16 at x = 0.3, the four others are 0.
    assert [n.forward for n in picture.view.nodes if n.id not in off] == [
        "0.3", "1.36", "0.16", "-1.2",
    ]  # fmt: skip
    assert all(e.dead == (e.tail in off or e.head in off) for e in picture.view.edges)


def test_shared_weights_have_one_colour_each():
    picture = layers(convolution.shared_weights())
    colours = {}
    for edge in picture.view.edges:
        colours.setdefault(edge.label, set()).add(edge.hue)

    assert {name: len(hues) for name, hues in colours.items()} == {
        "w_{1}": 1, "w_{2}": 1, "w_{3}": 1,
    }  # fmt: skip
    assert len(set.union(*colours.values())) == 3


def test_weights_are_numbers_where_asked():
    x = sg.input("x", 2)
    net = sg.let("y", sg.tanh(sg.parameter("A", (1, 2)) @ x + sg.parameter("b", 1)))
    values = {"x": [1.0, 2.0], "A": [[0.25, -3.0]], "b": [0.5]}

    assert labels(layers(net, values, labels="numeric")) == ["0.25", "-3"]
    both = layers(net, values, labels="both").view.edges
    assert [(edge.label, edge.value) for edge in both] == [("a_{11}", "0.25"), ("a_{12}", "-3")]
    assert layers(net, values, labels="numeric").view.nodes[-1].caption == "+0.5"


def test_wide_layers_show_their_first_units_and_the_last():
    x, label = sg.input("x", ("N", 784)), sg.input("label", ("N",), kind="integer")
    h = sg.let("h", sg.relu(x @ sg.parameter("W1", (784, 100)) + sg.parameter("b1", 100)))
    loss = sg.cross_entropy(h @ sg.parameter("W2", (100, 10)), label)
    picture = layers(loss)
    shown = [node.label for node in picture.view.nodes]

    assert shown[:4] == ["x_{1}", "x_{2}", r"\vdots", "x_{784}"]
    assert shown[4:8] == ["h_{1}", "h_{2}", r"\vdots", "h_{100}"]
    assert "w_{784,100}^{(1)}" in labels(picture)
    assert overlaps(picture.scene) == edge_hits(picture.scene) == []


def test_symbolic_sizes_end_in_their_letter():
    y = sg.let("y", sg.tanh(sg.parameter("W", ("m", "n")) @ sg.input("x", "n")))

    assert [node.label for node in layers(y).view.nodes] == [
        "x_{1}", "x_{2}", r"\vdots", "x_{n}", "y_{1}", "y_{2}", r"\vdots", "y_{m}",
    ]  # fmt: skip


@pytest.mark.parametrize("rows", ["N", 4])
def test_a_batch_of_rows_is_one_net(rows):
    X, T = sg.input("X", (rows, 3)), sg.input("T", (rows, 2))
    loss = sg.mean((sg.tanh(X @ sg.parameter("W", (3, 2))) - T) ** 2)
    picture = layers(loss)

    assert drawn(picture) == (5, 6)
    assert [node.label for node in picture.view.nodes][:3] == ["X_{1}", "X_{2}", "X_{3}"]
    assert labels(picture)[:3] == ["w_{11}", "w_{21}", "w_{31}"]


def test_a_bias_within_the_weights_is_a_unit_one_or_a_bias():
    x = sg.input("x", 2)
    W = sg.parameter("W", (1, 3))

    assert drawn(layers(sg.tanh(W @ sg.concat([sg.ones(1), x])))) == (4, 3)
    assert drawn(layers(sg.tanh(W @ sg.concat([x, [1.0]])))) == (4, 3)


def test_linear_layers_one_on_the_other_stay_two_layers():
    net = sg.parameter("B", (2, 3)) @ (sg.parameter("A", (3, 4)) @ sg.input("x", 4))

    assert drawn(layers(net)) == (9, 18)


def test_a_penalty_on_the_weights_is_no_part_of_the_net():
    w = sg.parameter("w", 3)
    loss = (w @ sg.input("x", 3) - sg.input("y")) ** 2 + 0.1 * sg.sum(w**2)

    assert drawn(layers(loss)) == (4, 3)


def test_what_is_no_layered_net_is_refused_in_one_sentence():
    x = sg.input("x", 3)
    gate = sg.sigmoid(sg.parameter("A", (2, 3)) @ x) * sg.tanh(sg.parameter("B", (2, 3)) @ x)
    refused = [
        (gate, "two units are multiplied, as in a gate"),
        (gates.lstm().loss, "nets without loops"),
        (recurrent.rnn().loss, "nets without loops"),
        (sg.parameter("w") * 2, "weighted sums of data, and this expression has none"),
        (convolution.digits_cnn().loss, "is neither"),
    ]
    for expr, why in refused:
        with pytest.raises(sg.DrawError, match=why):
            layers(expr)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"labels": "numeric"}, "needs numbers; give values"),
        ({"labels": "all"}, "labels='all'; write"),
        ({"bias": "above"}, "bias='above'; write"),
        ({"widest": 2}, "widest=2; write a whole number from 3"),
        ({"output": "q"}, "output='q' is no value of this expression; named are"),
        ({"depth": 2}, "has no option 'depth'"),
    ],
)
def test_wrong_options_are_refused(options, why):
    with pytest.raises(sg.DrawError, match=why):
        layers(networks.named_units(), **options)


def test_a_named_value_can_be_the_output():
    assert drawn(layers(networks.dense(2, 3, 2), output="h")) == (5, 6)


@pytest.mark.parametrize("theme", ["lecture", "print", "dark"])
def test_every_theme_draws_the_same_places(theme):
    net = networks.named_units()

    light, other = layers(net), layers(net, theme=theme)
    # Rims of other widths only.
    assert other.scene.width == pytest.approx(light.scene.width, abs=4)
    assert other.scene.height == pytest.approx(light.scene.height, abs=4)


def test_vectors_side_by_side_are_numbered_below_the_line():
    v_1, v_2, x = sg.parameter("v1", 2), sg.parameter("v_2", 2), sg.input("x", 2)
    hidden = sg.stack([sg.sigmoid(sg.sum(v_1 * x)), sg.sigmoid(sg.sum(v_2 * x))])
    picture = sg.draw(sg.let("y", sg.parameter("w", 2) @ hidden), style="layers")
    assert [edge.label for edge in picture.view.edges] == [
        "v_{1,1}", "v_{1,2}", "v_{2,1}", "v_{2,2}", "w_{1}", "w_{2}",
    ]  # fmt: skip

    W, b = sg.parameter("W1", (2, 2)), sg.parameter("b1", 2)
    layer = sg.draw(sg.let("y", sg.tanh(W @ x + b)), style="layers", bias="unit").view
    assert {"w_{11}^{(1)}", "b_{2}^{(1)}"} <= {edge.label for edge in layer.edges}
