"""Run every benchmark in a process of its own and write RESULTS.md and results.json."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

CASES = (
    "graphs:creation",
    "graphs:scalar_dag",
    "derivations:networks_of_the_lectures",
    "drawing:lecture_graphs",
    "drawing:sizes",
    "drawing:crossings_against_dot",
    "numpy_target:first_result",
    "numpy_target:mlp_step",
    "numpy_target:xor_step",
    "numpy_target:residual_net",
    "explorer:page_of_2000_nodes",
)


def run(case: str) -> list[dict[str, object]]:
    """The rows of one case, measured in a fresh process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", case],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    rows: list[dict[str, object]] = json.loads(done.stdout)
    return rows


def measured(case: str) -> str:
    """The rows of one case as JSON, measured in this process."""
    module, _, function = case.partition(":")
    rows = getattr(importlib.import_module(f"benchmarks.{module}"), function)()
    return json.dumps([row._asdict() for row in rows])


def table(rows: list[dict[str, object]]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | measured | bound | |", "|---|---:|---:|---|"]
    for row in rows:
        value, bound = row["value"], row["bound"]
        assert isinstance(value, float)
        within = ""
        if isinstance(bound, float):
            within = "ok" if value <= bound else "MISSED"
        limit = f"{bound:g} {row['unit']}" if isinstance(bound, float) else ""
        remark = " ".join(str(part) for part in (within, row["note"]) if part)
        lines.append(f"| {row['name']} | {value:.3g} {row['unit']} | {limit} | {remark} |")
    return "\n".join(lines)


def main() -> int:
    """Measure everything, or the one case named on the command line."""
    if len(sys.argv) > 1:
        print(measured(sys.argv[1]))
        return 0
    rows: list[dict[str, object]] = []
    for case in CASES:
        print(f"measuring {case}", file=sys.stderr)
        rows += run(case)
    from benchmarks.measure import machine

    folder = Path(__file__).parent
    text = (
        "# Results\n\nWritten by `make bench`: medians, one process a case, no `OPENBLAS_*`.\n\n"
        f"{machine()}\n\n{table(rows)}\n"
    )
    (folder / "RESULTS.md").write_text(text, encoding="utf-8")
    document = {"machine": machine(), "rows": rows}
    (folder / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
