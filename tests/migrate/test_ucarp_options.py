"""Options are split as ucarp's getopt_long(3) splits them."""

import pytest

from ucarpd.ucarp_options import OPTIONS, split


def read(text):
    return [
        (each.option.long if each.option else None, each.value, each.fault)
        for each in split(text.split())
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("--vhid=1", [("vhid", "1", None)]),
        ("--vhid 1", [("vhid", "1", None)]),
        ("-v 1", [("vhid", "1", None)]),
        ("-v1", [("vhid", "1", None)]),
        ("-zPv1", [("shutdown", None, None), ("preempt", None, None), ("vhid", "1", None)]),
        ("-zv 1", [("shutdown", None, None), ("vhid", "1", None)]),
        ("--pre --ign", [("preempt", None, None), ("ignoreifstate", None, None)]),
        ("--pass x", [("pass", "x", None)]),
        ("--xparam=a=b", [("xparam", "a=b", None)]),
        ("a -z b", [(None, "a", None), ("shutdown", None, None), (None, "b", None)]),
        ("-z -- -n", [("shutdown", None, None), (None, "-n", None)]),
        ("-", [(None, "-", None)]),
        ("--ad=1", [(None, None, "is ambiguous: --addr or --advbase or --advskew")]),
        ("--bogus", [(None, None, "is not an option of ucarp")]),
        ("-q", [(None, None, "is not an option of ucarp")]),
        ("--preempt=yes", [(None, None, "takes no value")]),
        ("--vhid", [(None, None, "lacks its value")]),
        ("-v", [(None, None, "lacks its value")]),
        ("-pe e", [("pass", "e", None), (None, "e", None)]),
    ],
)
def test_split(text, found):
    assert read(text) == found


def test_there_is_one_row_for_each_option():
    assert len({option.short for option in OPTIONS}) == len(OPTIONS) == 22
