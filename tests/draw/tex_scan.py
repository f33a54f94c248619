"""A scanner of TeX files that knows nothing of symgraph: commands, and whether braces close."""

import re

COMMAND = re.compile(r"\\(?:([A-Za-z@]+)|(.))", re.DOTALL)


def commands(tex: str) -> set[str]:
    """The names of all commands of letters."""
    return {found[1] for found in COMMAND.finditer(without_comments(tex)) if found[1]}


def without_comments(tex: str) -> str:
    return re.sub(r"(?<!\\)((?:\\\\)*)%[^\n]*", r"\1", tex)


def check_balanced(tex: str) -> None:
    """Every brace has its partner, and every environment its end."""
    plain = re.sub(r"\\.", "", without_comments(tex), flags=re.DOTALL)
    depth = 0
    for char in plain:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0, "a brace closes that was not opened"
    assert depth == 0, "a brace stays open"
    begun = re.findall(r"\\begin\{(\w+)\}", tex)
    assert sorted(begun) == sorted(re.findall(r"\\end\{(\w+)\}", tex))
    assert "^^" not in plain
