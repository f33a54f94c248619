"""zoo:NAME in every command that takes a network."""

import json

import pytest

from symgraph import cli, zoo
from symgraph.walks import variables
from symgraph.zoo import pages

SOME = ["hinge", "lstm", "perceptron"]


def run(capsys, *arguments):
    code = cli.main([str(one) for one in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def has_parameters(name):
    found = zoo.built(name)
    return any(v.role == "parameter" for v in variables([getattr(found, "loss", found)]))


@pytest.mark.parametrize("name", [name for name in zoo.names() if has_parameters(name)])
def test_every_system_with_parameters_trains(name, capsys):
    if name.startswith("digits"):
        pytest.skip("tests/test_train_command.py trains it on its data")
    system = {"cbow-vectors": "cbow-vectors,context=3"}.get(name, name)
    code, out, err = run(capsys, "train", f"zoo:{system}", "--epochs", 2, "--json")

    assert code == 0, err
    assert json.loads(out)["epochs"] == 2


@pytest.mark.parametrize("name", [name for name in zoo.names() if not has_parameters(name)])
def test_a_system_without_parameters_says_so_in_one_line(name, capsys):
    code, out, err = run(capsys, "train", f"zoo:{name}")

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"train: zoo:{name} has no parameters that could be trained" in err


def test_an_open_size_of_a_parameter_is_refused_in_training(capsys):
    code, _, err = run(capsys, "train", "zoo:cbow-vectors")

    assert (code, err.count("\n")) == (2, 1)
    assert "parameter 'V' has shape (C, 3), and its sizes must be numbers" in err


@pytest.mark.parametrize("name", zoo.names())
def test_every_system_is_derived_in_both_languages(name):
    lang, heading = (("en", "Result"), ("zh", "结果"))[zoo.names().index(name) % 2]

    assert f"\n{heading}\n" in pages.derivation(zoo.built(name), lang)


@pytest.mark.parametrize("name", SOME)
def test_some_systems_in_the_other_commands(name, tmp_path, capsys):
    for arguments in (
        ["slides", f"zoo:{name}", tmp_path / "deck.tex"],
        ["explore", f"zoo:{name}", tmp_path / "page.html"],
        ["compile", f"zoo:{name}", tmp_path / "net.js", "--target", "js"],
        ["compile", f"zoo:{name}", tmp_path / "net.pyx", "--target", "cython"],
        ["check", f"zoo:{name}"],
        ["derive", f"zoo:{name}", "--lang", "zh"],
        ["zoo", name],
    ):
        code, out, err = run(capsys, *arguments)
        assert code == 0, (arguments[0], err)
        assert out


@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        ("sigmoid", ["z=-3,3"]),
        ("wall,steps=9", ["w=0,6", "b=-4,1"]),
        ("quadratic", ["x=-1,1", "y=-1,1"]),
    ],
)
def test_functions_of_one_and_two_numbers_are_plotted(name, ranges, tmp_path, capsys):
    file = tmp_path / "plot.svg"
    code, _, err = run(capsys, "plot", f"zoo:{name}", file, "--range", *ranges)

    assert code == 0, err
    assert file.stat().st_size > 1000


def test_the_influence_of_earlier_states_is_measured(capsys):
    values = {"h0": 0.0, "w": 0.8, "x": [1.0] * 5}
    code, out, err = run(
        capsys, "influence", "zoo:rnn-scalar", "--values", json.dumps(values), "--json"
    )

    assert code == 0, err
    assert json.loads(out)


def test_the_influence_in_a_system_is_measured_at_drawn_values(capsys):
    code, out, err = run(capsys, "influence", "zoo:lstm", "--of", "C")
    again = run(capsys, "influence", "zoo:lstm", "--of", "C")

    assert (code, again[1]) == (0, out)
    assert "drawn at random" in err


def test_training_takes_options_and_the_numbers_of_the_lecture(capsys):
    code, out, err = run(capsys, "train", "zoo:perceptron", "--epochs", 5, "--json")
    before = json.loads(out)["measured"]["loss"]
    code, out, err = run(capsys, "train", "zoo:perceptron", "--epochs", 6, "--json")

    assert code == 0, err
    assert "drawn at random" not in err
    assert (before, json.loads(out)["measured"]["loss"]) == (0.25, 0.0)
    code, _, _ = run(capsys, "train", "zoo:perceptron,features=5", "--epochs", 1)
    assert code == 0
