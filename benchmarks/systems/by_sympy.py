"""SymPy: its own derivatives, by lambdify with common subexpressions."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from benchmarks.systems.trainer import Evaluator, repeated
from benchmarks.workload import Scalars

__all__ = ["evaluate"]


def evaluate(work: Scalars, dtype: str, target: str) -> Evaluator:
    point = work.point(np.random.default_rng(0))
    symbols = sympy.symbols(f"x0:{len(point)}")
    formulas = work.formulas(symbols, sympy)
    rows = [[sympy.diff(formula, x) for x in symbols[: work.wanted]] for formula in formulas]
    function = sympy.lambdify(symbols, [formulas, rows], cse=True)
    arguments = point.tolist()

    def results() -> Any:
        return np.concatenate([np.ravel(part) for part in function(*arguments)])

    return Evaluator({"call": repeated(lambda: function(*arguments))}, results)
