"""`to_onnx`: what is computed from arrays, with its weights, as an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from symgraph.build.coerce import as_node
from symgraph.codegen.program import compile
from symgraph.dtypes import real_dtype
from symgraph.errors import KindError, ShapeError, UnknownNameError, UnsupportedError
from symgraph.files import path_of
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.shapes import shape_text
from symgraph.train.store import replace_file

if TYPE_CHECKING:
    from onnx import ModelProto

    from symgraph.onnx.writer import Writer

__all__ = ["to_onnx"]

_OPSET = 20
_FORMAT = 9  # the version of the file format that this opset came with


def to_onnx(
    args: Any,
    outputs: Any,
    path: str | Path | None = None,
    *,
    weights: Mapping[str, Any] | None = None,
    dtype: npt.DTypeLike = "float32",
) -> ModelProto:
    """An ONNX model that computes nodes, and its file when a path is given.

    `args` lists the variables, `outputs` maps names to nodes (or lists them: y1, y2, ...).
    Variables with an array in `weights` become initializers, all others are the inputs of the
    model; their open sizes, such as N, stay open. Names of ONNX values are those of the variables,
    with _ in the place of what is no letter or digit. The model is checked by onnx.
    Convolutions and pools leave as Conv, MaxPool and AveragePool; in float64, which onnxruntime
    runs neither Conv nor AveragePool in, these two as windows and sums of products.
    Raises UnsupportedError naming the node that ONNX cannot say (random numbers, inverses), and
    where onnx is not installed; ShapeError, KindError and UnknownNameError for weights that do not
    fit; StorageError for a file that cannot be written.

    >>> import symgraph as sg
    >>> x, W = sg.input("x", ("N", 2)), sg.parameter("W", (2, 3))
    >>> model = sg.to_onnx([x, W], {"y": sg.tanh(x @ W)}, weights={"W": [[1, 2, 3], [4, 5, 6]]})
    >>> [node.op_type for node in model.graph.node]
    ['MatMul', 'Tanh', 'Identity']
    """
    target = None if path is None else path_of("to_onnx", path)
    real = real_dtype("to_onnx", dtype)
    try:
        import onnx
    except ImportError as error:
        raise UnsupportedError(
            "to_onnx needs onnx, which is not installed. Write: pip install 'symgraph[onnx]'"
        ) from error
    from symgraph.onnx.emitters import write_block
    from symgraph.onnx.writer import Value, Writer

    named = _named(outputs)
    recipe = compile(args, list(named.values()), dtype=real)._recipe
    arrays = _arrays(weights or {}, recipe.variables, real)
    job = recipe.with_log_sums()
    w = Writer(real)
    inputs = []
    for variable in recipe.variables:
        name = w.name(variable.name)
        w.env[variable] = Value(name, variable.kind)
        if variable.name in arrays:
            array = arrays[variable.name]
            w.initializers[("weight", variable.name)] = onnx.numpy_helper.from_array(array, name)
    names = [w.name(wanted) for wanted in named]  # before the values in between take one of them
    for variable in recipe.variables:
        _open_sizes(w, variable)
        if variable.name not in arrays:
            place = w.env[variable]
            inputs.append(w.declared(place.name, variable.kind, variable.shape))
    write_block(w, job.block)
    results = []
    for name, node, root in zip(names, job.outputs, recipe.roots, strict=True):
        made = w.full(node, root.kind)
        w.nodes.append(onnx.helper.make_node("Identity", [made], [name]))
        results.append(w.declared(name, root.kind, root.shape))
    nodes, initializers = w.used()
    graph = onnx.helper.make_graph(nodes, "symgraph", inputs, results, initializers)
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", _OPSET)], ir_version=_FORMAT,
        producer_name="symgraph",
    )  # fmt: skip
    onnx.checker.check_model(model, full_check=True)
    if target is not None:
        replace_file(target, model.SerializeToString())
    return model


def _named(outputs: Any) -> dict[str, Node]:
    """The outputs by name."""
    if isinstance(outputs, Mapping):
        return {str(name): as_node(node, f"output {name!r}") for name, node in outputs.items()}
    listed = [outputs] if isinstance(outputs, Node) else list(outputs)
    return {f"y{k}": as_node(node, f"output {k}") for k, node in enumerate(listed, 1)}


def _open_sizes(w: Writer, variable: Var) -> None:
    """Where the sizes without a number are read from: the first axis that has each."""
    for axis, dim in enumerate(variable.shape):
        if isinstance(dim, int) or not dim.is_Symbol or dim in w.sizes:
            continue
        w.symbols[dim] = str(dim)
        w.sizes[dim] = w.op("Shape", w.env[variable].name, start=axis, end=axis + 1)


def _arrays(weights: Mapping[str, Any], variables: Any, dtype: str) -> dict[str, Any]:
    """The weights as arrays of their variables."""
    by_name = {variable.name: variable for variable in variables}
    found: dict[str, Any] = {}
    for name, given in weights.items():
        if name not in by_name:
            raise UnknownNameError(
                f"to_onnx: weights has {name!r}, which is none of the arguments "
                f"{', '.join(map(repr, by_name)) or '(there are none)'}. Leave it out."
            )
        variable, array = by_name[name], np.asarray(given)
        allowed = {"real": "fiub", "integer": "iu", "boolean": "b"}[variable.kind]
        if array.dtype.kind not in allowed:
            raise KindError(
                f"to_onnx: weights has an array of dtype {array.dtype} for {name!r}, which is "
                f"{variable.kind}. Give an array of that kind."
            )
        wanted = variable.shape
        fits = len(wanted) == array.ndim and all(
            not isinstance(dim, int) or dim == size
            for dim, size in zip(wanted, array.shape, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"to_onnx: weights has shape {array.shape} for {name!r}, which is declared "
                f"{shape_text(wanted)}. Give an array of that shape."
            )
        kinds = {"real": dtype, "integer": "int64", "boolean": "bool"}
        found[name] = array.astype(kinds[variable.kind])
    return found
