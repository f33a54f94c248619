"""Values and gradients that torch computed, for tests that compare symgraph with them.

    from reference_data import load

tests/references/make_references.py wrote the files and says, in the docstring of the function of
the same name, what each system computes: the names, the shapes, the formula.
"""

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "references"

Reference = dict[str, dict[str, np.ndarray]]


def names() -> list[str]:
    """The systems there are.

    >>> "lstm" in names()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str) -> Reference:
    """The parts "inputs", "values" and "gradients" of a system, each with its arrays by name.

    Arrays are float64, or int64 for ids; `gradients[x]` is d loss / d x and has the shape of x.

    >>> reference = load("mlp")
    >>> reference["inputs"]["X"].shape, reference["values"]["loss"].shape
    ((5, 3), ())
    """
    parts = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return {
        part: {key: np.array(value) for key, value in arrays.items()}
        for part, arrays in parts.items()
    }
