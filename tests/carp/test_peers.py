"""The statements of other hosts, and which of them a host believes."""

from functools import cache
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ucarpd.carp.contender import Contender
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.params import TieBreak
from ucarpd.carp.peers import SOURCES, Peers

ONE, TWO, OTHER6 = "10.0.0.2", "10.0.0.3", "fe80::2"
OWN_DOWN = 768


source_address = cache(ip_address)
"""As a receiver has it: one object for all that a source has sent."""


def heard(source, advbase=1, advskew=0, counter=100, demote=0):
    return advertisement_received(source_address(source), advbase, advskew, counter, demote)


def contender(source, units=256):
    return Contender(units, ip_address(source))


def everybody(_contender):
    return True


def nobody(_contender):
    return False


@pytest.fixture
def peers():
    return Peers()


# -- overtaken advertisements ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last_word", "counter", "at", "is_overtaken", "because"),
    [
        ((255, 255, 100), 99, 11.0, True, "sent before the bow-out"),
        ((254, 9, 100, 255), 99, 11.0, True, "sent before it said that it is less fit"),
        ((1, 0, 100, 1), 99, 11.0, True, "in the OpenBSD style too"),
        ((1, 0, 100), 99, 10.05, True, "for a moment, whatever was said"),
        ((1, 0, 100), 99, 10.1, False, "but who is fit has said nothing that lasts"),
        ((255, 255, 100), 84, 11.0, True, "sixteen before"),
        ((255, 255, 100), 83, 11.0, False, "another host's counter: ours count by one"),
        ((255, 255, 100), 100, 11.0, False, "an OpenBSD sends one counter for ever"),
        ((255, 255, 100), 101, 11.0, False, "sent afterwards"),
        ((255, 255, 3), 2**64 - 2, 11.0, True, "before the counter began again"),
        ((255, 255, 100), 99, 13.0, False, "a master-down interval later"),
    ],
)
def test_what_was_overtaken(*, peers, last_word, counter, at, is_overtaken, because):
    peers.hear(heard(ONE, *last_word), 10.0, 3.0)
    late = heard(ONE, 0, 9, counter=counter)
    assert peers.is_overtaken(late, at) is is_overtaken, because
    assert not peers.is_overtaken(heard(TWO, 0, 9, counter=99), at)
    assert not peers.is_overtaken(heard(ONE, *last_word[:2], counter, *last_word[3:]), at)


def test_the_families_of_a_host_have_one_run_of_counters(peers):
    peers.hear(heard(ONE, 254, 9, 100, 255), 10.0, 3.0)
    assert peers.is_overtaken(heard(OTHER6, counter=99), 11.0)
    assert not peers.is_overtaken(heard(OTHER6, counter=101), 11.0)


def test_twins_that_say_the_same_are_both_heard(peers):
    """In whatever order they come."""
    peers.hear(heard(OTHER6, 1, 0, 101), 10.0, 3.0)
    assert not peers.is_overtaken(heard(ONE, 1, 0, 100), 10.001)


def test_a_statement_that_comes_again_late_is_overtaken_by_the_end_of_it(peers):
    peers.hear(heard(ONE, 254, 9, 100, 255), 10.0, 3.0)
    peers.hear(heard(ONE, 1, 0, 101), 10.5, 3.0)
    assert peers.is_overtaken(heard(ONE, 254, 9, 100, 255), 12.9)
    assert not peers.is_overtaken(heard(ONE, 254, 9, 100, 255), 13.0)


def test_last_words_are_bounded(peers):
    for number in range(SOURCES + 1):
        peers.hear(heard(f"10.0.1.{number}"), 10.0, 3.0)
    assert peers.is_overtaken(heard("10.0.1.1", 2, counter=99), 10.05)
    assert not peers.is_overtaken(heard(f"10.0.1.{SOURCES}", 2, counter=99), 10.05)
    peers.hear(heard(TWO), 10.1, 3.0)
    assert peers.is_overtaken(heard(TWO, 2, counter=99), 10.15)


@given(
    told=st.lists(
        st.tuples(st.integers(0, SOURCES + 8), st.sampled_from([1, 255]), st.booleans()),
        max_size=3 * SOURCES,
    )
)
def test_the_last_word_of_the_latest_sender_is_the_one_that_is_remembered(told):
    """Whoever is heard between, and whether or not its address is one object each time."""
    peers, now = Peers(), 10.0
    for number, advbase, is_one_object in told:
        now += 0.05
        source = (source_address if is_one_object else ip_address)(f"10.0.1.{number}")
        advertisement = advertisement_received(
            source, advbase, advbase if advbase == 255 else 0, 100
        )
        peers.hear(advertisement, now, 3.0)
        assert peers._latest is peers._peers[source]
        assert peers._latest_word is peers._last_words.get(source)


# -- intervals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "units", "because"),
    [
        ([], (1, 9), 265, "as it states"),
        ([], (3, 0), 768, "up to our own master-down interval"),
        ([], (253, 0), 768, "and no longer"),
        ([(10.0, 4, 0)], (4, 0), 1024, "unless it has kept it"),
        ([(11.9, 4, 0)], (4, 0), 1024, "by half"),
        ([(12.1, 4, 0)], (4, 0), 768, "not so"),
        ([(10.0, 5, 0)], (4, 0), 768, "that was another one"),
        ([(2.0, 4, 0), (6.0, 4, 0)], (253, 0), 1024, "the longest that was ever kept"),
        ([(2.0, 4, 0), (6.0, 4, 0), (7.0, 1, 0)], (4, 0), 1024, "ever"),
        ([], (254, 9), 256, "less fit: once a second at least"),
        ([(10.0, 0, 64)], (254, 9), 64, "or as often as before"),
        ([(10.0, 2, 0)], (254, 9), 256, "once a second at least"),
    ],
)
def test_the_interval_that_a_host_may_be_expected_to_keep(*, peers, before, now, units, because):
    """At 14.0."""
    for at, *stated in before:
        peers.hear(heard(ONE, *stated), at, 3.0)
    newest = heard(ONE, *now)
    peers.hear(newest, 14.0, 3.0)
    assert peers.interval_units(newest.statement, OWN_DOWN) == units, because


def test_the_shortest_interval_that_a_host_still_has(peers):
    assert peers.shortest_units == 65535
    peers.hear(heard(ONE, 0, 9), 10.0, 3.0)
    peers.hear(heard(TWO, 2, 0), 10.0, 3.0)
    peers.hear(heard(TWO, 255, 255), 10.0, 3.0)
    peers.hear(heard(TWO, 254, 1, demote=255), 10.0, 3.0)
    assert peers.shortest_units == 9
    peers.hear(heard(ONE, 1, 0), 11.0, 3.0)
    assert peers.shortest_units == 256


# -- who serves ------------------------------------------------------------------------------------


def serve(peers, source, units=256, until=13.0):
    peers.hear(heard(source, 0, units), 10.0, 3.0)
    peers.serves(contender(source, units), until)


@pytest.mark.parametrize(
    ("serving", "peer", "at", "hides", "because"),
    [
        ((ONE, 256), (TWO, 257), 11.0, True, "it is better"),
        ((ONE, 257), (TWO, 256), 11.0, False, "it is worse"),
        ((ONE, 256), (TWO, 256), 11.0, True, "it wins the tie"),
        ((TWO, 256), (ONE, 256), 11.0, False, "it loses the tie"),
        ((ONE, 256), (ONE, 257), 11.0, False, "its own newer word"),
        ((ONE, 256), (OTHER6, 257), 11.0, False, "the same host, in another family"),
        ((ONE, 256), (TWO, 257), 13.0, False, "it is heard no more"),
    ],
)
def test_who_hides_whom(*, peers, serving, peer, at, hides, because):
    serve(peers, *serving)
    told = peers.hides(heard(peer[0], 0, 9), contender(*peer), at, TieBreak.REVERSED, everybody)
    assert told is hides, because


@pytest.mark.parametrize(
    ("counter", "units", "hides", "because"),
    [
        (100 + 1023, 257, False, "counters that follow each other: one host"),
        (100 - 1023, 257, False, "the other way round, also from the end to the beginning"),
        (100 + 1024, 257, True, "two hosts"),
        (2**63, 256, False, "equals do not hide each other across the families"),
    ],
)
def test_two_families_may_be_one_host(*, peers, counter, units, hides, because):
    serve(peers, ONE)
    other = heard(OTHER6, counter=counter % 2**64)
    told = peers.hides(other, contender(OTHER6, units), 11.0, TieBreak.REVERSED, everybody)
    assert told is hides, because


@pytest.mark.parametrize(
    ("said", "counter", "hides", "because"),
    [
        ((255, 255), 101, False, "the same host with another address, and it leaves"),
        ((255, 255), 100 + 1023, False, "the last counter that may be of the same host"),
        ((255, 255), 100 + 1024, True, "another host"),
        ((255, 255), 100, True, "another host by chance: a counter comes once"),
        ((255, 255), 99, True, "nor does it come later"),
        ((1, 1), 101, True, "it does not leave"),
    ],
)
def test_a_host_whose_address_has_changed_leaves_as_one(*, peers, said, counter, hides, because):
    serve(peers, ONE)
    other = heard(TWO, *said, counter=counter)
    told = peers.hides(other, contender(TWO, 257), 11.0, TieBreak.REVERSED, everybody)
    assert told is hides, because


def test_a_host_that_we_would_relieve_anyway_hides_nobody(peers):
    serve(peers, ONE)
    assert not peers.hides(heard(TWO), contender(TWO, 257), 11.0, TieBreak.REVERSED, nobody)


def test_who_bows_out_serves_no_more(peers):
    serve(peers, ONE)
    peers.hear(heard(ONE, 255, 255), 10.5, 3.0)
    assert not peers.hides(heard(TWO), contender(TWO, 257), 11.0, TieBreak.REVERSED, everybody)


@pytest.mark.parametrize(
    ("before", "since", "demote", "is_settled", "because"),
    [
        (None, 9.0, 0, True, "it is alone, and keeps its interval"),
        (None, 9.6, 0, False, "it has not kept its interval yet"),
        (None, 9.0, 3, False, "what it says lasts"),
        ((TWO, 1.0), 9.0, 0, False, "another one still serves"),
        ((TWO, 5.0), 9.0, 0, True, "another one has fallen silent"),
        ((TWO, 5.0, 255, 255), 9.0, 0, False, "the last words of another one count for a while"),
    ],
)
def test_when_the_same_again_changes_nothing(*, peers, before, since, demote, is_settled, because):
    if before is not None:
        source, ago, *said = before
        said_at = 10.0 - ago
        peers.hear(heard(source, *said, counter=5), said_at, 9.0)
        peers.serves(contender(source), said_at + 3.0)
    for at in (since, 10.0):
        peers.hear(heard(ONE, demote=demote), at, 3.0)
        peers.serves(contender(ONE), at + 3.0)
    assert peers.is_settled(heard(ONE, demote=demote).statement, 10.0) is is_settled, because


def test_the_same_again_may_matter_if_the_words_of_others_leave_no_place_for_it(peers):
    for number in range(SOURCES):
        peers.hear(heard(f"10.0.1.{number}", demote=3), 8.0, 3.0)
    for at in (9.0, 10.0, 11.0):
        peers.hear(heard(ONE), at, 3.0)
        peers.serves(contender(ONE), at + 3.0)
        assert peers.is_settled(heard(ONE).statement, at) is (at == 11.0)
    peers.hear_again(7, 12.0, 15.0)


def test_nobody_serves_when_we_do(peers):
    serve(peers, ONE)
    peers.nobody_serves()
    assert not peers.hides(heard(TWO), contender(TWO, 257), 11.0, TieBreak.REVERSED, everybody)


@pytest.mark.parametrize(
    ("then", "asked_in", "is_ready", "because"),
    [
        (None, ONE, True, "it has yielded"),
        ((1, 9), ONE, False, "it has been master since"),
        ((255, 255), ONE, False, "it has left since"),
        (None, TWO, False, "it is the one that is to be succeeded"),
        (None, OTHER6, False, "in another family nobody can tell who it is"),
    ],
)
def test_who_is_ready_to_serve(*, peers, then, asked_in, is_ready, because):
    parting = heard(TWO, 1, 9)
    peers.hear(parting, 10.0, 3.0)
    peers.serves(contender(TWO, 265), 13.0, is_hidden=True)
    if then:
        peers.hear(heard(TWO, *then), 11.0, 3.0)
    told = peers.ready(heard(asked_in, 255, 255).statement)
    assert told == ([parting.statement] if is_ready else []), because


def test_nobody_was_ready_if_we_have_taken_over(peers):
    peers.hear(heard(TWO, 1, 9), 10.0, 3.0)
    peers.serves(contender(TWO, 265), 13.0, is_hidden=True)
    peers.nobody_serves()
    assert peers.ready(heard(ONE, 255, 255).statement) == []


def test_the_memory_is_bounded(peers):
    """A forger can invent any number of sources; sources that are heard again stay."""
    serve(peers, ONE)
    for number in range(1, SOURCES):
        peers.hear(heard(f"10.0.1.{number}"), 10.0, 3.0)
    serve(peers, ONE)
    for number in range(1, SOURCES):
        peers.hear(heard(f"10.0.2.{number}"), 10.0, 3.0)
    assert peers.hides(heard(TWO), contender(TWO, 257), 11.0, TieBreak.REVERSED, everybody)
    peers.hear(heard("10.0.3.1"), 10.0, 3.0)
    assert not peers.hides(heard(TWO), contender(TWO, 257), 11.0, TieBreak.REVERSED, everybody)
