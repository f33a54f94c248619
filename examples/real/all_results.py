"""Train everything of this folder and write what was found into RESULTS.md.

Run: python examples/real/all_results.py            (ten minutes on two cores; --only NAME ...)
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RUNS = {
    "char_lstm": ["char_model.py", "lstm"],
    "char_rnn": ["char_model.py", "rnn"],
    "digits_cnn": ["digits_cnn.py"],
    "text_cnn": ["text_cnn.py"],
    "name_tagger": ["name_tagger.py"],
    "word_vectors": ["word_vectors.py"],
    "digits_map": ["digits_map.py", "--picture", "examples/real/digits_map.png"],
}
HEAD = """# What was learned from real data

Written by `make results`, which runs all scripts of this folder; nothing here is written by hand.
No setting was chosen by what is told below: of the digits on fifths of the training images, of the
character models on the last tenth of the training text, of the word vectors by the loss on held-out
words, of the text classifier on a fifth of the paragraphs that is not told; the tagger and the
autoencoder are as they were first written. The text
is another one in every version of Python, and so are the numbers. Times are of two cores that had
other work: CPU time says more.
"""


def run(name: str) -> dict[str, Any]:
    """What one script has found; it prints as it goes."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "found.json"
        script, *rest = RUNS[name]
        command = [sys.executable, str(HERE / script), *rest, "--record", str(record)]
        done = subprocess.run(command, cwd=HERE.parent.parent, env={**os.environ}, check=False)
        if not record.exists():
            raise SystemExit(f"{name} ended with exit code {done.returncode} and found nothing.")
        found: dict[str, Any] = json.loads(record.read_text("utf-8"))
    return found


def page(results: dict[str, Any]) -> str:
    """All that was found as Markdown: one table, then each training by itself."""
    lines = [HEAD, "| training | what | found | wanted | |", "| --- | --- | --- | --- | --- |"]
    for found in results.values():
        for k, row in enumerate(found["rows"]):
            state = {None: "", True: "ok", False: "MISSED"}[row["met"]]
            cells = [found["title"] if k == 0 else "", row["what"], row["found"], row["wanted"]]
            lines.append(f"| {' | '.join([*cells, state])} |")
    for found in results.values():
        lines += ["", f"## {found['title']}", "", f"    {found['command']}", ""]
        lines += [f"- {name}: {fact}" for name, fact in found["facts"].items()]
        lines.append(f"- Python {found['python']}")
        lines.append(f"- {found['cpu_seconds']} s of CPU time in {found['wall_seconds']} s")
        for name, text in found["texts"].items():
            lines += ["", f"{name[0].upper()}{name[1:]}:", "", *_indented(text)]
    lines += ["", "![The digits by two numbers](digits_map.png)", ""]
    return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.splitlines()]


def main() -> None:
    """Run what is asked for, keep it beside what was found before, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS), metavar="NAME")
    kept = HERE / "results.json"
    results = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    for name in parser.parse_args().only:
        results[name] = run(name)
        ordered = {one: results[one] for one in RUNS if one in results}
        kept.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", "utf-8")
        (HERE / "RESULTS.md").write_text(page(ordered), "utf-8")


if __name__ == "__main__":
    main()
