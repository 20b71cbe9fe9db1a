"""The transitions of one virtual host, and all that goes with taking the role and giving it up.

`machine` says when there is one; here it is made.

A transition assigns the state, then reports it (StateChanged), then does the work.  On taking over
the advertisement goes out before the addresses are asked for: it silences rivals, and no script can
hold it back.  On leaving, the addresses go first, and the farewell (a bow-out, or the parting
advertisement of election rule M1) only when they are gone.  Each of these advertisements goes out once in each
family.

Deadlines lie on a grid from the first advertisement on.  A late wake-up sends one advertisement,
never those that it slept through.
"""

from dataclasses import replace

from ucarpd.carp.actions import Action, SendAdvertisement, State, StateChanged
from ucarpd.carp.events import AdvertisementReceived, InterfaceLost
from ucarpd.carp.farewell import Farewell
from ucarpd.carp.hearing import Hearing
from ucarpd.carp.holding import Holding
from ucarpd.carp.leaving import Leaving
from ucarpd.carp.outage import Outage
from ucarpd.carp.own_counter import OwnCounter
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.rivals import Rivals
from ucarpd.carp.standing import Standing, Stated
from ucarpd.carp.timing import UNITS_PER_SECOND, second_advertisement_at

HOLD_DOWN_RATIO = 2
"""After a step-down we stay away for this many of our own master-down intervals."""

LATE = 0.1
"""Seconds by which a wake-up is never called late, however short the interval is."""


class Transitions:
    """The state of a host, and the parts of it that begin and end with a state.

    What is to be done is added to `_actions`.  `counter` and `phase` are those of VirtualHost.
    """

    def __init__(self, params: Params, counter: int, phase: float) -> None:
        self.state = State.INIT
        self._actions: list[Action] = []
        self._counter = OwnCounter(counter)
        self._standing = Standing(params)
        self._hearing = Hearing(self._standing)
        self._listening = self._hearing.listening
        self._started = False
        # as MASTER
        self.advertise_at: float | None = None
        self._advertised_at = 0.0
        self._phase = phase
        self._holding: Holding | None = None
        self._rivals = Rivals()
        self._outage = Outage()
        self._step_down_until: float | None = None
        # after that
        self._leaving = Leaving()

    @property
    def params(self) -> Params:
        return self._standing.params

    @property
    def sources(self) -> tuple[IPAddress, ...]:
        """The addresses that it advertises from, one of each family."""
        return self._hearing.sources

    # -- transitions -------------------------------------------------------------------------------

    def _change_state(self, new: State, reason: str, peer: IPAddress | None = None) -> None:
        old, self.state = self.state, new
        self.advertise_at = None
        self._listening.disarm()
        self._hearing.peers.nobody_serves()
        self._holding = None
        self._rivals = Rivals()
        self._outage.end()
        self._step_down_until = None
        self._stand(replace(self._standing, is_stepping_down=False))
        self._actions.append(StateChanged(old, new, reason, peer))

    def _begin(self, sources: tuple[IPAddress, ...], now: float) -> None:
        """Leave INIT."""
        self._hearing.use(sources, now)
        self._enter_backup(f"ready with source {' and '.join(map(str, sources))}", now)
        if not self._started:
            self._started = True
            self._actions += self._leaving.release(at_start=True)

    def _enter_init(self, reason: str) -> None:
        self._change_state(State.INIT, reason)
        self._listening.forget()

    def _enter_backup(
        self, reason: str, now: float, wait: float | None = None, peer: IPAddress | None = None
    ) -> None:
        self._change_state(State.BACKUP, reason, peer)
        self._listening.arm_all(now, wait)

    def _enter_master(self, reason: str, now: float, peer: IPAddress | None) -> None:
        self._change_state(State.MASTER, reason, peer)
        self._leaving.cancel()
        self._listening.not_before = float("-inf")
        self._hearing.was_cut_off = False
        self._advertise(now, now)
        self.advertise_at = second_advertisement_at(now, self._standing.interval, self._phase)
        self._acquire(now)

    def _take_over_if_silent(self, now: float, *, is_late: bool = True) -> None:
        """`is_late`: whether a deadline long past shows that this host has slept, and heard nothing."""
        deadline = self._listening.deadline
        if deadline is None or now < deadline or not self._standing.may_serve:
            return
        if is_late and now - deadline > max(self._standing.interval, LATE):
            self._listening.arm_all(now)
            return
        reason, peer = self._listening.reason(now)
        self._enter_master(reason, now, peer)

    def _acquire(self, now: float) -> None:
        self._holding = Holding(self.params, self._phase)
        self._actions += self._holding.acquire(now)

    def _leave(self, farewell: Farewell | None) -> None:
        """Give up the addresses; `farewell` goes out when they are gone."""
        # At the virtual MAC address nobody has to be told who serves them now.
        known_here = () if self.params.virtual_mac else self.params.addresses
        self._actions += self._leaving.begin(farewell, known_here)

    def _outlasts(self, lost: InterfaceLost, now: float) -> bool:
        """Whether what is lost may be back before anybody has missed this master."""
        if self._outage.until is not None:
            self._outage.goes_on(lost)
            return True
        shortest = min(
            self._standing.interval, self._hearing.peers.shortest_units / UNITS_PER_SECOND
        )
        until = self._advertised_at + (self.params.deadratio - 1) * shortest
        wait = self._standing.master_down_interval
        return self._outage.begin(lost, now, until=until, master_down_interval=wait)

    def _lose_role(self, reason: str, now: float, *, can_send: bool) -> None:
        bow_out = self._bow_out(now) if can_send else None
        self._enter_init(reason)
        self._hearing.was_cut_off = True
        self._leave(bow_out)

    def _yield(self, heard: AdvertisementReceived, reason: str, now: float) -> None:
        """By rule M1."""
        before = self._standing
        self._enter_backup(reason, now, peer=heard.source)
        if before.is_stepping_down:
            self._listening.not_before = now + HOLD_DOWN_RATIO * self._standing.master_down_interval
        # From a host that is less fit it would make every backup take over.
        is_fit = not before.is_unfit
        parting = Farewell.parting(before.stated, now + before.interval) if is_fit else None
        self._follow(heard, parting, now)

    def _follow(self, heard: AdvertisementReceived, parting: Farewell | None, now: float) -> None:
        """The sender serves from now on."""
        self._hearing.follow(heard, now)
        self._leave(parting)
        self._actions += self._leaving.successor_heard(heard)

    # -- how this host stands ------------------------------------------------------------------------

    def _stand(self, standing: Standing) -> None:
        self._standing = standing
        self._hearing.stand(standing)

    def _change_standing(self, standing: Standing, now: float) -> None:
        """As MASTER: the peers hear of it at once, and that is all; it serves on."""
        before = self._standing
        self._stand(standing)
        if (standing.stated, standing.interval) != (before.stated, before.interval):
            self._advertise(now, now)

    def _change_demotion(self, demotion: int, reason: str, now: float) -> None:
        """As MASTER; who may not serve any more leaves at once, heard or not."""
        standing = replace(self._standing, demotion=demotion)
        if standing.may_serve:
            self._change_standing(standing, now)
        else:
            bow_out = self._bow_out(now)
            self._enter_backup(reason, now)
            self._stand(replace(self._standing, demotion=demotion))
            self._leave(bow_out)

    # -- what is sent ------------------------------------------------------------------------------

    def _advertise(self, due: float, now: float) -> None:
        self._send(self._standing.stated)
        if self._outage.until is None:
            self._advertised_at = now
        interval = self._standing.interval
        following = due + interval
        self.advertise_at = following if following > now else now + interval

    def _send(self, stated: Stated, *, is_farewell: bool = False) -> None:
        if self._outage.until is not None:
            return
        advbase, advskew, demotion = stated
        for source in self.sources:
            counter = self._counter.take()
            self._actions.append(
                SendAdvertisement(source, advbase, advskew, counter, demotion, is_farewell)
            )

    # -- on leaving --------------------------------------------------------------------------------

    def _disown(self) -> None:
        """Release a virtual address that is here without the role: a script finished late, or a person
        added it.
        """
        if self._started and not self._leaving.is_releasing:
            self._actions += self._leaving.release()

    def _bow_out(self, now: float) -> Farewell | None:
        """None while there is no link: nobody would hear it."""
        if self._outage.until is not None and not self._outage.can_send:
            return None
        return Farewell.bow_out(until=now + self._standing.master_down_interval)

    def _say_farewell(self, now: float) -> None:
        if (stated := self._leaving.take_farewell(now)) is not None:
            self._send(stated, is_farewell=True)
