"""Decks and pictures opened by the programs that lecturers use: `make slides-check`.

Compiles TikZ and Beamer with xelatex and pdflatex, opens presentations in LibreOffice, and leaves
the pages as PNG to be looked at. What is not installed is skipped with one line.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import symgraph as sg
from symgraph.zoo import gates, losses

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
TWO_LAYER = {
    "φ(x)": [1.0, 2.0], "v1": [0.5, -0.25], "v2": [-0.5, 0.75], "w1": 1.0, "w2": -2.0, "y": 1.0,
}  # fmt: skip
#: Names that would break a file that does not escape them.
HOSTILE = r"\write18{x} & 50% $a_b^c$ #1 ~ {"


def files(folder: Path) -> list[Path]:
    """Write what is to be opened."""
    chinese = {"language": "zh", "title": "两层网络"}
    return [
        sg.draw(losses.hinge(), HINGE, title=HOSTILE).save(folder / "picture.tex"),
        sg.draw(losses.two_layer(), TWO_LAYER, **chinese).save(folder / "picture-zh.tex"),
        sg.slides(losses.hinge(), folder / "hinge.tex", HINGE),
        sg.slides(losses.two_layer(), folder / "two-layer-zh.tex", TWO_LAYER, **chinese),
        sg.slides(losses.hinge(), folder / "handout.tex", HINGE, handout=True),
        sg.slides(losses.squared(), folder / "handout-zh.tex", handout=True, **chinese),
        sg.slides(gates.lstm(), folder / "parts.tex", style="timeline", title=HOSTILE),
        sg.slides(losses.squared(), folder / "letters.tex"),
        sg.slides(losses.hinge(), folder / "hinge-slides.pptx", HINGE),
        sg.slides(
            losses.two_layer(), folder / "two-layer-zh-slides.pptx", TWO_LAYER, connectors=True,
            **chinese,
        ),
    ]  # fmt: skip


def commands(path: Path) -> list[Sequence[str]]:
    """How a file is turned into pages."""
    if path.suffix == ".pptx":
        return [("soffice", "--headless", "--convert-to", "pdf", path.name)]
    options = ("-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")
    chinese = "xeCJK" in path.read_text(encoding="utf-8")
    engines = ["xelatex"] if chinese else ["pdflatex", "xelatex"]
    return [(engine, *options, path.name) for engine in engines]


def main(folder: Path) -> int:
    """Open everything; the number of files that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for path in files(folder):
        for command in commands(path):
            if shutil.which(command[0]) is None:
                print(f"{path.name}: skipped, {command[0]} is not installed")
                continue
            run = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=300)
            good = run.returncode == 0 and path.with_suffix(".pdf").exists()
            failed += not good
            print(f"{path.name}: {command[0]} {'ok' if good else 'FAILED'}")
            if not good:
                print(run.stdout.decode(errors="replace")[-1500:])
        if shutil.which("pdftoppm") and path.with_suffix(".pdf").exists():
            pages = ("pdftoppm", "-r", "60", "-png", f"{path.stem}.pdf", path.stem)
            subprocess.run(pages, cwd=folder, check=True)
    print(f"pages to look at: {folder}")
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "out/slides-check")))
