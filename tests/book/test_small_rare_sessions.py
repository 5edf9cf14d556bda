"""Small sessions of rare orders against the reference, which hypothesis shrinks to the fewest commands that differ."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shm.jit import JIT_DISABLED
from tests import factories
from tests.book.comparison import Comparison
from tests.book.harness import SMALL
from tradsys.records import BPS, CommandFlag, Kind, Link, MarketState, OrderType, SelfTrade, Side, TimeInForce
from tradsys.reference.book import Order
from tradsys.reference.messages import Command, commands_of
from tradsys.risk.terms import Scope, Transition

PRICES = st.integers(60, 68)
"""A few ticks on both sides of a page's edge (64)."""
QUANTITIES = st.integers(1, 6)
SIDES = st.sampled_from(Side)
ACCOUNTS = st.integers(1, 2)
POOL = 12
RECORDS_MAX = 60
LASTING = st.sampled_from((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.DAY))
EXPIRIES = st.integers(3_000, 1_000 * RECORDS_MAX)
"""The comparison stamps a record with a microsecond for each sequence number."""

common: dict[str, Any] = {
    "quantity_lots": QUANTITIES,
    "account": ACCOUNTS,
    "session": st.integers(0, 2),
    "self_trade": st.sampled_from((SelfTrade.NONE, SelfTrade.NONE, *SelfTrade)),
}
limits = st.builds(
    factories.new_order,
    SIDES,
    PRICES,
    time_in_force=st.sampled_from([TimeInForce.GTC, *(each for each in TimeInForce if each != TimeInForce.GTD)]),
    flags=st.sampled_from((0, 0, 0, 1, 3, CommandFlag.HIDDEN, CommandFlag.HIDDEN, CommandFlag.GROUP)),
    **common,
)
plain = st.builds(factories.new_order, SIDES, PRICES, time_in_force=LASTING, **common)
stops = st.builds(
    factories.stop,
    SIDES,
    PRICES,
    order_type=st.sampled_from((OrderType.STOP, OrderType.TAKE_PROFIT)),
    time_in_force=LASTING,
    **common,
)
stop_limits = st.builds(
    factories.stop_limit,
    SIDES,
    PRICES,
    PRICES,
    order_type=st.sampled_from((OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT)),
    time_in_force=LASTING,
    **common,
)
trailing = st.builds(
    factories.trailing_stop, SIDES, st.integers(1, 400), flags=st.just(CommandFlag.BASIS_POINTS), **common
) | st.builds(factories.trailing_stop, SIDES, st.integers(1, 5), **common)
pegs = st.builds(
    factories.pegged, SIDES, PRICES, flags=st.sampled_from((0, CommandFlag.MIDPOINT)), time_in_force=LASTING, **common
)
markets = st.builds(factories.market, SIDES, **common) | st.builds(
    factories.market, SIDES, flags=st.just(CommandFlag.BUDGET), **(common | {"quantity_lots": st.integers(1, 700)})
)
parts = st.one_of(plain, stops, stop_limits, trailing)


def with_one_lifetime(link: Link, order: Any, legs: list[Any]) -> tuple[Any, ...]:
    """The orders linked, as far as they must be of one symbol, account and lifetime."""
    for each in legs:
        each["account"] = order["account"]
        each["time_in_force"] = order["time_in_force"]
    return factories.linked(link, order, *legs)


def lasting_until(order: Any, expires_ns: int) -> tuple[Any, ...]:
    """The order as GTD."""
    order["time_in_force"] = TimeInForce.GTD
    return factories.extended(order, expires_ns=expires_ns)


entries = st.one_of(
    st.tuples(limits),
    st.tuples(limits),
    st.tuples(st.one_of(stops, stop_limits, trailing)),
    st.tuples(pegs),
    st.tuples(markets),
    st.builds(lambda order, lots: factories.extended(order, display_lots=lots), plain, st.integers(1, 2)),
    st.builds(lambda order, lots: factories.extended(order, minimum_lots=lots), plain, QUANTITIES),
    st.builds(lasting_until, st.one_of(parts, pegs), EXPIRIES),
    st.builds(with_one_lifetime, st.just(Link.ONE_CANCELS_OTHER), parts, st.lists(parts, min_size=1, max_size=1)),
    st.builds(with_one_lifetime, st.just(Link.ONE_TRIGGERS_OTHER), plain, st.lists(parts, min_size=1, max_size=2)),
)
# Of cancels and amends `client_order_id` says which of the orders accepted so far is meant.
WHICH = st.integers(0, 30)
cancels = st.builds(lambda which: (factories.cancel(0, client_order_id=which),), WHICH)


def changed(which: int, flags: int, number_ticks: int, quantity_lots: int) -> tuple[Any, ...]:
    """An AMEND of price, trigger or quantity."""
    command = factories.amend(0, flags=flags, client_order_id=which)
    command["price_ticks"], command["quantity_lots"] = number_ticks, quantity_lots
    return (command,)


amends = st.builds(changed, WHICH, st.sampled_from((2, 4, 6, 12, 20, 32)), PRICES, st.integers(0, 8))
rules = st.builds(
    factories.rules,
    static_band_bps=st.sampled_from((0, 0, 300)),
    dynamic_band_bps=st.sampled_from((0, 0, 200)),
    collar_bps=st.sampled_from((0, 0, BPS // 20)),
    orders_max=st.sampled_from((0, 0, 4)),
    trigger_source=st.integers(0, 1),
    breach_state=st.sampled_from((MarketState.HALT, MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION)),
)
states = st.sampled_from((MarketState.CONTINUOUS, MarketState.CONTINUOUS, *MarketState))
others = st.one_of(
    st.builds(factories.market_state, states),
    rules,
    st.builds(factories.cancel_all, account=st.integers(0, 2), session=st.integers(0, 2)),
    st.builds(factories.tick),
    st.builds(factories.breaker, st.sampled_from(Transition)),
    st.builds(
        factories.kill,
        st.sampled_from(Scope),
        on=st.integers(0, 1),
        symbol=st.integers(0, 1),
        account=st.integers(0, 2),
        group=st.sampled_from((0, 7)),
    ),
)
sessions = st.lists(st.one_of(entries, entries, entries, cancels, amends, st.tuples(others)), max_size=RECORDS_MAX // 2)


@settings(max_examples=20 if JIT_DISABLED else 300)
@given(session=sessions, state=st.sampled_from((MarketState.CONTINUOUS, MarketState.OPENING_AUCTION)))
def test_a_small_session_of_rare_orders_gives_the_references_events(
    session: list[tuple[Any, ...]], state: MarketState
) -> None:
    comparison = Comparison("hypothesis", SMALL._replace(orders=POOL), ring=64)
    accepted: list[Order] = []
    definition = factories.define_symbol(lowest_ticks=1, highest_ticks=127, reference_ticks=64, state=state)
    for record in (definition, factories.define_account(1, group=7), factories.define_account(2, group=7)):
        comparison.submit(commands_of(record)[0])
    for records in session:
        for record in records:
            order = comparison.submit(aimed(commands_of(record)[0], accepted))
            if order is not None:
                partner = [order.partner] if order.partner is not None else []
                accepted += [order, *partner, *order.followers]
    comparison.compare()
    comparison.compare_books()


def aimed(command: Command, accepted: list[Order]) -> Command:
    """A cancel or amend of one of the orders accepted so far."""
    if command.kind in {Kind.CANCEL, Kind.AMEND} and accepted:
        target = accepted[command.client_order_id % len(accepted)]
        command.order_id, command.account = target.order_id, target.account
    return command
