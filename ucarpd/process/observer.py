"""The listener to the changes that a supervisor makes."""

from typing import Protocol


class Observer(Protocol):
    """Hears of the changes that the supervisor makes."""

    def status_changed(self) -> None:
        """Handle that `status` may return something else now."""

    def reload_begins(self) -> None: ...
    def reload_ended(self) -> None:
        """Not called when the process ends meanwhile."""
