"""`compile`: a graph as a function on NumPy arrays, its source, and bound programs.

What a user may do wrong is found here, before anything is computed or written; the emitted code
gets C-contiguous arrays of the right type only.
"""

from __future__ import annotations

import keyword
import logging
import numbers
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

import numpy as np
import numpy.typing as npt
import sympy

from symgraph.answers import answering
from symgraph.build.coerce import as_node
from symgraph.codegen.bound import KEPT, Bound, Workspace
from symgraph.codegen.boundary import Boundary
from symgraph.codegen.job import Options, many
from symgraph.codegen.numpy_space import NumpySpaces
from symgraph.codegen.recipe import Recipe
from symgraph.codegen.runtime_text import RESERVED
from symgraph.codegen.signature import Signature
from symgraph.codegen.structure import flatten, result_text
from symgraph.codegen.widened import Widened
from symgraph.dtypes import real_dtype
from symgraph.errors import (
    KindError,
    NameClashError,
    RangeError,
    ShapeError,
    UnknownNameError,
    UnsupportedError,
)
from symgraph.files import path_of, writing
from symgraph.garbage import uncollected
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.printing import describe
from symgraph.shapes import same_shape, shape_text
from symgraph.walks import check_names

if TYPE_CHECKING:
    from symgraph.codegen.array_program import ArrayProgram
    from symgraph.codegen.reporting.report import Report

__all__ = ["Program", "check_threads", "compile"]

Target = Literal["numpy", "cython", "vm"]
Style = Literal["fast", "read"]
_log = logging.getLogger("symgraph")
_MOST_THREADS = 64  # that the native runtime keeps


class _Options(TypedDict, total=False):
    """What `compile` takes whatever the style."""

    target: Target
    dtype: npt.DTypeLike
    name: str
    updates: Mapping[Any, Any] | None
    check_finite: bool
    threads: int
    samples: int


@overload
def compile(
    args: Any, outputs: Any, *, style: Style = ..., **options: Unpack[_Options]
) -> Program: ...


@overload
def compile(
    args: Any, outputs: Any, *, style: Literal["array"], **options: Unpack[_Options]
) -> ArrayProgram: ...


@uncollected
def compile(
    args: Any,
    outputs: Any,
    *,
    target: Target = "numpy",
    dtype: npt.DTypeLike = "float64",
    style: Style | Literal["array"] = "fast",
    name: str = "step",
    updates: Mapping[Any, Any] | None = None,
    check_finite: bool = False,
    threads: int = 1,
    samples: int = 1,
) -> Program | ArrayProgram:
    """A function that computes nodes from arrays, shaped like `sympy.lambdify`.

    `args` is a variable or a list of them (or of their names), nested as lambdify allows, with
    matrices of symbols; `outputs` is a node, a SymPy expression or matrix, or a list, tuple or
    dict of them, nested at will; the function returns the same structure. Formulas of plain SymPy
    symbols take arrays in their places too, entry by entry, as lambdify's do. `updates` maps
    arguments to their new values, which are written into the given arrays after everything is
    computed from the old ones. With `check_finite` NaN or infinity in arguments, outputs or new
    values raises NonFiniteError. `target="cython"` gives native code where there is a C compiler,
    else a line in the log and NumPy; "vm" runs programs of real numbers on a register machine, at
    once and without compiling. `dtype` is "float64" or "float32", or what NumPy, torch or JAX call
    so, such as np.float32. `style="read"` gives plain NumPy for reading, `style="array"` code
    for the arrays of any library, which returns new values beside the outputs. A call of native
    code is divided among `threads` threads, with the same numbers in every run. `samples` says
    about how many samples a call has where the shapes leave that open: native code for thousands
    of them goes through any number in pieces whose values stay in the cache.
    Raises UnknownNameError for a variable that is no argument, NameClashError for one that is
    given twice, ShapeError or KindError for an update of another shape or kind.

    >>> import symgraph as sg
    >>> x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)
    >>> f = sg.compile([x, w], sg.tanh(x @ w))
    >>> f([[0.0, 0.0], [1.0, 2.0]], [0.5, 0.25]).round(6).tolist()
    [0.0, 0.761594]
    """
    _check_options(target, style, name)
    real = real_dtype("compile", dtype)
    check_threads("compile", threads)
    _check_samples(samples)
    signature = Signature(args)
    leaves, structure = flatten(outputs)
    roots = [as_node(signature.rename(leaf), f"output {path}") for path, leaf in leaves]
    variables = _arguments(signature.flat, roots, updates)
    stored = _updates(updates or {}, variables)
    _check_variables(variables, [*roots, *stored.values()])
    symbols = _symbols(variables)
    paths = tuple(path for path, _ in leaves)
    options = Options(
        real=real, name=name, check_finite=check_finite, output_names=paths, symbols=symbols,
        result=result_text(structure), output_dtypes=tuple(_dtype(r, real) for r in roots),
        threads=threads, samples=many(samples),
    )  # fmt: skip
    recipe = Recipe(variables, roots, stored, options, structure)
    wide = None
    if signature.is_plain:
        again = partial(
            compile, target=target, dtype=real, style=style, name=name, check_finite=check_finite,
            threads=threads,
        )  # fmt: skip
        wide = Widened(recipe, again)
    if target != "numpy" and style == "fast":
        program = (_native if target == "cython" else _interpreted)(recipe, signature, wide)
        if program is not None:
            return program
    if style == "array":
        if check_finite or target != "numpy":
            raise UnsupportedError(
                "compile: style='array' takes neither check_finite nor a target: the library of "
                "the arrays computes. Leave them out."
            )
        from symgraph.codegen.array_program import ArrayProgram

        return ArrayProgram(recipe.for_arrays(), recipe, signature)
    source = recipe.readable() if style == "read" else recipe.lowered()
    return Program(
        recipe, source.text, source.stored,
        lambda owner: NumpySpaces(owner, source.text, options, structure, style == "read"),
        signature, wide=wide, together=source.together,
    )  # fmt: skip


def _native(recipe: Recipe, signature: Signature, wide: Widened | None) -> Program | None:
    """The program in C; None, and a line in the log, where there is no compiler."""
    from symgraph.codegen.native.remembered import native_source
    from symgraph.codegen.native.space import NativeSpaces
    from symgraph.codegen.native.toolchain import ToolchainError

    source, options = native_source(recipe), recipe.options
    given = (recipe.variables, recipe.roots, options, recipe.structure, source.stored)
    try:
        return Program(
            recipe, source.text, source.stored, lambda _: NativeSpaces(source, *given), signature,
            "cython", wide,
        )  # fmt: skip
    except ToolchainError as error:
        _log.warning("sg.compile: %s uses NumPy: %s", options.name, error)
        return None


def _interpreted(recipe: Recipe, signature: Signature, wide: Widened | None) -> Program | None:
    """The program for the register machine; None, and a line in the log, where it has no place."""
    from symgraph.codegen.native.machine import assemble, machine
    from symgraph.codegen.native.scalars import read_scalars
    from symgraph.codegen.native.space import NativeSpaces
    from symgraph.codegen.native.toolchain import ToolchainError

    options, variables = recipe.options, recipe.variables
    job = recipe.job(loops=True)
    real = "float" if options.real == "float32" else "double"
    code = None
    if not options.check_finite and not options.symbols and not job.block.loops:
        code = read_scalars(job.block.steps, variables, job.outputs, list(job.updates.values()))
    places = {variable: k for k, variable in enumerate(variables)}
    updated = [places[variable] for variable in recipe.stored]
    made = code and assemble(code, real, variables, job.outputs, updated)
    if not made:
        _log.warning("sg.compile: %s uses NumPy: it is no program of real numbers", options.name)
        return None
    given = (variables, recipe.roots, options, recipe.structure, updated, made.memory)
    try:
        return Program(
            recipe,
            made.text,
            updated,
            lambda _: NativeSpaces(machine(real), *given),
            signature,
            "vm",
            wide,
        )
    except ToolchainError as error:
        _log.warning("sg.compile: %s uses NumPy: %s", options.name, error)
        return None


def _dtype(node: Node, real: str) -> np.dtype[Any]:
    return np.dtype({"real": real, "integer": "int64", "boolean": "bool"}[node.kind])


def _check_options(target: str, style: str, name: str) -> None:
    if target not in ("numpy", "cython", "vm"):
        raise UnsupportedError(
            f"compile: target {target!r} is unknown; use 'numpy', 'cython' or 'vm'. JavaScript is "
            "sg.javascript, and style='array' is for the arrays of torch, JAX and others."
        )
    if style not in ("fast", "read", "array"):
        raise KindError(f"compile: style {style!r} is none; use 'fast', 'read' or 'array'.")
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise KindError(f"compile: name {name!r} is no Python identifier; use one such as 'step'.")
    if name in RESERVED or re.fullmatch(r"[a-zA-Z]+[0-9]\w*", name) or name.startswith("_"):
        raise NameClashError(
            f"compile: name {name!r} is used inside of emitted code; use another, without digits."
        )


def check_threads(where: str, threads: Any) -> None:
    """Raise for what is no number of threads."""
    if isinstance(threads, bool) or not isinstance(threads, numbers.Integral):
        raise KindError(f"{where}: threads is {threads!r}, and it must be an integer.")
    if not 1 <= int(threads) <= _MOST_THREADS:
        raise RangeError(f"{where}: threads is {threads}, and it must be 1 to {_MOST_THREADS}.")


def _check_samples(samples: Any) -> None:
    if isinstance(samples, bool) or not isinstance(samples, numbers.Integral):
        raise KindError(f"compile: samples is {samples!r}, and it must be an integer.")
    if samples < 0:
        raise RangeError(f"compile: samples is {samples}, and it must not be negative.")


# --- arguments --------------------------------------------------------------------


def _arguments(given: Sequence[Any], roots: Sequence[Node], updates: Any) -> list[Var]:
    new = [as_node(value, "update") for value in (updates or {}).values()]
    named = check_names([*roots, *new]) if any(isinstance(a, str) for a in given) else {}
    found: dict[Node, Var] = {}
    for arg in given:
        if isinstance(arg, str):
            if arg not in named:
                known = ", ".join(map(repr, named)) or "none"
                raise UnknownNameError(
                    f"compile: no variable is called {arg!r}; the outputs use {known}."
                )
            arg = named[arg]
        node = as_node(arg, "argument")
        if not isinstance(node, Var) or node.role == "local":
            raise KindError(
                f"compile: argument {describe(node)} is no variable. Give variables made by "
                "sg.input, sg.parameter or sg.state, or their names."
            )
        if node in found:
            raise NameClashError(f"compile: argument {node.name!r} is given twice; give it once.")
        found[node] = node
    return list(found.values())


def _check_variables(variables: Sequence[Var], roots: Sequence[Node]) -> None:
    named = check_names([*variables, *roots])
    known = {variable.name for variable in variables}
    missing = [name for name, node in named.items() if name not in known and _is_free(node)]
    if missing:
        raise UnknownNameError(
            f"compile: the outputs need {', '.join(map(repr, missing))}, which "
            f"{'is' if len(missing) == 1 else 'are'} not among the arguments. Add to args."
        )


def _is_free(node: Node) -> bool:
    return isinstance(node, Var) and node.role != "local"


def _updates(updates: Mapping[Any, Any], variables: Sequence[Var]) -> dict[Var, Node]:
    by_name = {variable.name: variable for variable in variables}
    known = set[Node](variables)
    found: dict[Var, Node] = {}
    for key, value in updates.items():
        node = by_name.get(key) if isinstance(key, str) else as_node(key, "update")
        if node not in known or not isinstance(node, Var):
            shown = repr(key) if isinstance(key, str) else describe(as_node(key, "update"))
            raise UnknownNameError(
                f"compile: the update of {shown} has no argument to be written to. Add it to args."
            )
        new = as_node(value, f"update of {node.name!r}")
        if not same_shape(new.shape, node.shape):
            raise ShapeError(
                f"compile: the update of {node.name!r} has shape {shape_text(new.shape)}, the "
                f"argument {shape_text(node.shape)}. Give a value of that shape."
            )
        order = ("boolean", "integer", "real")
        if order.index(new.kind) > order.index(node.kind):
            raise KindError(
                f"compile: the update of {node.name!r} is {new.kind}, the argument {node.kind}. "
                "Round or compare it first, or declare the argument with that kind."
            )
        found[node] = new
    return found


def _symbols(variables: Sequence[Var]) -> tuple[sympy.Symbol, ...]:
    """The sizes that the arguments fix, in order of appearance."""
    found: dict[sympy.Symbol, None] = {}
    for variable in variables:
        for dim in variable.shape:
            if not isinstance(dim, int) and dim.is_Symbol:
                found[dim] = None
    return tuple(found)


# --- programs ------------------------------------------------------------------------------------


@answering
class Program:
    """A compiled function; `f(*arrays)` returns fresh values in the structure of the outputs.

    Any number of threads may call it at once. `source` is the text that runs; `save` writes it as
    a module that needs NumPy alone; `bind` fixes arrays for many steps.
    """

    def __init__(
        self,
        recipe: Recipe,
        text: str,
        stored: Sequence[int],
        spaces: Callable[[Program], Callable[[tuple[int, ...]], Workspace]],
        signature: Signature,
        target: Target = "numpy",
        wide: Widened | None = None,
        together: Sequence[Sequence[int]] = (),
    ) -> None:
        variables, options = recipe.variables, recipe.options
        self._recipe = recipe
        self._signature = signature
        self.source = text
        self.target: Target = target  # what it runs on
        self.args = tuple(variable.name for variable in variables)
        self.name = options.name
        self._boundary = Boundary(variables, options.real, stored, options.check_finite, together)
        self._spaces = spaces(self)
        self._wide = wide
        self._free: OrderedDict[tuple[int, ...], list[Workspace]] = OrderedDict()
        self._lock = threading.Lock()
        self._attempt: Callable[..., Any] | None = None  # a call without the boundary
        self._attempted: tuple[tuple[int, ...], Workspace] | None = None  # whose memory that is
        self._is_direct = not (signature.is_nested or options.check_finite)

    def __repr__(self) -> str:
        return f"<compiled {self.name}({', '.join(self.args)})>"

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """The outputs for these arguments, given in order or by name."""
        if self._attempt is not None and not named:
            values = self._attempt(*arrays)
            if values is not NotImplemented:
                return values
        given = self._boundary.ordered(self._signature.values(arrays, named), named)
        if self._wide is not None and self._wide.takes(given):
            return self._wide(given)
        entered = self._boundary.enter(given)
        sizes = entered.sizes
        space = self._take(sizes)
        try:
            values = space.run(entered.arrays)
        finally:
            self._give(sizes, space)
        entered.leave()
        return values

    def bind(self, *arrays: Any, dims: Mapping[Any, int] | None = None, **named: Any) -> Bound:
        """The program on arrays that stay: they are read, and updated, where they are.

        Arguments may be left out and given at each step; with `dims` (sizes by name) those left
        out become arrays of zeros, found in `bound.arrays`.
        """
        given = self._signature.values(arrays, named)
        return Bound(self._new_workspace, self._boundary.chosen(given, named, dims))

    def save(self, path: str | Path) -> Path:
        """Write the program as a file whose function is called like the program's `name`.

        The suffix chooses: `.py` is a module that needs NumPy alone, `.pyx` one for Cython with all
        of its C inside, `.c` the C; any other holds `source`. Nothing of it needs a compiler.
        """
        target = path_of("save", path)
        text = self._written(target.suffix.lower())
        with writing("save", target):
            target.write_text(text, encoding="utf-8", newline="\n")
        return target

    def export(
        self, folder: str | Path, weights: Any = None, *, package: str | None = None
    ) -> Path:
        """Write a folder that `pip install` builds and that runs without this package.

        It holds a Python package with the thin `.pyx` and its C, `pyproject.toml`, `setup.py` and a
        README with the formulas; `weights`, arrays by the names of arguments or a Model, go along
        as `weights.npz`. The package is called `package`, else like the folder. Writing needs no
        compiler, whatever the target. Raises UnknownNameError, ShapeError or KindError for weights
        that are none of the arguments, NameClashError for a package that cannot be imported.

        >>> import tempfile
        >>> import symgraph as sg
        >>> x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)
        >>> f = sg.compile([x, w], sg.tanh(x @ w))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = f.export(f"{folder}/neuron", {"w": [0.5, 0.25]}).rglob("*")
        ...     print(*sorted(file.name for file in files if file.suffix in (".pyx", ".md")))
        README.md program.pyx
        """
        from symgraph.codegen.native.export.folder import export

        return export(self._recipe, folder, weights, package)

    def report(self, sizes: Mapping[Any, int] | None = None) -> Report:
        """What the program computes, moves and keeps, and how it was arranged.

        `sizes` gives numbers for free sizes, by name; others count as 32. `str()` of the result is
        a page, `.to_dict()` data; `.draw("schedule.svg")` shows the arena over time.

        >>> import symgraph as sg
        >>> x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)
        >>> report = sg.compile([x, w], sg.tanh(x @ w)).report({"N": 10})
        >>> report.operations["forward"]  # 10 times 2 products and sums, and 10 tanh
        50
        """
        from symgraph.codegen.reporting.report import Report

        return Report(self._recipe, self.target, sizes)

    def _written(self, suffix: str) -> str:
        if suffix == ".pyx":
            from symgraph.codegen.native.export.module import module_text

            return module_text(self._recipe)
        if suffix == ".c":
            return self._recipe.native.text
        as_numpy = suffix == ".py" and self.target != "numpy"
        return self._recipe.lowered().text if as_numpy else self.source

    def _new_workspace(self, sizes: tuple[int, ...]) -> Workspace:
        """Memory for these sizes. Raises ShapeError where one is too small for the formulas."""
        self._recipe.check_sizes(dict(zip(self._boundary.symbols, sizes, strict=True)))
        return self._spaces(sizes)

    def _take(self, sizes: tuple[int, ...]) -> Workspace:
        """A workspace that nobody else uses."""
        with self._lock:
            free = self._free.get(sizes)
            if free:
                self._free.move_to_end(sizes)
                return free.pop()
        return self._new_workspace(sizes)

    def _give(self, sizes: tuple[int, ...], space: Workspace) -> None:
        with self._lock:
            native = space.native
            if native is not None and self._is_direct:
                last = self._attempted
                if last is not None and last[0] == sizes:
                    last = (sizes, space)
                else:
                    self._attempt, self._attempted = native.attempt, (sizes, space)
                if last is None:
                    return
                sizes, space = last
            self._free.setdefault(sizes, []).append(space)
            self._free.move_to_end(sizes)
            while len(self._free) > KEPT:
                self._free.popitem(last=False)
