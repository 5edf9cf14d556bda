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


def _of(reason: Reason, kind: type[TradingError], status: int, sentence: str) -> Entry:
    """The row of a reason, whose name is its code."""
    return Entry(reason.name.lower(), kind, status, sentence, reason)


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
    Entry("role_required", BusinessRuleError, 403, "The request is for a role that the account does not have."),
    Entry("duplicate_request", ValidationError, 409, "This request is already waiting for its answer."),
    # Prices and quantities.
    Entry("off_tick_price", ValidationError, 422, "The price is not a multiple of the symbol's tick size."),
    Entry("off_lot_quantity", ValidationError, 422, "The quantity is not a multiple of the symbol's lot size."),
    Entry("zero_quantity", ValidationError, 422, "The quantity must be greater than zero."),
    _of(Reason.PRICE_OUT_OF_RANGE, ValidationError, 422, "The price is outside the symbol's price range."),
    Entry("quantity_overflow", ValidationError, 422, "The quantity is larger than the largest order."),
    _of(Reason.INVALID_QUANTITY, ValidationError, 422, "The quantity is not between one lot and the largest order."),
    # What the request names.
    _of(Reason.UNKNOWN_ACCOUNT, BusinessRuleError, 404, "There is no such account."),
    _of(Reason.UNKNOWN_SYMBOL, BusinessRuleError, 404, "There is no such symbol."),
    _of(Reason.UNKNOWN_ORDER, BusinessRuleError, 404, "There is no such open order."),
    _of(Reason.NOT_YOUR_ORDER, BusinessRuleError, 403, "The order belongs to another account."),
    _of(Reason.UNKNOWN_COMMAND, ValidationError, 400, "The core does not know this command."),
    _of(Reason.ACCOUNT_EXISTS, BusinessRuleError, 409, "The account exists already."),
    _of(
        Reason.DEFINITION_OUT_OF_ORDER, ValidationError, 409, "Accounts and symbols are numbered without a gap from 1."
    ),
    # What the market does not allow.
    _of(Reason.SYMBOL_NOT_OPEN, BusinessRuleError, 409, "The symbol does not accept this in its market state."),
    _of(
        Reason.NOT_ALLOWED_IN_AUCTION,
        BusinessRuleError,
        409,
        "The symbol is in an auction, which does not accept such an order.",
    ),
    _of(Reason.WOULD_CROSS, BusinessRuleError, 409, "The post-only order would have traded at once."),
    _of(Reason.NOT_FILLABLE, BusinessRuleError, 409, "The fill-or-kill order cannot be filled completely now."),
    _of(
        Reason.MINIMUM_NOT_FILLABLE, BusinessRuleError, 409, "Less than the order's minimum quantity can be filled now."
    ),
    _of(
        Reason.AUCTION_FROZEN,
        BusinessRuleError,
        409,
        "The auction is about to end: orders can be neither entered nor cancelled.",
    ),
    _of(
        Reason.NOT_ALLOWED_IN_STATE,
        BusinessRuleError,
        409,
        "The symbol's market state does not accept this time in force.",
    ),
    _of(Reason.PRICE_COLLAR, BusinessRuleError, 409, "The price is too far from the symbol's reference price."),
    _of(
        Reason.TOO_MANY_ORDERS,
        BusinessRuleError,
        409,
        "The account has as many open orders in the symbol as its rules allow.",
    ),
    _of(Reason.NOTIONAL_TOO_LARGE, ValidationError, 422, "Price times quantity is larger than the venue can hold."),
    _of(Reason.ALREADY_EXPIRED, ValidationError, 422, "The order's expiry is not in the future."),
    _of(Reason.INVALID_ORDER, ValidationError, 422, "These order options do not go together."),
    _of(Reason.NOT_AMENDABLE, ValidationError, 422, "An order of this type does not have what the amendment changes."),
    _of(Reason.INVALID_RULES, ValidationError, 422, "These trading rules do not make sense."),
    _of(Reason.NOTHING_TO_AMEND, ValidationError, 422, "The amendment changes neither price nor quantity."),
    _of(
        Reason.INVALID_STATE,
        ValidationError,
        422,
        "There is no such market state, or it cannot follow the present one.",
    ),
    _of(Reason.SYMBOL_EXISTS, BusinessRuleError, 409, "The symbol is already defined."),
    _of(
        Reason.SYMBOL_RANGE_TOO_WIDE,
        ValidationError,
        422,
        "The symbol's price range spans more ticks than the venue can hold.",
    ),
    # Money.
    _of(Reason.INVALID_POSTING, ValidationError, 422, "A posting has a kind, an id and an amount above zero."),
    _of(Reason.UNKNOWN_ASSET, ValidationError, 404, "There is no such asset."),
    _of(
        Reason.WRONG_ACCOUNT_KIND,
        BusinessRuleError,
        409,
        "Accounts of these kinds cannot be the two sides of such a posting.",
    ),
    _of(Reason.INSUFFICIENT_FUNDS, BusinessRuleError, 409, "The account does not have that much available."),
    _of(Reason.AMOUNT_TOO_LARGE, BusinessRuleError, 409, "A balance would become larger than the ledger can hold."),
    Entry("off_unit_amount", ValidationError, 422, "The amount has more decimals than the asset."),
    Entry("unknown_withdrawal", BusinessRuleError, 404, "There is no such withdrawal."),
    Entry("withdrawal_ended", BusinessRuleError, 409, "The withdrawal has been settled or cancelled already."),
    _of(Reason.INVALID_ASSET, ValidationError, 422, "An asset has a number, decimals up to 18, and a value."),
    _of(Reason.INVALID_CONTRACT, ValidationError, 422, "The contract makes no sense, or its symbol has had orders."),
    _of(Reason.INVALID_FEES, ValidationError, 422, "A fee rate, minimum, class or tier is out of range."),
    # The risk checks.
    _of(Reason.ACCOUNT_FROZEN, BusinessRuleError, 403, "The account is frozen."),
    _of(Reason.ACCOUNT_CANCEL_ONLY, BusinessRuleError, 403, "The account may only cancel."),
    _of(Reason.KYC_REQUIRED, BusinessRuleError, 403, "The account's owner has not been verified."),
    _of(Reason.KILL_SWITCH, BusinessRuleError, 403, "A kill switch stops the account, its group, the symbol or all."),
    _of(Reason.NOT_PERMITTED, BusinessRuleError, 403, "The account may not trade this symbol."),
    _of(Reason.VENUE_HALTED, BusinessRuleError, 409, "The venue's circuit breaker has halted trading."),
    _of(
        Reason.DUPLICATE_CLIENT_ORDER_ID,
        BusinessRuleError,
        409,
        "The account has an open or recent order with this client order id already.",
    ),
    _of(Reason.ORDER_TOO_SMALL, BusinessRuleError, 409, "The order is smaller than the account's limit allows."),
    _of(Reason.ORDER_TOO_LARGE, BusinessRuleError, 409, "The order is larger than the account's limit allows."),
    _of(Reason.OPEN_ORDERS_LIMIT, BusinessRuleError, 409, "The account would have more open orders than it may."),
    _of(Reason.OPEN_LOTS_LIMIT, BusinessRuleError, 409, "The account's open orders would add up to too much."),
    _of(Reason.OPEN_NOTIONAL_LIMIT, BusinessRuleError, 409, "The account's open orders would be worth too much."),
    _of(Reason.POSITION_LIMIT, BusinessRuleError, 409, "The account's position could become larger than it may."),
    _of(Reason.EXPOSURE_LIMIT, BusinessRuleError, 409, "The account's exposure would be above its limit."),
    _of(Reason.CONCENTRATION_LIMIT, BusinessRuleError, 409, "Too much of the account's exposure would be here."),
    _of(Reason.LEVERAGE_LIMIT, BusinessRuleError, 409, "The account's exposure would be too much for its equity."),
    _of(Reason.DAILY_NOTIONAL_LIMIT, BusinessRuleError, 409, "The account would trade more in a day than it may."),
    _of(Reason.DAILY_LOSS_LIMIT, BusinessRuleError, 409, "The account has lost as much as it may in a day."),
    _of(Reason.ORDER_RATE_LIMIT, BusinessRuleError, 429, "The account sends orders faster than it may."),
    _of(Reason.CANCEL_RATE_LIMIT, BusinessRuleError, 429, "The account cancels faster than it may."),
    _of(Reason.INVALID_LIMIT, ValidationError, 422, "There is no such limit in this scope, or its value is wrong."),
    _of(Reason.INVALID_STATUS, ValidationError, 422, "There is no such account status."),
    _of(Reason.INVALID_KILL, ValidationError, 422, "The kill switch has no such scope."),
    _of(Reason.INVALID_BREAKER, ValidationError, 422, "The circuit breaker's rules or its transition make no sense."),
    # What the venue cannot do now.
    _of(Reason.LEDGER_FULL, InfrastructureError, 503, "The ledger remembers as many posting ids as it can."),
    _of(
        Reason.ORDER_POOL_FULL, InfrastructureError, 503, "The venue holds as many open orders as it can; retry later."
    ),
    _of(
        Reason.LEVEL_POOL_FULL, InfrastructureError, 503, "The venue holds as many price levels as it can; retry later."
    ),
    Entry("busy", InfrastructureError, 503, "The venue is busy and has not taken the request; retry."),
    Entry("too_slow", InfrastructureError, 503, "The connection reads its messages too slowly and is closed."),
    Entry("too_many_connections", InfrastructureError, 503, "The venue has no room for another connection."),
    Entry("timeout", InfrastructureError, 504, "The venue took the request and has not answered in time."),
    Entry("venue_stopping", InfrastructureError, 503, "The venue is stopping and takes no more requests."),
    Entry("venue_not_running", InfrastructureError, 503, "No venue runs under this name."),
    Entry(
        "journal_unavailable",
        InfrastructureError,
        503,
        "The venue cannot store new orders and amendments safely at the moment; cancels are taken. Retry later.",
    ),
    Entry("internal_error", InfrastructureError, 500, "The venue failed to handle the request; it has been logged."),
    # The start.
    Entry("invalid_configuration", ConfigurationError, 500, "The configuration has mistakes."),
    # Why an order left the book, or was not put there, without being filled.
    _of(Reason.CANCELLED_BY_CLIENT, OrderEndedError, 200, "Cancelled on the client's request."),
    _of(Reason.CANCELLED_BY_MASS_CANCEL, OrderEndedError, 200, "Cancelled together with others."),
    _of(Reason.IMMEDIATE_REST, OrderEndedError, 200, "What an immediate-or-cancel order could not fill was cancelled."),
    _of(Reason.MARKET_REST, OrderEndedError, 200, "What a market order could not fill was cancelled."),
    _of(
        Reason.AMENDED_BELOW_FILLED,
        OrderEndedError,
        200,
        "The new quantity is not above what has filled, so the order ended.",
    ),
    _of(Reason.EXPIRED, OrderEndedError, 200, "The order's time has run out."),
    _of(Reason.DAY_ENDED, OrderEndedError, 200, "The symbol closed, and with it the order's day."),
    _of(
        Reason.AUCTION_REST,
        OrderEndedError,
        200,
        "What the auction could not fill of an order for that auction was cancelled.",
    ),
    _of(Reason.SELF_TRADE, OrderEndedError, 200, "Taken out so that the account does not trade with itself."),
    _of(Reason.LINKED_ORDER, OrderEndedError, 200, "The order that this one is linked to made it void."),
    _of(
        Reason.VOLATILITY,
        OrderEndedError,
        200,
        "Its next trade would have left the price band, and the symbol was interrupted.",
    ),
    _of(Reason.KILLED, OrderEndedError, 200, "Taken out by a kill switch."),
    _of(Reason.CIRCUIT_BREAKER, OrderEndedError, 200, "A circuit breaker acted."),
    _of(Reason.BUDGET_REST, OrderEndedError, 200, "What is left of the amount does not buy one lot at the next price."),
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
