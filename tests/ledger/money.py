"""Symbols that are settled, accounts with too little money for what they want, and postings that change that."""

from __future__ import annotations

import random

from tests.book.instruments import ACCOUNTS, GROUPS, INSTRUMENTS, Instrument
from tests.ledger.any_ledger import AnyLedger, World
from tests.ledger.settled import SettledShards
from tradsys.ledger.terms import AMOUNT_MAX, AccountKind, PostingKind
from tradsys.reference.ledger.contracts import Contract
from tradsys.reference.ledger.fees import Fees

FEE, OUTSIDE = 90, 99
QUOTES, BASES = (1, 4), (2, 3)
SETTLED = (
    INSTRUMENTS[0],
    INSTRUMENTS[1],
    Instrument(3, 0, 140, (70,), 70),
    INSTRUMENTS[3],
)
TRADED = (*SETTLED, *INSTRUMENTS[4:])
"""Those without a contract too."""
CONTRACTS = {
    1: Contract(2, 1, 1, 1, 1, 1, 1000, FEE),
    2: Contract(3, 1, 5, 300, 7, 7, 7, FEE),
    3: Contract(2, 4, 3, 7, 3, 0, 140, FEE),
    4: Contract(3, 4, 2, 1, 100_000, 0, (1 << 24) - 1, FEE),
}
WORLD = World((*ACCOUNTS, FEE, OUTSIDE), (*QUOTES, *BASES), tuple(instrument.symbol for instrument in TRADED))
TIER_VOLUMES = (10_000, 60_000, 110_000)
FUNDS = {1: 25_000, 4: 7_000, 2: 200, 3: 260}
"""About what an account has of each asset."""


def open_accounts(ledger: AnyLedger) -> None:
    """Assets, accounts, contracts and fees, nothing posted."""
    for asset in sorted(WORLD.assets):
        ledger.add_asset(asset)
    # Account 4 is of a class without a schedule.
    for number in ACCOUNTS:
        kind = AccountKind.HOUSE if number == 3 else AccountKind.CLIENT
        ledger.add_account(number, kind, number - 1, GROUPS[number])
    ledger.add_account(FEE, AccountKind.FEE)
    ledger.add_account(OUTSIDE, AccountKind.OUTSIDE)
    for symbol, contract in CONTRACTS.items():
        ledger.add_contract(symbol, contract)
    ledger.set_fees(0, 0, Fees(-1_000, 2_500, 9))
    ledger.set_fees(3, 0, Fees(1_500, -500, 40))
    ledger.set_fees(0, 1, Fees(-300, -200, 5))
    ledger.set_fees(1, 1, Fees(30_000, 70_000, 0))
    ledger.set_fees(0, 2, Fees(1_000_000, 1_000_000, 2_000))
    ledger.set_fees(1, 2, Fees(0, 1, 3))
    ledger.set_fees(4, 2, Fees(-1_000_000, 900_000, 1))


def set_tiers(ledger: AnyLedger) -> None:
    """Values of assets, tiers that accounts come into and out of, and schedules for some of them."""
    ledger.set_asset_value(1, 1, 1)
    ledger.set_asset_value(4, 7, 3)
    for tier, volume in enumerate(TIER_VOLUMES, 1):
        ledger.set_tier(tier, volume)
    ledger.set_fees(0, 0, Fees(-1_500, 2_000, 4), 1)
    ledger.set_fees(0, 0, Fees(-2_000, 1_500, 0), 3)
    ledger.set_fees(3, 0, Fees(1_000, -700, 0), 2)
    ledger.set_fees(1, 1, Fees(20_000, 60_000, 0), 2)
    ledger.set_fees(1, 2, Fees(0, 0, 0), 1)
    ledger.set_fees(2, 3, Fees(5_000, 5_000, 5), 2)  # of a class that has none otherwise


class Postings:
    """Random postings, mostly sensible, that keep accounts short of money."""

    def __init__(self, seed: int, shards: SettledShards) -> None:
        self._dice = random.Random(seed)
        self._shards = shards
        self._ledger = shards.ledgers[0]
        self._number = 0

    def begin(self) -> None:
        """Everyone gets something."""
        for account in ACCOUNTS:
            for asset, amount in FUNDS.items():
                self._post(PostingKind.DEPOSIT, OUTSIDE, account, asset, amount)

    def next(self) -> None:
        """One posting."""
        dice = self._dice
        account, asset = dice.choice(ACCOUNTS), dice.choice(WORLD.assets)
        amount = max(FUNDS[asset] * dice.randint(1, 50) // 100, 1)
        owned = self._ledger.available(account, asset) + self._ledger.held(account, asset)
        reserved = self._ledger.reserved(account, asset)
        match dice.randrange(12):
            case 0:
                self._wild(asset)
            case 1:
                self._post(PostingKind.TRANSFER, account, dice.choice((*ACCOUNTS, FEE)), asset, amount)
            case 2:
                self._post(PostingKind.RESERVE, account, account, asset, amount // 4)
            case 3 | 4 if reserved:
                kind = dice.choice((PostingKind.WITHDRAW, PostingKind.RELEASE))
                target = OUTSIDE if kind == PostingKind.WITHDRAW else account
                self._post(kind, account, target, asset, dice.randint(1, reserved))
            case _ if owned < FUNDS[asset]:
                self._post(PostingKind.DEPOSIT, OUTSIDE, account, asset, FUNDS[asset] - owned)
            case _:
                available = self._ledger.available(account, asset)
                if available > 2 * FUNDS[asset]:
                    self._post(PostingKind.TRANSFER, account, FEE, asset, available - FUNDS[asset])

    def _wild(self, asset: int) -> None:
        """Anything but corrections, which may make available negative."""
        dice = self._dice
        self._post(
            dice.choice((0, 1, 2, 3, 4, 5, 7, 255)),
            dice.choice((*WORLD.accounts, 5)),
            dice.choice((*WORLD.accounts, 5)),
            dice.choice((asset, asset, asset, 9)),
            dice.choice((0, -1, 1, 100, AMOUNT_MAX, AMOUNT_MAX + 1)),
            dice.choice((0, 1, self._number + 1)),
        )

    def _post(self, kind: int, source: int, target: int, asset: int, amount: int, number: int | None = None) -> None:
        self._number += 1
        self._shards.post(kind, self._number if number is None else number, source, target, asset, amount)
