"""The guard of a master's addresses, by itself: how often it answers, and what it reports."""

from ipaddress import ip_address

from ucarpd.carp.actions import AnnounceAddresses, Finding, Report
from ucarpd.carp.claims import LONGEST_PAUSE, QUIET, Claims
from ucarpd.carp.probe import ANSWERS_WITHIN
from ucarpd.carp.timing import NEVER

IP = ip_address("10.0.0.100")
SECOND = ip_address("10.0.0.101")
MAC = bytes.fromhex("020000000009")
HERE = frozenset({IP, SECOND})


def reach(claims, until, has_rival=False):
    """What it does at its deadlines up to `until`, with the time of each."""
    done = []
    while (deadline := claims.deadline) <= until:
        actions = claims.due(deadline, HERE, has_rival=has_rival)
        done += [(round(deadline, 3), action) for action in actions]
    return done


def announced(done):
    return [at for at, action in done if isinstance(action, AnnounceAddresses)]


def test_a_fight_is_bounded_and_its_end_forgotten():
    """The other host claims the address each second for half a minute, and once more later."""
    claims, done = Claims(0.0), []
    for second in range(30):
        done += reach(claims, second)
        claims.hear(IP, MAC, float(second))
    done += reach(claims, 60.0)
    claims.hear(IP, MAC, 70.0)
    done += reach(claims, 80.0)
    assert announced(done) == [0.02, 1.02, 3.02, 7.02, 15.02, 23.02, 31.02, 70.02]
    assert LONGEST_PAUSE == 8.0
    assert [action for _, action in done if isinstance(action, Report)] == [
        Report(Finding.ADDRESS_CLAIMED, address=IP, mac=MAC)
    ]


def test_addresses_that_are_claimed_together_are_announced_together():
    claims = Claims(0.0)
    claims.hear(IP, MAC, 1.0)
    claims.hear(SECOND, MAC, 1.01)
    assert reach(claims, 1.5) == [(1.02, AnnounceAddresses((IP, SECOND)))]


def test_an_address_that_is_claimed_later_is_announced_alone():
    claims = Claims(0.0)
    claims.hear(IP, MAC, 1.0)
    reach(claims, 5.0)
    claims.hear(SECOND, MAC, 5.0)
    assert reach(claims, 5.5) == [(5.02, AnnounceAddresses((SECOND,)))]


def test_before_the_end_it_asks_and_an_answer_begins_the_quiet_time_again():
    """A host that has an address by mistake may say so only when it is asked."""
    claims = Claims(0.0)
    claims.hear(IP, MAC, 1.0)
    reach(claims, 10.0)
    ask = AnnounceAddresses((IP,), asks=True)
    assert reach(claims, 62.0) == [(61.0, ask)]
    claims.hear(IP, MAC, 62.0)
    again, at_last = (62.02, AnnounceAddresses((IP,))), (122.0, ask)
    over = 122.0 + ANSWERS_WITHIN, Report(Finding.CLAIM_OVER, address=IP, mac=MAC)
    assert reach(claims, 200.0) == [again, at_last, over]
    assert claims.deadline == NEVER


def test_an_address_that_is_not_here_is_not_asked_for():
    claims = Claims(0.0)
    claims.hear(ip_address("10.0.0.102"), MAC, 1.0)
    assert [type(each) for _, each in reach(claims, 1.0 + QUIET)] == [Report, Report]


def test_it_ends_also_while_another_master_is_heard():
    claims = Claims(0.0)
    claims.hear(IP, MAC, 1.0)
    reach(claims, 10.0)
    over = Report(Finding.CLAIM_OVER, address=IP, mac=MAC)
    assert reach(claims, 1.0 + QUIET, has_rival=True) == [(61.0, over)]


def test_a_claim_beside_another_master_is_dropped():
    claims = Claims(0.0)
    claims.hear(IP, MAC, 1.0)
    assert reach(claims, 100.0, has_rival=True) == []
    assert claims.deadline == NEVER
