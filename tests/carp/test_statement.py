"""What an advertisement says."""

from ipaddress import ip_address

import pytest

from ucarpd.carp.statement import Statement


@pytest.mark.parametrize(
    ("advbase", "advskew", "is_bow_out"),
    [(255, 255, True), (255, 254, False), (254, 255, False), (1, 0, False)],
)
def test_a_bow_out_has_both_at_255(advbase, advskew, is_bow_out):
    heard = Statement(ip_address("10.0.0.2"), advbase, advskew)
    assert heard.is_bow_out is is_bow_out


@pytest.mark.parametrize(
    ("advbase", "advskew", "demote", "is_unfit", "demotion"),
    [
        (1, 0, 0, False, 0),
        (1, 254, 3, False, 3),
        (253, 254, 0, False, 0),
        (254, 1, 255, True, 1),
        (254, 254, 255, True, 254),
        (255, 255, 255, False, 255),
    ],
)
def test_how_unfit_a_host_says_to_be(*, advbase, advskew, demote, is_unfit, demotion):
    heard = Statement(ip_address("10.0.0.2"), advbase, advskew, demote)
    assert (heard.is_unfit, heard.stated_demotion) == (is_unfit, demotion)


@pytest.mark.parametrize(("advbase", "advskew", "units"), [(1, 0, 256), (2, 3, 515), (0, 0, 1)])
def test_the_advertised_interval(advbase, advskew, units):
    assert Statement(ip_address("10.0.0.2"), advbase, advskew).units == units


@pytest.mark.parametrize(("source", "family"), [("10.0.0.2", 4), ("fe80::2", 6)])
def test_the_family_is_that_of_the_source(source, family):
    assert Statement(ip_address(source), 1, 0).family == family
