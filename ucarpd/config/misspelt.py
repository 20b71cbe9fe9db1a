"""Arguments of a check's program that may be misspelt options of ours."""

from ucarpd.config.foreign_words import distance
from ucarpd.config.health_checks import KINDS, Check


def option_of(check: Check) -> tuple[str, str] | None:
    """Return the last argument that looks like an option, and the name of that option."""
    options = KINDS[check.kind].options
    for word in reversed(check.where[1:] if isinstance(check.where, tuple) else ()):
        name, equals, _ = word.partition("=")
        if not equals or not name.isalpha():
            break
        near = (o for o in options if name[0].lower() == o[0] and distance(name.lower(), o) <= 1)
        if name not in options and (meant := next(near, None)):
            return word, meant
    return None
