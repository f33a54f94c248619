"""The labelled graph: vertices, labels, values and paths, with the lectures' own numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import symgraph as sg

PHI, V1, V2 = [1.0, 2.0], [0.5, -0.25], [-0.5, 0.75]


def hinge() -> SimpleNamespace:
    W, phi, y = sg.parameter("W", "d"), sg.input("φ(x)", "d"), sg.input("y")
    score = sg.let("score", W @ phi)
    margin = sg.let("margin", score * y)
    loss = sg.let("loss", sg.maximum(1 - margin, 0))
    return SimpleNamespace(W=W, phi=phi, y=y, score=score, margin=margin, loss=loss)


def squared() -> sg.Node:
    W, phi, y = sg.parameter("W", "d"), sg.input("φ(x)", "d"), sg.input("y")
    residual = sg.let("residual", sg.let("score", W @ phi) - y)
    return sg.let("loss", residual**2)


def two_layer() -> sg.Node:
    phi, y = sg.input("φ(x)", "d"), sg.input("y")
    v1, v2 = sg.parameter("v1", "d"), sg.parameter("v2", "d")
    w1, w2 = sg.parameter("w1"), sg.parameter("w2")
    h1 = sg.let("h1", sg.sigmoid(sg.let("z1", v1 @ phi)))
    h2 = sg.let("h2", sg.sigmoid(sg.let("z2", v2 @ phi)))
    residual = sg.let("residual", sg.let("score", w1 * h1 + w2 * h2) - y)
    return sg.let("loss", residual**2)


TWO_LAYER = {"φ(x)": PHI, "v1": V1, "v2": V2, "w1": 1.0, "w2": -2.0, "y": 1.0}


def dense() -> SimpleNamespace:
    x, y = sg.input("x", 3), sg.input("y", 2)
    W1, b1, W2 = sg.parameter("W1", (4, 3)), sg.parameter("b1", 4), sg.parameter("W2", (2, 4))
    net = sg.let("net", W1 @ x + b1)
    h = sg.let("h", sg.tanh(net))
    out = sg.let("out", W2 @ h)
    loss = sg.let("loss", sg.sum((out - y) ** 2) / 2)
    return SimpleNamespace(loss=loss, net=net, h=h, out=out, W1=W1, W2=W2, b1=b1, x=x, y=y)


def dense_values(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"x": 3, "y": 2, "W1": (4, 3), "b1": 4, "W2": (2, 4)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def labels(graph: sg.Graph, style: str = "unicode") -> dict[tuple[str, str], str | None]:
    return {(e.head.label(), e.tail.label()): e.label(style) for e in graph.edges}


# --- the trees of the lecture -------------------------------------------------------------------


def test_the_hinge_tree_has_nine_nodes_and_the_labels_of_the_lecture():
    graph = sg.graph(hinge().loss, tree=True)

    assert (len(graph.nodes), len(graph.edges)) == (9, 8)
    assert labels(graph) == {
        ("loss", "1 − margin"): "1[margin < 1]",
        ("loss", "0"): "1[margin > 1]",
        ("1 − margin", "1"): "1",
        ("1 − margin", "margin"): "−1",
        ("margin", "score"): "y",
        ("margin", "y"): "score",
        ("score", "W"): "φ(x)",
        ("score", "φ(x)"): "W",
    }


def test_the_squared_loss_tree_has_six_nodes_and_the_labels_of_the_lecture():
    graph = sg.graph(squared(), tree=True)

    assert (len(graph.nodes), len(graph.edges)) == (6, 5)
    assert labels(graph) == {
        ("loss", "residual"): "2 residual",
        ("residual", "score"): "1",
        ("residual", "y"): "−1",
        ("score", "W"): "φ(x)",
        ("score", "φ(x)"): "W",
    }


def test_a_tree_draws_a_shared_leaf_once_for_every_use_and_a_graph_once():
    tree, dag = sg.graph(two_layer(), tree=True), sg.graph(two_layer())

    assert (len(tree.nodes), len(tree.edges)) == (16, 15)
    assert (len(dag.nodes), len(dag.edges)) == (15, 15)
    assert [v.label() for v in dag.nodes if v.role == "parameter"] == ["w₁", "v₁", "w₂", "v₂"]
    copies = [v.id for v in tree.nodes if v.label() == "φ(x)"]
    assert len(set(copies)) == 2
    assert labels(tree)["h₁", "z₁"] == "h₁ (1 − h₁)"


def test_values_are_those_of_the_lecture_s_forward_and_backward_pass():
    graph = sg.graph(two_layer())
    found = graph.values(TWO_LAYER)
    f = {v.name: a for v, a in found.forward.items() if v.name}
    g = {v.name: a for v, a in found.backward.items() if v.name}

    forward = {"z1": 0.0, "z2": 1.0, "h1": 0.5, "h2": 0.7310585786300049}
    forward |= {"score": -0.9621171572600098, "residual": -1.9621171572600098}
    for name, value in (forward | {"loss": 3.849903738814102}).items():
        assert f[name] == pytest.approx(value, rel=1e-12), name
    backward = {"loss": 1.0, "residual": -3.9242343145200196, "h1": -3.9242343145200196}
    backward |= {"h2": 7.848468629040039, "z1": -0.9810585786300049, "z2": 1.5431025901406847}
    backward |= {"w1": -1.9621171572600098, "w2": -2.868845160184097, "y": 3.9242343145200196}
    backward |= {"v1": [-0.9810585786300049, -1.9621171572600098]}
    backward |= {"v2": [1.5431025901406847, 3.0862051802813695]}
    for name, value in backward.items():
        assert g[name] == pytest.approx(np.array(value), rel=1e-12), name


def test_a_seed_is_the_derivative_that_arrives_at_the_root():
    w = sg.parameter("w", 2)
    h = sg.input("h", 2)
    found = sg.graph(w @ h).values({"w": [1.0, -2.0], "h": [0.5, 0.7310585786]}, seed=-1.962117157)

    g = {v.name: a for v, a in found.backward.items() if v.name}
    assert g["w"] == pytest.approx(np.array([-0.9810585786, -1.43442258]))


def test_the_table_has_the_number_the_formula_and_rounded_values():
    values = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}

    assert str(sg.graph(hinge().loss).table(values, digits=3)).splitlines() == [
        "i  value                            f         g",
        "1  1                                1",
        "2  W                           [1, 2]   [-2, 1]",
        "3  φ(x)                       [2, -1]  [-1, -2]",
        "4  score = W·φ(x)                   0        -1",
        "5  y                                1         0",
        "6  margin = score y                 0        -1",
        "7  1 − margin                       1         1",
        "8  0                                0",
        "9  loss = max(1 − margin, 0)        1         1",
    ]


def test_digits_count_from_the_first_that_is_not_zero():
    x = sg.input("x")
    table = sg.graph(sg.exp(x)).table({"x": 1.0}, digits=3)

    assert str(table).splitlines()[2].split() == ["2", "exp(x)", "2.72", "1"]


# --- labels -------------------------------------------------------------------------------------


def test_a_label_of_an_array_is_its_map_of_what_arrives():
    found = labels(sg.graph(dense().loss))

    assert found["out", "h"] == "W₂ᵀ •"
    assert found["out", "W₂"] == "• hᵀ"
    assert found["h", "net"] == "• ⊙ (1 − h²)"
    assert found["net", "b₁"] == "•"
    assert found["out − y", "y"] == "−•"


def test_labels_of_batches_stand_on_the_side_of_the_other_factor():
    X, W, b = sg.input("X", ("N", 3)), sg.parameter("W", (3, 4)), sg.parameter("b", 4)
    found = labels(sg.graph(sg.relu(sg.let("Z", X @ W + b))))

    assert found["X W", "W"] == "Xᵀ •"
    assert found["X W", "X"] == "• Wᵀ"
    assert found["Z", "b"] == "𝟏ᵀ •"
    assert found["relu(Z)", "Z"] == "• ⊙ 1[Z > 0]"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda a, b: a + b, ["1", "1"]),
        (lambda a, b: a - b, ["1", "−1"]),
        (lambda a, b: a * b, ["b", "a"]),
        (lambda a, b: a / b, ["1/b", "−a/b²"]),
        (sg.maximum, ["1[a > b]", "1[a < b]"]),
        (sg.minimum, ["1[a < b]", "1[a > b]"]),
        (lambda a, b: sg.sigmoid(a), ["σ(a) (1 − σ(a))"]),
        (lambda a, b: sg.tanh(a), ["1 − tanh(a)²"]),
        (lambda a, b: a**2, ["2 a"]),
        (lambda a, b: sg.exp(a), ["exp(a)"]),
        (lambda a, b: sg.log(a), ["1/a"]),
        (lambda a, b: sg.abs(a), ["sign(a)"]),
        (lambda a, b: sg.relu(a), ["1[a > 0]"]),
        (lambda a, b: sg.step(a), ["0"]),
    ],
)
def test_the_building_blocks_have_the_lecture_s_labels(make, expected):
    graph = sg.graph(make(sg.input("a"), sg.input("b")))

    assert [edge.label() for edge in graph.edges] == expected


def test_labels_in_latex_name_what_arrives_bullet():
    edge = next(e for e in sg.graph(dense().loss).edges if e.tail.label() == "h")

    assert edge.label("latex") == r"W_{2}^{\mathsf{T}} \bullet"
    assert edge.label("text") == "W2^T •"


def test_a_long_unnamed_value_is_called_by_its_number():
    x = sg.input("x")
    long = sg.sin(x) * sg.cos(x) + sg.exp(x) * sg.log(x)
    graph = sg.graph(long**2)

    assert [e.label() for e in graph.edges if e.head.number == len(graph.nodes)] == ["2 f₈"]


def test_a_joined_value_without_a_name_is_written_joined_and_not_as_a_sum():
    a, b = sg.input("a", 4), sg.input("b", 3)
    A, B = sg.input("A", (2, 3)), sg.input("B", (1, 3))
    z, w = sg.concat([a, b]), sg.input("w", 7)
    expected = {
        sg.sum(z**2): "2 • ⊙ [a, b]",
        sg.sum(sg.tanh(z) * w): "• ⊙ tanh([a, b])",
        sg.sum(sg.input("W", (2, 7)) @ z): "• [a, b]ᵀ",
        sg.sum(sg.stack([a, sg.input("c", 4)]) ** 2): "2 • ⊙ [aᵀ; cᵀ]",
        sg.sum(sg.concat([A, B]) ** 2): "2 • ⊙ [A; B]",
        sg.sum(sg.concat([A, sg.input("C", (2, 1))], axis=1) ** 2): "2 • ⊙ [A, C]",
        sg.sum(z[2:6] ** 2): "2 •[i] [a, b][i+2]",
    }

    for root, label in expected.items():
        assert label in {edge.label() for edge in sg.graph(root).edges}


def test_joined_tensors_are_called_by_their_number():
    T, U = sg.input("T", (2, 3, 2)), sg.input("U", (1, 3, 2))
    labels = {edge.label() for edge in sg.graph(sg.sum(sg.concat([T, U]) ** 2)).edges}

    assert "2 • ⊙ f₃" in labels


def test_no_derivative_flows_through_a_stopped_value_or_into_labels():
    x, k = sg.input("x", 3), sg.input("k", kind="integer")
    picked = sg.stop_gradient(x)[k] * sg.sum(x)
    graph = sg.graph(picked)

    dead = {(e.head.op, e.tail.label()): e.label() for e in graph.edges if not e.live}
    assert dead == {("stop", "x"): None, ("[ ]", "k"): None}


def test_wrt_leaves_only_the_edges_that_lead_there_alive():
    net = dense()
    graph = sg.graph(net.loss, wrt="W1")

    alive = {e.tail.label() for e in graph.edges if e.live}
    assert {"net", "W₁ x", "W₁", "h", "out"} <= alive
    assert not {"W₂", "b₁", "y", "x"} & alive


def test_one_value_with_two_names_is_one_vertex():
    x = sg.input("x")
    inner = sg.let("a", sg.sin(x))
    graph = sg.graph(sg.let("b", inner) * inner)

    assert [v.label() for v in graph.nodes] == ["x", "a", "b a"]
    assert graph.vertex("b") is graph.vertex("a")
    assert [e.label() for e in graph.edges if e.head.label() == "b a"] == ["a", "b"]


def test_the_graph_does_not_depend_on_the_order_of_creation():
    def build(names: str) -> str:
        made = {name: sg.input(name) for name in names}
        return str(sg.graph((made["p"] + made["q"]) * made["r"]))

    first = build("pqr")
    assert build("rqp") == first


def test_an_entry_of_the_jacobian_of_an_edge_is_a_number():
    net, values = dense(), dense_values()
    graph = sg.graph(net.loss)
    edge = next(e for e in graph.edges if e.head.label() == "out" and e.tail.label() == "h")
    slope = next(e for e in graph.edges if e.head.label() == "h")

    assert edge.partial(values, (1,), (2,)) == pytest.approx(values["W2"][1, 2])
    h = np.tanh(values["W1"] @ values["x"] + values["b1"])
    assert slope.partial(values, (3,), (3,)) == pytest.approx(1 - h[3] ** 2)
    assert slope.partial(values, (3,), (0,)) == 0.0
    with pytest.raises(sg.RangeError, match=r"out_index=\(2,\) for a value of shape \(2,\)"):
        edge.partial(values, (2,), (0,))


def test_networkx_gets_every_attribute_and_a_limit_is_kept():
    drawn = sg.graph(hinge().loss).to_networkx()

    node = drawn.nodes["n4"]
    assert (node["name"], node["op"], node["shape"], node["role"]) == ("score", "·", "()", "op")
    assert drawn.nodes["n9"]["role"] == "root"
    edge = drawn.edges["n6", "n4", 0]
    assert (edge["label"], edge["latex"], edge["operand"], edge["live"]) == ("y", "y", 0, True)
    with pytest.raises(sg.UnsupportedError, match="9 vertices are more than limit=8"):
        sg.graph(hinge().loss).to_networkx(limit=8)


def test_unknown_names_are_refused_with_those_that_exist():
    with pytest.raises(sg.UnknownNameError, match="no value is called 'q'; the names are x"):
        sg.graph(sg.sin(sg.input("x")), wrt="q")
    with pytest.raises(sg.UnknownNameError, match="does not occur"):
        sg.graph(sg.sin(sg.input("x"))).vertex(sg.input("y"))


# --- paths --------------------------------------------------------------------------------------


def test_paths_to_a_shared_value_add_up_to_the_gradient():
    x = sg.input("x")
    y = x * sg.sigmoid(x)
    paths = sg.graph(y).paths(y, x, {"x": 3.0})

    assert [float(path.value) for path in paths] == pytest.approx(
        [0.9525741268224334, 0.13552997919273602]
    )
    assert float(paths.gradient) == pytest.approx(1.0881041060151695)
    assert float(paths.remainder) == pytest.approx(0.0, abs=1e-15)


def test_the_product_of_a_path_is_written_unmultiplied():
    values = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
    loss = hinge().loss
    (path,) = sg.graph(loss).paths(loss, "W", values)

    assert path.label() == "1[margin < 1] · (−1) · y · φ(x)"
    assert str(path) == "loss → 1 − margin → margin → score → W"
    assert path.value.tolist() == [-2.0, 1.0]


def test_paths_are_counted_exactly_and_never_listed_for_it():
    x = y = sg.input("x")
    for k in range(200):
        y = sg.sin(y) * y if k % 2 else y + y
    graph = sg.graph(y)

    assert graph.count_paths(y, x) == 2**200
    assert graph.paths(y, x, {"x": 0.3}, limit=3).count == 2**200


def test_the_largest_paths_come_first_and_the_rest_is_one_number():
    x = sg.input("x")
    total = sum((k * sg.sin(x) for k in (3, 1, 4, 1, 5, 9, 2, 6)), start=sg.const(0.0))
    paths = sg.graph(total).paths(total, x, {"x": 0.5}, limit=3)

    slope = float(np.cos(0.5))
    assert [float(path.value) / slope for path in paths] == pytest.approx([9, 6, 5])
    assert paths.count == 8
    assert float(paths.remainder) / slope == pytest.approx(31 - 20)
    assert str(paths).splitlines()[3].startswith("5 further paths, together 9.65")


def test_a_path_through_arrays_composes_its_maps():
    net, values = dense(), dense_values()
    paths = sg.graph(net.loss).paths(net.loss, net.W1, values)

    h = np.tanh(values["W1"] @ values["x"] + values["b1"])
    delta = values["W2"].T @ (values["W2"] @ h - values["y"]) * (1 - h**2)
    assert paths.count == 1
    assert paths.shown[0].value == pytest.approx(np.outer(delta, values["x"]), rel=1e-12)


def test_paths_through_a_residual_block_add_up_for_arrays():
    x, W = sg.input("x", 3), sg.parameter("W", (3, 3))
    out = sg.let("out", sg.relu(W @ sg.tanh(x) + x))
    rng = np.random.default_rng(1)
    values = {"x": rng.normal(size=3), "W": rng.normal(size=(3, 3))}
    paths = sg.graph(out).paths(out, x, values)

    t = np.tanh(values["x"])
    open_ = (values["W"] @ t + values["x"] > 0) * 1.0
    through, skip = values["W"].T @ open_ * (1 - t**2), open_
    assert sum(path.value for path in paths) == pytest.approx(through + skip)
    found = sorted(path.value.tolist() for path in paths)
    assert np.array(found) == pytest.approx(np.array(sorted([through.tolist(), skip.tolist()])))


def test_paths_lead_through_a_loop():
    x, w, h0 = sg.input("x", 4), sg.parameter("w"), sg.input("h0")
    run = sg.scan(lambda h, x: sg.tanh(w * h + x), h0, x)
    loss = run.final * 2 + sg.sum(run.states)
    values = {"x": [0.1, -0.4, 0.3, 0.2], "w": 0.8, "h0": 0.5}
    paths = sg.graph(loss).paths(loss, w, values)

    def number(w: float) -> float:
        h, states = 0.5, []
        for entry in values["x"]:
            h = np.tanh(w * h + entry)
            states.append(h)
        return 2 * h + sum(states)

    slope = (number(0.8 + 1e-6) - number(0.8 - 1e-6)) / 2e-6
    assert float(paths.gradient) == pytest.approx(slope, rel=1e-8)
    assert paths.count >= 2
    assert float(sum(path.value for path in paths)) == pytest.approx(slope, rel=1e-8)


def test_without_values_the_shortest_paths_come_first():
    x = sg.input("x")
    y = sg.sin(sg.cos(x)) + x
    paths = sg.graph(y).paths(y, x)

    assert [len(path.edges) for path in paths] == [1, 3]
    assert paths.gradient is None


def test_there_is_no_path_to_what_has_no_influence():
    x, y = sg.input("x"), sg.input("y")
    expr = x * sg.stop_gradient(y)
    paths = sg.graph(expr).paths(expr, y, {"x": 2.0, "y": 3.0})

    assert (paths.count, paths.shown, float(paths.gradient)) == (0, (), 0.0)


def test_a_chain_of_thirty_thousand_is_a_graph_like_any_other():
    x = y = sg.input("x")
    for k in range(15000):
        y = sg.sin(y) if k % 2 else y * x
    graph = sg.graph(y)

    assert len(graph.nodes) == 15001
    assert graph.edges[-1].label() is not None
    assert len(graph.values({"x": 0.3}).backward) == 15001


def test_two_variables_of_one_name_are_refused():
    twice = sg.sum(sg.input("twin", 3)) + sg.sum(sg.input("twin", 4))

    with pytest.raises(sg.NameClashError, match=r"'twin': one has shape \(3,\)"):
        sg.graph(twice)


def test_numpy_sums_of_nodes_are_nodes():
    x = sg.input("x", (3, 2))

    assert np.sum(x) is sg.sum(x)
    assert np.mean(x, axis=0) is sg.mean(x, axis=0)
    assert np.max(x) is sg.max(x)
