"""Is there one master in the end, whatever fails on the way?"""

from hypothesis import given, settings
from hypothesis import strategies as st
from schedules import (
    CLOCK_RATES,
    DELAYS,
    SCHEDULES,
    STACKS,
    assert_settled,
    build,
    recover,
    suffer,
    time_to_converge,
)
from segment import LATEST

from ucarpd.carp.params import DemoteStyle, TieBreak

HOSTS = st.lists(
    st.fixed_dictionaries(
        {
            "advbase": st.sampled_from([0, 1, 1, 1, 2]),
            "advskew": st.sampled_from([64, 64, 65, 100, 254]),
            "deadratio": st.sampled_from([2, 3]),
            "preempt": st.booleans(),
        }
    ),
    min_size=2,
    max_size=5,
)
JOB_DELAYS = st.sampled_from([0.0, 0.01, 0.5, 4.0])
COMMON = st.fixed_dictionaries(
    {
        "addresses": STACKS,
        "demote_style": st.sampled_from(DemoteStyle),
        "tiebreak": st.sampled_from([TieBreak.REVERSED, TieBreak.NUMERIC]),
    }
)
"""The parameters on which the hosts of one segment must agree."""


@settings(max_examples=60)
@given(
    hosts=HOSTS,
    jobs=st.lists(st.tuples(JOB_DELAYS, JOB_DELAYS), min_size=5, max_size=5),
    delay=DELAYS,
    schedule=SCHEDULES,
    seed=st.integers(0, 2**32 - 1),
    rates=CLOCK_RATES,
    common=COMMON,
)
def test_any_faults(*, hosts, jobs, delay, schedule, seed, rates, common):
    """Safety is checked by the segment after every step; convergence here."""
    segment = build(hosts, jobs, delay, seed, rates=rates, **common)
    suffer(segment, schedule)
    recover(segment)
    segment.run(segment.now + LATEST + time_to_converge(segment))
    assert_settled(segment)


@settings(max_examples=20)
@given(
    hosts=HOSTS,
    delay=DELAYS,
    schedule=SCHEDULES,
    seed=st.integers(0, 2**32 - 1),
    common=COMMON,
)
def test_the_same_schedule_gives_the_same_history(hosts, delay, schedule, seed, common):
    histories = []
    for _ in range(2):
        segment = build(hosts, [(0.01, 0.01)] * 5, delay, seed, **common)
        suffer(segment, schedule)
        segment.run(segment.now + 5.0)
        histories.append(segment.log)
    assert histories[0] == histories[1]
    assert histories[0]
