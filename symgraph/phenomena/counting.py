"""How many numbers a network has to learn, from its shapes alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from symgraph.answers import answer_calls
from symgraph.build.coerce import as_node
from symgraph.errors import RangeError
from symgraph.node import Node
from symgraph.phenomena.pictures import COLOURS, panel_of
from symgraph.phenomena.table import Table
from symgraph.shapes import Shape, product, shape_text
from symgraph.train.model import Model
from symgraph.walks import variables

__all__ = ["count_parameters"]


def count_parameters(what: Any) -> Table:
    """The parameters of a network, each once however often it is used, with their number.

    `what`: an expression, a list of them, a model, anything with a `loss`, or several by name,
    which are compared. Nothing is allocated: weights may be more than a machine can hold, and
    sizes may be names, in which the number is then a formula.
    Raises RangeError where no network is given.

    >>> import symgraph as sg
    >>> image = sg.input("image", 10**6)
    >>> full = sg.parameter("W", (10**6, 10**6)) @ image
    >>> print(count_parameters(full))
    Parameters
    name  shape                     numbers
    W     (1000000, 1000000)  1000000000000
    1000000000000 numbers in 1 parameter.
    """
    if isinstance(what, Mapping):
        return _compared(what)
    found = _parameters(what)
    numbers = [_count(shape) for shape in found.values()]
    columns: dict[str, list[Any]] = {
        "name": [*found],
        "shape": [shape_text(shape) for shape in found.values()],
        "numbers": numbers,
    }
    word = "parameter" if len(found) == 1 else "parameters"
    note = f"{sum(numbers)} numbers in {len(found)} {word}."
    return Table("Parameters", columns, (note,), partial(_bars, "name"))


def _compared(networks: Mapping[str, Any]) -> Table:
    if not networks:
        raise RangeError("count_parameters: there are no networks. Give one by its name.")
    found = {name: _parameters(one) for name, one in networks.items()}
    numbers = [sum(map(_count, shapes.values())) for shapes in found.values()]
    columns: dict[str, list[Any]] = {
        "network": list(found),
        "parameters": [len(shapes) for shapes in found.values()],
        "numbers": numbers,
    }
    return Table("Parameters of networks", columns, (), partial(_bars, "network"))


def _parameters(what: Any) -> dict[str, Shape]:
    """The shapes of the parameters by their names."""
    if isinstance(what, Model):
        return {name: array.shape for name, array in what.parameters.items()}
    many = what if isinstance(what, (list, tuple)) and not hasattr(what, "loss") else [what]
    roots: list[Node] = [as_node(getattr(one, "loss", one), "count_parameters") for one in many]
    return {leaf.name: leaf.shape for leaf in variables(roots) if leaf.role == "parameter"}


def _count(shape: Shape) -> Any:
    count = product(shape)
    return int(count) if getattr(count, "is_number", True) else count


def _bars(names: str, table: Table, figure: Any) -> None:
    """A bar a row, logarithmic where they differ much; formulas have none."""
    rows = [row for row in table.rows if isinstance(row["numbers"], int)]
    panel = panel_of(figure, "numbers", "", table.title)
    heights = [row["numbers"] for row in rows]
    labels = [row[names] for row in rows]
    bars = panel.barh(labels, heights, color=COLOURS[0])
    panel.bar_label(bars, [f" {height:,}" for height in heights], fontsize=9)
    if heights and max(heights) > 50 * max(1, min(heights)):
        panel.set_xscale("log")
    panel.margins(x=0.25)
    panel.invert_yaxis()


answer_calls(globals(), __all__)
