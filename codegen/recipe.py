"""What a program is made from: its graph, and how it is lowered, scheduled and written.

A compiled program keeps its recipe, so that it can be written in another language, exported and
reported on later. Passes and emitters are loaded when they are first needed: native code that was
emitted before needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from symgraph.codegen.job import Job, Options
from symgraph.codegen.labels import Labels
from symgraph.codegen.passes import Rewritten, Roots, everything, normalise_sums, strip_lets
from symgraph.codegen.schedule import schedule
from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.ops.move import Pull
from symgraph.ops.reduce import Reduce, check_entries
from symgraph.ops.rows import Affine, check_positions
from symgraph.shapes import bind_dim, dim_symbols

if TYPE_CHECKING:
    from symgraph.codegen.module_text import Source
    from symgraph.codegen.native.source import NativeSource

__all__ = ["Recipe"]

#: A pass that is told outputs and new values apart.
_Change = Callable[[Sequence[Node], Mapping[Var, Node]], Rewritten]


@dataclass(frozen=True)
class Recipe:
    """Variables, outputs with their structure, new values of variables, and options."""

    variables: Sequence[Var]
    roots: Sequence[Node]
    stored: Mapping[Var, Node]
    options: Options
    structure: Any

    def job(self, loops: bool = False) -> Job:
        """The steps that compute outputs and new values in basic operations, made anew.

        `loops` is for a target that writes loops over entries.
        """
        return self._job(*self._basic(loops))

    def _basic(self, loops: bool, *changes: _Change) -> tuple[Roots, list[Mapping[Node, Node]]]:
        """Outputs and new values in basic operations, and what each pass made of what it met."""
        from symgraph.codegen.averages import average_by_differences
        from symgraph.codegen.lowering import lower_all
        from symgraph.codegen.scales import scale_once

        largest = float(np.finfo(self.options.real).max)
        found, images = lower_all(self._everywhere, largest, loops, loops)
        count = len(self.roots)
        own = (average_by_differences, scale_once) if loops else (scale_once,)
        for change in (*own, *changes) if self.stored else changes:
            made = change(found[:count], dict(zip(self.stored, found[count:], strict=True)))
            found, images = Roots(made.roots), [*images, made.image]
        return found, images

    def lowered(self) -> Source:
        """Fast NumPy."""
        from symgraph.codegen.alike import join_alike_updates
        from symgraph.codegen.emit_numpy import emit
        from symgraph.codegen.scales import put_scaled

        return emit(self._job(*self._basic(False, put_scaled, join_alike_updates)), self.sizes)

    def with_log_sums(self) -> Job:
        """The steps in basic operations and log-sum-exp, for a target that has it."""
        from symgraph.codegen.lowering import lower_all

        largest = float(np.finfo(self.options.real).max)
        return self._job(*lower_all(self._everywhere, largest, soft=False))

    def readable(self) -> Source:
        """Plain NumPy."""
        from symgraph.codegen.emit_read import emit_read

        return emit_read(self._plain_job())

    def for_arrays(self) -> Source:
        """Code for the arrays of any library.

        Raises UnsupportedError where array-api-compat is not installed.
        """
        try:
            from symgraph.codegen.emit_array import emit_array
        except ImportError as error:
            raise UnsupportedError(
                "compile: style='array' needs array-api-compat, which is not installed. Write: "
                "pip install 'symgraph[array]'"
            ) from error
        return emit_array(self._plain_job())

    @cached_property
    def native(self) -> NativeSource:
        """C; this needs no compiler."""
        from symgraph.codegen.native.emit import emit_native
        from symgraph.codegen.native.scalar_program import emit_scalars

        job = self.job(loops=True)
        return emit_scalars(job) or emit_native(job)

    @cached_property
    def sizes(self) -> tuple[sympy.Expr, ...]:
        """The sizes of values, such as N - 1, that come out negative where N is too small."""
        symbols = set(self.options.symbols)
        if not symbols:
            return ()
        dims = {dim for node in everything(self._everywhere) for dim in node.shape}
        found = [
            dim
            for dim in dims
            if not isinstance(dim, int)
            and not dim.is_nonnegative
            and symbols.issuperset(dim.free_symbols)
        ]
        return tuple(sorted(found, key=str))

    @cached_property
    def _reads(self) -> list[Node]:
        """The nodes that read positions which data may have too few entries for."""
        symbols = set(self.options.symbols)
        return [
            node
            for node in everything(self._everywhere)
            if type(node) is Pull
            and any(isinstance(row, Affine) and row.checked for row in node.rows)
            and symbols.issuperset(dim_symbols([*node.shape, *node.args[0].shape]))
        ]

    def check_sizes(self, dims: Mapping[sympy.Symbol, int]) -> None:
        """Raise ShapeError where a size comes out negative, RangeError where data are too short."""
        for dim in self.sizes:
            bind_dim(dim, dims)
        for node in self._reads:
            check_positions(node, dims)
        for node in self._winners:
            check_entries(node, [bind_dim(size, dims) for size in node.args[0].shape])

    @cached_property
    def _winners(self) -> list[Reduce]:
        """What plain code has for entries that must be there; other code looks for itself."""
        if "_plain" not in vars(self):
            return []
        symbols = set(self.options.symbols)
        return [
            node
            for node in everything(self._plain[0])
            if isinstance(node, Reduce) and symbols.issuperset(dim_symbols(node.args[0].shape))
        ]

    @cached_property
    def _everywhere(self) -> Roots:
        """Outputs and new values."""
        return Roots([*self.roots, *self.stored.values()])

    @cached_property
    def _plain(self) -> tuple[Roots, list[Mapping[Node, Node]]]:
        """Outputs and new values in the operations of the user's graph, and what became of it."""
        from symgraph.codegen.shift import shift_exponentials

        named = strip_lets(self._everywhere)
        shifted = shift_exponentials(Roots(named.roots))
        found = normalise_sums(shifted.roots, dots=False)
        return Roots(found.roots), [named.image, shifted.image, found.image]

    def _plain_job(self) -> Job:
        """The steps in the operations of the user's graph."""
        return self._job(*self._plain)

    def _job(self, found: Roots, images: Sequence[Mapping[Node, Node]]) -> Job:
        """The steps for what became of outputs and new values."""
        count = len(self.roots)
        outputs = found[:count]
        updates: dict[Node, Node] = dict(zip(self.stored, found[count:], strict=True))
        labels = Labels(self._everywhere, images)
        block = schedule(outputs, updates, found.steps)
        return Job(block, self.variables, outputs, updates, labels, self.options)
