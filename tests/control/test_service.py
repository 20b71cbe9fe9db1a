"""The methods of the interface, and who may call them."""

import os
import re
import socket
from pathlib import Path

import pytest
from varlink_bench import FakeHost, as_user

import ucarpd.control
from ucarpd import __version__
from ucarpd.control import wire
from ucarpd.control.connection import peer_uid
from ucarpd.control.service import Service, Status

SERVICE = "org.varlink.service"


def answer(call, uid=0, host=None):
    """The reply to a call, as a message."""
    host = host or FakeHost()
    reply = Service(host).answer(call, uid)
    if callable(reply):
        replies = []
        reply(replies.append)
        host.reading.pop()(["web"])
        (reply,) = replies
    return wire.decode(reply[:-1]) if isinstance(reply, bytes) and reply else reply


def test_what_it_tells_of_itself():
    info = answer({"method": f"{SERVICE}.GetInfo"})["parameters"]
    assert info["product"] == "ucarpd"
    assert info["version"] == __version__
    assert info["interfaces"] == [SERVICE, "org.ucarpd"]
    for name in info["interfaces"]:
        call = {"method": f"{SERVICE}.GetInterfaceDescription", "parameters": {"interface": name}}
        text = answer(call)["parameters"]["description"]
        assert f"\ninterface {name}\n" in text


def test_the_methods_of_the_interface_are_those_that_it_has():
    text = (Path(ucarpd.control.__file__).parent / "org.ucarpd.varlink").read_text()
    methods = re.findall(r"^method (\w+)", text, re.MULTILINE)
    for method in methods:
        assert "error" not in repr(answer({"method": f"org.ucarpd.{method}"}))
    assert len(methods) == 3
    # systemd (257) understands no map of maps.
    assert "][" not in text


@pytest.mark.parametrize(
    ("call", "error", "parameters"),
    [
        (
            {"method": "org.ucarpd.Reboot"},
            f"{SERVICE}.MethodNotFound",
            {"method": "org.ucarpd.Reboot"},
        ),
        (
            {"method": f"{SERVICE}.Reboot"},
            f"{SERVICE}.MethodNotFound",
            {"method": f"{SERVICE}.Reboot"},
        ),
        (
            {"method": "org.example.GetInfo"},
            f"{SERVICE}.InterfaceNotFound",
            {"interface": "org.example"},
        ),
        ({"method": "GetInfo"}, f"{SERVICE}.InterfaceNotFound", {"interface": ""}),
        (
            {
                "method": f"{SERVICE}.GetInterfaceDescription",
                "parameters": {"interface": "org.example"},
            },
            f"{SERVICE}.InterfaceNotFound",
            {"interface": "org.example"},
        ),
        (
            {"method": f"{SERVICE}.GetInterfaceDescription"},
            f"{SERVICE}.InvalidParameter",
            {"parameter": "interface"},
        ),
        (
            {"method": "org.ucarpd.GetStatus", "parameters": {"name": 1}},
            f"{SERVICE}.InvalidParameter",
            {"parameter": "name"},
        ),
        (
            {"method": "org.ucarpd.StepDown", "parameters": {"name": "web", "for": "2h"}},
            f"{SERVICE}.InvalidParameter",
            {"parameter": "for"},
        ),
        (
            {"method": "org.ucarpd.ApplyMaintenance", "parameters": {"name": "web"}},
            f"{SERVICE}.InvalidParameter",
            {"parameter": "name"},
        ),
        (
            {"method": f"{SERVICE}.GetInfo", "upgrade": True},
            f"{SERVICE}.InvalidParameter",
            {"parameter": "upgrade"},
        ),
        (
            {"method": "org.ucarpd.StepDown", "parameters": {"name": "\ud800"}},
            "org.ucarpd.NoSuchInstance",
            {"name": "\ud800"},
        ),
    ],
)
def test_errors(call, error, parameters):
    host = FakeHost()
    assert answer(call, host=host) == {"error": error, "parameters": parameters}
    assert answer(call | {"oneway": True}, host=host) == b""
    assert host.ordered == []


@pytest.mark.parametrize(
    "call", [{}, {"method": 1}, {"method": f"{SERVICE}.GetInfo", "parameters": []}]
)
def test_what_is_no_call(call):
    with pytest.raises(wire.Malformed):
        answer(call)


def test_a_status_is_made_later():
    assert answer({"method": "org.ucarpd.GetStatus"}) == Status(None, more=False)
    assert answer({"method": "org.ucarpd.GetStatus", "oneway": True}) == b""
    call = {"method": "org.ucarpd.GetStatus", "parameters": {"name": "web"}, "more": True}
    assert answer(call) == Status("web", more=True)


def test_steering():
    host = FakeHost()
    call = {"method": "org.ucarpd.StepDown", "parameters": {"name": "web"}}
    assert answer(call, host=host) == {"parameters": {"revision": 1, "offered": ["web"]}}
    call = {"method": "org.ucarpd.StepDown", "parameters": {"name": None}, "oneway": True}
    assert answer(call, host=host) == b""
    call = {"method": "org.ucarpd.ApplyMaintenance"}
    assert answer(call, host=host) == {"parameters": {"revision": 1, "instances": ["web"]}}
    assert answer(call | {"oneway": True}, host=host) == b""
    host.reading.pop()(["web"])
    steps = [("step_down", "web"), ("step_down", None)]
    assert host.ordered == [*steps, "apply_maintenance", "apply_maintenance"]


@pytest.mark.parametrize("method", ["StepDown", "ApplyMaintenance"])
async def test_steering_is_for_root(method, bench, monkeypatch):
    as_user(monkeypatch, 1000)
    client = await bench.client()
    denied = {"error": f"{SERVICE}.PermissionDenied", "parameters": {}}
    assert await client.call(f"org.ucarpd.{method}") == denied
    assert bench.host.ordered == []
    assert "error" not in await client.call("org.ucarpd.GetStatus")


def test_the_kernel_says_who_the_client_is():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.geteuid()
