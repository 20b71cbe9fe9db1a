"""Elections as ucarp and the BSD kernels decide them."""

from ipaddress import IPv4Address

import pytest
from vector_rows import DATA, heard

from ucarpd.carp.actions import SendAdvertisement, State
from ucarpd.carp.events import AddressesReleased, DeadlineReached, DemotionChanged, InterfaceReady
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.params import DemoteStyle, Params, TieBreak

# How a host of ours decides as they do; ucarp, FreeBSD and NetBSD do not know OpenBSD's demotion.
AS_UCARP = {"tiebreak": TieBreak.REVERSED, "demote_style": DemoteStyle.SKEW}
AS_FREEBSD = {"tiebreak": TieBreak.YIELD, "demote_style": DemoteStyle.SKEW}
AS_OPENBSD = {"tiebreak": TieBreak.YIELD, "demote_style": DemoteStyle.OPENBSD}


def brought_to(state, own, *, demotion=0, **configured):
    """A virtual host in this state, at second 1000 or before."""
    host = VirtualHost(
        Params(
            vhid=1,
            addresses=(IPv4Address("10.77.1.100"),),
            key=b"secret",
            advbase=own["advbase"],
            advskew=own["advskew"],
            preempt=own["preempt"],
            **configured,
        ),
        counter=1,
    )
    host.handle(DemotionChanged(demotion, "demoted"), 0.0)
    ready = InterfaceReady((IPv4Address(own["src"]),))
    if state == "MASTER":
        host.handle(ready, 0.0)
        host.handle(AddressesReleased(), 0.0)
        host.handle(DeadlineReached(), host.next_deadline())
    else:
        host.handle(ready, 1000.0)
    assert host.state.name == state
    return host


def election_id(row):
    def interval(side):
        return f"{side['advbase']}/{side['advskew']}-{side['src']}-demote{side['demote']}"

    preempt = "-preempt" if row["own"]["preempt"] else ""
    return f"{row['state']}-{interval(row['own'])}{preempt}-hears-{interval(row['received'])}"


elections = pytest.mark.parametrize("row", DATA["election"], ids=election_id)
FOLLOWED_AT_ANY_ADVBASE = "BACKUP-86/0-10.77.0.2-demote0-hears-255/255-10.77.0.9-demote0"
"""They all miss a bow-out where their own master-down interval is longer than its 256 s; we do not."""

KEPT_FROM_A_DEMOTED_OPENBSD = "MASTER-1/200-10.77.0.2-demote0-hears-1/0-10.77.0.9-demote1"
"""They do not know that an OpenBSD which states a demotion yields at the same time; we do."""


@elections
def test_election_as_ucarp_decides_it(row):
    host = brought_to(row["state"], row["own"], **AS_UCARP)
    down_at = host.master_down_at
    host.handle(heard(row), 1000.5)
    sent = [a for a in host.handle(AddressesReleased(), 1000.6) if isinstance(a, SendAdvertisement)]

    match row["expect"]["ucarp"]:
        case "MASTER" | "stay MASTER, gratuitous ARP now and again two adverts later":
            assert host.state is State.MASTER
        case "BACKUP (after one last advert)" if election_id(row) == KEPT_FROM_A_DEMOTED_OPENBSD:
            assert host.state is State.MASTER
        case "BACKUP (after one last advert)":
            assert host.state is State.BACKUP
            assert len(sent) == 1
        case "stay BACKUP, timer reset" if election_id(row) == FOLLOWED_AT_ANY_ADVBASE:
            assert host.state is State.MASTER
        case "stay BACKUP, timer reset":
            assert host.state is State.BACKUP
            assert host.master_down_at > down_at
        case other:
            pytest.fail(f"{other!r} is not an outcome")


def outcome(row, **configured):
    """The decision of a host of ours, in the words of the vectors about the BSD kernels."""
    host = brought_to(row["state"], row["own"], **configured)
    down_at = host.master_down_at
    host.handle(heard(row), 1000.5)
    if row["state"] == "MASTER":
        return "stay MASTER" if host.state is State.MASTER else "BACKUP"
    if host.state is State.MASTER:
        return "MASTER"
    assert host.master_down_at > down_at
    return "stay BACKUP, timer reset"


@elections
@pytest.mark.parametrize("who", ["freebsd", "netbsd"])
def test_election_as_freebsd_and_netbsd_decide_it(row, who):
    ours = {FOLLOWED_AT_ANY_ADVBASE: "MASTER", KEPT_FROM_A_DEMOTED_OPENBSD: "stay MASTER"}
    expected = ours.get(election_id(row), row["expect"][who])
    assert outcome(row, **AS_FREEBSD) == expected


DIFFERENT_FROM_OPENBSD = {
    "BACKUP-0/1-10.77.0.2-demote0-hears-255/255-10.77.0.9-demote0": (
        "MASTER",
        "with advbase 0 OpenBSD skips rule B4, and so misses a bow-out; ucarp and the others do not",
    ),
    FOLLOWED_AT_ANY_ADVBASE: ("MASTER", "see there"),
    "BACKUP-1/0-10.77.0.2-demote1-preempt-hears-1/100-10.77.0.9-demote1": (
        "stay BACKUP, timer reset",
        "a host of ours that is less fit than usual preempts nobody who is no less fit",
    ),
}


@elections
def test_election_as_openbsd_decides_it(row):
    expected = row["expect"]["openbsd"]
    ours, because = DIFFERENT_FROM_OPENBSD.get(election_id(row), (expected, ""))
    assert outcome(row, demotion=row["own"]["demote"], **AS_OPENBSD) == ours
    assert bool(because) == (ours != expected)


def test_every_difference_is_about_a_row():
    assert set(DIFFERENT_FROM_OPENBSD) <= set(map(election_id, DATA["election"]))
