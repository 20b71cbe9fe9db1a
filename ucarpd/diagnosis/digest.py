"""Which mistake of an operator makes a wrong digest right.

An advertisement for our vhid with a wrong digest means two masters, each dropping the
advertisements of the other.  The digest itself reveals nothing, but it can be tried: with the
password as it comes out of a badly written file, with the addresses as a person may have left them,
with both.  A hit is proof, as good as the HMAC.  The finding is one line for the log, in the order
"mistake of the other host: remedy"; "there" is the other host, "here" is this one.

No finding holds a password or a part of one; it only says how the two differ.

The search is lazy and in batches, since a failing search takes up to 3500 HMACs: the caller
runs it beside its other work, seldom, and never before the packet is dropped.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address
from itertools import chain, islice, product
from typing import NamedTuple

from ucarpd.carp.auth import Signer, hashed
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.receive import Evidence
from ucarpd.diagnosis.misreadings import misread
from ucarpd.diagnosis.mistyped_addresses import slips
from ucarpd.diagnosis.passwords import KeyMistake, in_one_way, one_byte_more, secret

BATCH = 20
"""Hypotheses between two pauses."""

MOST_SINGLE = 240
"""Keys, contents, and whole instances that are tried by themselves."""
MOST_ADDRESSES = 64
"""Virtual addresses that are supposed to be there alone, or missing."""
MOST_MISREAD = 600
"""Passwords that a person or a program may have made of ours."""
MOST_MISTYPED = 1024
MOST_PAIRED = (48, 22)
"""Keys and contents of which each is tried with each."""
LONGEST_LIST = 4
"""Addresses that a finding lists one by one."""

Addresses = tuple[IPAddress, ...]


@secret
class Suspect(NamedTuple):
    """Another instance on this host, whose values may stand in the wrong file on the other host."""

    name: str
    vhid: int
    key: bytes
    hashed: Addresses


@secret
class Background(NamedTuple):
    """The knowledge of this host."""

    params: Params
    former_keys: tuple[bytes, ...] = ()
    """Keys that this instance had before it was reloaded, and no longer accepts."""
    others: tuple[Suspect, ...] = ()


@secret
class Hypothesis(NamedTuple):
    """A key and addresses that the other host may have signed with, and the finding if it did."""

    key: bytes
    addresses: Addresses
    lladdr: bytes | None
    finding: str

    def fits(self, evidence: Evidence, vhid: int) -> bool:
        signer = Signer(self.key, vhid, self.addresses, lladdr=self.lladdr)
        return signer.verify(evidence.counter, evidence.digest)


class _Content(NamedTuple):
    """A possible content of the other host's digest: how it differs from ours, and the remedy."""

    addresses: Addresses
    lladdr: bytes | None
    words: str = ""
    advice: str = ""


def explain(evidence: Evidence, background: Background) -> Iterator[str | None]:
    """Search, with a None after each batch as a place to pause; the last item is the outcome.

    That is the finding, or None if nothing fits.
    """
    for count, hypothesis in enumerate(hypotheses(evidence, background), 1):
        if hypothesis and hypothesis.fits(evidence, background.params.vhid):
            yield hypothesis.finding
            return
        if count % BATCH == 0:
            yield None
    yield None


def hypotheses(evidence: Evidence, background: Background) -> Iterator[Hypothesis | None]:
    """Yield the likely mistakes, the likeliest first, no two that come to the same digest.

    The keys that this host signs with, or accepts while keys are changed, are not among them.  For
    each repetition yield None, since it takes time to find one out.
    """
    params = background.params
    ours = _Content(_sent(params), params.lladdr)
    seen = {_signed(key, ours) for key in (params.key, *params.old_keys)}
    for mistake, content in _suppositions(evidence, background, ours):
        signed = _signed(mistake.key, content)
        if signed in seen:
            yield None
        else:
            seen.add(signed)
            finding = _finding(mistake, content)
            yield Hypothesis(mistake.key, content.addresses, content.lladdr, finding)


def _suppositions(
    evidence: Evidence, background: Background, ours: _Content
) -> Iterator[tuple[KeyMistake, _Content]]:
    """One mistake comes before two, and a single guess before a series of guesses."""
    key = background.params.key.rstrip(b"\0")
    none = KeyMistake(key)

    def keys() -> Iterator[KeyMistake]:
        others = ((other.name, other.key) for other in background.others)
        old = background.params.old_keys
        return in_one_way(key, former=background.former_keys, old=old, others=others)

    def contents() -> Iterator[_Content]:
        return _contents(evidence, background, ours)

    yield from ((mistake, ours) for mistake in islice(keys(), MOST_SINGLE))
    yield from ((none, content) for content in islice(contents(), MOST_SINGLE))
    yield from islice(_other_instances(background), MOST_SINGLE)
    yield from ((mistake, ours) for mistake in islice(misread(key), MOST_MISREAD))
    yield from ((mistake, ours) for mistake in one_byte_more(key))
    yield from ((none, content) for content in islice(_mistyped(ours), MOST_MISTYPED))
    most_keys, most_contents = MOST_PAIRED
    few_keys = {mistake.key: mistake for mistake in islice(keys(), most_keys)}
    few_contents = {_signed(b"", content): content for content in islice(contents(), most_contents)}
    yield from product(few_keys.values(), few_contents.values())


# -- the content of a digest -----------------------------------------------------------------------

_SAME = "set the same UCARP_ADDR on both"
_OR_ANOTHER = "or if these are two services, change the UCARP_VHID of one"


def _contents(evidence: Evidence, background: Background, ours: _Content) -> Iterator[_Content]:
    """Yield the contents that the other host's digest may have, the likeliest first."""
    params, here = background.params, ours.addresses
    flipped = params.hashed if len(here) < len(params.hashed) else _without_link_local(here)
    more = len(flipped) > len(here)

    yield _Content(
        flipped,
        ours.lladdr,
        f"{'with' if more else 'without'} the link-local addresses",
        f"set UCARP_HASH_LINKLOCAL={'yes' if more else 'no'} here",
    )
    yield from _lladdr_mistaken(evidence, ours, flipped)
    for unknown in (IPv6Address("fe80::1"), _of_the_virtual_mac(params.vhid)):
        yield _Content(
            (*here, unknown),
            ours.lladdr,
            f"for the link-local address {unknown} too",
            f"set UCARP_HASH_ADDRS={unknown} here, or remove it there",
        )
    everything = tuple(dict.fromkeys((*params.hashed, *params.addresses)))
    if evidence.source not in everything:
        for there in ((evidence.source,), (*here, evidence.source)):
            yield _Content(
                there,
                ours.lladdr,
                _difference(there, here),
                f"{evidence.source} is its own address, take it out of UCARP_ADDR there",
            )
    families = product((here, flipped), (4, 6))
    for there in chain(
        (params.addresses, everything),
        (tuple(a for a in base if a.version == family) for base, family in families),
        ((address,) for address in everything[:MOST_ADDRESSES]),
        (tuple(a for a in here if a != out) for out in here[:MOST_ADDRESSES]),
    ):
        yield _Content(there, ours.lladdr, _difference(there, here), _SAME)
    for other in background.others:
        for there in (other.hashed, _without_link_local(other.hashed)):
            words = f"for the addresses of instance {other.name}"
            yield _Content(there, ours.lladdr, words, _how_to_part(other, params))


def _lladdr_mistaken(evidence: Evidence, ours: _Content, flipped: Addresses) -> Iterator[_Content]:
    """Yield a MAC address that OpenBSD hashes and we do not, or the reverse.

    Also without the link-local addresses, as OpenBSD leaves them out.
    """
    mac = evidence.source_mac.hex(":")
    for there in (ours.addresses, flipped):
        yield _Content(
            there,
            evidence.source_mac,
            f"with its MAC address {mac}, as OpenBSD does with an lladdr set by hand",
            f"set UCARP_LLADDR={mac} here",
        )
        yield _Content(
            there,
            None,
            "without the MAC address of UCARP_LLADDR",
            "remove UCARP_LLADDR here, or set that lladdr there",
        )


def _mistyped(ours: _Content) -> Iterator[_Content]:
    """One address is another: a slip in each address in turn, the likeliest first."""
    # The search ends before the shortest row of slips does.
    for row in zip(*map(slips, ours.addresses), strict=False):
        for here, there in zip(ours.addresses, row, strict=True):
            yield _Content(
                tuple(there if address == here else address for address in ours.addresses),
                ours.lladdr,
                f"for {there} where this host has {here}",
                f"a typing error? {_SAME}, {_OR_ANOTHER}",
            )


def _other_instances(background: Background) -> Iterator[tuple[KeyMistake, _Content]]:
    """Yield the values of each other instance, but with our vhid."""
    for other in background.others:
        advice = _how_to_part(other, background.params)
        for there in (other.hashed, _without_link_local(other.hashed)):
            words = f"with password and addresses of instance {other.name}"
            yield KeyMistake(other.key, words, advice), _Content(there, None)


def _how_to_part(other: Suspect, params: Params) -> str:
    if other.vhid == params.vhid:
        return f"both have vhid {params.vhid}, are their networks joined?"
    return f"that has vhid {other.vhid} here, correct UCARP_VHID or UCARP_ADDR there"


# -- small parts -----------------------------------------------------------------------------------


def _sent(params: Params) -> Addresses:
    return params.hashed if params.hash_link_local else _without_link_local(params.hashed)


def _without_link_local(addresses: Addresses) -> Addresses:
    return tuple(a for a in addresses if a.version == 4 or not a.is_link_local)


def _of_the_virtual_mac(vhid: int) -> IPv6Address:
    """Return the link-local address that a kernel gives a carp interface (RFC 4291, appendix A)."""
    return IPv6Address(f"fe80::200:5eff:fe00:1{vhid:02x}")


def _signed(key: bytes, content: _Content) -> tuple[bytes, bytes, bytes]:
    """Return a key that is the same for all hypotheses with the same digest."""
    return key.rstrip(b"\0"), content.lladdr or b"", hashed(content.addresses)


def _finding(key: KeyMistake, content: _Content) -> str:
    parts = [part for part in (key, content) if part.words]
    done = ", and ".join(part.words for part in parts)
    return f"it is signed {done}: {'; '.join(part.advice for part in parts)}"


def _difference(there: Addresses, here: Addresses) -> str:
    """Word both lists if they are short, otherwise their difference."""
    if len(there) <= 1 or max(len(there), len(here)) <= LONGEST_LIST:
        alone = " alone" if len(there) == 1 < len(here) else ""
        return f"for {_listed(there)}{alone}, here it is for {_listed(here)}"
    missing, more = set(here) - set(there), set(there) - set(here)
    if missing and more:
        return f"for {_listed(more)} in place of {_listed(missing)}"
    if missing:
        return f"without {_listed(missing)}, which this host has"
    return f"for {_listed(more)} too, which this host does not have"


def _listed(addresses: Iterable[IPAddress]) -> str:
    ordered = sorted(set(addresses), key=lambda address: (address.version, address.packed))
    names = [str(address) for address in ordered[:LONGEST_LIST]]
    rest = len(ordered) - len(names)
    return ", ".join(names or ["no address"]) + (f" and {rest} more" if rest else "")
