"""Playbooks: the events of a virtual host and its required actions, one line for each event.

    at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
    at 0.1: AddressesReleased -> nothing
    at 3.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
    until 5.5: deadlines -> 2 SendAdvertisement 1/0

A playbook is strict about time.  `DeadlineReached` must come exactly when the host wants it
(`late DeadlineReached`: afterwards), and no event may come when a deadline has been missed.
`until T: deadlines` reaches every deadline up to and including T, and sums up the actions.

A backup probes a late master shortly before it takes over.  Only the line `at T: probe` shows that;
before any other line it is done and left out.

An advertisement of IPv6 says so; `D3` is a demotion in byte 4, `#7` a counter, and `at_virtual_mac`
the source of the frame.  A change of the demotion may be `untested` or `planned`.  A lost link `may_return`,
or came `during_script`, or the host `can_send` nevertheless:

    at 1.0: AdvertisementReceived 1/0 from fe80::2 #7 D3 -> nothing
    at 3.0: DeadlineReached -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6
"""

import re
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from functools import cache
from ipaddress import ip_address

import pytest

from ucarpd.carp import events
from ucarpd.carp.actions import (
    AnnounceAddresses,
    ProbeMaster,
    ReleaseAddresses,
    Report,
    ReportUnserved,
    SendAdvertisement,
    State,
    StateChanged,
)
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.params import DemoteStyle, Params
from ucarpd.carp.statement import Statement
from ucarpd.carp.timing import master_down_units

OURS = ip_address("10.0.0.1")
VIRTUAL = ip_address("10.0.0.100")
SECOND = ip_address("10.0.0.101")
OURS6 = ip_address("fe80::1")
VIRTUAL6 = ip_address("2001:db8::100")

DUAL = {"addresses": (VIRTUAL, VIRTUAL6)}
IN_HEADER = {"demote_style": DemoteStyle.OPENBSD}

LINE = re.compile(r"(?P<how>at|until) (?P<when>[\d.]+): (?P<what>.+?) -> (?P<actions>.+)")
HEARD = re.compile(
    r"(?P<advbase>\d+)/(?P<advskew>\d+) from (?P<source>\S+)(?: #(?P<counter>\d+))?(?: D(?P<demotion>\d+))?(?P<virtual> at_virtual_mac)?"
)


def params(**changes):
    """advbase 1, advskew 0, deadratio 3, unless told otherwise."""
    return Params(**{"vhid": 1, "addresses": (VIRTUAL,), "key": b"secret"} | changes)


def host(counter=1000, **changes):
    return VirtualHost(params(**changes), counter)


def play(machine, script):
    """Perform `script` on `machine` and compare, line by line; gives the machine back."""
    played = []
    for line in filter(None, (text.strip() for text in script.splitlines())):
        match = LINE.fullmatch(line)
        assert match, f"not a line of a playbook: {line}"
        now = float(match["when"])
        if match["how"] == "at":
            actions = ", ".join(map(words, tell(machine, match["what"], now))) or "nothing"
        else:
            assert match["what"] == "deadlines", line
            actions = summary(machine, now)
        played.append(f"{match['how']} {match['when']}: {match['what']} -> {actions}")
    assert played == [text.strip() for text in script.splitlines() if text.strip()]
    return machine


def tell(machine, what, now):
    """Hand one event, given in words, to the machine."""
    if what == "probe":
        assert machine.probe_at == pytest.approx(now, abs=1e-9), f"it probes at {machine.probe_at}"
        return machine.handle(events.DeadlineReached(), machine.probe_at)
    probe(machine, now)
    deadline = machine.next_deadline()
    if what == "DeadlineReached":
        assert deadline == pytest.approx(now, abs=1e-9), f"the host waits for {deadline}"
        return machine.handle(events.DeadlineReached(), max(now, deadline))
    if what == "late DeadlineReached":
        assert deadline < now, f"not late, the host waits for {deadline}"
        return machine.handle(events.DeadlineReached(), now)
    assert deadline is None or deadline > now - 1e-9, f"{what} at {now}: missed {deadline}"
    return machine.handle(event(what, machine), now)


def probe(machine, until):
    """Let a backup probe the late master, if that is due before `until`."""
    while machine.probe_at is not None and machine.probe_at == machine.next_deadline() < until:
        (action,) = machine.handle(events.DeadlineReached(), machine.probe_at)
        assert isinstance(action, ProbeMaster)


def summary(machine, until):
    """Reach every deadline up to `until`; return the actions, counted, in order of appearance."""
    probe(machine, until)
    counted = Counter()
    while (deadline := machine.next_deadline()) is not None and deadline <= until + 1e-9:
        actions = machine.handle(events.DeadlineReached(), deadline)
        counted.update(map(words, actions))
        probe(machine, until)
    return ", ".join(f"{count} {action}" for action, count in counted.items()) or "nothing"


def future(machine):
    """The machine's actions at its next deadlines without other events; it stays unchanged."""
    machine = deepcopy(machine)
    deeds = []
    probe(machine, float("inf"))
    while len(deeds) < 12 and (deadline := machine.next_deadline()) is not None:
        actions = machine.handle(events.DeadlineReached(), deadline)
        deeds.append((deadline, actions))
        probe(machine, float("inf"))
    return deeds


def event(what, machine=None):
    """The event that these words mean."""
    name, _, rest = what.partition(" ")
    match name:
        case "InterfaceReady":
            return events.InterfaceReady(tuple(map(ip_address, rest.split())))
        case "InterfaceLost":
            return events.InterfaceLost(
                "no carrier",
                can_send="can_send" in rest,
                may_return="may_return" in rest,
                during_script="during_script" in rest,
            )
        case "AdvertisementReceived":
            heard = HEARD.fullmatch(rest)
            assert heard, what
            said = statement(
                ip_address(heard["source"]),
                int(heard["advbase"]),
                int(heard["advskew"]),
                int(heard["demotion"] or 0),
                bool(heard["virtual"]),
            )
            return events.AdvertisementReceived(said, int(heard["counter"] or 7))
        case "AddressesAcquired":
            return events.AddressesAcquired(tuple(map(ip_address, rest.split())))
        case "AddressRemoved":
            return events.AddressRemoved(ip_address(rest))
        case "AddressClaimed":
            address, mac = rest.split()
            return events.AddressClaimed(ip_address(address), bytes.fromhex(mac.replace(":", "")))
        case "GatewaysSilent":
            return events.GatewaysSilent(float(rest))
        case "ParamsChanged":
            changes = dict(pair.split("=") for pair in rest.split())
            if addresses := changes.pop("addresses", None):
                changes["addresses"] = tuple(map(ip_address, addresses.split("+")))
            changes = {k: int(v) if isinstance(v, str) else v for k, v in changes.items()}
            return events.ParamsChanged(replace(machine.params, **changes))
        case "DemotionChanged":
            demotion, _, how = rest.partition(" ")
            return events.DemotionChanged(
                int(demotion),
                "eth1 has no carrier",
                is_tested=how != "untested",
                is_planned=how == "planned",
            )
        case "StepDownRequested" | "StopRequested":
            return getattr(events, name)("the operator wants it")
        case _:
            return getattr(events, name)()


@cache
def statement(source, advbase, advskew, demote, from_virtual_mac):
    """A statement; who says the same again shares it, as in the daemon."""
    return Statement(source, advbase, advskew, demote, from_virtual_mac)


def words(action):
    """An action in the words of a playbook."""
    name = type(action).__name__
    match action:
        case StateChanged(old, new):
            return f"{name} {old.value} {new.value}"
        case SendAdvertisement(_, advbase, advskew, demotion=demotion):
            in_ipv6 = " IPv6" if action.source.version == 6 else ""
            demoted = f" D{demotion}" if demotion else ""
            return f"{name} {advbase}/{advskew}{in_ipv6}{demoted}"
        case Report(finding, peer, family, address, mac):
            of_family = f"IPv{family}" if family else None
            about = [str(each) for each in (peer, of_family, address, mac.hex(":")) if each]
            return " ".join([name, finding.name, *about])
        case ReleaseAddresses(at_start=True):
            return f"{name} at_start"
        case AnnounceAddresses(addresses, at_successor=True):
            return " ".join([name, *map(str, addresses), "at_successor"])
        case AnnounceAddresses(addresses, asks=True):
            return " ".join([name, *map(str, addresses), "asks"])
        case AnnounceAddresses(addresses) | ReportUnserved(addresses) | ProbeMaster(_, addresses):
            return " ".join([name, *map(str, addresses)])
        case _:
            return name


def brought_to(state, sources=(OURS,), **changes):
    """A virtual host in this state.

    A BACKUP since 10.0, or a MASTER since 9.0 that announced its addresses for the last time at
    12.0 and has done what was due up to 13.5.
    """
    machine = host(**changes)
    if state is State.INIT:
        return machine
    own = machine.params
    down = master_down_units(
        own.advbase, own.advskew, own.deadratio, as_openbsd=own.demote_style is DemoteStyle.OPENBSD
    )
    ready_at = 9.0 - down / 256 if state is State.MASTER else 10.0
    machine.handle(events.InterfaceReady(sources), ready_at)
    machine.handle(events.AddressesReleased(), ready_at)
    if state is State.MASTER:
        machine.handle(events.DeadlineReached(), 9.0)
        machine.handle(events.AddressesAcquired(), 9.0)
        summary(machine, 13.5)
    assert machine.state is state
    return machine


def dual(state, **changes):
    """One with an address of each family."""
    return brought_to(state, (OURS, OURS6), **(DUAL | changes))


def demoted(demotion, state=State.BACKUP, **changes):
    """A host that is less fit than usual: since 10.1 or 13.55."""
    machine = brought_to(state, **changes)
    tell(machine, f"DemotionChanged {demotion}", 10.1 if state is State.BACKUP else 13.55)
    return machine


def pass_time(machine, until):
    """Reach every deadline before `until`."""
    actions = []
    while (deadline := machine.next_deadline()) is not None and deadline < until:
        actions += tell(machine, "DeadlineReached", deadline)
    return actions
