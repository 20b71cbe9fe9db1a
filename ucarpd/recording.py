"""What the record of a virtual host says, made from its configuration."""

from collections.abc import Sequence

from ucarpd.carp.actions import SendAdvertisement
from ucarpd.carp.farewell import BOW_OUT_COPIES
from ucarpd.carp.params import IPAddress
from ucarpd.carp.timing import BOW_OUT_ADVBASE, BOW_OUT_ADVSKEW, advertisement_interval
from ucarpd.carp.transmit import Datagram, Transmitter
from ucarpd.config import Config
from ucarpd.hooks import Hook
from ucarpd.record import Address, Content, Packet, Script

_COUNTER_AHEAD = 1 << 40
"""Beyond every counter of the instance: 136 years of 256 advertisements a second."""


def content_of(
    config: Config, sources: Sequence[IPAddress], mac: bytes, counter: int, down: Hook | None
) -> Content:
    """Return what to write: all that it takes to clear up, and to bow out, after a crash.

    `mac` is the interface's own, `counter` that of the next advertisement, `down` the run of the
    down-script, None if there is none.
    """
    return Content(
        instance=config.name,
        path=str(config.path),
        interface=config.interface,
        vhid=config.vhid,
        device=config.device,
        virtual_mac=config.virtual_mac,
        facility=config.facility,
        addresses=[
            Address(str(each.ip), each.prefixlen, config.label)
            for each in (*config.addresses, *config.extra_addresses)
        ],
        down_script=_script(down),
        release_on_stop=config.shutdown,
        interval=advertisement_interval(config.advbase, config.advskew),
        bow_outs=[
            _bow_out(config, sources, mac, (counter + _COUNTER_AHEAD + copy) % (1 << 64))
            for copy in range(BOW_OUT_COPIES)
        ],
    )


def _script(hook: Hook | None) -> Script | None:
    if hook is None or hook.script is None:
        return None
    arguments, environment = list(hook.arguments), dict(hook.environment)
    return Script(str(hook.script), arguments, environment, hook.timeout)


def _bow_out(
    config: Config, sources: Sequence[IPAddress], mac: bytes, counter: int
) -> list[Packet]:
    transmitter = Transmitter(config.params())
    return [
        _packet(each)
        for source in sources
        for each in transmitter.advertisement(
            SendAdvertisement(source, BOW_OUT_ADVBASE, BOW_OUT_ADVSKEW, counter), mac
        )
    ]


def _packet(outgoing: bytes | Datagram) -> Packet:
    if isinstance(outgoing, Datagram):
        return Packet(outgoing.packet, str(outgoing.destination))
    return Packet(outgoing, None)
