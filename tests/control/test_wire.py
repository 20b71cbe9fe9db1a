"""Messages on the wire."""

import pytest

from ucarpd.control import wire
from ucarpd.control.wire import Malformed, Splitter, VarlinkError


def test_messages_are_found_wherever_the_stream_is_cut():
    calls = wire.call("a.B") + wire.call("c.D", {"x": "é"}, more=True) + wire.call("e.F")
    for size in range(1, len(calls) + 1):
        splitter = Splitter(100)
        found = []
        for start in range(0, len(calls), size):
            splitter.feed(calls[start : start + size])
            while message := splitter.next():
                found.append(message)
        assert found == [
            {"method": "a.B"},
            {"method": "c.D", "parameters": {"x": "é"}, "more": True},
            {"method": "e.F"},
        ]


def test_a_message_has_a_longest_length():
    longest = b'{"a":"' + b"x" * 92 + b'"}'
    splitter = Splitter(len(longest))
    splitter.feed(longest + b"\0")
    assert splitter.next() == {"a": "x" * 92}
    for too_long in (b" " + longest, b" " + longest + b"\0"):
        splitter = Splitter(len(longest))
        splitter.feed(too_long)
        with pytest.raises(Malformed, match=f"longer than {len(longest)} bytes"):
            splitter.next()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"a"',
        b"null",
        b"\xff\xfe",
        b'{"a":\xff}',
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b'{"a":' + b"1" * 60_000 + b"}",
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
    ],
)
def test_what_is_no_message(raw):
    with pytest.raises(Malformed):
        wire.decode(raw)


def test_what_a_reply_says():
    assert wire.result({"parameters": {"a": 1}}) == ({"a": 1}, False)
    assert wire.result({}) == ({}, False)
    assert wire.result({"parameters": None, "error": None}) == ({}, False)
    assert wire.result({"parameters": {"a": 1}, "continues": True}) == ({"a": 1}, True)
    assert wire.result(wire.decode(wire.reply({"a": 1})[:-1])) == ({"a": 1}, False)


def test_an_error_keeps_its_name_and_its_fields():
    error = VarlinkError("org.ucarpd.NoSuchInstance", name="web")
    assert str(error) == "org.ucarpd.NoSuchInstance (name web)"
    assert str(VarlinkError("org.example.Bad")) == "org.example.Bad"
    with pytest.raises(VarlinkError) as caught:
        wire.result(wire.decode(wire.error_reply(error)[:-1]))
    assert (caught.value.name, caught.value.parameters) == (error.name, {"name": "web"})


@pytest.mark.parametrize("message", [{"parameters": []}, {"error": 1}, {"parameters": "a"}])
def test_what_is_no_reply(message):
    with pytest.raises(Malformed):
        wire.result(message)
