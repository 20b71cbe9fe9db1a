"""The reaction of a virtual host to each event in each state, printed by `scripts/state-table`.

It uses the words of a playbook (see `playbook.py`).  A MASTER gets the event more than a second after its
last announcement, and every host before its deadline.
"""

import re

IGNORED = "nothing, and nothing has changed"

EVERY_EVENT = [
    # event, in INIT, in BACKUP, in MASTER
    (
        "InterfaceReady 10.0.0.1",
        "StateChanged INIT BACKUP, ReleaseAddresses at_start",
        IGNORED,
        IGNORED,
    ),
    (
        "InterfaceLost",
        IGNORED,
        "StateChanged BACKUP INIT",
        "StateChanged MASTER INIT, ReleaseAddresses",
    ),
    ("HardwareAddressChanged", IGNORED, IGNORED, "AnnounceAddresses 10.0.0.100"),
    ("SegmentHeard", IGNORED, IGNORED, "AnnounceAddresses 10.0.0.100"),
    (
        "AdvertisementReceived 1/0 from 10.0.0.2",
        IGNORED,
        "nothing",
        "SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100",
    ),
    ("DeadlineReached", IGNORED, IGNORED, IGNORED),
    ("AddressesAcquired", IGNORED, "ReleaseAddresses", "AnnounceAddresses 10.0.0.100"),
    ("AcquireFailed", IGNORED, IGNORED, "nothing"),
    ("AddressesOff", IGNORED, IGNORED, IGNORED),
    ("AddressesReleased", IGNORED, IGNORED, IGNORED),
    ("AddressRemoved 10.0.0.100", IGNORED, IGNORED, "AcquireAddresses"),
    ("AddressClaimed 10.0.0.100 02:00:00:00:00:09", IGNORED, IGNORED, "nothing"),
    ("GatewaysSilent 10.0", IGNORED, IGNORED, IGNORED),
    ("ParamsChanged advskew=100", "nothing", "nothing", "SendAdvertisement 1/100"),
    ("DemotionChanged 240", "nothing", "nothing", "SendAdvertisement 254/240 D255"),
    (
        "StepDownRequested",
        "Report NOT_MASTER",
        "Report NOT_MASTER",
        "SendAdvertisement 254/254 D255",
    ),
    (
        "StopRequested",
        "Finish",
        "StateChanged BACKUP INIT, Finish",
        "StateChanged MASTER INIT, ReleaseAddresses",
    ),
]


def as_markdown():
    """The table of docs/architecture.md."""
    rows = ["| event | INIT | BACKUP | MASTER |", "|---|---|---|---|"]
    rows += [" | ".join(["|", *map(in_a_cell, row)])[2:] + " |" for row in EVERY_EVENT]
    return "\n".join(rows) + "\n"


def in_a_cell(text):
    if text in {IGNORED, "nothing"}:
        return "ignored" if text == IGNORED else "kept in mind"
    return re.sub(r"StateChanged \w+ (\w+)", r"**\1**", text)
