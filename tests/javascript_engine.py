"""Emitted JavaScript in a real engine (V8, as in browsers), with numbers that keep every bit.

from javascript_engine import Script, new_engine
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

py_mini_racer = pytest.importorskip(
    "py_mini_racer", reason="scripts are run by V8: pip install mini-racer"
)

# JSON has no NaN, no infinity and no -0.
_HELP = """
const written = (x) => typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x)) : x;
const shown = (x) => JSON.stringify(x === null || x === undefined ? null :
  ArrayBuffer.isView(x) ? Array.from(x, written) : written(x));
const caught = (act) => { try { act(); return null; } catch (error) { return error.message; } };
let program;
"""


def new_engine() -> AbstractContextManager[Any]:
    """An engine; one serves any number of scripts, one after the other."""
    return py_mini_racer.mini_racer()  # type: ignore[no-any-return]


class Script:
    """A running script, given as an expression; a script loaded before it is forgotten."""

    def __init__(self, engine: Any, expression: str) -> None:
        self._engine = engine
        if not engine.eval('typeof shown === "function"'):
            engine.eval(_HELP)
        engine.eval(f"program = {expression}; null")

    def run(self, call: str) -> Any:
        """What a method gives, a number, an array, a text or None: `run("f(3)")`."""
        found = json.loads(self._engine.eval(f"shown(program.{call})"))
        if isinstance(found, list):
            return np.array([float(x) for x in found])
        return float(found) if isinstance(found, str) else found

    def set(self, values: Mapping[str, Any]) -> None:
        """Give values to inputs by name."""
        for name, value in values.items():
            array = np.asarray(value)
            entries = ", ".join(_text(x) for x in array.ravel().tolist())
            told = f"{{shape: {list(array.shape)}, data: [{entries}]}}"
            self._engine.eval(f"program.set({json.dumps(name)}, {told}); null")

    def error(self, call: str) -> str | None:
        """The message that a call fails with; None if it does not."""
        found: str | None = self._engine.eval(f"caught(() => program.{call})")
        return found

    def data(self, expression: str) -> Any:
        """A part of the program that is plain data."""
        return json.loads(self._engine.eval(f"JSON.stringify(program.{expression})"))


def _text(x: Any) -> str:
    if isinstance(x, float) and x != x:
        return "NaN"
    return str(x).lower().replace("inf", "Infinity")
