"""Advertisements with a wrong digest, made with Python's own HMAC."""

import hmac
from ipaddress import ip_address

from playbook import params

from ucarpd.carp.receive import Evidence
from ucarpd.diagnosis.digest import Background, Suspect

VHID = 10
COUNTER = 0x1122334455667788
KEY = b"Secret7"
PEER = ip_address("10.0.0.12")
MAC = bytes.fromhex("020000000a02")


def addresses(text):
    return tuple(ip_address(word) for word in text.split())


def digest(key, there, lladdr=""):
    """The advertisement of a host with this key and these addresses, given in order."""
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


ONE = "10.0.0.100"
TWO = "10.0.0.100 10.0.0.101"
MIXED = "10.0.0.100 fd00::1 fe80::1"
MAIL = Suspect(name="mail", vhid=20, key=b"Mailkey", hashed=addresses("10.9.0.7 fe80::7"))
SEVEN = " ".join(f"10.0.0.{n}" for n in range(1, 8))
