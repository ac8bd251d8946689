"""A signature never says no to what is there, and seldom yes to what is not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.search import gram
from traces.search.phrase import Phrase
from traces.search.probe import Row, Shape, columns_of, rows_for
from traces.search.signature import Signature, numbers, signature
from traces.search.words import words

word = st.sampled_from(["a", "the", "of", "refund", "order", "köln", "1001", "退", "x" * 50])
text = st.lists(word, max_size=12).map(" ".join)
columns = st.lists(st.lists(text, max_size=5), min_size=1, max_size=64)


def row_of(made: Signature, width: int) -> Row:
    return lambda number: int.from_bytes(made.bits[number * width : (number + 1) * width], "little")


def asked(phrase: str, made: Signature, count: int) -> int:
    shape = Shape(columns=count, rows=made.rows)
    row, allowed = row_of(made, shape.width), rows_for(Phrase.of((phrase,)), shape)

    def read(number: int) -> int:
        assert number in allowed
        return row(number)

    return columns_of(Phrase.of((phrase,)), shape, read)


@given(st.lists(st.text(max_size=30) | text, max_size=10))
def test_words_have_the_same_numbers_in_questions_and_in_batches(texts: list[str]) -> None:
    """Both count the same way, with a zero after each text."""
    expected = [number for one in texts for number in (*map(gram.word, words(one).split()), 0)]

    assert numbers(texts).tolist() == expected


def test_a_long_text_keeps_its_phrases() -> None:
    """However it is cut for counting: every five words in a row are still in a row."""
    long = [f"w{random.Random(1).randrange(10**6)}x{place}" for place in range(30_000)]

    counted = numbers([" ".join(long)]).tolist()

    rows = {tuple(counted[at : at + 5]) for at in range(len(counted))}
    singles = [gram.word(one.encode()) for one in long]
    assert all(tuple(singles[at : at + 5]) in rows for at in range(len(long) - 5))


@pytest.mark.slow  # a signature is made for every example
@settings(max_examples=100, deadline=None)
@given(columns, st.data())
def test_no_phrase_that_is_there_is_denied(made_of: list[list[str]], data: st.DataObject) -> None:
    """Whatever the columns and however long the phrase."""
    made = signature([numbers(texts) for texts in made_of])
    place = data.draw(st.integers(0, len(made_of) - 1))
    for one in made_of[place]:
        whole = one.split()
        first = data.draw(st.integers(0, len(whole)))
        last = data.draw(st.integers(first, len(whole)))
        if first < last:
            phrase = " ".join(whole[first:last])
            assert asked(phrase, made, len(made_of)) >> place & 1, phrase


def test_a_phrase_of_frequent_words_that_is_nowhere_is_denied_nearly_everywhere() -> None:
    """Each of its words is in every column, each two in most."""
    rng = random.Random(7)
    vocabulary = [f"word{number}" for number in range(20)]
    made_of = [[" ".join(rng.choices(vocabulary, k=2000))] for _ in range(64)]
    made = signature([numbers(texts) for texts in made_of])
    phrases = [" ".join(rng.choices(vocabulary, k=6)) for _ in range(50)]

    there = sum(asked(phrase, made, 64).bit_count() for phrase in phrases)
    really = sum(f" {phrase} " in f" {texts[0]} " for phrase in phrases for texts in made_of)

    assert there - really < 0.05 * 64 * len(phrases)


def test_a_signature_of_nothing_has_no_rows() -> None:
    """Texts without words."""
    made = signature([numbers([]), numbers(["?!"])])

    assert made.rows == ()
    assert asked("word", made, 2) == 0
