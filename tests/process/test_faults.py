"""The present faults, and since when."""

from ipaddress import ip_address

import pytest

from ucarpd.carp.actions import Finding, Report
from ucarpd.process.faults import Faults, Lasting

PEER, OTHER, MORE = (ip_address(f"10.0.0.{number}") for number in (2, 3, 4))


class Noted(Faults):
    """Faults with a clock that a test sets."""

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
def faults():
    return Noted()


def test_nothing_is_wrong(faults):
    assert faults.told() == []
    assert faults.of_master(True, None) == ""


def test_another_master_with_a_wrong_digest(faults):
    expected = "; 10.0.0.2 is also master, and its digest is wrong"
    assert faults.of_master(False, PEER) == expected


@pytest.mark.parametrize(
    ("is_scripted", "text"),
    [(False, "cannot add 10.0.0.2"), (True, "its up-script has not succeeded")],
)
def test_addresses_that_a_master_cannot_put_in_place(faults, is_scripted, text):
    faults.at(1.0).unserved((PEER, OTHER))
    faults.at(2.0).unserved((PEER,))
    assert faults.told(is_scripted=is_scripted) == [Lasting("unserved", 1.0, text)]
    assert faults.told(is_master=False) == [], "a backup has it as a reason to be less fit"
    note = f", but {text}, and no other host takes over"
    assert faults.of_master(is_scripted, None) == note
    faults.at(3.0).unserved(())
    assert faults.of_master(is_scripted, None) == ""
    faults.at(4.0).unserved((PEER,))
    assert faults.told()[0].since == 4.0


def test_sending_that_fails(faults):
    for at in (1.0, 2.0):
        faults.at(at).sending(True)
    lasting = [Lasting("sending_fails", 1.0, "advertisements do not get out")]
    assert faults.told() == lasting
    assert faults.told(is_master=False, is_mute=True) == lasting
    assert faults.told(is_master=False) == [], "a backup sends nothing"
    faults.sending(False)
    assert faults.told() == []


def test_other_masters_until_the_term_ends(faults):
    faults.at(1.0).found(Report(Finding.RIVAL_STAYS, PEER))
    faults.at(2.0).found(Report(Finding.RIVAL_APART, OTHER, 6))
    faults.at(3.0).found(Report(Finding.RIVAL_STAYS_TIED, PEER))
    first = Lasting("another_master", 1.0, "10.0.0.2 is MASTER too")
    assert faults.told() == [first, Lasting("another_master", 2.0, "10.0.0.3 is MASTER too")]
    assert faults.of_master(False, MORE) == "; 10.0.0.2, 10.0.0.3 are master too"
    faults.found(Report(Finding.NOBODY_TOOK_OVER))
    faults.found(Report(Finding.FAMILY_HEARD, PEER))
    faults.found(Report(Finding.RIVAL_GONE, OTHER))
    assert faults.told() == [first]
    assert faults.of_master(False, None) == "; 10.0.0.2 is master too"
    faults.state_changed()
    assert faults.told() == []
    assert faults.of_master(False, None) == ""


def test_a_family_that_is_lost_until_it_is_heard(faults):
    faults.at(1.0).found(Report(Finding.FAMILY_SILENT, family=6))
    text = "IPv6 advertisements of the master are lost, others arrive"
    assert faults.told(is_master=False) == [Lasting("family_silent", 1.0, text)]
    assert faults.told(families=(4,)) == [], "nothing can be heard without a source address"
    faults.found(Report(Finding.FAMILY_HEARD, family=6))
    assert faults.told(is_master=False) == []
    faults.found(Report(Finding.FAMILY_SILENT, family=6))
    faults.state_changed()
    assert faults.told(is_master=False) == []


def test_another_text_does_not_change_when_it_began(faults):
    faults.at(1.0).set("units_failed", "systemctl start a.service failed")
    faults.at(2.0).set("units_failed", "systemctl stop a.service failed")
    assert faults.told() == [Lasting("units_failed", 1.0, "systemctl stop a.service failed")]


@pytest.mark.parametrize(
    ("finding", "word"),
    [(Finding.LOST_EACH_TIME, "interface_lost"), (Finding.NOT_REASSERTED, "cut_off")],
)
def test_an_own_script_that_takes_the_interface_down_until_the_term_ends(faults, finding, word):
    faults.at(1.0).found(Report(finding))
    ((noted, since, _),) = faults.told()
    assert (noted, since) == (word, 1.0)
    faults.state_changed()
    assert faults.told() == []


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
def test_what_other_hosts_answer(faults, begins, ends, lasting, note):
    for over in (lambda: faults.found(ends), faults.state_changed):
        faults.at(1.0).found(begins)
        assert faults.told() == [lasting]
        assert faults.of_master(False, None) == note
        over()
        assert faults.told() == []
        assert faults.of_master(False, None) == ""
