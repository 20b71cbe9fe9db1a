"""Finding the files of a virtual host that users other than root can change.

ucarpd acts on these files as root: the configuration file, and the scripts and the password file
that it names.  ucarpd 0.1.0 and `ucarp` accepted such files.  This version accepts them with a
warning; 0.3 will refuse them.
"""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ucarpd.config import Config, Problem, environment, path_writers
from ucarpd.config.path_writers import Weakness
from ucarpd.config.problems import place
from ucarpd.configuration_directory import DIRECTORY


class Exposure(NamedTuple):
    """A `file` that others can change, and the commands against it; 0.3 will refuse an error."""

    problem: Problem
    file: Path
    is_error: bool


def find(config: Config) -> list[Exposure]:
    """Return the exposed files of a configuration, the configuration file first.

    Root, the user of this process and the owner of the configuration file are trusted.  Blocks: it
    reads from disks.
    """
    return list(_exposures(config))


def _exposures(config: Config) -> Iterator[Exposure]:
    path = config.path
    trusted = {0, os.geteuid()}
    if not environment.is_environment(path):
        try:
            owner = _status(path).st_uid
        except OSError:
            return  # `load` says why the file cannot be read.
        if owner not in trusted:
            text = f"user {owner} owns it, and so can choose what root runs: type: chown root "
            yield Exposure(Problem(path, None, None, text + shlex.quote(place(path))), path, False)
        trusted.add(owner)
        if found := path_writers.find(path, trusted):
            yield _exposure(Problem(path, None, None, "can choose what root runs"), path, found)
    for key, given in config.named_files.items():
        is_script = key != "UCARP_PASSFILE"
        # A script that every user can write does not run; `scripts.executable` says so.
        known = stat.S_IWOTH if is_script else 0
        if found := path_writers.find(given.meaning, trusted, known):
            effect = "can change what root runs" if is_script else "can change the password"
            problem = Problem(path, given.line, given.name, effect)
            yield _exposure(problem, given.meaning, found)


def _exposure(effect: Problem, file: Path, found: list[Weakness]) -> Exposure:
    """Return the exposure of a file; the text of `effect` is the consequence of a change."""
    is_error = any(each.is_grave for each in found)
    text = f"{' and '.join(each.text for each in found)}, and so {effect.text}"
    if is_error:
        text += "; ucarpd 0.3 will refuse that"
    directories = [each.path for each in found if each.is_directory]
    is_elsewhere = any(not DIRECTORY.is_relative_to(each) for each in directories)
    advice = f"keep the file in {DIRECTORY}, or type" if is_elsewhere else "type"
    commands = " && ".join(each.command for each in found)
    problem = Problem(effect.path, effect.line, effect.key, f"{text}: {advice}: {commands}")
    return Exposure(problem, file, is_error)


def _status(path: Path) -> os.stat_result:
    return path.stat()
