"""Random schedules of faults on a segment, and how to recover from them."""

from functools import partial
from ipaddress import ip_address

from hypothesis import strategies as st
from playbook import VIRTUAL, VIRTUAL6
from segment import Segment
from station import DUAL, Station, ours

from ucarpd.carp.rank import MAINTENANCE, NEVER
from ucarpd.carp.timing import advertisement_interval, master_down_units

DELAYS = st.sampled_from([(0.0001, 0.001), (0.001, 0.02), (0.0, 0.2)])
CLOCK_RATES = st.lists(st.sampled_from([0.98, 1.0, 1.0, 1.02]), min_size=5, max_size=5)
WHO = st.integers(0, 4)
RELOADS = st.sampled_from([{"advskew": 32}, {"advskew": 50}, {"advbase": 2}, {"deadratio": 5}])
FAULTS = st.one_of(
    st.tuples(
        st.sampled_from(
            [
                "kill",
                "start",
                "stop",
                "step_down",
                "lose_link",
                "get_link",
                "lose_source",
                "freeze",
                "wake",
            ]
        ),
        WHO,
    ),
    st.tuples(st.just("reload"), st.tuples(WHO, RELOADS)),
    st.tuples(st.just("cut"), st.tuples(WHO, WHO)),
    st.tuples(st.sampled_from(["duplicate", "delay"]), st.sampled_from([0.1, 0.5])),
    st.tuples(st.just("divide"), st.lists(st.integers(0, 1), min_size=5, max_size=5)),
    st.tuples(st.just("lose"), st.sampled_from([0.1, 0.5, 0.9])),
    st.tuples(
        st.just("demote"),
        st.tuples(WHO, st.sampled_from([0, 0, 1, 2, 50, 240, MAINTENANCE, NEVER])),
    ),
    st.tuples(st.just("filter"), st.tuples(WHO, st.sampled_from([(), (4,), (6,)]))),
    st.tuples(st.just("heal"), st.none()),
)
SCHEDULES = st.lists(st.tuples(st.floats(0, 6), FAULTS), max_size=12)
STACKS = st.sampled_from([(VIRTUAL,), (VIRTUAL6,), DUAL, DUAL])


def sources(number, addresses):
    """The last octet counts most, so the order of the ties is not the order of the numbers.

    IPv6 has another order than IPv4, and the two would choose different winners.
    """
    every = (ip_address(f"10.0.{number}.{9 - number}"), ip_address(f"fe80::{3 * number % 7}"))
    versions = {address.version for address in addresses}
    return [source for source in every if source.version in versions]


def build(hosts, jobs, delay, seed, *, peers=(), rates=(1.0,) * 5, **common):
    """Hosts of ours, and after them `peers`, which are (make, changes); each has its clock rate."""
    segment = Segment(seed, delay)
    common.setdefault("addresses", (VIRTUAL,))
    for number, (changes, (acquire, release)) in enumerate(zip(hosts, jobs, strict=False), start=1):
        here = sources(number, common["addresses"])
        boot = ours(**common, **changes)
        segment.add(Station(boot, *here, acquire_delay=acquire, release_delay=release))
    for number, (make, changes) in enumerate(peers, start=len(hosts) + 1):
        here = sources(number, common["addresses"])
        segment.add(Station(partial(make, **changes), *here))
    for station, rate in zip(segment.stations, rates, strict=False):
        station.clock_rate = rate
        station.start()
    return segment


def suffer(segment, schedule):
    for pause, (what, detail) in schedule:
        segment.run(segment.now + pause)
        segment.note(f"{what} {detail}")
        match what:
            case "divide":
                segment.divide(detail[: len(segment.stations)])
            case "lose":
                segment.loss = detail
            case "heal":
                segment.heal()
            case "duplicate":
                segment.duplication = detail
            case "delay":
                segment.lateness = detail
            case "cut":
                segment.cut(*(segment.stations[who % len(segment.stations)] for who in detail))
            case "demote" | "filter" | "reload":
                who, value = detail
                getattr(segment.stations[who % len(segment.stations)], what)(value)
            case _:
                getattr(segment.stations[detail % len(segment.stations)], what)()


def recover(segment):
    """The faults end: all is healed, and every host is there, and may serve.

    Whoever is less fit remains so.
    """
    segment.heal()
    for station in segment.stations:
        station.wake()
        station.get_link()
        station.start()
        if station.demotion == NEVER:
            station.demote(0)


def time_to_converge(segment):
    """The longest hold-down, then the longest wait, then the election and the jobs."""
    every = [station.machine.params for station in segment.stations]
    slowest = max(advertisement_interval(own.advbase, own.advskew) for own in every)
    down = max(
        master_down_units(own.advbase, own.advskew, getattr(own, "deadratio", 3)) / 256
        for own in every
    )
    longest_wait = max(down, 5 * slowest) + 1.0
    slowest_clock = min(station.clock_rate for station in segment.stations)
    return (3 * longest_wait + 2 * slowest) / slowest_clock + 2 * 4.0


def last_lines(segment):
    return "\n".join(segment.log[-40:])


def assert_settled(segment):
    """There is one master, it stays, and it alone has the addresses."""
    assert len(segment.masters()) == 1, last_lines(segment)
    (master,) = segment.masters()
    converged_at = segment.now
    segment.run(segment.now + 20.0)
    assert segment.masters() == [master], last_lines(segment)
    assert segment.changed_at <= converged_at, last_lines(segment)
    holders = [station for station in segment.stations if station.holds_addresses]
    assert holders == [master], last_lines(segment)


def longest_wait(station, interval):
    """Seconds that a backup waits for a master with this interval."""
    own = station.machine.params
    down = master_down_units(own.advbase, own.advskew, own.deadratio) / 256
    return max(down, own.deadratio * interval) / station.clock_rate
