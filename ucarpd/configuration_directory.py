"""The directory of the configuration files."""

from pathlib import Path

DIRECTORY = Path("/etc/ucarp")
"""The units read their files from there; the package creates it, and only root can write it."""
