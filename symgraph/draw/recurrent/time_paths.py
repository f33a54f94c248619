"""A way back through time on a timeline: marked from a loss to a parameter's use, and its product.

By the chain rule the derivative of the loss by what a layer sums up is a row of factors, one for
each edge on the way; what the parameter multiplies closes the term of its time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from symgraph.draw.view import ViewEdge
from symgraph.errors import DrawError

__all__ = ["Chip", "TimePath", "path_of", "product", "way_back"]

# So many factors are written out; the middle of a longer product is left out.
_MOST_FACTORS = 12


@dataclass(frozen=True, slots=True)
class TimePath:
    """From the use of a parameter at a time up to a loss, the last one without `end`."""

    parameter: str
    time: str
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """A parameter at one time: its node, its name, its label, the time, the shape and direction.

    `is_row`: what it makes is a row, which weights multiply from the right.
    """

    id: str
    name: str
    label: str
    letter: str
    time: str
    rank: int
    is_row: bool


def path_of(path: Any) -> TimePath:
    """What the option says: ("W", 2) or ("W", 2, 3).

    Raises DrawError for anything else.
    """
    given = path if isinstance(path, (tuple, list)) else (path,)
    if len(given) in (2, 3) and all(
        isinstance(time, (int, str)) and not isinstance(time, bool) for time in given[1:]
    ):
        name, *times = given
        return TimePath(str(getattr(name, "name", name)), *map(str, times))
    raise DrawError(
        f"draw: path={path!r}; over time write a parameter and a time, as ('W', 2), or with the "
        "time of the loss too, as ('W', 2, 3)."
    )


def way_back(
    edges: Sequence[ViewEdge], chips: Sequence[Chip], path: TimePath, ends: Mapping[str, str]
) -> tuple[Chip, list[int]]:
    """The chip and the numbers of the edges from it to the loss, in the order of the flow.

    `ends` are the losses by their times, in order; a loss of the last state has the time "".
    Raises DrawError for a parameter or a time that is not shown, and where no way leads up.
    """
    chosen = [chip for chip in chips if (chip.name, chip.time) == (path.parameter, path.time)]
    if not chosen:
        names = ", ".join(dict.fromkeys(chip.name for chip in chips))
        times = ", ".join(dict.fromkeys(chip.time for chip in chips))
        raise DrawError(
            f"draw: path: the picture has no {path.parameter!r} at time {path.time}; there are the "
            f"parameters {names} at the times {times}."
        )
    wanted = list(ends)[-1] if path.end is None and ends else path.end
    if wanted is not None and wanted in ends:
        for chip in chosen:
            found = _shortest(edges, chip.id, ends[wanted])
            if found is not None:
                return chip, found
    at = f" at time {wanted}" if wanted else ""
    raise DrawError(
        f"draw: path: no way leads from {path.parameter!r} at time {path.time} to a loss{at}."
    )


def _shortest(edges: Sequence[ViewEdge], start: str, goal: str) -> list[int] | None:
    out: dict[str, list[int]] = {}
    for k, edge in enumerate(edges):
        out.setdefault(edge.tail, []).append(k)
    came: dict[str, int] = {}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        if node == goal:
            found = []
            while node != start:
                found.append(came[node])
                node = edges[came[node]].tail
            return found[::-1]
        for k in out.get(node, ()):
            head = edges[k].head
            if head not in came and head != start:
                came[head] = k
                waiting.append(head)
    return None


def product(
    edges: Sequence[ViewEdge],
    way: Sequence[int],
    chip: Chip,
    entrywise: Set[int],
    names: Mapping[str, str],
) -> str | None:
    """The term of the gradient that a way gives; None where a factor has no name.

    `names` are those of nodes: what has no label is written as a derivative by the next of them.

    With columns it is the outer product of what arrives and what the parameter multiplies; what
    arrives is, as a row, the product of the factors from the loss down.
    """
    use, *rest = way
    partner = edges[use].label
    unknown = [place for place, k in enumerate(rest) if _is_unknown(edges[k])]
    factors: list[str] = []
    if unknown:
        # From the loss down to the next node with a name as one factor.
        named = [place for place in range(unknown[0] + 1) if edges[rest[place]].tail in names]
        loss = names.get(edges[rest[-1]].head)
        if not named or loss is None:
            return None
        by = names[edges[rest[named[-1]]].tail]
        factors, rest = [rf"\frac{{\partial {loss}}}{{\partial {by}}}"], rest[: named[-1]]
    for k in reversed(rest):
        label = edges[k].label
        if label is None:
            factors += [r"\cdots"] if factors[-1:] != [r"\cdots"] else []
        elif label != "1":
            factors.append(rf"\mathrm{{diag}}({label})" if chip.rank and k in entrywise else label)
    if partner is None or not factors or (chip.rank and chip.is_row):
        return None
    if len(factors) > _MOST_FACTORS:
        half = _MOST_FACTORS // 2
        factors = [*factors[:half], r"\cdots", *factors[-half:]]
    if not chip.rank or len(factors) > 1:
        factors = [rf"\left({one}\right)" if _is_sum(one) else one for one in factors]
    if not chip.rank:
        return r"\,".join([*factors, *([partner] if partner != "1" else [])])
    arriving = rf"\delta_{{{chip.time}}}"
    row = rf"{arriving}^{{\mathsf{{T}}}} = " + r"\,".join(factors)
    if partner == "1":
        return rf"{arriving},\quad {row}"
    return rf"{arriving}\,{{{partner}}}^{{\mathsf{{T}}}},\quad {row}"


def _is_unknown(edge: ViewEdge) -> bool:
    return edge.ink or (edge.label is None and edge.alt != r"\cdots")


def _is_sum(latex: str) -> bool:
    """Whether a factor has to be bracketed: a sign outside of all braces."""
    depth = 0
    for place, char in enumerate(latex):
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(char, 0)
        if depth == 0 and char in "+-" and place:
            return True
    return latex.startswith("-")
