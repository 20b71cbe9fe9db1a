"""A line for each instance of the host."""

from collections.abc import Sequence

from ucarpd.control.wire import Message
from ucarpd.ctl import assessment, rich_table, times
from ucarpd.ctl.screen import BAD, DIM, GOOD, PLAIN, WARN, Cell, Screen, bar, columns

WIDE = 120
"""Columns of a terminal that has room for a note beside its instance."""

STYLES = {
    assessment.OK: PLAIN,
    assessment.DEGRADED: WARN,
    assessment.CRITICAL: BAD,
    assessment.NOT_KNOWN: WARN,
}
"""The style of an instance, by its exit status."""

_HEADER = ["NAME", "STATE", "FOR", "WHERE", "ADDRESSES"]


def text(
    instances: Sequence[Message], screen: Screen, now: float, *, with_headroom: bool = False
) -> str:
    """Return the table; `now` is in seconds since 1970.

    On a narrow terminal, notes are below their instance, and only notes about faults are shown.
    """
    header = [*_HEADER, *(["HEADROOM"] if with_headroom else [])]
    rows = [_row(each, now)[: len(header)] for each in instances]
    notes = [_note(each, now) for each in instances]
    is_wide = screen.width is None or screen.width >= WIDE
    # Not for a screen that is drawn again and again: rich takes its time.
    if screen.width and is_wide and not with_headroom and rich_table.is_installed():
        both = [[*row, note] for row, note in zip(rows, notes, strict=True)]
        return rich_table.text([*header, "NOTE"], both, screen)
    lines, width = columns(screen, rows, header)
    shown = [lines[0] + (screen.paint("  NOTE", DIM) if is_wide else "")]
    for line, note in zip(lines[1:], notes, strict=True):
        if is_wide:
            first, *others = screen.paragraph(note, width + 2, first=2)
            shown += [line + first, *others]
        else:
            wrong = [note] if note.style else []
            shown += [line, *(each for note in wrong for each in screen.paragraph(note, 4))]
    return "\n".join(line.rstrip() for line in shown)


def _row(instance: Message, now: float) -> list[Cell]:
    style = STYLES[assessment.level(instance)]
    state = instance["state"]
    addresses = [each["address"] for each in instance.get("addresses", ())]
    return [
        Cell(instance["name"] or "?"),
        Cell(state, style or (GOOD if state == "MASTER" else PLAIN)),
        Cell(
            times.duration(now - times.seconds(instance["since"])) if "since" in instance else "-"
        ),
        Cell(f"{instance['interface']}, vhid {instance['vhid']}" if "vhid" in instance else "-"),
        Cell(
            addresses[0] + (f" +{len(addresses) - 1}" if addresses[1:] else "")
            if addresses
            else "-"
        ),
        _headroom(instance.get("recent_gap")),
    ]


def _headroom(gap: float | None) -> Cell:
    return Cell("-") if gap is None else Cell(bar(gap), headroom_style(gap))


def headroom_style(gap: float) -> str:
    """Return the style for the longest silence of a master, a part of the master-down interval."""
    return WARN if gap > 0.75 else PLAIN


def _note(instance: Message, now: float) -> Cell:
    """Return the faults, or else the master, or else the reason for the state."""
    if troubles := assessment.troubles(instance, now):
        texts = "; ".join(each.text for each in troubles)
        return Cell(texts, STYLES[troubles[0].level])
    masters = [each["address"] for each in instance.get("peers", ()) if each["is_master"]]
    if instance["state"] == "BACKUP" and masters:
        return Cell(f"{masters[0]} is MASTER")
    return Cell(instance["reason"])
