"""Recognises another daemon of this host that serves the same virtual host."""

from collections.abc import Container

from ucarpd.carp.frame import MalformedHeader, parse
from ucarpd.carp.packet import HEADER_SIZE, decode
from ucarpd.carp.rank import BOW_OUT


def is_of_another_daemon(frame: bytes, sent_counters: Container[int]) -> bool:
    """Return whether an advertisement that left this host for our vhid was sent by another daemon.

    `sent_counters` has the counters of our latest ones.  A bow-out does not count, because our own
    predecessor may have sent it.
    """
    try:
        payload = parse(frame).payload
    except MalformedHeader:
        return False
    if len(payload) < HEADER_SIZE:
        return False
    sent = decode(payload)
    is_bow_out = (sent.advbase, sent.advskew) == BOW_OUT[:2]
    return not is_bow_out and sent.counter not in sent_counters
