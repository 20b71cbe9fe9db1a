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
    *("\udce4", "%i", "$$", "$'", "services:\n", "command:", "[", "CMD", "-x", "{"),
]
NAMES = [
    "x.sh",
    "keepalived.conf",
    "x.service",
    "x@1.service",
    "interfaces",
    "vip-001.conf",
    "vip-common.conf",
    "compose.yml",
    "Dockerfile",
]


@pytest.mark.parametrize("name", NAMES)
@given(text=st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@example(text="ucarp_vip: ")
@example(text="ucarp_vipé: ucarp")
@example(text="ucarp -p \0")
@example(text="FROM x\nENV UCARP_XPARAM=$X")
@example(text="UCARP_OPTS='-x $X'\nUCARP_VID=1")
def test_any_text(name, text):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, name)
        path.write_bytes(text.encode(errors="surrogateescape"))
        with contextlib.suppress(ConfigError):
            for host in importer.of_file(path, path).hosts:
                result = finish.text(host, "x")
                assert "\ue001" not in result  # The end of what stands for an unknown value.
                importer.check(result, "x")


DOUBLED = "\n".join(f"A{n + 1}=$A{n}$A{n}" for n in range(40))
LOOPS = "\n".join(f"for i{n} in 0 1 2 3 4 5 6 7 8 9; do" for n in range(9))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"A0=x\n{DOUBLED}\nucarp -i eth0 -p $A40", "its variables expand to more text"),
        (f"{LOOPS}\nA+={'x' * 10000}\n{'done;' * 9}", "its variables expand to more text"),
        (f"{LOOPS}\nucarp -i eth0 -v $i1\n{'done;' * 9}", "it runs too many commands"),
        (f"{LOOPS}\n{'done;' * 9}\nucarp -i eth0", "it runs too many commands"),
        ("ucarp -i eth0 -v 1\n" * 1001, "it runs too many commands"),
    ],
)
def test_a_script_without_end_is_refused(tmp_path, text, why):
    path = tmp_path / "x.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    with pytest.raises(ConfigError, match=why):
        importer.of_file(path, tmp_path)


def test_very_many_virtual_hosts_are_refused(tmp_path):
    path = tmp_path / "docker-compose.yml"
    services = (
        f"  s{n}:\n    image: ucarp\n    environment:\n      UCARP_VID: 1" for n in range(501)
    )
    path.write_text("services:\n" + "\n".join(services))
    with pytest.raises(ConfigError, match="this is virtual host 501: import a part of it"):
        importer.of_file(path, tmp_path)


@pytest.mark.parametrize("value", ["${A:-" * 5000, "\ue0005\ue001", f"\ue000{'1' * 5000}\ue001"])
def test_an_odd_value_is_no_defect(tmp_path, value):
    path = tmp_path / "x.sh"
    path.write_text(f"#!/bin/sh\nB={value}\nucarp -i $B -v 1\n")
    importer.of_file(path, tmp_path)


@given(words=st.lists(st.sampled_from(PIECES).filter(lambda each: "\0" not in each), min_size=1))
def test_any_command_line(words):
    for host in importer.of_command(words).hosts:
        finish.text(host, "x")
