"""Emitted C that is found again: only for the very same program, and only when it is whole."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st
from random_graphs import random_case

import symgraph as sg
from symgraph import zoo
from symgraph.codegen.native import graph_key as keys, remembered
from symgraph.codegen.native.graph_key import graph_key
from symgraph.codegen.native.remembered import native_source
from symgraph.codegen.native.source import NativeSource
from symgraph.codegen.recipe import Recipe
from symgraph.errors import NonFiniteError, RangeError, SymgraphError
from symgraph.network import load_network
from symgraph.node import substitute
from symgraph.ops.leaves import Fill, fill
from symgraph.sample import draw
from symgraph.scalar import functions, pointwise, slot
from symgraph.walks import topological


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of programs; the emitter counts as unchanged, however new its files are."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(keys, "_emitter", lambda: "this emitter")
    return tmp_path / "symgraph" / "programs"


def recipe(args: Any, outputs: Any, **options: Any) -> Recipe:
    return sg.compile(args, outputs, **options)._recipe  # type: ignore[no-any-return]


def key_of(args: Any, outputs: Any, **options: Any) -> str:
    found = graph_key(recipe(args, outputs, **options))
    assert found is not None
    return found


def anew(given: Recipe) -> Recipe:
    """The same recipe, of which nothing was emitted yet."""
    return Recipe(given.variables, given.roots, given.stored, given.options, given.structure)


def called(source: NativeSource) -> tuple[Any, ...]:
    """All that a program needs."""
    return (
        source.text, source.name, source.sizes, source.stored, source.sites, source.buffers,
        source.divided,
    )  # fmt: skip


class EmittedAgainError(Exception):
    """Something that should be known was not."""


@pytest.fixture
def nothing_is_emitted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def refuse(_: Recipe) -> NativeSource:
        raise EmittedAgainError

    return lambda: monkeypatch.setattr(Recipe, "native", property(refuse))


# --- keys -----------------------------------------------------------------------------------------


def _net(
    rows: Any = "N",
    width: int = 3,
    slope: float = 0.1,
    dtype: str = "float64",
    names: tuple[str, str, str] = ("x", "w", "h"),
    swapped: bool = False,
    length: int = 2,
    start: float | str = "zeros",
    entry: float = 1.0,
    positive: bool = False,
    turned: bool = False,
    **options: Any,
) -> str:
    x = sg.input(names[0], (rows, width), positive=positive)
    w = sg.parameter(names[1], width, init=start)
    numbers = np.ones(width)
    numbers[-1] = entry
    h = sg.let(names[2], sg.tanh(w * x if swapped else x * w) * slope) + numbers
    last = sg.scan(lambda s: s * w, w, length=length).final
    value = sg.sum(h @ last)
    outputs = [sg.sum(h), value] if turned else [value, sg.sum(h)]
    (slope_by_w,) = sg.grad(value, [w])
    return key_of([x, w], outputs, updates={w: w - slope * slope_by_w}, dtype=dtype, **options)


def _changes() -> dict[str, dict[str, Any]]:
    return {
        "a number of rows": {"rows": 5}, "another name of a size": {"rows": "M"},
        "a width": {"width": 4}, "the last bit of a constant": {"slope": math.nextafter(0.1, 1)},
        "the sign of a constant": {"slope": -0.1}, "float32": {"dtype": "float32"},
        "the name of an input": {"names": ("z", "w", "h")},
        "the name of a parameter": {"names": ("x", "W", "h")},
        "a let name": {"names": ("x", "w", "g")}, "the order of operands": {"swapped": True},
        "steps of a loop": {"length": 3}, "start values": {"start": 1.0},
        "the last bit of a number of many": {"entry": math.nextafter(1.0, 2)},
        "an assumption": {"positive": True}, "the order of outputs": {"turned": True},
        "threads": {"threads": 2}, "the name of the program": {"name": "go"},
        "checks": {"check_finite": True},
    }  # fmt: skip


def test_programs_that_differ_in_one_thing_have_different_keys() -> None:
    found = {"nothing": _net()} | {title: _net(**change) for title, change in _changes().items()}
    assert len(set(found.values())) == len(found), found


def test_the_same_program_built_again_among_others_has_the_same_key() -> None:
    first = _net(rows=7)
    others = [sg.tanh(sg.input("x", (7, 3)) * k) for k in range(5)]
    assert _net(rows=7) == first
    assert len(others) == 5


def test_new_values_and_their_order_belong_to_the_key() -> None:
    a, b, x = sg.parameter("a"), sg.parameter("b"), sg.input("x")
    news = [{a: a + x, b: b - x}, {a: b - x, b: a + x}, {a: a + x}, {b: b - x}, {}]
    found = [key_of([x, a, b], x, updates=new) for new in news]
    found += [key_of([x, b, a], x, updates=news[0]), key_of([x, a, b], [x], updates=news[0])]
    assert len(set(found)) == len(found)


@settings(max_examples=30)
@given(value=st.floats(), other=st.floats())
def test_constants_have_one_key_exactly_if_all_their_bits_agree(value: float, other: float) -> None:
    x = sg.input("x", 2)

    def of(number: float) -> str:
        return key_of([x], sg.maximum(x, np.array([number, 1.0])))

    nans = np.isnan(value), np.isnan(other)
    if not any(nans):
        same = np.float64(value).tobytes() == np.float64(other).tobytes()
        assert (of(value) == of(other)) == same
    else:
        assert all(nans) or of(value) != of(other)


@given(shape=st.lists(st.integers(0, 3), max_size=3), other=st.lists(st.integers(0, 3), max_size=3))
def test_shapes_have_one_key_exactly_if_they_agree(shape: list[int], other: list[int]) -> None:
    found = [key_of([x], sg.exp(x)) for x in (sg.input("x", tuple(s)) for s in (shape, other))]
    assert (found[0] == found[1]) == (shape == other)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_every_constant_and_operand_of_a_random_graph_belongs_to_the_key(seed: int) -> None:
    case = random_case(seed, 10)
    plain = recipe(list(case.values), case.outputs)
    found = [graph_key(plain)]
    for node in topological(case.outputs):
        if isinstance(node, Fill) and isinstance(node.value, float) and node.value:
            rule = {node: fill(math.nextafter(node.value, math.inf), node.shape, node.kind)}
        elif len(node.args) == 2 and node.args[0].shape == node.args[1].shape:
            try:
                rule = {node: node.func(*node.args[::-1])}
            except SymgraphError:
                continue
        else:
            continue
        if [*rule] != [*rule.values()]:
            outputs = substitute(case.outputs, rule)
            changed = Recipe(plain.variables, outputs, {}, plain.options, plain.structure)
            found.append(graph_key(changed))
    assert None not in found
    assert len(set(found)) == len(found)


def test_texts_that_run_into_each_other_have_different_keys() -> None:
    found = []
    for names in (("a", "b,c"), ("a,b", "c"), ("as1:b", "c")):
        x, y = sg.input(names[0]), sg.input(names[1])
        found.append(key_of([x, y], x + y))
    assert len(set(found)) == len(found)


def test_a_function_of_the_user_is_known_by_what_it_means() -> None:
    x, found = sg.input("x", 3), []
    for number in (1, 2, sympy.Rational(1, 3), sympy.Float("0.1", 30), sympy.Float("0.1", 31)):
        bump = pointwise("bump", number / (1 + slot(0) ** 2), [0])
        try:
            found.append(key_of([x], sg.apply(bump(slot(0)), x)))
        finally:
            del functions["bump"]
    assert len(set(found)) == len(found)


def test_a_function_that_prints_itself_in_the_users_way_is_not_remembered() -> None:
    x = sg.input("x", 3)
    bump = pointwise("bump", 1 / slot(0), [0], writer=lambda fmt, xs: xs[0])
    try:
        assert graph_key(recipe([x], sg.apply(bump(slot(0)), x))) is None
    finally:
        del functions["bump"]


def test_nothing_is_remembered_where_the_code_may_be_newer_than_what_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    keys._emitter.cache_clear()
    monkeypatch.setattr(keys, "BEGAN", 0)
    try:
        assert keys._emitter() is None
    finally:
        keys._emitter.cache_clear()


@pytest.mark.parametrize("times_are_kept", [True, False])
def test_a_change_of_any_file_that_emits_gives_other_keys(
    times_are_kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    file = tmp_path / "emit.py"
    found = []
    for text in ("a = 1", "a = 2", "a = 1  "):
        file.write_text(text)
        monkeypatch.setattr(keys, "_files", lambda: [Path(keys.__file__), file])
        monkeypatch.setattr(keys, "BEGAN", 2**62)
        with monkeypatch.context() as context:
            if not times_are_kept:
                context.setattr(Path, "stat", lambda path: SimpleNamespace(st_ctime_ns=0))
            found.append(keys._emitter.__wrapped__())
    assert None not in found
    assert len(set(found)) == 3


_LOADED = """
import sys, pathlib
import symgraph as sg
x, w, e = sg.input("x", ("N", 3)), sg.parameter("w", (3, 3)), sg.input("e")
h = sg.scan(lambda h, x: sg.tanh(x + h @ w), sg.zeros(3), x).final
g = sg.compile([e], e * e)._recipe.native
for threads in (1, 2):
    loss = sg.sum(sg.softmax(sg.relu(x @ w)) @ h)
    sg.compile([x, w], [loss, *sg.grad(loss, [w])], threads=threads)._recipe.native
import symgraph.codegen.native.pooling
for name, module in list(sys.modules.items()):
    if name.startswith("symgraph") and getattr(module, "__file__", None):
        print(pathlib.Path(module.__file__).parent)
"""


def test_every_module_that_emission_loads_is_part_of_the_key() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True
    )
    root = Path(keys.__file__).parent.parent.parent
    known = {root / folder for folder in keys.FOLDERS}
    assert {Path(line) for line in run.stdout.split("\n") if line} <= known


# --- what is found --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", zoo.names())
def test_a_system_is_found_as_it_was_emitted(name: str, nothing_is_emitted: Any) -> None:
    node = load_network(f"zoo:{name}")
    sample = draw([node])
    real = [v for v in sample.values if v.kind == "real"]
    try:
        outputs = [node, *sg.grad(sg.sum(sg.tanh(node)), real)]
    except SymgraphError:
        outputs = [node]
    made = recipe(list(sample.values), outputs)
    emitted = native_source(made)
    again = native_source(anew(made))
    assert called(again) == called(emitted)
    assert called(again) == called(anew(made).native)
    nothing_is_emitted()
    assert called(native_source(anew(made))) == called(emitted)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), check=st.booleans())
def test_a_random_graph_is_found_as_it_was_emitted(seed: int, check: bool) -> None:
    case = random_case(seed)
    made = recipe(list(case.values), case.outputs, check_finite=check)
    emitted = native_source(made)
    assert called(native_source(anew(made))) == called(emitted) == called(anew(made).native)


@needs_c_compiler
def test_a_program_that_is_found_computes_and_refuses_as_the_first_one() -> None:
    n = sg.input("i", ("N", "M"), kind="integer")
    table, x = sg.input("t", (4, 2)), sg.input("x", ("N", "M", 2))
    values = (np.array([[0, 3, 1]]), np.arange(8.0).reshape(4, 2), np.ones((1, 3, 2)))
    found, texts = [], []
    for _ in range(2):
        f = sg.compile([n, table, x], sg.take(table, n) / x, target="cython", check_finite=True)
        found.append(f(*values))
        with pytest.raises(RangeError, match="4") as wrong:
            f(values[0] + 1, *values[1:])
        with pytest.raises(NonFiniteError, match="nan") as infinite:
            f(*values[:2], values[2] * 0)
        texts.append((f.source, str(wrong.value), str(infinite.value)))
    assert found[0].tolist() == found[1].tolist() == values[1][values[0]].tolist()
    assert texts[0] == texts[1]


def test_sizes_in_refusals_are_read_back_exactly() -> None:
    n, m = symbols = sympy.symbols("N M", integer=True, nonnegative=True)
    shape = (3, n, 2 * n + 1, n * m, sympy.floor(n / 2), sympy.Max(n, m) - 1, n**2, sympy.Mod(n, 3))
    places = dict(zip(symbols, range(2), strict=True))
    data = json.loads(json.dumps([remembered._spelled(dim, places) for dim in shape]))
    assert tuple(remembered._size(dim, symbols) for dim in data) == shape


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture
def written(cache: Path) -> tuple[Recipe, Path, tuple[Any, ...]]:
    x = sg.input("x", ("N", 3))
    made = recipe([x], sg.tanh(x) + 1)
    emitted = native_source(made)
    (path,) = cache.iterdir()
    return made, path, called(emitted)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _whole_but_wrong(path: Path) -> None:
    content = b'{"text": "int evil;"}'
    path.write_bytes(remembered._checksum(path.name, content) + b"\n" + content)


def _of_another_key(path: Path) -> None:
    content = path.read_bytes().partition(b"\n")[2]
    path.write_bytes(remembered._checksum("0" * 64, content) + b"\n" + content)


def _open_to_others(path: Path) -> None:
    path.chmod(0o666)


def _linked(path: Path) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to(path.with_name("other"))


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _away(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    "harm",
    [
        _cut,
        _empty,
        _flip,
        _whole_but_wrong,
        _of_another_key,
        _open_to_others,
        _linked,
        _pipe,
        _away,
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_made_anew(
    harm: Callable[[Path], None], written: Any, nothing_is_emitted: Any
) -> None:
    made, path, emitted = written
    harm(path)
    assert called(native_source(anew(made))) == emitted
    nothing_is_emitted()
    assert called(native_source(anew(made))) == emitted


def test_a_folder_that_others_may_write_to_is_not_used(written: Any, cache: Path) -> None:
    made, path, emitted = written
    cache.chmod(0o777)
    before = path.read_bytes()
    _whole_but_wrong(path)
    assert called(native_source(anew(made))) == emitted
    assert path.read_bytes() != before


def test_programs_are_emitted_where_there_is_no_place_for_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "file" / name)
    x = sg.input("x")
    made = recipe([x], x + 1)
    assert called(native_source(made)) == called(native_source(anew(made)))


def test_the_oldest_programs_leave_a_cache_that_is_full(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_KEPT", 5)
    x = sg.input("x")
    for k in range(12):
        native_source(recipe([x], x + k))
        assert len(list(cache.iterdir())) <= 5


def test_the_programs_that_are_used_stay_in_a_cache_that_is_full(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "_KEPT", 2)
    x = sg.input("x")
    first, second, third = (recipe([x], x + k) for k in range(3))
    native_source(first)
    (used,) = cache.iterdir()
    native_source(second)
    for k, path in enumerate((used, *(set(cache.iterdir()) - {used}))):
        os.utime(path, (k, k))

    native_source(anew(first))
    native_source(third)

    assert used in [*cache.iterdir()]
    assert len([*cache.iterdir()]) == 2


_TOGETHER = """
import sys, pathlib, hashlib
import symgraph as sg
from symgraph.codegen.native import graph_key, remembered
from platformdirs import user_cache_path
import platformdirs
platformdirs.user_cache_path = lambda name: pathlib.Path(sys.argv[1])
graph_key._emitter = lambda: "this emitter"
junk = [sg.input(f"junk{k}") * k for k in range(int(sys.argv[2]))]
x, w, v = sg.input("x", ("N", 3)), sg.parameter("w", (3, 3)), sg.parameter("v", (3, 3))
loss = sg.sum(sg.softmax(sg.relu(x @ w) @ v) * sg.sigmoid(x))
f = sg.compile([x, w, v], [loss, *sg.grad(loss, [w, v])])._recipe
for _ in range(5):
    source = remembered.native_source(f)
print(graph_key.graph_key(f), hashlib.sha256(source.text.encode()).hexdigest())
"""


def test_processes_side_by_side_agree_on_keys_and_texts(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _TOGETHER, str(tmp_path / "cache"), str(k)],
            env={**os.environ, "PYTHONHASHSEED": str(k)}, stdout=subprocess.PIPE, text=True,
        )
        for k in range(3)
    ]  # fmt: skip
    said = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0] * 3
    assert len(said) == 1
    assert len(list((tmp_path / "cache" / "programs").iterdir())) == 1
