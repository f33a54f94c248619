"""The checks of the lectures read their inputs: with another file of numbers they hold as well."""

import json
import os
import subprocess
import sys
from pathlib import Path

from lectures import other_numbers
from lectures.other_formulas import FORMULAS

HERE = Path(other_numbers.__file__).parent

#: The checks that read the file; figures and printed lines do not.
READS = "numbers or def or train"


def leaves(value, place=()):
    """The places of all numbers and words, with what stands there."""
    if isinstance(value, dict):
        value = value.items()
    elif isinstance(value, list):
        value = enumerate(value)
    else:
        yield place, value
        return
    for key, one in value:
        yield from leaves(one, (*place, key))


def test_the_other_file_has_the_keys_shapes_and_types_and_other_inputs():
    shipped = json.loads(other_numbers.SHIPPED.read_text(encoding="utf-8"))
    other = other_numbers.other_numbers(shipped)

    # A whole number of the one file may be none in the other.
    kinds = {int: float}
    form, found = (
        [(place, kinds.get(type(one), type(one))) for place, one in leaves(rows)]
        for rows in (shipped, other)
    )
    assert form == found
    moved = {one for one in FORMULAS if shipped[one]["inputs"] != other[one]["inputs"]}
    numeric = {one for one in FORMULAS if any(not isinstance(n, str)
               for _, n in leaves(shipped[one]["inputs"]))}  # fmt: skip
    assert numeric <= moved
    assert len(numeric) > 70


def test_all_numbers_of_all_rows_are_met_with_other_inputs(tmp_path):
    file = tmp_path / "other.json"
    shipped = json.loads(other_numbers.SHIPPED.read_text(encoding="utf-8"))
    other = other_numbers.other_numbers(shipped)
    file.write_text(json.dumps(other), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", READS,
         str(HERE / "test_lectures.py")],
        env={**os.environ, "SYMGRAPH_LECTURE_NUMBERS": str(file)}, cwd=HERE.parents[1],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
