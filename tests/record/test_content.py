"""The content of a record."""

import pytest
from recorded import MAC, SOURCE, content

from ucarpd.carp.frame import ethernet, parse
from ucarpd.carp.packet import decode
from ucarpd.scripts.runner import Hook


@pytest.mark.parametrize("down", [None, Hook("down", None, (), {}, 0.0)])
def test_there_may_be_no_down_script(tmp_path, down):
    assert content(tmp_path, down=down).down_script is None


def test_the_device_of_a_virtual_mac_address(tmp_path):
    assert content(tmp_path, VMAC="yes").device == "eth0-v7"


def test_the_bow_outs_are_ready_to_be_sent(tmp_path):
    first, second = content(tmp_path, counter=5).bow_outs
    counters = []
    for packet in (*first, *second):
        assert packet.destination is None
        ip = parse(packet.data)
        said = decode(ip.payload)
        assert (ip.source, said.vhid, said.advbase, said.advskew) == (SOURCE, 7, 255, 255)
        counters.append(said.counter)
    # Far above whatever the instance has sent since, and each its own.
    assert counters == [5 + (1 << 40), 6 + (1 << 40)]


def test_a_counter_at_its_end_begins_again(tmp_path):
    (packet,) = content(tmp_path, counter=(1 << 64) - 1).bow_outs[0]
    assert decode(parse(packet.data).payload).counter == (1 << 40) - 1


def test_unicast_peers_are_told_one_by_one(tmp_path):
    packets = content(tmp_path, PEERS="10.0.0.12 10.0.0.13").bow_outs[0]
    assert [packet.destination for packet in packets] == ["10.0.0.12", "10.0.0.13"]
    assert decode(parse(ethernet(MAC, MAC, packets[0].data)).payload).advbase == 255


def test_the_interval_is_the_masters(tmp_path):
    assert content(tmp_path, ADVBASE=2, ADVSKEW=128).interval == 2.5
