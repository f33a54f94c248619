"""What a program is made from: its graph, and how it is lowered, scheduled and written.

A compiled program keeps its recipe, so that it can be written in another language, exported and
reported on later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symgraph.codegen.emit_array import emit_array
from symgraph.codegen.emit_numpy import Options, Source, emit
from symgraph.codegen.emit_read import emit_read
from symgraph.codegen.labels import Labels
from symgraph.codegen.lowering import lower_all
from symgraph.codegen.passes import everything, normalise_sums, strip_lets
from symgraph.codegen.schedule import Block, schedule
from symgraph.node import Node
from symgraph.ops.leaves import Var

if TYPE_CHECKING:
    from symgraph.codegen.native.emit import NativeSource

__all__ = ["Recipe", "Scheduled"]


class Scheduled(NamedTuple):
    """The steps of a program; outputs, updates and labels are those of lowered nodes."""

    block: Block
    outputs: list[Node]
    updates: dict[Node, Node]
    labels: Labels


@dataclass(frozen=True)
class Recipe:
    """Variables, outputs with their structure, new values of variables, and options."""

    variables: Sequence[Var]
    roots: Sequence[Node]
    stored: Mapping[Var, Node]
    options: Options
    structure: Any

    def scheduled(self, loops: bool = False) -> Scheduled:
        """The steps that compute outputs and new values in basic operations, made anew.

        `loops` are for a target that writes loops over entries.
        """
        everywhere = [*self.roots, *self.stored.values()]
        now, images = lower_all(everywhere, float(np.finfo(self.options.real).max), loops)
        outputs = now[: len(self.roots)]
        updates: dict[Node, Node] = dict(zip(self.stored, now[len(self.roots) :], strict=True))
        labels = Labels(everything(everywhere), images)
        return Scheduled(schedule(outputs, updates), outputs, updates, labels)

    def lowered(self) -> Source:
        """Fast NumPy."""
        block, outputs, updates, labels = self.scheduled()
        return emit(block, self.variables, outputs, updates, labels, self.options)

    def readable(self) -> Source:
        """Plain NumPy."""
        return self._plain(emit_read)

    def for_arrays(self) -> Source:
        """Code for the arrays of any library."""
        return self._plain(emit_array)

    def _plain(self, emitter: Callable[..., Source]) -> Source:
        """Code in the words of the user's graph."""
        everywhere = [*self.roots, *self.stored.values()]
        first = strip_lets(everywhere)
        second = normalise_sums(first.roots, dots=False)
        outputs = second.roots[: len(self.roots)]
        updates: dict[Node, Node] = dict(
            zip(self.stored, second.roots[len(self.roots) :], strict=True)
        )
        labels = Labels(everything(everywhere), [first.image, second.image])
        block = schedule(outputs, updates)
        return emitter(block, self.variables, outputs, updates, labels, self.options)

    @cached_property
    def native(self) -> NativeSource:
        """C; this needs no compiler."""
        from symgraph.codegen.native.emit import emit_native
        from symgraph.codegen.native.scalar_program import emit_scalars

        block, outputs, updates, labels = self.scheduled(loops=True)
        given = (block, self.variables, outputs, updates, labels, self.options)
        return emit_scalars(*given) or emit_native(*given)
