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
_END = struct.Struct("!Q20s")
"""The bytes before the checksum, and those after it."""


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
    start = beginning(vhid, advbase, advskew, demote, version, kind)
    return complete(start, counter, digest, pseudo_header)


def beginning(
    vhid: int,
    advbase: int,
    advskew: int,
    demote: int,
    version: int = VERSION,
    kind: int = TYPE_ADVERTISEMENT,
) -> bytes:
    """Return the bytes before the checksum, which say the same in most advertisements of a host."""
    return _BEGINNING.pack(version << 4 | kind, vhid, advskew, AUTHLEN, demote, advbase)


def complete(start: bytes, counter: int, digest: bytes, pseudo_header: bytes = b"") -> bytes:
    """Return the header that begins with these bytes; the rest is as in `encode`."""
    end = _END.pack(counter, digest)
    return start + checksum(pseudo_header + start + end).to_bytes(2, "big") + end


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


def checksum(data: bytes | bytearray) -> int:
    """Return the Internet checksum (RFC 1071): 0 for data that contains its own valid checksum."""
    if len(data) % 2:
        data = bytes(data) + b"\0"
    # Adding 16-bit words with end-around carry is arithmetic modulo 65535, in which 0 and 65535 are
    # the same: such a sum is 65535, and 0 only if all words are 0.
    total = int.from_bytes(data, "big")
    folded = total % 0xFFFF or (0xFFFF if total else 0)
    return ~folded & 0xFFFF
