"""What a model is made of: the roles of all variables, checked once when the model is made."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.build.coerce import as_node
from symgraph.build.updates import updates_in
from symgraph.errors import (
    KindError,
    NameClashError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)
from symgraph.node import Node, substitute
from symgraph.ops.leaves import Var, fill
from symgraph.ops.loop import Scan
from symgraph.ops.map import Map
from symgraph.printing import describe
from symgraph.shapes import as_dim, dim_symbols, same_shape, shape_text
from symgraph.train.measured import Measured
from symgraph.train.names import unknown_name
from symgraph.walks import check_names, reachable, variables

__all__ = ["AUTO", "SWITCHES", "Spec", "needed", "read_spec"]

_log = logging.getLogger("symgraph")

#: `batch=AUTO` lets the shapes of the inputs say which size is the number of samples.
AUTO = "auto"

#: Inputs that the training loop supplies, with their kinds.
SWITCHES = {"training": "boolean", "key": "integer"}


@dataclass(frozen=True)
class Spec:
    """The graph of a model and the variables it has, by role and name."""

    loss: Node
    outputs: dict[str, Node]
    metrics: dict[str, Node]
    updates: dict[Node, Node]
    inputs: dict[str, Var]
    parameters: dict[str, Var]
    states: dict[str, Var]
    #: The inputs that the training loop supplies, by name: "training" and "key".
    switches: dict[str, Var]
    #: The size that counts samples; None when all data make one step.
    batch: sympy.Symbol | None

    @property
    def measured(self) -> dict[str, Node]:
        """The loss and the metrics."""
        return {"loss": self.loss, **self.metrics}

    @cached_property
    def measuring(self) -> Measured:
        """What a batch adds to the loss and the metrics."""
        return Measured(self.measured, self.batch)

    @property
    def given(self) -> list[Var]:
        """The inputs and the switches."""
        return [*self.inputs.values(), *self.switches.values()]

    def switch_arrays(self, training: bool, key: int = 0) -> dict[Var, NDArray[Any]]:
        """What the loop supplies."""
        arrays = {"training": np.array(training), "key": np.array(key, dtype=np.int64)}
        return {node: arrays[name] for name, node in self.switches.items()}

    def inference(
        self, memory: Mapping[str, NDArray[Any]]
    ) -> tuple[list[Var], dict[str, Node], dict[str, NDArray[Any]]]:
        """What the outputs are computed from outside of training, the outputs, and their arrays.

        Raises UnsupportedError when there are no outputs.
        """
        if not self.outputs:
            raise UnsupportedError(
                'Model: it has no outputs to export. Write outputs={"name": node}.'
            )
        names = list(self.outputs)
        outputs = self.without_training([*self.outputs.values()])
        roots = dict(zip(names, outputs, strict=True))
        used = reachable(roots.values())
        known = [*self.inputs.values(), *self.parameters.values(), *self.states.values()]
        args = [node for node in known if node in used]
        return args, roots, {node.name: memory[node.name] for node in args if node.name in memory}

    def without_training(self, nodes: Sequence[Node]) -> list[Node]:
        """What nodes are outside of training."""
        off: dict[Node, Node] = {node: fill(0, (), node.kind) for node in self.switches.values()}
        return list(substitute(nodes, off))

    @property
    def trainable(self) -> list[Var]:
        """The parameters that a gradient changes: the loss depends on them, no update is theirs.

        Those that are declared as not trainable stay as they are.
        """
        used = reachable([self.loss]) - self.updates.keys()
        return [p for p in self.parameters.values() if p in used and p.options["trainable"]]

    @property
    def ruled(self) -> list[Var]:
        """The parameters that change by an expression of their own and by no gradient."""
        return [p for p in self.parameters.values() if p in self.updates]


def read_spec(
    loss: Any, inputs: Iterable[Any], outputs: Any, metrics: Any, updates: Any, batch: str | None
) -> Spec:
    """Check what a model is given and sort its variables by role.

    Raises ShapeError, KindError, NameClashError or UnknownNameError; see `Model`.
    """
    root = _scalar("loss", loss)
    if root.kind != "real":
        raise KindError(f"Model: the loss is {root.kind}, and only a real number can be descended.")
    outs = _named("outputs", {} if outputs is None else outputs)
    measured = {
        name: _scalar(name, node) for name, node in _named("metrics", metrics or {}).items()
    }
    _check_metric_names(measured)
    known = updates_in([root, *outs.values(), *measured.values()])
    changes = {**known, **_check_updates(updates or {})}
    given = _check_inputs(inputs)
    roots = [root, *outs.values(), *measured.values(), *changes, *changes.values()]
    check_names([*roots, *given.values()])
    parameters, states, switches = _sort(roots, given)
    _check_open_sizes([*parameters.values(), *states.values()])
    counted = _batch_size(batch, given, roots)
    _tell_crossed(roots, counted)
    return Spec(
        root, outs, measured, changes,
        {name: node for name, node in given.items() if name not in switches},
        parameters, states, switches, counted,
    )  # fmt: skip


def _tell_crossed(roots: Iterable[Node], batch: sympy.Symbol | None) -> None:
    """Warn of (N, 1) with (N,): NumPy's rules make that every sample with every other one."""
    if batch is None:
        return
    for node in reachable(roots):
        if not isinstance(node, Map) or node.shape.count(batch) < 2:
            continue
        shapes = [arg.shape for arg in node.args]
        is_implied = any(batch in shape and len(shape) < node.ndim for shape in shapes)
        if is_implied and all(shape.count(batch) < 2 for shape in shapes):
            _log.warning(
                "Model: %s has shape %s, every sample with every other one, from operands of "
                "shapes %s. If that is not meant, give them one shape, for example by a[:, 0].",
                describe(node), shape_text(node.shape), " and ".join(map(shape_text, shapes)),
            )  # fmt: skip


def needed(roots: Iterable[Node], inputs: Mapping[str, Var]) -> dict[str, Var]:
    """The inputs that some nodes depend on."""
    used = reachable(roots)
    return {name: node for name, node in inputs.items() if node in used}


def _named(what: str, nodes: Any) -> dict[str, Node]:
    if isinstance(nodes, Mapping):
        for name in nodes:
            if not isinstance(name, str) or not name.strip():
                raise KindError(f"Model: {what} has the name {name!r}, and a name is text.")
        return {name: as_node(node, f"{what} {name!r}") for name, node in nodes.items()}
    raise KindError(
        f"Model: {what} is a {type(nodes).__name__}, and it maps names to nodes. "
        f'Write {what}={{"name": node}}.'
    )


def _scalar(name: str, value: Any) -> Node:
    node = as_node(value, name)
    if node.shape != ():
        raise ShapeError(
            f"Model: {name} has shape {shape_text(node.shape)}, and it is one number. "
            "Reduce it with sg.mean or sg.sum."
        )
    return node


def _check_metric_names(metrics: Iterable[str]) -> None:
    for name in metrics:
        if name in ("loss", "epoch") or name.startswith("val_"):
            raise NameClashError(
                f"Model: a metric cannot be named {name!r}; the history uses that name itself."
            )


def _check_updates(updates: Any) -> dict[Node, Node]:
    if not isinstance(updates, Mapping):
        raise KindError("Model: updates maps variables to nodes. Write updates={state: new_value}.")
    checked: dict[Node, Node] = {}
    for old, value in updates.items():
        new = as_node(value, "updates")
        if not isinstance(old, Var) or old.role not in ("state", "parameter"):
            raise KindError(
                f"Model: updates has the key {old}, and only states and parameters are updated by "
                "an expression. Declare it with sg.state or sg.parameter."
            )
        if not same_shape(old.shape, new.shape):
            raise ShapeError(
                f"Model: {old.role} {old.name!r} has shape {shape_text(old.shape)}, its new value "
                f"{shape_text(new.shape)}. Give a value of the {old.role}'s shape."
            )
        checked[old] = new
    return checked


def _check_open_sizes(kept: Iterable[Var]) -> None:
    """What is kept from step to step has sizes that are numbers."""
    for node in kept:
        if dim_symbols(node.shape):
            raise ShapeError(
                f"Model: {node.role} {node.name!r} has shape {shape_text(node.shape)}, and its "
                "sizes must be numbers, as it is kept from step to step. Declare it with numbers."
            )


def _check_inputs(inputs: Iterable[Any]) -> dict[str, Var]:
    if isinstance(inputs, Node):
        raise KindError("Model: inputs is one node, and it is a list. Write inputs=[x, y].")
    if not isinstance(inputs, Iterable) or isinstance(inputs, str | bytes):
        raise KindError(
            f"Model: inputs is {inputs!r}, and it is a list of what sg.input declared. "
            "Write inputs=[x, y]."
        )
    given: dict[str, Var] = {}
    for node in inputs:
        if not isinstance(node, Var) or node.role != "input":
            role = f"a {node.role}" if isinstance(node, Var) else "no variable"
            raise KindError(
                f"Model: inputs has {node}, which is {role}. List what sg.input declared."
            )
        if node.name in given:
            raise NameClashError(f"Model: inputs has {node.name!r} twice. List each input once.")
        given[node.name] = node
    return given


def _sort(
    roots: Sequence[Node], given: Mapping[str, Var]
) -> tuple[dict[str, Var], dict[str, Var], dict[str, Var]]:
    parameters: dict[str, Var] = {}
    states: dict[str, Var] = {}
    switches: dict[str, Var] = {}
    for node in variables(roots):
        assert isinstance(node, Var)
        if node.role == "parameter":
            parameters[node.name] = node
        elif node.role == "state":
            states[node.name] = node
        elif node.shape == () and SWITCHES.get(node.name) == node.kind:
            switches[node.name] = node
        elif node.name not in given:
            raise _unlisted(node, given)
    return parameters, states, switches


def _unlisted(node: Var, given: Mapping[str, Var]) -> UnknownNameError:
    error = unknown_name("Model", "among the inputs", node.name, given)
    error.add_note("The graph depends on it. Add it to inputs=, or make it a parameter or state.")
    return error


def _batch_size(
    batch: str | None, inputs: Mapping[str, Var], roots: Sequence[Node]
) -> sympy.Symbol | None:
    sliced = _sliceable(inputs)
    if batch is None:
        return None
    if batch != AUTO:
        symbol = as_dim(batch, "Model: batch")
        if symbol in sliced:
            return symbol
        names = ", ".join(sorted(map(repr, map(str, sliced)))) or "none"
        raise UnknownNameError(
            f"Model: batch={batch!r} is not the size of one axis of some input; such sizes are: "
            f"{names}. Give one of these, or batch=None to use all data in every step."
        )
    times = {
        s for node in reachable(roots) if isinstance(node, Scan) for s in dim_symbols([node.length])
    }
    candidates = sorted(sliced - times, key=str)
    named = [symbol for symbol in candidates if str(symbol) == "N"]
    leading = [s for s in candidates if all(_leads(s, node) for node in inputs.values())]
    for choice in (named, candidates, leading):
        if len(choice) == 1:
            return choice[0]
    if not candidates:
        return None
    raise UnknownNameError(
        f"Model: the inputs have the sizes {', '.join(map(str, candidates))}, and any of them may "
        f"count the samples. Say which: batch={str(candidates[0])!r}, or batch=None for none."
    )


def _sliceable(inputs: Mapping[str, Var]) -> set[sympy.Symbol]:
    """Size names that stand alone, and at most once in each input."""
    shapes = [node.shape for node in inputs.values()]
    alone = {size for shape in shapes for size in shape if getattr(size, "is_Symbol", False)}
    return {
        symbol
        for symbol in alone
        if all(sum(symbol in dim_symbols([size]) for size in shape) <= 1 for shape in shapes)
        and all(size == symbol or symbol not in dim_symbols([size]) for s in shapes for size in s)
    }


def _leads(symbol: sympy.Symbol, node: Var) -> bool:
    """Whether a size is the first axis of an input, or the input has no open size at all."""
    return not dim_symbols(node.shape) or node.shape[0] == symbol
