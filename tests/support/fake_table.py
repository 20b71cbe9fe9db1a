"""A table of addresses that stands for the kernel's."""

import errno
import os
import socket

from ucarpd.linux import sysctl
from ucarpd.linux.address_table import Entry


class FakeTable:
    """The addresses of the loopback interface; the kernel takes the secondaries of a primary along."""

    def __init__(self, *ips, keeps=(), fails=None):
        self.entries = [entry(ip) for ip in ips]
        self.keeps = keeps
        self.fails = fails
        self.story = []

    def __call__(self):
        self.story.append("open")
        return self

    def of(self, index):
        if self.fails is not None:
            raise self.fails
        return [each for each in self.entries if each.link == index]

    def remove(self, each):
        if shown(each) in self.keeps:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        self.story.append(f"remove {shown(each)}")
        promotes = sysctl.get("lo", 4, "promote_secondaries") == "1"
        gone = self.entries[self.entries.index(each) :] if not promotes else [each]
        self.entries = [other for other in self.entries if other not in gone]

    def keep_routes(self, _interface, _entries, remove):
        self.story.append("keep routes")
        remove()

    def put_back(self, each):
        self.story.append(f"put back {shown(each)}")
        self.entries.append(each)

    def close(self):
        self.story.append("close")

    def left(self):
        return [shown(each) for each in self.entries]


def entry(ip):
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    packed = socket.inet_pton(family, ip)
    return Entry(socket.if_nametoindex("lo"), packed, bytes([family, 24]) + packed)


def shown(each):
    return socket.inet_ntop(socket.AF_INET if len(each.ip) == 4 else socket.AF_INET6, each.ip)
