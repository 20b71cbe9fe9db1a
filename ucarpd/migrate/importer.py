"""Imports a file of another kind, or a command line: `ucarpd import`.

It runs no part of a file.  A remark names each line that it does not understand.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ucarpd.config import Config, ConfigError, Problem, files, load
from ucarpd.config.kinds import KEYS_FOR_A_KERNEL, Kind, kind_of
from ucarpd.config.problems import place, printable
from ucarpd.linux.process_user import user_of
from ucarpd.migrate import (
    containers,
    environment,
    finish,
    ifupdown,
    keepalived,
    not_followed,
    options,
    rc_conf,
    shell_script,
    start_script,
    starters,
    systemd_unit,
    vip_common,
    yaml_files,
)
from ucarpd.migrate.environment import Assignment
from ucarpd.migrate.findings import MOST_HOSTS, Findings, Host, Source, too_much
from ucarpd.migrate.reading import read_text
from ucarpd.migrate.shell_words import Splitter
from ucarpd.migrate.typed_options import HIDDEN
from ucarpd.migrate.variables import Variables

_READERS = {
    Kind.SHELL: start_script.read,
    Kind.KEYS: start_script.read,
    Kind.UNIT: systemd_unit.read,
    Kind.KEEPALIVED: keepalived.read,
    Kind.IFUPDOWN: ifupdown.read,
    Kind.RC_CONF: rc_conf.read,
    Kind.VARIABLES: yaml_files.read_variables,
    Kind.COMPOSE: yaml_files.read_compose,
    Kind.DOCKERFILE: containers.read_dockerfile,
}


def of_file(path: Path, root: Path = Path("/")) -> Findings:
    """Import a file, or a directory with Fedora's files.  Raises ConfigError.

    `root` is the directory in which to look for files that start `ucarp`.
    """
    findings = Findings()
    kind = Kind.VIP_COMMON
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir() raises an error if it may not look
        path /= vip_common.COMMON
        if not vip_common.instances(path.parent):
            raise ConfigError([Problem(path.parent, None, None, "has no vip-NNN.conf in it")])
        vip_common.read(findings, path)
    else:
        text = read_text(path)
        kind, line = kind_of(text, path.name)
        if kind in {Kind.VIP, Kind.VIP_COMMON}:
            vip_common.read(findings, path)
        elif kind is Kind.OPTIONS:
            _read_options(findings, path, text)
        elif kind is Kind.PROCESS:
            _read_process(findings, path, text)
        elif reader := _READERS.get(kind):
            reader(findings, path, text)
            not_followed.tell(findings, path, text)
        else:
            words = f"this is {kind.value}, which ucarpd import does not read: "
            words += (
                KEYS_FOR_A_KERNEL
                if kind is Kind.KERNEL_CARP
                else "give the options of its ucarp to  ucarpd import --command"
            )
            raise ConfigError([Problem(path, line, None, words)])
    _complete(findings)
    if findings.hosts and kind is not Kind.KEEPALIVED:
        starters.tell(findings, path, root)
    return findings


def of_command(words: Sequence[str]) -> Findings:
    """Import a command line of `ucarp`; a single word is split as a shell does."""
    findings, path = Findings(), Path("--command")
    if len(words) == 1:
        script = shell_script.Script(findings, path)
        script.follow(words[0] if "ucarp" in words[0].split(" ")[0] else f"ucarp {words[0]}")
        findings.hosts += script.hosts
    else:
        given = words[1:] if words[0].rpartition("/")[2] == "ucarp" else words
        host = Host(Source(path))
        options.take(findings, host, given, host.source)
        findings.hosts += [host] if host.values else []
    _complete(findings)
    return findings


def of_processes(pids: Sequence[int], proc: Path = Path("/proc")) -> Findings:
    """Return what becomes of running processes of `ucarp`.  Raises ConfigError."""
    findings = Findings()
    for pid in pids:
        path = proc / str(pid) / "cmdline"
        try:
            user = user_of(path.parent)
        except OSError:
            raise ConfigError([Problem(path, None, None, f"there is no process {pid}")]) from None
        text = read_text(path)
        if kind_of(text)[0] is not Kind.PROCESS:
            name = text.partition("\0")[0] or "a part of the kernel, or has ended"
            text = f"this is not ucarp, but {printable(name)}"
            raise ConfigError([Problem(path, None, None, text)])
        if user != 0:
            # pidof finds it too, and root would run the scripts that it names.
            text = f"user {user} runs it, but only root can run ucarp: it may name any script"
            raise ConfigError([Problem(path, None, None, text)])
        _read_process(findings, path, text)
    _complete(findings)
    return findings


def _read_options(findings: Findings, path: Path, text: str) -> None:
    """A file of options, one or more in a line."""
    variables, words, sources = Variables(), [], []
    for command in Splitter(text).commands():
        for word, line in zip(command.words, command.lines, strict=True):
            for each in variables.expand(word):
                words.append(each)
                sources.append(Source(path, line))
    host = Host(Source(path))
    options.take(findings, host, words, sources, variables)
    findings.hosts.append(host)


def _read_process(findings: Findings, path: Path, text: str) -> None:
    """/proc/PID/cmdline."""
    words = text.rstrip("\0").split("\0")[1:]
    host = Host(Source(path))
    options.take(findings, host, words, host.source)
    if host.text("UCARP_PASS") == HIDDEN:
        findings.remark(
            host.source, "this ucarp shows no password: look at the script or unit that started it"
        )
        del host.values["UCARP_PASS"]
    with suppress(OSError):
        content = files.read(path.with_name("environ")).decode(errors="surrogateescape")
        pairs = (each.partition("=") for each in content.split("\0"))
        given = [Assignment(name, value, host.source) for name, equals, value in pairs if equals]
        environment.keep_for_scripts(findings, host, given, Variables(), is_inherited=True)
    findings.hosts.append(host)


def _complete(findings: Findings) -> None:
    if len(findings.hosts) > MOST_HOSTS:
        text = f"this is virtual host {MOST_HOSTS + 1}: import a part of it"
        raise too_much(findings.hosts[MOST_HOSTS].source, text)
    seen: dict[tuple[str | None, str | None], Host] = {}
    for host in findings.hosts:
        finish.finish(findings, host)
        starters.tell_of_scripts(findings, host)
        identity = (host.text("UCARP_INTERFACE"), host.text("UCARP_VHID"))
        if identity in seen and None not in identity:
            text = f"has the vhid and interface of {seen[identity].source}: keep one of the two"
            findings.remark(host.source, text)
        seen[identity] = host


def check(text: str, name: str, there: Iterable[Config] = ()) -> list[Problem]:
    """Return the faults for which ucarpd would refuse this text in a file called `name`.

    `there` are the files beside which it would run.
    """
    found = _load(text, name)
    if not isinstance(found, Config):
        return found
    path = Path(f"{name}.conf")
    return [
        Problem(path, None, None, text)
        for each in there
        if each.path.name != path.name and (text := _in_common(found, each))
    ]


def _in_common(new: Config, there: Config) -> str:
    """Return what only one of the two may have; empty if they can run beside each other."""
    if (new.interface, new.vhid) == (there.interface, there.vhid):
        what = f"vhid {new.vhid} on {new.interface}"
    else:
        shared = {each.ip for each in new.served} & {each.ip for each in there.served}
        what = ", ".join(sorted(str(ip) for ip in shared if not ip.is_link_local))
    if not what:
        return ""
    return f"{place(there.path)} already has {what}: keep one of the two"


def _load(text: str, name: str) -> Config | list[Problem]:
    # In memory: the password is in it.
    descriptor = os.memfd_create("import")
    try:
        os.write(descriptor, text.encode())
        return load(Path(f"/proc/self/fd/{descriptor}"), {})
    except ConfigError as error:
        return [Problem(Path(f"{name}.conf"), p.line, p.key, p.text) for p in error.problems]
    finally:
        os.close(descriptor)
