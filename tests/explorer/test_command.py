"""`symgraph explore`: a page on disk, or served on this machine alone."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request

import pytest

import symgraph as sg
from symgraph.cli import main
from symgraph.explore_command import server_of


def content_of(html: str) -> dict:
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', html)
    assert found is not None
    return json.loads(found.group(1))


def test_the_command_writes_a_page_of_a_system_of_the_zoo(tmp_path, capsys):
    path = tmp_path / "net.html"

    assert main(["explore", "zoo:two_layer", str(path), "--lang", "zh", "--theme", "dark"]) == 0

    assert capsys.readouterr().out == f"{path}\n"
    content = content_of(path.read_text(encoding="utf-8"))
    assert (content["language"], content["theme"]) == ("zh", "dark")
    assert {name for name, _ in content["values"]} == {"v1", "v2", "w1", "w2", "y", "φ(x)"}


def test_a_formula_takes_its_values_data_and_rate_from_the_command_line(tmp_path):
    path = tmp_path / "line.html"
    data = tmp_path / "data.json"
    data.write_text('{"x": [1, 2], "y": [0, 1]}', encoding="utf-8")

    code = main([
        "explore", "(w x - y)²", str(path), "--wrt", "w", "--values", '{"w": 0.5}',
        "--data", str(data), "--rate", "0.25", "--title", "A line", "--labels", "numeric",
    ])  # fmt: skip

    content = content_of(path.read_text(encoding="utf-8"))
    assert code == 0
    assert dict(content["values"]) == {"w": 0.5, "x": 1.0, "y": 0.0}
    assert dict(content["data"]) == {"x": [1, 2], "y": [0, 1]}
    assert (content["samples"], content["rate"], content["title"]) == (True, 0.25, "A line")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["zoo:hinge", "net.pdf"], 2, "'net.pdf' is no page. Write 'net.html'"),
        (["zoo:hinge", "/no/such/folder/net.html"], 2, "there is no such folder. Make"),
        (["zoo:hinge", "net.html", "--rate", "-1"], 2, "rate=-1.0; give a positive number"),
        (["zoo:hinge", "net.html", "--values", '{"q": 1}'], 2, "'q'"),
        (["zoo:hinge", "--no-browser", "--port", "70000"], 2, "port=70000"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments, code, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert main(["explore", *arguments]) == code

    captured = capsys.readouterr()
    assert said in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_server_gives_the_page_to_this_machine_and_nothing_else():
    page = sg.explore(sg.input("x") ** 2)
    with server_of(page, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            text = answer.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/etc/passwd")
        refused.value.close()
        server.shutdown()

    assert host == "127.0.0.1"
    assert text == page.html


def test_an_array_has_no_gradient_to_explore():
    with pytest.raises(sg.GradientError, match="explore: the root has shape"):
        sg.explore(sg.input("x", 3) * 2)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"z": [1.0]}, "the data name 'z'"),
        ({"x": [1.0, 2.0], "y": [1.0]}, "differ in their number of samples: 'x' 2, 'y' 1"),
        ({"x": [1.0, 2.0], "y": 1.0}, "'y' have shape \\(\\)"),
        ({"x": float("nan"), "y": 1.0}, "'x' holds something else than finite numbers"),
    ],
)
def test_data_that_do_not_fit_are_refused(data, said):
    w, x, y = sg.parameter("w"), sg.input("x"), sg.input("y")

    with pytest.raises(sg.SymgraphError, match=said):
        sg.explore((w * x - y) ** 2, data=data)


def test_a_notebook_shows_the_page_in_a_frame_that_may_only_run_scripts():
    text = sg.explore(sg.input("x") ** 2)._repr_html_()

    assert text.count("<") == text.count(">") == 2
    assert 'sandbox="allow-scripts"' in text


def test_loops_are_written_out_on_request():
    x, w = sg.input("x", "T"), sg.parameter("w")
    run = sg.scan(lambda h, x: sg.let("h", sg.tanh(w * h + x)), sg.input("h0"), x)
    values = {"x": [0.1, 0.2, 0.3], "w": 0.5, "h0": 0.0}

    rolled = content_of(sg.explore(run.final, values=values).html)
    unrolled = content_of(sg.explore(run.final, values=values, steps=True).html)

    assert [node["role"] for node in rolled["nodes"]].count("loop") == 1
    assert [node["role"] for node in unrolled["nodes"]].count("loop") == 0
    names = {node["alt"] for node in unrolled["nodes"]}
    assert {"h₁", "h₂", "h₃"} <= names
