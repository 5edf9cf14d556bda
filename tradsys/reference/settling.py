"""How a symbol comes to rest after a command: what follows of itself is done, one thing after the other."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import MarketState, TimeInForce
from tradsys.reference.acting import act_next, fire_next, rest
from tradsys.reference.endings import end
from tradsys.reference.floor import Floor
from tradsys.reference.market import Market
from tradsys.reference.orders import Place
from tradsys.reference.pegs import price_next_peg
from tradsys.reference.terms import FOR_AUCTIONS, IDLE
from tradsys.reference.watching import follow

_OF_THE_DAY = FOR_AUCTIONS | {int(TimeInForce.DAY)}


def come_to_rest(floor: Floor, market: Market) -> None:
    """Do the first of these that applies, again and again, until none does."""
    while (
        _do_duties(floor, market)
        or (market.state == MarketState.CONTINUOUS and _fire_or_follow(floor, market))
        or (market.state not in IDLE and act_next(floor, market))
        or price_next_peg(floor, market)
    ):
        pass


def _fire_or_follow(floor: Floor, market: Market) -> bool:
    """The next order fires; without one, what was seen is forgotten and trailing stops follow. Gives whether one fired.

    Triggers that move, or come, later have not seen what was seen before.
    """
    if fire_next(floor, market):
        return True
    market.forget_seen()
    follow(market)
    return False


def _do_duties(floor: Floor, market: Market) -> bool:
    """What a new state entails; gives whether there was one."""
    if not market.is_new_state:
        return False
    market.is_new_state = False
    if market.uncrossed is not None:
        _end_all(floor, market, frozenset({market.uncrossed}), Reason.AUCTION_REST)
        market.uncrossed = None
    if market.state == MarketState.CLOSED:
        _end_all(floor, market, _OF_THE_DAY, Reason.DAY_ENDED)
    if market.state == MarketState.CLOSING_AUCTION:
        for order in list(market.parked.values()):
            market.take_out(order)
            rest(floor, order)
    return True


def _end_all(floor: Floor, market: Market, times_in_force: frozenset[int], reason: int) -> None:
    for order in list(market.orders.values()):
        if order.time_in_force in times_in_force and order.place is not Place.GONE:
            end(floor, order, reason)
