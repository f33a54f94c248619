"""Where torch is installed: the stored references are what it computes today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from reference_data import load, names

pytest.importorskip("torch", reason="torch is not installed: the stored numbers are not recomputed")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parent / "references" / "make_references.py"
    spec = importlib.util.spec_from_file_location("make_references", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", names())
def test_torch_computes_the_stored_numbers(script: ModuleType, name: str) -> None:
    stored, fresh = load(name), getattr(script, name)()

    for part in ("inputs", "values", "gradients"):
        assert set(stored[part]) == set(fresh[part])
        for key, want in stored[part].items():
            got = np.asarray(fresh[part][key])
            assert np.all(np.abs(got - want) <= 1e-12 * (1 + np.abs(want))), f"{part} {key}"
