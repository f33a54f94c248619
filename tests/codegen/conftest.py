"""Tests of what every target must do run for each of them: `usefixtures("target")`."""

from __future__ import annotations

from typing import Any

import pytest
from c_compiler import needs_c_compiler

import symgraph as sg

_compile = sg.compile


@pytest.fixture(params=["numpy", pytest.param("cython", marks=needs_c_compiler)])
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The target of every `sg.compile` that names none; code for reading is NumPy."""
    name: str = request.param

    def compile_for(*args: Any, **options: Any) -> Any:
        if options.get("style") != "read" and len(args) < 3:
            options.setdefault("target", name)
        return _compile(*args, **options)

    monkeypatch.setattr(sg, "compile", compile_for)
    return name
