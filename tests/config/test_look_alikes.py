"""Letters that look like others are named with their position."""

import pytest
from config_files import faults, minimal, warnings, write

from ucarpd.config.look_alikes import latin, strange

pytestmark = pytest.mark.usefixtures("home")


def test_a_cyrillic_letter_in_a_key_is_an_error():
    assert faults(minimal("UСARP_PREEMPT=yes")) == [
        "5: UCARP_PREEMPT: the key only looks right: character 2 is U+0421 С (Cyrillic capital letter"
        " es; it looks like C): type the key again"
    ]


def test_a_required_key_that_only_looks_so_is_not_missing_as_well():
    found = faults(minimal(VHID=None) + "UCARP_VНID=1\n")
    assert len(found) == 1
    assert found[0].startswith("4: UCARP_VHID: the key only looks right: character 8 is U+041D")


@pytest.mark.parametrize("key", ["\u200bUCARP_VHID", "UCARP\u2013VHID", "ＵCARP_VHID"])
def test_invisible_and_typographic_letters_in_keys(key):
    assert latin(key) in {"UCARP_VHID", "UCARP-VHID"}


def test_an_interface_with_a_look_alike():
    [warning] = warnings(write(minimal(INTERFACE="еth0")))
    assert "character 1 is U+0435" in warning.text


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"VHID": "1О"}, "; character 2 is U+041E О (Cyrillic capital letter o; it looks like O)"),
        ({"ADDR": "10.0.0.\u200b7"}, "; character 8 is U+200B"),
        (
            {"PREEMPT": "“yes”"},
            "; character 1 is U+201C “ (Left double quotation mark; it looks like",
        ),
        ({"UPSCRIPT": "скрипт"}, None),  # a name in another language
        ({"PASS": "О" * 20}, None),
    ],
)
def test_a_wrong_value_with_a_look_alike(keys, named):
    [fault] = faults(minimal(**keys))
    assert (named in fault) if named else ("U+041E" not in fault)


def test_nothing_is_strange_in_ascii():
    assert strange("eth0") is None
