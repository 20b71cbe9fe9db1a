"""An instance as operators see it: a note, and a line in the log."""

from ucarpd.carp.actions import State
from ucarpd.engine import Engine
from ucarpd.process.parts import Parts
from ucarpd.process.snapshot import RESTARTING


class Shown:
    """A reader of the parts of an instance, which changes nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def duration(self) -> float:
        """Seconds for which it has been in its state."""
        return self._parts.teller.course.duration

    @property
    def note(self) -> str:
        """The unusual facts, for the text after the state; empty if there are none."""
        parts = self._parts
        if parts.engine is None:
            return f": {RESTARTING}"
        if parts.state is State.INIT:
            return f": waiting, {parts.engine.reason}"
        demoted = f"; demoted: {parts.standing.demotion}" if parts.standing.unfitness else ""
        exposed = f"; {parts.exposure.trouble}" if parts.exposure.trouble else ""
        if parts.state is not State.MASTER:
            return demoted + exposed
        notes = parts.faults.of_master(parts.config.is_scripted, parts.log.wrong_digest_from)
        heard = next((f"; {text}" for _, _, text in parts.log.heard_now()), "")
        return (notes or heard or demoted) + exposed

    def report_status(self) -> None:
        """One line in ucarp's words, `MASTER on eth0 id 1`, and the details."""
        parts = self._parts
        if parts.engine is None:
            parts.log.status("INIT", RESTARTING)
            return
        unfitness, exposed = parts.standing.unfitness, parts.exposure.trouble
        text = _details(self.duration, parts.engine, unfitness, exposed)
        parts.log.status(parts.state.value, text)


def _details(duration: float, engine: Engine, unfitness: int, trouble: str) -> str:
    """Return the details for the log; `duration` is the age of the state in seconds."""
    receiver = engine.receiver
    drops = ", ".join(f"{reason.value} {n}" for reason, n in receiver.dropped.items())
    return (
        f"for {duration:.0f} s: {engine.reason}; "
        f"{receiver.accepted} advertisements accepted, dropped: {drops or 'none'}"
        + (f"; demoted by {unfitness}" if unfitness else "")
        + (f"; {trouble}" if trouble else "")
    )
