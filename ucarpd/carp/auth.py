"""The digest of an advertisement: HMAC-SHA1 over the values that two hosts must agree on.

It covers, in this order: version and type as the constants 02 01, the MAC address of OpenBSD's carp
interface if it was set by hand, the vhid, every IPv4 virtual address, every IPv6 virtual address,
the counter.  It does not cover: advbase, advskew, demotion, and the sender's own addresses.

Python's own `hmac` does it, by OpenSSL: the package cryptography would take more time for each
digest, and much more time and memory to load.
"""

import hmac
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from ucarpd.carp.packet import TYPE_ADVERTISEMENT, VERSION
from ucarpd.carp.params import IPAddress, Params


class Signer:
    """Signs and verifies for one virtual host; all but the counter is hashed once, in advance.

    `key` has 0 to 20 bytes.  `lladdr` are the 6 bytes of a MAC address that OpenBSD hashes.
    """

    def __init__(
        self,
        key: bytes,
        vhid: int,
        addresses: Iterable[IPAddress],
        *,
        lladdr: bytes | None = None,
        with_link_local: bool = True,
    ) -> None:
        # An HMAC pads the key with zero bytes by itself, as all implementations do.
        self._prepared = hmac.new(key, digestmod="sha1")
        self._prepared.update(bytes([VERSION, TYPE_ADVERTISEMENT]) + (lladdr or b""))
        self._prepared.update(bytes([vhid]) + hashed(addresses, with_link_local=with_link_local))

    def sign(self, counter: int) -> bytes:
        """Return the 20-byte digest of an advertisement with this 64-bit counter."""
        state = self._prepared.copy()
        state.update(counter.to_bytes(8, "big"))
        return state.digest()

    def verify(self, counter: int, digest: bytes) -> bool:
        """Return whether the digest is ours, compared in constant time."""
        return hmac.compare_digest(self.sign(counter), digest)


def sender(params: Params) -> Signer:
    """Return the signer of this virtual host's own advertisements."""
    return Signer(
        params.key,
        params.vhid,
        params.hashed,
        lladdr=params.lladdr,
        with_link_local=params.hash_link_local,
    )


def acceptors(params: Params) -> list[Signer]:
    """Return each signer that an advertisement for this virtual host may have, likeliest first.

    With the link-local addresses or without them, as OpenBSD accepts both; with the key or with
    an old one while keys are changed.
    """
    has_link_local = any(a.version == 6 and a.is_link_local for a in params.hashed)
    variants = (params.hash_link_local, not params.hash_link_local)
    return [
        Signer(key, params.vhid, params.hashed, lladdr=params.lladdr, with_link_local=variant)
        for key in (params.key, *params.old_keys)
        for variant in (variants if has_link_local else (True,))
    ]


def hashed(addresses: Iterable[IPAddress], *, with_link_local: bool = True) -> bytes:
    """Return the virtual addresses as they enter the digest.

    IPv4 before IPv6, each sorted by its bytes, each once.  In link-local IPv6 addresses bytes 2
    and 3 count as zero (the BSD kernels keep the interface index there); OpenBSD leaves them out.
    """
    unique = set(addresses)
    v4 = sorted(address.packed for address in unique if isinstance(address, IPv4Address))
    v6 = {
        _without_scope(address)
        for address in unique
        if isinstance(address, IPv6Address) and (with_link_local or not address.is_link_local)
    }
    return b"".join(v4) + b"".join(sorted(v6))


def _without_scope(address: IPv6Address) -> bytes:
    packed = address.packed
    return packed[:2] + b"\0\0" + packed[4:] if address.is_link_local else packed
