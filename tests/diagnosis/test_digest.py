"""The digest detective, one row a mistake; the digests are made with Python's own HMAC."""

import hmac
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook import params

from ucarpd.carp.receive import UNEXPLAINED, Evidence
from ucarpd.diagnosis.digest import (
    BATCH,
    Background,
    Suspect,
    explain,
    hypotheses,
)

VHID = 10
COUNTER = 0x1122334455667788
KEY = b"Secret7"
PEER = ip_address("10.0.0.12")
MAC = bytes.fromhex("020000000a02")


def addresses(text):
    return tuple(ip_address(word) for word in text.split())


def digest(key, there, lladdr=""):
    """What a host with this key and these addresses sends; they must be given in order."""
    body = "".join(address.packed.hex() for address in addresses(there))
    signed = bytes.fromhex(f"0201 {lladdr} {VHID:02x} {body} {COUNTER:016x}")
    return hmac.digest(key, signed, "sha1")


def evidence(key, there, lladdr=""):
    return Evidence(PEER, MAC, COUNTER, digest(key, there, lladdr))


def background(here="10.0.0.100", key=KEY, former=(), extra="", others=(), **changes):
    hashed = addresses(changes.pop("hashed", here))
    served = addresses(here) + addresses(extra)
    return Background(
        params=params(vhid=VHID, addresses=served, hashed=hashed, key=key, **changes),
        former_keys=former,
        others=others,
    )


def finding(key, there, lladdr="", /, **here):
    *pauses, outcome = explain(evidence(key, there, lladdr), background(**here))
    assert not any(pauses)
    return outcome


ONE = "10.0.0.100"
TWO = "10.0.0.100 10.0.0.101"
MIXED = "10.0.0.100 fd00::1 fe80::1"
ALIKE = "set UCARP_ADDR alike on both"
MAIL = Suspect(name="mail", vhid=20, key=b"Mailkey", hashed=addresses("10.9.0.7 fe80::7"))
TWIN = Suspect(name="twin", vhid=VHID, key=b"Twinkey", hashed=addresses("10.9.0.8"))
SEVEN = " ".join(f"10.0.0.{n}" for n in range(1, 8))


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
            "this host's password without its last character, as NetBSD's ifconfig does: "
            "type one more character there",
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
            f"for 10.0.0.200 too, which this host has not: {ALIKE}",
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
    ],
)
def test_other_addresses(here, there, words):
    assert finding(KEY, there, **here).startswith(f"it is signed {words}")


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
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
        ({}, "10.0.0.100 fe80::1", "for the link-local address fe80::1 too"),
        (
            {},
            f"10.0.0.100 fe80::200:5eff:fe00:1{VHID:02x}",
            f"for the link-local address fe80::200:5eff:fe00:1{VHID:02x} too",
        ),
    ],
)
def test_link_local_addresses(here, there, words):
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
    ],
)
def test_a_mistyped_address(here, there, wrong, right):
    expected = f"it is signed for {wrong} where this host has {right}: a typing error? {ALIKE}"
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


# -- the search itself ---------------------------------------------------------------------------------

CROWD = tuple(
    Suspect(name=f"i{n}", vhid=n, key=b"Key%d" % n, hashed=addresses(f"10.3.0.{n} fe80::{n}"))
    for n in range(1, 255)
)

HOSTS = [
    {},
    {"here": TWO, "others": (MAIL,)},
    {"here": f"{SEVEN} {MIXED}", "lladdr": bytes(6), "extra": "10.7.0.1", "others": CROWD},
    {
        "here": " ".join(f"10.{n}.{n}.{n} fd00::{n} fe80::{n}" for n in range(1, 41)),
        "key": bytes(range(0xC0, 0xD4)),
        "old_keys": tuple(b"Old%d" % n for n in range(50)),
        "former": tuple(b"Past%d" % n for n in range(50)),
        "others": CROWD,
    },
]


@pytest.mark.parametrize("here", HOSTS)
def test_a_search_is_bounded_and_tries_nothing_twice(here):
    tried = list(hypotheses(evidence(b"x", ONE), background(**here)))
    digests = {(h.key.rstrip(b"\0"), frozenset(h.addresses), h.lladdr) for h in tried}
    assert len(digests) == len(tried) <= 3000


def test_a_search_pauses_between_batches():
    known, what = background(), evidence(b"x", ONE)
    pauses = list(explain(what, known))
    assert len(pauses) >= len(list(hypotheses(what, known))) / BATCH
    assert set(pauses) == {None}


def test_a_search_is_lazy():
    assert next(explain(evidence(KEY + b"\n", ONE), background())).startswith("it is signed with")


@settings(max_examples=25)
@given(st.text("QXZJqxzj0123456789", min_size=4, max_size=19), st.sampled_from([ONE, TWO, MIXED]))
def test_no_finding_tells_a_secret(secret, here):
    key = f"~{secret}".encode()[:19]
    known = background(
        here=here,
        key=key,
        old_keys=(key[::-1],),
        former=(b"!" + key[:18],),
        others=(Suspect(name="mail", vhid=20, key=b"." + key[:18], hashed=MAIL.hashed),),
    )
    what = evidence(b"x", ONE)
    secrets = (key.decode(), key.decode()[::-1], key.hex())
    parts = {text[i : i + 4].lower() for text in secrets for i in range(len(text) - 3)}
    for hypothesis in hypotheses(what, known):
        assert not [part for part in parts if part in hypothesis.finding.lower()]
        assert "\n" not in hypothesis.finding


def test_a_finding_is_the_same_whatever_the_passwords_are():
    """The words depend on the kind of mistake only, so that they cannot tell what the secret is."""

    def findings(letters):
        a, b, c, d = (f"{letters}{n}".encode() for n in "abcd")
        mail = Suspect(name="mail", vhid=20, key=d, hashed=MAIL.hashed)
        known = background(here=MIXED, key=a, old_keys=(b,), former=(c,), others=(mail,))
        return [hypothesis.finding for hypothesis in hypotheses(evidence(b"x", ONE), known)]

    assert findings("Wxyzw") == findings("Kkkkkkkkk")


def test_what_is_known_may_be_logged():
    known = background(key=KEY, old_keys=(b"Older",), former=(b"Former",), others=(MAIL,))
    shown = repr((known, next(hypotheses(evidence(b"x", ONE), known))))
    for secret in ("Secret7", "Older", "Former", "Mailkey"):
        assert secret not in shown
