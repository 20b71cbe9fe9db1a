"""The manual pages agree with the program."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from command_line import commands, verbs

from ucarpd import __version__, cli
from ucarpd.carp.receive import DropReason
from ucarpd.carp.why import Cause
from ucarpd.commands.arguments import EPILOG
from ucarpd.config import KEYS, environment
from ucarpd.config.keys import BY_NAME, family_of
from ucarpd.ctl import assessment
from ucarpd.ctl.exporter import listening, rows
from ucarpd.exit_status import EXIT_ALL_RUN_ELSEWHERE, EXIT_NO_PERMISSION
from ucarpd.log import messages
from ucarpd.migrate.ucarp_settings import EXIT_CANNOT_RUN, EXIT_REFUSED
from ucarpd.process.faults import OWN_OUTAGES
from ucarpd.record.happening import Event, Happening
from ucarpd.scripts import runs
from ucarpd.ucarp_options import OPTIONS

PROJECT = Path(__file__).parents[2]


def plain(page):
    """The text of a page without its roff."""
    text = (PROJECT / "debian" / page).read_text()
    text = re.sub(r"\\f[A-Z]|\\&", "", text).replace("\\-", "-").replace("\\(aq", "'")
    return text.replace("\\e", "\\")


def section(page, name):
    [text] = re.findall(rf"^\.SH {name}\n(.*?)^\.SH ", plain(page), re.MULTILINE | re.DOTALL)
    return text


def entries(page, name):
    """The paragraphs of a section that .TP begins, by the first word of their tag."""
    found = {}
    for paragraph in section(page, name).split(".TP\n")[1:]:
        tag, _, rest = paragraph.partition("\n")
        words = re.sub(r'^\.[A-Z]+ |"', "", tag)
        found[words.split()[0]] = f"{words}\n{rest}"
    return found


def test_the_list_of_keys_was_written_from_the_table():
    subprocess.run([sys.executable, PROJECT / "scripts/man-keys", "--check"], check=True)


def test_the_interface_was_written_from_its_definition():
    subprocess.run([sys.executable, PROJECT / "scripts/man-interface", "--check"], check=True)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_key_with_its_aliases_range_and_default(key):
    entry = entries("ucarpd.conf.5", "KEYS")[key.name]
    assert key.kind in entry
    assert ("required" if key.required else f"default: {key.default or key.without}") in entry
    assert key.help in " ".join(entry.split("\n"))
    assert set(key.aliases) == set(re.findall("UCARP_[A-Z0-9_]+", entry)) & set(key.aliases)


def test_no_key_is_made_up():
    known = {name for key in KEYS for name in key.names}
    # Variables that scripts get in addition to the keys.
    known |= {f"UCARP_{name}" for name in ("PREFIXLEN", "INSTANCE", "STATE", "PREVIOUS_STATE")}
    known |= {"UCARP_REASON", "UCARP_ADDRESSES", "UCARP_EVENT", "UCARP_PEER", "UCARP_DEMOTION"}
    known |= {"UCARP_CHECK", environment.NAME}
    for page in ("ucarpd.8", "ucarpd.conf.5"):
        named = set(re.findall(r"\bUCARP_[A-Z0-9_]+", plain(page)))
        assert {name for name in named if not family_of(name)} <= known


@pytest.mark.parametrize("page", ["ucarpd.8", "ucarpd.conf.5"])
def test_a_key_with_a_value_is_one_that_a_file_may_have(page):
    for name, value in re.findall(r"\b(UCARP_[A-Z0-9_]+)=('[^']+'|\S+)", plain(page)):
        family = family_of(name)
        row = family[0] if family else BY_NAME[name]
        row.parse(value.rstrip(",;.:").strip("'"))


def test_the_commands_for_other_systems_mean_the_same_as_the_file_beside_them():
    text = section("ucarpd.conf.5", "OTHER SYSTEMS")
    examples = re.findall(r"^\.EX\n(.*?)^\.EE", text, re.MULTILINE | re.DOTALL)
    _table, ours, *theirs = (example.replace("\\\n", "").split() for example in examples)
    assert {"UCARP_VHID=1", "UCARP_PASS=secret", "UCARP_ADDR=192.0.2.10"} <= set(ours)
    passwords = []
    for words in theirs:
        after = dict(pairwise(words))
        assert (after.get("vhid") or after["-v"]) == "1"
        assert {"192.0.2.10", "192.0.2.10/32"} & set(words)
        passwords.append(after.get("pass") or after["-p"])
    # NetBSD drops the last character.
    assert passwords == ["secret", "secret", "secret", "secretX"]


def test_commands_and_options():
    assert entries("ucarpd.8", "COMMANDS").keys() == commands().keys()
    described = " ".join(entries("ucarpd.8", "OPTIONS").values())
    for options in commands().values():
        assert set(options) <= set(re.findall(r"(?<![\w-])--?[a-z]+", described))


def test_exit_statuses():
    numbers = entries("ucarpd.8", "EXIT STATUS").keys()
    final = {EXIT_ALL_RUN_ELSEWHERE, cli.EXIT_CONFIG, EXIT_NO_PERMISSION}
    assert numbers == {"0", "2", str(cli.EXIT_LEFT_OVER), *map(str, final)}


def test_signals():
    [said] = re.findall(r"signals:\n(.*)\n\n", EPILOG, re.DOTALL)
    handled = {word for line in said.splitlines() for word in re.findall("[A-Z0-9]{3,}", line)}
    assert handled == set(re.findall("[A-Z0-9]{3,}", "".join(map(first_line, described_signals()))))


def described_signals():
    return entries("ucarpd.8", "SIGNALS").values()


def first_line(entry):
    return entry.partition("\n")[0] + " "


def test_journal_fields():
    modules = Path(messages.__file__).parent.glob("*.py")
    source = "".join(module.read_text() for module in modules)
    assert set(re.findall(r"\bUCARPD_[A-Z_]+", plain("ucarpd.8"))) == set(
        re.findall(r"\bUCARPD_[A-Z_]+", source)
    )


def test_the_options_of_the_command_ucarp():
    tags = entries("ucarp.8", "OPTIONS").values()
    described = {tuple(re.findall(r"(?<![\w-])--?[A-Za-z]+", first_line(tag))) for tag in tags}
    assert described == {(f"-{each.short}", f"--{each.long}") for each in OPTIONS}


def test_the_exit_statuses_of_the_command_ucarp():
    assert entries("ucarp.8", "EXIT STATUS").keys() == {
        "0",
        str(EXIT_REFUSED),
        str(EXIT_CANNOT_RUN),
    }


def test_the_verbs_and_options_of_ucarpctl():
    assert entries("ucarpctl.1", "VERBS").keys() == verbs().keys()
    described = entries("ucarpctl.1", "OPTIONS")
    for options in verbs().values():
        assert set(options) - {"-h", "--help"} <= described.keys()
    of_verb = {option for options in verbs().values() for option in options}
    assert described.keys() - of_verb == {"--version"}


def test_the_exit_statuses_of_ucarpctl_status():
    levels = {assessment.OK, assessment.DEGRADED, assessment.CRITICAL, assessment.NOT_KNOWN}
    assert entries("ucarpctl.1", "EXIT STATUS").keys() == set(map(str, levels))


def test_the_metrics():
    known = [*rows.OF_PROCESS, *rows.OF_INSTANCE]
    described = entries("ucarpd-exporter.8", "METRICS")
    of_exporter = {"ucarpd_exporter_build_info", "ucarpd_process_up"}
    assert described.keys() == {row.name for row in known} | of_exporter
    for row in known:
        labels, text = re.findall(r"\{(.*?)\}\n(.*)", described[row.name], re.DOTALL)[0]
        assert labels.split(", ")[1:] == list(row.labels)
        assert " ".join(text.split()) == row.help


def tagged(page, name):
    """All words that the section explains, of which one paragraph may have several."""
    return set(re.findall(r"\w+", "".join(map(first_line, entries(page, name).values()))))


def test_the_fixed_words_of_the_status():
    text = section("org.ucarpd.7", "WORDS")
    room = PROJECT / "ucarpd"
    source = "".join(
        each.read_text() for each in (*room.glob("process/*.py"), *room.glob("log/*.py"))
    )
    told = r'(?:Lasting\(|faults\.set\(|_note[(,])\s*"(\w+)"'
    of_scripts = {word for word, _ in OWN_OUTAGES.values()}
    assert tagged("org.ucarpd.7", "WORDS") == set(re.findall(told, source)) | of_scripts
    words = set(re.findall(r"\w+", text))
    assert {each.value for each in (*Cause, *DropReason)} <= words
    assert {runs.OK, runs.FAILED, runs.TIMED_OUT, runs.NOT_RUN} <= words


def test_the_events_and_their_fields():
    assert tagged("ucarpd.conf.5", "NOTIFICATIONS") == set(Event)
    described = entries("ucarpctl.1", "OPTIONS")["--json"]
    assert set(Happening._fields) <= set(re.findall(r"\w+", described))


def test_the_rules_and_the_unit_name_what_there_is():
    metrics = set(entries("ucarpd-exporter.8", "METRICS"))
    rules = (PROJECT / "debian/examples/ucarpd.rules.yml").read_text()
    assert set(re.findall(r"\bucarpd_\w+", rules)) <= metrics
    place = PROJECT / "etc/systemd/system"
    assert f"LISTEN={listening.DEFAULT}" in (place / "ucarpd-exporter.service").read_text()
    assert f"ListenStream={listening.DEFAULT}" in (place / "ucarpd-exporter.socket").read_text()
    assert listening.DEFAULT in plain("ucarpd-exporter.8")


@pytest.mark.parametrize("page", sorted(path.name for path in (PROJECT / "debian").glob("*.[1-8]")))
def test_the_page_is_of_this_version(page):
    assert f'"ucarpd {__version__}"' in plain(page).splitlines()[0]
