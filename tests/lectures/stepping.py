"""Stepping through a training as the lectures do: from given values, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

import symgraph as sg
from symgraph.node import Node
from symgraph.walks import variables

__all__ = ["Stepped", "descent"]


class Stepped:
    """A compiled step: `updates` are the next values of variables, all others are given.

    >>> w, g = sg.parameter("w"), sg.input("g")
    >>> line = Stepped({w: w - 0.5 * g}, {"w": 1.0})
    >>> line(g=1.0)
    >>> float(line["w"])
    0.5
    """

    def __init__(
        self, updates: Mapping[Node, Node], start: Mapping[str, Any], loss: Any = ()
    ) -> None:
        roots = [*updates.values(), *([loss] if isinstance(loss, Node) else loss)]
        self.leaves = [*dict.fromkeys([*updates, *variables(roots)])]
        self.values = {
            leaf.name: np.array(start.get(leaf.name, _first(leaf)), dtype=_kind(leaf))
            for leaf in self.leaves
            if leaf in updates or leaf.name in start
        }
        self._step = sg.compile(self.leaves, loss, updates=updates)

    def __call__(self, **given: Any) -> Any:
        """One step; what is observed has the values before it."""
        found = self._step(*({**self.values, **given}[leaf.name] for leaf in self.leaves))
        return None if isinstance(found, tuple) and not found else found

    def __getitem__(self, name: str) -> Any:
        return self.values[name].copy()


def _first(leaf: Node) -> Any:
    return getattr(leaf, "init", None) or 0


def _kind(leaf: Node) -> Any:
    return np.int64 if leaf.kind == "integer" else np.float64


def descent(
    loss: Any, inputs: Sequence[str], data: Mapping[str, Any], start: Mapping[str, Any],
    rate: float, places: Sequence[int], outputs: Mapping[str, Any] | None = None,
) -> Iterator[tuple[int, float, sg.Model]]:  # fmt: skip
    """Gradient descent on all data at once: the loss after so many steps, and the model then."""
    given = [leaf for leaf in variables([loss]) if leaf.name in inputs]
    model = sg.Model(loss, given, outputs=outputs or {})
    for name, array in model.parameters.items():
        array[...] = start.get(name, array)
    done = 0
    for place in places:
        if place > done:
            model.fit(
                data, optimizer=sg.optim.SGD(rate), epochs=place - done, batch_size=None,
                shuffle=False, progress=False,
            )  # fmt: skip
            done = place
        yield place, model.evaluate(data)["loss"], model
