"""What is a text of a span, what is a word, and when a phrase is in a text."""

from __future__ import annotations

import json
import re
import sys
from itertools import groupby
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.spans import Sent, body
from traces.decode import RawSpan, spans
from traces.search.phrase import Phrase
from traces.search.texts import raw_texts, texts
from traces.search.words import words

LETTERS = 'abcxyzABCXYZ019ßÜüé一退款ЖжЀ📦 \n\t"\\/.,;:!?*_-—\u00a0\u0301\u2028'
sentences = st.text(alphabet=LETTERS, max_size=40) | st.text(max_size=20)


def span_with(**attributes: str) -> RawSpan:
    return next(spans(body([Sent(id=1, attributes=dict(attributes))])))


def plain(text: str) -> str:
    """In quotes of the filter language a `*` of a text would be wild."""
    return text.replace("*", " ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Where is my order ORD-1001?", "where is my order ord 1001"),
        ("customer_id=49.90", "customer id 49 90"),
        ("GRÜSSE aus Köln 📦!", "grüsse aus köln 📦"),
        ("Gru\u0308ße", "grüße"),
        ("退款42元", "退 款 42 元"),
        ("?!…", ""),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, found: str) -> None:
    """Whatever their case; signs of scripts without spaces, and emoji, are words by themselves."""
    assert words(text).decode() == found


@given(st.text(alphabet="abcXYZ019 .,-_?\n"))
def test_ascii_words_are_what_a_simple_reading_says(text: str) -> None:
    """The fast way for ASCII text finds the same words."""
    expected = ["".join(run) for is_word, run in groupby(text.lower(), str.isalnum) if is_word]

    assert words(text).decode().split() == expected


def test_only_ascii_letters_make_ascii_words() -> None:
    """No other sign becomes one: on this rests that the bytes of a body tell that a word is not in it."""
    signs = [chr(code) for code in range(128, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]

    assert re.search(rb"[a-z0-9]", words(" ".join(signs))) is None


@given(before=sentences, text=sentences, after=sentences, depth=st.integers(0, 3))
def test_what_is_in_a_text_may_be_in_its_bytes(before: str, text: str, after: str, depth: int) -> None:
    """Whatever was escaped, in JSON in JSON too: looking into bytes first never misses a phrase."""
    text = text.replace("\0", "")  # a stored text has none
    whole: object = f"{before} {text} {after}".replace("\0", "")
    for level in range(depth):
        whole = json.dumps({"content": [whole, "other"]}, ensure_ascii=level % 2 == 0)
    span = span_with(message=str(whole))
    phrase = Phrase.of((plain(text),))
    found = any(phrase.is_in(one) for one in texts(span))

    assert not found or phrase.may_be_in(raw_texts(span).lower())
    if phrase.words and not any("\ud800" <= sign <= "\udfff" for sign in str(whole)):
        assert found or normalize("NFC", before + " " + text + " " + after) != before + " " + text + " " + after


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("plain text", ["plain text"]),
        ('{"role":"user","parts":[{"content":"line\\none"}]}', ["user", "line\none"]),
        ('{"arguments":"{\\"id\\":\\"ORD-1\\",\\"total\\":49.9}"}', ["ORD-1", "49.9"]),
        ('[{"content":"cut off\\nhere', ["cut off here"]),
        ("[INFO] not JSON", ["[INFO] not JSON"]),
        ("data:image/png;base64," + "iVBORw0KGgo" * 100, []),
    ],
)
def test_texts_are_what_a_reader_sees(value: str, found: list[str]) -> None:
    """JSON is opened, its keys are left out, and pictures are no texts."""
    seen = [" ".join(text.split()) if "cut" in text else text for text in texts(span_with(message=value))]

    missing = [text for text in found if not any(text in one for one in seen)]
    assert not missing, seen
    assert "content" not in seen
    assert sum(map(len, seen)) < 100


@pytest.mark.parametrize(
    ("asked", "text", "expected"),
    [
        (("card of ORD-1001 was declined",), "The card of 'ord 1001' was declined.", True),
        (("card was",), "card of it was", False),
        (("refun",), "refund", False),
        (("refun", ""), "no refunds today", True),
        (("re", "und pol", ""), "our refund policy", True),
        (("a ", " b"), "a b", True),
        (("退款",), "我要退款。", True),
        (("ab", "bc"), "abc", False),
        (("ab", "bc"), "abbc", True),
        (("a", "b", "c"), "xx aXbYbZc yy", True),
        (("a", "b", "c"), "aXbYbZcQ", False),
    ],
)
def test_a_phrase_is_words_in_a_row(asked: tuple[str, ...], text: str, expected: bool) -> None:
    """Whatever stands between them; a `*` in a word stands for any run of letters."""
    phrase = Phrase.of(asked)

    assert phrase.is_in(text) is expected
    assert not expected or phrase.may_be_in(text.encode().lower())


def test_many_wildcards_are_looked_for_once() -> None:
    """However often a part of them comes: a question cannot keep a process busy."""
    phrase = Phrase.of(("a",) * 60 + ("b",))

    assert not phrase.is_in("a" * 20_000 + "c")
