"""Keys in hexadecimal and old keys, and no output shows a secret."""

import pytest
from config_files import faults, loaded, minimal

from ucarpd.config import KEYS
from ucarpd.config.lines import parse_line

NO_HEX = "a key is 2 to 40 hexadecimal digits, an even number of them: two for each byte"

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize(
    ("text", "key"),
    [("00", b"\0"), ("0x676568656D", b"gehem"), ("0XfF", b"\xff"), ("ab" * 20, b"\xab" * 20)],
)
def test_a_key_in_hexadecimal(text, key):
    config = loaded(minimal(f"UCARP_KEY={text}", PASS=None))
    assert (config.key, config.secrets) == (key, ("UCARP_KEY",))


@pytest.mark.parametrize("text", ["geheim7", "0x", "abc", "0xabc", "ab" * 21, "ab cd", "ab,cd"])
def test_a_bad_key(text):
    assert faults(minimal(f"UCARP_KEY='{text}'", PASS=None)) == [f"4: UCARP_KEY: {NO_HEX}"]
    assert faults(minimal("UCARP_KEY=''", PASS=None))[0].startswith("UCARP_PASS: missing: add")


def test_a_password_in_two_ways(home):
    (home / "pass").write_text("geheim7")
    assert faults(minimal("UCARP_KEY=ab")) == [
        "5: UCARP_KEY: cannot be used together with UCARP_PASS in line 3: keep one"
    ]
    assert faults(f"UCARP_KEY=ab\nUCARP_PASS_FILE={home / 'pass'}\n" + minimal(PASS=None)) == [
        "2: UCARP_PASS_FILE: cannot be used together with UCARP_KEY in line 1: keep one"
    ]
    assert faults(minimal(f"UCARP_KEY=ab\nUCARP_PASSFILE={home / 'pass'}")) == [
        "5: UCARP_KEY: cannot be used together with UCARP_PASS in line 3: keep one",
        "6: UCARP_PASSFILE: cannot be used together with UCARP_PASS in line 3: keep one",
    ]
    # A refused secret still stands there.
    assert faults(minimal("UCARP_KEY=geheim7")) == [
        f"5: UCARP_KEY: {NO_HEX}",
        "5: UCARP_KEY: cannot be used together with UCARP_PASS in line 3: keep one",
    ]


def test_a_key_in_the_file_goes_before_a_credential(home):
    (home / "web.pass").write_text("credential\n")
    environ = {"CREDENTIALS_DIRECTORY": str(home)}
    assert loaded(minimal("UCARP_KEY=ab", PASS=None), environ).key == b"\xab"
    config = loaded(minimal(PASS=None), environ)
    assert (config.key, config.secrets) == (b"credential", ("UCARP_PASS",))


@pytest.mark.parametrize(
    ("lines", "old"),
    [
        ("", ()),
        ("UCARP_PASS_OLD=", ()),
        ("UCARP_PASS_OLD='a, b'", (b"a, b",)),
        ("UCARP_KEY_OLD='ab 0xCD,ef'", (b"\xab", b"\xcd", b"\xef")),
        ("UCARP_KEY_OLD=ab\nUCARP_PASS_OLD=a", (b"a", b"\xab")),
        ("UCARP_KEY_OLD=61,62,61,6200\nUCARP_PASS_OLD=a", (b"a", b"b")),
        ("UCARP_PASS_OLD=geheim7\nUCARP_KEY_OLD=67656865696d3700,ab", (b"\xab",)),
    ],
)
def test_old_keys(lines, old):
    config = loaded(minimal(lines))
    assert config.old_keys == old
    assert config.params().old_keys == old
    assert config.key == b"geheim7"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "UCARP_PASS_OLD=12345678901234567890",
            (
                "UCARP_PASS_OLD: a password has 1 to 19 bytes, this one has 20"
                " (a letter outside ASCII counts as two or more)"
            ),
        ),
        ("UCARP_KEY_OLD=ab,abc", f"UCARP_KEY_OLD: {NO_HEX}"),
        ("UCARP_PASS_ODL=geheim7", "UCARP_PASS_ODL: unknown key; did you mean UCARP_PASS_OLD?"),
    ],
)
def test_bad_old_keys(line, fault):
    assert faults(minimal(line)) == [f"5: {fault}"]


def test_a_password_in_place_of_its_file_is_not_shown():
    for line in ("UCARP_PASSFILE=gehe/im7", "UCARP_PASS_FILE='geheim7 $'"):
        [fault] = faults(minimal(line, PASS=None))
        assert fault.endswith(": must be an absolute path, which starts with /")


def test_a_password_in_a_url_is_not_shown():
    url = "http://root:geheim7@127.0.0.1/"
    fault = "cannot have a user or a password"
    assert faults(minimal(f"UCARP_CHECK_WEB='{url}'")) == [f"5: UCARP_CHECK_WEB: {fault}"]
    [fault] = faults(minimal(f"UCARP_PEERS={url}"))
    assert "geheim7" not in fault


@pytest.mark.parametrize(
    "url",
    [
        "http://root:gehe/im7@127.0.0.1/",
        "http://root:gehe im7@127.0.0.1/",
        "http:/root:geheim7@127.0.0.1/",
        "http//root:geheim7@127.0.0.1/",
    ],
)
def test_a_password_in_what_is_no_url_is_not_shown(url):
    [fault] = faults(minimal(f"UCARP_CHECK_WEB='{url}'"))
    assert [part for part in ("gehe", "im7") if part in fault] == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"VHID": "1 UCARP_PASS=geheim7"}, "2: UCARP_VHID: UCARP_PASS"),
        ({"VHID": "1; UCARP_PASSWORD=geheim7"}, "2: UCARP_VHID: UCARP_PASSWORD"),
        # Appended to a file whose last line had no end.
        ({"INTERFACE": "eth0UCARP_PASS=geheim7"}, "1: UCARP_INTERFACE: UCARP_PASS"),
        ({"ADDR": "172.16.0.1 UCARP_PASS='geheim7'"}, "3: UCARP_ADDR: UCARP_PASS"),
        ({"CHECK_GW": "'arp:10.0.0.9 UCARP_PASS=geheim7'"}, "4: UCARP_CHECK_GW: UCARP_PASS"),
    ],
)
def test_two_keys_on_one_line_show_no_password(changed, fault):
    text = "is on this line too: write each key on a line of its own"
    assert faults(minimal(PASS=None, **changed)) == [f"{fault}=… {text}"]


def test_a_foreign_password_on_the_line_of_a_key_is_not_shown():
    [fault] = faults(minimal("UCARP_PEERS=172.16.0.2, PASSWORD=geheim7"))
    assert fault.startswith("5: UCARP_PEERS: PASSWORD=… is on this line too: ")


def test_scripts_and_representations_have_no_secret():
    config = loaded(
        minimal("UCARP_KEY=676568656d\nUCARP_PASS_OLD=geheim7nis\nUCARP_KEY_OLD=abcdef", PASS=None)
    )
    assert config.secrets == ("UCARP_KEY", "UCARP_PASS_OLD", "UCARP_KEY_OLD")
    secrets = {name for key in KEYS if key.secret for name in key.names}
    assert not config.script_environment.keys() & secrets
    for text in (repr(config), repr(config.params()), str(config.script_environment)):
        assert [part for part in ("geh", "676568", "abcdef", r"\xab") if part in text] == []


def test_what_is_secret():
    secret = {key.name for key in KEYS if key.secret}
    assert secret == {"UCARP_PASS", "UCARP_KEY", "UCARP_PASS_OLD", "UCARP_KEY_OLD"}


def test_a_line_with_a_secret_is_not_kept():
    """A reload must forget the former password."""
    for name in ("UCARP_PASS", "UCARP_KEY", "UCARP_PASS_OLD", "ucarp_password"):
        assert parse_line(1, f"{name}=geheim") is not parse_line(1, f"{name}=geheim")
    assert parse_line(1, "UCARP_VHID=1") is parse_line(1, "UCARP_VHID=1")
