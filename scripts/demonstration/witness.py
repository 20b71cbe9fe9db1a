"""The sightings: answers to the client, and lines in the logs of the daemons.

All times are seconds of the monotonic clock.
"""

import re
import time
from dataclasses import dataclass

from lab import Client, Process, Request

from demonstration.scenario import CLIENT, Step


@dataclass(slots=True)
class Scene:
    """A step, and when it was played."""

    step: Step
    began_at: float
    ended_at: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something worth a line: `who` saw or did it."""

    at: float
    who: str
    text: str
    state: str = ""
    """The state into which a daemon changed."""


class Witness:
    """Follows the client and the daemons' logs, and remembers the scenes."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.began_at = time.monotonic()
        self.scenes: list[Scene] = []
        self.sightings: list[Sighting] = []
        self.answering: str | None = None
        self._last_answered = 0.0
        self._taken_in = 0
        self._daemons: list[tuple[str, Process]] = []

    def follow(self, host: str, daemon: Process) -> None:
        """Read this daemon's log from now on."""
        self._daemons.append((host, daemon))

    def begin(self, step: Step) -> Scene:
        now = time.monotonic()
        scene = Scene(step, now, now)
        self.scenes.append(scene)
        return scene

    def look(self) -> list[Sighting]:
        """Take in and return the new sightings."""
        new = []
        for host, daemon in self._daemons:
            states = re.findall(r"(Switching to state: (\w+).*)", "\n".join(daemon.new_lines()))
            new += [Sighting(time.monotonic(), host, text, state) for text, state in states]
        self.client.look()
        for request in self.client.requests[self._taken_in :]:
            new += self._change(request)
        self._taken_in = len(self.client.requests)
        self.sightings += new
        return new

    def _change(self, request: Request) -> list[Sighting]:
        # That a request is lost is known late; those asked after it may have been answered.
        is_overtaken = request.asked_at < self._last_answered
        if request.host is not None:
            self._last_answered = max(self._last_answered, request.asked_at)
        if is_overtaken or request.host == self.answering:
            return []
        self.answering = request.host
        if request.host is None:
            return [Sighting(request.asked_at, CLIENT, "nobody answers")]
        return [Sighting(request.ended_at, CLIENT, f"{request.host} answers")]

    # -- the figures of a scene -------------------------------------------------------------------------

    def asked(self, scene: Scene) -> list[Request]:
        """The requests of a scene, in the order in which they were asked."""
        return self.client.asked(scene.began_at, scene.ended_at)

    def lost(self, scene: Scene) -> int:
        """How many requests of a scene were not answered."""
        return sum(1 for request in self.asked(scene) if request.host is None)

    def answered_at(self, scene: Scene) -> float | None:
        """When the expected host first answered in a scene."""
        return self.client.first_answer(scene.step.expected, scene.began_at)

    def silence(self, scene: Scene) -> float:
        """The longest time in seconds of a scene for which nobody answered."""
        return self.client.silence(scene.began_at, scene.ended_at)

    def sightings_of(self, scene: Scene) -> list[Sighting]:
        """Return them in order; those after the last scene belong to it."""
        is_last = scene is self.scenes[-1]
        end = float("inf") if is_last else scene.ended_at
        found = [s for s in self.sightings if scene.began_at <= s.at < end]
        return sorted(found, key=lambda sighting: sighting.at)
