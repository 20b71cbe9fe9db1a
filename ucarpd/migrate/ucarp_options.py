"""The options of ucarp 1.5.2, in every spelling that getopt_long(3) takes.

The table and the reading only: what the values mean is in `ucarp_settings`.  The module is loaded
before the password is taken out of the command line, so it imports nothing that takes long.
"""

from typing import NamedTuple

HIDDEN = "***"
"""Stands in the command line where the password was."""


class Option(NamedTuple):
    """`key` is the configuration key of its value, and `argument` names the value in the help.

    Both are None where there is none.
    """

    long: str
    short: str
    key: str | None
    argument: str | None
    help: str


OPTIONS = (
    Option("interface", "i", "UCARP_INTERFACE", "IF", "interface to run on"),
    Option("srcip", "s", "UCARP_SRCIP", "IP", "this host's own address"),
    Option("mcast", "m", "UCARP_MCAST", "IP", "multicast group (default 224.0.0.18)"),
    Option("vhid", "v", "UCARP_VHID", "ID", "number of the virtual host, 1 to 255"),
    Option("pass", "p", "UCARP_PASS", "PASSWORD", "password, 1 to 19 bytes"),
    Option("passfile", "o", "UCARP_PASSFILE", "FILE", "file whose first line is the password"),
    Option("preempt", "P", "UCARP_PREEMPT", None, "take over from a master that is slower"),
    Option("neutral", "n", "UCARP_NEUTRAL", None, "do not run the down-script at start"),
    Option("addr", "a", "UCARP_ADDR", "IP", "virtual address"),
    Option("help", "h", None, None, "print this text"),
    Option("advbase", "b", "UCARP_ADVBASE", "SECONDS", "time between advertisements (default 1)"),
    Option("advskew", "k", "UCARP_ADVSKEW", "SKEW", "added to it, in 1/256 s, 0 to 254"),
    Option("upscript", "u", "UCARP_UPSCRIPT", "FILE", "run when this host becomes master"),
    Option("downscript", "d", "UCARP_DOWNSCRIPT", "FILE", "run when it stops being master"),
    Option(
        "deadratio", "r", "UCARP_DEADRATIO", "RATIO", "missed advertisements before a take-over"
    ),
    Option("debug", "D", None, None, "log more"),
    Option("shutdown", "z", "UCARP_SHUTDOWN", None, "run the down-script at exit"),
    Option("daemonize", "B", None, None, "run in the background"),
    Option("ignoreifstate", "S", "UCARP_IGNOREIFSTATE", None, "go on without a link"),
    Option("nomcast", "M", "UCARP_NOMCAST", None, "broadcast instead of multicast"),
    Option(
        "facility", "f", "UCARP_FACILITY", "FACILITY", "syslog facility, or none (default daemon)"
    ),
    Option("xparam", "x", "UCARP_XPARAM", "VALUE", "third argument of the scripts"),
)

SAMPLE = """\
ucarp --interface=eth0 --srcip=10.1.1.1 --vhid=1 --passfile=/etc/ucarp/pass \\
      --addr=10.1.1.252 --preempt --shutdown --daemonize \\
      --upscript=/etc/ucarp/ucarp-up.sh --downscript=/etc/ucarp/ucarp-down.sh
"""

_LONG = {option.long: option for option in OPTIONS}
_SHORT = {option.short: option for option in OPTIONS}


class Reading(NamedTuple):
    """A command line as it was read.

    `values` has the value of each option that was given, by long name; the last of several counts,
    and an option without a value has "".  `words` are no options.  `fault` is the first thing that
    makes it unusable, or empty.  `shown` is the command line without its password.
    """

    values: dict[str, str]
    words: list[str]
    fault: str
    shown: list[str]


def read(arguments: list[str]) -> Reading:
    """Read the words after the name of the program.

    It reads on after a fault, so that each password in the line is found.
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
            self.values[option.long] = ""
            if equals:
                self.faults.append(f"--{option.long} takes no value: leave out ={value}")
        elif equals:
            self.values[option.long] = value
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
                self.values[option.long] = ""
            elif tail:
                self.values[option.long] = tail
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
        self.values[option.long] = value
        self.shown.append(_shown(option, value))


def usage() -> str:
    """The text of --help."""
    lines = [
        f"  --{option.long}{f'={option.argument}' if option.argument else ''}, -{option.short}"
        for option in OPTIONS
    ]
    width = max(map(len, lines)) + 2
    rows = [f"{line:{width}}{option.help}" for line, option in zip(lines, OPTIONS, strict=True)]
    return "\n".join(["usage: ucarp OPTION…", "", *rows, "", "For example:", "", SAMPLE])


def slash_advice() -> str:
    """What to say to somebody who typed `ucarp /` from a page where \\ had become /."""
    return (
        "the only word after ucarp is a slash, so it has no options. In a shell script a command goes\n"
        "on in the next line if the line ends with a backslash (\\), and not with a slash (/). Type:\n\n"
        f"{SAMPLE}"
    )


def _find(name: str) -> Option | str:
    """The option of this long name or of a beginning of it; otherwise, what is wrong."""
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
