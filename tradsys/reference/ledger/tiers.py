"""Fee tiers: what accounts have traded in the last 30 days, and the schedules that follow from it."""

from __future__ import annotations

from tradsys.ledger.terms import AMOUNT_MAX, VOLUME_DAYS
from tradsys.reference.ledger.fees import NO_FEES, Fees

TIER_MAX = 3


class Volumes:
    """The value of what each account has traded on each day; a day's sum, and that of all, is at most AMOUNT_MAX."""

    def __init__(self) -> None:
        self._traded: dict[tuple[int, int], int] = {}

    def trade(self, account: int, day: int, value: int) -> None:
        """The account trades so much."""
        self._traded[account, day] = min(self._traded.get((account, day), 0) + value, AMOUNT_MAX)

    def before(self, account: int, today: int) -> int:
        """What it traded on the days before today that count."""
        days = range(today - VOLUME_DAYS, today)
        return min(sum(self._traded.get((account, day), 0) for day in days), AMOUNT_MAX)


class Schedules:
    """Fee schedules by symbol (0: all that have none of their own), class of accounts, and tier."""

    def __init__(self) -> None:
        self._fees: dict[tuple[int, int, int], Fees] = {}
        self._volumes = {0: 0}
        """By tier: from which volume on it applies."""

    def set(self, symbol: int, fee_class: int, tier: int, fees: Fees) -> None:
        """Raises ValueError when there cannot be such a symbol, class or tier."""
        if symbol < 0 or fee_class < 0 or not 0 <= tier <= TIER_MAX:
            raise ValueError(f"symbol {symbol}, fee class {fee_class}, tier {tier}")
        self._fees[symbol, fee_class, tier] = fees

    def set_tier(self, tier: int, volume: int) -> None:
        """Raises ValueError when the tier's volume would not be between those of its neighbours, or one is missing."""
        volumes = self._volumes | {tier: volume}
        in_order = sorted(volumes)
        if not 1 <= tier <= TIER_MAX or volume > AMOUNT_MAX or in_order != list(range(len(in_order))):
            raise ValueError(f"tier {tier} from {volume}")
        if any(volumes[each] >= volumes[each + 1] for each in in_order[:-1]):
            raise ValueError(f"tier {tier} from {volume}: tiers have ever more volume")
        self._volumes = volumes

    def of(self, symbol: int, fee_class: int, volume: int) -> Fees:
        """What an order is charged whose account has this volume."""
        tier = max(each for each, least in self._volumes.items() if volume >= least)
        for place in (symbol, 0):
            for each in range(tier, -1, -1):
                if (place, fee_class, each) in self._fees:
                    return self._fees[place, fee_class, each]
        return NO_FEES
