"""Trainings over a grid of settings, one after another or by joblib or Dask, as one table."""

from __future__ import annotations

import csv
import inspect
import itertools
import json
import math
import numbers
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from symgraph.answers import answering
from symgraph.errors import (
    KindError,
    NonFiniteError,
    RangeError,
    UnknownNameError,
    UnsupportedError,
)
from symgraph.files import path_of, writing
from symgraph.train.names import unknown_name
from symgraph.train.optim import Adam

if TYPE_CHECKING:
    from symgraph.train.model import Model

__all__ = ["SweepTable", "sweep"]

Row = dict[str, Any]


def sweep(
    make: Callable[..., Model],
    grid: Mapping[str, Sequence[Any]],
    data: Any,
    *,
    seeds: Sequence[int] = (0,),
    jobs: int = 1,
    client: Any = None,
    **fit: Any,
) -> SweepTable:
    """Train a model with every combination of some settings, and every seed.

    `make` is a function that returns a model. `grid` lists the values of each setting by name: of
    the arguments of `make`, of `Model.fit`, and `learning_rate`, which belongs to the optimizer.
    `fit` are arguments of `Model.fit` for all runs. The seed goes to `fit`, and to `make` where
    that takes a `seed`: a run depends on its settings and its seed alone, wherever it is computed.
    Each run is one row: its settings, its seed, what its last epoch measured, its epochs, seconds,
    and why it stopped; also when its numbers stop being finite.

    With `jobs` so many runs are made at a time by joblib (extra `sweep`), -1 for one a core; with
    `client`, a `dask.distributed.Client`, the runs go there. `make` must then be a function that
    these can send to other processes.
    Raises UnknownNameError for a setting that neither takes, KindError and RangeError for a grid
    that is none, UnsupportedError without joblib.

    >>> import symgraph as sg
    >>> def make(degree):
    ...     x, y = sg.input("x", "N"), sg.input("y", "N")
    ...     powers = [sg.parameter(f"w{k}") * x**k for k in range(degree + 1)]
    ...     return sg.Model(sg.mean((sum(powers[1:], powers[0]) - y) ** 2), [x, y])
    >>> data = {"x": [-1.0, 0.0, 1.0, 2.0], "y": [1.0, 0.0, 1.0, 4.0]}
    >>> table = sg.sweep(make, {"degree": [1, 2]}, data, optimizer=sg.optim.SGD(0.1), epochs=400)
    >>> [(row["degree"], round(row["loss"], 3)) for row in table]
    [(1, 1.0), (2, 0.0)]
    >>> table.best()["degree"]
    2
    """
    _check(make, grid, seeds, jobs, fit)
    names = [*grid]
    runs = [
        {**dict(zip(names, values, strict=True)), "seed": seed}
        for values in itertools.product(*grid.values())
        for seed in seeds
    ]
    one = partial(_run, make, data, fit)
    if client is not None:
        return SweepTable(client.gather(client.map(one, runs, pure=False)))
    if jobs == 1 or len(runs) == 1:
        return SweepTable([one(run) for run in runs])
    try:
        from joblib import Parallel, delayed
    except ImportError as error:
        raise UnsupportedError(
            "sweep: joblib is missing, which makes several runs at a time. Install it, or leave "
            "out jobs=."
        ) from error
    return SweepTable(Parallel(n_jobs=jobs)(delayed(one)(run) for run in runs))


def _check(make: Any, grid: Any, seeds: Any, jobs: Any, fit: Mapping[str, Any]) -> None:
    if not callable(make):
        raise KindError(f"sweep: make is {make!r}, and it is a function that returns a model.")
    if not isinstance(grid, Mapping):
        raise KindError(
            f"sweep: grid is {grid!r}, and it maps names to lists of values. Write "
            '{"hidden": [16, 32]}.'
        )
    for name, values in [*grid.items(), ("seeds", seeds)]:
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise KindError(f"sweep: {name} is {values!r}, and it is a list of values.")
        if not values:
            raise RangeError(f"sweep: {name} is empty, and there is nothing to train.")
    if isinstance(jobs, bool) or not isinstance(jobs, numbers.Integral) or jobs == 0:
        raise KindError(f"sweep: jobs is {jobs!r}, and it is a number of runs at a time, or -1.")
    known = {*_arguments(make), *_fit_arguments(), "learning_rate"} - {"seed"}
    for name in [*grid, *fit]:
        if name not in known and not (name in grid and _takes_any(make)):
            raise unknown_name("sweep", "a setting of make or of fit", name, sorted(known))
        if name in grid and name in fit:
            raise UnknownNameError(f"sweep: {name!r} is in the grid and given too. Give it once.")


def _arguments(function: Callable[..., Any]) -> list[str]:
    return [*inspect.signature(function).parameters]


def _takes_any(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(one.kind is one.VAR_KEYWORD for one in parameters)


def _fit_arguments() -> list[str]:
    from symgraph.train.model import Model

    return [name for name in _arguments(Model.fit) if name not in ("self", "data")]


def _run(
    make: Callable[..., Model], data: Any, fit: Mapping[str, Any], settings: Mapping[str, Any]
) -> Row:
    """One row of the table."""
    start = time.monotonic()
    taken = _arguments(make)
    made = {
        name: value
        for name, value in settings.items()
        if name in taken or (name not in (*_fit_arguments(), "learning_rate") and _takes_any(make))
    }
    given = {"progress": False, **fit}
    given |= {name: value for name, value in settings.items() if name in _fit_arguments()}
    if "learning_rate" in settings and "learning_rate" not in made:
        optimizer = given.get("optimizer", Adam())
        given["optimizer"] = replace(optimizer, learning_rate=settings["learning_rate"])
    row: Row = dict(settings)
    try:
        history = make(**made).fit(data, **given)
    except NonFiniteError as error:
        stopped = str(error)
    else:
        row |= {name: column[-1] for name, column in history.items()}
        row["epochs"] = len(history.epochs)
        stopped = history.stopped
    return row | {"seconds": round(time.monotonic() - start, 3), "stopped": stopped}


@answering
class SweepTable(Sequence[Row]):
    """One dictionary a run: settings, seed, what was measured, seconds, and why it stopped.

    >>> table = SweepTable([{"hidden": 4, "seed": 0, "loss": 0.5}, {"hidden": 8, "loss": 0.25}])
    >>> print(table)
    hidden  seed  loss
         4     0   0.5
         8        0.25
    >>> table.best()
    {'hidden': 8, 'loss': 0.25}
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = [*rows]

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @property
    def names(self) -> list[str]:
        """The columns, in the order in which they first occur."""
        return [*dict.fromkeys(name for row in self._rows for name in row)]

    def best(self, by: str = "loss", *, largest: bool = False) -> Row:
        """The row with the smallest value, or the largest; runs without that value come last.

        Raises UnknownNameError for a column that no run has.
        """
        measured = [row for row in self._rows if isinstance(row.get(by), int | float)]
        if not measured:
            raise unknown_name("best", "a measured value", by, self.names)
        sign = -1 if largest else 1
        return min(measured, key=lambda row: sign * row[by] if row[by] == row[by] else math.inf)

    def save(self, path: str | Path) -> None:
        """Write the table as .csv or .jsonl. Raises UnsupportedError for another suffix."""
        target = path_of("save", path)
        rows = [
            {name: _plain(value) for name, value in row.items()} for row in self._rows
        ]  # fmt: skip
        if target.suffix not in (".csv", ".jsonl"):
            raise UnsupportedError(
                f"save: {target.name!r} ends in {target.suffix!r}, and a table is written as .csv "
                "or .jsonl. Choose one of these."
            )
        with writing("save", target), target.open("w", newline="", encoding="utf-8") as file:
            if target.suffix == ".jsonl":
                file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
                return
            writer = csv.DictWriter(file, self.names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def __repr__(self) -> str:
        names = self.names
        cells = [names] + [[_cell(row.get(name, "")) for name in names] for row in self._rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = (
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in cells
        )
        return "\n".join(line.rstrip() for line in lines)


def _plain(value: Any) -> Any:
    """A value that text files can hold."""
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _cell(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
