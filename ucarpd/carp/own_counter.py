"""The counter of our advertisements: it starts at random and counts by one."""

REMEMBERED = 16
"""How many are kept to recognise our own packets when they come back."""

_MASK = (1 << 64) - 1


class OwnCounter:
    """`next` goes into the next advertisement; `sent` has the latest ones that were taken, but none
    from before the counter began again.
    """

    def __init__(self, first: int) -> None:
        self.next = first & _MASK or 1
        self.sent = range(self.next, self.next)

    def take(self) -> int:
        taken, oldest = self.next, self.sent.start
        following = taken + 1
        if following > _MASK:
            # OpenBSD drops counter 0 as a replay for as long as it has not advertised itself.
            following = oldest = 1
        elif following - oldest > REMEMBERED:
            oldest += 1
        self.next, self.sent = following, range(oldest, following)
        return taken
