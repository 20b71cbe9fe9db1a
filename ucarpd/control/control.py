"""The control socket of a process, from its start to its end, also if others remove it."""

import logging
import socket
from collections.abc import Callable
from pathlib import Path

from ucarpd.control.place import Place
from ucarpd.control.server import Server
from ucarpd.control.service import Daemon
from ucarpd.log import lines

Beside = Callable[[Callable[[], None], Callable[[OSError | None], None]], None]
"""Lets a worker call the first function, and then the event loop the second one."""


class Control:
    """Serves `daemon` on a socket in the run directory `directory`.

    If there can be no socket, it says so once, and tries again with each `look`.
    """

    def __init__(self, daemon: Daemon, beside: Beside, directory: Path) -> None:
        self._beside = beside
        self._place = Place(directory)
        self._daemon = daemon
        self._server: Server | None = None
        """None until there are enough descriptors for it."""
        self._renewed: socket.socket | None = None
        self._is_faulty = False
        self._is_closed = False
        try:
            self._serve(self._place.open())
        except OSError as error:
            self._tell(error)
        beside(self._place.remove_stale, self._tell)

    def changed(self) -> None:
        """Tell the clients that wait for changes."""
        if self._server is not None:
            self._server.changed()

    def look(self) -> None:
        """Make the socket again if it has been removed."""
        self._beside(self._renew, self._use_renewed)

    def close(self) -> None:
        self._is_closed = True
        if self._server is not None:
            self._server.close()
        self._place.remove()

    def _serve(self, listener: socket.socket) -> None:
        """Serve the clients of this socket.  Raises OSError."""
        try:
            self._server = self._server or Server(self._daemon)
        except OSError as error:
            listener.close()
            self._place.remove()
            text = f"cannot serve the control socket {self._place.path}: {error.strerror or error}"
            raise OSError(error.errno, text) from error
        self._server.listen(listener)

    def _renew(self) -> None:
        if not self._is_closed and not self._place.is_in_place():
            self._renewed = self._place.open()

    def _use_renewed(self, error: OSError | None) -> None:
        renewed, self._renewed = self._renewed, None
        if error is not None:
            self._tell(error)
        elif renewed is None:
            self._is_faulty = False
        elif self._is_closed:
            renewed.close()
            self._place.remove()
        else:
            try:
                self._serve(renewed)
            except OSError as refused:
                self._tell(refused)
                return
            self._is_faulty = False
            lines.write(logging.INFO, f"the control socket is back: {self._place.path}")

    def _tell(self, error: OSError | None) -> None:
        if error is not None and not self._is_faulty:
            self._is_faulty = True
            text = f"{error.strerror or error}; ucarpctl cannot ask this process"
            lines.write(logging.WARNING, text)
