"""Every example runs from a checkout and shows what it promises."""

from __future__ import annotations

import hashlib
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from pydoc_data.topics import topics

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def output_of(example: str, folder: Path, *words: str) -> str:
    words = words or (str(folder),)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / example), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


#: What examples print, among other things.
PROMISED = {
    "backpropagation_through_time.py": (
        "δ_t = Wᵀ δ_{t+1} ⊙ (1 − s_t²),  t = T−1, …, 1",
        "dE/dW = Σ_t δ_t s_{t−1}ᵀ",
    ),
    "derive_a_network.py": (
        "δ₂ = ŷ − y",
        "δ₁ = W₂ᵀ δ₂ ⊙ (1 − h²)",
        "dL/dW₁ = δ₁ xᵀ",
        "agree: 31 entries",
        r"\begin{align*}",
    ),
    "student_questions.py": ("−1[margin < 1] φ(x) y",),
}


@pytest.mark.parametrize("example", [path.name for path in EXAMPLES if path.stem != "train_xor"])
def test_an_example_says_how_it_is_run_and_shows_what_it_promises(example, tmp_path):
    shown = output_of(example, tmp_path)

    assert says_how_it_is_run(example)
    assert shown.strip()
    for line in PROMISED.get(example, ()):
        assert line in shown


def says_how_it_is_run(example: str) -> bool:
    return f"Run: python examples/{example}" in (ROOT / "examples" / example).read_text("utf-8")


def test_xor_is_learned_and_drawn(tmp_path):
    shown = output_of("train_xor.py", tmp_path)

    pairs = re.findall(r"wanted ([01])\.0 got ([0-9.]+)", shown)
    assert says_how_it_is_run("train_xor.py")
    assert len(pairs) == 4
    assert all(abs(float(wanted) - float(got)) < 0.2 for wanted, got in pairs)
    assert (tmp_path / "xor.svg").read_text("utf-8").startswith("<?xml")


REAL = sorted(path for path in (ROOT / "examples" / "real").glob("*.py"))
SCRIPTS = [path.stem for path in REAL if path.stem not in ("findings", "all_results")]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_training_on_real_data_runs_in_short_and_records_what_it_found(script, tmp_path):
    short = ["--quick", "--target", "numpy", "--record", "found.json"]
    done = output_of(f"real/{script}.py", tmp_path, *short)
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))

    assert f"Run: python examples/real/{script}.py" in REAL[0].with_name(f"{script}.py").read_text()
    assert done.startswith(found["title"])
    assert found["command"] == f"python examples/real/{script}.py --quick --target numpy"
    assert len(found["rows"]) >= 2
    assert any(row["wanted"] for row in found["rows"])
    for row in found["rows"]:
        assert f"{row['what']}: {row['found']}" in done
    if "text" in found["facts"]:
        text = "\n".join(topics[name] for name in sorted(topics))
        assert found["facts"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_the_page_of_results_is_made_of_what_was_recorded():
    made = runpy.run_path(str(ROOT / "examples" / "real" / "all_results.py"))
    recorded = json.loads((ROOT / "examples" / "real" / "results.json").read_text("utf-8"))

    assert list(recorded) == list(made["RUNS"])
    assert made["page"](recorded) == (ROOT / "examples" / "real" / "RESULTS.md").read_text("utf-8")
    assert all(row["met"] in (True, None) for one in recorded.values() for row in one["rows"])
