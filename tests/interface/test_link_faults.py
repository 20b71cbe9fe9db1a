"""Links that hear nothing, and names that are another link's."""

import pytest

from ucarpd.interface.link_faults import deafness, other_name
from ucarpd.linux.netlink import Link


def link(index, name, **more):
    return Link(index, name, bytes(6), is_up=True, has_carrier=True, is_ethernet=True, **more)


class Table:
    def __init__(self, *links):
        self._links = links

    def links(self, mentioning=""):
        return self._links

    def link_of_index(self, index):
        return next((each for each in self._links if each.index == index), None)


@pytest.mark.parametrize("kind", ["bridge", "bond", "team"])
def test_a_port_hears_nothing(kind):
    port = link(2, "eth0", slave_kind=kind, master=9)
    text = deafness(port, Table(port, link(9, "lan0", kind=kind)))
    assert text == "eth0 is a port of lan0 and receives nothing itself: UCARP_INTERFACE=lan0"


def test_a_port_whose_master_is_in_another_namespace():
    text = deafness(link(2, "eth0", slave_kind="bridge"), Table())
    remedy = "set UCARP_INTERFACE to the bridge"
    assert text == f"eth0 is a port of a bridge and receives nothing itself: {remedy}"


def test_the_port_of_an_open_vswitch_has_the_switch_for_a_master():
    port = link(2, "eth0", slave_kind="openvswitch", master=9)
    text = deafness(port, Table(port, link(9, "ovs-system", kind="openvswitch")))
    assert text is not None
    assert "ovs-system" not in text
    assert text.endswith("set UCARP_INTERFACE to the interface of its bridge")


@pytest.mark.parametrize("kind", [None, "vrf"])
def test_others_hear(kind):
    assert deafness(link(2, "eth0", slave_kind=kind, master=9), Table()) is None


@pytest.mark.parametrize("name", ["enp0s31f6", "eth0@if7"])
def test_another_name_of_a_link(name):
    table = Table(link(1, "lo"), link(2, "eth0", altnames=("enx0200", "enp0s31f6")))
    assert other_name(name, table) == (
        f"{name} is another name of eth0: write UCARP_INTERFACE=eth0"
    )


@pytest.mark.parametrize("name", ["eth1", "eth1@if7", "eth"])
def test_a_name_that_is_nobodys(name):
    assert other_name(name, Table(link(2, "eth0"))) is None
