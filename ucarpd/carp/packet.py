"""The 36-byte CARP header, and the Internet checksum.

offset  size  field
     0     1  version (high nibble, 2), type (low nibble, 1: advertisement)
     1     1  vhid
     2     1  advskew
     3     1  authlen, 7: counter and digest in 32-bit words
     4     1  pad, 0; OpenBSD: demotion
     5     1  advbase
     6     2  checksum over these 36 bytes
     8     8  counter, big endian
    16    20  HMAC-SHA1 digest
"""

import struct
from typing import NamedTuple

VERSION = 2
TYPE_ADVERTISEMENT = 1
AUTHLEN = 7
HEADER_SIZE = 36

_HEADER = struct.Struct("!BBBBBBHQ20s")
_BEGINNING = struct.Struct("!BBBBBB")
_END = struct.Struct("!HQ20s")
"""The bytes before the checksum, and the rest."""


class Advertisement(NamedTuple):
    """One CARP header.  `demote` is 0 except from OpenBSD."""

    vhid: int
    advbase: int
    advskew: int
    counter: int
    digest: bytes
    demote: int = 0
    version: int = VERSION
    type: int = TYPE_ADVERTISEMENT


def encode(advertisement: Advertisement, pseudo_header: bytes = b"") -> bytes:
    """Return the header with its checksum, as it is sent.

    Every system sums up these 36 bytes alone, also in IPv6; only NetBSD adds IPv6's pseudo-header.
    """
    vhid, advbase, advskew, counter, digest, demote, version, kind = advertisement
    start = beginning(vhid, advbase, advskew, demote, pseudo_header, version, kind)
    return complete(start, counter, digest)


class Beginning(NamedTuple):
    """What comes before the checksum, and is the same in most advertisements of a host."""

    data: bytes
    """It may also have the headers around CARP's."""
    total: int
    """The number that the checksum covers, before the counter and the digest."""


def beginning(
    vhid: int,
    advbase: int,
    advskew: int,
    demote: int,
    pseudo_header: bytes = b"",
    version: int = VERSION,
    kind: int = TYPE_ADVERTISEMENT,
) -> Beginning:
    """Return the beginning of a header; the arguments are as in `encode`."""
    data = _BEGINNING.pack(version << 4 | kind, vhid, advskew, AUTHLEN, demote, advbase)
    return Beginning(data, int.from_bytes(pseudo_header + data, "big"))


def complete(start: Beginning, counter: int, digest: bytes) -> bytes:
    """Return the header that begins so."""
    data, total = start
    # As in `checksum`; no advertisement is all zero.
    folded = -(total + counter + int.from_bytes(digest, "big")) % 0xFFFF
    return data + _END.pack(folded, counter, digest)


def decode(payload: bytes) -> Advertisement:
    """Read the header at the start of `payload`, which has at least 36 bytes; the rest is ignored.

    This function only undoes the layout; `receive` says which values are acceptable.
    """
    version_type, vhid, advskew, _authlen, demote, advbase, _checksum, counter, digest = (
        _HEADER.unpack_from(payload)
    )
    return Advertisement(
        vhid, advbase, advskew, counter, digest, demote, version_type >> 4, version_type & 0x0F
    )


def is_intact(header: bytes) -> bool:
    """Return whether a header contains its own valid checksum, as `checksum` has it."""
    total = int.from_bytes(header, "big")
    return total % 0xFFFF == 0 < total


def checksum(data: bytes | bytearray) -> int:
    """Return the Internet checksum (RFC 1071): 0 for data that contains its own valid checksum.

    Adding 16-bit words with end-around carry is arithmetic modulo 65535, in which 0 and 65535 are the
    same: such a sum is 65535, and 0 only if all words are 0.
    """
    if len(data) % 2:
        data = bytes(data) + b"\0"
    total = int.from_bytes(data, "big")
    return -total % 0xFFFF if total else 0xFFFF
