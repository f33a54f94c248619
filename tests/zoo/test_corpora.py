"""The texts that networks are trained on, against the module they are made from."""

from __future__ import annotations

import hashlib
import pydoc_data.topics
import sys
from collections import Counter

import numpy as np
import pytest

from symgraph.errors import RangeError, UnsupportedError
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


def test_chapters_are_the_topics_with_the_most_paragraphs_of_their_own():
    found = corpora.chapters(3, least=5)
    own = Counter(
        part.topics[0]
        for part in corpora.paragraphs()
        if len(part.topics) == 1 and len(corpora.words(part.text)) >= 5
    )

    assert {name: len(parts) for name, parts in found.items()} == dict(own.most_common(3))
    assert min(len(said) for parts in found.values() for said in parts) >= 5


def test_marks_become_tags_and_leave_no_trace_in_the_tokens():
    cases = {
        'The "__init__()" method': (["The", "__init__", "method"], ["O", "B-CALL", "O"]),
        'raises "KeyError" or "ImportWarning"': (
            ["raises", "KeyError", "or", "ImportWarning"],
            ["O", "B-ERROR", "O", "B-ERROR"],
        ),
        "see **PEP 8**": (["see", "PEP", "8"], ["O", "B-PEP", "I-PEP"]),
        '"x < y", "a.b" and "for"': (
            ["x", "<", "y", ",", "a.b", "and", "for"],
            ["O", "O", "O", "O", "B-NAME", "O", "B-NAME"],
        ),
        'over the\n   end "not\n   in" a "+" b': (
            ["over", "the", "end", "not", "in", "a", "+", "b"],
            ["O", "O", "O", "B-NAME", "I-NAME", "O", "O", "O"],
        ),
        "": ([], []),
    }

    for text, (tokens, tags) in cases.items():
        found = corpora.tagged(text)
        assert [list(found.tokens), list(found.tags)] == [tokens, tags]


def test_pieces_are_no_longer_than_asked_for_and_lose_no_token():
    short, whole = corpora.tagged_paragraphs(20), corpora.tagged_paragraphs(10**9)

    assert max(len(piece.tokens) for piece in short) <= 20
    assert all(len(piece.tokens) == len(piece.tags) > 0 for piece in short)
    for column in ("tokens", "tags"):
        joined = [one for piece in short for one in getattr(piece, column)]
        assert joined == [one for piece in whole for one in getattr(piece, column)]
    assert all(set(piece.tags) != {"O"} for piece in whole)


def test_entities_are_whole_runs_of_one_type():
    assert corpora.entities([]) == set()
    assert corpora.entities(["I-NAME", "I-NAME", "B-NAME", "O"]) == {(0, 2, "NAME"), (2, 3, "NAME")}
    assert corpora.entities(["B-PEP", "I-PEP"]) == {(0, 2, "PEP")}
    assert corpora.entities(["B-PEP", "I-CALL", "", "B-PEP"]) == {
        (0, 1, "PEP"),
        (1, 2, "CALL"),
        (3, 4, "PEP"),
    }


def test_columns_hold_the_text_from_top_to_bottom_and_what_comes_next_beside_it():
    ids = np.arange(23)
    made = corpora.columns(ids, 4)

    assert made["ids"].shape == made["next"].shape == (5, 4)
    assert made["ids"].T.ravel().tolist() == list(range(20))
    assert (made["next"] == made["ids"] + 1).all()
    with pytest.raises(RangeError, match="4 symbols are too few for 4 columns"):
        corpora.columns(ids[:4], 4)
