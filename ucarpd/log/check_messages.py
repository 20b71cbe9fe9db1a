"""The lines about health checks."""

from ucarpd.log.instance_lines import InstanceLines


class CheckMessages(InstanceLines):
    """A check has failed, or is good again."""

    def check_failed(self, name: str, line: str, *, bars: bool) -> str:
        """`bars`: this host does not serve until the check is good."""
        effect = "; this host does not serve meanwhile; if it fails on all hosts, no host serves"
        text = f"check {name} has failed: {line}"
        self.warning(text + (effect if bars else ""))
        return text

    def check_good(self, name: str, line: str) -> str:
        text = f"check {name} is good: {line}"
        self.info(text)
        return text
