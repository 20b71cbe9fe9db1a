"""Which virtual hosts a reload stops, starts again, changes, and leaves alone."""

from dataclasses import replace
from types import SimpleNamespace

from two_addresses import config_of

from ucarpd.process.reading import Reading
from ucarpd.process.reload import changes


def test_each_instance_is_in_the_list_that_its_file_asks_for(tmp_path):
    names = ("gone", "same", "faster", "moved", "bad")
    was = {
        name: replace(config_of(tmp_path), name=name, path=tmp_path / f"{name}.conf")
        for name in names
    }
    read = {
        "same": was["same"],
        "faster": replace(was["faster"], advskew=50),
        "moved": replace(was["moved"], vhid=9),
        "bad": replace(was["bad"], advskew=50),
        "new": replace(was["same"], name="new"),
    }
    running = {name: SimpleNamespace(config=config) for name, config in was.items()}
    found = changes(running.values(), Reading(tuple(read.values()), refused={was["bad"].path}))
    assert found.gone == [running["gone"]]
    assert found.restarted == [(running["moved"], read["moved"])]
    assert found.reconfigured == [(running["faster"], read["faster"])]
