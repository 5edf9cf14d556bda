"""Client order ids that are taken."""

from __future__ import annotations

from collections import deque


class RecentClients:
    """Of the last orders with such an id that ended, `room` of them in the whole venue."""

    def __init__(self, room: int) -> None:
        self._ended: deque[tuple[int, int]] = deque(maxlen=room)

    def remember(self, account: int, client_order_id: int) -> None:
        """An order has ended; without an id there is nothing to remember."""
        if client_order_id != 0:
            self._ended.append((account, client_order_id))

    def has(self, account: int, client_order_id: int) -> bool:
        """Whether an order of the account is remembered with that id."""
        return (account, client_order_id) in self._ended
