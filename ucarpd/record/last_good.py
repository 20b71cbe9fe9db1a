"""The configuration with which an instance runs, kept for the start after a crash.

If the file is just being edited when the process dies, it may be faulty.  In that case the next
start uses the last good configuration.  NAME.good in the private directory has the content of all
files that the configuration was read from, passwords included.  A clean stop removes it.  A start
by the operator thus takes the current file, or fails.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ucarpd.config import Config, ConfigError, Loaded, load_with_lines
from ucarpd.linux.namespace import network_namespace
from ucarpd.linux.run_directory import private_directory, private_path, replace_file
from ucarpd.record.edited import SUFFIX
from ucarpd.record.record import boot_id

_VERSION = 1


class Kept(NamedTuple):
    """The configuration of a dead process, used since `since`, in seconds of the epoch."""

    loaded: Loaded
    since: float


class LastGood:
    """The kept configuration of one instance."""

    def __init__(self, name: str, directory: Path) -> None:
        self._name = name
        self._directory = directory

    @property
    def files(self) -> frozenset[str]:
        """The name of the file in the private directory."""
        return frozenset({f"{self._name}{SUFFIX}"})

    def keep(self, config: Config) -> None:
        """Keep the content of all files of `config`.  Blocks; raises OSError."""
        said = {
            **_here(),
            "since": time.time(),
            "path": str(config.path),
            "contents": {str(path): content.hex() for path, content in config.contents.items()},
        }
        path = f"{private_directory(self._directory)}/{self._name}{SUFFIX}"
        replace_file(path, json.dumps(said).encode())

    def forget(self) -> None:
        """Remove the file.  Raises OSError."""
        (private_path(self._directory) / f"{self._name}{SUFFIX}").unlink(missing_ok=True)


def read_all(directory: Path, environ: Mapping[str, str] = os.environ) -> list[Kept]:
    """Return the kept configurations of this boot, without unreadable and damaged ones."""
    return list(_read_all(private_path(directory), environ))


def _read_all(private: Path, environ: Mapping[str, str]) -> Iterator[Kept]:
    try:
        names = sorted(os.listdir(private))  # noqa: PTH208 - only the names are needed
    except OSError:
        return
    for name in names:
        if name.endswith(SUFFIX):
            try:
                yield _kept((private / name).read_bytes(), environ)
            except (OSError, ConfigError, ValueError, TypeError, KeyError, AttributeError):
                continue  # The configuration file also has a fault, which is reported.


def _kept(text: bytes, environ: Mapping[str, str]) -> Kept:
    """Return the configuration in the text; raise any of many errors if it is not usable now."""
    said: dict[str, Any] = json.loads(text)
    if any(said[key] != value for key, value in _here().items()):
        raise ValueError("of another boot, network namespace or version")
    contents = {Path(path): bytes.fromhex(content) for path, content in said["contents"].items()}
    loaded = load_with_lines(Path(said["path"]), environ, contents.__getitem__)
    return Kept(loaded, float(said["since"]))


def _here() -> dict[str, object]:
    return {"version": _VERSION, "boot": boot_id(), "namespace": network_namespace()}
