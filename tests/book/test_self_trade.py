from __future__ import annotations

import pytest

from tests.book.harness import Bench, ended, ids, kinds, refusal, told, trades
from tests.factories import amend, buy, cancel, define_account, iceberg, sell
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, SelfTrade, Side

ACCEPTED, TRADE, RESTED, DISPLAYED = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.DISPLAYED
CANCELLED, AMENDED, PREVENTED = EventKind.CANCELLED, EventKind.AMENDED, EventKind.PREVENTED
SELF_TRADE = Reason.SELF_TRADE


@pytest.fixture
def own(bench: Bench) -> int:
    """Account 2 offers 3 at 499; then account 1 offers 5 at 500, the order that this gives; then account 2 4 at 501."""
    bench.enter(sell(499, 3, account=2))
    order = bench.enter(sell(500, 5, account=1))
    bench.enter(sell(501, 4, account=2))
    return order


def test_without_prevention_an_account_trades_with_itself(bench: Bench, own: int) -> None:
    assert trades(bench.submit(buy(500, 8)))[1] == (500, 5, own)


def test_cancel_taker_ends_the_taker_and_leaves_the_maker(bench: Bench, own: int) -> None:
    events = bench.submit(buy(501, 10, self_trade=SelfTrade.CANCEL_TAKER))
    assert told(events) == [(ACCEPTED, 501, 10), (TRADE, 499, 3), (PREVENTED, 500, 5), (CANCELLED, 501, 7)]
    taker = ids(events, ACCEPTED)[0]
    prevented = events[2]
    assert (prevented["order_id"], prevented["counter_order_id"]) == (taker, own)
    assert (prevented["account"], prevented["counter_account"]) == (1, 1)
    assert ended(events) == [(taker, SELF_TRADE, 7)]
    assert bench.depth() == ([], [(500, 5, 1), (501, 4, 1)])


def test_cancel_maker_ends_the_maker_and_goes_on(bench: Bench, own: int) -> None:
    events = bench.submit(buy(501, 10, self_trade=SelfTrade.CANCEL_MAKER))
    assert kinds(events) == [ACCEPTED, TRADE, PREVENTED, CANCELLED, TRADE, RESTED]
    assert ended(events) == [(own, SELF_TRADE, 5)]
    assert events["flags"][3] == EventFlag.SELL | EventFlag.WAS_RESTING
    assert bench.depth() == ([(501, 3, 1)], [])


def test_cancel_both_ends_the_maker_and_then_the_taker(bench: Bench, own: int) -> None:
    events = bench.submit(buy(501, 10, self_trade=SelfTrade.CANCEL_BOTH))
    assert ended(events) == [(own, SELF_TRADE, 5), (ids(events, ACCEPTED)[0], SELF_TRADE, 7)]
    assert bench.depth() == ([], [(501, 4, 1)])


@pytest.mark.parametrize(
    ("quantity", "ends_maker", "ends_taker"), [(12, True, False), (8, True, True), (5, False, True)]
)
def test_decrement_takes_the_smaller_quantity_off_both(
    bench: Bench, own: int, quantity: int, ends_maker: bool, ends_taker: bool
) -> None:
    behind = bench.enter(sell(500, 1, account=2))
    events = bench.submit(buy(500, quantity, self_trade=SelfTrade.DECREMENT))
    taker = ids(events, ACCEPTED)[0]
    off = min(quantity - 3, 5)
    assert told(events)[1:3] == [(TRADE, 499, 3), (PREVENTED, 500, off)]
    expected = [(own, SELF_TRADE, off)] * ends_maker + [(taker, SELF_TRADE, off)] * ends_taker
    assert ended(events) == expected
    if ends_maker:
        assert trades(events)[1:] == ([] if ends_taker else [(500, 1, behind)])
    else:  # what the maker keeps stays in its place
        assert told(events)[3] == (AMENDED, 500, 3)
        assert events["flags"][3] & EventFlag.KEPT_PRIORITY
        assert trades(bench.submit(buy(500, 1, account=3))) == [(500, 1, own)]


def test_decrement_takes_an_iceberg_slice_by_slice(bench: Bench) -> None:
    ice = bench.enter(*iceberg(Side.SELL, 500, 10, 4))
    events = bench.submit(buy(500, 7, self_trade=SelfTrade.DECREMENT))
    assert told(events)[1:] == [
        (PREVENTED, 500, 4),
        (DISPLAYED, 500, 4),
        (PREVENTED, 500, 3),
        (AMENDED, 500, 3),
        (CANCELLED, 500, 3),
    ]
    assert ids(events, AMENDED) == [ice]
    assert bench.depth() == ([], [(500, 1, 1)])


def test_the_takers_mode_decides_and_not_the_makers(bench: Bench) -> None:
    maker = bench.enter(sell(500, 5, self_trade=SelfTrade.CANCEL_BOTH))
    assert trades(bench.submit(buy(500, 2))) == [(500, 2, maker)]


def test_an_amend_into_a_cross_is_a_taker_too(bench: Bench) -> None:
    own = bench.enter(sell(500, 5))
    mover = bench.enter(buy(490, 5, self_trade=SelfTrade.CANCEL_TAKER))
    events = bench.submit(amend(mover, price_ticks=500))
    assert told(events) == [(AMENDED, 500, 5), (PREVENTED, 500, 5), (CANCELLED, 500, 5)]
    assert ended(events) == [(mover, SELF_TRADE, 5)]
    assert [order.order_id for order in bench.resting()] == [own]


@pytest.mark.parametrize(
    ("groups", "flags", "prevents"),
    [
        ((7, 7), CommandFlag.GROUP, True),
        ((7, 7), 0, False),
        ((7, 8), CommandFlag.GROUP, False),
        ((0, 0), CommandFlag.GROUP, False),
    ],
)
def test_a_trade_group_counts_as_one_account_only_where_the_taker_says_so(
    bench: Bench, groups: tuple[int, int], flags: int, prevents: bool
) -> None:
    for number, group in zip((1, 2), groups, strict=True):
        bench.submit(define_account(number, group=group))
    maker = bench.enter(sell(500, 5, account=2))
    events = bench.submit(buy(500, 1, self_trade=SelfTrade.CANCEL_TAKER, flags=flags))
    assert trades(events) == ([] if prevents else [(500, 1, maker)])
    assert (PREVENTED in kinds(events)) == prevents


def test_an_account_cancels_no_order_of_its_trade_group(bench: Bench) -> None:
    for number in (1, 2):
        bench.submit(define_account(number, group=7))
    order = bench.enter(sell(500, 5, account=2))
    assert refusal(bench.submit(cancel(order, account=1))) == Reason.NOT_YOUR_ORDER
    assert ended(bench.submit(cancel(order, account=2))) == [(order, Reason.CANCELLED_BY_CLIENT, 5)]
