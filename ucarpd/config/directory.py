"""Loading several files, and finding collisions between them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ucarpd.config import near_files
from ucarpd.config.config import Config
from ucarpd.config.files import find_files
from ucarpd.config.load import Loaded, load_with_lines
from ucarpd.config.looks import Looks, silence, take
from ucarpd.config.parsed import Given
from ucarpd.config.problems import ConfigError, Problem, got, in_order, place
from ucarpd.config.scripts import draft_of

Result = tuple[list[Loaded], list[Problem]]


def load_all(
    paths: Sequence[Path],
    environ: Mapping[str, str] = os.environ,
    stand_ins: Iterable[Loaded] = (),
    take: Callable[[Looks[Result]], Result] = take,
) -> Result:
    """Return all sound files in `paths` (files or directories), and the problems of the others.

    A file that collides with an earlier one is refused: the same vhid on one interface, the same
    address, or the same instance name.  A file that is named twice is loaded once.  A refused file,
    or a file in an unreadable directory, is replaced by the stand-in of its path, unless the
    stand-in collides with a sound file.  `take` may give up looks at files that hang.
    """
    return take(_load_all(paths, environ, stand_ins))


def _load_all(
    paths: Sequence[Path], environ: Mapping[str, str], stand_ins: Iterable[Loaded]
) -> Looks[Result]:
    good: list[Loaded] = []
    problems: list[Problem] = []
    taken: dict[object, _Claim] = {}
    for path in (yield from _distinct(paths, problems)):
        try:
            loaded = yield path, partial(load_with_lines, path, environ)
        except ConfigError as error:
            problems += error.problems
            continue
        except TimeoutError:
            problems.append(silence(path))
            continue
        claims = {claim.what: claim for claim in _claims(loaded)}
        collisions = [claim for claim in claims.values() if claim.what in taken]
        if collisions:
            problems += in_order(claim.problem(taken[claim.what]) for claim in collisions)
            continue
        good.append(loaded)
        taken |= claims
    for loaded in stand_ins:
        claims = {claim.what: claim for claim in _claims(loaded)}
        if is_refused(loaded.config.path, problems) and claims.keys().isdisjoint(taken):
            good.append(loaded)
            taken |= claims
    return good, problems


def collisions(loaded: Iterable[Loaded], running: Iterable[Config]) -> list[Problem]:
    """Return the problems of the files that collide with configurations which run on."""
    taken = {claim.what: claim for each in running for claim in _claims(Loaded(each, [], {}))}
    claims = (claim for each in loaded for claim in _claims(each))
    return [
        claim.problem(taken[claim.what], "the running configuration of ")
        for claim in claims
        if claim.what in taken
    ]


def resembles(path: Path, running: Config) -> bool:
    """Return whether a file that does not load may be meant for this virtual host, under a new name."""
    draft = draft_of(path)
    of_file = draft.meaning("UCARP_INTERFACE"), draft.meaning("UCARP_VHID")
    ips = {ip for ip, _ in draft.meaning("UCARP_ADDR")}
    return of_file == (running.interface, running.vhid) or any(
        each.ip in ips for each in running.addresses
    )


def nothing_in(paths: Sequence[Path]) -> str:
    """Return what to say when there are neither configurations nor problems in these files."""
    others = "".join(map(near_files.others_in, paths))
    return f"{', '.join(map(place, paths))}: no configuration file (NAME.conf) in it{others}"


def is_refused(path: Path, problems: Iterable[Problem]) -> bool:
    """Return whether any of the problems is about this file or its directory."""
    return any(problem.path in {path, path.parent} for problem in problems)


def _distinct(paths: Sequence[Path], problems: list[Problem]) -> Looks[list[Path]]:
    distinct: dict[str, Path] = {}
    for path in paths:
        try:
            found = yield path, partial(find_files, path)
        except ConfigError as error:
            problems += error.problems
            continue
        except TimeoutError:
            problems.append(silence(path))
            continue
        for file in found:
            # Links are not resolved: two links to one file are two instances, which collide.
            absolute = os.path.abspath(file)  # noqa: PTH100 - removes `..`, keeps links
            distinct.setdefault(absolute, file)
    return list(distinct.values())


class _Claim(NamedTuple):
    """A value that only the file `path` may have, and the error text for a second one."""

    path: Path
    what: object
    words: str
    given: Given | None = None

    def problem(self, earlier: "_Claim", part: str = "") -> Problem:
        line = earlier.given.line if earlier.given else None
        text = self.words.format(other=part + place(earlier.path, line))
        if self.given is None:
            return Problem(self.path, None, None, text)
        text += f" {got(self.given.text)}"
        return Problem(self.path, self.given.line, self.given.name, text)


def _claims(loaded: Loaded) -> Iterator[_Claim]:
    config, given = loaded.config, loaded.given
    yield _Claim(
        config.path,
        ("name", config.name),
        "has the same instance name as {other}: rename one of the files",
    )
    yield _Claim(
        config.path,
        ("vhid", config.interface, config.vhid),
        f"vhid {config.vhid} on {config.interface} is already taken by {{other}}:"
        " give each virtual host on an interface its own number",
        given.get("UCARP_VHID"),
    )
    for name, addresses in config.served_by_key.items():
        for ip in (address.ip for address in addresses):
            # On another interface a link-local IPv6 address is a different address.
            is_local = ip.version == 6 and ip.is_link_local
            yield _Claim(
                config.path,
                ("address", ip, config.interface if is_local else None),
                f"{ip} is already taken by {{other}}",
                given.get(name),
            )
