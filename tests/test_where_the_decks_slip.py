"""The page of corrections: every value in it is what its expression computes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = (Path(__file__).parent.parent / "docs" / "where_the_decks_slip.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if re.match(r"\| E\d+ \|", line)
]
#: What is a matter of words alone.
WORDS_ONLY = {"E37"}


@cache
def names() -> dict[str, Any]:
    """What the block above the table defines."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    found: dict[str, Any] = {}
    exec(block, found)
    return found


def shown(value: Any) -> str:
    """A value as the page writes it: ten digits, whole numbers without a point."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        inside = [repr(v) if isinstance(v, str) else shown(v) for v in value]
        return f"[{', '.join(inside)}]"
    if isinstance(value, (bool, str)):
        return str(value)
    if isinstance(value, (int, np.integer)) or float(value).is_integer():
        return str(int(value))
    return np.format_float_positional(float(value), 10, fractional=False, trim="-") if (
        1e-4 <= abs(value) < 1e6) else f"{float(value):.9e}"  # fmt: skip


def test_all_38_corrections_are_there_in_order():
    assert [row[0] for row in ROWS] == [f"E{k}" for k in range(1, 39)]
    assert all(len(row) == 6 for row in ROWS)
    assert all(re.match(r"00[0-4]\b", row[1]) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_value_is_what_the_expression_computes(row):
    identity, _, printed, right, expression, value = row
    assert printed
    assert right
    if identity in WORDS_ONLY:
        assert (expression[0] != "`", value) == (True, "–")
        return
    assert re.fullmatch(r"`.+`", expression)
    space = dict(names())

    exec(f"found = {expression[1:-1]}", space)

    assert shown(space["found"]) == value


def test_numbers_of_the_page_are_no_roundings_of_other_numbers():
    assert shown([1.0, 0.1 + 0.2, 1e-05 / 3]) == "[1, 0.3, 3.333333333e-06]"
    assert shown({"a": np.array([2.0])}) == "{'a': [2]}"
