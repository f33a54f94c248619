"""Arrays of other libraries, and buffers, in the place of NumPy arrays."""

import array

import numpy as np
import pytest

import symgraph as sg

x, i = sg.input("x", ("N", 2)), sg.input("i", "N", kind="integer")
w = sg.parameter("w", 2, init="ones")
VALUES = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


class Lent:
    """An array that has the protocol DLPack and nothing else."""

    def __init__(self, inner):
        self.inner = inner

    def __dlpack__(self, **options):
        return self.inner.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.inner.__dlpack_device__()


def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


def jax():
    return pytest.importorskip("jax.numpy", reason="jax is not installed")


FORMS = {
    "DLPack": lambda: Lent(VALUES),
    "memoryview": lambda: memoryview(VALUES),
    "rows of array.array": lambda: [array.array("d", row) for row in VALUES.tolist()],
    "torch": lambda: torch().tensor(VALUES),
    "torch, transposed": lambda: torch().tensor(VALUES.T.copy()).T,
    "torch, float16": lambda: torch().tensor(VALUES, dtype=torch().float16),
    "JAX": lambda: jax().asarray(VALUES),
}


@pytest.mark.parametrize("form", FORMS)
def test_programs_and_models_take(form):
    given = FORMS[form]()
    model = sg.Model(sg.mean((x @ w - i) ** 2), [x, i], {"y": x @ w})
    ids = Lent(np.array([3, 7, 11]))

    assert sg.compile([x, w], x @ w)(given, Lent(np.ones(2))).tolist() == [3.0, 7.0, 11.0]
    assert model.predict({"x": given})["y"].tolist() == [3.0, 7.0, 11.0]
    assert model.evaluate({"x": given, "i": ids}) == {"loss": 0.0}
    assert model.fit({"x": given, "i": ids}, batch_size=2)["loss"] == [0.0]


def test_what_lies_in_memory_is_not_copied():
    block = np.zeros((3, 2))
    step = sg.compile([x, w], x @ w).bind(block, np.ones(2))
    from symgraph.codegen.outside import from_outside

    assert np.shares_memory(from_outside(Lent(block)), block)
    assert np.shares_memory(from_outside(memoryview(block)), block)
    block[:] = 2.0
    assert step().tolist() == [4.0, 4.0, 4.0]


def test_a_tensor_that_records_gradients_is_refused_with_the_fix():
    given = torch().ones((3, 2), requires_grad=True)

    with pytest.raises(sg.KindError, match=r"argument 'x' is no array: .*detach"):
        sg.compile([x, w], x @ w)(given, np.ones(2))
    with pytest.raises(sg.KindError, match=r"data of 'x' are not an array: .*detach"):
        sg.Model(sg.mean(x @ w), [x], {"y": x @ w}).predict({"x": given})
