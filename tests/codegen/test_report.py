"""Reports on programs: counts by hand, the arena of the kernel itself, products, loops."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.codegen.native.memory import Buffer
from symgraph.codegen.native.runtime import load
from symgraph.codegen.reporting.memory import alive_at_once, placed
from symgraph.codegen.reporting.report import Report

TARGETS = ["numpy", "cython"]


def report(f: Any, target: str = "cython", **sizes: int) -> Report:
    """The report on a target, whether its compiler is there or not."""
    return Report(f._recipe, target, sizes)


def layer(**options: Any) -> Any:
    """One step of a layer with tanh."""
    x, y = sg.input("x", ("N", 4)), sg.input("y", ("N", 3))
    W, b = sg.parameter("W", (4, 3)), sg.parameter("b", 3)
    h = sg.let("h", sg.tanh(x @ W + b))
    loss = sg.mean((h - y) ** 2)
    updates = {p: p - 0.1 * g for p, g in zip([W, b], sg.grad(loss, [W, b]), strict=True)}
    return sg.compile([x, y, W, b], {"loss": loss, "h": h}, updates=updates, **options)


def recurrent() -> Any:
    """A recurrent net whose inputs enter by a product."""
    x, s0 = sg.input("x", ("T", 2)), sg.input("s0", 3)
    U, W = sg.parameter("U", (2, 3)), sg.parameter("W", (3, 3))
    states = sg.scan(lambda s, row: sg.tanh(s @ W + row @ U), s0, x).states
    return sg.compile([x, s0, U, W], sg.sum(states))


@pytest.mark.parametrize("target", TARGETS)
def test_operations_are_those_of_the_formula(target: str) -> None:
    x, w = sg.input("x", ("N", 5)), sg.parameter("w", 5)
    f = sg.compile([x, w], sg.exp(x @ w))

    assert report(f, target, N=7).operations["forward"] == 7 * 5 * 2 + 7
    assert report(f, target, N=0).operations["forward"] == 0
    assert f.report().sizes == {"N": 32}


@pytest.mark.parametrize("target", TARGETS)
def test_a_page_and_data_tell_of_all_parts(target: str) -> None:
    found = report(layer(), target, N=10)
    data = json.loads(json.dumps(found.to_dict()))
    page = str(found)

    assert data["sizes"] == {"N": 10}
    assert data["matrix_products"] >= 2
    assert all(data["nodes"][part] and data["operations"][part] for part in data["nodes"])
    assert all(f"\n{part} " in page for part in ("forward", "backward", "update"))


def test_products_are_listed_with_their_sizes_and_transposes() -> None:
    found = report(layer(dtype="float32"))
    sizes = {(p.section, p.m, p.n, p.k, p.a, p.b) for p in found.products}

    assert ("forward", "N", "3", "4", "as it is", "as it is") in sizes
    assert ("backward", "4", "3", "N", "transposed", "as it is") in sizes
    assert "forward: (N x 4) (4 x 3); left as it is" in str(found)


def test_formulas_of_one_loop_are_listed_together() -> None:
    fused = report(layer()).to_dict()["fused"]
    first = next(one for one in fused if one["section"] == "forward")

    assert any("h = tanh" in formula for formula in first["formulas"])
    assert {one["section"] for one in fused} == {"forward", "backward", "update"}


def test_loops_are_told_with_what_was_taken_out_of_them() -> None:
    (loop,) = report(recurrent(), T=9).to_dict()["loops"]

    assert (loop["length"], loop["steps"], loop["states"]) == ("T", 9, 1)
    assert loop["products"] == loop["hoisted_products"] == 1
    assert not loop["backwards"]


def test_updates_of_rows_are_told_by_name() -> None:
    table, i = sg.parameter("words", (1000, 4)), sg.input("i", ("B",), kind="integer")
    loss = sg.mean(table[i] ** 2)
    f = sg.compile([table, i], loss, updates={table: table - 0.1 * sg.grad(loss, table)})

    assert report(f).row_updates == ["words"]
    assert "only rows that were looked up are updated of:\n  words" in str(report(f))


def test_programs_of_numbers_have_operations_and_no_arena() -> None:
    x = sg.input("x")
    f = sg.compile([x], [sg.sin(x) * x, sg.grad(sg.sin(x) * x, x)])
    found = report(f).to_dict()

    assert found["operations"] == {"forward": 2, "backward": 3, "update": 0}
    assert "arena" not in found
    assert "backward" in str(report(f))


def test_sizes_that_are_none_are_refused() -> None:
    with pytest.raises(sg.UnknownNameError, match="no free size 'M'; there is N"):
        layer().report({"M": 3})
    with pytest.raises(sg.RangeError, match="size N is -1"):
        layer().report({"N": -1})


# --- memory --------------------------------------------------------------------------------------


@needs_c_compiler
@pytest.mark.parametrize("make", [layer, recurrent])
@pytest.mark.parametrize("size", [0, 1, 13, 64])
def test_the_arena_is_that_of_the_kernel(make: Any, size: int) -> None:
    f = make()
    source = f._recipe.native
    found = Report(f._recipe, "cython", {str(source.sizes[0]): size})
    offsets, length = load(source.text, source.name, source.buffers).plan([size])

    assert found.arena == length
    assert [one.offset for one in found.buffers] == list(offsets)
    assert found.alive <= found.arena <= sum(one.bytes for one in found.buffers)


lives = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9), st.integers(0, 4)), max_size=9)


@settings(max_examples=100)
@given(lives)
def test_buffers_that_live_at_one_time_do_not_overlap(given_lives: list[Any]) -> None:
    buffers = [
        Buffer(f"h{k}", size, "real", first, first + more)
        for k, (size, first, more) in enumerate(given_lives)
    ]
    found = placed(buffers, {}, "float64")
    used = np.zeros((16, sum(one.bytes for one in found) + 1), int)
    for one in found:
        used[one.first : one.last + 1, one.offset : one.offset + one.bytes] += 1

    assert used.max(initial=0) <= 1
    assert alive_at_once(found) == used.sum(1).max()


# --- pictures ------------------------------------------------------------------------------------


def test_the_arena_is_drawn_over_time(tmp_path: Path) -> None:
    found = report(layer())
    text = found.draw(tmp_path / "schedule.svg").read_text(encoding="utf-8")

    assert all(f"{', '.join(one.names)}: {one.bytes} bytes" in text for one in found.buffers)
    assert " bytes, x @ W, (N, 3)" in text
    assert " bytes, x.T @ d1, (4, 3)" in text
    with pytest.raises(sg.DrawError, match=r"ends in none of \.svg"):
        found.draw(tmp_path / "schedule.xyz")
    with pytest.raises(sg.DrawError, match="no buffers"):
        report(layer(), "numpy").draw(tmp_path / "none.svg")
