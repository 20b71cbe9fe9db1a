"""A Config as KEY=VALUE lines that ucarpd and bash read alike."""

from ucarpd.config import address_types, bash
from ucarpd.config.config import Config
from ucarpd.config.key import Key
from ucarpd.config.keys import FAMILY_NAME, KEYS
from ucarpd.config.lines import parse_line


def show(config: Config) -> str:
    """Return all keys in the table's order, defaults included, then the variables for scripts.

    Secrets are comments.  If they are written as real lines, the text is an equivalent
    configuration file.
    """
    lines = []
    for key in KEYS:
        if key.secret:
            lines += _comment(config, key)
        elif key.name == "UCARP_PASSFILE":
            lines += _password_file(config, key)
        elif key.is_family and (members := getattr(config, key.fields[0])):
            stem = key.name.removesuffix(FAMILY_NAME)
            lines += [line for each in members for line in _line(stem + each.name, str(each))]
        else:
            lines += _assignment(config, key)
    for name, value in config.variables.items():
        lines += _line(name, value)
    return "\n".join([*lines, ""])


def _comment(config: Config, key: Key) -> list[str]:
    if key.name not in config.secrets:
        return []
    size = f" ({len(config.key)} bytes)" if "key" in key.fields else ""
    return [f"# {key.name} is set{size}; it is not shown"]


def _password_file(config: Config, key: Key) -> list[str]:
    """Return a comment: on another host the file may have another content."""
    source = config.script_environment.get(key.name)
    if not source:
        return []
    return [f"# {key.name}={bash.spell_for_ucarpd(source)} ({len(config.key)} bytes; not shown)"]


def _assignment(config: Config, key: Key) -> list[str]:
    text = _common_mask(config) if key.name == "UCARP_MASK" else _text(config, key)
    if text is None and key.default is not None:
        return [f"# {key.name}: each address has its own"]
    if text is None:
        return [f"{key.name}=''  # default: {key.without}"]
    return _line(key.name, text, "  # default" if _is_default(key, text) else "")


def _text(config: Config, key: Key) -> str | None:
    """Return the value as a file would have it, or None if it is not set."""
    held = [getattr(config, name) for name in key.fields]
    return None if held == [key.unset] else key.write(*held)


def _common_mask(config: Config) -> str | None:
    """Return the common mask of the IPv4 addresses; without IPv4, the common prefix length.

    None if the addresses have different masks.
    """
    v4 = {address.prefixlen for address in config.served if address.ip.version == 4}
    lengths = v4 or {address.prefixlen for address in config.served}
    if len(lengths) > 1:
        return None
    return address_types.dotted_mask(lengths.pop()) if v4 else str(lengths.pop())


def _is_default(key: Key, text: str) -> bool:
    if key.default is None:
        return False
    # Only the mask of IPv6 addresses has a default that differs from the table.
    longest = str(address_types.PREFIX_LENGTHS[6])
    return key.parse(text) == key.parse(key.default) or (key.name, text) == ("UCARP_MASK", longest)


def _line(name: str, value: str, comment: str = "") -> list[str]:
    line = f"{name}={bash.spell_for_ucarpd(value)}{comment}"
    if reason := bash.difference(parse_line(1, line)):
        return [f"# bash {reason}:", line]
    return [line]
