"""The table of the rows of the lectures: `python tests/lectures`, or `python tests/lectures S0-2`.

All checks of every row are run; what is named on the command line chooses the rows that begin so.
Ends with 1 when a row fails.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    # As pytest has it: the folder above holds the package, the one above that symgraph.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    sys.path.insert(1, str(Path(__file__).resolve().parents[2]))
    os.environ["MPLBACKEND"] = "Agg"

from lectures.all_checks import ALL
from lectures.checks import Check
from lectures.table import LECTURES, VERBS, LectureRow

__all__ = ["main"]

WIDTH = 5


def problem(one: Check) -> str:
    """What a check fails with, in one line; empty when it holds."""
    try:
        one.run()
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        first, *_ = [*str(error).splitlines(), ""]
        return (
            f"{one.verb} {one.name}: {type(error).__name__} {first} ({place.name}:{place.lineno})"
        )
    return ""


def states(row: LectureRow) -> tuple[dict[str, str], list[str]]:
    """The state of every verb, and what went wrong."""
    mine = [one for one in ALL if one.row == row.identity]
    found: dict[str, str] = {}
    problems: list[str] = []
    for verb in row.verbs:
        of_verb = [one for one in mine if one.verb == verb]
        wrong = [text for one in of_verb if (text := problem(one))]
        found[verb] = "FAILS" if wrong else "ok" if of_verb else "none"
        problems += wrong
    return found, problems


def line(row: LectureRow, found: dict[str, str]) -> str:
    verbs = " ".join(found.get(verb, "-").ljust(WIDTH) for verb in VERBS)
    return f"{row.identity:<7}{row.kind:<11}{row.priority:<3} {verbs} {state(found)}"


def state(found: dict[str, str]) -> str:
    if not found:
        return "stated"
    return "pass" if set(found.values()) == {"ok"} else "FAIL"


def main(chosen: list[str]) -> int:
    rows = [r for r in LECTURES.values() if not chosen or r.identity.startswith(tuple(chosen))]
    head = " ".join(verb.ljust(WIDTH) for verb in VERBS)
    print(f"{'row':<7}{'kind':<11}{'':<3} {head} state  what it is")
    of_rows: Counter[tuple[str, str]] = Counter()
    of_verbs: Counter[tuple[str, str]] = Counter()
    for row in rows:
        found, problems = states(row)
        print(f"{line(row, found):<58} {row.title}", flush=True)
        for text in [row.reason, *problems]:
            if text:
                print(f"{'':<14}{text}")
        of_rows[row.priority, state(found)] += 1
        of_verbs.update((verb, one) for verb, one in found.items())
    print()
    for priority in ("P1", "P2", "P3"):
        print(f"{priority}: {_counts(of_rows, priority)}")
    for verb in VERBS:
        print(f"{verb}: {_counts(of_verbs, verb)}")
    return int(any(one == "FAIL" for _, one in of_rows))


def _counts(counted: Counter[tuple[str, str]], key: str) -> str:
    return ", ".join(f"{n} {one}" for (k, one), n in sorted(counted.items()) if k == key) or "none"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
