"""Mistakes on a command line: what was probably meant."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

_OF_SYSTEMCTL = ("start", "stop", "restart", "reload", "status", "enable", "disable", "is-active")
OF_OURS = {
    "ucarpd": ("run", "clear", "check", "fingerprint", "show-config", "import"),
    "ucarpctl": ("status", "wait", "step-down", "maintenance", "history", "metrics"),
}


def of_another_program(words: Sequence[str]) -> str:
    """Return the command of another program that does what `words` ask for; empty if there is none."""
    if not words:
        return ""
    if words[0] not in _OF_SYSTEMCTL:
        import shlex  # noqa: PLC0415 - only a mistake needs it

        programs = [name for name, commands in OF_OURS.items() if words[0] in commands]
        return shlex.join([*programs, *words]) if programs else ""
    target = words[1] if words[1:] else "NAME"
    if "/" in target and not target.endswith(".conf"):
        return f"systemctl {words[0]} ucarpd"  # It runs the files of a directory.
    return f"systemctl {words[0]} ucarpd@{target.rpartition('/')[2].removesuffix('.conf')}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about a word that is not among the `known` ones.

    It is empty if none of these is similar.
    """
    import difflib  # noqa: PLC0415 - only a mistake needs it

    meant = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {meant[0]}?" if meant else ""


class Parser(argparse.ArgumentParser):
    """A parser that names the option that was meant, also for its own commands."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            hint = did_you_mean(unknown[0].partition("=")[0], self._option_string_actions)
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return options, unknown
