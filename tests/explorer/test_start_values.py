"""What a page begins with, where values are given, declared, or neither."""

from __future__ import annotations

import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo
from symgraph.explorer.start import start_of


def test_given_values_stay_and_the_others_are_round_numbers():
    loss = zoo.built("two-layer")

    found = start_of(loss, {"w1": 0.123456789}, None)

    assert float(found.values.pop("w1")) == 0.123456789
    for array in found.values.values():
        np.testing.assert_array_equal(array, np.round(array, 2))
    assert found.data is None


def test_a_parameter_begins_where_it_was_declared_to():
    w, v = sg.parameter("w", 2, init=[1.25, -3.0]), sg.parameter("v", init=0.75)

    found = start_of(sg.sum(w) * v, None, None)

    assert found.values["w"].tolist() == [1.25, -3.0]
    assert float(found.values["v"]) == 0.75


def test_declared_facts_hold_for_what_is_drawn():
    system = zoo.built("softmax")
    with sg.assume(*system.facts):
        found = start_of(system.loss, None, None)

    assert found.values["d"].sum() == pytest.approx(1.0, abs=1e-12)


def test_whole_batches_give_the_sizes_and_samples_come_one_by_one():
    x, y, w = sg.input("x", "N"), sg.input("y", "N"), sg.parameter("w")
    batch = start_of(sg.mean((w * x - y) ** 2), None, {"x": [1.0, 2.0, 3.0], "y": [0.0, 1.0, 2.0]})

    assert not batch.samples
    assert batch.values["x"].tolist() == [1.0, 2.0, 3.0]

    a, b = sg.input("a"), sg.input("b", 2)
    single = start_of(w * a * sg.sum(b), None, {"a": [5.0, 6.0], "b": [[1.0, 2.0], [3.0, 4.0]]})

    assert single.samples
    assert float(single.values["a"]) == 5.0
    assert single.values["b"].tolist() == [1.0, 2.0]


def test_labels_and_switches_have_values_of_their_kind():
    scores, label = sg.input("s", 4), sg.input("k", kind="integer")
    on = sg.input("on", kind="boolean")

    found = start_of(sg.where(on, sg.take(scores, label), 0.0), None, None)

    assert found.values["k"].dtype.kind == "i"
    assert 0 <= int(found.values["k"]) < 4
    assert found.values["on"].dtype.kind == "b"


def test_more_data_than_a_page_can_hold_are_refused():
    x = sg.input("x")

    with pytest.raises(sg.RangeError, match="2000001 numbers, more than fit into a page"):
        start_of(x**2, None, {"x": np.zeros(2_000_001)})


def test_a_value_that_is_computed_cannot_be_given():
    h = sg.let("h", sg.tanh(sg.input("x")))

    with pytest.raises(sg.UnknownNameError, match="is computed, and values were given for it"):
        start_of(h**2, {"h": 0.5}, None)
