"""A recurrent net over time with its operations, and local derivatives on the edges."""

from collections import Counter

import pytest
from recurrent_nets import NETS

from symgraph.draw.drawing import draw
from symgraph.draw.picture import Picture
from symgraph.draw.scene import crossings, edge_hits, overlaps
from symgraph.zoo import recurrent

GATED = ("lstm", "lstm_row", "peephole", "one_peephole", "coupled", "gru", "gru_z")


def _edges(picture: Picture) -> dict[tuple[str, str], str | None]:
    """The label of each edge by what stands at its ends."""
    names = {
        node.id: node.forward or (node.id if node.role == "parameter" else node.label)
        for node in picture.view.nodes
    }
    return {(names[edge.tail], names[edge.head]): edge.label for edge in picture.view.edges}


@pytest.mark.parametrize("name", [name for name in NETS if name not in GATED])
def test_no_net_of_layers_has_a_blemish_with_all_its_operations(name: str) -> None:
    steps = None if name == "power" else 3
    scene = draw(NETS[name](), style="timeline", detail="ops", steps=steps, language="zh").scene
    assert (overlaps(scene), edge_hits(scene), crossings(scene)) == ([], [], 0)


def test_the_labels_are_those_of_the_blackboard() -> None:
    picture = draw(recurrent.rnn(), style="timeline", detail="ops", steps=3)
    edges = _edges(picture)
    for t in (1, 2, 3):
        net, s = rf"\mathrm{{net}}_{{{t}}}", f"s_{{{t}}}"
        assert edges[net, s] == f"1 - s_{{{t}}}^{{2}}"
        assert edges[f"x_{{{t}}}", net] == "U"
        assert edges["s_{0}" if t == 1 else f"s_{{{t - 1}}}", net] == "W"
    assert edges["s_{3}", "E"] == r"\frac{\partial E}{\partial s_{3}}"


def test_a_parameter_has_one_colour_and_a_chip_in_every_column() -> None:
    picture = draw(recurrent.sequence_classifier(), style="timeline", detail="ops", steps=4)
    chips = [node for node in picture.view.nodes if node.role == "parameter"]
    assert Counter(chip.label for chip in chips) == {"U": 4, "W": 4, "V": 4}
    assert len({(chip.label, chip.hue) for chip in chips}) == len({c.hue for c in chips}) == 3
    labels = {chip.label: [] for chip in chips}
    for edge in picture.view.edges:
        chip = next((chip for chip in chips if chip.id == edge.tail), None)
        if chip is not None:
            labels[chip.label].append(edge.label)
    assert labels["W"] == ["S_{0}", "S_{1}", "S_{2}", "S_{3}"]
    assert labels["U"] == ["x_{1}", "x_{2}", "x_{3}", "x_{4}"]


def test_every_time_has_its_box_in_the_language_of_the_picture() -> None:
    picture = draw(
        recurrent.rnn(), style="timeline", detail="ops", steps=30, language="zh"
    )  # fmt: skip
    titles = [group.label for group in picture.view.groups]
    assert titles == [rf"\text{{时刻 }}t = {t}" for t in (1, 2, 30)]


def test_a_start_at_zero_and_its_weight_are_not_drawn() -> None:
    picture = draw(recurrent.rnn_h(from_zero=True), style="timeline", detail="ops", steps=3)
    labels = Counter(node.label for node in picture.view.nodes)
    assert "h_{0}" not in labels
    assert (labels["W_{1}"], labels["W_{2}"]) == (3, 2)
    first = next(node for node in picture.view.nodes if node.label == r"\cdot")
    assert picture.view.nodes.index(first) < 4  # one weighted value is no sum


def test_the_edge_into_a_softmax_has_its_jacobian() -> None:
    picture = draw(recurrent.captioning(), style="timeline", detail="ops", steps=2)
    labels = [edge.label for edge in picture.view.edges]
    assert r"\operatorname{diag}(p_{1}) - p_{1}\, {p_{1}}^{\mathsf{T}}" in labels
