"""What administrators may send, as types."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from tradsys.configuration.calendars import CalendarEntry
from tradsys.configuration.money import AssetEntry, FeeClass, Group, Kind, Role, TierEntry
from tradsys.configuration.sections import RulesEntry, SymbolEntry

State = Literal["pre_open", "opening_auction", "continuous", "halt", "closing_auction", "closed", "frozen"]


class StateBody(Struct, forbid_unknown_fields=True):
    """A market state, and if given a new reference price."""

    state: State
    reference_price: str | None = None


class AllStatesBody(Struct, forbid_unknown_fields=True):
    """A market state for every symbol."""

    state: State


class AccountBody(Struct, forbid_unknown_fields=True):
    """An account to open."""

    name: str
    kind: Kind = "client"
    group: Group = 0
    fee_class: FeeClass = 0


class KeyBody(Struct, forbid_unknown_fields=True):
    """A key for an account or for a user. `expires`: RFC 3339, with its offset."""

    account: str = ""
    user: str = ""
    roles: list[Role] = []
    expires: str | None = None


class UserBody(Struct, forbid_unknown_fields=True):
    """Whom a user acts for, and with what roles."""

    accounts: list[str]
    roles: list[Role] = []


class WorthBody(Struct, forbid_unknown_fields=True):
    """What one of an asset is worth, a decimal."""

    value: str


class RolesBody(Struct, forbid_unknown_fields=True):
    """Roles of an account; null: those of the configuration."""

    roles: list[Role] | None


class HolidayBody(Struct, forbid_unknown_fields=True):
    """A day, "2030-12-24"."""

    date: str


class ImportBody(Struct, forbid_unknown_fields=True):
    """The text of a file, as an export has it."""

    yaml: str
    dry_run: bool = False


imports: msgspec.json.Decoder[ImportBody] = msgspec.json.Decoder(ImportBody)
states: msgspec.json.Decoder[StateBody] = msgspec.json.Decoder(StateBody)
all_states: msgspec.json.Decoder[AllStatesBody] = msgspec.json.Decoder(AllStatesBody)
accounts: msgspec.json.Decoder[AccountBody] = msgspec.json.Decoder(AccountBody)
symbols: msgspec.json.Decoder[SymbolEntry] = msgspec.json.Decoder(SymbolEntry)
rules: msgspec.json.Decoder[RulesEntry] = msgspec.json.Decoder(RulesEntry)
tiers: msgspec.json.Decoder[TierEntry] = msgspec.json.Decoder(TierEntry)
keys: msgspec.json.Decoder[KeyBody] = msgspec.json.Decoder(KeyBody)
users: msgspec.json.Decoder[UserBody] = msgspec.json.Decoder(UserBody)
assets: msgspec.json.Decoder[AssetEntry] = msgspec.json.Decoder(AssetEntry)
worths: msgspec.json.Decoder[WorthBody] = msgspec.json.Decoder(WorthBody)
roles: msgspec.json.Decoder[RolesBody] = msgspec.json.Decoder(RolesBody)
calendars: msgspec.json.Decoder[CalendarEntry] = msgspec.json.Decoder(CalendarEntry)
holidays: msgspec.json.Decoder[HolidayBody] = msgspec.json.Decoder(HolidayBody)
