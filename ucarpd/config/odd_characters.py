"""Characters that look like others, or like nothing: they come with text from a web page or a chat.

No words here hold the character itself, because it may be a part of a password.
"""

import unicodedata
from collections.abc import Iterator

DASHES = "–—‐‑−‒"  # noqa: RUF001 - these are meant
"""For a hyphen."""
QUOTES = {'"': "“”„«»", "'": "‘’‚‹›´"}  # noqa: RUF001
"""For a straight double or single quote."""
SPACES = "\u00a0\u202f\u2009\u3000"
"""For a space."""

_SCRIPTS = {
    "Cyrillic": ("аеорсхуіјѕԛԝԁһАВЕКМНОРСТХУІЈЅ", "aeopcxyijsqwdhABEKMHOPCTXYIJS"),  # noqa: RUF001
    "Greek": ("ονιαΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oviaABEZHIKMNOPTYX"),  # noqa: RUF001
}
LETTERS = {name: dict(zip(*pair, strict=True)) for name, pair in _SCRIPTS.items()}
"""By script: its letters, and the Latin ones that look the same."""

_FULL_WIDTH = {chr(code + 0xFEE0): chr(code) for code in range(0x21, 0x7F)}

PLAIN = {
    **dict.fromkeys(DASHES, "-"),
    **{odd: plain for plain, every in QUOTES.items() for odd in every},
    **dict.fromkeys(SPACES, " "),
    **_FULL_WIDTH,
    **LETTERS["Greek"],
    **LETTERS["Cyrillic"],
}
"""Each odd character, and the ASCII character that it looks like."""


def is_invisible(character: str) -> bool:
    """Return whether it has no width, as a zero-width space or a soft hyphen."""
    return unicodedata.category(character) == "Cf"


def kind(character: str) -> str | None:
    """Describe an odd character, without the character; None if it is not odd."""
    if is_invisible(character):
        return f"an invisible character ({code(character)})"
    if character != " " and unicodedata.category(character) == "Zs":
        return f"a space of another kind ({code(character)})"
    if character in DASHES:
        return "a dash that is no hyphen"
    if any(character in every for every in QUOTES.values()):
        return "a typographic quote"
    if character in _FULL_WIDTH:
        return "a full-width character"
    for script, letters in LETTERS.items():
        if character in letters:
            return f"a {script} letter that looks like a Latin one"
    return None


def code(character: str) -> str:
    """Return the number of a character that reveals nothing about a password, as U+200B."""
    return f"U+{ord(character):04X}"


def find(text: str) -> Iterator[tuple[int, str]]:
    """Yield the position of each odd character, from 1, and its description.

    Letters of a text that is Cyrillic or Greek throughout are not odd.
    """
    if text.isascii():
        return  # It cannot be odd, and most are.
    is_foreign = _is_foreign(text)
    for position, character in enumerate(text, 1):
        found = kind(character)
        if found and not (is_foreign and character.isalpha()):
            yield position, found
        elif unicodedata.combining(character):
            yield position, "an accent that is a character of its own"


def listed(text: str) -> str:
    """List the odd characters, with their positions; empty if there are none."""
    return " and ".join(f"{found} at position {position}" for position, found in find(text))


def _is_foreign(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return not any(map(str.isascii, letters)) and any(each not in PLAIN for each in letters)
