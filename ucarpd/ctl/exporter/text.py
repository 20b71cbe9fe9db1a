"""The text format of Prometheus, version 0.0.4."""

from collections.abc import Iterable, Iterator

from ucarpd.ctl.exporter.families import Family

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(families: Iterable[Family]) -> str:
    """Return the metrics as lines of text."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escaped(family.help)}"
    yield f"# TYPE {family.name} {family.kind}"
    for values, number in family.samples.items():
        pairs = zip(family.labels, values, strict=True)
        labels = ",".join(f'{label}="{_quoted(value)}"' for label, value in pairs)
        yield f"{family.name}{{{labels}}} {float(number)!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
