"""The present faults, and since when."""

from ipaddress import ip_address

import pytest

from ucarpd.carp.actions import Finding, Report
from ucarpd.process.notes import Lasting, Notes

PEER, OTHER = ip_address("10.0.0.2"), ip_address("10.0.0.3")


class Noted(Notes):
    """Notes with a clock that a test sets."""

    def __init__(self):
        self.now = 0.0
        super().__init__(lambda: self.now)

    def at(self, now):
        self.now = now
        return self

    def told(self, *, is_master=True, is_scripted=False, is_mute=False, families=(4, 6)):
        return list(
            self.lasting(
                is_master=is_master, is_scripted=is_scripted, is_mute=is_mute, families=families
            )
        )


@pytest.fixture
def notes():
    return Noted()


def test_nothing_is_wrong(notes):
    assert notes.told() == []


@pytest.mark.parametrize(
    ("is_scripted", "text"), [(False, "cannot add 10.0.0.2"), (True, "its up-script failed")]
)
def test_addresses_that_a_master_cannot_put_in_place(notes, is_scripted, text):
    notes.at(1.0).unserved = (PEER, OTHER)
    notes.at(2.0).unserved = (PEER,)
    assert notes.told(is_scripted=is_scripted) == [Lasting("unserved", 1.0, text)]
    assert notes.told(is_master=False) == [], "a backup has it as a reason to be less fit"
    notes.at(3.0).unserved = ()
    notes.at(4.0).unserved = (PEER,)
    assert notes.told()[0].since == 4.0


def test_sending_that_fails(notes):
    for at in (1.0, 2.0):
        notes.at(at).sending(True)
    lasting = [Lasting("sending_fails", 1.0, "advertisements do not get out")]
    assert notes.told() == lasting
    assert notes.told(is_master=False, is_mute=True) == lasting
    assert notes.told(is_master=False) == [], "a backup sends nothing"
    notes.sending(False)
    assert notes.told() == []


def test_other_masters_until_the_term_ends(notes):
    notes.at(1.0).found(Report(Finding.RIVAL_STAYS, PEER))
    notes.at(2.0).found(Report(Finding.RIVAL_APART, OTHER, 6))
    notes.at(3.0).found(Report(Finding.RIVAL_STAYS_TIED, PEER))
    first = Lasting("another_master", 1.0, "10.0.0.2 is MASTER too")
    assert notes.told() == [first, Lasting("another_master", 2.0, "10.0.0.3 is MASTER too")]
    notes.found(Report(Finding.RIVAL_GONE, OTHER))
    assert notes.told() == [first]
    notes.state_changed()
    assert notes.told() == []


def test_a_family_that_is_lost_until_it_is_heard(notes):
    notes.at(1.0).found(Report(Finding.FAMILY_SILENT, family=6))
    text = "IPv6 advertisements of the master are lost, others arrive"
    assert notes.told(is_master=False) == [Lasting("family_silent", 1.0, text)]
    assert notes.told(families=(4,)) == [], "nothing can be heard without a source address"
    notes.found(Report(Finding.FAMILY_HEARD, family=6))
    assert notes.told(is_master=False) == []


@pytest.mark.parametrize(
    ("finding", "word"),
    [(Finding.LOST_EACH_TIME, "interface_lost"), (Finding.NOT_REASSERTED, "cut_off")],
)
def test_an_own_script_that_takes_the_interface_down_until_the_term_ends(notes, finding, word):
    notes.at(1.0).found(Report(finding))
    ((noted, since, _),) = notes.told()
    assert (noted, since) == (word, 1.0)
    notes.state_changed()
    assert notes.told() == []


MAC = bytes.fromhex("020000000009")


@pytest.mark.parametrize(
    ("begins", "ends", "lasting", "note"),
    [
        (
            Report(Finding.ADDRESS_CLAIMED, address=OTHER, mac=MAC),
            Report(Finding.CLAIM_OVER, address=OTHER, mac=MAC),
            Lasting("address_claimed", 1.0, "another host answers for 10.0.0.3: 02:00:00:00:00:09"),
            "; another host answers for 10.0.0.3",
        ),
        (
            Report(Finding.MASTER_ANSWERS, PEER, address=OTHER, mac=MAC),
            Report(Finding.MASTER_HEARD, PEER),
            Lasting(
                "advertisements_lost",
                1.0,
                "10.0.0.2 still answers, also for a virtual address: its advertisements are lost",
            ),
            "; 10.0.0.2 still answers, its advertisements are lost",
        ),
        (
            Report(Finding.MASTER_ANSWERS, PEER, address=OTHER, mac=MAC),
            Report(Finding.MASTER_QUIET, PEER, address=OTHER),
            Lasting(
                "advertisements_lost",
                1.0,
                "10.0.0.2 still answers, also for a virtual address: its advertisements are lost",
            ),
            "; 10.0.0.2 still answers, its advertisements are lost",
        ),
    ],
)
def test_what_other_hosts_answer(notes, begins, ends, lasting, note):
    for over in (lambda: notes.found(ends), notes.state_changed):
        notes.at(1.0).found(begins)
        assert notes.told() == [lasting]
        assert notes.of_master(False, None) == note
        over()
        assert notes.told() == []
        assert notes.of_master(False, None) == ""
