"""`symgraph plot`: formulas and functions by name, over ranges that are written as text."""

import pytest

from symgraph import cli
from symgraph.draw import plots

pytest.importorskip("matplotlib")


@pytest.fixture
def seen(monkeypatch):
    """The plots that were saved."""
    found = []
    monkeypatch.setattr(plots.Plot, "save", lambda plot, path: found.append(plot))
    return found


def test_functions_are_plotted_by_name_beside_formulas(seen):
    command = ["plot", "tanh", "x³ - x", "out.svg", "--range", "-2,2", "--points", "5"]

    assert cli.main(command) == 0
    tanh, cubic = seen[0].curves
    assert tanh.y.round(6).tolist() == [-0.964028, -0.761594, 0.0, 0.761594, 0.964028]
    assert cubic.y.tolist() == [-6.0, 0.0, 0.0, 0.0, 6.0]
    assert cubic.slope.tolist() == [11.0, 2.0, -1.0, 2.0, 11.0]


def test_other_variables_have_values(seen):
    command = ["plot", "a x + b_1", "out.svg", "--range", "x=0,2", "--points", "3"]

    assert cli.main([*command, "--values", '{"a": 2, "b1": 1}', "--no-derivative"]) == 0
    (line,) = seen[0].curves
    assert line.y.tolist() == [1.0, 3.0, 5.0]
    assert line.slope is None


def test_a_function_of_two_numbers_is_a_surface(tmp_path):
    path = tmp_path / "surface.svg"

    ranges = ["--range", "x1=-1,1", "x_2=0,1", "--points", "5"]
    assert cli.main(["plot", "x_1² - x_2", str(path), *ranges]) == 0
    assert path.stat().st_size > 1000


@pytest.mark.parametrize("text", ["x=1", "1", "x=a,b", "x=0,1,2", "x=3,1"])
def test_a_range_that_is_none_is_refused_in_one_sentence(text, capsys):
    assert cli.main(["plot", "sin(x)", "out.svg", "--range", text]) == 2
    assert capsys.readouterr().err.startswith("symgraph: DrawError: plot: ")
