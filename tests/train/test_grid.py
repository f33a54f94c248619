"""`sg.sweep`: one training for each combination of settings, as a table."""

import csv
import importlib.util
import json
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.errors import KindError, RangeError, UnknownNameError, UnsupportedError

_draw = np.random.default_rng(4)
DATA = {"x": _draw.normal(size=(24, 3)), "y": _draw.normal(size=24)}


def make(hidden: int, seed: int = 0) -> sg.Model:
    import symgraph as sg

    x, y = sg.input("x", ("N", 3)), sg.input("y", "N")
    h = sg.nn.dense(x, hidden, "h", "tanh")
    return sg.Model(sg.mean((sg.sum(h, axis=1) - y) ** 2), [x, y], seed=seed)


GRID: dict[str, Any] = {"hidden": [2, 3], "learning_rate": [0.01, 0.1]}


def test_each_run_is_the_training_with_its_settings():
    table = sg.sweep(make, GRID, DATA, seeds=[0, 7], epochs=3, batch_size=8)

    assert [(row["hidden"], row["learning_rate"], row["seed"]) for row in table] == [
        (h, r, s) for h in (2, 3) for r in (0.01, 0.1) for s in (0, 7)
    ]
    row = table[5]
    history = make(3, seed=7).fit(
        DATA, optimizer=sg.optim.Adam(0.01), epochs=3, batch_size=8, seed=7, progress=False
    )
    assert row["loss"] == history["loss"][-1]
    assert (row["epochs"], row["stopped"]) == (3, "")


@pytest.mark.skipif(importlib.util.find_spec("joblib") is None, reason="joblib is not installed")
def test_joblib_makes_the_same_table():
    from joblib import parallel_config

    alone = sg.sweep(make, GRID, DATA, epochs=2)
    with parallel_config("threading"):
        together = sg.sweep(make, GRID, DATA, epochs=2, jobs=2)
    for one, other in zip(alone, together, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_a_client_maps_the_runs():
    class Client:
        """What is used of dask.distributed.Client."""

        def map(self, function: Any, runs: list[Any], pure: bool) -> list[Any]:
            assert not pure
            return [function(run) for run in runs]

        def gather(self, found: list[Any]) -> list[Any]:
            return found

    table = sg.sweep(make, {"hidden": [1, 2]}, DATA, epochs=1, client=Client())
    assert [row["hidden"] for row in table] == [1, 2]


def test_a_run_whose_numbers_run_away_is_a_row_and_never_the_best():
    grid = {"optimizer": [sg.optim.SGD(1e200), sg.optim.SGD(0.01)]}
    table = sg.sweep(_line, grid, DATA, epochs=3)
    assert "fit: epoch" in table[0]["stopped"]
    assert "loss" not in table[0]
    assert table.best() is table[1]


def _line() -> sg.Model:
    x, y = sg.input("x", ("N", 3)), sg.input("y", "N")
    return sg.Model(sg.mean((x @ sg.parameter("w", 3) - y) ** 2), [x, y])


def test_a_table_is_written_and_read_back(tmp_path: Any):
    table = sg.sweep(make, {"hidden": [1, 2], "optimizer": [sg.optim.SGD(0.1)]}, DATA, epochs=1)
    table.save(tmp_path / "runs.csv")
    table.save(tmp_path / "runs.jsonl")
    with (tmp_path / "runs.csv").open() as file:
        read = [*csv.DictReader(file)]
    lines = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [float(row["loss"]) for row in read] == [row["loss"] for row in table]
    assert [row["loss"] for row in lines] == [row["loss"] for row in table]
    assert lines[0]["optimizer"].startswith("SGD(")
    with pytest.raises(UnsupportedError, match=r"ends in '\.txt'"):
        table.save(tmp_path / "runs.txt")


@pytest.mark.parametrize(
    ("grid", "given", "error", "message"),
    [
        ({"hiden": [1]}, {}, UnknownNameError, "did you mean 'hidden'"),
        ({"hidden": 3}, {}, KindError, "hidden is 3, and it is a list"),
        ({"hidden": []}, {}, RangeError, "hidden is empty"),
        ({"hidden": [1]}, {"epoch": 3}, UnknownNameError, "did you mean 'epochs'"),
        ({"hidden": [1], "epochs": [1]}, {"epochs": 3}, UnknownNameError, "given too"),
        ({"hidden": [1]}, {"jobs": 0}, KindError, "jobs is 0"),
        ([1], {}, KindError, "maps names to lists"),
    ],
)
def test_what_is_no_grid_is_refused_before_anything_is_trained(grid, given, error, message):
    with pytest.raises(error, match=message):
        sg.sweep(make, grid, DATA, **given)
