"""Another process of this host that serves an address."""

import subprocess
import sys
from contextlib import contextmanager

SERVE = """\
import sys
from pathlib import Path
from ucarpd.linux.served import Served
served = Served(Path(sys.argv[1]))
served.add(sys.argv[2], bytes.fromhex(sys.argv[3]))
while True:
    print(flush=True)
    sys.stdin.readline()
    served.renew()
"""


@contextmanager
def serving(directory, device, what):
    """A process that serves the address, or the route, until it is killed.

    It writes a line when it does; for each line that it reads, it renews the file, and writes another.
    """
    command = [sys.executable, "-c", SERVE, str(directory), device, what.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()
