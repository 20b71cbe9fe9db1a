"""The types of configuration values; `address_types` has the types of addresses.

Each parser takes the text of a value, never empty, and returns the value.  It raises ValueError
with words for the operator.  They do not repeat the value, because only the caller knows whether it
is a secret.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

from ucarpd.carp.params import KEY_SIZE, PASSWORD_SIZE
from ucarpd.config import odd_characters

T = TypeVar("T")

NAME_SIZE = 15
"""Bytes of an interface name or an address label: the kernel's IFNAMSIZ without its NUL."""

FACILITIES = (
    *("auth", "authpriv", "cron", "daemon", "ftp", "lpr", "mail", "news", "syslog", "user", "uucp"),
    *(f"local{number}" for number in range(8)),
)
"""The facilities of syslog(3) that a program may choose; not the kernel's own."""

LEADING_ZERO = "has a leading zero, which some programs take for octal: leave it out"

_BOOLEANS = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}

_FOREIGN_BOOLEANS = {
    **dict.fromkeys(("y", "t", "enable", "enabled", "master"), True),
    **dict.fromkeys(("n", "f", "disable", "disabled", "none", "never", "backup"), False),
}


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a parser for whole decimal numbers from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]+", text):
            raise ValueError(f"must be a whole number from {low} to {high}")
        if len(text) > 1 and text.startswith("0"):
            raise ValueError(LEADING_ZERO)
        # If a number has thousands of digits, the error of int() does not help the operator.
        if len(text) > len(str(high)) or not low <= int(text) <= high:
            raise ValueError(f"must be from {low} to {high}")
        return int(text)

    return parse


def advbase(text: str) -> int:
    """Parse a number of whole seconds, 0 to 253."""
    if re.fullmatch(r"[0-9]{0,2}[.,][0-9]{1,6} ?s?|[0-9]{1,3} ?ms", text):
        number = float(text.rstrip("ms ").replace(",", "."))
        base, part = divmod(number / 1000 if text.endswith("ms") else number, 1)
        skew = min(max(round(part * 256), 0 if base else 1), 254)
        raise ValueError(
            "must be a whole number from 0 to 253: for a part of a second, write"
            f" UCARP_ADVBASE={base:.0f} and UCARP_ADVSKEW={skew}"
        )
    return integer(0, 253)(text)


def dead_ratio(text: str) -> int:
    """Parse a number of advertisements, 2 to 255."""
    if text == "1":
        raise ValueError(
            "must be from 2 to 255: with 1 a single late or lost advertisement makes a second master"
        )
    return integer(2, 255)(text)


def seconds(low: int, high: int) -> Callable[[str], float]:
    """Return a parser for whole seconds from `low` to `high`."""
    parse = integer(low, high)
    return lambda text: float(parse(text))


def boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        meant = meant_boolean(text)
        advice = "" if meant is None else f": write {'yes' if meant else 'no'}"
        raise ValueError(f"must be yes or no (or true, false, on, off, 1, 0){advice}") from None


def meant_boolean(text: str) -> bool | None:
    """Return the yes or no that a word of another program means; None if it means neither.

    An option of `ucarp`, such as --nomcast, means yes.
    """
    word = text.lower()
    if word.startswith("-"):
        return True
    return (_BOOLEANS | _FOREIGN_BOOLEANS).get(word)


def one_of(choices: Mapping[str, T]) -> Callable[[str], T]:
    """Return a parser for words in upper or lower case; `choices` maps two or more to values."""
    *words, last = choices

    def parse(text: str) -> T:
        try:
            return choices[text.lower()]
        except KeyError:
            raise ValueError(f"must be {', '.join(words)} or {last}") from None

    return parse


def require_no_controls(text: str) -> None:
    """Raise ValueError for control characters other than tabulators."""
    if not text.isprintable() and any((ord(c) < 0x20 and c != "\t") or c == "\x7f" for c in text):
        raise ValueError("must not contain control characters")


def interface(text: str) -> str:
    """Parse the name of a network interface, 1 to 15 bytes."""
    if ":" in text:
        raise ValueError(
            "must be the interface itself; a label such as eth0:0 is UCARP_IF_ALIAS, and for scripts"
            " UCARP_SCRIPT_INTERFACE"
        )
    _require_short_word(text)
    if "/" in text or text in {".", ".."}:
        raise ValueError("cannot be the name of an interface")
    return text


def label(text: str) -> str:
    """Parse a label for the virtual address, 1 to 15 bytes."""
    _require_short_word(text)
    return text


def _require_short_word(text: str) -> None:
    if any(character.isspace() for character in text):
        raise ValueError("must not contain spaces")
    if len(text.encode()) > NAME_SIZE:
        raise ValueError(f"must be at most {NAME_SIZE} bytes long, this has {len(text.encode())}")


def facility(text: str) -> str:
    if text.lower() not in FACILITIES:
        short = text.lower().removeprefix("log_")
        advice = f": write {short}" if short in FACILITIES else ""
        raise ValueError(f"must be a syslog facility: {', '.join(FACILITIES)}{advice}")
    return text.lower()


def absolute_path(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("must be an absolute path, which starts with /")
    return path


def password(text: str) -> bytes:
    """Return the bytes that advertisements are signed with, 1 to 19."""
    try:
        return password_bytes(text.encode())
    except ValueError as error:
        odd = odd_characters.listed(text)
        raise ValueError(f"{error}; it contains {odd}" if odd else str(error)) from None


def password_bytes(secret: bytes) -> bytes:
    if not 1 <= len(secret) <= PASSWORD_SIZE:
        raise ValueError(
            f"a password has 1 to {PASSWORD_SIZE} bytes, this one has {len(secret)}"
            " (a letter outside ASCII counts as two or more)"
        )
    if b"\0" in secret:
        raise ValueError("a password cannot contain a NUL byte")
    return secret


def hex_key(text: str) -> bytes:
    """Parse a key of 1 to 20 bytes in hexadecimal digits."""
    digits = text.removeprefix("0x").removeprefix("0X")
    if not re.fullmatch("([0-9A-Fa-f]{2})+", digits) or len(digits) > 2 * KEY_SIZE:
        raise ValueError(
            f"a key is 2 to {2 * KEY_SIZE} hexadecimal digits, an even number of them:"
            " two for each byte"
        )
    return bytes.fromhex(digits)


def hex_keys(text: str) -> tuple[bytes, ...]:
    """Parse several keys, separated by commas or spaces."""
    return tuple(map(hex_key, re.split(r"[,\s]+", text.strip(", \t"))))


def written(*values: object) -> str:
    """Return values as a file has them; commas separate several values, also in a tuple."""
    return ",".join(map(_written, values))


def _written(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case bytes():
            return value.hex(":")
        case Enum():
            return str(value.value)
        case tuple() if type(value) is tuple:  # A named tuple is one value.
            return written(*value)
        case _:
            return str(value)
