"""Run every command on every system of the zoo, in both languages where a command has them.

Prints what fails, with the last line that it wrote, and how long each command took. Ends with an
error if anything failed. Words behind it choose systems: .ci/commands.py lstm gru
"""

import contextlib
import io
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from symgraph import cli, zoo

#: `{}` is the system; FILE a new file, which a command has to write.
COMMANDS = (
    "check zoo:{}",
    "influence zoo:{}",
    "influence zoo:{} --lang zh --json",
    "derive zoo:{}",
    "derive zoo:{} --lang zh --format latex",
    "derive zoo:{} --layout numerator --format html",
    "draw zoo:{} FILE.svg",
    "draw zoo:{} FILE.tex --language zh",
    "slides zoo:{} FILE.html",
    "slides zoo:{} FILE.tex --lang zh",
    "explore zoo:{} FILE.html",
    "explore zoo:{} FILE.html --lang zh",
    "compile zoo:{} FILE.py",
    "compile zoo:{} FILE.js --target js",
    "compile zoo:{} FILE.c --target cython",
    "zoo {}",
    "zoo {} --lang zh",
)


def main(names: list[str]) -> int:
    """Run all, and return how many failed."""
    seconds: Counter[str] = Counter()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for number, command in enumerate(COMMANDS):
                begun = time.process_time()
                problem = fails(command, name, Path(folder, f"{name}-{number}"))
                seconds[command] += time.process_time() - begun
                if problem is not None:
                    failed += 1
                    print(f"{command.format(name)}: {problem}", flush=True)
    for command, spent in seconds.most_common():
        print(f"{spent:6.1f} s  {command}")
    print(f"{len(names) * len(COMMANDS)} commands, {failed} failed")
    return failed


def fails(command: str, name: str, file: Path) -> str | None:
    """What went wrong; None if nothing did."""
    words = [word.format(name).replace("FILE", str(file)) for word in command.split()]
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main(words)
    except SystemExit as error:
        code = error.code
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if code != 0:
        return f"exit code {code}: {([*(err.getvalue() or out.getvalue()).splitlines(), ''])[-1]}"
    if not out.getvalue().strip():
        return "it says nothing"
    wrote = [Path(word) for word in words if word.startswith(str(file))]
    return next((f"{path.name} is empty" for path in wrote if not path.stat().st_size), None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or zoo.names()) > 0)
