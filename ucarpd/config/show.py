"""A Config as KEY=VALUE lines that ucarpd and bash read alike."""

from ucarpd.config import shell, values
from ucarpd.config.keys import KEYS, PREFIX, Key
from ucarpd.config.lines import parse_line
from ucarpd.config.settings import Config


def show(config: Config) -> str:
    """Every key in the table's order, defaults included, then what only the scripts get.

    The password is a comment; with it as a real line, the text is a configuration file again that
    means the same.
    """
    lines = []
    for key in KEYS:
        if "key" in key.fields:
            lines += _comment(config, key)
        else:
            lines += _assignment(config, key)
    foreign = {
        name: value
        for name, value in config.script_environment.items()
        if not name.startswith(PREFIX)
    }
    for name, value in foreign.items():
        lines += _line(name, value)
    return "\n".join([*lines, ""])


def _comment(config: Config, key: Key) -> list[str]:
    if key.secret:
        return [f"# {key.name} is set ({len(config.key)} bytes); it is not shown"]
    source = config.script_environment.get(key.name)
    return [f"# {key.name}={shell.spell_for_ucarpd(source)}"] if source else []


def _assignment(config: Config, key: Key) -> list[str]:
    text = _text(config, key)
    if text is None and key.default is not None:
        return [f"# {key.name}: each address has its own"]
    if text is None:
        return [f"{key.name}=''  # default: {key.without}"]
    default = key.default is not None and key.parse(text) == key.parse(key.default)
    return _line(key.name, text, "  # default" if default else "")


def _text(config: Config, key: Key) -> str | None:
    """The value as a file would have it, None when it is not set."""
    if key.name == "UCARP_ADDR":
        return " ".join(f"{address.ip}/{address.prefixlen}" for address in config.addresses)
    if key.name == "UCARP_MASK":
        return _common_mask(config)
    value = getattr(config, key.fields[0])
    return None if value is None else _plain(value)


def _common_mask(config: Config) -> str | None:
    lengths = {address.prefixlen for address in config.addresses}
    return values.dotted_mask(lengths.pop()) if len(lengths) == 1 else None


def _plain(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _line(name: str, value: str, comment: str = "") -> list[str]:
    line = f"{name}={shell.spell_for_ucarpd(value)}{comment}"
    if reason := shell.difference(parse_line(1, line)):
        return [f"# bash {reason}:", line]
    return [line]
