"""`symgraph train`: settings on the command line and in TOML, exit codes, and interruptions."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import symgraph as sg
from symgraph import cli
from symgraph.zoo import corpora
from symgraph.zoo.corpora import reference_text
from symgraph.zoo.language import char_lstm
from symgraph.zoo.own_data import own_data

SCRIPT = """
import symgraph as sg

def make(hidden=4, classes=3):
    x, y = sg.input("x", ("N", 2)), sg.input("y", "N", kind="integer")
    z = sg.nn.dense(sg.nn.dense(x, hidden, "h", "tanh"), classes, "z")
    return sg.Model(sg.mean(sg.cross_entropy(z, y)), [x, y], outputs={"z": z})

model = make()
loss = sg.mean((sg.input("x", ("N", 2)) @ sg.parameter("w", 2) - 1) ** 2)
"""

RUN = """
model = "net.py:make"
data = "points.npz"
epochs = 3
batch_size = 16
seed = 3
save = "net.npz"
log = "log.csv"

[sizes]
hidden = 5

[optimizer]
name = "Momentum"
learning_rate = 0.05
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(50, 2))
    y = (x > 0).sum(axis=1)
    np.savez(tmp_path / "points.npz", x=x, y=y)
    table = "\n".join(f"{a!r},{b!r},{c}" for (a, b), c in zip(x.tolist(), y.tolist(), strict=True))
    (tmp_path / "points.csv").write_text(f"left,right,kind\n{table}\n")
    (tmp_path / "net.py").write_text(SCRIPT)
    (tmp_path / "run.toml").write_text(RUN)
    return tmp_path


def train(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main(["train", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_file_of_settings_trains_what_a_script_with_them_trains(capsys, folder):
    code, out, err = train(capsys, folder / "run.toml", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)

    data = dict(np.load(folder / "points.npz"))
    x, y = sg.input("x", ("N", 2)), sg.input("y", "N", kind="integer")
    z = sg.nn.dense(sg.nn.dense(x, 5, "h", "tanh"), 3, "z")
    model = sg.Model(sg.mean(sg.cross_entropy(z, y)), [x, y], seed=3)
    history = model.fit(
        data, optimizer=sg.optim.Momentum(0.05), epochs=3, batch_size=16, seed=3, progress=False
    )
    assert found["measured"] == {"loss": history["loss"][-1]}
    assert found["epochs"] == 3
    with np.load(folder / "net.npz") as saved:
        np.testing.assert_array_equal(saved["W_h"], model.parameters["W_h"])
    assert len((folder / "log.csv").read_text().splitlines()) == 4


def test_the_command_line_overrides_the_file(capsys, folder):
    code, out, _ = train(capsys, folder / "run.toml", "--epochs", 2, "--size", "hidden=7", "--json")
    assert (code, json.loads(out)["epochs"]) == (0, 2)
    with np.load(folder / "net.npz") as saved:
        assert saved["W_h"].shape == (2, 7)


@pytest.mark.parametrize("name", ["model", "make", "loss"])
def test_a_model_a_function_and_a_loss_are_trained(capsys, folder, name):
    code, out, err = train(
        capsys, f"{folder / 'net.py'}:{name}", "--data", folder / "points.npz", "--epochs", 2,
        "--target", "numpy", "--validation", 0.2, "--learning-rate", 0.1,
    )  # fmt: skip
    assert code == 0, err
    assert out.startswith("2 epochs in ")
    assert "val_loss=" in out


def test_columns_of_a_table_make_the_inputs(capsys, folder):
    run = (
        RUN.replace("points.npz", "points.csv") + '\n[columns]\nx = ["left", "right"]\ny = "kind"\n'
    )
    (folder / "run.toml").write_text(run)
    code, _, err = train(capsys, folder / "run.toml")
    assert code == 0, err


def test_a_system_of_the_zoo_brings_its_own_data(capsys, tmp_path):
    code, out, err = train(capsys, "zoo:digits", "--epochs", 1, "--learning-rate", 0.005, "--json")
    assert code == 0, err
    assert json.loads(out)["measured"]["val_accuracy"] > 0.6


def test_a_character_model_reads_its_text_in_order_and_holds_out_the_end(capsys, monkeypatch):
    part = reference_text()._replace(characters=reference_text().characters[:20_000])
    monkeypatch.setattr(corpora, "reference_text", lambda: part)
    net = "zoo:char-rnn,symbols=100,hidden=8,streams=32"
    code, out, err = train(capsys, net, "--epochs", 3, "--learning-rate", 0.02, "--json")

    assert code == 0, err
    assert 1.5 < json.loads(out)["measured"]["val_loss"] < 4


def test_a_character_model_that_knows_few_symbols_reads_the_rarest_as_one():
    net = char_lstm(symbols=4, streams=8)
    found = own_data("char-lstm", net)
    text = reference_text().characters
    often = [letter for letter, _ in Counter(text[: len(text) * 9 // 10]).most_common(3)]

    assert found is not None
    ids = found.learned["ids"].T.ravel()
    wanted = [often.index(letter) + 1 if letter in often else 0 for letter in text[:1000]]
    assert ids[:1000].tolist() == wanted
    assert ids.max() == 3
    assert found.learned["next"].shape == found.learned["ids"].shape


MISTAKES = [
    (
        "epochs = 3",
        "epoch = 3",
        r"run.toml, line 4: there is no key 'epoch'. Did you mean 'epochs'",
    ),
    ("epochs = 3", "epochs = 3.5", "run.toml, line 4: epochs is 3.5, and it is a whole number"),
    ("epochs = 3", "epochs = true", "line 4: epochs is True, and it is a whole number"),
    ("epochs = 3", "epochs = -1", "line 4: epochs is -1, and it is at least 0"),
    ("epochs = 3", "epochs = ", "this is no TOML"),
    ("epochs = 3", 'target = "cyton"', "'numpy' or 'cython'. Did you mean 'cython'"),
    ("= 16", '= "some"', "line 5: batch_size is 'some'"),
    ("seed = 3", 'dtype = "float16"', "line 6: dtype is 'float16'"),
    ("seed = 3", 'dtype = "torch.float32"', "line 6: dtype is 'torch.float32'"),
    ("hidden = 5", "hiden = 5", "takes no 'hiden'. Did you mean 'hidden'"),
    (
        '"Momentum"',
        '"Momento"',
        "line 14: there is no optimizer 'Momento'. Did you mean 'Momentum'",
    ),
    ("learning_rate", "learning_rat", "line 15: there is no setting of Momentum 'learning_rat'"),
    ("0.05", "-2", "line 15: Momentum: learning_rate is -2"),
    ("0.05", '"fast"', "line 15: Momentum: learning_rate is 'fast'"),
    ("points.npz", "pints.npz", "there is no file or folder"),
    ("net.py:make", "net.py:mak", "defines no 'mak'"),
    ("net.py:make", "zoo:digit", "Did you mean 'digits'"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES)
def test_a_mistake_is_told_by_its_line_with_exit_code_2(capsys, folder, right, wrong, message):
    (folder / "run.toml").write_text(RUN.replace(right, wrong))
    code, out, err = train(capsys, folder / "run.toml")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_numbers_that_run_away_are_a_failure(capsys, folder):
    code, out, err = train(
        capsys, f"{folder / 'net.py'}:loss", "--data", folder / "points.npz", "--optimizer", "SGD",
        "--learning-rate", "1e9", "--epochs", 50,
    )  # fmt: skip
    assert (code, out) == (1, "")
    assert "NonFiniteError: fit: epoch" in err


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    """A long training in a process of its own, which has kept a checkpoint by now."""
    process = subprocess.Popen(
        [sys.executable, "-m", "symgraph", "train", "run.toml", "--checkpoint", "run",
         "--epochs", "1000000", *options],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(sg.__file__).parent.parent)},
    )  # fmt: skip
    end = time.monotonic() + 60
    while not [*folder.glob("run/step-*.safetensors")] and time.monotonic() < end:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_in_one_line_how_to_go_on(folder, number, expected):
    process = started(folder)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == expected
    assert err == (
        "symgraph: interrupted, and kept. Go on with: symgraph train run.toml --checkpoint run "
        "--epochs 1000000 --resume\n"
    )
    kept = sorted(folder.glob("run/step-*.safetensors"))
    assert kept


def test_a_run_goes_on_where_it_was_left(capsys, folder):
    given = [folder / "run.toml", "--checkpoint", folder / "run", "--json"]
    train(capsys, *given, "--epochs", 2)
    code, out, _ = train(capsys, *given, "--epochs", 4, "--resume")
    whole = train(capsys, folder / "run.toml", "--epochs", 4, "--json")[1]
    assert code == 0
    assert json.loads(out)["measured"] == json.loads(whole)["measured"]
    code, _, err = train(capsys, *given, "--epochs", 4)
    assert code == 2
    assert "resume=True" in err


CALLBACKS = """
[callbacks.EarlyStopping]
monitor = "val_loss"
patience = 2
restore_best = true

[callbacks.BestModel]
path = "best.npz"
"""


def test_callbacks_of_a_run_stop_early_and_keep_the_best_model(folder, capsys):
    text = RUN.replace("epochs = 3", "epochs = 40\nvalidation = 0.3").replace("0.05", "2.0")
    (folder / "run.toml").write_text(text + CALLBACKS)

    code = cli.main(["train", str(folder / "run.toml"), "--json"])
    found = json.loads(capsys.readouterr().out)

    assert (code, found["stopped"]) == (0, "by a callback")
    rows = (folder / "log.csv").read_text().split()
    losses = [float(row.split(",")[-1]) for row in rows[1:]]
    assert found["epochs"] == len(losses) == losses.index(min(losses)) + 3 < 40
    best, last = np.load(folder / "best.npz"), np.load(folder / "net.npz")
    assert all((best[name] == last[name]).all() for name in ("W_h", "b_z"))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[callbacks.EarlyStoping]", "line 16: there is no callback 'EarlyStoping'. Did you mean"),
        ("[callbacks]\nEarlyStopping = 3", "line 17: EarlyStopping is 3, and it is a table"),
        (
            "[callbacks.EarlyStopping]\npatiense = 3",
            "line 17: EarlyStopping: 'patiense' is not a setting; did you mean 'patience'",
        ),
        (
            "[callbacks.EarlyStopping]\nmode = 'max'\npatience = 0",
            "line 18: EarlyStopping: patience is 0, and it must be 1 or more",
        ),
        ("[callbacks.BestModel]\npath = 'a.pt'", "line 17: BestModel: path is"),
    ],
)
def test_a_wrong_callback_is_told_by_its_line(lines, said, folder, capsys):
    (folder / "run.toml").write_text(RUN + lines)

    assert cli.main(["train", str(folder / "run.toml")]) == 2
    assert said in capsys.readouterr().err


def test_workers_tell_what_is_wrong_in_a_file_once(folder, monkeypatch, capsys):
    class Two(sg.parallel.Communicator):
        """One of two workers, both of which read the same file."""

        size = 2

        def __init__(self, rank):
            self.rank = rank

        def sum_(self, array):
            array[:] = array.max()

        def broadcast_(self, array):
            raise NotImplementedError

        def abort(self, line):
            raise NotImplementedError

    (folder / "run.toml").write_text(RUN.replace("epochs", "epocs"))
    for rank in (0, 1):
        monkeypatch.setattr("symgraph.train_command._communicator", lambda rank=rank: Two(rank))
        assert cli.main(["train", str(folder / "run.toml")]) == 2
    assert capsys.readouterr().err.count("there is no key 'epocs'") == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("net.pt", "values are kept as .safetensors or .npz"),
        ("no/net.npz", "lies in a folder that there is not"),
        ("taken.npz", "is a folder"),
    ],
)
def test_a_file_that_cannot_be_saved_is_told_before_the_training(path, said, folder, capsys):
    (folder / "taken.npz").mkdir()
    code = cli.main(["train", str(folder / "run.toml"), "--save", str(folder / path)])

    assert code in (1, 2)
    assert said in capsys.readouterr().err
    assert not (folder / "log.csv").exists()
