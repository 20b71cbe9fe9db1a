"""Keys that differ from ours by a mistake, one row a mistake."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ucarpd.diagnosis.passwords import in_one_way, one_byte_more

TWENTY = bytes(range(0xC0, 0xD4))
"""A key in binary, as UCARP_KEY gives it."""


def found(ours, theirs, **known):
    """The words of the first mistake that makes our key theirs."""
    for mistake in in_one_way(ours, **known):
        if mistake.key == theirs:
            return f"{mistake.words}: {mistake.advice}"
    return None


WRAPPINGS = [
    # the text before and after our password, the words for it, the place
    (b"", b"\n", "a newline at the end", "password file"),
    (b"", b"\r", "a carriage return at the end", "password file"),
    (b"", b"\r\n", "a carriage return and a newline at the end", "password file"),
    (b"", b" ", "a space at the end", "password"),
    (b" ", b"", "a space at the start", "password"),
    (b"", b"\t", "a tab at the end", "password"),
    (b"\t", b"", "a tab at the start", "password"),
    (b'"', b'"', "double quotes around it", "password"),
    (b"'", b"'", "single quotes around it", "password"),
    (b"", b'"', "a double quote at the end", "password"),
    (b"", b"'", "a single quote at the end", "password"),
    (b'"', b"", "a double quote at the start", "password"),
    (b"'", b"", "a single quote at the start", "password"),
]


@pytest.mark.parametrize(("before", "after", "what", "where"), WRAPPINGS)
def test_more_around_their_password(before, after, what, where):
    expected = f"with this host's password and {what}: check the {where} there"
    assert found(b"Secret7", before + b"Secret7" + after) == expected


@pytest.mark.parametrize(("before", "after", "what", "where"), WRAPPINGS)
def test_more_around_ours(before, after, what, where):
    expected = f"with this host's password without {what}: check the {where} here"
    assert found(before + b"Secret7" + after, b"Secret7") == expected


def test_a_single_quote_mark_is_no_pair():
    assert "without a double quote at the end" in found(b'"', b"")
    assert "without double quotes" not in " ".join(mistake.words for mistake in in_one_way(b'"'))


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (b"Secret7", b"", "with an empty password: set the password there"),
        (b"Secret7", b"Secret", "without its last character: type it the same on both (one"),
        (b"S", b"", "with an empty password"),
        (
            TWENTY,
            TWENTY[:19],
            "cut short, as ucarp's and the BSDs' tools do: use one of at most 19",
        ),
        (b"x" * 18, b'"' + b"x" * 18, "double quotes around it"),  # the closing quote was cut off
        (b"Secret7", b"53656372657437", "with the hex digits of this host's key as a password"),
        (b"Secret7", b"0x53656372657437", "with the hex digits of this host's key"),
        (TWENTY, b"c0c1c2c3c4c5c6c7c8c", "with the hex digits of this host's key"),
        (TWENTY, b"0xc0c1c2c3c4c5c6c7c", "with the hex digits of this host's key"),
        (TWENTY, b"C0C1C2C3C4C5C6C7C8C", "with the hex digits of this host's key"),
        (TWENTY, b"0xC0C1C2C3C4C5C6C7C", "with the hex digits of this host's key"),
        (b"53656372657437", b"Secret7", "read as hex digits: give it in hex here too (UCARP_KEY)"),
        (b"0x53656372657437", b"Secret7", "read as hex digits"),
        (b"Secret7", b"sECRET7", "in the other case: type it the same on both (Caps Lock?)"),
        (b"Secret7", b"secret7", "in lower case"),
        (b"Secret7", b"SECRET7", "in upper case"),
        ("Schlüssel".encode(), "sCHLüSSEL".encode(), "in the other case"),
        (b"\xff\xfe", b"\xff", "NetBSD"),  # no text at all
    ],
)
def test_mistakes(ours, theirs, words):
    assert words in found(ours, theirs)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"former": [b"a", b"Past"]}, "with the password from before the reload here: change it"),
        ({"old": [b"a", b"Past"]}, "with an old password: change it there"),
        ({"others": [("a", b"a"), ("mail", b"Past")]}, "with the password of instance mail: check"),
        ({}, None),
    ],
)
def test_what_else_this_host_knows(known, words):
    assert (found(b"Secret7", b"Past", **known) or "")[: len(words or "")] == (words or "")


def test_one_byte_more():
    more = list(one_byte_more(b"Secret7"))
    assert {mistake.key for mistake in more} == {b"Secret7" + bytes([n]) for n in range(1, 256)}
    assert {mistake.words for mistake in more} == {
        "with this host's password and one more character"
    }


def test_no_key_has_room_for_a_byte_after_the_twentieth():
    assert {mistake.key for mistake in one_byte_more(TWENTY)} == {TWENTY}


@given(st.binary(max_size=20))
def test_every_key_is_short_enough_to_sign_with(key):
    assert all(len(m.key) <= 20 for m in (*in_one_way(key), *one_byte_more(key)))


@given(st.text("QXZJqxzj0123456789", min_size=4, max_size=19))
def test_the_words_do_not_tell_the_password(password):
    parts = {password[i : i + 4] for i in range(len(password) - 3)}
    mistakes = list(in_one_way(password.encode(), old=[password.encode()]))
    # Without the address of each object, whose digits may be those of the password.
    told = " ".join(f"{m!r}".partition(" at ")[0] + m.words + m.advice for m in mistakes)
    assert not [part for part in parts if part.lower() in told.lower()]
    assert not re.search(password.encode().hex(), told)
