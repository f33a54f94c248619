"""Where the arrays lie that a program makes for itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

import symgraph as sg
from symgraph.codegen.numpy_runtime import slots


@pytest.mark.parametrize("target", ["numpy", "cython"])
def test_arrays_of_all_kinds_stand_in_the_order_of_the_arguments(target: str):
    rows, kind, p = sg.input("rows", (3, 2)), sg.input("kind", 3, kind="integer"), sg.parameter("p")
    f = sg.compile([rows, kind, p], sg.sum(rows) * p + sg.sum(kind), target=target)
    assert list(f.bind(dims={}).arrays) == ["rows", "kind", "p"]
    assert list(f.bind(kind=np.zeros(3, np.int64), dims={}).arrays) == ["rows", "kind", "p"]


@given(st.lists(st.sampled_from([0, 1, 7, 500, 1024, 1025, 8192, 40_000]), max_size=16))
def test_vectors_begin_on_lines_and_large_ones_apart(sizes: list[int]):
    rooms = slots(sizes, np.float32)
    assert [room.size for room in rooms] == sizes
    for k, room in enumerate(rooms):
        room[...] = k
    assert all((room == k).all() for k, room in enumerate(rooms))
    assert all(room.ctypes.data % 64 == 0 for room in rooms if room.size)
    places = [room.ctypes.data % 4096 for room in rooms if room.size >= 1024]
    gaps = [min((a - b) % 4096, (b - a) % 4096) for a, b in itertools.combinations(places, 2)]
    assert all(gap >= 4 * 64 for gap in gaps)
