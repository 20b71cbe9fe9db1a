"""Fixtures for what runs without root."""

import pytest
from log_lines import LogLines


@pytest.fixture
def log_lines():
    with LogLines() as lines:
        yield lines


@pytest.fixture
def run_directory(tmp_path, monkeypatch):
    """The run directory of this test alone, as systemd would name it."""
    directory = tmp_path / "run"
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(directory))
    return directory
