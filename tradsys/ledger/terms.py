"""The words and limits of the ledger; docs/ledger.md says what they mean."""

from __future__ import annotations

from enum import IntEnum, IntFlag

AMOUNT_MAX = (1 << 62) - 1
"""No balance is greater, none less than its negative."""
ASSET_DECIMALS_MAX = 18
VALUE_PART_MAX = 1_000_000_000
"""Greatest numerator and divisor of an asset's value."""
DAY_NS = 86_400_000_000_000
"""Days are those of the log's clock."""
VOLUME_DAYS = 30
"""On so many days before today counts what an account has traded for its fees."""
MILLION = 1_000_000
"""Fee rates are in millionths: 100 are a basis point."""


class AccountKind(IntEnum):
    """Whose money an account holds."""

    NONE = 0
    CLIENT = 1
    FEE = 2
    HOUSE = 3
    OUTSIDE = 4  # the world that deposits come from: its balance is what the venue owes, negative


class PostingKind(IntEnum):
    """Why an amount moves without a trade."""

    NONE = 0
    DEPOSIT = 1
    RESERVE = 2  # first step of a withdrawal
    WITHDRAW = 3  # second step
    RELEASE = 4  # or not
    TRANSFER = 5
    CORRECTION = 6


class AccountStatus(IntEnum):
    """What an account may do."""

    ACTIVE = 0
    CANCEL_ONLY = 1
    FROZEN = 2


class KycStatus(IntEnum):
    """Whether the account's owner is known."""

    NOT_NEEDED = 0
    PENDING = 1
    VERIFIED = 2
    REJECTED = 3
    EXPIRED = 4


class StatusChange(IntFlag):
    """Which fields of an ACCOUNT_STATUS record count."""

    STATUS = 1
    KYC_STATUS = 2
    FEE_CLASS = 4
