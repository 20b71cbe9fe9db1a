"""Health checks in a file: `UCARP_CHECK_NAME="TARGET [option=value …]"`.

KINDS has one row for each kind of target; the room `checks` has another one, which runs it.  Words
are separated as in a shell, and single quotes keep a word together.  The options are the last words
with names that the kind knows, so a program may have any arguments before them.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ucarpd.carp.params import IPAddress
from ucarpd.carp.rank import DOWN_AMOUNT, LARGEST_FAILING
from ucarpd.config import address_types, types

NEVER = "never"

LONGEST_DEFAULT_TIMEOUT = 10.0
"""Seconds; without `timeout=` a run may take as long as the interval, and no longer than this."""


LONGEST_HOLD_INTERVAL = 30.0
"""Seconds; only a gateway that answered during the last minute holds up a takeover."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server: `port` is 1 to 65535, `path` is empty except for HTTP, and starts with / there."""

    host: str
    port: int
    path: str = ""


Where = tuple[str, ...] | Endpoint | str | IPAddress
"""A command, a server, the name of a unit or interface, or a neighbour; the kind says which."""


class Check(NamedTuple):
    """A check of this host.  `text` is its value in a file, with every option; `target` a part of it.

    `interval` and `timeout` are in seconds.  After `fall` failures in a row the check has failed,
    after `rise` successes it is good.  `demote` is 1 to LARGEST_FAILING; None: while it fails, this host
    never serves.  `user` runs a program (None: as ucarpd itself).  `statuses` are the ranges of good
    HTTP statuses, `body` is a text that the answer must contain.  `hold`: if the neighbour falls silent
    together with the master, this host waits once more before it takes over.
    """

    kind: str
    target: str
    where: Where
    text: str
    interval: float
    timeout: float
    rise: int
    fall: int
    demote: int | None
    name: str = ""
    user: str | None = None
    statuses: tuple[tuple[int, int], ...] = ((200, 299),)
    body: str = ""
    verify: bool = True
    hold: bool = False

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Check:
    """Parse the value of a key; the check has no name yet."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("has a quote that is not closed") from None
    name, _, rest = words[0].partition(":") if words else ("", "", "")
    kind = KINDS.get(name)
    if kind is None or not rest:
        raise ValueError(
            f"must begin with one of {', '.join(each.form for each in KINDS.values())}"
        )
    target, given = _split_options(kind, words)
    if len(target) > 1 and not kind.takes_arguments:
        known = ", ".join(f"{each}=" for each in kind.options)
        quotes = "" if "=" in target[-1] else "; a value with spaces needs quotes"
        raise ValueError(
            f"{target[-1]} is not an option of {name}: its options are {known}{quotes}"
        )
    where = kind.parse((rest, *target[1:]))
    return _check(name, _joined(target), where, kind, given)


def _split_options(kind: "Kind", words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words of the target, and the options, which are the last words."""
    target, given = list(words), {}
    while len(target) > 1:
        name, equals, value = target[-1].partition("=")
        is_flag = not equals and kind.options.get(name) is types.boolean
        if not (equals or is_flag) or name not in kind.options:
            break
        if name in given:
            raise ValueError(f"has {name} twice")
        given[name] = "yes" if is_flag else value
        target.pop()
    return target, given


def _check(name: str, target: str, where: Where, kind: "Kind", given: Mapping[str, str]) -> Check:
    fields = dict(kind.defaults)
    for option, value in given.items():
        try:
            fields[_FIELD.get(option, option)] = kind.options[option](value)
        except ValueError as error:
            raise ValueError(f"{option}= {error}") from None
    if fields.get("hold") and fields["interval"] > LONGEST_HOLD_INTERVAL:
        raise ValueError(f"hold needs an interval= of {LONGEST_HOLD_INTERVAL:g} at most")
    fields.setdefault("timeout", min(fields["interval"], LONGEST_DEFAULT_TIMEOUT))
    shown = {option: _written(fields[option]) for option in _COMMON if option in kind.options}
    others = (each for each in kind.options if each in given and each not in _COMMON)
    shown |= {option: given[option] for option in others}
    options = [f"{option}={value}" for option, value in shown.items()]
    text = f"{target} {_joined(options)}"
    return Check(kind=name, target=target, where=where, text=text, **fields)


def _joined(words: Iterable[str]) -> str:
    """Return words as they may stand in a value; only the necessary ones are in quotes."""
    return " ".join(
        shlex.quote(word) if re.search(r"""[\s'"\\]""", word) or not word else word
        for word in words
    )


def _written(value: object) -> str:
    return NEVER if value is None else types.written(value)


# -- options ---------------------------------------------------------------------------------------


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or not 0.1 <= float(text) <= 3600:
        raise ValueError("must be seconds from 0.1 to 3600")
    return float(text)


def _demote(text: str) -> int | None:
    if text.lower() == NEVER:
        return None
    try:
        return types.integer(1, LARGEST_FAILING)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or {NEVER}") from None


def _statuses(text: str) -> tuple[tuple[int, int], ...]:
    ranges = [
        re.fullmatch("([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?", each) for each in text.split(",")
    ]
    found = tuple((int(each[1]), int(each[2] or each[1])) for each in ranges if each)
    if len(found) < len(ranges) or any(low > high for low, high in found):
        raise ValueError("must be an HTTP status such as 200, a range such as 200-299, or a list")
    return found


def _filled(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


_FIELD = {"status": "statuses", "text": "body"}
_TIMES: dict[str, Callable[[str], Any]] = {
    "interval": _seconds,
    "timeout": _seconds,
    "rise": types.integer(1, 100),
    "fall": types.integer(1, 100),
}
_DEMOTE: dict[str, Callable[[str], Any]] = {"demote": _demote}
_COMMON = {**_TIMES, **_DEMOTE}
_PAGE: dict[str, Callable[[str], Any]] = {"status": _statuses, "text": _filled}


# -- targets ---------------------------------------------------------------------------------------


def _program(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words[0].startswith("/"):
        raise ValueError("must name the program by an absolute path: exec:/PATH")
    return words


def _server(words: tuple[str, ...]) -> Endpoint:
    host, port, path = _address(words[0])
    if port is None or path:
        raise ValueError("must be tcp://HOST:PORT")
    return Endpoint(host, port)


def _web(default_port: int) -> Callable[[tuple[str, ...]], Endpoint]:
    def parse_web(words: tuple[str, ...]) -> Endpoint:
        host, port, path = _address(words[0])
        return Endpoint(host, port or default_port, path if path.startswith("/") else f"/{path}")

    return parse_web


def _address(rest: str) -> tuple[str, int | None, str]:
    """Return host, port and path of what follows the colon of a URL."""
    if re.match("//[^/\\[]*:[^/]*:", rest):
        raise ValueError("must have an IPv6 address in brackets, as in //[::1]:80")
    if not re.fullmatch("[!-~]+", rest):
        raise ValueError("must not have characters outside ASCII: write them as %XX in a URL")
    try:
        parts = urlsplit(rest)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None  # The words of the library may quote a password.
    if not rest.startswith("//") or not host or port == 0:
        raise ValueError("must name a host after //, and a port from 1 to 65535 after :")
    if "@" in parts.netloc:
        raise ValueError("cannot have a user or a password")
    if "#" in rest:
        raise ValueError("cannot have a fragment (#)")
    return host, port, parts.path + (f"?{parts.query}" if parts.query else "")


def _unit(words: tuple[str, ...]) -> str:
    if not re.fullmatch(r"[\w:.@\\-]+\.[a-z]+", words[0]):
        raise ValueError("must be the name of a unit with its type, such as apache2.service")
    return words[0]


def _link(words: tuple[str, ...]) -> str:
    return types.interface(words[0])


def _neighbour(words: tuple[str, ...]) -> IPAddress:
    return address_types.address(words[0])


_REPEATED = {"interval": 2.0, "rise": 2, "fall": 3, "demote": DOWN_AMOUNT}


class Kind(NamedTuple):
    """A kind of target.  `form` is an example; `parse` takes the text after the colon, and the arguments."""

    form: str
    parse: Callable[[tuple[str, ...]], Where]
    options: Mapping[str, Callable[[str], Any]]
    takes_arguments: bool = False
    defaults: Mapping[str, Any] = _REPEATED


_AT_ONCE = {"interval": 1.0, "rise": 1, "fall": 1, "demote": DOWN_AMOUNT}
"""The kernel reports each change, so there is nothing to repeat."""

KINDS: dict[str, Kind] = {
    "exec": Kind(
        form="exec:/PATH",
        parse=_program,
        options={**_COMMON, "user": _filled},
        takes_arguments=True,
    ),
    "tcp": Kind(form="tcp://HOST:PORT", parse=_server, options=_COMMON),
    "http": Kind(form="http://HOST/", parse=_web(80), options=_COMMON | _PAGE),
    "https": Kind(
        form="https://HOST/",
        parse=_web(443),
        options=_COMMON | _PAGE | {"verify": types.boolean},
    ),
    "unit": Kind(form="unit:NAME.service", parse=_unit, options=_COMMON),
    "link": Kind(form="link:INTERFACE", parse=_link, options=_DEMOTE, defaults=_AT_ONCE),
    "arp": Kind(form="arp:ADDRESS", parse=_neighbour, options={**_COMMON, "hold": types.boolean}),
}
