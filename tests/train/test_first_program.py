"""The first program of README.md: short, quick and right about the digits."""

import re
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent.parent / "README.md"


def first_program() -> str:
    text = README.read_text(encoding="utf-8")
    found = re.search(r"## A first program\n.*?```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_it_has_at_most_fifteen_lines():
    lines = [line for line in first_program().splitlines() if line.strip()]

    assert len(lines) <= 15


def test_it_reads_98_percent_of_test_images_that_it_has_not_seen():
    names: dict[str, Any] = {}
    exec(compile(first_program(), str(README), "exec"), names)

    assert names["tested"]["accuracy"] > 0.98
    train = {image.tobytes() for image in names["x_train"]}
    assert not train & {image.tobytes() for image in names["x_test"]}
    right = names["model"].predict({"image": names["x_test"]})["scores"].argmax(axis=1)
    assert (right == names["y_test"]).mean() == names["tested"]["accuracy"]
