"""The command line of ucarp, read as getopt_long(3) reads it."""

import pytest

from ucarpd.migrate.typed_options import HIDDEN, OPTIONS, read, slash_advice, usage


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--vhid", "1"], {"vhid": "1"}),
        (["--vhid=1"], {"vhid": "1"}),
        (["--vh=1"], {"vhid": "1"}),
        (["--vhid="], {"vhid": ""}),
        (["-v", "1"], {"vhid": "1"}),
        (["-v1"], {"vhid": "1"}),
        (["-v=1"], {"vhid": "=1"}),
        (["-v", "1", "-v", "2"], {"vhid": "2"}),
        (["-BP"], {"daemonize": "", "preempt": ""}),
        (["-PBieth0"], {"preempt": "", "daemonize": "", "interface": "eth0"}),
        (["-Pi", "eth0"], {"preempt": "", "interface": "eth0"}),
        (["--pass", "-x"], {"pass": "-x"}),
        (["--pass", "--"], {"pass": "--"}),
        (["--pass=a=b"], {"pass": "a=b"}),
        (["--pre", "--ignore", "--no"], {"preempt": "", "ignoreifstate": "", "nomcast": ""}),
        (["--passf", "/x"], {"passfile": "/x"}),
        (["--mcast=239.1.1.1"], {"mcastip": "239.1.1.1"}),  # as the help of ucarp has it
        (["word", "--vhid=1"], {"vhid": "1"}),
        (["--", "--vhid=1"], {}),
        (["-"], {}),
    ],
)
def test_spellings(words, values):
    reading = read(words)
    assert reading.values == values
    assert reading.fault == ""


def test_an_option_has_its_last_place():
    assert list(read(["-p", "x", "-o", "file", "-p", "y"]).values) == ["passfile", "pass"]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.long)
def test_every_option_long_and_short(option):
    value = [] if option.argument is None else ["7"]
    expected = {option.long: "7" if value else ""}
    assert read([f"--{option.long}", *value]).values == expected
    assert read([f"-{option.short}", *value]).values == expected


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--ad", "1"], "--ad can be --addr or --advbase or --advskew"),
        (["--n"], "--n can be --neutral or --nomcast"),
        (["--bogus"], "there is no option --bogus"),
        (["-q"], "there is no option -q"),
        (["-Pq"], "there is no option -q"),
        (["--vhid"], "--vhid needs a value: --vhid ID"),
        (["-v"], "-v needs a value: -v ID"),
        (["--preempt=yes"], "--preempt takes no value: leave out =yes"),
    ],
)
def test_faults(words, fault):
    assert read(words).fault == fault


def test_the_first_fault_counts():
    assert read(["--bogus", "-q"]).fault == "there is no option --bogus"


def test_words_that_are_no_options():
    assert read(["/", "-P", "x", "--", "-z"]).words == ["/", "x", "-z"]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--pass=geheim", "-P"], [f"--pass={HIDDEN}", "-P"]),
        (["--pass", "geheim", "-P"], ["--pass", HIDDEN, "-P"]),
        (["-p", "geheim"], ["-p", HIDDEN]),
        (["-pgeheim"], [f"-p{HIDDEN}"]),
        (["-BPpgeheim"], [f"-BPp{HIDDEN}"]),
        (["-Pp", "geheim", "-v1"], ["-Pp", HIDDEN, "-v1"]),
        (["--bogus", "--pass=geheim"], ["--bogus", f"--pass={HIDDEN}"]),
        (["--passwd=geheim"], [f"--passwd={HIDDEN}"]),
        (["-p"], ["-p"]),
        (["-BP", "--vhid=1", "-v", "1", "--", "-p"], ["-BP", "--vhid=1", "-v", "1", "--", "-p"]),
    ],
)
def test_the_line_without_its_password(words, shown):
    assert read(words).shown == shown


def test_the_help_names_every_option():
    text = usage()
    for option in OPTIONS:
        assert f"--{option.long}" in text
        assert f", -{option.short} " in text


def test_the_slash_of_the_article_is_answered_with_what_to_type():
    advice = slash_advice()
    assert "backslash" in advice
    assert "ucarp --interface=" in advice
    # The sample itself can be typed.
    sample = advice[advice.index("ucarp --interface") :].replace("\\\n", " ").split()
    assert read(sample[1:]).fault == ""
    assert read(sample[1:]).words == []
