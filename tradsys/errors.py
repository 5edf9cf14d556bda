"""One tree of exceptions and one table of error codes, which the core's reasons share.

A code is a stable word that clients may compare; its sentence may be reworded at any time. Code on the hot path
returns a Reason instead of raising; `from_reason` finds what a client is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tradsys.reasons import Reason


class TradingError(Exception):
    """Anything that the venue tells its user about: a stable code, a message, and the field it is about."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.entry = entry(code)
        self.code = code
        self.message = message or self.entry.sentence
        self.field = field
        self.details = dict(details or {})
        super().__init__(self.message)

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return self.entry.status

    def to_mapping(self) -> dict[str, Any]:
        """What a client gets: `code`, `message`, and `field` and `details` where there are any."""
        answer: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field is not None:
            answer["field"] = self.field
        if self.details:
            answer["details"] = self.details
        return answer


class ValidationError(TradingError):
    """The request itself is wrong; sending it again unchanged gives the same answer."""


class BusinessRuleError(TradingError):
    """The request is well formed, and the market or the account does not allow it now."""


class InfrastructureError(TradingError):
    """The venue cannot serve the request at this moment."""


class ConfigurationError(TradingError):
    """The venue cannot start with this configuration."""


class OrderEndedError(TradingError):
    """Not a failure: why an order ended without being filled."""


class Entry(NamedTuple):
    """One row of the table: what a code means to a client."""

    code: str
    kind: type[TradingError]
    status: int
    sentence: str
    reason: Reason | None = None


_TABLE = (
    # The request's shape.
    Entry("invalid_json", ValidationError, 400, "The message is not valid JSON."),
    Entry("invalid_message", ValidationError, 400, "The message is not an object with the expected fields."),
    Entry("missing_field", ValidationError, 400, "A required field is missing."),
    Entry("unknown_field", ValidationError, 400, "The message has a field that this operation does not know."),
    Entry("wrong_type", ValidationError, 400, "The field has the wrong type."),
    Entry("invalid_field", ValidationError, 400, "The field's value is not one of those allowed."),
    Entry("invalid_decimal", ValidationError, 400, "The field is not a plain decimal number in a string."),
    Entry("frame_too_large", ValidationError, 413, "The message is larger than this venue accepts."),
    Entry("unknown_operation", ValidationError, 400, "There is no such operation."),
    Entry("unknown_channel", ValidationError, 400, "There is no such channel."),
    Entry("not_found", ValidationError, 404, "There is nothing at this address."),
    Entry("method_not_allowed", ValidationError, 405, "This address does not support the method."),
    Entry("unauthenticated", ValidationError, 401, "The request carries no valid key."),
    Entry("duplicate_request", ValidationError, 409, "This request is already waiting for its answer."),
    Entry(
        "duplicate_client_order_id",
        BusinessRuleError,
        409,
        "The account has an open order with this client order id already.",
    ),
    # Prices and quantities.
    Entry("off_tick_price", ValidationError, 422, "The price is not a multiple of the symbol's tick size."),
    Entry("off_lot_quantity", ValidationError, 422, "The quantity is not a multiple of the symbol's lot size."),
    Entry("zero_quantity", ValidationError, 422, "The quantity must be greater than zero."),
    Entry(
        "price_out_of_range",
        ValidationError,
        422,
        "The price is outside the symbol's price range.",
        Reason.PRICE_OUT_OF_RANGE,
    ),
    Entry("quantity_overflow", ValidationError, 422, "The quantity is larger than the largest order."),
    Entry(
        "invalid_quantity",
        ValidationError,
        422,
        "The quantity is not between one lot and the largest order.",
        Reason.INVALID_QUANTITY,
    ),
    # What the request names.
    Entry("unknown_account", BusinessRuleError, 404, "There is no such account.", Reason.UNKNOWN_ACCOUNT),
    Entry("unknown_symbol", BusinessRuleError, 404, "There is no such symbol.", Reason.UNKNOWN_SYMBOL),
    Entry("unknown_order", BusinessRuleError, 404, "There is no such open order.", Reason.UNKNOWN_ORDER),
    Entry("not_your_order", BusinessRuleError, 403, "The order belongs to another account.", Reason.NOT_YOUR_ORDER),
    Entry("unknown_command", ValidationError, 400, "The core does not know this command.", Reason.UNKNOWN_COMMAND),
    Entry("account_exists", BusinessRuleError, 409, "The account exists already.", Reason.ACCOUNT_EXISTS),
    Entry(
        "definition_out_of_order",
        ValidationError,
        409,
        "Accounts and symbols are numbered without a gap from 1.",
        Reason.DEFINITION_OUT_OF_ORDER,
    ),
    # What the market does not allow.
    Entry(
        "symbol_not_open",
        BusinessRuleError,
        409,
        "The symbol does not accept this in its market state.",
        Reason.SYMBOL_NOT_OPEN,
    ),
    Entry(
        "not_allowed_in_auction",
        BusinessRuleError,
        409,
        "The symbol is in an auction, which does not accept such an order.",
        Reason.NOT_ALLOWED_IN_AUCTION,
    ),
    Entry("would_cross", BusinessRuleError, 409, "The post-only order would have traded at once.", Reason.WOULD_CROSS),
    Entry(
        "not_fillable",
        BusinessRuleError,
        409,
        "The fill-or-kill order cannot be filled completely now.",
        Reason.NOT_FILLABLE,
    ),
    Entry(
        "minimum_not_fillable",
        BusinessRuleError,
        409,
        "Less than the order's minimum quantity can be filled now.",
        Reason.MINIMUM_NOT_FILLABLE,
    ),
    Entry(
        "auction_frozen",
        BusinessRuleError,
        409,
        "The auction is about to end: orders can be neither entered nor cancelled.",
        Reason.AUCTION_FROZEN,
    ),
    Entry(
        "not_allowed_in_state",
        BusinessRuleError,
        409,
        "The symbol's market state does not accept this time in force.",
        Reason.NOT_ALLOWED_IN_STATE,
    ),
    Entry(
        "price_collar",
        BusinessRuleError,
        409,
        "The price is too far from the symbol's reference price.",
        Reason.PRICE_COLLAR,
    ),
    Entry(
        "too_many_orders",
        BusinessRuleError,
        409,
        "The account has as many open orders in the symbol as its rules allow.",
        Reason.TOO_MANY_ORDERS,
    ),
    Entry(
        "notional_too_large",
        ValidationError,
        422,
        "Price times quantity is larger than the venue can hold.",
        Reason.NOTIONAL_TOO_LARGE,
    ),
    Entry(
        "already_expired",
        ValidationError,
        422,
        "The order's expiry is not in the future.",
        Reason.ALREADY_EXPIRED,
    ),
    Entry("invalid_order", ValidationError, 422, "These order options do not go together.", Reason.INVALID_ORDER),
    Entry(
        "not_amendable",
        ValidationError,
        422,
        "An order of this type does not have what the amendment changes.",
        Reason.NOT_AMENDABLE,
    ),
    Entry("invalid_rules", ValidationError, 422, "These trading rules do not make sense.", Reason.INVALID_RULES),
    Entry(
        "nothing_to_amend",
        ValidationError,
        422,
        "The amendment changes neither price nor quantity.",
        Reason.NOTHING_TO_AMEND,
    ),
    Entry(
        "invalid_state",
        ValidationError,
        422,
        "There is no such market state, or it cannot follow the present one.",
        Reason.INVALID_STATE,
    ),
    Entry("symbol_exists", BusinessRuleError, 409, "The symbol is already defined.", Reason.SYMBOL_EXISTS),
    Entry(
        "symbol_range_too_wide",
        ValidationError,
        422,
        "The symbol's price range spans more ticks than the venue can hold.",
        Reason.SYMBOL_RANGE_TOO_WIDE,
    ),
    # Money.
    Entry(
        "invalid_posting",
        ValidationError,
        422,
        "A posting has a kind, an id and an amount above zero.",
        Reason.INVALID_POSTING,
    ),
    Entry("unknown_asset", ValidationError, 404, "There is no such asset.", Reason.UNKNOWN_ASSET),
    Entry(
        "wrong_account_kind",
        BusinessRuleError,
        409,
        "Accounts of these kinds cannot be the two sides of such a posting.",
        Reason.WRONG_ACCOUNT_KIND,
    ),
    Entry(
        "insufficient_funds",
        BusinessRuleError,
        409,
        "The account does not have that much available.",
        Reason.INSUFFICIENT_FUNDS,
    ),
    Entry(
        "amount_too_large",
        BusinessRuleError,
        409,
        "A balance would become larger than the ledger can hold.",
        Reason.AMOUNT_TOO_LARGE,
    ),
    Entry(
        "link_not_settled",
        BusinessRuleError,
        409,
        "Orders that wait for another are not possible in a symbol that is settled.",
        Reason.LINK_NOT_SETTLED,
    ),
    # What the venue cannot do now.
    Entry(
        "ledger_full",
        InfrastructureError,
        503,
        "The ledger remembers as many posting ids as it can.",
        Reason.LEDGER_FULL,
    ),
    Entry(
        "order_pool_full",
        InfrastructureError,
        503,
        "The venue holds as many open orders as it can; retry later.",
        Reason.ORDER_POOL_FULL,
    ),
    Entry(
        "level_pool_full",
        InfrastructureError,
        503,
        "The venue holds as many price levels as it can; retry later.",
        Reason.LEVEL_POOL_FULL,
    ),
    Entry("busy", InfrastructureError, 503, "The venue is busy and has not taken the request; retry."),
    Entry("too_slow", InfrastructureError, 503, "The connection reads its messages too slowly and is closed."),
    Entry("too_many_connections", InfrastructureError, 503, "The venue has no room for another connection."),
    Entry("timeout", InfrastructureError, 504, "The venue took the request and has not answered in time."),
    Entry("venue_stopping", InfrastructureError, 503, "The venue is stopping and takes no more requests."),
    Entry("venue_not_running", InfrastructureError, 503, "No venue runs under this name."),
    Entry("storage_full", InfrastructureError, 503, "The venue has no storage left to record orders."),
    Entry("internal_error", InfrastructureError, 500, "The venue failed to handle the request; it has been logged."),
    # The start.
    Entry("invalid_configuration", ConfigurationError, 500, "The configuration has mistakes."),
    # Why an order left the book, or was not put there, without being filled.
    Entry(
        "cancelled_by_client", OrderEndedError, 200, "Cancelled on the client's request.", Reason.CANCELLED_BY_CLIENT
    ),
    Entry(
        "cancelled_by_mass_cancel",
        OrderEndedError,
        200,
        "Cancelled together with others.",
        Reason.CANCELLED_BY_MASS_CANCEL,
    ),
    Entry(
        "immediate_rest",
        OrderEndedError,
        200,
        "What an immediate-or-cancel order could not fill was cancelled.",
        Reason.IMMEDIATE_REST,
    ),
    Entry("market_rest", OrderEndedError, 200, "What a market order could not fill was cancelled.", Reason.MARKET_REST),
    Entry(
        "amended_below_filled",
        OrderEndedError,
        200,
        "The new quantity is not above what has filled, so the order ended.",
        Reason.AMENDED_BELOW_FILLED,
    ),
    Entry("expired", OrderEndedError, 200, "The order's time has run out.", Reason.EXPIRED),
    Entry("day_ended", OrderEndedError, 200, "The symbol closed, and with it the order's day.", Reason.DAY_ENDED),
    Entry(
        "auction_rest",
        OrderEndedError,
        200,
        "What the auction could not fill of an order for that auction was cancelled.",
        Reason.AUCTION_REST,
    ),
    Entry(
        "self_trade",
        OrderEndedError,
        200,
        "Taken out so that the account does not trade with itself.",
        Reason.SELF_TRADE,
    ),
    Entry(
        "linked_order",
        OrderEndedError,
        200,
        "The order that this one is linked to made it void.",
        Reason.LINKED_ORDER,
    ),
    Entry(
        "volatility",
        OrderEndedError,
        200,
        "Its next trade would have left the price band, and the symbol was interrupted.",
        Reason.VOLATILITY,
    ),
    Entry(
        "budget_rest",
        OrderEndedError,
        200,
        "What is left of the amount does not buy one lot at the next price.",
        Reason.BUDGET_REST,
    ),
)

_BY_CODE = {row.code: row for row in _TABLE}
_BY_REASON = {int(row.reason): row for row in _TABLE if row.reason is not None}


def entries() -> Iterator[Entry]:
    """Every row of the table, in the order of the documentation."""
    return iter(_TABLE)


def entry(code: str) -> Entry:
    """The row of `code`. Raises KeyError for a code that is not in the table: a programming error."""
    return _BY_CODE[code]


def from_reason(reason: int) -> Entry:
    """The row of a core `Reason`, or of `internal_error` for a number that no reason has."""
    return _BY_REASON.get(reason, _BY_CODE["internal_error"])


def error(code: str, message: str | None = None, *, field: str | None = None, **details: Any) -> TradingError:
    """The exception of the table's kind for `code`, to be raised by the caller."""
    return entry(code).kind(code, message, field=field, details=details)


def documentation() -> str:
    """The text of docs/errors.md."""
    lines = [
        "# Error codes",
        "",
        "<!-- Written by `python -m tradsys.errors > docs/errors.md`; a test keeps it current. -->",
        "",
        "An error answer carries a `code` from this table, a `message` for people, and where it applies the `field`",
        "that is wrong. Codes and reason numbers never change their meaning; messages may be reworded.",
        "Status is HTTP's; 200 marks an outcome that execution reports carry and that is not a failure.",
        "",
        "| Code | Status | Reason | Meaning |",
        "| --- | --- | --- | --- |",
    ]
    for row in _TABLE:
        reason = "" if row.reason is None else str(int(row.reason))
        lines.append(f"| `{row.code}` | {row.status} | {reason} | {row.sentence} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(documentation())
