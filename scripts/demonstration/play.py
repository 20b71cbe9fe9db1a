"""Plays the steps of the scenario one after the other, and judges the outcome."""

import signal
import time
from collections.abc import Callable, Iterable

from lab import LabError

from demonstration.narrator import Narrator
from demonstration.scenario import GIVE_UP_AFTER, Act, Step
from demonstration.stage import Stage
from demonstration.witness import Scene, Witness

LOOK_EVERY = 0.02

LONGEST_START = 30.0
"""Seconds in which a ucarpd must be ready; a busy machine needs some, and they do not count."""


class Interrupted(Exception):
    """A signal asked us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Play:
    """`wanted_to_end` returns the number of the signal that asked us to, or None."""

    def __init__(
        self,
        stage: Stage,
        witness: Witness,
        narrator: Narrator,
        wanted_to_end: Callable[[], int | None],
    ) -> None:
        self.faults: list[str] = []
        self._stage = stage
        self._witness = witness
        self._narrator = narrator
        self._wanted_to_end = wanted_to_end

    def run(self, steps: Iterable[Step]) -> None:
        """All steps, or those up to the first that fails."""
        try:
            for step in steps:
                self._play(step)
            # The last requests may still be waiting for their answers.
            self._watch(GIVE_UP_AFTER + 0.1)
        except LabError as error:
            self.faults.append(str(error))
        finally:
            self._narrator.end_status()
        for scene in self._witness.scenes:
            self._judge_losses(scene)

    def _play(self, step: Step) -> None:
        scene = self._witness.begin(step)
        self._narrator.begin(scene)
        for deed in step.deeds:
            self._stage.perform(deed)
            if deed.act is Act.START:
                self._witness.follow(deed.host, self._stage.daemons[deed.host])
        self._watch(LONGEST_START, self._stage.is_ready)
        answered = self._watch(step.limit, lambda: self._witness.answered_at(scene) is not None)
        if answered:
            self._watch(step.settle)
        scene.ended_at = time.monotonic()
        if not answered:
            raise LabError(f"{step.title}: {step.expected} did not answer within {step.limit:g} s")
        self._judge_outcome(step)

    def _watch(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Look on for so long, or until something is true; whether it has become true."""
        end = time.monotonic() + seconds
        while True:
            if (number := self._wanted_to_end()) is not None:
                raise Interrupted(number)
            for sighting in self._witness.look():
                self._narrator.see(sighting)
            self._stage.check_programs()
            self._narrator.show_status()
            if until():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_EVERY)

    def _judge_outcome(self, step: Step) -> None:
        address = self._stage.address
        if self._witness.answering != step.expected:
            now = self._witness.answering or "nobody"
            raise LabError(f"{step.title}: {step.expected} answered, but then {now} did")
        if (holders := self._stage.holders()) != [step.expected]:
            have = " and ".join(holders) or "nobody"
            raise LabError(f"{step.title}: {have} had {address}, not {step.expected} alone")
        self._stage.check_stopped()

    def _judge_losses(self, scene: Scene) -> None:
        lost, most = self._witness.lost(scene), scene.step.most_lost
        if most is not None and lost > most:
            self.faults.append(
                f"{scene.step.title}: {lost} requests lost, {most} would have been acceptable"
            )
