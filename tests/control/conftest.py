"""A server with a host that tests make up."""

import pytest
from varlink_bench import Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
