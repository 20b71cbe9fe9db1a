"""The scripts that own the addresses, and their arguments."""

from ucarpd.config import routes, types, units
from ucarpd.config.key import Key

ROWS: tuple[Key, ...] = (
    # The down-script must undo the work of the up-script with the same configuration: hence a
    # restart for each key that the scripts get.
    Key(
        name="UCARP_UPSCRIPT",
        parse=types.absolute_path,
        kind="absolute path",
        without="ucarpd sets the address itself",
        help="Run when this host becomes master: SCRIPT INTERFACE ADDRESS [XPARAM].",
        fields=("up_script",),
    ),
    Key(
        name="UCARP_DOWNSCRIPT",
        parse=types.absolute_path,
        kind="absolute path",
        without="ucarpd removes the address itself",
        help="Run when this host stops being master, and at start: SCRIPT INTERFACE ADDRESS [XPARAM].",
        fields=("down_script",),
    ),
    Key(
        name="UCARP_SCRIPT_TIMEOUT",
        parse=types.seconds(0, 3600),
        kind="seconds, 0 to 3600",
        default="30",
        help="ucarpd terminates a script that runs longer, and kills it two seconds later. 0: it may"
        " run as long as it likes; after 30 s the log and the status name it. A reload changes the limit"
        " of the next run.",
        fields=("script_timeout",),
        is_live=True,
    ),
    Key(
        name="UCARP_RERUN_UPSCRIPT",
        parse=types.boolean,
        kind="yes or no",
        default="yes",
        help="Run the up-script again (UCARP_REASON is then contested) after another host was also"
        " master and has given way, because its script may have taken a cloud address away. no: for"
        " scripts that must not run twice; UCARP_NOTIFYSCRIPT then gets no contested event either.",
        fields=("rerun_up_script",),
        is_live=True,
    ),
    Key(
        name="UCARP_NOTIFYSCRIPT",
        parse=types.absolute_path,
        kind="absolute path",
        help="Run at each event: SCRIPT INSTANCE EVENT STATE REASON. It owns no address, and nothing"
        " waits for it.",
        fields=("notify_script",),
        is_live=True,
    ),
    Key(
        name="UCARP_UNITS",
        parse=units.units,
        kind="systemd units, with spaces between them",
        unset=(),
        write=units.written,
        help="Units that ucarpd starts when this host is master and has the addresses. It stops them"
        " before it offers the role to another host or stops, and at the latest when it has lost the"
        " role.",
        fields=("units",),
    ),
    Key(
        name="UCARP_ROUTES",
        parse=routes.routes,
        kind="PREFIX [via GATEWAY] [dev INTERFACE] [src ADDRESS] [metric NUMBER] [table NUMBER]; …",
        unset=(),
        write=routes.written,
        help="Routes that a master sets after the addresses, and removes before them. Each has a gateway,"
        " an interface, or both.",
        fields=("routes",),
    ),
    Key(
        name="UCARP_XPARAM",
        parse=str,
        kind="text",
        help="Third argument of the scripts. If it is not set, they get the value of"
        " UCARP_VIRTUALPREFIX or UCARP_MASKLEN, as the file spells it.",
        fields=("xparam",),
    ),
    Key(
        name="UCARP_SCRIPT_INTERFACE",
        parse=types.label,
        kind="at most 15 bytes",
        without="UCARP_INTERFACE, or the device of UCARP_VMAC",
        help="First argument of the scripts, if it is not the interface that advertises: another"
        " interface, or a label such as eth0:0.",
        fields=("script_interface",),
    ),
)
