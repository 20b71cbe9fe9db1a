"""Which programs manage an interface, by their run-time files."""

import pytest

from ucarpd.linux.link_managers import LinkManager, Program, find

FILE = "/etc/systemd/network/lan.network"
DROP_IN = "/etc/systemd/network/lan.network.d/keep.conf"


@pytest.fixture
def write(tmp_path):
    def write(path, text):
        place = tmp_path / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    return write


def test_none(tmp_path):
    assert find("eth0", 2, tmp_path) == []


@pytest.mark.parametrize(
    ("state", "text", "is_found"),
    [
        ("configured", "[Network]\nAddress=10.0.0.1/24\n", True),
        ("configured", "[Network]\nKeepConfiguration=static\n", False),
        ("configured", "[Network]\nKeepConfiguration = yes\n", False),
        ("configured", "[Network]\nKeepConfiguration=dhcp\n", True),
        ("configured", "[Network]\n#KeepConfiguration=static\n", True),
        ("unmanaged", "", False),
    ],
)
def test_networkd(tmp_path, write, state, text, is_found):
    write("/run/systemd/netif/links/2", f"ADMIN_STATE={state}\nNETWORK_FILE={FILE}\n")
    write(FILE, text)
    assert find("eth0", 2, tmp_path) == ([LinkManager(Program.NETWORKD, FILE)] if is_found else [])
    assert find("eth1", 3, tmp_path) == []


def test_networkd_with_a_drop_in(tmp_path, write):
    state = f'ADMIN_STATE=configured\nNETWORK_FILE={FILE}\nNETWORK_FILE_DROPINS="{DROP_IN}"\n'
    write("/run/systemd/netif/links/2", state)
    write(FILE, "[Network]\n")
    write(DROP_IN, "[Network]\nKeepConfiguration=static\n")
    assert find("eth0", 2, tmp_path) == []


def test_networkd_that_has_no_file_for_it(tmp_path, write):
    write("/run/systemd/netif/links/2", "ADMIN_STATE=pending\n")
    assert find("eth0", 2, tmp_path) == []


@pytest.mark.parametrize(
    ("managed", "running", "is_found"),
    [
        ("true", "NetworkManager", True),
        ("false", "NetworkManager", False),
        ("true", "systemd", False),  # It was stopped, or removed.
    ],
)
def test_network_manager(tmp_path, write, managed, running, is_found):
    write("/proc/17/comm", f"{running}\n")
    write("/run/NetworkManager/devices/2", f"[device]\nmanaged={managed}\n")
    assert bool(find("eth0", 2, tmp_path)) == is_found


def test_the_older_ones(tmp_path, write):
    write("/run/network/ifstate", "lo=lo\neth0=eth0\n")
    write("/run/dhclient.eth0.pid", "17\n")
    assert [each.program for each in find("eth0", 2, tmp_path)] == [Program.IFUPDOWN]
    write("/proc/17/comm", "dhclient\n")
    found = [each.program for each in find("eth0", 2, tmp_path)]
    assert found == [Program.DHCLIENT, Program.IFUPDOWN]
    assert find("eth1", 3, tmp_path) == []


def test_ifupdown_while_it_takes_the_interface_down(tmp_path, write):
    write("/run/network/ifstate", "lo=lo\n")
    write("/run/network/ifdown-eth0.pid", "17\n")
    assert find("eth0", 2, tmp_path) == [LinkManager(Program.IFUPDOWN)]
    assert find("eth1", 3, tmp_path) == []


@pytest.mark.parametrize("file", ["interfaces", "interfaces.d/lan"])
def test_ifupdown2(tmp_path, write, file):
    write(
        f"/etc/network/{file}",
        "auto eth0\niface eth0\n    address 10.0.0.1/24\niface eth1.5 inet static\n",
    )
    assert find("eth0", 2, tmp_path) == []
    write("/run/network/ifstatelock", "")
    assert find("eth0", 2, tmp_path) == [LinkManager(Program.IFUPDOWN2)]
    assert find("eth1", 3, tmp_path) == []
