"""Reading a virtual host's `KEY=VALUE` file.

`keys` is the table, one row a key, whose parts are in `key_groups`; `types` and `address_types` say
what each type of value accepts.  `lines` splits a file (the only importer of dotenv), `load` makes a
`Config` of it or raises every fault at once: those of single keys (`parsed`), of the password
(`passwords`), of prefix lengths (`masks`), and of keys that contradict each other (`cross_checks`).
`directory` does so for several files and finds where they collide.  `bash` knows what bash makes of
a line, `check` warns about it, `scripts` finds those that would not run, `exposure` finds files that
others than root can change, `named_files` lists what a file names, and `show` prints a Config so that
both read it alike.

Mistakes are explained before they are guessed at: `kinds` names a file of another kind,
`foreign_words` has what other programs call our keys, and `ucarp_options` the options of `ucarp`;
`key_hints` puts that into words.  `look_alikes` finds letters that only look right, and
`secret_names` tells which keys hold a password, whoever named them.
"""

from ucarpd.config.check import hints, warnings
from ucarpd.config.config import Config, VirtualAddress
from ucarpd.config.directory import is_refused, load_all, nothing_in
from ucarpd.config.files import find_files
from ucarpd.config.key import Key
from ucarpd.config.keys import KEYS
from ucarpd.config.load import Loaded, load, load_with_lines
from ucarpd.config.named_files import named_files
from ucarpd.config.problems import ConfigError, Problem
from ucarpd.config.scripts import errors as script_errors
from ucarpd.config.scripts import harm, is_harmful
from ucarpd.config.show import show

__all__ = [
    "KEYS",
    "Config",
    "ConfigError",
    "Key",
    "Loaded",
    "Problem",
    "VirtualAddress",
    "find_files",
    "harm",
    "hints",
    "is_harmful",
    "is_refused",
    "load",
    "load_all",
    "load_with_lines",
    "named_files",
    "nothing_in",
    "script_errors",
    "show",
    "warnings",
]
