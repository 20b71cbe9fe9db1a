"""Which key another host may have in place of ours, and by which mistake.

Passwords come out of files, quotes, `ifconfig` commands and hex dumps, and not all programs read
them alike.  No text here holds a password or a part of it; it only says how the two differ.  A text
that is too long for a password is cut, as the BSDs' ifconfig does.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from ucarpd.carp.params import KEY_SIZE, PASSWORD_SIZE

T = TypeVar("T")

_OURS = "with this host's password"

_WRAPPINGS = (
    # before the password, after it, name, where to look
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
)


def secret(cls: type[T]) -> type[T]:
    """Let repr() of this class of named tuples show no values, since some are passwords."""
    cls.__repr__ = object.__repr__  # type: ignore[method-assign]
    return cls


@secret
class KeyMistake(NamedTuple):
    """A key that the other host may have: how it came by it, and what to do."""

    key: bytes
    words: str = ""
    advice: str = ""


def in_one_way(
    key: bytes,
    *,
    former: Iterable[bytes] = (),
    old: Iterable[bytes] = (),
    others: Iterable[tuple[str, bytes]] = (),
) -> Iterator[KeyMistake]:
    """Mistakes that can be made in one way only, the likeliest first.

    `former` are keys from before a reload, `old` keys that are still accepted, `others` the names
    and keys of other instances on this host.
    """
    for before, after, what, where in _WRAPPINGS:
        bare = key.removeprefix(before).removesuffix(after)
        if before + bare + after == key:
            yield KeyMistake(bare, f"{_OURS} without {what}", f"check the {where} here")
    yield KeyMistake(b"", "with an empty password", "set the password there")
    yield KeyMistake(
        key[:PASSWORD_SIZE],
        f"{_OURS} cut short, as ucarp's and the BSDs' tools do",
        f"use one of at most {PASSWORD_SIZE} bytes on both, or give the key in hex there too",
    )
    yield KeyMistake(
        key[:-1],
        f"{_OURS} without its last character",
        "type it the same on both (one character more on NetBSD, whose ifconfig drops the last one)",
    )
    for one in former:
        yield KeyMistake(one, "with the password from before the reload here", "change it there")
    for one in old:
        yield KeyMistake(one, "with an old password", "change it there")
    for before, after, what, where in _WRAPPINGS:
        wrapped = (before + key + after)[:PASSWORD_SIZE]
        yield KeyMistake(wrapped, f"{_OURS} and {what}", f"check the {where} there")
    yield from _hex_for_text(key)
    yield KeyMistake(
        key.swapcase(), f"{_OURS} in the other case", "type it the same on both (Caps Lock?)"
    )
    yield KeyMistake(key.lower(), f"{_OURS} in lower case", "type it the same on both")
    yield KeyMistake(key.upper(), f"{_OURS} in upper case", "type it the same on both")
    for name, one in others:
        yield KeyMistake(one, f"with the password of instance {name}", "check the password there")


def one_byte_more(key: bytes) -> Iterator[KeyMistake]:
    """Yield keys as if our password was taken over from a NetBSD host, or badly copied."""
    for byte in range(1, 256):
        yield KeyMistake(
            (key + bytes([byte]))[:KEY_SIZE],
            f"{_OURS} and one more character",
            "this host's password lacks the last character of theirs",
        )


def _hex_for_text(key: bytes) -> Iterator[KeyMistake]:
    """Yield keys for a hex key that either host takes for a password of letters and digits."""
    digits = key.hex()
    for text in (digits, f"0x{digits}", digits.upper(), f"0x{digits.upper()}"):
        yield KeyMistake(
            text.encode()[:PASSWORD_SIZE],
            "with the hex digits of this host's key as a password",
            "give the key in hex there too, or a password on both",
        )
    try:
        decoded = bytes.fromhex(key.decode().removeprefix("0x"))
    except ValueError:
        return
    yield KeyMistake(
        decoded,
        f"{_OURS} read as hex digits",
        "give it in hex here too (UCARP_KEY), or another password on both",
    )
