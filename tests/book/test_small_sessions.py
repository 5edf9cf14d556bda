"""Small sessions against the reference, which hypothesis shrinks to the fewest commands that differ."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from shm.jit import JIT_DISABLED
from tests import factories
from tests.book.comparison import Comparison
from tests.book.harness import SMALL
from tradsys.records import Kind, MarketState
from tradsys.reference.book import Order
from tradsys.reference.messages import Command, commands_of

PRICES = st.integers(58, 70)
"""A few ticks on both sides of a page's edge (64)."""
QUANTITIES = st.integers(0, 6)
ACCOUNTS = st.integers(1, 2)
SYMBOLS = st.integers(1, 2)
POOL = 6

new_orders = st.builds(
    Command,
    kind=st.just(int(Kind.NEW)),
    side=st.integers(0, 1),
    order_type=st.sampled_from((0, 0, 0, 1)),
    time_in_force=st.sampled_from((0, 0, 0, 1, 2)),
    flags=st.sampled_from((0, 0, 0, 1)),
    symbol=SYMBOLS,
    account=ACCOUNTS,
    price_ticks=PRICES,
    quantity_lots=QUANTITIES,
)
# Of cancels and amends `client_order_id` says which of the orders accepted so far is meant.
cancels = st.builds(Command, kind=st.just(int(Kind.CANCEL)), client_order_id=st.integers(0, 30))
amends = st.builds(
    Command,
    kind=st.just(int(Kind.AMEND)),
    flags=st.integers(0, 31),
    price_ticks=PRICES,
    quantity_lots=QUANTITIES,
    client_order_id=st.integers(0, 30),
)
others = st.one_of(
    st.builds(Command, kind=st.just(int(Kind.STATE)), symbol=SYMBOLS, order_type=st.integers(0, 6), price_ticks=PRICES),
    st.builds(Command, kind=st.just(int(Kind.CANCEL_ALL)), symbol=st.integers(0, 2), account=st.integers(0, 2)),
    st.just(Command(kind=Kind.TICK)),
)
sessions = st.lists(st.one_of(new_orders, new_orders, new_orders, cancels, amends, amends, others), max_size=40)
states = st.sampled_from((MarketState.CONTINUOUS, MarketState.CONTINUOUS, MarketState.OPENING_AUCTION))


@settings(max_examples=20 if JIT_DISABLED else 300)
@given(session=sessions, state=states)
def test_a_small_session_gives_the_references_events(session: list[Command], state: MarketState) -> None:
    comparison = Comparison("hypothesis", SMALL._replace(orders=POOL), ring=64)
    accepted: list[Order] = []
    for symbol in (1, 2):
        comparison.submit(commands_of(factories.define_symbol(symbol, reference_ticks=64, state=state))[0])
    for abstract in session:
        command = replace(abstract)
        if command.kind in {Kind.CANCEL, Kind.AMEND} and accepted:
            target = accepted[command.client_order_id % len(accepted)]
            command.order_id, command.symbol, command.account = target.order_id, target.symbol, target.account
        order = comparison.submit(command)
        if order is not None:
            accepted.append(order)
    comparison.compare()
    comparison.compare_books()
