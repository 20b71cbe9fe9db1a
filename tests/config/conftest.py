"""A directory of its own for the files of a test."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, so that the messages hold short names."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
