"""What a training has found: told at the end, and kept for the table in RESULTS.md.

Every script of this folder takes the same options: --quick for a run of seconds that shows that all
of it works, --seeds, --threads and --target; --record FILE keeps what it has found as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["Findings", "read_options"]


def read_options(description: str, seeds: int = 1, **choices: list[str]) -> argparse.Namespace:
    """The options of a script, and one positional one for each name with its choices."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    for name, words in choices.items():
        parser.add_argument(name, choices=words, nargs="?", default=words[0])
    parser.add_argument("--quick", action="store_true", help="a run of seconds, good for nothing")
    parser.add_argument("--seeds", type=int, default=seeds, help="how many runs, each with a seed")
    parser.add_argument("--threads", type=int, default=1, help="threads of native code")
    parser.add_argument("--target", choices=["cython", "numpy"], default="cython")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw what there is to draw")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what was found as JSON")
    return parser.parse_args()


class Findings:
    """Numbers that were found, what was wanted of them, and how long they took."""

    def __init__(self, title: str, options: argparse.Namespace, **facts: Any) -> None:
        self.title, self.options, self.facts = title, options, facts
        self.rows: list[dict[str, Any]] = []
        self._wall, self._cpu = time.monotonic(), _cpu_seconds()
        print(title)
        for name, fact in facts.items():
            print(f"  {name}: {fact}")

    def add(
        self, what: str, value: float, *, least: float | None = None, most: float | None = None,
        form: str = ".3f",
    ) -> None:  # fmt: skip
        """A number, and what it should be at least or at most."""
        wanted, is_met = "", None
        if least is not None:
            wanted, is_met = f"at least {least:{form}}", bool(value >= least)
        if most is not None:
            wanted, is_met = f"at most {most:{form}}", bool(value <= most)
        shown = f"{value:{form}}"
        self.rows.append({"what": what, "found": shown, "wanted": wanted, "met": is_met})
        print(f"  {what}: {shown}" + (f" ({wanted} is wanted)" if wanted else ""), flush=True)

    def end(self, **texts: str) -> int:
        """Say how long all took and keep what was found; 1 when something wanted was not met."""
        wall, cpu = time.monotonic() - self._wall, _cpu_seconds() - self._cpu
        print(f"  {cpu:.0f} s of CPU time in {wall:.0f} s")
        if self.options.record:
            kept = {
                "title": self.title,
                "command": " ".join(["python", *_shown(sys.argv)]),
                "facts": {name: str(fact) for name, fact in self.facts.items()},
                "rows": self.rows,
                "cpu_seconds": round(cpu),
                "wall_seconds": round(wall),
                "python": platform.python_version(),
                "texts": texts,
            }
            text = json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
            self.options.record.write_text(text, "utf-8")
        return int(not self.options.quick and any(row["met"] is False for row in self.rows))


def _cpu_seconds() -> float:
    """Of this process and those it has waited for, such as compilers."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _shown(words: list[str]) -> list[str]:
    """The command as it is typed in a checkout, without where it was recorded."""
    place = words.index("--record") if "--record" in words else len(words)
    return [f"examples/real/{Path(words[0]).name}", *words[1:place], *words[place + 2 :]]
