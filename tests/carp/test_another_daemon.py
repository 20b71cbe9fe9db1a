"""Advertisements that left this host: whose are they?"""

from ipaddress import ip_address

import pytest
from playbook import params

from ucarpd.carp.actions import SendAdvertisement
from ucarpd.carp.another_daemon import is_of_another_daemon
from ucarpd.carp.transmit import Transmitter


def sent(advbase=1, advskew=0, counter=99):
    action = SendAdvertisement(ip_address("10.0.0.1"), advbase, advskew, counter)
    (frame,) = Transmitter(params()).advertisement(action, bytes(6))
    return frame


@pytest.mark.parametrize(
    ("frame", "is_of_another", "because"),
    [
        (sent(), True, "its counter is not ours"),
        (sent(counter=7), False, "we have sent it"),
        (sent(255, 255), False, "our predecessor has bowed out"),
        (sent()[:60], False, "it is no whole advertisement"),
        (b"", False, "it is no IP packet"),
    ],
)
def test_whose_it_is(frame, is_of_another, because):
    assert is_of_another_daemon(frame, [7, 8]) is is_of_another, because
