"""A directory of its own for the files of a test."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which makes the names in messages short."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
