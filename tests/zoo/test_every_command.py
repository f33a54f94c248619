"""Every system of the zoo in the quick commands; `.ci/commands.py` tries them all."""

import ast

import pytest

from symgraph import cli, zoo


@pytest.mark.parametrize("name", zoo.names())
def test_a_system_works_in_the_quick_commands(name, tmp_path, capsys):
    code, script = tmp_path / "net.py", tmp_path / "net.js"
    for arguments in (
        ["check", f"zoo:{name}"],
        ["influence", f"zoo:{name}"],
        ["draw", f"zoo:{name}", str(tmp_path / "net.svg")],
        ["compile", f"zoo:{name}", "--out", str(code)],
        ["compile", f"zoo:{name}", str(script), "--target", "js"],
    ):
        assert cli.main(arguments) == 0, (arguments[0], capsys.readouterr())
        assert capsys.readouterr().out.strip()
    assert ast.parse(code.read_text(encoding="utf-8")).body
    assert script.stat().st_size > 500
