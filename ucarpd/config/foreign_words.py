"""The names that wrappers, images and other systems have for our keys.

The names were found in public configurations of `ucarp`.  If a name is more similar to a wrong key,
it is listed here with the right one: two hosts that take a host's own address for an address of the
digest are both master.
"""

import re
from typing import NamedTuple

from ucarpd.config.keys import BY_NAME, FAMILIES, PREFIX

OPTIONS = "options"
"""Stands for a key where a word holds options of the command `ucarp`."""

NOTHING = "nothing"
"""Stands for a key where a word has no meaning here."""


class Meaning(NamedTuple):
    """`key` is a canonical key, OPTIONS or NOTHING; `remark` explains the difference, if there is one."""

    key: str
    remark: str = ""


_SMALLER = "the smaller one wins"

_TABLE: dict[Meaning, str] = {
    Meaning("UCARP_INTERFACE"): "INTERFACE IF IFACE IFNAME INTF DEV DEVNAME DEVICE DEVICENAME NIC"
    " ETH NETIF NETDEV HOSTDEVICE HOSTINTERFACE BINDINTERFACE BINDIF BINDDEVICE VIPINTERFACE"
    " VIPIFACE VIPDEV VIPDEVICE VIRTUALINTERFACE NETWORKINTERFACE REALINTERFACE",
    Meaning("UCARP_SRCIP", "this host's own address"): "SRC SRCIP SRCADDR SRCADDRESS SOURCE"
    " SOURCEIP SOURCEADDR SOURCEADDRESS HOSTIP HOSTADDR HOSTADDRESS RIP REALIP REALADDR"
    " REALADDRESS LOCALIP LOCALADDR LOCALADDRESS MYIP MYADDR MYADDRESS NODEIP NODEADDR NODEADDRESS"
    " BINDIP BINDADDR BINDADDRESS OWNIP OWNADDR OWNADDRESS PRIMARYIP PRIMARYADDRESS SERVERIP"
    " PHYSICALIP UNICASTSRCIP MCASTSRCIP",
    Meaning("UCARP_ADDR", "the shared address"): "ADDR ADDRESS VIP VIPIP VIPADDR VIPADDRESS"
    " VIRTUALIP VIRTUALADDR VIRTUALADDRESS VIRTUALIPADDRESS FLOATINGIP FLOATINGADDRESS FLOATIP FIP"
    " SERVICEIP SERVICEADDRESS SRVIP SHAREDIP SHAREDADDR SHAREDADDRESS CLUSTERIP CARPIP"
    " CARPADDRESS HAIP",
    Meaning("UCARP_VHID"): "ID VID VHID VIPID INSTANCEID VIRTUALID VIRTUALHOSTID VIRTUALHOST"
    " CARPID VRID VIRTUALROUTERID ROUTERID",
    Meaning("UCARP_PASS"): "PASS PASSWORD PASSWD PWD PW PASSPHRASE SECRET VIRTUALPW VIRTUALPASS"
    " VIRTUALPASSWORD AUTHPASS VIPPASS VIPPASSWORD CARPPASS CARPPASSWORD SHAREDSECRET",
    Meaning("UCARP_PASSFILE"): "PASSFILE PASSWORDFILE PASSWDFILE PWFILE SECRETFILE PASSPATH",
    Meaning("UCARP_ADVSKEW", _SMALLER): "PRIORITY PRIO WEIGHT ADVSKEM",
    Meaning("UCARP_ADVSKEW"): "SKEW ADVSKEW ADVERTISEMENTSKEW",
    Meaning("UCARP_ADVBASE"): "BASE ADVBASE ADVINT ADVERTINT INTERVAL ADVERTISEMENTBASE",
    Meaning("UCARP_DEADRATIO"): "RATIO DEAD DEADRATIO DEADCOUNT",
    Meaning("UCARP_PREEMPT"): "PREEMPT PREEMPTION MASTER ISMASTER",
    Meaning("UCARP_NEUTRAL"): "NEUTRAL",
    Meaning("UCARP_SHUTDOWN"): "SHUTDOWN SHUTDOWNATEXIT",
    Meaning("UCARP_IGNOREIFSTATE"): "IGNOREIFSTATE IGNORECARRIER IGNORELINK",
    Meaning("UCARP_MASK", "the mask of the shared address"): "MASK NETMASK MASKLEN PREFIX"
    " PREFIXLEN PREFIXLENGTH VIRTUALPREFIX VIRTUALMASK VIRTUALNETMASK VIRTUALNET VIPPREFIX VIPMASK"
    " VIPNETMASK VIPCIDR CIDR SUBNET SUBNETMASK",
    Meaning("UCARP_IF_ALIAS"): "ALIAS IFALIAS LABEL VIPLABEL",
    Meaning("UCARP_UPSCRIPT"): "UP UPSCRIPT UPCMD UPCOMMAND SCRIPTUP STARTSCRIPT VIPUP VIPUPSCRIPT"
    " MASTERSCRIPT UPHOOK SCRIPT ONMASTER",
    Meaning("UCARP_DOWNSCRIPT"): "DOWN DOWNSCRIPT DOWNCMD DOWNCOMMAND SCRIPTDOWN STOPSCRIPT"
    " VIPDOWN VIPDOWNSCRIPT BACKUPSCRIPT DOWNHOOK ONBACKUP",
    Meaning("UCARP_NOTIFYSCRIPT", "it gets other arguments"): "NOTIFY NOTIFYCMD NOTIFYCOMMAND"
    " NOTIFYHOOK NOTIFYMASTER NOTIFYBACKUP NOTIFICATION NOTIFICATIONSCRIPT ALERTSCRIPT MAILSCRIPT",
    Meaning("UCARP_UNITS", "systemd units"): "UNIT UNITS SERVICE SERVICES SERVICENAME SYSTEMDUNIT"
    " SYSTEMDUNITS DAEMONS RESOURCES",
    Meaning("UCARP_EXTRA_ADDRS", "further addresses that move with it"): "IPS VIPS ADDRS ADDRESSES"
    " SECONDARYIP SECONDARYIPS SECONDARYADDR SECONDARYADDRS SECONDARYADDRESSES EXTRAIP EXTRAIPS"
    " EXTRAADDR EXTRAADDRS EXTRAADDRESS EXTRAADDRESSES EXTRAVIPS ADDITIONALIPS ADDITIONALADDRESSES"
    " VIRTUALIPS VIRTUALADDRESSES MOREIPS",
    Meaning("UCARP_HASH_ADDRS"): "HASHADDRESS HASHADDRESSES HASHADDR",
    Meaning("UCARP_PEERS"): "PEER PEERIP PEERIPS PEERADDRESS PEERADDRESSES UNICASTPEER"
    " UNICASTPEERS",
    Meaning("UCARP_VMAC"): "VIRTUALMAC USEVMAC",
    Meaning("UCARP_XPARAM"): "XPARAM PARAM EXTRAPARAM XTRAPARAM SCRIPTPARAM",
    Meaning("UCARP_MCAST"): "MCAST MCASTGROUP MULTICAST MULTICASTGROUP MULTICASTADDRESS MCASTADDR",
    Meaning("UCARP_NOMCAST"): "NOMCAST NOMULTICAST BROADCAST",
    Meaning("UCARP_FACILITY"): "FACILITY SYSLOGFACILITY LOGFACILITY SYSLOG",
    Meaning(OPTIONS): "OPTS OPTIONS OPTION OPT ARGS ARGUMENTS EXTRA EXTRAS EXTRAARGS EXTRAOPTS"
    " EXTRAOPTIONS FLAGS PARAMS COMMANDARGS DAEMONOPTS DAEMONARGS ADDITIONALOPTIONS",
    Meaning("UCARP_CHECK_NAME", "a name of your choice for NAME"): "CHECK CHECKS CHECKSCRIPT CHK"
    " CHKSCRIPT HEALTHCHECK HEALTHCHECKS HEALTHSCRIPT TRACKSCRIPT TRACKINTERFACE"
    " VRRPSCRIPT MONITOR MONITORSCRIPT",
    Meaning(NOTHING, "ucarpd@NAME.service runs it"): "DAEMONIZE DAEMON BACKGROUND EXEC BIN BINARY"
    " PROG COMMAND ENABLE ENABLED PIDFILE USER",
    Meaning(NOTHING, "`ucarpd run --debug` logs more"): "DEBUG VERBOSE LOGLEVEL",
    Meaning(NOTHING, "ucarpd reads /etc/ucarp"): "CFGDIR CONFDIR CONFIGDIR CFG CONFIG CONFFILE",
    Meaning("UCARP_ROUTES", "default via GATEWAY"): "VIRTUALGATEWAY GATEWAY VIPGATEWAY GW ROUTE"
    " ROUTES VIRTUALROUTE VIRTUALROUTES STATICROUTES",
    Meaning(NOTHING, "only the shared address has a mask"): "SOURCEPREFIX SRCPREFIX HOSTPREFIX",
    Meaning(NOTHING, "a host preempts only with UCARP_PREEMPT=yes"): "NOPREEMPT NOPREEMPTION"
    " NOTPREEMPT",
    Meaning(NOTHING, "every host begins as BACKUP"): "STATE INITIALSTATE INITSTATE ROLE",
    Meaning(NOTHING, "a master announces by itself (UCARP_ANNOUNCE_INTERVAL)"): "GARP GARPTIMEOUT"
    " GARPINTERVAL GARPCOUNT GARPREPEAT GARPMASTERREFRESH GARPMASTERREPEAT GARPMASTERDELAY"
    " ARPING",
}

_BY_WORD = {word: meaning for meaning, words in _TABLE.items() for word in words.split()}

_TOO_COMMON = {
    *("DAEMON", "COMMAND", "PROG", "USER", "EXEC", "BIN", "BINARY", "ENABLE", "ENABLED", "GATEWAY"),
    *("UNIT", "UNITS", "ROUTE", "ROUTES", "SERVICE", "SERVICES", "DAEMONS", "RESOURCES"),
    *("NOTIFY", "NOTIFICATION", "SCRIPT"),
    *("DEBUG", "VERBOSE", "LOGLEVEL", "CONFIG", "GW", "PIDFILE", "BACKGROUND", "GARP", "ARPING"),
}
"""Words that say nothing about `ucarp` unless they have its prefix."""


def meaning(name: str) -> Meaning | None:
    """Return our key for a key of another kind of file; None if it is not known."""
    if name in BY_NAME:
        return Meaning(BY_NAME[name].name)
    word = squashed(name)
    if not is_prefixed(name) and word in _TOO_COMMON:
        return None
    return _BY_WORD.get(word)


def is_prefixed(name: str) -> bool:
    return re.match("(?i)u?carp|karp", name) is not None or _has_slip_in_prefix(name)


def _has_slip_in_prefix(name: str) -> bool:
    """Return whether the word before the first underscore is UCARP with one slip of the keyboard."""
    word, underscore, _ = name.partition("_")
    return bool(underscore) and distance(word.upper(), PREFIX.rstrip("_")) == 1


def is_spelling_of(name: str, key: str) -> bool:
    """Return whether `name` is a name of the canonical key, apart from capitals and underscores."""
    return key in BY_NAME and squashed(name) in map(squashed, BY_NAME[key].names)


def squashed(name: str) -> str:
    """Return the word without prefix, in capitals, without dashes or other signs between its parts."""
    if _has_slip_in_prefix(name):
        name = name.partition("_")[2]
    bare = re.sub("(?i)^(ucarp|karp|carp)[_-]*", "", name) or name
    return re.sub("[^A-Z0-9]", "", bare.upper())


def nearest(name: str, limit: int = 2) -> str | None:
    """Return the canonical key that `name` misspells in one letter, or two; None if there is none."""
    word = squashed(name)
    limit = 1 if len(word) <= 5 else limit
    found: list[tuple[int, bool, int, str]] = []
    for known, key in BY_NAME.items():
        if word.startswith("NO") and not squashed(known).startswith("NO"):
            continue  # It may say the opposite.
        slips = distance(word, squashed(known))
        found.append((slips, known != key.name, len(found), key.name))
    for foreign, means in _BY_WORD.items():
        if foreign in _TOO_COMMON and not is_prefixed(name):
            continue
        # Fewer slips: these words are many.
        if means.key in BY_NAME and (slips := distance(word, foreign)) < limit:
            found.append((slips, True, len(found), means.key))
    slips, _, _, key_name = min(found)
    return key_name if slips <= limit else None


def nearest_of_family(name: str) -> str | None:
    """Return the key of a family that `name` misspells, with its own name; None if there is none."""
    start, _, own = name.removeprefix(PREFIX).partition("_")
    for stem in FAMILIES:
        word = stem.removeprefix(PREFIX).rstrip("_")
        if name.startswith(PREFIX) and own and distance(start.upper(), word) <= 1:
            return stem + own
    return None


def distance(one: str, other: str) -> int:
    """How many letters are missing, superfluous, wrong, or have changed places with the next."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row, above = row, [i], before
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]
