"""Logs of a training: read back by csv, json and TensorBoard; resumed, damaged, foreign files."""

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import symgraph as sg
from symgraph.errors import KindError, StorageError, UnsupportedError


def model():
    x, w = sg.input("x", "N"), sg.parameter("w")
    return sg.Model(sg.mean((w - x) ** 2), [x], metrics={"far": sg.mean(sg.abs(w - x))})


def fit(epochs, folder=None, one=None, **given):
    return (one or model()).fit(
        {"x": [1.0, 2.0, 4.0]}, optimizer=sg.optim.SGD(0.1), epochs=epochs, batch_size=2,
        checkpoint=folder, resume=folder is not None, progress=False, **given,
    )  # fmt: skip


def rows_of(path: Path):
    text = path.read_text()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return [
        {name: float(cell) for name, cell in row.items()}
        for row in csv.DictReader(text.splitlines())
    ]


@pytest.mark.parametrize("name", ["run.csv", "deep/er/run.jsonl"])
def test_a_log_holds_what_the_history_holds(tmp_path: Path, name: str):
    history = fit(3, log=tmp_path / name)

    assert rows_of(tmp_path / name) == history.rows()


@pytest.mark.parametrize("name", ["run.csv", "run.jsonl"])
def test_every_epoch_is_in_the_file_before_the_next_one_begins(tmp_path: Path, name: str):
    seen = []
    fit(3, log=tmp_path / name, callbacks=[lambda m, h: seen.append(len(rows_of(tmp_path / name)))])

    assert seen == [1, 2, 3]


@pytest.mark.parametrize("name", ["run.csv", "run.jsonl"])
def test_a_resumed_log_is_that_of_a_training_without_a_break(tmp_path: Path, name: str):
    fit(5, tmp_path / "whole", log=tmp_path / f"whole_{name}")
    fit(2, tmp_path / "run", log=tmp_path / name)
    fit(5, tmp_path / "run", log=tmp_path / name)

    assert (tmp_path / name).read_bytes() == (tmp_path / f"whole_{name}").read_bytes()


@pytest.mark.parametrize(
    ("name", "text"),
    [("run.csv", "epoch,loss\n1,0.5\0\n"), ("run.csv", "epoch,loss\n1\n"),
     ("run.csv", "epoch,loss\n"), ("run.jsonl", '{"epoch": 1, "loss": 0.\n')],
)  # fmt: skip
def test_a_log_whose_only_row_is_damaged_goes_on(tmp_path: Path, name: str, text: str):
    fit(3, tmp_path / "whole", log=tmp_path / f"whole_{name}")
    fit(1, tmp_path / "run")
    (tmp_path / name).write_text(text)

    fit(3, tmp_path / "run", log=tmp_path / name)

    assert (tmp_path / name).read_bytes() == (tmp_path / f"whole_{name}").read_bytes()


@pytest.mark.parametrize("name", ["run.csv", "run.jsonl"])
@pytest.mark.parametrize("cut", [1, 9, 30])
def test_rows_behind_the_checkpoint_and_half_a_line_are_not_there_twice(
    tmp_path: Path, name: str, cut: int
):
    path = tmp_path / name
    fit(5, tmp_path / "whole", log=tmp_path / f"whole_{name}")
    fit(3, tmp_path / "run", log=path, every=3)
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines(keepends=True)[-1].replace(b"3", b"4", 1)[:-cut])

    fit(5, tmp_path / "run", log=path)

    assert path.read_bytes() == (tmp_path / f"whole_{name}").read_bytes()


@pytest.mark.parametrize("name", ["run.csv", "run.jsonl"])
def test_a_log_that_is_gone_is_written_anew_from_the_checkpoint(tmp_path: Path, name: str):
    fit(2, tmp_path / "run")
    history = fit(4, tmp_path / "run", log=[tmp_path / name])

    assert rows_of(tmp_path / name) == history.rows()


def test_a_training_in_memory_that_goes_on_goes_on_in_its_log(tmp_path: Path):
    one = model()
    fit(2, one=one, log=tmp_path / "run.csv")
    one.fit(
        {"x": [1.0, 2.0, 4.0]}, optimizer=sg.optim.SGD(0.1), epochs=3, batch_size=2, resume=True,
        validation={"x": [3.0]}, log=tmp_path / "run.csv",
    )  # fmt: skip

    head, *rows = list(csv.reader((tmp_path / "run.csv").read_text().splitlines()))
    assert head == ["epoch", "loss", "far", "val_loss", "val_far"]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert [row[3] == "" for row in rows] == [True, True, False]


def test_a_training_that_begins_anew_begins_its_log_anew(tmp_path: Path):
    fit(4, log=tmp_path / "run.csv")
    history = fit(2, log=tmp_path / "run.csv")

    assert rows_of(tmp_path / "run.csv") == history.rows()


@pytest.mark.parametrize("text", ["name,age\nAda,36\n", "epoch,loss\n1,0.5\n2,x,3\n3,0.2\n"])
def test_a_file_that_is_no_log_is_refused_and_left_as_it_is(tmp_path: Path, text: str):
    (tmp_path / "people.csv").write_text(text)
    one = model()

    with pytest.raises(UnsupportedError, match=r"log '.*people.csv' is no log of a training"):
        fit(2, one=one, log=tmp_path / "people.csv")
    assert (tmp_path / "people.csv").read_text() == text
    assert one.parameters["w"] == 0


def test_places_that_cannot_be_logs_are_refused_before_training(tmp_path: Path):
    one = model()
    with pytest.raises(UnsupportedError, match=r"log 'run.txt' ends in '.txt'"):
        fit(2, one=one, log="run.txt")
    with pytest.raises(KindError, match="log is 7, and it is the name of a file"):
        fit(2, one=one, log=7)
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(StorageError, match=r"log '.*a.csv' cannot be written"):
        fit(2, one=one, log=tmp_path / "a.csv")
    assert one.parameters["w"] == 0


def events(folder: Path, tag: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what TensorBoard imports
        loader = pytest.importorskip(
            "tensorboard.backend.event_processing.event_accumulator",
            reason="tensorboard is not installed: it reads the events back",
        )
        read = loader.EventAccumulator(str(folder))
        read.Reload()
    return [(event.step, event.value) for event in read.Scalars(tag)]


def test_tensorboard_reads_every_epoch_once_also_after_a_resume(tmp_path: Path):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed: it writes events")
    place = f"tensorboard:{tmp_path / 'events'}"
    fit(3, tmp_path / "run", log=place, every=2, callbacks=[stop_after(3)])
    history = fit(5, tmp_path / "run", log=[place, tmp_path / "run.csv"], validation={"x": [3.0]})

    assert events(tmp_path / "events", "loss") == [
        (epoch, np.float32(loss))
        for epoch, loss in zip(history.epochs, history["loss"], strict=True)
    ]
    assert [step for step, _ in events(tmp_path / "events", "val_loss")] == [4, 5]


def stop_after(epoch):
    return lambda model, history: history.epochs[-1] == epoch


def test_without_tensorboardx_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboardX", None)

    with pytest.raises(UnsupportedError, match=r"pip install 'symgraph\[tensorboard\]'$"):
        fit(1, log="tensorboard:runs")
