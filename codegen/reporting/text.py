"""A report as a page of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["report_text"]

_RUNS = {"cython": "native code", "numpy": "NumPy", "vm": "register machine"}
_LONGEST = 12  # formulas of one loop nest that are shown


def report_text(found: Mapping[str, Any]) -> str:
    """The page of what `Report.to_dict` gives."""
    return "\n".join(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    runs = _RUNS[found["target"]]
    at = ", ".join(f"{name} = {size}" for name, size in found["sizes"].items())
    yield f"{found['name']}: {runs}, {found['dtype']}{f', for {at}' if at else ''}"
    yield ""
    yield f"{'':12}{'nodes':>10}{'operations':>16}{'bytes alone':>16}" + (
        f"{'bytes moved':>16}" if "moved" in found["bytes"] else ""
    )
    for section in ("forward", "backward", "update"):
        if found["nodes"][section]:
            yield _row(found, section)
    if "arena" in found:
        arena = found["arena"]
        yield ""
        yield (
            f"arena: {arena['bytes']} bytes; alive at once are {arena['alive_at_once']}, "
            f"without sharing it would be {arena['without_sharing']}"
        )
    for title, lines in (
        ("matrix products", _products(found)),
        ("loops that compute several formulas", _fused(found.get("fused", ()))),
        ("loops over time", list(map(_loop, found["loops"]))),
        ("only rows that were looked up are updated of", [", ".join(found["row_updates"])]),
    ):
        if any(lines):
            yield ""
            yield f"{title}:"
            yield from (f"  {line}" for line in lines)


def _row(found: Mapping[str, Any], section: str) -> str:
    figures = [found["nodes"][section], found["operations"][section]]
    bytes_ = found["bytes"]
    figures += [bytes_["alone"][section]] + (
        [bytes_["moved"][section]] if "moved" in bytes_ else []
    )
    widths = (10, 16, 16, 16)
    return f"{section:12}" + "".join(
        f"{figure:>{width}}" for figure, width in zip(figures, widths, strict=False)
    )


def _products(found: Mapping[str, Any]) -> list[str]:
    if "products" not in found:
        count = found["matrix_products"]
        return [f"{count}"] if count else []
    lines = []
    for one in found["products"]:
        around = f", {' x '.join(one['around'])} times" if one["around"] else ""
        lines.append(
            f"{one['section']}: ({one['m']} x {one['k']}) ({one['k']} x {one['n']}){around}; "
            f"left {one['a']}, right {one['b']}: {one['formula']}"
        )
    return lines


def _fused(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for one in groups:
        shown = one["formulas"][:_LONGEST]
        more = len(one["formulas"]) - len(shown)
        lines.append(f"{one['section']}: {len(one['formulas'])} formulas")
        lines += [f"  {formula}" for formula in shown] + ([f"  and {more} more"] if more else [])
    return lines


def _loop(one: Mapping[str, Any]) -> str:
    way = "backwards" if one["backwards"] else "forwards"
    inside = "inside of another, " if one["depth"] else ""
    text = (
        f"{inside}{one['length']} steps {way}, {one['states']} states, {one['nodes']} operations "
        f"a step, {one['products']} of them products"
    )
    taken = one.get("hoisted_products", 0)
    return f"{text}; {taken} products were taken out of loops" if taken else text
