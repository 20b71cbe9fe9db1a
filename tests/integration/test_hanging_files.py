"""A file system that does not answer, as one on a dead NFS server: nothing but what is on it waits."""

import signal
import sys
from pathlib import Path

import pytest
from lab import wait_for
from nodes import MASTER, VIP, conf, start_master, wait_for_address
from up_and_down import BOTH, write_scripts

from ucarpd.exit_status import EXIT_CONFIG

MOUNT = """
import ctypes, os, sys
connection = os.open("/dev/fuse", os.O_RDWR)  # Its requests are never answered.
os.set_inheritable(connection, True)
options = f"fd={connection},rootmode=40000,user_id=0,group_id=0"
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"none", sys.argv[1].encode(), b"fuse", 0, options.encode()):
    raise OSError(ctypes.get_errno(), "mount")
os.execv(sys.executable, [sys.executable, *(sys.argv[2:] or ["-m", "ucarpd", "run", "/etc/ucarp"])])
"""


@pytest.fixture
def hanging(a):
    """The folder for a file system that does not answer."""
    assert Path("/dev/fuse").exists(), "these tests need FUSE: type modprobe fuse"
    folder = a.root / "hanging"
    folder.mkdir()
    return folder


def test_only_a_virtual_host_whose_script_hangs_waits(a, wire, hanging):
    scripts = {"UPSCRIPT": hanging / "up.sh", "DOWNSCRIPT": hanging / "down.sh"}
    a.write_conf("a-web", conf(a.address, **scripts))
    mail = a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    daemon = a.start(sys.executable, "-c", MOUNT, str(hanging))
    wait_for_address(a, "172.16.0.2")
    daemon.wait_for_line("a-web: Waiting: the file system of", f"{hanging}/up.sh or", "not answer")
    wire.wait_more(a.address, 3)
    mail.chmod(0o666)
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line(
        "[WARNING] a-web: cannot look for files that users other than root can change"
    )
    daemon.wait_for_line("[ERROR] mail: ", "can choose what root runs")
    daemon.wait_for_line("reloaded: 0 changed")
    wire.wait_more(a.address, 3)
    assert daemon.stop() == 0
    assert not a.has("172.16.0.2")


def test_an_address_goes_although_the_start_of_the_down_script_hangs(a, hanging):
    write_scripts(a)
    a.write_conf("web", conf(a.address, **BOTH, SCRIPT_TIMEOUT=6))
    daemon = a.start(sys.executable, "-c", MOUNT, str(hanging))
    daemon.wait_for_line(MASTER)
    (a.conf / "down.sh").unlink()
    (a.conf / "down.sh").symlink_to(hanging / "down.sh")
    daemon.signal(signal.SIGTERM)
    daemon.wait_for_line(f"removing {VIP} from eth0: the start of the down-script hangs")
    wait_for("the address to go", lambda: not a.has(VIP))
    assert daemon.lines("did not end within") == []
    assert daemon.popen.wait(15) == 0


def test_a_reload_leaves_out_a_file_that_hangs_and_holds_up_no_stop(a, wire, hanging):
    a.write_conf("web", conf(a.address))
    daemon = a.start(sys.executable, "-c", MOUNT, str(hanging))
    wait_for_address(a)
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    (a.conf / "web.conf").unlink()
    (a.conf / "web.conf").symlink_to(hanging / "web.conf")
    daemon.signal(signal.SIGHUP)
    text = "/etc/ucarp/web.conf: its file system, or that of a file that it names, does not answer"
    daemon.wait_for_line("[ERROR]", text, "the running configuration stays")
    daemon.wait_for_line("reloaded: 0 changed, 1 started, 1 refused (web)")
    wait_for_address(a, "172.16.0.2")
    wire.wait_more(a.address, 3)
    assert len(daemon.lines("web: Switching")) == 2

    (a.conf / "ftp.conf").symlink_to(hanging / "ftp.conf")
    daemon.signal(signal.SIGHUP)
    daemon.signal(signal.SIGTERM)
    assert daemon.stop(limit=2.5) == 0
    assert not a.has(VIP)
    assert a.processes() == []


def test_a_start_waits_for_a_file_that_hangs_and_can_be_stopped(a, hanging):
    a.write_conf("web", conf(a.address, PASS=None, PASSFILE=hanging / "secret"))
    daemon = a.start(sys.executable, "-c", MOUNT, str(hanging))
    daemon.wait_for_line("[WARNING] waiting, /etc/ucarp/web.conf: its file system, or that of a")
    assert daemon.stop(limit=2.5) == 0
    daemon.wait_for_line("stopping on SIGTERM")


def test_a_start_waits_for_a_run_directory_that_hangs_and_can_be_stopped(a, hanging):
    a.write_conf("web", conf(a.address))
    environment = {"RUNTIME_DIRECTORY": str(hanging)}
    daemon = a.start(sys.executable, "-c", MOUNT, str(hanging), environment=environment)
    daemon.wait_for_line(f"[WARNING] waiting, {hanging}: its file system", "does not answer")
    assert daemon.stop(limit=2.5) == 0


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 128 + signal.SIGINT)]
)
def test_the_command_ucarp_waits_for_a_run_directory_that_hangs(a, hanging, number, status):
    run = "import sys; from ucarpd.migrate.entry import main; sys.exit(main())"
    words = ["-i", "eth0", "-s", a.address, "-v", "1", "-p", "x", "-a", VIP]
    environment = {"RUNTIME_DIRECTORY": str(hanging)}
    command = [sys.executable, "-c", MOUNT, str(hanging), "-c", run, *words]
    daemon = a.start(*command, environment=environment)
    daemon.wait_for_line(f"[WARNING] waiting, {hanging}: its file system", "does not answer")
    daemon.signal(number)
    assert daemon.popen.wait(5) == status
    assert len(daemon.text().splitlines()) == 1


def test_a_start_does_not_wait_for_a_state_directory_that_hangs(a, hanging):
    a.write_conf("web", conf(a.address))
    environment = {"STATE_DIRECTORY": str(hanging)}
    daemon = a.start(sys.executable, "-c", MOUNT, str(hanging), environment=environment)
    daemon.wait_for_line("cannot read the maintenance notes", "its file system does not answer")
    wait_for_address(a)
    assert daemon.stop(limit=5) == 0
    assert not a.has(VIP)
    assert a.processes() == []


@pytest.mark.parametrize(("options", "status"), [([], EXIT_CONFIG), (["--reload", "1"], 1)])
def test_check_names_a_run_directory_that_hangs(a, hanging, options, status):
    a.write_conf("web", conf(a.address))
    environment = {"RUNTIME_DIRECTORY": str(hanging)}
    check = ["-m", "ucarpd", "check", *options, "/etc/ucarp"]
    checked = a.start(sys.executable, "-c", MOUNT, str(hanging), *check, environment=environment)
    assert checked.popen.wait(15) == status
    assert checked.lines(f"{hanging}: its file system", "does not answer")


@pytest.mark.parametrize(
    ("variable", "program", "words", "status"),
    [
        ("RUNTIME_DIRECTORY", "ucarpd.cli", ["clear", "/etc/ucarp"], 1),
        ("RUNTIME_DIRECTORY", "ucarpd.ctl.entry", ["status"], 3),
        ("STATE_DIRECTORY", "ucarpd.ctl.entry", ["maintenance", "on"], 3),
    ],
)
def test_a_command_names_a_directory_that_hangs(a, hanging, variable, program, words, status):
    run = f"import sys; from {program} import main; sys.exit(main())"
    command = [sys.executable, "-c", MOUNT, str(hanging), "-c", run, *words]
    process = a.start(*command, environment={variable: str(hanging)})
    assert process.popen.wait(15) == status
    assert process.lines(f"{hanging}: its file system does not answer")


@pytest.mark.parametrize("command", ["fingerprint", "show-config"])
def test_a_command_names_a_file_that_hangs_and_continues_with_the_others(a, hanging, command):
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    a.write_conf("web", conf(a.address, PASS=None, PASSFILE=hanging / "secret"))
    process = a.start(sys.executable, "-c", MOUNT, str(hanging), "-m", "ucarpd", command)
    assert process.popen.wait(15) == EXIT_CONFIG
    assert process.lines("/etc/ucarp/web.conf: its file system", "does not answer")
    assert process.lines({"fingerprint": "mail: vhid 2", "show-config": "UCARP_VHID=2"}[command])


def test_a_role_is_offered_while_the_state_directory_hangs(a, wire, hanging):
    start_master(a)
    run = "import sys; from ucarpd.ctl.entry import main; sys.exit(main())"
    command = [sys.executable, "-c", MOUNT, str(hanging), "-c", run, "step-down"]
    process = a.start(*command, environment={"STATE_DIRECTORY": str(hanging)})
    assert process.popen.wait(15) == 1
    assert process.lines("no host took over")


def test_check_names_a_file_that_hangs_and_reloads_the_others(a, hanging):
    a.write_conf("web", conf(a.address))
    daemon = a.start(sys.executable, "-c", MOUNT, str(hanging))
    wait_for_address(a)
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    a.write_conf("web", conf(a.address, PASS=None, PASSFILE=hanging / "secret"))
    # With the mounts of the daemon, and its root: all of this may run in a chroot.
    enter = ("nsenter", f"--target={daemon.pid}", "--mount", "--root", sys.executable, "-m")
    checked = a.start(*enter, "ucarpd", "check", "--reload", str(daemon.pid), "/etc/ucarp")
    assert checked.popen.wait(15) == EXIT_CONFIG
    assert checked.lines("/etc/ucarp/web.conf: its file system", "does not answer")
    daemon.wait_for_line("reloaded: 0 changed, 1 started, 1 refused (web)")
    assert daemon.stop(limit=2.5) == 0
