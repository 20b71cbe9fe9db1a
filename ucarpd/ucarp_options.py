"""The options of the command `ucarp` 1.5.2: their table, and how a command line is split into them.

A module that imports nothing that takes long: the command `ucarp` reads its options before the
password is taken out of the command line.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Option(NamedTuple):
    """`key` is the configuration key of its value, and `argument` names the value in the help.

    Both are None where there is none.
    """

    long: str
    short: str
    key: str | None
    argument: str | None
    help: str

    @property
    def has_value(self) -> bool:
        """Return whether a value follows."""
        return self.argument is not None


OPTIONS = (
    Option("interface", "i", "UCARP_INTERFACE", "IF", "interface to run on"),
    Option("srcip", "s", "UCARP_SRCIP", "IP", "this host's own address"),
    Option("mcastip", "m", "UCARP_MCAST", "IP", "multicast group (default 224.0.0.18)"),
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
    Option("deadratio", "r", "UCARP_DEADRATIO", "RATIO", "missed advertisements before a takeover"),
    Option("debug", "D", None, None, "log more"),
    Option("shutdown", "z", "UCARP_SHUTDOWN", None, "run the down-script at exit"),
    Option("daemonize", "B", None, None, "run in the background"),
    Option("ignoreifstate", "S", "UCARP_IGNOREIFSTATE", None, "keep running without a link"),
    Option("nomcast", "M", "UCARP_NOMCAST", None, "broadcast instead of multicast"),
    Option(
        "facility", "f", "UCARP_FACILITY", "FACILITY", "syslog facility, or none (default daemon)"
    ),
    Option("xparam", "x", "UCARP_XPARAM", "VALUE", "third argument of the scripts"),
)


UNKNOWN = "is not an option of ucarp"
SUPERFLUOUS = "takes no value"
LACKING = "lacks its value"

_BY_LETTER = {option.short: option for option in OPTIONS}


class Found(NamedTuple):
    """One option, or one word that is none.

    `index` is the place of its word among all words, from 0, and `value_index` that of the word with
    its value; `spelled` is the option as it is written.  A stray word has no option, and is its own
    `value`.  With a `fault`, which says why `ucarp` would not take it, there is neither: `meant` are
    the options that it may be.
    """

    index: int  # type: ignore[assignment]  # not tuple.index()
    spelled: str
    option: Option | None = None
    value: str | None = None
    value_index: int = -1
    fault: str | None = None
    meant: tuple[Option, ...] = ()


def split(words: Sequence[str]) -> list[Found]:
    """Return the options in `words`, which are what follows the name of the command.

    They are split as getopt_long(3) splits them: abbreviations, bundles of letters, `--opt value`
    and `--opt=value`; words that are not options are passed over.
    """
    found: list[Found] = []
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            found += (Found(i, words[i], value=words[i]) for i in range(at + 1, len(words)))
            break
        if word.startswith("--"):
            found.append(_long(at, word))
        elif word.startswith("-") and word != "-":
            found += _letters(at, word)
        else:
            found.append(Found(at, word, value=word))
        last = found[-1]
        if last.option is not None and last.option.has_value and last.value is None:
            at += 1
            found[-1] = (
                last._replace(value=words[at], value_index=at)
                if at < len(words)
                else last._replace(option=None, fault=LACKING, meant=(last.option,))
            )
        at += 1
    return found


def _long(at: int, word: str) -> Found:
    name, equals, text = word[2:].partition("=")
    spelled = f"--{name}"
    exact = tuple(option for option in OPTIONS if option.long == name)
    meant = exact or tuple(option for option in OPTIONS if option.long.startswith(name))
    if not meant:
        return Found(at, spelled, fault=UNKNOWN)
    if len(meant) > 1:
        return Found(at, spelled, fault=f"is ambiguous: {either(meant)}", meant=meant)
    if equals and not meant[0].has_value:
        return Found(at, spelled, fault=SUPERFLUOUS, meant=meant)
    return Found(at, spelled, meant[0], text if equals else None, at)


def _letters(at: int, word: str) -> Iterator[Found]:
    """Yield the options in a bundle; the rest of the word is the value of one that has a value."""
    for place, letter in enumerate(word[1:], 2):
        option = _BY_LETTER.get(letter)
        if option is None:
            yield Found(at, f"-{letter}", fault=UNKNOWN)
        elif option.has_value:
            yield Found(at, f"-{letter}", option, word[place:] or None, at)
            return
        else:
            yield Found(at, f"-{letter}", option)


def either(options: Sequence[Option]) -> str:
    return " or ".join(f"--{option.long}" for option in options)


def number(text: str) -> tuple[int, str]:
    """Return the number that ucarp reads in the text, and the rest of the text.

    As strtoul(3): 0x begins a hexadecimal number, and 0 an octal one.  Raises ValueError.
    """
    import re  # noqa: PLC0415 - the password is gone by then

    found = re.match(r"\s*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", text, re.ASCII)
    # Python treats thousands of digits as an attack.
    if found is None or len(found[1]) > 20:
        raise ValueError
    digits = found[1]
    base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") else 10
    return int(digits, base), text[found.end() :]
