"""Symbols, their rules, their states, and the auctions between them."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import EventKind, MarketState, TriggerSource
from tradsys.reference.auction import NOTHING, Indication, indicate, pairs
from tradsys.reference.endings import after_trade
from tradsys.reference.events import AUCTION
from tradsys.reference.floor import Floor
from tradsys.reference.market import Market
from tradsys.reference.messages import Command, Rules
from tradsys.reference.terms import AUCTIONS, COLLECTING, INDICATED
from tradsys.risk.terms import Transition

BPS_MAX = 1_000_000


def define_symbol(floor: Floor, command: Command) -> int:
    """Carry out a SYMBOL; gives why it is refused."""
    definition = command.definition
    assert definition is not None, "a symbol command needs its definition"
    if definition.symbol == 0:
        return Reason.UNKNOWN_SYMBOL
    if definition.symbol in floor.markets:
        return Reason.SYMBOL_EXISTS
    if definition.state > MarketState.FROZEN:
        return Reason.INVALID_STATE
    if definition.lowest_ticks > definition.highest_ticks:
        return Reason.SYMBOL_RANGE_TOO_WIDE
    reference = definition.reference_ticks
    market = Market(
        definition.symbol,
        definition.lowest_ticks,
        definition.highest_ticks,
        reference_ticks=reference,
        state=definition.state,
        last_ticks=reference,
    )
    market.enter_state(definition.state)
    market.forget_seen()
    floor.markets[definition.symbol] = market
    floor.events.write(
        EventKind.SYMBOL, 0, symbol=definition.symbol, price_ticks=reference, counter_account=definition.state
    )
    return Reason.NONE


def set_rules(floor: Floor, command: Command) -> int:
    """Carry out a RULES; gives why it is refused."""
    rules = command.rules
    assert rules is not None, "a rules command needs its reading"
    market = floor.markets.get(command.symbol)
    if market is None:
        return Reason.UNKNOWN_SYMBOL
    if not _make_sense(rules):
        return Reason.INVALID_RULES
    is_new_source = market.rules.trigger_source != rules.trigger_source
    market.rules = rules
    if is_new_source:
        market.forget_seen()
    floor.events.write(
        EventKind.RULES,
        0,
        symbol=command.symbol,
        price_ticks=rules.collar_bps,
        quantity_lots=rules.orders_max,
        order_id=rules.static_band_bps << 32 | rules.dynamic_band_bps,
        counter_account=rules.trigger_source | rules.breach_state << 8,
    )
    return Reason.NONE


def _make_sense(rules: Rules) -> bool:
    bands = (rules.static_band_bps, rules.dynamic_band_bps)
    is_known = rules.breach_state in {MarketState.HALT, *AUCTIONS} or (rules.breach_state == 0 and not any(bands))
    return rules.trigger_source <= TriggerSource.TOUCH and max(*bands, rules.collar_bps) <= BPS_MAX and is_known


def change_state(floor: Floor, command: Command) -> int:
    """Carry out a STATE; gives why it is refused."""
    market = floor.markets.get(command.symbol)
    if market is None:
        return Reason.UNKNOWN_SYMBOL
    state = command.order_type
    if state > MarketState.FROZEN:
        return Reason.INVALID_STATE
    if command.price_ticks != 0:
        market.reference_ticks = command.price_ticks
    _move(floor, market, state)
    return Reason.NONE


def _move(floor: Floor, market: Market, state: int, reason: int = Reason.NONE) -> None:
    """Enter another state; orders that were collected are uncrossed first where the new one does not collect."""
    auction = market.auction if market.state in COLLECTING else market.halted_auction
    price, volume = 0, 0
    if auction is not None and state not in COLLECTING:
        price, volume = _uncross(floor, market)
        market.uncrossed = auction
    market.enter_state(state)
    floor.events.state(market.number, state, price, volume, reason)


def obey_breaker(floor: Floor, command: Command) -> int:
    """Carry out a BREAKER of a symbol; gives why it is refused."""
    market = floor.markets.get(command.symbol)
    if market is None:
        return Reason.UNKNOWN_SYMBOL
    match command.transition:
        case Transition.TRIP:
            _trip(floor, market)
        case Transition.HALF_OPEN if market.is_tripped and market.state == MarketState.HALT:
            _move(floor, market, MarketState.OPENING_AUCTION, Reason.CIRCUIT_BREAKER)
            market.is_tripped = True
        case Transition.RESET if market.is_tripped:
            _move(floor, market, MarketState.CONTINUOUS, Reason.CIRCUIT_BREAKER)
        case Transition.HALF_OPEN | Transition.RESET:
            floor.events.state(market.number, market.state, reason=Reason.CIRCUIT_BREAKER)
        case _:
            return Reason.INVALID_BREAKER
    return Reason.NONE


def _trip(floor: Floor, market: Market) -> None:
    """Halt a symbol that trades or collects in an auction, as it is; tell any other's state."""
    is_auction = market.state in AUCTIONS
    if is_auction or market.state == MarketState.CONTINUOUS:
        auction = market.auction if is_auction else None
        market.enter_state(MarketState.HALT)
        market.is_tripped = True
        market.halted_auction = auction
    floor.events.state(market.number, market.state, reason=Reason.CIRCUIT_BREAKER)


def _uncross(floor: Floor, market: Market) -> tuple[int, int]:
    """Trade until the book is not crossed; gives the auction's price and how much traded.

    Where linked orders were taken away by what traded, others may be left crossed: they trade at a price of their own.
    """
    price, volume = 0, 0
    while (now := indicate(market.book, market.reference_ticks)) != NOTHING:
        price = market.reference_ticks = now.price_ticks
        for buyer, seller, quantity in pairs(market.book, price):
            volume += quantity
            buyer.fill(price, quantity)
            seller.fill(price, quantity)
            market.print_trade(price)
            floor.events.trade(buyer, seller, price, quantity, AUCTION)
            after_trade(floor, buyer)
            after_trade(floor, seller)
    return price, volume


def tick(floor: Floor) -> None:
    """Carry out a TICK: tell what the auctions would do, where that has changed."""
    for symbol, market in sorted(floor.markets.items()):
        if market.state not in INDICATED:
            continue
        now: Indication = indicate(market.book, market.reference_ticks)
        if now != market.indicated:
            market.indicated = now
            floor.events.write(
                EventKind.INDICATION,
                0,
                symbol=symbol,
                price_ticks=now.price_ticks,
                quantity_lots=now.volume_lots,
                order_id=now.surplus_lots,
            )
