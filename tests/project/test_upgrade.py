"""Which units an upgrade of the package restarts, and which it leaves running."""

import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

SYSTEMCTL = """\
#!/bin/sh
for unit; do :; done
case $* in
    list-units*) ls "$UNITS" | grep -v exporter ;;
    *MainPID*) cat "$UNITS/$unit/pid" ;;
    *StatusText*) cat "$UNITS/$unit/status" ;;
    *is-active*) [ -e "$UNITS/$unit" ] && [ ! -e "$UNITS/$unit/dies" ] ;;
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
        self.program("dpkg-divert", "#!/bin/sh\n")
        for each in ("etc/ucarp", "usr/share/ucarpd"):
            (self.systemd / each).mkdir(parents=True)
        (self.systemd / "usr/share/ucarpd/ucarp-up.sh").touch()
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
        """Run postinst; return its lines on standard error."""
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


def test_the_service_restarts_when_the_instances_have_their_files_again(upgrade):
    for name in ("ucarpd", "ucarpd@mail", "ucarpd@web"):
        upgrade.unit(name, BACKUP)
    assert upgrade.run() == []
    assert upgrade.done == [
        "restart ucarpd@mail.service ucarpd@web.service",
        "restart ucarpd.service",
    ]


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
        "ucarpd: correct the file, try it with: ucarpd check /etc/ucarp/bad.conf",
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


def test_a_master_that_has_ended_meanwhile_is_offered_nothing(upgrade):
    """Its status line stays; its process has the number 0, which for kill is the whole group."""
    (upgrade.unit("ucarpd@web", MASTER) / "pid").write_text("0")
    upgrade.unit("ucarpd@mail", MASTER, "/etc/ucarp/mail.conf")
    assert upgrade.run("configure", "0.2.0-1") == []
    assert upgrade.done == ["USR2 101", "restart ucarpd@mail.service ucarpd@web.service"]


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


def test_the_exporter_restarts_if_it_runs_and_last(upgrade):
    upgrade.unit("ucarpd@web", MASTER, "/etc/ucarp/web.conf")
    upgrade.unit("ucarpd-exporter", "")
    assert upgrade.run("configure", "0.2.0-1") == []
    assert upgrade.done[-2:] == ["restart ucarpd@web.service", "restart ucarpd-exporter.service"]
    assert len(upgrade.checked) == 1
