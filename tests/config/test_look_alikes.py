"""Letters that look like others are named with their position."""

import pytest
from config_files import faults, minimal, write

from ucarpd.config import warnings
from ucarpd.config.look_alikes import in_password, latin, strange


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_cyrillic_letter_in_a_key_is_an_error():
    assert faults(minimal("UСARP_PREEMPT=yes")) == [
        "5: UCARP_PREEMPT: the key only looks so: character 2 is U+0421 С (Cyrillic capital letter"
        " es; it looks like C): type the key again"
    ]


def test_a_required_key_that_only_looks_so_is_not_missing_as_well():
    found = faults(minimal(VHID=None) + "UCARP_VНID=1\n")
    assert len(found) == 1
    assert found[0].startswith("4: UCARP_VHID: the key only looks so: character 8 is U+041D")


@pytest.mark.parametrize("key", ["\u200bUCARP_VHID", "UCARP\u2013VHID", "ＵCARP_VHID"])
def test_invisible_and_typographic_letters_in_keys(key):
    assert latin(key) in {"UCARP_VHID", "UCARP-VHID"}


@pytest.mark.parametrize(
    ("password", "position", "why"),
    [
        ("\u201cgeheim\u201d", 1, "a word processor"),
        ("ge\u2013heim", 3, "a word processor"),
        ("geheim\u200b", 7, "nobody sees"),
        ("ge\u00a0heim", 3, "nobody sees"),
        ("gеheim", 2, "looks like e"),
        ("geh\u00e9im", 4, "two spellings"),
        ("gehe\u0301im", 5, "two spellings"),
    ],
)
def test_a_strange_letter_in_a_password_is_a_warning(password, position, why):
    [warning] = warnings(write(minimal(PASS=f"'{password}'")))
    assert warning.key == "UCARP_PASS"
    assert f"character {position} is U+" in warning.text
    assert why in warning.text
    assert password not in warning.text


@pytest.mark.parametrize("password", ["geheim", "пароль", "ß€"])
def test_a_password_of_one_script_is_none(password):
    assert in_password(password) is None


def test_an_interface_with_a_look_alike():
    [warning] = warnings(write(minimal(INTERFACE="еth0")))
    assert "character 1 is U+0435" in warning.text


def test_nothing_is_strange_in_ascii():
    assert strange("eth0") is None
