"""What the package ships beside the program says the same as the program."""

import configparser
import os
import re
import subprocess
from pathlib import Path

import pytest
from command_line import commands

from ucarpd import __version__, cli
from ucarpd.linux.run_directory import DEFAULT_RUN_DIRECTORY, private_path
from ucarpd.log import message_ids
from ucarpd.scripts.child import KILL_AFTER

PROJECT = Path(__file__).parents[2]
UNITS = PROJECT / "etc/systemd/system"


def unit(name):
    """The lines of a unit, by section."""
    parser = configparser.RawConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read_string((UNITS / name).read_text())
    return {section: dict(parser[section]) for section in parser.sections()}


# -- units -----------------------------------------------------------------------------------------------


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
        assert cli._parser().parse_args(arguments).paths


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
def test_what_no_restart_can_heal_is_not_restarted(name):
    from ucarpd.exit_status import EXIT_ALL_RUN_ELSEWHERE

    final = {EXIT_ALL_RUN_ELSEWHERE, cli.EXIT_CONFIG, cli.EXIT_NO_PERMISSION}
    statuses = unit(name)["Service"]["RestartPreventExitStatus"].split()
    assert {int(status) for status in statuses} == final


def test_the_directories_are_made_at_boot_as_ucarpd_makes_them():
    lines = (PROJECT / "debian/ucarpd.tmpfiles").read_text().splitlines()
    made = [line.split() for line in lines if not line.startswith("#")]
    run = Path(DEFAULT_RUN_DIRECTORY)
    assert made == [
        ["d", str(run), "0755", "root", "root", "-"],
        ["d", str(private_path(run)), "0700", "root", "root", "-"],
    ]


# -- message catalog -------------------------------------------------------------------------------------


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


# -- bash completion -------------------------------------------------------------------------------------


def test_completion_knows_the_commands_and_their_options():
    text = (PROJECT / "debian/ucarpd.bash-completion").read_text()
    [first] = re.findall(r"''\)\s*COMPREPLY=\(\$\(compgen -W '(.*?)'", text)
    assert {word for word in first.split() if not word.startswith("-")} == commands().keys()
    cases = re.findall(
        r"^        ([a-z |-]+)\)\n.*?compgen -W '(.*?)'", text, re.MULTILINE | re.DOTALL
    )
    completed = {name: set(words.split()) for names, words in cases for name in names.split(" | ")}
    assert completed == {name: set(options) - {"-h"} for name, options in commands().items()}


# -- the changelog ---------------------------------------------------------------------------------------


def test_the_package_has_the_version_of_the_program():
    control = (PROJECT / "debian/control").read_text()
    [maintainer] = re.findall("^Maintainer: (.*)$", control, re.MULTILINE)
    changelog = (PROJECT / "debian/changelog").read_text()
    entries = re.findall(r"^ucarpd \((.*?)\).*?^ -- (.*?)  ", changelog, re.MULTILINE | re.DOTALL)
    # Above it anybody may have an entry of their own.
    newest = next(version for version, author in entries if author == maintainer)
    assert re.fullmatch(rf"{re.escape(__version__)}-[0-9]+", newest)


# -- the package -----------------------------------------------------------------------------------------

OLD_LINE = """    ip -oneline address show dev "$interface" to "$address/32" 2>/dev/null |\n"""


def installed(root):
    """What postinst says when it has installed the package below `root`."""
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
    (tmp_path / "etc/ucarp").mkdir(parents=True)
    (tmp_path / "etc/ucarp/ucarp-down.sh").write_text(
        (PROJECT / "etc/ucarp/ucarp-down.sh").read_text()
    )
    (tmp_path / "etc/ucarp/web.conf").write_text("UCARP_DOWNSCRIPT=/etc/ucarp/ucarp-down.sh\n")
    assert installed(tmp_path) == []


def test_the_installation_names_a_down_script_that_deletes_the_hosts_own_addresses(tmp_path):
    conffile, copy = tmp_path / "etc/ucarp/ucarp-down.sh", tmp_path / "opt/down.sh"
    for path in (conffile, copy):
        path.parent.mkdir(parents=True)
        path.write_text(OLD_LINE)
    (tmp_path / "etc/ucarp/web.conf").write_text("UCARP_DOWNSCRIPT='/opt/down.sh'  # ours\n")
    (tmp_path / "etc/ucarp/mail.conf").write_text("UCARP_DOWNSCRIPT=/etc/ucarp/ucarp-down.sh\n")
    lines = installed(tmp_path)
    assert [line.split()[1] for line in lines] == [str(conffile), str(copy)]
    for line in lines:
        subprocess.run(["sh", "-c", line.partition("type: ")[2]], check=True)
    assert installed(tmp_path) == []


# -- an upgrade ------------------------------------------------------------------------------------------

SYSTEMCTL = """\
#!/bin/sh
for unit; do :; done
case $* in
    list-units*) ls "$UNITS" ;;
    *MainPID*) cat "$UNITS/$unit/pid" ;;
    *StatusText*) cat "$UNITS/$unit/status" ;;
    *is-active*) [ ! -e "$UNITS/$unit/dies" ] ;;
    *try-restart*) echo "$*" | sed 's/.*try-restart/restart/' >>"$UNITS.log" ;;
esac
"""

CHECK = """\
#!/bin/sh
echo "$CREDENTIALS_DIRECTORY $*" >>"$UNITS.checked"
shift
status=0
for path; do
    case $path in
        *bad*) echo "$path:1: refused" && status=78 ;;
        *weak*) echo "$path: others can write it (ERROR)" ;;
        *) echo "$path: a word (warning)" ;;
    esac
done
exit $status
"""


class Upgrade:
    """What postinst does on a host where these units run; the programs that it calls are ours."""

    def __init__(self, directory):
        self.units = directory / "units"
        self.proc = directory / "proc"
        self.programs = directory / "bin"
        self.systemd = directory / "systemd"
        for each in (self.units, self.proc, self.programs, self.systemd):
            each.mkdir()
        self.program("systemctl", SYSTEMCTL)
        self.program("ucarpd", CHECK)
        self.program("sleep", '#!/bin/sh\necho "sleep $1" >>"$UNITS.log"\n')
        self.program("od", "#!/bin/sh\necho 22\n")
        self.peer_takes_over_at(1)

    def program(self, name, text):
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def peer_takes_over_at(self, signal):
        """The number of the signal after which the other host takes the role; 0: none."""
        self.program(
            "signal",
            f"""\
#!/bin/sh
echo "$*" >>"$UNITS.log"
[ $(grep -c USR2 "$UNITS.log") != {signal} ] || sed -i 's/MASTER/BACKUP/' "$UNITS"/*/status
""",
        )

    def unit(self, name, status, *arguments, credentials=None):
        """A unit that runs; None for `arguments` is a process that cannot be looked at."""
        pid = str(len(list(self.units.iterdir())) + 100)
        directory = self.units / f"{name}.service"
        directory.mkdir()
        (directory / "pid").write_text(pid)
        (directory / "status").write_text(status)
        if arguments:
            process = self.proc / pid
            process.mkdir()
            words = ["/usr/bin/python3", "/usr/bin/ucarpd", "run", *arguments]
            (process / "cmdline").write_text("".join(f"{word}\0" for word in words))
            environment = f"CREDENTIALS_DIRECTORY={credentials}\0" if credentials else ""
            (process / "environ").write_text(f"A=b\0{environment}C=d\0")
        return directory

    def run(self, *arguments):
        """Run postinst; what it says on standard error, line by line."""
        script = (PROJECT / "debian/ucarpd.postinst").read_text()
        for there, here in (
            ("/run/systemd/system", self.systemd),
            ("/proc/$", f"{self.proc}/$"),
            ("/usr/bin/ucarpd", self.programs / "ucarpd"),
            ("kill -USR2", "signal USR2"),
            ("/usr/sbin/policy-rc.d", self.programs / "policy-rc.d"),
            ("root=${DPKG_ROOT:-}", f"root={self.systemd}"),
        ):
            assert there in script
            script = script.replace(there, str(here))
        result = subprocess.run(
            ["sh", "-s", *(arguments or ("configure", "0.1.0-1"))],
            input=script,
            env={"PATH": f"{self.programs}:{os.environ['PATH']}", "UNITS": str(self.units)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout == ""
        return result.stderr.splitlines()

    @property
    def done(self):
        return self._lines("log")

    @property
    def checked(self):
        return self._lines("checked")

    def _lines(self, suffix):
        path = self.units.with_suffix(f".{suffix}")
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def upgrade(tmp_path):
    return Upgrade(tmp_path)


BACKUP, MASTER = (
    "BACKUP on eth0, vhid 1, since 2026-11-25",
    "MASTER on eth0, vhid 1, since 2026-11-25",
)
ALL = ("--stay", "/etc/ucarp")


def test_an_upgrade_restarts_what_runs(upgrade):
    upgrade.unit("ucarpd@web", BACKUP, "/etc/ucarp/web.conf")
    upgrade.unit("ucarpd@mail", "INIT on eth0: waiting", "/etc/ucarp/mail.conf")
    assert upgrade.run() == []
    assert upgrade.done == ["restart ucarpd@mail.service ucarpd@web.service"]


def test_an_installation_restarts_nothing(upgrade):
    upgrade.unit("ucarpd@web", BACKUP, "/etc/ucarp/web.conf")
    assert upgrade.run("configure", "") == []
    assert upgrade.done == []


def test_an_upgrade_of_a_host_where_nothing_runs(upgrade):
    assert upgrade.run() == []
    assert upgrade.done == []


@pytest.mark.parametrize("status", [MASTER, "2 virtual hosts: 2 MASTER, 0 BACKUP, 0 INIT"])
def test_a_master_waits_until_a_backup_is_there_again(upgrade, status):
    upgrade.unit("ucarpd", status, *ALL)
    upgrade.unit("ucarpd@web", "2 virtual hosts: 0 MASTER, 2 BACKUP, 0 INIT", "/srv/sites")
    assert upgrade.run() == []
    assert upgrade.done == ["restart ucarpd@web.service", "sleep 5", "restart ucarpd.service"]


def test_a_process_that_is_master_and_backup_waits_for_some_other_time(upgrade):
    upgrade.unit("ucarpd", "2 virtual hosts: 1 MASTER, 1 BACKUP, 0 INIT", *ALL)
    assert upgrade.run() == []
    assert upgrade.done == ["sleep 7", "sleep 5", "restart ucarpd.service"]


def test_a_process_whose_file_is_refused_keeps_running_and_the_operator_hears_of_it(upgrade):
    upgrade.unit("ucarpd@bad", MASTER, "/etc/ucarp/bad.conf")
    upgrade.unit("ucarpd@web", BACKUP, "/etc/ucarp/web.conf")
    assert upgrade.run() == [
        "ucarpd: ucarpd@bad.service keeps running the old version, since the new one refuses its file:",
        "    /etc/ucarp/bad.conf:1: refused",
        "ucarpd: mend that, look at it with: ucarpd check /etc/ucarp/bad.conf",
        "ucarpd: and then type: systemctl restart ucarpd@bad.service",
    ]
    assert upgrade.done == ["restart ucarpd@web.service"]


def test_a_version_that_cannot_even_check_restarts_nothing(upgrade):
    upgrade.unit("ucarpd@web", MASTER, "/etc/ucarp/web.conf")
    upgrade.program("ucarpd", "#!/bin/sh\necho ModuleNotFoundError >&2\nexit 1\n")
    assert "    ModuleNotFoundError" in upgrade.run()
    assert upgrade.done == []


def test_a_file_that_0_3_will_refuse_is_named_and_runs(upgrade):
    upgrade.unit("ucarpd@weak", BACKUP, "/etc/ucarp/weak.conf")
    assert upgrade.run() == ["ucarpd: /etc/ucarp/weak.conf: others can write it (ERROR)"]
    assert upgrade.done == ["restart ucarpd@weak.service"]


def test_what_the_process_was_started_with_is_checked(upgrade):
    upgrade.unit("ucarpd", BACKUP, "--log", "journal", "--stay", "/etc/ucarp", "/srv/my sites")
    upgrade.unit("ucarpd@mail", BACKUP)
    upgrade.unit("ucarpd@web", BACKUP, "/etc/ucarp/web.conf", credentials="/run/credentials/web")
    upgrade.run()
    assert sorted(upgrade.checked) == [
        " check /etc/ucarp /srv/my sites",
        " check /etc/ucarp/mail.conf",
        "/run/credentials/web check /etc/ucarp/web.conf",
    ]


def test_a_unit_that_does_not_come_back_is_named(upgrade):
    unit = upgrade.unit("ucarpd@web", BACKUP, "/etc/ucarp/web.conf")
    (unit / "dies").touch()
    (line,) = upgrade.run()
    assert line.endswith("type: journalctl -u ucarpd@web.service")


@pytest.mark.parametrize(
    ("at", "done"),
    [
        (1, ["USR2 100"]),
        (2, ["USR2 100", *["sleep 0.1"] * 30, "sleep 5", "USR2 100"]),
        (
            0,
            [
                "USR2 100",
                *["sleep 0.1"] * 30,
                "sleep 5",
                "USR2 100",
                *["sleep 0.1"] * 30,
                "sleep 0",
            ],
        ),
    ],
)
def test_a_master_that_can_offers_its_role_first(upgrade, at, done):
    upgrade.unit("ucarpd@web", MASTER, "/etc/ucarp/web.conf")
    upgrade.peer_takes_over_at(at)
    assert upgrade.run("configure", "0.2.0-1") == []
    assert upgrade.done == [*done, "restart ucarpd@web.service"]


def test_a_backup_offers_nothing(upgrade):
    upgrade.unit("ucarpd@web", BACKUP, "/etc/ucarp/web.conf")
    assert upgrade.run("configure", "0.2.0-1") == []
    assert upgrade.done == ["restart ucarpd@web.service"]


@pytest.mark.parametrize(("status", "restarts"), [(0, 1), (104, 1), (101, 0)])
def test_the_policy_of_the_host_is_asked(upgrade, status, restarts):
    upgrade.unit("ucarpd@web", BACKUP, "/etc/ucarp/web.conf")
    upgrade.program("policy-rc.d", f"#!/bin/sh\nexit {status}\n")
    assert upgrade.run() == []
    assert len(upgrade.done) == restarts


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
