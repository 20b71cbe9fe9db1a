"""Looks at the files of the operator, as steps of a generator: its caller chooses who takes them, and how."""

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ucarpd.config.problems import Problem

_T = TypeVar("_T")

Look = tuple[Path, Callable[[], Any]]
"""A file, and a look at it or at what it names."""

Looks = Generator[Look, Any, _T]
"""Yields looks, and gets what each one returns or raises; TimeoutError if it was given up."""


def look_at(path: Path, look: Callable[[], _T]) -> Looks[_T | None]:
    """Take one look; the result is None if it hangs."""
    try:
        found: _T = yield path, look
    except TimeoutError:
        return None
    return found


def take(looks: Looks[_T]) -> _T:
    """Take all looks here, however long that takes, and return the result."""
    step: Callable[[], Look] = partial(next, looks)
    try:
        while True:
            step = taken(looks, step()[1])
    except StopIteration as end:
        result: _T = end.value
        return result


def taken(looks: Looks[_T], look: Callable[[], Any]) -> Callable[[], Look]:
    """Take a look, and return the next step."""
    try:
        return partial(looks.send, look())
    except Exception as error:  # noqa: BLE001 - the generator gets it
        return partial(looks.throw, error)


def silence(path: Path) -> Problem:
    """Return the problem of a file at which a look was given up."""
    text = "its file system, or that of a file that it names, does not answer"
    return Problem(path, None, None, text)
