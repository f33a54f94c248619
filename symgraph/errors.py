"""The errors a user can meet: each names the place, the two facts that clash, and the fix."""

from __future__ import annotations

__all__ = [
    "CycleError",
    "DrawError",
    "FormulaError",
    "GradientError",
    "KindError",
    "MissingFileError",
    "NameClashError",
    "NonFiniteError",
    "ProofError",
    "RangeError",
    "ScriptError",
    "ShapeError",
    "StorageError",
    "SymgraphError",
    "UnknownNameError",
    "UnsupportedError",
    "WorkerError",
]


class SymgraphError(Exception):
    """Every mistake that a user of symgraph can make raises a subclass of this."""


class ShapeError(SymgraphError, ValueError):
    """Two shapes do not fit together."""


class KindError(SymgraphError, TypeError):
    """A value is not of the kind (real, integer, boolean) or dtype that is needed."""


class RangeError(SymgraphError, IndexError):
    """An index or an axis lies outside its range."""


class NameClashError(SymgraphError, ValueError):
    """One name stands for two different variables."""


class UnknownNameError(SymgraphError, LookupError):
    """A name or an argument that the graph does not know."""


class GradientError(SymgraphError, ValueError):
    """A derivative that is not defined as it was asked for."""


class CycleError(SymgraphError, ValueError):
    """A value depends on itself without a delay."""


class NonFiniteError(SymgraphError, ArithmeticError):
    """NaN or infinity where finite numbers were asked for."""


class UnsupportedError(SymgraphError, TypeError):
    """A SymPy object or a request that has no counterpart here."""


class StorageError(SymgraphError, OSError):
    """A file or a folder that cannot be written or read: full, read-only, in use."""


class MissingFileError(StorageError, FileNotFoundError):
    """A file or a folder that is not there."""


class WorkerError(SymgraphError, RuntimeError):
    """Another of the workers that train together has failed, or is not as this one."""


class DrawError(SymgraphError, ValueError):
    """A picture that cannot be drawn or written as asked."""


class FormulaError(SymgraphError, ValueError):
    """A text that is no formula; `line` and `column`, counted from 1, say where."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class ScriptError(SymgraphError, RuntimeError):
    """A Python file of the user that fails while it is run."""


class ProofError(SymgraphError, ArithmeticError):
    """A line was about to be printed that is not true: a mistake in symgraph itself.

    `line` is what was about to be printed, as data.
    """

    def __init__(self, message: str, line: object = None) -> None:
        super().__init__(message)
        self.line = line
