"""The one table of error codes, which the API's error page and the core's reasons share.

A code is a stable word that clients may compare; its sentence may be reworded at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from tradsys.reasons import Reason


class Category(StrEnum):
    """Whose turn it is after an error."""

    VALIDATION = "validation"
    """The sender's: sending the same again gives the same answer."""
    BUSINESS_RULE = "business_rule"
    """The sender's, or time's: the market or the account does not allow it now."""
    SECURITY = "security"
    """Who sent it may not."""
    PERFORMANCE = "performance"
    """Somebody was too slow, or there was too much at once: send it again, less of it, or later."""
    INFRASTRUCTURE = "infrastructure"
    """The operator's: the venue or its host lacks something."""
    EXTERNAL_SERVICE = "external_service"
    """Another system's, which did not answer, or not in a way that could be understood."""
    CONFIGURATION = "configuration"
    """The operator's: the venue cannot work as it is configured."""
    OUTCOME = "outcome"
    """Nobody's: why an order ended without being filled."""


VALIDATION, BUSINESS_RULE, SECURITY = Category.VALIDATION, Category.BUSINESS_RULE, Category.SECURITY
PERFORMANCE, INFRASTRUCTURE = Category.PERFORMANCE, Category.INFRASTRUCTURE
EXTERNAL_SERVICE, CONFIGURATION, OUTCOME = Category.EXTERNAL_SERVICE, Category.CONFIGURATION, Category.OUTCOME


class Entry(NamedTuple):
    """One row: what a code means. Status is HTTP's."""

    code: str
    category: Category
    status: int
    sentence: str
    reason: Reason | None = None


def _of(reason: Reason, category: Category, status: int, sentence: str) -> Entry:
    """The row of a reason, whose name is its code."""
    return Entry(reason.name.lower(), category, status, sentence, reason)


_TABLE = (
    # The request's shape.
    Entry("invalid_json", VALIDATION, 400, "The message is not valid JSON."),
    Entry("invalid_message", VALIDATION, 400, "The message is not an object with the expected fields."),
    Entry("missing_field", VALIDATION, 400, "A required field is missing."),
    Entry("unknown_field", VALIDATION, 400, "The message has a field that this operation does not know."),
    Entry("wrong_type", VALIDATION, 400, "The field has the wrong type."),
    Entry("invalid_field", VALIDATION, 400, "The field's value is not one of those allowed."),
    Entry("invalid_decimal", VALIDATION, 400, "The field is not a plain decimal number in a string."),
    Entry("frame_too_large", VALIDATION, 413, "The message is larger than this venue accepts."),
    Entry("unknown_operation", VALIDATION, 400, "There is no such operation."),
    Entry("unknown_channel", VALIDATION, 400, "There is no such channel."),
    Entry("not_found", VALIDATION, 404, "There is nothing at this address."),
    Entry("method_not_allowed", VALIDATION, 405, "This address does not support the method."),
    Entry("unauthenticated", SECURITY, 401, "The request carries no valid key."),
    Entry("role_required", SECURITY, 403, "The request is for a role that the account does not have."),
    # Prices and quantities.
    Entry("off_tick_price", VALIDATION, 422, "The price is not a multiple of the symbol's tick size."),
    Entry("off_lot_quantity", VALIDATION, 422, "The quantity is not a multiple of the symbol's lot size."),
    Entry("zero_quantity", VALIDATION, 422, "The quantity must be greater than zero."),
    _of(Reason.PRICE_OUT_OF_RANGE, VALIDATION, 422, "The price is outside the symbol's price range."),
    Entry("quantity_overflow", VALIDATION, 422, "The quantity is larger than the largest order."),
    _of(Reason.INVALID_QUANTITY, VALIDATION, 422, "The quantity is not between one lot and the largest order."),
    # What the request names.
    _of(Reason.UNKNOWN_ACCOUNT, BUSINESS_RULE, 404, "There is no such account."),
    _of(Reason.UNKNOWN_SYMBOL, BUSINESS_RULE, 404, "There is no such symbol."),
    Entry("import_refused", BUSINESS_RULE, 409, "The file says something that cannot be changed; nothing was."),
    Entry("unknown_key", BUSINESS_RULE, 404, "There is no such key, or several begin like that."),
    Entry("unknown_calendar", BUSINESS_RULE, 404, "There is no such calendar."),
    Entry("unknown_user", BUSINESS_RULE, 404, "There is no such user."),
    _of(Reason.UNKNOWN_ORDER, BUSINESS_RULE, 404, "There is no such open order."),
    _of(Reason.NOT_YOUR_ORDER, SECURITY, 403, "The order belongs to another account."),
    _of(Reason.UNKNOWN_COMMAND, VALIDATION, 400, "The core does not know this command."),
    _of(Reason.ACCOUNT_EXISTS, BUSINESS_RULE, 409, "The account exists already."),
    _of(Reason.DEFINITION_OUT_OF_ORDER, VALIDATION, 409, "Accounts and symbols are numbered without a gap from 1."),
    # What the market does not allow.
    _of(Reason.SYMBOL_NOT_OPEN, BUSINESS_RULE, 409, "The symbol does not accept this in its market state."),
    _of(
        Reason.NOT_ALLOWED_IN_AUCTION,
        BUSINESS_RULE,
        409,
        "The symbol is in an auction, which does not accept such an order.",
    ),
    _of(Reason.WOULD_CROSS, BUSINESS_RULE, 409, "The post-only order would have traded at once."),
    _of(Reason.NOT_FILLABLE, BUSINESS_RULE, 409, "The fill-or-kill order cannot be filled completely now."),
    _of(Reason.MINIMUM_NOT_FILLABLE, BUSINESS_RULE, 409, "Less than the order's minimum quantity can be filled now."),
    _of(
        Reason.AUCTION_FROZEN,
        BUSINESS_RULE,
        409,
        "The auction is about to end: orders can be neither entered nor cancelled.",
    ),
    _of(
        Reason.NOT_ALLOWED_IN_STATE,
        BUSINESS_RULE,
        409,
        "The symbol's market state does not accept this time in force.",
    ),
    _of(Reason.PRICE_COLLAR, BUSINESS_RULE, 409, "The price is too far from the symbol's reference price."),
    _of(
        Reason.TOO_MANY_ORDERS,
        BUSINESS_RULE,
        409,
        "The account has as many open orders in the symbol as its rules allow.",
    ),
    _of(Reason.NOTIONAL_TOO_LARGE, VALIDATION, 422, "Price times quantity is larger than the venue can hold."),
    _of(Reason.ALREADY_EXPIRED, VALIDATION, 422, "The order's expiry is not in the future."),
    _of(Reason.INVALID_ORDER, VALIDATION, 422, "These order options do not go together."),
    _of(Reason.NOT_AMENDABLE, VALIDATION, 422, "An order of this type does not have what the amendment changes."),
    _of(Reason.INVALID_RULES, VALIDATION, 422, "These trading rules do not make sense."),
    _of(Reason.NOTHING_TO_AMEND, VALIDATION, 422, "The amendment changes neither price nor quantity."),
    _of(
        Reason.INVALID_STATE,
        VALIDATION,
        422,
        "There is no such market state, or it cannot follow the present one.",
    ),
    _of(Reason.SYMBOL_EXISTS, BUSINESS_RULE, 409, "The symbol is already defined."),
    _of(
        Reason.SYMBOL_RANGE_TOO_WIDE,
        VALIDATION,
        422,
        "The symbol's price range spans more ticks than the venue can hold.",
    ),
    # Money.
    _of(Reason.INVALID_POSTING, VALIDATION, 422, "A posting has a kind, an id and an amount above zero."),
    _of(Reason.UNKNOWN_ASSET, VALIDATION, 404, "There is no such asset."),
    _of(
        Reason.WRONG_ACCOUNT_KIND,
        BUSINESS_RULE,
        409,
        "Accounts of these kinds cannot be the two sides of such a posting.",
    ),
    _of(Reason.INSUFFICIENT_FUNDS, BUSINESS_RULE, 409, "The account does not have that much available."),
    _of(Reason.AMOUNT_TOO_LARGE, BUSINESS_RULE, 409, "A balance would become larger than the ledger can hold."),
    Entry("off_unit_amount", VALIDATION, 422, "The amount has more decimals than the asset."),
    Entry("unknown_withdrawal", BUSINESS_RULE, 404, "There is no such withdrawal."),
    Entry("withdrawal_ended", BUSINESS_RULE, 409, "The withdrawal has been settled or cancelled already."),
    Entry("asset_exists", BUSINESS_RULE, 409, "The asset exists already."),
    _of(Reason.INVALID_ASSET, VALIDATION, 422, "An asset has a number, decimals up to 18, and a value."),
    _of(Reason.INVALID_CONTRACT, VALIDATION, 422, "The contract makes no sense, or its symbol has had orders."),
    _of(Reason.INVALID_FEES, VALIDATION, 422, "A fee rate, minimum, class or tier is out of range."),
    # The risk checks.
    _of(Reason.ACCOUNT_FROZEN, BUSINESS_RULE, 403, "The account is frozen."),
    _of(Reason.ACCOUNT_CANCEL_ONLY, BUSINESS_RULE, 403, "The account may only cancel."),
    _of(Reason.KYC_REQUIRED, BUSINESS_RULE, 403, "The account's owner has not been verified."),
    _of(Reason.KILL_SWITCH, BUSINESS_RULE, 403, "A kill switch stops the account, its group, the symbol or all."),
    _of(Reason.NOT_PERMITTED, BUSINESS_RULE, 403, "The account may not trade this symbol."),
    _of(Reason.VENUE_HALTED, BUSINESS_RULE, 409, "The venue's circuit breaker has halted trading."),
    _of(
        Reason.DUPLICATE_CLIENT_ORDER_ID,
        BUSINESS_RULE,
        409,
        "The account has an open or recent order with this client order id already.",
    ),
    _of(Reason.ORDER_TOO_SMALL, BUSINESS_RULE, 409, "The order is smaller than the account's limit allows."),
    _of(Reason.ORDER_TOO_LARGE, BUSINESS_RULE, 409, "The order is larger than the account's limit allows."),
    _of(Reason.OPEN_ORDERS_LIMIT, BUSINESS_RULE, 409, "The account would have more open orders than it may."),
    _of(Reason.OPEN_LOTS_LIMIT, BUSINESS_RULE, 409, "The account's open orders would add up to too much."),
    _of(Reason.OPEN_NOTIONAL_LIMIT, BUSINESS_RULE, 409, "The account's open orders would be worth too much."),
    _of(Reason.POSITION_LIMIT, BUSINESS_RULE, 409, "The account's position could become larger than it may."),
    _of(Reason.EXPOSURE_LIMIT, BUSINESS_RULE, 409, "The account's exposure would be above its limit."),
    _of(Reason.CONCENTRATION_LIMIT, BUSINESS_RULE, 409, "Too much of the account's exposure would be here."),
    _of(Reason.LEVERAGE_LIMIT, BUSINESS_RULE, 409, "The account's exposure would be too much for its equity."),
    _of(Reason.DAILY_NOTIONAL_LIMIT, BUSINESS_RULE, 409, "The account would trade more in a day than it may."),
    _of(Reason.DAILY_LOSS_LIMIT, BUSINESS_RULE, 409, "The account has lost as much as it may in a day."),
    _of(Reason.ORDER_RATE_LIMIT, BUSINESS_RULE, 429, "The account sends orders faster than it may."),
    _of(Reason.CANCEL_RATE_LIMIT, BUSINESS_RULE, 429, "The account cancels faster than it may."),
    _of(Reason.INVALID_LIMIT, VALIDATION, 422, "There is no such limit in this scope, or its value is wrong."),
    _of(Reason.INVALID_STATUS, VALIDATION, 422, "There is no such account status."),
    _of(Reason.INVALID_KILL, VALIDATION, 422, "The kill switch has no such scope."),
    _of(Reason.INVALID_BREAKER, VALIDATION, 422, "The circuit breaker's rules or its transition make no sense."),
    # What the venue cannot do now.
    _of(Reason.LEDGER_FULL, INFRASTRUCTURE, 503, "The ledger remembers as many posting ids as it can."),
    _of(Reason.ORDER_POOL_FULL, INFRASTRUCTURE, 503, "The venue holds as many open orders as it can; retry later."),
    _of(Reason.LEVEL_POOL_FULL, INFRASTRUCTURE, 503, "The venue holds as many price levels as it can; retry later."),
    Entry("busy", PERFORMANCE, 503, "The venue is busy and has not taken the request; retry."),
    Entry("too_slow", PERFORMANCE, 503, "The connection reads its messages too slowly and is closed."),
    Entry("timeout", PERFORMANCE, 504, "The venue took the request and has not answered in time."),
    Entry("venue_stopping", INFRASTRUCTURE, 503, "The venue is stopping and takes no more requests."),
    Entry("venue_not_running", INFRASTRUCTURE, 503, "No venue runs in the data directory."),
    Entry(
        "journal_unavailable",
        INFRASTRUCTURE,
        503,
        "The venue cannot store new orders and amendments safely at the moment; cancels are taken. Retry later.",
    ),
    Entry(
        "trail_unwritable",
        INFRASTRUCTURE,
        500,
        "It has been done, or refused, and could not be written to the trail of administration.",
    ),
    Entry("internal_error", INFRASTRUCTURE, 500, "The venue failed to handle the request; it has been logged."),
    # What the people who run the venue meet: at a start, and in commands.
    Entry("invalid_configuration", CONFIGURATION, 500, "The configuration has mistakes."),
    Entry("definition_refused", CONFIGURATION, 500, "The engine refuses what the configuration defines."),
    Entry("ambiguous_request", VALIDATION, 500, "What was left out cannot be guessed."),
    Entry("start_failed", INFRASTRUCTURE, 500, "The venue could not be started; everything has been cleaned up."),
    Entry("venue_failed", INFRASTRUCTURE, 500, "The venue has stopped, because a worker ends again and again."),
    Entry("directory_in_use", INFRASTRUCTURE, 500, "Another venue has the data directory."),
    Entry("directory_unusable", INFRASTRUCTURE, 500, "The venue cannot make its data directory or write to it."),
    Entry("venue_unreadable", INFRASTRUCTURE, 500, "What a venue tells about itself in its directory cannot be read."),
    Entry("shared_memory_unusable", INFRASTRUCTURE, 500, "Shared memory is missing, too small or another venue's."),
    Entry("ring_taken", INFRASTRUCTURE, 500, "All rings for tools of this host are taken."),
    Entry("journal_damaged", INFRASTRUCTURE, 500, "The journal cannot be used as it is."),
    Entry("log_contradicted", INFRASTRUCTURE, 500, "A decision in the log is not the one that follows from the log."),
    Entry("snapshot_unusable", INFRASTRUCTURE, 500, "A snapshot is damaged, or does not belong to this log."),
    Entry("snapshot_impossible", INFRASTRUCTURE, 500, "A snapshot cannot be taken now."),
    Entry("history_unusable", INFRASTRUCTURE, 500, "The history cannot be read or carried on as it is."),
    Entry("no_history", INFRASTRUCTURE, 500, "The venue has no history."),
    Entry("maintenance_under_way", INFRASTRUCTURE, 500, "A snapshot or a backup is being made just now."),
    Entry("backup_failed", INFRASTRUCTURE, 500, "A backup cannot be made or used."),
    Entry("audit_impossible", INFRASTRUCTURE, 500, "The ledger cannot be recomputed or compared now."),
    Entry("trail_damaged", INFRASTRUCTURE, 500, "The trail of administration has a line that no venue wrote."),
    Entry("access_unreadable", INFRASTRUCTURE, 500, "The file of keys and users cannot be read."),
    Entry("calendars_unreadable", INFRASTRUCTURE, 500, "The file of calendars cannot be read."),
    Entry("standby_unavailable", INFRASTRUCTURE, 500, "No standby is ready to take over."),
    Entry("gateway_refused", INFRASTRUCTURE, 500, "The venue has no place for this gateway."),
    Entry("installation_failed", INFRASTRUCTURE, 500, "The host cannot be changed as asked."),
    Entry("unknown_moment", VALIDATION, 500, "The log does not tell of that moment."),
    Entry("invalid_recording", VALIDATION, 500, "A recorded file is not what it claims to be."),
    Entry("recording_refused", BUSINESS_RULE, 500, "The venue cannot take the recorded days."),
    Entry("no_progress", PERFORMANCE, 500, "The venue has not answered for too long."),
    Entry("host_refused", INFRASTRUCTURE, 500, "The host refuses what the venue needs: a file, memory, an address."),
    # What the client library makes of a venue that it does not understand.
    Entry("bad_answer", EXTERNAL_SERVICE, 502, "The venue's answer is not what this client understands."),
    # Why an order left the book, or was not put there, without being filled.
    _of(Reason.CANCELLED_BY_CLIENT, OUTCOME, 200, "Cancelled on the client's request."),
    _of(Reason.CANCELLED_BY_MASS_CANCEL, OUTCOME, 200, "Cancelled together with others."),
    _of(Reason.IMMEDIATE_REST, OUTCOME, 200, "What an immediate-or-cancel order could not fill was cancelled."),
    _of(Reason.MARKET_REST, OUTCOME, 200, "What a market order could not fill was cancelled."),
    _of(
        Reason.AMENDED_BELOW_FILLED,
        OUTCOME,
        200,
        "The new quantity is not above what has filled, so the order ended.",
    ),
    _of(Reason.EXPIRED, OUTCOME, 200, "The order's time has run out."),
    _of(Reason.DAY_ENDED, OUTCOME, 200, "The symbol closed, and with it the order's day."),
    _of(
        Reason.AUCTION_REST,
        OUTCOME,
        200,
        "What the auction could not fill of an order for that auction was cancelled.",
    ),
    _of(Reason.SELF_TRADE, OUTCOME, 200, "Taken out so that the account does not trade with itself."),
    _of(Reason.LINKED_ORDER, OUTCOME, 200, "The order that this one is linked to made it void."),
    _of(
        Reason.VOLATILITY,
        OUTCOME,
        200,
        "Its next trade would have left the price band, and the symbol was interrupted.",
    ),
    _of(Reason.KILLED, OUTCOME, 200, "Taken out by a kill switch."),
    _of(Reason.CIRCUIT_BREAKER, OUTCOME, 200, "A circuit breaker acted."),
    _of(Reason.BUDGET_REST, OUTCOME, 200, "What is left of the amount does not buy one lot at the next price."),
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
