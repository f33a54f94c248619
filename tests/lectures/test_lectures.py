"""Every row of the lectures, verb by verb: `pytest tests/lectures -k S0-21` runs one of them."""

import pytest

from lectures.all_checks import ALL
from lectures.drawings import BY_NAME, DRAWN
from lectures.expected import COMPUTED, GIVEN, NUMBERS, WITHOUT, wanted
from lectures.table import LECTURES


@pytest.mark.parametrize("one", ALL, ids=str)
def test_a_row_of_the_lectures_holds(one):
    one.run()


def test_there_are_as_many_rows_as_in_the_lectures():
    counts = [sum(row.priority == p for row in LECTURES.values()) for p in ("P1", "P2", "P3")]

    assert counts == [106, 43, 15]


def test_every_verb_of_every_row_is_checked():
    checked = {f"{one.row} {one.verb}" for one in ALL}
    asked = {f"{row.identity} {verb}" for row in LECTURES.values() for verb in row.verbs}

    assert asked == checked


def test_a_row_without_verbs_says_why():
    for row in LECTURES.values():
        assert bool(row.verbs) != bool(row.reason), row.identity
        assert row.verbs or row.priority == "P3", row.identity


def test_all_numbers_are_computed():
    assert set(COMPUTED) == {*NUMBERS} - {"_meta"}


def test_what_is_not_compared_stands_in_the_file():
    for identity, place in WITHOUT:
        assert wanted(identity, place) is not None
    for identity, places in GIVEN.items():
        for place in places:
            assert wanted(identity, place) is not None


def test_of_every_drawn_figure_it_is_said_what_it_shows():
    assert sorted(one.name for one in DRAWN) == sorted(BY_NAME)
