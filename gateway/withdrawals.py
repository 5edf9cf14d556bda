"""Withdrawals: reserved by one posting, settled or cancelled by another, whichever comes first.

The ledger knows sums only. Which withdrawal was of what is learned from the postings themselves, as they stand in the
log or as the events tell them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.events import REJECTED, Event
from tradsys import posting_ids
from tradsys.ledger.terms import PostingKind
from tradsys.records import Kind

RESERVED, SETTLED, CANCELLED = "reserved", "settled", "cancelled"

_POSTING = int(Kind.POSTING)
_RESERVE, _WITHDRAW, _RELEASE = map(int, (PostingKind.RESERVE, PostingKind.WITHDRAW, PostingKind.RELEASE))


class Withdrawal(msgspec.Struct, gc=False):
    """One withdrawal, as its postings have left it. `refusals`: attempts to end it that the ledger refused."""

    id: int
    account: int
    asset: int
    amount: int
    status: str = RESERVED
    refusals: int = 0


class Withdrawals:
    """All of them, as many as the ledger remembers postings."""

    def __init__(self) -> None:
        self._by_id: dict[int, Withdrawal] = {}
        self.get = self._by_id.get

    def of_account(self, account: int) -> list[Withdrawal]:
        """Those of an account (0: of all), oldest first."""
        return [withdrawal for withdrawal in self._by_id.values() if account in (0, withdrawal.account)]

    def load(self, postings: Any) -> None:
        """The POSTING records of the log so far, a LEDGER_RECORD array."""
        for record in postings:
            if record["reason"]:
                self._refused(int(record["reference"]))
                continue
            self._take(
                int(record["posting_kind"]),
                int(record["number"]),
                int(record["account"]),
                int(record["asset"]),
                int(record["amount"]),
                int(record["reference"]),
            )

    def apply(self, event: Event) -> None:
        """A RECORDED or REJECTED event."""
        first = event.counter_account
        if event.kind == REJECTED:
            if first == _POSTING:
                self._refused(event.counter_order_id)
        elif first & 0xFF == _POSTING:
            self._take(
                first >> 8 & 0xFF,
                event.order_id,
                event.account,
                first >> 16,
                event.quantity_lots,
                event.counter_order_id,
            )

    def _refused(self, reference: int) -> None:
        withdrawal = self._by_id.get(reference)
        if withdrawal is not None:
            withdrawal.refusals += 1

    def _take(self, kind: int, number: int, account: int, asset: int, amount: int, reference: int) -> None:
        if kind == _RESERVE and number <= posting_ids.ID_MAX:
            # The same id again changes nothing.
            self._by_id.setdefault(number, Withdrawal(number, account, asset, amount))
        elif kind in (_WITHDRAW, _RELEASE):
            withdrawal = self._by_id.get(reference)
            if withdrawal is not None and withdrawal.status is RESERVED:
                withdrawal.status = SETTLED if kind == _WITHDRAW else CANCELLED
