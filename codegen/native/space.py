"""Memory of native programs: a kernel of the loader, bound to arrays or to places for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import sympy

from symgraph import errors
from symgraph.codegen.job import Options
from symgraph.codegen.native.runtime import load
from symgraph.codegen.native.source import NativeSource
from symgraph.node import Node
from symgraph.shapes import bind_shape

__all__ = ["NativeSpaces"]

_WORDS = ("nan", "inf", "-inf")


class NativeSpaces:
    """Makes workspaces for given sizes. Raises ToolchainError where nothing can be built."""

    def __init__(
        self,
        source: NativeSource,
        variables: Sequence[Node],
        outputs: Sequence[Node],
        options: Options,
        structure: Any,
        stored: Sequence[int] = (),
        memory: Callable[[], Sequence[Any]] = tuple,
    ) -> None:
        """`memory` makes arrays that each workspace has for itself, in front of the arguments."""
        self._memory = memory
        self.source, self.structure, self._stored = source, structure, sorted(stored)
        self._threads = options.threads if source.divided else 1
        self.kernel = load(source.text, source.name, source.buffers)
        dtypes = {"real": options.real, "integer": "int64", "boolean": "bool"}
        self._inputs = [(np.dtype(dtypes[v.kind]), v.shape) for v in variables]
        self.count = len(self._inputs)
        shapes = [node.shape for node in outputs]
        self._outputs = list(zip(options.output_dtypes, shapes, strict=True))

    def __call__(self, sizes: tuple[int, ...]) -> _Workspace:
        """A workspace."""
        return _Workspace(self, sizes)

    def bound(self, sizes: tuple[int, ...], arrays: Sequence[Any], **options: Any) -> Any:
        """The kernel with memory of its own, on arrays or, where there is None, places for them."""
        known = dict(zip(self.source.sizes, sizes, strict=True))
        inputs = [
            (dtype, bind_shape(shape, known)) if array is None else array
            for (dtype, shape), array in zip(self._inputs, arrays, strict=True)
        ]
        outputs = [(dtype, bind_shape(shape, known)) for dtype, shape in self._outputs]
        memory = self._memory()
        return self.kernel.bind(
            [*memory, *inputs], outputs, sizes, self.structure,
            lambda site, detail: self._refuse(known, site, detail), self._threads,
            stored=[len(memory) + k for k in self._stored], **options,
        )  # fmt: skip

    def _refuse(
        self, sizes: Mapping[sympy.Symbol, int], number: int, detail: Sequence[int]
    ) -> NoReturn:
        """The error that a site has found."""
        site = self.source.sites[number - 1]
        words = {"word": "", "place": ""}
        if site.shape is not None:
            shape = bind_shape(site.shape, sizes)
            place = np.unravel_index(detail[0], shape) if shape else ()
            words = {
                "word": _WORDS[detail[1]] if 0 <= detail[1] < len(_WORDS) else "",
                "place": str(tuple(int(k) for k in place)),
            }
        raise getattr(errors, site.error)(site.text.format(*detail, **words))


class _Workspace:
    """Memory for one call at a time."""

    def __init__(self, spaces: NativeSpaces, sizes: tuple[int, ...]) -> None:
        self._spaces, self._sizes = spaces, sizes
        self._open: Any = None

    @property
    def native(self) -> _Workspace:
        """Itself."""
        return self

    def attached(self, arrays: Sequence[Any]) -> Any:
        """The kernel on these arrays, which has `step` and `steps`, and locks by itself."""
        return self._spaces.bound(self._sizes, arrays)

    def placed(self, arrays: Sequence[Any], **options: Any) -> Any:
        """The kernel on these arrays, and on places where there is None, with options of `bind`."""
        return self._spaces.bound(self._sizes, arrays, **options)

    @property
    def attempt(self) -> Callable[..., Any]:
        """A step on arrays that need no check but the kernel's; NotImplemented for others."""
        attempt: Callable[..., Any] = self._kernel().attempt
        return attempt

    def run(self, arrays: Sequence[Any]) -> Any:
        """The outputs for these arrays."""
        return self._kernel().step(*arrays)

    def _kernel(self) -> Any:
        if self._open is None:
            self._open = self._spaces.bound(self._sizes, [None] * self._spaces.count)
        return self._open
