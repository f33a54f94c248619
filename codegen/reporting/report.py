"""`Program.report`: what a program computes, moves and keeps, and how it was arranged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sympy

from symgraph.answers import answering
from symgraph.codegen.basic import op_of
from symgraph.codegen.contraction import form_of
from symgraph.codegen.job import Job
from symgraph.codegen.native.rows import find_row_updates
from symgraph.codegen.native.straight import named
from symgraph.codegen.passes import everything, lower_maps, normalise_sums, strip_lets
from symgraph.codegen.recipe import Recipe
from symgraph.codegen.reporting.emitted import Product, Unit, contents, products, units
from symgraph.codegen.reporting.memory import Placed, alive_at_once, placed
from symgraph.codegen.reporting.text import report_text
from symgraph.codegen.reporting.work import computed, entry_bytes, flops, moved_bytes
from symgraph.codegen.schedule import Block
from symgraph.errors import RangeError, UnknownNameError
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.map import Map
from symgraph.shapes import bind_dim, bind_shape

__all__ = ["Report"]

#: What a free size is taken as, where nothing is said.
USUAL = 32
_WORD = re.compile(r"\b[a-z]+[0-9]+\b")
_SECTIONS = ("forward", "backward", "update")


@answering
class Report:
    """What became of a program for given sizes; `str()` is a page, `to_dict()` data for JSON.

    Operations count what is computed on numbers: one an entry of a basic function or sum, two a
    term of a product. Bytes moved count every array that a loop nest or routine reads or writes,
    once each; `alone` is the same with every operation by itself. The arena is laid out for these
    sizes; no arena can be smaller than what is alive at once. A program on NumPy, or of numbers
    alone, has no fused loops and no arena to tell of.
    """

    def __init__(self, recipe: Recipe, target: str, sizes: Mapping[Any, int] | None = None) -> None:
        self.name, self.target, self.real = recipe.options.name, target, recipe.options.real
        self._recipe = recipe
        self._sizes = _sizes(recipe, sizes or {})
        self.sizes = {str(symbol): size for symbol, size in self._sizes.items()}
        is_native = target == "cython"
        done = recipe.job(loops=is_native)
        self._count(done)
        self.loops = _loops(recipe, done.block, self._sizes)
        self.row_updates = self._row_updates(done) if is_native else []
        self.units: list[Unit] = []
        self.products: list[Product] = []
        self.buffers: list[Placed] = []
        if is_native:
            self._read()

    def _count(self, done: Job) -> None:
        """Operations, nodes and bytes of each part."""
        zero = dict.fromkeys(_SECTIONS, 0)
        self.nodes, self.operations, self.alone = dict(zero), dict(zero), dict(zero)
        self.matrix_products = 0
        for node, section, times, _ in computed(done.block, self._sizes):
            work = flops(node, self._sizes)
            self.nodes[section] += 1
            self.operations[section] += times * work
            moves = work or not _is_view(node)
            self.alone[section] += times * moved_bytes(node, self._sizes, self.real) * bool(moves)
            self.matrix_products += isinstance(node, Einsum) and form_of(node) == "product"

    def _row_updates(self, done: Job) -> list[str]:
        """The arguments of which only looked-up rows are updated."""
        if self._recipe.options.check_finite:
            return []
        rows = find_row_updates(done.block, done.outputs, done.updates)
        owners = {node: variable for variable, node in done.updates.items()}
        news = [node for row in rows for node in (*row.news, *row.news.values())]
        found = [node if node in done.updates else owners.get(node) for node in news]
        return list(dict.fromkeys(str(one.params[0]) for one in found if one is not None))

    def _read(self) -> None:
        source = self._recipe.native
        self.units = units(source)
        self.products = list(products(source, self.units))
        self.buffers = placed(source.memory, self._sizes, self.real, contents(source))

    # --- figures ------------------------------------------------------------------------------

    @property
    def arena(self) -> int:
        """The bytes of the arena."""
        return max((one.offset + one.bytes for one in self.buffers), default=0)

    @property
    def alive(self) -> int:
        """The most bytes of buffers that are needed at one time."""
        return alive_at_once(self.buffers)

    @property
    def moved(self) -> dict[str, int]:
        """Bytes that the units of each part read and write."""
        length = {name: one.bytes for one in self.buffers for name in one.names} | self._given()
        found = dict.fromkeys(_SECTIONS, 0)
        for unit in self.units:
            names = {word for line in unit.lines for word in _WORD.findall(line)}
            found[unit.section] += sum(length.get(name, 0) for name in names)
        return found

    def _given(self) -> dict[str, int]:
        """The bytes of arguments and outputs by their identifiers."""
        recipe = self._recipe
        outputs = [f"y{k + 1}" for k in range(len(recipe.roots))]
        found = {}
        for name, node in zip(
            [*named(recipe.variables), *outputs], [*recipe.variables, *recipe.roots], strict=True
        ):
            count = sympy.prod(bind_shape(node.shape, self._sizes))
            found[name] = int(count) * entry_bytes(node.kind, self.real)
        return found

    @property
    def fused(self) -> list[Unit]:
        """The loop nests that compute more than one formula."""
        return [one for one in self.units if one.is_loop and len(one.formulas) > 1]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found: dict[str, Any] = {
            "name": self.name,
            "target": self.target,
            "dtype": self.real,
            "sizes": self.sizes,
            "nodes": self.nodes,
            "operations": self.operations,
            "bytes": {"alone": self.alone},
            "matrix_products": self.matrix_products,
            "loops": self.loops,
            "row_updates": self.row_updates,
        }
        if not self.units:
            return found
        found["bytes"]["moved"] = self.moved
        found["arena"] = {
            "bytes": self.arena,
            "alive_at_once": self.alive,
            "without_sharing": sum(one.bytes * len(one.names) for one in self.buffers),
            "buffers": [vars(one) | {"later": list(one.later)} for one in self.buffers],
        }
        found["products"] = [vars(one) | {"around": list(one.around)} for one in self.products]
        found["fused"] = [
            {"section": one.section, "around": list(one.around), "formulas": one.formulas}
            for one in self.fused
        ]
        return found

    def __str__(self) -> str:
        return report_text(self.to_dict())

    def draw(self, path: str | Path) -> Path:
        """Draw which buffer lies where in the arena, and from when to when.

        The suffix chooses the format, as for `sg.draw`. Raises DrawError for another one and for a
        program without buffers.
        """
        from symgraph.codegen.reporting.picture import save_schedule

        return save_schedule(self.name, self.units, self.buffers, path)


def _sizes(recipe: Recipe, given: Mapping[Any, int]) -> dict[sympy.Symbol, int]:
    """A number for every free size."""
    found = dict.fromkeys(recipe.options.symbols, USUAL)
    by_name = {str(symbol): symbol for symbol in found}
    for key, size in given.items():
        if str(key) not in by_name:
            known = ", ".join(by_name) or "none"
            raise UnknownNameError(
                f"report: there is no free size {str(key)!r}; there is {known}. Leave it out."
            )
        if not isinstance(size, int) or size < 0:
            raise RangeError(f"report: size {key} is {size!r}. Give a number from 0 up.")
        found[by_name[str(key)]] = int(size)
    return found


def _is_view(node: Node) -> bool:
    if isinstance(node, Einsum):
        return form_of(node) == "view"
    return type(node) is Map and op_of(node) == "iverson"


def _loops(recipe: Recipe, block: Block, sizes: Mapping[sympy.Symbol, int]) -> list[dict[str, Any]]:
    """The loops over time, outer ones first, and what no longer stands in them."""
    found: list[dict[str, Any]] = []
    stack = [(block, 0)]
    while stack:
        inner, depth = stack.pop()
        for node, loop in inner.loops.items():
            body, length, backwards = node.params
            steps = [one for one in loop.block.steps if one.args and not one.is_projection]
            found.append({
                "length": str(length),
                "steps": bind_dim(length, sizes),
                "depth": depth,
                "backwards": bool(backwards),
                "states": len(body.states),
                "nodes": len(steps),
                "products": sum(map(_is_product, steps)),
            })  # fmt: skip
            stack.append((loop.block, depth + 1))
    written = _written_products(recipe) if found else 0
    if found:
        found[0]["hoisted_products"] = max(0, written - sum(one["products"] for one in found))
    return found


def _is_product(node: Node) -> bool:
    return isinstance(node, Einsum) and form_of(node) == "product"


def _written_products(recipe: Recipe) -> int:
    """How many products stand inside of loops before anything is taken out of them."""
    roots = strip_lets([*recipe.roots, *recipe.stored.values()]).roots
    roots = lower_maps(normalise_sums(roots).roots).roots
    outside = set(_outside(roots))
    return sum(_is_product(node) for node in everything(roots) if node not in outside)


def _outside(roots: list[Node]) -> list[Node]:
    from symgraph.walks import topological

    return topological(roots)
