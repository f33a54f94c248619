"""What is checked of the rows of the lectures: a list that every module here adds to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from lectures.table import LECTURES, LectureRow

__all__ = ["CHECKS", "Check", "add", "check", "checks_of"]


@dataclass(frozen=True)
class Check:
    """One thing that must hold for a verb of a row; `run` raises when it does not."""

    row: str
    verb: str
    name: str
    run: Callable[[], None]

    def __str__(self) -> str:
        return f"{self.row} {self.verb} {self.name}"


CHECKS: list[Check] = []


def add(row: str, verb: str, name: str, run: Callable[[], None]) -> None:
    assert verb in LECTURES[row].verbs, f"the table does not ask {row} for {verb}"
    CHECKS.append(Check(row, verb, name, run))


def check(verb: str, *rows: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """The function below is a check of these rows, called as it is."""

    def register(run: Callable[[], None]) -> Callable[[], None]:
        for row in rows:
            add(row, verb, run.__name__.replace("_", " "), run)
        return run

    return register


def checks_of(row: LectureRow) -> Iterator[Check]:
    """The checks of a row, and those of the rows that it shares, in the order of its verbs."""
    for verb in row.verbs:
        for source in (row.identity, *row.shares):
            for one in CHECKS:
                if (one.row, one.verb) == (source, verb):
                    yield replace(one, row=row.identity)
