"""Views refuse what cannot be drawn, and say what is wrong."""

import pytest

import symgraph as sg
from symgraph.draw.view import View, ViewEdge, ViewNode
from symgraph.errors import DrawError
from symgraph.zoo import gates, losses

X, Y = ViewNode("x", "x"), ViewNode("y", "y")


def test_two_nodes_with_one_id_are_refused():
    with pytest.raises(DrawError, match=r"two nodes of the view have the id 'x'"):
        View((X, Y, X), ())


@pytest.mark.parametrize("ends", [("x", "z"), ("z", "x")])
def test_an_edge_to_a_node_that_is_not_there_is_refused(ends):
    with pytest.raises(DrawError, match="the view has no node 'z'"):
        View((X, Y), (ViewEdge(*ends, 0),))


def test_an_unknown_role_direction_or_language_is_refused():
    with pytest.raises(DrawError, match="role is 'leaf', not one of cell, constant, data"):
        View((ViewNode("x", "x", "leaf"),), ())
    with pytest.raises(DrawError, match="direction is 'TB'; write 'BT' or 'LR'"):
        View((X,), (), direction="TB")
    with pytest.raises(DrawError, match="language is 'fr'; write 'en' or 'zh'"):
        View((X,), (), language="fr")


def test_operands_come_in_the_order_of_the_arguments_even_when_one_comes_twice():
    edges = (ViewEdge("y", "z", 1), ViewEdge("x", "z", 2), ViewEdge("x", "z", 0))

    assert ("x", "y", "x") == View((X, Y, ViewNode("z", "z")), edges).operands("z")


def legend_of(picture):
    return {item.owner for item in picture.scene.items if item.layer == "legend"}


def test_the_legend_tells_of_forward_values_only_where_there_are_some():
    loss = losses.hinge()

    assert "legend-forward" not in legend_of(sg.draw(loss))
    assert "legend-forward" in legend_of(
        sg.draw(loss, {"W": [1.0, 2.0], "φ(x)": [2.0, 1.0], "y": 1.0})
    )


def test_dashed_peepholes_are_in_the_legend_of_cells_that_have_them():
    assert "legend-dashed" in legend_of(sg.draw(gates.lstm(peepholes="fio"), style="cell"))
    assert "legend-dashed" not in legend_of(sg.draw(gates.lstm(), style="cell"))
