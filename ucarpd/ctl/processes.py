"""The ucarpd processes of this host: asks all of them at the same time.

A process that hangs costs the time-out, once, however many hang.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ucarpd.control.client import Client
from ucarpd.control.wire import INTERFACE, Malformed, Message, VarlinkError
from ucarpd.ctl.failure import DENIED, Failure
from ucarpd.linux.run_directory import control_path, run_directory

TIMEOUT = 1.0
"""Seconds in which all processes must have answered."""

QUIET = 5.0
"""Seconds without news after which a stream is asked for again, to see that the process lives."""

YOUNG = 5.0
"""Seconds after its making in which a socket that refuses may be one where nobody listens yet."""

_PAUSE = 0.5
"""Seconds until a process that does not answer is asked again."""

GET_STATUS = f"{INTERFACE}.GetStatus"
NO_SUCH_INSTANCE = f"{INTERFACE}.NoSuchInstance"


class Answer(NamedTuple):
    """The answer of one process: a reply, or a fault, which follows the words `process N`.

    `error` is the name of its Varlink error, if that was the fault.  `container` tells apart
    processes of one number in containers that share a run directory; it is mostly empty.
    """

    pid: int
    reply: Message | None = None
    fault: str = ""
    error: str = ""
    container: str = ""

    @property
    def label(self) -> str:
        """What no other process of this host has."""
        return f"{self.pid}-{self.container}" if self.container else str(self.pid)


def sockets() -> list[Path]:
    """Return the control sockets of this host, also of processes that have died.

    Raises Failure if this user may not ask.
    """
    directory = control_path(run_directory())
    try:
        names = sorted(os.listdir(directory))  # noqa: PTH208 - glob() hides that it may not look
    except FileNotFoundError:
        return []
    except PermissionError:
        raise Failure(DENIED) from None
    return [directory / name for name in names if name.endswith(".sock")]


def ask(method: str = GET_STATUS, parameters: Message | None = None) -> list[Answer]:
    """Call a method of all processes.  Raises Failure if this user may not ask."""
    deadline = time.monotonic() + TIMEOUT
    answers: dict[Path, Answer | PermissionError | None] = {}

    def one(path: Path) -> None:
        def call() -> Answer:
            with Client(path, TIMEOUT) as client:
                reply = client.call(method, parameters)
            return _answer(path, _checked(reply) if method == GET_STATUS else reply)

        answers[path] = _caught(path, call)

    asked = {path: threading.Thread(target=one, args=(path,), daemon=True) for path in sockets()}
    for thread in asked.values():
        thread.start()
    for thread in asked.values():
        thread.join(max(deadline - time.monotonic(), 0))
    found = []
    for path in asked:
        answer = answers.get(path, _silent(path))
        if isinstance(answer, PermissionError):
            raise Failure(DENIED)
        if answer is not None:
            found.append(answer)
    return found


def pid_of(path: Path) -> int:
    """Return the process whose socket this is, 0 if its name does not say."""
    number, _, _ = path.stem.partition("-")
    return int(number) if number.isdecimal() else 0


def _answer(
    path: Path, reply: Message | None = None, *, fault: str = "", error: str = ""
) -> Answer:
    return Answer(pid_of(path), reply, fault, error, container=path.stem.partition("-")[2])


def _silent(path: Path) -> Answer:
    return _answer(path, fault="does not answer")


def _caught(path: Path, call: Callable[[], Answer]) -> Answer | PermissionError | None:
    """Return the answer, with a fault if there is one, or None if the process has ended."""
    try:
        return call()
    except PermissionError as error:
        return error
    except TimeoutError:
        return _silent(path)
    except VarlinkError as error:
        return _answer(path, fault=f"answers with an error: {error}", error=error.name)
    except Malformed as error:
        return _answer(path, fault=f"does not speak ucarpd's protocol: {error}")
    except OSError as error:
        if isinstance(error, ConnectionRefusedError | FileNotFoundError) or not _lives(path):
            return None
        return _answer(path, fault=f"cannot be asked: {error.strerror or error}")


def _checked(status: Message) -> Message:
    if not isinstance(status.get("instances"), list):
        raise Malformed("a status without instances")
    return status


def _lives(path: Path) -> bool:
    return Path(f"/proc/{pid_of(path)}").exists()


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the identity of the file at a path; a file that replaces it has another one."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _is_young(identity: tuple[int, int] | None) -> bool:
    return identity is not None and time.time() - identity[1] / 1e9 < YOUNG


class Feed:
    """The status of all processes, kept up to date by their streams; new processes join.

    After `quiet` seconds without news, a process is asked again.  `woken` is a descriptor that is
    readable after each change, until `changed` is called.
    """

    def __init__(self, name: str | None = None, quiet: float = QUIET) -> None:
        self._quiet = quiet
        self._parameters: Message | None = {"name": name} if name else None
        self._lock = threading.Lock()
        self._answers: dict[Path, Answer | None] = {}
        """By the socket that a thread follows; None: has not answered yet."""
        self._dead: dict[Path, object] = {}
        """The sockets of ended processes, each as it was at the end."""
        self._may_ask = True
        self.woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.look()

    def look(self) -> None:
        """Follow processes that are new; cheap, to be called again and again."""
        for path in sockets():
            with self._lock:
                is_new = path not in self._answers and self._dead.get(path) != _identity(path)
                if is_new:
                    self._answers[path] = None
            if is_new:
                threading.Thread(target=self._follow, args=(path,), daemon=True).start()

    def changed(self, timeout: float) -> bool:
        """Wait for a change; return whether there was one.  Raises Failure if this user may not ask."""
        import select

        select.select([self.woken], [], [], max(timeout, 0))
        try:
            os.read(self.woken, 4096)
        except BlockingIOError:
            return False
        finally:
            if not self._may_ask:
                raise Failure(DENIED)
        return True

    def settle(self) -> list[Answer]:
        """Wait until each process has answered, for TIMEOUT at most, and return the answers."""
        deadline = time.monotonic() + TIMEOUT
        while not self.is_settled and (left := deadline - time.monotonic()) > 0:
            self.changed(left)
        return self.answers()

    @property
    def is_settled(self) -> bool:
        """Whether each process that was found has answered, or failed to."""
        with self._lock:
            return None not in self._answers.values()

    def answers(self) -> list[Answer]:
        """Return the newest answer of each process."""
        with self._lock:
            return [answer or _silent(path) for path, answer in sorted(self._answers.items())]

    def wake_up(self) -> None:
        """Let `changed` return at once."""
        try:
            os.write(self._wake, b".")
        except BlockingIOError:
            return  # The reader has enough to wake up for.

    # -- a thread for each process -----------------------------------------------------------------

    def _follow(self, path: Path) -> None:
        identity = _identity(path)
        while answer := _caught(path, lambda: self._stream(path)):
            if isinstance(answer, PermissionError):
                self._may_ask = False
                break
            self._note(path, answer)
            if answer.fault:
                time.sleep(_PAUSE)
        with self._lock:
            del self._answers[path]
            if not _is_young(identity):
                self._dead[path] = identity
        self.wake_up()

    def _stream(self, path: Path) -> Answer:
        """Note each reply; return the last one when there is no more news for a while."""
        answer = _answer(path)
        with Client(path, TIMEOUT) as client:
            try:
                replies = client.more(GET_STATUS, self._parameters, time.monotonic() + self._quiet)
                for reply in replies:
                    answer = _answer(path, _checked(reply))
                    self._note(path, answer)
            except VarlinkError as error:
                if error.name != NO_SUCH_INSTANCE:
                    raise
                answer = _answer(path, {"instances": []})
                self._note(path, answer)
                time.sleep(_PAUSE)
            except TimeoutError:
                if answer.reply is None:
                    raise
        return answer

    def _note(self, path: Path, answer: Answer) -> None:
        with self._lock:
            if self._answers.get(path) == answer:
                return
            self._answers[path] = answer
        self.wake_up()
