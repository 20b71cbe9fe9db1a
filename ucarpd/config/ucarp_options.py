"""The options of `ucarp` in a text, with the place of each word.

They are split as getopt_long(3) splits them: abbreviations, bundles of letters, `--opt value` and
`--opt=value`; words that are not options are passed over.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ucarpd.ucarp_options import OPTIONS, Option

_BY_LETTER = {option.short: option for option in OPTIONS}


class Found(NamedTuple):
    """One option, or one word that is none.

    `index` is the place of its word among all words, from 0; `spelled` is the option as it is
    written.  A stray word has no option, and is its own `value`; neither has a `fault`, which says
    why `ucarp` would not take the option.
    """

    index: int  # type: ignore[assignment]  # not tuple.index()
    spelled: str
    option: Option | None = None
    value: str | None = None
    fault: str | None = None


def split(words: Sequence[str]) -> list[Found]:
    """Return the options in `words`, which are what follows the name of the command."""
    found: list[Found] = []
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            found += [Found(i, each, value=each) for i, each in enumerate(words[at + 1 :], at + 1)]
            break
        following = words[at + 1] if at + 1 < len(words) else None
        if word.startswith("--"):
            taken, is_apart = _long(at, word, following)
            found.append(taken)
        elif word.startswith("-") and word != "-":
            several, is_apart = _letters(at, word, following)
            found += several
        else:
            found.append(Found(at, word, value=word))
            is_apart = False
        at += 2 if is_apart else 1
    return found


def _long(at: int, word: str, following: str | None) -> tuple[Found, bool]:
    """Return the option, and whether its value is the following word."""
    name, equals, text = word[2:].partition("=")
    spelled = f"--{name}"
    exact = [option for option in OPTIONS if option.long == name]
    candidates = exact or [option for option in OPTIONS if option.long.startswith(name)]
    if not candidates:
        return Found(at, spelled, fault="is not an option of ucarp"), False
    if len(candidates) > 1:
        several = " or ".join(f"--{option.long}" for option in candidates)
        return Found(at, spelled, fault=f"is ambiguous: {several}"), False
    option = candidates[0]
    if not option.has_value:
        fault = "takes no value" if equals else None
        return Found(at, spelled, option if fault is None else None, fault=fault), False
    if equals:
        return Found(at, spelled, option, text), False
    return _with(at, spelled, option, following)


def _letters(at: int, word: str, following: str | None) -> tuple[list[Found], bool]:
    """Return the options in a bundle, and whether the value of the last is the following word."""
    found: list[Found] = []
    for place, letter in enumerate(word[1:], 2):
        option = _BY_LETTER.get(letter)
        if option is None:
            found.append(Found(at, f"-{letter}", fault="is not an option of ucarp"))
        elif not option.has_value:
            found.append(Found(at, f"-{letter}", option))
        elif place < len(word):
            return [*found, Found(at, f"-{letter}", option, word[place:])], False
        else:
            last, is_apart = _with(at, f"-{letter}", option, following)
            return [*found, last], is_apart
    return found, False


def _with(at: int, spelled: str, option: Option, value: str | None) -> tuple[Found, bool]:
    if value is None:
        return Found(at, spelled, fault="lacks its value"), False
    return Found(at, spelled, option, value), True


def number(text: str) -> tuple[int, str]:
    """Return the number that ucarp reads in the text, and the rest of the text.

    As strtoul(3): 0x begins a hexadecimal number, and 0 an octal one.  Raises ValueError.
    """
    found = re.match(r"\s*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", text, re.ASCII)
    # Python treats thousands of digits as an attack.
    if found is None or len(found[1]) > 20:
        raise ValueError
    digits = found[1]
    base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") else 10
    return int(digits, base), text[found.end() :]
