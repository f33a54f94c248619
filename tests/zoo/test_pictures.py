"""The picture of each system: as a lecturer would draw it, and as its options say."""

import contextlib
import io
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from symgraph import cli, zoo
from symgraph.draw.picture import Picture
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.network import load_network
from symgraph.node import topological
from symgraph.zoo import pages, pictures

FILE = Path("net.svg")
#: More values than this are no picture that a lecture shows value by value.
LARGE = 25


def commands(text, file=FILE):
    name = text.partition(",")[0]
    defaults = {one["name"]: one["default"] for one in pages.options(name, zoo.builder(name), "en")}
    return pictures.commands(text, name, file, defaults)


@cache
def drawn(text, language="en"):
    """The picture that the first command which works makes, and its options."""
    for command in commands(text):
        found = []
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(io.StringIO()):
            patch.setattr(Picture, "save", lambda picture, path, found=found: found.append(picture))
            with contextlib.redirect_stdout(io.StringIO()):
                if cli.main([*command, "--language", language]) == 0 and found:
                    return found[0], command[3:]
    raise AssertionError(f"{text} is not drawn")


def texts(picture, layer="text"):
    return [item.source for item in picture.scene.items if item.layer == layer]


#: Those of the lectures are looked at as the lectures' figures.
OWN = [name for name, line in pictures.PICTURES.items() if line.startswith("draw {net}")]


@pytest.mark.parametrize("name", OWN)
def test_the_picture_of_a_system_has_no_blemish(name):
    picture, _ = drawn(name)

    assert overlaps(picture.scene) == []
    assert edge_hits(picture.scene) == []


@pytest.mark.parametrize("name", zoo.names())
def test_a_large_system_is_drawn_by_its_layers_blocks_or_times(name):
    size = len(topological([load_network(f"zoo:{name}")]))
    best = commands(name)[0]

    assert size <= LARGE or "--style" in best or best[0] == "plot" or "--tree" in best


@settings(max_examples=3, deadline=None)
@given(
    layers=st.integers(1, 2), heads=st.integers(1, 4), features=st.integers(4, 9),
    hidden=st.integers(1, 12), words=st.integers(2, 9), steps=st.integers(1, 6),
)  # fmt: skip
def test_the_blocks_of_a_transformer_follow_its_options(
    layers, heads, features, hidden, words, steps
):
    picture, options = drawn(
        f"transformer,layers={layers},heads={heads},features={features},hidden={hidden},"
        f"words={words},steps={steps}"
    )
    inside, beside = texts(picture), texts(picture, "label")

    assert options[:2] == ["--style", "blocks"]
    assert sum("layer norm" in text for text in inside) == 2 * layers + 1
    word = rf"\text{{masked attention, {heads} heads}}" if heads > 1 else r"\text{masked attention}"
    assert sum(word in text for text in inside) == layers
    assert sum("ReLU" in text for text in inside) == layers
    assert inside.count("+") == 2 * layers
    assert sum(rf"{steps} \times {words}" in text for text in inside) == 1
    assert sum(text.endswith(rf"{steps} \times {hidden}") for text in beside) >= layers
    edges = {item.owner for item in picture.scene.items if item.layer == "edge"}
    assert len(edges) == 4 + 9 * layers


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("deep-autoencoder,sizes=6-4-3-2", 7), ("deep-autoencoder,sizes=9-2", 3),
        ("residual-net,blocks=1", 7), ("residual-net,blocks=3", 15),
        ("residual-net,blocks=2,residual=no", 7),
        ("batch-norm-net", 5), ("digits-deep", 10), ("digits-deep,dropout=0.0", 8),
        ("sentence-classifier,widths=2", 5), ("sentence-classifier,widths=2-3-4", 10),
    ],
)  # fmt: skip
def test_the_boxes_of_a_net_are_its_layers(text, boxes):
    picture, _ = drawn(text)

    assert len({item.owner for item in picture.scene.items if item.layer == "node"}) == boxes


@pytest.mark.parametrize(
    ("name", "outputs", "labels"),
    [("hello", "z", "UWV"), ("tagger", "z", "EUWV"), ("char-rnn", "z", "EUV")],
)
def test_a_net_that_reads_texts_is_shown_over_time_without_its_targets(name, outputs, labels):
    picture, options = drawn(name)
    inside = texts(picture)

    assert options[:2] == ["--style", "timeline"]
    assert [text for text in inside if text.startswith(outputs)] == [
        f"z_{{{t}}}" for t in (1, 2, 3)
    ]
    assert not any(text.startswith("y") for text in inside)
    assert {text[0] for text in texts(picture, "label")} == set(labels)


def test_the_five_modes_are_drawn_by_their_names():
    for mode in ("1-1", "1-n", "n-1", "n-n", "n-n-delayed"):
        command = commands(f"rnn-modes,mode={mode}")[0]
        assert command[1] == mode.replace("n-n-", "n-n ")
        assert drawn(f"rnn-modes,mode={mode}")[1] == ["--style", "modes"]


def test_what_belongs_to_the_numbers_of_one_size_is_left_out_for_another():
    assert "--values" in commands("conv-layer")[0]
    assert "--values" not in " ".join(commands("conv-layer,size=7")[0])
    _, options = drawn("conv-layer,size=7")
    assert options[:2] == ["--style", "window"]


def test_a_function_is_plotted_where_the_format_allows_it(tmp_path, capsys):
    assert commands("tanh")[0][0] == "plot"
    assert all(command[0] == "draw" for command in commands("tanh", Path("net.html")))
    pytest.importorskip("matplotlib")

    assert cli.main(["zoo", "tanh", "-o", str(tmp_path / "tanh.svg")]) == 0
    assert cli.main(["zoo", "tanh", "-o", str(tmp_path / "tanh.html")]) == 0
    capsys.readouterr()
    assert (tmp_path / "tanh.svg").read_bytes() != (tmp_path / "tanh.html").read_bytes()


def test_a_picture_of_a_chinese_page_has_chinese_words():
    picture, _ = drawn("transformer", "zh")

    assert sum("层归一化" in text for text in texts(picture)) == 3
    assert any("掩码注意力，2 个头" in text for text in texts(picture))
    assert not any(re.search("norm|attention", text) for text in texts(picture))
