"""The methods of the Varlink interface: permissions and replies."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ucarpd import __version__
from ucarpd.control import wire
from ucarpd.control.wire import INTERFACE, REVISION, SERVICE, Message, VarlinkError

_OF_THE_SERVICE = """\
# What every Varlink service says about itself.
interface org.varlink.service

method GetInfo() -> (
    vendor: string,
    product: string,
    version: string,
    url: string,
    interfaces: []string
)

# The text that defines an interface.
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
error ExpectedMore ()
"""


class Daemon(Protocol):
    """The process behind the interface, in the interface's terms.

    Each method returns at once.
    """

    def names(self) -> Sequence[str]:
        """Return the names of the instances that run."""

    def instance(self, name: str) -> Message | None:
        """Return the status of one instance, or None if it does not run."""

    def overview(self) -> Message:
        """Return the fields of the status beside `instances`."""

    def step_down(self, name: str | None) -> list[str]:
        """Offer the role of one instance or of all; return the instances that are MASTER."""

    def apply_maintenance(self, done: Callable[[list[str]], None]) -> None:
        """Read the maintenance notes again.

        `done` gets the instances that are in maintenance; it is not called while the disk hangs.
        """


class Status(NamedTuple):
    """A wish for the status of one instance, or of all; with `more` also after each change."""

    name: str | None
    more: bool


Later = Callable[[Callable[[bytes], None]], None]
"""Begins something, and calls its argument with the reply when it is done."""


class Service:
    """Answers calls; it knows nothing of sockets."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        path = Path(__file__).with_name(f"{INTERFACE}.varlink")
        self._descriptions = {SERVICE: _OF_THE_SERVICE, INTERFACE: path.read_text("utf-8")}
        self._methods: dict[str, Callable[[Message, int], Message]] = {
            f"{SERVICE}.GetInfo": self._get_info,
            f"{SERVICE}.GetInterfaceDescription": self._get_interface_description,
            f"{INTERFACE}.StepDown": self._step_down,
        }

    def answer(self, call: Message, uid: int) -> bytes | Status | Later:
        """Return the reply to a call of a user, or a wish for a status, or what makes the reply later.

        The reply to a call with `oneway` is empty.  Raises wire.Malformed.
        """
        method, parameters = call.get("method"), call.get("parameters")
        if parameters is None:
            parameters = {}
        if not isinstance(method, str) or not isinstance(parameters, dict):
            raise wire.Malformed("a call without a method, or with parameters that are no object")
        oneway = call.get("oneway") is True
        try:
            if call.get("upgrade"):
                raise _invalid("upgrade")
            if method == f"{INTERFACE}.GetStatus":
                name = _argument(parameters, "name")
                return b"" if oneway else Status(name, call.get("more") is True)
            if method == f"{INTERFACE}.ApplyMaintenance":
                later = self._apply_maintenance(parameters, uid)
                if not oneway:
                    return later
                later(lambda _reply: None)
                return b""
            result = self._method(method)(parameters, uid)
        except VarlinkError as error:
            return b"" if oneway else wire.error_reply(error)
        return b"" if oneway else wire.reply(result)

    def _method(self, method: str) -> Callable[[Message, int], Message]:
        if known := self._methods.get(method):
            return known
        interface = method.rpartition(".")[0]
        if interface in self._descriptions:
            raise VarlinkError(f"{SERVICE}.MethodNotFound", method=method)
        raise VarlinkError(f"{SERVICE}.InterfaceNotFound", interface=interface)

    def _get_info(self, parameters: Message, _uid: int) -> Message:
        _argument(parameters, None)
        return {
            "vendor": "ucarpd",
            "product": "ucarpd",
            "version": __version__,
            "url": "man:ucarpd(8)",
            "interfaces": list(self._descriptions),
        }

    def _get_interface_description(self, parameters: Message, _uid: int) -> Message:
        interface = _argument(parameters, "interface")
        if interface is None:
            raise _invalid("interface")
        if interface not in self._descriptions:
            raise VarlinkError(f"{SERVICE}.InterfaceNotFound", interface=interface)
        return {"description": self._descriptions[interface]}

    def _step_down(self, parameters: Message, uid: int) -> Message:
        name = _argument(parameters, "name")
        _root_only(uid)
        if name is not None and name not in self._daemon.names():
            raise no_such_instance(name)
        return {"revision": REVISION, "offered": self._daemon.step_down(name)}

    def _apply_maintenance(self, parameters: Message, uid: int) -> Later:
        _argument(parameters, None)
        _root_only(uid)
        return lambda done: self._daemon.apply_maintenance(
            lambda names: done(wire.reply({"revision": REVISION, "instances": names}))
        )


def no_such_instance(name: str) -> VarlinkError:
    return VarlinkError(f"{INTERFACE}.NoSuchInstance", name=name)


def _root_only(uid: int) -> None:
    if uid != 0:
        raise VarlinkError(f"{SERVICE}.PermissionDenied")


def _argument(parameters: Message, known: str | None) -> str | None:
    """Return the only parameter that a method has.

    A later revision may have more of them: a method that does not know one does nothing.
    """
    for name in parameters:
        if name != known:
            raise _invalid(name)
    value: Any = parameters.get(known) if known else None
    if not isinstance(value, str | None):
        raise _invalid(known)
    return value


def _invalid(parameter: str | None) -> VarlinkError:
    return VarlinkError(f"{SERVICE}.InvalidParameter", parameter=parameter)
