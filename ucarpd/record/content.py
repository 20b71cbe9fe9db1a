"""The content of a record, made from the configuration and the present facts."""

from collections.abc import Sequence

from ucarpd.carp.bow_out import BOW_OUT_COPIES, bow_out_of
from ucarpd.carp.params import IPAddress
from ucarpd.carp.timing import advertisement_interval
from ucarpd.carp.transmit import Datagram, Transmitter
from ucarpd.config import Config
from ucarpd.config.routes import written
from ucarpd.record.record import Address, Content, Packet, Script
from ucarpd.scripts.runner import Hook

_COUNTER_AHEAD = 1 << 40
"""Distance beyond every counter of the instance: 136 years of 256 advertisements a second."""


def content_of(
    config: Config, sources: Sequence[IPAddress], mac: bytes, counter: int, down: Hook | None
) -> Content:
    """Return the content of the record: all facts needed to clear up and bow out after a crash.

    `mac` is the MAC address of the interface, `counter` belongs to the next advertisement, and
    `down` is the run of the down-script, or None.
    """
    transmitter = Transmitter(config.params())
    return Content(
        instance=config.name,
        path=str(config.path),
        interface=config.interface,
        vhid=config.vhid,
        device=config.address_device,
        virtual_mac=config.virtual_mac,
        facility=config.facility,
        addresses=[Address(str(each.ip), each.prefixlen, config.label) for each in config.served],
        down_script=_script(down),
        release_on_stop=config.shutdown,
        interval=advertisement_interval(config.advbase, config.advskew),
        bow_outs=[
            _bow_out(transmitter, sources, mac, (counter + _COUNTER_AHEAD + copy) % (1 << 64))
            for copy in range(BOW_OUT_COPIES)
        ],
        units=list(config.units),
        routes=written(config.routes),
    )


def _script(hook: Hook | None) -> Script | None:
    if hook is None or hook.script is None:
        return None
    arguments, environment = list(hook.arguments), dict(hook.environment)
    return Script(str(hook.script), arguments, environment, hook.timeout)


def _bow_out(
    transmitter: Transmitter, sources: Sequence[IPAddress], mac: bytes, counter: int
) -> list[Packet]:
    return [
        _packet(each)
        for source in sources
        for each in transmitter.advertisement(bow_out_of(source, counter), mac)
    ]


def _packet(outgoing: bytes | Datagram) -> Packet:
    if isinstance(outgoing, Datagram):
        return Packet(outgoing.packet, str(outgoing.destination))
    return Packet(outgoing, None)
