"""CasADi: SX through its buffers, by its virtual machine or compiled by gcc."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import casadi as ca
import numpy as np

from benchmarks.systems.trainer import Evaluator, repeated
from benchmarks.workload import Scalars

__all__ = ["evaluate"]


def _compiled(function: Any) -> Any:
    """The same function as C, which gcc has made faster."""
    with tempfile.TemporaryDirectory() as folder:
        function.generate("generated.c", {"with_header": False})
        source = Path("generated.c").rename(Path(folder, "generated.c"))
        library = Path(folder, "generated.so")
        flags = ["-O3", "-march=native", "-fPIC", "-shared"]
        subprocess.run(["gcc", *flags, source, "-o", library, "-lm"], check=True)
        return ca.external(function.name(), str(library))


class _Bound:
    """A call without conversions; it keeps alive what CasADi reads and fills."""

    def __init__(self, function: Any, arguments: list[Any]) -> None:
        self.buffer, self.run = function.buffer()
        self.results = [np.zeros(function.nnz_out(k)) for k in range(function.n_out())]
        self.held = [function, *arguments]
        for k, value in enumerate(arguments):
            self.buffer.set_arg(k, memoryview(value))
        for k, value in enumerate(self.results):
            self.buffer.set_res(k, memoryview(value))


def evaluate(work: Scalars, dtype: str, target: str) -> Evaluator:
    point = work.point(np.random.default_rng(0))
    x = ca.SX.sym("x", len(point))
    formulas = ca.vertcat(*work.formulas([x[k] for k in range(len(point))], ca))
    # One gradient by reverse mode costs less than the general Jacobian.
    wide = ca.jacobian(formulas, x) if formulas.numel() > 1 else ca.gradient(formulas, x).T
    function = ca.Function("f", [x], [formulas, ca.densify(wide[:, : work.wanted].T)])
    if target == "gcc":
        function = _compiled(function)
    bound = _Bound(function, [point])

    def found() -> Any:
        bound.run()
        return np.concatenate(bound.results)

    return Evaluator({"call": repeated(bound.run)}, found)
