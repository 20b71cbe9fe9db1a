"""What `ucarpd check` says about passwords that load."""

from pathlib import Path

import pytest
from config_files import faults, minimal, warnings, write

pytestmark = pytest.mark.usefixtures("home")


def told(password, *lines, name="PASS"):
    path = write(minimal(*lines, **{"PASS": None, name: f"'{password}'"}))
    return [f"{each.key}: {each.text}" for each in warnings(path)]


BY_HAND = ": type it by hand, and the same on all hosts"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("geheim\u200b12", "an invisible character (U+200B) at position 7"),
        ("geheim\u00ad", "an invisible character (U+00AD) at position 7"),
        ("ge\u00a0heim", "a space of another kind (U+00A0) at position 3"),
        ("“g7heim”", "a typographic quote at position 1 and a typographic quote at position 8"),
        ("ge–heim", "a dash that is no hyphen at position 3"),
        ("p\u0430ss1", "a Cyrillic letter that looks like a Latin one at position 2"),
        ("re\u0501", "a Cyrillic letter that looks like a Latin one at position 3"),
        ("ge\u2012heim", "a dash that is no hyphen at position 3"),
        ("HO\u039fBY", "a Greek letter that looks like a Latin one at position 3"),
        ("Gru\u0308ße", "an accent that is a character of its own at position 4"),
        ("pass\uff11", "a full-width character at position 5"),
        ("\u0430\u0435", "a Cyrillic letter that looks like a Latin one at position 1 and a Cyri"),
    ],
)
def test_characters_that_are_not_what_they_seem(password, words):
    for name in ("PASS", "PASSWORD"):
        (warning,) = told(password, name=name)
        assert warning.startswith(f"UCARP_{name}: contains {words}")
        assert warning.endswith(BY_HAND)


@pytest.mark.parametrize(
    "password", ["ge heim", 'a"b-c', "Grüße", "пароль", "λόγος", "x", "xx", "<a", "a>b"]
)
def test_characters_that_are(password):
    assert told(password) == []


def test_the_old_password_and_the_one_in_a_file():
    Path("pass").write_bytes("“g7heim\r\nmore”".encode())
    Path("pass").chmod(0o600)
    old = "UCARP_PASS_OLD='a–b'"
    assert told(Path("pass").absolute(), old, name="PASSFILE") == [
        f"UCARP_PASSFILE: contains a typographic quote at position 1{BY_HAND}",
        f"UCARP_PASS_OLD: contains a dash that is no hyphen at position 2{BY_HAND}",
    ]
    for content in (None, b"gr\xfc\xdfe"):
        Path("pass").unlink(missing_ok=True)
        if content:
            Path("pass").write_bytes(content)
            Path("pass").chmod(0o600)
        assert told(Path("pass").absolute(), name="PASSFILE") == []


@pytest.mark.parametrize("password", ['"g7heim"', "g7heim "])
def test_an_end_that_may_not_be_meant(password):
    Path("pass").write_text(f"{password}\n")
    Path("pass").chmod(0o600)
    (warning,) = told(Path("pass").absolute(), name="PASSFILE")
    assert warning.startswith("UCARP_PASSFILE: begins ")
    assert told(password) == [], "in a line, only quotes make it a part of the password"


@pytest.mark.parametrize("password", ["********", "xxx", "<password>", "{{ carp.password }}"])
def test_a_placeholder(password):
    text = "UCARP_PASS: looks like a placeholder of a document or a template: choose a password"
    assert told(password) == [text]


@pytest.mark.parametrize(
    "password",
    ["secret", "Geheim", "choose a password", "choose-a-password", "CHANGE_ME", "your-password"],
)
def test_a_password_that_everybody_knows(password):
    text = "UCARP_PASS: is the public password of an example: choose another one"
    assert told(password) == [text]


@pytest.mark.parametrize("written", ["g7heim #2", "g7 # x #y"])
def test_a_password_may_go_on_behind_the_comment_sign(written):
    text = "ends at the #, which begins a comment: put the password in single quotes"
    (warning,) = warnings(write(minimal(PASS=written)))
    assert warning.text == f"{text}, or remove the comment"


@pytest.mark.parametrize("written", ["'g7heim #2'", '"g7heim" #2', "g7heim # as on b", "g7heim#2"])
def test_a_comment_sign_that_is_plain(written):
    assert warnings(write(minimal(PASS=written))) == []


def test_a_password_that_is_too_long_by_odd_characters():
    (fault,) = faults(minimal(PASS="“geheimer7Schatz”"))
    assert "this one has 21" in fault
    assert fault.endswith(
        "it contains a typographic quote at position 1 and a typographic quote at position 17"
    )
    assert "Schatz" not in fault
    (fault,) = faults(minimal(PASS="geheimer7Schatz123456"))
    assert "contains" not in fault
