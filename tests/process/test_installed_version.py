"""An upgrade that leaves the process of the old version running."""

import asyncio

import pytest

import ucarpd
from ucarpd.process.installed_version import LOOK_AFTER

OLD = ucarpd.__version__
TEXT = f"still runs ucarpd {OLD}, but 9.8 is installed"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A way to install a version of the package."""
    file = tmp_path / "__init__.py"
    monkeypatch.setattr(ucarpd, "__file__", str(file))
    return lambda version: file.write_text(f'"""ucarpd."""\n\n__version__ = "{version}"\n')


async def test_it_is_in_the_status_line_and_once_in_the_log(host, install, log_lines):
    install(OLD)
    host.write()
    async with host.running():
        install("9.8")
        await asyncio.sleep(5 * LOOK_AFTER)
        assert host.told[-1].endswith(f"; {TEXT}")
        install(OLD)
        await asyncio.sleep(3 * LOOK_AFTER)
        assert TEXT not in host.told[-1]
    advice = "restart it when `ucarpd check` finds no fault"
    assert log_lines.told().count(f"this process {TEXT}: {advice}") == 1


async def test_a_process_that_the_upgrade_restarts_says_nothing(host, install, log_lines):
    install("9.8")
    host.write()
    async with host.running():
        await asyncio.sleep(1.5 * LOOK_AFTER)
    assert not [line for line in log_lines.told() if TEXT in line]


async def test_a_package_that_is_being_unpacked_is_looked_at_again(host, install):
    host.write()
    async with host.running():
        await asyncio.sleep(2 * LOOK_AFTER)
        install("9.8")
        await asyncio.sleep(2 * LOOK_AFTER)
        assert host.told[-1].endswith(f"; {TEXT}")
