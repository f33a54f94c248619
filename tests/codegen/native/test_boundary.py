"""Bad arguments of native programs: refused before the kernel runs, in the words of NumPy's."""

from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg

pytestmark = needs_c_compiler


@pytest.fixture(scope="module")
def programs():
    x, w = sg.input("x", ("N", 3)), sg.parameter("w", 3)
    i, t = sg.input("i", "M", kind="integer"), sg.input("t", (), kind="boolean")
    score = x @ w
    loss = sg.where(t, sg.sum(score**2) + sg.sum(w[i]), 0.0)
    new = {w: w - 0.1 * sg.grad(loss, [w])[0]}
    return [
        sg.compile([x, w, i, t], loss, updates=new, target=target, threads=threads)
        for target, threads in (("numpy", 1), ("cython", 1), ("cython", 2))
    ]


def fine():
    return {"x": np.ones((4, 3)), "w": np.arange(3.0), "i": np.array([0, 2]), "t": np.array(True)}


def read_only():
    array = np.zeros(3)
    array.flags.writeable = False
    return array


BAD = {
    "another size": {"x": np.ones((4, 2))},
    "another number of axes": {"x": np.ones(3)},
    "a number for an array": {"w": 1.0},
    "complex numbers": {"x": np.ones((4, 3)) * 1j},
    "reals for integers": {"i": np.array([0.0, 1.0])},
    "integers for a truth value": {"t": np.array(1)},
    "text": {"x": np.array([["a"] * 3])},
    "objects": {"x": np.full((4, 3), None)},
    "a mask": {"x": np.ma.masked_array(np.ones((4, 3)))},
    "read-only memory for what is updated": {"w": read_only()},
    "a list for what is updated": {"w": [0.0, 1.0, 2.0]},
    "an index too large": {"i": np.array([0, 3])},
    "an index below 0": {"i": np.array([0, -1])},
    "an index far out": {"i": np.array([2**62, 0])},
    "ragged lists": {"x": [[1.0], [1.0, 2.0]]},
}


def said(call, given):
    weights = given["w"]
    before = np.array(weights, copy=True)
    with pytest.raises(sg.SymgraphError) as error:  # noqa: PT011 - compared below
        call(**given)
    assert np.array_equal(weights, before)
    return type(error.value), str(error.value)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_argument_is_refused_by_every_target_in_the_same_words(programs, name):
    given = fine() | BAD[name]
    found = [said(program, given) for program in programs]

    assert found[1][0] is found[0][0]
    assert found[2] == found[1]
    if "index" not in name:
        assert found[1] == found[0]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_argument_of_a_step_is_refused_too(programs, name):
    (bad, value), rest = next(iter(BAD[name].items())), fine()
    rest.pop(bad)
    found = []
    for program in programs:
        bound = program.bind(**rest)
        weights = bound.arrays.get("w", value)
        before = np.array(weights, copy=True)
        with pytest.raises(sg.SymgraphError) as error:  # noqa: PT011 - compared below
            bound.step(value)
        assert np.array_equal(weights, before)
        found.append(type(error.value))
    assert found[0] is found[1] is found[2]


GOOD = {
    "another order": lambda a: a | {"x": np.asfortranarray(a["x"])},
    "steps backwards": lambda a: a | {"x": a["x"][::-1], "i": a["i"][::-1]},
    "every second row": lambda a: a | {"x": np.repeat(a["x"], 2, axis=0)[::2]},
    "other bytes first": lambda a: a | {"x": a["x"].astype(">f8")},
    "narrow numbers": lambda a: a | {"x": a["x"].astype(np.float32), "i": a["i"].astype(np.int8)},
    "no place in a row": lambda a: a | {"w": np.arange(6.0)[::2] / 2},
    "no samples": lambda a: a | {"x": np.ones((0, 3)), "i": np.zeros(0, int)},
    "lists": lambda a: a | {"x": a["x"].tolist(), "t": True},
}


@pytest.mark.parametrize("name", GOOD)
def test_arrays_of_every_layout_give_the_numbers_of_numpy(programs, name):
    found = []
    for program in programs:
        given = GOOD[name](fine())
        value = program(**given)
        bound = program.bind(**given)
        found.append((value, bound.step(), np.array(given["w"])))
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            np.testing.assert_allclose(other, one, 1e-13)


def test_an_argument_that_overlaps_what_is_updated_is_read_as_it_was(programs):
    found = []
    for program in programs:
        memory = np.arange(12.0) / 7
        given = fine() | {"x": memory.reshape(4, 3), "w": memory[3:6]}
        found.append((program(**given), memory))
    for value, memory in found[1:]:
        np.testing.assert_allclose(value, found[0][0], 1e-13)
        np.testing.assert_allclose(memory, found[0][1], 1e-13)


@pytest.mark.parametrize("target", ["numpy", "cython"])
def test_bytes_viewed_as_truth_values_count_once(target: Any) -> None:
    b, x = sg.input("b", "N", kind="boolean"), sg.input("x", "N")
    f = sg.compile(
        [b, x], [sg.indicator(b) * x, sg.sum(sg.indicator(b)), b & (x > 0)], target=target
    )
    bytes_ = np.array([255, 0, 1, 7], np.uint8)
    values = np.array([1.0, 2.0, 3.0, 4.0])

    for _ in range(3):  # the first call, and calls that go to the kernel itself
        product, count, both = f(bytes_.view(bool), values)
        assert product.tolist() == [1, 0, 3, 4]
        assert count == 3
        assert both.tolist() == [True, False, True, True]
    assert f.bind(bytes_.view(bool), values).step()[1] == 3
