"""The variables of the environment as a file."""

import pytest
from config_files import MINIMAL, warnings

from ucarpd.config import ConfigError, load, show
from ucarpd.config.environment import is_environment, secrets, take
from ucarpd.config.keys import BY_NAME


def loaded(**changed):
    return load(take(MINIMAL | {f"UCARP_{key}": value for key, value in changed.items()}))


def faults(**changed):
    with pytest.raises(ConfigError) as caught:
        loaded(**changed)
    return str(caught.value).splitlines()


def told(**changed):
    path = take(MINIMAL | {f"UCARP_{key}": value for key, value in changed.items()})
    return [str(each) for each in warnings(path)]


def test_a_value_is_taken_as_it_is():
    """There are no quotes, comments or escapes, unlike in a file."""
    for password in (
        "it's",
        'half "quoted"',
        "x # no comment",
        "no #comment",
        r"back\slash",
        "a=b",
        "$HOME `id`",
    ):
        config = loaded(PASS=password)
        assert config.key == password.encode()
        assert told(PASS=password) == []


@pytest.mark.parametrize(
    ("password", "what"),
    [
        ('"quoted"', "and ends with a quote"),
        ("'x'", "and ends with a quote"),
        (" x", "or ends with white space"),
        ("x\t", "or ends with white space"),
    ],
)
def test_an_end_that_may_not_be_meant_is_told(password, what):
    """`docker run --env-file` keeps quotes and spaces, unlike a file of ours."""
    assert loaded(PASS=password).key == password.encode()
    assert told(PASS=password) == [
        f"environment: UCARP_PASS: begins {what}, which is a part of the password: remove it,"
        " unless all hosts have it"
    ]


def test_an_empty_variable_is_not_set():
    assert loaded(SRCIP="", UPSCRIPT="").up_script is None
    assert faults(VHID="") == ["environment: UCARP_VHID: missing: it has no value (1 to 255)"]


def test_the_name_of_the_instance():
    assert loaded().name == "vhid-1"
    assert loaded(NAME="web").name == "web"
    named = take(MINIMAL | {"UCARP_NAME": "web"}, "mail")
    assert load(named).name == "mail"
    assert warnings(named) == []
    assert told(NAME="wéb") == []  # No unit runs it.
    assert take({}).name == "environment.conf"
    assert faults(NAME="two words") == [
        "environment: UCARP_NAME: the name of the instance cannot be empty, or have spaces"
        " or characters that cannot be printed"
    ]


def test_messages_name_no_line_and_no_path():
    assert faults(VHID="300", KEY="6162") == [
        "environment: UCARP_VHID: must be from 1 to 255 (got '300')",
        "environment: UCARP_KEY: cannot be used together with UCARP_PASS: keep one",
    ]
    assert faults(PASSFILE="/none", PASS="") == [
        "environment: UCARP_PASSFILE: /none does not exist"
    ]
    [unknown] = faults(PASSWRD="geheim7")
    assert unknown.startswith("environment: UCARP_PASSWRD: unknown key")
    assert "geheim7" not in unknown


def test_an_empty_environment_names_what_it_needs():
    with pytest.raises(ConfigError) as caught:
        load(take({"HOME": "/root"}))
    assert {each.key for each in caught.value.problems} == MINIMAL.keys()


def test_characters_that_no_value_may_have():
    [fault] = faults(PASS="geheim7\n")
    assert fault.startswith("environment: UCARP_PASS: ")
    assert "geheim7" not in fault
    assert faults(XPARAM="gr\udcfcn") == [
        "environment: UCARP_XPARAM: is not UTF-8: a byte of it is 0xFC"
    ]


def test_variables_that_kubernetes_and_docker_set_are_ignored():
    links = {
        "SERVICE_HOST": "10.0.0.1",
        "WEB_SERVICE_PORT_HTTP": "80",
        "PORT": "tcp://10.0.0.1:80",
        "PORT_80_TCP_ADDR": "10.0.0.1",
        "ENV_LANG": "C",
        "NAME": "/this/ucarp",
    }
    assert loaded(**links).name == "vhid-1"
    [warning] = told(**links)
    assert warning.startswith(
        "environment: ignored: UCARP_SERVICE_HOST, UCARP_WEB_SERVICE_PORT_HTTP,"
    )
    assert warnings(take(MINIMAL)) == []


def test_no_key_is_taken_for_a_variable_of_theirs():
    for name in BY_NAME:
        text = "\n".join(told(**{name.removeprefix("UCARP_"): "x"}))
        assert "ignored" not in text


@pytest.mark.parametrize("name", ["PORT", "WEB_PORT", "SERVICE_HOST", "ENV_X", "PORT_80_TCP"])
def test_a_health_check_may_have_any_name(name):
    [check] = loaded(**{f"CHECK_{name}": "tcp://127.0.0.1:80"}).checks
    assert check.name == name


def test_scripts_get_the_keys_but_no_secret():
    environment = loaded(XPARAM="x").script_environment
    assert environment["UCARP_XPARAM"] == "x"
    assert "geheim7" not in environment.values()


def test_what_is_shown_is_a_file_with_the_same_meaning(tmp_path):
    text = show(loaded(XPARAM="it's a $"))
    file = tmp_path / "web.conf"
    file.write_text(f"{text}UCARP_PASS=geheim7\n")
    assert load(file).xparam == "it's a $"


def test_the_variables_with_secrets():
    environ = dict.fromkeys(["UCARP_PASS", "UCARP_KEY_OLD", "UCARP_VHID", "DB_PASSWORD"], "x")
    assert secrets(environ) == ["UCARP_PASS", "UCARP_KEY_OLD"]


def test_a_real_path_is_not_the_environment(tmp_path):
    assert not is_environment(tmp_path / "web.conf")
    assert is_environment(take(MINIMAL))
