from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.reference.desk import Desk, kinds, refusal, told
from tradsys.reasons import Reason
from tradsys.records import (
    NOTIONAL_MAX,
    QUANTITY_MAX,
    CommandFlag,
    EventKind,
    Kind,
    Link,
    MarketState,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)

BUY, SELL = Side.BUY, Side.SELL
FAR = 1_000_000_000


def timed(time_in_force: TimeInForce, order: Any, **options: int) -> tuple[Any, ...]:
    """The order with this time in force, and the extension it needs for that."""
    order = order.copy()
    order["time_in_force"] = time_in_force
    if time_in_force == TimeInForce.GTD:
        options |= {"expires_ns": FAR}
    return make.extended(order, **options) if options else (order,)


def every_type() -> dict[str, Any]:
    return {
        "limit": make.buy(500),
        "market": make.market(BUY),
        "stop": make.stop(BUY, 600),
        "stop limit": make.stop_limit(BUY, 600, 610),
        "trailing stop": make.trailing_stop(BUY, 5),
        "take profit": make.take_profit(BUY, 400),
        "take profit limit": make.stop_limit(BUY, 400, 410, order_type=OrderType.TAKE_PROFIT_LIMIT),
        "pegged": make.pegged(BUY, 500),
    }


@pytest.mark.parametrize("time", list(TimeInForce))
@pytest.mark.parametrize("name", list(every_type()))
def test_times_in_force_go_with_the_types_that_the_rules_name(desk: Desk, name: str, time: TimeInForce) -> None:
    if time in {TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD}:
        goes = name != "market" or time == TimeInForce.GTC
    else:
        goes = name in {"limit", "market"}
    events = desk.send(*timed(time, every_type()[name]))
    is_valid = events[-1].kind != EventKind.REJECTED or events[-1].reason != Reason.INVALID_ORDER
    assert is_valid == goes


LIMIT_OPTIONS = {
    "post only": (CommandFlag.POST_ONLY, {}),
    "sliding": (CommandFlag.POST_ONLY | CommandFlag.SLIDE, {}),
    "hidden": (CommandFlag.HIDDEN, {}),
    "hidden post only": (CommandFlag.HIDDEN | CommandFlag.POST_ONLY, {}),
    "iceberg": (0, {"display_lots": 3}),
    "post-only iceberg": (CommandFlag.POST_ONLY, {"display_lots": 3}),
    "hidden with all displayed": (CommandFlag.HIDDEN, {"display_lots": 10}),
}


@pytest.mark.parametrize("time", [TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD])
@pytest.mark.parametrize("name", list(LIMIT_OPTIONS))
def test_options_of_limit_orders_that_last(desk: Desk, name: str, time: TimeInForce) -> None:
    flags, options = LIMIT_OPTIONS[name]
    desk.enter(*timed(time, make.buy(500, flags=flags), **options))


@pytest.mark.parametrize(
    "order",
    [
        make.buy(500, flags=CommandFlag.SLIDE),
        make.buy(500, flags=CommandFlag.POST_ONLY, time_in_force=TimeInForce.IOC),
        make.buy(500, flags=CommandFlag.HIDDEN, time_in_force=TimeInForce.FOK),
        make.stop(BUY, 600, flags=CommandFlag.HIDDEN),
        make.stop(BUY, 600, flags=CommandFlag.POST_ONLY),
        make.buy(500, flags=CommandFlag.BASIS_POINTS),
        make.buy(500, flags=CommandFlag.MIDPOINT),
        make.buy(500, flags=CommandFlag.GROUP),
        make.buy(500, flags=5 << 4),
        make.buy(500, flags=1 << 11),
        make.buy(500, flags=1 << 14),
        make.buy(500, flags=3 << 12),
        make.buy(500, flags=CommandFlag.BUDGET),
        make.market(BUY, flags=CommandFlag.BUDGET, time_in_force=TimeInForce.FOK),
        make.market(BUY, flags=CommandFlag.BUDGET, self_trade=SelfTrade.DECREMENT),
        make.buy(500, time_in_force=TimeInForce.AT_CLOSE, flags=CommandFlag.HIDDEN),
        make.buy(500, time_in_force=TimeInForce.GTD),
        make.buy(500, flags=CommandFlag.EXTENDED),
        make.new_order(order_type=8),  # type: ignore[arg-type]
        make.new_order(time_in_force=7),  # type: ignore[arg-type]
        make.new_order(side=2),  # type: ignore[arg-type]
    ],
)
def test_options_that_do_not_go_together_are_refused(desk: Desk, order: Any) -> None:
    assert refusal(desk.send(order)) == Reason.INVALID_ORDER


@pytest.mark.parametrize(
    ("order", "options"),
    [
        (make.buy(500, flags=CommandFlag.HIDDEN), {"display_lots": 3}),
        (make.buy(500, time_in_force=TimeInForce.IOC), {"display_lots": 3}),
        (make.pegged(BUY, 500), {"display_lots": 3}),
        (make.stop_limit(BUY, 600, 600), {"display_lots": 3}),
        (make.stop(BUY, 600), {"minimum_lots": 3}),
        (make.buy(500, flags=CommandFlag.POST_ONLY), {"minimum_lots": 3}),
        (make.buy(500, time_in_force=TimeInForce.FOK), {"minimum_lots": 3}),
        (make.market(BUY, flags=CommandFlag.BUDGET), {"minimum_lots": 3}),
        (make.buy(500, time_in_force=TimeInForce.GTD), {"expires_ns": 0}),
        (make.buy(500, time_in_force=TimeInForce.GTD), {"expires_ns": -1}),
        (make.buy(500), {"expires_ns": FAR}),
        (make.buy(500), {"symbol": 2}),
    ],
)
def test_extensions_that_do_not_go_with_the_order_are_refused(desk: Desk, order: Any, options: dict[str, int]) -> None:
    assert refusal(desk.send(*make.extended(order, **options))) == Reason.INVALID_ORDER


def test_a_budget_needs_prices_above_zero(desk: Desk) -> None:
    desk.send(make.define_symbol(2, lowest_ticks=0))
    budget = make.market(BUY, 1000, flags=CommandFlag.BUDGET, symbol=2)
    assert refusal(desk.send(budget)) == Reason.INVALID_ORDER
    assert desk.enter(make.market(BUY, 1000, flags=CommandFlag.BUDGET))


LIMIT, STOP = make.buy(500), make.stop(SELL, 400)


@pytest.mark.parametrize(
    ("link", "order", "legs", "goes"),
    [
        (Link.ONE_CANCELS_OTHER, make.sell(600), [STOP], True),
        (Link.ONE_CANCELS_OTHER, make.sell(600), [make.buy(400)], True),
        (Link.ONE_CANCELS_OTHER, make.trailing_stop(SELL, 9, flags=CommandFlag.BASIS_POINTS), [LIMIT], True),
        (Link.ONE_CANCELS_OTHER, make.sell(600), [make.sell(610)], False),
        (Link.ONE_CANCELS_OTHER, make.sell(600, time_in_force=TimeInForce.DAY), [STOP], False),
        (Link.ONE_CANCELS_OTHER, make.sell(600, flags=CommandFlag.POST_ONLY), [STOP], False),
        (Link.ONE_CANCELS_OTHER, make.sell(600), [STOP, STOP], False),
        (Link.ONE_CANCELS_OTHER, make.sell(600, time_in_force=TimeInForce.IOC), [STOP], False),
        (Link.ONE_CANCELS_OTHER, make.pegged(SELL, 600), [STOP], False),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [STOP], True),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [STOP, make.sell(600)], True),
        (Link.ONE_TRIGGERS_OTHER, make.market(BUY), [STOP], True),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [make.buy(400, time_in_force=TimeInForce.DAY)], True),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [make.sell(600), make.sell(610)], False),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [make.pegged(SELL, 600)], False),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [make.market(SELL)], False),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [make.sell(600, flags=CommandFlag.HIDDEN)], False),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [make.sell(600, link=Link.ONE_CANCELS_OTHER)], False),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [make.sell(600, account=2)], False),
        (Link.ONE_TRIGGERS_OTHER, LIMIT, [make.sell(600, time_in_force=TimeInForce.GTD)], False),
        (Link.ONE_TRIGGERS_OTHER, make.pegged(BUY, 500), [STOP], False),
        (Link.ONE_TRIGGERS_OTHER, make.buy(500, time_in_force=TimeInForce.AT_CLOSE), [STOP], False),
        (Link.ONE_TRIGGERS_OTHER, make.market(BUY, flags=CommandFlag.BUDGET), [STOP], False),
    ],
)
def test_what_can_be_linked_to_what(desk: Desk, link: Link, order: Any, legs: list[Any], goes: bool) -> None:
    events = desk.send(*make.linked(link, order, *legs))
    if goes:
        assert kinds(events).count(EventKind.ACCEPTED) == 1 + len(legs)
    else:
        assert refusal(events) == Reason.INVALID_ORDER


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([make.buy(500, flags=CommandFlag.EXTENDED)], id="announced and missing"),
        pytest.param([make.extension(), *make.extended(make.buy(500))], id="two extensions"),
        pytest.param([*[make.leg(STOP)] * 2, *make.linked(Link.ONE_TRIGGERS_OTHER, LIMIT, STOP)], id="three legs"),
        pytest.param([make.extension(), make.tick(), make.buy(500, flags=CommandFlag.EXTENDED)], id="interleaved"),
        pytest.param([make.extension(), make.buy(500, flags=CommandFlag.EXTENDED, source=7)], id="another source"),
        pytest.param(list(make.linked(Link.ONE_CANCELS_OTHER, make.sell(600), make.buy(400, symbol=2))), id="symbol"),
    ],
)
def test_a_prelude_that_is_not_what_the_order_announces_is_refused(desk: Desk, records: list[Any]) -> None:
    assert refusal(desk.send(*records)) == Reason.INVALID_ORDER
    assert desk.enter(make.buy(500)), "the prelude is used up"


@pytest.mark.parametrize(
    "prelude", [make.extension(display_lots=2), make.leg(make.sell(600)), make.leg(make.sell(600, symbol=2))]
)
def test_a_prelude_that_is_not_announced_is_passed_over(desk: Desk, prelude: Any) -> None:
    assert told(desk.send(prelude, make.buy(500))) == [(EventKind.ACCEPTED, 500, 10)]


def test_a_prelude_has_no_events_and_stands_in_any_order(desk: Desk) -> None:
    leg = make.leg(make.stop(SELL, 400))
    order = make.buy(500, link=Link.ONE_TRIGGERS_OTHER, flags=CommandFlag.EXTENDED)
    assert desk.send(make.extension(display_lots=2), leg) == []
    assert kinds(desk.send(order))[0] == EventKind.ACCEPTED
    assert kinds(desk.send(leg, make.extension(display_lots=2), order))[0] == EventKind.ACCEPTED


def test_a_prelude_that_the_sequencer_refused_is_void(desk: Desk) -> None:
    extension, order = make.extended(make.buy(500), display_lots=2)
    extension["reason"] = Reason.UNKNOWN_ACCOUNT
    refused, order_refused = desk.send(extension, order)
    assert (refused.kind, refused.reason, refused.counter_account) == (
        EventKind.REJECTED,
        Reason.UNKNOWN_ACCOUNT,
        Kind.EXTENSION,
    )
    assert order_refused.reason == Reason.INVALID_ORDER


def test_a_sequence_number_that_is_missing_breaks_a_prelude(desk: Desk) -> None:
    extension, order = make.extended(make.buy(500), display_lots=2)
    desk.send(extension)
    desk.sequence += 1
    assert refusal(desk.send(order)) == Reason.INVALID_ORDER


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([make.buy(500, 0)], Reason.INVALID_QUANTITY),
        ([make.buy(500, QUANTITY_MAX + 1)], Reason.INVALID_QUANTITY),
        ([make.market(BUY, NOTIONAL_MAX + 1, flags=CommandFlag.BUDGET)], Reason.INVALID_QUANTITY),
        (make.iceberg(BUY, 500, 10, 11), Reason.INVALID_QUANTITY),
        (make.iceberg(BUY, 500, 10, -1), Reason.INVALID_QUANTITY),
        (make.extended(make.buy(500), minimum_lots=11), Reason.INVALID_QUANTITY),
        (make.linked(Link.ONE_TRIGGERS_OTHER, make.buy(0), make.stop(SELL, 400, 0)), Reason.INVALID_QUANTITY),
        ([make.stop(BUY, 1001)], Reason.PRICE_OUT_OF_RANGE),
        ([make.stop_limit(BUY, 600, 0)], Reason.PRICE_OUT_OF_RANGE),
        ([make.trailing_stop(BUY, 0)], Reason.PRICE_OUT_OF_RANGE),
        ([make.trailing_stop(BUY, 10_000, flags=CommandFlag.BASIS_POINTS)], Reason.PRICE_OUT_OF_RANGE),
        (make.linked(Link.ONE_TRIGGERS_OTHER, make.buy(500), make.stop(SELL, 0)), Reason.PRICE_OUT_OF_RANGE),
        (make.extended(make.buy(500, time_in_force=TimeInForce.GTD), expires_ns=3000), Reason.ALREADY_EXPIRED),
        ([make.buy(500, time_in_force=TimeInForce.AT_OPEN)], Reason.NOT_ALLOWED_IN_STATE),
    ],
)
def test_the_reason_of_a_refusal(desk: Desk, records: list[Any], reason: Reason) -> None:
    assert refusal(desk.send(*records)) == reason


def test_an_order_that_expires_a_nanosecond_later_is_taken(desk: Desk) -> None:
    order = make.buy(500, time_in_force=TimeInForce.GTD)
    accepted, terms = desk.send(*make.extended(order, expires_ns=3001))
    assert accepted.kind == EventKind.ACCEPTED
    assert (terms.kind, terms.counter_order_id) == (EventKind.TERMS, 3001)


def test_the_notional_of_an_order_is_limited(desk: Desk) -> None:
    highest = 1 << 23
    desk.send(make.define_symbol(2, lowest_ticks=-highest, highest_ticks=highest, reference_ticks=0))
    for price in (highest, -highest):
        assert refusal(desk.send(make.buy(price, QUANTITY_MAX, symbol=2))) == Reason.NOTIONAL_TOO_LARGE
    desk.enter(make.buy(highest // 2, QUANTITY_MAX, symbol=2))


def test_a_limit_too_far_from_the_reference_price_is_refused(desk: Desk) -> None:
    desk.send(make.rules(collar_bps=199))  # of 500: 9.95, rounded down
    assert refusal(desk.send(make.buy(510))) == Reason.PRICE_COLLAR
    assert refusal(desk.send(make.stop_limit(SELL, 300, 490))) == Reason.PRICE_COLLAR
    order = desk.enter(make.buy(491))
    assert refusal(desk.send(make.amend(order, price_ticks=510))) == Reason.PRICE_COLLAR
    desk.send(make.market_state(MarketState.CONTINUOUS, price_ticks=520))
    assert desk.enter(make.buy(510))
    assert refusal(desk.send(make.buy(509))) == Reason.PRICE_COLLAR
    assert desk.enter(make.stop(SELL, 1)), "a trigger has no collar"


def test_an_account_has_at_most_so_many_live_orders_in_a_symbol(desk: Desk) -> None:
    first = desk.enter(make.buy(400))
    desk.send(make.rules(orders_max=2))
    desk.enter(make.stop(SELL, 300))
    assert refusal(desk.send(make.buy(400))) == Reason.TOO_MANY_ORDERS
    assert desk.enter(make.buy(400, account=2))
    desk.send(make.cancel(first))
    assert refusal(desk.send(*make.linked(Link.ONE_TRIGGERS_OTHER, LIMIT, STOP))) == Reason.TOO_MANY_ORDERS
    desk.enter(make.buy(400))


def test_every_leg_needs_a_place_in_the_pool() -> None:
    desk = Desk(orders_max=2)
    assert refusal(desk.send(*make.linked(Link.ONE_TRIGGERS_OTHER, LIMIT, STOP, make.sell(600)))) == (
        Reason.ORDER_POOL_FULL
    )
    desk.enter(*make.linked(Link.ONE_TRIGGERS_OTHER, LIMIT, STOP))


def test_terms_tell_what_accepted_has_no_room_for(desk: Desk) -> None:
    accepted, terms = desk.send(make.trailing_stop(SELL, 30, client_order_id=5))
    assert (accepted.price_ticks, accepted.counter_order_id) == (0, 5)
    assert (terms.kind, terms.price_ticks, terms.quantity_lots) == (EventKind.TERMS, 470, 0)
    assert (terms.counter_account, terms.counter_order_id) == (30, 0)
    accepted, terms, displayed = desk.send(*make.iceberg(BUY, 400, 10, 4))
    assert (terms.quantity_lots, displayed.quantity_lots) == (4, 4)
    assert accepted.counter_account == CommandFlag.EXTENDED << 16
    assert told(desk.send(*make.iceberg(BUY, 400, 10, 10))) == [(EventKind.ACCEPTED, 400, 10)]


def test_a_refused_new_order_tells_no_order_id(desk: Desk) -> None:
    (event,) = desk.send(make.stop(BUY, 2000, session=3))
    assert (event.kind, event.order_id) == (EventKind.REJECTED, 0)
