"""How bad it is."""

import pytest
from fake_process import BACKUP, IN_TROUBLE, MASTER, NOW

from ucarpd.ctl import assessment
from ucarpd.ctl.assessment import CRITICAL, DEGRADED, NOT_KNOWN, OK

ABSENT = [{"address": "192.0.2.10", "present": False, "served": False}]
FINDING = {"finding": "x", "since": "2026-11-25T23:00:00.000Z", "text": "no such script"}


@pytest.mark.parametrize(
    ("instance", "fields", "level"),
    [
        (MASTER, {}, OK),
        (BACKUP, {}, OK),
        # Backups are silent, so no news of them is no fault.
        (BACKUP, {"peers": []}, OK),
        (MASTER, {"demotion": IN_TROUBLE["demotion"]}, DEGRADED),
        (BACKUP, {"maintenance": IN_TROUBLE["maintenance"]}, DEGRADED),
        (MASTER, {"findings": [FINDING]}, DEGRADED),
        (MASTER, {"findings": [FINDING | {"finding": "another_master"}]}, CRITICAL),
        (MASTER, {"findings": [FINDING | {"finding": "advertisements_lost"}]}, CRITICAL),
        (MASTER, {"findings": [FINDING | {"finding": "address_claimed"}]}, CRITICAL),
        (BACKUP, {"state": "INIT"}, CRITICAL),
        (MASTER, {"addresses": ABSENT}, CRITICAL),
        # An up-script that succeeds may have put the address elsewhere.
        (MASTER, {"addresses": [ABSENT[0] | {"served": True}]}, OK),
        (IN_TROUBLE, {}, CRITICAL),
        ({"state": "failed", "reason": "x"}, {}, CRITICAL),
        ({"state": "stopped", "reason": "x"}, {}, DEGRADED),
        ({"state": "unknown", "reason": "x"}, {}, NOT_KNOWN),
    ],
)
def test_the_level_of_an_instance(instance, fields, level):
    assert assessment.level(instance | fields) == level


@pytest.mark.parametrize(
    ("levels", "worst"),
    [
        ([], OK),
        ([OK, DEGRADED], DEGRADED),
        ([NOT_KNOWN, DEGRADED], NOT_KNOWN),
        ([NOT_KNOWN, CRITICAL, OK], CRITICAL),
    ],
)
def test_the_worst_of_several(levels, worst):
    assert assessment.worst(levels) == worst


@pytest.mark.parametrize("is_master", [True, False])
def test_a_check_that_bars_the_host_from_serving(is_master):
    barred = [{"reason": "check DB: no", "amount": 255, "level": "never"}]
    peers = [each | {"is_master": is_master} for each in BACKUP["peers"]]
    [trouble] = assessment.troubles(BACKUP | {"demotion": barred, "peers": peers}, NOW)
    assert trouble == (
        (DEGRADED, "this host does not serve: check DB: no")
        if is_master
        else (CRITICAL, "no master is heard, and this host may not serve: check DB: no")
    )


@pytest.mark.parametrize("is_master", [True, False])
def test_maintenance_that_leaves_nobody_to_serve_is_critical(is_master):
    barred = {
        "demotion": [{"reason": "maintenance", "amount": 255, "level": "never"}],
        "maintenance": [IN_TROUBLE["maintenance"][0] | {"level": "never"}],
        "peers": [each | {"is_master": is_master} for each in BACKUP["peers"]],
    }
    text, *more = [each.text for each in assessment.troubles(BACKUP | barred, NOW)]
    assert assessment.level(BACKUP | barred) == (DEGRADED if is_master else CRITICAL)
    assert text.startswith("in maintenance" if is_master else "no master is heard, and this host")
    assert len(more) == (0 if is_master else 1)


def test_the_worst_trouble_comes_first_and_each_is_said_once():
    init = BACKUP | {"state": "INIT", "reason": "no such script", "findings": [FINDING]}
    assert [each.text for each in assessment.troubles(init, NOW)] == ["no such script"]
    assert [each.text for each in assessment.troubles(IN_TROUBLE, NOW)] == [
        "MASTER without 192.0.2.30",
        "192.0.2.12 is MASTER too, and the two do not settle: its advertisements have a wrong digest",
        "in maintenance, last resort (all of this host), since 2026-11-25 23:30:00 by ada,"
        " until 01:30:00: new kernel",
        "demoted by 240: eth0 cannot be used",
    ]
