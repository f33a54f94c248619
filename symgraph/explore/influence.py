"""How far a value reaches: norms of the derivatives over time or over layers, with their bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.build.coerce import as_node
from symgraph.build.loop_making import ScanResult
from symgraph.columns import aligned
from symgraph.errors import KindError, RangeError, UnknownNameError, UnsupportedError
from symgraph.explore.chain import Layers, Steps, inside_of, layers_of, steps_of
from symgraph.figures import new_figure, save_figure
from symgraph.graph import graph
from symgraph.node import Node
from symgraph.notation.forward import Forward
from symgraph.ops import Scan
from symgraph.rounding import checked_digits
from symgraph.walks import topological

__all__ = ["Influence", "Reach", "influence", "influences"]

Array = NDArray[Any]
Language = Literal["en", "zh"]

#: Two matrices are the same to this relative accuracy.
_SAME = 1e-9
#: More rows than this are printed as the first and the last ones.
ROWS = 24


class Reach(NamedTuple):
    """The derivative of the value at time `t` by the one at time `k`: its norm and its bound."""

    t: int
    k: int
    norm: float
    bound: float

    @property
    def lag(self) -> int:
        """t − k."""
        return self.t - self.k


@answering
@dataclass(frozen=True)
class Influence:
    """Spectral norms of ∂v_t/∂u_k against t − k.

    `gammas` are the norms of one step, by the time at which the step arrives, `gamma` the largest.
    `matrices` holds the derivatives themselves, in the order of `rows`.
    """

    observed: str
    acting: str
    rows: tuple[Reach, ...]
    gammas: dict[int, float]
    step: str
    matrices: tuple[Array, ...]
    lang: Language = "en"

    @property
    def gamma(self) -> float:
        """The largest norm of one step: γ."""
        return max(self.gammas.values(), default=float("nan"))

    def norm(self, lag: int) -> float:
        """The norm at one distance t − k.

        Raises RangeError for a distance that does not occur.
        """
        found = [row.norm for row in self.rows if row.lag == lag]
        if not found:
            lags = [row.lag for row in self.rows]
            raise RangeError(
                f"influence: no row has t − k = {lag!r}; the distances go from {min(lags)} to "
                f"{max(lags)}. Give one of these."
            )
        return found[0]

    def __str__(self) -> str:
        return self.table()

    def table(self, digits: int = 6, limit: int | None = ROWS) -> str:
        """A line for every distance t − k: the norm, its bound, the norm of the step there.

        Of more than `limit` lines the first and the last are written; None writes all.
        """
        checked_digits(digits, "influence")
        heads = ["t − k", f"‖∂{self.observed}_t/∂{self.acting}_k‖", _BOUND[self.lang], "t", "k"]
        cells = [
            [str(r.lag), f"{r.norm:.{digits}g}", f"{r.bound:.{digits}g}", str(r.t), str(r.k)]
            for r in self.rows
        ]
        if limit is not None and len(cells) > limit:
            cells = [*cells[: limit // 2], ["⋮"] * len(heads), *cells[-(limit - limit // 2) :]]
        first = f"γ = max ‖{self.step}‖ = {self.gamma:.{digits}g}"
        return "\n".join([first, *aligned([heads, *cells]), self._verdict()])

    def _verdict(self) -> str:
        words = _WORDS[self.lang]
        return words["below" if self.gamma < 1 else "above" if self.gamma > 1 else "one"]

    def markdown(self, digits: int = 6) -> str:
        """The same as a table of Markdown, with all rows."""
        heads = ["t − k", f"‖∂{self.observed}_t/∂{self.acting}_k‖", _BOUND[self.lang]]
        lines = [heads, ["--:"] * 3]
        lines += [[str(r.lag), f"{r.norm:.{digits}g}", f"{r.bound:.{digits}g}"] for r in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON."""
        return {
            "observed": self.observed,
            "acting": self.acting,
            "gamma": self.gamma,
            "gammas": {str(t): value for t, value in self.gammas.items()},
            "rows": [{**row._asdict(), "lag": row.lag} for row in self.rows],
        }

    def plot(self, path: str | Path | None = None) -> Any:
        """Norm and bound against t − k, logarithmic: a matplotlib Figure, saved where asked.

        Raises UnsupportedError where matplotlib is not installed.
        """
        figure = new_figure("influence: a plot", (6.4, 4.0), fitted=True)
        axes = figure.subplots()
        lags = [row.lag for row in self.rows]
        for label, marker, numbers in (
            (rf"$\Vert\partial {self.observed}_t/\partial {self.acting}_k\Vert$", "o-",
             [row.norm for row in self.rows]),
            (rf"bound, $\gamma={self.gamma:.4g}$", "--", [row.bound for row in self.rows]),
        ):  # fmt: skip
            drawn = [x if 0 < x < np.inf else np.nan for x in numbers]
            axes.plot(lags, drawn, marker, label=label, markersize=3)
        axes.set_yscale("log")
        axes.set_xlabel("$t-k$")
        axes.legend()
        if path is not None:
            save_figure(figure, path)
        return figure


_BOUND: dict[Language, str] = {"en": "bound", "zh": "上界"}
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "below": "γ < 1: the influence vanishes at least as fast as γ^(t−k).",
        "above": "γ > 1 allows an explosion and does not prove one: the norm may still fall.",
        "one": "γ = 1: the influence cannot grow.",
        "title": "{names}_t from {names}_{{t−1}}, t = 1, …, {length}",
        "back": ", backwards in time",
    },
    "zh": {
        "below": "γ < 1：影响至少以 γ^(t−k) 的速度消失。",
        "above": "γ > 1 只是爆炸的必要条件而非充分条件：γ^(t−k) 仅为上界。",
        "one": "γ = 1：影响不会增大。",
        "title": "由 {names}_{{t−1}} 到 {names}_t，t = 1, …, {length}",
        "back": "，沿时间反向",
    },
}


def influence(
    what: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    of: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    since: int | None = None,
    direct: bool = False,
    lang: Language = "en",
) -> Influence:
    """How the derivative of a later value by an earlier one grows or shrinks with their distance.

    `what`: a loop (a result of `sg.scan`, or a node made of one; of several loops that which has
    what `of` names), or a list of values that follow one another, such as the layers of a deep net
    or the states of an unrolled one; these may also be given as an expression and `of`, a list of
    their names. `sg.influence_of_layers` finds the layers of a net without a loop by itself.
    Of a loop, `of` says what is observed: a state, or a value named in the step with `sg.let` (the
    net input, say); by default all states together. `by` says what acts: likewise, or a sequence;
    by default the same. `direct` follows the observed states alone and holds all others fixed, such
    as an LSTM's cell without its gates. A state acts as it enters the next step, the others held
    fixed; the initial state has time 0.
    The rows lead from the last time back; with `since` they lead from that time on.

    γ is the largest spectral norm of one step, ‖W diag f'‖ in a plain network, and the bound
    γ^(t−k) follows. Where the step has more states than are observed, the bound is
    ‖∂v_t/∂s_{t−1}‖ γ^(t−k−1) ‖∂s_k/∂u_k‖ with the γ of all states.
    Raises UnknownNameError for names that do not occur, RangeError for a time outside the loop.
    Source: Pascanu, Mikolov and Bengio 2013, section 2.

    >>> import symgraph as sg
    >>> x, h0 = sg.input("x", "T"), sg.input("h0")
    >>> run = sg.scan(lambda h, x: sg.tanh(0.8 * h + x), h0, x)
    >>> print(sg.influence(run, {"x": [0.3, 0.0, 0.0], "h0": 0.0}))
    γ = max ‖∂h_t/∂h_{t−1}‖ = 0.773758
    t − k  ‖∂h_t/∂h_k‖     bound  t  k
        0            1         1  3  3
        1     0.773758  0.773758  3  2
        2     0.586567  0.598701  3  1
        3     0.429431  0.463249  3  0
    γ < 1: the influence vanishes at least as fast as γ^(t−k).
    """
    if lang not in _WORDS:
        raise KindError(f"influence: lang is {lang!r}; write 'en' or 'zh'.")
    if isinstance(what, (list, tuple)):
        return _of_layers([as_node(one, "influence") for one in what], [], values or {}, lang)
    if not isinstance(what, ScanResult) and not isinstance(of, (str, type(None))):
        drawn = graph(what)
        if not any(node.is_loop for node in drawn.forward.order):
            layers = [drawn.vertex(name).node for name in of]
            return _of_layers(layers, drawn.roots, values or {}, lang)
    scan, roots = _loop_of(what, () if of is None else _listed(of))
    return _of_loop(scan, roots, values or {}, of, by, since, direct, lang)


def influences(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    of: str | None = None,
    by: str | None = None,
    since: int | None = None,
    direct: bool = False,
    lang: Language = "en",
) -> dict[str, Influence]:
    """The influence in every loop of an expression that has what `of` names, by what it computes.

    Raises UnsupportedError where there is no loop, and else what `sg.influence` does.

    >>> import symgraph as sg
    >>> x, zero = sg.input("x", "T"), sg.const(0.0)
    >>> there = sg.scan(lambda a, x: {"a": sg.tanh(0.5 * a + x)}, {"a": zero}, {"x": x})
    >>> back = sg.scan(lambda b, x: {"b": 0.5 * b + x}, {"b": zero}, {"x": x}, reverse=True)
    >>> both = sg.sum(there.states["a"] * back.states["b"])
    >>> for title, found in influences(both, {"x": [0.0, 0.0, 0.0]}).items():
    ...     print(title, found.norm(3))
    a_t from a_{t−1}, t = 1, …, 3 0.125
    b_t from b_{t−1}, t = 1, …, 3, backwards in time 0.125
    """
    node = as_node(expr, "influence")
    loops = _loops([node])
    chosen = _having(loops, () if of is None else [of])
    if not chosen:
        raise _unchosen(loops, [] if of is None else [of])
    found: dict[str, Influence] = {}
    for scan in chosen:
        made = _of_loop(scan, [node], values or {}, of, by, since, direct, lang)
        title = _title(scan, max(row.t for row in made.rows), lang)
        found[title if title not in found else f"{title} ({len(found) + 1})"] = made
    return found


def _title(scan: Scan, length: int, lang: Language) -> str:
    """What a loop computes: h_t from h_{t−1}, t = 1, …, 9. Times count as the loop runs."""
    title = _WORDS[lang]["title"].format(names=_joined(_states(scan)), length=length)
    return title + _WORDS[lang]["back"] if scan.backwards else title


def _states(scan: Scan) -> list[str]:
    return [str(s.params[0]) for s in scan.body.states if s.kind == "real"]


def _of_loop(
    scan: Scan, roots: list[Node], values: Mapping[Any, Any], of: str | Sequence[str] | None,
    by: str | Sequence[str] | None, since: int | None, direct: bool, lang: Language,
) -> Influence:  # fmt: skip
    states = _states(scan)
    observed = _listed(of) if of is not None else states
    acting = _listed(by) if by is not None else observed
    if direct and not set(acting) <= set(observed) <= set(states):
        raise UnknownNameError(
            f"influence: direct=True follows one state alone, and of={of!r}, by={by!r} is more "
            f"than that; the states are {', '.join(states)}."
        )
    steps = steps_of(scan, roots, values, observed, acting, direct)
    kept = observed if direct else states
    return _of_steps(steps, observed, acting, kept, since, lang)


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else [str(name) for name in names]


def _loop_of(what: Any, names: Sequence[str]) -> tuple[Scan, list[Node]]:
    """The one loop that has these values, and the nodes whose variables may be given values."""
    if isinstance(what, ScanResult):
        assert isinstance(what.loop, Scan)
        return what.loop, [what.loop]
    node = as_node(what, "influence")
    loops = _loops([node])
    chosen = _having(loops, names)
    if len(chosen) != 1:
        raise _unchosen(loops, names)
    return chosen[0], [node]


def _loops(roots: Sequence[Node]) -> list[Scan]:
    return [one for one in topological(roots) if isinstance(one, Scan)]


def _having(loops: Sequence[Scan], names: Sequence[str]) -> Sequence[Scan]:
    """The loops that have these values; the only one in any case, which tells what it has not."""
    if len(loops) == 1:
        return loops
    return [loop for loop in loops if all(name in inside_of(loop) for name in names)]


def _unchosen(loops: Sequence[Scan], names: Sequence[str]) -> UnsupportedError:
    if not loops:
        return UnsupportedError(
            "influence: the expression has 0 loops. Give a list of the values that follow one "
            "another, or take sg.influence_of_layers, which finds them."
        )
    known = "; ".join(", ".join(inside_of(loop)) for loop in loops)
    wanted = "all states" if not names else ", ".join(names)
    return UnsupportedError(
        f"influence: the expression has {len(loops)} loops, and not one alone has {wanted}; their "
        f"values are {known}. Name one by of, or give the result of the sg.scan that is meant."
    )


def _of_steps(
    steps: Steps, observed: list[str], acting: list[str], states: list[str], since: int | None,
    lang: Language,
) -> Influence:  # fmt: skip
    length = len(steps.inner)
    if not length:
        raise RangeError("influence: the loop has 0 steps. Give values for a longer sequence.")
    first = 1 if steps.start is None else 0
    if since is not None and (isinstance(since, bool) or not first <= since <= length):
        raise RangeError(
            f"influence: since={since!r}; the times go from {first} to {length}. Give one of these."
        )
    same = observed == acting
    own = _own_steps(steps, first) if same else None
    chained = own is not None and (set(observed) == set(states) or _is_chain(steps))
    gammas = own if own is not None and chained else _norms(steps.inner, 1)
    gamma = max(gammas.values(), default=float("nan"))
    rows: list[Reach] = []
    matrices: list[Array] = []
    for t, k, matrix in _since(steps, since) if since is not None else _back(steps, first):
        lag = t - k
        if chained or not lag:
            bound = float(gamma**lag) if chained else _norm(matrix)
        else:
            ends = _norm(steps.out[t - 1]) * _norm(_entry(steps, k))
            bound = float(ends * gamma ** (lag - 1))
        rows.append(Reach(t, k, _norm(matrix), bound))
        matrices.append(matrix)
    label = _joined(observed if chained else states)
    step = f"∂{label}_t/∂{label}_{{t−1}}"
    return Influence(
        _joined(observed), _joined(acting), tuple(rows), gammas, step, tuple(matrices), lang
    )


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({','.join(names)})"


def _norm(matrix: Array) -> float:
    return float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def _norms(matrices: Array, first: int) -> dict[int, float]:
    return {t: _norm(matrix) for t, matrix in enumerate(matrices, first)}


def _entry(steps: Steps, k: int) -> Array:
    """∂s_k/∂u_k."""
    if k:
        return np.asarray(steps.into[k - 1])
    assert steps.start is not None
    return steps.start


def _own_steps(steps: Steps, first: int) -> dict[int, float]:
    """The norms of ∂v_t/∂v_{t-1}."""
    times = range(first + 1, len(steps.inner) + 1)
    return {t: _norm(steps.out[t - 1] @ _entry(steps, t - 1)) for t in times}


def _is_chain(steps: Steps) -> bool:
    """Whether the past acts on the state only through the observed value."""
    through = steps.into @ steps.out
    return bool(np.allclose(through, steps.inner, rtol=_SAME, atol=_SAME))


def _back(steps: Steps, first: int) -> Iterator[tuple[int, int, Array]]:
    """From the last time to every earlier one: one product of matrices a step."""
    length = len(steps.inner)
    yield length, length, np.asarray(steps.at_once[-1])
    product = np.asarray(steps.out[-1])
    for k in range(length - 1, first - 1, -1):
        yield length, k, product @ _entry(steps, k)
        if k:
            product = product @ steps.inner[k - 1]


def _since(steps: Steps, k: int) -> Iterator[tuple[int, int, Array]]:
    """From one time to every later one."""
    if k:
        yield k, k, np.asarray(steps.at_once[k - 1])
    product = _entry(steps, k)
    for t in range(k + 1, len(steps.inner) + 1):
        yield t, k, np.asarray(steps.out[t - 1] @ product)
        product = steps.inner[t - 1] @ product


def _of_layers(
    nodes: Sequence[Node], roots: Sequence[Node], values: Mapping[Any, Any], lang: Language
) -> Influence:
    if len(nodes) < 2:
        raise RangeError(
            f"influence: {len(nodes)} values have no distance. Give at least two, in order."
        )
    layers: Layers = layers_of(nodes, roots, values)
    gammas = {k: _norm(matrix) for k, matrix in enumerate(layers.local, 1)}
    gamma, last = max(gammas.values()), len(nodes) - 1
    order = range(last, -1, -1)
    rows = tuple(Reach(last, k, _norm(layers.whole[k]), float(gamma ** (last - k))) for k in order)
    names = Forward([*roots, nodes[-1]]).names
    name = _stem([names.get(node) for node in nodes])
    matrices = tuple(layers.whole[k] for k in order)
    return Influence(name, name, rows, gammas, f"∂{name}_t/∂{name}_{{t−1}}", matrices, lang)


def _stem(names: Sequence[str | None]) -> str:
    """What the names of the chain have in common: h of h1, h2, h3; else v."""
    stems = {(name or "").rstrip("0123456789₀₁₂₃₄₅₆₇₈₉").rstrip("_") for name in names[1:]}
    return stems.pop() if len(stems) == 1 and "" not in stems else "v"
