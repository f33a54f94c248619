"""Pictures of both engines: nothing overlaps, edges end on their nodes, ranks agree."""

import math
import os
import shutil
import subprocess
import sys

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import symgraph as sg
from symgraph.draw import layout as layout_module
from symgraph.draw.engines import chart, layout_dot
from symgraph.draw.geometry import Disc, Rect, piece_at, straight
from symgraph.draw.layout import layout
from symgraph.draw.parts import measure, plan
from symgraph.draw.plan import Places
from symgraph.draw.scene import Glyphs, Path, crossings, edge_hits, overlaps
from symgraph.draw.theme import LIGHT
from symgraph.draw.typesetting.typeset import ZiamathTypesetter
from symgraph.draw.view import View, ViewEdge, ViewNode
from symgraph.errors import DrawError

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
ENGINES = ["native", pytest.param("dot", marks=needs_dot)]
DIRECTIONS = ["BT", "LR"]

SHARED = ZiamathTypesetter(cjk_font=None)


def turned(view: View, direction: str) -> View:
    return View(view.nodes, view.edges, view.title, direction, language=view.language)


@st.composite
def views(draw, most=60, connected=False):
    """Random DAGs with labels of all widths, values on some nodes, operands that come twice."""
    texts = st.sampled_from(["1", "-1", "x_3", "1-h^2", r"\mathbb{1}[x>0]", r"\frac{a}{b}", None])
    count = draw(st.integers(1, most))
    nodes = []
    edges = []
    for k in range(count):
        arity = draw(st.integers(min(k, int(connected)), min(k, 3)))
        role = "op" if arity else draw(st.sampled_from(["parameter", "data", "constant"]))
        label = draw(st.sampled_from(["+", r"\sigma", r"\tanh", r"\mathbf{W}", "softmax"]))
        values = draw(st.sampled_from([(None, None), ("0.5", "-1"), (r"(0.5,\,2)", None)]))
        nodes.append(ViewNode(f"node {k}", label, role, "", *values))
        for operand in range(arity):
            tail = k - draw(st.integers(1, min(k, 12)))
            edges.append(ViewEdge(f"node {tail}", f"node {k}", operand, draw(texts)))
    return View(tuple(nodes), tuple(edges), direction=draw(st.sampled_from(DIRECTIONS)))


def check_edges_end_on_borders(view, scene):
    numbers = {node.id: k for k, node in enumerate(view.nodes)}
    paths = {item.id: item for item in scene.items if item.layer == "edge"}
    rims = {item.owner: item.paint.width / 2 for item in scene.items if item.layer == "node"}
    assert len(paths) == len(view.edges)
    for k, edge in enumerate(view.edges):
        path = paths[f"e{k}"].drawn
        tail, head = f"n{numbers[edge.tail]}", f"n{numbers[edge.head]}"
        assert distance(scene.shape(tail), path.curve[0]) == pytest.approx(rims[tail], abs=0.01)
        assert distance(scene.shape(head), path.arrow[0]) == pytest.approx(rims[head], abs=0.01)


def distance(shape, point):
    """How far a point is outside a circle or a rounded rectangle, from its definition."""
    if isinstance(shape, Disc):
        return math.dist((shape.x, shape.y), point) - shape.radius
    assert isinstance(shape, Rect)
    left, right = shape.left + shape.radius, shape.right - shape.radius
    top, bottom = shape.top + shape.radius, shape.bottom - shape.radius
    core = (min(max(point[0], left), right), min(max(point[1], top), bottom))
    return math.dist(core, point) - shape.radius


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["hinge", "two_layer"])
def test_a_lecture_diagram_has_no_blemish(request, typesetter, name, engine, direction):
    view = turned(request.getfixturevalue(name), direction)
    scene = layout(view, typesetter, engine)

    assert [] == overlaps(scene)
    assert [] == edge_hits(scene)
    assert 0 == crossings(scene)
    check_edges_end_on_borders(view, scene)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_operands_stand_higher_up_the_flow_than_none_of_their_users(two_layer, engine, direction):
    view = turned(two_layer, direction)
    scene = layout(view, SHARED, engine)
    centres = {
        scene.names[item.owner]: item.drawn.centre
        for item in scene.items
        if "-" not in item.id and item.layer == "node"
    }

    for edge in view.edges:
        (x0, y0), (x1, y1) = centres[edge.tail], centres[edge.head]
        assert y0 > y1 if direction == "BT" else x0 < x1


def test_operands_stand_from_left_to_right(hinge):
    scene = layout(hinge, SHARED, "native")
    x = {
        scene.names[item.owner]: item.drawn.centre[0]
        for item in scene.items
        if item.layer == "node"
    }

    assert x["slack"] < x["zero"]
    assert x["one"] < x["margin"]
    assert x["score"] < x["y"]
    assert x["W"] < x["phi"]


@given(views())
@settings(max_examples=25)
def test_nodes_labels_and_values_of_a_random_graph_never_overlap(view):
    scene = layout(view, SHARED, "native")

    assert [] == overlaps(scene, ("node", "label"))
    assert [] == overlaps(scene)
    check_edges_end_on_borders(view, scene)


@needs_dot
@given(views(most=30))
@settings(max_examples=15)
def test_nodes_and_labels_of_a_random_graph_never_overlap_with_dot(view):
    scene = layout(view, SHARED, "dot")

    assert [] == overlaps(scene, ("node", "label"))
    check_edges_end_on_borders(view, scene)


@needs_dot
@given(views(most=25, connected=True))
@settings(max_examples=15)
def test_dot_needs_as_much_edge_length_as_our_ranks(view):
    # Beside a label dot may put a node half a rank off, which costs it nothing.
    bare = tuple(ViewEdge(edge.tail, edge.head, edge.operand) for edge in view.edges)
    scene = layout(View(view.nodes, bare), SHARED, "dot")
    rows = rows_of(scene)
    numbers = {node.id: f"n{k}" for k, node in enumerate(view.nodes)}
    ends = [(numbers[edge.tail], numbers[edge.head]) for edge in view.edges]

    # dot's own network simplex found the rows that the picture shows.
    assert sum(rows[tail] - rows[head] for tail, head in ends) == sum(
        scene.ranks[tail] - scene.ranks[head] for tail, head in ends
    )


@needs_dot
@pytest.mark.parametrize("name", ["hinge", "two_layer"])
def test_dot_and_the_native_engine_put_each_node_in_the_same_row(request, name):
    view = request.getfixturevalue(name)
    dot, native = (layout(view, SHARED, engine) for engine in ("dot", "native"))

    assert rows_of(dot) == rows_of(native) == native.ranks


def rows_of(scene):
    heights = {item.owner: item.drawn.centre[1] for item in scene.items if item.layer == "node"}
    levels: list[float] = []
    for y in sorted(heights.values()):
        if not levels or y > levels[-1] + 3.0:
            levels.append(y)
    return {
        owner: min(range(len(levels)), key=lambda k: abs(levels[k] - y))
        for owner, y in heights.items()
    }


def test_two_operands_that_are_the_same_node_have_two_edges_apart():
    nodes = (ViewNode("x", "x", "data"), ViewNode("sq", r"\times", "root"))
    for label in ("x", None):
        edges = tuple(ViewEdge("x", "sq", k, label) for k in range(3))
        scene = layout(View(nodes, edges), SHARED, "native")
        middles = [
            piece_at(item.drawn.curve, len(item.drawn.curve) // 6, 0.5)
            for item in scene.items
            if isinstance(item.drawn, Path)
        ]

        assert [] == overlaps(scene)
        assert min(math.dist(p, q) for k, p in enumerate(middles) for q in middles[:k]) > 5


def test_a_view_without_nodes_is_an_empty_picture():
    scene = layout(View((), ()), SHARED, "native")

    assert () == scene.items
    assert scene.width > 0


def test_parts_without_a_connection_stand_beside_each_other():
    nodes = tuple(ViewNode(str(k), "x", "data") for k in range(40))

    assert [] == overlaps(layout(View(nodes, ()), SHARED, "native"))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_circle_of_edges_is_refused(engine):
    nodes = (ViewNode("a", "a"), ViewNode("b", "b"))
    with pytest.raises(DrawError, match="go round in a circle"):
        layout(View(nodes, (ViewEdge("a", "b", 0), ViewEdge("b", "a", 0))), SHARED, engine)


def test_an_engine_that_does_not_exist_is_refused(hinge):
    with pytest.raises(DrawError, match="engine is 'neato'; write 'auto', 'dot' or 'native'"):
        layout(hinge, SHARED, "neato")


def test_a_chain_five_thousand_nodes_deep_is_drawn():
    nodes = tuple(ViewNode(str(k), "+") for k in range(5_000))
    edges = tuple(ViewEdge(str(k), str(k + 1), 0) for k in range(4_999))
    scene = layout(View(nodes, edges), SHARED)
    centres = [item.drawn.centre for item in scene.items if item.layer == "node"]

    assert 1 == len({round(x, 3) for x, _ in centres})
    assert [y for _, y in centres] == sorted((y for _, y in centres), reverse=True)


def test_edges_too_long_for_bends_fly_over_the_layers(monkeypatch):
    monkeypatch.setattr(chart, "_MOST_BENDS", 10)
    steps = 40
    nodes = (ViewNode("W", "W"), *(ViewNode(str(k), "+") for k in range(steps)))
    edges = [ViewEdge(str(k), str(k + 1), 0) for k in range(steps - 1)]
    edges += [ViewEdge("W", str(k), 1, "1") for k in range(steps)]
    view = View(nodes, tuple(edges))
    scene = layout(view, SHARED, "native")

    assert [] == overlaps(scene, ("node",))
    check_edges_end_on_borders(view, scene)


def test_values_move_off_an_edge_that_comes_from_the_right(typesetter):
    # Three wide operands make the right edge flat; the values of the sum would lie on it.
    nodes = [ViewNode("sum", "+", "root", "", "f", "123456789123")]
    nodes += [ViewNode(str(k), r"\text{a rather wide operand}", "data") for k in range(3)]
    scene = layout(
        View(tuple(nodes), tuple(ViewEdge(str(k), "sum", k) for k in range(3))), typesetter
    )

    assert [] == edge_hits(scene)
    assert [] == overlaps(scene)


def test_the_legend_explains_what_is_there_and_nothing_else(hinge, typesetter):
    def legend(view):
        return {item.owner for item in layout(view, typesetter).items if item.layer == "legend"}

    bare = View(hinge.nodes[1:2], ())
    labelled = View((ViewNode("x", "x"), ViewNode("y", "y")), (ViewEdge("x", "y", 0, "1"),))

    assert {"legend-forward", "legend-backward", "legend-label"} == legend(hinge)
    assert {"legend-label"} == legend(labelled)
    assert set() == legend(bare)
    assert set() == legend(View(hinge.nodes, hinge.edges, legend=False))


def test_the_legend_speaks_chinese_where_asked(hinge, typesetter):
    scene = layout(View(hinge.nodes, hinge.edges, language="zh"), typesetter)
    texts = "".join(
        piece.text
        for item in scene.items
        if item.layer == "legend" and isinstance(item.drawn, Glyphs)
        for piece in item.drawn.box.pieces
        if hasattr(piece, "text")
    )

    assert "前向值后向值边上局部偏导数" == texts


def test_prefixes_say_which_value_is_which(hinge, typesetter):
    def width(view, layer):
        (item,) = (
            item
            for item in layout(view, typesetter).items
            if item.layer == layer and item.owner == "n2"
        )
        return item.bounds.width

    prefixed = View(hinge.nodes, hinge.edges, prefixes=True)
    for layer, name in (("forward", "f"), ("backward", "g")):
        extra = typesetter.measure(rf"{name} = 1", 16.0).width - typesetter.measure("1", 16.0).width
        assert width(prefixed, layer) - width(hinge, layer) == pytest.approx(extra, abs=0.5)


def test_a_missing_dot_is_named_and_auto_does_without_it(hinge, monkeypatch):
    monkeypatch.setattr(layout_dot, "find", lambda: None)

    with pytest.raises(DrawError, match="the program dot is not on the PATH"):
        layout(hinge, SHARED, "dot")
    assert "native" == layout(hinge, SHARED, "auto").engine


@pytest.fixture
def fake_dot(tmp_path, monkeypatch):
    def install(script):
        program = tmp_path / "dot"
        program.write_text(f"#!{sys.executable}\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(layout_dot, "find", lambda: str(program))

    return install


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import time; time.sleep(60)", "took longer than 0.3 s and was stopped"),
        ("import sys; sys.exit('syntax error in line 1')", "dot failed: syntax error in line 1"),
        (r"import sys; sys.stdout.buffer.write(b'\xff\xfe{')", "dot failed: exit status 0"),
        ("print('{}')", "dot's answer cannot be read .an edge is missing"),
        ('print(\'{"objects": [{"name": "n0"}]}\')', "dot's answer cannot be read .KeyError"),
        ("print('[1]')", "dot's answer cannot be read .AttributeError"),
    ],
)
def test_a_dot_that_hangs_or_fails_is_stopped_and_named(hinge, fake_dot, script, message):
    fake_dot(script)
    task = plan(hinge, measure(hinge, SHARED, LIGHT), LIGHT)

    with pytest.raises(DrawError, match=message):
        layout_dot.place(task, timeout=0.3 if "sleep" in script else 20.0)


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script")
def test_no_text_of_the_user_reaches_dot(tmp_path, monkeypatch, fake_dot):
    log = tmp_path / "log"
    fake_dot(f"import sys; open({str(log)!r}, 'a').write(sys.stdin.read())")
    secret = 'evil"]; node [label="x'
    nodes = (ViewNode(secret, secret, "op", secret, secret, secret), ViewNode("b", secret))

    with pytest.raises(DrawError, match="dot failed"):
        layout(View(nodes, (ViewEdge(secret, "b", 0, secret, secret),), secret), SHARED, "dot")
    assert "n0 -> n1" in log.read_text()
    assert "evil" not in log.read_text()


@pytest.mark.parametrize("engine", ["native", pytest.param("dot", marks=needs_dot)])
def test_another_process_with_other_hashes_writes_the_same_bytes(engine):
    code = (
        "from symgraph.draw.layout import layout\n"
        "from symgraph.draw.writers.svg import svg\n"
        "from symgraph.draw.typesetting.typeset import ZiamathTypesetter\n"
        "from symgraph.draw.view import View, ViewEdge, ViewNode\n"
        "nodes = tuple(ViewNode(f'n{k}', 'x', forward=str(k)) for k in range(12))\n"
        "edges = tuple(ViewEdge(f'n{k * 7 % j}', f'n{j}', k, f'w_{k}')\n"
        "              for j in range(1, 12) for k in range(2))\n"
        f"scene = layout(View(nodes, edges), ZiamathTypesetter(None), {engine!r})\n"
        "import sys; sys.stdout.buffer.write(svg(scene).encode())\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert len(outputs[0]) > 1000
    assert outputs[0] == outputs[1]


def test_auto_leaves_dot_where_dot_runs_an_edge_through_a_node(monkeypatch):
    nodes = tuple(ViewNode(name, name) for name in "abc")
    view = View(nodes, (ViewEdge("a", "b", 0), ViewEdge("b", "c", 0), ViewEdge("a", "c", 1)))

    def straight_through(task, timeout):
        centres = ((0.0, 200.0), (0.0, 100.0), (0.0, 0.0))
        curves = tuple(straight(centres[tail], centres[head]) for tail, head in task.edges)
        return Places(centres, curves, (None,) * 3, (2, 1, 0), "dot", "0")

    monkeypatch.setattr(layout_module, "NATIVE_NODES", 2)
    monkeypatch.setattr(layout_dot, "find", lambda: "dot")
    monkeypatch.setattr(layout_dot, "place", straight_through)

    assert "native" == layout(view, SHARED, "auto").engine


def test_the_only_operand_of_its_only_user_stands_straight_below_it(two_layer):
    scene = layout(two_layer, SHARED, "native")
    x = {
        scene.names[item.owner]: item.drawn.centre[0]
        for item in scene.items
        if item.layer == "node"
    }

    assert x["loss"] == x["residual"]
    assert x["h1"] == x["dot1"]
    assert x["h2"] == x["dot2"]


@pytest.mark.parametrize(("direction", "doublings"), [("BT", 30), ("LR", 15)])
def test_many_doublings_that_share_one_constant_have_no_edge_through_anything(direction, doublings):
    x = sg.input("x")
    for _ in range(doublings):
        x = x + x * 0.5
    picture = sg.draw(x, engine="native", show="constants", direction=direction)

    # x and 0.5, and a product and a sum for each doubling with two operands each.
    assert (2 + 2 * doublings, 4 * doublings) == (len(picture.view.nodes), len(picture.view.edges))
    assert [] == overlaps(picture.scene)
    assert [] == edge_hits(picture.scene)
