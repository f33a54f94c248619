"""Arrays that lie in files, and may not be written."""

import numpy as np
import pytest

import symgraph as sg


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_bound_program_reads_a_mapped_array_where_it_is(tmp_path, rows):
    x, w = sg.input("x", ("N", 2)), sg.input("w", 2)
    given = np.arange(2.0 * rows).reshape(rows, 2)
    np.save(tmp_path / "x.npy", given)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    weights = np.array([1.0, 10.0])

    step = sg.compile([x, w], x @ w).bind(mapped, weights)

    assert step().tolist() == (given @ weights).tolist()
    weights[0] = 3.0
    assert step().tolist() == (given @ weights).tolist()


def test_a_model_predicts_from_a_mapped_array(tmp_path):
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2, init="ones")
    np.save(tmp_path / "x.npy", np.ones((3, 2)))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")

    model = sg.Model(sg.mean(x @ w), [x], {"y": x @ w})

    assert model.predict({"x": mapped})["y"].tolist() == [2.0, 2.0, 2.0]
