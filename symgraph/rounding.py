"""Numbers and arrays as short text with so many digits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import RangeError
from symgraph.printing import Style

__all__ = ["checked_digits", "number_latex", "shown"]

ENTRIES = 20


def checked_digits(digits: Any, where: str) -> int:
    """The number of significant digits, if it is one.

    Raises RangeError for anything but a whole number from 1 to 17.
    """
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 17:
        raise RangeError(
            f"{where}: digits={digits!r}; a double has 1 to 17 significant digits. "
            "Give a whole number between these."
        )
    return digits


def shown(value: Any, digits: int, style: Style = "text", entries: int = ENTRIES) -> str:
    """A number or an array with so many significant digits.

    Of an array with more than so many entries only the first and the last ones are written, of one
    with more than two axes only the shape.

    >>> shown([0.123456, 2.0], 3), shown(1.5e-7, 3, "latex")
    ('[0.123, 2]', '1.5 \\\\cdot 10^{-7}')
    """
    array: NDArray[Any] = np.asarray(value, dtype=float) + 0.0  # -0.0 is 0
    if style == "latex":
        return _latex(array, digits, entries)
    if array.ndim > 2 and array.size > entries:
        return f"[…] {array.shape}"
    text = np.array2string(
        array, separator=", ", threshold=entries, edgeitems=3 if entries >= ENTRIES else 1,
        formatter={"float_kind": lambda x: f"{x:.{digits}g}"},
    )  # fmt: skip
    return " ".join(text.split())


def _latex(array: NDArray[Any], digits: int, entries: int) -> str:
    if array.size > entries or array.ndim > 2:
        return rf"\text{{{shown(array, digits, entries=entries)}}}"
    if array.ndim == 0:
        return number_latex(array, digits)
    rows = array[:, None] if array.ndim == 1 else array
    body = r" \\ ".join(" & ".join(number_latex(x, digits) for x in row) for row in rows.tolist())
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def number_latex(value: Any, digits: int) -> str:
    """A number as LaTeX with so many significant digits.

    >>> number_latex(1.5e-7, 3), number_latex(-0.0, 3), number_latex(float("-inf"), 3)
    ('1.5 \\\\cdot 10^{-7}', '0', '-\\\\infty')
    """
    number = float(value) + 0.0  # -0.0 is 0
    if np.isnan(number):
        return r"\text{nan}"
    mantissa, _, exponent = f"{number:.{digits}g}".partition("e")
    if exponent:
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return mantissa.replace("inf", r"\infty")
