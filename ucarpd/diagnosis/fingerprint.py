"""A few digits that differ as soon as two hosts would refuse each other's advertisements.

They come from all that the digest of an advertisement covers, except for its counter.  Nothing here
shows a password, and each guess at one takes a good part of a second, because Scrypt makes the
digits.
"""

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ucarpd.carp.auth import hashed
from ucarpd.carp.params import KEY_SIZE
from ucarpd.config import Config

_SIZE = 3
"""Bytes: enough to tell two files apart, and few enough that many wrong passwords also fit."""
_COST = 1 << 16
"""Scrypt's N: with r=8, each file takes 64 MiB of memory and about 0.3 s on a small machine."""


def fingerprint(config: Config) -> str:
    """Return six hexadecimal digits, the same on every host with this key, vhid and addresses.

    The order of the addresses does not matter.  UCARP_HASH_LINKLOCAL does not matter either,
    because ucarpd accepts both kinds of digest, nor do the old passwords, which are never sent.

    Raises MemoryError if the host has too little memory for it.
    """
    # Both hosts need the same salt, so it is made of the other, public parts.
    lladdr = config.lladdr or b""
    salt = b"ucarpd fingerprint" + bytes([config.vhid, len(lladdr)]) + lladdr
    salt += hashed(config.hashed)
    scrypt = Scrypt(salt=salt, length=_SIZE, n=_COST, r=8, p=1)
    # To an HMAC, zero bytes at the end make no other key.
    return scrypt.derive(config.key.ljust(KEY_SIZE, b"\0")).hex()


def line(config: Config) -> str:
    """Return the line for this file.  It is the same on hosts that agree and name it alike.

    UCARP_ADVSKEW is not in it, because the hosts should differ there.
    """
    return f"{config.name}: vhid {config.vhid}, interval {config.advbase} s, {fingerprint(config)}"
