"""How a host comes to the role of master, keeps it and gives it up."""

from ucarpd.config import types
from ucarpd.config.key import Key

ROWS: tuple[Key, ...] = (
    Key(
        name="UCARP_ADVBASE",
        parse=types.advbase,
        kind="seconds, 0 to 253",
        default="1",
        help="Time between two advertisements. The host with the shortest interval becomes master.",
        fields=("advbase",),
        is_live=True,
    ),
    Key(
        name="UCARP_ADVSKEW",
        parse=types.integer(0, 254),
        kind="1/256 s, 0 to 254",
        default="0",
        help="Added to UCARP_ADVBASE. Give the preferred host the smaller value.",
        fields=("advskew",),
        is_live=True,
    ),
    Key(
        name="UCARP_DEADRATIO",
        parse=types.dead_ratio,
        kind="advertisements, 2 to 255",
        default="3",
        help="Missed advertisements after which a backup takes over.",
        fields=("deadratio",),
        is_live=True,
    ),
    Key(
        name="UCARP_ANNOUNCE_INTERVAL",
        parse=types.seconds(0, 3600),
        kind="seconds, 0 to 3600",
        default="60",
        help="A master announces its addresses to the neighbours several times in the first three"
        " seconds, after 10 and 30 seconds, and then at this interval. 0: only in the first seconds.",
        fields=("announce_interval",),
        is_live=True,
    ),
    Key(
        name="UCARP_PREEMPT",
        aliases=("UCARP_MASTER",),
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Take over from a master that advertises more slowly. Every healthy host takes over"
        " from a demoted master, whatever this key says.",
        fields=("preempt",),
        is_live=True,
    ),
    Key(
        name="UCARP_PREEMPT_DELAY",
        parse=types.seconds(0, 3600),
        kind="seconds, 0 to 3600",
        default="0",
        help="Delay after a start, a return of the interface or a fault, before this host takes the"
        " role from a healthy master. It still takes over at once if it hears no master, or if the"
        " master is demoted.",
        fields=("preempt_delay",),
        is_live=True,
    ),
    Key(
        name="UCARP_NEUTRAL",
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Do not run the down-script at start.",
        fields=("neutral",),
        is_live=True,
    ),
    Key(
        name="UCARP_SHUTDOWN",
        parse=types.boolean,
        kind="yes or no",
        default="yes",
        help="Give the address up when ucarpd stops, and tell the peers.",
        fields=("shutdown",),
        is_live=True,
    ),
    Key(
        name="UCARP_IGNOREIFSTATE",
        parse=types.boolean,
        kind="yes or no",
        default="no",
        help="Keep running when the interface has no link.",
        fields=("ignore_carrier",),
    ),
    Key(
        name="UCARP_IFDOWN_DEMOTION",
        parse=types.integer(0, 254),
        kind="0 to 254",
        default="240",
        help="While this interface is unusable, the other virtual hosts of the process are demoted"
        " by this amount, and move to a healthy host. If no host is healthy, the host with"
        " the smallest sum serves. 0: they stay.",
        fields=("ifdown_demotion",),
        is_live=True,
    ),
)
