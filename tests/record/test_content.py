"""The content of a record."""

from pathlib import Path

import pytest
from recorded import MAC, SOURCE, configuration, content

from ucarpd.carp.frame import parse
from ucarpd.carp.packet import decode
from ucarpd.record.content import content_of
from ucarpd.scripts.runner import Hook


def test_it_has_all_that_it_takes_to_clear_up_and_to_bow_out(tmp_path):
    config = configuration(tmp_path, EXTRA_ADDRS="10.0.0.2/24", ADVBASE=2)
    down = Hook("down", Path("/down.sh"), ("eth0", "10.0.0.1"), {"UCARP_VHID": "7"}, 30.0)
    said = content_of(config, [SOURCE], MAC, 1, down)
    assert [each.ip for each in said.addresses] == ["10.0.0.1", "10.0.0.2"]
    assert said.interval == 2
    assert said.down_script.path == "/down.sh"
    assert said.down_script.arguments == ["eth0", "10.0.0.1"]
    for (packet,) in said.bow_outs:
        assert packet.destination is None
        assert decode(parse(packet.data).payload).advbase == 255


@pytest.mark.parametrize("down", [None, Hook("down", None, (), {}, 0.0)])
def test_there_may_be_no_down_script(tmp_path, down):
    assert content(tmp_path, down=down).down_script is None


def test_each_source_and_each_peer_has_a_packet(tmp_path):
    config = configuration(tmp_path, PEERS="10.0.0.12 10.0.0.13")
    said = content_of(config, [SOURCE], MAC, 1, None)
    assert [each.destination for each in said.bow_outs[0]] == ["10.0.0.12", "10.0.0.13"]
