"""The meaning of the values of ucarp's options."""

import os

import pytest

from ucarpd import config
from ucarpd.migrate.ucarp_settings import Refused, settings
from ucarpd.ucarp_options import number

BASE = {
    "interface": "eth0",
    "srcip": "10.9.0.1",
    "vhid": "1",
    "pass": "geheim",
    "addr": "10.9.0.5",
    "upscript": "/bin/true",
    "downscript": "/bin/true",
}


def meant(tmp_path, **given):
    """The settings of these options; None leaves one out."""
    options = {name: text for name, text in (BASE | given).items() if text is not None}
    return settings(options, tmp_path)


def loaded(tmp_path, **given):
    """The configuration that they lead to, by way of the file."""
    file = tmp_path / "web.conf"
    file.write_bytes(meant(tmp_path, **given).text().encode())
    return config.load(file)


def test_ucarps_defaults(tmp_path):
    got = loaded(tmp_path)
    assert (got.interface, str(got.sources[0]), got.vhid) == ("eth0", "10.9.0.1", 1)
    assert (got.advbase, got.advskew, got.deadratio) == (1, 0, 3)
    assert (got.preempt, got.neutral, got.shutdown, got.broadcast) == (False,) * 4
    # ucarp lets scripts run as long as they like, and runs the up-script once.
    assert (got.script_timeout, got.rerun_up_script) == (0, False)
    assert meant(tmp_path).remarks == []


def test_switches(tmp_path):
    names = ("preempt", "neutral", "shutdown", "ignoreifstate", "nomcast")
    got = loaded(tmp_path, **dict.fromkeys(names, ""))
    assert (got.preempt, got.neutral, got.shutdown) == (True,) * 3
    assert (got.ignore_carrier, got.broadcast) == (True, True)


@pytest.mark.parametrize("secret", ["geheim", " $a'\"\\ #", "пароль", "\udcff\udcfe", "'"])
def test_a_password_is_the_bytes_of_the_command_line(tmp_path, secret):
    assert loaded(tmp_path, **{"pass": secret}).key == os.fsencode(secret)


@pytest.mark.parametrize("text", ["a b", "it's", "$HOME", "\\", "пар", "#"])
def test_xparam(tmp_path, text):
    assert loaded(tmp_path, xparam=text).xparam == text


def test_a_password_file_is_read_up_to_the_line_feed_as_ucarp_does(tmp_path):
    (tmp_path / "pass").write_bytes(b"geheim\r\nsecond line\n")
    assert loaded(tmp_path, **{"pass": None, "passfile": "pass"}).key == b"geheim\r"


def test_the_later_of_password_and_password_file_wins(tmp_path):
    (tmp_path / "pass").write_text("other\n")
    assert loaded(tmp_path, passfile="pass").key == b"other"
    options = {"passfile": "pass", **BASE}
    assert settings(options, tmp_path).keys["UCARP_KEY"] == b"geheim".hex()


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ("1", 1, ""),
        ("001", 1, ""),
        ("010", 8, ""),
        ("0x10", 16, ""),
        (" 7", 7, ""),
        ("+7", 7, ""),
        ("1x", 1, "x"),
        ("1.5", 1, ".5"),
        ("08", 0, "8"),
    ],
)
def test_numbers_as_strtoul(text, value, rest):
    assert number(text) == (value, rest)


@pytest.mark.parametrize("text", ["", "x", "-1", "٣", "9" * 5000])
def test_no_numbers(text):
    with pytest.raises(ValueError):
        number(text)


@pytest.mark.parametrize(
    ("given", "key", "value", "remark"),
    [
        ({"vhid": "001"}, "UCARP_VHID", "1", None),
        ({"vhid": "010"}, "UCARP_VHID", "8", "--vhid: '010' is read as 8, as ucarp does"),
        ({"advbase": "1.5"}, "UCARP_ADVBASE", "1", "--advbase: '1.5' is read as 1, as ucarp does"),
        ({"advskew": "255"}, "UCARP_ADVSKEW", "254", "--advskew=255 is taken for 254"),
        ({"advbase": "255"}, "UCARP_ADVBASE", "253", "--advbase=255 is taken for 253"),
        ({"advbase": "254"}, "UCARP_ADVBASE", "253", "--advbase=254 is taken for 253"),
        ({"deadratio": "1"}, "UCARP_DEADRATIO", "2", "--deadratio=1 is taken for 2"),
        ({"facility": "LOCAL6"}, "UCARP_FACILITY", "local6", None),
        ({"facility": "bogus"}, "UCARP_FACILITY", None, "unknown syslog facility 'bogus'"),
        ({"interface": "eth0:0"}, "UCARP_INTERFACE", "eth0", "the scripts get eth0:0"),
        ({"interface": "eth0:0"}, "UCARP_SCRIPT_INTERFACE", "eth0:0", "the scripts get eth0:0"),
        ({"mcastip": "239.1.1.1"}, "UCARP_MCAST", "239.1.1.1", None),
        ({"xparam": ""}, "UCARP_XPARAM", None, None),
    ],
)
def test_what_ran_with_ucarp_runs(tmp_path, given, key, value, remark):
    result = meant(tmp_path, **given)
    assert result.keys.get(key) == value
    assert [remark in text for text in result.remarks] == ([True] if remark else [])
    loaded(tmp_path, **given)


def test_without_syslog(tmp_path):
    assert meant(tmp_path).is_logged_to_syslog
    result = meant(tmp_path, facility="none")
    assert (result.is_logged_to_syslog, result.remarks) == (False, [])


def test_a_relative_script_starts_at_the_working_directory(tmp_path):
    assert meant(tmp_path, upscript="../up.sh").keys["UCARP_UPSCRIPT"] == str(
        tmp_path.parent / "up.sh"
    )


def test_without_scripts_nobody_sets_the_address(tmp_path):
    got = loaded(tmp_path, upscript=None, downscript=None)
    assert got.is_scripted
    assert len(meant(tmp_path, upscript=None, downscript=None).remarks) == 2


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"vhid": "0"}, 1, "--vhid must be from 1 to 255 (got '0')"),
        ({"vhid": "256"}, 1, "--vhid must be from 1 to 255 (got '256')"),
        ({"vhid": "abc"}, 1, "--vhid: 'abc' is not a number"),
        ({"vhid": None}, 1, "--vhid is missing"),
        ({"advbase": "0"}, 1, "--advbase must be from 1 to 253"),
        ({"advskew": "256"}, 1, "--advskew must be from 0 to 254"),
        ({"advskew": "-1"}, 1, "--advskew: '-1' is not a number"),
        ({"deadratio": "0"}, 1, "--deadratio must be from 2 to 255"),
        ({"srcip": None}, 1, "--srcip is missing"),
        ({"srcip": "abc"}, 1, "--srcip: 'abc' is not an IP address"),
        ({"srcip": "127.0.0.1"}, 1, "--srcip: must be an address that a host can have"),
        ({"addr": None}, 1, "--addr is missing"),
        ({"addr": "10.9.0.5/24"}, 1, "leave out the prefix length"),
        ({"addr": "0.0.0.0"}, 1, "--addr: must be an address that a host can have"),
        ({"mcastip": "10.0.0.1"}, 1, "--mcastip: "),
        ({"pass": None}, 1, "the password is missing"),
        ({"pass": ""}, 1, "--pass: there is no password in it"),
        ({"pass": "a" * 20}, 2, "--pass: a password has 1 to 19 bytes, this one has 20"),
        ({"passfile": "none"}, 1, "does not exist"),
        ({"passfile": "/dev/null"}, 1, "there is no password in it"),
        ({"xparam": "a\nb"}, 1, "--xparam: must not contain control characters"),
        ({"interface": "a b"}, 1, "--interface: must not contain spaces"),
    ],
)
def test_refused(tmp_path, given, status, words):
    with pytest.raises(Refused) as refused:
        meant(tmp_path, **given)
    assert words in str(refused.value)
    assert refused.value.status == status


def test_a_refusal_never_has_the_password(tmp_path):
    with pytest.raises(Refused) as refused:
        meant(tmp_path, **{"pass": "geheim" * 5})
    assert "geheim" not in str(refused.value)
