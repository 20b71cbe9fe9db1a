"""The options of ucarp 1.5.2, in every spelling that getopt_long(3) takes.

The reading only: the table is in `ucarpd.ucarp_options`, the meaning of the values in
`ucarp_settings`.  The module is loaded before the password is taken out of the command line, so it
imports nothing that takes long.
"""

from typing import NamedTuple

from ucarpd.ucarp_options import OPTIONS, Option

HIDDEN = "***"
"""Stands in the command line where the password was."""


SAMPLE = """\
ucarp --interface=eth0 --srcip=10.1.1.1 --vhid=1 --passfile=/etc/ucarp/pass \\
      --addr=10.1.1.252 --preempt --shutdown --daemonize \\
      --upscript=/etc/ucarp/ucarp-up.sh --downscript=/etc/ucarp/ucarp-down.sh
"""

_LONG = {option.long: option for option in OPTIONS}
_SHORT = {option.short: option for option in OPTIONS}


class Reading(NamedTuple):
    """A command line as it was read.

    `values` has the value of each option that was given, by long name; the last of several counts
    and has its place, and an option without a value has "".  `words` are not options.  `fault` is the
    first thing that makes it unusable, or empty.  `shown` is the command line without its password.
    """

    values: dict[str, str]
    words: list[str]
    fault: str
    shown: list[str]


def read(arguments: list[str]) -> Reading:
    """Read the words after the name of the program.

    It reads on after a fault, and finds each password in the line.
    """
    reader = _Reader(arguments)
    while reader.rest:
        reader.take_word()
    fault = reader.faults[0] if reader.faults else ""
    return Reading(reader.values, reader.words, fault, reader.shown)


class _Reader:
    def __init__(self, arguments: list[str]) -> None:
        self.rest = list(arguments)
        self.values: dict[str, str] = {}
        self.words: list[str] = []
        self.faults: list[str] = []
        self.shown: list[str] = []

    def take_word(self) -> None:
        word = self.rest.pop(0)
        if word == "--":
            self.words += self.rest
            self.shown += [word, *self.rest]
            self.rest.clear()
        elif word.startswith("--"):
            self._take_long(word)
        elif word.startswith("-") and len(word) > 1:
            self._take_letters(word)
        else:
            self.words.append(word)
            self.shown.append(word)

    def _take_long(self, word: str) -> None:
        name, equals, value = word[2:].partition("=")
        option = _find(name)
        if isinstance(option, str):
            self.faults.append(option)
            # It may be a password.
            self.shown.append(f"--{name}={HIDDEN}" if equals else word)
        elif option.argument is None:
            self.shown.append(word)
            self._give(option, "")
            if equals:
                self.faults.append(f"--{option.long} takes no value: leave out ={value}")
        elif equals:
            self._give(option, value)
            self.shown.append(f"--{name}={_shown(option, value)}")
        else:
            self.shown.append(word)
            self._take_value(option, f"--{option.long}")

    def _take_letters(self, word: str) -> None:
        for place, letter in enumerate(word[1:], 1):
            option, tail = _SHORT.get(letter), word[place + 1 :]
            if option is None:
                self.faults.append(f"there is no option -{letter}")
            elif option.argument is None:
                self._give(option, "")
            elif tail:
                self._give(option, tail)
                self.shown.append(word[: place + 1] + _shown(option, tail))
                return
            else:
                self.shown.append(word)
                self._take_value(option, f"-{letter}")
                return
        self.shown.append(word)

    def _take_value(self, option: Option, spelled: str) -> None:
        if not self.rest:
            self.faults.append(f"{spelled} needs a value: {spelled} {option.argument}")
            return
        value = self.rest.pop(0)
        self._give(option, value)
        self.shown.append(_shown(option, value))

    def _give(self, option: Option, value: str) -> None:
        # Of a password and a file with one, the one at the later place counts.
        self.values.pop(option.long, None)
        self.values[option.long] = value


def usage() -> str:
    """Return the text of --help."""
    lines = [
        f"  --{option.long}{f'={option.argument}' if option.argument else ''}, -{option.short}"
        for option in OPTIONS
    ]
    width = max(map(len, lines)) + 2
    rows = [f"{line:{width}}{option.help}" for line, option in zip(lines, OPTIONS, strict=True)]
    return "\n".join(["usage: ucarp OPTION…", "", *rows, "", "For example:", "", SAMPLE])


def slash_advice() -> str:
    """Return the advice for a user who typed `ucarp /` from a page where \\ had become /."""
    return (
        "the only word after ucarp is a slash, so it has no options. In a shell script a command goes\n"
        "on in the next line if the line ends with a backslash (\\), and not with a slash (/). Type:\n\n"
        f"{SAMPLE}"
    )


def _find(name: str) -> Option | str:
    """Return the option with this long name or a beginning of it; otherwise, the fault."""
    if option := _LONG.get(name):
        return option
    found = [option for option in OPTIONS if option.long.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        return f"--{name} can be {' or '.join(f'--{option.long}' for option in found)}"
    return f"there is no option --{name}"


def _shown(option: Option, value: str) -> str:
    return HIDDEN if option.long == "pass" else value
