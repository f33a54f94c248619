"""Emitted JavaScript, run by V8: its numbers are those of NumPy, to 1e-12."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from javascript_engine import Script, new_engine
from primitive_samples import SAMPLES
from random_graphs import random_case

import symgraph as sg
import symgraph.gammas  # for its functions
from symgraph import cli, zoo
from symgraph.codegen.basic import _TEMPLATES
from symgraph.flow import Flow
from symgraph.graph import Graph
from symgraph.javascript import javascript
from symgraph.node import Node
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.leaves import fill
from symgraph.ops.map import map_node
from symgraph.sample import draw
from symgraph.scalar import functions, slot
from symgraph.template import template
from symgraph.walks import variables

DIGITS = 1e-12
NODES = [
    pytest.param(sample.node, sample.values, id=f"{kind}-{sample.title}")
    for kind, samples in SAMPLES.items()
    for sample in samples
    if not sample.node.is_loop and variables([sample.node])
]


@pytest.fixture(scope="module")
def engine():
    with new_engine() as one:
        yield one


def agrees(found, wanted, scale=None):
    """Whether numbers are equal to twelve digits of the largest of them, or of a scale."""
    wanted = np.asarray(wanted, float).ravel()
    if scale is None:
        scale = np.max(np.abs(wanted), initial=0, where=np.isfinite(wanted))
    found = np.atleast_1d(np.asarray(found, float))
    return found.shape == wanted.shape and np.allclose(
        found, wanted, rtol=DIGITS, atol=DIGITS * scale, equal_nan=True
    )


def started(engine, graph, values):
    """The running script of a graph on values, of which it takes its own."""
    script = Script(engine, javascript(graph).expression)
    mine = {v.name: values[v] for v in variables(graph.roots)}
    script.set(mine)
    script.run("forward()")
    return script


def check_graph(engine, node, values):
    """All values and backward values of a graph against the reference."""
    graph = sg.graph(node)
    mine = {v: values[v] for v in variables([node])}
    script = started(engine, graph, mine)
    with np.errstate(all="ignore"):
        wanted = graph.values(mine, seed=fill(1, graph.vertex(node).shape, "real"))
    for k, vertex in enumerate(graph.vertices):
        if vertex in wanted.forward:
            assert agrees(script.run(f"f({k})"), wanted.forward[vertex]), ("f", vertex)
        found = script.run(f"g({k})")
        if vertex in wanted.backward:
            scale = 1 + np.max(np.abs(wanted.backward[vertex]), initial=0)
            assert agrees(found, wanted.backward[vertex], scale), ("g", vertex)
        else:
            assert found is None
    return graph, mine, script


def check_paths(graph, values, script, most=4):
    """Numbers of paths, products of the largest, and sums, to some real leaves."""
    root = graph.vertex(graph.roots[0])
    leaves = [v for v in graph.vertices if not v.node.args and graph.users(v) and v is not root]
    for leaf in leaves[:most]:
        found = script.data(f"paths({leaf.number - 1}, 3)")
        flow = Flow(root.node, leaf.node, values, graph.roots)
        scale = 1 + np.max(np.abs(flow.gradient), initial=0)
        assert found["count"] == str(graph.count_paths(root, leaf))
        ways = [[graph.edges[e] for e in one["edges"]] for one in found["shown"]]
        shown = [np.array(list(_entries(one["value"]))) for one in found["shown"]]
        for way, value, wanted in zip(ways, shown, flow.along(ways), strict=True):
            assert agrees(value, wanted, scale), way
        total = sum(shown, start=np.array(list(_entries(found["remainder"]))))
        assert agrees(total, flow.gradient, scale), leaf
        sizes = [float(np.linalg.norm(value)) for value in shown]
        assert sizes == sorted(sizes, reverse=True) or agrees(sizes, sorted(sizes)[::-1])


def _entries(value):
    """The entries of a number or of an array, which JSON writes with its positions."""
    return value.values() if isinstance(value, dict) else [value]


@pytest.mark.parametrize(("node", "values"), NODES)
def test_every_primitive_has_its_values_its_derivatives_and_its_paths(engine, node, values):
    if node.kind != "real":
        script = started(engine, sg.graph(node), values)
        wanted = evaluate_nodes([node], values, {})[node]
        assert agrees(script.run("f(program.root)"), wanted)
        return
    check_paths(*check_graph(engine, node, values))


@pytest.mark.parametrize("name", zoo.names())
def test_every_system_of_the_zoo_has_the_numbers_of_numpy(engine, name):
    system = zoo.built(name)
    loss = getattr(system, "loss", system)
    check_paths(*check_graph(engine, loss, draw([loss]).values))


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_have_the_numbers_of_numpy(engine, seed):
    case = random_case(seed)
    for node in case.outputs[:4]:
        if node.kind == "real":
            check_graph(engine, node, case.values)


POINTS = np.array(
    [0.0, -0.0, 1e-300, 1e-8, -1e-8, 0.3, -0.3, 1.0, -1.0, 2.5, -2.5, 4.0, 20.0, -20.0, 40.0, -40.0,
     708.0, -708.0, 710.0, -710.0, 745.0, 800.0, -800.0, 1e5, -1e5, 1e16, 1e300, -1e300, np.inf,
     -np.inf, np.nan]
)  # fmt: skip
#: Where a function is a sum that cancels outside of its domain.
INSIDE = {"zeta": lambda s, x: (s > 1) & (x > 0)}
ANY = sorted({*functions, *_TEMPLATES} - {"iverson", "logical_not", "floor", "ceil"})


@pytest.mark.parametrize("name", ANY)
def test_every_function_keeps_its_digits_from_zero_to_infinity(engine, name):
    """Each number by itself: the tail of erfc at 20 is 5e-176, and has twelve digits too."""
    body = _TEMPLATES.get(name)
    if body is None:
        arity = functions[name].arity
        body = template(functions[name](*map(slot, range(arity))), arity)
    if name.startswith("logical") or name == "where":
        pytest.skip("it takes truth values")
    grid = np.stack(np.meshgrid(*[POINTS] * body.arity)).reshape(body.arity, -1)
    if name in INSIDE:
        grid = grid[:, INSIDE[name](*grid)]
    xs = [sg.input(f"x{k}", grid.shape[1]) for k in range(body.arity)]
    node = map_node(body, tuple(xs))
    script = started(engine, sg.graph(node), dict(zip(xs, grid, strict=True)))
    found = script.run(f"f({len(xs)})")
    with np.errstate(all="ignore"):
        wanted = np.asarray(body.evaluate(list(grid)), float)
        assert np.allclose(found, wanted, rtol=DIGITS, atol=1e-307, equal_nan=True)


def test_floor_and_ceil_stay_real_where_integers_end(engine):
    x = sg.input("x", 4)
    script = started(engine, sg.graph(sg.floor(x)), {x: [2.5, -2.5, 1e300, -np.inf]})
    assert script.run("f(1)").tolist() == [2.0, -3.0, 1e300, -np.inf]


def test_the_error_function_has_the_digits_of_mpmath(engine):
    mpmath = pytest.importorskip("mpmath")
    x = sg.input("x", 6)
    points = [-27.0, -3.0, 1e-9, 0.47, 3.9, 26.0]
    script = started(engine, sg.graph(sg.erfc(x)), {x: points})
    for found, point in zip(script.run("f(1)"), points, strict=True):
        assert math.isclose(found, float(mpmath.erfc(point)), rel_tol=DIGITS)


def test_the_hinge_loss_has_the_numbers_of_the_lecture(engine):
    """w = (2, -1), phi = (3, 1), y = -1: the margin is -5, the loss 6, its gradient (3, 1)."""
    w, phi, y = sg.parameter("w", 2), sg.input("phi", 2), sg.input("y")
    margin = sg.let("margin", (w @ phi) * y)
    graph = sg.graph(sg.maximum(1 - margin, 0))
    script = started(engine, graph, {w: [2.0, -1.0], phi: [3.0, 1.0], y: -1.0})

    assert script.run("forward()") == 6.0
    assert script.run(f"f({graph.vertex('margin').number - 1})") == -5.0
    assert script.run("gradient('w')").tolist() == [3.0, 1.0]
    script.run("step(0.5)")
    assert script.run("get('w')").tolist() == [0.5, -1.5]
    assert script.run("forward()") == 1.0


def test_labels_of_edges_between_numbers_multiply_to_the_products_of_paths(engine):
    w, x = sg.parameter("w"), sg.input("x")
    graph = sg.graph(sg.sin(w * x) * w)
    script = started(engine, graph, {w: 0.5, x: 3.0})
    slopes = [script.run(f"partial({k})") for k in range(len(graph.edges))]

    wanted = {1: 0.5 * math.cos(1.5) * 3.0, 2: math.sin(1.5)}  # by the number of edges on the way
    w_at = graph.vertex("w").number - 1
    ways = {}
    for e, edge in enumerate(graph.edges):
        if edge.tail.number - 1 == w_at and edge.head.number == len(graph.vertices):
            ways[2] = slopes[e]
    found = script.run(f"g({w_at})")
    assert math.isclose(ways[2], wanted[2], rel_tol=DIGITS)
    assert math.isclose(found, wanted[1] + wanted[2], rel_tol=DIGITS)


def test_the_paths_of_a_product_are_those_worked_out_by_hand(engine):
    """y = x (x + 1) at 3: x + 1 = 4 along one factor, x = 3 along the other, together 7."""
    x = sg.input("x")
    graph = sg.graph(x * (x + 1))
    script = started(engine, graph, {x: 3.0})
    found = script.data(f"paths({graph.vertex('x').number - 1})")

    assert [path["value"] for path in found["shown"]] == [4.0, 3.0]
    assert [path["factors"] for path in found["shown"]] == [[4.0], [3.0, 1.0]]
    assert (found["count"], found["gradient"], found["remainder"]) == ("2", 7.0, 0.0)


def test_however_many_paths_there_are_only_the_largest_are_looked_at(engine):
    x = y = sg.input("x")
    for k in range(60):
        y = y * 0.5 + sg.sin(y) * (1 + k / 100)
    graph = sg.graph(y)
    script = started(engine, graph, {x: 0.1})
    found = script.data(f"paths({graph.vertex('x').number - 1}, 3)")
    wanted = graph.paths(y, x, {x: 0.1}, limit=3)

    assert found["count"] == str(2**60)
    assert [one["value"] for one in found["shown"]] == pytest.approx(
        [float(path.value) for path in wanted], rel=DIGITS
    )
    assert found["remainder"] == pytest.approx(float(wanted.remainder), rel=1e-11)
    assert found["ordered"]


def test_constants_and_whole_numbers_have_no_paths(engine):
    x, n = sg.input("x"), sg.input("n", kind="integer")
    graph = sg.graph(x * n + 2.5)
    script = started(engine, graph, {x: 2.0, n: 3})
    found = script.data(f"paths({graph.vertex('n').number - 1})")
    assert found == {
        "count": "0", "shown": [], "gradient": None, "remainder": None, "ordered": True,
    }  # fmt: skip


def test_sizes_follow_the_arrays_that_are_given(engine):
    w, x = sg.parameter("w", 3), sg.input("x", ("N", 3))
    script = Script(engine, javascript(sg.sum(sg.square(x @ w))).expression)
    script.set({"w": [1.0, 2.0, 3.0]})
    for rows in (2, 5, 1):
        array = np.arange(3.0 * rows).reshape(rows, 3)
        script.set({"x": array})
        assert script.run("forward()") == np.sum((array @ [1.0, 2.0, 3.0]) ** 2)
        assert script.run("g(program.vertices.findIndex(v => v.name === 'x'))").size == 3 * rows
    assert script.run("get('w')").tolist() == [1.0, 2.0, 3.0]


def test_gradient_steps_are_those_of_a_compiled_update(engine):
    """Two parameters whose gradients are each other: both move from where they were."""
    a, b, x = sg.parameter("a", 2), sg.parameter("b", 2), sg.input("x", 2)
    loss = sg.sum(a * b) + sg.sum(sg.tanh(a * x))
    graph = sg.graph(loss)
    values = {a: np.array([0.5, -1.0]), b: np.array([2.0, 0.25]), x: np.array([1.0, -3.0])}
    script = started(engine, graph, values)
    ga, gb = sg.grad(loss, [a, b])
    step = sg.compile([a, b, x], loss, updates={a: a - 0.1 * ga, b: b - 0.1 * gb})
    arrays = {v: array.copy() for v, array in values.items()}
    for _ in range(20):
        wanted = step(*arrays.values())
        assert agrees(script.run("forward()"), wanted)
        script.run("step(0.1)")
    assert agrees(script.run("get('a')"), arrays[a])
    assert agrees(script.run("get('b')"), arrays[b])


NASTY = ["</script>", "__proto__", 'a"b', "a\\b", "总", "constructor", "x'; throw 1; '"]


def test_the_inputs_that_are_named_move_together_and_the_parameters_stay(engine):
    w, x, y, n = sg.parameter("w"), sg.input("x"), sg.input("y"), sg.input("n", kind="integer")
    script = started(engine, sg.graph(w * x * y * n), {w: 2.0, x: 3.0, y: 5.0, n: 1})

    script.run("step(0.5, ['x', 'y'])")

    moved = [script.run(f"get('{name}')") for name in "wxy"]
    assert moved == [2, 3 - 0.5 * 2 * 5, 5 - 0.5 * 2 * 3]
    assert script.error("step(0.5, ['n'])") == '"n" is integer; only real inputs are trained.'


def test_paths_go_on_where_they_stopped_until_the_sum_closes(engine):
    x = sg.input("x")
    graph = sg.graph(sum((k * sg.sin(x) for k in range(2, 7)), sg.cos(x)))
    leaf = graph.vertex("x").number - 1
    script = started(engine, graph, {x: 0.0})
    told = "[one.more(n).map((path) => path.value), one.remainder(), one.count]"
    both = f"((one) => [2, 9].map((n) => {told}))(program.search({leaf}))"
    found = script.data(f"root && {both}")

    assert found == [[[6, 5], 9, "6"], [[4, 3, 2, 0], 0, "6"]]


def test_names_stay_inside_of_their_quotes(engine):
    xs = [sg.input(name) for name in NASTY]
    program = javascript(sg.let("<!--", sum(xs[1:], start=xs[0])))
    assert "</script>" not in program.source
    assert "<!--" not in program.source
    script = Script(engine, program.expression)
    script.set({name: float(k) for k, name in enumerate(NASTY)})
    assert script.run("forward()") == sum(range(len(NASTY)))
    assert [one["name"] for one in script.data("inputs")] == NASTY
    assert script.run('get("__proto__")') == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("forward()", 'no value was given for "rows", "which".'),
        ("set('y', 1)", 'there is no input "y"; the inputs are "rows", "which".'),
        ("set('rows', [1, 2])", '"rows" has shape (2,), it is declared (N, 2). '),
        ("set('rows', [[1, 2], [3]])", '"rows": its rows differ in length. '),
        ("set('rows', [[1, 'b']])", '"rows" holds string. '),
        ("set('rows', new Float64Array(4))", '"rows": a flat array does not tell its shape. '),
        (
            "set('rows', {shape: [2, 2], data: [1]})",
            '"rows": 1 entries are no array of shape (2, 2). ',
        ),
        ("set('rows', null)", '"rows" is null. '),
        ("set('which', [0.5])", '"which" holds 0.5, it is declared integer. '),
        (
            "forward({rows: [[1, 2]], which: [3]})",
            "lookup: index 3 at position (0,) is outside 0..0. ",
        ),
        (
            "forward({rows: [[1, 2]], which: []})",
            '"which" has shape (0,), beside the other inputs it must ',
        ),
    ],
)
def test_wrong_values_are_refused_in_one_sentence(engine, call, message):
    x, i = sg.input("rows", ("N", 2)), sg.input("which", "N", kind="integer")
    script = Script(engine, javascript(sg.sum(x[i])).expression)
    found = script.error(call)
    assert (found or "").startswith(message)


@pytest.mark.parametrize(("first", "second"), ["xy", "yx"])
def test_a_refused_value_leaves_the_others_as_they_were(engine, first, second):
    x, y = sg.input("x", "N"), sg.input("y", "N")
    script = Script(engine, javascript(sg.sum(x * y)).expression)
    script.set({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    assert script.run("forward()") == 11.0
    refusal = script.error(f"forward({{{first}: [1, 2, 3]}})") or ""
    assert "Give arrays that agree." in refusal
    script.set({second: [1.0, 1.0, 1.0]})
    assert script.run("forward()") == 6.0


def test_a_singular_matrix_is_refused(engine):
    a = sg.input("a", (2, 2))
    script = Script(engine, javascript(sg.sum(sg.inv(a))).expression)
    assert "is singular" in (script.error("forward({a: [[1, 2], [2, 4]]})") or "")
    assert script.run("forward({a: [[2, 0], [0, 4]]})") == 0.75


def test_a_script_can_be_saved_and_told_its_name(engine, tmp_path):
    program = javascript(sg.square(sg.input("x")), name="net")
    path = program.save(tmp_path / "net.js")
    engine.eval(path.read_text(encoding="utf-8"))
    assert engine.eval("net.forward({x: 3})") == 9
    assert json.loads(engine.eval("JSON.stringify(net.vertices.map(v => v.name))")) == ["x", None]


def test_the_command_writes_a_script(engine, tmp_path, capsys):
    target = tmp_path / "net.js"
    told = ["½ (w x - y)²", "--wrt", "w", "--target", "js", "--out", str(target)]
    assert cli.main(["compile", *told]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    text = target.read_text(encoding="utf-8").removeprefix("const program = ")
    script = Script(engine, text.rstrip().removesuffix(";"))
    script.set({"w": 2.0, "x": 3.0, "y": 1.0})
    assert script.run("forward()") == 12.5
    assert script.run('gradient("w")') == 15.0


def test_what_no_script_can_be_made_of_is_refused():
    x = sg.input("x")
    with pytest.raises(sg.GradientError, match="2 roots; backward values belong to one"):
        javascript(Graph([x, x + 1]))
    with pytest.raises(sg.KindError, match="'a b' is no identifier"):
        javascript(x, name="a b")


def test_one_long_chain_and_one_wide_sum_are_no_trouble(engine):
    x: Node = sg.input("x")
    y = x
    for _ in range(3000):
        y = sg.sin(y) + x
    script = started(engine, sg.graph(y), {x: 0.01})
    want = 0.01
    for _ in range(3000):
        want = math.sin(want) + 0.01
    assert math.isclose(script.run("forward()"), want, rel_tol=1e-11)
