"""The other files of the package agree with the program."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import commands, verbs

from ucarpd import __version__, cli
from ucarpd.commands.arguments import parser
from ucarpd.control.place import DIRECTORY_MODE
from ucarpd.linux.group import GROUP
from ucarpd.linux.run_directory import DEFAULT_RUN_DIRECTORY, control_path, private_path
from ucarpd.linux.state_directory import DEFAULT_STATE_DIRECTORY
from ucarpd.log import message_ids
from ucarpd.record import maintenance
from ucarpd.record.history import history_directory
from ucarpd.scripts.child import KILL_AFTER

PROJECT = Path(__file__).parents[2]
UNITS = PROJECT / "etc/systemd/system"


def unit(name):
    """The lines of a unit, by section."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read_string((UNITS / name).read_text())
    return {section: dict(parser[section]) for section in parser.sections()}


# -- units -----------------------------------------------------------------------------------------


def test_both_units_are_the_same_but_for_what_they_run():
    one = (UNITS / "ucarpd@.service").read_text().partition("[Service]")[2]
    all_files = (UNITS / "ucarpd.service").read_text().partition("[Service]")[2]
    assert one.replace("/etc/ucarp/%i.conf", "/etc/ucarp") == all_files.replace(" --stay", "")


@pytest.mark.parametrize("name", ["ucarpd.service", "ucarpd@.service"])
def test_what_a_unit_runs_is_understood(name):
    service = unit(name)["Service"]
    for key in ("ExecStart", "ExecReload", "ExecStopPost"):
        command = service[key].removeprefix("-").replace("$MAINPID", "123")
        program, *arguments = command.split()
        assert program == "/usr/bin/ucarpd"
        assert parser().parse_args(arguments).paths


def test_the_strict_drop_in_says_why_it_leaves_what_it_leaves():
    text = (UNITS.parents[2] / "debian/examples/strict.conf").read_text()
    reasons = {line.split()[1].strip(",") for line in text.splitlines() if line.startswith("#   ")}
    families = unit("ucarpd@.service")["Service"]["RestrictAddressFamilies"].split()
    assert set(families) - {"AF_INET6"} <= reasons
    kept = [line for line in text.splitlines() if line.startswith("CapabilityBoundingSet=CAP")]
    assert set(" ".join(kept).partition("=")[2].split()) <= reasons


def test_the_man_page_says_which_address_families_scripts_have():
    """A drop-in adds to the list of the unit."""
    page = (UNITS.parents[2] / "debian/ucarpd.conf.5").read_text()
    families = unit("ucarpd@.service")["Service"]["RestrictAddressFamilies"].split()
    assert set(families) | {"AF_PPPOX", "AF_KEY"} <= set(re.findall(r"AF_[A-Z0-9]+", page))


@pytest.mark.parametrize("name", ["ucarpd.service", "ucarpd@.service"])
def test_a_stop_lasts_longer_than_the_default_script_timeout(name):
    from ucarpd.config.keys import BY_NAME

    timeout = float(BY_NAME["UCARP_SCRIPT_TIMEOUT"].default)
    # An up-script that is terminated soon after, and then the down-script in full.
    assert float(unit(name)["Service"]["TimeoutStopSec"]) > timeout + 2 * KILL_AFTER


@pytest.mark.parametrize("name", ["ucarpd.service", "ucarpd@.service"])
def test_a_unit_keeps_the_mount_name_space_of_the_host_and_reads_no_environment_file(name):
    service = unit(name)["Service"]
    private = ("Protect", "Private", "ReadOnly", "ReadWrite", "Inaccessible", "Bind", "Mount")
    assert [key for key in service if key.startswith((*private, "EnvironmentFile"))] == []


@pytest.mark.parametrize("name", ["ucarpd.service", "ucarpd@.service"])
def test_a_script_can_load_neither_a_module_nor_another_kernel(name):
    """CAP_SYS_BOOT, which `reboot -f` needs, allows the latter."""
    refused = unit(name)["Service"]["SystemCallFilter"].removeprefix("~").split()
    assert {"@module", "kexec_load", "kexec_file_load"} <= set(refused)


def test_a_unit_has_three_file_descriptors_for_each_of_thousands_of_virtual_hosts():
    soft, _, _ = unit("ucarpd.service")["Service"]["LimitNOFILE"].partition(":")
    assert int(soft) >= 3 * 5000


@pytest.mark.parametrize("name", ["ucarpd.service", "ucarpd@.service"])
def test_what_no_restart_can_heal_is_not_restarted(name):
    from ucarpd.exit_status import EXIT_ALL_RUN_ELSEWHERE, EXIT_NO_PERMISSION

    final = {EXIT_ALL_RUN_ELSEWHERE, cli.EXIT_CONFIG, EXIT_NO_PERMISSION}
    statuses = unit(name)["Service"]["RestartPreventExitStatus"].split()
    assert {int(status) for status in statuses} == final


def test_the_directories_are_made_at_boot_as_ucarpd_makes_them():
    lines = (PROJECT / "debian/ucarpd.tmpfiles").read_text().splitlines()
    made = [line.split() for line in lines if not line.startswith("#")]
    run, state = Path(DEFAULT_RUN_DIRECTORY), Path(DEFAULT_STATE_DIRECTORY)
    assert made == [
        ["d", str(run), "0755", "root", "root", "-"],
        ["d", str(private_path(run)), "0700", "root", "root", "-"],
        ["d", str(control_path(run)), f"{DIRECTORY_MODE:o}", "root", GROUP, "-"],
        ["d", str(state), "0755", "root", "root", "-"],
        ["d", str(history_directory(state)), "2750", "root", GROUP, "-"],
        ["d", str(maintenance.directory_of(state)), "0755", "root", "root", "-"],
    ]


def test_the_package_makes_the_group():
    lines = (PROJECT / "debian/ucarpd.sysusers").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [f"g {GROUP} - -"]


# -- message catalog -------------------------------------------------------------------------------


def test_every_message_id_is_explained_and_no_other():
    text = (PROJECT / "etc/systemd/catalog/ucarpd.catalog").read_text()
    entries = dict(
        re.findall(r"^-- ([0-9a-f]{32})\n(.*?)(?=^-- |\Z)", text, re.MULTILINE | re.DOTALL)
    )
    names = vars(message_ids)
    known = {value for name, value in names.items() if name.startswith("MESSAGE_ID_")}
    assert entries.keys() == known
    for entry in entries.values():
        header, _, explanation = entry.partition("\n\n")
        assert re.search(r"^Subject: .", header, re.MULTILINE)
        assert explanation.strip()


def test_the_catalog_fills_in_fields_that_the_journal_has():
    text = (PROJECT / "etc/systemd/catalog/ucarpd.catalog").read_text()
    fields = set(re.findall("@([A-Z_]+)@", text))
    modules = Path(message_ids.__file__).parent.glob("*.py")
    source = "".join(module.read_text() for module in modules)
    assert fields == {field for field in fields if re.search(rf"\b{field}\b", source)}
    assert fields


# -- bash completion -------------------------------------------------------------------------------


def test_completion_knows_the_commands_and_their_options():
    text = completion("_ucarpd")
    [first] = re.findall(r"''\)\s*COMPREPLY=\(\$\(compgen -W '(.*?)'", text)
    assert {word for word in first.split() if not word.startswith("-")} == commands().keys()
    cases = re.findall(
        r"^        ([a-z |-]+)\)\n.*?compgen -W '(.*?)'", text, re.MULTILINE | re.DOTALL
    )
    completed = {name: set(words.split()) for names, words in cases for name in names.split(" | ")}
    assert completed == {name: set(options) - {"-h"} for name, options in commands().items()}


def test_completion_knows_the_verbs_and_their_options():
    text = completion("_ucarpctl")
    [first] = re.findall(r"cword == 1\)\); then\s*COMPREPLY=\(\$\(compgen -W '(.*?)'", text)
    assert {word for word in first.split() if not word.startswith("-")} == verbs().keys()
    cases = re.findall(r"^        ([a-z-]+)\)\s*options='(.*?)'", text, re.MULTILINE)
    completed = {name: set(words.split()) for name, words in cases}
    assert completed == {
        name: set(options) - {"-h"} | {"--help"} for name, options in verbs().items()
    }


def completion(function):
    """The text of a function that completes a command."""
    text = (PROJECT / "debian/ucarpd.bash-completion").read_text()
    return text.partition(f"\n{function}()\n")[2].partition("\n}")[0]


def test_completion_is_found_under_the_name_of_either_command():
    [line] = (PROJECT / "debian/ucarpd.links").read_text().splitlines()
    folder = "usr/share/bash-completion/completions"
    assert line == f"{folder}/ucarpd {folder}/ucarpctl"


def test_every_link_of_the_installed_readme_leads_to_a_file_of_the_package():
    rules = (PROJECT / "debian/rules").read_text()
    assert (
        "sed -i -f debian/installed-links.sed debian/ucarpd/usr/share/doc/ucarpd/README.md" in rules
    )
    command = ["sed", "-f", PROJECT / "debian/installed-links.sed", PROJECT / "README.md"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    links = {each.partition("#")[0] for each in re.findall(r"\]\((?!http)([^)]*)\)", text)}
    (installed,) = re.findall(r"\tdh_installdocs \$\(wildcard (.*)\)", rules)
    examples = (PROJECT / "debian/ucarpd.examples").read_text().split()
    there = {f"examples/{Path(each).name}" for each in examples}
    there |= {"changelog.gz", "copyright", *installed.split()}
    assert {each for each in links if not each.startswith("docs/")} <= there
    assert all((PROJECT / each).exists() for each in links if each.startswith("docs/"))


# -- the changelog ---------------------------------------------------------------------------------


def test_the_version_is_that_of_the_newest_release_or_above_it():
    """Two packages of one version would be the same to apt."""
    text = (PROJECT / "CHANGELOG.md").read_text()
    released = re.findall(r"^## \[(\d[^]]*)\] - \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    assert __version__ == released[0] + ("+dev" if "\n## Unreleased\n" in text else "")


def test_the_package_has_the_version_of_the_program():
    control = (PROJECT / "debian/control").read_text()
    [maintainer] = re.findall("^Maintainer: (.*)$", control, re.MULTILINE)
    changelog = (PROJECT / "debian/changelog").read_text()
    entries = re.findall(r"^ucarpd \((.*?)\).*?^ -- (.*?)  ", changelog, re.MULTILINE | re.DOTALL)
    # Above it anybody may have an entry of their own.
    newest = next(version for version, author in entries if author == maintainer)
    assert re.fullmatch(rf"{re.escape(__version__)}-[0-9]+", newest)


# -- the package -----------------------------------------------------------------------------------


OLD_LINE = """    ip -oneline address show dev "$interface" to "$address/32" 2>/dev/null |\n"""


def installed(root):
    """What postinst says when it has installed the package below `root`."""
    (root / "etc/ucarp").mkdir(parents=True, exist_ok=True)
    (root / "usr/share").mkdir(parents=True, exist_ok=True)
    shutil.copytree(PROJECT / "etc/ucarp", root / "usr/share/ucarpd", dirs_exist_ok=True)
    script = (PROJECT / "debian/ucarpd.postinst").read_text()
    result = subprocess.run(
        ["sh", "-s", "configure", "0.1.0"],
        input=script,
        env={"DPKG_ROOT": str(root), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == ""
    return result.stderr.splitlines()


def test_the_installation_has_nothing_to_say(tmp_path):
    assert installed(tmp_path) == []
    (tmp_path / "etc/ucarp/web.conf").write_text("UCARP_DOWNSCRIPT=/etc/ucarp/ucarp-down.sh\n")
    assert installed(tmp_path) == []


def test_the_installation_names_a_down_script_that_deletes_the_hosts_own_addresses(tmp_path):
    edited, copy = tmp_path / "etc/ucarp/ucarp-down.sh", tmp_path / "opt/down.sh"
    for path in (edited, copy):
        path.parent.mkdir(parents=True)
        path.write_text(OLD_LINE)
    (tmp_path / "etc/ucarp/web.conf").write_text("UCARP_DOWNSCRIPT='/opt/down.sh'  # ours\n")
    (tmp_path / "etc/ucarp/mail.conf").write_text("UCARP_DOWNSCRIPT=/etc/ucarp/ucarp-down.sh\n")
    lines = installed(tmp_path)
    assert [line.split()[1] for line in lines] == [str(edited), str(copy)]
    for line in lines:
        subprocess.run(["sh", "-c", line.partition("type: ")[2]], check=True)
    assert installed(tmp_path) == []


# -- an upgrade ------------------------------------------------------------------------------------


def test_needrestart_leaves_the_units_alone():
    """One upgrade of a library would restart both hosts of a pair at the same moment."""
    (install,) = (
        line.split()
        for line in (PROJECT / "debian/ucarpd.install").read_text().splitlines()
        if "needrestart" in line
    )
    assert install == ["etc/needrestart/conf.d/ucarpd.conf", "etc/needrestart/conf.d"]
    lines = (PROJECT / install[0]).read_text().splitlines()
    (rule,) = (line for line in lines if line and not line.startswith("#"))
    pattern = re.fullmatch(r"\$nrconf\{override_rc\}\{qr\((.*)\)\} = 0;", rule)[1]
    for name in ("ucarpd.service", "ucarpd@web.service"):
        assert re.search(pattern, name)
    assert not re.search(pattern, "ucarp.service")
