"""The command scripts/demo."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import sweep
from lab import LabError

from demonstration import picture, stage
from demonstration.narrator import Narrator
from demonstration.play import Interrupted, Play
from demonstration.scenario import STEPS
from demonstration.screen import Screen
from demonstration.stage import Stage
from demonstration.witness import Witness

EXIT_NO_PERMISSION = 77

EPILOG = """\
exit status:
  0   every step went as it should
  1   one did not; the end of the output says what was wrong
  77  not root

On a terminal the bottom line always shows who answers.  With its output in a file or a pipe, with
NO_COLOR set, or with TERM=dumb, the demo writes plain lines only.
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Two hosts share an address through ucarpd; one fails, the other answers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--keep",
        action="store_true",
        help="leave the hosts up at the end, and tell how to enter and how to remove them",
    )
    what.add_argument("--remove", action="store_true", help="remove what --keep has left up")
    parser.add_argument(
        "--svg",
        type=Path,
        metavar="FILE",
        help="draw what happened, if all went as it should, as a picture for a web page",
    )
    options = parser.parse_args(arguments)
    if options.svg and not options.svg.absolute().parent.is_dir():
        parser.error(f"--svg: {options.svg.absolute().parent} is not a directory")
    return options


def show(options: argparse.Namespace, screen: Screen) -> int:
    wanted: list[int] = []
    # Only noted, and acted on between two looks: so nothing is ever left half made.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda number, _frame: wanted.append(number))
    sweep.tell(sweep.dead())
    with contextlib.ExitStack() as exits:
        built = Stage(exits.enter_context(stage.new_lab()))
        try:
            built.build()
        except LabError:
            if wanted:
                # Ctrl-C reached the command that we were running, too.
                raise Interrupted(wanted[0]) from None
            raise
        witness = Witness(built.client)
        narrator = Narrator(screen, built, witness)
        narrator.introduce()
        play = Play(built, witness, narrator, lambda: wanted[0] if wanted else None)
        play.run(STEPS)
        narrator.report(play.faults)
        if options.svg and not play.faults:
            picture.write(witness, options.svg)
        if options.keep and not wanted:
            narrator.tell_how_to_enter()
            built.keep_up()
            exits.pop_all()
        elif not play.faults and not wanted:
            narrator.tell_what_next()
    return 1 if play.faults else 0


def remove(screen: Screen) -> int:
    removed, living = stage.remove()
    for prefix in living:
        screen.line(f"{prefix} is still running; left alone")
    for prefix in removed:
        screen.line(f"{prefix} removed")
    if not removed and not living:
        screen.line("There is nothing to remove.")
    return 0


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    screen = Screen()
    if os.geteuid() != 0:
        sys.stderr.write("scripts/demo: must run as root: it makes network namespaces\n")
        return EXIT_NO_PERMISSION
    try:
        return remove(screen) if options.remove else show(options, screen)
    except Interrupted as interrupted:
        sys.stderr.write(f"\nended by {interrupted}; nothing is left behind\n")
        return 128 + interrupted.number
    except LabError as error:
        sys.stderr.write(f"scripts/demo: {error}\n")
        return 1
    except BrokenPipeError:
        # The reader of our output has gone; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
