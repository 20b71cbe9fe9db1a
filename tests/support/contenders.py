"""Contenders for the role, from a few words."""

from ipaddress import ip_address

from ucarpd.carp.contender import Contender


def contender(text):
    """`1/0 10.0.0.1`, and with `D1` for its demotion."""
    interval, source, *more = text.split()
    advbase, advskew = map(int, interval.split("/"))
    demotion = int(more[0].removeprefix("D")) if more else 0
    return Contender(advbase * 256 + advskew, ip_address(source), demotion)
