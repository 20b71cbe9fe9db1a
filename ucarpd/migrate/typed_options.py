"""The options of ucarp 1.5.2 as they were typed: their values, the faults, and the help.

`ucarpd.ucarp_options` has the table and splits the words; `ucarp_settings` has the meaning of the
values.  The module is loaded before the password is taken out of the command line, so it imports
nothing that takes long.
"""

from typing import NamedTuple

from ucarpd.ucarp_options import OPTIONS, SUPERFLUOUS, UNKNOWN, Found, either, split

HIDDEN = "***"
"""Stands in the command line where the password was."""


SAMPLE = """\
ucarp --interface=eth0 --srcip=10.1.1.1 --vhid=1 --passfile=/etc/ucarp/pass \\
      --addr=10.1.1.252 --preempt --shutdown --daemonize \\
      --upscript=/etc/ucarp/ucarp-up.sh --downscript=/etc/ucarp/ucarp-down.sh
"""


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
    values: dict[str, str] = {}
    words, faults, shown = [], [], list(arguments)
    for each in split(arguments):
        option = each.option
        if each.fault is not None:
            faults.append(_fault(each, arguments[each.index]))
            name, equals, _ = arguments[each.index].partition("=")
            if each.fault == SUPERFLUOUS:
                option = each.meant[0]
            elif equals and name.startswith("--"):
                shown[each.index] = f"{name}={HIDDEN}"  # It may be a password.
        elif option is None:
            words.append(each.spelled)
        if option is not None:
            # Of a password and a file with one, the one at the later place counts.
            values.pop(option.long, None)
            values[option.long] = each.value or ""
            if option.long == "pass":
                before = arguments[each.value_index].removesuffix(values["pass"])
                shown[each.value_index] = f"{before}{HIDDEN}"
    return Reading(values, words, faults[0] if faults else "", shown)


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
        "the only word after ucarp is a slash, so it has no options. In a shell script a command\n"
        "continues on the next line if the line ends with a backslash (\\), and not with a slash (/). Type:\n\n"
        f"{SAMPLE}"
    )


def _fault(found: Found, word: str) -> str:
    """Say what is wrong with an option, which stands in this word."""
    if found.fault == UNKNOWN:
        return f"there is no option {found.spelled}"
    option, *others = found.meant
    if others:
        return f"{found.spelled} can be {either(found.meant)}"
    name = f"--{option.long}" if word.startswith("--") else found.spelled
    if found.fault == SUPERFLUOUS:
        return f"{name} takes no value: leave out ={word.partition('=')[2]}"
    return f"{name} needs a value: {name} {option.argument}"
