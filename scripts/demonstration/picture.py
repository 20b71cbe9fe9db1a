"""Draws a run as an SVG: the states of both hosts, and the answers that the client got.

The picture has a background of its own, and colours for light and dark pages.
"""

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from demonstration.scenario import OTHER, PREFERRED
from demonstration.witness import Scene, Witness

HOSTS = (PREFERRED, OTHER)
NOBODY = "nobody"

WIDTH, LEFT, RIGHT = 880, 88, 20
"""Pixels, as all that follow; time runs between the margins."""
HEADS = 84
"""The offset of the titles of the scenes."""
BAR, BAR_PITCH, BARS = 32, 42, 122
"""Height of a host's bar, distance from one to the next, and where they begin."""
LANE, LANES = 15, 226
"""Height of a lane of the client's answers, and where the first one begins."""
AXIS = LANES + 3 * LANE + 26
HEIGHT = AXIS + 62
LEAD = 1.0
"""Seconds that are shown before the first deed."""
LETTER = 6.8
"""Pixels that a letter may take at the usual size."""

STYLE = """\
text { font: 12px sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: bold }
.small { font-size: 11px; fill: #59636e }
.strong { font-weight: bold }
.page { fill: #ffffff; stroke: #d1d9e0 }
.line { fill: none; stroke: #afb8c1 }
.cut { fill: none; stroke: #59636e; stroke-dasharray: 4 3 }
.web1 { fill: #1a7f37; stroke: #1a7f37 }
.web2 { fill: #0969da; stroke: #0969da }
.nobody { fill: #cf222e; stroke: #cf222e }
.BACKUP { fill-opacity: .14 }
.INIT { fill-opacity: 0; stroke-dasharray: 2 3 }
text.web1, text.web2, text.nobody { stroke: none }
text.on { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small { fill: #9198a1 }
  .page { fill: #0d1117; stroke: #3d444d }
  .line { stroke: #59636e }
  .cut { stroke: #9198a1 }
  .web1 { fill: #3fb950; stroke: #3fb950 }
  .web2 { fill: #58a6ff; stroke: #58a6ff }
  .nobody { fill: #ff7b72; stroke: #ff7b72 }
  text.on { fill: #0d1117 }
}
"""


class Stay(NamedTuple):
    """The time that a host was in one state."""

    begin: float
    end: float
    state: str
    reason: str


def write(witness: Witness, path: Path) -> None:
    """Draw it; a new file belongs to the owner of its folder, also when root draws."""
    is_new = not path.exists()
    path.write_text(svg(witness), encoding="utf-8")
    if is_new:
        folder = path.absolute().parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def svg(witness: Witness) -> str:
    """The whole picture."""
    parts = "\n".join(_Picture(witness).parts())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>A failover, as scripts/demo has seen it</title>\n"
        f"<style>\n{STYLE}</style>\n{parts}\n</svg>\n"
    )


def stays(witness: Witness, host: str, begin: float, end: float) -> Iterator[Stay]:
    """The states of a host in a time."""
    changes = sorted(
        (sighting for sighting in witness.sightings if sighting.who == host and sighting.state),
        key=lambda sighting: sighting.at,
    )
    ends = [*(change.at for change in changes[1:]), end]
    for change, until in zip(changes, ends, strict=False):
        stay = Stay(max(change.at, begin), min(until, end), change.state, change.text)
        if stay.begin < stay.end:
            yield stay


class _Picture:
    """The parts of the picture, which begins shortly before the first deed that counts."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._scenes = [scene for scene in witness.scenes if scene.step.counts and scene.step.deeds]
        self._zero = self._scenes[0].began_at
        self._begin, self._end = self._zero - LEAD, self._scenes[-1].ended_at

    def parts(self) -> Iterator[str]:
        yield f'<rect class="page" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>'
        yield _text(16, 28, "One address, two hosts, and a client that keeps asking", "title")
        yield _text(
            16, 48, "MASTER has the address, BACKUP stands by, INIT cannot take part.", "small"
        )
        for scene in self._scenes:
            yield from self._head(scene)
        for number, host in enumerate(HOSTS):
            yield from self._bar(host, BARS + number * BAR_PITCH)
        yield from self._answers()
        for scene in self._scenes:
            yield from self._losses(scene)
        yield from self._axis()

    def _x(self, at: float) -> float:
        share = (at - self._begin) / (self._end - self._begin)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def _head(self, scene: Scene) -> Iterator[str]:
        """The deed in words, on two lines, and a line down to the axis."""
        x = self._x(scene.began_at)
        yield f'<path class="cut" d="M{x:.1f} {HEADS - 12}V{AXIS}"/>'
        subject, verb, rest = scene.step.title.partition(" is ")
        yield _text(x + 5, HEADS, subject)
        yield _text(x + 5, HEADS + 15, f"{verb}{rest}".strip(), "strong")

    def _bar(self, host: str, y: float) -> Iterator[str]:
        yield _text(16, y + 21, host, f"strong {host}")
        for stay in stays(self._witness, host, self._begin, self._end):
            left, right = self._x(stay.begin), self._x(stay.end)
            where = f'x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{BAR}"'
            title = f"<title>{escape(stay.reason)}</title>"
            yield f'<rect class="{host} {stay.state}" {where} rx="3">{title}</rect>'
            if len(stay.state) * LETTER + 12 < right - left:
                style = "strong on" if stay.state == "MASTER" else ""
                yield _text(left + 6, y + 21, stay.state, style)

    def _answers(self) -> Iterator[str]:
        """A mark for each request, in the lane of the host that answered it."""
        asked = self._witness.client.asked(self._begin, self._end)
        yield _text(16, LANES - 8, "answered by")
        for number, host in enumerate((*HOSTS, NOBODY)):
            y = LANES + number * LANE
            marks = [r.asked_at for r in asked if (r.host or NOBODY) == host]
            yield _text(16, y + 12, host, f"strong {host}")
            yield f'<path class="line" d="M{LEFT} {y + LANE}H{WIDTH - RIGHT}"/>'
            ticks = "".join(f"M{self._x(at):.1f} {y + 2}v11" for at in marks)
            yield f'<path class="{host}" d="{ticks}"/>'

    def _losses(self, scene: Scene) -> Iterator[str]:
        lost = self._witness.lost(scene)
        words = "none lost"
        if lost:
            words = f"{lost} lost, {self._witness.silence(scene):.2f} s without an answer"
        yield _text(self._x(scene.began_at) + 5, LANES + 3 * LANE + 17, words, "small")

    def _axis(self) -> Iterator[str]:
        yield f'<path class="line" d="M{LEFT} {AXIS}H{WIDTH - RIGHT}"/>'
        for second in range(int(self._begin - self._zero), int(self._end - self._zero) + 1):
            x = self._x(self._zero + second)
            yield f'<path class="line" d="M{x:.1f} {AXIS}v5"/>'
            if second % 2 == 0:
                label = f"{second} s" if second else "0"
                yield _text(x, AXIS + 19, label, "small", anchor="middle")
        note = (
            "Drawn by scripts/demo --svg from a run of it: states as the hosts logged them, and a "
            "mark for each request of the client, 20 a second."
        )
        yield _text(16, HEIGHT - 14, note, "small")


def _text(x: float, y: float, words: str, style: str = "", anchor: str = "start") -> str:
    attributes = f' class="{style}"' if style else ""
    if anchor != "start":
        attributes += f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(words)}</text>'
