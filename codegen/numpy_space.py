"""Memory of NumPy programs: the emitted text executed, and run without a word about overflow."""

from __future__ import annotations

import builtins
import contextvars
import hashlib
import linecache
import traceback
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symgraph.codegen.job import Options
from symgraph.codegen.structure import filled, leaves_of
from symgraph.errors import NonFiniteError, RangeError, ShapeError, SymgraphError

__all__ = ["NumpySpaces", "executed"]


#: Since NumPy 2 the treatment of floating-point errors belongs to the context, not the thread.
_BY_CONTEXT = int(np.__version__.split(".")[0]) >= 2

#: Entries that NumPy copies at a time where it has to: a part of the L1 cache, not all of it.
_BUFFER = 2048


class NumpySpaces:
    """Makes workspaces for given sizes. `owner` is the program; its end is that of the text."""

    def __init__(
        self, owner: Any, text: str, options: Options, structure: Any, is_plain: bool
    ) -> None:
        self._structure = structure
        space = executed(owner, text, options.name)
        if is_plain:
            self._workspace = _plain(space[options.name], structure, options.output_dtypes)
        else:
            self._workspace = space["workspace"]

    def __call__(self, sizes: tuple[int, ...]) -> _Workspace:
        """A workspace."""
        return _Workspace(self._workspace, sizes, self._structure)


class _Workspace:
    """Memory for one call at a time, and the context in which NumPy stays silent."""

    native = None

    def __init__(
        self,
        made: Callable[..., Callable[..., Callable[[], Any]]],
        sizes: tuple[int, ...],
        structure: Any,
    ) -> None:
        self._structure = structure
        self._context = contextvars.Context()
        self._context.run(np.seterr, all="ignore")
        if _BY_CONTEXT:
            self._context.run(np.setbufsize, _BUFFER)
        self._attach = self._context.run(made, *sizes)

    def attached(self, arrays: Sequence[Any]) -> _Attached:
        """The memory with these arrays."""
        return _Attached(self._attach(*arrays), self._structure, self._context)

    def run(self, arrays: Sequence[Any]) -> Any:
        """The outputs for these arrays."""
        return self.attached(arrays).step()


class _Attached:
    """A workspace with its arrays."""

    def __init__(
        self, run: Callable[[], Any], structure: Any, context: contextvars.Context
    ) -> None:
        self._run, self._structure, self._context = run, structure, context

    def step(self) -> Any:
        """Run once and return the outputs."""
        return filled(self._structure, _run(self._context, self._run))

    def steps(self, count: int) -> Any:
        """Run so many times and return the outputs of the last time."""
        for _ in range(count - 1):
            _run(self._context, self._run)
        return self.step() if count > 0 else None


def _run(context: contextvars.Context, run: Callable[[], Any]) -> Any:
    try:
        if _BY_CONTEXT:
            return context.run(run)
        with np.errstate(all="ignore"):
            return run()
    except np.linalg.LinAlgError as error:
        line = _line_of(error)
        raise NonFiniteError(
            f"compiled program: a matrix that must be inverted is singular, at `{line}`. "
            "Look at the data, or add a multiple of the identity to it."
        ) from error
    except SymgraphError:
        raise
    except (ValueError, ZeroDivisionError) as error:  # code for reading leaves sizes to NumPy
        raise ShapeError(
            f"compiled program: the data have too few entries for `{_line_of(error)}` ({error}). "
            "Give more along the axes that are read there."
        ) from error


def _line_of(error: BaseException) -> str:
    """The emitted line at which an error arose, without its indentation."""
    lines = [
        linecache.getline(frame.f_code.co_filename, number).strip()
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename.startswith("<symgraph")
    ]
    return lines[-1] if lines else str(error)


def _plain(
    function: Callable[..., Any], structure: Any, dtypes: Sequence[Any]
) -> Callable[..., Any]:
    """A plain function in the form of a workspace."""

    def attach(*arrays: Any) -> Callable[[], Any]:
        def run() -> Any:
            values = leaves_of(structure, function(*arrays), {})
            return tuple(np.array(values[k], dtype)[()] for k, dtype in enumerate(dtypes))

        return run

    return lambda *sizes: attach


def executed(owner: Any, text: str, name: str) -> dict[str, Any]:
    """The names that the text defines; tracebacks show its lines."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    file = f"<symgraph {name} {digest}>"
    lines = text.splitlines(keepends=True)
    linecache.cache[file] = (len(text), None, lines, file)
    weakref.finalize(owner, linecache.cache.pop, file, None)
    space: dict[str, Any] = {"__name__": f"symgraph_{name}_{digest}"}
    code = builtins.compile(text, file, "exec")
    exec(code, space)  # noqa: S102 - our own text, in which user names are inert
    space.update(ShapeError=ShapeError, RangeError=RangeError, NonFiniteError=NonFiniteError)
    return space
