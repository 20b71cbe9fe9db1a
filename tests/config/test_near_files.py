"""The messages about a file that does not exist, and about a file whose name no unit can have."""

import subprocess
from pathlib import Path

import pytest

from ucarpd import config
from ucarpd.config import ConfigError, near_files, unit_names
from ucarpd.config.files import find_files

pytestmark = pytest.mark.usefixtures("home", "configuration_directory")


@pytest.fixture
def configuration_directory(tmp_path, monkeypatch):
    """Not this machine's, which may have a file web.conf."""
    directory = tmp_path / "ucarp"
    monkeypatch.setattr(near_files, "DIRECTORY", directory)
    return directory


def told(name):
    with pytest.raises(ConfigError) as caught:
        find_files(Path(name))
    return str(caught.value)


def test_nothing_is_there():
    assert told("web.conf") == "web.conf: does not exist"
    assert told("none/web.conf") == "none/web.conf: does not exist"


def test_the_others_are_named():
    for name in ("mail.conf", "b\nd.conf", ".hidden.conf", "readme"):
        Path(name).touch()
    assert told("web.conf") == "web.conf: does not exist (there are: b\\nd.conf, mail.conf)"
    for number in range(8):
        Path(f"c{number}.conf").touch()
    assert told("web.conf").endswith("c5.conf, c6.conf, …)")


def test_the_ending_twice():
    Path("web.conf").touch()
    text = "web.conf.conf: does not exist: the instance is called web, without .conf"
    assert told("web.conf.conf") == text


@pytest.mark.parametrize("name", ["web", "web.conf"])
def test_the_name_of_an_instance(name, configuration_directory):
    """`ucarpd check web` in any directory."""
    configuration_directory.mkdir()
    (configuration_directory / "web.conf").touch()
    assert told(name) == f"{name}: does not exist, but {configuration_directory}/web.conf does"
    assert told(f"./other/{name}") == f"other/{name}: does not exist"


def test_the_ending_is_missing():
    Path("my web").touch()
    text = "my web.conf: does not exist, but my web does: type: mv 'my web' 'my web.conf'"
    assert told("my web.conf") == text


@pytest.mark.parametrize("name", ["web.cnf", "WEB.CONF", "web.conf.txt", "Web.Config"])
def test_another_ending(name):
    Path(name).touch()
    for other in ("web.pass", "web-up.sh", "webb.cnf"):
        Path(other).touch()
    assert (
        told("web.conf") == f"web.conf: does not exist, but {name} does: type: mv {name} web.conf"
    )


def test_two_files_that_may_be_meant():
    for name in ("web.cnf", "web.conf.txt"):
        Path(name).touch()
    assert told("web.conf") == "web.conf: does not exist"


def test_a_directory_without_a_configuration():
    directory = Path("etc")
    directory.mkdir()
    text = "etc: no configuration file (NAME.conf) in it"
    assert config.nothing_in([directory]) == text
    for name in ("web.cnf", ".hidden"):
        (directory / name).touch()
    assert config.nothing_in([directory]) == f"{text} (there are: web.cnf)"


@pytest.mark.parametrize("name", ["web.conf", "a-b_c.d:1.conf", "1.conf"])
def test_a_name_for_a_unit(name):
    assert unit_names.fault(Path(name)) is None


@pytest.mark.parametrize(
    ("name", "plain"), [("wéb.conf", "w-b"), ("a b.conf", "a-b"), ("веб.conf", "web")]
)
def test_a_name_for_no_unit(name, plain):
    Path(name).touch()
    said = unit_names.fault(Path(name))
    assert said.startswith("no systemd unit can have this name: use ASCII letters, digits, - _ . ")
    subprocess.run(["/bin/sh", "-c", said.partition("type: ")[2]], check=True)
    assert Path(f"{plain}.conf").exists()


def test_the_files_of_other_programs_are_not_listed():
    assert any(Path("/etc").glob("*.conf"))
    assert near_files.hint(Path("/etc/ucarpd-of-nobody")) == ""
