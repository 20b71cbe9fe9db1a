"""An interface that attaches virtual hosts; see tests/support/interface_bench.py."""

import pytest
from interface_bench import Bench


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)
