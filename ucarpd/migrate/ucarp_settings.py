"""The meaning of the values of ucarp's options: configuration keys, remarks, or faults.

A command line of ucarp 1.5.2 still works; if ucarp understood a value differently from its writer,
there is a remark.  A value that ucarp silently cut off, such as an advskew of 300, is refused.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from ucarpd.config import files, types
from ucarpd.config.bash import spell_for_ucarpd
from ucarpd.config.keys import BY_NAME
from ucarpd.ucarp_options import OPTIONS, number

_KEYS = {each.long: each.key for each in OPTIONS if each.key and not each.long.startswith("pass")}

EXIT_REFUSED = 1
EXIT_CANNOT_RUN = 2
"""The exit statuses of ucarp: for most faults, and for a long password or an unusable interface."""

_ALWAYS = {
    # ucarp lets a script run as long as it likes, and runs it once.
    "UCARP_SCRIPT_TIMEOUT": "0",
    "UCARP_RERUN_UPSCRIPT": "no",
    "UCARP_SHUTDOWN": "no",
}
_LARGEST = {"advbase": 253, "advskew": 254, "deadratio": 255, "vhid": 255}
_NEEDED = {
    "vhid": "--vhid=ID (1 to 255)",
    "srcip": "--srcip=IP (an address of this host)",
    "addr": "--addr=IP (the virtual address)",
}
NO_SCRIPT = "/bin/true"
"""Without scripts ucarp sets no address, and ucarpd leaves that to scripts if there is one."""


class Refused(Exception):
    """The options cannot be used; the message says why, and `status` is for the exit."""

    def __init__(self, text: str, status: int = EXIT_REFUSED) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class Settings:
    """`keys` are for a configuration file, `remarks` for the operator.

    There may be no UCARP_INTERFACE in `keys`.
    """

    keys: dict[str, str] = field(default_factory=lambda: dict(_ALWAYS))
    remarks: list[str] = field(default_factory=list)
    is_logged_to_syslog: bool = True

    def text(self) -> str:
        """Return the lines of a configuration file."""
        return "".join(f"{key}={spell_for_ucarpd(text)}\n" for key, text in self.keys.items())


def settings(given: Mapping[str, str], directory: Path) -> Settings:
    """Return the meaning of the options `given`, by long name.  Raises Refused.

    Relative paths start at `directory`.
    """
    result = Settings()
    for name, text in given.items():
        if read := _READERS.get(name):
            read(result, name, text)
    result.keys["UCARP_KEY"] = _key(given, directory)
    for name, wanted in _NEEDED.items():
        if name not in given:
            raise Refused(f"--{name} is missing: add {wanted}")
    for name in ("upscript", "downscript"):
        if given.get(name):
            result.keys[_KEYS[name]] = os.path.normpath(directory / given[name])
        else:
            direction = name.removesuffix("script")
            result.remarks.append(f"no script called when going {direction}: there is no --{name}")
    if not given.get("upscript") and not given.get("downscript"):
        result.keys["UCARP_UPSCRIPT"] = NO_SCRIPT
    for key, text in result.keys.items():
        try:
            types.require_no_controls(text)
            BY_NAME[key].parse(text)
        except ValueError as error:
            raise Refused(f"{option_of(key)}: {error}") from None
    return result


def _number(result: Settings, name: str, text: str) -> None:
    largest = _LARGEST[name]
    try:
        read, rest = number(text)
    except ValueError:
        raise Refused(f"--{name}: '{text}' is not a number") from None
    if largest < read <= 255:
        result.remarks.append(f"--{name}={read} is taken for {largest}, the largest that works")
        read = largest
    elif name == "deadratio" and read == 1:
        result.remarks.append(
            "--deadratio=1 is taken for 2: with 1, one late advertisement makes two masters"
        )
        read = 2
    elif rest or _is_octal(text, read):
        result.remarks.append(f"--{name}: '{text}' is read as {read}, as ucarp does")
    least = {"vhid": 1, "advbase": 1, "deadratio": 2, "advskew": 0}[name]
    if not least <= read <= largest:
        raise Refused(f"--{name} must be from {least} to {largest} (got '{text}')")
    result.keys[_KEYS[name]] = str(read)


def _is_octal(text: str, read: int) -> bool:
    """Return whether the number that was read is another one than its decimal digits say."""
    digits = text.strip().lstrip("+")
    return digits.isdecimal() and int(digits) != read


def _address(result: Settings, name: str, text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        prefix = "; leave out the prefix length, which the up-script chooses" if "/" in text else ""
        raise Refused(f"--{name}: '{text}' is not an IP address{prefix}") from None
    # A loopback address as source works with ucarp, which takes any address of the host.
    result.keys[_KEYS[name]] = text


def _yes(result: Settings, name: str, _text: str) -> None:
    result.keys[_KEYS[name]] = "yes"


def _text(result: Settings, name: str, text: str) -> None:
    if text:
        result.keys[_KEYS[name]] = text


def _interface(result: Settings, _name: str, text: str) -> None:
    """Scripts that get eth0:0 make an address with this label."""
    name, colon, _label = text.partition(":")
    if colon:
        result.keys["UCARP_SCRIPT_INTERFACE"] = text
        result.remarks.append(f"--interface={text}: advertising on {name}; the scripts get {text}")
    result.keys["UCARP_INTERFACE"] = name


def _facility(result: Settings, _name: str, text: str) -> None:
    if text.lower() == "none":
        result.is_logged_to_syslog = False
    elif text.lower() in types.FACILITIES:
        result.keys["UCARP_FACILITY"] = text.lower()
    else:
        result.remarks.append(f"unknown syslog facility '{text}': logging with the facility daemon")


_READERS: dict[str, Callable[[Settings, str, str], None]] = {
    **dict.fromkeys(("vhid", "advbase", "advskew", "deadratio"), _number),
    **dict.fromkeys(("srcip", "addr", "mcastip"), _address),
    **dict.fromkeys(("preempt", "neutral", "shutdown", "ignoreifstate", "nomcast"), _yes),
    "xparam": _text,
    "interface": _interface,
    "facility": _facility,
}


def _key(given: Mapping[str, str], directory: Path) -> str:
    """Return the password as a hexadecimal key, which no quoting can change.

    ucarp reads the options one after the other, so the later of two ways wins.
    """
    ways = [name for name in given if name in {"pass", "passfile"}]
    if not ways:
        raise Refused("the password is missing: add --passfile=FILE (or --pass=PASSWORD)")
    if ways[-1] == "pass":
        secret, where = os.fsencode(given["pass"]), "--pass"
    else:
        path = directory / given["passfile"]
        where = f"--passfile={path}"
        try:
            secret = _first_line(path)
        except OSError as error:
            raise Refused(f"{where} {files.why_not(error)}") from None
    if not secret:
        raise Refused(f"{where}: there is no password in it")
    try:
        return types.password_bytes(secret).hex()
    except ValueError as error:
        raise Refused(f"{where}: {error}", EXIT_CANNOT_RUN) from None


def _first_line(path: Path) -> bytes:
    # It may be a pipe, and the password need not be in a file: --passfile=/dev/stdin.
    with path.open("rb") as file:
        return file.readline(4096).rstrip(b"\n")


def option_of(key: str) -> str:
    return next((f"--{name}" for name, each in _KEYS.items() if each == key), key)


def in_options(text: str) -> str:
    """Return what is said about the file as what is said about the command line."""
    return re.sub(r"(UCARP_\w+)( in line \d+)?", lambda found: option_of(found[1]), text)
