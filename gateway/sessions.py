"""Numbers of WebSocket sessions: they stand in the session's orders, so that these can be cancelled together.

31 bits, unique among the sessions of a venue that have live orders:

     30   29            8  7      0
    +----+---------------+--------+
    |ends|    counter    |  ring  |
    +----+---------------+--------+

`ring` is the gateway's. `ends` says that the session's orders end with it: a gateway that starts again after a crash
finds in the orders themselves which sessions have been lost. The counter begins again after 4 million sessions.
"""

from __future__ import annotations

_RING_MASK = 0xFF
_COUNTER_SHIFT, _COUNTER_MASK = 8, (1 << 22) - 1
_ENDS = 1 << 30


class SessionNumbers:
    """Gives out the numbers of one gateway."""

    def __init__(self, ring: int, gateways: int = _RING_MASK) -> None:
        """`gateways`: how many the venue has; their rings are the first ones."""
        assert 0 <= ring <= _RING_MASK, "a source is one byte"
        self._ring = ring
        self._gateways = gateways
        self._last = 0

    def new(self, *, cancel_on_disconnect: bool) -> int:
        """The next session's number."""
        self._last = self._last % _COUNTER_MASK + 1
        return (_ENDS if cancel_on_disconnect else 0) | self._last << _COUNTER_SHIFT | self._ring

    def skip(self, session: int) -> None:
        """A session of this gateway or one before it has this number: give it to no other."""
        if self.is_own(session):
            self._last = max(self._last, session >> _COUNTER_SHIFT & _COUNTER_MASK)

    def is_own(self, session: int) -> bool:
        """Whether the number was given out here."""
        return session & _RING_MASK == self._ring

    def is_heir(self, session: int) -> bool:
        """Whether it was given out here, or by a gateway that the venue no longer has: the first one inherits those."""
        return self.is_own(session) or (self._ring == 0 and session & _RING_MASK >= self._gateways)


def ends_with_orders(session: int) -> bool:
    """Whether the session's orders are cancelled when it ends."""
    return bool(session & _ENDS)
