"""Puts the values of another program into the words of ours, and says where they differ."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import PurePosixPath

from ucarpd import ucarp_options
from ucarpd.config import types
from ucarpd.config.keys import BY_NAME
from ucarpd.config.problems import got
from ucarpd.migrate.findings import Findings, Host, Source, Value
from ucarpd.migrate.reading import NOT_UTF_8

_LARGEST = {"UCARP_ADVSKEW": 254, "UCARP_ADVBASE": 253, "UCARP_DEADRATIO": 255}
_CUT_TO_A_BYTE = {"UCARP_ADVSKEW", "UCARP_ADVBASE"}
_WITH_NUMBER = {"UCARP_VHID", "UCARP_ADVSKEW", "UCARP_ADVBASE", "UCARP_DEADRATIO"}
_ADDRESSES = {"UCARP_ADDR", "UCARP_EXTRA_ADDRS", "UCARP_SRCIP"}
SCRIPTS = ("UCARP_UPSCRIPT", "UCARP_DOWNSCRIPT")
OF_TEMPLATE = re.compile(r"\{\{.*\}\}|\{%.*%\}|<%.*%>|#\{.*\}")
"""Marks of Jinja, ERB, and strings of Ruby."""

Remark = Callable[[str], None]
"""Says something about the value at hand."""


def put(
    findings: Findings,
    host: Host,
    key: str,
    text: str,
    name: str,
    source: Source,
    *,
    is_option: bool = False,
) -> None:
    """Set a canonical key of `host` from the value of `name`; an empty value sets nothing.

    `is_option` means that it is an option of the command itself, and not of a wrapper around it.
    """
    if not text:
        return

    def remark(words: str) -> None:
        findings.remark(source, f"{name}: {words}")

    if OF_TEMPLATE.search(text):
        remark(f"is filled in by a template: {key} left out")
        return
    meant: str | None = text.strip() if key != "UCARP_PASS" else text
    assert meant is not None
    if key in _WITH_NUMBER:
        meant = _number(key, meant, remark)
    elif BY_NAME[key].parse is types.boolean:
        meant = _boolean(meant, remark)
    elif key in _ADDRESSES:
        meant = _addresses(key, meant, remark)
    elif key == "UCARP_INTERFACE":
        meant = _interface(host, meant, name, source, remark)
    elif key == "UCARP_FACILITY":
        meant = _facility(meant, remark)
    elif key == "UCARP_ROUTES":
        meant = _routes(meant, remark)
    elif key in SCRIPTS:
        meant = _script(host, key, meant, remark)
    elif key == "UCARP_PASS" and text.startswith("/"):
        meant = _password(host, text, remark, is_option=is_option)
    if meant is None:
        return
    if key == "UCARP_PASS" and NOT_UTF_8.search(meant):
        remark("is not UTF-8: its bytes are UCARP_KEY in the result")
        key, meant = "UCARP_KEY", meant.encode(errors="surrogateescape").hex()
    before = host.values.get(key)
    is_settled = key == "UCARP_IF_ALIAS"
    if before and before.text != meant and before.name != name and not is_settled:
        where = f"{before.name} in {before.source}"
        remark(f"differs from {where}, which is also {key}: the later value counts")
    host.values[key] = Value(meant, name, source)


def _password(host: Host, text: str, remark: Remark, *, is_option: bool) -> str | None:
    """Return what is meant by a password that looks like a path."""
    if is_option:
        remark(
            "looks like a path; ucarp takes it for the password itself, and so does the result:"
            " if the file is meant, write UCARP_PASSFILE"
        )
        return text
    remark(
        "is it a password, or the path of a file with one? ucarpd import does not guess:"
        " keep UCARP_PASSFILE= or UCARP_PASS= of the two lines in the result"
    )
    host.open_lines += [f"UCARP_PASSFILE={text}", f"UCARP_PASS={text}"]
    host.is_complete = False
    return None


def _number(key: str, text: str, remark: Remark) -> str | None:
    try:
        number, _ = ucarp_options.number(text)
    except ValueError:
        remark(f"is not a number: {key} left out {got(text)}")
        return None
    if text.lstrip("0") not in {str(number), ""}:
        remark(f"ucarp reads {text} as {number}, and so does the result")
    elif text != str(number):
        remark(f"{text} is written {number} here, without leading zeros")
    if number > 255 and key in _CUT_TO_A_BYTE:
        remark(f"ucarp takes {number} for {number % 256}, and so does the result")
        number %= 256
    if number > (largest := _LARGEST.get(key, number)):
        remark(f"{number} is more than ucarpd takes: {largest}")
        number = largest
    if key == "UCARP_DEADRATIO" and number < 2:
        remark("with less than 2 a single late advertisement makes two masters: 2 is used")
        number = 2
    return str(number)


def _boolean(text: str, remark: Remark) -> str | None:
    meant = types.meant_boolean(text)
    if meant is None:
        remark(f"is neither yes nor no; wrappers take any such word for yes {got(text)}")
        meant = True
    return "yes" if meant else "no"


def _addresses(key: str, text: str, remark: Remark) -> str | None:
    found = []
    for item in re.split(r"[,\s]+", text.strip(" ,\t")):
        bare = re.sub(r"^\[([^]]*)\]", r"\1", item)
        if bare != item:
            remark(f"{item} is written without brackets here: {bare}")
        if key == "UCARP_SRCIP" and "/" in bare:
            host = bare.partition("/")[0]
            remark(f"this host's own address is written without a prefix length here: {host}")
            bare = host
        found.append(bare)
    return ",".join(found)


def _interface(host: Host, text: str, name: str, source: Source, remark: Remark) -> str:
    bare, colon, _ = text.partition(":")
    if colon:
        remark(
            f"{text} is a label of the interface {bare}, so it becomes UCARP_IF_ALIAS, and the first"
            " argument of scripts: UCARP_SCRIPT_INTERFACE"
        )
        for key in ("UCARP_IF_ALIAS", "UCARP_SCRIPT_INTERFACE"):
            host.values.setdefault(key, Value(text, name, source))
    return bare


def _facility(text: str, remark: Remark) -> str | None:
    short = text.lower().removeprefix("log_")
    if short in types.FACILITIES:
        return short
    if short == "none":
        remark("none: ucarpd run --log stderr keeps the log out of syslog")
    else:
        remark(
            f"is not a syslog facility: ucarp uses daemon instead, and so does ucarpd {got(text)}"
        )
    return None


def _routes(text: str, remark: Remark) -> str:
    with suppress(ValueError):
        ip_address(text)
        remark(f"is taken for the default gateway of the master: default via {text}")
        return f"default via {text}"
    return text


def _script(host: Host, key: str, text: str, remark: Remark) -> str | None:
    path, space, _ = text.partition(" ")
    if space and not os.path.exists(text):  # noqa: PTH110 - this user may not look there
        remark(f"a script has no arguments here; put them into UCARP_XPARAM {got(text)}")
        text = path
    if not PurePosixPath(text).is_absolute():
        remark(f"must have its full path here: complete the line in the result {got(text)}")
        host.open_lines.append(f"{key}=/…/{PurePosixPath(text).name}")
        host.is_complete = False
        return None
    return text
