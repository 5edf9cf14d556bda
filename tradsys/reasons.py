"""Why the core refuses or ends an order: one number each, stable for ever.

The numbers stand in log and event records; `tradsys.errors` gives each its code, sentence and HTTP status.
Never renumber, never reuse.
"""

from enum import IntEnum


class Reason(IntEnum):
    """Reject and cancel reasons, the `reason` byte of commands and events."""

    NONE = 0
    # Refused by the sequencer, before matching.
    UNKNOWN_ACCOUNT = 1
    UNKNOWN_SYMBOL = 2
    UNKNOWN_COMMAND = 3
    ACCOUNT_EXISTS = 4
    DEFINITION_OUT_OF_ORDER = 5
    # Refused by the book.
    SYMBOL_NOT_OPEN = 10
    NOT_ALLOWED_IN_AUCTION = 11
    PRICE_OUT_OF_RANGE = 12
    INVALID_QUANTITY = 13
    WOULD_CROSS = 14
    NOT_FILLABLE = 15
    UNKNOWN_ORDER = 16
    NOT_YOUR_ORDER = 17
    ORDER_POOL_FULL = 18
    LEVEL_POOL_FULL = 19
    NOTHING_TO_AMEND = 21
    INVALID_ORDER = 22
    SYMBOL_EXISTS = 23
    SYMBOL_RANGE_TOO_WIDE = 24
    INVALID_STATE = 25
    AUCTION_FROZEN = 26
    NOT_ALLOWED_IN_STATE = 27
    NOTIONAL_TOO_LARGE = 28
    PRICE_COLLAR = 29
    TOO_MANY_ORDERS = 30
    MINIMUM_NOT_FILLABLE = 31
    NOT_AMENDABLE = 32
    INVALID_RULES = 33
    ALREADY_EXPIRED = 34
    # Why an order left the book or was not put there, without being filled.
    CANCELLED_BY_CLIENT = 40
    CANCELLED_BY_MASS_CANCEL = 41
    IMMEDIATE_REST = 42
    MARKET_REST = 43
    AMENDED_BELOW_FILLED = 44
    EXPIRED = 45
    DAY_ENDED = 46
    AUCTION_REST = 47
    SELF_TRADE = 48
    LINKED_ORDER = 49
    VOLATILITY = 50
    BUDGET_REST = 51
    KILLED = 52
    CIRCUIT_BREAKER = 53  # also of a market state
    # Refused by the ledger.
    INVALID_POSTING = 60
    UNKNOWN_ASSET = 61
    WRONG_ACCOUNT_KIND = 62
    INSUFFICIENT_FUNDS = 63
    AMOUNT_TOO_LARGE = 64
    LEDGER_FULL = 65
    # 66 was given to orders that wait for others before the ledger could settle them.
    INVALID_CONTRACT = 67
    INVALID_FEES = 68
    INVALID_ASSET = 69
    # Refused by the risk checks.
    ACCOUNT_FROZEN = 70
    ACCOUNT_CANCEL_ONLY = 71
    KYC_REQUIRED = 72
    KILL_SWITCH = 73
    NOT_PERMITTED = 74
    VENUE_HALTED = 75
    DUPLICATE_CLIENT_ORDER_ID = 76
    ORDER_TOO_SMALL = 77
    ORDER_TOO_LARGE = 78
    OPEN_ORDERS_LIMIT = 79
    OPEN_LOTS_LIMIT = 80
    OPEN_NOTIONAL_LIMIT = 81
    POSITION_LIMIT = 82
    EXPOSURE_LIMIT = 83
    CONCENTRATION_LIMIT = 84
    LEVERAGE_LIMIT = 85
    DAILY_NOTIONAL_LIMIT = 86
    DAILY_LOSS_LIMIT = 87
    ORDER_RATE_LIMIT = 88
    CANCEL_RATE_LIMIT = 89
    INVALID_LIMIT = 90
    INVALID_STATUS = 91
    INVALID_KILL = 92
    INVALID_BREAKER = 93
