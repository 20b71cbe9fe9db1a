"""Files as they were found with people who run ucarp, rewritten, and the values they should give.

`NAME.expected` has the values, and lines that begin with "tell:".  A case with several files has the
marks "# ---- NAME" between them.
"""

import re
from pathlib import Path

import pytest

from ucarpd.config import find_files, load_all
from ucarpd.config.bash import spell_for_ucarpd
from ucarpd.migrate import finish, importer

CASES = Path(__file__).with_name("cases")

EFFECTIVE = {"UCARP_DEADRATIO=3"}
"""Defaults, which a result need not repeat."""

INCOMPLETE = {
    *("010-srcip-from-hostname", "011-epel-loader-loop", "024-keepalived"),
    "026-name-of-interface",
}
"""What only a person can complete, because the file does not have it."""

TOLD = {
    "001-gentoo-confd": ["third argument of such scripts"],
    "002-alpine-confd": [":8: --shutdown is UCARP_SHUTDOWN=yes, the default here"],
    "003-docker-priority": [":6: UCARP_PRIORITY is advskew there", "the smaller one wins"],
    "005-container-passfile": ["UCARP_PASS_FILE in ", ":5 and UCARP_PASS in ", "keep one"],
    "006-wrapper-zero-one": [":13: UCARP_DAEMONIZE has no meaning here", ":18: SECONDARY_IPS are"],
    "007-epel-common-and-001": [
        "vip-common.conf:5, and does not add to them: --preempt is not in force",
        "systemctl disable --now ucarp@001.service",
        "001 is written 1 here",
    ],
    "009-shell-config-with-variables": [":12: DEAD_RATIO is set, and no ucarp command uses it"],
    "010-srcip-from-hostname": [
        "--srcip: $(hostname -I) is computed when the script runs: left out",
        "UCARP_INTERFACE is missing",
    ],
    "011-epel-loader-loop": [
        "$PASSWORD comes from /etc/ucarp/*.conf",
        "$VIP_ADDRESS comes from /etc/ucarp/*.conf",
        "--facility: is not a syslog facility: ucarp uses daemon instead",
    ],
    "013-ifupdown-plain": [
        ":20: eth0:ucarp: post-up ip route add 198.51.100.4",
        ":21: eth0:ucarp: pre-down ip route del 198.51.100.4",
    ],
    "016-unit-oneshot": ["systemctl disable --now"],
    "018-capital-p-script": [
        "/etc/ucarp/vip-up.sh after -P is not an argument of it",
        "probably -u was meant",
        "/etc/ucarp/vip-down.sh after -B is not an argument of it",
    ],
    "019-freebsd-rc": ["vtnet0 is a name that FreeBSD gives"],
    "020-fork-brackets": ["without brackets", "without a prefix length"],
    "022-password-punctuation": [":4: UCARP_PASS: a shell ends the value at the space"],
    "024-keepalived": [
        ":5: priority 150 becomes UCARP_ADVSKEW=104 (254 - 150)",
        ":2: state MASTER: keepalived preempts unless nopreempt is set: UCARP_PREEMPT=yes",
        ":9: VRRP sends auth_pass in clear",
        ":14: track_script chk_http",
        ":17: notify_master /etc/keepalived/master.sh: UCARP_NOTIFYSCRIPT here",
    ],
    "026-name-of-interface": [":1: UCARP_INTERFACE: eth0:0 is a label", "full path"],
}


def case(name, directory):
    """The file to import; a case with several is taken apart."""
    [source] = [path for path in CASES.glob(f"{name}.*") if path.suffix != ".expected"]
    text = source.read_text()
    parts = re.split(r"^# ---- (\S+)\n", text, flags=re.MULTILINE)
    if len(parts) == 1:
        path = directory / source.name
        path.write_text(text)
        return path
    for file, content in zip(parts[1::2], parts[2::2], strict=True):
        (directory / file).write_text(content)
    return directory / parts[-2]


def names():
    return sorted({path.stem for path in CASES.iterdir()})


def imported(name, directory):
    return importer.of_file(case(name, directory), directory)


@pytest.mark.parametrize("name", names())
def test_the_values_are_as_expected(name, tmp_path):
    findings = imported(name, tmp_path)
    lines = "\n".join(finish.text(host, "") for host in findings.hosts).splitlines()
    expected = (CASES / f"{name}.expected").read_text().splitlines()
    for line in expected:
        if line.startswith("UCARP_") and line not in EFFECTIVE:
            key, _, value = line.partition("=")
            assert f"{key}={spell_for_ucarpd(value)}" in lines


@pytest.mark.parametrize("name", names())
def test_what_differs_is_told(name, tmp_path):
    told = "\n".join(imported(name, tmp_path).remarks)
    for words in TOLD.get(name, []):
        assert words in told


@pytest.mark.parametrize("name", sorted(set(names()) - INCOMPLETE))
def test_ucarpd_takes_the_result(name, tmp_path):
    result = tmp_path / "result"
    result.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("geheim\n")
    for number, host in enumerate(imported(name, tmp_path).hosts):
        text = re.sub(
            "^UCARP_PASSFILE=.*",
            f"UCARP_PASSFILE={secret}",
            finish.text(host, ""),
            flags=re.MULTILINE,
        )
        (result / f"web{number}.conf").write_text(text)
    loaded, problems = load_all([result], {})
    assert problems == []
    assert len(loaded) == len(find_files(result)) > 0


@pytest.mark.parametrize("name", sorted(INCOMPLETE))
def test_what_is_missing_is_for_a_person(name, tmp_path):
    assert not all(host.is_complete for host in imported(name, tmp_path).hosts)


def test_the_second_virtual_host_of_a_script(tmp_path):
    _, second = imported("020-fork-brackets", tmp_path).hosts
    assert second.text("UCARP_SRCIP") == "2001:db8:20::10"
    assert second.text("UCARP_ADDR") == "2001:db8:20::100/64"
