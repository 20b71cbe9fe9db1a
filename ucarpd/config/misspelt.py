"""Arguments of a check's program that may be misspelt options of ours."""

from ucarpd.config.health_checks import KINDS, Check


def option_of(check: Check) -> tuple[str, str] | None:
    """Return the last argument that looks like an option, and the name of that option."""
    options = KINDS[check.kind].options
    for word in reversed(check.where[1:] if isinstance(check.where, tuple) else ()):
        name, equals, _ = word.partition("=")
        if not equals or not name.isalpha():
            break
        near = (option for option in options if _is_near(name.lower(), option))
        if name not in options and (meant := next(near, None)):
            return word, meant
    return None


def _is_near(word: str, name: str) -> bool:
    """Return whether they begin alike, and differ in one letter or in the order of two."""
    return word[0] == name[0] and not _shortened(word).isdisjoint(_shortened(name))


def _shortened(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
