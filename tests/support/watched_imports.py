"""Runs ucarpd, and writes down its imports, with their times: `watched_imports.py FILE ARGUMENT...`.

The log process is a part of it.
"""

import sys
import time


def watch(path):
    record = open(path, "a", buffering=1)  # noqa: PTH123, SIM115 - for the whole process

    def hook(event, arguments):
        if event == "import":
            record.write(f"{time.monotonic()} {arguments[0]}\n")

    sys.addaudithook(hook)


if __name__ == "__main__":
    watch(sys.argv.pop(1))
    from ucarpd.cli import main

    sys.exit(main())
