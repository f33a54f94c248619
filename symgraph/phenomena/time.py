"""Gradients against time: how far the past acts on recurrent networks, along which way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from symgraph.answers import answer_calls
from symgraph.build.activations import sigmoid
from symgraph.build.declare import const, input
from symgraph.build.elementary import tanh
from symgraph.build.loop_making import ScanResult
from symgraph.build.loops import scan
from symgraph.errors import RangeError
from symgraph.explore.influence import influence
from symgraph.node import Node
from symgraph.phenomena.depth import checked_counts, verdict
from symgraph.phenomena.pictures import curves
from symgraph.phenomena.table import Table

__all__ = ["belt", "gradients_over_time", "step_norms"]

#: A loop, or an expression with one, and the values of its variables.
Valued = tuple[Any, Mapping[Any, Any]]


def gradients_over_time(
    loops: Mapping[str, Valued] | None = None,
    times: Sequence[int] = (1, 2, 5, 10, 20, 50, 100),
    *,
    of: str | None = None,
    by: str | None = None,
) -> Table:
    """The spectral norm of ∂h_T/∂x_1, of a later value by the first input, against the time T.

    `loops`: by name, a recurrence and the values of its variables; `of` says which value is
    observed and `by` what acts, as `sg.influence` takes them, and both are the states unless they
    are given. Without loops: units of the lectures with one state each, h and x.
    Raises RangeError for times beyond the end of a loop.
    Source: Bengio, Simard and Frasconi 1994, section 3.

    >>> table = gradients_over_time(times=[1, 10, 50])
    >>> [float(f"{x:.6g}") for x in table["tanh(0.8 h + x)"]]
    [0.915137, 0.106563, 1.41298e-05]
    """
    counted = checked_counts(times, "gradients_over_time: times")
    if loops is None:
        loops, of, by = _units(counted[-1]), "h", "x"
    columns: dict[str, list[Any]] = {"T": list(counted)}
    notes: list[str] = []
    for name, (loop, values) in loops.items():
        found = influence(loop, values, of=of, by=by, since=1)
        norms = [row.norm for row in found.rows]
        if counted[-1] > len(norms):
            raise RangeError(
                f"gradients_over_time: T = {counted[-1]}, and {name} has {len(norms)} steps. "
                "Give values for a longer sequence, or earlier times."
            )
        columns[name] = [norms[time - 1] for time in counted]
        if len(norms) > 1:
            notes.append(verdict(name, norms, "step"))
    acting, observed = by or "s", of or "s"
    drawing = partial(curves, names=list(loops), upwards="norm")
    own = frozenset(columns)
    return Table(f"‖∂{observed}_T/∂{acting}_1‖", columns, tuple(notes), drawing, own)


def _units(length: int) -> dict[str, Valued]:
    """A fading, a growing and a remembering unit; the first input is 0.3, the later ones are 0."""
    x = input("x", "T")
    seen = np.zeros(length)
    seen[0] = 0.3
    zero = const(0.0)

    def lstm(h: Node, c: Node, x: Node) -> dict[str, Node]:
        kept = sigmoid(0.1 * h + 5) * c + sigmoid(4 * x) * tanh(x)
        return {"h": sigmoid(const(1.0)) * tanh(kept), "c": kept}

    made: dict[str, ScanResult] = {
        "tanh(0.8 h + x)": scan(lambda h, x: {"h": tanh(0.8 * h + x)}, {"h": zero}, {"x": x}),
        "1.1 h + x": scan(lambda h, x: {"h": 1.1 * h + x}, {"h": zero}, {"x": x}),
        "LSTM, forget bias 5": scan(lstm, {"h": zero, "c": zero}, {"x": x}),
    }
    return {name: (loop, {"x": seen}) for name, loop in made.items()}


def step_norms(what: Any, values: Mapping[Any, Any] | None = None) -> Table:
    """The spectral norm of every step, that of their product, and the product of the norms.

    `what`: a recurrence or a list of layers, as `sg.influence` takes it. γ > 1 in every step is
    necessary for an explosion and not sufficient: the product may be small, even 0.
    Source: Pascanu, Mikolov and Bengio 2013, section 2.1.

    >>> import symgraph as sg
    >>> W = sg.const([[0.0, 2.0], [0.0, 0.0]])
    >>> print(step_norms(sg.scan(lambda s: W @ s, sg.ones(2), length=2)))
    Spectral norms of the steps, and of their product
    t  ‖step‖  ‖product of steps‖  product of ‖steps‖
    1       2                   2                   2
    2       2                   0                   4
    The product is 0 of what the norms of the steps allow.
    """
    found = influence(what, values, since=None if isinstance(what, (list, tuple)) else 0)
    rows = sorted((row for row in found.rows if row.lag), key=lambda row: row.lag)
    products = [float(np.prod([found.gammas[t] for t in range(r.k + 1, r.t + 1)])) for r in rows]
    norms = [row.norm for row in rows]
    # A loop is followed forward, from its first state; layers from the last one back.
    steps = [found.gammas[row.t if row.k == rows[0].k else row.k + 1] for row in rows]
    columns: dict[str, list[Any]] = {
        "t": [row.lag for row in rows],
        "‖step‖": steps,
        "‖product of steps‖": norms,
        "product of ‖steps‖": products,
    }
    notes: list[str] = []
    if norms and products[-1]:
        share = norms[-1] / products[-1]
        notes.append(f"The product is {share:.4g} of what the norms of the steps allow.")
    drawing = partial(curves, names=list(columns)[1:], upwards="norm")
    return Table(
        "Spectral norms of the steps, and of their product", columns, tuple(notes), drawing
    )


def belt(loop: Any, values: Mapping[Any, Any] | None = None, state: str = "C") -> Table:
    """An LSTM's cell over time: the way along the cell alone, and all ways together.

    The direct way is ∂C_t/∂C_0 with the gates held fixed, the product of the diag(f_t); the whole
    derivative has the ways through h too.
    Raises UnknownNameError for a state that the loop does not have.
    Source: Hochreiter and Schmidhuber 1997, section 4.

    >>> from symgraph.zoo import gates
    >>> net = gates.lstm(hidden=1, inputs=1)
    >>> zeros = {name: [[0.0, 0.0]] for name in ("W_f", "W_i", "W_C", "W_o")}
    >>> biases = {"b_f": [0.0], "b_i": [0.0], "b_C": [0.0], "b_o": [0.0]}
    >>> at = {"x": [[1.0]] * 3, "h0": [0.0], "C0": [0.0], **zeros, **biases}
    >>> print(belt(net.run, at))
    ‖∂C_t/∂C_0‖ along the cell and along all ways
    t  along C  all ways
    1      0.5       0.5
    2     0.25      0.25
    3    0.125     0.125
    """
    direct = influence(loop, values, of=state, since=0, direct=True)
    whole = influence(loop, values, of=state, since=0)
    along = f"along {state}"
    columns: dict[str, list[Any]] = {
        "t": [row.t for row in direct.rows],
        along: [row.norm for row in direct.rows],
        "all ways": [row.norm for row in whole.rows],
    }
    title = f"‖∂{state}_t/∂{state}_0‖ along the cell and along all ways"
    return Table(title, columns, (), partial(curves, names=[along, "all ways"], upwards="norm"))


answer_calls(globals(), __all__)
