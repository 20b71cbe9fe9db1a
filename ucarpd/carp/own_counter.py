"""The counter of our advertisements: it starts at random and counts by one."""

from collections import deque

REMEMBERED = 16
"""How many are kept to recognise our own packets when they come back."""

_MASK = (1 << 64) - 1


class OwnCounter:
    """`next` goes into the next advertisement; `sent` has the latest ones that were taken."""

    def __init__(self, first: int) -> None:
        self.next = first & _MASK or 1
        self.sent: deque[int] = deque(maxlen=REMEMBERED)

    def take(self) -> int:
        taken = self.next
        # OpenBSD drops counter 0 as a replay for as long as it has not advertised itself.
        self.next = taken + 1 if taken < _MASK else 1
        self.sent.append(taken)
        return taken
