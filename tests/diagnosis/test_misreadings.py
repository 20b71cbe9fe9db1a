"""Passwords that a person or a program misread, one row each, as each of the two hosts sees it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wrong_digests import ONE, background, evidence

from ucarpd.diagnosis.digest import MOST_MISREAD, explain
from ucarpd.diagnosis.misreadings import misread


def found(ours, theirs):
    """The finding of the whole search."""
    *_, outcome = explain(evidence(theirs.encode()[:19], ONE), background(key=ours.encode()))
    return outcome


BOTH_WAYS = [
    # one host, the other, the message for the first, the message for the other
    (
        "Gr\u00fc\u00dfe",
        "Gru\u0308\u00dfe",
        ", but with the accents in another Unicode form: a letter and its accent are one character"
        " on one host and two on the other: use ASCII letters only",
        ", but with the accents in another Unicode form",
    ),
    (
        "geheim12",
        "geheim\u200b12",
        " and an invisible character (U+200B) before position 7: type it there by hand",
        " without an invisible character (U+200B) at position 7: type it here by hand",
    ),
    (
        "geheim",
        "geheim\ufeff",
        " and an invisible character (U+FEFF) at the end",
        " without an invisible character (U+FEFF) at position 7",
    ),
    (
        "ge heim",
        "ge\u00a0heim",
        ", but a space of another kind (U+00A0) for each plain one: type it there by hand",
        ", but a plain character for a space of another kind (U+00A0) at position 3",
    ),
    (
        "a b c",
        "a b\u00a0c",
        ", but a space of another kind (U+00A0) at position 4",
        ", but a plain character for a space of another kind (U+00A0) at position 4",
    ),
    (
        "geheim",
        "geheim\u00a0",
        " and a space of another kind (U+00A0) at the end",
        " without a space of another kind (U+00A0) around it",
    ),
    (
        "geheim",
        "“geheim”",
        " and typographic quotes around it: type it there by hand",
        " without the typographic quotes around it: type it here by hand",
    ),
    (
        "ge'heim",
        "ge’heim",
        ", but a typographic quote for each plain one",
        ", but a plain character for a typographic quote at position 3",
    ),
    (
        "ge-heim",
        "ge–heim",
        ", but a dash that is no hyphen for each plain one",
        ", but a plain character for a dash that is no hyphen at position 3",
    ),
    (
        "pass1",
        "p\u0430ss1",
        ", but a Cyrillic letter that looks like a Latin one at position 2: type it there by hand",
        ", but a plain character for a Cyrillic letter that looks like a Latin one at position 2",
    ),
    (
        "HOBBY",
        "\u039fHOBBY"[1:].replace("O", "\u039f"),
        ", but a Greek letter that looks like a Latin one at position 2",
        ", but a plain character for a Greek letter that looks like a Latin one at position 2",
    ),
    (
        "oceano",
        "\u043e\u0441\u0435\u0430n\u043e",
        ", but with Cyrillic letters that look like Latin ones",
        ", but plain characters for a Cyrillic letter that looks like a Latin one at position 1 and",
    ),
    (
        "gehyim",
        "gehzim",
        ", typed with y and z exchanged, as on a German keyboard: type it the same on both",
        ", typed with y and z exchanged, as on a German keyboard",
    ),
    (
        "ge-heiz",
        "geßheiy",
        ", typed on a German keyboard for an American one",
        ", typed on an American keyboard for a German one",
    ),
    (
        "geheim",
        "\u043f\u0443\u0440\u0443\u0448\u044c",
        ", typed on a Russian keyboard for an American one",
        ", typed on an American keyboard for a Russian one",
    ),
    (
        "qwerty1",
        "azerty&",
        ", typed on a French keyboard for an American one",
        ", typed on an American keyboard for a French one",
    ),
    (
        "a@b",
        "a%40b",
        " encoded for a URL (%…): decode it there",
        " decoded: here it is encoded for a URL (%…): decode it here",
    ),
    ("a b", "a+b", " encoded for a URL (%…)", " decoded: here it is encoded for a URL"),
    ("a&b", "a&amp;b", " encoded for HTML (&…;)", " decoded: here it is encoded for HTML (&…;)"),
    ("<&'", "&lt;&amp;'", " encoded for HTML (&…;)", " decoded: here it is encoded for HTML (&…;)"),
    ("<'", "&lt;&#x27;", " encoded for HTML (&…;)", " decoded: here it is encoded for HTML (&…;)"),
    ("&lt;", "&amp;lt;", " encoded for HTML (&…;)", " decoded: here it is encoded for HTML (&…;)"),
    ("geheim", "Z2VoZWlt", " encoded in base64", " decoded: here it is encoded in base64"),
    (
        "geheim",
        "Z2VoZWltCg==",
        " encoded in base64, with a newline",
        " decoded: here it is encoded in base64",
    ),
    (
        "gehe0m",
        "geheOm",
        ", but another letter or digit that looks like it (such as O and 0, l and 1)",
        ", but another letter or digit that looks like it (such as O and 0, l and 1)",
    ),
    (
        "l1l",
        "11l",
        ", but another letter or digit that looks like it (such as O and 0, l and 1) at position 1",
        ", but another letter or digit that looks like it (such as O and 0, l and 1) at position 1",
    ),
    ("ge heim", "ge\theim", ", but a tab for each space", ", but a space for each tab"),
    ("geheim", "geheim\t", " and a tab at the end", " without a tab at the end"),
    ("ge heim", "ge  heim", ", but two spaces for one", ", but one space for two"),
    (
        "ge$heim",
        "ge\\$heim",
        " and a backslash before special characters: remove the backslashes there",
        " without its backslashes: remove them here, or write two there",
    ),
    ("a$b!c", "a\\$b!c", " and a backslash before a special character", " without its backslashes"),
    ("a$b", "a$$b", ", but $$ for $", ", but $ for $$"),
    (
        "geheim",
        "UCARP_PASS=geheim",
        " and the name of the key in front: remove the name there",
        " without the name of the key in front: remove it here",
    ),
    (
        "geheim",
        "geHeim",
        ", but the letter at position 3 in the other case: type it the same on both",
        " in lower case",
    ),
    ("geheim", "ghe\u0065im", ", but positions 2 and 3 exchanged", ", but positions 2 and 3 exch"),
    ("geheim", "gheim", " without the character at position 2", None),
    ("gehe", "ggehe", " and the character at position 1 twice", " without the character at positi"),
]


@pytest.mark.parametrize(("one", "other", "told", "told_there"), BOTH_WAYS)
def test_both_hosts_are_told(one, other, told, told_there):
    assert found(one, other).startswith(f"it is signed with this host's password{told}")
    if told_there:
        assert found(other, one).startswith(f"it is signed with this host's password{told_there}")


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ("ge#heim", "ge", " cut off at # (position 3): put single quotes around it there"),
        ("ge$heim", "ge", " cut off at $ (position 3): put single quotes around it there"),
        ("ge heim", "ge", " cut off at a space (position 3)"),
        ("ge$heim.7", "ge.7", ", but with the text after $ taken for a variable"),
        ("ge${heim}7", "ge7", ", but with the text after $ taken for a variable"),
    ],
)
def test_a_part_that_is_lost(ours, theirs, told):
    assert found(ours, theirs).startswith(f"it is signed with this host's password{told}")


@pytest.mark.parametrize("ours", ["it&#39;s", "it&#039;s", "it&apos;s"])
def test_other_programs_encode_an_apostrophe_otherwise(ours):
    assert " decoded: here it is encoded for HTML" in found(ours, "it's")


def test_another_encoding():
    words = "with this host's password in another encoding of the letters outside ASCII: save both"
    utf, latin = "Grüße".encode(), "Grüße".encode("latin-1")
    for ours, theirs in ((utf, latin), (latin, utf), (utf, utf.decode("latin-1").encode())):
        [first, *_] = [m for m in misread(ours) if m.key == theirs]
        assert f"{first.words}: {first.advice}".startswith(words)


def test_a_key_that_is_no_text_has_no_letters_to_misread():
    assert {m.words[26:] for m in misread(b"\xff\xfe")} == {
        "in another encoding of the letters outside ASCII"
    }


@settings(max_examples=50)
@given(st.text(max_size=19))
def test_no_key_is_too_long_and_no_search_too_long(password):
    mistakes = list(misread(password.encode()[:19]))
    assert all(len(mistake.key) <= 19 for mistake in mistakes)
    assert len(mistakes) <= MOST_MISREAD


@settings(max_examples=25)
@given(st.text("\u0416\u0426\u0444\u0429\u042e\u00c5\u00f1", min_size=2, max_size=9))
def test_the_words_have_no_character_of_the_password(password):
    """Letters that are in no word of ours by themselves."""
    told = " ".join(f"{m!r} {m.words} {m.advice}" for m in misread(password.encode()))
    assert not set(password) & set(told)


@settings(max_examples=25)
@given(st.text("QXZJqxzj0123456789", min_size=4, max_size=19))
def test_the_words_have_no_part_of_the_password(password):
    parts = {password[i : i + 4].lower() for i in range(len(password) - 3)}
    told = " ".join(f"{m.words} {m.advice}" for m in misread(password.encode()))
    told = re.sub(r"U\+[0-9A-F]{4}", "", told).lower()
    assert not [part for part in parts if part in told]
