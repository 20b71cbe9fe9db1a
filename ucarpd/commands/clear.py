"""`ucarpd clear`: removes addresses and says that the role is free, after a process that has died.

The peers wait for it, so modules that the work does not need are imported afterwards.
"""

import sys
from collections.abc import Sequence
from contextlib import closing

from ucarpd.commands.start import refuse, start_log
from ucarpd.exit_status import EXIT_LEFT_OVER
from ucarpd.linux.hanging import hangs
from ucarpd.linux.packet_out import PacketOut
from ucarpd.linux.run_directory import run_directory
from ucarpd.record.clearing import clear as clear_records


def clear(paths: Sequence[str], log: str, *, debug: bool) -> int:
    """Clear up what dead processes of these files have left; return the exit status."""
    if hangs(run_directory()):
        print(f"ucarpd: {run_directory()}: its file system does not answer", file=sys.stderr)
        return EXIT_LEFT_OVER
    try:
        with closing(PacketOut()) as packet_out:
            cleared, left_alone = clear_records(paths, packet_out)
    except PermissionError:
        return refuse()

    from ucarpd.record.promoted import has_notes

    if not cleared and not left_alone and not has_notes(run_directory()):
        return 0

    kind, log_process = start_log(log)

    import asyncio
    import logging

    from ucarpd.log import lines
    from ucarpd.log.output import Output
    from ucarpd.record.leftovers import clear_leftovers

    level = logging.DEBUG if debug else logging.INFO
    with closing(Output(kind, log_process, level)):
        for each in left_alone:
            lines.write(logging.INFO, f"{each}; left alone")
        is_done = asyncio.run(clear_leftovers(cleared))
    return 0 if is_done else EXIT_LEFT_OVER
