"""The results of an import: virtual hosts, and remarks for the operator."""

from dataclasses import dataclass, field
from pathlib import Path

from ucarpd.config.problems import ConfigError, Problem, place, printable


@dataclass(frozen=True, slots=True)
class Source:
    """The place of a value; `line` counts from 1."""

    path: Path
    line: int | None = None

    def __str__(self) -> str:
        return place(self.path, self.line)


MOST_STEPS = 50_000
MOST_HOSTS = 500
"""How many commands and assignments of scripts are followed, and how many `ucarp` are found."""


def too_much(source: Source, text: str) -> ConfigError:
    """Return the error for a file that would take memory or time without end."""
    return ConfigError([Problem(source.path, source.line, None, text)])


@dataclass(frozen=True, slots=True)
class Value:
    """The text of a key, under which name it was found, and where."""

    text: str
    name: str
    source: Source


@dataclass(slots=True)
class Host:
    """One virtual host.

    `values` are by canonical key; `for_scripts` are other variables of its file; `open_lines` are
    lines for its file that a person has to decide on, without the # in front; `third_argument` is
    the $3 that a wrapper gives to the scripts.  `is_complete` means that no such line is left.
    """

    source: Source
    values: dict[str, Value] = field(default_factory=dict)
    for_scripts: dict[str, str] = field(default_factory=dict)
    open_lines: list[str] = field(default_factory=list)
    third_argument: str | None = None
    is_complete: bool = True

    def text(self, key: str) -> str | None:
        return self.values[key].text if key in self.values else None


@dataclass(slots=True)
class Findings:
    """`remarks` are in the order in which they were found, each once."""

    hosts: list[Host] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    steps: int = 0

    def step(self, source: Source, hosts: int) -> None:
        """Count a command or an assignment, of a loop each time; raise ConfigError if it has no end."""
        self.steps += 1
        if self.steps > MOST_STEPS or hosts > MOST_HOSTS:
            raise too_much(source, "it runs too many commands: import a part of it")

    def remark(self, source: Source | None, text: str) -> None:
        line = printable(f"{source}: {text}" if source else text)
        if line not in self.remarks:
            self.remarks.append(line)
