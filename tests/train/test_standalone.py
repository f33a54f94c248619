"""A model as a module, or a folder, that runs where symgraph is not."""

import subprocess
import sys

import numpy as np
import pytest

import symgraph as sg

GENERATOR = np.random.default_rng(8)
SCRIPT = """
import sys

import numpy as np

sys.modules["symgraph"] = None  # whoever imports it fails
import net

data = np.load("data.npz")
found = net.predict({name: data[name] for name in net.INPUTS})
np.savez("found.npz", **{f"o{k}": value for k, value in enumerate(found.values())})
print(*found, *net.weights, sep="|")
"""


def alone(folder, data):
    """What the module says in a process that cannot have symgraph, and its outputs."""
    np.savez(folder / "data.npz", **data)
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={})
    assert done.returncode == 0, done.stderr
    found = np.load(folder / "found.npz")
    return done.stdout.strip().split("|"), [found[key] for key in found]


def recurrent():
    x = sg.input("x", ("N", "T", 3))
    return x, sg.nn.dense(sg.nn.lstm(x, 4, "l").final["h"], 2, "last", "softmax")


def images():
    x = sg.input("x", ("N", 1, 6, 5))
    maps = sg.nn.batch_norm(sg.nn.conv2d(x, 3, 3, "c", "relu"), "b", axis=1)
    return x, sg.dropout(sg.nn.dense(sg.nn.flatten(maps), 2, "last"), 0.5)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("build", [recurrent, images])
def test_a_module_predicts_the_same_without_symgraph(tmp_path, build, dtype):
    x, out = build()
    model = sg.Model(sg.mean(out**2), [x], {"class": out}, dtype=dtype, seed=1)
    shape = [d if isinstance(d, int) else {"N": 3, "T": 4}[str(d)] for d in x.shape]
    data = {"x": GENERATOR.standard_normal(shape).astype(dtype)}

    model.export(tmp_path / "net.py")

    said, (found,) = alone(tmp_path, data)
    assert said[0] == "class"
    np.testing.assert_array_equal(found, model.predict(data)["class"])
    assert "import symgraph" not in (tmp_path / "net.py").read_text()


def test_names_stay_text_in_the_module(tmp_path):
    x = sg.input('x"""; import os  #', ("N", 2))
    out = x @ sg.parameter("w\\n'''", 2, init="ones")
    model = sg.Model(sg.mean(out), [x], {"y'}": out})

    model.export(tmp_path / "net.py")

    said, (found,) = alone(tmp_path, {x.name: np.ones((2, 2))})
    assert said[0] == "y'}"
    assert found.tolist() == [2.0, 2.0]


def test_a_name_without_a_suffix_is_a_folder_with_the_weights(tmp_path):
    x = sg.input("x", ("N", 2))
    model = sg.Model(sg.mean(x @ sg.parameter("w", 2)), [x], {"y": x @ sg.parameter("w", 2)})

    model.export(tmp_path / "neuron")

    names = {path.name for path in (tmp_path / "neuron").rglob("*")}
    assert {"pyproject.toml", "program.pyx", "weights.npz", "README.md"} <= names


def test_what_cannot_be_exported_is_told(tmp_path):
    x = sg.input("x", "N")

    with pytest.raises(sg.UnsupportedError, match=r"ends in '.txt'"):
        sg.Model(sg.sum(x), [x], {"y": x}).export(tmp_path / "net.txt")
    with pytest.raises(sg.UnsupportedError, match="no outputs to export"):
        sg.Model(sg.sum(x), [x]).export(tmp_path / "net.py")
    assert not list(tmp_path.iterdir())
