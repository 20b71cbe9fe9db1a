"""UCARP_ROUTES: the words of `ip route`, and the messages about others."""

import pytest

from ucarpd.config import routes


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("192.0.2.0/24 via 10.0.0.254", None),
        ("192.0.2.0/24 via 10.0.0.254;", "192.0.2.0/24 via 10.0.0.254"),
        ("default via 10.0.0.254 metric 50; default via 2001:db8::1", None),
        ("192.0.2.7 dev eth1 src 10.0.0.1", "192.0.2.7/32 dev eth1 src 10.0.0.1"),
        ("0.0.0.0/0 via 10.0.0.1", "default via 10.0.0.1"),
        ("::/0 dev ppp0 table 100", "default dev ppp0 table 100"),
        ("2001:DB8:0::/48 via fe80::1 dev eth1", "2001:db8::/48 via fe80::1 dev eth1"),
        ("192.0.2.0/255.255.255.0 via 10.0.0.1 table main", "192.0.2.0/24 via 10.0.0.1 table 254"),
        ("10.1.0.0/16 table 4294967295 via 10.0.0.1", "10.1.0.0/16 via 10.0.0.1 table 4294967295"),
    ],
)
def test_what_is_accepted(text, same):
    assert routes.written(routes.routes(text)) == (same or text)


@pytest.mark.parametrize("text", ["default via 10.0.0.1", "default via fe80::1 dev eth1"])
def test_what_is_written_means_the_same(text):
    found = routes.routes(text)
    assert routes.routes(routes.written(found)) == found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (";", "must be PREFIX via GATEWAY"),
        (
            "192.0.2.0/24",
            "192.0.2.0/24: names no gateway and no interface: write PREFIX via GATEWAY",
        ),
        ("192.0.2.1/24 via 10.0.0.1", "is an address in a network: write 192.0.2.0/24"),
        ("web via 10.0.0.1", "must begin with a network such as 192.0.2.0/24, or with default"),
        ("192.0.2.0/33 via 10.0.0.1", "must begin with a network such as 192.0.2.0/24"),
        ("via 10.0.0.1", "10.0.0.1 is not known here"),
        ("default dev eth1", "is it IPv4 or IPv6? Write 0.0.0.0/0 or ::/0"),
        ("192.0.2.0/24 via 2001:db8::1", "via 2001:db8::1 is not IPv4, but 192.0.2.0/24 is"),
        ("::/0 dev eth1 src 10.0.0.1", "src 10.0.0.1 is not IPv6, but ::/0 is"),
        ("::/0 via fe80::1", "fe80::1 is on every interface: add dev INTERFACE"),
        ("::/0 via fe80::1%eth0", "write fe80::1 dev eth0 instead of fe80::1%eth0"),
        ("192.0.2.0/24 via", "there is nothing after via"),
        ("192.0.2.0/24 via 10.0.0.1 via 10.0.0.2", "has via twice"),
        ("192.0.2.0/24 via 10.0.0.1 proto 7", "proto is not known here: write PREFIX via"),
        ("192.0.2.0/24 via 10.0.0.1 metric x", "must be a whole number from 0 to 4294967295"),
        ("192.0.2.0/24 via 10.0.0.1 table 0", "must be from 1 to 4294967295"),
        ("192.0.2.0/24 via 0.0.0.0", "not an unspecified address"),
        ("192.0.2.0/24 dev eth1:0", "must be the interface itself"),
        (
            "192.0.2.0/24 via 10.0.0.1; 192.0.2.0/24 via 10.0.0.2",
            "two routes to one destination need different metrics",
        ),
    ],
)
def test_what_is_refused(text, fault):
    with pytest.raises(ValueError, match="^[^\n]+$") as refused:
        routes.routes(text)
    assert fault in str(refused.value)
