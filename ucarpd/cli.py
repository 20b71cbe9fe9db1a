"""The command `ucarpd`."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ucarpd.exit_status import EXIT_CONFIG, EXIT_LEFT_OVER, EXIT_USAGE
from ucarpd.linux.scarcity import guarded

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from ucarpd.config import Loaded

# Each command has its own imports: `clear` is done before the rest would be loaded.


def main(arguments: Sequence[str] | None = None) -> int:
    return guarded("ucarpd", lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    if arguments is None and sys.argv[0].rpartition("/")[2] == "ucarp":
        from ucarpd.migrate.entry import main as ucarp

        return ucarp()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["run"]:
        from ucarpd.linux import held_signals

        # Before the other imports, which take much longer; `Process` releases them.
        held_signals.hold()
    from ucarpd.linux.standard_files import open_standard_files

    open_standard_files()
    paths = [word for word in words[1:] if not word.startswith("-")]
    # As the units run them: without argparse, which takes time and memory.
    if paths and words == ["clear", *paths]:
        from ucarpd.commands.clear import clear

        return clear(paths, "auto", debug=False)
    if paths and words in (["run", *paths], ["run", "--stay", *paths]):
        from ucarpd.commands.run import run

        return run(paths, "auto", stay="--stay" in words)
    from ucarpd.commands.arguments import parser, settle_paths

    whole = parser()
    if words and words[0] not in _COMMANDS and not words[0].startswith("-"):
        from ucarpd.usage import did_you_mean, of_another_program

        if command := of_another_program(words):
            print(f"ucarpd: type: {command}", file=sys.stderr)
            return EXIT_USAGE
        hint = did_you_mean(words[0], _COMMANDS)
        known = ", ".join(_COMMANDS)
        whole.error(f"there is no command {words[0]!r}; use one of {known}{hint}")
    options = whole.parse_args(words)
    if "paths" in options:
        settle_paths(options)
    return _COMMANDS[options.command](options)


def _check(options: "argparse.Namespace") -> int:
    from ucarpd.commands.check import check

    return check(options)


def _fingerprint(options: "argparse.Namespace") -> int:
    from pathlib import Path

    from ucarpd.configuration_directory import DIRECTORY
    from ucarpd.diagnosis import fingerprint

    names = [
        Path(name) if "/" in name or name.endswith(".conf") else DIRECTORY / f"{name}.conf"
        for name in options.names
    ]
    loaded, status = _load(names or [DIRECTORY])
    for each, *_ in loaded:
        try:
            print(fingerprint.line(each), flush=True)
        except MemoryError:
            print(f"{each.path}: there is not enough memory (64 MiB)", file=sys.stderr)
            return EXIT_LEFT_OVER
    return status


def _import(options: "argparse.Namespace") -> int:
    from ucarpd.config import unit_names
    from ucarpd.migrate import import_command

    if [bool(options.path), bool(options.pids), bool(options.words)].count(True) != 1:
        options.error("give either FILE, --pid or --command")
    name = (options.name or "").removesuffix(".conf")
    if options.name and not unit_names.is_possible(name):
        options.error(f"--name: {unit_names.ADVICE} (got '{options.name}')")
    return import_command.run(options.path, options.pids, options.words, options.write, name)


def _show(options: "argparse.Namespace") -> int:
    from ucarpd import config
    from ucarpd.config.problems import place

    loaded, status = _load(options.paths)
    for each, *_ in loaded:
        if len(loaded) > 1:
            print(f"# {place(each.path)}")
        sys.stdout.write(config.show(each))
    return status


def _load(paths: "Sequence[Path]") -> "tuple[list[Loaded], int]":
    """Load the files, and print why others cannot be used; return the exit status too."""
    from ucarpd import config
    from ucarpd.process.patience import Patience

    loaded, problems = config.load_all(paths, take=Patience().take)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not loaded and not problems:
        print(config.nothing_in(paths), file=sys.stderr)
    return loaded, 0 if loaded and not problems else EXIT_CONFIG


def _run(options: "argparse.Namespace") -> int:
    from ucarpd.commands.run import run

    paths = [str(path) for path in options.paths]
    return run(paths, options.log, stay=options.stay, env=options.env, debug=options.debug)


def _clear(options: "argparse.Namespace") -> int:
    from ucarpd.commands.clear import clear

    return clear([str(path) for path in options.paths], options.log, debug=options.debug)


_COMMANDS = {
    "run": _run,
    "clear": _clear,
    "check": _check,
    "fingerprint": _fingerprint,
    "show-config": _show,
    "import": _import,
}
