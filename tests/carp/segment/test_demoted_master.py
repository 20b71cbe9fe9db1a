"""Is a demoted master relieved for good, whatever the files rank by?"""

from functools import partial
from ipaddress import ip_address

import pytest
from other_makes import FirstRelease, UcarpPeer
from schedules import last_lines
from segment import Cost, Segment
from station import Station, ours

from ucarpd.carp.rank import MAINTENANCE

RANKED_BY = {
    # the files of the host that is demoted, and of the healthy one
    "ADVBASE": ({"advbase": 1}, {"advbase": 2}),
    "ADVSKEW": ({"advskew": 0}, {"advskew": 100}),
    "nothing": ({}, {}),
}
PREEMPTS = {
    "both": (True, True),
    "the demoted one": (True, False),
    "the healthy one": (False, True),
    "none": (False, False),
}
HEALTHY = {
    "ucarpd": lambda changes: ours(**changes),
    "ucarpd 0.1.0": lambda changes: partial(FirstRelease, **changes),
    "ucarp": lambda changes: partial(UcarpPeer, **changes),
}


@pytest.mark.parametrize("demotion", [1, MAINTENANCE])
@pytest.mark.parametrize("make", HEALTHY)
@pytest.mark.parametrize("comes_later", [False, True])
@pytest.mark.parametrize("preempts", PREEMPTS)
@pytest.mark.parametrize("ranked_by", RANKED_BY)
def test_a_demoted_master_is_relieved_for_good(*, ranked_by, preempts, comes_later, make, demotion):
    """At the latest by its next advertisement, and nothing else moves."""
    files = [
        {**changes, "preempt": preempt}
        for changes, preempt in zip(RANKED_BY[ranked_by], PREEMPTS[preempts], strict=True)
    ]
    segment = Segment(seed=3)
    unfit = segment.add(Station(ours(**files[0]), ip_address("10.0.0.1")))
    healthy = segment.add(Station(HEALTHY[make](files[1]), ip_address("10.0.0.2")))
    unfit.start()
    segment.run(until=5.0)
    if not comes_later:
        healthy.start()
        segment.run(until=15.3)
    assert segment.masters() == [unfit]

    segment.cost = cost = Cost(segment)
    unfit.demote(demotion)
    if comes_later:
        segment.run(until=15.3)
        assert cost.transitions == 0
        healthy.start()
        cost.transitions = 0
    segment.run(segment.now + 1.1)
    assert segment.masters() == [healthy], last_lines(segment)
    segment.run(segment.now + 20.0)
    assert segment.masters() == [healthy], last_lines(segment)
    assert cost.transitions == 2, last_lines(segment)
    assert cost.two_holders <= 0.02
    assert cost.no_holder <= 0.02
