"""The start of the command `ucarpctl`: the table of verbs."""

import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

from ucarpd.ctl.failure import EXIT_UNKNOWN, Failure
from ucarpd.linux.hanging import hangs
from ucarpd.linux.run_directory import run_directory
from ucarpd.linux.standard_files import open_standard_files
from ucarpd.linux.state_directory import state_directory

if TYPE_CHECKING:
    import argparse

VERBS = {
    "status": "show the state of this host's instances, and their faults",
    "wait": "wait until an instance has a state, for scripts",
    "step-down": "offer the role to the other hosts, once",
    "maintenance": "take this host, or one instance, out of service for a while",
    "history": "show past events of the instances, with time and reason",
    "metrics": "give metrics to Prometheus, by HTTP or in a file",
}
"""What each verb does.  Its module is here, with the verb's name: `step_down` for `step-down`."""

_OF_STATE = ("status", "maintenance", "history")
"""The verbs that read the state directory: the others work while its file system hangs."""

_EPILOG = "ucarpctl VERB --help says more, ucarpctl(1) everything."


class Verb(Protocol):
    """The module of a verb."""

    def add_arguments(self, parser: "argparse.ArgumentParser") -> None:
        """Add the options and arguments of this verb; the description is there already."""

    def run(self, options: "argparse.Namespace") -> int:
        """Run the verb and return the exit status; raise Failure if that is impossible."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    open_standard_files()
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if isinstance(sys.stdout, TextIOWrapper):
        # A locale that lacks a letter of a file's name is no reason to say nothing.
        sys.stdout.reconfigure(errors="replace")
    words = sys.argv[1:] if arguments is None else arguments
    try:
        status = _run(words)
        sys.stdout.flush()
    except Failure as failure:
        print(f"ucarpctl: {failure}", file=sys.stderr)
        return failure.status
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader, such as `head`, has read enough.
        _discard_output()
        return 128 + signal.SIGPIPE
    except OSError as error:  # standard output on a full disk, for example
        print(f"ucarpctl: {error}", file=sys.stderr)
        _discard_output()
        return EXIT_UNKNOWN
    except Exception:  # noqa: BLE001 - Python's own status for it, 1, means `degraded`
        import traceback

        traceback.print_exc()
        return EXIT_UNKNOWN
    return status


def _discard_output() -> None:
    """If the rest cannot be written, keep Python from trying it at its end, and from failing again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(words: Sequence[str]) -> int:
    if words and words[0] in VERBS:
        verb = load(words[0])
        parser = _parser(f"ucarpctl {words[0]}", description=_sentence(VERBS[words[0]]))
        verb.add_arguments(parser)
        options = parser.parse_args(words[1:])
        for directory in (run_directory(), *([state_directory()] if words[0] in _OF_STATE else [])):
            if hangs(directory):
                raise Failure(f"{directory}: its file system does not answer")
        return verb.run(options)
    return _without_verb(words)


def load(name: str) -> Verb:
    """Return the module of a verb."""
    from importlib import import_module

    return cast("Verb", import_module(f"ucarpd.ctl.{name.replace('-', '_')}"))


def _without_verb(words: Sequence[str]) -> int:
    import argparse

    from ucarpd import __version__
    from ucarpd.usage import did_you_mean, of_another_program

    if command := of_another_program(words):
        raise Failure(f"type: {command}")
    listed = "\n".join(f"  {name:12} {does}" for name, does in VERBS.items())
    parser = _parser(
        "ucarpctl",
        description=f"Query and control ucarpd on this host.\n\nverbs:\n{listed}",
        usage="ucarpctl VERB [OPTION ...] [NAME]",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"ucarpctl {__version__}")
    parser.add_argument("verb", nargs="?", help=argparse.SUPPRESS)
    parser.parse_args(words[:1])
    if not words:
        parser.print_help()
        return EXIT_UNKNOWN
    hint = did_you_mean(words[0], VERBS)
    return parser.error(f"there is no verb {words[0]!r}; use one of {', '.join(VERBS)}{hint}")


def _parser(name: str, **texts: str) -> "argparse.ArgumentParser":
    import argparse

    from ucarpd import usage

    class Parser(usage.Parser):
        def error(self, message: str) -> NoReturn:
            # Status 2, which argparse has for this, is `critical` for a monitoring plug-in.
            raise Failure(f"{message}\n{self.format_usage().rstrip()}")

    return Parser(name, formatter_class=argparse.RawDescriptionHelpFormatter, **texts)  # type: ignore[arg-type]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
