"""The digest.  What other implementations make of it is in `tests/vectors`."""

import hmac
from ipaddress import ip_address

import pytest

from ucarpd.carp.auth import Signer, hashed

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
