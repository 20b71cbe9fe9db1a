"""Sockets from systemd, in a process that has them as systemd gives them."""

import os
import socket
import subprocess
import sys

import pytest

PROGRAM = """
import os, socket, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ.update(LISTEN_FDS=sys.argv[2], LISTEN_PID=sys.argv[3] or str(os.getpid()))
from ucarpd.linux.socket_activation import activated_sockets
for each in activated_sockets():
    print(each.family.name, each.getsockname()[1])
    each.detach()
"""


def activated(listening, number, pid=""):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(listening.fileno()), number, pid],
        pass_fds=[listening.fileno()],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_a_socket_has_its_family_and_address(listening):
    assert activated(listening, "1") == [f"AF_INET {listening.getsockname()[1]}"]


def test_sockets_of_another_process_and_none_at_all(listening):
    assert activated(listening, "1", pid=str(os.getpid())) == []
    assert activated(listening, "0") == []
