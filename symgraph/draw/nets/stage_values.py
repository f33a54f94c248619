"""The numbers beside the layers of a net."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from symgraph.draw.graphs.numbers import fits, value_latex
from symgraph.draw.nets.net_outputs import values_of_net
from symgraph.draw.nets.stages import Stages
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.node import Node

__all__ = ["stage_values"]


def stage_values(
    stages: Stages, values: Mapping[Any, Any] | None, expr: Any, digits: int
) -> dict[int, str]:
    """What each layer hands on, by its number, where that is short enough to be written out."""
    if values is None:
        return {}
    by_name = {getattr(key, "name", key): value for key, value in values.items()}
    known, dims = bind_values(stages.outputs, values_of_net(by_name, stages.outputs, expr))
    last: dict[int, Node] = {}
    for node in stages.order:
        stage = stages.of(node)
        if stage is not None:
            last[stage.number] = node
    found = evaluate_above(list(last.values()), known, dims)
    arrays = {number: np.asarray(found[node]) for number, node in last.items()}
    return {
        number: value_latex(array, digits)
        for number, array in arrays.items()
        if array.ndim < 2 and fits(array.shape)
    }
