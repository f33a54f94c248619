"""The types of real numbers, as users of NumPy and of other libraries write them."""

import ctypes
from typing import Any

import numpy as np
import pytest
import sympy

import symgraph as sg
from symgraph import cli, random
from symgraph.dtypes import real_dtype
from symgraph.errors import KindError


class dtype:
    """A type as torch has them: NumPy knows nothing of it, and it is told by what it prints."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


class Scalar:
    """A type as JAX has them: it says which one it is in NumPy."""

    dtype = np.dtype("float32")


SINGLE = [
    "float32", "f4", "f", "single", "=f4", np.float32, np.single, np.dtype("float32"),
    ctypes.c_float, Scalar, dtype("torch.float32"),
]  # fmt: skip
DOUBLE = [
    "float64", "f8", "d", "double", "float", float, np.float64, np.double, np.dtype(float),
    ctypes.c_double, dtype("torch.float64"),
]  # fmt: skip
OTHERS = [
    None, "half", np.float16, np.longdouble, "complex", complex, np.complex64, int, np.int32, "i4",
    bool, object, str, "", 32, True, 1.5, [], {}, "f4,f4", "(2,)f4", "f4,[", [("a", "f4")],
    ">f4" if np.little_endian else "<f4", "FLOAT32", "torch.float32", "\ud800", np.zeros(2, "f4"),
    sg.input("x"), dtype("torch.float16"), dtype("torch.bfloat16"), dtype("float32.x"),
]  # fmt: skip

x = sg.input("x", 3)
w = sg.parameter("w", 3)
THIRDS = np.array([1, 2, 3]) / 3


@pytest.mark.parametrize("given", SINGLE, ids=ascii)
def test_single_precision_has_many_names(given: Any):
    assert real_dtype("here", given) == "float32"


@pytest.mark.parametrize("given", DOUBLE, ids=ascii)
def test_double_precision_has_many_names(given: Any):
    assert real_dtype("here", given) == "float64"


@pytest.mark.parametrize("given", OTHERS, ids=ascii)
def test_what_names_neither_is_refused(given: Any):
    with pytest.raises(KindError, match=r"^here: dtype is [\s\S]+, and it is 'float64' or"):
        real_dtype("here", given)


@pytest.mark.parametrize("given", [np.float32, np.dtype("float32"), "f4"], ids=repr)
@pytest.mark.parametrize("style", ["fast", "read", "array"])
def test_a_program_computes_in_the_type_it_is_given(given: Any, style: Any):
    program = sg.compile(x, sg.sqrt(x), dtype=given, style=style)
    found = program(THIRDS.astype(np.float32))

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.sqrt(THIRDS), rtol=1e-7)
    assert program.source == sg.compile(x, sg.sqrt(x), dtype="float32", style=style).source


def test_a_formula_of_symbols_keeps_its_type_for_arrays_in_their_places():
    a = sympy.Symbol("a")
    found = sg.compile(a, sympy.sqrt(a), dtype=np.float32)(THIRDS.astype(np.float32))

    assert found.dtype == np.float32


def test_programs_of_one_width_by_other_names_are_one_program():
    text = sg.compile([x, w], x @ w, target="cython", dtype="float32").source

    assert sg.compile([x, w], x @ w, target="cython", dtype=np.dtype("f4")).source == text


def test_a_model_trains_in_the_type_it_is_given(tmp_path):
    out = {"out": x @ w}
    model = sg.Model(sg.mean((x @ w - 1) ** 2), [x], out, batch=None, dtype=np.float32)
    model.fit({"x": THIRDS}, epochs=2, checkpoint=tmp_path / "run")
    again = sg.Model(sg.mean((x @ w - 1) ** 2), [x], out, batch=None, dtype="float32")
    again.fit({"x": THIRDS}, epochs=2, checkpoint=tmp_path / "run", resume=True)

    assert model.dtype == "float32"
    assert model.parameters["w"].dtype == np.float32
    assert again.parameters["w"].tolist() == model.parameters["w"].tolist()


@pytest.mark.parametrize("given", [None, np.int32, "half"], ids=repr)
def test_every_place_refuses_what_it_does_not_compute_in(given: Any):
    for where, call in {
        "compile": lambda: sg.compile(x, x, dtype=given),
        "Model": lambda: sg.Model(sg.sum(x * w), [x], batch=None, dtype=given),
        "to_onnx": lambda: sg.to_onnx(x, x, dtype=given),
    }.items():
        with pytest.raises(KindError, match=f"^{where}: dtype is {given!r}, and it is 'float64'"):
            call()


@pytest.mark.parametrize("make", [random.uniform, random.normal])
def test_random_numbers_without_a_type_are_float64(make: Any):
    assert make(0, 0, 3, None).dtype == np.float64
    assert make(0, 0, 3, dtype("torch.float32")).dtype == np.float32


def test_onnx_models_have_the_type_that_is_asked_for():
    pytest.importorskip("onnx", reason="onnx is not installed")
    model = sg.Model(sg.sum(x * w), [x], {"out": x * w}, batch=None, dtype=np.float32)
    single, double = 1, 11  # onnx.TensorProto.FLOAT and DOUBLE

    for found, wanted in (
        (sg.to_onnx(x, x + 1, dtype=float), double), (sg.to_onnx(x, x + 1), single),
        (model.to_onnx(), single), (model.to_onnx(dtype=np.float64), double),
    ):  # fmt: skip
        assert found.graph.output[0].type.tensor_type.elem_type == wanted


def test_estimators_keep_what_they_are_given_and_compute_in_it():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from sklearn.base import clone

    from symgraph.sklearn import Regressor

    points, values = np.linspace(0, 1, 20).reshape(10, 2), np.arange(10.0)
    net = clone(Regressor((2,), epochs=1, dtype=np.float32)).fit(points, values)

    assert net.get_params()["dtype"] is np.float32
    assert {array.dtype for array in net.parameters_.values()} == {np.dtype("float32")}
    with pytest.raises(KindError, match=r"^Regressor: dtype is 'half', and it is 'float64'"):
        Regressor(dtype="half").fit(points, values)


def test_the_command_line_takes_the_names_of_numpy(capsys):
    def said(given: str) -> str:
        assert cli.main(["compile", "zoo:hinge", "--target", "cython", "--dtype", given]) == 0
        return capsys.readouterr().out

    assert said("f4") == said("single") == said("float32") != said("double")
    for target in ("numpy", "js"):
        assert cli.main(["compile", "zoo:hinge", "--dtype", "half", "--target", target]) == 2
        assert "compile: dtype is 'half', and it is 'float64'" in capsys.readouterr().err
