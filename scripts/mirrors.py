"""How this machine reaches Debian's mirror, for mmdebstrap, which reads no settings of this machine."""

import re

_PROXY = re.compile(
    r"^(Acquire::\w+::Proxy(?:-?Auto-?Detect)?(?:::\S+)? \"[^\"]+\");$", re.MULTILINE
)


def proxy_options(settings: str) -> list[str]:
    """The proxies in what `apt-config dump` prints, each as a line of apt.conf, but no semicolon."""
    return _PROXY.findall(settings)


def cause(message: str) -> str:
    """The line of mmdebstrap's messages that names the fault, or the last one."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    for words in ("Failed to fetch", "Unable to", "E: "):
        if found := next((line for line in lines if words in line), None):
            return found
    return lines[-1]
