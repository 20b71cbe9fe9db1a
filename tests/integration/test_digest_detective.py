"""Two masters that drop each other's advertisements: the log says what to change.

`b` is right.  `a` makes one mistake in its file, as a person makes it, and `b` names it.
"""

import signal

import pytest
from lab import Host, Process, wait_for
from nodes import MASTER, VIP, conf, start_ucarp

from ucarpd.carp.receive import UNEXPLAINED

PASSWORD = "geheimer7Schatz"
LONG = "0123456789abcdefghij"


def here(host: Host, **keys: object) -> str:
    return conf(host.address, MASK=None, ADVSKEW=50, **{"PASS": PASSWORD, **keys})


def there(host: Host, text: str) -> Process:
    host.write_conf("web", text)
    process = host.ucarpd()
    process.wait_for_line(MASTER)
    return process


def finding(process: Process, source: str = "172.16.0.11") -> str:
    line = process.wait_for_line(f"dropped a packet from {source}: the digest is wrong: ")
    found = line.partition("the digest is wrong: ")[2]
    for secret in (PASSWORD, PASSWORD[:-1], LONG[:19]):
        assert secret not in process.text()
    return found


# Of each sort that comes into a file in its own way; tests/diagnosis has every mistake.
MISTAKES = [
    ("a trailing space", {"PASS": f'"{PASSWORD} "'}, {}, "a space at the end"),
    ("quotes taken as they are", {"PASS": f"'\"{PASSWORD}\"'"}, {}, "quote"),
    (
        "cut at 19 bytes, as ifconfig does",
        {"PASS": LONG[:19]},
        {"PASS": None, "KEY": LONG.encode().hex()},
        "19 bytes",
    ),
    (
        "a letter of another script",
        {"PASS": PASSWORD.replace("a", "\u0430")},
        {},
        "but a Cyrillic letter that looks like a Latin one at position 13",
    ),
    (
        "a comment to a shell",
        {"PASS": PASSWORD[:8]},
        {"PASS": f"'{PASSWORD[:8]}#{PASSWORD[8:]}'"},
        "cut off at # (position 9)",
    ),
    ("another virtual address", {"ADDR": "172.16.0.2"}, {}, "172.16.0.2 where this host has"),
    ("its own address", {"ADDR": "172.16.0.111"}, {}, "172.16.0.111"),
    ("an lladdr that is hashed", {"LLADDR": "MAC"}, {}, "set UCARP_LLADDR="),
]


@pytest.mark.parametrize(
    ("mistake", "wrong", "right", "words"), MISTAKES, ids=[row[0] for row in MISTAKES]
)
def test_the_mistake_is_named(a, b, mistake, wrong, right, words):
    if wrong.get("LLADDR"):
        text = a.ip("link", "show", "eth0").stdout
        wrong = {"LLADDR": text.split("link/ether ")[1][:17]}
    there(a, raw(a, **wrong))
    b.write_conf("web", here(b, **right))
    found = finding(b.ucarpd())
    assert words in found, mistake
    history = wait_for("the event", lambda: named(b, "the digest is wrong: "))
    assert found in history


def named(host: Host, words: str) -> str:
    text = host.ucarpctl("history").stdout
    return text if words in text else ""


def raw(host: Host, **keys: object) -> str:
    """A file whose values are written as they are given, quotes and all."""
    settings = {"INTERFACE": "eth0", "SRCIP": host.address, "VHID": 1, "ADDR": VIP}
    settings |= {"PASS": PASSWORD, **keys}
    return "".join(f"UCARP_{key}={value}\n" for key, value in settings.items() if value)


def test_a_newline_at_the_end(a, b):
    """ucarp's own way to read a password file leaves a carriage return in it."""
    a.write("ucarp.pass", "geheim\r\n", mode=0o600)
    theirs = start_ucarp(a, options=("--passfile=/etc/ucarp.pass",))
    theirs.wait_for_line(MASTER)
    b.write_conf("web", here(b, PASS="geheim"))
    assert "carriage return" in finding(b.ucarpd())


def test_the_password_from_before_a_reload(a, b):
    there(a, raw(a))
    b.write_conf("web", here(b))
    process = b.ucarpd()
    process.wait_for_line("Switching to state: BACKUP")
    b.write_conf("web", here(b, PASS="anderer8Schatz"))
    process.signal(signal.SIGHUP)
    assert "before the reload" in finding(process)


def test_a_password_that_is_being_changed_is_accepted(a, b):
    """No mistake: the old one is still good while it is in UCARP_PASS_OLD."""
    there(a, raw(a))
    b.write_conf("web", here(b, PASS="anderer8Schatz", PASS_OLD=PASSWORD))
    process = b.ucarpd()
    process.wait_for_line("Switching to state: BACKUP")
    process.signal(signal.SIGUSR1)
    status = process.wait_for_line("BACKUP on eth0")
    assert "dropped: none" in status


def test_the_password_of_another_instance(a, b):
    there(a, raw(a, PASS="anderer8Schatz"))
    b.write_conf("web", here(b))
    b.write_conf("mail", conf(b.address, VHID=2, ADDR="172.16.0.9", PASS="anderer8Schatz"))
    assert "of instance mail" in finding(b.ucarpd())


def test_the_addresses_of_another_instance(a, b):
    there(a, raw(a, ADDR="192.168.7.9"))
    b.write_conf("web", here(b))
    b.write_conf("mail", conf(b.address, VHID=2, ADDR="192.168.7.9", PASS="anderer8Schatz"))
    assert "of instance mail" in finding(b.ucarpd())


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ({}, {"ADDR": f"{VIP},fe80::1"}, f"for {VIP} alone, here it is for {VIP}, fe80::1"),
        ({"ADDR": f"{VIP},fe80::1"}, {}, "for the link-local address fe80::1 too"),
    ],
)
def test_link_local_addresses(a, b, wrong, right, words):
    """The password is also wrong: link-local addresses alone may be there or not."""
    a.enable_ipv6()
    b.enable_ipv6()
    keys = {"SRCIP": None}
    there(a, raw(a, **keys, **{**wrong, "PASS": PASSWORD[:-1]}))
    b.write_conf("web", here(b, **{**keys, **right}))
    found = finding(b.ucarpd())
    assert words in found
    assert "NetBSD" in found


def test_a_password_that_nobody_can_guess(a, b):
    there(a, raw(a, PASS="etwas ganz Anderes".replace(" ", "")))
    b.write_conf("web", here(b))
    assert finding(b.ucarpd()) == UNEXPLAINED
