"""A module with its weights beside it, which computes outputs by name and needs NumPy alone."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.codegen.program import compile
from symgraph.dtypes import Dtype
from symgraph.errors import UnsupportedError
from symgraph.files import path_of, writing
from symgraph.node import Node
from symgraph.ops.leaves import Var

__all__ = ["export_inference"]

_NAME = "compute"
_PREDICT = '''

# What predict takes, in the order of the arguments of compute; the weights follow there.
INPUTS = {inputs!a}
_WEIGHTS = {weights!a}  # their names, and the keys in the file

with np.load(__file__.removesuffix(".py") + ".npz", allow_pickle=False) as _file:
    weights = {{_name: _file[_key] for _name, _key in _WEIGHTS}}


def predict(data):
    """The outputs by name, from arrays by the names of the inputs."""
    if set(data) != set(INPUTS):
        raise TypeError(f"predict: give arrays for {{INPUTS}}, and not for {{tuple(data)}}.")
    return {name}(*(data[_name] for _name in INPUTS), *weights.values())
'''


def export_inference(
    path: str | Path,
    args: Sequence[Var],
    outputs: Mapping[str, Node],
    weights: Mapping[str, NDArray[Any]],
    dtype: Dtype,
) -> Path:
    """Write `net.py` and `net.npz`, or a folder for pip where the path has no suffix.

    Raises UnsupportedError for another suffix.
    """
    target = path_of("export", path)
    inputs = [variable for variable in args if variable.name not in weights]
    kept = [variable for variable in args if variable.name in weights]
    program = compile([*inputs, *kept], dict(outputs), dtype=dtype, name=_NAME)
    if not target.suffix:
        return program.export(target, dict(weights))
    if target.suffix != ".py":
        raise UnsupportedError(
            f"export: {target.name!r} ends in {target.suffix!r}. Write a module, such as net.py, "
            "or a folder, a name without a suffix."
        )
    keys = [(variable.name, f"a{number}") for number, variable in enumerate(kept, 1)]
    arrays: dict[str, Any] = {key: np.asarray(weights[name]) for name, key in keys}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    tail = _PREDICT.format(
        inputs=tuple(variable.name for variable in inputs), weights=tuple(keys), name=_NAME
    )
    with writing("export", target):
        target.with_suffix(".npz").write_bytes(buffer.getvalue())
        target.write_text(program.source + tail, encoding="utf-8", newline="\n")
    return target
