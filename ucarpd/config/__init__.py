"""Reading a virtual host's `KEY=VALUE` file.

`keys` is the table, one row for each key, in parts (`key_groups`); `types` and `address_types`
parse the values.  `lines` splits a file (the only importer of dotenv).  `load` makes a `Config` of
it, or raises all its faults at once: faults of single keys (`parsed`), of the password
(`passwords`), of prefix lengths (`masks`), and of keys that contradict each other
(`cross_checks`).  `directory` loads several files and finds collisions between them.  `bash`
predicts how bash reads a line, and `advice` warns about differences.  `scripts` finds scripts that
would not run, `named_files` lists the files that a file names, `exposure` finds files that other
users can change, and `show` prints a Config as lines that bash and ucarpd read alike.
`environment` makes a file of the environment.

Mistakes are explained before they are guessed at: `kinds` names a file of another kind,
`foreign_words` has other programs' names for our keys, and `key_hints` puts that into words.
`look_alikes` finds letters that only look right, and `secret_names` says which keys hold a
password, in any program's spelling.
"""

from ucarpd.config.advice import hints, warnings
from ucarpd.config.config import Config, VirtualAddress
from ucarpd.config.directory import collisions, load_all, nothing_in, resembles
from ucarpd.config.environment import is_environment
from ucarpd.config.files import find_files
from ucarpd.config.health_checks import Check, Endpoint
from ucarpd.config.key import Key
from ucarpd.config.keys import KEYS
from ucarpd.config.load import Loaded, load, load_with_lines
from ucarpd.config.looks import Looks, look_at, silence
from ucarpd.config.problems import ConfigError, Problem
from ucarpd.config.scripts import errors as script_errors
from ucarpd.config.scripts import harm
from ucarpd.config.scripts import warnings as script_warnings
from ucarpd.config.show import show

__all__ = [
    "KEYS",
    "Check",
    "Config",
    "ConfigError",
    "Endpoint",
    "Key",
    "Loaded",
    "Looks",
    "Problem",
    "VirtualAddress",
    "collisions",
    "find_files",
    "harm",
    "hints",
    "is_environment",
    "load",
    "load_all",
    "load_with_lines",
    "look_at",
    "nothing_in",
    "resembles",
    "script_errors",
    "script_warnings",
    "show",
    "silence",
    "warnings",
]
