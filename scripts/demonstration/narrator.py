"""Tells a run in words, while it happens and afterwards."""

import time

from demonstration.scenario import ADDRESSES, CLIENT, OTHER, OTHERS_SKEW, PREFERRED
from demonstration.screen import Screen
from demonstration.stage import Stage
from demonstration.witness import Scene, Sighting, Witness


class Narrator:
    """The words on the screen."""

    def __init__(self, screen: Screen, stage: Stage, witness: Witness) -> None:
        self._screen = screen
        self._stage = stage
        self._witness = witness

    def introduce(self) -> None:
        line, address = self._screen.line, self._stage.address
        line(f"Two hosts share the address {address}. Each runs ucarpd and a web server.")
        line(f"A client asks http://{address}/ for a page 20 times a second.")
        line("All three are network namespaces of this machine: nothing leaves them.")
        line()
        line(f"  {PREFERRED}    {ADDRESSES[PREFERRED]}    preferred (UCARP_PREEMPT=yes)")
        line(f"  {OTHER}    {ADDRESSES[OTHER]}    stands by (UCARP_ADVSKEW={OTHERS_SKEW})")
        line(f"  {CLIENT}  {ADDRESSES[CLIENT]}")

    # -- while it happens --------------------------------------------------------------------------

    def begin(self, scene: Scene) -> None:
        self._screen.line()
        self._say(scene.began_at, scene.step.sentence, "step")

    def see(self, sighting: Sighting) -> None:
        """Tell changes that the client saw; those in the logs come at the end."""
        if sighting.who == CLIENT:
            self._say(sighting.at, f"  -> {sighting.text}", sighting.text.split()[0])

    def show_status(self) -> None:
        now = time.monotonic()
        recent = self._witness.client.asked(now - 3, now)[-40:]
        marks = {None: ".", PREFERRED: PREFERRED[-1], OTHER: OTHER[-1]}
        self._screen.status(
            f"{now - self._witness.began_at:6.1f} s  {self._stage.address} is answered by ",
            self._witness.answering or "nobody",
            "   last requests: ",
            "".join(marks[request.host] for request in recent),
        )

    def end_status(self) -> None:
        self._screen.end_status()

    def _say(self, at: float, text: str, style: str = "") -> None:
        self._screen.line(f"{self._since_start(at)}  {text}", 10, style)

    def _since_start(self, at: float) -> str:
        return f"{max(at - self._witness.began_at, 0):6.2f} s"

    # -- afterwards --------------------------------------------------------------------------------

    def report(self, faults: list[str]) -> None:
        """The timeline, the losses, and whether all is well."""
        line = self._screen.line
        line()
        line("What happened, and what the ucarpd of each host logged about it", style="step")
        line()
        line("  MASTER: has the address.  BACKUP: stands by.  INIT: cannot take part.")
        for scene in self._witness.scenes:
            line()
            self._say(scene.began_at, scene.step.title, "step")
            for sighting in self._witness.sightings_of(scene):
                text = f"{self._since_start(sighting.at)}    {sighting.who:6}  {sighting.text}"
                line(text, 20)
        line()
        self._table()
        line()
        if not faults:
            line("All went as it should.")
            return
        line("It did not go as it should:", style="nobody")
        for fault in faults:
            line(f"  {fault}", 4)
        for name, daemon in self._stage.daemons_started:
            line()
            line(f"All that the ucarpd of {name} logged (process {daemon.pid}):")
            for text in daemon.text().splitlines():
                line(f"  {text}", 4)

    def _table(self) -> None:
        rows = [("", "answered by", "after", "no answer for", "requests lost")]
        rows += [self._row(scene) for scene in self._witness.scenes]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        for row in rows:
            first, second, *numbers = row
            cells = [first.ljust(widths[0]), second.ljust(widths[1])]
            cells += [cell.rjust(width) for cell, width in zip(numbers, widths[2:], strict=True)]
            self._screen.line("   ".join(cells).rstrip(), style="" if first else "step")

    def _row(self, scene: Scene) -> tuple[str, str, str, str, str]:
        witness, step = self._witness, scene.step
        answered_at = witness.answered_at(scene)
        if answered_at is None:
            after = "never"
        elif not step.deeds:
            after = "-"
        else:
            after = f"{answered_at - scene.began_at:.2f} s"
        if not step.counts:
            return step.title, step.expected if answered_at else "nobody", after, "-", "-"
        lost, asked = witness.lost(scene), len(witness.asked(scene))
        silence = f"{witness.silence(scene):.2f} s" if lost else "0 s"
        who = step.expected if answered_at else witness.answering or "nobody"
        return step.title, who, after, silence, f"{lost} of {asked}"

    def tell_how_to_enter(self) -> None:
        line = self._screen.line
        prefix, switch = self._stage.lab.prefix, self._stage.lab.switch.namespace
        rows = [
            *(
                (f"ip netns exec {prefix}{name} bash", f"a shell in the network of {name}")
                for name in self._stage.hosts
            ),
            (
                f"ip -n {switch} link set {PREFERRED} down",
                f"pull the cable of {PREFERRED} (up: plug it in)",
            ),
            (f"ip netns exec {prefix}{CLIENT} curl {self._stage.address}", "ask who answers"),
        ]
        width = max(len(command) for command, _ in rows)
        line()
        line("The hosts stay up, with ucarpd and the web servers. As root:", style="step")
        line()
        for command, meaning in rows:
            line(f"  {command:{width}}  {meaning}")
        for name, daemon in self._stage.daemons.items():
            line()
            line(f"  {name}: ucarpd is process {daemon.pid} (kill -TERM {daemon.pid} stops it)")
            line(f"        log   {daemon.output}")
            line(f"        files {self._stage.hosts[name].conf}")
        line()
        line("Remove it all:  scripts/demo --remove")

    def tell_what_next(self) -> None:
        line = self._screen.line
        line()
        line("What you can do next:", style="step")
        line()
        line(
            "  scripts/demo --keep".ljust(27)
            + "the same, and the hosts stay up: enter them, pull cables"
        )
        line("  scripts/build-deb".ljust(27) + "the Debian package, for two hosts of your own;")
        line(" " * 27 + 'then see "Set up two hosts" in README.md')
