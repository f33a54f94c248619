"""Saved models: safetensors and npz, read back by others, whole or not at all."""

import os
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

import symgraph as sg
from symgraph.errors import (
    KindError,
    ShapeError,
    StorageError,
    SymgraphError,
    UnknownNameError,
    UnsupportedError,
)
from symgraph.train.locks import try_lock

ADAM = sg.optim.Adam(0.1)
DATA = {"x": np.arange(10.0)}


def model() -> sg.Model:
    x, w = sg.input("x", "N"), sg.parameter("w", init=0.5)
    b = sg.parameter("b", 2, init=[1.0, 2.0])
    seen = sg.state("seen", init=3.0)
    return sg.Model(
        loss=sg.mean((w + sg.sum(b) - x) ** 2) + 0 * seen, inputs=[x], updates={seen: seen + 1}
    )


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_parameters_and_states_come_back(tmp_path, suffix):
    first, second = model(), model()
    first.fit(DATA, optimizer=ADAM, epochs=2)
    first.save(tmp_path / f"net{suffix}")
    second.load(tmp_path / f"net{suffix}")

    assert second.parameters.flat.tobytes() == first.parameters.flat.tobytes()
    assert float(second.states["seen"]) == 5.0


def test_a_safetensors_file_is_read_without_symgraph(tmp_path):
    model().save(tmp_path / "net.safetensors")

    arrays = safetensors.numpy.load_file(tmp_path / "net.safetensors")
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "b": [1.0, 2.0], "seen": 3.0, "w": 0.5
    }  # fmt: skip


def test_an_npz_file_is_read_without_symgraph(tmp_path):
    first = model()
    first.fit(DATA, optimizer=ADAM)
    first.save(tmp_path / "net.npz")

    with np.load(tmp_path / "net.npz", allow_pickle=False) as archive:
        assert sorted(archive.files) == ["b", "seen", "w"]
        assert archive["b"].tolist() == first.parameters["b"].tolist()


def test_a_file_written_by_others_is_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.float32(7), b=np.ones(2), seen=0)
    safetensors.numpy.save_file(
        {"w": np.array(8.0), "b": np.ones(2), "seen": np.array(0.0)}, tmp_path / "a.safetensors"
    )
    loaded = model()

    loaded.load(tmp_path / "a.npz")
    assert float(loaded.parameters["w"]) == 7.0
    loaded.load(tmp_path / "a.safetensors")
    assert float(loaded.parameters["w"]) == 8.0


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_the_same_model_gives_the_same_bytes(tmp_path, suffix):
    for name in ("a", "b"):
        model().save(tmp_path / f"{name}{suffix}")

    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("name", ["file", "../up", "a.npy", "权重", "a b", "allow_pickle"])
@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_any_name_comes_back(tmp_path, name, suffix):
    def named(start):
        return sg.Model(loss=sg.parameter(name, init=start) ** 2, inputs=[])

    named(2.0).save(tmp_path / f"net{suffix}")
    loaded = named(1.0)
    loaded.load(tmp_path / f"net{suffix}")

    assert float(loaded.parameters[name]) == 2.0
    assert [path.name for path in tmp_path.iterdir()] == [f"net{suffix}"]


def test_a_training_goes_on_from_a_file_to_the_same_bits(tmp_path):
    settings = {"optimizer": ADAM, "batch_size": 3, "clip_norm": 5.0}
    whole, first, second = model(), model(), model()
    expected = whole.fit(DATA, epochs=6, **settings)
    first.fit(DATA, epochs=4, **settings)
    first.save(tmp_path / "net.safetensors")
    second.load(tmp_path / "net.safetensors")
    rest = second.fit(DATA, epochs=6, **settings, resume=True)

    assert rest.epochs == [5, 6]
    assert rest["loss"] == expected["loss"][4:]
    assert second.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
    assert second.states.flat.tobytes() == whole.states.flat.tobytes()


def test_a_learning_rate_that_a_callback_changed_is_kept_when_resuming(tmp_path):
    def halve(model, history):
        model.learning_rate /= 2

    first, second = model(), model()
    first.fit(DATA, optimizer=ADAM, epochs=2, callbacks=[halve])
    first.save(tmp_path / "net.safetensors")
    first.fit(DATA, optimizer=ADAM, epochs=3, resume=True)
    assert first.learning_rate == 0.025
    first.fit(DATA, optimizer=sg.optim.Adam(0.5), epochs=4, resume=True)
    assert first.learning_rate == 0.5
    second.load(tmp_path / "net.safetensors")
    second.fit(DATA, optimizer=ADAM, epochs=3, resume=True)
    assert second.learning_rate == 0.025
    second.load(tmp_path / "net.safetensors")
    second.fit(DATA, optimizer=sg.optim.Adam(0.5), epochs=3, resume=True)
    assert second.learning_rate == 0.5


def test_a_file_of_another_optimizer_is_not_resumed(tmp_path):
    first, second = model(), model()
    first.fit(DATA, optimizer=ADAM)
    first.save(tmp_path / "net.safetensors")
    second.load(tmp_path / "net.safetensors")

    with pytest.raises(UnsupportedError, match=r"holds the slots \['m_b', .* this optimizer has"):
        second.fit(DATA, optimizer=sg.optim.SGD(0.1), epochs=2, resume=True)


def test_bad_files_are_refused_before_anything_changes(tmp_path):
    loaded, values = model(), {"w": np.array(9.0), "b": np.ones(2), "seen": np.array(0.0)}

    def refused(error, message, suffix=".safetensors", **changes):
        kept = {k: v for k, v in (values | changes).items() if v is not None}
        save = safetensors.numpy.save_file if suffix == ".safetensors" else None
        path = tmp_path / f"bad{suffix}"
        save(kept, path) if save else np.savez(path, **kept)
        with pytest.raises(error, match=message):
            loaded.load(path)
        assert float(loaded.parameters["w"]) == 0.5

    refused(ShapeError, r"parameter 'b' has shape \(2,\), and the array given \(3,\)", b=np.ones(3))
    refused(UnknownNameError, r"'bad.safetensors' has no 'b'; it holds 'seen', 'w'", b=None)
    refused(UnknownNameError, r"'B' is not a parameter or state; did you mean 'b'", B=np.ones(2))
    refused(KindError, "parameter 'b': an array of dtype <U1", ".npz", b=np.array(["a", "b"]))
    refused(
        UnsupportedError, r"'bad.npz' is not a readable .npz", ".npz", b=np.array([object()] * 2)
    )


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 100, b"PK\x03\x04 cut off"])
def test_damaged_files_are_refused(tmp_path, suffix, content):
    (tmp_path / f"net{suffix}").write_bytes(content)

    with pytest.raises(UnsupportedError, match=rf"'net\{suffix}' is not a readable \{suffix} file"):
        model().load(tmp_path / f"net{suffix}")


def test_a_damaged_archive_is_told_without_advice_to_read_it_carelessly(tmp_path):
    model().save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    at = whole.index(np.float64(0.5).tobytes())
    np.savez(tmp_path / "objects.npz", w=np.array([None, "a"]))
    for name, content, why in (
        ("short.npz", whole[:100], "it is cut short, or never was one"),
        ("text.npz", b"hello" * 99, "it is cut short, or never was one"),
        ("bit.npz", whole[:at] + b"\x01" + whole[at + 1 :], "a part of it is damaged"),
        ("objects.npz", None, "it holds no arrays of numbers"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(UnsupportedError, match=f"'{name}' is not a readable .*{why}") as told:
            model().load(tmp_path / name)
        assert "pickle" not in str(told.value)


def test_what_a_file_says_about_the_training_is_not_trusted(tmp_path):
    arrays = {"w": np.array(9.0), "b": np.ones(2), "seen": np.array(0.0)}
    for text in (
        "[",
        "3",
        '{"training": 3}',
        '{"training": {"position": {"a": 1}, "slots": []}}',
        '{"training": {"position": {"epoch": -1}, "slots": []}}',
        '{"training": {"position": {"step": "1"}, "slots": []}}',
        '{"training": {"position": {"sums": {"loss": "a"}}, "slots": []}}',
        '{"training": {"position": {}, "slots": 3}}',
        "[" * 100_000,
    ):
        safetensors.numpy.save_file(arrays, tmp_path / "a.safetensors", {"symgraph": text})
        with pytest.raises(UnsupportedError, match="what the file says about the training cannot"):
            model().load(tmp_path / "a.safetensors")


def test_missing_files_and_other_suffixes_are_refused(tmp_path):
    for suffix in (".safetensors", ".npz"):
        with pytest.raises(FileNotFoundError, match="net"):
            model().load(tmp_path / f"net{suffix}")
    with pytest.raises(UnsupportedError, match=r"save: 'net\.pkl' ends in '\.pkl', and values are"):
        model().save(tmp_path / "net.pkl")
    with pytest.raises(UnsupportedError, match=r"load: 'net\.pt' ends in '\.pt', and values are"):
        model().load(tmp_path / "net.pt")
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    model().save(tmp_path / "net.npz")
    old = (tmp_path / "net.npz").read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    changed = model()
    changed.parameters["w"] = 4.0
    with pytest.raises(OSError, match="No space left"):
        changed.save(tmp_path / "net.npz")

    assert (tmp_path / "net.npz").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


KILLED = """
import os, signal, sys
import symgraph as sg
from symgraph.train import store
model = sg.Model(loss=sg.parameter("w", 100000, init=2.0) @ sg.parameter("v", 100000), inputs=[])
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
model.save(sys.argv[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 is a thing of POSIX")
def test_a_process_killed_while_saving_leaves_the_old_file(tmp_path):
    path = tmp_path / "net.safetensors"
    old = sg.Model(loss=sg.parameter("w", 100000, init=1.0) @ sg.parameter("v", 100000), inputs=[])
    old.save(path)
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2

    old.load(path)
    assert old.parameters["w"][0] == 1.0
    old.save(path)
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_dead_process_left_is_swept_at_once_and_what_a_living_one_writes_is_not(tmp_path):
    path = tmp_path / "net[1].npz"
    dead, living = tmp_path / ".net[1].npz.1ab.tmp", tmp_path / ".net[1].npz.2cd.tmp"
    dead.write_bytes(b"half")
    with living.open("xb") as file:
        assert try_lock(file.fileno())
        model().save(path)

        assert sorted(tmp_path.iterdir()) == [living, path]
    model().save(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_missing_is_one_line(tmp_path):
    with pytest.raises(
        StorageError, match=r"^save: '.*gone/net\.npz' cannot be written: No such file [^\n]*$"
    ):
        model().save(tmp_path / "gone" / "net.npz")


def test_a_missing_folder_is_told_as_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"load: there is no file or folder .*nope"):
        sg.Model(sg.parameter("w") ** 2, []).load(tmp_path / "nope")


def written_by(tmp_path):
    """What writes a file or a folder, by the suffix of its name."""
    model = line()
    history = model.fit({"x": [1.0], "y": [1.0]})
    table = sg.sweep(lambda rate: line(), {"rate": [1]}, {"x": [1.0], "y": [1.0]}, epochs=1)
    t = sg.input("t")
    return {
        "a.npz": model.save,
        "a.safetensors": model.save,
        "a.py": model.export,
        "a.csv": history.save,
        "b.csv": table.save,
        "b.jsonl": table.save,
        "b.py": sg.compile([t], t**2).save,
        "c.py": sg.compile([t], t**2, style="array").save,
        "c.js": sg.javascript(t**2).save,
        "c.svg": sg.draw(t**2).save,
    }


def line():
    x, y, w = sg.input("x", "N"), sg.input("y", "N"), sg.parameter("w")
    return sg.Model(sg.mean((w * x - y) ** 2), [x, y], {"line": w * x})


def test_what_cannot_be_written_says_where_and_nothing_else_is_raised(tmp_path):
    for name, save in written_by(tmp_path).items():
        suffix = name[name.index(".") :]
        (tmp_path / f"taken{suffix}").mkdir(exist_ok=True)
        for path in (tmp_path / "no" / name, tmp_path / f"taken{suffix}", "x" * 300 + suffix):
            with pytest.raises(SymgraphError, match=r"cannot be written: .+\. "):
                save(path)
        for path in (3, None, b"a.npz", "a\0b" + suffix):
            with pytest.raises(SymgraphError, match=r"path|cannot be written"):
                save(path)
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.is_file()) == []
    with pytest.raises(sg.StorageError, match=r"export: .* cannot be written"):
        sg.compile([sg.input("t")], sg.input("t")).export("/dev/null/a")


def test_a_model_that_there_is_not_is_told_for_any_name(tmp_path):
    for name in ("no.npz", "no.safetensors", "x" * 300 + ".npz", "no/no.npz"):
        with pytest.raises(sg.MissingFileError, match="there is no file or folder"):
            line().load(tmp_path / name)


def test_an_output_of_an_exported_graph_keeps_its_name(tmp_path):
    pytest.importorskip("onnx", reason="onnx is not installed")
    x = sg.input("x", ("N", 3))
    outputs = {name: sg.relu(x) * 2 + 1 for name in ("c", "add", "mul", "max", "shape", "c_2")}
    exported = sg.to_onnx([x], outputs)
    assert [place.name for place in exported.graph.output] == [*outputs]
    with pytest.raises(sg.StorageError, match=r"no.*net\.onnx.* cannot be written"):
        sg.to_onnx([x], outputs, tmp_path / "no" / "net.onnx")
