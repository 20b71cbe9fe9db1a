"""The variables of a script, and words with their values put in.

A value that cannot be known is a mark in the text; `reasons` has the words that it replaces.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ucarpd.migrate.findings import Source, too_much
from ucarpd.migrate.shell_words import BETWEEN, Piece, Splitter, Word

_MARK = re.compile("\ue000([0-9]{1,9})\ue001")

MOST_TEXT = 1 << 24
"""Characters that variables may put into words, in all: a few lines could double a text again and again."""

DEEPEST = 20
"""Defaults within defaults, as in ${A:-${B:-c}}."""


@dataclass(slots=True)
class Variable:
    """`text` may have marks."""

    text: str
    source: Source
    is_used: bool = False


@dataclass(slots=True)
class Variables:
    """`missing` says why a variable that is not set may be so; `source` is the line at hand."""

    values: dict[str, Variable] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    source: Source = field(default_factory=lambda: Source(Path()))
    missing: Callable[[str], str] = lambda name: f"${name} is not set here"
    exported: set[str] = field(default_factory=set)
    """The names that programs get in their environment."""
    _text: int = 0
    _depth: int = 0

    def mark(self, reason: str) -> str:
        self.reasons.append(reason)
        return f"\ue000{len(self.reasons) - 1}\ue001"

    def why(self, text: str) -> list[str]:
        """Why parts of the text are not known; empty if it is known."""
        numbers = map(int, _MARK.findall(text))
        # The file itself may have such characters.
        return [self.reasons[number] for number in numbers if number < len(self.reasons)]

    def count(self, text: str) -> None:
        """Count a text that is put in; raise ConfigError if all together are too long."""
        self._text += len(text)
        if self._text > MOST_TEXT:
            raise too_much(self.source, "its variables expand to more text than any script needs")

    def known(self, text: str) -> str:
        """Return the text without the parts that are not known."""
        return _MARK.sub("", text).replace(BETWEEN, " ")

    def expand(self, word: Word) -> list[str]:
        """Return the words that a shell would make of one."""
        words: list[str] = []
        current: str | None = None
        for piece in word:
            if piece.kind == "text":
                # A quoted empty text is a word.
                if piece.text or piece.quoted:
                    current = (current or "") + piece.text
                continue
            text = self._value(piece)
            if piece.quoted and BETWEEN not in text:
                current = (current or "") + text
                continue
            parts = list(filter(None, text.split(BETWEEN))) if BETWEEN in text else text.split()
            if not parts:
                continue
            if text[:1].isspace() and current is not None:
                words.append(current)
                current = None
            for part in parts[:-1]:
                words.append((current or "") + part)
                current = None
            current = (current or "") + parts[-1]
            if text[-1:].isspace():
                words.append(current)
                current = None
        if current is not None:
            words.append(current)
        return words

    def text(self, word: Word) -> str:
        """Return the value of a word in an assignment, which is not split."""
        return "".join(piece.text if piece.kind == "text" else self._value(piece) for piece in word)

    def _value(self, piece: Piece) -> str:
        name, default = piece.text, piece.default
        if piece.kind == "computed":
            return self.mark(f"{name} is computed when the script runs")
        known = self.values.get(name)
        if known:
            known.is_used = True
            self.count(known.text)
            if known.text or default is None:
                return known.text
        if default is not None and self._depth < DEEPEST:
            self._depth += 1
            commands = Splitter(default).commands()
            text = " ".join(self.text(word) for each in commands for word in each.words)
            self._depth -= 1
            if piece.is_kept:
                self.values[name] = Variable(text, self.source, is_used=True)
            return text
        return self.mark(self.missing(name))
