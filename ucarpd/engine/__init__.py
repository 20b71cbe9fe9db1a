"""One virtual host in action: `driver` feeds the machine, `custody` and `outgoing` do its actions.

`defect` ends it after an error of ours.  `ports` defines the interfaces to the rest of ucarpd.  All
virtual hosts of a process share one `timer`.
"""

from ucarpd.engine.driver import WAKE_UP_LEAD, Engine
from ucarpd.engine.ports import Addresses, Outcome, Owner, Transition
from ucarpd.engine.timer import Timer

__all__ = ["WAKE_UP_LEAD", "Addresses", "Engine", "Outcome", "Owner", "Timer", "Transition"]
