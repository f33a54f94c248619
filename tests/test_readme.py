"""Every code block of README.md, CONTRIBUTING.md and the pages of docs/ runs as it is printed.

- ```python blocks run in order, in one namespace and one empty folder. A block with `>>>` prompts
  is a doctest.
- In ```console and ```bash blocks a command is a line after `$ ` (console) or any line (bash).
  `symgraph ...` runs in the same folder; a console block's output lines must be what it prints,
  where a line `...` stands for any lines. `make` and `pip install` must name what exists.
- ```text blocks are not run. Any other kind of block is an error.
"""

import ast
import contextlib
import doctest
import io
import linecache
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from symgraph import cli

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(?P<kind>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
EXTRAS = re.compile(r"\[([^\]]*)\]")
NOT_CHECKED = {"cd", "git", "python3", "source"}


class Block(NamedTuple):
    kind: str
    line: int  # of its first line of text, counted from 1
    text: str


class Command(NamedTuple):
    words: list[str]
    line: int
    output: list[str] | None  # None where the block does not say what is printed


def blocks_of(text: str) -> Iterator[Block]:
    fences = re.findall(r"^ *```", text, re.MULTILINE)
    assert len(fences) == 2 * len(FENCE.findall(text)), "a block is indented or has no end"
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("text")) + 1
        yield Block(match["kind"].strip(), line, match["text"])


def run_readme(path: Path) -> None:
    """Run every block of `path` in the current folder; AssertionError names the line."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(path.read_text(encoding="utf-8")):
        if block.kind == "python":
            run_python(path, block, namespace)
        elif block.kind in ("console", "bash"):
            for command in commands_of(block):
                check_command(path, command)
        else:
            assert block.kind == "text", f"{path.name}:{block.line}: a block of kind {block.kind!r}"


def run_python(path: Path, block: Block, namespace: dict[str, Any]) -> None:
    if ">>> " in block.text:
        parser = doctest.DocTestParser()
        test = parser.get_doctest(block.text, {}, path.name, str(path), block.line - 1)
        test.globs = namespace
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        runner.run(test, out=report.append, clear_globs=False)
        assert not report, "".join(report)
        return
    name = f"<{path.name}:{block.line}>"
    linecache.cache[name] = (len(block.text), None, block.text.splitlines(keepends=True), name)
    tree = ast.parse(block.text, name)
    with contextlib.redirect_stdout(sys.stderr):
        exec(compile(tree, name, "exec", dont_inherit=True), namespace)


def commands_of(block: Block) -> Iterator[Command]:
    """The commands of one block, with the output that a console block shows for them."""
    pending: Command | None = None
    for line, text in enumerate(block.text.splitlines(), start=block.line):
        is_command = text.startswith("$ ") if block.kind == "console" else bool(text.strip())
        if is_command:
            if pending:
                yield pending
            words = shlex.split(text.removeprefix("$ "), comments=True)
            pending = Command(words, line, [] if block.kind == "console" else None)
        elif pending and pending.output is not None:
            pending.output.append(text)
    if pending:
        yield pending


def check_command(path: Path, command: Command) -> None:
    place = f"{path.name}:{command.line}"
    match command.words:
        case ["symgraph", *arguments]:
            check_symgraph(place, arguments, command.output)
        case ["make", *words]:
            targets = {word for word in words if "=" not in word}
            assert targets <= make_targets(), f"{place}: the Makefile has no {targets}"
        case ["pip", "install", *words]:
            named = {extra for word in words for extra in extras_in(word)}
            assert named <= extras(), f"{place}: pyproject.toml has no extra {named - extras()}"
        case [program, *_]:
            assert program in NOT_CHECKED, f"{place}: nobody checks {program!r}"


def check_symgraph(place: str, arguments: list[str], expected: list[str] | None) -> None:
    """Run in this process, which is where warnings are errors; test_cli.py runs it in its own."""
    printed, complaints = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaints):
        try:
            code = cli.main(arguments)
        except SystemExit as end:
            code = end.code
    assert not code, f"{place}: exit code {code}\n{complaints.getvalue()}"
    if expected:
        pattern = "".join(
            r"(?:.*\n)*" if line == "..." else re.escape(line) + r"\n" for line in expected
        )
        assert re.fullmatch(pattern, printed.getvalue()), f"{place}: prints\n{printed.getvalue()}"


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


def extras() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["optional-dependencies"])


def extras_in(word: str) -> list[str]:
    found = EXTRAS.search(word)
    return [extra.strip() for extra in found[1].split(",")] if found else []


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", "docs/compiling.md", "docs/training.md"]
)
def test_every_block_of_the_document_runs(document: str, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    run_readme(ROOT / document)


@pytest.mark.parametrize("document", ["README.md", "docs/compiling.md", "docs/training.md"])
def test_no_line_of_a_document_is_longer_than_100_columns(document: str):
    lines = (ROOT / document).read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 100] == []


def test_the_readme_starts_with_the_two_commands():
    first = next(blocks_of((ROOT / "README.md").read_text(encoding="utf-8")))

    assert [command.words for command in commands_of(first)] == [["make", "demo"], ["make", "test"]]


def test_blocks_share_one_namespace_and_one_folder(tmp_path, monkeypatch):
    text = (
        "```python\nfrom pathlib import Path\nPath('made').touch()\nx = 2\n```\n"
        "```python\n>>> x + 1, Path('made').exists()\n(3, True)\n```\n"
        "```console\n$ symgraph --version\nsymgraph ...\n```\n"
    )
    (tmp_path / "README.md").write_text(text.replace(" ...", " 0.1.0"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    run_readme(tmp_path / "README.md")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\n1 / 0\n```\n", "division by zero"),
        ("```python\n>>> 1 + 1\n3\n```\n", r'README.md", line 2'),
        (
            "```console\n$ symgraph --version\nsymgraph 7\n```\n",
            r"README.md:2: prints\s+symgraph 0",
        ),
        ("```console\n$ symgraph --version\n...\nmore\n```\n", "README.md:2: prints"),
        ("\n```bash\nsymgraph integrate\n```\n", "README.md:3: exit code 2"),
        ("```bash\nmake coffee\n```\n", "the Makefile has no {'coffee'}"),
        ("```bash\npip install 'symgraph[plot,tea]'\n```\n", "has no extra {'tea'}"),
        ("```bash\nrm -rf /\n```\n", "README.md:2: nobody checks 'rm'"),
        ("- so:\n  ```python\n  x = 1\n  ```\n", "a block is indented or has no end"),
        ("```ruby\nputs 1\n```\n", "README.md:2: a block of kind 'ruby'"),
    ],
)
def test_a_block_that_does_not_hold_is_found(text, message, tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    with pytest.raises((AssertionError, ZeroDivisionError), match=message):
        run_readme(tmp_path / "README.md")


def outside_of_blocks(text: str) -> str:
    return FENCE.sub("", text)


@pytest.mark.parametrize("name", ["README", "docs/compiling", "docs/training"])
def test_a_chinese_page_has_the_same_blocks_in_the_same_order(name: str):
    english, chinese = (
        (ROOT / f"{name}{suffix}").read_text(encoding="utf-8") for suffix in (".md", ".zh.md")
    )

    assert [(block.kind, block.text) for block in blocks_of(chinese)] == [
        (block.kind, block.text) for block in blocks_of(english)
    ]


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("commands and names", r"`([^`\n]+)`"),
        ("links", r"\]\((?!README)([^)]+)\)"),
        ("headings", r"^(#+) "),
        ("rows of tables", r"^(\|).*\|$"),
    ],
)
def test_the_chinese_readme_has_the_same(what, pattern):
    english, chinese = (
        re.findall(pattern, outside_of_blocks((ROOT / name).read_text("utf-8")), re.MULTILINE)
        for name in ("README.md", "README.zh.md")
    )
    chinese = [found.replace(".zh.md", ".md") for found in chinese]
    if what in ("headings", "rows of tables"):
        assert chinese == english
    missing, added = sorted({*english} - {*chinese}), sorted({*chinese} - {*english})
    assert (missing, added) == ([], []), what


def test_the_two_readmes_lead_to_each_other():
    for name, other in (("README.md", "README.zh.md"), ("README.zh.md", "README.md")):
        assert f"]({other})" in (ROOT / name).read_text(encoding="utf-8").partition("\n")[0]
