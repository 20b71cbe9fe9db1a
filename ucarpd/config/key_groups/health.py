"""The keys that demote this host, and say how soon it takes the role back."""

from ucarpd.config import health_checks
from ucarpd.config.key import Key

ROWS: tuple[Key, ...] = (
    Key(
        name="UCARP_CHECK_NAME",
        parse=health_checks.parse,
        kind="TARGET [option=value …], any number of them",
        without="no check",
        unset=(),
        help="A health check, with a NAME of your choice for each. While it fails, this host is"
        " demoted, and a healthy host takes over. See HEALTH CHECKS.",
        fields=("checks",),
        is_live=True,
        is_family=True,
    ),
)
