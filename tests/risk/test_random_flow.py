"""Random orders and random risk officers: what is counted is what lives, and nearly every check refuses something."""

from __future__ import annotations

from collections import Counter

from tests.book.instruments import ACCOUNTS
from tests.ledger.money import CONTRACTS
from tests.risk.comparison import compare
from tests.risk.shards import CheckedShards
from tradsys.reasons import Reason
from tradsys.records import Kind
from tradsys.reference.book import Order
from tradsys.reference.ledger.ledger import Ledger
from tradsys.reference.orders import Place
from tradsys.reference.terms import BUY

COMMANDS = 10_000


def assert_counted(ledger: Ledger, shards: CheckedShards) -> None:
    """Orders and lots that are counted are those of the venue's live orders, whatever the ledger made of its events."""
    if shards.sequence % 5 != 0:
        return
    orders: Counter[tuple[int, int]] = Counter()
    lots: Counter[tuple[int, int, bool]] = Counter()
    for order in live_orders(shards):
        orders[order.account, order.symbol] += 1
        counted, partner = _lots(order), order.partner
        if partner is not None and (partner.side == BUY) == (order.side == BUY):
            # The greater of the two, counted with the first of them.
            counted = max(counted, _lots(partner)) if order.order_id < partner.order_id else 0
        lots[order.account, order.symbol, order.side == BUY] += counted
    for account in ACCOUNTS:
        for symbol in CONTRACTS:
            usage, place = ledger.usage(account, symbol), f"account {account}, symbol {symbol}"
            assert usage.open_orders == orders[account, symbol], place
            assert usage.open_lots_buy == lots[account, symbol, True], place
            assert usage.open_lots_sell == lots[account, symbol, False], place


def live_orders(shards: CheckedShards) -> list[Order]:
    """Of settled symbols."""
    return [
        order
        for venue in shards.venues
        for symbol in CONTRACTS
        if symbol in venue.markets
        for order in venue.markets[symbol].orders.values()
    ]


def _lots(order: Order) -> int:
    return 0 if order.place == Place.BEHIND_ANOTHER else order.leaves_lots


def test_nearly_every_check_refuses_something_in_a_random_flow(seed: int) -> None:
    ledger = Ledger(symbols_max=8, clients_remembered=50)
    shards = compare([ledger], seed, COMMANDS, every=COMMANDS, after=lambda shards: assert_counted(ledger, shards))
    refused = {reason for (_, reason), count in shards.decided.items() if count}
    missing = set(range(Reason.ACCOUNT_FROZEN, Reason.INVALID_LIMIT)) - refused
    assert len(missing) <= 2, [Reason(each) for each in missing]
    orders = sum(count for (kind, _), count in shards.decided.items() if kind == Kind.NEW)
    assert shards.decided[Kind.NEW, Reason.NONE] > 0.2 * orders, shards.decided
