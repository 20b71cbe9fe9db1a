"""`ucarpd check` warns about lines of a file that loads."""

from pathlib import Path

import pytest
from config_files import minimal, warnings, write

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        (
            "UCARP_PEERS=10.0.0.2\nUCARP_HASH_ADDRS=fe80::1",
            (
                "UCARP_PEERS: IPv6 advertisements still go to the group ff02::12:"
                " add the peers' IPv6 addresses, unless one is an OpenBSD"
            ),
        ),
        (
            "UCARP_PEERS=fe80::2\nUCARP_MCAST=239.1.2.3",
            (
                "UCARP_PEERS: IPv4 advertisements still go to the group 239.1.2.3:"
                " add the peers' IPv4 addresses"
            ),
        ),
        ("UCARP_PEERS=10.0.0.2", None),
        ("UCARP_PEERS=10.0.0.2,fe80::2", None),
        ("UCARP_PEERS=10.0.0.2,fe80::2\nUCARP_HASH_ADDRS=fe80::1", None),
        ("UCARP_PEERS=10.0.0.2\nUCARP_EXTRA_ADDRS=fe80::1", None),
        ("UCARP_HASH_ADDRS=fe80::1,10.0.0.1", None),
        # `load` reports the faults of these.
        ("UCARP_PEERS=10.0.0.2\nUCARP_HASH_ADDRS=fe80", None),
    ],
)
def test_a_family_without_a_peer(lines, warning):
    path = Path("web.conf")
    path.write_text(minimal(lines))
    path.chmod(0o600)
    found = [str(each) for each in warnings(path)]
    assert found == ([f"web.conf:5: {warning}"] if warning else [])


def test_a_name_that_bash_cannot_set_is_written_with_other_signs():
    path = write(minimal("UCARP-PREEMPT=yes"))
    told = [str(each) for each in warnings(path)]
    advice = "bash cannot set a variable of this name: write UCARP_PREEMPT=yes"
    assert f"web.conf:5: UCARP-PREEMPT: {advice}" in told


@pytest.mark.parametrize("line", ["UCARP_KEY=ab", "UCARP_PASS_OLD=a", "UCARP_KEY_OLD=ab"])
def test_a_file_whose_secret_others_can_read(line):
    path = Path("my files/web.conf")
    path.parent.mkdir()
    path.write_text(minimal(line, PASS=None))
    path.chmod(0o644)
    text = "users other than its owner can read the password in it: chmod 600 'my files/web.conf'"
    assert [each.text for each in warnings(path)] == [text]


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("UCARP_ADVBASE=85", "UCARP_ADVBASE"),
        ("UCARP_ADVBASE=84", None),
        ("UCARP_DEADRATIO=254", "UCARP_DEADRATIO"),
        ("UCARP_ADVBASE=2\nUCARP_DEADRATIO=127", "UCARP_ADVBASE"),
        ("UCARP_ADVBASE=2\nUCARP_DEADRATIO=126", None),
        ("UCARP_ADVBASE=many\nUCARP_DEADRATIO=254", None),
        ("", None),
    ],
)
def test_a_wait_that_hides_a_bow_out_from_other_systems(lines, key):
    path = Path("web.conf")
    path.write_text(minimal(lines))
    path.chmod(0o600)
    found = [str(each) for each in warnings(path)]
    told = [each for each in found if "hands over" in each]
    assert [each.split(": ")[1] for each in told] == ([key] if key else [])
    assert not told or "a backup waits UCARP_ADVBASE times UCARP_DEADRATIO, 25" in told[0]
