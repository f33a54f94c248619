"""The collector of cycles stands still while graphs and programs are made, and not after."""

import gc

import pytest

import symgraph as sg
from symgraph.garbage import uncollected


def test_the_collector_stands_still_inside_and_runs_again_behind():
    seen = uncollected(lambda: gc.isenabled())()

    assert (seen, gc.isenabled()) == (False, True)


def test_a_call_inside_of_a_call_leaves_the_collector_to_the_outer_one():
    @uncollected
    def outer() -> bool:
        uncollected(lambda: None)()
        return gc.isenabled()

    assert not outer()


def test_the_collector_runs_again_behind_an_error():
    with pytest.raises(ZeroDivisionError, match="division"):
        uncollected(lambda: 1 / 0)()

    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off():
    gc.disable()
    try:
        uncollected(lambda: None)()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_deriving_and_compiling_wait_for_no_collector():
    x = sg.input("x")
    y = x
    for _ in range(300):
        y = sg.tanh(y) * x
    sg.compile([x], [y, sg.grad(y, x)])  # what is imported and kept at the first time
    found: list[str] = []
    before = gc.get_threshold()
    gc.callbacks.append(lambda phase, _: found.append(phase))
    try:
        gc.set_threshold(50)
        gradient = sg.grad(y, x)
        sg.compile([x], [y, gradient])
    finally:
        gc.callbacks.pop()
        gc.set_threshold(*before)

    # thousands of objects are made; a few collections come before and behind the two calls
    assert found.count("start") < 20
