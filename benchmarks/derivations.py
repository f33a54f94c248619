"""Derivations: how long a lecturer waits for the printed gradient, proof included."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import symgraph as sg
from benchmarks.measure import Row, repeat
from symgraph.node import Node
from symgraph.walks import variables
from symgraph.zoo import gates, losses, networks, recurrent

__all__ = ["networks_of_the_lectures"]


def networks_of_the_lectures() -> list[Row]:
    """Seconds for the derivation by every parameter, written in all three styles."""
    cases: list[tuple[str, Callable[[], Node], float | None]] = [
        ("hinge loss", losses.hinge, 0.03),
        ("dense net", networks.dense, None),
        ("recurrent net over a scan", lambda: recurrent.rnn().loss, None),
        ("LSTM over a scan", lambda: gates.lstm().loss, 0.5),
        ("GRU over a scan", lambda: gates.gru().loss, 0.5),
    ]
    rows = []
    for name, build, bound in cases:
        loss = build()
        wrt = [v for v in variables([loss]) if v.params[2] == "parameter"]
        start = time.perf_counter()
        _written(loss, wrt)
        first = time.perf_counter() - start
        again = repeat(functools.partial(_written, loss, wrt))
        note = f"{len(wrt)} parameters, first time {first:.2g} s"
        rows.append(Row(f"derive the {name}", again, "s", bound, note))
    return rows


def _written(loss: Node, wrt: list[Node]) -> int:
    derivation = sg.derive(loss, wrt)
    return len(derivation.text()) + len(derivation.unicode()) + len(derivation.latex())
