"""Emitted source: the same bytes for the same graph, inert names, modules that stand alone."""

from __future__ import annotations

import ast
import json
import linecache
import math
import subprocess
import sys
import tokenize
import traceback
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.node import Node
from symgraph.ops.move import pull
from symgraph.ops.rows import Affine

STYLES = ["fast", "read"]


def network(n: str | int = "N") -> tuple[list[Node], Node, list[Node]]:
    """Variables, loss and parameters of a small classifier."""
    x, y = sg.input("x", (n, 3)), sg.input("y", n, kind="integer")
    W, b, V = sg.parameter("W", (3, 4)), sg.parameter("b", 4), sg.parameter("V", (4, 2))
    h = sg.let("h", sg.sigmoid(sg.let("net", x @ W + b)))
    return [x, y, W, b, V], sg.cross_entropy(sg.let("z", h @ V), y), [W, b, V]


def training(style: Any, **options: Any) -> Any:
    variables, loss, weights = network()
    gradients = sg.grad(loss, weights)
    updates = {w: w - 0.1 * g for w, g in zip(weights, gradients, strict=True)}
    return sg.compile(variables, {"loss": loss}, updates=updates, style=style, **options)


def data() -> list[Any]:
    rng = np.random.default_rng(5)
    return [
        rng.standard_normal((6, 3)), rng.integers(0, 2, 6), rng.standard_normal((3, 4)),
        rng.standard_normal(4), rng.standard_normal((4, 2)),
    ]  # fmt: skip


# --- the text ------------------------------------------------------------------------------------


def test_the_same_graph_gives_the_same_bytes() -> None:
    script = (
        "import json, sys; sys.path[:0] = ['tests', 'tests/codegen']\n"
        "from test_source import STYLES, training\n"
        "json.dump([training(style).source for style in STYLES], sys.stdout)"
    )
    sources = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", script], capture_output=True, text=True, check=True,
                env={"PYTHONHASHSEED": seed, "PATH": ""}, cwd=Path(__file__).parent.parent.parent,
            ).stdout
        )
        for seed in ("0", "1")
    ]  # fmt: skip

    assert sources == [[training(style).source for style in STYLES]] * 2


def test_lines_carry_the_name_the_formula_and_the_shape() -> None:
    source = training("fast").source

    assert "np_add(h1_r, p2_r1, out=h1_r)  # net = h1 + b, (N, 4)" in source
    assert "# h = sigmoid(net), (N, 4)" in source
    assert "x1.dot(p1, out=h1)  # x @ W, (N, 4)" in source
    for section in ("# --- backward", "# --- update"):
        assert source.count(section) == 1
    assert source.index("# --- backward") < source.index("# --- update")


def test_code_for_reading_is_one_plain_function() -> None:
    x, W, b = sg.input("x", ("N", 3)), sg.parameter("W", (3, 4)), sg.parameter("b", 4)
    source = sg.compile([x, W, b], sg.let("h", sg.tanh(x @ W + b)), style="read").source

    assert source.endswith(
        "def step(x1, p1, p2):\n"
        "    h1 = np.tanh(x1 @ p1 + p2)  # h, (N, 4)\n"
        "    return h1\n"
    )  # fmt: skip


def test_code_for_reading_has_no_factors_of_one_and_no_idle_brackets() -> None:
    x = sg.input("x", ("N", 3))
    square = sg.mean(x[1:, :] ** 2)
    source = sg.compile(x, [square, sg.grad(square, x)], style="read").source

    body = source[source.index("    n1 = ") :]
    assert "h1 = x1[1:]" in body
    assert "np.sum(h1**2) / (3*n1 - 3)" in body
    assert "np.pad(2 / (3*n1 - 3) * h1, [(1, 0), (0, 0)])" in body


def test_code_for_reading_takes_every_other_entry_and_zeros_behind_the_last() -> None:
    x = sg.input("x", 3)
    every_other = pull(x, [Affine(0, ((0, 2),))], (4,))

    assert sg.compile([x], every_other, style="read")([1.0, 2.0, 3.0]).tolist() == [1, 3, 0, 0]


def test_one_operation_stands_on_a_line() -> None:
    tree = ast.parse(training("fast").source)
    run = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "run")
    lines = [node.lineno for node in run.body]

    assert len(set(lines)) == len(lines)


def test_an_operand_that_dies_gives_its_memory_to_the_result() -> None:
    x = sg.input("x", ("N", 100))
    h: Node = x
    for _ in range(10):
        h = sg.tanh(sg.exp(h) * 2.0)
    source = sg.compile(x, sg.sum(h)).source

    assert "real = slots([100*n1], np.float64)" in source


def test_the_parts_of_a_concat_are_computed_in_their_places() -> None:
    x, y = sg.input("x", ("N", 2)), sg.input("y", ("N", 3))
    joined = sg.concat([sg.tanh(x), y, sg.exp(y)], axis=1)
    f = sg.compile([x, y], joined @ np.ones((8, 1)))
    a, b = np.arange(4.0).reshape(2, 2), np.arange(6.0).reshape(2, 3)
    want = np.concatenate([np.tanh(a), b, np.exp(b)], axis=1).sum(1, keepdims=True)

    assert np.allclose(f(a, b), want, rtol=1e-14)
    assert f.source.count("[...] = ") == 1  # y alone is copied


# --- names ---------------------------------------------------------------------------------------

HOSTILE = [
    'x"""; import os; os.abort(); """', "x'''; raise SystemExit #", "x\u2028raise SystemExit",
    "\\", "\\x0a", "{0}", "%s", "x\x1b[31m", "np", "run", "class", "x1", "p1", "λ", "权重",
    "W^{(1)}", " ", "#", "x\u202ereversed", "__import__('os')", "\"", "a" * 300, "x\x85y", "\x0c",
]  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_a_hostile_name_is_inert(name: str, style: Any) -> None:
    """The code is the same as with a harmless name, but for comments and quoted text."""

    def build(called: str) -> str:
        x, i = sg.input(called, ("N", 2)), sg.input(f"{called}i", 2, kind="integer")
        h = sg.let(f"{called}h", sg.tanh(x))
        outputs = {"out": h * h, "picked": sg.take(h, i)}
        return sg.compile([x, i], outputs, style=style).source

    hostile, harmless = build(name), build("x")

    assert code_of(hostile) == code_of(harmless)
    assert all(char.isprintable() or char == "\n" for char in hostile)


def code_of(source: str) -> list[str]:
    """The tokens without comments, texts blanked."""
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE)
    kept = [token for token in tokens if token.type not in skipped]
    return ["text" if token.type == tokenize.STRING else token.string for token in kept]


def test_hostile_keys_of_the_outputs_are_quoted(tmp_path: Path) -> None:
    x = sg.input("x")
    key = 'a"]}\n    raise SystemExit'
    f = sg.compile(x, {key: 2 * x})

    assert f(1.0) == {key: 2.0}
    assert saved_result(f.save(tmp_path / "made.py"), "[1.0]") == {key: 2.0}


# --- saved modules -------------------------------------------------------------------------------

RUN = """
import importlib.util, json, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("symgraph", "sympy", "codegen"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import numpy as np
spec = importlib.util.spec_from_file_location("made", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
args = [np.array(one) for one in json.loads(sys.argv[2])]
results = []
for _ in range(int(sys.argv[3])):
    results.append(module.step(*args))
plain = lambda v: ({k: plain(x) for k, x in v.items()} if isinstance(v, dict)
    else [plain(x) for x in v] if isinstance(v, (list, tuple)) else np.asarray(v).tolist())
print(json.dumps([plain(results[-1]), plain(args)]))
"""


def in_subprocess(path: Path, args: str, count: int = 1) -> Any:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, str(path), args, str(count)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def saved_result(path: Path, args: str) -> Any:
    return in_subprocess(path, args)[0]


@pytest.mark.parametrize("style", STYLES)
def test_a_saved_module_trains_without_symgraph(style: Any, tmp_path: Path) -> None:
    f = training(style)
    given = data()
    path = f.save(tmp_path / "made.py")
    text = json.dumps([array.tolist() for array in given])
    result, left = in_subprocess(path, text, 3)
    here = [array.copy() for array in given]
    for _ in range(3):
        want = f(*here)

    assert path.read_text(encoding="utf-8") == f.source
    assert result["loss"] == pytest.approx(float(want["loss"]), rel=1e-13)
    for got, array in zip(left, here, strict=True):
        assert np.allclose(got, array, rtol=1e-12)


@pytest.mark.parametrize("style", STYLES)
def test_constants_and_random_numbers_are_saved(style: Any, tmp_path: Path) -> None:
    x, key = sg.input("x", 100), sg.input("key", kind="integer")
    many = sg.const(np.linspace(0, 1, 100))
    few = sg.const([1.5, np.inf, -2.0])
    outputs = [x * many, few, sg.uniform(key, (4,), stream=3), sg.normal(key, (2, 2)), sg.bits(key)]
    f = sg.compile([x, key], outputs, style=style)
    got = saved_result(f.save(tmp_path / "made.py"), json.dumps([[2.0] * 100, 5]))

    assert np.array_equal(got[0], 2 * np.linspace(0, 1, 100))
    assert got[1] == [1.5, np.inf, -2.0]
    assert got[2] == sg.random.uniform(5, 3, (4,)).tolist()
    assert np.allclose(got[3], sg.random.normal(5, 0, (2, 2)), rtol=1e-14)
    assert got[4] == int(sg.random.bits(5, 0, ()))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("key", [0, 7, 2**40 + 3])
def test_random_numbers_are_those_of_the_package(key: int, dtype: Any) -> None:
    k, n = sg.input("k", kind="integer"), 40_000  # more than one piece
    outputs = [sg.bits(k, n, stream=2), sg.uniform(k, (n,), stream=2), sg.normal(k, (n,))]
    bits, uniform, normal = sg.compile(k, outputs, dtype=dtype)(key)

    assert np.array_equal(bits, sg.random.bits(key, 2, (n,)))
    assert np.array_equal(uniform, sg.random.uniform(key, 2, (n,), dtype))
    assert np.allclose(normal, sg.random.normal(key, 0, (n,), dtype), rtol=1e-6, atol=1e-7)
    with pytest.raises(sg.RangeError, match="the key is -1"):
        sg.compile(k, outputs)(-1)


@pytest.mark.parametrize("style", STYLES)
def test_a_saved_loop_runs(style: Any, tmp_path: Path) -> None:
    X, W = sg.input("X", ("T", 2)), sg.parameter("W", (2, 2))
    run = sg.scan(lambda h, x: sg.tanh(h @ W + x), np.zeros(2), X)
    loss = sg.sum(run.states**2)
    f = sg.compile([X, W], [loss, sg.grad(loss, W)], style=style)
    given = [np.arange(8.0).reshape(4, 2) / 8, np.eye(2) / 2]
    got = saved_result(f.save(tmp_path / "made.py"), json.dumps([a.tolist() for a in given]))
    want = f(*given)

    assert got[0] == pytest.approx(float(want[0]), rel=1e-13)
    assert np.allclose(got[1], want[1], rtol=1e-12)


# --- errors --------------------------------------------------------------------------------------


def test_a_traceback_shows_the_emitted_line() -> None:
    x, i = sg.input("x", 3), sg.input("i", 2, kind="integer")
    f = sg.compile([x, i], sg.take(x, i))
    try:
        f([1.0, 2.0, 3.0], [0, 5])
    except sg.RangeError:
        text = traceback.format_exc()

    assert "check_unsigned(x2_v1, 3, 'i')" in text
    assert "<symgraph step " in text


def test_a_step_makes_no_view_of_its_indices() -> None:
    x, i = sg.input("x", 3), sg.input("i", 2, kind="integer")
    head, run = sg.compile([x, i], sg.take(x, i)).source.split("def run():")

    assert "x2_v1 = x2.view(np.uint64)" in head
    assert ".view(" not in run


def test_functions_of_numpy_are_looked_up_once() -> None:
    x = sg.input("x", 3)
    source = sg.compile(x, sg.exp(x) + sg.sum(x * x)).source
    head, run = source.split("def run():")

    assert "np_exp = np.exp\n" in head
    assert "np_exp(x1, out=h" in run
    assert "np.exp" not in run


def test_a_number_meets_arrays_as_an_array() -> None:
    x, s = sg.input("x", 3), sg.input("s")
    scale = sg.exp(s)
    f = sg.compile([x, s], [x * scale, sg.sin(x) + scale])
    lines = [line.strip() for line in f.source.split("def run():")[1].splitlines()]

    assert lines.count("k1[...] = h1") == 1
    assert [line.partition("  #")[0] for line in lines if "k1," in line or ", k1" in line] == [
        "np_multiply(x1, k1, out=h2)", "np_add(h3, k1, out=h3)"
    ]  # fmt: skip
    assert [2 * math.e, math.inf] == f([2.0, 1.0, math.inf], 1.0)[0][::2].tolist()


def test_a_square_is_written_as_a_product() -> None:
    x = sg.input("x", 3)
    f = sg.compile(x, sg.square(x))

    assert "np_multiply(x1, x1, out=h1)" in f.source
    assert [4.0, 9.0, math.inf] == f([-2.0, 3.0, -math.inf]).tolist()


def test_the_lines_of_a_forgotten_program_are_forgotten() -> None:
    x = sg.input("x")
    f = sg.compile(x, sg.sin(x) + 0.125)
    (file,) = [name for name, entry in linecache.cache.items() if f.source in "".join(entry[2])]
    del f

    assert file not in linecache.cache


# --- large graphs --------------------------------------------------------------------------------


def test_long_programs_are_cut_into_parts() -> None:
    x, w = sg.input("x"), sg.parameter("w", 3)
    h, v = x, w
    for k in range(700):
        h = sg.sin(h) + 0.5 * h
        if k % 3 == 0:
            v = sg.tanh(v * 1.01)
    f = sg.compile([x, w], [h, v, h * x, sg.sum(v) + x])
    value, array = 0.3, np.array([0.1, 0.2, 0.3])
    for k in range(700):
        value = np.sin(value) + 0.5 * value
        if k % 3 == 0:
            array = np.tanh(array * 1.01)
    got = f(0.3, [0.1, 0.2, 0.3])

    assert "def part_2():" in f.source
    assert [got[0], got[2], got[3]] == pytest.approx(
        [value, value * 0.3, array.sum() + 0.3], rel=1e-12
    )
    assert np.allclose(got[1], array, rtol=1e-12)


@pytest.mark.parametrize("style", STYLES)
def test_a_deep_chain_and_doubling_levels_compile(style: Any) -> None:
    x = sg.input("x")
    deep = x
    for _ in range(20_000):
        deep = sg.sin(deep)
    doubled = sg.sin(x)
    for _ in range(60):
        doubled = doubled * 0.5 + doubled * 0.5
    want = 0.7
    for _ in range(20_000):
        want = np.sin(want)
    got = sg.compile(x, [deep, doubled], style=style)(0.7)

    assert got == pytest.approx([want, np.sin(0.7)], rel=1e-12)
