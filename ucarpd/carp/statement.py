"""What an advertisement says, all but its counter: a host mostly says the same again."""

from dataclasses import dataclass, field

from ucarpd.carp.contender import Contender
from ucarpd.carp.params import Family, IPAddress
from ucarpd.carp.timing import BOW_OUT_UNITS, UNFIT_ADVBASE, interval_units


@dataclass(slots=True)
class Statement:
    """It never changes; the advertisements that say the same share it.

    `from_virtual_mac`: the frame came from the virtual MAC address, as the BSD kernels send it;
    this is no part of the advertisement itself.
    """

    source: IPAddress
    advbase: int
    advskew: int
    demote: int = 0
    from_virtual_mac: bool = field(default=False, compare=False)
    family: Family = field(init=False, repr=False, compare=False)
    units: int = field(init=False, repr=False, compare=False)
    """The advertised interval in 1/256 s."""
    is_bow_out: bool = field(init=False, repr=False, compare=False)
    is_unfit: bool = field(init=False, repr=False, compare=False)
    """It says, in the style of all but OpenBSD, that its host is less fit than usual."""
    stated_demotion: int = field(init=False, repr=False, compare=False)
    """The demotion that it states, in either style."""
    is_lasting: bool = field(init=False, repr=False, compare=False)
    """Older frames of its sender are not believed for a master-down interval."""
    sides: tuple[Contender, Contender] = field(init=False, repr=False, compare=False)
    """Its side of an election, without `demote` and with it."""

    def __post_init__(self) -> None:
        self.family = self.source.version
        self.units = interval_units(self.advbase, self.advskew)
        self.is_bow_out = self.units == BOW_OUT_UNITS
        self.is_unfit = self.advbase == UNFIT_ADVBASE
        self.stated_demotion = self.advskew if self.is_unfit else self.demote
        self.is_lasting = self.is_bow_out or self.stated_demotion > 0
        plain = Contender(self.units, self.source)
        with_demote = Contender(self.units, self.source, self.demote) if self.demote else plain
        self.sides = plain, with_demote

    @property
    def stated(self) -> tuple[int, int, int]:
        """The bytes that an election can compare."""
        return self.advbase, self.advskew, self.demote
