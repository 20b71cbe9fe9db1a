"""What bash makes of a file, checked against bash itself, and what `ucarpd check` warns about."""

import subprocess
from pathlib import Path

import pytest
from config_files import warnings
from hypothesis import example, given
from hypothesis import strategies as st

from ucarpd.config import bash, load
from ucarpd.config.lines import Line, parse_line

BASH = "/bin/bash"

ALPHABET = "aZ1_ \t#'\"\\$`;&|<>()!~*?[]{}=:,.-/%@^+é\u00a0я"
"""Everything that means something to a shell, and too few letters to name a command."""

PIECES = st.lists(
    st.sampled_from(["a", "1", "#", " ", "\\", "~", ":", "'a $'", '"a#"', "''", '"\\\\"', "é"]),
    max_size=6,
).map("".join)
"""Like the above, but more often without a fault, which leaves more lines to bash."""

PLAIN_FILE = (
    "UCARP_INTERFACE=eth0\nUCARP_VHID=1\nUCARP_PASS=geheim7\nUCARP_ADDR=172.16.0.1 # ours\n"
)
"""Four lines without a fault."""

BEGINNINGS = st.sampled_from(["", " ", "\t", "a", "1", "-", "+", "export ", "\u00a0", "é", "#"])
ASSIGNMENTS = st.builds("{}a={}".format, BEGINNINGS, PIECES)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


def bash_reads(empty: Path, text: str, name: str) -> str:
    """The value of `name` after bash has sourced a file that holds `text`.

    A restricted shell without a search path, in an empty directory: were our verdict wrong, and the
    text a command, it would find nothing to run and could write nowhere.
    """
    file = empty / "file"
    file.write_text(text)
    try:
        done = subprocess.run(
            [BASH, "--noprofile", "--norc", "-r", "-c", f'source file; printf %s "${name}"'],
            cwd=empty,
            env={"PATH": "", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=60,
        )
    finally:
        file.unlink()
    assert done.stderr == b""
    return done.stdout.decode()


def sound(text: str) -> Line | None:
    """The line that `text` is, if ucarpd reads it and bash is said to read the same."""
    line = parse_line(1, text)
    return line if line.fault is None and bash.difference(line) is None else None


# -- against bash ----------------------------------------------------------------------------------


@given(raw=st.text(ALPHABET, max_size=12) | PIECES)
@example(raw="a # b")
@example(raw="a#b")
@example(raw="#a")
@example(raw=" # a")
@example(raw="'a'#b")
@example(raw='"a\\\\"')
@example(raw="'a\\'")
@example(raw="a\u00a0")
@example(raw="a:~")
@example(raw="{a,Z}")
@example(raw="*")
def test_bash_reads_the_same_where_there_is_no_warning(empty, raw):
    line = sound(f"UCARP_XPARAM={raw}")
    if line is not None:
        assert line.value == bash_reads(empty, f"{line.text}\n", "UCARP_XPARAM")


@given(text=st.text(ALPHABET, max_size=8) | ASSIGNMENTS)
@example(text="  ")
@example(text="\u00a0")
@example(text="\u00a0# a")
@example(text="a-1=Z")
@example(text="a+=Z")
def test_bash_accepts_lines_without_a_warning(empty, text):
    line = sound(text)
    # bash keeps the last word of each command in $_.
    if line is not None and line.name != "_":
        # The value of UCARP_VHID proves that bash got past the line.
        read = bash_reads(empty, f"{text}\nUCARP_VHID=1\n", f"{line.name or 'UCARP_VHID'}")
        assert read == (line.value if line.name else "1")


@given(value=st.text(ALPHABET, max_size=12))
@example(value="it's")
@example(value="a\\")
@example(value="a\\\\")
@example(value='"\\"')
@example(value="")
def test_a_spelling_is_read_alike_by_both(empty, value):
    spelled = bash.spell(value)
    if spelled is None:
        # Nothing but what single quotes cannot hold together with what double quotes cannot.
        assert set(value) & set("$`")
        assert "'" in value or "\\" in value
    else:
        assert parse_line(1, f"UCARP_XPARAM={spelled}").value == value
        assert bash_reads(empty, f"UCARP_XPARAM={spelled}\n", "UCARP_XPARAM") == value


@given(value=st.text(ALPHABET + "\n\r\t", max_size=12))
def test_ucarpd_reads_its_own_spelling_of_everything(value):
    assert parse_line(1, f"KEY={bash.spell_for_ucarpd(value)}  # it").value == value


# -- verdicts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  # comment",
        "A=",
        "A=''",
        "A=b",
        "  A=b  ",
        "A=b # comment",
        "A=  # comment",
        "A=b#c",
        "A='b # c'",
        "A='$b`c`'",
        "A='b\\c'",
        'A="it\'s"',
        'A="b\\"c\\\\"',
        "A=b~c",
        "A='~'",
        "A=b*?[c]{d,e}!^%",
        "A=http://b/c?d=e",
        "A=я",
    ],
)
def test_both_read_the_same(text):
    line = parse_line(1, text)
    assert line.fault is None
    assert bash.difference(line) is None


@pytest.mark.parametrize(
    ("text", "value", "reason", "spelling"),
    [
        ("A=pa$$word", "pa$$word", "expands $", "'pa$$word'"),
        ('A="pa$$word"', "pa$$word", "expands $", "'pa$$word'"),
        ("A=${B}", "${B}", "expands $", "'${B}'"),
        ("A=a`b`", "a`b`", "runs the text between backquotes", "'a`b`'"),
        ("A=a b", "a b", "ends the value at the space", "'a b'"),
        ("A=a\tb", "a\tb", "ends the value at the space", "'a\tb'"),
        ('A="a\\$b"', "a\\$b", "reads backslashes differently", "'a\\$b'"),
        ("A=a;b", "a;b", "ends the value at ;", "'a;b'"),
        ("A=a&b", "a&b", "ends the value at &", "'a&b'"),
        ("A=a|b", "a|b", "ends the value at |", "'a|b'"),
        ("A=a>b", "a>b", "takes > for a redirection", "'a>b'"),
        ("A=(a)", "(a)", "does not take ( unquoted", "'(a)'"),
        ("A=~/a", "~/a", "may replace ~ with a home directory", "'~/a'"),
        ("A=a:~", "a:~", "may replace ~ with a home directory", "'a:~'"),
        ("A=a\\b", "a\\b", "reads backslashes differently", "'a\\b'"),
        ("A=a\\", "a\\", "joins the next line to it", '"a\\\\"'),
        ("A='a\\\\b'", "a\\b", "reads backslashes differently", "'a\\b'"),
        ('A="a\\tb"', "a\tb", "reads backslashes differently", "'a\tb'"),
        ("A=it's", "it's", "looks for the other ' in the lines below", '"it\'s"'),
        ('A=a"b', 'a"b', 'looks for the other " in the lines below', "'a\"b'"),
        ("A=a'b'", "a'b'", "reads the quotes differently", "\"a'b'\""),
        ("A='a'#b", "a", "reads the quotes differently", "a"),
        ("A='a\\'b'", "a'b", "looks for the other ' in the lines below", '"a\'b"'),
        ("A=a\u00a0", "a", "reads the space at the end differently", "a"),
        ("A=a\x01", "a\x01", "may read control characters differently", "'a\x01'"),
        ("A =a", "a", "takes a line with spaces around = for a command", "a"),
        ("A= a", "a", "takes a line with spaces around = for a command", "a"),
        ("A.b=a", "a", "cannot set a variable of this name", "a"),
        ("\u00a0A=a", "a", "takes the line for a command", "a"),
        ("A=$'", "$'", "expands $", None),
        ("A=`\\\\", "`\\\\", "runs the text between backquotes", None),
    ],
)
def test_bash_reads_another_value(text, value, reason, spelling):
    line = parse_line(1, text)
    assert (line.value, bash.difference(line)) == (value, reason)
    assert bash.spell(value) == spelling


def test_a_blank_line_that_is_none_to_bash():
    assert bash.difference(parse_line(1, "\u00a0")) == "takes the line for a command"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Releases of python-dotenv differ about these.
        ("A= #b", ""),
        ("A=\u00a0#b", ""),
        ("A=#b", "#b"),
        ("A='a\\\\'", "a\\"),
        ('A="a\\\\"', "a\\"),
        ('A="a\\"" # "b"', 'a"'),
        ("A='a\\'", None),
        ('A="a\\"', None),
        ("A='a\\\\' # 'b'", None),
        ('A="a\\\\" # "b"', None),
        ("\ufeffA=a", None),
    ],
)
def test_every_release_of_dotenv_reads_the_same(text, value):
    line = parse_line(1, text)
    assert line.value == value
    assert (line.fault is None) == (value is not None)


# -- warnings --------------------------------------------------------------------------------------


def warned(tmp_path: Path, content: str, mode: int = 0o600) -> list[str]:
    """The warnings about a file, without its name."""
    path = tmp_path / "web.conf"
    path.write_text(content)
    path.chmod(mode)
    return [str(each).replace(f"{path}:", "", 1).lstrip() for each in warnings(path)]


def test_nothing_to_warn_about(tmp_path):
    assert warned(tmp_path, PLAIN_FILE) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("UCARP_XPARAM=a b", ("5: UCARP_XPARAM: bash ends the value at the space: write"
         " UCARP_XPARAM='a b'")),
        ("UCARP_XPARAM = a", ("5: UCARP_XPARAM: bash takes a line with spaces around = for a"
         " command: write UCARP_XPARAM=a")),
        ("UCARP_XPARAM=$'", ("5: UCARP_XPARAM: bash expands $: no spelling means the same to both,"
         " so choose another value")),
        ("export UCARP_XPARAM=a", "5: UCARP_XPARAM: export is not needed: write UCARP_XPARAM=a"),
        ("UCARP_PASSWD=gehe$im", "5: UCARP_PASSWD: bash expands $: write UCARP_PASSWD='…'"),
        ("export UCARP_PASSWD=geheim7", ("5: UCARP_PASSWD: export is not needed: write"
         " UCARP_PASSWD=…")),
        ("TOKEN=gehe$im", "5: TOKEN: bash expands $: write TOKEN='…'"),
        ("SCHLÜSSEL=a", ("5: SCHLÜSSEL: bash cannot set a variable of this name: write"
         " SCHL_SSEL=…")),
        ("UCARP_VHID=1", ("5: UCARP_VHID: is already set in line 2; this one, the last, counts:"
         " keep one of them")),
        ("UCARPVHID=1", ("5: UCARPVHID: goes to the scripts only, because it does not begin with"
         " UCARP_: did you mean UCARP_VHID?")),
        ("VHDI=1", ("5: VHDI: goes to the scripts only, because it does not begin with UCARP_: did you"
         " mean UCARP_VHID?")),
        ("ucarp_preempt=yes", ("5: ucarp_preempt: goes to the scripts only, because it does not"
         " begin with UCARP_: did you mean UCARP_PREEMPT?")),
        ("UCARP_PREEMPT_DELAY=9", ("5: UCARP_PREEMPT_DELAY: has no effect without UCARP_PREEMPT=yes")),
        ("UCRAP_PREEMPT=yes", ("5: UCRAP_PREEMPT: goes to the scripts only, because it does not"
         " begin with UCARP_: did you mean UCARP_PREEMPT?")),
        ("\u00a0", "5: bash takes the line for a command: make it a comment, with # in front"),
    ],
)  # fmt: skip
def test_a_warning_names_the_line_and_a_better_spelling(tmp_path, line, expected):
    assert warned(tmp_path, PLAIN_FILE + line + "\n") == [expected]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("UCARP_TIEBREAK=yield", ["5: UCARP_TIEBREAK: two ucarpd that advertise equally fast would"
         " both give way, again and again: give each host its own UCARP_ADVSKEW"]),
        ("UCARP_TIEBREAK=numeric", []),
        ("UCARP_PREEMPT=yes\nUCARP_PREEMPT_DELAY=9", []),
        ("UCARP_PREEMPT_DELAY=0", []),
        ("UCARP_PREEMPT=\nPREEMPT=yes", ["6: PREEMPT: goes to the scripts only, because it does not"
         " begin with UCARP_: did you mean UCARP_PREEMPT?"]),
        ("UCARP_ADVBASE=0", ["5: UCARP_ADVBASE: without UCARP_ADVSKEW it advertises 256 times a"
         " second, and a silence of 11.7 ms makes a second master; OpenBSD also prefers it to"
         " UCARP_ADVSKEW=1, which is equally fast: set UCARP_ADVSKEW, such as 20"]),
        ("UCARP_ADVBASE=0\nUCARP_ADVSKEW=1", []),
        ("UCARP_ADVBASE=x\nUCARP_TIEBREAK=yield", []),
        ("UCARP_LLADDR=00:00:5E:00:01:01", ["5: UCARP_LLADDR: is the virtual MAC address of vhid 1,"
         " which OpenBSD does not hash: remove the line, or the digests differ"]),
        ("UCARP_LLADDR=00:00:5e:00:01:02", []),
        ("UCARP_LLADDR=x", []),
        ("UCARP_UPSCRIPT=/bin/sh", ["5: UCARP_UPSCRIPT: there is no UCARP_DOWNSCRIPT: nothing would"
         " take the address away again"]),
        ("UCARP_DOWNSCRIPT=/bin/sh\nUCARP_UPSCRIPT=", ["5: UCARP_DOWNSCRIPT: there is no"
         " UCARP_UPSCRIPT: nothing would set the address"]),
    ],
)  # fmt: skip
def test_keys_that_may_not_do_what_their_author_expects(tmp_path, lines, expected):
    assert warned(tmp_path, PLAIN_FILE + lines + "\n") == expected


def test_warnings_beside_faults(tmp_path):
    content = "UCARP_XPARAM='\r\nUCARP_PASS=$geheim7\r\n"
    assert warned(tmp_path, content) == ["2: UCARP_PASS: bash expands $: write UCARP_PASS='…'"]


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_whose_password_others_can_read(tmp_path, mode):
    path = tmp_path / "web.conf"
    assert warned(tmp_path, PLAIN_FILE, mode) == [
        f"users other than its owner can read the password in it: chmod 600 {path}"
    ]
    without = PLAIN_FILE.replace("UCARP_PASS=", "# ")
    assert warned(tmp_path, without, mode) == []


def test_a_password_file_that_others_can_read(tmp_path):
    secret = tmp_path / "pass"
    secret.touch()
    content = PLAIN_FILE.replace("UCARP_PASS=geheim7", f"UCARP_PASS_FILE={secret}")
    secret.chmod(0o400)
    assert warned(tmp_path, content, 0o644) == []
    secret.chmod(0o440)
    assert warned(tmp_path, content, 0o644) == [
        (
            "3: UCARP_PASS_FILE: users other than its owner can read the password in it:"
            f" chmod 600 {secret}"
        )
    ]
    secret.unlink()
    assert warned(tmp_path, content, 0o644) == []


def test_a_file_without_a_warning_means_to_bash_what_it_means_to_ucarpd(tmp_path, empty):
    path = tmp_path / "web.conf"
    path.write_text(PLAIN_FILE)
    path.chmod(0o600)
    environment = load(path, {}).script_environment
    for name in ("UCARP_INTERFACE", "UCARP_VHID", "UCARP_ADDR"):
        assert bash_reads(empty, PLAIN_FILE, name) == environment[name]
