"""The systems of the zoo: what every one of them gives, and the commands that know them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import symgraph as sg
from symgraph import cli, zoo
from symgraph.network import load_network
from symgraph.walks import variables

SYSTEMS = zoo.names()
NUMBERS = Path(__file__).parents[1] / "lectures" / "lecture_numbers.json"


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_variable_of_a_system_is_listed_in_its_description(name):
    text = zoo.description(name)["doc"]
    listed = text.partition("Variables: ")[2]

    for leaf in variables([load_network(f"zoo:{name}")]):
        stem = leaf.name.rstrip("0123456789").partition("_")[0]
        assert stem in listed, f"{name}: {leaf.name} is not in {listed!r}"


def test_the_list_is_grouped_by_topic(capsys):
    assert cli.main(["zoo"]) == 0
    lines = capsys.readouterr().out.splitlines()

    losses = lines.index("losses:")
    assert lines[losses + 1].split(maxsplit=2)[:2] == ["hinge", "The"]
    assert sum(line.startswith("  ") for line in lines) == len(SYSTEMS)
    assert [name for names in zoo.topics().values() for name in names] == SYSTEMS


def test_one_system_is_shown_with_its_formulas_and_its_source(capsys):
    assert cli.main(["zoo", "hinge"]) == 0
    page = capsys.readouterr().out

    assert page.startswith("The hinge loss max{1 - W·φ(x) y, 0}")
    assert "\n  margin = score y\n" in page
    assert '\n    return sg.let("loss", sg.maximum(1 - margin, 0))\n' in page
    assert page.count("The hinge loss") == 1


def test_one_system_is_data_too(capsys):
    assert cli.main(["zoo", "squared", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)

    assert shown["formulas"] == ["residual = W·φ(x) − y", "loss = residual²"]


def test_a_misspelled_system_is_refused_with_the_nearest_one(capsys):
    assert cli.main(["zoo", "lstn"]) == 2
    assert "Did you mean 'lstm'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("operation", "labels"),
    [
        ("+", ["1", "1"]),
        ("-", ["1", "-1"]),
        ("*", ["in2", "in1"]),
        ("max", ["1[in1 > in2]", "1[in1 < in2]"]),
        ("square", ["2 in"]),
        ("σ", ["out (1 - out)"]),
    ],
)
def test_the_building_blocks_have_the_labels_of_the_lecture(operation, labels):
    block = zoo.builder("building-block")(operation)
    derivation = sg.derive(block, variables([block]))

    assert [str(one).partition(" = ")[2] for one in derivation.results] == labels


def test_what_holds_for_the_targets_of_a_system_is_used_on_the_command_line(capsys):
    assert cli.main(["derive", "zoo:softmax", "--wrt", "net", "--format", "unicode"]) == 0

    assert capsys.readouterr().out.splitlines()[-1] == "  dL/dnet = ŷ − d"


def test_a_system_takes_options_behind_its_name(capsys):
    assert cli.main(["derive", "zoo:lstm,coupled=yes,hidden=5,steps=4", "--wrt", "W_f"]) == 0
    page = capsys.readouterr().out

    assert "C_t = f_t * C_{t-1} + (1 - f_t) * C̃_t" in page
    loss = load_network("zoo:lstm,peepholes=fo,hidden=4")
    assert {leaf.name: leaf.shape for leaf in variables([loss])}["W_f"] == (4, 10)
    assert {leaf.name: leaf.shape for leaf in variables([loss])}["W_i"] == (4, 6)


def test_an_option_may_be_a_function_known_or_abstract():
    known, own = zoo.built("x-sigma-x,function=tanh"), zoo.built("score,function=φ")

    assert sg.evaluate(known, {"x": 0.3}) == pytest.approx(0.3 * math.tanh(0.3))
    assert "φ(x1)" in str(own)


def test_two_loops_in_both_directions_give_the_numbers_of_the_lecture():
    row = json.loads(NUMBERS.read_text(encoding="utf-8"))["S4-72"]
    loss = zoo.built("bidirectional,inputs=3")
    named = {"U": "U_f", "W": "W_f", "U_g": "U_b", "W_g": "W_b", "V": "V", "x": "x"}
    values = {name: row["inputs"][key] for name, key in named.items()}

    found = sg.evaluate(loss, {**values, "h0": [0, 0], "g0": [0, 0]})
    assert found == pytest.approx(row["expect"]["loss"], rel=1e-9)


def test_the_error_of_a_recurrent_unit_has_a_wall():
    loss = zoo.built("wall").loss
    w = next(leaf for leaf in variables([loss]) if leaf.params[0] == "w")
    slope = sg.grad(loss, w)
    wall = 0.5 - 6 / (1 + math.exp(-0.5))

    sides = [sg.evaluate(slope, {"w": 6, "b": wall + away}) for away in (-0.1, 0.1)]
    assert sides == pytest.approx([-0.00332063679, 0.05999524503], rel=1e-5)
    at_wall = sg.evaluate(slope, {"w": 6, "b": wall})
    assert at_wall == pytest.approx(-1600429.056, rel=1e-3)


def test_an_image_that_enters_once_gives_the_numbers_of_the_lecture():
    row = json.loads(NUMBERS.read_text(encoding="utf-8"))["S4-73"]
    network = zoo.built("captioning")
    named = {"v": "img", "I": "W_img", "U": "W_x", "W": "W_h", "V": "W_o"}
    values = {name: row["inputs"][key] for name, key in named.items()}
    *before, _ = words = [[float(k == word) for k in range(4)] for word in row["inputs"]["seq"]]
    values |= {"h0": [0.0] * 3, "w": before, "d": words[1:]}
    leaves = {leaf.name: leaf for leaf in variables([network.loss])}

    assert sg.evaluate(network.loss, values) == pytest.approx(row["expect"]["loss"], rel=1e-9)
    for name, key in (("I", "dW_img"), ("W", "dW_h")):
        slope = sg.evaluate(sg.grad(network.loss, leaves[name]), values)
        assert slope.ravel() == pytest.approx(np.ravel(row["expect"][key]), rel=1e-9)
