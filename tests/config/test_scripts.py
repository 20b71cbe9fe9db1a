"""What `ucarpd check` says about the scripts that a file names."""

import subprocess

import pytest
from old_down import OLD_DOWN

from ucarpd import cli
from ucarpd.checks.probes import obstacle
from ucarpd.config import harm, load, script_errors, script_warnings
from ucarpd.scripts.executable import refusal


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "up.sh"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def conf(script, addresses="172.16.0.1", more=""):
    path = script.with_name("web.conf")
    path.write_text(
        f"UCARP_INTERFACE=eth0\nUCARP_VHID=1\nUCARP_PASS=geheim7\nUCARP_ADDR={addresses}\n"
        f"UCARP_UPSCRIPT={script}\nUCARP_DOWNSCRIPT={script}\n{more}"
    )
    path.chmod(0o600)
    return path


def told(path, problems):
    return [str(each).removeprefix(f"{path}:") for each in problems]


def checked(script, **options):
    path = conf(script, **options)
    return told(path, script_errors(path, refusal, obstacle))


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o775])
def test_a_script_that_can_be_run_is_no_error(script, mode):
    script.chmod(mode)
    assert checked(script) == []


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (0o644, "it is not executable (chmod +x {0})"),
        (0o757, "it is writable by others (chmod o-w {0})"),
    ],
)
def test_a_script_that_cannot_be_run_is_an_error(script, mode, why):
    script.chmod(mode)
    text = f"{script} cannot be run: {why.format(script)}"
    assert checked(script) == [f"5: UCARP_UPSCRIPT: {text}", f"6: UCARP_DOWNSCRIPT: {text}"]


def test_a_script_that_is_none_is_an_error(script):
    script.unlink()
    assert checked(script)[0].endswith("cannot be run: it does not exist")
    script.mkdir()
    assert checked(script)[0].endswith("cannot be run: it is not a file")


def test_a_script_at_which_the_kernel_refuses_to_look_is_an_error(script):
    assert checked(script.with_name("x" * 300))[0].endswith("cannot be run: File name too long")


def test_check_refuses_a_file_that_run_accepts_as_its_script_may_be_mounted_later(script, capsys):
    script.unlink()
    path = conf(script)
    assert load(path, {}).up_script == script
    assert cli.main(["check", str(path)]) == cli.EXIT_CONFIG
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{path}:5: UCARP_UPSCRIPT: {script} cannot be run: it does not exist\n" in err


def test_check_names_the_scripts_and_checks_of_a_file_with_another_fault(script, capsys):
    path = conf(
        script.with_name("none.sh"), addresses="nonsense", more="UCARP_CHECK_X=exec:/none\n"
    )
    assert cli.main(["check", str(path)]) == cli.EXIT_CONFIG
    told = [line.removeprefix(f"{path}:") for line in capsys.readouterr().err.splitlines()]
    assert [line.partition(": ")[0] for line in told] == ["4", "5", "6", "7"]
    assert (
        told[1]
        == f"5: UCARP_UPSCRIPT: {script.with_name('none.sh')} cannot be run: it does not exist"
    )
    assert told[3] == "7: UCARP_CHECK_X: exec:/none: it does not exist"


def test_check_says_one_thing_of_a_line_that_the_loader_refuses(script, capsys):
    path = conf(script.with_name("none.sh"))
    path.write_text(path.read_text().replace("UPSCRIPT=/", "UPSCRIPT="))
    assert cli.main(["check", str(path)]) == cli.EXIT_CONFIG
    err = capsys.readouterr().err
    assert err.count("UCARP_UPSCRIPT") == err.count("UCARP_DOWNSCRIPT") == 1


def test_a_file_of_another_kind_has_no_scripts(tmp_path):
    path = tmp_path / "start.conf"
    path.write_text("UCARP_UPSCRIPT=/none\nucarp -u $UCARP_UPSCRIPT -i eth0\n")
    assert script_errors(path, refusal, obstacle) == []


def test_of_a_file_that_cannot_be_read_the_loader_speaks(tmp_path):
    assert script_errors(tmp_path / "none.conf", refusal, obstacle) == []


# -- the line of 0.1.0 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", ['to "$address/32"', 'to "${address}/32"', "to $address/32", 'to "$address"/32']
)
def test_the_line_that_deletes_the_hosts_own_addresses_is_found(script, line):
    script.write_text(OLD_DOWN.replace('to "$address/32"', line))
    assert harm(script)


@pytest.mark.parametrize(
    "text",
    [
        OLD_DOWN.replace("/32", ""),
        OLD_DOWN.replace("    ip -one", "    # ip -one"),
        OLD_DOWN.replace("/32", "/320"),
        "ip address delete $2/32 dev $1\n",
        "",
    ],
)
def test_other_lines_do_no_harm(script, text):
    script.write_text(text)
    assert harm(script) is None


def test_a_script_that_is_not_there_does_no_harm(script):
    script.unlink()
    assert harm(script) is None


@pytest.mark.parametrize(
    ("addresses", "more"),
    [
        ("2001:db8::10", ""),
        ("172.16.0.1,2001:db8::10", ""),
        ("172.16.0.1", "UCARP_EXTRA_ADDRS=fd00::1"),
    ],
)
def test_it_is_an_error_with_an_ipv6_address(script, addresses, more):
    script.write_text(OLD_DOWN)
    path = conf(script, addresses, more)
    (down,) = told(path, script_errors(path, refusal, obstacle))
    assert down.startswith(f"6: UCARP_DOWNSCRIPT: {script} cannot be run: it has a line from")
    assert told(path, script_warnings(path)) == []


def test_the_command_that_repairs_it(tmp_path):
    script = tmp_path / "my down.sh"
    script.write_text(OLD_DOWN)
    command = harm(script).rpartition("(")[2].removesuffix(")")
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert harm(script) is None


def test_it_is_a_warning_with_ipv4_alone(script, capsys):
    script.write_text(OLD_DOWN)
    path = conf(script)
    assert told(path, script_errors(path, refusal, obstacle)) == []
    (warning,) = told(path, script_warnings(path))
    assert warning.startswith(f"6: UCARP_DOWNSCRIPT: {script} will not be run for IPv6: it has a")
    cli.main(["check", str(path)])
    assert f"{path}:{warning} (warning)\n" in capsys.readouterr().err


def test_what_it_tells_to_type_mends_it(script):
    script.write_text(OLD_DOWN)
    (warning,) = script_warnings(conf(script))
    command = warning.text.partition("(")[2].removesuffix(")")
    subprocess.run(["sh", "-c", command], check=True)
    assert harm(script) is None
    assert script.read_text() == OLD_DOWN.replace("$address/32", "$address")
