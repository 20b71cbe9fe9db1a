"""What the pages for operators name is there: keys, values, commands, files, log lines."""

import ast
import errno
import os
import re

import pytest
from command_line import commands, verbs
from lab import PROJECT

from ucarpd import __version__
from ucarpd.config import environment, load
from ucarpd.config.keys import BY_NAME, family_of
from ucarpd.diagnosis import fingerprint

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
TEXTS = {page.relative_to(PROJECT).as_posix(): page.read_text() for page in PAGES}
OF_DEBIAN = {"debian/README.Debian": (PROJECT / "debian/README.Debian").read_text()}
UCARPD_8 = (PROJECT / "debian/ucarpd.8").read_text()

each_page = pytest.mark.parametrize("name", TEXTS)


@pytest.mark.parametrize("text", (TEXTS | OF_DEBIAN).values(), ids=TEXTS | OF_DEBIAN)
def test_a_key_is_one_that_a_file_may_have_and_so_is_its_value(text):
    # The variables that other programs set in a container, and ucarpd ignores.
    of_others = {"UCARP_SERVICE_HOST", "UCARP_PORT", environment.NAME}
    for key, value in re.findall(r"\b(UCARP_[A-Z0-9_]+)(?:=('[^'\n]+'|[^\s`)]+))?", text):
        family = family_of(key)
        row = family[0] if family else BY_NAME.get(key)
        assert row is not None or key in of_others, key
        if row is not None and value:
            row.parse(value.rstrip(",;.:").strip("'"))


@pytest.mark.parametrize("text", (TEXTS | OF_DEBIAN).values(), ids=TEXTS | OF_DEBIAN)
def test_a_command_and_its_options_exist(text):
    known = {"ucarpd": commands(), "ucarpctl": verbs()}
    typed = r"(?m)(?:`|^ {4}(?:# )?)(ucarpd|ucarpctl) ([a-z-]+)((?: [^`\n]*)?)"
    for program, word, rest in re.findall(typed, text):
        if word.startswith("-"):
            continue
        assert word in known[program], f"{program} {word}"
        options = re.findall(r"(?<![\w-])--[a-z]+", rest.partition("--command")[0])
        assert set(options) <= set(known[program][word]), f"{program} {word}{rest}"


def test_the_file_to_install_is_of_this_version():
    assert re.findall(r"ucarpd_([0-9][^_]*)_all", TEXTS["README.md"]) == [f"{__version__}-1"]


def test_the_fingerprint_shown_is_that_of_the_file_shown(tmp_path):
    [lines] = re.findall(r"(?m)^(?: {4}UCARP_.*\n)+", TEXTS["README.md"])
    (tmp_path / "web.conf").write_text(lines.replace("    ", ""))
    shown = fingerprint.line(load(tmp_path / "web.conf", {}))
    for text in (TEXTS["README.md"], TEXTS["docs/troubleshooting.md"], UCARPD_8):
        assert re.findall(r"(?m)^ *(web: vhid .*)$", text) == [shown]


@each_page
def test_a_link_leads_somewhere(name):
    for link in re.findall(r"\]\(([^)]+)\)", TEXTS[name]):
        path, _, anchor = link.partition("#")
        target = (PROJECT / name).parent / path if path else PROJECT / name
        assert link.startswith("https://") or target.exists(), link
        if anchor:
            headings = re.findall(r"(?m)^#+ (.*)$", target.read_text())
            plain = [re.sub(r"[^\w\- ]", "", heading) for heading in headings]
            assert anchor in [each.lower().replace(" ", "-") for each in plain], link


def test_each_module_and_file_on_the_map_is_there():
    named = re.findall(r"`([\w./]+/[\w./]*)`", TEXTS["docs/architecture.md"])
    assert named
    for path in named:
        places = (PROJECT / path, PROJECT / "ucarpd" / path, PROJECT / f"ucarpd/{path}.py")
        assert any(place.exists() for place in (*places, PROJECT / "tests/carp" / path)), path


# -- words of the program --------------------------------------------------------------------------


def said():
    """Every text in the program, and the parts of it between values."""
    found = {os.strerror(errno.ENOBUFS)}
    for module in (PROJECT / "ucarpd").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.split(r"\{[^}]*\}", node.value))
    return sorted((each.strip() for each in found if " " in each.strip()), key=len, reverse=True)


SAID = said()


def unsaid(text):
    """The parts of a quoted text that no text in the program has."""
    for each in SAID:
        text = text.replace(each, "\0")
    parts = [part.strip() for part in re.split(r"[\0:;,()…]|[\d.]+", text)]
    return [part for part in parts if " " in part and not any(part in each for each in SAID)]


PROGRAMS = {
    "ucarpctl",
    "ucarpd",
    "systemctl",
    "journalctl",
    "networkctl",
    "nmcli",
    "ip",
    "nft",
    "tcpdump",
}
"""Programs whose commands stand on the page about trouble, beside quoted words."""


def quoted():
    """Log lines; and on the page about trouble, all words of log and status."""
    for name, text in (TEXTS | {"ucarpd.8": UCARPD_8}).items():
        for line in re.findall(r"(?m)ucarpd\[\d+\]: \[[A-Z]+\] \w+: (.*)", text):
            yield name, re.sub(r"\[.*\]", "", line)  # without the command of a script
    for span in re.findall(r"`([^`]+)`", TEXTS["docs/troubleshooting.md"]):
        words = span.split()
        if len(words) > 2 and words[0] not in PROGRAMS:
            yield "docs/troubleshooting.md", " ".join(words)


@pytest.mark.parametrize(("name", "text"), [*quoted()])
def test_what_a_page_quotes_is_what_the_program_says(name, text):
    assert unsaid(text) == [], f"{name}: no text of the program; a command? Add it to PROGRAMS"
