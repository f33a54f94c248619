"""New values computed where the old ones lie: what is read still has the old values."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.codegen.numpy_runtime import cut_like, neighbours
from symgraph.errors import RangeError

PLACES = ["program", "apart", "one block", "one block backwards", "some in one block"]


def placed(shapes: dict[str, tuple[int, ...]], place: str, seed: int) -> dict[str, Any]:
    """Arrays of random numbers that lie in memory as asked for."""
    rng = np.random.default_rng(seed)
    names = sorted(shapes, reverse=place.endswith("backwards"))
    block, start, found = np.zeros(sum(int(np.prod(s)) for s in shapes.values())), 0, {}
    for k, name in enumerate(names):
        size = int(np.prod(shapes[name]))
        own = place == "apart" or (place.startswith("some") and k % 3 == 2)
        found[name] = np.zeros(size) if own else block[start : start + size]
        found[name] = found[name].reshape(shapes[name])
        start += size
    for name in sorted(shapes):
        found[name][...] = rng.normal(size=shapes[name])
    return found


def bound_to(f: Any, arrays: dict[str, Any], place: str) -> tuple[Any, dict[str, Any]]:
    """The program on these arrays, or on its own ones with the same numbers."""
    if place != "program":
        return f.bind(**arrays), arrays
    bound = f.bind(dims={})
    for name, array in arrays.items():
        bound.arrays[name][...] = array
    return bound, bound.arrays


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("decay", [0.0, 0.25])
def test_moments_and_parameters_of_any_place_are_those_by_hand(place: str, decay: float) -> None:
    shapes = {"a": (2, 3), "b": (3,), "c": (5, 1), "d": (4,)}
    p = {name: sg.parameter(name, shape) for name, shape in shapes.items()}
    m = {name: sg.state(f"m_{name}", shape) for name, shape in shapes.items()}
    updates: dict[Any, Any] = {}
    for name in shapes:
        updates[m[name]] = 0.5 * m[name] + p[name] * p[name]
        updates[p[name]] = p[name] - updates[m[name]] / 8 - decay * p[name]
    f = sg.compile([*p.values(), *m.values()], sg.sum(p["a"]), updates=updates)
    sizes = shapes | {f"m_{name}": shape for name, shape in shapes.items()}
    given_arrays = placed(sizes, place, 1)
    want = {name: array.copy() for name, array in given_arrays.items()}
    bound, arrays = bound_to(f, given_arrays, place)
    for _ in range(3):
        total = want["a"].sum()
        for name in shapes:
            want[f"m_{name}"] = 0.5 * want[f"m_{name}"] + want[name] * want[name]
            want[name] = want[name] - want[f"m_{name}"] / 8 - decay * want[name]
        assert np.isclose(bound.step(), total, rtol=1e-14)
    for name, array in want.items():
        assert np.allclose(arrays[name], array, rtol=1e-13, atol=0), name


def test_arrays_that_are_updated_alike_follow_each_other() -> None:
    p = [sg.parameter(f"p{k}", (k + 1, 2)) for k in range(3)]
    m = [sg.state(f"m{k}", (k + 1, 2)) for k in range(3)]
    news = [0.5 * old + one * one for old, one in zip(m, p, strict=True)]
    updates = dict(zip(m, news, strict=True))
    updates |= {one: one - by for one, by in zip(p, news, strict=True)}
    arrays = sg.compile([*p, *m], [], updates=updates).bind(dims={}).arrays
    assert list(arrays) == ["p0", "p1", "p2", "m0", "m1", "m2"]
    for a, b in itertools.pairwise("p0 p1 p2".split()):
        assert arrays[a].ctypes.data + arrays[a].nbytes == arrays[b].ctypes.data
    for a, b in itertools.pairwise("m0 m1 m2".split()):
        assert arrays[a].ctypes.data + arrays[a].nbytes == arrays[b].ctypes.data


def test_moments_that_lie_together_are_not_copied() -> None:
    m, g = sg.state("m", (40, 3)), sg.input("g", (40, 3))
    f = sg.compile([m, g], [], updates={m: 0.75 * m + 0.25 * g})
    run = f.source.split("def run():")[1].split("return")[0]
    assert run.split("\n")[1:-1] == [
        "            # --- update",
        "            np_multiply(k1, s1, out=s1)  # 0.75*m, (40, 3)",
        "            np_multiply(k2, x1, out=u1)  # 0.25*g, (40, 3)",
        "            np_add(s1, u1, out=s1)  # s1 + u1, (40, 3)",
    ]


@pytest.mark.parametrize("place", PLACES)
def test_old_values_are_returned_and_read_before_they_are_gone(place: str) -> None:
    a, b, c = (sg.state(name, (3, 3)) for name in "abc")
    g = sg.input("g", (3, 3))
    new = 0.5 * a + g
    updates = {a: new, b: 2 * b + sg.sin(a.T), c: c - new}
    f = sg.compile([a, b, c, g], [a, sg.exp(b), a.T], updates=updates)
    given_arrays = placed(dict.fromkeys("abcg", (3, 3)), place, 2)
    old = {name: array.copy() for name, array in given_arrays.items()}
    bound, arrays = bound_to(f, given_arrays, place)
    first, second, third = bound.step()
    assert np.array_equal(first, old["a"])
    assert np.array_equal(third, old["a"].T)
    assert np.allclose(second, np.exp(old["b"]), rtol=1e-14)
    assert np.allclose(arrays["a"], 0.5 * old["a"] + old["g"], rtol=1e-14)
    assert np.allclose(arrays["b"], 2 * old["b"] + np.sin(old["a"].T), rtol=1e-14)
    assert np.allclose(arrays["c"], old["c"] - arrays["a"], rtol=1e-14)


@pytest.mark.parametrize("place", PLACES)
def test_what_fails_leaves_everything_as_it_was(place: str) -> None:
    shapes = {"m": (4,), "n": (2,), "w": (4, 2), "x": (2, 4)}
    m, n, w = (sg.state(name, shapes[name]) for name in "mnw")
    x, y = sg.input("x", (2, 4)), sg.input("y", (2,), kind="integer")
    loss = sg.cross_entropy(x @ w, y)
    updates = {m: 0.5 * m + 1, n: 0.5 * n + 1, w: 0.5 * w + sg.grad(loss, w)}
    f = sg.compile([m, n, w, x, y], loss, updates=updates)
    given_arrays = placed(shapes, place, 3)
    labels = np.array([0, 2])
    bound, arrays = bound_to(f, given_arrays | {"y": labels}, place)
    before = {name: array.copy() for name, array in arrays.items()}
    with pytest.raises(RangeError, match="index 2"):
        bound.step()
    assert all(np.array_equal(arrays[name], old) for name, old in before.items())


@pytest.mark.parametrize("place", PLACES)
def test_variables_of_one_new_value_and_variables_that_change_places(place: str) -> None:
    a, b, c, d, e = (sg.state(name, 3) for name in "abcde")
    both = a * 2 + 1
    updates = {a: both, b: both, c: d + 1, d: c + 1, e: a}
    f = sg.compile([a, b, c, d, e], [], updates=updates)
    given_arrays = placed(dict.fromkeys("abcde", (3,)), place, 4)
    old = {name: array.copy() for name, array in given_arrays.items()}
    bound, arrays = bound_to(f, given_arrays, place)
    bound.step()
    assert np.array_equal(arrays["a"], 2 * old["a"] + 1)
    assert np.array_equal(arrays["b"], 2 * old["a"] + 1)
    assert np.array_equal(arrays["c"], old["d"] + 1)
    assert np.array_equal(arrays["d"], old["c"] + 1)
    assert np.array_equal(arrays["e"], old["a"])


@pytest.mark.parametrize("place", PLACES)
def test_a_vector_of_variables_has_the_old_values_of_those_that_change_first(place: str) -> None:
    a, b, c, d, e = (sg.state(name, 3) for name in "abcde")
    updates = {a: 0.5 * a + 1, b: sg.exp(b), c: c + 2 * a, d: d + 2 * b, e: c}
    f = sg.compile([a, b, c, d, e], [], updates=updates)
    given_arrays = placed(dict.fromkeys("abcde", (3,)), place, 6)
    old = {name: array.copy() for name, array in given_arrays.items()}
    bound, arrays = bound_to(f, given_arrays, place)
    bound.step()
    assert np.allclose(arrays["a"], 0.5 * old["a"] + 1, rtol=1e-14)
    assert np.allclose(arrays["b"], np.exp(old["b"]), rtol=1e-14)
    assert np.allclose(arrays["c"], old["c"] + 2 * old["a"], rtol=1e-14)
    assert np.allclose(arrays["d"], old["d"] + 2 * old["b"], rtol=1e-14)
    assert np.array_equal(arrays["e"], old["c"])


FORMULAS: list[Any] = [
    lambda a, b: a * 0.5 + b, lambda a, b: a - b, lambda a, b: b, lambda a, b: a * b + 1,
    lambda a, b: (a + 2) * (b - 1) + a, lambda a, b: 3 * a, lambda a, b: (0.5 * a + b) * (a - 1),
    lambda a, b: a / (b * b + 1) - 0.25 * a,
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 5), st.integers(0, 5), st.booleans()),
        min_size=2, max_size=6,
    ),
    st.sampled_from(PLACES),
    st.booleans(),
)  # fmt: skip
def test_updates_of_any_formulas_read_the_old_values(
    drawn: list[tuple[int, int, int, bool]], place: str, equal: bool
) -> None:
    """Each variable becomes a formula of two others, or of others' new values."""
    count = len(drawn)
    size = {f"v{k}": (2, 3) if equal or k % 2 else (6,) for k in range(count)}
    nodes = {name: sg.state(name, shape) for name, shape in size.items()}
    arrays = placed(size, place, 5)
    old = {name: array.copy() for name, array in arrays.items()}
    new_nodes: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for k, (number, first, second, fresh) in enumerate(drawn):
        names = [f"v{first % count}", f"v{second % count}"]
        like = [name for name in names if size[name] == size[f"v{k}"]] or [f"v{k}"]
        one, two = like[0], like[-1]
        formula = FORMULAS[number]
        source, told = (new_nodes, new) if fresh and two in new else (nodes, old)
        new_nodes[f"v{k}"] = formula(nodes[one], source[two])
        new[f"v{k}"] = formula(old[one], told[two])
    f = sg.compile([*nodes.values()], [], updates={nodes[name]: n for name, n in new_nodes.items()})
    bound, found = bound_to(f, arrays, place)
    bound.step()
    for name, want in new.items():
        assert np.allclose(found[name], want, rtol=1e-13, atol=1e-13), name


def test_neighbours_in_one_block_are_one_vector() -> None:
    block = np.arange(12.0)
    a, b, c = block[:4].reshape(2, 2), block[4:7], block[8:12].reshape(4, 1)
    own, other = np.ones(2), np.zeros(12)[7:8]
    parts = neighbours(a, b, own, c, other)
    assert [part.tolist() for part in parts] == [[0, 1, 2, 3, 4, 5, 6], [1, 1], [8, 9, 10, 11], [0]]
    parts[0][5] = 50
    assert b[1] == 50
    assert [len(piece) for piece in cut_like(np.zeros(14), parts)] == [7, 2, 4, 1]
    assert [part.tolist() for part in neighbours(b, a)] == [[4, 50, 6], [0, 1, 2, 3]]
