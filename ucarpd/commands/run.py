"""`ucarpd run`: starts the log process, and then the process that runs the virtual hosts."""

import gc
import socket
from collections.abc import Sequence

from ucarpd.commands.start import refuse, start_log
from ucarpd.exit_status import EXIT_INTERNAL_ERROR


def run(
    paths: Sequence[str], log: str, *, stay: bool = False, env: bool = False, debug: bool = False
) -> int:
    """Run the virtual hosts of these files until a signal; return the exit status.

    `env`: the environment holds a configuration, and its secrets are removed from there.
    """
    try:
        # It needs the privilege that a packet socket needs; closing one of those takes 10 to 20 ms.
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW).close()
    except PermissionError:
        return refuse()

    if env:
        # Before the log process is forked, which would keep them.
        _hide_secrets()
    # Before the other imports: the log process does not need their memory.
    kind, log_process = start_log(log)

    # What start-up makes stays, so a collection finds little.  `Process` switches it on when ready.
    gc.disable()
    import asyncio
    import logging
    from contextlib import closing
    from pathlib import Path

    from ucarpd.linux.timerfd_selector import event_loop
    from ucarpd.log import lines
    from ucarpd.log.output import Output
    from ucarpd.process.main import Process

    # Not resolve(): the name of a link is the name of the instance.
    absolute = [Path(path).absolute() for path in paths]
    level = logging.DEBUG if debug else logging.INFO

    async def process() -> int:
        output.attend(asyncio.get_running_loop())
        try:
            return await Process(absolute, stay=stay).run()
        finally:
            output.attend(None)

    with closing(Output(kind, log_process, level)) as output:
        try:
            with asyncio.Runner(loop_factory=event_loop) as runner:
                return runner.run(process())
        except Exception as error:  # noqa: BLE001 - the interpreter would wait for standard error
            lines.write_failure("cannot run", error)
            return EXIT_INTERNAL_ERROR


def _hide_secrets() -> None:
    import os

    from ucarpd.config import environment
    from ucarpd.linux import command_line

    command_line.forget(environment.secrets(os.environ))
