"""Splits a shell script into simple commands, without running anything.

A word is a list of pieces: text, a variable, or something that only a shell can compute.  Pieces in
quotes are not split into several words later.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]", re.ASCII)
_BRACED = re.compile(r"([A-Za-z_]\w*|[0-9@*])(\[[@*]\])?(?:(:?[-=])(.*))?", re.ASCII | re.DOTALL)
_COMPUTED = re.compile(r"`[^`]*`?|\$'(?:\\.|[^'\\])*'?", re.DOTALL)
_REDIRECTION = re.compile(r"\d*(<<-?|>>|<|>\||&>>?|>)(&\d|&-)?[ \t]*")
BETWEEN = "\ue002"
"""Stands between the words of an array, or of $@."""

_SEPARATORS = ("&&", "||", ";;", "\n", ";", "&", "|", "(", ")")


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` is the text itself, the name of a variable, or an expression for a shell.

    `default` replaces a variable that is not set, and `is_kept` means that it becomes the
    value of the variable.
    """

    kind: Literal["text", "variable", "computed"]
    text: str
    quoted: bool = False
    default: str | None = None
    is_kept: bool = False


Word = list[Piece]


@dataclass(slots=True)
class Command:
    """A simple command: its words, the line of each, and the sign that ends it."""

    words: list[Word] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    end: str = "\n"

    @property
    def line(self) -> int:
        return self.lines[0]


def plain(word: Word) -> str | None:
    """Return the text of a word without variables; None of any other."""
    if any(piece.kind != "text" for piece in word):
        return None
    return "".join(piece.text for piece in word)


def source_text(word: Word) -> str:
    """Return a word about as it was written."""
    shown = {"text": "{}", "variable": "${}", "computed": "{}"}
    return "".join(shown[piece.kind].format(piece.text) for piece in word)


class Splitter:
    """Splits one text.

    `slashes` are the lines whose last word is a slash instead of a backslash.
    """

    def __init__(self, text: str, first_line: int = 1) -> None:
        self._text = text
        self._at = 0
        self._line = first_line
        self._heredocs: list[str] = []
        self.slashes: list[int] = []

    def commands(self) -> list[Command]:
        found: list[Command] = []
        command = Command()
        while self._at < len(self._text):
            if self._skip_blanks():
                continue
            if (sign := self._separator()) is not None:
                if sign == "\n" and self._goes_on_after_slash(command):
                    continue
                command.end = sign
                if command.words:
                    found.append(command)
                command = Command()
                continue
            if self._redirection():
                continue
            start = self._line
            word = self._word()
            command.words.append(self._array(word) or word)
            command.lines.append(start)
        if command.words:
            found.append(command)
        return found

    # -- between words -----------------------------------------------------------------------------------

    def _skip_blanks(self) -> bool:
        text, at = self._text, self._at
        if text[at] in " \t\r":
            self._at += 1
        elif text.startswith("\\\n", at):
            self._at += 2
            self._line += 1
        elif text[at] == "#":
            end = text.find("\n", at)
            self._at = len(text) if end < 0 else end
        else:
            return False
        return True

    def _separator(self) -> str | None:
        for sign in _SEPARATORS:
            if self._text.startswith(sign, self._at) and not self._text.startswith("&>", self._at):
                self._at += len(sign)
                if sign == "\n":
                    self._line += 1
                    self._skip_heredocs()
                return sign
        return None

    def _goes_on_after_slash(self, command: Command) -> bool:
        """Return whether the line ends with a slash that was printed instead of a backslash."""
        if len(command.words) < 2 or plain(command.words[-1]) != "/":
            return False
        first = source_text(command.words[0])
        rest = self._text[self._at :].lstrip(" \t")
        if not re.search(r"(?i)ucarp", first) or not rest.startswith("-"):
            return False
        command.words.pop()
        self.slashes.append(command.lines.pop())
        return True

    def _redirection(self) -> bool:
        found = _REDIRECTION.match(self._text, self._at)
        if found is None:
            return False
        self._at = found.end()
        if found[2]:
            return True
        if self._at < len(self._text) and self._text[self._at] not in "\n;|&":
            target = self._word()
            if found[1].startswith("<<"):
                self._heredocs.append(source_text(target))
        return True

    def _skip_heredocs(self) -> None:
        for mark in self._heredocs:
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                row = self._text[self._at : end]
                self._at = min(end + 1, len(self._text))
                self._line += 1
                if row.strip() == mark:
                    break
        self._heredocs = []

    # -- words -------------------------------------------------------------------------------------------

    def _word(self) -> Word:
        word: Word = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if character in " \t\r\n;|&()<>":
                break
            if character == "'":
                end = self._text.find("'", self._at + 1)
                end = len(self._text) if end < 0 else end
                self._add(word, self._take(self._at + 1, end), quoted=True)
                self._at = end + 1
            elif character == '"':
                self._double_quoted(word)
            elif character == "\\":
                if self._text.startswith("\\\n", self._at):
                    self._line += 1
                    self._at += 2
                    continue
                self._add(word, self._text[self._at + 1 : self._at + 2], quoted=True)
                self._at += 2
            elif character in "$`":
                self._dollar(word, quoted=False)
            else:
                self._add(word, character, quoted=False)
                self._at += 1
        if not word:
            # Two quotes with nothing between them, or a sign that is no word here.
            word.append(Piece("text", "", quoted=True))
            if self._at < len(self._text) and self._text[self._at] in "<>":
                self._at += 1
        return word

    def _array(self, word: Word) -> Word | None:
        """Return the whole of NAME=(…), whose first word has been read."""
        text = plain(word)
        if text is None or not re.fullmatch(r"[A-Za-z_]\w*\+?=", text):
            return None
        if not self._text.startswith("(", self._at):
            return None
        end = self._text.find(")", self._at)
        if end < 0:
            return None
        self._at += 1
        inner = Splitter(self._take(self._at, end), self._line)
        pieces: Word = [Piece("text", text)]
        for command in inner.commands():
            for each in command.words:
                pieces += [Piece("text", BETWEEN), *each]
        self._at = end + 1
        return pieces

    def _take(self, start: int, end: int) -> str:
        text = self._text[start:end]
        self._line += text.count("\n")
        return text

    @staticmethod
    def _add(word: Word, text: str, *, quoted: bool) -> None:
        if word and word[-1].kind == "text" and word[-1].quoted == quoted:
            text = word.pop().text + text
        word.append(Piece("text", text, quoted))

    def _double_quoted(self, word: Word) -> None:
        self._at += 1
        self._add(word, "", quoted=True)
        while self._at < len(self._text) and self._text[self._at] != '"':
            character = self._text[self._at]
            if character == "\\" and self._text[self._at + 1 : self._at + 2] in '$`"\\\n':
                following = self._text[self._at + 1 : self._at + 2]
                if following == "\n":
                    self._line += 1
                else:
                    self._add(word, following, quoted=True)
                self._at += 2
            elif character in "$`":
                self._dollar(word, quoted=True)
            else:
                self._line += character == "\n"
                self._add(word, character, quoted=True)
                self._at += 1
        self._at += 1

    def _dollar(self, word: Word, *, quoted: bool) -> None:
        text, at = self._text, self._at
        found = _COMPUTED.match(text, at)
        if found and not (quoted and text[at] == "$"):
            word.append(Piece("computed", self._take(at, found.end()), quoted))
            self._at = found.end()
        elif text.startswith("$(", at):
            end = _closing(text, at + 1, "(", ")")
            word.append(Piece("computed", self._take(at, end), quoted))
            self._at = end
        elif text.startswith("${", at):
            end = _closing(text, at + 1, "{", "}")
            inside = self._take(at + 2, end - 1)
            if found := _BRACED.fullmatch(inside):
                default = None if found[3] is None else found[4]
                is_one_word = quoted and not found[2]
                kept = found[3] is not None and found[3].endswith("=")
                word.append(Piece("variable", found[1], is_one_word, default, kept))
            else:
                word.append(Piece("computed", text[at:end], quoted))
            self._at = end
        elif found := _NAME.match(text, at + 1):
            word.append(Piece("variable", found[0], quoted))
            self._at = found.end()
        else:
            self._add(word, "$", quoted=quoted)
            self._at += 1


def _closing(text: str, at: int, opening: str, closing: str) -> int:
    """Return the place behind the sign that closes the one at `at`, or the end of the text."""
    depth = 0
    quote = ""
    for place in range(at, len(text)):
        character = text[place]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
            if depth == 0:
                return place + 1
    return len(text)
