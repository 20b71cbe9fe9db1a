"""A tree that stands for /proc/sys/net, and the processes that hold its ARP settings."""

import multiprocessing
from pathlib import Path

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.linux.namespace import network_namespace

ORIGINALS = {"arp_ignore": "0", "arp_announce": "0"}
OURS = {"arp_ignore": "1", "arp_announce": "2"}


class Tree:
    """/proc/sys/net, and the directory that the daemons share."""

    def __init__(self, path):
        self.root = path / "net"
        self.directory = path / "run"
        self.file = self.directory / f"private/{network_namespace()}-eth0.arp"
        self._conf = self.root / "ipv4" / "conf" / "eth0"
        self._conf.mkdir(parents=True)
        self.set(**ORIGINALS)

    def set(self, **values):
        for name, value in values.items():
            (self._conf / name).write_text(f"{value}\n")

    @property
    def values(self):
        return {name: (self._conf / name).read_text().strip() for name in ORIGINALS}

    def remove_interface(self):
        for name in ORIGINALS:
            (self._conf / name).unlink()

    def arp(self):
        return ParentArp("eth0", self.directory)

    def restore_left_over(self):
        self.arp().release()


def in_process(function, *arguments):
    process = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    process.start()
    return process


def count_open_files():
    return len(list(Path("/proc/self/fd").iterdir()))
