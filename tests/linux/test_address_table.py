"""The kernel's answers to requests for addresses that fail.

With the kernel itself: tests/integration/test_clear.py.
"""

import errno
import struct

import pytest

from ucarpd.linux.address_table import AddressTable, Entry

NLMSG_ERROR = 2
OURS = Entry(1, b"\x0a\0\0\x01", b"\x02\x18\0\0\x01\0\0\0")


class Kernel:
    """Answers each request with this error, 0 for success."""

    def __init__(self, error):
        self._answer = struct.pack("=IHHIIi", 20, NLMSG_ERROR, 0, 1, 0, -error)

    def send(self, request):
        self.request = request

    def recv(self, size):
        return self._answer

    def close(self):
        pass


@pytest.fixture
def table():
    def table(error):
        made = AddressTable()
        made.close()
        made._kernel._socket = Kernel(error)
        return made

    return table


def ask(table, method):
    return getattr(table, method)(1 if method == "of" else OURS)


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("of", errno.ENODEV),
        ("remove", 0),
        ("remove", errno.EADDRNOTAVAIL),
        ("remove", errno.ENODEV),
        ("put_back", 0),
        ("put_back", errno.EEXIST),
    ],
)
def test_what_is_so_already_is_no_error(table, method, error):
    """The interface may be gone, or another program may have done the same."""
    assert not ask(table(error), method)


@pytest.mark.parametrize("method", ["of", "remove", "put_back"])
def test_another_answer_is_an_error(table, method):
    with pytest.raises(OSError, match="Operation not permitted") as raised:
        ask(table(errno.EPERM), method)
    assert raised.value.errno == errno.EPERM
