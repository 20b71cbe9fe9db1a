"""The commands of docs/install.md fit what `pip install` puts below the directory."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SYSTEM = re.compile(r"(?<![\w.])/(?=(opt|etc|usr/local|usr/sbin|usr/share|var|run)/)")
"""The start of a path of the host; the others are parts of a word."""

OF_THE_COMMAND = "share/man/man8/ucarp.8"


def data_files():
    """The place of each file that `pip install` installs, relative to the directory."""
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    for place, patterns in table["tool"]["setuptools"]["data-files"].items():
        for pattern in patterns:
            found = list(PROJECT.glob(pattern))
            assert found, f"{pattern} is in pyproject.toml and matches nothing"
            yield from ((f"{place}/{file.name}", file) for file in found)


def commands(part):
    """The commands in one part of the page that files are all they need for."""
    page = (PROJECT / "docs/install.md").read_text()
    [text] = [each for each in re.split("^#+ ", page, flags=re.MULTILINE) if each.startswith(part)]
    rows = re.findall("^    (.*)$", text, re.MULTILINE)
    others = ("apt ", "python3 ", "systemctl ", "systemd-", "journalctl ", "/opt/ucarpd/bin/pip ")
    return [row for row in rows if not row.startswith(others)]


@pytest.fixture
def host(tmp_path):
    """A place with what `pip install` has put into /opt/ucarpd, and a way to type commands."""
    for name, file in data_files():
        to = tmp_path / "opt/ucarpd" / name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(file.read_bytes())
    places = ("etc/systemd/system", "usr/local/bin", "usr/local/sbin", "usr/sbin", "opt/ucarpd/bin")
    for each in places:
        (tmp_path / each).mkdir(parents=True, exist_ok=True)
    for command in ("ucarpd", "ucarpctl", "ucarp"):
        (tmp_path / "opt/ucarpd/bin" / command).touch()

    def type_all(part):
        text = SYSTEM.sub(f"{tmp_path}/", "\n".join(commands(part)))
        # The text that sed writes stays as it is.
        text = text.replace(f"|{tmp_path}/opt", "|/opt")
        subprocess.run(["sh", "-eu"], input=text, text=True, check=True)

    return tmp_path, type_all


def files_below(directory):
    return {str(each.relative_to(directory)) for each in directory.rglob("*") if not each.is_dir()}


def test_the_commands_put_everything_in_place(host):
    root, type_all = host
    type_all("Installing")
    for name in ("ucarpd.service", "ucarpd@.service"):
        unit = (root / "etc/systemd/system" / name).read_text()
        started = re.findall("^Exec.*=-?(/[^ ]*)", unit, re.MULTILINE)
        assert started == ["/opt/ucarpd/bin/ucarpd"] * 3
    exporter = (root / "etc/systemd/system/ucarpd-exporter.service").read_text()
    assert "ExecStart=/opt/ucarpd/bin/ucarpctl metrics " in exporter
    assert (root / "etc/systemd/system/ucarpd-exporter.socket").exists()
    manual = [name for name, _ in data_files() if name.startswith("share/man/")]
    assert OF_THE_COMMAND in manual
    for link in (
        "usr/local/sbin/ucarpd",
        "usr/local/bin/ucarpctl",
        *(f"usr/local/{page}" for page in manual if page != OF_THE_COMMAND),
        "usr/local/lib/systemd/catalog/ucarpd.catalog",  # systemd reads none in /etc
        "usr/local/share/bash-completion/completions/ucarpd",
        "usr/local/share/bash-completion/completions/ucarpctl",
    ):
        assert (root / link).is_symlink()
        assert (root / link).exists()
    assert (root / "etc/ucarp/web.conf").stat().st_mode & 0o777 == 0o600
    assert (root / "etc/ucarp").stat().st_mode & 0o777 == 0o750
    assert (root / "etc/ucarp/ucarp-up.sh").stat().st_mode & 0o777 == 0o755


def test_the_command_ucarp_has_what_its_package_has(host):
    root, type_all = host
    type_all("Installing")
    before = files_below(root)
    type_all("The command `ucarp`")
    assert (root / "usr/local" / OF_THE_COMMAND).exists()
    packaged = (PROJECT / "debian/ucarpd-ucarp.install").read_text().split()
    for source, folder in zip(packaged[::2], packaged[1::2], strict=True):
        installed = root / folder / Path(source).name
        assert installed.exists()
        if folder != "usr/sbin":
            assert installed.read_bytes() == (PROJECT / source).read_bytes()
            assert installed.stat().st_mode & 0o111 == (PROJECT / source).stat().st_mode & 0o111
    [removal] = re.findall("`(rm .*)` removes them", (PROJECT / "docs/install.md").read_text())
    subprocess.run(["sh", "-c", SYSTEM.sub(f"{root}/", removal)], check=True)
    assert files_below(root) == before


def test_removing_it_leaves_what_the_page_says(host):
    root, type_all = host
    before = files_below(root)
    type_all("Installing")
    type_all("Removing it")
    own = {"etc/ucarp/web.conf", "etc/ucarp/ucarp-up.sh", "etc/ucarp/ucarp-down.sh"}
    left = {name for name in before if not name.startswith("opt/ucarpd/")}
    assert files_below(root) == left | own


def test_every_file_of_it_that_the_page_names_is_there():
    page = (PROJECT / "docs/install.md").read_text()
    names = {name for name, _ in data_files()}
    places = {name.rpartition("/")[0] for name in names}
    named = set(re.findall(r"/opt/ucarpd/(share/[\w./-]*\w)", page))
    assert named
    assert named <= names | places
