"""Files and lines in another form, and what to write instead."""

import subprocess

import pytest
from config_files import faults, loaded, minimal, write

from ucarpd.config import load
from ucarpd.config.lines import read_lines

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("UCARP_VHID: 1", "UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=1"),
        ("UCARP_VHID 1", "UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=1"),
        ("  UCARP_VHID:   7  ", "UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=7"),
        ("UCARP_XPARAM: a b", "UCARP_XPARAM: is not KEY=VALUE: write UCARP_XPARAM=…"),
        ("UCARP_PASS: Qz9Kx", "UCARP_PASS: is not KEY=VALUE: write UCARP_PASS=…"),
        ("UCARP_PASSWORD Qz9Kx", "UCARP_PASSWORD: is not KEY=VALUE: write UCARP_PASSWORD=…"),
        ("UCARP_QZ9KX: 1", "is not KEY=VALUE: there is no ="),
        *(
            (
                f"UCARP_CHECK_{name}=tcp://a:1",
                "is not KEY=VALUE: the name of a check may have only ASCII letters, digits and _",
            )
            for name in ("A-B", "TÜR", "Qz9é")
        ),
        (
            "UCARP_CHECK_\u0410=tcp://a:1",
            "UCARP_CHECK_A: the key only looks right: character 13 is U+0410 \u0410 (Cyrillic capital"
            " letter a; it looks like A): type the key again",
        ),
        (
            "source /etc/x.conf",
            "is not KEY=VALUE: ucarpd reads no other files here; write the keys themselves",
        ),
        (
            'include "/etc/x.conf"',
            "is not KEY=VALUE: ucarpd reads no other files here; write the keys themselves",
        ),
        (
            ". ./x.conf",
            "is not KEY=VALUE: ucarpd reads no other files here; write the keys themselves",
        ),
        ("hello world", "is not KEY=VALUE: there is no ="),
        ("UCARP VHID=7", "UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=7"),
        ("UCARP_VHID:=7", "UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=7"),
        ("declare -x UCARP_VHID=7", "UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=7"),
        ("+UCARP_VHID=7", "UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=7"),
        ("  12  UCARP_VHID = 7", "UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=7"),
        ("$ UCARP_PASS=Qz9Kx", "UCARP_PASS: is not KEY=VALUE: write UCARP_PASS=…"),
        ("+UCARP_QZ9KX", "is not KEY=VALUE: there is no ="),
        ("UCARP_ADV-SKEW=7", "is not KEY=VALUE; did you mean UCARP_ADVSKEW?"),
        ("UCARP_PASS.WORD=Qz9Kx", "UCARP_PASS: is not KEY=VALUE; did you mean UCARP_PASS?"),
        ("// web", "is not KEY=VALUE: a comment begins with #"),
        ("; web", "is not KEY=VALUE: a comment begins with #"),
        (
            "[web]",
            "is not KEY=VALUE: there are no sections; each virtual host has a file of its own",
        ),
        *(
            (
                mark,
                "is not KEY=VALUE: this is a merge conflict marker; keep one version of the lines",
            )
            for mark in ("<<<<<<< HEAD", "=======", ">>>>>>> 1f3a")
        ),
    ],
)
def test_what_to_write(line, fault):
    assert f"5: {fault}" in faults(minimal(line))


@pytest.mark.parametrize(
    "line", ["UCARP VHID=7", "declare -x UCARP_VHID=7", "+UCARP_VHID=7", "3\tUCARP_VHID=7"]
)
def test_a_key_behind_other_text_is_not_also_missing(line):
    (fault,) = faults(minimal(VHID=None) + f"{line}\n")
    assert fault.endswith("UCARP_VHID: is not KEY=VALUE: write UCARP_VHID=7")


def test_a_key_of_the_scripts_may_hold_ours():
    assert loaded(minimal("MY_UCARP_VHID=7")).vhid == 1


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "UTF-16BE"),
        ("utf-32", "UTF-32"),
    ],
)
def test_the_other_unicode_of_windows(tmp_path, encoding, name):
    content = minimal(PASS="'Grüße-я'").encode(encoding)
    (fault,) = faults(content)
    assert fault.startswith(f"is in {name}, and must be in UTF-8: type: (umask 077; iconv")
    subprocess.run(["/bin/sh", "-c", fault.partition("type: ")[2]], check=True)
    path = tmp_path / "web.conf"
    assert load(path, {}).key == "Grüße-я".encode()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_few_zero_bytes_are_no_other_encoding():
    assert faults(minimal("UCARP_XPARAM=\0\0\0")) == ["5: UCARP_XPARAM: contains a NUL byte"]


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_what_it_tells_to_type_can_be_pasted_anywhere(tmp_path, monkeypatch, content, end):
    directory = tmp_path / "my files"
    directory.mkdir()
    monkeypatch.chdir(directory)
    path = write(content + minimal().replace("\n", end).encode()).absolute()
    monkeypatch.chdir("/")
    while problems := read_lines(path)[1]:
        command = problems[0].text.partition(" with  ")[2]
        assert command.endswith(f" '{path}'")
        subprocess.run(["/bin/sh", "-c", command], check=True)
    assert load(path, {}).vhid == 1


@pytest.mark.parametrize("text", ["'10.0.0.1 255.255.0.0'", "10.0.0.1,255.255.0.0"])
def test_a_mask_in_a_list_of_addresses(text):
    plain = text.strip("'")
    assert faults(minimal(ADDR=text)) == [
        "4: UCARP_ADDR: 255.255.0.0: is a mask: write ADDRESS/MASK, or set UCARP_MASK"
        f" (got '{plain}')"
    ]
    assert loaded(minimal(ADDR="10.0.0.1/255.255.0.0")).addresses[0].prefixlen == 16
