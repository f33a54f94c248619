"""Parts of a net that have a name of their own: normalisation, dropout, softmax, attention."""

import re

import pytest
from hypothesis import given, strategies as st

import symgraph as sg
from symgraph.draw.nets.blocks_view import blocks_view
from symgraph.draw.nets.maps_view import maps_view


def boxes(expr, **options):
    """What the boxes say, in the order of the flow."""
    return [node.label for node in blocks_view(expr, **options).nodes]


def named(label):
    """The words of a label."""
    return re.search(r"\\text{(.*?)}", label)[1]


def test_a_normalisation_written_out_by_hand_is_one_box_with_its_parameters():
    x, W = sg.input("x", ("N", 4)), sg.parameter("W", (4, 3))
    gamma, beta = sg.parameter("γ", 3), sg.parameter("β", 3)
    z = x @ W
    mean = sg.mean(z, axis=1, keepdims=True)
    variance = sg.mean((z - mean) ** 2, axis=1, keepdims=True)
    h = sg.relu((z - mean) / sg.sqrt(variance + 1e-5) * gamma + beta)

    shown = boxes(h @ sg.parameter("V", (3, 2)))
    assert [shown[0], shown[1], shown[3], shown[4]] == [
        "x",
        r"W\,\cdot",
        r"\mathrm{ReLU}",
        r"V\,\cdot",
    ]
    assert named(shown[2]) == "layer norm"
    assert r"\gamma,\;\beta" in shown[2]


def test_a_normalisation_whose_mean_has_a_name_stays_open():
    x = sg.input("x", ("N", 4))
    mean = sg.let("μ", sg.mean(x, axis=1, keepdims=True))
    spread = sg.sqrt(sg.mean((x - mean) ** 2, axis=1, keepdims=True) + 1e-5)
    shown = boxes((x - mean) / spread @ sg.parameter("V", (4, 2)))

    assert r"\text{layer norm}" not in shown
    assert r"\text{mean}" in shown
    assert r"\sqrt{\,\cdot\,}" in shown


def test_a_deviation_that_is_used_elsewhere_keeps_a_normalisation_open():
    x = sg.input("x", ("N", 4))
    spread = sg.sqrt(sg.mean((x - sg.mean(x, 1, keepdims=True)) ** 2, 1, keepdims=True) + 1e-5)
    normal = (x - sg.mean(x, 1, keepdims=True)) / spread
    shown = boxes(sg.concat([normal, spread], axis=1) @ sg.parameter("V", (5, 2)))

    assert r"\text{layer norm}" not in shown


@pytest.mark.parametrize(
    ("layer", "word", "zh"),
    [
        (lambda z: sg.nn.batch_norm(z, "bn"), "batch norm", "批归一化"),
        (lambda z: sg.nn.layer_norm(z, "ln"), "layer norm", "层归一化"),
        (lambda z: sg.dropout(z, 0.5), "dropout", "随机失活"),
        (lambda z: sg.softmax(z, axis=1), "softmax", "softmax"),
    ],
)
def test_a_part_is_called_by_its_name_in_both_languages(layer, word, zh):
    x, W, V = sg.input("x", ("N", 4)), sg.parameter("W", (4, 3)), sg.parameter("V", (3, 2))
    net = layer(x @ W) @ V

    for language, said in (("en", word), ("zh", zh)):
        shown = boxes(net, language=language)
        assert len(shown) == 4
        assert named(shown[2]) == said


def test_a_mean_over_words_is_one_box_and_a_mean_pooling_stays_one():
    x, W = sg.input("x", ("N", 5, 4)), sg.parameter("W", (4, 2))
    assert boxes(sg.mean(x, axis=1) @ W)[1] == r"\text{mean}"

    image, K = sg.input("X", (1, 1, 6, 6)), sg.parameter("K", (1, 1, 3, 3))
    signs = [node.label for node in maps_view(sg.mean_pool2d(sg.conv2d(image, K), 2)).nodes]
    assert not any("mean" in sign for sign in signs)
    assert len(signs) == 3


def attention(x, heads, size, masked):
    """Heads of attention by which rows look at each other, added to what they read."""
    features, total = int(x.shape[1]), x
    for i in range(heads):
        Q, K, V = (x @ sg.parameter(f"{part}{i}", (features, size)) for part in "QKV")
        scores = Q @ K.T / sg.sqrt(sg.const(size))
        if masked:
            rows = sg.arange(x.shape[0])
            scores = sg.where(rows[:, None] >= rows, scores, -1e9)
        A = sg.let(f"A{i}", sg.softmax(scores, axis=1))
        total = total + A @ V @ sg.parameter(f"O{i}", (size, features))
    return total


@given(
    heads=st.integers(1, 5), size=st.integers(1, 3), masked=st.booleans(),
    rows=st.sampled_from([1, 2, 5, "T"]), features=st.integers(1, 4),
)  # fmt: skip
def test_heads_of_attention_are_one_box_that_counts_them(heads, size, masked, rows, features):
    x = sg.input("x", (rows, features))
    view = blocks_view(attention(x, heads, size, masked) @ sg.parameter("W", (features, 2)))

    word = "masked attention" if masked else "attention"
    wanted = f"{word}, {heads} heads" if heads > 1 else word
    assert [named(view.nodes[1].label)] == [wanted]
    assert [node.label for node in view.nodes[2:]] == ["+", r"W\,\cdot"]
    assert sorted((edge.tail, edge.head) for edge in view.edges) == [
        ("s0", "s1"), ("s0", "s2"), ("s1", "s2"), ("s2", "s3")
    ]  # fmt: skip


def test_attention_between_given_values_shows_every_product():
    Q, K, V = (sg.input(name, (3, 2)) for name in "QKV")
    shown = boxes(sg.softmax(Q @ K.T / 2, axis=1) @ V)

    assert r"Q\,K^{\mathsf{T}}" in shown
    assert r"\text{softmax}" in shown
    assert not any("attention" in label for label in shown)
