"""Everything about one instance."""

import pytest
from fake_process import BACKUP, IN_TROUBLE, MASTER, NOW, PROCESS, T

from ucarpd.ctl import detail
from ucarpd.ctl.screen import Screen


def shown(instance, width=None, **fields):
    return detail.text(instance | fields, PROCESS, Screen(width), NOW)


def section(text, label):
    """The lines of a section, without its label."""
    lines = iter(text.splitlines())
    found = [line[13:] for line in lines if line.startswith(label)]
    for line in text.partition(f"\n{label}")[2].splitlines()[1:]:
        if not line.startswith(" "):
            break
        found.append(line.strip())
    return found


def test_a_healthy_master_at_80_columns():
    assert (
        shown(MASTER, 80)
        == """\
web: MASTER since 2026-11-25 20:48:00 (3 h 12 min), no advertisement from
    192.0.2.12 for 3.00 s
file         /etc/ucarp/web.conf
where        eth0, vhid 1, process 2327 (ucarpd 0.3.0)
addresses    192.0.2.10    on this host
             2001:db8::10  on this host
intervals    advertises every 1.00 s (advbase 1, advskew 0, preempts)
             waits 3.00 s for a silent master
peers        none heard (backups are silent)
next         advertisement in 0.61 s
script       up-script: ok, after 0.12 s (started 2026-11-25 20:48:00)
last change  BACKUP to MASTER at 2026-11-25 20:48:00, after 48 min 0 s as BACKUP
             no advertisement from 192.0.2.12 for 3.00 s
packets      0 sent, 720 accepted
timers       up to 2.3 ms late since the start, 0.4 ms in the last minute"""
    )


def test_a_backup_at_120_columns():
    assert (
        shown(BACKUP, 120)
        == """\
mail: BACKUP since 2026-11-25 23:48:00 (12 min 0 s), ready with source 192.0.2.11
file         /etc/ucarp/mail.conf
where        eth0, vhid 2, process 2327 (ucarpd 0.3.0)
addresses    192.0.2.20  not on this host
intervals    advertises every 1.39 s (advbase 1, advskew 100)
             waits 3.39 s for a silent master
peers        192.0.2.12  MASTER, every 1.00 s, last heard 1.00 s ago, longest silence 1.21 s
headroom     [###.......]  30 %  silence of 1.02 s of 3.39 s in the last minute
             [####......]  36 %  silence of 1.21 s of 3.39 s since the start
next         takeover, if the master stays silent, in 2.39 s
last change  INIT to BACKUP at 2026-11-25 23:48:00, after 0.40 s as INIT
             ready with source 192.0.2.11
packets      0 sent, 720 accepted
timers       up to 2.3 ms late since the start, 0.4 ms in the last minute"""
    )


def test_the_most_urgent_comes_first():
    assert (
        shown(IN_TROUBLE, 80).splitlines()[:13]
        == """\
dns: MASTER since 2026-11-25 20:48:00 (3 h 12 min), no advertisement from
    192.0.2.12 for 3.00 s
findings     192.0.2.12 is MASTER too, and the two do not settle: its
             advertisements have a wrong digest (since 2026-11-25 23:40:00)
maintenance  last resort (all of this host), since 2026-11-25 23:30:00 by ada,
             until 01:30:00: new kernel
demotion     by 240: eth0 cannot be used
             maintenance
file         /etc/ucarp/dns.conf
where        eth1, vhid 3, process 2327 (ucarpd 0.3.0)
addresses    192.0.2.30    MISSING: the kernel does not have it
             2001:db8::30  on this host
intervals    advertises every 1.00 s, states a demotion of 254 (advbase 1,""".splitlines()
    )


@pytest.mark.parametrize(
    ("fields", "label", "lines"),
    [
        (
            {"state": "BACKUP", "script": None},
            "addresses",
            [
                "192.0.2.10    on this host, which is not MASTER",
                "2001:db8::10  on this host, which is not MASTER",
            ],
        ),
        (
            {"addresses": [{"address": "192.0.2.10", "present": False, "served": True}]},
            "addresses",
            ["192.0.2.10  not on this interface: the up-script may have put it elsewhere"],
        ),
        (
            {"interval": 0.03125, "effective_interval": 1.0},
            "intervals",
            [
                "advertises every 1.00 s (advbase 1, advskew 0: 0.031 s when healthy, preempts)",
                "waits 3.00 s for a silent master",
            ],
        ),
        (
            {
                "script": {
                    "name": "down",
                    "started": T.format("23:59:40"),
                    "running": True,
                    "duration": 20.0,
                    "result": "",
                }
            },
            "script",
            ["down-script has been running for 20 s, since 2026-11-25 23:59:40"],
        ),
        (
            {"counters": MASTER["counters"] | {"dropped": {"bad digest": 3, "wrong vhid": 0}}},
            "packets",
            ["0 sent, 720 accepted", "3 dropped: 3 bad digest"],
        ),
        (
            {
                "maintenance": [
                    dict(IN_TROUBLE["maintenance"][0], until=None, by=None, level="never")
                ]
            },
            "maintenance",
            [
                "never serves (all of this host), since 2026-11-25 23:30:00, without an end: new kernel"
            ],
        ),
        (
            {"peers": [dict(BACKUP["peers"][0], demotion=240, worst_gap=None, is_master=False)]},
            "peers",
            ["192.0.2.12  every 1.00 s, demoted by 240, last heard 1.00 s ago"],
        ),
        ({"next_deadline": None}, "next", []),
        ({"last_transition": None}, "last change", []),
    ],
)
def test_a_section(fields, label, lines):
    assert section(shown(MASTER, **fields), label) == lines


def test_an_instance_that_does_not_run_has_its_reason_and_file():
    absent = {
        "name": "ftp",
        "path": "/etc/ucarp/ftp.conf",
        "state": "failed",
        "since": T.format("23:59:40"),
        "reason": "ucarpd@ftp.service has failed (exit status 1)",
    }
    assert (
        detail.text(absent, {}, Screen(), NOW)
        == """\
ftp: failed since 2026-11-25 23:59:40 (20 s), ucarpd@ftp.service has failed (exit status 1)
file         /etc/ucarp/ftp.conf"""
    )


def test_a_process_without_names_is_shown_too():
    silent = {"name": None, "path": None, "state": "unknown", "reason": "process 9 does not answer"}
    assert detail.text(silent, {}, Screen(), NOW).splitlines() == [
        "?: unknown, process 9 does not answer",
        "file         not known",
    ]


CHECK = {
    "name": "WEB",
    "target": "http://127.0.0.1/",
    "state": "good",
    "since": T.format("23:48:00"),
    "reason": "HTTP/1.1 200 OK",
    "demote": 240,
    "counts": False,
    "next": None,
    "good_at": None,
}
BAD = {"state": "failed", "reason": "connection refused", "counts": True}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "WEB good since 2026-11-25 23:48:00, http://127.0.0.1/: HTTP/1.1 200 OK"),
        (
            {"demote": None},
            "WEB good since 2026-11-25 23:48:00, http://127.0.0.1/: HTTP/1.1 200 OK",
        ),
        (
            {"state": "unknown", "reason": "not run yet"},
            "WEB unknown since 2026-11-25 23:48:00, http://127.0.0.1/: not run yet",
        ),
        (
            BAD,
            "WEB failed since 2026-11-25 23:48:00, http://127.0.0.1/: connection refused",
        ),
        (
            BAD | {"counts": False},
            "WEB failed since 2026-11-25 23:48:00, http://127.0.0.1/: connection refused; this failure"
            " does not count yet",
        ),
        (
            BAD | {"demote": None},
            "WEB failed since 2026-11-25 23:48:00, http://127.0.0.1/: connection refused; this host"
            " does not serve; if it fails on all hosts, no host serves",
        ),
        (
            BAD | {"good_at": "2026-11-26T00:00:20.000Z"},
            "WEB failed since 2026-11-25 23:48:00, http://127.0.0.1/: connection refused; it fails"
            " again and again, so it counts as good in 20 s at the earliest",
        ),
    ],
)
def test_a_health_check(fields, said):
    text = shown(MASTER, checks=[CHECK | fields])
    assert " ".join(section(text, "checks")) == said


def test_a_host_that_does_not_preempt_yet():
    text = shown(BACKUP, preempt=True, preempt_at="2026-11-26T00:00:20.000Z")
    assert "preempts in 20 s)" in section(text, "intervals")[0]


def test_a_backup_that_holds_its_takeover():
    text = shown(BACKUP, holding=True)
    assert (
        "next         holding, since the gateway fell silent with the master: takeover in" in text
    )
