"""Named tuples that equal only their own kind.

Events and actions are named tuples, because a dataclass takes five times as long to define, and
there are many.  But plain tuples are equal if their contents are: `Finish()` would equal
`AcquireAddresses()`.
"""

from typing import TypeVar

T = TypeVar("T")


def _equals(self: tuple[object, ...], other: object) -> bool:
    return type(self) is type(other) and tuple.__eq__(self, other)


def _differs(self: tuple[object, ...], other: object) -> bool:
    return not _equals(self, other)


def _is_true(_self: tuple[object, ...]) -> bool:
    return True


_METHODS = {"__eq__": _equals, "__ne__": _differs, "__bool__": _is_true}


def distinct(cls: type[T]) -> type[T]:
    """Let named tuples of this class equal only each other, and be true even without fields."""
    for name, method in _METHODS.items():
        setattr(cls, name, method)
    return cls
