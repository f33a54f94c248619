"""`sg.plot`: functions with their derivatives, and what a function of two numbers looks like."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.build.coerce import as_node
from symgraph.codegen.program import compile
from symgraph.draw.nets.unit_net import Unit, UnitNet
from symgraph.draw.theme import Theme, ThemeName, theme_named
from symgraph.draw.typesetting.typeset import find_cjk_font
from symgraph.draw.view import Language
from symgraph.errors import DrawError, SymgraphError
from symgraph.figures import new_figure, save_figure
from symgraph.grad import grad
from symgraph.node import Node
from symgraph.ops import Let, Var
from symgraph.ops.leaves import var
from symgraph.printing import unicode_name, written
from symgraph.walks import variables

__all__ = ["Plot", "chinese_family", "plot"]

Array = NDArray[Any]
Span = tuple[float, float]

_WORDS: dict[Language, tuple[str, str]] = {
    "en": ("function", "derivative"),
    "zh": ("函数", "导数"),
}
#: Where activation functions show what they are.
_SPAN: tuple[float, float] = (-4.0, 4.0)
_STYLES = ("-", "--", "-.", ":")
#: Of more curves the legend stands below the panels, where it hides none.
_MOST_INSIDE = 3
#: Functions that lectures call otherwise than this package.
_NAMES = {
    "sigmoid": "σ", "relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "selu": "SELU",
    "gelu": "GELU", "silu": "SiLU",
}  # fmt: skip


class Curve(NamedTuple):
    """One function of one number, sampled, and its derivative where it has one."""

    label: str
    x: Array
    y: Array
    slope: Array | None


@answering
class Plot:
    """A finished plot; `save` writes it, a notebook shows it, `figure` is matplotlib's."""

    def __init__(self, figure: Any, curves: Sequence[Curve] = ()) -> None:
        self.figure = figure
        #: What is drawn of functions of one number.
        self.curves = tuple(curves)

    def save(self, path: str | Path) -> Path:
        """Write the plot; the suffix chooses the format: .svg, .pdf or .png."""
        return save_figure(self.figure, path)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=100)
        return buffer.getvalue()


def plot(
    functions: Any,
    spans: Span | Mapping[Any, Span] | None = None,
    values: Mapping[Any, Any] | None = None,
    *,
    derivative: bool = True,
    points: int = 401,
    title: str = "",
    language: Language = "en",
    theme: ThemeName = "light",
) -> Plot:
    """Functions of one number with their derivatives, or the surface of a function of two.

    `functions` is an expression, a function such as `sg.tanh`, or a list of these. `spans` is
    (from, to) for the only variable without a value, or {variable: (from, to)} for one or two;
    without it they run from -4 to 4. Of several functions the derivatives have a panel of their
    own. A function of two variables is drawn by its contours, with the line where each unit of its
    first layer changes sides.
    Raises DrawError for other variables, spans and numbers of points, UnsupportedError without
    matplotlib (the extra "plot").

    >>> import symgraph as sg
    >>> shown = plot(sg.sigmoid, (-4, 4), points=5)  # doctest: +SKIP
    >>> shown.curves[0].y.round(3).tolist()  # doctest: +SKIP
    [0.018, 0.119, 0.5, 0.881, 0.982]
    """
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise DrawError(f"plot: points={points!r}; write a whole number from 2.")
    if language not in _WORDS:
        raise DrawError(f"plot: language is {language!r}; write 'en' or 'zh'.")
    colours = theme_named(theme)
    given = functions if isinstance(functions, (list, tuple)) else [functions]
    if not given:
        raise DrawError("plot: there is no function; give an expression or a function.")
    made = [_Function(one) for one in given]
    axes = _spans(made, spans, values or {})
    if len(axes) == 1:
        ((variable, span),) = axes.items()
        curves = [one.curve(variable, span, values or {}, points, derivative) for one in made]
        return Plot(_curves_figure(curves, variable, title, language, colours), curves)
    if len(made) > 1:
        raise DrawError("plot: of two variables one function is drawn; give a single expression.")
    return Plot(_surface_figure(made[0], axes, values or {}, points, title, colours))


class _Function:
    """A scalar expression and what it is called."""

    def __init__(self, given: Any) -> None:
        self.title = ""
        if callable(given) and not isinstance(given, Node):
            self.title = getattr(given, "__name__", "")
            given = _applied(given)
        self.node = as_node(given, "plot")
        if self.node.shape:
            raise DrawError(
                f"plot: an expression of shape {self.node.shape} is not one number. Give one entry "
                "of it, or its sum."
            )

    def label(self) -> str:
        """The name that the user gave, else the formula where that is short."""
        if self.title:
            return _NAMES.get(self.title, self.title.replace("_", " "))
        if isinstance(self.node, Let) and self.node.let_name:
            return unicode_name(self.node.let_name)
        text = written([self.node], "unicode").text
        return text if len(text) <= 24 else "f"

    def curve(
        self, name: str, span: Span, values: Mapping[Any, Any], points: int, derivative: bool
    ) -> Curve:
        """The function on evenly spaced points."""
        x = np.linspace(*span, points)
        wanted = [self.node]
        leaf = next((v for v in variables([self.node]) if v.params[0] == name), None)
        if derivative and leaf is not None and self.node.kind == "real" and leaf.kind == "real":
            wanted.append(grad(self.node, leaf))
        found = sampled(wanted, {name: x}, values)
        return Curve(self.label(), x, found[0], found[1] if len(found) > 1 else None)


def _applied(function: Callable[..., Any]) -> Any:
    try:
        return function(var("x", (), "input"))
    except TypeError as error:
        name = getattr(function, "__name__", "the function")
        raise DrawError(f"plot: {name} does not take one number: {error}.") from None


def _spans(
    made: Sequence[_Function], spans: Any, values: Mapping[Any, Any]
) -> dict[str, Span]:  # fmt: skip
    """The variables that are drawn along the axes, by name. Raises DrawError for other ones."""
    known = {_name(key) for key in values}
    leaves = {leaf.params[0]: leaf for one in made for leaf in variables([one.node])}
    free = [name for name in leaves if name not in known]
    if spans is None:
        spans = dict.fromkeys(free, _SPAN) if len(free) == 2 else _SPAN
    if isinstance(spans, Mapping):
        axes = {_name(key): _span(span) for key, span in spans.items()}
    else:
        span = _span(spans)
        if len(free) != 1:
            raise DrawError(
                f"plot: {', '.join(free) or 'no variable'} without a value; one span needs one "
                "such variable. Write {name: (from, to)} for those to draw and values= for others."
            )
        axes = {free[0]: span}
    if not 1 <= len(axes) <= 2:
        raise DrawError(f"plot: spans of {len(axes)} variables; give one or two.")
    for name in axes:
        if name not in leaves:
            raise DrawError(f"plot: {name!r} is no variable here; there are {', '.join(leaves)}.")
        if leaves[name].shape:
            raise DrawError(f"plot: {name} has shape {leaves[name].shape}; an axis is one number.")
    missing = [name for name in free if name not in axes]
    if missing:
        raise DrawError(f"plot: {', '.join(missing)} has no value; give it in values=.")
    return axes


def _name(key: Any) -> str:
    return key.params[0] if isinstance(key, Var) else str(key)


def _span(given: Any) -> Span:
    try:
        low, high = map(float, given)
    except (TypeError, ValueError):
        low = high = np.nan
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise DrawError(f"plot: the span {given!r} is not (from, to) with from below to.")
    return low, high


def sampled(
    nodes: Sequence[Node], axes: Mapping[str, Array], values: Mapping[Any, Any]
) -> list[Array]:
    """The values of scalar expressions where some variables run over arrays of one length."""
    count = len(next(iter(axes.values())))
    found = np.empty((len(nodes), count))
    given = {_name(key): value for key, value in values.items()}
    leaves = variables(nodes)
    program = compile(leaves, nodes, style="fast")
    for k in range(count):
        here = [axes[name][k] if name in axes else given[name] for name in map(_name, leaves)]
        found[:, k] = program(*here)
    return list(found)


# --- functions of one number ----------------------------------------------------------------------


def _curves_figure(
    curves: Sequence[Curve], name: str, title: str, language: Language, theme: Theme
) -> Any:
    """Function and derivative in one panel, or several functions beside their derivatives."""
    apart = len(curves) > 1 and any(curve.slope is not None for curve in curves)
    figure = new_figure("plot", (9.6, 4.0) if apart else (6.4, 4.0))
    figure.subplots_adjust(left=0.09, right=0.97, bottom=0.14, top=0.82 if apart else 0.9)
    lines = _colours(theme)
    with _settings((title, *_WORDS[language]), theme):
        figure.set_facecolor(theme.background)
        panels = figure.subplots(1, 2) if apart else [figure.subplots()]
        shown = unicode_name(name)
        for k, curve in enumerate(curves):
            colour, style = lines[k % len(lines)], _STYLES[k % len(_STYLES)]
            panels[0].plot(curve.x, _cut(curve.y), style, color=colour, label=curve.label)
            if curve.slope is not None:
                panels[-1].plot(
                    curve.x, _cut(curve.slope), style if apart else "--",
                    color=colour if apart else lines[1], label=_primed(curve.label),
                )  # fmt: skip
        for panel, word in zip(panels, _WORDS[language], strict=False):
            panel.set_xlabel(shown)
            panel.grid(True, color=theme.groups["module"].stroke, linewidth=0.6)
            panel.axhline(0.0, color=theme.muted, linewidth=0.8)
            panel.axvline(0.0, color=theme.muted, linewidth=0.8)
            if apart:
                panel.set_title(word)
            if len(curves) <= _MOST_INSIDE:
                panel.legend()
        if len(curves) > _MOST_INSIDE:
            figure.subplots_adjust(bottom=0.24)
            drawn, labels = panels[0].get_legend_handles_labels()
            figure.legend(drawn, labels, loc="lower center", ncol=len(labels), frameon=False)
        if title:
            figure.suptitle(title)
    return figure


def _primed(label: str) -> str:
    return f"{label}′" if len(label) <= 12 and "(" not in label else f"({label})′"


def _cut(y: Array) -> Array:
    """The values with a gap where they jump, so that no upright line is drawn there."""
    y = np.where(np.isfinite(y), y, np.nan)
    steps = np.abs(np.diff(y))
    usual = np.nanmedian(steps) if steps.size else 0.0
    spread = float(np.nanmax(y) - np.nanmin(y)) if np.isfinite(y).any() else 0.0
    jumps = np.flatnonzero((steps > 0.2 * spread) & (steps > 25 * (usual + 1e-12)))
    cut = y.copy()
    if len(y) > 50:
        cut[jumps + 1] = np.nan
    return cut


# --- functions of two numbers ---------------------------------------------------------------------


def _surface_figure(
    function: _Function,
    axes: Mapping[str, Span],
    values: Mapping[Any, Any],
    points: int,
    title: str,
    theme: Theme,
) -> Any:
    """Contours of a function, and the lines at which units of its first layer change sides."""
    side = min(points, 121)
    (first, second), (across, upwards) = list(axes), list(axes.values())
    x, y = np.linspace(*across, side), np.linspace(*upwards, side)
    grid = {first: np.tile(x, side), second: np.repeat(y, side)}
    (height,) = sampled([function.node], grid, values)
    figure = new_figure("plot", (6.4, 5.0))
    figure.subplots_adjust(left=0.13, right=0.97, bottom=0.12, top=0.92)
    with _settings((title,), theme):
        figure.set_facecolor(theme.background)
        panel = figure.subplots()
        z = np.where(np.isfinite(height), height, np.nan).reshape(side, side)
        if set(np.unique(z[np.isfinite(z)])) == {0.0, 1.0}:
            # Inside or outside: nothing is between.
            panel.contourf(
                x, y, z, levels=[-0.5, 0.5, 1.5], colors=[theme.background, theme.hues[0][0]]
            )
        elif np.nanmax(z) > np.nanmin(z):
            shades = "Greys" if theme is theme_named("print") else "cividis"
            drawn = panel.contourf(x, y, z, levels=14, cmap=shades, alpha=0.75)
            figure.colorbar(drawn, label=function.label())
        for number, (name, line) in enumerate(_borders(function.node, grid, values)):
            shape = line.reshape(side, side)
            if np.nanmin(shape) < 0 < np.nanmax(shape):
                style = ("solid", "dashed", "dashdot", "dotted")[number % 4]
                drawn = panel.contour(x, y, shape, levels=[0.0], colors=theme.ink, linestyles=style)
                _name_line(panel, drawn.allsegs[0], name, theme)
        panel.set_xlabel(unicode_name(first))
        panel.set_ylabel(unicode_name(second))
        if title:
            panel.set_title(title)
    return figure


def _name_line(panel: Any, pieces: Sequence[Array], name: str, theme: Theme) -> None:
    """The name of a line, upright, near an end of it and inside the frame."""
    longest = max(pieces, key=len)
    at = longest[round(0.12 * (len(longest) - 1))]
    panel.text(
        *at, name, fontsize=13, ha="center", va="center",
        bbox={"boxstyle": "round,pad=0.15", "facecolor": theme.background, "edgecolor": "none"},
    )  # fmt: skip


def _borders(
    node: Node, grid: Mapping[str, Array], values: Mapping[Any, Any]
) -> Iterable[tuple[str, Array]]:
    """Name and net input of each unit whose sum is of the two variables only."""
    try:
        net = UnitNet([node], "layers")
        units = {unit.number: unit for unit in net.units}
    except SymgraphError:
        return
    for unit in net.units:
        inputs = [units[k] for product in unit.form for k in product]
        if unit.kind != "unit" or unit.function is None or not unit.name or not inputs:
            continue
        if all(one.kind == "input" and one.node.params[0] in grid for one in inputs):
            try:
                yield _title(unit), _sum(unit, net, grid, values)
            except KeyError:
                continue


def _title(unit: Unit) -> str:
    node = unit.node
    name = unicode_name(node.let_name) if isinstance(node, Let) and node.let_name else ""
    return name or "0"


def _sum(
    unit: Unit, net: UnitNet, grid: Mapping[str, Array], values: Mapping[Any, Any]
) -> Array:  # fmt: skip
    given = {_name(key): value for key, value in values.items()}
    weights = {
        symbol: float(np.asarray(given[leaf.name])[place])
        for symbol, (leaf, place) in net.weights.items()
    }
    total: Array = np.zeros(len(next(iter(grid.values()))))
    if unit.threshold is not None:
        total = total - float(unit.threshold.xreplace(weights))
    for product, weight in unit.form.items():
        term = np.full_like(total, float(weight.xreplace(weights)))
        for number in product:
            term = term * grid[net.units[number].node.params[0]]
        total = total + term
    return total


def _colours(theme: Theme) -> tuple[str, ...]:
    """The colours of curves: those of values, derivatives and labels, then further ones."""
    first = (theme.forward, theme.backward, theme.label)
    return tuple(dict.fromkeys((*first, *(stroke for _, stroke in theme.hues))))


def _settings(texts: Sequence[str], theme: Theme) -> Any:
    """The colours of a theme, and fonts that have the words; Chinese needs one of its own."""
    from matplotlib import rc_context

    ink, page = theme.ink, theme.background
    wanted: dict[Any, Any] = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink
    )
    wanted |= {"axes.facecolor": page, "legend.facecolor": page, "legend.edgecolor": theme.muted}
    if any(char >= "\u2e80" for text in texts for char in text):
        wanted["font.family"] = chinese_family()
    return rc_context(wanted)


def chinese_family() -> list[str]:
    """The fonts of a plot with Chinese words, the first that has a letter writes it."""
    from matplotlib import font_manager

    path = find_cjk_font()
    if path is None:
        return ["DejaVu Sans"]
    font_manager.fontManager.addfont(path)
    return [font_manager.FontProperties(fname=str(path)).get_name(), "DejaVu Sans"]
