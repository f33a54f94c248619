"""`symgraph draw`: every option of every style, and one sentence for what there is not."""

import inspect
import json
import re
import xml.etree.ElementTree as ET

import pytest

from symgraph import cli
from symgraph.draw.graphs.graph_view import graph_view

VALUES = '{"W": [1, 2], "φ(x)": [2, -1], "y": 1}'


def nodes(path):
    return [
        group for group in ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}g")
        if re.fullmatch(r"n\d+", group.get("id") or "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ([], 9),
        (["--hide", "constants", "ones", "--no-legend"], 7),
        (["--collapse", "names", "--direction", "LR"], 5),
        (["--collapse", "score", "margin"], 8),
        (["--values", VALUES, "--labels", "both", "--path", "W", "--theme", "print"], 9),
        (["--values", VALUES, "--path", "loss", "score", "W", "--tree", "--language", "zh"], 9),
        (["--wrt", "W", "--title", "1", "--digits", "3", "--engine", "native"], 9),
        (["--style", "graph", "--expand", "all"], 9),
    ],
)
def test_options_of_the_style_reach_the_picture(tmp_path, capsys, options, count):
    path = tmp_path / "hinge.svg"

    assert cli.main(["draw", "zoo:hinge", str(path), *options]) == 0
    assert capsys.readouterr().out.strip() == str(path)
    assert len(nodes(path)) == count


def test_options_may_stand_before_the_formula(tmp_path):
    path = tmp_path / "net.svg"

    assert cli.main(["draw", "--labels", "none", "--tree", "sin(x) x", str(path)]) == 0
    assert len(nodes(path)) == 4


def test_a_path_to_the_second_largest(tmp_path, capsys):
    path = tmp_path / "net.svg"
    options = ["--path", "x", "2", "--values", '{"x": 3}', "--json"]

    assert cli.main(["draw", "let h = sigmoid(x); x h", str(path), *options]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(path)}
    assert path.read_text().count('class="marker') >= 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lables", "both"], "there is no option '--lables'. Did you mean --labels?"),
        (["--colapse=names"], "there is no option '--colapse'. Did you mean --collapse?"),
        (["--labels", "bth"], "labels='bth'; write 'symbolic', 'numeric', 'both' or 'none'"),
        (["--labels", "both"], "labels='both' needs numbers"),
        (["--path", "V"], "no value is called 'V'"),
        (["--collapse", "scor"], "Did you mean 'score'?"),
        (["--style", "cell", "--tree"], "the style 'cell' has no option 'tree'"),
        (["--digits", "many"], "digits='many'"),
    ],
)
def test_what_there_is_not_is_refused_with_one_sentence(tmp_path, capsys, options, message):
    assert cli.main(["draw", "zoo:hinge", str(tmp_path / "x.svg"), *options]) == 2
    shown = capsys.readouterr()

    assert message in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not shown.out


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, capsys):
    assert cli.main(["draw", "zoo:hinge", str(tmp_path / "no" / "x.svg")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_the_help_lists_the_options_of_all_styles(capsys):
    with pytest.raises(SystemExit, match="0") as left:
        cli.main(["draw", "--help"])
    shown = capsys.readouterr().out

    assert left.value.code == 0
    for option in ("--collapse", "--labels", "--theme", "--no-legend", "--values", "--steps"):
        assert option in shown


def test_other_commands_still_refuse_what_they_do_not_know(capsys):
    with pytest.raises(SystemExit, match="2") as left:
        cli.main(["zoo", "--lables"])

    assert left.value.code == 2
    assert "unrecognized arguments: --lables" in capsys.readouterr().err


# --- every option, as it may be typed -----------------------------------------------------------


def lines_of_every_option():
    """Every option of every style, with a value, once with a space and once with =."""
    values = {
        "wrt": ["W"], "labels": ["none"], "labels_as": ["map"], "beside": ["names"],
        "shared": ["once"], "path": ["W"], "paths": ["W", "2"], "collapse": ["score", "margin"],
        "expand": ["score", "margin"], "hide": ["constants", "ones"], "show": ["constants"],
        "fold": ["affine"], "direction": ["LR"], "title": ["a = b"], "language": ["zh"],
        "digits": ["3"], "steps": ["2"],
    }  # fmt: skip
    for name, parameter in inspect.signature(graph_view).parameters.items():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        flag = f"--{name.replace('_', '-')}"
        if isinstance(parameter.default, bool):
            yield [flag]
            yield [f"--no-{flag[2:]}"]
            continue
        first, *others = values[name]
        yield [flag, first, *others]
        yield [f"{flag}={first}", *others]


@pytest.mark.parametrize("options", list(lines_of_every_option()), ids=" ".join)
def test_every_option_can_be_typed_in_both_ways(tmp_path, capsys, options):
    path = tmp_path / "net.svg"
    loss = "zoo:rnn" if "steps" in options[0] else "zoo:hinge"
    code = cli.main(["draw", loss, str(path), *options])

    assert (code, capsys.readouterr().err) == (0, "")
    assert nodes(path)


def test_words_behind_a_sign_of_equality_are_one_list(tmp_path):
    apart, joined = tmp_path / "a.svg", tmp_path / "b.svg"
    cli.main(["draw", "zoo:hinge", str(apart), "--collapse", "score", "margin"])
    cli.main(["draw", "zoo:hinge", str(joined), "--collapse=score", "margin"])

    assert len(nodes(apart)) == len(nodes(joined)) == 8


def test_the_help_tells_what_every_option_means_and_takes(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["draw", "--help"])
    text = " ".join(capsys.readouterr().out.split())

    assert "--labels-as {factor,map}" in text
    assert "--hide {constants,ones} [{constants,ones} ...] what is left away" in text
    assert "VALUE of" not in text


def test_options_may_stand_between_the_network_and_the_file(tmp_path):
    between, behind = tmp_path / "a.svg", tmp_path / "b.svg"
    for name in ("draw", "slides"):
        options = ["--title", "Loss", "--digits", "3"]
        paths = [
            one.with_suffix(".svg" if name == "draw" else ".html") for one in (between, behind)
        ]

        assert cli.main([name, "zoo:hinge", *options, str(paths[0])]) == 0
        assert cli.main([name, "zoo:hinge", str(paths[1]), *options]) == 0
        assert paths[0].read_bytes() == paths[1].read_bytes()
