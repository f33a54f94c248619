"""Vectors stacked as rows and as columns, in matrix notation and in indexed scalars."""

from __future__ import annotations

import pytest

import symgraph as sg


def lines(value: sg.Node, by: str, form: str = "matrix") -> list[str]:
    """The definition of what is joined, and the result."""
    found = sg.derive(sg.let("L", sg.sum(value**2)), by, form=form)
    return [one.text() for one in (*found.given[:-1], found.result)]


def vectors(*names: str) -> list[sg.Node]:
    return [sg.input(name, 3) for name in names]


def test_vectors_stacked_as_columns_are_not_written_as_one_long_vector():
    a, b = vectors("a", "b")

    assert lines(sg.stack([a, b], axis=1), "b") == ["u1 = [a^T; b^T]^T", "dL/db[i] = 2 u1[i,1]"]
    assert lines(sg.stack([a, b]), "b") == ["u1 = [a^T; b^T]", "dL/db[j] = 2 u1[1,j]"]
    assert lines(sg.concat([a, b]), "b") == ["u1 = [a, b]", "dL/db[j] = 2 u1[j+3]"]


def test_places_count_from_1_in_indexed_scalars():
    a, b = vectors("a", "b")
    x, z = sg.input("x", 4), sg.input("z", 2)

    assert lines(sg.stack([a, b], axis=1), "b", "index")[1:] == ["dL/db_i = 2 u_i2^(1)"]
    assert lines(sg.stack([a, b]), "b", "index")[1:] == ["dL/db_j = 2 u_2j^(1)"]
    assert lines(sg.stack([a, b], axis=1) @ z, "b", "index")[-1] == (
        "dL/db_i = 2 z_2 sum_k u_ik^(1) z_k"
    )
    assert lines(x[2], "x", "index") == ["dL/dx_i = 2 1[i = 3] x_3"]


def test_places_count_from_0_elsewhere():
    x = sg.input("x", 4)

    assert lines(x[2], "x") == ["dL/dx = 2 x[2] onehot(2)"]


@pytest.mark.parametrize("form", ["matrix", "index"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_lines_of_stacked_vectors_hold_as_they_are_printed(form, axis, count):
    parts = vectors("a", "b", "c")[:count]
    whole = sg.stack([sg.tanh(parts[0]), *parts[1:], parts[0]], axis=axis)
    weights = sg.parameter("W", (2, whole.shape[0]))
    found = sg.derive(sg.let("L", sg.sum(sg.tanh(weights @ whole))), ["a", "W"], form=form)

    assert found.verified
