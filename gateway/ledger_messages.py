"""What clients may send about money and risk, as types."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from gateway.messages import Identifier
from tradsys.configuration.money import BreakerEntry, FeeClass, FeesEntry, Group, LimitName

Status = Literal["active", "cancel_only", "frozen"]
KycStatus = Literal["not_needed", "pending", "verified", "rejected", "expired"]
KillScope = Literal["venue", "group", "account", "symbol"]


class PostingBody(Struct, forbid_unknown_fields=True):
    """An amount for an account, or of it; the same id twice is carried out once."""

    id: Identifier
    account: str
    asset: str
    amount: str


class CorrectionBody(Struct, forbid_unknown_fields=True):
    """An amount from any account to any other."""

    id: Identifier
    asset: str
    amount: str
    source: str = msgspec.field(name="from")
    target: str = msgspec.field(name="to")


class StatusBody(Struct, forbid_unknown_fields=True):
    """What is given changes."""

    status: Status | None = None
    kyc_status: KycStatus | None = None
    fee_class: FeeClass | None = None


class LimitBody(Struct, forbid_unknown_fields=True):
    """A limit of a group, an account, an account in a symbol, or else of the venue; without a value it is removed."""

    limit: LimitName
    value: Identifier | None = None
    account: str = ""
    symbol: str = ""
    group: Group = 0


class KillBody(Struct, forbid_unknown_fields=True):
    """A kill switch of the venue, a group, an account or a symbol."""

    scope: KillScope
    on: bool
    account: str = ""
    symbol: str = ""
    group: Group = 0


class BreakerBody(Struct, forbid_unknown_fields=True):
    """A circuit breaker by hand."""

    transition: Literal["trip", "reset"]


postings: msgspec.json.Decoder[PostingBody] = msgspec.json.Decoder(PostingBody)
corrections: msgspec.json.Decoder[CorrectionBody] = msgspec.json.Decoder(CorrectionBody)
statuses: msgspec.json.Decoder[StatusBody] = msgspec.json.Decoder(StatusBody)
limits: msgspec.json.Decoder[LimitBody] = msgspec.json.Decoder(LimitBody)
fees: msgspec.json.Decoder[FeesEntry] = msgspec.json.Decoder(FeesEntry)
kills: msgspec.json.Decoder[KillBody] = msgspec.json.Decoder(KillBody)
breakers: msgspec.json.Decoder[BreakerBody] = msgspec.json.Decoder(BreakerBody)
breaker_rules: msgspec.json.Decoder[BreakerEntry] = msgspec.json.Decoder(BreakerEntry)
