"""Configuration files in the working directory, and the result of loading them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ucarpd import config
from ucarpd.config import Config, ConfigError, Problem, load
from ucarpd.config.lines import read_lines

MINIMAL = {
    "UCARP_INTERFACE": "eth0",
    "UCARP_VHID": "1",
    "UCARP_PASS": "geheim7",
    "UCARP_ADDR": "172.16.0.1",
}
"""Each key in a line of its own: 1 to 4."""

Content = str | bytes

NO_ADDRESS = "must be an address such as 172.16.0.1 or 2001:db8::1"


def write(content: Content, name: str = "web.conf") -> Path:
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return path


def minimal(*lines: str, **changed: str | None) -> str:
    """The minimal file, with values of some keys changed (None: left out), and then `lines`.

    A changed key is named without its prefix.
    """
    settings = MINIMAL | {f"UCARP_{name}": value for name, value in changed.items()}
    kept = [f"{name}={value}" for name, value in settings.items() if value is not None]
    return "\n".join([*kept, *lines, ""])


def loaded(content: Content, environ: Mapping[str, str] | None = None) -> Config:
    return load(write(content), environ or {})


def faults(content: Content, environ: Mapping[str, str] | None = None) -> list[str]:
    """The messages without the name of the file in front."""
    with pytest.raises(ConfigError) as caught:
        loaded(content, environ)
    assert str(caught.value).splitlines() == [str(each) for each in caught.value.problems]
    return [str(each).removeprefix("web.conf:").lstrip() for each in caught.value.problems]


def warnings(path: Path) -> list[Problem]:
    """The warnings about a file, whether it loads or not."""
    return config.warnings(path, read_lines(path)[0])
