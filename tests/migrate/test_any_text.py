"""No text makes an import fail with anything but a message."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ucarpd.config import ConfigError
from ucarpd.migrate import finish, importer

PIECES = [
    *(
        "ucarp",
        "-i",
        "eth0",
        "--vhid=1",
        "-p",
        "$X",
        "${X:-",
        "}",
        "$(",
        ")",
        "`",
        "'",
        '"',
        "\\",
        "\n",
    ),
    *(
        " ",
        ";",
        "&",
        "|",
        "<<",
        "<",
        "(",
        "=",
        "X",
        "X=",
        "if",
        "for",
        "in",
        "do",
        "done",
        "case",
        "#",
    ),
    *(
        "/",
        ".",
        "source",
        "docker",
        "run",
        "-e",
        "iface",
        "ucarp-vip",
        "inet",
        "static",
        "eth0:ucarp",
    ),
    *(
        "[Service]",
        "ExecStart=",
        "Environment=",
        "ENV",
        "environment:",
        "- ",
        ": ",
        "ucarp_vip",
        "\0",
    ),
    *(
        "-",
        "--",
        "1",
        "é",
        "\r",
        "*",
        "UCARP_VID",
        "UCARP_OPTS",
        "#!/bin/sh",
        "\ue000",
        "999",
        "\t",
    ),
]
NAMES = [
    "x.sh",
    "keepalived.conf",
    "x.service",
    "x@1.service",
    "interfaces",
    "vip-001.conf",
    "vip-common.conf",
]


@pytest.mark.parametrize("name", NAMES)
@given(text=st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example(text="ucarp_vip: ")
@example(text="ucarp_vipé: ucarp")
@example(text="ucarp -p \0")
def test_any_text(name, text):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, name)
        path.write_text(text)
        with contextlib.suppress(ConfigError):
            for host in importer.of_file(path, path).hosts:
                importer.check(finish.text(host, "x"), "x")


@given(words=st.lists(st.sampled_from(PIECES).filter(lambda each: "\0" not in each), min_size=1))
def test_any_command_line(words):
    for host in importer.of_command(words).hosts:
        finish.text(host, "x")
