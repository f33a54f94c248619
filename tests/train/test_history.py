"""The history of a training: data, table, files and figure."""

import csv
import json
import math
import sys

import pytest

import symgraph as sg
from symgraph.errors import UnknownNameError, UnsupportedError


def history(epochs: int = 3) -> sg.History:
    made = sg.History()
    for epoch in range(1, epochs + 1):
        made.record(epoch, {"loss": 1 / epoch, "val_loss": 0.1 + 0.2})
    return made


def test_columns_are_lists_of_numbers_by_name():
    made = history()

    assert made["loss"] == [1.0, 0.5, 1 / 3]
    assert made.epochs == [1, 2, 3]
    assert list(made) == ["loss", "val_loss"]
    assert "loss" in made
    assert "accuracy" not in made
    assert made.to_dict() == {
        "epoch": [1, 2, 3], "loss": [1.0, 0.5, 1 / 3], "val_loss": [0.1 + 0.2] * 3
    }  # fmt: skip


def test_its_names_and_numbers_show_themselves_as_those_of_a_dictionary():
    made = sg.History()
    made.record(1, {"loss": 0.5, "val_loss": 0.75})

    assert repr(made.keys()) == "dict_keys(['loss', 'val_loss'])"
    assert repr(made.values()) == "dict_values([[0.5], [0.75]])"
    assert repr(made.items()) == "dict_items([('loss', [0.5]), ('val_loss', [0.75])])"
    assert dict(made) == {"loss": [0.5], "val_loss": [0.75]}


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(
        UnknownNameError, match=r"'los' is not a measured value; did you mean 'loss"
    ):
        _ = history()["los"]


def test_the_text_is_a_table_and_long_ones_are_cut_in_the_middle():
    assert repr(history()).splitlines() == [
        "epoch      loss  val_loss",
        "    1         1       0.3",
        "    2       0.5       0.3",
        "    3  0.333333       0.3",
    ]
    lines = repr(history(100)).splitlines()
    assert len(lines) == 14
    assert lines[7] == "... 88 more ..."
    assert lines[8].split()[0] == "95"


def test_the_text_says_why_training_stopped():
    made = history(1)
    made.stopped = "interrupted"

    assert str(made).splitlines()[-1] == "stopped: interrupted"


def test_an_empty_history_has_a_text():
    assert str(sg.History()) == "epoch"


def test_a_csv_file_reads_back_equal(tmp_path):
    history().save(tmp_path / "run.csv")

    with (tmp_path / "run.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == [1.0, 0.5, 1 / 3]
    assert float(rows[0]["val_loss"]) == 0.30000000000000004


def test_a_json_lines_file_reads_back_equal(tmp_path):
    history().save(tmp_path / "run.jsonl")

    rows = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert rows[2] == {"epoch": 3, "loss": 1 / 3, "val_loss": 0.30000000000000004}
    assert len(rows) == 3


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UnsupportedError, match=r"'run\.pkl' ends in '\.pkl', and a history is"):
        history().save(tmp_path / "run.pkl")
    assert list(tmp_path.iterdir()) == []


def test_the_figure_shows_every_column_over_the_epochs():
    pytest.importorskip("matplotlib")

    axes = history().plot().axes[0]
    assert [line.get_label() for line in axes.lines] == ["loss", "val_loss"]
    assert list(axes.lines[0].get_xdata()) == [1, 2, 3]
    assert list(axes.lines[0].get_ydata()) == [1.0, 0.5, 1 / 3]
    assert axes.get_xlabel() == "epoch"
    assert [line.get_label() for line in history().plot("loss").axes[0].lines] == ["loss"]


def test_validation_is_dashed_in_the_colour_of_training_under_a_title():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: it draws the figure")
    axes = history().plot(log=True).axes[0]

    drawn = {line.get_label(): line for line in axes.lines}
    assert drawn["val_loss"].get_linestyle() == "--"
    assert drawn["loss"].get_linestyle() == "-"
    assert drawn["val_loss"].get_color() == drawn["loss"].get_color()
    assert (axes.get_xlabel(), axes.get_yscale()) == ("epoch", "log")
    assert "loss" in axes.get_title()


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(UnsupportedError, match=r"pip install 'symgraph\[plot\]'$") as caught:
        history().plot()
    assert "\n" not in str(caught.value)


def test_a_fitted_model_fills_one_row_an_epoch():
    w = sg.parameter("w", init=1.0)
    made = sg.Model(loss=w**2, inputs=[], metrics={"w": w}).fit(
        {}, optimizer=sg.optim.SGD(0.25), epochs=3
    )

    assert made.to_dict() == {
        "epoch": [1, 2, 3], "loss": [1.0, 0.25, 0.0625], "w": [1.0, 0.5, 0.25]
    }  # fmt: skip
    assert made.stopped == ""
    assert all(math.isfinite(value) for value in made["loss"])
