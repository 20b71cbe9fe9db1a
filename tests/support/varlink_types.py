"""The types of a Varlink interface file, and a check of a value against a type.

It is strict: an extra member is as wrong as a missing one, and an int is no float.
"""

import re
from typing import NamedTuple

TOKEN = re.compile(r"\s*(?:#[^\n]*\s*)*([A-Za-z][\w.]*|->|\[\]|\[string\]|[?(),:])")
BASIC = {"int": int, "float": float, "string": str, "bool": bool, "object": dict}


class Maybe(NamedTuple):
    of: object


class Array(NamedTuple):
    of: object


class Map(NamedTuple):
    of: object


class Interface:
    """`types` are structs by name, `replies` what each method returns; a struct is a dict of members."""

    def __init__(self, text):
        tokens = [match[1] for match in TOKEN.finditer(text)]
        assert "".join(tokens) == "".join(re.sub(r"#[^\n]*", "", text).split())
        self._tokens = iter(tokens)
        self._ahead = next(self._tokens)
        self.types, self.replies = {}, {}
        assert self._take() == "interface"
        self.name = self._take()
        while self._ahead is not None:
            kind, name, struct = self._take(), self._take(), self._struct()
            if kind == "type":
                self.types[name] = struct
            elif kind == "method":
                assert self._take() == "->"
                self.replies[name] = self._struct()
            else:
                assert kind == "error"

    def _take(self):
        taken, self._ahead = self._ahead, next(self._tokens, None)
        return taken

    def _struct(self):
        members = {}
        assert self._take() == "("
        while self._ahead != ")":
            name = self._take()
            assert self._take() == ":"
            members[name] = self._type()
            if self._ahead == ",":
                self._take()
        self._take()
        return members

    def _type(self):
        around = {"?": Maybe, "[]": Array, "[string]": Map}
        if self._ahead in around:
            return around[self._take()](self._type())
        return self._struct() if self._ahead == "(" else self._take()

    def faults(self, value, of, at="reply"):
        """Yield each fault of a value of a type, with its place."""
        match of:
            case Maybe(inner):
                if value is not None:
                    yield from self.faults(value, inner, at)
            case Array(inner) if isinstance(value, list):
                for number, each in enumerate(value):
                    yield from self.faults(each, inner, f"{at}[{number}]")
            case Map(inner) if isinstance(value, dict):
                for key, each in value.items():
                    if not isinstance(key, str):
                        yield f"{at}: key {key!r}"
                    yield from self.faults(each, inner, f"{at}[{key}]")
            case dict() if isinstance(value, dict):
                yield from (f"{at}: no {name}" for name in of.keys() - value.keys())
                yield from (f"{at}: {name} is not in it" for name in value.keys() - of.keys())
                for name in of.keys() & value.keys():
                    yield from self.faults(value[name], of[name], f"{at}.{name}")
            case str() if of in self.types:
                yield from self.faults(value, self.types[of], at)
            case str() if of in BASIC and type(value) is BASIC[of]:
                pass
            case _:
                yield f"{at}: {value!r} is no {of}"
