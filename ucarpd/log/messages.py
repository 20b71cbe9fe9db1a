"""The log lines for the operator: wording, level and fields of each, and how often it may come.

Levels: ERROR is for what keeps an address from being served or a script from its work; WARNING for
every transition and for whatever needs a look; INFO for the normal course; DEBUG for the rest.

Each subject has a module.  `output` sends them to their destination.
"""

from ucarpd.log.address_messages import AddressMessages
from ucarpd.log.check_messages import CheckMessages
from ucarpd.log.role_messages import RoleMessages
from ucarpd.log.script_messages import ScriptMessages
from ucarpd.log.segment_messages import SegmentMessages


class Journal(RoleMessages, AddressMessages, SegmentMessages, ScriptMessages, CheckMessages):
    """The lines of one virtual host."""
