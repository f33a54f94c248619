"""The gender cell, centre and surround, and linear layers, against numbers from elsewhere."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

import symgraph as sg
from symgraph import zoo
from symgraph.node import variables

NUMBERS = Path(__file__).parents[1] / "lectures" / "lecture_numbers.json"


def test_a_cell_with_gates_set_by_hand_remembers_who_is_spoken_of():
    row = json.loads(NUMBERS.read_text(encoding="utf-8"))["S3-11"]
    male, female = ("Bob", "boy"), ("Mary", "girl")
    tokens = row["inputs"]["tokens"]
    values = {
        "a": [10.0 if one in male + female else -10.0 for one in tokens],
        "b": [10.0 if one in male else -10.0 for one in tokens],
        "C0": row["inputs"]["C0"],
    }

    states = sg.evaluate(zoo.built("gender-cell").run.states, values)
    assert states == pytest.approx(row["expect"]["C"], rel=1e-9)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=7))
def test_the_gender_cell_is_its_recurrence(words):
    C = 0.5
    for a, b in words:
        gate = 1 / (1 + math.exp(-a))
        C = (1 - gate) * C + gate / (1 + math.exp(-b))
    a, b = zip(*words, strict=True)

    found = sg.evaluate(zoo.built("gender-cell").loss, {"a": a, "b": b, "C0": 0.5})
    assert found == pytest.approx(C, rel=1e-12)


@pytest.mark.parametrize(("centre", "sign"), [("on", 1), ("off", -1)])
def test_a_spot_switches_a_centre_surround_cell_on_and_a_ring_off(centre, sign):
    row = json.loads(NUMBERS.read_text(encoding="utf-8"))["S4-49"]["expect"]
    spot = np.zeros((3, 3))
    spot[1, 1] = 1.0
    loss = zoo.built(f"centre-surround,centre={centre}")

    for name, light in (("spot", spot), ("ring", 1 - spot), ("full", np.ones((3, 3)))):
        assert sg.evaluate(loss, {"X": light}) == sign * row[name]


@given(st.integers(3, 9))
def test_centre_surround_cells_side_by_side_do_not_answer_to_even_light(size):
    loss = zoo.built(f"centre-surround,size={size}")

    assert sg.evaluate(loss, {"X": np.full((size, size), 0.25)}) == 0.0


@given(
    inputs=st.integers(1, 5), hidden=st.integers(1, 5), outputs=st.integers(1, 5),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_two_linear_layers_are_one_with_the_product_of_their_matrices(
    inputs, hidden, outputs, seed
):
    loss = zoo.built(f"linear-layers,inputs={inputs},hidden={hidden},outputs={outputs}")
    draw = np.random.default_rng(seed)
    values = {leaf.name: draw.normal(size=leaf.shape) for leaf in variables([loss])}

    assert values["A"].shape == (hidden, inputs)
    one = (values["B"] @ values["A"]) @ values["x"] - values["d"]
    assert sg.evaluate(loss, values) == pytest.approx(one @ one / 2, rel=1e-10, abs=1e-12)
