"""Paths: counted, listed largest first, written unmultiplied, and always adding up."""

from __future__ import annotations

import json

import numpy as np
import pytest
from random_graphs import random_case

import symgraph as sg
from symgraph.notation.numeric import value
from symgraph.sample import draw
from symgraph.zoo import builder, deep


def scalar_dag(seed: int, length: int = 9) -> tuple[sg.Node, sg.Node, dict[str, float]]:
    """A random graph of numbers in which values are used several times."""
    rng = np.random.default_rng(seed)
    a, b = sg.input("a"), sg.input("b")
    pool = [a, b, a * b]
    while len(pool) < length:
        x, y = (pool[-1 - rng.integers(3)] for _ in range(2))
        made = [x + y, x - y, x * y, sg.sin(x), x * 2.5, sg.tanh(x) * y, sg.maximum(x, y)]
        pool.append(made[rng.integers(len(made))])
    return pool[-1] * pool[-2] + pool[-3] + a * b, a, {"a": 0.7, "b": -1.3}


def all_products(root: sg.Node, leaf: sg.Node, values: dict[str, float]) -> list[float]:
    """The product of every path by plain recursion over the edges."""
    graph = sg.graph(root)
    below: dict[int, list] = {}
    for edge in graph.edges:
        if edge.live:
            below.setdefault(edge.head.number, []).append((edge, edge.partial(values)))

    def walk(vertex) -> list[float]:
        if vertex.number == graph.vertex(leaf).number:
            return [1.0]
        return [
            slope * rest
            for edge, slope in below.get(vertex.number, [])
            for rest in walk(edge.tail)
        ]  # fmt: skip

    return walk(graph.vertex(root))


@pytest.mark.parametrize("seed", range(12))
def test_the_largest_paths_are_those_of_a_sorted_list_of_all(seed):
    root, leaf, values = scalar_dag(seed)
    products = all_products(root, leaf, values)
    paths = sg.graph(root).paths(root, leaf, values, limit=7)

    assert paths.count == len(products)
    sizes = sorted((abs(p) for p in products), reverse=True)
    assert [abs(float(p.value)) for p in paths] == pytest.approx(sizes[:7], rel=1e-5, abs=1e-12)
    assert paths.ordered
    assert float(paths.gradient) == pytest.approx(sum(products), rel=1e-12, abs=1e-12)
    shown = sum(float(p.value) for p in paths)
    assert shown + float(paths.remainder) == pytest.approx(sum(products), rel=1e-12, abs=1e-12)


def difference(root: sg.Node, leaf: sg.Node, values: dict[sg.Node, np.ndarray]) -> np.ndarray:
    """Central differences of the sum of all entries."""
    found = np.zeros(np.shape(values[leaf]))
    for index in np.ndindex(found.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = np.array(values[leaf], dtype=float)
            moved[index] += step
            ends.append(float(np.sum(sg.evaluate(root, {**values, leaf: moved}))))
        found[index] = (ends[0] - ends[1]) / 2e-6
    return found


def test_all_paths_of_random_graphs_of_arrays_add_up_to_difference_quotients():
    checked = 0
    for seed in range(40):
        case = random_case(seed, length=12)
        root = case.outputs[0]
        used = [v for v in case.values if v.kind == "real" and v in sg.graph(root).forward.order]
        if root.kind != "real" or not used:
            continue
        values = {v: x for v, x in case.values.items() if v in set(sg.graph(root).forward.order)}
        paths = sg.graph(root).paths(root, used[0], values, limit=400)
        if not 2 <= paths.count <= 400:
            continue
        total = sum(path.value for path in paths)
        expected = difference(root, used[0], values)
        assert total == pytest.approx(expected, rel=1e-4, abs=1e-5), seed
        sizes = [float(np.linalg.norm(path.value)) for path in paths]
        assert sizes == sorted(sizes, reverse=True)
        checked += 1
    assert checked >= 4


def test_the_products_of_the_lecture_are_written_unmultiplied():
    mid = sg.let("mid", sg.sin(sg.input("in")))
    out = sg.let("out", sg.exp(mid))
    paths = sg.graph(out).paths(out, "in", {"in": 0.7})

    product, total = str(paths).splitlines()
    assert product == (
        "out → mid → in: ∂out/∂mid · ∂mid/∂in = out · cos(in) = 1.904496534 · 0.7648421873"
        " = 1.456639295"
    )
    assert total == "sum = dout/din = 1.456639295"
    assert paths.text().splitlines()[0].startswith("out -> mid -> in: ∂out/∂mid * ∂mid/∂in = ")
    assert paths.shown[0].factors == pytest.approx([1.9044965343867302, 0.7648421872844885])


def test_latex_aligns_the_products_and_the_rest():
    x = sg.input("x")
    y = sg.let("y", x * sg.sigmoid(x))
    written = sg.graph(y).paths(y, x, {"x": 3.0}, limit=1).latex()

    assert written.splitlines() == [
        r"\begin{align*}",
        r"  y \to x &: \quad \frac{\partial y}{\partial x} = \sigma(x) = 0.9525741268 \\",
        r"  & \text{1 further path, together }0.1355299792 \\",
        r"  \text{sum} &= \frac{\mathrm{d} y}{\mathrm{d} x} = 1.088104106",
        r"\end{align*}",
    ]


def test_what_is_not_shown_is_one_line_in_either_language():
    x = sg.input("x")
    y = sg.let("y", x * x * x)
    graph = sg.graph(y)

    english = str(graph.paths(y, x, {"x": 2.0}, limit=1)).splitlines()
    chinese = str(graph.paths(y, x, {"x": 2.0}, limit=1, lang="zh")).splitlines()
    assert english[1:] == ["2 further paths, together 8", "sum = dy/dx = 12"]
    assert chinese[1:] == ["还有 2 条路径，合计 8", "总和 = dy/dx = 12"]
    assert str(graph.paths(y, x, limit=0)) == "3 further paths"


def test_sixty_doublings_have_two_to_the_sixty_paths_and_a_closed_sum():
    x = e = sg.input("x")
    for _ in range(60):
        e = e * e
    paths = sg.graph(e).paths(e, x, {"x": 1.0})

    assert (paths.count, len(paths), paths.further) == (2**60, 50, 2**60 - 50)
    assert float(paths.gradient) == 2.0**60
    assert float(paths.remainder) == 2.0**60 - 50
    assert "1152921504606846926 further paths, together 1.152921505e+18" in str(paths)


def test_many_paths_through_arrays_close_too():
    e = x = sg.input("x", 2)
    for _ in range(40):
        e = sg.tanh(e) + e
    paths = sg.graph(e).paths(e, x, {"x": [0.1, -2.0]}, limit=5)

    assert (paths.count, len(paths)) == (2**40, 5)
    shown = sum(path.value for path in paths)
    assert shown + paths.remainder == pytest.approx(paths.gradient, rel=1e-12)
    sizes = [float(np.linalg.norm(path.value)) for path in paths]
    assert sizes == sorted(sizes, reverse=True)


def test_a_path_through_arrays_is_written_as_one_formula():
    x, W1, W2 = sg.input("x", 3), sg.parameter("W1", (4, 3)), sg.parameter("W2", (2, 4))
    h = sg.let("h", sg.tanh(sg.let("net", W1 @ x)))
    loss = sg.let("loss", sg.let("out", W2 @ h) @ sg.input("g", 2))
    line = str(sg.graph(loss).paths(loss, W1)).splitlines()[0]

    assert line.startswith("loss → out → h → net → W₁: ∂loss/∂out · ∂out/∂h · ∂h/∂net · ∂net/∂W₁")
    assert line.endswith("= (W₂ᵀ g ⊙ (1 − h²)) xᵀ")


def test_a_path_from_an_array_is_a_map_of_what_arrives():
    x, W = sg.input("x", 3), sg.parameter("W", (3, 3))
    y = sg.let("y", sg.let("F", W @ x) + x)
    skip, through = str(sg.graph(y).paths(y, x)).splitlines()

    assert skip == "y → x: ∂y/∂x = •"
    assert through == "y → F → x: ∂y/∂F · ∂F/∂x = Wᵀ •"


def test_one_path_is_found_by_the_values_that_it_passes():
    x = sg.input("x")
    y = sg.let("y", x * sg.let("s", sg.sigmoid(x)))
    graph = sg.graph(y)

    assert float(graph.path(["y", "s", "x"], {"x": 3.0}).value) == pytest.approx(0.1355299792)
    with pytest.raises(sg.UnsupportedError, match="2 ways lead from y to x"):
        graph.path(["y", "x"])
    with pytest.raises(sg.UnsupportedError, match="no derivative flows from x to y"):
        graph.path(["x", "y"])
    with pytest.raises(sg.RangeError, match="1 values make no way"):
        graph.path(["x"])
    with pytest.raises(sg.UnknownNameError, match="no value is called 'q'"):
        graph.path(["y", "q"])


def test_requests_that_make_no_sense_are_refused():
    x = sg.input("x", 2)
    graph = sg.graph(sg.sum(x))

    for limit in (-1, 2.0, True):
        with pytest.raises(sg.RangeError, match="give the number of paths"):
            graph.paths(sg.sum(x), x, limit=limit)
    with pytest.raises(sg.ShapeError, match=r"x' has shape \(2,\)"):
        graph.paths(sg.sum(x), x, {"x": [[1.0, 2.0]]})
    with pytest.raises(sg.KindError, match="write 'en' or 'zh'"):
        graph.paths(sg.sum(x), x, lang="de")


def test_paths_are_data_too():
    x = sg.input("x")
    y = sg.let("y", x * (x + 1))
    found = json.loads(json.dumps(sg.graph(y).paths(y, x, {"x": 3.0}).to_dict()))

    assert [path["value"] for path in found["paths"]] == [4.0, 3.0]
    assert [path["vertices"] for path in found["paths"]] == [["y", "x"], ["y", "x + 1", "x"]]
    assert (found["count"], found["gradient"], found["remainder"]) == (2, 7.0, 0.0)


def test_counts_agree_with_brute_force_over_random_layers():
    rng = np.random.default_rng(3)
    for _ in range(5):
        layers = [[sg.input("x")]]
        for _ in range(4):
            below = layers[-1]
            layers.append(
                [sum((sg.sin(n) for n in below if rng.random() < 0.8), start=below[0] * 1.0)
                 for _ in range(int(rng.integers(1, 4)))]
            )  # fmt: skip
        root = sum(layers[-1], start=sg.const(0.0))
        graph = sg.graph(root)
        edges = [(e.head.number, e.tail.number) for e in graph.edges if e.live]
        ways = {graph.vertex("x").number: 1}
        for head in sorted({h for h, _ in edges}):
            ways[head] = sum(ways.get(t, 0) for h, t in edges if h == head)
        count = ways[graph.vertex(root).number]
        assert graph.count_paths(root, "x") == count
        assert len(list(graph.paths(root, "x", limit=10**4))) == min(count, 10**4)


def test_a_part_of_a_graph_takes_the_values_of_the_whole():
    x, w = sg.input("x"), sg.parameter("w")
    h = sg.let("h", sg.tanh(w * x))
    loss = sg.let("loss", (h - sg.input("y")) ** 2)
    paths = sg.graph(loss).paths("h", "w", {"x": 0.5, "w": 2.0, "y": 1.0})

    assert float(paths.gradient) == pytest.approx(0.5 * (1 - np.tanh(1.0) ** 2))


def test_a_value_reaches_itself_along_the_empty_path():
    x = sg.let("y", sg.sin(sg.input("x")))
    paths = sg.graph(x).paths(x, x, {"x": 0.5})

    assert (paths.count, float(paths.gradient), float(paths.shown[0].value)) == (1, 1.0, 1.0)
    assert str(paths).splitlines() == ["y: 1", "sum = dy/dy = 1"]


def test_slopes_of_sigmoids_are_written_with_their_range():
    chain = deep.chain(5)
    paths = sg.graph(chain).paths(chain, "x", {"x": 0.0})

    assert paths.shown[0].ranges == ((0.0, 0.25, True),) * 5
    lines = paths.unicode(ranges=True).splitlines()
    assert lines[1] == "   ∈ " + " · ".join(["(0, 0.25]"] * 5) + " = (0, 0.000976562]"
    first = paths.latex(ranges=True).splitlines()[1]
    assert first.count(r"\underbrace{") == 5
    assert r"\underbrace{(h_{2} (1 - h_{2}))}_{(0, 0.25]}" in first
    assert "∈" not in str(paths)


@pytest.mark.parametrize(
    "name", ["sigmoid", "tanh", "softplus", "arctan", "relu", "sin", "cos", "step"]
)
def test_ranges_of_slopes_hold_everywhere_and_are_no_wider_than_needed(name: str):
    z = sg.input("z")
    y = getattr(sg, name)(z)
    graph = sg.graph(y)
    (bounds,) = graph.path([y, z]).ranges
    slopes = [float(graph.path([y, z], {"z": at}).value) for at in np.linspace(-8, 8, 65)]

    assert min(slopes) >= bounds.low
    assert max(slopes) <= bounds.high
    assert min(slopes) == pytest.approx(bounds.low, abs=2e-2)
    assert max(slopes) == pytest.approx(bounds.high, abs=2e-2)


def test_a_product_reaches_an_end_that_one_factor_reaches():
    x = sg.input("x")
    y = sg.let("y", sg.sigmoid(sg.relu(sg.sin(x))))

    assert sg.graph(y).path([y, x]).bounds("text").endswith(" = [-0.25, 0.25]")
    z = sg.let("z", sg.sigmoid(sg.relu(x)))
    assert sg.graph(z).path([z, x]).bounds("text") == "in (0, 0.25] * [0, 1] = [0, 0.25]"


def test_a_value_of_two_numbers_has_no_range():
    x, w = sg.input("x"), sg.parameter("w")
    y = sg.let("y", sg.tanh(w * x))
    path = sg.graph(y).path([y, w])

    assert path.ranges == ((0.0, 1.0, True), None)
    assert path.bounds() == ""


def test_a_path_through_a_loop_names_its_result_and_its_operand():
    w = sg.parameter("w")
    run = sg.scan(lambda h, x: sg.tanh(w * h + x), sg.input("h0"), sg.input("x", "T"))
    loss = sg.let("L", run.final**2)
    paths = sg.graph(loss).paths(loss, w, {"h0": 0.5, "w": 0.8, "x": [0.1, -0.4]})

    assert str(paths).startswith("L → h_T → w: ∂L/∂h_T · ∂h_T/∂w = ")


@pytest.mark.parametrize("name", ["dense", "feedforward", "residual-block", "two-layer", "softmax"])
def test_the_formula_of_a_path_has_the_value_of_its_product(name: str):
    loss = builder(name)()
    loss = getattr(loss, "loss", loss)
    root = loss if loss.shape == () else sg.let("Σ", sg.sum(loss))
    sample = draw([root])
    graph = sg.graph(root)
    forward = graph.values(sample.values).forward
    names = {f"f{vertex.index}": array for vertex, array in forward.items()}
    names |= {vertex.name: array for vertex, array in forward.items() if vertex.name}
    for vertex in graph.vertices:
        if vertex.role != "parameter":
            continue
        for path in graph.paths(root, vertex, sample.values):
            if path.formula is not None:
                found = np.asarray(value(path.formula, names, sample.dims))
                assert found.ravel() == pytest.approx(path.value.ravel(), rel=1e-9, abs=1e-12)
            for edge in path.edges:
                if edge.placeholder is None and edge.formula is not None and not edge.tail.shape:
                    slope = float(np.asarray(value(edge.formula, names, sample.dims)))
                    assert slope == pytest.approx(edge.partial(sample.values), rel=1e-9)


def test_paths_through_a_loop_of_numbers_are_listed_by_their_true_size():
    # z starts the loop, which nearly forgets it, and is added at every step
    z, rows = sg.input("z"), sg.input("rows", 3)
    final = sg.scan(lambda s, q: sg.sin(s * q) * 0.01 + z * 5, z * 100, rows).final
    values = {"z": 0.4, "rows": [1.0, -0.5, 0.8]}
    paths = sg.graph(final).paths(final, z, values)
    sizes = [abs(float(path.value)) for path in paths.shown]
    step = 1e-6
    ends = [sg.evaluate(final, {**values, "z": 0.4 + d}) for d in (step, -step)]
    assert len(sizes) == 2
    assert sizes == sorted(sizes, reverse=True)
    assert paths.ordered
    assert sum(float(path.value) for path in paths.shown) == pytest.approx(
        float(ends[0] - ends[1]) / (2 * step), rel=1e-6
    )
