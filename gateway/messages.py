"""What clients may send, as types, and what they are told when they send something else."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec

from tradsys.errors import ValidationError

Identifier = str | int
"""Ids exceed 2**53, so they are decimal strings in JSON; a client may send an integer if its JSON keeps it whole."""

_ID_MAX = (1 << 63) - 1
Echo = str | Annotated[int, msgspec.Meta(ge=-_ID_MAX, le=_ID_MAX)]
"""What a client names its request by; it stands in the answer."""

Side = Literal["buy", "sell"]
LegType = Literal["limit", "stop", "stop_limit", "trailing_stop", "take_profit", "take_profit_limit"]
OrderTypeName = Literal[
    "limit", "market", "stop", "stop_limit", "trailing_stop", "take_profit", "take_profit_limit", "pegged"
]
TimeInForceName = Literal["gtc", "ioc", "fok", "day", "gtd", "at_open", "at_close"]
SelfTradeMode = Literal["none", "cancel_taker", "cancel_maker", "cancel_both", "decrement"]
Scope = Literal["account", "group"]
Peg = Literal["primary", "midpoint"]

_DECIMAL_FIELDS = (
    "price",
    "quantity",
    "leaves",
    "trigger_price",
    "trail_by",
    "amount",
    "display_quantity",
    "minimum_quantity",
)
_PATTERNS = (
    (re.compile(r"Object missing required field `(?P<field>[^`]*)`"), "missing_field", "the field {field} is missing"),
    (re.compile(r"Object contains unknown field `(?P<field>[^`]*)`"), "unknown_field", "{field} is not a field here"),
    (re.compile(r"Invalid enum value (?P<value>.*?) - at `\$\.(?P<field>[^`]*)`"), "invalid_field", ""),
    (re.compile(r"Invalid value (?P<value>.*?) - at `\$\.(?P<field>op)`"), "unknown_operation", ""),
    (re.compile(r"(?P<problem>.+?) - at `\$\.(?P<field>[^`]*)`"), "wrong_type", "{field}: {problem}"),
)

_Message = TypeVar("_Message")


class LegBody(msgspec.Struct, forbid_unknown_fields=True):
    """An order that is linked to another; what is not given it takes over from that one, see gateway.placing."""

    side: Side | None = None
    quantity: str | None = None
    type: LegType = "limit"
    price: str | None = None
    trigger_price: str | None = None
    trail_by: str | None = None
    trail_bps: int | None = None
    time_in_force: Literal["gtc", "day", "gtd"] | None = None
    self_trade: SelfTradeMode | None = None
    self_trade_scope: Scope | None = None
    client_order_id: Identifier | None = None


class PlaceBody(msgspec.Struct, forbid_unknown_fields=True):
    """A new order; docs/api.md says which fields go with which type."""

    symbol: str
    side: Side
    quantity: str | None = None
    price: str | None = None
    type: OrderTypeName = "limit"
    time_in_force: TimeInForceName | None = None
    post_only: bool = False
    slide: bool = False
    hidden: bool = False
    client_order_id: Identifier | None = None
    trigger_price: str | None = None
    trail_by: str | None = None
    trail_bps: int | None = None
    peg: Peg | None = None
    amount: str | None = None
    display_quantity: str | None = None
    minimum_quantity: str | None = None
    expires_at: Identifier | None = None
    self_trade: SelfTradeMode | None = None
    self_trade_scope: Scope | None = None
    one_cancels_other: LegBody | None = None
    then: list[LegBody] | None = None


class AmendBody(msgspec.Struct, forbid_unknown_fields=True):
    """A new price or trigger, a new total quantity or what shall be left of it, or several of these."""

    price: str | None = None
    quantity: str | None = None
    leaves: str | None = None
    trigger_price: str | None = None


class _Operation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="op"):
    id: Echo | None = None


class _OfChannel(_Operation):
    channel: str
    symbol: str | None = None


class PlaceOrder(PlaceBody, tag_field="op", tag="place"):
    """A new order."""

    id: Echo | None = None


class AmendOrder(AmendBody, tag_field="op", tag="amend"):
    """A change of the order with this id or this id of the client's."""

    order_id: Identifier | None = None
    client_order_id: Identifier | None = None
    id: Echo | None = None


class CancelOrder(_Operation, tag="cancel"):
    """The end of one order."""

    order_id: Identifier | None = None
    client_order_id: Identifier | None = None


class CancelAll(_Operation, tag="cancel_all"):
    """The end of all orders of the account, or of those in one symbol, of one side, or of this socket."""

    symbol: str | None = None
    side: Side | None = None
    session: bool = False


class ListOrders(_Operation, tag="orders"):
    """A question for the account's open orders."""

    symbol: str | None = None


class CheckOrder(PlaceBody, tag_field="op", tag="check"):
    """A dry run of a new order."""

    id: Echo | None = None


class ListBalances(_Operation, tag="balances"):
    """A question for what the account owns."""


class ListPositions(_Operation, tag="positions"):
    """A question for what the account has traded."""


class Transfer(_Operation, tag="transfer"):
    """An amount for another account; the same transfer_id twice is carried out once."""

    transfer_id: Identifier
    account: str
    asset: str
    amount: str


class Subscribe(_OfChannel, tag="subscribe"):
    """From now on everything that happens on a channel; trades and depth need a symbol."""


class Unsubscribe(_OfChannel, tag="unsubscribe"):
    """No more of a channel."""


class Authenticate(_Operation, tag="auth"):
    """The key, for clients that cannot send a header (browsers), and which of a user's accounts it is for."""

    key: str
    account: str | None = None


class SetSession(_Operation, tag="session"):
    """What holds for the orders of this socket; to be sent before the first of them."""

    cancel_on_disconnect: bool


class Ping(_Operation, tag="ping"):
    """Are you there?"""


Operation = (
    PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelAll
    | ListOrders
    | CheckOrder
    | ListBalances
    | ListPositions
    | Transfer
    | Subscribe
    | Unsubscribe
    | Authenticate
    | SetSession
    | Ping
)

operations: msgspec.json.Decoder[Operation] = msgspec.json.Decoder(Operation)
_anything = msgspec.json.Decoder()


place_bodies: msgspec.json.Decoder[PlaceBody] = msgspec.json.Decoder(PlaceBody)
amend_bodies: msgspec.json.Decoder[AmendBody] = msgspec.json.Decoder(AmendBody)


def decode(decoder: msgspec.json.Decoder[_Message], data: bytes) -> _Message:
    """The message in `data`. Raises ValidationError that names the field."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise explained(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValidationError("invalid_json", f"the message is not valid JSON: {error}") from None


def explained(problem: str) -> ValidationError:
    """The error of a sentence of msgspec's about a message that does not have its type."""
    for pattern, code, text in _PATTERNS:
        match = pattern.search(problem)
        if match is None:
            continue
        field = match["field"]
        name = field.rpartition(".")[2]  # of a leg's field, then[0].price for example
        if code == "wrong_type" and name in _DECIMAL_FIELDS:
            sentence = f'{field} must be a decimal number in a string, such as "12.34"; JSON numbers lose digits'
        elif code in ("invalid_field", "unknown_operation"):
            sentence = f"{field} cannot be {match['value']}"
            if name in _CHOICES:
                sentence += f"; it is one of {_CHOICES[name]}"
        else:
            sentence = text.format(**match.groupdict())
        return ValidationError(code, sentence, field=field)
    return ValidationError("invalid_message", f"the message does not have the expected form: {problem}")


_CHOICES = {
    "side": ", ".join(get_args(Side)),
    "type": ", ".join(get_args(OrderTypeName)),
    "time_in_force": ", ".join(get_args(TimeInForceName)),
    "peg": ", ".join(get_args(Peg)),
    "self_trade": ", ".join(get_args(SelfTradeMode)),
    "self_trade_scope": ", ".join(get_args(Scope)),
    "op": ", ".join(str(kind.__struct_config__.tag) for kind in get_args(Operation)),
}


def identifier(value: Identifier, field: str) -> int:
    """An id between 1 and 2**63 - 1. Raises ValidationError."""
    return whole_number(value, field, 1, _ID_MAX)


def whole_number(value: Identifier, field: str, least: int, most: int) -> int:
    """A number, in a string or not, within these. Raises ValidationError."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 19 else least - 1
    if not least <= value <= most:
        raise ValidationError("invalid_field", f"{field} is a whole number from {least} to {most}", field=field)
    return value


def echo_of(data: bytes) -> Any:
    """The `id` of a message that could not be decoded, None when it has none that could be echoed."""
    try:
        message = _anything.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    echo = message.get("id") if isinstance(message, dict) else None
    if isinstance(echo, int) and not isinstance(echo, bool) and abs(echo) <= _ID_MAX:
        return echo
    return echo if isinstance(echo, str) else None
