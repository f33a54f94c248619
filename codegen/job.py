"""What an emitter is asked to write: the steps of a program, its arguments and results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symgraph.codegen.labels import Labels
from symgraph.codegen.schedule import Block
from symgraph.node import Node
from symgraph.ops.leaves import Var

__all__ = ["Job", "Options", "many"]

_FEW = 512  # samples whose values are no burden


def many(samples: int) -> int:
    """The power of two that is no larger, so that few programs serve all; 0 for few samples."""
    return 1 << (int(samples).bit_length() - 1) if samples >= _FEW else 0


@dataclass(frozen=True)
class Options:
    """The width of reals, the name of the program, the lines before it, and checks."""

    real: str = "float64"
    name: str = "step"
    check_finite: bool = False
    output_names: tuple[str, ...] = ()
    output_dtypes: tuple[np.dtype[Any], ...] = ()
    symbols: tuple[sympy.Symbol, ...] = ()
    chunk: int = 400
    result: str = "tuple(y)"  # the structure returned by a saved module, in terms of y
    threads: int = 1  # of native code
    samples: int = 0  # about so many in a call; 0 for few


@dataclass(frozen=True)
class Job:
    """A block, the arguments from which it is computed, what it returns, and the new values of
    arguments; `labels` knows what the user wrote."""

    block: Block
    args: Sequence[Var]
    outputs: Sequence[Node]
    updates: Mapping[Node, Node]
    labels: Labels
    options: Options
