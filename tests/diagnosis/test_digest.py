"""The mistake behind a wrong digest, one row each; the digests are made with Python's own HMAC."""

import pytest
from wrong_digests import (
    KEY,
    MAC,
    MAIL,
    MIXED,
    ONE,
    PEER,
    SEVEN,
    TWO,
    VHID,
    addresses,
    background,
    evidence,
)

from ucarpd.carp.receive import UNEXPLAINED
from ucarpd.diagnosis.digest import Suspect, explain


def finding(key, there, lladdr="", /, **here):
    *pauses, outcome = explain(evidence(key, there, lladdr), background(**here))
    assert not any(pauses)
    return outcome


ALIKE = "set the same UCARP_ADDR on both"
TWIN = Suspect(name="twin", vhid=VHID, key=b"Twinkey", hashed=addresses("10.9.0.8"))


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (
            KEY,
            KEY + b"\n",
            "this host's password and a newline at the end: check the password file there",
        ),
        (
            KEY,
            b'"Secret7"',
            "this host's password and double quotes around it: check the password there",
        ),
        (
            KEY,
            b'Secret7"',
            "this host's password and a double quote at the end: check the password there",
        ),
        (
            KEY + b"\n",
            KEY,
            "this host's password without a newline at the end: check the password file here",
        ),
        (
            b"01234567890123456789",
            b"0123456789012345678",
            "this host's password cut short, as ucarp's and the BSDs' tools do: "
            "use one of at most 19 bytes on both, or give the key in hex there too",
        ),
        (
            KEY,
            b"Secret",
            "this host's password without its last character: type it the same on both "
            "(one character more on NetBSD, whose ifconfig drops the last one)",
        ),
        (
            b"Secret",
            KEY,
            "this host's password and one more character: "
            "this host's password lacks the last character of theirs",
        ),
        (KEY, b"", "an empty password: set the password there"),
        (KEY, b"Former", "the password from before the reload here: change it there"),
        (KEY, b"Mailkey", "the password of instance mail: check the password there"),
        (
            bytes(range(0xC0, 0xD4)),
            b"c0c1c2c3c4c5c6c7c8c",
            "the hex digits of this host's key as a password: "
            "give the key in hex there too, or a password on both",
        ),
        (
            KEY + bytes(13),  # the same key as without the zero bytes
            KEY + b"\r",
            "this host's password and a carriage return at the end: check the password file there",
        ),
    ],
)
def test_another_key(ours, theirs, words):
    told = finding(theirs, ONE, key=ours, former=(b"Former",), others=(MAIL,))
    assert told == f"it is signed with {words}"


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        (
            {"here": TWO},
            ONE,
            f"for 10.0.0.100 alone, here it is for 10.0.0.100, 10.0.0.101: {ALIKE}",
        ),
        (
            {"here": TWO},
            "10.0.0.101",
            "for 10.0.0.101 alone, here it is for 10.0.0.100, 10.0.0.101",
        ),
        (
            {"here": f"{TWO} 10.0.0.102"},
            "10.0.0.100 10.0.0.102",
            "for 10.0.0.100, 10.0.0.102, here it is for 10.0.0.100, 10.0.0.101, 10.0.0.102",
        ),
        ({"here": SEVEN}, SEVEN[9:], f"without 10.0.0.1, which this host has: {ALIKE}"),
        (
            {"here": SEVEN},
            "10.0.0.3",
            "for 10.0.0.3 alone, here it is for 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4 and 3 more",
        ),
        (
            {"here": SEVEN, "extra": "10.0.0.200"},
            f"{SEVEN} 10.0.0.200",
            f"for 10.0.0.200 too, which this host does not have: {ALIKE}",
        ),
        (
            {"here": SEVEN, "hashed": f"{SEVEN[9:]} 10.0.0.9"},
            SEVEN,
            f"for 10.0.0.1 in place of 10.0.0.9: {ALIKE}",
        ),
        ({"extra": "10.0.0.101"}, TWO, "for 10.0.0.100, 10.0.0.101, here it is for 10.0.0.100"),
        ({"extra": "10.0.0.101"}, "10.0.0.101", "for 10.0.0.101, here it is for 10.0.0.100"),
        (
            {"here": ONE, "hashed": TWO},
            ONE,
            "for 10.0.0.100 alone, here it is for 10.0.0.100, 10.0",
        ),
        ({"here": "10.0.0.101", "hashed": ONE}, TWO, "for 10.0.0.100, 10.0.0.101, here it is for"),
        (
            {"here": f"{TWO} fd00::1"},
            TWO,
            "for 10.0.0.100, 10.0.0.101, here it is for 10.0.0.100, ",
        ),
        ({"here": f"{ONE} fd00::1 fd00::2"}, "fd00::1 fd00::2", "for fd00::1, fd00::2, here it is"),
        ({}, "", f"for no address, here it is for 10.0.0.100: {ALIKE}"),
        (
            {"here": MIXED},
            "10.0.0.100 fd00::1",
            "without the link-local addresses: set UCARP_HASH_LINKLOCAL=no here",
        ),
        (
            {"here": MIXED, "hash_link_local": False},
            MIXED,
            "with the link-local addresses: set UCARP_HASH_LINKLOCAL=yes here",
        ),
        ({"here": MIXED}, "fd00::1", "for fd00::1 alone, here it is for 10.0.0.100, fd00::1, fe80"),
        (
            {"here": MIXED, "hash_link_local": False},
            "fd00::1 fe80::1",
            "for fd00::1, fe80::1, here",
        ),
        ({"here": "fe80::1"}, "", "without the link-local addresses"),
        ({"here": "169.254.0.9 fe80::1"}, "169.254.0.9", "without the link-local addresses"),
        ({}, "10.0.0.100 fe80::1", "for the link-local address fe80::1 too"),
        (
            {},
            f"10.0.0.100 fe80::200:5eff:fe00:1{VHID:02x}",
            f"for the link-local address fe80::200:5eff:fe00:1{VHID:02x} too",
        ),
    ],
)
def test_other_addresses(here, there, words):
    assert finding(KEY, there, **here).startswith(f"it is signed {words}")


@pytest.mark.parametrize(
    ("key", "there", "words"),
    [
        (
            KEY,
            "10.9.0.7 fe80::7",
            "for the addresses of instance mail: "
            "that has vhid 20 here, correct UCARP_VHID or UCARP_ADDR there",
        ),
        (KEY, "10.9.0.7", "for the addresses of instance mail: that has vhid 20 here"),
        (KEY, "10.9.0.8", "for the addresses of instance twin: both have vhid 10, are their"),
        (
            b"Mailkey",
            "10.9.0.7 fe80::7",
            "with password and addresses of instance mail: "
            "that has vhid 20 here, correct UCARP_VHID or UCARP_ADDR there",
        ),
        (b"Mailkey", "10.9.0.7", "with password and addresses of instance mail"),
        (
            b"Twinkey",
            "10.9.0.8",
            "with password and addresses of instance twin: "
            "both have vhid 10, are their networks joined?",
        ),
    ],
)
def test_another_instance(key, there, words):
    assert finding(key, there, others=(MAIL, TWIN)).startswith(f"it is signed {words}")


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        (ONE, str(PEER), "for 10.0.0.12, here it is for 10.0.0.100: 10.0.0.12 is its own address"),
        (
            ONE,
            f"{PEER} {ONE}",
            "for 10.0.0.12, 10.0.0.100, here it is for 10.0.0.100: "
            "10.0.0.12 is its own address, take it out of UCARP_ADDR there",
        ),
        (f"{PEER} {ONE}", str(PEER), f"for 10.0.0.12 alone, here it is for {PEER}, {ONE}: {ALIKE}"),
    ],
)
def test_its_own_address(here, there, words):
    assert finding(KEY, there, here=here).startswith(f"it is signed {words}")


@pytest.mark.parametrize(
    ("here", "there", "lladdr", "words"),
    [
        (
            {},
            ONE,
            MAC.hex(),
            "with its MAC address 02:00:00:00:0a:02, as OpenBSD does with an lladdr set by hand: "
            "set UCARP_LLADDR=02:00:00:00:0a:02 here",
        ),
        (
            {"here": MIXED},
            "10.0.0.100 fd00::1",
            MAC.hex(),
            "with its MAC address 02:00:00:00:0a:02",
        ),
        (
            {"lladdr": bytes(6)},
            ONE,
            "",
            "without the MAC address of UCARP_LLADDR: "
            "remove UCARP_LLADDR here, or set that lladdr there",
        ),
    ],
)
def test_the_mac_address_of_openbsd(here, there, lladdr, words):
    assert finding(KEY, there, lladdr, **here).startswith(f"it is signed {words}")


@pytest.mark.parametrize(
    ("here", "there", "wrong", "right"),
    [
        (ONE, "10.0.0.110", "10.0.0.110", ONE),
        (ONE, "10.0.0.0", "10.0.0.0", ONE),
        (ONE, "10.0.0.255", "10.0.0.255", ONE),
        (ONE, "10.0.10.100", "10.0.10.100", ONE),
        (ONE, "192.0.0.100", "192.0.0.100", ONE),
        (TWO, "10.0.0.100 10.0.0.201", "10.0.0.201", "10.0.0.101"),
        (f"{ONE} fd00::1", "10.0.0.10 fd00::1", "10.0.0.10", ONE),
        (f"{ONE} fd00::1", f"{ONE} fd00::2", "fd00::2", "fd00::1"),
        ("fd00::10", "fd00::100", "fd00::100", "fd00::10"),
        ("fd00::10", "fd00::1", "fd00::1", "fd00::10"),
        ("fd00::10", "fd00::ff", "fd00::ff", "fd00::10"),
        ("fd00::10", "fd00::1010", "fd00::1010", "fd00::10"),
        ("fd00::10", "fe00::10", "fe00::10", "fd00::10"),
    ],
)
def test_a_mistyped_address(here, there, wrong, right):
    expected = f"it is signed for {wrong} where this host has {right}: a typing error? {ALIKE}"
    expected += ", or if these are two services, change the UCARP_VHID of one"
    assert finding(KEY, there, here=here) == expected


@pytest.mark.parametrize(
    ("key", "there", "here", "words"),
    [
        (
            KEY + b"\n",
            ONE,
            {"here": TWO},
            "with this host's password and a newline at the end, "
            "and for 10.0.0.100 alone, here it is for 10.0.0.100, 10.0.0.101: "
            f"check the password file there; {ALIKE}",
        ),
        (
            b"Older",
            ONE,
            {"here": TWO, "old_keys": (b"Older",)},
            "with an old password, and for 10.0",
        ),
        (b"Secret", "10.0.0.100 fd00::1", {"here": MIXED}, "with this host's password without its"),
        (b"", str(PEER), {}, "with an empty password, and for 10.0.0.12, here it is for"),
        (
            b"Twinkey",
            "10.9.0.7",
            {"others": (MAIL, TWIN)},
            "with the password of instance twin, and",
        ),
    ],
)
def test_two_mistakes(key, there, here, words):
    assert finding(key, there, **here).startswith(f"it is signed {words}")


@pytest.mark.parametrize(
    "here", [{}, {"here": MIXED, "old_keys": (b"Older",), "others": (MAIL, TWIN)}]
)
def test_nothing_fits(here):
    assert finding(b"something else", ONE, **here) is None
    assert "differ" in UNEXPLAINED


def test_what_this_host_accepts_is_no_mistake():
    here = {"old_keys": (b"Older",)}
    assert finding(KEY, ONE, **here) is None
    assert finding(b"Older", ONE, **here) is None
