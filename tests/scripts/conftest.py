"""A directory with scripts; see tests/support/script_place.py."""

import pytest
from script_place import Place


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)
