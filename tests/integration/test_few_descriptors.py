"""A start with few file descriptors: a line says so, without a traceback."""

import re
import sys

import pytest
from nodes import VIP, conf

FEW = """\
import resource, sys
from ucarpd.{module} import main
free, *sys.argv = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_NOFILE, (3 + int(free), 3 + int(free)))
sys.exit(main())
"""

UCARP = f"ucarp -i eth0 -s 172.16.0.11 -v 1 -p x -a {VIP} -u /bin/true -d /bin/true"


@pytest.mark.parametrize(
    ("module", "command"),
    [("cli", "ucarpd run --log stderr /etc/ucarp"), ("migrate.entry", UCARP)],
)
def test_a_start_with_few_descriptors_ends_with_a_line(a, module, command):
    a.write_conf("web", conf(a.address))
    start = sys.executable, "-c", FEW.format(module=module)
    for free in range(7):
        process = a.start(*start, str(free), *command.split())
        assert process.popen.wait(30) == 1
        # The command `ucarp` has two logs; where there is a syslog, its line comes here too.
        lines = {
            re.sub(r"^.*\]: (\[.*\] )?|^ucarpd?: ", "", each)
            for each in process.text().splitlines()
        }
        assert lines == {"cannot run: Too many open files"}
