"""The start of the command `ucarp`: the password leaves the command line before anything is loaded."""

import sys

from ucarpd.linux import command_line
from ucarpd.linux.scarcity import guarded


def main() -> int:
    """Run the command; returns its exit status."""
    return guarded("ucarp", _main)


def _main() -> int:
    # All words for now: reading them takes a while, and `command` shows the others again.
    command_line.show([sys.argv[0]])

    from ucarpd.linux import held_signals

    # The others end it, as they should, even while it reads a file that hangs.
    held_signals.hold(held_signals.REQUESTS)

    from ucarpd.migrate import command

    return command.main()
