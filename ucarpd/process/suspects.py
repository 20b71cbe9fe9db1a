"""Values that a peer with a wrong digest may have used: former keys, and those of other files."""

from collections.abc import Callable, Iterable

from ucarpd.config import Config
from ucarpd.diagnosis.digest import Background, Suspect

FORMER_KEYS = 4
"""Keys of before a reload that are remembered, to tell which hosts still use them."""


def suspects(configs: Iterable[Config]) -> tuple[Suspect, ...]:
    """Return the values that the digests of these files cover."""
    return tuple(
        Suspect(name=each.name, vhid=each.vhid, key=each.key, hashed=each.params().hashed)
        for each in configs
    )


class Suspicion:
    """The background of one virtual host; `others` returns the suspects among the other ones."""

    def __init__(self, config: Config, others: Callable[[str], tuple[Suspect, ...]]) -> None:
        self._config = config
        self._others = others
        self._former_keys: tuple[bytes, ...] = ()

    def reconfigure(self, new: Config) -> None:
        if self._config.key != new.key:
            self._former_keys = (*self._former_keys, self._config.key)[-FORMER_KEYS:]
        self._config = new

    def background(self) -> Background:
        """Return the knowledge for a search that begins now."""
        return Background(
            params=self._config.params(),
            former_keys=self._former_keys,
            others=self._others(self._config.name),
        )
