"""The digest.  What other implementations make of it is in `tests/vectors`."""

import hmac
from ipaddress import ip_address

import pytest
from playbook import params

from ucarpd.carp.auth import Signer, acceptors, hashed, sender

ONE = [ip_address("10.0.0.100")]


def addresses(text):
    return [ip_address(word) for word in text.split()]


def test_what_is_signed_and_how():
    """With Python's own HMAC, which the program does not use."""
    signed = bytes.fromhex("02 01 0a 0a000064 1122334455667788")
    expected = hmac.digest(b"secret", signed, "sha1")
    assert Signer(b"secret", 10, ONE).sign(0x1122334455667788) == expected


@pytest.mark.parametrize(
    ("configured", "expected", "because"),
    [
        ("10.0.0.1", "0a000001", "one"),
        ("10.0.0.2 10.0.0.1", "0a000001 0a000002", "sorted"),
        ("10.0.0.10 10.0.0.9 9.0.0.1", "09000001 0a000009 0a00000a", "as numbers, not as text"),
        ("200.0.0.1 1.0.0.1", "01000001 c8000001", "unsigned"),
        ("10.0.0.1 10.0.0.1", "0a000001", "each once"),
        ("", "", "none"),
        (
            "fd00::1 10.0.0.1",
            "0a000001 fd000000000000000000000000000001",
            "IPv4 before IPv6",
        ),
        (
            "fd00::2 2001:db8::1 fd00::1 fd00::2",
            f"20010db8{1:024x} fd000000{1:024x} fd000000{2:024x}",
            "IPv6: sorted, each once",
        ),
        (
            "fe80:7::1 fe80::1 fe80:8::2",
            "fe800000000000000000000000000001 fe800000000000000000000000000002",
            "link-local: without the interface index of the BSD kernels",
        ),
        ("fe90:7::1", "fe900000000000000000000000000001", "all of fe80::/10 is link-local"),
        ("fec0:7::1", "fec00007000000000000000000000001", "what comes after it is not"),
    ],
)
def test_hashed(configured, expected, because):
    assert hashed(addresses(configured)) == bytes.fromhex(expected), because


@pytest.mark.parametrize(
    ("key", "vhid", "served", "counter"),
    [
        (b"secres", 10, ONE, 7),
        (b"secret", 11, ONE, 7),
        (b"secret", 10, addresses("10.0.0.101"), 7),
        (b"secret", 10, addresses("10.0.0.100 10.0.0.101"), 7),
        (b"secret", 10, ONE, 8),
    ],
)
def test_what_two_hosts_must_agree_on(key, vhid, served, counter):
    digest = Signer(b"secret", 10, ONE).sign(7)
    assert Signer(b"secret", 10, ONE).verify(7, digest)
    assert not Signer(key, vhid, served).verify(counter, digest)


LLADDR = bytes.fromhex("02aabbccddee")


def test_the_lladdr_of_openbsd_comes_before_the_vhid():
    signed = bytes.fromhex("02 01 02aabbccddee 0a 0a000064 0000000000000007")
    assert Signer(b"secret", 10, ONE, lladdr=LLADDR).sign(7) == hmac.digest(
        b"secret", signed, "sha1"
    )


def test_link_local_addresses_can_be_left_out():
    """All of fe80::/10, and no other address; link-local addresses of IPv4 count."""
    configured = addresses("169.254.0.1 fe80::1 febf::1 fec0::1 fd00::1")
    assert hashed(configured, with_link_local=False) == hashed(
        addresses("169.254.0.1 fec0::1 fd00::1")
    )
    signer = Signer(b"secret", 10, configured, with_link_local=False)
    assert signer.sign(7) == Signer(b"secret", 10, addresses("169.254.0.1 fec0::1 fd00::1")).sign(7)


DUAL = tuple(addresses("10.0.0.100 2001:db8::1 fe80::1"))
WITHOUT = addresses("10.0.0.100 2001:db8::1")


@pytest.mark.parametrize(
    ("changes", "expected", "because"),
    [
        ({}, Signer(b"secret", 10, DUAL), "the key and every address"),
        ({"hash_link_local": False}, Signer(b"secret", 10, WITHOUT), "as OpenBSD sends it"),
        ({"lladdr": LLADDR}, Signer(b"secret", 10, DUAL, lladdr=LLADDR), "OpenBSD with an lladdr"),
        ({"hashed": tuple(WITHOUT)}, Signer(b"secret", 10, WITHOUT), "not what is served"),
        ({"old_keys": (b"former",)}, Signer(b"secret", 10, DUAL), "never with an old key"),
    ],
)
def test_what_we_sign_with(changes, expected, because):
    ours = sender(params(vhid=10, addresses=DUAL, **changes))
    assert ours.sign(7) == expected.sign(7), because


@pytest.mark.parametrize(
    ("changes", "keys_and_addresses", "because"),
    [
        (
            {"addresses": tuple(ONE)},
            [(b"secret", ONE)],
            "without link-local addresses there is one variant",
        ),
        ({"addresses": DUAL}, [(b"secret", DUAL), (b"secret", WITHOUT)], "both, as OpenBSD"),
        (
            {"addresses": DUAL, "hash_link_local": False},
            [(b"secret", WITHOUT), (b"secret", DUAL)],
            "our own variant first",
        ),
        (
            {"addresses": tuple(ONE), "old_keys": (b"former", b"oldest")},
            [(b"secret", ONE), (b"former", ONE), (b"oldest", ONE)],
            "the key first",
        ),
        (
            {"addresses": DUAL, "old_keys": (b"former",)},
            [(b"secret", DUAL), (b"secret", WITHOUT), (b"former", DUAL), (b"former", WITHOUT)],
            "every variant with every key",
        ),
        (
            {"addresses": DUAL, "hashed": tuple(ONE)},
            [(b"secret", ONE)],
            "link-local addresses that are not hashed do not matter",
        ),
    ],
)
@pytest.mark.parametrize("lladdr", [None, LLADDR])
def test_what_we_accept(changes, keys_and_addresses, because, lladdr):
    accepted = [a.sign(7) for a in acceptors(params(vhid=10, lladdr=lladdr, **changes))]
    assert accepted == [
        Signer(key, 10, hashed, lladdr=lladdr).sign(7) for key, hashed in keys_and_addresses
    ], because


@pytest.mark.parametrize("bit", [0, 7, 80, 159])
def test_a_single_wrong_bit(bit):
    signer = Signer(b"secret", 10, ONE)
    digest = int.from_bytes(signer.sign(7), "big") ^ (1 << bit)
    assert not signer.verify(7, digest.to_bytes(20, "big"))


def test_a_signer_signs_more_than_once():
    signer = Signer(b"secret", 10, ONE)
    assert signer.sign(7) == signer.sign(7) != signer.sign(8)


def test_the_key_is_padded_with_zero_bytes():
    assert Signer(b"x", 10, ONE).sign(7) == Signer(b"x" + bytes(19), 10, ONE).sign(7)
    assert Signer(b"", 10, ONE).sign(7) == Signer(bytes(20), 10, ONE).sign(7)
