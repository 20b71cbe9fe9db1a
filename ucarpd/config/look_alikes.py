"""Letters that look like others, and invisible letters.

A key with a Cyrillic letter in it looks right on the screen, and a password with a typographic quote
differs from the password that was typed on the other host.
"""

import unicodedata

from ucarpd.config.odd_characters import PLAIN, code


def latin(text: str) -> str:
    """`text` with every look-alike replaced by the letter that it looks like."""
    if text.isascii():
        return text  # Most are.
    plain = "".join(PLAIN.get(letter, letter) for letter in text if not _is_invisible(letter))
    return unicodedata.normalize("NFKC", plain)


def strange(text: str) -> str | None:
    """Name the first letter outside ASCII, with its position from 1; None when there is none."""
    for position, letter in enumerate(text, 1):
        if not letter.isascii():
            return f"character {position} is {_name(letter)}"
    return None


def _is_invisible(letter: str) -> bool:
    is_blank = unicodedata.category(letter) in {"Cf", "Zs", "Zl", "Zp"}
    return is_blank and not letter.isascii()


def _name(letter: str) -> str:
    name = unicodedata.name(letter, "a letter without a name").capitalize()
    shown = f" {letter}" if letter.isprintable() and not unicodedata.combining(letter) else ""
    twin = PLAIN.get(letter, "").strip()
    looks = f"; it looks like {twin}" if twin else ""
    return f"{code(letter)}{shown} ({name}{looks})"
