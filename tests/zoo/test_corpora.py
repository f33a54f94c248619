"""The texts that networks are trained on, against the module they are made from."""

from __future__ import annotations

import hashlib
import pydoc_data.topics
import sys
from collections import Counter

import pytest

from symgraph.errors import UnsupportedError
from symgraph.zoo import corpora


def test_the_reference_is_what_this_python_ships_and_its_hash_is_that_of_its_bytes():
    text, digest = corpora.reference_text()

    assert hashlib.sha256(text.encode("utf-8")).hexdigest() == digest
    assert (
        len(text)
        == sum(map(len, pydoc_data.topics.topics.values())) + len(pydoc_data.topics.topics) - 1
    )
    assert len(text.encode()) >= 400_000
    assert text.startswith(pydoc_data.topics.topics["assert"][:200])


def test_every_paragraph_comes_once_with_all_topics_it_stands_in():
    parts = corpora.paragraphs()

    assert max(Counter(part.text for part in parts).values()) == 1
    for part in parts[::50]:
        for topic in part.topics:
            assert part.text in pydoc_data.topics.topics[topic]
    topics = {topic for part in parts for topic in part.topics}
    assert topics == set(pydoc_data.topics.topics)


def test_the_forty_pairs_are_different_words_of_the_reference():
    known = Counter(corpora.words(corpora.reference_text().characters))

    assert len(set(corpora.WORD_PAIRS)) == 40
    assert len({frozenset(pair) for pair in corpora.WORD_PAIRS}) == 40
    assert all(first != second for first, second in corpora.WORD_PAIRS)
    rare = [word for pair in corpora.WORD_PAIRS for word in pair if known[word] < 5]
    assert not rare


def test_numbers_come_by_how_often_a_symbol_occurs_and_then_by_the_alphabet():
    numbers = corpora.Numbers(["to", "be", "or", "not", "to", "be"])

    assert numbers.symbols == ("", "be", "to", "not", "or")
    assert numbers.of(["not", "now"]).tolist() == [3, 0]
    assert corpora.Numbers("hello").text([1, 0, 2]) == "l�e"


def test_a_python_without_the_reference_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    corpora.reference_text.cache_clear()

    with pytest.raises(UnsupportedError, match="Install the whole standard library"):
        corpora.reference_text()
