"""The style "window": one step of a convolution or a pooling on the cells of its input."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.build.coerce import as_node
from symgraph.draw.nets.net_outputs import loss_of
from symgraph.draw.nets.unit_net import entry_latex
from symgraph.draw.nets.windows import Windows, windowed
from symgraph.draw.view import Language, View, ViewGroup, ViewNode
from symgraph.errors import DrawError
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.node import Node
from symgraph.ops import Let, Var
from symgraph.rounding import number_latex
from symgraph.walks import topological

__all__ = ["window_view"]

#: Larger inputs are not drawn cell by cell.
MOST_CELLS = 400
#: So many channels of a convolution stand below each other.
_MOST_CHANNELS = 3
_CELL = (34.0, 34.0)
_WORDS: dict[Language, tuple[str, str, str, str]] = {
    "en": ("input", "kernel", "feature map", "pooled"),
    "zh": ("输入", "卷积核", "特征图", "池化结果"),
}


def window_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    step: tuple[int, ...] | int | None = None,
    layer: int = 1,
    map: int = 1,
    channel: int | None = None,
    digits: int = 3,
    title: str = "",
    language: Language = "en",
    legend: bool = False,
) -> View:
    """A convolution or a pooling: the cells of its input, the window with its weights, the result.

    `step` is the place (row, column) of the result that the window makes, from 0; without it a
    convolution shows its first step with the whole result, a pooling all its blocks in colours and
    the winners of a maximum underlined. `layer` counts the convolutions and poolings of the
    expression from 1, `map` the kernels and `channel` the inputs of one with several; without it
    up to three channels of a convolution stand below each other, each with its part of the kernel.
    With `values` cells show numbers, else names.
    Raises DrawError where there is no window, for a step outside and for an input too large.
    """
    windows = _chosen(expr, layer)
    picture = _Picture(windows, values, expr, (map, channel), digits, _WORDS[language])
    picture.draw(step)
    return View(
        tuple(picture.nodes), (), title, "LR", legend, language, groups=tuple(picture.groups)
    )  # fmt: skip


def _given(expr: Any) -> list[Any]:
    expr = loss_of(expr)
    return list(expr) if isinstance(expr, (list, tuple)) else [expr]


def _chosen(expr: Any, layer: int) -> Windows:
    given = _given(expr)
    order = topological([as_node(one, "draw") for one in given])
    found = [windows for windows in (windowed(node) for node in order) if windows is not None]
    if not found:
        raise DrawError(
            "draw: the style 'window' shows a convolution or a pooling, and this expression has "
            "none. Use style='layers' or style='graph'."
        )
    if isinstance(layer, bool) or not isinstance(layer, int) or not 1 <= layer <= len(found):
        raise DrawError(f"draw: layer={layer!r}; there are the layers 1 to {len(found)}.")
    return found[layer - 1]


class _Picture:
    def __init__(
        self,
        windows: Windows,
        values: Mapping[Any, Any] | None,
        expr: Any,
        chosen: tuple[int, int | None],
        digits: int,
        words: tuple[str, str, str, str],
    ) -> None:
        self.windows = windows
        self.digits = digits
        self.words = words
        self.nodes: list[ViewNode] = []
        self.groups: list[ViewGroup] = []
        self.numbers = None if values is None else _numbers(windows, values, expr)
        self.map, self.channel = chosen[0], chosen[1] or 1
        self.channels = self._channels(chosen[1])
        self.input = _plane(windows.source.shape, windows.rank, self.numbers, windows.source)
        self.output = _plane(windows.node.shape, windows.rank, self.numbers, windows.node)
        height, width = self.input
        if height * width > MOST_CELLS:
            raise DrawError(
                f"draw: the input has {height} x {width} cells, more than can be shown "
                f"({MOST_CELLS}). Use style='maps', or a smaller input."
            )

    def _channels(self, chosen: int | None) -> list[int]:
        """The channels of a convolution that are shown."""
        source, rank = self.windows.source, self.windows.rank
        front = source.shape[: source.ndim - rank]
        count = front[-1] if front and self.windows.kind == "conv" else 1
        kernel = self.windows.kernel
        summed = kernel is not None and kernel.ndim > rank + 1
        if chosen is None and summed and isinstance(count, int) and count <= _MOST_CHANNELS:
            return list(range(1, count + 1))
        return [self.channel]

    # --- where things are ---------------------------------------------------------------------

    def _two(self, sizes: tuple[int, ...], fill: int) -> tuple[int, int]:
        """Row and column; a signal in one dimension is one row."""
        return (fill, sizes[0]) if len(sizes) == 1 else (sizes[0], sizes[1])

    def window(self, at: tuple[int, int]) -> dict[tuple[int, int], tuple[int, int]]:
        """The cells of the input under the window at a place of the result, with their weights."""
        w = self.windows
        stride, gap = self._two(w.stride, 1), self._two(w.dilation, 1)
        pad, size = self._two(w.pad, 0), self._two(w.size, 1)
        found = {}
        for i, j in itertools.product(range(size[0]), range(size[1])):
            row = at[0] * stride[0] + i * gap[0] - pad[0]
            column = at[1] * stride[1] + j * gap[1] - pad[1]
            if 0 <= row < self.input[0] and 0 <= column < self.input[1]:
                found[row, column] = (i, j)
        return found

    def step(self, step: tuple[int, ...] | int | None) -> tuple[int, int]:
        """The place of the result that is shown. Raises DrawError for one outside."""
        given = (0,) * self.windows.rank if step is None else step
        given = (given,) if isinstance(given, int) else tuple(given)
        if len(given) == self.windows.rank:
            at = self._two(given, 0)
            if 0 <= at[0] < self.output[0] and 0 <= at[1] < self.output[1]:
                return at
        sizes = " x ".join(str(n) for n in self.output[2 - self.windows.rank :])
        raise DrawError(
            f"draw: step={step!r} is no place of the result, which has {sizes} entries, from 0."
        )

    # --- drawing ------------------------------------------------------------------------------

    def draw(self, step: tuple[int, ...] | int | None) -> None:
        """The input, the kernel or the pooling, and the result."""
        at = self.step(step)
        if self.windows.kind == "conv":
            self._convolution(at)
        else:
            self._pooling(None if step is None else at)

    def _convolution(self, at: tuple[int, int]) -> None:
        window = self.window(at)
        height, width = self.input
        size = self._two(self.windows.size, 1)
        kernel = entry = self._reader(self.windows.node)

        def label(cell: tuple[int, int]) -> str:
            if cell not in window:
                return entry(cell)
            if self.numbers is None:
                return rf"{entry(cell)}\,{kernel(window[cell])}"
            return rf"{entry(cell)}_{{\times {kernel(window[cell])}}}"

        x = width + 1.0
        pitch = max(height, size[0]) + 1.5
        for k, channel in enumerate(self.channels):
            self.channel = channel
            kernel = self._reader(self.windows.kernel, lowered=True)
            entry = self._reader(self.windows.source)
            lift = ((len(self.channels) - 1) / 2 - k) * pitch
            self._grid("input", (height, width), 0.0, self.words[0], label,
                       lambda cell: 3 if cell in window else None, lift)  # fmt: skip
            self._sign(f"star{k}", r"\ast", x - 0.5 + 0.25, lift)
            self._grid("kernel", size, x + 0.75, self.words[1], kernel, lambda cell: 3, lift)
            if k:
                self._sign(f"plus{k}", "+", x + 0.25 + size[1] / 2, lift + pitch / 2)
        x += size[1] + 1.5
        self._sign("equals", "=", x - 0.25)
        result = self._reader(self.windows.node)
        self._grid("output", self.output, x + 0.75, self.words[2], result,
                   lambda cell: 3 if cell == at else None)  # fmt: skip

    def _pooling(self, at: tuple[int, int] | None) -> None:
        places = list(itertools.product(range(self.output[0]), range(self.output[1])))
        colour: dict[tuple[int, int], int] = {}
        winners: set[tuple[int, int]] = set()
        for number, place in enumerate(places):
            if at is not None and place != at:
                continue
            window = self.window(place)
            colour.update(dict.fromkeys(window, number))
            winners |= self._winner(window)
        entry = self._reader(self.windows.source)

        def label(cell: tuple[int, int]) -> str:
            return rf"\underline{{\mathbf{{{entry(cell)}}}}}" if cell in winners else entry(cell)

        self._grid("input", self.input, 0.0, self.words[0], label, colour.get)
        word = r"\max" if self.windows.kind == "max" else r"\mathrm{mean}"
        x = self.input[1] + 1.0
        self._sign("arrow", rf"\overset{{{word}}}{{\longrightarrow}}", x)
        self._grid(
            "output", self.output, x + 1.5, self.words[3], self._reader(self.windows.node),
            lambda cell: places.index(cell) if at in (None, cell) else None,
        )  # fmt: skip

    def _winner(self, window: Mapping[tuple[int, int], Any]) -> set[tuple[int, int]]:
        """The largest cell of a window, the first one of equal ones."""
        if self.windows.kind != "max" or self.numbers is None or not window:
            return set()
        array = self._array(self.windows.source)
        return {max(window, key=lambda cell: (array[cell], [-i for i in cell]))}

    def _sign(self, id: str, label: str, x: float, height: float = 0.0) -> None:
        self.nodes.append(ViewNode(id, label, "constant", at=(x, height)))

    def _grid(
        self,
        id: str,
        size: tuple[int, int],
        left: float,
        word: str,
        label: Callable[[tuple[int, int]], str],
        hue: Callable[[tuple[int, int]], int | None],
        lift: float = 0.0,
    ) -> None:
        """Cells side by side under a heading, their middle at a height."""
        several = len(self.channels) > 1 and id != "output"
        prefix = f"{id}{self.channel}" if several else id
        members: list[str] = []
        for i, j in itertools.product(range(size[0]), range(size[1])):
            cell = ViewNode(
                f"{prefix}-{i}-{j}", label((i, j)), "cell", form="box", size=_CELL, hue=hue((i, j)),
                at=(left + j, (size[0] - 1) / 2 - i + lift),
            )  # fmt: skip
            self.nodes.append(cell)
            members.append(cell.id)
        sizes = rf"{size[0]} \times {size[1]}" if self.windows.rank == 2 else str(size[1])
        if several:
            sizes = rf"{len(self.channels)}@{sizes}"
            before = [group for group in self.groups if group.id == f"g-{id}"]
            self.groups = [group for group in self.groups if group not in before]
            members = [*(one for group in before for one in group.members), *members]
        self.groups.append(
            ViewGroup(f"g-{id}", rf"\text{{{word}}}\;{sizes}", tuple(members), "layer")
        )

    # --- entries ------------------------------------------------------------------------------

    def _array(self, node: Node) -> NDArray[Any]:
        """The one plane of a value that is shown."""
        assert self.numbers is not None
        array = np.asarray(self.numbers[node])
        plane: NDArray[Any] = array[self._lead(node, array.ndim)]
        return plane[None, :] if self.windows.rank == 1 else plane

    def _lead(self, node: Node, rank: int) -> tuple[int, ...]:
        """Which sample, kernel and channel are shown, in front of the last axes."""
        front = rank - self.windows.rank
        last = {self.windows.source: [self.channel], self.windows.node: [self.map]}.get(
            node, [self.map, self.channel] if front == 2 else [self.map]
        )
        chosen = [0] * (front - len(last)) + [one - 1 for one in last]
        lead = tuple(chosen[len(chosen) - front :])
        shape = node.shape if self.numbers is None else np.shape(self.numbers[node])
        for place, size, word in zip(lead[::-1], shape[:front][::-1], ("map", "channel"),
                                     strict=False):  # fmt: skip
            if isinstance(size, int) and not 0 <= place < size:
                raise DrawError(f"draw: {word}={place + 1}; there are {size}, counted from 1.")
        return lead

    def _reader(
        self, node: Node | None, *, lowered: bool = False
    ) -> Callable[[tuple[int, int]], str]:
        """The text of each cell of a value: its number, or its name."""
        assert node is not None
        if self.numbers is not None:
            array = self._array(node)
            return lambda cell: number_latex(float(array[cell]), self.digits)
        name = _name(node, self.windows)
        lead = self._lead(node, node.ndim)

        def text(cell: tuple[int, int]) -> str:
            place = (*lead, *cell[2 - self.windows.rank :])
            return entry_latex(name, place, lowered=lowered) if name else ""

        return text


def _name(node: Node, windows: Windows) -> str:
    while isinstance(node, Let) and not node.let_name:
        node = node.args[0]
    if isinstance(node, Let):
        return node.let_name or ""
    if isinstance(node, Var):
        return node.name
    return "y" if node is windows.node else ""


def _numbers(windows: Windows, values: Mapping[Any, Any], expr: Any) -> dict[Node, Any]:
    given = _given(expr)
    roots = [as_node(one, "draw") for one in given]
    wanted = [windows.node, windows.source, *([windows.kernel] if windows.kernel else [])]
    known, dims = bind_values([*roots, *wanted], values)
    return evaluate_above(wanted, known, dims)


def _plane(
    shape: tuple[Any, ...], rank: int, numbers: Mapping[Node, Any] | None, node: Node
) -> tuple[int, int]:
    """Height and width of a value along the axes of the windows."""
    sizes = shape if numbers is None else np.shape(numbers[node])
    last = sizes[len(sizes) - rank :]
    if not all(isinstance(size, int) for size in last):
        raise DrawError(
            "draw: the style 'window' needs sizes that are numbers; give values={name: array}."
        )
    return (1, int(last[0])) if rank == 1 else (int(last[0]), int(last[1]))
