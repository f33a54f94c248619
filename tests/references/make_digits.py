"""Recreate symgraph/data/digits.npz from the copy of the digits that scikit-learn ships.

    python tests/references/make_digits.py [path/to/digits.csv.gz]

Without a path the file is looked for in an installed scikit-learn. Each of its 1 797 lines holds
64 pixels (0 .. 16, row by row) and the class; the archive holds the same numbers as bytes,
`images` (1797, 8, 8) and `labels` (1797,), both uint8.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

ARCHIVE = Path(__file__).parents[2] / "symgraph" / "data" / "digits.npz"


def shipped_copy() -> Path:
    """Where an installed scikit-learn keeps its copy."""
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        sys.exit("scikit-learn is not installed: pass the path of its digits.csv.gz.")
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_copy()
    table = np.loadtxt(source, delimiter=",", dtype=np.float64)
    if table.shape != (1797, 65) or np.any(table != table.astype(np.uint8)):
        sys.exit(f"{source}: shape {table.shape}, and 1797 lines of 65 small integers are needed.")
    digits = table.astype(np.uint8)
    np.savez_compressed(ARCHIVE, images=digits[:, :64].reshape(-1, 8, 8), labels=digits[:, 64])
    print(f"{ARCHIVE.name}: {ARCHIVE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
