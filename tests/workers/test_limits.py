"""The limits that a venue has, as its memory tells them while others write it."""

from __future__ import annotations

from tests.workers.stepped import SIZES
from tradsys.risk.layout import LIMIT_WORDS
from tradsys.risk.terms import Limit
from workers import memory
from workers.limits import limits_set


def test_a_limit_of_somebody_who_is_not_known_by_name_yet_is_told_by_number() -> None:
    venue = memory.private(SIZES)
    ledger = venue.ledger
    ledger.accounts["limits_row"][2] = 2
    ledger.positions["key"][1], ledger.positions["limits_row"][1] = 3 << 32 | 2, 3
    for row, limit, value in ((2, Limit.EXPOSURE, 70), (3, Limit.POSITION, 5)):
        ledger.limits[row * LIMIT_WORDS] = 1 << limit
        ledger.limits[row * LIMIT_WORDS + 1 + limit] = value + 1
    told = [(each.limit, each.value, each.account, each.symbol) for each in limits_set(venue)]
    assert told == [("exposure", 70, "2", None), ("position", 5, "2", "3")]
