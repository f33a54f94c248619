"""`symgraph gallery`: pictures and a page that shows them with their commands."""

import html
import re
import shlex

from symgraph import cli


def test_the_page_shows_each_figure_with_the_command_that_draws_it(tmp_path, capsys):
    folder = tmp_path / "all"
    command = ["gallery", str(folder), "--only", "S0-14", "S0-40"]

    assert cli.main([*command, "--lang", "zh", "--theme", "dark"]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "index.html")
    page = (folder / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<img src="([^"]+)"', page)
    assert shown == ["S0-14.svg", "S0-40a.svg", "S0-40b.svg", "S0-40c.svg"]
    assert all((folder / name).is_file() for name in shown)
    assert (
        "<code>symgraph draw zoo:score,function=φ S0-14.svg --style layers "
        "--language zh --theme dark</code>"
    ) in page
    assert "三个特征的得分" in page


def test_the_shown_command_draws_the_same_picture(tmp_path, capsys, monkeypatch):
    assert cli.main(["gallery", str(tmp_path), "--only", "S0-26"]) == 0
    kept = (tmp_path / "S0-26.svg").read_bytes()
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    shown = re.search("<code>symgraph (.*?)</code>", page)[1]

    monkeypatch.chdir(tmp_path)
    (tmp_path / "S0-26.svg").unlink()
    assert cli.main(shlex.split(html.unescape(shown))) == 0
    assert (tmp_path / "S0-26.svg").read_bytes() == kept


def test_a_row_without_a_figure_is_refused_with_those_that_have_one(tmp_path, capsys):
    assert cli.main(["gallery", str(tmp_path), "--only", "S9-99"]) == 2
    message = capsys.readouterr().err
    assert "'S9-99'" in message
    assert "S0-21" in message


def test_several_networks_stand_in_one_picture(tmp_path):
    path = tmp_path / "cells.svg"

    command = ["draw", "zoo:rnn-row", str(path), "--and", "zoo:lstm-row", "--style", "cell"]
    assert cli.main(command) == 0
    assert path.read_text(encoding="utf-8").count('id="g1"') == 1


def test_a_mode_is_drawn_by_its_name(tmp_path):
    path = tmp_path / "mode.svg"

    assert cli.main(["draw", "n-1", str(path), "--style", "modes"]) == 0
    found = set(re.findall(r'id="(n\d+)"', path.read_text(encoding="utf-8")))
    assert len(found) == 8  # three inputs, three states, one output, and the caption
