"""Loops written out: one copy of the step for every time."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy

from symgraph.build.coerce import as_node
from symgraph.build.loop_making import ScanResult
from symgraph.errors import KindError, ShapeError, UnknownNameError
from symgraph.node import Node
from symgraph.ops.concat import concat_node
from symgraph.ops.leaves import Var, fill
from symgraph.ops.let import Let, let_node
from symgraph.ops.loop import Final, Scan, Trace
from symgraph.ops.move import pull
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine, identity_row
from symgraph.shapes import Dim, as_dim, dim_symbols, shape_text
from symgraph.walks import reachable, topological

__all__ = ["Times", "unroll", "unrolled_with_times"]

#: For each time of a loop, counted from 0, the values that its step computes.
Times = list[set[Node]]


def unroll(what: Any, length: int | Mapping[str, int] | None = None) -> Any:
    """The same values without loops: one copy of the step for every time.

    `what`: a node, a result of `scan`, or a tuple, list or dict of these. `length` is the number of
    steps where it is symbolic, as a number when one size is open, else by name ({"T": 3}); that
    size is then fixed everywhere, so a variable of shape ("T", 2) becomes one of shape (3, 2).
    A name given with `let` inside of the step gets the number of the step: h_1, h_2, ...
    Raises UnknownNameError when a length stays open.

    >>> import symgraph as sg
    >>> x, h0, w = sg.input("x", "T"), sg.input("h0"), sg.parameter("w")
    >>> run = sg.scan(lambda h, x: sg.tanh(w * h + x), h0, x)
    >>> print(sg.unroll(run.final, 2))
    tanh(w*tanh(w*h0 + x[0]) + x[1])
    """
    nodes = list(_nodes_of(what))
    if length is not None:
        bound = _Bound(_sizes(nodes, length))
        nodes = [bound.node(node) for node in nodes]
    return _with_nodes(what, iter(_without_loops(nodes, [])))


def unrolled_with_times(
    roots: Sequence[Node], length: int | Mapping[str, int] | None = None
) -> tuple[list[Node], list[Times]]:
    """The roots as `unroll` gives them, and for each loop which values belong to which time.

    What is the same at every time belongs to none. What a step reads of a sequence x is called
    x_1, x_2, ..., where these names are free.
    """
    nodes = list(roots)
    if length is not None:
        bound = _Bound(_sizes(nodes, length))
        nodes = [bound.node(node) for node in nodes]
    times: list[Times] = []
    taken = {one.name for one in reachable(nodes) if isinstance(one, Var)}
    taken |= {one.let_name or "" for one in reachable(nodes) if isinstance(one, Let)}
    nodes = _without_loops(nodes, times, taken)
    return nodes, times


def _without_loops(
    nodes: list[Node], times: list[Times], taken: set[str] | None = None
) -> list[Node]:
    """The roots with all loops written out; `times` is told what belongs to which time.

    With `taken`, the names that there are, what is read of a sequence gets a name.
    """
    while any(node.is_loop for node in reachable(nodes)):
        nodes = _unrolled_once(
            nodes, times, taken
        )  # a loop inside of a step comes out with the step
    return nodes


def _nodes_of(what: Any) -> Iterator[Node]:
    if isinstance(what, ScanResult):
        for part in (what.final, what.states, what.before, what.outputs):
            yield from _nodes_of(part)
    elif isinstance(what, dict):
        for part in what.values():
            yield from _nodes_of(part)
    elif isinstance(what, (tuple, list)):
        for part in what:
            yield from _nodes_of(part)
    elif what is not None:
        yield as_node(what, "unroll")


def _with_nodes(what: Any, nodes: Iterator[Node]) -> Any:
    if isinstance(what, ScanResult):
        parts = {
            name: _with_nodes(getattr(what, name), nodes)
            for name in ("final", "states", "before", "outputs")
        }
        return replace(what, **parts)
    if isinstance(what, dict):
        return {key: _with_nodes(part, nodes) for key, part in what.items()}
    if isinstance(what, (tuple, list)):
        parts_ = [_with_nodes(part, nodes) for part in what]
        return type(what)(*parts_) if hasattr(what, "_fields") else type(what)(parts_)
    return None if what is None else next(nodes)


# --- one level of loops -------------------------------------------------------------------------


def _unrolled_once(roots: Sequence[Node], times: list[Times], taken: set[str] | None) -> list[Node]:
    """The roots with the outermost loops written out."""
    order = topological(roots)
    wanted: dict[Node, list[Node]] = {node: [] for node in order if node.is_loop}
    for node in order:
        if isinstance(node, Trace):
            wanted[node.scan].append(node.inner)
    image: dict[Node, Node] = {}
    stacks: dict[Node, list[Node]] = {}
    runs: dict[Node, _Unrolled] = {}
    for node in order:
        if isinstance(node, Scan):
            args = tuple(image[arg] for arg in node.args)
            runs[node] = _Unrolled(node, wanted[node], args, stacks, taken)
        elif isinstance(node, Final):
            image[node] = runs[node.scan].finals[node.state]
        elif isinstance(node, Trace):
            rows = [step[node.inner] for step in runs[node.scan].steps]
            image[node] = _stacked(rows, node)
            stacks[image[node]] = rows
        else:
            args = tuple(image[arg] for arg in node.args)
            image[node] = node if args == node.args else node.rebuild(node.params, args)
    times[:] = [[{image.get(one, one) for one in step} for step in loop] for loop in times]
    times.extend(run.times for run in runs.values())
    return [image[root] for root in roots]


class _Unrolled:
    """The steps of one loop: the values of the next states and of the wanted inner nodes."""

    def __init__(
        self,
        scan: Scan,
        wanted: Sequence[Node],
        args: Sequence[Node],
        stacks: Mapping[Node, Any],
        taken: set[str] | None,
    ) -> None:
        if not isinstance(scan.length, int):
            raise UnknownNameError(
                f"unroll: the loop runs for {scan.length} steps; say how many, for example "
                "unroll(..., length=3)."
            )
        body = scan.body
        count, timed = len(body.states), len(body.states) + len(body.sequences)
        order = topological([*body.nexts, *wanted])
        states = list(args[:count])
        found: dict[int, dict[Node, Node]] = {}
        times = range(scan.length)
        for t in reversed(times) if scan.backwards else times:
            entries = [_named(_entry(x, t, stacks), x, t, taken) for x in args[count:timed]]
            now = dict(zip(body.locals, [*states, *entries, *args[timed:]], strict=True))
            found[t] = _step(order, now, t)
            states = [found[t][following] for following in body.nexts]
        self.steps = [found[t] for t in times]
        self.finals = states
        inner = [node for node in order if node not in set(body.locals)]
        made = [{step[node] for node in inner} for step in self.steps]
        often = Counter(itertools.chain.from_iterable(made))
        self.times: Times = [{node for node in step if often[node] == 1} for step in made]


def _step(order: Sequence[Node], places: dict[Node, Node], t: int) -> dict[Node, Node]:
    """One copy of the body."""
    image = dict(places)
    for node in order:
        if node in image:
            continue
        args = tuple(image[arg] for arg in node.args)
        if isinstance(node, Let) and node.let_name:
            image[node] = let_node(f"{node.let_name}_{t + 1}", args[0], node.stops)
        else:
            image[node] = node if args == node.args else node.rebuild(node.params, args)
    return image


def _entry(x: Node, t: int, stacks: Mapping[Node, list[Node]]) -> Node:
    """x[t], without the detour over a stack."""
    if x in stacks:
        return stacks[x][t]
    rows = [Affine(t, ()), *(identity_row(axis) for axis in range(x.ndim - 1))]
    return pull(x, rows, x.shape[1:])


def _named(entry: Node, x: Node, t: int, taken: set[str] | None) -> Node:
    """x[t] by the name that lectures give it, if the sequence has a name and that one is free."""
    if taken is None or not isinstance(x, Var):
        return entry
    if any(f"{x.name}_{k}" in taken for k in (t, t + 1)):
        return entry
    return let_node(f"{x.name}_{t + 1}", entry)


def _stacked(rows: Sequence[Node], like: Node) -> Node:
    if not rows:
        return fill(0, like.shape, like.kind)
    return concat_node([reshape_node(row, (1, *row.shape)) for row in rows], 0)


# --- fixing sizes -------------------------------------------------------------------------------


def _sizes(nodes: Sequence[Node], length: int | Mapping[str, int]) -> dict[sympy.Symbol, int]:
    lengths = [node.params[1] for node in reachable(nodes) if node.is_loop]
    open_sizes = sorted(dim_symbols(lengths), key=str)
    names = ", ".join(map(str, open_sizes)) or "none"
    if not isinstance(length, Mapping):
        if isinstance(length, bool) or not isinstance(length, int):
            raise KindError(f"unroll: length must be a whole number or a dict, not {length!r}.")
        if len(open_sizes) != 1:
            raise ShapeError(
                f"unroll: length={length} does not say which size it is, the open lengths are: "
                f"{names}. Give them by name, for example length={{'T': {length}}}."
            )
        length = {str(open_sizes[0]): length}
    return {sympy.Symbol(name): int(as_dim(size, "unroll")) for name, size in length.items()}


class _Bound:
    """Nodes in which some sizes are numbers."""

    def __init__(self, sizes: Mapping[sympy.Symbol, int]) -> None:
        self._by_name = {str(symbol): sympy.Integer(size) for symbol, size in sizes.items()}
        self._image: dict[Node, Node] = {}

    def node(self, root: Node) -> Node:
        """The root with numbers for the sizes, in all its nodes and in the bodies of its loops."""
        for node in topological([root]):
            if node not in self._image:
                args = tuple(self._image[arg] for arg in node.args)
                new = self._image[node] = node.rebuild(self._param(node.params), args)
                if any(isinstance(size, int) and size < 0 for size in new.shape):
                    raise ShapeError(
                        f"unroll: shape {shape_text(node.shape)} becomes {shape_text(new.shape)}; "
                        "sizes are 0 or more. Give a larger length."
                    )
        return self._image[root]

    def _param(self, value: Any) -> Any:
        if isinstance(value, Node):
            return self.node(value)
        if isinstance(value, sympy.Expr):
            return self._size(value)
        if isinstance(value, tuple):
            parts = [self._param(part) for part in value]
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return value

    def _size(self, size: sympy.Expr) -> Dim | sympy.Expr:
        bound = {s: self._by_name[s.name] for s in size.free_symbols if s.name in self._by_name}
        number = size.xreplace(bound)
        return int(number) if number.is_Integer else number
