"""From a client's new order to the records that go to the core, and what is wrong with it that can be seen here.

The core checks everything again: what this finds is answered at once, with the field that is to blame.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gateway import commands
from gateway.legs import legs_of
from gateway.market import Market
from gateway.messages import PlaceBody
from gateway.terms import (
    FOR_AUCTIONS,
    LASTING,
    SIDES,
    TIMES_IN_FORCE,
    client_order_id,
    conflict,
    missing,
    named,
    self_trade_flags,
    terms_of,
    unwanted,
)
from tradsys.errors import ValidationError, error
from tradsys.records import CommandFlag, Kind, entry_word

_NEW = int(Kind.NEW)
_POST_ONLY, _SLIDE, _HIDDEN = int(CommandFlag.POST_ONLY), int(CommandFlag.SLIDE), int(CommandFlag.HIDDEN)
_EXTENDED, BUDGET, _MIDPOINT = int(CommandFlag.EXTENDED), int(CommandFlag.BUDGET), int(CommandFlag.MIDPOINT)
_EXPIRY_MAX = (1 << 63) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Entry(NamedTuple):
    """The records of an order and of what belongs to it, and the client's own ids in them."""

    records: bytes
    client_order_ids: tuple[int, ...]


def entry_of(message: PlaceBody, market: Market, account: int, session: int) -> Entry:
    """The records of a new order in `market`. Raises ValidationError."""
    time_in_force = _time_in_force(message)
    terms = terms_of(message, market, "")
    _check_options(message, time_in_force)
    quantity_lots, flags = _quantity(message, market)
    flags |= terms.flags | _option_flags(message) | self_trade_flags(message, None, "")
    own_id = client_order_id(message, "")
    records, link, ids = legs_of(message, market, account, session, time_in_force, quantity_lots)
    expires_ns = 0 if message.expires_at is None else _expiry(message.expires_at)
    if expires_ns or message.display_quantity is not None or message.minimum_quantity is not None:
        flags |= _EXTENDED
        records = _extension(message, market, account, expires_ns, quantity_lots) + records
    records += commands.command(
        _NEW,
        account,
        market.symbol.id,
        side=SIDES[message.side],
        order_type=terms.order_type,
        time_in_force=TIMES_IN_FORCE[time_in_force],
        flags=flags | link,
        price_ticks=terms.price_ticks,
        quantity_lots=quantity_lots,
        order_id=entry_word(terms.trigger_ticks, session),
        client_order_id=own_id,
    )
    if own_id:
        ids = (own_id, *ids)
    if len(set(ids)) < len(ids):
        raise error("duplicate_client_order_id", "linked orders need ids of their own", field="client_order_id")
    return Entry(records, ids)


def _time_in_force(message: PlaceBody) -> str:
    """What is asked for, or what goes without saying; checked against the type."""
    given = message.time_in_force
    if given is None:
        given = "gtd" if message.expires_at is not None else "ioc" if message.type == "market" else "gtc"
    if message.type == "market":
        if given in LASTING:
            raise conflict("time_in_force", "a market order never rests: use ioc, fok, at_open or at_close")
    elif message.type != "limit" and given not in LASTING:
        raise conflict("time_in_force", f"a {message.type} order is gtc, day or gtd, not {given}")
    if given == "gtd" and message.expires_at is None:
        raise missing("expires_at", "an order that is good till a date needs the date")
    if given != "gtd" and message.expires_at is not None:
        raise conflict("expires_at", f"only an order with time_in_force gtd expires, not one with {given}")
    return given


def _check_options(message: PlaceBody, time_in_force: str) -> None:
    """What goes with which type and time in force."""
    kind = message.type
    if message.peg is not None and kind != "pegged":
        raise unwanted(kind, "peg")
    if message.slide and not message.post_only:
        raise conflict("slide", "only a post_only order slides")
    can_rest = kind == "limit" and time_in_force in LASTING
    for field in ("post_only", "hidden", "display_quantity"):
        if getattr(message, field) and not can_rest and not (field == "hidden" and kind == "pegged"):
            raise conflict(field, f"{field} goes with limit orders that are gtc, day or gtd")
    if message.hidden and message.display_quantity is not None:
        raise conflict("display_quantity", "a hidden order displays nothing")
    if message.minimum_quantity is not None:
        if kind not in ("limit", "market") or time_in_force in ("fok", *FOR_AUCTIONS):
            raise conflict(
                "minimum_quantity", "minimum_quantity goes with limit and market orders that are gtc, ioc, day or gtd"
            )
        if message.post_only:
            raise conflict("minimum_quantity", "a post_only order never trades at once, so it has no minimum")
        if message.amount is not None:
            raise conflict("minimum_quantity", "an order for an amount has no minimum quantity")


def _quantity(message: PlaceBody, market: Market) -> tuple[int, int]:
    """The quantity in lots, or an amount in ticks times lots and the flag that says so."""
    if message.amount is None:
        if message.quantity is None:
            raise missing("quantity", "an order needs a quantity, or a market order an amount")
        return market.parse_quantity(message.quantity), 0
    if message.quantity is not None:
        raise conflict("amount", "give quantity or amount, not both")
    if message.type != "market":
        raise unwanted(message.type, "amount")
    if message.time_in_force not in (None, "ioc"):
        raise conflict("time_in_force", "an order for an amount is ioc")
    if message.self_trade == "decrement":
        raise conflict("self_trade", "an order for an amount cannot be decremented")
    if market.symbol.lowest_ticks <= 0:
        raise conflict("amount", "where prices can be zero or negative there are no orders for an amount")
    return market.symbol.parse_amount(message.amount), BUDGET


def _option_flags(message: PlaceBody) -> int:
    flags = _POST_ONLY if message.post_only else 0
    if message.slide:
        flags |= _SLIDE
    if message.hidden:
        flags |= _HIDDEN
    if message.peg == "midpoint":
        flags |= _MIDPOINT
    return flags


def _expiry(given: str | int) -> int:
    """Nanoseconds since 1970 of a whole number of them, or of a date and time as in ISO 8601, with its offset."""
    if isinstance(given, int) or (given.isascii() and given.isdigit()):
        number = int(given) if len(str(given)) < 20 else 0
    else:
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            moment = datetime.min
        # Without an offset nobody knows which moment is meant.
        number = 0 if moment.tzinfo is None else (moment - _EPOCH) // timedelta(microseconds=1) * 1000
    if not 1 <= number <= _EXPIRY_MAX:
        raise ValidationError(
            "invalid_field",
            'expires_at is a date and time with offset such as "2027-01-31T17:30:00Z", or nanoseconds since 1970',
            field="expires_at",
        )
    return number


def _extension(message: PlaceBody, market: Market, account: int, expires_ns: int, quantity_lots: int) -> bytes:
    display_lots = _part(message.display_quantity, market, quantity_lots, "display_quantity")
    minimum_lots = _part(message.minimum_quantity, market, quantity_lots, "minimum_quantity")
    return commands.extension(
        account, market.symbol.id, expires_ns=expires_ns, display_lots=display_lots, minimum_lots=minimum_lots
    )


def _part(text: str | None, market: Market, quantity_lots: int, field: str) -> int:
    """A part of the quantity in lots, 0 when it is not given."""
    if text is None:
        return 0
    lots = named(market.parse_quantity, text, field)
    if lots > quantity_lots:
        raise ValidationError("invalid_quantity", f"{field} {text} is more than the quantity", field=field)
    return lots
