"""A tree that stands for /proc/sys/net; see tests/support/arp_tree.py."""

import pytest
from arp_tree import Tree

from ucarpd.linux import sysctl


@pytest.fixture
def tree(tmp_path, monkeypatch):
    tree = Tree(tmp_path)
    monkeypatch.setattr(sysctl, "ROOT", tree.root)
    return tree
