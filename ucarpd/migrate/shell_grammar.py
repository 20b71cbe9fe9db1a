"""Questions about the words and commands of a shell script."""

import re
from itertools import pairwise

from ucarpd.migrate.shell_words import Command, Word, plain

OPENING = {"if", "case", "while", "until"}
CLOSING = {"fi", "esac"}
LEADING = {
    *("then", "do", "else", "elif", "!", "{", "time"),
    *("export", "local", "readonly", "declare", "typeset"),
}
WRAPPERS = {
    *("exec", "nohup", "sudo", "setsid", "nice", "ionice", "chrt", "env", "su", "runuser"),
    *("daemon", "start-stop-daemon", "systemd-run", "command", "ip", "capsh", "chroot", "tini"),
    *("dumb-init", "supervise-daemon", "timeout", "eval", "doas", "start_daemon", "daemonize"),
    *("gosu", "busybox"),
}
ONLY_TALK = {
    *("echo", "printf", "logger", "test", "[", "ps", "grep", "cat", "ls", "which"),
    *("cp", "mv", "rm", "ln"),
}
ENGINES = {"docker", "podman", "nerdctl"}
SHELLS = {"sh", "bash", "dash", "ash", "su", "eval"}


def is_pattern(text: str) -> bool:
    """Return whether a shell would look for files with such names."""
    return re.search(r"[*?\[]", text) is not None


def is_assignment(word: Word) -> bool:
    """Return whether the name and the = are not quoted."""
    return word[0].kind == "text" and not word[0].quoted and "=" in word[0].text


def behind(word: Word, length: int) -> Word:
    """Return the word without its first `length` letters, which are text."""
    first = word[0]
    cut = type(first)(first.kind, first.text[length:], first.quoted)
    return [cut, *word[1:]]


def end_of_loop(commands: list[Command], at: int) -> int | None:
    """Return the place of the `done` of the loop at `at`; None if there is none."""
    depth = 0
    for place in range(at, len(commands)):
        words = [plain(word) for word in commands[place].words[:2]]
        first = words[1] if words[0] in {"do", "then"} and len(words) > 1 else words[0]
        if first in {"for", "while", "until"}:
            depth += 1
        elif first == "done":
            depth -= 1
            if depth == 0:
                return place
    return None


def container_command(expanded: list[tuple[str, int]]) -> list[str]:
    """Return the words from `docker` on, also behind a program such as sudo; else no words."""
    words = [word for word, _ in expanded]
    names = [word.rpartition("/")[2] for word in words]
    for place, name in enumerate(names):
        is_behind = names[0] in WRAPPERS and names[place + 1 : place + 2] in (["run"], ["create"])
        if name in ENGINES and (place == 0 or is_behind):
            return words[place:]
    return []


def is_started(expanded: list[tuple[str, int]]) -> bool:
    """Return whether an unknown command, or a line of a crontab, starts `ucarp` by its path."""
    return expanded[0][0].rpartition("/")[2] not in ONLY_TALK and any(
        word.startswith("/") and word.endswith("/ucarp") and following.startswith("-")
        for (word, _), (following, _) in pairwise(expanded)
    )
