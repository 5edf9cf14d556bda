"""Whatever is sent, nothing arises or vanishes, and orders hold what they need."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.book.flow import Flow, definitions
from tests.book.instruments import ACCOUNTS
from tests.ledger.money import BASES, CONTRACTS, TRADED, WORLD, Postings, open_accounts
from tests.ledger.settled import SettledShards
from tradsys.reasons import Reason
from tradsys.records import Kind
from tradsys.reference.book import Order
from tradsys.reference.ledger.ledger import Ledger
from tradsys.reference.terms import BUY

COMMANDS = 8_000


def assert_sound(ledger: Ledger, shards: SettledShards) -> None:
    """What must be so after every command."""
    live = [
        order
        for venue in shards.venues
        for symbol in CONTRACTS
        if symbol in venue.markets
        for order in venue.markets[symbol].orders.values()
    ]
    assert ledger.open_holds == len(live)
    needs = least_needs(live)
    for asset in WORLD.assets:
        assert ledger.total(asset) == 0
        for account in ACCOUNTS:
            place = f"account {account}, asset {asset}"
            held, reserved = ledger.held(account, asset), ledger.reserved(account, asset)
            assert ledger.available(account, asset) >= 0, place
            assert reserved >= 0, place
            assert held == reserved + ledger.held_by_orders(account, asset), place
            by_orders, least = held - reserved, needs[account, asset]
            assert by_orders >= least, place
            if asset in BASES:
                assert by_orders == least, place
            if not any(order.account == account for order in live):
                assert by_orders == 0, place


def least_needs(live: list[Order]) -> Counter[tuple[int, int]]:
    """What live orders of the venue hold without fees; orders that slid may hold more."""
    needs: Counter[tuple[int, int]] = Counter()
    awaited = {follower.order_id: order for order in live for follower in order.followers}

    def need_of(order: Order) -> int:
        return _need(order, awaited.get(order.order_id))

    for order in live:
        need, partner = need_of(order), order.partner
        if partner is not None and partner.side == order.side:
            # The greater of the two, counted with the first of them.
            need = max(need, need_of(partner)) if order.order_id < partner.order_id else 0
        contract = CONTRACTS[order.symbol]
        needs[order.account, contract.quote if order.side == BUY else contract.base] += need
    return needs


def _need(order: Order, awaited: Order | None) -> int:
    """`awaited`: the order that it waits for."""
    contract = CONTRACTS[order.symbol]
    if order.side != BUY:
        brought_in = order.leaves_lots if awaited is None or awaited.side != BUY else awaited.filled_lots
        return min(order.leaves_lots, brought_in) * contract.lot_value
    limit = order.limit_ticks if order.is_pegged else order.price_ticks
    worst = limit if order.has_limit else contract.highest_ticks
    return -(-worst * order.leaves_lots * contract.numerator // contract.divisor)


@pytest.mark.parametrize("shard_count", [1, 3])
def test_nothing_arises_or_vanishes_in_a_random_flow(seed: int, shard_count: int) -> None:
    ledger = Ledger()
    open_accounts(ledger)
    shards = SettledShards([ledger], 5000, shard_count)
    flow, postings = Flow(seed, shards.venues, TRADED, live_aimed=150), Postings(seed, shards)
    postings.begin()
    opened = len(definitions(TRADED))
    for number, _ in enumerate(shards.run(flow, COMMANDS)):
        if number >= opened and number % 20 == 0:
            postings.next()
        assert_sound(ledger, shards)
    assert_scarce(shards.decided)


def assert_scarce(decided: Counter[tuple[int, int]]) -> None:
    """A good part of the orders was refused for want of money, and most were not."""
    orders = sum(count for (kind, _), count in decided.items() if kind == Kind.NEW)
    assert 0.05 * orders < decided[Kind.NEW, Reason.INSUFFICIENT_FUNDS] < 0.5 * orders, decided
    assert decided[Kind.AMEND, Reason.INSUFFICIENT_FUNDS] > 0, decided
