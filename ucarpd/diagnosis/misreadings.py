"""Which password another host may have in place of ours, if a person or a program misread it.

A person types a letter that looks like another one or has another keyboard; a web page, a word
processor or a shell changes characters.  The words name the kind of mistake and its position in
this host's password, from 1, but no character of it.  Each mistake is tried in both directions,
except where a part of the password is lost.
"""

import base64
import codecs
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, product
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from ucarpd.carp.params import PASSWORD_SIZE
from ucarpd.config import odd_characters
from ucarpd.config.odd_characters import DASHES, LETTERS, PLAIN, QUOTES, SPACES
from ucarpd.diagnosis import keyboards
from ucarpd.diagnosis.passwords import KeyMistake

# An upgrade may replace the files of Python under a running process, so this one is loaded now.
codecs.lookup("cp1252")

_OURS = "with this host's password"
_SAME = "type it the same on both"
_BY_HAND = "type it there by hand"
_BY_HAND_HERE = "type it here by hand"

_INVISIBLE = "\u200b\ufeff\u00ad\u2060\u200e\u200d"
"""The usual ones, the likeliest first."""
_TYPOGRAPHIC = ("“”", "„“", "«»", "””", "‘’", "‚‘", "’’")  # noqa: RUF001
_TWINS = (("O", "0"), ("o", "0"), ("l", "1"), ("I", "1"), ("l", "I"), ("S", "5"), ("B", "8"))
_MARKS = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;"))
"""What programs encode for HTML.  The module `html` knows 2231 entities, and takes a third of a MiB."""
_OTHER_ENTITIES = (('"', "&#34;"), ("'", "&#39;"), ("'", "&#039;"), ("'", "&apos;"))
_LABELS = ("UCARP_PASS=", "UCARP_PASSWORD=", "PASS=", "password=", "pass=", "pass ", "--pass=")

Misreading = tuple[str, str, str]
"""Their password, how it differs from ours, and what to do."""


def misread(key: bytes) -> Iterator[KeyMistake]:
    """Yield mistakes, the likeliest first; a key that is no text has none but of its encoding."""
    yield from _in_another_encoding(key)
    with suppress(UnicodeDecodeError):
        text = key.decode()
        for theirs, words, advice in chain.from_iterable(each(text) for each in _KINDS):
            if theirs != text:
                yield KeyMistake(theirs.encode()[:PASSWORD_SIZE], f"{_OURS}{words}", advice)


def _in_another_encoding(key: bytes) -> Iterator[KeyMistake]:
    """Latin-1 for UTF-8 or the reverse, or UTF-8 that was taken for Latin-1."""
    for here, there in (
        ("utf-8", "latin-1"),
        ("utf-8", "cp1252"),
        ("latin-1", "utf-8"),
        ("cp1252", "utf-8"),
    ):
        with suppress(UnicodeError):
            theirs = key.decode(here).encode(there)
            if theirs != key:
                words = f"{_OURS} in another encoding of the letters outside ASCII"
                advice = "save both files in UTF-8, or use ASCII letters only"
                yield KeyMistake(theirs[:PASSWORD_SIZE], words, advice)


def _forms(text: str) -> Iterator[Misreading]:
    for form in ("NFC", "NFD"):
        words = ", but with the accents in another Unicode form"
        advice = "a letter and its accent are one character on one host and two on the other"
        yield unicodedata.normalize(form, text), words, f"{advice}: use ASCII letters only"


def _odd_ones_here(text: str) -> Iterator[Misreading]:
    """Yield our password without its odd characters: without one kind, or without all."""
    edges = "".join(QUOTES.values())
    yield text.strip(edges), " without the typographic quotes around it", _BY_HAND_HERE
    everywhere = ""
    for position, character in enumerate(text, 1):
        plain = _plain(character)
        everywhere += plain
        if kind := odd_characters.kind(character):
            words = f", but a plain character for {kind}" if plain else f" without {kind}"
            theirs = _changed(text, position, plain)
            yield theirs, f"{words} at position {position}", _BY_HAND_HERE
    words = f", but plain characters for {odd_characters.listed(text)}"
    yield everywhere, words, _BY_HAND_HERE


def _plain(character: str) -> str:
    if odd_characters.is_invisible(character):
        return ""
    return PLAIN.get(character, " " if unicodedata.category(character) == "Zs" else character)


def _typographic(text: str) -> Iterator[Misreading]:
    for marks in _TYPOGRAPHIC:
        yield f"{marks[0]}{text}{marks[1]}", " and typographic quotes around it", _BY_HAND
    pairs = ((plain, odd) for plain, every in QUOTES.items() for odd in every)
    for plain, odd in chain(pairs, product("-", DASHES), product(" ", SPACES)):
        kind = odd_characters.kind(odd)
        yield text.replace(plain, odd), f", but {kind} for each plain one", _BY_HAND
        for position in _places(text, plain):
            words = f", but {kind} at position {position}"
            yield _changed(text, position, odd), words, _BY_HAND


def _spaces(text: str) -> Iterator[Misreading]:
    for one, other, words in (
        ("\t", " ", "a space for each tab"),
        (" ", "\t", "a tab for each space"),
        ("  ", " ", "one space for two"),
        (" ", "  ", "two spaces for one"),
        (" ", "", "no spaces"),
    ):
        yield text.replace(one, other), f", but {words}", _SAME
    for edge in SPACES[:2]:
        what = odd_characters.kind(edge)
        yield text + edge, f" and {what} at the end", _BY_HAND
        yield edge + text, f" and {what} at the start", _BY_HAND
        yield text.strip(edge), f" without {what} around it", _BY_HAND_HERE


def _invisible(text: str) -> Iterator[Misreading]:
    for character, position in product(_INVISIBLE, range(len(text), -1, -1)):
        kind = odd_characters.kind(character)
        where = f"before position {position + 1}" if position < len(text) else "at the end"
        yield text[:position] + character + text[position:], f" and {kind} {where}", _BY_HAND


def _other_letters(text: str) -> Iterator[Misreading]:
    """Latin letters of ours are Cyrillic or Greek ones there."""
    for script, letters in LETTERS.items():
        foreign = {latin: letter for letter, latin in letters.items()}
        everywhere = "".join(foreign.get(each, each) for each in text)
        yield everywhere, f", but with {script} letters that look like Latin ones", _BY_HAND
        for position, character in enumerate(text, 1):
            if character in foreign:
                kind = odd_characters.kind(foreign[character])
                theirs = _changed(text, position, foreign[character])
                yield theirs, f", but {kind} at position {position}", _BY_HAND


def _keyboards(text: str) -> Iterator[Misreading]:
    for table, words in keyboards.LAYOUTS:
        yield "".join(table.get(each, each) for each in text), f", typed {words}", _SAME


def _encoded(text: str) -> Iterator[Misreading]:
    """Encoded for a URL, for HTML or by base64, there or here."""
    ways: tuple[tuple[Callable[[str], str], Callable[[str], str], str], ...] = (
        (lambda plain: quote(plain, safe=""), unquote, "encoded for a URL (%…)"),
        (quote_plus, unquote_plus, "encoded for a URL (%…)"),
        (partial(_html, marks=_MARKS), _of_html, "encoded for HTML (&…;)"),
        (partial(_html, marks=_MARKS[:3]), _of_html, "encoded for HTML (&…;)"),
        (_base64, _of_base64, "encoded in base64"),
        (lambda plain: _base64(f"{plain}\n"), _of_base64, "encoded in base64, with a newline"),
    )
    for encode, decode, words in ways:
        yield encode(text), f" {words}", "decode it there"
        yield decode(text), f" decoded: here it is {words}", "decode it here"


def _html(text: str, marks: Iterable[tuple[str, str]]) -> str:
    for mark, entity in marks:
        text = text.replace(mark, entity)
    return text


def _of_html(text: str) -> str:
    for mark, entity in reversed((*_MARKS, *_OTHER_ENTITIES)):
        text = text.replace(entity, mark)
    return text


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _of_base64(text: str) -> str:
    """Decode; a text that is no base64 of a text stays."""
    try:
        return base64.b64decode(text, validate=True).decode().removesuffix("\n")
    except ValueError:
        return text


def _twins(text: str) -> Iterator[Misreading]:
    """Yield letters and digits that look alike in many fonts."""
    kind = "another letter or digit that looks like it (such as O and 0, l and 1)"
    for one, other in chain.from_iterable((pair, pair[::-1]) for pair in _TWINS):
        yield text.replace(one, other), f", but {kind} in each place", _SAME
        for position in _places(text, one):
            yield _changed(text, position, other), f", but {kind} at position {position}", _SAME


def _by_a_shell(text: str) -> Iterator[Misreading]:
    """A comment, a variable or a backslash: quotes are missing, or are one layer too many."""
    quotes = "put single quotes around it there"
    for stop, name in (("#", "#"), ("$", "$"), (" ", "a space"), ("&", "&"), (";", ";")):
        head, found, _ = text.partition(stop)
        if found:
            yield head.rstrip(), f" cut off at {name} (position {len(head) + 1})", quotes
    without = re.sub(r"\$(\{\w+\}|[A-Za-z_]\w*|[0-9@*#?$!-])", "", text)
    yield without, ", but with the text after $ taken for a variable", quotes
    escaped = re.sub(r"([^\w.,:/@%+-])", r"\\\1", text)
    yield escaped, " and a backslash before special characters", "remove the backslashes there"
    for special in "$\"'`!&#":
        theirs = text.replace(special, f"\\{special}")
        yield theirs, " and a backslash before a special character", "remove it there"
    unescaped = re.sub(r"\\(.)", r"\1", text)
    yield unescaped, " without its backslashes", "remove them here, or write two there"
    yield text.replace("\\", "\\\\"), " and each backslash doubled", _SAME
    for double in ("$$", "%%"):
        yield text.replace(double, double[0]), f", but {double[0]} for {double}", _SAME
        yield text.replace(double[0], double), f", but {double} for {double[0]}", _SAME


def _labelled(text: str) -> Iterator[Misreading]:
    for label in _LABELS:
        yield label + text, " and the name of the key in front", "remove the name there"
        yield text.removeprefix(label), " without the name of the key in front", "remove it here"


def _slips(text: str) -> Iterator[Misreading]:
    """One key was hit wrongly."""
    for position, character in enumerate(text, 1):
        words = f", but the letter at position {position} in the other case"
        yield _changed(text, position, character.swapcase()), words, _SAME
    for at in range(len(text) - 1):
        theirs = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        yield theirs, f", but positions {at + 1} and {at + 2} exchanged", _SAME
    for position, character in enumerate(text, 1):
        words = f" without the character at position {position}"
        yield _changed(text, position, ""), words, _SAME
        words = f" and the character at position {position} twice"
        yield _changed(text, position, 2 * character), words, _SAME


_KINDS: tuple[Callable[[str], Iterator[Misreading]], ...] = (
    *(_forms, _odd_ones_here, _typographic, _spaces, _keyboards, _encoded, _by_a_shell, _labelled),
    *(_twins, _other_letters, _slips, _invisible),
)


def _places(text: str, character: str) -> Iterator[int]:
    return (position for position, each in enumerate(text, 1) if each == character)


def _changed(text: str, position: int, character: str) -> str:
    return text[: position - 1] + character + text[position:]
