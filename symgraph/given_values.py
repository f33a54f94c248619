"""Values of variables as they are given on the command line: as JSON, or in a file.

Nothing in a file is executed: arrays of objects are refused.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from symgraph.errors import FormulaError, KindError, NonFiniteError, UnknownNameError
from symgraph.formula.names import key_of

__all__ = ["read_values"]

#: A larger file of text is no list of values that people typed.
LARGEST_TEXT = 10_000_000
HINT = """Write '{"W": [1, 2], "y": 1}', or the name of a .json or .npz file."""


def read_values(where: str, names: Iterable[str]) -> dict[str, Any]:
    """Values by name from JSON text, FILE.json or FILE.npz; `names` are those of the variables.

    A name may be spelled in another way than the variable, W_1 for W₁.
    Raises UnknownNameError where there is no such file, FormulaError for what is no JSON, KindError
    for values that are no numbers, NonFiniteError for NaN and infinities.
    """
    if where.endswith(".npz"):
        found = _arrays(Path(where))
    else:
        text = where if where.lstrip().startswith("{") else _text(Path(where))
        found = _parsed(text)
    spelled = {key_of(name): name for name in names}
    return {spelled.get(key_of(name), name): value for name, value in found.items()}


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_TEXT:
            raise FormulaError(f"values: {path.name} has more than {LARGEST_TEXT} bytes.")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        problem = "is no text" if isinstance(error, UnicodeDecodeError) else "is no file"
        raise UnknownNameError(f"values: {str(path)[:100]!r} {problem}. {HINT}") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise FormulaError(
            f"values, line {error.lineno}, column {error.colno}: this is no JSON: {error.msg}. "
            f"{HINT}", error.lineno, error.colno,
        ) from None  # fmt: skip
    except RecursionError:
        raise FormulaError(f"values: too many brackets inside one another. {HINT}") from None
    if not isinstance(found, Mapping):
        raise FormulaError(f"values: there are no names. {HINT}")
    for name, value in found.items():
        _check_numbers(name, value)
    return dict(found)


def _refuse_constant(word: str) -> NoReturn:
    raise NonFiniteError(f"values: {word} is no number here. Give a finite one.")


def _check_numbers(name: str, value: Any) -> None:
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, list):
            rest += one
        elif not isinstance(one, (int, float)):
            raise KindError(f"values: {name!r} holds {one!r}, which is no number. {HINT}")


def _arrays(path: Path) -> dict[str, Any]:
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except OSError:
        raise UnknownNameError(f"values: there is no file {str(path)!r}. {HINT}") from None
    except (ValueError, zipfile.BadZipFile):
        raise KindError(
            f"values: {path.name} holds no arrays of numbers. Save them by np.savez."
        ) from None
