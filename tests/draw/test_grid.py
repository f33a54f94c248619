"""Views whose nodes say where they stand: the table adapts, nothing meets anything."""

import itertools

import pytest

from symgraph.draw.engines.grid_tracks import Tracks
from symgraph.draw.geometry import Disc, Rect
from symgraph.draw.layout import layout
from symgraph.draw.scene import Path, Scene, crossings, edge_hits, overlaps
from symgraph.draw.view import View, ViewEdge, ViewGroup, ViewNode
from symgraph.draw.writers.svg import svg
from symgraph.errors import DrawError


def _centre(scene: Scene, owner: str) -> tuple[float, float]:
    return scene.shape(owner).centre


def _curve(scene: Scene, owner: str) -> tuple[tuple[float, float], ...]:
    drawn = next(item.drawn for item in scene.items if item.owner == owner and item.layer == "edge")
    assert isinstance(drawn, Path)
    return drawn.curve


def _label(scene: Scene, owner: str) -> Rect:
    return next(
        item.bounds for item in scene.items if item.owner == owner and item.layer == "label"
    )


def _groups(scene: Scene) -> list[Rect]:
    return [item.bounds for item in scene.items if item.layer == "group"]


def _lstm() -> View:
    places = {
        "c0": (0, 4), "forget": (2, 4), "sum": (4, 4), "c1": (7, 4),
        "new": (4, 3), "squash": (6, 3),
        "f": (2, 1), "i": (3, 1), "g": (4, 1), "o": (5, 1), "out": (6, 1),
        "join": (1, 0), "h0": (0, 0), "h1": (7, 0), "x": (1, -1),
    }  # fmt: skip
    gates = {"f": r"\sigma", "i": r"\sigma", "g": r"\tanh", "o": r"\sigma"}
    nodes = [
        ViewNode(
            id,
            gates.get(id, id),
            "gate" if id in gates else "pointwise",
            forward=f"{id}_t" if id in gates else None,
            form="box" if id in gates or id in ("c0", "c1", "h0", "h1", "x") else None,
            at=at,
        )
        for id, at in places.items()
    ]
    edges = [
        ViewEdge("c0", "forget", 0, "f_t"), ViewEdge("forget", "sum", 0, "1"),
        ViewEdge("sum", "c1", 0, "1"), ViewEdge("f", "forget", 1, "c_{t-1}"),
        ViewEdge("sum", "squash", 0, r"1-\tanh^2 c_t", route="sideways"),
        ViewEdge("i", "new", 0, r"\tilde c_t", route="upright"), ViewEdge("g", "new", 1, "i_t"),
        ViewEdge("new", "sum", 1, "1"), ViewEdge("squash", "out", 0, "o_t"),
        ViewEdge("o", "out", 1, r"\tanh c_t"), ViewEdge("out", "h1", 0, "1", route="upright"),
        ViewEdge("h0", "join", 0), ViewEdge("x", "join", 1),
        *(ViewEdge("join", gate, 0, f"W_{gate}", route="sideways") for gate in gates),
    ]  # fmt: skip
    inside = tuple(id for id in places if id not in ("c0", "c1", "h0", "h1", "x"))
    return View(tuple(nodes), tuple(edges), groups=(ViewGroup("cell", r"\text{LSTM}", inside),))


def _timeline(steps: int) -> View:
    nodes, edges, groups = [], [], [ViewGroup("all", r"\text{unrolled}", ())]
    for t in range(steps):
        column = 3 * t + 1
        nodes += [
            ViewNode(f"x{t}", f"x_{{{t}}}", "data", at=(column, 0)),
            ViewNode(f"W{t}", "W", "parameter", at=(column - 1, 0)),
            ViewNode(f"a{t}", "+", forward=f"a_{{{t}}}", backward=r"\delta", at=(column, 1)),
            ViewNode(f"h{t}", r"\tanh", forward=f"h_{{{t}}}", at=(column, 2)),
        ]
        edges += [
            ViewEdge(f"x{t}", f"a{t}", 0, "U"),
            ViewEdge(f"W{t}", f"a{t}", 1, f"h_{{{t}}}", dashed=True),
            ViewEdge(f"a{t}", f"h{t}", 0, rf"1-h_{{{t}}}^2"),
            ViewEdge(f"h{t}", "sum", t, "1", route="upright"),
        ]
        edges += [ViewEdge(f"h{t - 1}", f"a{t}", 2, "W")] if t else []
        members = (f"x{t}", f"W{t}", f"a{t}", f"h{t}")
        groups.append(ViewGroup(f"t{t}", rf"\text{{时刻 }}t={t}", members, "time", "all"))
    nodes.append(ViewNode("sum", r"\sum_t", "root", at=(1.5 * steps - 0.5, 3)))
    return View(tuple(nodes), tuple(edges), groups=tuple(groups))


def _row(labels: str, *edges: ViewEdge) -> View:
    return View(
        tuple(ViewNode(name, name, at=(k, 0)) for k, name in enumerate(labels)), tuple(edges)
    )


def test_a_cell_with_gates_is_drawn_without_a_blemish() -> None:
    scene = layout(_lstm())
    assert scene.engine == "grid"
    assert (overlaps(scene), edge_hits(scene), crossings(scene)) == ([], [], 0)


@pytest.mark.parametrize("steps", [1, 2, 4, 9])
def test_a_timeline_is_drawn_without_a_blemish(steps: int) -> None:
    scene = layout(_timeline(steps))
    assert (overlaps(scene), edge_hits(scene), crossings(scene)) == ([], [], 0)


def test_columns_that_repeat_stand_at_even_distances() -> None:
    scene = layout(_timeline(5))
    owners = {name: owner for owner, name in scene.names.items()}
    columns = [_centre(scene, owners[f"h{t}"])[0] for t in range(5)]
    steps = [after - before for before, after in itertools.pairwise(columns)]
    assert max(steps) - min(steps) < 1e-6


def test_a_node_between_two_columns_stands_in_the_middle() -> None:
    places = [(0, 0), (0, 1), (0, 2), (3, 0.5), (3, 1.5)]
    nodes = [ViewNode(str(k), f"u_{k}", "unit", at=at) for k, at in enumerate(places)]
    scene = layout(View(tuple(nodes), (), direction="LR"))
    y = [_centre(scene, f"n{k}")[1] for k in range(5)]
    assert y[3] == pytest.approx((y[0] + y[1]) / 2)
    assert y[4] == pytest.approx((y[1] + y[2]) / 2)


def test_a_route_goes_first_sideways_or_first_upright() -> None:
    for route, first in (("sideways", 1), ("upright", 0)):
        nodes = (ViewNode("a", "a", at=(0, 0)), ViewNode("b", "b", at=(2, 2)))
        scene = layout(View(nodes, (ViewEdge("a", "b", 0, "w", route=route),)))  # type: ignore[arg-type]
        curve = _curve(scene, "e0")
        assert curve[1][first] == pytest.approx(curve[0][first])
        assert curve[-2][1 - first] == pytest.approx(curve[-1][1 - first])


def test_a_loop_leaves_its_node_and_comes_back_with_an_arrow() -> None:
    nodes = (ViewNode("x", "x", at=(0, 0)), ViewNode("s", "s", at=(0, 1)))
    edges = (
        ViewEdge("x", "s", 0, "U"),
        ViewEdge("s", "s", 1, "W", route="loop"),
        ViewEdge("s", "s", 2, "R", route="loop"),
    )
    scene = layout(View(nodes, edges))
    shape = scene.shape("n1")
    for owner in ("e1", "e2"):
        item = next(item for item in scene.items if item.id == owner)
        assert isinstance(item.drawn, Path)
        assert item.drawn.arrow is not None
        assert abs(shape.outside(item.drawn.arrow[0])) < 2.0
        assert max(shape.outside(point) for point in item.drawn.curve) > 20.0
    assert not _curve_bounds(scene, "e1").meets(_curve_bounds(scene, "e2"))
    assert (overlaps(scene), edge_hits(scene)) == ([], [])


def _curve_bounds(scene: Scene, owner: str) -> Rect:
    return next(item.bounds for item in scene.items if item.id == owner)


def test_an_edge_over_other_nodes_takes_an_arc_around_them() -> None:
    scene = layout(_row("abcd", ViewEdge("a", "d", 0, "f"), ViewEdge("a", "b", 0)))
    assert edge_hits(scene) == []
    curve = _curve(scene, "e0")
    assert max(abs(y - curve[0][1]) for _, y in curve) > 20.0


def test_two_edges_between_the_same_nodes_stand_apart_with_their_labels() -> None:
    scene = layout(_row("ab", ViewEdge("a", "b", 0, "f"), ViewEdge("a", "b", 1, "g")))
    assert crossings(scene) == 0
    assert abs(_label(scene, "e0").centre[1] - _label(scene, "e1").centre[1]) > 15.0
    assert (overlaps(scene), edge_hits(scene)) == ([], [])


def test_a_long_label_between_neighbours_pushes_them_apart() -> None:
    text = r"\frac{\partial^2 L}{\partial h_{t-1}\,\partial h_t} + \tanh(W h_{t-1})"
    scene = layout(_row("ab", ViewEdge("a", "b", 0, text)))
    label = _label(scene, "e0")
    assert label.left > scene.shape("n0").bounds.right
    assert label.right < scene.shape("n1").bounds.left


def test_cells_of_a_matrix_touch_whatever_stands_above_them() -> None:
    cells = [
        ViewNode(f"{i},{j}", str(i * j), "cell", size=(30.0, 30.0), at=(j, -i))
        for i in range(3)
        for j in range(3)
    ]
    wide = ViewNode("wide", r"\text{a label wider than the whole matrix}", at=(1, 2))
    column = [ViewNode(f"v{i}", str(i), "cell", size=(30.0, 30.0), at=(5, -i)) for i in range(3)]
    scene = layout(View((*cells, wide, *column), ()))
    shapes = [scene.shape(f"n{k}").bounds for k in range(9)]
    for i, j in itertools.product(range(3), range(2)):
        assert shapes[3 * i + j].right == pytest.approx(shapes[3 * i + j + 1].left)
        assert shapes[3 * j + i].bottom == pytest.approx(shapes[3 * (j + 1) + i].top)
    assert scene.shape("n10").centre[1] == pytest.approx(shapes[0].centre[1])
    assert overlaps(scene) == []


def test_a_group_holds_its_nodes_and_labels_below_its_title() -> None:
    scene = layout(_timeline(3))
    outer, *inner = _groups(scene)
    titles = [item.bounds for item in scene.items if item.layer == "caption"]
    for before, after in itertools.pairwise(inner):
        assert before.right < after.left
    for t, box in enumerate(inner):
        assert _is_inside(box, outer)
        owners = {owner for owner, name in scene.names.items() if name[1:] == str(t)}
        for item in scene.items:
            if item.owner in owners:
                assert _is_inside(item.bounds, box)
                assert titles[t + 1].bottom < item.bounds.top


def _is_inside(inner: Rect, outer: Rect) -> bool:
    return (
        outer.left < inner.left
        and inner.right < outer.right
        and outer.top < inner.top
        and inner.bottom < outer.bottom
    )


def test_no_edge_runs_through_the_title_of_a_group() -> None:
    nodes = (ViewNode("a", "a", at=(0, 0)), ViewNode("b", "b", at=(0, 1)))
    group = ViewGroup("g", r"\text{a title that is wider than all}", ("a",))
    scene = layout(View(nodes, (ViewEdge("a", "b", 0),), groups=(group,)))
    title = next(item.bounds for item in scene.items if item.layer == "caption")
    assert title.right < _centre(scene, "n0")[0] or title.left > _centre(scene, "n0")[0]
    assert edge_hits(scene) == []


def test_two_nodes_at_one_place_are_refused() -> None:
    nodes = (ViewNode("a", "a", at=(1, 2)), ViewNode("b", "b", at=(1, 2)))
    with pytest.raises(DrawError, match=r"same place \(1, 2\)"):
        layout(View(nodes, ()))


def test_a_grid_may_have_a_circle_and_its_ranks_follow_the_rest() -> None:
    nodes = tuple(ViewNode(name, name, at=(0, k)) for k, name in enumerate("xsy"))
    edges = (
        ViewEdge("x", "s", 0), ViewEdge("s", "y", 0), ViewEdge("y", "s", 1, route="arc"),
    )  # fmt: skip
    scene = layout(View(nodes, edges))
    assert [scene.ranks[f"n{k}"] for k in range(3)] == [2, 1, 0]


def test_the_same_view_gives_the_same_bytes() -> None:
    assert svg(layout(_timeline(3))) == svg(layout(_timeline(3)))


def test_circles_on_a_grid_stay_circles() -> None:
    scene = layout(_row("ab", ViewEdge("a", "b", 0)))
    assert isinstance(scene.shape("n0"), Disc)


def test_a_need_lets_the_shortest_lengths_grow_first() -> None:
    tracks = Tracks([0.0, 1.0, 2.0])
    tracks.widen({(0.0, 1.0): 60.0})
    tracks.widen({(0.0, 2.0): 100.0})
    assert (tracks.at(1.0), tracks.at(2.0)) == (60.0, 100.0)
