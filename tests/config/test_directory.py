"""Addresses that two files of a directory have."""

from pathlib import Path

import pytest

from ucarpd.config import load_all

pytestmark = pytest.mark.usefixtures("home")


def written(name, *lines):
    Path(name).write_text("\n".join(["UCARP_PASS=geheim7", *lines, ""]))
    return Path(name)


def test_an_extra_address_that_another_file_has():
    one = written(
        "a.conf", "UCARP_INTERFACE=eth0", "UCARP_VHID=1", "UCARP_ADDR=10.0.0.1",
        "UCARP_EXTRA_ADDRS=10.0.0.2",
    )  # fmt: skip
    two = written("b.conf", "UCARP_INTERFACE=eth1", "UCARP_VHID=1", "UCARP_ADDR=10.0.0.2")
    three = written(
        "c.conf", "UCARP_INTERFACE=eth1", "UCARP_VHID=2", "UCARP_ADDR=10.0.0.3",
        "UCARP_EXTRA_ADDRS='10.0.0.4,10.0.0.1'",
    )  # fmt: skip
    loaded, problems = load_all([one, two, three], {})
    assert [each.config.name for each in loaded] == ["a"]
    assert list(map(str, problems)) == [
        "b.conf:4: UCARP_ADDR: 10.0.0.2 is already taken by a.conf:5 (got '10.0.0.2')",
        (
            "c.conf:5: UCARP_EXTRA_ADDRS: 10.0.0.1 is already taken by a.conf:4"
            " (got '10.0.0.4,10.0.0.1')"
        ),
    ]


def test_a_link_local_address_is_another_one_on_another_interface():
    files = [
        written(
            f"{name}.conf", f"UCARP_INTERFACE={name}", f"UCARP_VHID={vhid}", "UCARP_ADDR=fe80::1"
        )
        for name, vhid in (("eth0", 1), ("eth1", 1))
    ]
    files.append(
        written("again.conf", "UCARP_INTERFACE=eth0", "UCARP_VHID=2", "UCARP_ADDR=fe80::1")
    )
    loaded, problems = load_all(files, {})
    assert [each.config.name for each in loaded] == ["eth0", "eth1"]
    assert list(map(str, problems)) == [
        "again.conf:4: UCARP_ADDR: fe80::1 is already taken by eth0.conf:4 (got 'fe80::1')"
    ]
