"""Right and readable gradients on the table of identities, beside other systems.

Run `python -m benchmarks.identities [NUMBER ...]` in a checkout; the rows are in tests/identities.
The other systems: SymPy 1.14.0 (S) and its master of 2026-08-22 (M), CasADi 3.8.2 (C),
PyTensor 3.0.7 (P), tensorgrad 0.3.0 (T), all run on rows 1 to 64. R is right and readable, c right,
W silently wrong, E an error; their readable texts may be three times the expected length.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

__all__ = ["main"]

SYSTEMS = "SMCPT"
PEERS = (
    "RRRRc RRcRc RRcRc RRcRc RRcRc RRcRc RRcRc RRcRc RRcRc RRcRc ERccR ERccc WRccc WRccc RRccc "
    "RRccc RRccc RRccc RRccc RRcRc RRccc RRccc RRccc RRcRc RRccc ccccc ccccc ccccc RRcRc EccRc "
    "RRccc EEcRR WRccc ccRRc RRccc RRccc Ecccc Ecccc EEccc EEcRc WERRR EEccc EEccc Ecccc ccccc "
    "EEccc ccccc RRccc ccccc ccccc EEccc EEccc EEccc EEccc EWccc Ecccc Ecccc EEccc Ecccc WEccc "
    "cccRc WRccc EEcRR WEccc"
).split()
LETTERS = {"readable": "R", "right": "c", "wrong": "W", "error": "E"}


def main(chosen: set[int]) -> int:
    """Print the lines of the rows and the score table; 1 when a line is wrong."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from identities.rows import ROWS
    from identities.score import score

    letters: dict[int, str] = {}
    spent = 0.0
    for row in ROWS:
        if chosen and row.number not in chosen:
            continue
        found = score(row)
        spent += found.seconds
        letters[row.number] = LETTERS[found.word]
        others = PEERS[row.number - 1] if row.number <= len(PEERS) else "     "
        print(
            f"{row.number:3} {row.id:5} {letters[row.number]} {others} {found.ratio:5.2f}  "
            f"{row.expected}  |  {found.text}"
        )
    if not chosen:
        _table(letters)
    print(f"\nall derivations: {spent:.2f} s")
    return 1 if "W" in letters.values() else 0


def _table(letters: dict[int, str]) -> None:
    first = range(1, len(PEERS) + 1)
    columns = {"symgraph": [letters[k] for k in first]}
    columns |= {system: [row[k] for row in PEERS] for k, system in enumerate(SYSTEMS)}
    columns["symgraph, all 80"] = list(letters.values())
    print(f"\n{'':18}{'right':>7}{'of which readable':>19}{'silently wrong':>16}{'error':>7}")
    for title, column in columns.items():
        n = Counter(column)
        print(f"{title:18}{n['R'] + n['c']:7}{n['R']:19}{n['W']:16}{n['E']:7}")


if __name__ == "__main__":
    sys.exit(main({int(one) for one in sys.argv[1:]}))
